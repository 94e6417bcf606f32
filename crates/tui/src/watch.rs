//! Watcher of one variant: turns a sequence of frames into pictures.
//!
//! Every mean is over the last second of the recording; nothing is averaged from glyphs.

use super::latencies::Latencies;
use super::mean_interval::MeanInterval;
use super::view_model::{Frame, Peaks, ViewModel, WorkerRequests, WorkerState, WorkerView};
use concsim_engine::telemetry::{Outcome, Stage};
use concsim_model::scenario::{Scenario, Warmup, WorkerKind};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::{CoreSample, Sample, ServerMemory, Span, Window, WorkerSample};

/// Time that must be counted before the run is judged.
const JUDGED_AFTER: Elapsed = Elapsed::from_secs(1);

/// State that the next picture of a variant needs.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    kind: WorkerKind,
    warmup: Option<Elapsed>,
    duration: Option<Elapsed>,
    patience: Elapsed,
    stage: Stage,
    stage_since: Stamp,
    window: Option<Window>,
    so_far: Latencies,
    counted: Latencies,
    most: Peaks,
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
            stage: Stage::Preparing,
            stage_since: Stamp::ZERO,
            window: None,
            so_far: Latencies::default(),
            counted: Latencies::default(),
            most: Peaks::default(),
        }
    }

    /// Returns the picture of a frame, without the latencies, which are copied only for a picture that is
    /// drawn.
    pub(super) fn picture_of(&mut self, frame: &Frame<'_>) -> ViewModel {
        let snapshot = &frame.snapshot;
        let (span, now) = (snapshot.last_second(), snapshot.sample());
        self.window = snapshot.window_so_far().or(self.window);
        self.note_stage(now);
        self.note_outcomes(snapshot.new_outcomes());
        let mut picture = ViewModel {
            at: now.at,
            sampled: now.at,
            stage: now.stage,
            stage_age: self.lasted(now),
            lasts: self.stage_length(),
            ended: now.load.ended,
            door: now.at_the_door(),
            in_system: now.load.in_system.count,
            workers: now
                .workers
                .iter()
                .map(|worker| look_at(worker, self.kind, &span))
                .collect(),
            processes: now
                .processes
                .iter()
                .map(|process| look_at(process, self.kind, &span))
                .collect(),
            begun_in_all: now.queued.map(|_| now.begun()),
            memory_kib: ServerMemory::of(now).map(|memory| memory.pss_kib),
            cores: Vec::new(),
            busy_otherwise: busy_otherwise(snapshot.samples()),
            mean: span.means(),
            mean_of: MeanInterval::of(snapshot, &span),
            latencies: Latencies::default(),
            most: Peaks::default(),
            is_judged: snapshot
                .window()
                .is_some_and(|window| now.at >= window.begin + JUDGED_AFTER),
            trust: frame.trust,
            doubts: frame.doubts.clone(),
        };
        picture.cores = cores(now, &picture);
        self.most.add_picture(&picture);
        picture.most = self.most;
        picture
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

    /// Returns the counted window if the latencies are of the requests due in it; before it, they are of
    /// all so far.
    pub(super) fn counted_window(&self) -> Option<Window> {
        match self.stage {
            Stage::Preparing | Stage::WarmUp => None,
            Stage::Counting | Stage::Draining | Stage::Done => self.window,
        }
    }

    /// Returns the latencies of the requests that count.
    pub(super) fn latencies(&self) -> &Latencies {
        match self.counted_window() {
            None => &self.so_far,
            Some(_) => &self.counted,
        }
    }

    /// Returns these latencies with outcomes that were known after the last sample taken in.
    pub(super) fn latencies_with<'a>(&self, later: impl Iterator<Item = &'a Outcome>) -> Latencies {
        let (mut latencies, window) = (self.latencies().clone(), self.counted_window());
        let counts = |outcome: &&Outcome| window.is_none_or(|it| it.contains(outcome.due));
        for outcome in later.filter(counts) {
            latencies.add(outcome.latency(self.patience));
        }
        latencies
    }

    /// Returns the time since the stage of the last sample taken in began.
    pub(super) fn lasted(&self, sample: &Sample) -> Elapsed {
        sample.at.since(self.stage_begin())
    }

    /// Takes in an exact count of requests at the door: gauges show fewer if workers go on for clients that
    /// have left.
    pub(super) fn sees_at_the_door(&mut self, count: u64) {
        self.most.at_the_door = self.most.at_the_door.max(count);
    }

    /// Returns the largest number of requests in rows of glyphs so far.
    pub(super) fn most(&self) -> Peaks {
        self.most
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
}

impl Peaks {
    fn add_picture(&mut self, picture: &ViewModel) {
        let fullest = picture.workers.iter().map(|worker| worker.held.all()).max();
        self.at_the_door = self.at_the_door.max(picture.door);
        self.in_a_worker = self.in_a_worker.max(fullest.unwrap_or(0));
    }
}

fn look_at(worker: &WorkerSample, kind: WorkerKind, span: &Span<'_>) -> WorkerView {
    let doing = WorkerState::of(worker.phase, worker.is_stopped, worker.wants_a_core);
    let seconds = span.length().as_secs_f64();
    let then = span.worker_at_begin(worker);
    let per_second = |count: fn(&WorkerSample) -> u64| {
        let more = count(worker).saturating_sub(then.map_or(0, count));
        if seconds > 0.0 {
            more as f64 / seconds
        } else {
            0.0
        }
    };
    let since = worker.computes_since(kind);
    let has_the_worker = worker.running_since.is_some();
    WorkerView {
        index: worker.index,
        pid: worker.pid,
        respawns: worker.respawns,
        doing,
        is_foreign: span.end().queued.is_some(),
        counted: worker.counted,
        held: WorkerRequests::of(worker.begun.count, doing, has_the_worker, worker.ready),
        run: since.map(|since| span.end().at.since(since)),
        request: worker.running_request.filter(|_| worker.begun.count > 0),
        longest_run: worker.longest_run,
        voluntary: per_second(|sample| sample.voluntary),
        involuntary: per_second(|sample| sample.involuntary),
        coroutine_switches: per_second(|sample| sample.coroutine_switches),
        cpu: per_second(|sample| sample.cpu.0) / 1e9,
        accepted: worker.accepted,
        answered: worker.requests,
        switches_in_all: worker.coroutine_switches,
        pss_kib: worker.pss_kib,
        private_kib: worker.private_kib,
    }
}

/// Returns for each core true if anything but workers kept it busy for at least half of the time between
/// the last two samples.
fn busy_otherwise(samples: &[Sample]) -> Vec<bool> {
    let [.., before, now] = samples else {
        return Vec::new();
    };
    let length = now.at.since(before.at).0;
    let was_busy = |core: &CoreSample| {
        let mut then = before.cores.iter();
        let then = then.find(|then| then.core == core.core);
        then.is_some_and(|then| {
            let all = (core.busy - then.busy).0;
            let workers = (core.workers - then.workers).0;
            2 * all.saturating_sub(workers) >= length
        })
    };
    now.cores.iter().map(was_busy).collect()
}

/// Returns the worker that computes on each core. A worker that moves while it is sampled may be found on a
/// core where another one was found: the later reading is used.
fn cores(now: &Sample, picture: &ViewModel) -> Vec<(usize, Option<usize>)> {
    let computing = |core: usize| {
        let here = |position: &usize| {
            now.workers[*position].core == core && picture.workers[*position].computes()
        };
        let worker = (0..picture.workers.len()).rev().find(here);
        let mut processes = now.processes.iter().zip(&picture.processes);
        let process =
            processes.position(|(seen, it)| seen.core == core && it.doing == WorkerState::Running);
        worker.or(process.map(|place| picture.workers.len() + place))
    };
    now.cores
        .iter()
        .map(|sample| (sample.core, computing(sample.core)))
        .collect()
}
