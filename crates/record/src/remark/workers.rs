//! Remarks on single workers: a worker that died, one that is stopped, one that holds all requests; and on
//! counters.

use super::Check;
use super::scene::Context;
use crate::{Sample, WorkerSample, describe_termination};
use concsim_engine::telemetry::{Event, Phase, TerminationCause};
use concsim_model::scenario::{Accept, Intervention};
use concsim_model::units::{Elapsed, Stamp, letter};
use concsim_model::words::{counted, grouped};

/// A worker's process has ended without being told to.
pub(super) struct WorkerGone<'a> {
    worker: &'a WorkerSample,
    at: Stamp,
    status: i32,
    cause: Option<TerminationCause>,
    deaths: usize,
    /// Cause common to all of these deaths.
    common: Option<String>,
    lost_requests: u64,
}

impl<'a> Check<'a> for WorkerGone<'a> {
    fn notice(context: &Context<'a>) -> Option<Self> {
        let (begin, end) = (context.span.begin(), context.span.end());
        let changed = |worker: &&WorkerSample| {
            let before = context.span.worker_at_begin(worker);
            worker.phase == Phase::Gone || before.is_some_and(|it| it.pid != worker.pid)
        };
        // Usually no worker has died, and the list need not be read.
        end.workers.iter().find(changed)?;
        let events = &context.snapshot.events()[begin.seen.events.min(end.seen.events)..];
        let deaths = events.iter().filter_map(|(_, event)| match *event {
            Event::Died {
                at,
                worker,
                status,
                cause,
                ..
            } if status != 0 && at <= end.at => Some((worker, at, status, cause)),
            _ => None,
        });
        let (index, at, status, cause) = deaths.clone().next_back()?;
        let timeout = context.scenario().server.timeout;
        let text = describe_termination(status, cause, timeout);
        let is_common =
            |(_, _, status, cause)| describe_termination(status, cause, timeout) == text;
        let common = deaths.clone().all(is_common).then_some(text);
        // An exit status alone is no cause.
        let is_known = matches!(
            cause,
            Some(TerminationCause::Silent | TerminationCause::Overdue)
        );
        let common = common.filter(|_| is_known);
        let worker = end.workers.iter().find(|it| it.index == index as usize)?;
        let lost = end.workers.iter().map(|worker| {
            let before = context
                .span
                .worker_at_begin(worker)
                .map_or(0, |it| it.lost_tasks);
            worker.lost_tasks.saturating_sub(before)
        });
        Some(Self {
            worker,
            at,
            status,
            cause,
            deaths: deaths.count(),
            common,
            lost_requests: lost.fold(0, u64::saturating_add),
        })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let common = self.common.as_ref();
        let common = common.map_or_else(String::new, |it| format!(" ({it})"));
        let (ended, has, its, queue) = match self.deaths {
            1 => (
                format!(
                    "Worker {}'s process ended at {}{common}",
                    letter(self.worker.index),
                    self.at.since(context.snapshot.header().began)
                ),
                "It had",
                "it had",
                "its own queue",
            ),
            many => (
                format!(
                    "{} ended {}{common}",
                    counted(many as u64, "worker process"),
                    context.interval_name()
                ),
                "They had",
                "they had",
                "their own queues",
            ),
        };
        let has_own_queue = context.scenario().server.accept == Accept::Reuseport;
        let first = match self.lost_requests {
            0 if has_own_queue => format!("{ended}. {has} no request begun."),
            0 => format!("{ended}. {has} no request begun, so none is lost."),
            1 => format!("{ended}, and the request that {its} begun is lost."),
            many => format!(
                "{ended}, and the {} requests that {its} begun are lost.",
                grouped(many)
            ),
        };
        let first = if has_own_queue {
            format!("{first} Connections in {queue} are reset.")
        } else {
            first
        };
        let forks = "The arbiter forks another process for its place";
        let others = context.living();
        let others = others.filter(|it| it.index != self.worker.index && !it.is_stopped);
        let second = match others.count() {
            0 => format!("{forks}."),
            1 => format!("{forks}, and the other worker goes on."),
            _ => format!("{forks}, and the other workers go on."),
        };
        vec![first, second]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        format!(
            "the arbiter reaped worker {} at {} ({}); {} begun and lost {}",
            letter(self.worker.index),
            self.at.since(context.snapshot.header().began),
            describe_termination(self.status, self.cause, context.scenario().server.timeout),
            counted(self.lost_requests, "request"),
            context.interval_name()
        )
    }
}

/// A worker is stopped while others run.
pub(super) struct WorkerStopped<'a> {
    worker: &'a WorkerSample,
    /// Time at which it was stopped, if noted.
    marked_at: Option<Stamp>,
}

impl<'a> Check<'a> for WorkerStopped<'a> {
    fn notice(context: &Context<'a>) -> Option<Self> {
        if context.run.is_some() {
            // For a whole run the markers report this.
            return None;
        }
        context.living().find_map(|worker| {
            let marked_at = stopped_at(context, worker);
            let applies = marked_at.is_some() || was_stopped(context, worker);
            applies.then_some(Self { worker, marked_at })
        })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let others = context.living().filter(|it| it.index != self.worker.index);
        let others = others.filter(|it| stopped_at(context, it).is_none() && !it.is_stopped);
        let go_on = match others.count() {
            0 => "",
            1 => ", and the other worker goes on",
            _ => ", and other workers go on",
        };
        let begun = self.worker.begun.count;
        let first = format!(
            "Worker {} stands still, with {} begun now{go_on}.",
            letter(self.worker.index),
            counted(begun, "request")
        );
        let wait = (begun > 0)
            .then(|| "Its requests wait, because no other worker can take them over.".to_owned());
        std::iter::once(first).chain(wait).collect()
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        let (began, now) = (context.snapshot.header().began, context.span.end().at);
        match self.marked_at {
            Some(at) => format!(
                "marker: stopped at {}, {} ago",
                at.since(began),
                now.since(at)
            ),
            None => format!(
                "the system finds its process stopped ({})",
                context.samples()
            ),
        }
    }
}

/// Time at which this worker was stopped, unless it was continued since or has another process.
fn stopped_at(context: &Context<'_>, worker: &WorkerSample) -> Option<Stamp> {
    let mut latest_first = context.snapshot.markers().iter().rev();
    latest_first.find_map(|marker| {
        let is_its = marker.worker.map(usize::from) == Some(worker.index);
        match marker.intervention {
            Intervention::StopWorker if is_its => Some(Some(marker.at)),
            Intervention::ContinueWorker | Intervention::KillWorker if is_its => Some(None),
            Intervention::Reload => Some(None),
            Intervention::StopWorker
            | Intervention::ContinueWorker
            | Intervention::KillWorker
            | Intervention::AddWorker
            | Intervention::RemoveWorker
            | Intervention::SetLoad(_)
            | Intervention::SetRate(_)
            | Intervention::SetClients(_)
            | Intervention::Send(_) => None,
        }
    })?
}

/// True if a signal has stopped a worker for nearly the whole span.
fn was_stopped(context: &Context<'_>, worker: &WorkerSample) -> bool {
    const MIN_SPAN: Elapsed = Elapsed::from_millis(900);
    let is_same = |sample: &Sample| {
        let mut workers = sample.workers.iter();
        workers.any(|then| (then.index, then.pid) == (worker.index, worker.pid) && then.is_stopped)
    };
    context.span.length() >= MIN_SPAN && context.span.samples().iter().all(is_same)
}

/// Updates of a counter got lost between reading and writing.
pub(super) struct LostUpdates<'a> {
    counter: &'a str,
    /// Additions over all workers.
    additions: u64,
    value: u64,
    /// Number of workers in which updates got lost.
    workers: usize,
}

impl<'a> Check<'a> for LostUpdates<'a> {
    fn notice(context: &Context<'a>) -> Option<Self> {
        let workers = &context.span.end().workers;
        let names = context.scenario().counters.iter().enumerate();
        let mut sums = names.map(|(index, counter)| {
            let words = workers.iter().filter_map(|it| it.counters.get(index));
            // A worker that is read between its two counters seems to have lost one.
            let has_lost = |(additions, value): &&(u64, u64)| *additions > value.saturating_add(1);
            let losing = words.clone().filter(has_lost).count();
            let (additions, value) =
                words.fold((0, 0), |sum, more| (sum.0 + more.0, sum.1 + more.1));
            Self {
                counter,
                additions,
                value,
                workers: losing,
            }
        });
        sums.find(|sum| sum.workers > 0)
    }

    fn sentences(&self, _: &Context<'a>) -> Vec<String> {
        vec![
            format!(
                "Counter {} got {} so far and is at {}, so {} lost.",
                self.counter,
                counted(self.additions, "addition"),
                grouped(self.value),
                match self.additions.saturating_sub(self.value) {
                    1 => "1 is".to_owned(),
                    lost => format!("{} are", grouped(lost)),
                }
            ),
            "Two requests read the same value, and the second to write overwrote the first.".into(),
        ]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        format!(
            "{} of {} and a value of {}, summed over {}; {} with losses",
            counted(self.additions, "addition"),
            self.counter,
            grouped(self.value),
            counted(context.span.end().workers.len() as u64, "worker"),
            grouped(self.workers as u64)
        )
    }
}
