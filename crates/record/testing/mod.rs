//! Synthetic recordings for tests: not played, but consistent in themselves.
//!
//! A [`Synthetic`] is a list of [`RequestLife`] values, each the life of one request. Outcomes, events, gauges and
//! samples are derived from it, so that gauges and logs agree by construction and a test can falsify one of
//! them. Compiled for tests only: these numbers are never displayed.

mod foreign;
mod play;
mod switches;

use std::collections::BTreeMap;

pub use foreign::seen_from_outside;
pub use play::{Demand, scenario};
pub use switches::read_sample_by_sample;

use super::{
    CoreSample, Header, ListLengths, LoadSample, Machine, Origin, Recording, Sample, Window,
    WorkerSample,
};
use concsim_engine::telemetry::{
    Event, Failure, Outcome, Phase, Reading, SentRequest, Served, Stage, WaitParts,
};
use concsim_model::scenario::{Expectation, Plan, Scenario, Variant, WorkerKind, draw};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// A millisecond, in nanoseconds.
pub const MS: u64 = 1_000_000;
/// A second, in nanoseconds.
pub const S: u64 = 1_000 * MS;

/// Life of one request; all times in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestLife {
    /// Due time.
    pub due: u64,
    /// Time from due to sent.
    pub late: u64,
    /// Time from sent to accepted.
    pub door: u64,
    /// Time ready, while its worker ran another.
    pub ready: u64,
    /// Time computing without a core.
    pub core_wait: u64,
    /// CPU time.
    pub cpu: u64,
    /// Time parked or blocked.
    pub waited: u64,
    /// Time from written to done.
    pub tail: u64,
    /// Worker that accepted it.
    pub worker: usize,
    /// Kind of request.
    pub class: u16,
    /// Kind of failure, at the door.
    pub failure: Option<Failure>,
}

impl RequestLife {
    fn sent(&self) -> u64 {
        self.due + self.late
    }

    fn accepted(&self) -> u64 {
        self.sent() + self.door
    }

    fn written(&self) -> u64 {
        self.accepted() + self.ready + self.core_wait + self.cpu + self.waited
    }

    fn done(&self) -> u64 {
        self.written() + self.tail
    }

    /// True if a worker accepted it.
    fn taken(&self) -> bool {
        self.failure.is_none()
    }

    fn outcome(&self, request: u32) -> Outcome {
        Outcome {
            request,
            class: self.class,
            status: if self.taken() { 200 } else { 0 },
            failure: self.failure,
            opened: true,
            due: Stamp(self.due),
            sent: Stamp(self.sent()),
            first_byte: Stamp(if self.taken() { self.done() } else { 0 }),
            done: Stamp(self.done()),
            unread: None,
        }
    }

    fn sending(&self, request: u32) -> SentRequest {
        SentRequest {
            request,
            class: self.class,
            due: Stamp(self.due),
            sent: Stamp(self.sent()),
            connection: Some(request),
            opened: true,
        }
    }

    /// Returns the parts of its wait: one call.
    fn wait_parts(&self, request: u32) -> WaitParts {
        WaitParts {
            at: Stamp(self.written()),
            request,
            task: request,
            call: Elapsed(self.waited),
            ..WaitParts::default()
        }
    }

    fn served(&self, request: u32) -> Served {
        Served {
            request,
            task: request,
            accepted: Stamp(self.accepted()),
            first_read: Stamp(self.accepted()),
            written: Stamp(self.written()),
            waited: Elapsed(self.waited),
            ready: Elapsed(self.ready),
            core_wait: Elapsed(self.core_wait),
            cpu: CpuTime(self.cpu),
        }
    }
}

/// A synthetic run.
#[derive(Clone, Debug)]
pub struct Synthetic {
    /// The variant's name.
    pub variant: String,
    /// Scenario that it claims to have played.
    pub scenario: Scenario,
    /// Cores of the machine.
    pub cores: usize,
    /// The counted window.
    pub window: Option<Window>,
    /// All requests.
    pub lives: Vec<RequestLife>,
    /// True if it was cut short.
    pub interrupted: bool,
    /// Load's share of a core.
    pub load_cpu: f64,
    /// Share of each core stolen by other virtual machines.
    pub steal: f64,
    /// Share of each core that other programs used.
    pub others: f64,
    /// Lateness of each service's answers.
    pub service_late: Elapsed,
}

impl Synthetic {
    /// A run of this scenario, without requests, with a window from 1 s on.
    pub fn new(variant: &str, scenario: Scenario) -> Self {
        let window = Window {
            begin: Stamp(S),
            end: Stamp(S) + scenario.duration,
        };
        Self {
            variant: variant.into(),
            scenario,
            cores: 2,
            window: Some(window),
            lives: Vec::new(),
            interrupted: false,
            load_cpu: 0.06,
            steal: 0.0,
            others: 0.005,
            service_late: Elapsed(50_000),
        }
    }

    /// The recording of this run.
    pub fn recording(&self) -> Recording {
        let mut lives = self.lives.clone();
        lives.sort_by_key(|life| life.due);
        let lives: Vec<(u32, RequestLife)> = (0..).zip(lives).collect();
        let drained = lives.iter().map(|(_, life)| life.done()).max().unwrap_or(0);
        let mut outcomes: Vec<Outcome> = lives.iter().map(|(n, life)| life.outcome(*n)).collect();
        outcomes.sort_by_key(|outcome| outcome.done);
        let events = events(&lives);
        let switches = self.switches(&lives);
        let drained = drained.max(self.window.map_or(0, |window| window.end.0));
        let mut sent: Vec<SentRequest> = lives.iter().map(|(n, life)| life.sending(*n)).collect();
        sent.sort_by_key(|sent| sent.sent);
        let mut recording = Recording {
            samples: self.samples(Stamp(drained)),
            event_count: (events.len() + switches.len()) as u64,
            outcomes,
            sent,
            events,
            answers: self.answers(&lives),
            ..Recording::empty(self.header(Stamp(drained))).with_switches(switches)
        };
        switches::read_sample_by_sample(&mut recording);
        recording
    }

    fn header(&self, drained: Stamp) -> Header {
        Header {
            concsim: env!("CARGO_PKG_VERSION").into(),
            variant: self.variant.clone(),
            origin: Origin::Measured,
            scenario: self.scenario.clone(),
            text: String::new(),
            machine: machine(self.cores),
            began: Stamp(0),
            window: self.window,
            drained,
            interrupted: self.interrupted,
            log_full: None,
            locations: BTreeMap::new(),
            crashed: None,
            core_waits_are_seen: true,
            draws: draw::VERSION,
            started_ns: None,
        }
    }

    fn answers(&self, lives: &[(u32, RequestLife)]) -> Vec<Event> {
        let waited = lives.iter().filter(|(_, life)| {
            life.taken() && life.waited > 0 && !self.scenario.services.is_empty()
        });
        waited
            .map(|(request, life)| {
                let asked = Stamp(self.run_ends_at(life));
                let due = asked + Elapsed(life.waited);
                Event::Answered {
                    service: 0,
                    request: *request,
                    asked,
                    due,
                    written: due + self.service_late,
                }
            })
            .collect()
    }

    /// Samples twice a second, at the edges of the window and at the end.
    fn samples(&self, drained: Stamp) -> Vec<Sample> {
        let edges = self.window.map(|window| [window.begin, window.end]);
        let regular = (0..=drained.0 / (S / 2)).map(|half| Stamp(half * S / 2));
        let mut instants: Vec<Stamp> = regular.chain(edges.into_iter().flatten()).collect();
        instants.push(drained);
        instants.sort_unstable();
        instants.dedup();
        instants.into_iter().map(|at| self.sample_at(at)).collect()
    }

    /// Returns the sample at one instant.
    pub fn sample_at(&self, at: Stamp) -> Sample {
        let workers = (0..self.scenario.server.workers).map(|index| self.worker_at(index, at));
        let workers: Vec<WorkerSample> = workers.collect();
        let ended = self.lives.iter().filter(|life| life.done() <= at.0);
        let (good, ended) = (ended.clone().filter(|l| l.taken()).count(), ended.count());
        Sample {
            at,
            stage: self.stage_at(at),
            window: self.window.filter(|window| at >= window.begin),
            seen: ListLengths::default(),
            processes: Vec::new(),
            cores: self.cores_at(at, &workers),
            workers,
            load: LoadSample {
                sent: self.lives.iter().filter(|life| life.sent() <= at.0).count() as u64,
                ended: ended as u64,
                good: good as u64,
                dropped: 0,
                in_system: gauge(self.lives.iter().map(|life| (life.due, life.done())), at),
                cpu: CpuTime((at.0 as f64 * self.load_cpu) as u64),
            },
            queued: None,
            open: None,
            services_cpu: CpuTime(at.0 / 100),
            arbiter_cpu: CpuTime(at.0 / 1_000),
            arbiter_pss_kib: 1_880,
            arbiter_private_kib: 1_240,
        }
    }

    fn stage_at(&self, at: Stamp) -> Stage {
        match self.window {
            Some(window) if at >= window.end => Stage::Draining,
            Some(window) if at >= window.begin => Stage::Counting,
            _ => Stage::WarmUp,
        }
    }

    fn worker_at(&self, index: usize, at: Stamp) -> WorkerSample {
        let taken = self.lives.iter().filter(|l| l.taken() && l.worker == index);
        let begun = gauge(
            taken.clone().map(|life| (life.accepted(), life.written())),
            at,
        );
        let accepted = taken.clone().filter(|life| life.accepted() <= at.0).count() as u64;
        let requests = taken.clone().filter(|life| life.written() <= at.0).count() as u64;
        let coroutines = self.scenario.server.kind == WorkerKind::Coroutine;
        let only_coroutines = |count: u64| if coroutines { count } else { 0 };
        let idle = begun.count == 0;
        let running = self.runs_at(index, at);
        WorkerSample {
            index,
            pid: 4242 + index as u32,
            phase: match (idle, coroutines) {
                (true, _) => Phase::Idle,
                (false, true) => Phase::Running,
                (false, false) if running.computes => Phase::Running,
                (false, false) => Phase::Blocked,
            },
            phase_since: running.phase_since,
            running_since: running.since,
            running_request: running.request,
            core: index % self.cores,
            cpu: CpuTime(taken.clone().map(|life| cpu_by(life, at)).sum()),
            without_a_core: Some(Elapsed(taken.map(|life| waited_by(life, at)).sum())),
            begun,
            parked: only_coroutines(begun.count),
            longest_run: Elapsed(1_100_000),
            accepted,
            accept_eagain: 12,
            requests,
            tasks: only_coroutines(accepted),
            waits: only_coroutines(requests),
            coroutine_switches: only_coroutines(2 * (accepted + requests)),
            peak_concurrency: begun.count,
            voluntary: 2 * requests,
            involuntary: requests / 10,
            pss_kib: 2_120,
            private_kib: 1_640,
            counters: vec![(0, 0); self.scenario.counters.len()],
            ..WorkerSample::default()
        }
    }

    fn cores_at(&self, at: Stamp, workers: &[WorkerSample]) -> Vec<CoreSample> {
        let used: u64 = workers.iter().map(|worker| worker.cpu.0).sum();
        let share = |share: f64| CpuTime((at.0 as f64 * share) as u64);
        let each = |sum: u64| CpuTime(sum / self.cores as u64);
        let load = share(self.load_cpu / self.cores as f64);
        let services = each(at.0 / 100);
        (0..self.cores)
            .map(|core| CoreSample {
                core,
                busy: each(used) + load + services + share(self.others),
                steal: share(self.steal),
                workers: each(used),
                load,
                services,
            })
            .collect()
    }
}

/// A gauge that was stepped at the ends of these intervals.
fn gauge(intervals: impl Iterator<Item = (u64, u64)>, at: Stamp) -> Reading {
    let (mut count, mut integral) = (0, 0);
    for (from, to) in intervals.filter(|(from, _)| *from <= at.0) {
        count += u64::from(to > at.0);
        integral += to.min(at.0) - from;
    }
    Reading {
        count,
        changed_at: at,
        integral,
    }
}

/// CPU time that a request has had by `at`: evenly over its stay.
fn cpu_by(life: &RequestLife, at: Stamp) -> u64 {
    let stay = life.written() - life.accepted();
    let stayed = at.0.min(life.written()).saturating_sub(life.accepted());
    (u128::from(life.cpu) * u128::from(stayed) / u128::from(stay.max(1))) as u64
}

/// Time for which a request was without a core by `at`: counted when it ends.
fn waited_by(life: &RequestLife, at: Stamp) -> u64 {
    if life.written() <= at.0 {
        life.core_wait
    } else {
        0
    }
}

fn events(lives: &[(u32, RequestLife)]) -> Vec<(u16, Event)> {
    let mut events: Vec<(u64, u16, Event)> = Vec::new();
    for (number, life) in lives.iter().filter(|(_, life)| life.taken()) {
        let (worker, at) = (life.worker as u16, Stamp(life.accepted()));
        let accepted = Event::Accepted {
            at,
            task: *number,
            connection: Some(*number),
        };
        events.push((at.0, worker, accepted));
        if life.waited > 0 {
            let waited = Event::Waited(life.wait_parts(*number));
            events.push((life.written(), worker, waited));
        }
        let served = Event::Served(life.served(*number));
        events.push((life.written(), worker, served));
    }
    events.sort_by_key(|(at, worker, _)| (*at, *worker));
    events
        .into_iter()
        .map(|(_, worker, event)| (worker, event))
        .collect()
}

/// A small machine.
pub fn machine(cores: usize) -> Machine {
    Machine {
        cores,
        kernel: "Linux 6.18".into(),
        cpu: "an ordinary one".into(),
    }
}

/// A plan whose variants are these runs, with claims as (claim, that).
pub fn plan(title: &str, runs: &[&Synthetic], claims: &[(&str, &str)]) -> Plan {
    let variant = |run: &&Synthetic| Variant {
        name: run.variant.clone(),
        scenario: run.scenario.clone(),
    };
    let expectation = |(claim, that): &(&str, &str)| Expectation {
        claim: (*claim).into(),
        that: (*that).into(),
    };
    Plan {
        title: title.into(),
        about: None,
        file: "scenarios/made_up.toml".into(),
        text: String::new(),
        sha256: "0".repeat(64),
        variants: runs.iter().map(variant).collect(),
        expectations: claims.iter().map(expectation).collect(),
        questions: Vec::new(),
        settings: Vec::new(),
        machine_file: None,
    }
}
