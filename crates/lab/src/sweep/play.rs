//! Plays the rows of a sweep: simulated ones on several threads, measured ones one after the other, since
//! they would compete for cores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::grid::{Grid, GridRow, WantedRepeats};
use super::row::{Outcome, Row, RowRepeats};
use super::row_sink::RowSink;
use crate::repeats::{Repetition, plan_of};
use concsim_driver::console::chain;
use concsim_driver::frontend::Headless;
use concsim_driver::play::play_one;
use concsim_model::scenario::{Plan, Variant};
use concsim_os::sys::{interrupt, processes};
use concsim_record::Recording;
use concsim_record::repeats::{Repeats, Replication, Rule, numbers_to_narrow};
use concsim_record::summary::summarise;

/// Time between two checks for ^C.
const INTERRUPT_CHECK: Duration = Duration::from_millis(50);

/// Shared state of the threads of a simulated sweep: the rows to be played; each thread takes the next.
struct RowQueue {
    grid: Grid,
    places: Vec<GridRow>,
    sha256: String,
    next: AtomicUsize,
}

/// Simulates all of `places` on `jobs` threads, and passes on each row as it is finished, in any order;
/// until ^C. Threads in the middle of a row are then abandoned: they write nothing, and end with the
/// process.
pub(super) fn simulate(
    grid: &Grid,
    places: &[&GridRow],
    sha256: &str,
    jobs: usize,
    sink: &mut RowSink<'_>,
) -> anyhow::Result<()> {
    interrupt::listen_without_children()?;
    let work = Arc::new(RowQueue {
        grid: grid.clone(),
        places: places.iter().map(|&place| place.clone()).collect(),
        sha256: sha256.into(),
        next: AtomicUsize::new(0),
    });
    let rows = start(&work, jobs.min(places.len()))?;
    while !interrupt::is_requested() {
        match rows.recv_timeout(INTERRUPT_CHECK) {
            Ok(row) => sink.take(row)?,
            Err(RecvTimeoutError::Timeout) => sink.redraw(),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
    rows.try_iter().try_for_each(|row| sink.take(row))
}

/// Starts `jobs` threads, or as many as the system allows, and returns the receiver of their rows.
fn start(work: &Arc<RowQueue>, jobs: usize) -> anyhow::Result<Receiver<Row>> {
    let (sender, rows) = mpsc::channel();
    for job in 0..jobs {
        let (work, sender) = (Arc::clone(work), sender.clone());
        let started = thread::Builder::new().spawn(move || work_through(&work, &sender));
        if let Err(error) = started {
            anyhow::ensure!(job > 0, "failed to start a thread: {error}");
            break;
        }
    }
    Ok(rows)
}

/// Body of a thread: plays the next row, until there is none or the receiver is gone.
fn work_through(work: &RowQueue, sender: &Sender<Row>) {
    while let Some(place) = work.places.get(work.next.fetch_add(1, Ordering::Relaxed)) {
        let row = row(&work.grid, place, &work.sha256, "sim", simulated);
        // After ^C a row may lack repeats.
        if interrupt::is_requested() || sender.send(row).is_err() {
            return;
        }
    }
}

/// Plays all of `places` with real processes, until ^C, which discards the row in play.
pub(super) fn measure(
    grid: &Grid,
    places: &[&GridRow],
    sha256: &str,
    sink: &mut RowSink<'_>,
) -> anyhow::Result<()> {
    interrupt::listen()?;
    for place in places {
        let row = row(grid, place, sha256, "run", measured);
        if interrupt::is_requested() {
            break;
        }
        sink.take(row)?;
    }
    Ok(())
}

fn row(
    grid: &Grid,
    place: &GridRow,
    sha256: &str,
    verb: &str,
    play_it: impl Fn(&Plan, &Variant, Option<&WantedRepeats>) -> Result<Outcome, String>,
) -> Row {
    let (mut seed, mut played) = (None, Err(String::new()));
    match (&place.variant, grid.read(&place.overrides)) {
        (Err(text), _) => played = Err(text.clone()),
        (_, Err(problems)) => played = Err(problems.to_string()),
        (Ok(name), Ok(plan)) => {
            if let Some(variant) = plan.variants.iter().find(|it| it.name == *name) {
                seed = Some(variant.scenario.seed);
                played = play_it(&plan, variant, grid.repeats.as_ref());
            }
        }
    }
    Row::new(grid, place, sha256, verb, seed, played)
}

/// Plays a variant once, or several times with seeds that follow each other.
fn repeated(
    plan: &Plan,
    variant: &Variant,
    wanted: Option<&WantedRepeats>,
    play_it: impl Fn(&Plan, &Variant) -> Result<Recording, String>,
) -> Result<Outcome, String> {
    let Some(wanted) = wanted else {
        return Ok((summarise(&play_it(plan, variant)?), None));
    };
    let plan = Plan {
        variants: vec![variant.clone()],
        ..plan.clone()
    };
    let numbers = numbers_to_narrow(&plan, &wanted.numbers)?;
    // The row is of one variant, which decides no claim.
    let plan = Plan {
        expectations: Vec::new(),
        questions: Vec::new(),
        ..plan
    };
    let (mut repeats, mut machine) = (Repeats::default(), None);
    for look in wanted.repetition.looks() {
        while repeats.count() < look {
            let plan = plan_of(&plan, repeats.count());
            let recording = play_it(&plan, &plan.variants[0])?;
            repeats.add(vec![Replication::of(&recording)]);
            machine = Some(recording.header.machine);
            if interrupt::is_requested() {
                return Err("interrupted".to_owned());
            }
        }
        if let Repetition::Until(rule) = wanted.repetition
            && let Some(machine) = &machine
        {
            let summary = repeats.summary(&plan, machine.clone());
            let is_met = repeats.width(&summary, &numbers, &rule).is_met;
            if is_met || look == rule.cap {
                repeats.ended_by(Rule::of(&rule, &numbers, is_met));
                break;
            }
        }
    }
    let machine = machine.ok_or("no repeat was asked for")?;
    let mut summary = repeats.summary(&plan, machine);
    let of_it = summary.repeats.take().map(|it| RowRepeats {
        count: it.count,
        used: it.used,
        until: it.until,
    });
    Ok((summary.runs.swap_remove(0), of_it))
}

fn simulated(
    plan: &Plan,
    variant: &Variant,
    wanted: Option<&WantedRepeats>,
) -> Result<Outcome, String> {
    concsim_sim::limits::check(&variant.scenario).map_err(|refused| refused.to_string())?;
    let play_it = |plan: &Plan, variant: &Variant| {
        let header = concsim_sim::header_of(plan, variant);
        let scenario = &variant.scenario;
        Ok(concsim_sim::record_without_switches(scenario, header))
    };
    // A point that breaks the simulation is one failed row; the others are unaffected.
    let played = catch_unwind(AssertUnwindSafe(|| {
        repeated(plan, variant, wanted, play_it)
    }));
    played.unwrap_or_else(|_| Err("the simulation failed".to_owned()))
}

fn measured(
    plan: &Plan,
    variant: &Variant,
    wanted: Option<&WantedRepeats>,
) -> Result<Outcome, String> {
    let descriptors = concsim_os::server::descriptors_needed(&variant.scenario);
    processes::allow_descriptors(descriptors).map_err(|error| error.to_string())?;
    let play_it = |plan: &Plan, variant: &Variant| {
        let recording = play_one(plan, variant, &mut Headless::new(true), None);
        recording.map_err(|error| chain(&error))
    };
    repeated(plan, variant, wanted, play_it)
}
