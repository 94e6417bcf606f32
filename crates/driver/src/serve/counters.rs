//! Counters of a running server in the text format of Prometheus: a line for each worker and counter.
//!
//! Labels are the worker's slot and its kind. A coroutine or a request is never a label, because their
//! number is unbounded. Counters run from the server's start, over all processes of a slot.

use std::fmt::Write as _;

use concsim_model::scenario::WorkerKind;
use concsim_model::units::letter;
use concsim_os::telemetry::Phase;
use concsim_record::WorkerSample;

/// Content type of the text, for HTTP.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MetricType {
    /// Value that never falls.
    Counter,
    /// Value that rises and falls.
    Gauge,
}

/// Metric with a value for each worker.
struct Family {
    name: &'static str,
    help: &'static str,
    sort: MetricType,
    value: fn(&WorkerSample) -> f64,
}

/// Returns a counter, whose name ends in `_total`.
const fn counter(
    name: &'static str,
    help: &'static str,
    value: fn(&WorkerSample) -> f64,
) -> Family {
    Family {
        name,
        help,
        sort: MetricType::Counter,
        value,
    }
}

const fn gauge(name: &'static str, help: &'static str, value: fn(&WorkerSample) -> f64) -> Family {
    Family {
        name,
        help,
        sort: MetricType::Gauge,
        value,
    }
}

const FAMILIES: [Family; 18] = [
    counter("concsim_requests_total", "Responses written.", |worker| {
        worker.requests as f64
    }),
    counter(
        "concsim_connections_accepted_total",
        "Connections accepted.",
        |worker| worker.accepted as f64,
    ),
    counter(
        "concsim_accepts_in_vain_total",
        "Accepts that found no connection at the door.",
        |worker| worker.accept_eagain as f64,
    ),
    counter(
        "concsim_requests_lost_total",
        "Requests begun and lost because their process died.",
        |worker| worker.lost_tasks as f64,
    ),
    counter(
        "concsim_coroutines_total",
        "Coroutines started.",
        |worker| worker.tasks as f64,
    ),
    counter(
        "concsim_waits_total",
        "Waits and yields of coroutines.",
        |worker| worker.waits as f64,
    ),
    counter(
        "concsim_coroutine_switches_total",
        "Switches from hub to coroutine and from coroutine to hub.",
        |worker| worker.coroutine_switches as f64,
    ),
    counter(
        "concsim_process_switches_voluntary_total",
        "Voluntary process switches: the worker waits.",
        |worker| worker.voluntary as f64,
    ),
    counter(
        "concsim_process_switches_involuntary_total",
        "Involuntary process switches: the worker loses its core.",
        |worker| worker.involuntary as f64,
    ),
    counter(
        "concsim_worker_busy_seconds_total",
        "CPU time of the worker's processes.",
        |worker| worker.cpu.as_secs_f64(),
    ),
    counter(
        "concsim_worker_respawns_total",
        "Earlier processes in the worker's slot.",
        |worker| worker.respawns as f64,
    ),
    gauge(
        "concsim_worker_alive",
        "1 while the worker's process lives.",
        |worker| as_gauge(worker.phase != Phase::Gone),
    ),
    gauge(
        "concsim_worker_running",
        "1 while the worker runs a request's code.",
        |worker| as_gauge(worker.phase == Phase::Running),
    ),
    gauge(
        "concsim_worker_blocked",
        "1 while the worker is blocked in a call.",
        |worker| as_gauge(worker.phase == Phase::Blocked),
    ),
    gauge(
        "concsim_requests_begun",
        "Requests begun and not finished: concurrency.",
        |worker| worker.begun.count as f64,
    ),
    gauge(
        "concsim_coroutines_ready",
        "Coroutines ready to run while their worker runs another.",
        |worker| worker.ready as f64,
    ),
    gauge(
        "concsim_coroutines_parked",
        "Coroutines in a wait.",
        |worker| worker.parked as f64,
    ),
    gauge(
        "concsim_longest_run_seconds",
        "Longest run of one coroutine without a switch so far.",
        |worker| worker.longest_run.as_secs_f64(),
    ),
];

fn as_gauge(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

/// State of a server at one instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a> {
    /// Kind of its workers.
    pub(super) kind: WorkerKind,
    /// Latest sample of each worker.
    pub(super) workers: &'a [WorkerSample],
    /// Number of events that workers reported.
    pub(super) events: u64,
    /// Number of events dropped because a ring was full.
    pub(super) events_dropped: u64,
}

impl Page<'_> {
    /// Formats the metrics as text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a String takes all text");
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let kind = self.kind.word();
        for family in &FAMILIES {
            head(text, family.name, family.help, family.sort)?;
            for worker in self.workers {
                let (name, letter) = (family.name, letter(worker.index));
                let value = (family.value)(worker);
                writeln!(
                    text,
                    "{name}{{worker=\"{letter}\",kind=\"{kind}\"}} {value}"
                )?;
            }
        }
        let events = [
            (
                "concsim_events_total",
                "Events that the workers reported.",
                self.events,
            ),
            (
                "concsim_events_dropped_total",
                "Events lost because they were not read in time.",
                self.events_dropped,
            ),
        ];
        for (name, help, value) in events {
            head(text, name, help, MetricType::Counter)?;
            writeln!(text, "{name} {value}")?;
        }
        let name = "concsim_build_info";
        head(
            text,
            name,
            "1, with the version of concsim.",
            MetricType::Gauge,
        )?;
        writeln!(
            text,
            "{name}{{version=\"{}\"}} 1",
            env!("CARGO_PKG_VERSION")
        )
    }
}

fn head(text: &mut String, name: &str, help: &str, sort: MetricType) -> std::fmt::Result {
    let sort = match sort {
        MetricType::Counter => "counter",
        MetricType::Gauge => "gauge",
    };
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {sort}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::units::CpuTime;

    fn page(workers: &[WorkerSample]) -> String {
        let page = Page {
            kind: WorkerKind::Coroutine,
            workers,
            events: 7,
            events_dropped: 0,
        };
        page.text()
    }

    #[test]
    fn each_worker_has_a_line_in_each_family() {
        let worker = |index| WorkerSample {
            index,
            requests: 3,
            cpu: CpuTime(1_500_000_000),
            phase: Phase::Running,
            ..WorkerSample::default()
        };
        let text = page(&[worker(0), worker(11)]);
        for line in [
            "# TYPE concsim_requests_total counter",
            "concsim_requests_total{worker=\"A\",kind=\"coroutine\"} 3",
            "concsim_requests_total{worker=\"L\",kind=\"coroutine\"} 3",
            "concsim_worker_busy_seconds_total{worker=\"A\",kind=\"coroutine\"} 1.5",
            "concsim_worker_running{worker=\"A\",kind=\"coroutine\"} 1",
            "concsim_worker_blocked{worker=\"A\",kind=\"coroutine\"} 0",
            "concsim_events_total 7",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn exactly_the_growing_counters_are_called_totals() {
        for family in &FAMILIES {
            let is_total = family.name.ends_with("_total");
            assert_eq!(
                is_total,
                family.sort == MetricType::Counter,
                "{}",
                family.name
            );
            assert!(family.help.ends_with('.'), "{}", family.help);
        }
    }

    #[test]
    fn every_metric_is_documented() {
        let documentation = include_str!("../../../../docs/data.md");
        for family in &FAMILIES {
            let (name, help) = (family.name, family.help.trim_end_matches('.'));
            let line = format!("| `{name}` | {help} |");
            assert!(
                documentation.contains(&line),
                "docs/data.md should say {line}"
            );
        }
    }

    #[test]
    fn a_server_without_workers_has_a_page_all_the_same() {
        assert!(page(&[]).contains("concsim_build_info{version="));
    }
}
