//! Watches one variant: turns a stream of moments into the picture of each.
//!
//! Everything that is a mean is a difference of two readings of the same integral or counter, a second
//! apart; nothing is averaged from glyphs.

use std::collections::VecDeque;

use super::latencies::Latencies;
use super::picture::{Doing, Held, Means, Moment, Most, Picture, WorkerPicture};
use crate::recording::{CoreSample, Sample, Window, WorkerSample};
use crate::scenario::{Scenario, Warmup, WorkerKind};
use crate::telemetry::{Outcome, Phase, Stage};
use crate::units::{Elapsed, Stamp};

/// Digits are the mean of this much, or of what lies between two samples.
const LAST: Elapsed = Elapsed::from_secs(1);

/// What has to be remembered of a variant to draw its next picture.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    kind: WorkerKind,
    warmup: Option<Elapsed>,
    duration: Option<Elapsed>,
    patience: Elapsed,
    /// The last second, and one sample more.
    samples: VecDeque<Sample>,
    stage: Stage,
    stage_since: Stamp,
    window: Option<Window>,
    so_far: Latencies,
    counted: Latencies,
    most: Most,
}

impl Watch {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            kind: scenario.server.kind,
            warmup: match scenario.warmup {
                Warmup::For(length) => Some(length),
                Warmup::UntilEveryoneWasAnswered => None,
            },
            duration: scenario
                .load
                .requests
                .is_none()
                .then_some(scenario.duration),
            patience: scenario.load.patience,
            samples: VecDeque::new(),
            stage: Stage::Preparing,
            stage_since: Stamp::ZERO,
            window: None,
            so_far: Latencies::default(),
            counted: Latencies::default(),
            most: Most::default(),
        }
    }

    /// The picture of `moment`; without the latencies, which are copied for one that is looked at.
    pub(super) fn look(&mut self, moment: &Moment<'_>) -> Picture {
        self.window = moment.window.or(self.window);
        self.note_stage(moment.sample);
        self.note_outcomes(moment.outcomes);
        self.keep_the_last_second(moment.sample);
        let (before, now) = (&self.samples[0], moment.sample);
        let mut picture = Picture {
            at: now.at,
            stage: now.stage,
            lasted: now.at.since(self.stage_begin()),
            lasts: self.stage_length(),
            ended: now.load.ended,
            door: at_the_door(now),
            in_system: now.load.in_system.count,
            workers: now
                .workers
                .iter()
                .map(|worker| look_at(worker, self.kind, before, now))
                .collect(),
            cores: Vec::new(),
            mean: means(before, now),
            latencies: Latencies::default(),
            most: Most::default(),
            is_judged: self
                .window
                .is_some_and(|window| now.at >= window.begin + LAST),
            trust: moment.trust,
            doubt: moment.doubt.clone(),
        };
        picture.cores = cores(now, &picture.workers);
        self.shares_of_samples(&mut picture.mean);
        self.most.see(&picture);
        picture.most = self.most;
        picture
    }

    /// Keeps `now`, and the sample that the last second began with before all that came since. A run
    /// that is hours old is sampled more seldom: then it is the one before.
    fn keep_the_last_second(&mut self, now: &Sample) {
        self.samples.push_back(now.clone());
        while self.samples.len() > 2 && now.at.since(self.samples[1].at) >= LAST {
            self.samples.pop_front();
        }
    }

    fn note_stage(&mut self, sample: &Sample) {
        if sample.stage != self.stage {
            self.stage = sample.stage;
            self.stage_since = sample.at;
        }
    }

    fn note_outcomes(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            let latency = outcome.latency(self.patience);
            self.so_far.add(latency);
            if self
                .window
                .is_some_and(|window| window.contains(outcome.due))
            {
                self.counted.add(latency);
            }
        }
    }

    /// Of the requests due in the window so far; before it, of all so far.
    pub(super) fn latencies(&self) -> &Latencies {
        match self.stage {
            Stage::Preparing | Stage::WarmUp => &self.so_far,
            Stage::Counting | Stage::Draining | Stage::Done => &self.counted,
        }
    }

    fn stage_begin(&self) -> Stamp {
        match (self.stage, self.window) {
            (Stage::Counting, Some(window)) => window.begin,
            (Stage::Draining, Some(window)) => window.end.min(self.stage_since),
            _ => self.stage_since,
        }
    }

    fn stage_length(&self) -> Option<Elapsed> {
        match self.stage {
            Stage::WarmUp => self.warmup,
            Stage::Counting => self.duration,
            Stage::Preparing | Stage::Draining | Stage::Done => None,
        }
    }

    /// What only samples can tell: how often workers were found blocked, or without a core.
    fn shares_of_samples(&self, mean: &mut Means) {
        let count = |test: fn(&WorkerSample) -> bool| {
            let workers = self.samples.iter().flat_map(|sample| &sample.workers);
            workers.filter(|worker| test(worker)).count() as f64
        };
        let all = count(|worker| worker.phase != Phase::Gone).max(1.0);
        mean.blocked = count(|worker| worker.phase == Phase::Blocked) / all;
        let wanting =
            count(|worker| Doing::of(worker.phase, worker.wants_a_core) == Doing::WantsACore);
        mean.want_a_core = wanting / self.samples.len().max(1) as f64;
    }
}

impl Most {
    fn see(&mut self, picture: &Picture) {
        let fullest = picture.workers.iter().map(|worker| worker.held.all()).max();
        self.at_the_door = self.at_the_door.max(picture.door);
        self.in_a_worker = self.in_a_worker.max(fullest.unwrap_or(0));
    }
}

/// Sent, not ended and not begun. The three are read one after the other, hence the guard.
fn at_the_door(sample: &Sample) -> u64 {
    let begun: u64 = sample.workers.iter().map(|worker| worker.begun.count).sum();
    let sent = sample.load.sent.saturating_sub(sample.load.ended);
    sent.saturating_sub(begun)
}

fn look_at(
    worker: &WorkerSample,
    kind: WorkerKind,
    before: &Sample,
    now: &Sample,
) -> WorkerPicture {
    let doing = Doing::of(worker.phase, worker.wants_a_core);
    let seconds = now.at.since(before.at).as_secs_f64();
    let then = before
        .workers
        .iter()
        .find(|then| then.index == worker.index);
    let per_second = |count: fn(&WorkerSample) -> u64| {
        let more = count(worker).saturating_sub(then.map_or(0, count));
        if seconds > 0.0 {
            more as f64 / seconds
        } else {
            0.0
        }
    };
    let has_the_worker = worker.running_since.is_some();
    WorkerPicture {
        index: worker.index,
        pid: worker.pid,
        respawns: worker.respawns,
        doing,
        held: Held::of(worker.begun.count, doing, has_the_worker, worker.ready),
        run: running_since(worker, kind).map(|since| now.at.since(since)),
        longest_run: worker.longest_run,
        voluntary: per_second(|sample| sample.voluntary),
        involuntary: per_second(|sample| sample.involuntary),
        coroutine_switches: per_second(|sample| sample.coroutine_switches),
        cpu: per_second(|sample| sample.cpu.0) / 1e9,
        accepted: worker.accepted,
        answered: worker.requests,
        switches_in_all: worker.coroutine_switches,
        counters: worker.counters.clone(),
    }
}

/// Since when the same code has been running. A sync worker has one request for all of its life, and
/// waits count there; what it computes begins with its phase.
fn running_since(worker: &WorkerSample, kind: WorkerKind) -> Option<Stamp> {
    match kind {
        WorkerKind::Coroutine => worker.running_since,
        WorkerKind::Sync => (worker.phase == Phase::Running).then_some(worker.phase_since),
    }
}

/// Which worker computes on which core. A worker that is read while it moves may be found on a core
/// that another one was found on: the later look is the truer one.
fn cores(now: &Sample, workers: &[WorkerPicture]) -> Vec<(usize, Option<usize>)> {
    let computing = |core: usize| {
        let here = |position: &usize| {
            now.workers[*position].core == core && workers[*position].held.running > 0
        };
        (0..workers.len()).rev().find(here)
    };
    now.cores
        .iter()
        .map(|sample| (sample.core, computing(sample.core)))
        .collect()
}

fn means(before: &Sample, now: &Sample) -> Means {
    let seconds = now.at.since(before.at).as_secs_f64();
    if seconds <= 0.0 {
        return Means::default();
    }
    let begun = mean_begun(before, now) / seconds;
    let in_system =
        now.load.in_system.integral_at(now.at) - before.load.in_system.integral_at(before.at);
    let in_system = in_system as f64 / 1e9 / seconds;
    let cores = |core_time: f64| (core_time / seconds).max(0.0);
    let parallelism = cores(cpu_of_workers(now) - cpu_of_workers(before));
    let load = cores((now.load.cpu - before.load.cpu).as_secs_f64());
    let services = cores((now.services_cpu - before.services_cpu).as_secs_f64());
    let busy = cores(cpu_of_cores(now) - cpu_of_cores(before));
    Means {
        at_the_door: (in_system - begun).max(0.0),
        concurrency: begun.max(0.0),
        parallelism,
        throughput: now.load.good.saturating_sub(before.load.good) as f64 / seconds,
        load,
        services,
        others: (busy - parallelism - load - services).max(0.0),
        blocked: 0.0,
        want_a_core: 0.0,
    }
}

/// Requests begun, integrated from `before` to `now`, in request-seconds.
fn mean_begun(before: &Sample, now: &Sample) -> f64 {
    let integral = |sample: &Sample| -> i128 {
        let workers = sample.workers.iter();
        workers
            .map(|worker| worker.begun.integral_at(sample.at))
            .sum()
    };
    (integral(now) - integral(before)) as f64 / 1e9
}

fn cpu_of_workers(sample: &Sample) -> f64 {
    sample
        .workers
        .iter()
        .map(|worker| worker.cpu.as_secs_f64())
        .sum()
}

fn cpu_of_cores(sample: &Sample) -> f64 {
    let busy = |core: &CoreSample| core.busy.as_secs_f64();
    sample.cores.iter().map(busy).sum()
}
