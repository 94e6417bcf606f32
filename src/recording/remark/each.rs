//! What each worker did over a span, by looks at it: a mean over all workers hides the one of ten that is
//! stuck.

use crate::recording::{Sample, Span, WorkerSample};
use crate::telemetry::Phase;

/// What one worker was found doing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Looks {
    /// Its slot.
    pub(super) worker: usize,
    /// How often it was looked at.
    all: usize,
    blocked: usize,
    begun: u64,
    begun_while_blocked: u64,
}

impl Looks {
    /// Share of its time in which it was blocked.
    pub(super) fn blocked(&self) -> f64 {
        self.share(self.blocked)
    }

    /// Requests that it had begun, on average.
    pub(super) fn begun(&self) -> f64 {
        self.begun as f64 / self.all.max(1) as f64
    }

    /// The same of the looks that found it blocked.
    pub(super) fn begun_while_blocked(&self) -> f64 {
        self.begun_while_blocked as f64 / self.blocked.max(1) as f64
    }

    fn share(&self, found: usize) -> f64 {
        found as f64 / self.all.max(1) as f64
    }

    fn look(&mut self, worker: &WorkerSample) {
        self.all += 1;
        self.begun += worker.begun.count;
        if worker.phase == Phase::Blocked {
            self.blocked += 1;
            self.begun_while_blocked += worker.begun.count;
        }
    }
}

/// The last sample of `span` in which a worker lives: a run that is over ends without any.
pub(super) fn last_with_workers<'a>(span: &Span<'a>) -> &'a Sample {
    let lives = |worker: &WorkerSample| worker.phase != Phase::Gone;
    let mut latest_first = span.samples().iter().rev();
    let found = latest_first.find(|sample| sample.workers.iter().any(lives));
    found.unwrap_or_else(|| span.end())
}

/// One for each worker that lives at the end of `span`, by slot.
pub(super) fn of(span: &Span<'_>) -> Vec<Looks> {
    let end = last_with_workers(span);
    let slots = end.workers.iter().map(|worker| worker.index + 1);
    let mut all: Vec<Option<Looks>> = vec![None; slots.max().unwrap_or(0)];
    for worker in end.workers.iter().filter(|it| it.phase != Phase::Gone) {
        all[worker.index] = Some(Looks {
            worker: worker.index,
            ..Looks::default()
        });
    }
    let workers = span.samples().iter().flat_map(|sample| &sample.workers);
    for worker in workers.filter(|worker| worker.phase != Phase::Gone) {
        if let Some(Some(looks)) = all.get_mut(worker.index) {
            looks.look(worker);
        }
    }
    all.into_iter().flatten().collect()
}
