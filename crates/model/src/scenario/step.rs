//! Steps: what a request does, in order.
//!
//! Engines and theory ask a step for its properties ([`Step::duration`], [`Step::wait_mode`], [`Step::yields`]);
//! only what plays a step looks at the step itself. `sentence.rs` reads and writes steps as text.

use serde::{Deserialize, Serialize};

use super::{Draw, Request};
use crate::units::CpuTime;

/// Most processes of the pool for computations, [`Step::Offload`].
pub(super) const POOL_SLOTS: u64 = 16;

/// Steps of a request, in order.
pub type Script = Vec<Step>;

/// One step of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// Uses a core for this much CPU time, letting go between slices if there are any.
    Compute {
        /// CPU time.
        cpu: Draw,
        /// Slice length: lets go ⌈cpu ÷ slice⌉ − 1 times. `None`: in one piece.
        slice: Option<CpuTime>,
    },
    /// Computes in a process of the server's pool: a wait for the worker, and core time for that process.
    Offload {
        /// CPU time.
        cpu: Draw,
    },
    /// A real request to a service, which answers after `wait`.
    Call {
        /// Index into [`services`](super::Scenario::services).
        service: usize,
        /// Time that the service takes.
        wait: Draw,
        /// Way of waiting.
        #[serde(rename = "manner")]
        mode: WaitMode,
    },
    /// A timer without a socket.
    Sleep {
        /// Length of the sleep.
        wait: Draw,
        /// Way of waiting.
        #[serde(rename = "manner")]
        mode: WaitMode,
    },
    /// Lets go once, stays ready.
    Yield,
    /// Part of the response's body.
    Write {
        /// Number of bytes.
        bytes: u64,
    },
    /// Fills a cache of this process: its private memory grows to at least this, and stays.
    Touch {
        /// Number of bytes.
        bytes: u64,
    },
    /// Reads a counter of this process and writes it back plus one.
    Count {
        /// Index into [`counters`](super::Scenario::counters).
        counter: usize,
        /// Lets go between reading and writing: the lost-update experiment.
        with_yield: bool,
    },
    /// Panics: an experiment on failure.
    Panic,
    /// Overflows the stack: an experiment on failure.
    Overflow,
}

impl Step {
    /// Returns the draw of a step that has a duration, in the order of the request's `d=` list.
    #[must_use]
    pub fn duration(&self) -> Option<&Draw> {
        match self {
            Self::Compute { cpu: draw, .. }
            | Self::Offload { cpu: draw }
            | Self::Call { wait: draw, .. }
            | Self::Sleep { wait: draw, .. } => Some(draw),
            Self::Yield
            | Self::Write { .. }
            | Self::Touch { .. }
            | Self::Count { .. }
            | Self::Panic
            | Self::Overflow => None,
        }
    }

    /// Returns the way in which a step waits; `None` for a step that does not wait.
    #[must_use]
    pub fn wait_mode(&self) -> Option<WaitMode> {
        match self {
            Self::Call { mode, .. } | Self::Sleep { mode, .. } => Some(*mode),
            Self::Offload { .. } => Some(WaitMode::Patched),
            Self::Compute { .. }
            | Self::Yield
            | Self::Write { .. }
            | Self::Touch { .. }
            | Self::Count { .. }
            | Self::Panic
            | Self::Overflow => None,
        }
    }

    /// Returns the index of the service that a step calls.
    #[must_use]
    pub fn service(&self) -> Option<usize> {
        match self {
            Self::Call { service, .. } => Some(*service),
            _ => None,
        }
    }

    /// Returns the index of the counter that a step uses.
    #[must_use]
    pub fn counter(&self) -> Option<usize> {
        match self {
            Self::Count { counter, .. } => Some(*counter),
            _ => None,
        }
    }

    /// Returns the length of the slices of a computation.
    #[must_use]
    pub fn slice(&self) -> Option<CpuTime> {
        match self {
            Self::Compute { slice, .. } => *slice,
            _ => None,
        }
    }

    /// True if the step gives its worker to other requests once, without a wait.
    #[must_use]
    pub fn yields(&self) -> bool {
        match self {
            Self::Yield => true,
            Self::Count { with_yield, .. } => *with_yield,
            Self::Compute { .. }
            | Self::Offload { .. }
            | Self::Call { .. }
            | Self::Sleep { .. }
            | Self::Write { .. }
            | Self::Touch { .. }
            | Self::Panic
            | Self::Overflow => false,
        }
    }

    /// Returns the number of bytes that a step needs in its process's cache.
    #[must_use]
    pub fn touched(&self) -> u64 {
        match self {
            Self::Touch { bytes } => *bytes,
            _ => 0,
        }
    }

    /// True if no step after this one is played.
    #[must_use]
    pub fn ends_the_request(&self) -> bool {
        matches!(self, Self::Panic | Self::Overflow)
    }
}

/// Way of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitMode {
    /// As the worker's kind does it: a coroutine is parked.
    Patched,
    /// Blocks the whole worker, as an unpatched library does under gevent.
    Unpatched,
    /// Handed to the worker's pool of threads: blocks a thread of the pool.
    InThreads,
}

impl Request {
    /// Returns the steps that are played: up to the first that ends the request, inclusive.
    #[must_use]
    pub fn reached_steps(&self) -> &[Step] {
        let last = self.script.iter().position(Step::ends_the_request);
        last.map_or(&self.script, |last| &self.script[..=last])
    }
}
