//! What the screen shows of one instant: what is now, and the mean of the last second.

use super::latencies::Latencies;
use super::mean_of::MeanOf;
use concsim_engine::telemetry::{Phase, Stage};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::trust::{Reason, Trust};
use concsim_record::{Means, Past};

/// What the recorder has seen by one instant.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// All that was known.
    pub past: Past<'a>,
    /// Whether the run can be trusted so far …
    pub trust: Trust,
    /// … and what speaks against it, the worst first.
    pub doubts: Vec<Reason>,
}

impl<'a> Frame<'a> {
    /// What was known at `past`; whether it can be trusted is not asked.
    #[must_use]
    pub fn of(past: Past<'a>) -> Self {
        Self {
            past,
            trust: Trust::Ok,
            doubts: Vec::new(),
        }
    }
}

/// One instant of one variant, ready to be drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct ViewModel {
    /// When.
    pub(super) at: Stamp,
    /// When the sample was taken whose counters and means these are: at that instant, or before it.
    pub(super) sampled: Stamp,
    /// What is being played.
    pub(super) stage: Stage,
    /// For how long the stage has lasted.
    pub(super) lasted: Elapsed,
    /// How long it will last, where that is known.
    pub(super) lasts: Option<Elapsed>,
    /// Requests answered or failed so far.
    pub(super) ended: u64,
    /// Sent, and no worker has taken them yet.
    pub(super) door: u64,
    /// Requests due and not ended.
    pub(super) in_system: u64,
    /// In the order of their slots.
    pub(super) workers: Vec<WorkerPicture>,
    /// The cores, each with the position in `workers` of the one that computes there.
    pub(super) cores: Vec<(usize, Option<usize>)>,
    /// Of each of them, whether something else than workers kept it busy for half of the time between the last two
    /// samples, or for more.
    pub(super) busy_otherwise: Vec<bool>,
    /// The mean of the last second …
    pub(super) mean: Means,
    /// … and the time that this is.
    pub(super) mean_of: MeanOf,
    /// Of the requests due in the window so far; before it, of all so far.
    pub(super) latencies: Latencies,
    /// The most requests that one row of glyphs had to show so far: at the door, in one worker.
    pub(super) most: Most,
    /// Whether enough has been counted to judge …
    pub(super) is_judged: bool,
    /// … if the run can be trusted so far …
    pub(super) trust: Trust,
    /// … and if not, why: the worst first.
    pub(super) doubts: Vec<Reason>,
}

impl ViewModel {
    /// True if there was any time to take a mean of.
    pub(super) fn has_means(&self) -> bool {
        self.mean_of.length > Elapsed::ZERO
    }

    /// A mean in these words, or a dash where there is none.
    pub(super) fn said_of_a_mean(&self, said: impl FnOnce() -> String) -> String {
        if self.has_means() {
            said()
        } else {
            "–".into()
        }
    }

    /// The requests that all workers have begun and not finished, by what each of them does now.
    pub(super) fn held(&self) -> Held {
        let held = self.workers.iter().map(|worker| worker.held);
        held.fold(Held::default(), |sum, held| Held {
            running: sum.running + held.running,
            blocked: sum.blocked + held.blocked,
            ready: sum.ready + held.ready,
            parked: sum.parked + held.parked,
        })
    }
}

/// The fullest that rows of glyphs have been.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Most {
    pub(super) at_the_door: u64,
    pub(super) in_a_worker: u64,
}

/// What a worker does, in the words of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Doing {
    /// Forked, not yet serving.
    #[default]
    Booting,
    /// Nothing to run.
    Idle,
    /// Running a request's code.
    Running,
    /// Could run, while all cores are taken.
    WantsACore,
    /// Asleep in one call.
    Blocked,
    /// Stopped by a signal: nothing runs it, whatever it was doing.
    Stopped,
    /// Finishing what it began.
    Draining,
    /// The process has ended.
    Gone,
}

impl Doing {
    /// What a sample says: the operating system's word on who waits for a core comes before the
    /// worker's own, since a process that is kept off its core cannot say so.
    pub(super) fn of(phase: Phase, is_stopped: bool, wants_a_core: bool) -> Self {
        match phase {
            Phase::Gone => Self::Gone,
            _ if is_stopped => Self::Stopped,
            Phase::Booting => Self::Booting,
            _ if wants_a_core => Self::WantsACore,
            Phase::Idle => Self::Idle,
            Phase::Running => Self::Running,
            Phase::Blocked => Self::Blocked,
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
            Self::Stopped => "stopped",
            Self::Draining => "draining",
            Self::Gone => "gone",
        }
    }
}

/// One worker: what is now, and its last second.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkerPicture {
    /// Its slot.
    pub(super) index: usize,
    pub(super) pid: u32,
    pub(super) respawns: u64,
    pub(super) doing: Doing,
    /// The requests that it has begun, by what they do.
    pub(super) held: Held,
    /// For how long the same request or coroutine has had it …
    pub(super) run: Option<Elapsed>,
    /// … and which request, if it has said its number.
    pub(super) request: Option<u32>,
    pub(super) longest_run: Elapsed,
    /// The kernel's switches per second, voluntary and involuntary.
    pub(super) voluntary: f64,
    pub(super) involuntary: f64,
    /// Hub to task and back, per second.
    pub(super) coroutine_switches: f64,
    /// Cores that it kept busy.
    pub(super) cpu: f64,
    /// Since the variant began.
    pub(super) accepted: u64,
    pub(super) answered: u64,
    pub(super) switches_in_all: u64,
}

impl WorkerPicture {
    /// The kernel's switches per second.
    pub(super) fn process_switches(&self) -> f64 {
        self.voluntary + self.involuntary
    }

    /// Coroutine switches for each answer; `None` before the first.
    pub(super) fn switches_per_request(&self) -> Option<f64> {
        (self.answered > 0).then(|| self.switches_in_all as f64 / self.answered as f64)
    }
}

/// The requests that one worker has begun and not finished, by what each of them does now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) running: u64,
    pub(super) blocked: u64,
    pub(super) ready: u64,
    pub(super) parked: u64,
}

impl Held {
    /// Splits `begun` requests: at most one has the process; of the rest as many are ready as the
    /// worker said; the others are parked. (Coroutines of kept connections that have not asked yet are
    /// parked too, and no request.)
    pub(super) fn of(begun: u64, doing: Doing, has_the_worker: bool, ready: u64) -> Self {
        let one = begun.min(1);
        let mut held = Self::default();
        match doing {
            Doing::Running => held.running = one,
            Doing::Draining if has_the_worker => held.running = one,
            Doing::Blocked => held.blocked = one,
            Doing::WantsACore => held.ready = one,
            Doing::Stopped if has_the_worker => held.ready = one,
            Doing::Booting | Doing::Idle | Doing::Draining | Doing::Gone | Doing::Stopped => {}
        }
        let rest = begun - held.all();
        held.ready += ready.min(rest);
        held.parked = begun - held.all();
        held
    }

    /// All of them.
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
            Doing::Booting,
            Doing::Idle,
            Doing::Running,
            Doing::WantsACore,
            Doing::Blocked,
            Doing::Stopped,
            Doing::Draining,
            Doing::Gone,
        ] {
            for begun in 0..4 {
                for ready in [0, 1, 9] {
                    assert_eq!(Held::of(begun, doing, true, ready).all(), begun);
                }
            }
        }
    }

    #[test]
    fn a_process_that_is_kept_off_its_core_wants_one_whatever_it_said_last() {
        assert_eq!(Doing::of(Phase::Running, false, true), Doing::WantsACore);
        assert_eq!(Doing::of(Phase::Idle, false, true), Doing::WantsACore);
        assert_eq!(Doing::of(Phase::Gone, true, true), Doing::Gone);
    }

    #[test]
    fn a_process_that_a_signal_has_stopped_is_stopped_whatever_it_said_last() {
        for phase in [Phase::Booting, Phase::Idle, Phase::Running, Phase::Blocked] {
            assert_eq!(Doing::of(phase, true, false), Doing::Stopped);
        }
    }
}
