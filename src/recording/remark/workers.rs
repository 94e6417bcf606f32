//! Single workers: one that died, one that stands still, one that a request does not let go of; and what
//! their counters say together.

use super::Notice;
use super::scene::{Scene, stand};
use crate::recording::{Sample, WorkerSample, describe_termination};
use crate::scenario::WorkerKind;
use crate::telemetry::{Deed, Event, Phase, TerminationCause};
use crate::units::{Elapsed, Stamp, letter};
use crate::words::{counted, grouped, is_or_are, length, number_of};

/// A worker's process has ended otherwise than it was told to.
pub(super) struct WorkerGone<'a> {
    worker: &'a WorkerSample,
    at: Stamp,
    status: i32,
    cause: Option<TerminationCause>,
    deaths: usize,
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
        let mut deaths = events.iter().filter_map(|(_, event)| match *event {
            Event::Died {
                at,
                worker,
                status,
                cause,
                ..
            } if status != 0 && at <= end.at => Some((worker, at, status, cause)),
            _ => None,
        });
        let (index, at, status, cause) = deaths.next_back()?;
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
            deaths: deaths.count() + 1,
            lost: lost.fold(0, u64::saturating_add),
        })
    }

    fn sentences(&self, _: &Scene<'a>) -> Vec<String> {
        let who = match self.deaths {
            1 => format!("Worker {}'s process has ended", letter(self.worker.index)),
            many => format!("{} have ended", counted(many as u64, "worker process")),
        };
        vec![
            format!("{who}, and what it had begun is lost."),
            "The arbiter forks another one for its place; the others go on.".into(),
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
    /// When somebody stopped it, if that was noted.
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
                "Worker {} stands still, with {} begun; others go on.",
                letter(self.worker.index),
                counted(self.worker.begun.count, "request")
            ),
            "Whoever it has taken in waits for it: no other worker can take them over.".into(),
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

/// When somebody stopped this worker, unless it was let go on since, or has another process.
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

/// One request or coroutine has had its worker for long, while others are there.
pub(super) struct Hog<'a> {
    worker: &'a WorkerSample,
    sample: &'a Sample,
    run: Elapsed,
    since: Stamp,
}

/// A request that has had its worker for longer than this is worth a sentence.
const LONG_RUN: Elapsed = Elapsed::from_millis(50);

impl<'a> Hog<'a> {
    /// The worker that one request has had for longest in `sample`, if that is long and others are kept
    /// waiting.
    fn of(sample: &'a Sample, kind: WorkerKind) -> Option<Self> {
        let door = sample.at_the_door();
        let has_company = |it: &&WorkerSample| door > 0 || it.begun.count > 1;
        let computes = |it: &&WorkerSample| it.phase == Phase::Running || it.lacks_a_core();
        let workers = sample.workers.iter().filter(has_company).filter(computes);
        let runs = workers.filter_map(|worker| {
            let since = worker.computes_since(kind)?;
            let run = sample.at.since(since);
            (run >= LONG_RUN).then_some(Self {
                worker,
                sample,
                run,
                since,
            })
        });
        runs.max_by_key(|hog| hog.run)
    }
}

impl<'a> Notice<'a> for Hog<'a> {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        const BY_THE_SYSTEM: f64 = 0.5;
        if scene.means.want_a_core >= BY_THE_SYSTEM || WorkerStopped::notice(scene).is_some() {
            // It is the operating system, or somebody, who makes them slow.
            return None;
        }
        // What goes on just now comes before what was longer and is over.
        let now = Self::of(scene.span.end(), scene.kind());
        now.filter(|_| scene.run.is_none()).or_else(|| {
            let samples = scene.span.samples().iter();
            let hogs = samples.filter_map(|sample| Self::of(sample, scene.kind()));
            hogs.max_by_key(|hog| hog.run)
        })
    }

    fn sentences(&self, scene: &Scene<'a>) -> Vec<String> {
        let name = letter(self.worker.index);
        let is_over = scene.run.is_some() || self.sample.at < scene.span.end().at;
        let has_had = if is_over { "had" } else { "has had" };
        let inside = self.worker.begun.count.saturating_sub(1);
        let second = match (scene.kind(), inside, self.sample.at_the_door()) {
            (WorkerKind::Sync | WorkerKind::Threads, ..) => scene.say_outside(),
            (WorkerKind::Coroutine | WorkerKind::Callback, 0, outside) => format!(
                "Nobody takes the worker from it, and {} outside.",
                stand(outside)
            ),
            (WorkerKind::Coroutine | WorkerKind::Callback, inside, 0) => format!(
                "Nobody takes the worker from it: {} in this process {} kept waiting.",
                grouped(inside),
                is_or_are(inside)
            ),
            (WorkerKind::Coroutine | WorkerKind::Callback, inside, outside) => format!(
                "Nobody takes the worker from it: {} in this process and {} outside wait.",
                grouped(inside),
                grouped(outside)
            ),
        };
        let run = length(self.run);
        vec![
            format!("One request {has_had} worker {name} for {run}."),
            second,
        ]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        let began = scene.past.header().began;
        let request = self.worker.running_request.map_or_else(
            || "a request".to_owned(),
            |request| format!("request {}", grouped(number_of(request))),
        );
        format!(
            "at {} worker {} had run {request} since {} (its slot), with {} begun in it and {} at the \
             door; {}",
            self.sample.at.since(began),
            letter(self.worker.index),
            self.since.since(began),
            grouped(self.worker.begun.count),
            grouped(self.sample.at_the_door()),
            scene.without_a_core()
        )
    }
}

/// Updates of a counter got lost between reading and writing.
pub(super) struct LostUpdates<'a> {
    counter: &'a str,
    additions: u64,
    value: u64,
}

impl<'a> Notice<'a> for LostUpdates<'a> {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        let workers = &scene.span.end().workers;
        // A worker that is read between its two words seems to have lost one.
        let read_in_between = workers.len() as u64;
        let names = scene.scenario().counters.iter().enumerate();
        let mut sums = names.map(|(index, counter)| {
            let words = workers.iter().filter_map(|it| it.counters.get(index));
            let (additions, value) =
                words.fold((0, 0), |sum, more| (sum.0 + more.0, sum.1 + more.1));
            Self {
                counter,
                additions,
                value,
            }
        });
        sums.find(|sum| sum.additions > sum.value + read_in_between)
    }

    fn sentences(&self, _: &Scene<'a>) -> Vec<String> {
        vec![
            format!(
                "{}: {} added, the counters say {}. {} lost.",
                self.counter,
                counted(self.additions, "time"),
                grouped(self.value),
                grouped(self.additions.saturating_sub(self.value))
            ),
            "The coroutine let go between reading and writing; another one read the same.".into(),
        ]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        format!(
            "{} of {} and a value of {}, summed over {}",
            counted(self.additions, "addition"),
            self.counter,
            grouped(self.value),
            counted(scene.span.end().workers.len() as u64, "worker")
        )
    }
}
