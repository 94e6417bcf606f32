//! Tests of whole simulations: against theory, in their structure, and on random scenarios.

mod advice;
mod any;
mod balance;
mod bounds;
mod cases;
mod engine;
mod forecasts;
mod jobs;
mod questions;
mod reloads;
mod same_bytes;
mod speed;
mod waits;

use super::*;
use concsim_model::scenario::{self, Engine, Overrides, builtin};
use concsim_record::summary::{Run, summarise};

/// The plan of a text, for the simulation.
fn plan(text: &str, set: &[&str]) -> Plan {
    let overrides = Overrides {
        set: set.iter().map(|set| (*set).to_owned()).collect(),
        engine: Engine::Simulation,
        ..Overrides::default()
    };
    scenario::read(text, "x.toml", &overrides).unwrap_or_else(|problems| panic!("{problems}"))
}

fn built_in(name: &str) -> Plan {
    plan(builtin::find(name).expect("it is one of them").text, &[])
}

/// The recording of one variant.
fn recording_of(plan: &Plan, variant: usize) -> Recording {
    let variant = &plan.variants[variant];
    let recorder: Recorder<Vec<u8>> = Recorder::new(header_of(plan, variant), None);
    record(&variant.scenario, recorder).0
}

/// Runs of each variant of a text.
fn runs_of(text: &str, set: &[&str]) -> Vec<Run> {
    let plan = plan(text, set);
    let variants = 0..plan.variants.len();
    variants
        .map(|variant| summarise(&recording_of(&plan, variant)))
        .collect()
}

/// Checks that the accounts of a run agree exactly.
fn check_the_books(run: &Run) {
    check_the_books_of(run, false);
}

/// The same for a run in which requests may have died unreported: for a later request of a keep-alive
/// connection that died with its worker, no event reports its beginning.
fn check_the_books_of(run: &Run, some_died_untold: bool) {
    assert_eq!(run.due, run.completed + run.failed.all(), "{}", run.variant);
    assert!(run.little.system.unwrap_or(0.0) < 1e-9, "{:?}", run.little);
    if !some_died_untold {
        assert!(run.little.workers.unwrap_or(0.0) < 1e-9, "{:?}", run.little);
    }
    let parallelism = run.parallelism.unwrap_or(0.0);
    assert!(
        parallelism <= run.parallelism_limit as f64 + 1e-9,
        "{parallelism} of {}",
        run.parallelism_limit
    );
    for worker in &run.workers {
        assert!(worker.law_holds(), "{worker:?}");
    }
    assert_eq!(run.telemetry.dropped, 0);
}
