//! Plans and frames for tests of the screen.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;

use crate::view::draw_on;
use crate::{Frame, Row, State};
use concsim_engine::telemetry::{Event, Outcome, Phase, Reading, Stage};
use concsim_model::scenario::{
    Arrivals, ConnectionMode, Draw, Load, Plan, Request, Scenario, Server, Service, Step, Variant,
    WaitMode, Warmup, WorkerKind,
};
use concsim_model::units::{CpuTime, Elapsed, Stamp};
use concsim_record::synthetic::machine;
use concsim_record::trust::{Reason, Trust};
use concsim_record::{
    CoreSample, Header, ListLengths, LoadSample, Origin, Recording, Sample, Snapshot, Window,
    WorkerSample,
};

const SECOND: u64 = 1_000_000_000;
pub(super) const MS: u64 = 1_000_000;

/// Returns a scenario of 60 clients and two workers: a short computation and a long wait.
pub(super) fn scenario(kind: WorkerKind) -> Scenario {
    Scenario {
        seed: 1,
        warmup: Warmup::UntilEveryoneWasAnswered,
        duration: Elapsed::from_secs(5),
        server: Server {
            kind,
            workers: 2,
            connections: 1_000,
            backlog: 2_048,
            keepalive: Elapsed::from_secs(2),
            timeout: Some(Elapsed::from_secs(30)),
            graceful_timeout: Elapsed::from_secs(30),
            threads: 1,
            gil: true,
            gil_returns: false,
            threadpool: 10,
            accept: concsim_model::scenario::Accept::Shared,
            max_requests: None,
            max_requests_jitter: 0,
            app: 0,
            processes: 0,
            boot: concsim_model::scenario::Boot::default(),
            preload: false,
            command: None,
            nice: 0,
        },
        services: vec![Service {
            name: "billing".into(),
            capacity: None,
            pool: None,
            connect: Elapsed::ZERO,
        }],
        counters: Vec::new(),
        requests: vec![request("profile", &[compute(1), call(99)])],
        load: Load {
            arrivals: Arrivals::Closed {
                clients: 60,
                think: Draw::Fixed(0),
                ramp: Elapsed::from_millis(500),
            },
            jobs: Vec::new(),
            requests: None,
            connection: ConnectionMode::PerRequest,
            silent: 0,
            patience: Elapsed::from_secs(30),
        },
        timeline: Vec::new(),
        machine: concsim_model::scenario::Machine::default(),
    }
}

pub(super) fn request(name: &str, script: &[Step]) -> Request {
    Request {
        name: name.into(),
        weight: 1.0,
        script: script.to_vec(),
    }
}

pub(super) fn compute(milliseconds: u64) -> Step {
    Step::Compute {
        cpu: Draw::Fixed(milliseconds * MS),
        slice: None,
    }
}

pub(super) fn call(milliseconds: u64) -> Step {
    let wait = Draw::Fixed(milliseconds * MS);
    Step::Call {
        service: 0,
        wait,
        mode: WaitMode::Patched,
    }
}

pub(super) fn plan(title: &str, variants: Vec<(&str, Scenario)>) -> Plan {
    let variant = |(name, scenario): (&str, Scenario)| Variant {
        name: name.into(),
        scenario,
    };
    Plan {
        title: title.into(),
        about: Some(
            "Sixty clients ask two worker processes for a page. Most of its time is a wait for \
             another service, during which no core is needed."
                .into(),
        ),
        file: "io_bound".into(),
        text: String::new(),
        sha256: String::new(),
        variants: variants.into_iter().map(variant).collect(),
        expectations: Vec::new(),
        questions: Vec::new(),
        settings: Vec::new(),
        machine_file: None,
    }
}

/// Returns the main lesson: the same two processes, once as sync and once as coroutine workers.
pub(super) fn io_bound() -> State {
    State::new(&io_bound_plan(), 2)
}

pub(super) fn io_bound_plan() -> Plan {
    let variants = vec![
        ("sync", scenario(WorkerKind::Sync)),
        ("coroutine", scenario(WorkerKind::Coroutine)),
    ];
    plan("Waiting is free, if you let go", variants)
}

/// Returns the result of the sync variant.
pub(super) fn sync_row() -> Row {
    Row {
        at_the_door: Some(58.0),
        concurrency: Some(2.0),
        parallelism: Some(0.02),
        throughput_per_s: Some(20.0),
        p50: Some(Elapsed::from_millis(3_000)),
        p99: None,
        subject: None,
        trust: Trust::Ok,
        ..Row::default()
    }
}

/// Worker in a state that has lasted for the last second.
#[derive(Clone, Debug)]
pub(super) struct WorkerSpec {
    pub(super) phase: Phase,
    pub(super) wants_a_core: bool,
    pub(super) begun: u64,
    pub(super) ready: u64,
    /// Share of a core that it used, 0 to 1.
    pub(super) cpu: f64,
    pub(super) core: usize,
    /// Milliseconds for which the same request has had it.
    pub(super) run: Option<u64>,
    /// Switches per second.
    pub(super) coroutine_switches: u64,
    pub(super) process_switches: u64,
    pub(super) respawns: u64,
    pub(super) counters: Vec<(u64, u64)>,
}

impl WorkerSpec {
    pub(super) fn new(phase: Phase, begun: u64) -> Self {
        Self {
            phase,
            wants_a_core: false,
            begun,
            ready: 0,
            cpu: 0.01,
            core: 0,
            run: (phase == Phase::Running).then_some(0),
            coroutine_switches: 0,
            process_switches: 20,
            respawns: 0,
            counters: Vec::new(),
        }
    }

    fn sample(&self, index: usize, at: u64) -> WorkerSample {
        let seconds = at as f64 / SECOND as f64;
        let so_far = |per_second: u64| (seconds * per_second as f64) as u64;
        WorkerSample {
            index,
            pid: 4242 + index as u32,
            respawns: self.respawns,
            phase: self.phase,
            wants_a_core: self.wants_a_core,
            core: self.core,
            cpu: CpuTime((self.cpu * at as f64) as u64),
            begun: steady(self.begun, at),
            ready: self.ready,
            parked: self.begun.saturating_sub(self.ready + 1),
            phase_since: Stamp(at.saturating_sub(self.run.unwrap_or(0) * MS)),
            running_since: self.run.map(|run| Stamp(at.saturating_sub(run * MS))),
            longest_run: Elapsed(1_100_000),
            accepted: so_far(self.coroutine_switches / 4 + 10),
            requests: so_far(self.coroutine_switches / 4 + 10),
            coroutine_switches: so_far(self.coroutine_switches),
            voluntary: so_far(self.process_switches),
            counters: self.counters.clone(),
            ..WorkerSample::default()
        }
    }
}

/// Returns a gauge that has been at `count` since the run began.
fn steady(count: u64, at: u64) -> Reading {
    Reading {
        count,
        changed_at: Stamp(at),
        integral: count.wrapping_mul(at),
    }
}

/// Instant of a run whose state has lasted for a second.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// Milliseconds since the run began.
    pub(super) at: u64,
    pub(super) stage: Stage,
    pub(super) door: u64,
    pub(super) rate: u64,
    pub(super) workers: Vec<WorkerSpec>,
    pub(super) cores: usize,
    /// Milliseconds that each answer of the last second took.
    pub(super) latency: u64,
    /// Cores that other programs keep busy.
    pub(super) others: f64,
    /// Trust in the run, and a reason against it.
    pub(super) trust: (Trust, Option<Reason>),
}

impl Context {
    pub(super) fn sync() -> Self {
        Self {
            at: 4_600,
            stage: Stage::Counting,
            door: 58,
            rate: 20,
            workers: vec![
                WorkerSpec::new(Phase::Blocked, 1),
                WorkerSpec::new(Phase::Blocked, 1),
            ],
            cores: 2,
            latency: 3_000,
            others: 0.02,
            trust: (Trust::Ok, None),
        }
    }

    pub(super) fn coroutine() -> Self {
        let worker = |phase, core| WorkerSpec {
            cpu: 0.3,
            core,
            coroutine_switches: 2_400,
            process_switches: 812,
            ..WorkerSpec::new(phase, 30)
        };
        Self {
            at: 3_900,
            stage: Stage::Counting,
            door: 0,
            rate: 598,
            workers: vec![worker(Phase::Running, 0), worker(Phase::Idle, 1)],
            cores: 2,
            latency: 100,
            others: 0.02,
            trust: (Trust::Ok, None),
        }
    }

    fn sample(&self, at: u64, outcomes: usize) -> Sample {
        let window = Window {
            begin: Stamp(1_500 * MS),
            end: Stamp(6_500 * MS),
        };
        let counting = matches!(self.stage, Stage::Counting | Stage::Draining | Stage::Done);
        // A worker that is gone died in between, and one that wants a core has had none.
        let is_gone = |spec: &&WorkerSpec| spec.phase == Phase::Gone;
        let gone = self.workers.iter().filter(is_gone).count();
        let wanting = self.workers.iter().filter(|one| one.wants_a_core).count();
        let is_now = at == self.at * MS;
        let begun: u64 = self.workers.iter().map(|worker| worker.begun).sum();
        let good = at * self.rate / SECOND;
        // Workers, load, services and others, shared evenly.
        let computing: f64 = self.workers.iter().map(|worker| worker.cpu).sum();
        let busy = (computing + 0.05 + self.others) / self.cores.max(1) as f64;
        let core = |core| CoreSample {
            core,
            busy: CpuTime((at as f64 * busy) as u64),
            ..CoreSample::default()
        };
        Sample {
            at: Stamp(at),
            stage: self.stage,
            window: counting.then_some(window),
            seen: ListLengths {
                outcomes,
                events: if is_now { gone } else { 0 },
                switches: if is_now { wanting } else { 0 },
                ..ListLengths::default()
            },
            workers: (0..)
                .zip(&self.workers)
                .map(|(index, worker)| worker.sample(index, at))
                .collect(),
            cores: (0..self.cores).map(core).collect(),
            load: LoadSample {
                sent: good + begun + self.door,
                ended: good,
                good,
                dropped: 0,
                in_system: steady(begun + self.door, at),
                cpu: CpuTime(at / 25),
            },
            queued: None,
            open: None,
            services_cpu: CpuTime(at / 100),
            processes: Vec::new(),
            arbiter_cpu: CpuTime::ZERO,
            arbiter_pss_kib: 0,
            arbiter_private_kib: 0,
        }
    }

    /// Returns a recording of the last second: its beginning, and now.
    fn recording(&self, state: &State) -> Recording {
        let now = self.at * MS;
        let outcomes: Vec<Outcome> = (0..self.rate).map(|n| self.outcome(n, now)).collect();
        let before = now.saturating_sub(SECOND);
        let header = Header {
            concsim: String::new(),
            text: String::new(),
            log_full: None,
            variant: state.variant().name.clone(),
            origin: Origin::Measured,
            scenario: state.scenario().clone(),
            machine: machine(self.cores),
            began: Stamp::ZERO,
            window: None,
            drained: Stamp(now),
            interrupted: false,
            locations: std::collections::BTreeMap::new(),
            crashed: None,
            core_waits_are_seen: true,
            draws: concsim_model::scenario::draw::VERSION,
            started_ns: None,
        };
        let samples = [before, now].map(|at| self.sample(at, outcomes.len()));
        let died = |(worker, _): (usize, &WorkerSpec)| {
            let died = Event::Died {
                at: Stamp(now),
                worker: worker as u32,
                pid: 4242 + worker as u32,
                status: -9,
                cause: None,
            };
            (worker as u16, died)
        };
        let workers = self.workers.iter().enumerate();
        let gone = workers.filter(|(_, spec)| spec.phase == Phase::Gone);
        let preempted = |(worker, _): (usize, &WorkerSpec)| {
            let preempted = Event::Preempted {
                from: Stamp(before),
                to: Stamp(now),
                task: 0,
                request: 0,
                core: None,
            };
            (worker as u16, preempted)
        };
        let workers = self.workers.iter().enumerate();
        let wanting = workers.filter(|(_, one)| one.wants_a_core);
        Recording {
            samples: samples.into(),
            outcomes,
            events: gone.map(died).collect(),
            ..Recording::empty(header).with_switches(wanting.map(preempted))
        }
    }

    /// Shows `state` the last second: its beginning, and now.
    pub(super) fn play(&self, state: &mut State) {
        let recording = self.recording(state);
        self.show(state, recording.snapshot(0));
        self.show(state, recording.snapshot(1));
    }

    /// Shows `state` the present alone.
    pub(super) fn play_now(&self, state: &mut State) {
        let recording = self.recording(state);
        self.show(state, recording.snapshot(1));
    }

    fn show(&self, state: &mut State, snapshot: Option<Snapshot<'_>>) {
        let (trust, doubt) = self.trust.clone();
        state.observe(&Frame {
            snapshot: snapshot.expect("there are two samples"),
            trust,
            doubts: doubt.into_iter().collect(),
        });
    }

    fn outcome(&self, n: u64, now: u64) -> Outcome {
        // Every tenth answer took a little longer.
        let latency = self.latency * MS + n % 10 / 9 * self.latency * MS / 25;
        Outcome {
            request: n as u32,
            class: 0,
            status: 200,
            failure: None,
            opened: true,
            due: Stamp(now.saturating_sub(latency)),
            sent: Stamp(now.saturating_sub(latency)),
            first_byte: Stamp(now),
            done: Stamp(now),
            unread: None,
        }
    }
}

/// Returns the screen as drawn.
pub(super) fn drawn(state: &State, width: u16, height: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    draw_on(&mut buffer, state);
    buffer
}

/// Returns the screen as text, without the spaces at the ends of lines.
pub(super) fn text(state: &State, width: u16, height: u16) -> String {
    let buffer = drawn(state, width, height);
    let lines = (0..height).map(|y| {
        let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        format!("│{}", line.trim_end())
    });
    lines.collect::<Vec<_>>().join("\n")
}
