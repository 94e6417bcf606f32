//! When the latencies were what they were, and where the time went: for the view of latencies.

use super::indexes::Seen;
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::Window;
use concsim_record::lanes::Interval;
use concsim_record::latency::Breakdown;

/// So many answers at most become points.
const MOST_POINTS: usize = 5_000;
/// Where the time went is told of so many newest answers at most.
pub(super) const MOST_ANSWERS: usize = 2_000;
/// The axis is no shorter than a second.
const SHORTEST: Elapsed = Elapsed::from_secs(1);

/// The latencies of one variant over time.
#[derive(Clone, Debug)]
pub(super) struct Spectrum {
    /// From the beginning of load to the cursor, counted from the beginning of load.
    pub(super) axis: Interval,
    /// Of some of the answers, evenly chosen: when it was read, counted from the beginning of load, and its latency.
    pub(super) points: Vec<(Stamp, Elapsed)>,
    /// What so many of the answered requests spent their time on, on average.
    pub(super) spent: Option<(Breakdown, usize)>,
}

impl Spectrum {
    /// The snapshot at the cursor; the time of requests due in `counted`, or of all.
    pub(super) fn of(seen: &Seen<'_>, counted: Option<Window>) -> Self {
        let (began, outcomes) = (seen.began(), seen.past.reported_by(seen.until));
        let patience = seen.past.header().scenario.load.patience;
        let one_in = outcomes.len().div_ceil(MOST_POINTS).max(1);
        let some = outcomes.iter().step_by(one_in);
        let ended = some.filter(|outcome| outcome.done <= seen.until);
        let points = ended.map(|outcome| {
            let at = Stamp(outcome.done.since(began).0);
            (at, outcome.latency(patience))
        });
        Self {
            axis: Interval {
                from: Stamp::ZERO,
                to: Stamp(seen.elapsed().max(SHORTEST.0)),
            },
            points: points.collect(),
            spent: seen.lanes.spent(seen.until, counted, MOST_ANSWERS),
        }
    }
}
