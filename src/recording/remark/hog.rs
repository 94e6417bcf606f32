//! A hog: one request or coroutine that has its worker for unusually long, while others wait.

use std::cmp::Reverse;

use super::Notice;
use super::scene::{Scene, was_or_were};
use super::unusual::{Usual, classes};
use super::workers::WorkerStopped;
use crate::recording::{Sample, WorkerSample};
use crate::scenario::WorkerKind;
use crate::telemetry::Phase;
use crate::units::{Elapsed, Stamp, letter};
use crate::words::{counted, grouped, is_or_are, length, number_of};

/// A request that has had its worker for longer than this is worth a sentence.
pub(crate) const LONG_RUN: Elapsed = Elapsed::from_millis(50);

/// One request or coroutine has had its worker for unusually long, while others are there.
pub(super) struct Hog<'a> {
    worker: &'a WorkerSample,
    sample: &'a Sample,
    run: Elapsed,
    since: Stamp,
    /// What is usual in this scenario.
    usual: Elapsed,
}

/// A worker that one request has had for long in `sample`, while others are kept waiting.
fn long_runs(sample: &Sample, kind: WorkerKind, usual: Elapsed) -> impl Iterator<Item = Hog<'_>> {
    let door = sample.at_the_door();
    let has_company = move |it: &&WorkerSample| door > 0 || it.begun.count > 1;
    let computes = |it: &&WorkerSample| it.phase == Phase::Running || it.lacks_a_core();
    let workers = sample.workers.iter().filter(has_company).filter(computes);
    workers.filter_map(move |worker| {
        let since = worker.computes_since(kind)?;
        let run = sample.at.since(since);
        (run >= LONG_RUN).then_some(Hog {
            worker,
            sample,
            run,
            since,
            usual,
        })
    })
}

impl<'a> Notice<'a> for Hog<'a> {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        const BY_THE_SYSTEM: f64 = 0.5;
        if scene.means.want_a_core >= BY_THE_SYSTEM || WorkerStopped::notice(scene).is_some() {
            // The operating system, or an intervention, makes them slow.
            return None;
        }
        let usual = Usual::of(scene.scenario());
        let of = |sample| long_runs(sample, scene.kind(), usual.run());
        let samples = scene.span.samples().iter();
        let mut runs: Vec<Self> = samples.flat_map(of).collect();
        // A run that goes on comes before a longer one that is over.
        let goes_on = |hog: &Self| scene.run.is_none() && hog.sample.at == scene.span.end().at;
        runs.sort_by_key(|hog| Reverse((goes_on(hog), hog.run)));
        let requests = runs.iter().filter_map(|hog| hog.worker.running_request);
        let classes = classes(&scene.past, requests);
        runs.into_iter()
            .find(|hog| match hog.worker.running_request {
                Some(request) => classes
                    .get(&request)
                    .is_some_and(|class| usual.is_exceeded_by(*class, request)),
                None => usual.is_exceeded_by_run(hog.run),
            })
    }

    fn sentences(&self, scene: &Scene<'a>) -> Vec<String> {
        let worker = letter(self.worker.index);
        let is_over = scene.run.is_some() || self.sample.at < scene.span.end().at;
        let (request, run) = (self.request(), length(self.run));
        let usual = match self.usual {
            Elapsed::ZERO => "most requests of this scenario let go at once".to_owned(),
            usual => format!(
                "most requests of this scenario keep one for {} at most",
                length(usual)
            ),
        };
        let first = if is_over {
            let at = self.sample.at.since(scene.past.header().began);
            format!("{request} had kept worker {worker} for {run} at {at}; {usual}.")
        } else {
            format!("{request} has kept worker {worker} for {run} now; {usual}.")
        };
        vec![first, self.who_waited(scene.kind(), is_over)]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        let began = scene.past.header().began;
        format!(
            "at {} worker {} had run {} since {} (its slot), with {} begun in it and {} at the door; {}",
            self.sample.at.since(began),
            letter(self.worker.index),
            self.request().to_lowercase(),
            self.since.since(began),
            grouped(self.worker.begun.count),
            grouped(self.sample.at_the_door()),
            scene.without_a_core()
        )
    }
}

impl Hog<'_> {
    fn request(&self) -> String {
        self.worker.running_request.map_or_else(
            || "One request".to_owned(),
            |request| format!("Request {}", grouped(number_of(request))),
        )
    }

    /// The requests that waited meanwhile, at the instant of the look.
    fn who_waited(&self, kind: WorkerKind, is_over: bool) -> String {
        let (inside, outside) = (
            self.worker.begun.count.saturating_sub(1),
            self.sample.at_the_door(),
        );
        let are = if is_over {
            was_or_were(outside as usize)
        } else {
            is_or_are(outside)
        };
        let wait = match (is_over, inside + outside) {
            (false, 1) => "waits",
            (false, _) => "wait",
            (true, _) => "waited",
        };
        let inside = counted(inside, "other request");
        let outside_said = grouped(outside);
        match (kind, self.worker.begun.count, outside) {
            (WorkerKind::Coroutine | WorkerKind::Callback, 2.., 0) => {
                format!("Nothing takes the worker from it: {inside} in this process {wait}.")
            }
            (WorkerKind::Coroutine | WorkerKind::Callback, 2.., _) => format!(
                "Nothing takes the worker from it: {inside} in this process and {outside_said} at the \
                 door {wait}."
            ),
            (WorkerKind::Coroutine | WorkerKind::Callback, ..) => format!(
                "Nothing takes the worker from it, and {} {are} at the door.",
                counted(outside, "request")
            ),
            (WorkerKind::Sync | WorkerKind::Threads, ..) => {
                let at = counted(outside, "request");
                format!("{at} {are} at the door meanwhile.")
            }
        }
    }
}
