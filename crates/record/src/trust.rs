//! Grade of a run's numbers, computed from the run itself.
//!
//! Each doubt has a stable code, a sentence and a remedy. A run that proves nothing is still displayed,
//! with the reason, but no claim is judged by it.

mod moved;
mod so_far;

pub use moved::is_wide;
use serde::Serialize;
pub use so_far::Judge;
pub use so_far::POINTS;
#[cfg(test)]
pub(super) use so_far::so_far;

use super::accounting::{self, Edges};
use super::disturbance::{Cause, Disturbances, Numbers};
use super::foreign_traffic::ForeignTraffic;
use super::latency::{Sorted, TimeParts};
pub use super::reason::{Reason, Trust};
use super::request::Request;
use super::requests::Requests;
use super::rounding::rounded;
use super::{Recording, usage};
use concsim_engine::telemetry::Outcome;
use concsim_model::units::{Elapsed, three_digits};
use concsim_model::words::counted;

/// A limit: above it a run proves nothing, above half of it the run is rough.
#[derive(Clone, Copy, Debug)]
struct Limit(f64);

impl Limit {
    fn grade(self, value: f64) -> Trust {
        if value > self.0 {
            Trust::ProvesNothing
        } else if value > self.0 / 2.0 {
            Trust::Rough
        } else {
            Trust::Ok
        }
    }
}

/// Load may use this share of a core; above it, its own queue is measured.
const GENERATOR_CPU: Limit = Limit(0.7);
/// Two counts of the same quantity may differ by less than this share.
const RESIDUAL: f64 = 0.005;
/// Share of the requests in the system that may span the whole window.
const UNHEARD: f64 = 0.2;
/// Minimum size of a cohort for statistics.
pub(super) const COHORT: usize = 100;

/// The load generator's own numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Generator {
    /// Share of one core that load used over the window.
    pub cpu: Option<f64>,
    /// Lateness of sending: the median …
    pub late_p50_ms: Option<f64>,
    /// … and the 99th percentile, of any number of requests.
    pub late_p99_ms: Option<f64>,
    /// Requests due and never sent.
    pub dropped: u64,
}

/// Difference between a gauge and the log of requests, as a share; `None` if only one of them is available.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LittleDifference {
    /// [due, end].
    pub system: Option<f64>,
    /// [accepted, last byte written].
    pub workers: Option<f64>,
}

/// Input of the grade: numbers before they are rounded, and percentiles of any number of samples.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    crashed: Option<String>,
    /// Time since load began at which the log was full.
    log_full: Option<Elapsed>,
    has_window: bool,
    cohort: usize,
    /// True if the scenario sets the number of requests.
    is_counted_out: bool,
    unsent: usize,
    generator_dropped: u64,
    generator_cpu: Option<f64>,
    late_p50_ms: Option<f64>,
    late_p99_ms: Option<f64>,
    /// Time for which the end of an answer lay unread: added by load and the network.
    unread_p99_ms: Option<f64>,
    /// True if it is known when answers came.
    sees_reads: bool,
    /// Events of processes that found no room …
    events_dropped: u64,
    /// … and outcomes of requests.
    outcomes_dropped: u64,
    unreadable: u64,
    little_system: Option<f64>,
    little_workers: Option<f64>,
    /// Requests that came before the window and were still present at its end, and the mean number in the
    /// system.
    unheard: usize,
    in_system: f64,
    breakdown_overrun: f64,
    /// Steal of the core that lost most to other virtual machines.
    steal: f64,
    /// Number of cores that other programs used.
    others: f64,
    /// The service whose answers were late by most at the 99th percentile, and by how much, in ms.
    service: Option<(String, f64)>,
    foreign: ForeignTraffic,
    /// Doubts of a run that goes on: shares by which disturbances can have moved its numbers so far.
    moved_so_far: Vec<(Cause, f64)>,
}

impl Evidence {
    pub(super) fn of(
        recording: &Recording,
        requests: &Requests<'_>,
        cohort: &[Request<'_>],
        edges: Option<&Edges<'_>>,
    ) -> Self {
        let header = &recording.header;
        let late = |request: &Request<'_>| request.outcome.sent.since(request.outcome.due);
        let late = Sorted::of(cohort.iter().map(late));
        let unread = Sorted::of(cohort.iter().filter_map(Request::unread));
        let millis =
            |sorted: &Sorted, per_mille| sorted.quantile(per_mille).map(Elapsed::as_millis_f64);
        let cores = edges.map_or_else(Vec::new, usage::cores);
        let tells = recording.event_count > 0;
        Self {
            crashed: header.crashed.clone(),
            log_full: header.log_full.map(|at| at.since(header.began)),
            has_window: edges.is_some(),
            cohort: cohort.len(),
            is_counted_out: header.scenario.load.requests.is_some(),
            unsent: cohort.iter().filter(|request| request.unsent()).count(),
            generator_dropped: recording.samples.last().map_or(0, |last| last.load.dropped),
            generator_cpu: edges.map(Edges::generator_cpu),
            late_p50_ms: millis(&late, 500),
            late_p99_ms: millis(&late, 990),
            unread_p99_ms: millis(&unread, 990),
            sees_reads: tells
                || cohort
                    .iter()
                    .any(|request| request.outcome.unread.is_some()),
            events_dropped: recording.dropped_events,
            outcomes_dropped: recording.dropped_outcomes,
            unreadable: recording.unreadable,
            little_system: edges.map(|edges| accounting::system_residual(edges, requests)),
            little_workers: edges
                .filter(|_| tells)
                .map(|edges| accounting::workers_residual(edges, recording, requests)),
            unheard: header.window.map_or(0, |window| {
                let all = requests.all().iter().map(|request| request.outcome);
                let sat_through = |it: &&Outcome| it.due < window.begin && it.done > window.end;
                all.filter(sat_through).count()
            }),
            in_system: edges.map_or(0.0, |edges| edges.in_system() / edges.length()),
            breakdown_overrun: TimeParts::by(cohort.iter()).map_or(0.0, |spent| spent.overrun),
            steal: cores.iter().map(|core| core.steal).fold(0.0, f64::max),
            others: cores.iter().map(|core| core.other).sum(),
            service: latest_service(recording),
            foreign: ForeignTraffic::in_recording(recording),
            moved_so_far: Vec::new(),
        }
    }

    /// Returns the size of a disturbance.
    pub(super) fn of_cause(&self, cause: Cause) -> String {
        match cause {
            Cause::Late => format!(
                "one request in a hundred was sent {} late or more",
                millis(self.late_p99_ms.unwrap_or(0.0))
            ),
            Cause::Unread => format!(
                "one answer in a hundred lay for {} or more before load had read it",
                millis(self.unread_p99_ms.unwrap_or(0.0))
            ),
            Cause::Services => match &self.service {
                Some((name, late)) => format!(
                    "one answer of {name} in a hundred was {} late or more",
                    millis(*late)
                ),
                None => "services answered late".to_owned(),
            },
            Cause::Stolen => format!(
                "other guests of this machine took {} of a core",
                percent(self.steal)
            ),
            Cause::Others => format!("other programs used {} of a core", percent(self.others)),
            Cause::Lost => {
                let outcomes = counted(self.outcomes_dropped, "outcome");
                format!("{outcomes} of requests found no room")
            }
        }
    }

    pub(super) fn generator(&self) -> Generator {
        Generator {
            cpu: self.generator_cpu.map(|cpu| rounded(cpu, 4)),
            late_p50_ms: self.late_p50_ms,
            late_p99_ms: self.late_p99_ms,
            dropped: self.generator_dropped,
        }
    }

    pub(super) fn littles_law(&self) -> LittleDifference {
        let rounded = |residual: Option<f64>| residual.map(|residual| rounded(residual, 6));
        LittleDifference {
            system: rounded(self.little_system),
            workers: rounded(self.little_workers),
        }
    }
}

/// Returns the service with the latest answers at the 99th percentile, in ms.
fn latest_service(recording: &Recording) -> Option<(String, f64)> {
    let names = recording.header.scenario.services.iter();
    let late = names
        .zip(usage::answers(recording))
        .filter_map(|(service, answers)| {
            let late = answers.late().quantile(990)?.as_millis_f64();
            Some((service.name.clone(), late))
        });
    late.max_by(|one, other| one.1.total_cmp(&other.1))
}

/// Returns the grade, and all reasons against the run, the worst first.
pub(super) fn grade(
    evidence: &Evidence,
    numbers: &Numbers,
    disturbances: &Disturbances,
) -> (Trust, Vec<Reason>) {
    let mut all = reasons(evidence);
    all.extend(moved::reasons(numbers, disturbances));
    worst_first(all)
}

/// True if the reason with this code is a disturbance of which it is known how far it can have moved each
/// number. Claims are then decided by these bounds.
pub(super) fn has_bounds(code: &str) -> bool {
    Cause::ALL.iter().any(|cause| cause.code() == code)
}

/// All checks of a run, each with its grade.
fn reasons(evidence: &Evidence) -> Vec<Reason> {
    let mut reasons = Vec::new();
    evidence.of_the_run(&mut reasons);
    evidence.of_the_generator(&mut reasons);
    evidence.of_the_records(&mut reasons);
    // The accounts of a failed run were never closed: their difference proves nothing more.
    if evidence.crashed.is_none() {
        evidence.of_the_accounts(&mut reasons);
    }
    evidence.of_the_surroundings(&mut reasons);
    evidence.of_the_cohort(&mut reasons);
    evidence.of_the_unheard(&mut reasons);
    reasons
}

fn worst_first(mut reasons: Vec<Reason>) -> (Trust, Vec<Reason>) {
    reasons.retain(|reason| reason.trust > Trust::Ok);
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.trust));
    let worst = reasons.first().map_or(Trust::Ok, |reason| reason.trust);
    (worst, reasons)
}

/// Returns [`Trust::ProvesNothing`] if true.
fn fatal_if(there_is: bool) -> Trust {
    if there_is {
        Trust::ProvesNothing
    } else {
        Trust::Ok
    }
}

fn rough_if(there_is: bool) -> Trust {
    if there_is { Trust::Rough } else { Trust::Ok }
}

fn reason(code: &'static str, trust: Trust, sentence: String, remedy: &'static str) -> Reason {
    Reason {
        code,
        sentence,
        remedy,
        trust,
    }
}

impl Evidence {
    fn of_the_run(&self, reasons: &mut Vec<Reason>) {
        let crashed = self.crashed.as_deref().unwrap_or_default();
        reasons.push(reason(
            "crashed",
            fatal_if(self.crashed.is_some()),
            format!("the run broke down: {crashed}"),
            "read the message, then play again",
        ));
        reasons.push(reason(
            "no-window",
            fatal_if(!self.has_window && self.crashed.is_none()),
            "the run ended before its counted window was over".into(),
            "let it play to its end",
        ));
        let full_after = self.log_full.unwrap_or_default();
        reasons.push(reason(
            "log-full",
            rough_if(self.log_full.is_some()),
            format!("the log of requests was full after {full_after}, and the window ended there"),
            "play a shorter time (--duration), or lower the load",
        ));
    }

    /// Requests that came before the window and got no answer in it are in no cohort.
    fn of_the_unheard(&self, reasons: &mut Vec<Reason>) {
        reasons.push(reason(
            "unheard",
            rough_if(self.unheard as f64 > UNHEARD * self.in_system),
            format!(
                "of {} in the system {} had come before the window and got no answer in it, and no \
                 latency tells of them",
                three_digits(self.in_system),
                self.unheard
            ),
            "play longer than the longest wait (--duration), or make room at the door \
             (server.backlog)",
        ));
    }

    /// A small cohort is intended if the file sets the number of requests.
    fn of_the_cohort(&self, reasons: &mut Vec<Reason>) {
        reasons.push(reason(
            "few-samples",
            rough_if(self.has_window && self.cohort < COHORT),
            match self.cohort {
                1 => "1 request is little".into(),
                few => format!("{few} requests are few"),
            },
            if self.is_counted_out {
                "read it as a picture, not as statistics: the file sets this number"
            } else {
                "play longer (--duration), or read it as a picture, not as statistics"
            },
        ));
    }

    fn of_the_generator(&self, reasons: &mut Vec<Reason>) {
        let cpu = self.generator_cpu.unwrap_or(0.0);
        // If it is known when answers came, so is the time in load's own queue.
        let most = if self.sees_reads {
            Trust::Rough
        } else {
            Trust::ProvesNothing
        };
        reasons.push(reason(
            "generator-busy",
            GENERATOR_CPU.grade(cpu).min(most),
            format!("load used {} of a core", percent(cpu)),
            "lower the load: near a whole core it measures its own queue",
        ));
        reasons.push(reason(
            "not-all-sent",
            fatal_if(self.unsent > 0),
            format!("{} requests that were due were never sent", self.unsent),
            "lower the load, or raise the limit of open files (ulimit -n)",
        ));
        reasons.push(reason(
            "requests-dropped",
            fatal_if(self.generator_dropped > 0),
            format!("load had to drop {} requests", self.generator_dropped),
            "lower the load, or raise the limit of open files (ulimit -n)",
        ));
    }

    fn of_the_records(&self, reasons: &mut Vec<Reason>) {
        reasons.push(reason(
            "telemetry-dropped",
            rough_if(self.events_dropped > 0),
            format!(
                "{} found no room, and what workers report is not complete",
                counted(self.events_dropped, "event")
            ),
            "lower the load, or end other programs so that the recorder keeps up",
        ));
        reasons.push(reason(
            "slot-unreadable",
            fatal_if(self.unreadable > 0),
            format!(
                "{} of shared memory made no sense",
                counted(self.unreadable, "reading")
            ),
            "play again; a worker may have been killed in the middle of a step",
        ));
    }

    fn of_the_accounts(&self, reasons: &mut Vec<Reason>) {
        let remedy = "play again; if it stays, report it as a defect: two counts of the same requests disagree";
        let grade = |residual: f64| match residual {
            residual if residual >= RESIDUAL => Trust::ProvesNothing,
            residual if residual >= RESIDUAL / 2.0 => Trust::Rough,
            _ => Trust::Ok,
        };
        for (code, owner, residual) in [
            ("little-system", "load's", self.little_system),
            ("little-workers", "the workers'", self.little_workers),
        ] {
            let residual = residual.unwrap_or(0.0);
            let sentence = format!(
                "{owner} gauge and the log of requests differ by {}",
                percent(residual)
            );
            reasons.push(reason(code, grade(residual), sentence, remedy));
        }
        let sentence = format!(
            "the parts of the latencies are longer than the whole, by {}",
            percent(self.breakdown_overrun)
        );
        let trust = grade(self.breakdown_overrun);
        reasons.push(reason("breakdown-overrun", trust, sentence, remedy));
    }

    fn of_the_surroundings(&self, reasons: &mut Vec<Reason>) {
        reasons.push(self.foreign.reason());
        reasons.extend(moved::so_far(self));
    }
}

pub(super) fn millis(milliseconds: f64) -> String {
    Elapsed((milliseconds * 1e6).round() as u64).to_string()
}

fn percent(share: f64) -> String {
    format!("{} %", three_digits(share * 100.0))
}
