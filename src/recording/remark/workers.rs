//! Single workers: one that died, one that stands still, one that holds all requests; and their counters.

use super::Notice;
use super::scene::Scene;
use crate::recording::{Sample, WorkerSample, describe_termination};
use crate::telemetry::{Deed, Event, Phase, TerminationCause};
use crate::units::{Elapsed, Stamp, letter};
use crate::words::{counted, grouped, is_or_are};

/// A worker's process has ended otherwise than it was told to.
pub(super) struct WorkerGone<'a> {
    worker: &'a WorkerSample,
    at: Stamp,
    status: i32,
    cause: Option<TerminationCause>,
    deaths: usize,
    /// What all of them have in common, in words.
    common: Option<String>,
    lost: u64,
}

impl<'a> Notice<'a> for WorkerGone<'a> {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        let (begin, end) = (scene.span.begin(), scene.span.end());
        let changed = |worker: &&WorkerSample| {
            let before = scene.span.before(worker);
            worker.phase == Phase::Gone || before.is_some_and(|it| it.pid != worker.pid)
        };
        // Most of the time nobody dies, and there is no list to go through.
        end.workers.iter().find(changed)?;
        let events = &scene.past.events()[begin.seen.events.min(end.seen.events)..];
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
        let timeout = scene.scenario().server.timeout;
        let said = describe_termination(status, cause, timeout);
        let is_common =
            |(_, _, status, cause)| describe_termination(status, cause, timeout) == said;
        let common = deaths.clone().all(is_common).then_some(said);
        // An exit status alone is no cause.
        let is_known = matches!(
            cause,
            Some(TerminationCause::Silent | TerminationCause::Overdue)
        );
        let common = common.filter(|_| is_known);
        let worker = end.workers.iter().find(|it| it.index == index as usize)?;
        let lost = end.workers.iter().map(|worker| {
            let before = scene.span.before(worker).map_or(0, |it| it.lost_tasks);
            worker.lost_tasks.saturating_sub(before)
        });
        Some(Self {
            worker,
            at,
            status,
            cause,
            deaths: deaths.count(),
            common,
            lost: lost.fold(0, u64::saturating_add),
        })
    }

    fn sentences(&self, scene: &Scene<'a>) -> Vec<String> {
        let common = self.common.as_ref();
        let common = common.map_or_else(String::new, |it| format!(" ({it})"));
        let first = match self.deaths {
            1 => format!(
                "Worker {}'s process ended at {}{common}; the requests that it had begun are lost.",
                letter(self.worker.index),
                self.at.since(scene.past.header().began)
            ),
            many => format!(
                "{} ended {}{common}; the requests that they had begun are lost.",
                counted(many as u64, "worker process"),
                scene.when()
            ),
        };
        vec![
            first,
            "The arbiter forks another process for its place; the other workers go on.".into(),
        ]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        format!(
            "the arbiter reaped worker {} at {} ({}); {} had been begun and {} lost",
            letter(self.worker.index),
            self.at.since(scene.past.header().began),
            describe_termination(self.status, self.cause, scene.scenario().server.timeout),
            counted(self.lost, "request"),
            is_or_are(self.lost)
        )
    }
}

/// A worker stands still while others go on.
pub(super) struct WorkerStopped<'a> {
    worker: &'a WorkerSample,
    /// When it was stopped, if that was noted.
    told: Option<Stamp>,
}

impl<'a> Notice<'a> for WorkerStopped<'a> {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        if scene.run.is_some() {
            // Of a run as a whole the markers tell.
            return None;
        }
        scene.living().find_map(|worker| {
            let told = told_to_stop(scene, worker);
            let applies = told.is_some() || stands_still(scene, worker);
            applies.then_some(Self { worker, told })
        })
    }

    fn sentences(&self, _: &Scene<'a>) -> Vec<String> {
        vec![
            format!(
                "Worker {} stands still, with {} begun now; the other workers go on.",
                letter(self.worker.index),
                counted(self.worker.begun.count, "request")
            ),
            "Its requests wait for it: no other worker can take them over.".into(),
        ]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        let (began, now) = (scene.past.header().began, scene.span.end().at);
        match self.told {
            Some(told) => format!(
                "marker: stopped at {}, {} ago",
                told.since(began),
                now.since(told)
            ),
            None => format!("the system finds its process stopped ({})", scene.samples()),
        }
    }
}

/// When this worker was stopped, unless it was continued since, or has another process.
fn told_to_stop(scene: &Scene<'_>, worker: &WorkerSample) -> Option<Stamp> {
    let mut latest_first = scene.past.markers().iter().rev();
    latest_first.find_map(|marker| match marker.deed {
        Deed::StopWorker(slot) if usize::from(slot) == worker.index => Some(Some(marker.at)),
        Deed::ContinueWorker(slot) | Deed::KillWorker(slot)
            if usize::from(slot) == worker.index =>
        {
            Some(None)
        }
        Deed::Reload => Some(None),
        Deed::StopWorker(_)
        | Deed::ContinueWorker(_)
        | Deed::KillWorker(_)
        | Deed::AddWorker
        | Deed::RemoveWorker
        | Deed::SetLoad(_)
        | Deed::SetRate(_)
        | Deed::SetClients(_)
        | Deed::Send(_) => None,
    })?
}

/// Whether a signal has stopped a worker for nearly as long as the span is.
fn stands_still(scene: &Scene<'_>, worker: &WorkerSample) -> bool {
    const LONG: Elapsed = Elapsed::from_millis(900);
    let is_same = |sample: &Sample| {
        let mut workers = sample.workers.iter();
        workers.any(|then| (then.index, then.pid) == (worker.index, worker.pid) && then.is_stopped)
    };
    scene.span.length() >= LONG && scene.span.samples().iter().all(is_same)
}

/// Updates of a counter got lost between reading and writing.
pub(super) struct LostUpdates<'a> {
    counter: &'a str,
    /// Over all workers.
    additions: u64,
    value: u64,
    /// Workers in which some got lost.
    workers: usize,
}

impl<'a> Notice<'a> for LostUpdates<'a> {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        let workers = &scene.span.end().workers;
        let names = scene.scenario().counters.iter().enumerate();
        let mut sums = names.map(|(index, counter)| {
            let words = workers.iter().filter_map(|it| it.counters.get(index));
            // A worker that is read between its two words seems to have lost one.
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

    fn sentences(&self, _: &Scene<'a>) -> Vec<String> {
        vec![
            format!(
                "Counter {}: {} so far, and its value is {}: {} lost.",
                self.counter,
                counted(self.additions, "addition"),
                grouped(self.value),
                grouped(self.additions.saturating_sub(self.value))
            ),
            "A coroutine let go between reading and writing; another read the same value.".into(),
        ]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        format!(
            "{} of {} and a value of {}, summed over {}; {} of them lost some",
            counted(self.additions, "addition"),
            self.counter,
            grouped(self.value),
            counted(scene.span.end().workers.len() as u64, "worker"),
            grouped(self.workers as u64)
        )
    }
}
