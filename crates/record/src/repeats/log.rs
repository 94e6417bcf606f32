//! The requests of one repeat, as far as percentiles and the warm-up of all repeats need them.

use std::ops::Range;

use crate::Recording;
use concsim_engine::telemetry::Outcome;

/// Requests in the order in which they were due, warm-up included.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestLog {
    /// Seconds from the beginning of load until each was due.
    pub(super) due_s: Vec<f64>,
    /// Latency from the due time, in milliseconds; of a failed request at least the patience.
    latency_ms: Vec<f64>,
    /// The same from the sending.
    since_sent_ms: Vec<f64>,
    /// Kind of each request, by its position in the scenario.
    class: Vec<u16>,
    /// The requests due in the counted window.
    counted: Range<usize>,
}

impl RequestLog {
    pub(super) fn of(recording: &Recording) -> Self {
        let header = &recording.header;
        let patience = header.scenario.load.patience;
        let mut outcomes: Vec<&Outcome> = recording.outcomes.iter().collect();
        outcomes.sort_unstable_by_key(|outcome| (outcome.due, outcome.request));
        let before = |end| outcomes.partition_point(|outcome| outcome.due < end);
        let counted = header
            .window
            .map_or(0..0, |window| before(window.begin)..before(window.end));
        let due_s = |outcome: &&Outcome| outcome.due.since(header.began).as_secs_f64();
        let latency = |outcome: &&Outcome| outcome.latency(patience).as_millis_f64();
        let since_sent = |outcome: &&Outcome| outcome.since_sent(patience).as_millis_f64();
        Self {
            due_s: outcomes.iter().map(due_s).collect(),
            latency_ms: outcomes.iter().map(latency).collect(),
            since_sent_ms: outcomes.iter().map(since_sent).collect(),
            class: outcomes.iter().map(|outcome| outcome.class).collect(),
            counted,
        }
    }

    /// Returns a log of requests that are all counted.
    #[cfg(test)]
    pub(super) fn made_up(due_s: Vec<f64>, latency_ms: Vec<f64>) -> Self {
        Self {
            class: vec![0; due_s.len()],
            since_sent_ms: latency_ms.clone(),
            counted: 0..due_s.len(),
            due_s,
            latency_ms,
        }
    }

    /// Latencies of all requests, warm-up included.
    pub(super) fn series(&self) -> &[f64] {
        &self.latency_ms
    }

    /// Latencies of the cohort.
    pub(super) fn latency_ms(&self) -> &[f64] {
        &self.latency_ms[self.counted.clone()]
    }

    /// Latencies of the cohort from the sending.
    pub(super) fn since_sent_ms(&self) -> &[f64] {
        &self.since_sent_ms[self.counted.clone()]
    }

    /// Latencies of one kind of request in the cohort.
    pub(super) fn latency_ms_of(&self, class: u16) -> Vec<f64> {
        let classes = &self.class[self.counted.clone()];
        let all = self.latency_ms().iter().zip(classes);
        all.filter(|(_, own)| **own == class)
            .map(|(latency, _)| *latency)
            .collect()
    }
}
