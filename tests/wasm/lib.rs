//! The simulation as a WebAssembly module: the text of a scenario in, the JSON summary out, byte by byte.
//!
//! `compare.mjs` calls it from Node and compares the summary with the one that the program prints.

#![expect(
    unsafe_code,
    reason = "a name that JavaScript can call is an unsafe attribute; nothing else is"
)]

use std::cell::RefCell;
use std::io::Sink;

use concsim_model::scenario::{self, Engine, Overrides, Plan};
use concsim_record::summary::{Summary, summarise};
use concsim_record::{Recorder, Recording};
use concsim_report::json;

thread_local! {
    /// The scenario, as far as it has come.
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// The summary, or the mistakes in the scenario.
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Takes the next byte of the scenario.
#[unsafe(no_mangle)]
pub extern "C" fn push(byte: u8) {
    INPUT.with_borrow_mut(|input| input.push(byte));
}

/// Simulates the scenario; returns the length of what is to be read, in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn simulate() -> usize {
    let text = String::from_utf8(INPUT.take()).expect("a scenario is text");
    let output = summary_of(&text).into_bytes();
    let length = output.len();
    OUTPUT.set(output);
    length
}

/// Returns one byte of the summary.
#[unsafe(no_mangle)]
pub extern "C" fn output_byte(index: usize) -> u8 {
    OUTPUT.with_borrow(|output| output[index])
}

fn summary_of(text: &str) -> String {
    let overrides = Overrides {
        engine: Engine::Simulation,
        ..Overrides::default()
    };
    match scenario::read(text, "scenario.toml", &overrides) {
        Ok(plan) => json::of(&summary(&plan)),
        Err(problems) => format!("{problems:?}"),
    }
}

fn summary(plan: &Plan) -> Summary {
    let runs = recordings(plan).iter().map(summarise).collect();
    let machine = concsim_sim::machine_of(&plan.variants[0].scenario);
    Summary::of(plan, machine, runs)
}

fn recordings(plan: &Plan) -> Vec<Recording> {
    let variants = plan.variants.iter();
    variants
        .map(|variant| {
            let header = concsim_sim::header_of(plan, variant);
            let recorder = Recorder::<Sink>::new(header, None);
            concsim_sim::record(&variant.scenario, recorder).0
        })
        .collect()
}
