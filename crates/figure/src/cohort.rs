//! Latencies of a run's cohort: the requests that were due in its window.

use super::Inputs;
use super::run_phases::Course;
use super::table::AT_LEAST;
use concsim_engine::telemetry::Outcome;
use concsim_model::units::{Elapsed, Stamp, three_digits};
use concsim_model::words::{counted, grouped, length};
use concsim_record::Recording;

/// Number of slower requests that a drawn percentile needs.
const SLOWER: f64 = 10.0;
/// Description of the requests that a run's numbers count.
pub(super) const DUE: &str = "due in the counted window";
/// Note on the ends of lines.
pub(super) const ENDS: &str = "A line ends where fewer than ten requests were slower.";

/// The latencies of a run's requests, in ascending order.
#[derive(Debug, Default)]
pub(super) struct Cohort {
    /// Latencies from the instants at which requests were due.
    pub(super) from_due: Vec<Elapsed>,
    /// Latencies from the instants at which requests were sent.
    pub(super) from_sent: Vec<Elapsed>,
    failed: usize,
    /// Number of requests cut off by the end of the run. They count as the slowest, so that a drawn share is
    /// right for any latency that they would have had.
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
            if window.contains(outcome.due) {
                let is_cut_off = outcome.was_cut_off(patience);
                let slowest = |latency| {
                    if is_cut_off {
                        Elapsed(u64::MAX)
                    } else {
                        latency
                    }
                };
                let (due, sent) = (outcome.latency(patience), outcome.since_sent(patience));
                cohort.from_due.push(slowest(due));
                cohort.from_sent.push(slowest(sent));
                cohort.cut_off += usize::from(is_cut_off);
                cohort.failed += usize::from(outcome.failure.is_some() && !is_cut_off);
            }
        }
        cohort.from_due.sort_unstable();
        cohort.from_sent.sort_unstable();
        cohort
    }

    /// Returns the number of requests.
    pub(super) fn count(&self) -> usize {
        self.from_due.len()
    }

    /// Returns the largest share with enough slower requests and without a cut-off one; 0 if that is less
    /// than a half.
    pub(super) fn largest_supported_share(&self) -> f64 {
        let slower = SLOWER.max(self.cut_off as f64);
        let share = 1.0 - slower / self.count().max(1) as f64;
        if share < 0.5 { 0.0 } else { share }
    }

    /// Returns `≥ 30 s` if a latency in milliseconds is the clients' patience; else an empty text.
    pub(super) fn at_least(&self, milliseconds: f64) -> String {
        let is_reached = self.failed > 0 && milliseconds >= self.patience.as_millis_f64();
        let words = || at_least(self.patience);
        is_reached.then(words).unwrap_or_default()
    }

    /// Returns the reason why a run is not drawn, in a sentence; [`None`] if it is.
    pub(super) fn undrawn(&self, name: &str) -> Option<String> {
        let count = counted(self.count() as u64, "request");
        let because = if self.count() < 20 {
            format!("it has {count}; 20 are needed")
        } else {
            let cut_off = self.cut_off;
            format!("the end of the run cut off {cut_off} of {count}")
        };
        let is_drawn = self.largest_supported_share() > 0.0;
        (!is_drawn).then(|| format!("{name} is not drawn: {because}"))
    }

    /// Returns the caveats of a run, drawn or not.
    pub(super) fn caveats(&self, name: &str) -> Vec<String> {
        let count = counted(self.count() as u64, "request");
        let due = format!("{count} {DUE}");
        let undrawn = self.undrawn(name);
        let cut_off = self.cut_off;
        let cut_off = (cut_off > 0 && undrawn.is_none()).then(|| {
            format!(
                "{name}: the end of the run cut off {cut_off} of {count}, which count as the slowest"
            )
        });
        let failed = failed_in_words(name, self.failed, &due, self.patience);
        undrawn.into_iter().chain(cut_off).chain(failed).collect()
    }
}

/// Returns the caveat about failed requests for a figure of all requests that were due during load. Other
/// figures count only those due in the window, so it has both numbers.
pub(super) fn failures(
    recording: &Recording,
    run_phases: &Course<'_>,
    name: &str,
) -> Option<String> {
    let patience = recording.header.scenario.load.patience;
    let window = recording.header.window;
    let has_failed = |it: &&Outcome| it.failure.is_some() && !it.was_cut_off(patience);
    let due = recording.outcomes.iter();
    let due = due.filter(|outcome| run_phases.contains(outcome.due));
    let failed = due.clone().filter(has_failed);
    let is_counted = |it: &&Outcome| window.is_some_and(|window| window.contains(it.due));
    let in_window = failed.clone().filter(is_counted).count() as u64;
    let (all, failed) = (counted(due.count() as u64, "request"), failed.count());
    let of = format!("{all} due during the load");
    let words = failed_in_words(name, failed, &of, patience)?;
    Some(format!("{words}; {} were {DUE}", grouped(in_window)))
}

/// Returns the caveat about requests without a latency, cut off by the end of the run.
pub(super) fn cut_off(recording: &Recording, name: &str) -> Option<String> {
    let patience = recording.header.scenario.load.patience;
    let outcomes = recording.outcomes.iter();
    let count = outcomes.filter(|it| it.was_cut_off(patience)).count() as u64;
    let words = || {
        let count = counted(count, "request");
        format!("{name}: {count} without a latency, cut off by the end of the run")
    };
    (count > 0).then(words)
}

/// Returns the label of a latency that is the clients' patience.
pub(super) fn at_least(patience: Elapsed) -> String {
    format!("{AT_LEAST}{}, the clients' patience", length(patience))
}

/// Returns the counted windows of all recordings in a line, in seconds since load began.
pub(super) fn windows(material: &Inputs<'_>) -> Option<String> {
    windows_of(REQUESTS, material.recordings())
}

/// Contents that a window counts: requests due in it …
pub(super) const REQUESTS: &str = "requests due ";
/// … or all events in it.
pub(super) const EVERYTHING: &str = "";

/// Returns the same for recordings with these names; for many of them only the lengths of windows and
/// warm-ups.
pub(super) fn windows_of<'a>(
    what: &str,
    recordings: impl Iterator<Item = (String, &'a Recording)>,
) -> Option<String> {
    let of = |(name, recording): (String, &Recording)| {
        let (header, window) = (&recording.header, recording.header.window?);
        let since = |at: Stamp| at.since(header.began).as_secs_f64();
        Some((name, [since(window.begin), since(window.end)]))
    };
    let all: Vec<(String, [f64; 2])> = recordings.filter_map(of).collect();
    let span = |[begin, end]: [f64; 2]| {
        format!("from {} s to {} s", three_digits(begin), three_digits(end))
    };
    let first = span(all.first()?.1);
    if all.iter().all(|(_, window)| span(*window) == first) {
        return Some(format!("counted: {what}{first} after load began"));
    }
    if all.len() > MOST_NAMED {
        let lengths = seconds(all.iter().map(|(_, [begin, end])| end - begin))?;
        let warm_ups = seconds(all.iter().map(|(_, [begin, _])| *begin))?;
        return Some(format!(
            "counted: {what}in {lengths} of each run, after {warm_ups} of warm-up"
        ));
    }
    let each = all.iter();
    let each = each.map(|(name, window)| format!("{name} {}", span(*window)));
    let each = each.collect::<Vec<_>>().join("; ");
    Some(format!("counted: {what}after load began, {each}"))
}

/// Number of runs above which windows are not named one by one.
const MOST_NAMED: usize = 4;

/// Returns `6.00 s`, or `6.00 s to 7.00 s` if these lengths in seconds differ.
pub(super) fn seconds(lengths: impl Iterator<Item = f64> + Clone) -> Option<String> {
    let least = three_digits(lengths.clone().reduce(f64::min)?);
    let most = three_digits(lengths.reduce(f64::max)?);
    Some(if least == most {
        format!("{most} s")
    } else {
        format!("{least} s to {most} s")
    })
}

fn failed_in_words(name: &str, failed: usize, of: &str, patience: Elapsed) -> Option<String> {
    let patience = length(patience);
    let words = || format!("{name}: {failed} of {of} failed; they count with {patience} or more");
    (failed > 0).then(words)
}

/// Returns the latency in milliseconds that a share of these does not exceed.
pub(super) fn quantile(sorted: &[Elapsed], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    let found = sorted.get(rank - 1).or(sorted.last());
    found.map_or(0.0, |latency| latency.as_millis_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_latency_of_a_request() {
        let sorted: Vec<Elapsed> = (1..=100).map(Elapsed::from_millis).collect();
        let found = [0.0, 0.5, 0.9, 0.99, 1.0].map(|share| quantile(&sorted, share) as u64);
        assert_eq!(found, [1, 50, 90, 99, 100]);
    }

    #[test]
    fn of_few_requests_no_share_is_reported() {
        let of = |count: usize| {
            let from_due = vec![Elapsed::ZERO; count];
            let cohort = Cohort {
                from_due,
                ..Cohort::default()
            };
            cohort.largest_supported_share()
        };
        assert!([0, 1, 19].map(of).iter().all(|share| *share <= 0.0));
        assert!((of(20) - 0.5).abs() < 1e-12 && (of(1_000) - 0.99).abs() < 1e-12);
    }
}
