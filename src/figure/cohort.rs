//! How long the requests took that a run is about: those that were due in its window.

use crate::recording::Recording;
use crate::telemetry::Outcome;
use crate::units::Elapsed;
use crate::words::{counted, length};

/// A share of the requests is drawn as long as so many were slower.
const SLOWER: f64 = 10.0;
/// What is said of where lines end.
pub(super) const ENDS: &str = "A line ends where fewer than ten requests were slower.";

/// The latencies of a run's requests, in ascending order.
#[derive(Debug, Default)]
pub(super) struct Cohort {
    /// From the instants at which they were due.
    pub(super) from_due: Vec<Elapsed>,
    /// From the instants at which they were sent.
    pub(super) from_sent: Vec<Elapsed>,
    failed: usize,
    /// Those that were given up since the run ended: how long they would have taken, nobody knows.
    cut_off: usize,
    patience: Elapsed,
}

impl Cohort {
    pub(super) fn of(recording: &Recording) -> Self {
        let patience = recording.header.scenario.load.patience;
        let mut cohort = Self {
            patience,
            ..Self::default()
        };
        let Some(window) = recording.header.window else {
            return cohort;
        };
        for outcome in &recording.outcomes {
            if window.contains(outcome.due) && outcome.was_cut_off(patience) {
                cohort.cut_off += 1;
            } else if window.contains(outcome.due) {
                cohort.from_due.push(outcome.latency(patience));
                cohort.from_sent.push(outcome.since_sent(patience));
                cohort.failed += usize::from(outcome.failure.is_some());
            }
        }
        cohort.from_due.sort_unstable();
        cohort.from_sent.sort_unstable();
        cohort
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.from_due.len()
    }

    /// The largest share of which enough are slower; nothing, if there are too few for a half, or if any
    /// were cut off: they are as a rule the slowest.
    pub(super) fn sayable(&self) -> f64 {
        let share = 1.0 - SLOWER / self.count().max(1) as f64;
        if share < 0.5 || self.cut_off > 0 {
            0.0
        } else {
            share
        }
    }

    /// What has to be said of a run that is drawn, or that is not.
    pub(super) fn caveats(&self, name: &str) -> Vec<String> {
        let count = counted(self.count() as u64, "request");
        let few = (self.sayable() <= 0.0 && self.cut_off == 0)
            .then(|| format!("{name} is not drawn: it has {count}, and 20 are needed"));
        let cut_off = counted(self.cut_off as u64, "request");
        let cut_off = (self.cut_off > 0).then(|| {
            format!("{name} is not drawn: {cut_off} had no answer when the run was ended")
        });
        let failed = failed_in_words(name, self.failed, &count, self.patience);
        few.into_iter().chain(cut_off).chain(failed).collect()
    }
}

/// What has to be said of a run of which all requests are drawn.
pub(super) fn failures(recording: &Recording, name: &str) -> Option<String> {
    let patience = recording.header.scenario.load.patience;
    let has_failed = |it: &&Outcome| it.failure.is_some() && !it.was_cut_off(patience);
    let failed = recording.outcomes.iter().filter(has_failed).count();
    let count = counted(recording.outcomes.len() as u64, "request");
    failed_in_words(name, failed, &count, patience)
}

fn failed_in_words(name: &str, failed: usize, of: &str, patience: Elapsed) -> Option<String> {
    let patience = length(patience);
    let words =
        || format!("{name}: {failed} of {of} failed; they stand here with {patience} or more");
    (failed > 0).then(words)
}

/// The latency in milliseconds that a share of these does not exceed.
pub(super) fn quantile(sorted: &[Elapsed], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    let found = sorted.get(rank - 1).or(sorted.last());
    found.map_or(0.0, |latency| latency.as_millis_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_latency_that_somebody_had() {
        let sorted: Vec<Elapsed> = (1..=100).map(Elapsed::from_millis).collect();
        let found = [0.0, 0.5, 0.9, 0.99, 1.0].map(|share| quantile(&sorted, share) as u64);
        assert_eq!(found, [1, 50, 90, 99, 100]);
    }

    #[test]
    fn of_few_requests_no_share_is_said() {
        let of = |count: usize| {
            let from_due = vec![Elapsed::ZERO; count];
            let cohort = Cohort {
                from_due,
                ..Cohort::default()
            };
            cohort.sayable()
        };
        assert!([0, 1, 19].map(of).iter().all(|share| *share <= 0.0));
        assert!((of(20) - 0.5).abs() < 1e-12 && (of(1_000) - 0.99).abs() < 1e-12);
    }
}
