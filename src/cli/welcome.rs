//! `concsim` alone: the scenarios with the claim and the length of each. On a terminal they are a menu,
//! from which one is played or simulated.

use std::io;
use std::process::ExitCode;

use super::colour::Colour;
use super::scenarios::{listed, takes};
use super::{run, sim, talk};
use concsim_lab::library::{KnownScenario, known};
use concsim_terminal::display;
use concsim_terminal::menu::choose;
use concsim_tui::{Choice, Entry, Menu};

/// Lists the scenarios, and plays the chosen one.
///
/// # Errors
/// Standard output that cannot be written, or a system limit that is too low for a run.
pub fn run(colour: Colour) -> anyhow::Result<ExitCode> {
    let known = known();
    let Some(terminal) = display::canvas().filter(|_| io::IsTerminal::is_terminal(&io::stdin()))
    else {
        talk::print(&listed(&known))?;
        return Ok(ExitCode::SUCCESS);
    };
    let mut menu = Menu::of(known.iter().map(entry).collect(), colour.look());
    match choose(terminal, &mut menu)? {
        Choice::Play(place) => run::run(&run::Args::of(&known[place].name), colour),
        Choice::Simulate(place) => sim::run(&sim::Args::of(&known[place].name), colour),
        Choice::Leave => Ok(ExitCode::SUCCESS),
    }
}

fn entry(known: &KnownScenario) -> Entry {
    let name = known.name.clone();
    match &known.plan {
        Some(plan) => Entry {
            name,
            length: takes(plan),
            title: plan.title.clone(),
            about: plan.about.clone().unwrap_or_default(),
        },
        None => Entry {
            title: format!("has mistakes: concsim check scenarios/{name}.toml"),
            name,
            ..Entry::default()
        },
    }
}
