//! Activity of each worker over a span: a mean over all workers hides the one of ten that is stuck.
//!
//! The blocked time of a worker is the sum over its own log, if complete. If records are missing, samples
//! are used, and sentences say so.

use crate::{Sample, Span, WorkerSample};
use concsim_engine::telemetry::{Event, Phase};
use concsim_model::units::{Elapsed, Stamp};

/// Activity of one worker.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct WorkerSampleCounts {
    /// Slot of the worker.
    pub(super) worker: usize,
    /// Number of samples in which it lives …
    pub(super) sample_count: usize,
    /// … and in which it was blocked.
    pub(super) found_blocked: usize,
    /// Time from the first of these samples to the last, without gaps in which the slot had no process.
    pub(super) present: Elapsed,
    /// True if `present` is less than the whole span.
    pub(super) began_late: bool,
    /// Time for which it was blocked meanwhile, by its log; [`None`] if the log is not complete.
    pub(super) blocked: Option<Elapsed>,
    begun: u64,
    begun_while_blocked: u64,
}

impl WorkerSampleCounts {
    /// Share of its time in which it was blocked: by its log, or else by samples.
    pub(super) fn blocked_share(&self) -> f64 {
        match self.blocked {
            Some(blocked) => blocked.0 as f64 / self.present.0.max(1) as f64,
            None => self.found_blocked as f64 / self.sample_count.max(1) as f64,
        }
    }

    /// Requests that it had begun, on average over the samples.
    pub(super) fn begun(&self) -> f64 {
        self.begun as f64 / self.sample_count.max(1) as f64
    }

    /// Mean number of requests begun over the samples that found it blocked; [`None`] if none did.
    pub(super) fn begun_while_blocked(&self) -> Option<f64> {
        let found = self.found_blocked;
        (found > 0).then(|| self.begun_while_blocked as f64 / found as f64)
    }

    fn add_sample(&mut self, worker: &WorkerSample) {
        self.sample_count += 1;
        self.begun += worker.begun.count;
        if worker.phase == Phase::Blocked {
            self.found_blocked += 1;
            self.begun_while_blocked += worker.begun.count;
        }
    }
}

fn lives(worker: &WorkerSample) -> bool {
    worker.phase != Phase::Gone
}

/// The last sample of `span` in which a worker lives: a finished run ends without workers.
pub(super) fn last_with_workers<'a>(span: &Span<'a>) -> &'a Sample {
    let mut latest_first = span.samples().iter().rev();
    let found = latest_first.find(|sample| sample.workers.iter().any(lives));
    found.unwrap_or_else(|| span.end())
}

/// Computes the activity of each worker that lives at the end of `span`, by slot. `log`: the workers'
/// switches since the beginning of the span, if complete; `events`: include the ends of processes.
pub(super) fn of(
    span: &Span<'_>,
    log: Option<&[(u16, Event)]>,
    events: &[(u16, Event)],
) -> Vec<WorkerSampleCounts> {
    let end = last_with_workers(span);
    let slots = end.workers.iter().map(|worker| worker.index + 1);
    let mut all: Vec<Option<WorkerSampleCounts>> = vec![None; slots.max().unwrap_or(0)];
    let mut seen: Vec<Option<(Stamp, Stamp)>> = vec![None; all.len()];
    for worker in end.workers.iter().filter(|it| lives(it)) {
        all[worker.index] = Some(WorkerSampleCounts {
            worker: worker.index,
            ..WorkerSampleCounts::default()
        });
    }
    let mut before = span.begin().at;
    for sample in span.samples() {
        for worker in sample.workers.iter().filter(|it| lives(it)) {
            let Some(Some(looks)) = all.get_mut(worker.index) else {
                continue;
            };
            looks.add_sample(worker);
            let (from, to) = seen[worker.index].unwrap_or((sample.at, sample.at));
            if to == before {
                looks.present += sample.at.since(to);
            }
            seen[worker.index] = Some((from, sample.at));
        }
        before = sample.at;
    }
    for (looks, seen) in all.iter_mut().zip(seen) {
        if let (Some(looks), Some(seen)) = (looks, seen) {
            looks.began_late = looks.present < end.at.since(span.begin().at);
            looks.blocked = log.map(|log| {
                let recorded = waits(log, looks.worker).into_iter();
                let all = recorded.chain(cut_short(span, events, looks.worker));
                blocked(all.collect(), end, looks, seen)
            });
        }
    }
    all.into_iter().flatten().collect()
}

/// Waits of a worker in its log. A process notes the end of a call when it gets a core again: the following
/// run slice has the time at which it became ready.
fn waits(log: &[(u16, Event)], worker: usize) -> Vec<(Stamp, Stamp)> {
    let own = log.iter().filter(|(slot, _)| usize::from(*slot) == worker);
    let mut waits: Vec<(Stamp, Stamp)> = Vec::new();
    for (_, event) in own {
        match event {
            Event::BlockedIn { from, to, .. } => waits.push((*from, *to)),
            Event::RunSlice(ran) => {
                let last = waits.last_mut();
                if let Some(last) = last.filter(|it| it.0 < ran.ready && ran.ready < it.1) {
                    last.1 = ran.ready;
                }
            }
            _ => {}
        }
    }
    waits
}

/// Waits that ended with the process of a worker, which died before logging them. If its slot was empty
/// afterwards, only the time up to the last sample before counts, as in [`WorkerSampleCounts::present`].
fn cut_short(
    span: &Span<'_>,
    events: &[(u16, Event)],
    worker: usize,
) -> impl Iterator<Item = (Stamp, Stamp)> {
    let living = move |sample: &'_ Sample| {
        let mut workers = sample.workers.iter();
        let own = workers.find(|it| it.index == worker && lives(it));
        own.map(|it| (it.pid, it.phase, it.phase_since))
    };
    span.samples().windows(2).filter_map(move |pair| {
        let (pid, phase, since) = living(&pair[0])?;
        let next = living(&pair[1]).map(|it| it.0);
        if phase != Phase::Blocked || next == Some(pid) {
            return None;
        }
        let death = events.iter().rev().find_map(|(_, event)| match event {
            Event::Died { at, pid: dead, .. } if *dead == pid => Some(*at),
            _ => None,
        });
        let until = death.filter(|_| next.is_some()).unwrap_or(pair[0].at);
        Some((since, until))
    })
}

/// Time for which a worker was blocked in these waits between two instants. A wait in progress at the end
/// may not be in its log yet.
fn blocked(
    mut waits: Vec<(Stamp, Stamp)>,
    end: &Sample,
    looks: &WorkerSampleCounts,
    (from, to): (Stamp, Stamp),
) -> Elapsed {
    let (mut all, mut covered) = (Elapsed::ZERO, from);
    let mut add = |since: Stamp, until: Stamp| {
        let (since, until) = (since.max(covered), until.min(to));
        if since < until {
            all += until.since(since);
            covered = until;
        }
    };
    waits.sort_unstable();
    for (from, to) in waits {
        add(from, to);
    }
    let now = end.workers.iter().find(|it| it.index == looks.worker);
    if let Some(now) = now.filter(|it| it.phase == Phase::Blocked) {
        add(now.phase_since, end.at);
    }
    all.min(looks.present)
}
