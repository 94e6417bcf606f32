//! The currency: what was played, and everything that was seen of it.
//!
//! Engines make a [`Recording`]; lenses look at it. Nothing that a lens shows is read from anywhere
//! else, so a number on a screen, in a summary and in a figure is the same number.

mod accounting;
mod ceiling;
pub mod comparison;
mod dead_work;
mod downsampling;
pub mod evaluate;
mod failures;
pub mod feed;
mod foreign;
pub mod interruption;
pub mod lanes;
pub mod latency;
mod limit;
mod listener;
mod marker;
mod named;
mod notes;
mod past;
mod percentile;
pub mod prediction;
mod recorder;
pub mod remark;
mod requests;
mod span;
pub mod storage;
pub mod summary;
#[cfg(any(test, feature = "testing"))]
pub mod synthetic;
mod termination;
#[cfg(test)]
mod tests;
pub mod trust;
pub mod usage;

use std::collections::BTreeMap;

pub use dead_work::DeadWork;
pub use limit::{LOG_BYTES, until_next_sample};
pub use named::Named;
pub use past::Past;
pub use recorder::Recorder;
use serde::{Deserialize, Serialize};
pub use span::{Means, Span};
pub use termination::describe_termination;

use concsim_engine::telemetry::{Event, Marker, Outcome, Phase, Reading, Sent, Stage};
use concsim_model::scenario::{Plan, Scenario, Variant, WorkerKind};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// One playing of one variant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recording {
    /// What was played, where and when.
    pub header: Header,
    /// All gauges, counters and cores at many instants, in order of time. The two at the edges of
    /// the window are named by [`Header::window`].
    pub samples: Vec<Sample>,
    /// What became of each request, as its client saw it; in the order in which they ended.
    pub outcomes: Vec<Outcome>,
    /// The requests that were sent, in order.
    pub sent: Vec<Sent>,
    /// What happened in workers and to them: with the worker's index, in order for each worker.
    /// The summary rests on `Accepted`, `Waited`, `Served` and `Died`, so these are all here.
    pub events: Vec<(u16, Event)>,
    /// Who had which worker, blocked in it, or lost the core, from when to when: `RunSlice`, `BlockedIn` and
    /// `Preempted`, with the worker's index, in order for each worker. Among them `Awaits`, where a wait
    /// has several parts.
    pub switches: Vec<(u16, Event)>,
    /// The places in `switches` of those by which a core was lost, in order: they are few, and every
    /// mean needs them.
    #[serde(skip)]
    pub preempted: Vec<usize>,
    /// Late answers of services and the like: the services' events, in order.
    pub answers: Vec<Event>,
    /// Only requests whose number this divides have their switches in `switches`: 1 until there are
    /// too many.
    pub one_in: u32,
    /// Switches that were let go of, with all others of their requests.
    pub thinned_switches: u64,
    /// What was done to the run, in the order in which it was noted.
    pub markers: Vec<Marker>,
    /// Events and outcomes that found no place in a ring.
    pub dropped_events: u64,
    /// Outcomes that found no place in a ring.
    pub dropped_outcomes: u64,
    /// Events read, of all rings; `events` may hold fewer, as live pictures need only the newest.
    pub event_count: u64,
    /// Slots or gauges that could not be read consistently.
    pub unreadable: u64,
}

/// What was played, where, and how it went as a whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// The version of this program that recorded it. Empty: one that did not say so yet.
    #[serde(default)]
    pub concsim: String,
    /// The variant's name.
    pub variant: String,
    /// Who played.
    pub origin: Origin,
    /// What was played, with its seed.
    pub scenario: Scenario,
    /// The text of the file that says so. Empty: it was not kept yet.
    #[serde(default)]
    pub text: String,
    /// On which machine.
    pub machine: Machine,
    /// When load began.
    pub began: Stamp,
    /// The counted window. [`None`] if the run ended before it began.
    pub window: Option<Window>,
    /// When the last request of the window had ended, or was given up.
    pub drained: Stamp,
    /// Cut short by ^C.
    pub interrupted: bool,
    /// When the log of requests had become so long that the window was ended; see [`LOG_BYTES`].
    #[serde(default)]
    pub log_full: Option<Stamp>,
    /// The `Location` of the first answer with each status from 300 to 399 that had one.
    #[serde(default)]
    pub locations: BTreeMap<u16, String>,
    /// The engine broke down, in words: the run proves nothing.
    pub crashed: Option<String>,
    /// Whether samples say which workers want a core. Of a recording that does not say so itself they
    /// did so wrongly, unless it was simulated: nothing is made of it.
    #[serde(default)]
    pub core_waits_are_seen: bool,
}

impl Header {
    /// What is known of a run of real processes before it begins.
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
        }
    }

    /// Whether [`WorkerSample::wants_a_core`] is to be believed.
    #[must_use]
    pub fn sees_core_waits(&self) -> bool {
        self.core_waits_are_seen || self.origin == Origin::Simulated
    }

    /// What was played, where and by which version, in a line.
    #[must_use]
    pub fn provenance(&self, plan: &Plan) -> String {
        let sha256 = plan.sha256.get(..8).unwrap_or_default();
        let mut played = format!("{}@{sha256}", plan.name());
        if !plan.laid_over.is_empty() {
            played = format!("{played} {}", shell_words::join(&plan.laid_over));
        }
        let mut machine = format!("{} cores", self.machine.cores);
        // The kernel of a machine that is simulated is called so.
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
    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Elapsed {
        self.end.since(self.begin)
    }

    /// Whether `at` lies in it.
    #[must_use]
    pub fn contains(&self, at: Stamp) -> bool {
        self.begin <= at && at < self.end
    }
}

/// Where a recording's numbers come from; they are never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Real processes.
    Measured,
    /// Virtual time.
    Simulated,
}

impl Origin {
    /// The word for it, wherever numbers stand.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Simulated => "simulated",
        }
    }
}

/// The machine that played.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Cores that this program may use (its affinity mask), not those that the machine has.
    pub cores: usize,
    /// Operating system and release.
    pub kernel: String,
    /// The processor's name.
    pub cpu: String,
}

/// How much of each list of a recording had been seen at one instant: the rest came later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Of [`Recording::outcomes`].
    pub outcomes: usize,
    /// Of [`Recording::sent`].
    pub sent: usize,
    /// Of [`Recording::events`].
    pub events: usize,
    /// Of [`Recording::switches`].
    pub switches: usize,
    /// Of [`Recording::answers`].
    pub answers: usize,
    /// Of [`Recording::markers`].
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

/// Who wrote a record into a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
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

impl Who {
    /// As a number in a recording's file.
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

/// All there is to see at one instant.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Stamp,
    /// What is being played.
    pub stage: Stage,
    /// The counted window, as far as it was known by then.
    pub window: Option<Window>,
    /// What the recorder had read by then.
    pub seen: Seen,
    /// One for each slot that was ever used, by index.
    pub workers: Vec<WorkerSample>,
    /// One for each core that this program may use.
    pub cores: Vec<CoreSample>,
    /// Load.
    pub load: LoadSample,
    /// CPU time of the services' process since it began.
    pub services_cpu: CpuTime,
    /// CPU time of the arbiter since it began.
    pub arbiter_cpu: CpuTime,
}

/// One worker at one instant. Counters count from the run's beginning, over all incarnations.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WorkerSample {
    /// Its slot.
    pub index: usize,
    /// Its process.
    pub pid: u32,
    /// How many processes have had the slot before it.
    pub respawns: u64,
    /// What it does.
    pub phase: Phase,
    /// Since when.
    pub phase_since: Stamp,
    /// Whether the operating system would run it if it had a core free (Linux: state R and not on a
    /// core). Exact times are in the events. False where [`Header::core_waits_are_seen`] is.
    pub wants_a_core: bool,
    /// Whether a signal has stopped its process (SIGSTOP). False in recordings that do not say so yet.
    #[serde(default)]
    pub is_stopped: bool,
    /// The core it runs on, or ran on last.
    pub core: usize,
    /// CPU time, over all incarnations.
    pub cpu: CpuTime,
    /// Requests begun and not finished, with the integral.
    pub begun: Reading,
    /// Coroutines ready.
    pub ready: u64,
    /// Coroutines parked.
    pub parked: u64,
    /// Since when the same request or coroutine has had the worker.
    pub running_since: Option<Stamp>,
    /// Since when what has the worker could have run. Means nothing while nothing has it.
    #[serde(default)]
    pub running_ready: Option<Stamp>,
    /// The request that has the worker, if it has said its number.
    pub running_request: Option<u32>,
    /// The longest that one coroutine had the worker, be it the one that has it now.
    pub longest_run: Elapsed,
    /// Connections taken.
    pub accepted: u64,
    /// Accepts that found nothing.
    pub accept_eagain: u64,
    /// Responses written.
    pub requests: u64,
    /// Coroutines begun.
    pub tasks: u64,
    /// Waits and yields.
    pub waits: u64,
    /// Hub to task and back.
    pub coroutine_switches: u64,
    /// Switches that the law still owes.
    pub half_done: u64,
    /// Requests lost with a process that died.
    pub lost_tasks: u64,
    /// The most requests begun at once.
    pub peak_concurrency: u64,
    /// Voluntary process switches.
    pub voluntary: u64,
    /// Involuntary ones.
    pub involuntary: u64,
    /// Proportional memory, KiB; 0 where it was not read.
    pub pss_kib: u64,
    /// Counters: additions played, and value.
    pub counters: Vec<(u64, u64)>,
}

impl Sample {
    /// Sent, not ended and not begun. The three are read one after the other, hence the guard.
    #[must_use]
    pub fn at_the_door(&self) -> u64 {
        let sent = self.load.sent.saturating_sub(self.load.ended);
        sent.saturating_sub(self.begun())
    }

    /// Begun and not finished, by all workers.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.workers.iter().map(|worker| worker.begun.count).sum()
    }

    /// Core time of all workers since the run began.
    #[must_use]
    pub fn workers_cpu(&self) -> CpuTime {
        let workers = self.workers.iter();
        workers.fold(CpuTime::ZERO, |sum, worker| sum + worker.cpu)
    }
}

impl WorkerSample {
    /// Whether it could run if it had a core. The operating system's word comes before the worker's own,
    /// since a process that is kept off its core cannot say so.
    #[must_use]
    pub fn lacks_a_core(&self) -> bool {
        self.wants_a_core && !matches!(self.phase, Phase::Gone | Phase::Booting)
    }

    /// Since when the same code has been running. A sync worker has one request for all of its life, and
    /// waits count there; what it computes begins with its phase.
    #[must_use]
    pub fn computes_since(&self, kind: WorkerKind) -> Option<Stamp> {
        match kind {
            WorkerKind::Coroutine | WorkerKind::Callback => self.running_since,
            WorkerKind::Sync | WorkerKind::Threads => {
                (self.phase == Phase::Running).then_some(self.phase_since)
            }
        }
    }
}

/// One core at one instant. All are sums since the sampling began.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct CoreSample {
    /// Its number in the operating system.
    pub core: usize,
    /// Not idle, whoever used it (operating system's count, in ticks of 10 ms on most kernels).
    pub busy: CpuTime,
    /// Taken by the machine's other guests.
    pub steal: CpuTime,
    /// Booked to workers.
    pub workers: CpuTime,
    /// Booked to load.
    pub load: CpuTime,
    /// Booked to services.
    pub services: CpuTime,
}

/// Load at one instant.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct LoadSample {
    /// Requests sent.
    pub sent: u64,
    /// Requests ended.
    pub ended: u64,
    /// Answered well.
    pub good: u64,
    /// Due and never sent.
    pub dropped: u64,
    /// Due and not ended, with the integral.
    pub in_system: Reading,
    /// Its process's CPU time.
    pub cpu: CpuTime,
}
