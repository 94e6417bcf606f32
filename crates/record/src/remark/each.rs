//! Activity of each worker over a span: a mean over all workers hides the one of ten that is stuck.
//!
//! The time in which a worker was blocked is added up from its own log where that is whole. Where records
//! are missing, samples have to do, and sentences say so.

use crate::{Sample, Span, WorkerSample};
use concsim_engine::telemetry::{Event, Phase};
use concsim_model::units::{Elapsed, Stamp};

/// Activity of one worker.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Looks {
    /// Its slot.
    pub(super) worker: usize,
    /// Samples in which it lives …
    pub(super) all: usize,
    /// … and those of them that found it blocked.
    pub(super) found_blocked: usize,
    /// From the first of them to the last, without the gaps in which its slot had no process.
    pub(super) there: Elapsed,
    /// True if that is less than the whole span.
    pub(super) came_late: bool,
    /// For how long it was blocked meanwhile, by its log; [`None`] if the log is not whole.
    pub(super) blocked: Option<Elapsed>,
    begun: u64,
    begun_while_blocked: u64,
}

impl Looks {
    /// Share of its time in which it was blocked: by its log, or else by samples.
    pub(super) fn blocked_share(&self) -> f64 {
        match self.blocked {
            Some(blocked) => blocked.0 as f64 / self.there.0.max(1) as f64,
            None => self.found_blocked as f64 / self.all.max(1) as f64,
        }
    }

    /// Requests that it had begun, on average over the samples.
    pub(super) fn begun(&self) -> f64 {
        self.begun as f64 / self.all.max(1) as f64
    }

    /// The same over the samples that found it blocked; [`None`] if none did.
    pub(super) fn begun_while_blocked(&self) -> Option<f64> {
        let found = self.found_blocked;
        (found > 0).then(|| self.begun_while_blocked as f64 / found as f64)
    }

    fn look(&mut self, worker: &WorkerSample) {
        self.all += 1;
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

/// The last sample of `span` in which a worker lives: a run that is over ends without any.
pub(super) fn last_with_workers<'a>(span: &Span<'a>) -> &'a Sample {
    let mut latest_first = span.samples().iter().rev();
    let found = latest_first.find(|sample| sample.workers.iter().any(lives));
    found.unwrap_or_else(|| span.end())
}

/// One for each worker that lives at the end of `span`, by slot. `log`: what workers told since the
/// beginning of the span, if that is whole; `events`: among them the ends of processes.
pub(super) fn of(
    span: &Span<'_>,
    log: Option<&[(u16, Event)]>,
    events: &[(u16, Event)],
) -> Vec<Looks> {
    let end = last_with_workers(span);
    let slots = end.workers.iter().map(|worker| worker.index + 1);
    let mut all: Vec<Option<Looks>> = vec![None; slots.max().unwrap_or(0)];
    let mut seen: Vec<Option<(Stamp, Stamp)>> = vec![None; all.len()];
    for worker in end.workers.iter().filter(|it| lives(it)) {
        all[worker.index] = Some(Looks {
            worker: worker.index,
            ..Looks::default()
        });
    }
    let mut before = span.begin().at;
    for sample in span.samples() {
        for worker in sample.workers.iter().filter(|it| lives(it)) {
            let Some(Some(looks)) = all.get_mut(worker.index) else {
                continue;
            };
            looks.look(worker);
            let (from, to) = seen[worker.index].unwrap_or((sample.at, sample.at));
            if to == before {
                looks.there += sample.at.since(to);
            }
            seen[worker.index] = Some((from, sample.at));
        }
        before = sample.at;
    }
    for (looks, seen) in all.iter_mut().zip(seen) {
        if let (Some(looks), Some(seen)) = (looks, seen) {
            looks.came_late = looks.there < end.at.since(span.begin().at);
            let has_time = looks.there > Elapsed::ZERO;
            let log = log.filter(|_| has_time);
            looks.blocked = log.map(|log| {
                let told = waits(log, looks.worker).into_iter();
                let all = told.chain(cut_short(span, events, looks.worker));
                blocked(all.collect(), end, looks, seen)
            });
        }
    }
    all.into_iter().flatten().collect()
}

/// Waits of a worker that are in its log. A process notes that a call is over when it gets a core again: the run
/// that follows tells since when it could have had one.
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

/// Waits that ended with the process of a worker, which did not live to log them. Where its slot was empty
/// afterwards only the time up to the last sample before counts, as in [`Looks::there`].
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
        let death = events.iter().rev().find_map(|(_, event)| match event {
            Event::Died { at, pid: dead, .. } if *dead == pid => Some(*at),
            _ => None,
        });
        let until = death.filter(|_| next.is_some()).unwrap_or(pair[0].at);
        (phase == Phase::Blocked && next != Some(pid)).then_some((since, until))
    })
}

/// For how long a worker was blocked in these waits between two instants. What goes on at the end may not be in
/// its log yet.
fn blocked(
    mut waits: Vec<(Stamp, Stamp)>,
    end: &Sample,
    looks: &Looks,
    (from, to): (Stamp, Stamp),
) -> Elapsed {
    let (mut all, mut told) = (Elapsed::ZERO, from);
    let mut add = |since: Stamp, until: Stamp| {
        let (since, until) = (since.max(told), until.min(to));
        if since < until {
            all += until.since(since);
            told = until;
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
    all.min(looks.there)
}
