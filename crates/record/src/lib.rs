//! The recording of one run: header, samples, events and outcomes. Everything displayed is derived from it.
//!
//! Engines produce a [`Recording`]; lenses read it. No lens displays a number from another source, so a
//! number on the screen, in a summary and in a figure is the same number.

mod accounting;
pub mod caveat;
mod ceiling;
pub mod comparable;
pub mod comparison;
mod counted;
mod cut_short;
mod dead_work;
pub mod disturbance;
mod downsampling;
mod estimates;
pub mod evaluate;
mod failures;
pub mod feed;
mod foreign_traffic;
pub mod interruption;
pub mod lanes;
pub mod latency;
mod limit;
mod listener;
mod lookup;
mod marker;
mod memory;
mod named;
mod notes;
mod percentile;
pub mod prediction;
mod reason;
mod recorder;
pub mod remark;
pub mod repeats;
mod request;
mod requests;
mod rounding;
mod schema;
mod snapshot;
mod span;
pub mod storage;
pub mod summary;
#[cfg(any(test, feature = "testing"))]
#[path = "../testing/mod.rs"]
pub mod synthetic;
mod termination;
#[cfg(test)]
mod tests;
pub mod trust;
pub mod usage;
mod view;

use std::collections::BTreeMap;

pub use counted::Counted;
pub use dead_work::DeadWork;
pub use limit::{LOG_BYTES, until_next_sample};
pub use memory::ServerMemory;
pub use named::NamedValues;
pub use recorder::Recorder;
use serde::{Deserialize, Serialize};
pub use snapshot::Snapshot;
pub use span::{Means, Span};
pub use termination::describe_termination;
pub use view::{RunView, summary_of};

use concsim_engine::telemetry::{Event, Marker, Outcome, Phase, Reading, SentRequest, Stage};
use concsim_model::scenario::{Plan, Scenario, Variant, WorkerKind, draw};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Recording of one run of one variant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recording {
    /// Scenario, machine and times of the run.
    pub header: Header,
    /// Samples of all gauges, counters and cores, in order of time. [`Header::window`] names the two at the
    /// edges of the window.
    pub samples: Vec<Sample>,
    /// Outcome of each request, as its client saw it; in order of their ends.
    pub outcomes: Vec<Outcome>,
    /// Sent requests, in order.
    pub sent: Vec<SentRequest>,
    /// Events of workers, with the worker's index, in order for each worker. The summary depends on
    /// `Accepted`, `Waited`, `Served` and `Died`, so these are all kept.
    pub events: Vec<(u16, Event)>,
    /// Switches of workers: `RunSlice`, `BlockedIn` and `Preempted`, with the worker's index, in order for
    /// each worker; also `Awaits`, where a wait has several parts.
    pub switches: Vec<(u16, Event)>,
    /// Positions in `switches` of the preemptions, in order: they are few, and every mean needs them.
    #[serde(skip)]
    pub preempted: Vec<usize>,
    /// Events of services, such as answers, in order.
    pub answers: Vec<Event>,
    /// Only requests whose number is divisible by `one_in` have their switches in `switches`; 1 until there
    /// are too many.
    pub one_in: u32,
    /// Number of switches dropped, with all others of their requests.
    pub thinned_switches: u64,
    /// Interventions, in the order in which they were noted.
    pub markers: Vec<Marker>,
    /// Number of events lost because a ring was full.
    pub dropped_events: u64,
    /// Number of outcomes lost because a ring was full.
    pub dropped_outcomes: u64,
    /// Number of events read, from all rings; `events` may hold fewer, since live pictures need only the
    /// newest.
    pub event_count: u64,
    /// Number of slots or gauges that could not be read consistently.
    pub unreadable: u64,
}

/// Scenario, machine and course of a run as a whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Version of the program that recorded it. Empty in recordings from before this field.
    #[serde(default)]
    pub concsim: String,
    /// The variant's name.
    pub variant: String,
    /// Engine that played.
    pub origin: Origin,
    /// Scenario, with its seed.
    pub scenario: Scenario,
    /// Text of the scenario file. Empty in recordings from before this field.
    #[serde(default)]
    pub text: String,
    /// Machine that played.
    pub machine: Machine,
    /// Time at which load began.
    pub began: Stamp,
    /// The counted window. [`None`] if the run ended before it began.
    pub window: Option<Window>,
    /// Time at which the last request of the window had ended or was given up.
    pub drained: Stamp,
    /// True if the run was cut short by ^C.
    pub interrupted: bool,
    /// Time at which the full log of requests ended the window; see [`LOG_BYTES`].
    #[serde(default)]
    pub log_full: Option<Stamp>,
    /// The `Location` of the first answer with each status from 300 to 399 that had one.
    #[serde(default)]
    pub locations: BTreeMap<u16, String>,
    /// Description of an engine failure: the run then proves nothing.
    pub crashed: Option<String>,
    /// True if [`WorkerSample::wants_a_core`] is correct. Recordings from before this field recorded it
    /// incorrectly, unless simulated: their values are ignored.
    #[serde(default)]
    pub core_waits_are_seen: bool,
    /// [`draw::VERSION`] of the program that played. 1 in recordings from before this field.
    #[serde(default = "first_draws")]
    pub draws: u32,
    /// Instant at which its processes were started, in nanoseconds of the machine's monotonic clock: it orders the
    /// runs since one boot. None in a simulation, and in recordings from before this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ns: Option<u64>,
}

/// Version of draws in a header without this field.
fn first_draws() -> u32 {
    1
}

impl Header {
    /// Returns the header of a run of real processes before it begins.
    #[must_use]
    pub fn of(plan: &Plan, variant: &Variant, machine: Machine) -> Self {
        Self {
            concsim: env!("CARGO_PKG_VERSION").into(),
            variant: variant.name.clone(),
            origin: Origin::Measured,
            scenario: variant.scenario.clone(),
            text: plan.text.clone(),
            machine,
            began: Stamp::ZERO,
            window: None,
            drained: Stamp::ZERO,
            interrupted: false,
            log_full: None,
            locations: BTreeMap::new(),
            crashed: None,
            core_waits_are_seen: cfg!(target_os = "linux"),
            draws: draw::VERSION,
            started_ns: None,
        }
    }

    /// True if [`WorkerSample::wants_a_core`] is valid.
    #[must_use]
    pub fn sees_core_waits(&self) -> bool {
        self.core_waits_are_seen || self.origin == Origin::Simulated
    }

    /// Describes scenario, machine and version in one line.
    #[must_use]
    pub fn provenance(&self, plan: &Plan) -> String {
        let sha256 = plan.sha256.get(..8).unwrap_or_default();
        let mut played = format!("{}@{sha256}", plan.name());
        if !plan.settings.is_empty() {
            played = format!("{played} {}", shell_words::join(&plan.settings));
        }
        let mut machine = format!("{} cores", self.machine.cores);
        // A simulated machine's kernel is called by the origin's word.
        if self.machine.kernel != self.origin.word() {
            machine = format!("{machine}, {}", self.machine.kernel);
        }
        format!(
            "concsim {} · {played} · seed {} · {machine} · {}",
            self.concsim,
            self.scenario.seed,
            self.origin.word(),
        )
    }
}

/// The counted window, from its beginning to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// A request belongs to it if it was due at `begin` or later …
    pub begin: Stamp,
    /// … and before `end`.
    pub end: Stamp,
}

impl Window {
    /// Returns the window's length.
    #[must_use]
    pub fn length(&self) -> Elapsed {
        self.end.since(self.begin)
    }

    /// True if `at` lies in the window.
    #[must_use]
    pub fn contains(&self, at: Stamp) -> bool {
        self.begin <= at && at < self.end
    }
}

/// Source of a recording's numbers; the two are never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Real processes.
    Measured,
    /// Virtual time.
    Simulated,
}

impl Origin {
    /// Returns the word for the origin, as displayed beside numbers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Simulated => "simulated",
        }
    }
}

/// Machine that played.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Number of cores that this program may use (its affinity mask), not of the machine.
    pub cores: usize,
    /// Operating system and release.
    pub kernel: String,
    /// The processor's name.
    pub cpu: String,
}

/// Length of each list of a recording at one instant; later entries came afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListLengths {
    /// Length of [`Recording::outcomes`].
    pub outcomes: usize,
    /// Length of [`Recording::sent`].
    pub sent: usize,
    /// Length of [`Recording::events`].
    pub events: usize,
    /// Length of [`Recording::switches`].
    pub switches: usize,
    /// Length of [`Recording::answers`].
    pub answers: usize,
    /// Length of [`Recording::markers`].
    pub markers: usize,
    /// [`Recording::event_count`] …
    pub event_count: u64,
    /// [`Recording::dropped_events`] …
    pub dropped_events: u64,
    /// [`Recording::dropped_outcomes`] …
    pub dropped_outcomes: u64,
    /// [`Recording::thinned_switches`] …
    pub thinned_switches: u64,
    /// … and [`Recording::unreadable`] by then.
    pub unreadable: u64,
}

/// Writer of a record in a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordSource {
    /// The load process.
    Load,
    /// The services' process.
    Services,
    /// The arbiter.
    Arbiter,
    /// The driver.
    Driver,
    /// The worker of this slot.
    Worker(u16),
}

impl RecordSource {
    /// Returns the writer's number in a recording's file.
    fn number(self) -> u64 {
        match self {
            Self::Load => 0,
            Self::Services => 1,
            Self::Arbiter => 2,
            Self::Driver => 3,
            Self::Worker(slot) => 4 + u64::from(slot),
        }
    }

    fn numbered(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::Load,
            1 => Self::Services,
            2 => Self::Arbiter,
            3 => Self::Driver,
            slot => Self::Worker(u16::try_from(slot - 4).ok()?),
        })
    }
}

/// State of a run at one instant.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Time of the sample.
    pub at: Stamp,
    /// Stage of the run.
    pub stage: Stage,
    /// Counted window, as far as known by then.
    pub window: Option<Window>,
    /// Lengths of the recorder's lists by then.
    pub seen: ListLengths,
    /// Workers: one for each slot ever used, by index.
    pub workers: Vec<WorkerSample>,
    /// Processes of the pool that computes for the workers, by index; `requests` counts their computations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<WorkerSample>,
    /// Cores: one for each that this program may use.
    pub cores: Vec<CoreSample>,
    /// Load.
    pub load: LoadSample,
    /// Connections in the accept queue of a foreign server, with the integral. [`None`] for concsim's own, whose
    /// workers report what they have begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<Reading>,
    /// Connections that a foreign server has accepted and not closed, with the integral. [`None`] if load is played:
    /// then its requests count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Reading>,
    /// CPU time of the services' process since it began.
    pub services_cpu: CpuTime,
    /// CPU time of the arbiter since it began.
    pub arbiter_cpu: CpuTime,
    /// Proportional set size of the arbiter in KiB; 0 if not read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub arbiter_pss_kib: u64,
    /// Pages of the arbiter alone, in KiB; 0 if not read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub arbiter_private_kib: u64,
}

/// True for a number that a sample omits.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One worker at one instant. Counters count from the run's beginning, over all incarnations.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WorkerSample {
    /// Slot of the worker.
    pub index: usize,
    /// Pid of its process.
    pub pid: u32,
    /// Number of earlier processes in the slot.
    pub respawns: u64,
    /// Phase of the worker.
    pub phase: Phase,
    /// Time at which the phase began.
    pub phase_since: Stamp,
    /// True if the operating system would run it on a free core (Linux: state R and not on a core). Events
    /// give exact times. False unless [`Header::sees_core_waits`].
    pub wants_a_core: bool,
    /// True if a signal has stopped its process (SIGSTOP). False in recordings from before this field.
    #[serde(default)]
    pub is_stopped: bool,
    /// Core it runs on, or ran on last.
    pub core: usize,
    /// CPU time, over all incarnations.
    pub cpu: CpuTime,
    /// Time for which its main thread could have run and had no core, over all incarnations, by the
    /// scheduler's own count. [`None`] if it was not read, as in a simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_a_core: Option<Elapsed>,
    /// Requests begun and not finished, with the integral.
    pub begun: Reading,
    /// Coroutines ready.
    pub ready: u64,
    /// Coroutines parked.
    pub parked: u64,
    /// Time since which the same request or coroutine has had the worker.
    pub running_since: Option<Stamp>,
    /// Time since which the request or coroutine that has the worker was ready. Meaningless while none has
    /// it.
    #[serde(default)]
    pub running_ready: Option<Stamp>,
    /// Request that has the worker, if its number is known.
    pub running_request: Option<u32>,
    /// Longest time that one coroutine had the worker, including the present one.
    pub longest_run: Elapsed,
    /// Connections taken.
    pub accepted: u64,
    /// Accepts that found no connection.
    pub accept_eagain: u64,
    /// Responses written.
    pub requests: u64,
    /// Coroutines begun.
    pub tasks: u64,
    /// Waits and yields.
    pub waits: u64,
    /// Switches from the hub to a task and back.
    pub coroutine_switches: u64,
    /// Switches missing in the switch law: of tasks that are not finished.
    pub half_done: u64,
    /// Requests lost with a process that died.
    pub lost_tasks: u64,
    /// Maximum number of requests begun at once.
    pub peak_concurrency: u64,
    /// Voluntary process switches.
    pub voluntary: u64,
    /// Involuntary process switches.
    pub involuntary: u64,
    /// Proportional set size in KiB; 0 if not read.
    pub pss_kib: u64,
    /// Pages of its process alone, in KiB; 0 if not read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub private_kib: u64,
    /// Counters: number of additions, and value.
    pub counters: Vec<(u64, u64)>,
    /// Numbers that the application in a worker of a foreign server counts: `requests`, `coroutine_switches`.
    #[serde(default, skip_serializing_if = "Counted::is_nothing")]
    pub counted: Counted,
}

impl Sample {
    /// Returns the number of requests sent, not ended and not begun. The three gauges are read one after
    /// the other, hence the saturating subtraction.
    #[must_use]
    pub fn at_the_door(&self) -> u64 {
        match (self.open, self.queued) {
            (Some(_), Some(queued)) => queued.count,
            _ => self.sent().saturating_sub(self.begun()),
        }
    }

    /// Returns the number of requests sent and not ended.
    fn sent(&self) -> u64 {
        self.load.sent.saturating_sub(self.load.ended)
    }

    /// Returns the number of requests begun and not finished, over all workers. Of a foreign server they are those
    /// that are sent and not in its accept queue; without load, its open connections.
    #[must_use]
    pub fn begun(&self) -> u64 {
        match (self.open, self.queued) {
            (Some(open), _) => open.count,
            (None, Some(queued)) => self.sent().saturating_sub(queued.count),
            (None, None) => self.workers.iter().map(|worker| worker.begun.count).sum(),
        }
    }

    /// Returns the integral over time of [`Self::begun`], in request-nanoseconds.
    #[must_use]
    pub fn begun_integral(&self) -> i128 {
        let integral = |reading: Reading| reading.integral_at(self.at);
        match (self.open, self.queued) {
            (Some(open), _) => integral(open),
            (None, Some(queued)) => integral(self.load.in_system) - integral(queued),
            (None, None) => self
                .workers
                .iter()
                .map(|worker| integral(worker.begun))
                .sum(),
        }
    }

    /// Returns the CPU time of all workers since the run began.
    #[must_use]
    pub fn workers_cpu(&self) -> CpuTime {
        let workers = self.workers.iter();
        workers.fold(CpuTime::ZERO, |sum, worker| sum + worker.cpu)
    }
}

impl WorkerSample {
    /// True if it could run on a free core. The operating system's report precedes the worker's own, since
    /// a process without a core cannot report.
    #[must_use]
    pub fn lacks_a_core(&self) -> bool {
        self.wants_a_core && !matches!(self.phase, Phase::Gone | Phase::Booting)
    }

    /// Returns the time since which the same code has been running. A sync worker has one request for its
    /// whole life, waits included; its computing begins with its phase.
    #[must_use]
    pub fn computes_since(&self, kind: WorkerKind) -> Option<Stamp> {
        if kind.has_a_loop() {
            self.running_since
        } else {
            (self.phase == Phase::Running).then_some(self.phase_since)
        }
    }
}

/// One core at one instant. All values are sums since sampling began.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct CoreSample {
    /// Number of the core in the operating system.
    pub core: usize,
    /// Time not idle, for all users (operating system's count, in ticks of 10 ms on most kernels).
    pub busy: CpuTime,
    /// Time stolen by the machine's other virtual machines.
    pub steal: CpuTime,
    /// Time attributed to workers.
    pub workers: CpuTime,
    /// Time attributed to load.
    pub load: CpuTime,
    /// Time attributed to services.
    pub services: CpuTime,
}

/// Load at one instant.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct LoadSample {
    /// Requests sent.
    pub sent: u64,
    /// Requests ended.
    pub ended: u64,
    /// Requests answered well.
    pub good: u64,
    /// Requests due and never sent.
    pub dropped: u64,
    /// Requests due and not ended, with the integral.
    pub in_system: Reading,
    /// CPU time of load's process.
    pub cpu: CpuTime,
}
