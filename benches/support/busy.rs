//! A made-up minute of a busy run, stored on disk in the recorder's format.
//!
//! Four coroutine workers use their cores in slices of 200 µs, without a pause. A request runs four times on
//! its worker and calls a service three times in between, for about ten milliseconds; forty of them are in
//! flight in each worker. Only the run is made up: it is written, read and drawn by the program's own code.

use std::collections::BTreeMap;
use std::path::Path;

use concsim::recorder::Folder;
use concsim::recording::storage::RecordingWriter;
use concsim::recording::{
    CoreSample, Header, ListLengths, LoadSample, Machine, Origin, RecordSource, Sample, Window,
    WorkerSample,
};
use concsim::scenario::{self, Overrides, Plan};
use concsim::telemetry::{
    Event, NO_REQUEST, Outcome, Phase, Reading, RunSlice, SentRequest, Served, Stage, SwitchReason,
};
use concsim::units::{CpuTime, Elapsed, Stamp};

pub(crate) const WORKERS: u64 = 4;
/// Time from the start of one slice of a worker to the next, and length of a slice, in nanoseconds.
const SLOT: u64 = 240_000;
const RUNS: u64 = 200_000;
/// Requests in flight in a worker, and slices of each.
const AT_ONCE: u64 = 40;
const SLICES: u64 = 4;
const SAMPLE_EVERY: u64 = 50_000_000;
const SECOND: u64 = 1_000_000_000;

const TEXT: &str = r#"
    title = "A busy minute"
    warmup = "1s"
    duration = "58s"
    server = { kind = "coroutine", workers = 4 }
    [requests.profile]
    steps = ["compute 200us", "call billing 10ms", "compute 200us", "call billing 10ms",
             "compute 200us", "call billing 10ms", "compute 200us"]
    [load]
    rate = "4000/s"
"#;

/// Returns the plan of the run.
pub(crate) fn plan() -> Plan {
    scenario::read(TEXT, "busy.toml", &Overrides::default()).expect("a valid scenario")
}

/// Returns the number of switches in this time.
pub(crate) fn switches_in(seconds: u64) -> u64 {
    seconds * SECOND / SLOT * WORKERS
}

/// Stores a run of this length in `folder`, which must be new.
pub(crate) fn keep(folder: &Path, seconds: u64) {
    let plan = plan();
    let mut folder = Folder::create(folder, &plan).expect("a new folder can be made");
    let header = header(&plan, seconds);
    let writer = folder.begin_variant(&header).expect("a file can be made");
    let mut pen = Pen {
        writer,
        window: header.window,
        seen: ListLengths::default(),
        answered: 0,
    };
    let slots = seconds * SECOND / SLOT;
    let mut next_sample = 0;
    for slot in 0..slots {
        let at = slot * SLOT;
        if at >= next_sample {
            pen.sample(at);
            next_sample += SAMPLE_EVERY;
        }
        for worker in 0..WORKERS {
            pen.slice(worker, slot);
        }
    }
    pen.sample(seconds * SECOND);
    pen.writer.header(&header);
    pen.writer.end(&pen.seen).expect("all could be written");
}

fn header(plan: &Plan, seconds: u64) -> Header {
    Header {
        concsim: env!("CARGO_PKG_VERSION").into(),
        variant: plan.variants[0].name.clone(),
        origin: Origin::Simulated,
        scenario: plan.variants[0].scenario.clone(),
        text: plan.text.clone(),
        machine: Machine {
            cores: WORKERS as usize,
            kernel: "none".into(),
            cpu: "none".into(),
        },
        began: Stamp(0),
        window: Some(Window {
            begin: Stamp(SECOND),
            end: Stamp((seconds - 1) * SECOND),
        }),
        drained: Stamp(seconds * SECOND),
        interrupted: false,
        log_full: None,
        locations: BTreeMap::new(),
        crashed: None,
        core_waits_are_seen: true,
        draws: concsim::scenario::draw::VERSION,
        started_ns: None,
    }
}

/// Writer of the events, in their order.
struct Pen {
    writer: RecordingWriter,
    window: Option<Window>,
    seen: ListLengths,
    answered: u64,
}

impl Pen {
    fn note(&mut self, source: RecordSource, event: Event) {
        self.writer.record(source, &event.to_record());
        match event {
            Event::Sent(_) => self.seen.sent += 1,
            Event::Ended(_) => self.seen.outcomes += 1,
            Event::Answered { .. } => self.seen.answers += 1,
            Event::RunSlice(_) => self.seen.switches += 1,
            _ => self.seen.events += 1,
        }
        self.seen.event_count += u64::from(source != RecordSource::Load);
    }

    /// Writes one slice of one request in its worker.
    fn slice(&mut self, worker: u64, slot: u64) {
        let (block, place) = (slot / (AT_ONCE * SLICES), slot % (AT_ONCE * SLICES));
        let (turn, of_block) = (place / AT_ONCE, place % AT_ONCE);
        let request = ((block * AT_ONCE + of_block) * WORKERS + worker) as u32;
        let task = of_block as u32;
        let from = slot * SLOT + 13 * worker;
        let (to, source) = (from + RUNS, RecordSource::Worker(worker as u16));
        let due = from - from.min(30_000);
        if turn == 0 {
            let sent = SentRequest {
                request,
                class: 0,
                due: Stamp(due),
                sent: Stamp(due + 10_000),
                connection: Some(request),
                opened: true,
            };
            self.note(RecordSource::Load, Event::Sent(sent));
            let at = Stamp(due + 20_000);
            let accepted = Event::Accepted {
                at,
                task,
                connection: Some(request),
            };
            self.note(source, accepted);
        } else {
            let answered = Event::Answered {
                service: 0,
                request: NO_REQUEST,
                asked: Stamp(from - 9_000_000),
                due: Stamp(from - 60_000),
                written: Stamp(from - 50_000),
            };
            self.note(RecordSource::Services, answered);
        }
        let is_last = turn == SLICES - 1;
        let ran = RunSlice {
            ready: Stamp(if turn == 0 {
                due + 20_000
            } else {
                from - from.min(40_000)
            }),
            from: Stamp(from),
            to: Stamp(to),
            task,
            request,
            then: if is_last {
                SwitchReason::Ended
            } else {
                SwitchReason::Service
            },
            due: None,
            core: Some(worker as u32),
        };
        self.note(source, Event::RunSlice(ran));
        if is_last {
            let due = from.saturating_sub((SLICES - 1) * AT_ONCE * SLOT + 30_000);
            self.end(source, request, task, due, to);
        }
    }

    fn end(&mut self, source: RecordSource, request: u32, task: u32, due: u64, to: u64) {
        let accepted = Stamp(due + 20_000);
        let served = Served {
            request,
            task,
            accepted,
            first_read: accepted,
            written: Stamp(to),
            waited: Elapsed(28_000_000),
            ready: Elapsed(100_000),
            core_wait: Elapsed(0),
            cpu: CpuTime(SLICES * RUNS),
        };
        self.note(source, Event::Served(served));
        let done = Stamp(to + 30_000);
        let outcome = Outcome {
            request,
            class: 0,
            status: 200,
            failure: None,
            opened: true,
            due: Stamp(due),
            sent: Stamp(due + 10_000),
            first_byte: done,
            done,
            unread: None,
        };
        self.note(RecordSource::Load, Event::Ended(outcome));
        self.answered += 1;
    }

    fn sample(&mut self, at: u64) {
        let (answered, now) = (self.answered, Stamp(at));
        let reading = |count: u64| Reading {
            count,
            changed_at: now,
            integral: count * at,
        };
        let busy = CpuTime(at / SLOT * RUNS);
        let worker = |index: u64| WorkerSample {
            index: index as usize,
            pid: 4_000 + index as u32,
            phase: Phase::Running,
            phase_since: now,
            core: index as usize,
            cpu: busy,
            begun: reading(AT_ONCE),
            ready: 3,
            parked: AT_ONCE - 1,
            longest_run: Elapsed(RUNS),
            accepted: answered / WORKERS,
            requests: answered / WORKERS,
            tasks: answered / WORKERS,
            waits: answered,
            coroutine_switches: 2 * answered,
            voluntary: at / 1_000_000,
            ..WorkerSample::default()
        };
        let core = |core: u64| CoreSample {
            core: core as usize,
            busy,
            workers: busy,
            ..CoreSample::default()
        };
        let sample = Sample {
            at: now,
            stage: if at < SECOND {
                Stage::WarmUp
            } else {
                Stage::Counting
            },
            window: self.window.filter(|window| window.begin <= now),
            seen: self.seen,
            workers: (0..WORKERS).map(worker).collect(),
            processes: Vec::new(),
            cores: (0..WORKERS).map(core).collect(),
            load: LoadSample {
                sent: self.seen.sent as u64,
                ended: answered,
                good: answered,
                dropped: 0,
                in_system: reading(AT_ONCE * WORKERS),
                cpu: CpuTime(at / 5),
            },
            queued: None,
            open: None,
            services_cpu: CpuTime(at / 10),
            arbiter_cpu: CpuTime(at / 100),
            arbiter_pss_kib: 0,
            arbiter_private_kib: 0,
        };
        self.writer.sample(&sample);
    }
}
