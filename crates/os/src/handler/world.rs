//! The trait through which a handler spends time: its only window.
//!
//! | world | `compute` | `call`, `sleep` | who else runs meanwhile |
//! |---|---|---|---|
//! | of a sync worker | uses this thread's core time | block in the kernel | whoever the kernel schedules |
//! | of a coroutine worker | the same: nobody takes the core from a coroutine | park, with the reason | other coroutines of this process |
//! | the same, `unpatched` | the same | block in the kernel | nobody in this process |
//! | scripted, in tests | write it down | write it down | nobody |

use std::hint::black_box;
use std::io;

use crate::http::response::Date;
use concsim_model::scenario::WaitMode;
use concsim_model::units::{CpuTime, Elapsed};

/// A service could not be reached, or did not answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CallFailed(#[from] pub io::Error);

/// What one request has spent so far. Each worker's World keeps it and begins anew with each request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Core time of its computing.
    pub cpu: CpuTime,
    /// Wall time of its computing that was not core time: it wanted a core.
    pub core_wait: Elapsed,
    /// In waits that parked the coroutine.
    pub parked: Elapsed,
    /// In waits that blocked the process.
    pub blocked: Elapsed,
    /// Ready, while its worker ran another.
    pub ready: Elapsed,
    /// How often it let go of its worker: each parking and each yield.
    pub let_go: u64,
    /// Other requests that its worker ran meanwhile.
    pub others: u64,
}

/// The only ways in which a handler may spend time or touch what is shared.
pub trait World {
    /// Uses a core for this much CPU time.
    fn compute(&mut self, cpu: CpuTime);

    /// Asks the service, an index into the scenario's, which answers after `wait`.
    ///
    /// # Errors
    /// When the service cannot be reached or does not answer.
    fn call(&mut self, service: usize, wait: Elapsed, manner: WaitMode) -> Result<(), CallFailed>;

    /// Waits for a timer; a wait of zero still lets go once.
    fn sleep(&mut self, wait: Elapsed, manner: WaitMode);

    /// Lets go once, and stays ready. Nothing under a sync worker, where there is no other.
    fn let_go(&mut self);

    /// What a counter of this process says; an index into the scenario's.
    fn counter(&mut self, counter: usize) -> u64;

    /// Writes a counter back: one addition, whatever became of the others.
    fn set_counter(&mut self, counter: usize, value: u64);

    /// Sends bytes to the client, all of them; waits as long as it has no room for them.
    ///
    /// # Errors
    /// When the client is gone.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// The date that an answer carries.
    fn date(&self) -> Date;

    /// What this request has spent so far.
    fn spent(&self) -> Spent;

    /// Overflows the stack.
    fn overflow(&mut self) {
        overflow_the_stack();
    }
}

/// Recurses until the stack is full, which ends the process.
pub fn overflow_the_stack() {
    black_box(descend(0));
}

/// Each frame is smaller than a guard page, so that none can step over it.
fn descend(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == u64::MAX {
        return frame[0];
    }
    descend(depth + 1) + frame[63]
}
