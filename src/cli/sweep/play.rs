//! Who plays the rows of a sweep: simulated ones on as many threads as there are, measured ones one after
//! the other, since they would take each other's cores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::grid::{Grid, Place};
use super::row::Row;
use crate::cli::audience::Headless;
use crate::cli::run;
use crate::recording::summary::{Run, summarise};
use crate::scenario::{Plan, Variant};
use crate::sim;
use crate::sys::{interrupt, processes};

/// Simulates all of `places`, and hands each row to `done` as it is finished, in any order.
pub(super) fn simulate(
    grid: &Grid,
    places: &[&Place],
    sha256: &str,
    jobs: usize,
    mut done: impl FnMut(Row) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, rows) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs.min(places.len()) {
            let (sender, next, is_over) = (sender.clone(), &next, &is_over);
            scope.spawn(move || {
                while let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let row = row(grid, place, sha256, "sim", simulated);
                    if is_over.load(Ordering::Relaxed) || sender.send(row).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let written = rows.iter().try_for_each(&mut done);
        is_over.store(true, Ordering::Relaxed);
        written
    })
}

/// Plays all of `places` for real, until ^C: then the row that is being played is none.
pub(super) fn measure(
    grid: &Grid,
    places: &[&Place],
    sha256: &str,
    mut done: impl FnMut(Row) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    interrupt::listen()?;
    for place in places {
        let row = row(grid, place, sha256, "run", measured);
        if interrupt::noted() {
            break;
        }
        done(row)?;
    }
    Ok(())
}

fn row(
    grid: &Grid,
    place: &Place,
    sha256: &str,
    verb: &str,
    play_one: impl Fn(&Plan, &Variant) -> Result<Run, String>,
) -> Row {
    let (mut seed, mut played) = (None, Err(String::new()));
    match (&place.variant, grid.read(&place.overrides)) {
        (Err(said), _) => played = Err(said.clone()),
        (_, Err(problems)) => played = Err(problems.to_string()),
        (Ok(name), Ok(plan)) => {
            if let Some(variant) = plan.variants.iter().find(|it| it.name == *name) {
                seed = Some(variant.scenario.seed);
                played = play_one(&plan, variant);
            }
        }
    }
    Row::new(grid, place, sha256, verb, seed, played)
}

fn simulated(plan: &Plan, variant: &Variant) -> Result<Run, String> {
    sim::limits::check(&variant.scenario).map_err(|refused| refused.to_string())?;
    let header = sim::header_of(plan, variant);
    // A point that breaks the simulation is one row; the others have nothing to do with it.
    let played = catch_unwind(AssertUnwindSafe(|| {
        summarise(&sim::record_without_switches(&variant.scenario, header))
    }));
    played.map_err(|_| "the simulation broke down".to_owned())
}

fn measured(plan: &Plan, variant: &Variant) -> Result<Run, String> {
    let wanted = crate::server::descriptors_needed(&variant.scenario);
    processes::allow_descriptors(wanted).map_err(|error| error.to_string())?;
    let recording = run::play_one(plan, variant, &mut Headless::new(true), None, None);
    let recording = recording.map_err(|error| format!("{error:#}"))?;
    Ok(summarise(&recording))
}
