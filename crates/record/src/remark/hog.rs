//! Hogs: a request or coroutine that has its worker for unusually long, while others wait.

use std::cmp::Reverse;

use super::Check;
use super::scene::{Context, was_or_were};
use super::unusual::{UsualRun, classes};
use super::workers::WorkerStopped;
use crate::{Sample, WorkerSample};
use concsim_engine::telemetry::Phase;
use concsim_model::scenario::WorkerKind;
use concsim_model::units::{Elapsed, Stamp, letter};
use concsim_model::words::{counted, grouped, is_or_are, length, number_of};

/// Minimum time that a request has had its worker for a remark.
pub const LONG_RUN: Elapsed = Elapsed::from_millis(50);

/// A request or coroutine has had its worker for unusually long, while others wait.
pub(super) struct Hog<'a> {
    worker: &'a WorkerSample,
    sample: &'a Sample,
    /// Requests at the door then.
    door: u64,
    run: Elapsed,
    since: Stamp,
    /// Usual run in this scenario.
    usual: Elapsed,
}

/// Workers that one request has had for long in `sample`, while others wait.
fn long_runs<'a>(
    context: &Context<'a>,
    sample: &'a Sample,
    usual: Elapsed,
) -> impl Iterator<Item = Hog<'a>> {
    let computes = |it: &&WorkerSample| it.phase == Phase::Running || it.lacks_a_core();
    let workers = sample.workers.iter().filter(computes);
    workers.filter_map(move |worker| {
        let since = worker.computes_since(context.kind())?;
        let run = sample.at.since(since);
        if run < LONG_RUN {
            return None;
        }
        let door = context.at_the_door(sample);
        let has_company = door > 0 || worker.begun.count > 1;
        has_company.then_some(Hog {
            worker,
            sample,
            door,
            run,
            since,
            usual,
        })
    })
}

impl<'a> Check<'a> for Hog<'a> {
    fn notice(context: &Context<'a>) -> Option<Self> {
        const BY_THE_SYSTEM: f64 = 0.5;
        if context.means.want_a_core >= BY_THE_SYSTEM || WorkerStopped::notice(context).is_some() {
            // The operating system, or an intervention, slows the workers down.
            return None;
        }
        let usual = UsualRun::of(context.snapshot.header());
        let of = |sample| long_runs(context, sample, usual.run());
        let samples = context.span.samples().iter();
        let mut runs: Vec<Self> = samples.flat_map(of).collect();
        // A run in progress precedes a longer one that is over.
        let goes_on = |hog: &Self| context.run.is_none() && hog.sample.at == context.span.end().at;
        runs.sort_by_key(|hog| Reverse((goes_on(hog), hog.run)));
        let requests = runs.iter().filter_map(|hog| hog.worker.running_request);
        let classes = classes(&context.snapshot, requests);
        runs.into_iter()
            .find(|hog| match hog.worker.running_request {
                Some(request) => classes
                    .get(&request)
                    .is_some_and(|class| usual.is_exceeded_by(*class, request)),
                None => usual.is_exceeded_by_run(hog.run),
            })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let worker = letter(self.worker.index);
        let is_over = context.run.is_some() || self.sample.at < context.span.end().at;
        let (request, run) = (self.request(), length(self.run));
        let usual = match self.usual {
            Elapsed::ZERO => "a typical request of this scenario lets go at once".to_owned(),
            usual => format!(
                "a typical request of this scenario keeps one for {} (computed)",
                length(usual)
            ),
        };
        let first = if is_over {
            let at = self.sample.at.since(context.snapshot.header().began);
            format!(
                "At {at} {} had kept worker {worker} for {run}, and {usual}.",
                request.to_lowercase()
            )
        } else {
            format!("{request} has kept worker {worker} for {run} now, and {usual}.")
        };
        vec![first, self.waiting(context.kind(), is_over)]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        let began = context.snapshot.header().began;
        format!(
            "at {} worker {} had run {} since {} (its slot), with {} begun in it and {} at the door; {}",
            self.sample.at.since(began),
            letter(self.worker.index),
            self.request().to_lowercase(),
            self.since.since(began),
            grouped(self.worker.begun.count),
            grouped(self.door),
            context.without_a_core()
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

    /// Describes the requests that waited, at the instant of the sample.
    fn waiting(&self, kind: WorkerKind, is_over: bool) -> String {
        let (inside, outside) = (self.worker.begun.count.saturating_sub(1), self.door);
        let outside = (outside > 0).then(|| {
            let are = if is_over {
                was_or_were(outside as usize)
            } else {
                is_or_are(outside)
            };
            format!("{} {are} at the door", counted(outside, "request"))
        });
        let has_others = kind.has_a_loop() && inside > 0;
        let inside = has_others.then(|| {
            let inside = counted(inside, "other request");
            let could = if is_over { "could not" } else { "cannot" };
            format!("{inside} begun in this process {could} go on")
        });
        let text: Vec<String> = inside.into_iter().chain(outside).collect();
        let line = text.join(", and ");
        if kind.has_a_loop() {
            format!("A coroutine is not interrupted. Meanwhile {line}.")
        } else {
            format!("Meanwhile {line}.")
        }
    }
}
