//! Latencies over time, and the parts of the time of answered requests, for the view of latencies.

use super::indexes::VariantView;
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::Window;
use concsim_record::lanes::Interval;
use concsim_record::latency::Breakdown;

/// Largest number of points.
const MOST_POINTS: usize = 5_000;
/// Number of newest answers whose parts of time are averaged.
pub(super) const MOST_ANSWERS: usize = 2_000;
/// Least length of the axis.
const SHORTEST: Elapsed = Elapsed::from_secs(1);

/// Latencies of one variant over time.
#[derive(Clone, Debug)]
pub(super) struct Spectrum {
    /// From the beginning of load to the cursor, counted from the beginning of load.
    pub(super) axis: Interval,
    /// Evenly chosen answers: the time at which each was read, counted from the beginning of load, and its
    /// latency.
    pub(super) points: Vec<(Stamp, Elapsed)>,
    /// Mean parts of the time of answered requests, and their number.
    pub(super) spent: Option<(Breakdown, usize)>,
}

impl Spectrum {
    /// Returns the snapshot at the cursor; parts of the time are those of requests due in `counted`, or of
    /// all.
    pub(super) fn of(seen: &VariantView<'_>, counted: Option<Window>) -> Self {
        let (began, outcomes) = (seen.began(), seen.snapshot.reported_by(seen.until));
        let patience = seen.snapshot.header().scenario.load.patience;
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
