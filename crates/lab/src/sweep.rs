//! A scenario at every point of a grid, and a table of the results.
//!
//! ```text
//!   --over ─▶ axes ─▶ grid: points × variants = rows ─▶ played, in any order ─▶ points.jsonl
//!                                   └── those that are there already ◀──────────────┘  └─▶ points.csv
//! ```
//!
//! A simulated row depends on its place in the grid alone, so the table is independent of the number of
//! threads, of their order, and of interruptions.

pub mod axis;
pub mod folder;
pub mod grid;
pub mod merge;
mod play;
pub mod row;
mod row_sink;

use std::num::NonZeroUsize;

use self::folder::{Folder, Identity};
use self::grid::{Grid, GridRow, WantedRepeats};
use self::row_sink::RowSink;
use concsim_model::scenario::{Arrivals, Engine, Overrides, Plan, Problems, Scenario};
use concsim_os::sys::processes;

/// The engine of a sweep.
#[derive(Clone, Copy, Debug)]
pub enum Jobs {
    /// Real processes, one point after the other.
    Measured,
    /// So many simulations at once; by default the number of cores.
    Simulated(Option<NonZeroUsize>),
}

/// Returns the keys that cannot be axes: those the command line sets for all points, and those that real
/// processes ignore.
#[must_use]
pub fn fixed(base: &Overrides) -> Vec<axis::ForbiddenAxis> {
    let all_alike = [
        (
            base.seed.is_some(),
            ("seed", "--seed sets it for all points"),
        ),
        (
            base.duration.is_some(),
            ("duration", "--duration sets it for all points"),
        ),
        (
            base.warmup.is_some(),
            ("warmup", "--warmup sets it for all points"),
        ),
        (
            base.engine == Engine::Processes,
            ("machine.", "real processes run on this machine"),
        ),
    ];
    let text = all_alike.into_iter().filter(|(is_said, _)| *is_said);
    text.map(|(_, fixed)| fixed).collect()
}

/// Plays the rows that the folder lacks, and failed ones once more: the cause may be gone. Returns the
/// number of rows that are left after ^C.
///
/// # Errors
/// A folder that cannot be written to, or threads that cannot be started.
pub fn play_the_rest(
    jobs: Jobs,
    grid: &Grid,
    plan: &Plan,
    here: &[&GridRow],
    folder: &mut Folder,
) -> anyhow::Result<usize> {
    let is_left = |place: &&GridRow| !folder.has_played(place.row);
    let left: Vec<&GridRow> = here.iter().copied().filter(is_left).collect();
    let before = here.len() - left.len();
    let mut sink = RowSink::new(folder, before, here.len());
    match jobs {
        Jobs::Measured => play::measure(grid, &left, &plan.sha256, &mut sink)?,
        Jobs::Simulated(jobs) => {
            let cores = || processes::cores_allowed().len();
            let jobs = jobs.map_or_else(cores, NonZeroUsize::get);
            play::simulate(grid, &left, &plan.sha256, jobs, &mut sink)?;
        }
    }
    Ok(left.len() - sink.taken())
}

/// Returns the plan of the first valid point.
///
/// # Errors
/// The mistakes of the scenario, if no point is valid.
pub fn first(grid: &Grid, places: &[GridRow]) -> Result<Plan, Problems> {
    let valid = places.iter().find(|place| place.variant.is_ok());
    grid.read(valid.map_or(&[][..], |place| &place.overrides))
}

/// Returns the identity of a sweep.
pub fn identity(grid: &Grid, plan: &Plan, jobs: Jobs, row_count: usize) -> Identity {
    let base = &grid.base;
    let axes = grid.axes.iter();
    Identity {
        concsim: env!("CARGO_PKG_VERSION").into(),
        sha256: plan.sha256.clone(),
        engine: match jobs {
            Jobs::Measured => "measured",
            Jobs::Simulated(_) => "simulated",
        }
        .into(),
        over: axes
            .map(|axis| (axis.key.clone(), axis.values.clone()))
            .collect(),
        set: base.set.clone(),
        variants: base.variants.clone(),
        seed: base.seed,
        duration: base.duration.clone(),
        warmup: base.warmup.clone(),
        repeat: grid.repeats.as_ref().and_then(WantedRepeats::count),
        until: grid.repeats.as_ref().and_then(WantedRepeats::until),
        schedules: schedules(plan),
        row_count,
    }
}

/// Returns the fingerprints of the requests at given instants: a trace may change while its scenario does not.
fn schedules(plan: &Plan) -> Vec<String> {
    let scenarios = plan.variants.iter().map(|variant| &variant.scenario);
    let scheduled = scenarios.filter(|it| it.load.arrivals == Arrivals::Scheduled);
    scheduled.map(Scenario::schedule).collect()
}
