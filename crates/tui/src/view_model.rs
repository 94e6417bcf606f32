//! Values that the screen shows of one instant: the state now, and the mean of the last second.

use super::latencies::Latencies;
use super::mean_interval::MeanInterval;
use concsim_engine::telemetry::{Phase, Stage};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::trust::{Reason, Trust};
use concsim_record::{Counted, Means, Snapshot};

/// Recording up to one instant, with its trust.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// Recording up to the instant.
    pub snapshot: Snapshot<'a>,
    /// Trust in the run so far …
    pub trust: Trust,
    /// … and the reasons against it, the worst first.
    pub doubts: Vec<Reason>,
}

impl<'a> Frame<'a> {
    /// Creates the frame of `past` without judging its trust.
    #[must_use]
    pub fn of(snapshot: Snapshot<'a>) -> Self {
        Self {
            snapshot,
            trust: Trust::Ok,
            doubts: Vec::new(),
        }
    }
}

/// State of one variant at one instant, ready to be drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct ViewModel {
    /// Instant.
    pub(super) at: Stamp,
    /// Time of the sample of its counters and means: at that instant, or before it.
    pub(super) sampled: Stamp,
    /// Current stage.
    pub(super) stage: Stage,
    /// Time since the stage began.
    pub(super) stage_age: Elapsed,
    /// Planned length of the stage, if known.
    pub(super) lasts: Option<Elapsed>,
    /// Requests answered or failed so far.
    pub(super) ended: u64,
    /// Requests at the door: sent, and not yet taken by a worker.
    pub(super) door: u64,
    /// Requests due and not ended.
    pub(super) in_system: u64,
    /// Workers in the order of their slots.
    pub(super) workers: Vec<WorkerView>,
    /// Processes that compute for the workers.
    pub(super) processes: Vec<WorkerView>,
    /// Requests that all workers of a foreign server have begun: none of them reports its own.
    pub(super) begun_in_all: Option<u64>,
    /// Memory of the arbiter and all workers at the sample, in KiB, if it was read.
    pub(super) memory_kib: Option<u64>,
    /// Number of each core, with the position of the worker or process that computes on it: processes follow the
    /// workers.
    pub(super) cores: Vec<(usize, Option<usize>)>,
    /// For each core, true if anything but workers kept it busy for at least half of the time between the
    /// last two samples.
    pub(super) busy_otherwise: Vec<bool>,
    /// Mean of the last second …
    pub(super) mean: Means,
    /// … and the length of time that it covers.
    pub(super) mean_of: MeanInterval,
    /// Latencies of the requests due in the window so far; before it, of all so far.
    pub(super) latencies: Latencies,
    /// Largest number of requests in a row of glyphs so far: at the door, and in one worker.
    pub(super) most: Peaks,
    /// True if enough has been counted to judge …
    pub(super) is_judged: bool,
    /// … the trust in the run so far …
    pub(super) trust: Trust,
    /// … and the reasons against it, the worst first.
    pub(super) doubts: Vec<Reason>,
}

impl ViewModel {
    /// True if there is any time to average over.
    pub(super) fn has_means(&self) -> bool {
        self.mean_of.length > Elapsed::ZERO
    }

    /// Returns the text of a mean, or a dash if there is none.
    pub(super) fn mean_text(&self, text: impl FnOnce() -> String) -> String {
        if self.has_means() {
            text()
        } else {
            "–".into()
        }
    }

    /// Returns the number of requests begun and not finished.
    pub(super) fn begun(&self) -> u64 {
        self.begun_in_all.unwrap_or_else(|| self.held().all())
    }

    /// Returns the number of requests that compute; of a foreign server that of its workers.
    pub(super) fn computing(&self) -> u64 {
        let foreign = self
            .workers
            .iter()
            .filter(|it| it.is_foreign && it.computes());
        let processes = self.processes.iter();
        let processes = processes.filter(|it| it.doing == WorkerState::Running);
        self.held().running + foreign.count() as u64 + processes.count() as u64
    }

    /// Returns all workers, then all processes that compute for them.
    pub(super) fn all_processes(&self) -> impl Iterator<Item = &WorkerView> + Clone {
        self.workers.iter().chain(&self.processes)
    }

    /// Returns the requests that all workers have begun and not finished, by state.
    pub(super) fn held(&self) -> WorkerRequests {
        let held = self.workers.iter().map(|worker| worker.held);
        held.fold(WorkerRequests::default(), |sum, held| WorkerRequests {
            running: sum.running + held.running,
            blocked: sum.blocked + held.blocked,
            ready: sum.ready + held.ready,
            parked: sum.parked + held.parked,
        })
    }
}

/// Largest number of requests in rows of glyphs so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Peaks {
    pub(super) at_the_door: u64,
    pub(super) in_a_worker: u64,
}

/// State of a worker, in the words of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum WorkerState {
    /// Forked, not yet serving.
    #[default]
    Booting,
    /// Nothing to run.
    Idle,
    /// Running a request's code.
    Running,
    /// Ready to run while all cores are taken.
    WantsACore,
    /// Asleep in one call.
    Blocked,
    /// Asleep, as seen from outside: idle, or in a wait.
    Asleep,
    /// Stopped by a signal, in any state.
    Stopped,
    /// Finishing the requests that it has begun.
    Draining,
    /// The process has ended.
    Gone,
}

impl WorkerState {
    /// Returns the state in a sample. The operating system's report of a process that wants a core precedes
    /// the worker's own, since a process without a core cannot report that.
    pub(super) fn of(phase: Phase, is_stopped: bool, wants_a_core: bool) -> Self {
        match phase {
            Phase::Gone => Self::Gone,
            _ if is_stopped => Self::Stopped,
            Phase::Booting => Self::Booting,
            _ if wants_a_core => Self::WantsACore,
            Phase::Idle => Self::Idle,
            Phase::Running => Self::Running,
            Phase::Blocked => Self::Blocked,
            Phase::Asleep => Self::Asleep,
            Phase::Draining => Self::Draining,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Booting => "booting",
            Self::Idle => "idle",
            Self::Running => "running",
            Self::WantsACore => "wants a core",
            Self::Blocked => "blocked",
            Self::Asleep => "asleep",
            Self::Stopped => "stopped",
            Self::Draining => "draining",
            Self::Gone => "gone",
        }
    }
}

/// Worker: its state now, and its last second.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkerView {
    /// Slot.
    pub(super) index: usize,
    pub(super) pid: u32,
    pub(super) respawns: u64,
    pub(super) doing: WorkerState,
    /// True if it is a worker of a foreign server, which reports nothing: its requests and coroutines are unknown.
    pub(super) is_foreign: bool,
    /// Numbers of such a worker that its application counts.
    pub(super) counted: Counted,
    /// Requests that it has begun, by state.
    pub(super) held: WorkerRequests,
    /// Time for which the same request or coroutine has had it …
    pub(super) run: Option<Elapsed>,
    /// … and the request, if its number has been reported.
    pub(super) request: Option<u32>,
    pub(super) longest_run: Elapsed,
    /// Context switches of the process per second, voluntary and involuntary.
    pub(super) voluntary: f64,
    pub(super) involuntary: f64,
    /// Switches from hub to task and back, per second.
    pub(super) coroutine_switches: f64,
    /// Mean number of cores that it kept busy.
    pub(super) cpu: f64,
    /// Counters since the variant began.
    pub(super) accepted: u64,
    pub(super) answered: u64,
    pub(super) switches_in_all: u64,
    /// Proportional set size and private memory in KiB; 0 if not read.
    pub(super) pss_kib: u64,
    pub(super) private_kib: u64,
}

impl WorkerView {
    /// Returns the text of a number that the worker itself reports; a dash for a worker of a foreign server.
    pub(super) fn reported(&self, text: impl FnOnce() -> String) -> String {
        if self.is_foreign {
            "–".into()
        } else {
            text()
        }
    }

    /// Returns the text of its coroutine switches; a dash if they are unknown.
    pub(super) fn switches_text(&self, text: impl FnOnce() -> String) -> String {
        if self.counted.has_switches() {
            text()
        } else {
            self.reported(text)
        }
    }

    /// True if it computes on the core where it was seen.
    pub(super) fn computes(&self) -> bool {
        self.held.running > 0 || self.is_foreign && self.doing == WorkerState::Running
    }

    /// Returns the context switches of the process per second.
    pub(super) fn process_switches(&self) -> f64 {
        self.voluntary + self.involuntary
    }

    /// Returns the coroutine switches for each answer; `None` before the first.
    pub(super) fn switches_per_request(&self) -> Option<f64> {
        let is_known = !self.is_foreign || self.counted.has_switches();
        (is_known && self.answered > 0).then(|| self.switches_in_all as f64 / self.answered as f64)
    }
}

/// Requests that one worker has begun and not finished, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WorkerRequests {
    pub(super) running: u64,
    pub(super) blocked: u64,
    pub(super) ready: u64,
    pub(super) parked: u64,
}

impl WorkerRequests {
    /// Splits `begun` requests: at most one has the process; of the rest `ready` are ready, and the others
    /// are parked. (Coroutines of idle keep-alive connections are parked too, but are no requests.)
    pub(super) fn of(begun: u64, doing: WorkerState, has_the_worker: bool, ready: u64) -> Self {
        let one = begun.min(1);
        let mut held = Self::default();
        match doing {
            WorkerState::Running => held.running = one,
            WorkerState::Draining if has_the_worker => held.running = one,
            WorkerState::Blocked => held.blocked = one,
            WorkerState::WantsACore => held.ready = one,
            WorkerState::Stopped if has_the_worker => held.ready = one,
            WorkerState::Booting
            | WorkerState::Idle
            | WorkerState::Draining
            | WorkerState::Asleep
            | WorkerState::Gone
            | WorkerState::Stopped => {}
        }
        let rest = begun - held.all();
        held.ready += ready.min(rest);
        held.parked = begun - held.all();
        held
    }

    /// Returns the number of all.
    pub(super) fn all(&self) -> u64 {
        self.running + self.blocked + self.ready + self.parked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_worker_says_each_request_has_one_glyph() {
        for doing in [
            WorkerState::Booting,
            WorkerState::Idle,
            WorkerState::Running,
            WorkerState::WantsACore,
            WorkerState::Blocked,
            WorkerState::Asleep,
            WorkerState::Stopped,
            WorkerState::Draining,
            WorkerState::Gone,
        ] {
            for begun in 0..4 {
                for ready in [0, 1, 9] {
                    assert_eq!(WorkerRequests::of(begun, doing, true, ready).all(), begun);
                }
            }
        }
    }

    #[test]
    fn a_process_that_is_kept_off_its_core_wants_one_whatever_it_said_last() {
        assert_eq!(
            WorkerState::of(Phase::Running, false, true),
            WorkerState::WantsACore
        );
        assert_eq!(
            WorkerState::of(Phase::Idle, false, true),
            WorkerState::WantsACore
        );
        assert_eq!(WorkerState::of(Phase::Gone, true, true), WorkerState::Gone);
    }

    #[test]
    fn a_process_that_a_signal_has_stopped_is_stopped_whatever_it_said_last() {
        for phase in [Phase::Booting, Phase::Idle, Phase::Running, Phase::Blocked] {
            assert_eq!(WorkerState::of(phase, true, false), WorkerState::Stopped);
        }
    }
}
