//! The numbers of a summary that can be named, by their path without the unit.
//!
//! `*` stands for a name that the scenario gives, or for an index. A test of the summary checks this list
//! against it.

use super::Dimension;

/// Meaning of a `*` in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wildcard {
    Request,
    Counter,
    Service,
    Worker,
    Core,
}

impl Wildcard {
    /// Returns the meaning of a `*` after this word.
    pub(super) fn after(word: &str) -> Option<Self> {
        Some(match word {
            "requests" => Self::Request,
            "counters" => Self::Counter,
            "services" => Self::Service,
            "workers" => Self::Worker,
            "cores" => Self::Core,
            _ => return None,
        })
    }
}

const PLAIN: Dimension = Dimension::PLAIN;
const TIME: Dimension = Dimension::TIME;

/// Every path with its dimension, in the order of the summary.
pub const PATHS: &[(&str, Dimension)] = &[
    ("warmup", TIME),
    ("window", TIME),
    ("drain", TIME),
    ("due", PLAIN),
    ("completed", PLAIN),
    ("unfinished", PLAIN),
    ("failed.refused", PLAIN),
    ("failed.reset", PLAIN),
    ("failed.timeout", PLAIN),
    ("failed.status", PLAIN),
    ("failed.status_p50", TIME),
    ("throughput", Dimension::RATE),
    ("latency.mean", TIME),
    ("latency.p50", TIME),
    ("latency.p90", TIME),
    ("latency.p95", TIME),
    ("latency.p99", TIME),
    ("latency.p999", TIME),
    ("latency.max", TIME),
    ("from_send.mean", TIME),
    ("from_send.p50", TIME),
    ("from_send.p90", TIME),
    ("from_send.p95", TIME),
    ("from_send.p99", TIME),
    ("from_send.p999", TIME),
    ("from_send.max", TIME),
    ("at_patience.patience", TIME),
    ("breakdown.generator", TIME),
    ("breakdown.door", TIME),
    ("breakdown.ready", TIME),
    ("breakdown.core_wait", TIME),
    ("breakdown.cpu", TIME),
    ("breakdown.parked_or_blocked", TIME),
    ("breakdown.other", TIME),
    ("waits.thread_wait", TIME),
    ("waits.pool_wait", TIME),
    ("waits.service_queue", TIME),
    ("waits.call", TIME),
    ("waits.sleep", TIME),
    ("waits.client", TIME),
    ("concurrency", PLAIN),
    ("concurrency_limit", PLAIN),
    ("at_the_door", PLAIN),
    ("in_system", PLAIN),
    ("parallelism", PLAIN),
    ("parallelism_limit", PLAIN),
    ("cores.*.busy", PLAIN),
    ("cores.*.workers", PLAIN),
    ("cores.*.load", PLAIN),
    ("cores.*.services", PLAIN),
    ("cores.*.steal", PLAIN),
    ("cores.*.other", PLAIN),
    ("workers.*.requests", PLAIN),
    ("workers.*.accepted", PLAIN),
    ("workers.*.tasks", PLAIN),
    ("workers.*.waits", PLAIN),
    ("workers.*.coroutine_switches", PLAIN),
    ("workers.*.coroutine_switches_per_request", PLAIN),
    ("workers.*.half_done", PLAIN),
    ("workers.*.process_switches.voluntary", PLAIN),
    ("workers.*.process_switches.involuntary", PLAIN),
    ("workers.*.cpu", TIME),
    ("workers.*.longest_run", TIME),
    ("workers.*.peak_concurrency", PLAIN),
    ("workers.*.accept_eagain", PLAIN),
    ("workers.*.respawns", PLAIN),
    ("workers.*.lost_tasks", PLAIN),
    ("workers.*.pss", PLAIN),
    ("workers.*.private", PLAIN),
    ("requests.*.completed", PLAIN),
    ("requests.*.latency.mean", TIME),
    ("requests.*.latency.p50", TIME),
    ("requests.*.latency.p90", TIME),
    ("requests.*.latency.p95", TIME),
    ("requests.*.latency.p99", TIME),
    ("requests.*.latency.max", TIME),
    ("counters.*.additions", PLAIN),
    ("counters.*.value", PLAIN),
    ("counters.*.largest", PLAIN),
    ("counters.*.lost", PLAIN),
    ("services.*.cpu", PLAIN),
    ("services.*.late_p50", TIME),
    ("services.*.late_p99", TIME),
    ("services.*.peak", PLAIN),
    ("generator.cpu", PLAIN),
    ("generator.late_p50", TIME),
    ("generator.late_p99", TIME),
    ("generator.dropped", PLAIN),
    ("little.system", PLAIN),
    ("little.workers", PLAIN),
    ("memory.pss", PLAIN),
    ("memory.private", PLAIN),
    ("workers_at_once.least", PLAIN),
    ("workers_at_once.most", PLAIN),
    ("accept_jain", PLAIN),
    ("dead_work.share", PLAIN),
    ("dead_work.in_queue", PLAIN),
    ("drift", PLAIN),
    ("latency_drift", PLAIN),
    ("telemetry.events", PLAIN),
    ("telemetry.dropped", PLAIN),
    ("telemetry.one_in", PLAIN),
    ("telemetry.thinned", PLAIN),
];

/// Returns the dimension of the number at a path, with any word where the list has a `*`.
pub(super) fn dimension(path: &str) -> Option<Dimension> {
    let written: Vec<&str> = path.split('.').collect();
    PATHS
        .iter()
        .find(|(known, _)| agree(known, &written))
        .map(|(_, dimension)| *dimension)
}

fn agree(known: &str, written: &[&str]) -> bool {
    known.split('.').count() == written.len()
        && known
            .split('.')
            .zip(written)
            .all(|(known, written)| known == "*" || known == *written)
}

/// Returns the path of the list nearest to `path`, with its stars filled in from there.
pub(super) fn nearest(path: &str) -> Option<String> {
    let written: Vec<&str> = path.split('.').collect();
    let filled = |known: &str| -> String {
        let words = known.split('.').enumerate();
        let words: Vec<&str> = words
            .map(|(place, word)| match word {
                "*" => written.get(place).copied().unwrap_or("*"),
                word => word,
            })
            .collect();
        words.join(".")
    };
    PATHS
        .iter()
        .map(|(known, _)| filled(known))
        .map(|known| (strsim::jaro_winkler(&known, path), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
