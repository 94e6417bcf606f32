//! The World: the trait through which a handler spends time and touches shared state.
//!
//! | world | `compute` | `call`, `sleep` | runs meanwhile |
//! |---|---|---|---|
//! | of a sync worker | uses this thread's core time | block in the kernel | other processes |
//! | of a coroutine worker | uses this thread's core time | park, with the reason | other tasks of this process |
//! | the same, `unpatched` | the same | block in the kernel | other processes |
//! | scripted, in tests | is recorded | are recorded | nothing |

use std::hint::black_box;
use std::io;

use crate::http::response::Date;
use concsim_model::scenario::WaitMode;
use concsim_model::units::{CpuTime, Elapsed};

/// A service could not be reached, or did not answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CallFailed(#[from] pub io::Error);

/// Sums of one request's time so far. Each worker's World keeps them and resets them with each request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestTimes {
    /// Core time of its computing.
    pub cpu: CpuTime,
    /// Wall time of its computing without a core: it wanted one.
    pub core_wait: Elapsed,
    /// Time in waits that parked the coroutine.
    pub parked: Elapsed,
    /// Time in waits that blocked the process.
    pub blocked: Elapsed,
    /// Time in which it was ready while its worker ran another request.
    pub ready: Elapsed,
    /// Number of times that it let go of its worker: waits that parked, and yields.
    pub yields: u64,
    /// Number of other requests that its worker ran meanwhile.
    pub others: u64,
}

/// Operations by which a handler may spend time or touch shared state; it has no others.
pub trait World {
    /// Uses a core for this much CPU time.
    fn compute(&mut self, cpu: CpuTime);

    /// Calls a service, an index into the scenario's, which answers after `wait`.
    ///
    /// # Errors
    /// Fails if the service cannot be reached or does not answer.
    fn call(&mut self, service: usize, wait: Elapsed, mode: WaitMode) -> Result<(), CallFailed>;

    /// Computes for this much CPU time in a process of the pool, and waits for it.
    ///
    /// # Errors
    /// Fails if that process ends meanwhile.
    fn offload(&mut self, cpu: CpuTime) -> Result<(), CallFailed>;

    /// Waits for a timer. A wait of zero still lets go once.
    fn sleep(&mut self, wait: Elapsed, mode: WaitMode);

    /// Lets go once, and stays ready. Under a sync worker there is no other request to run.
    fn yield_now(&mut self);

    /// Value of a counter of this process; an index into the scenario's.
    fn counter(&mut self, counter: usize) -> u64;

    /// Writes a counter back, which counts as one addition.
    fn set_counter(&mut self, counter: usize, value: u64);

    /// Fills a cache of this process: its private memory grows to at least this many bytes, and stays.
    fn touch(&mut self, bytes: u64);

    /// Sends all bytes to the client. Waits while it has no room for them.
    ///
    /// # Errors
    /// Fails if the client is gone.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns the date of an answer.
    fn date(&self) -> Date;

    /// Returns the sums of this request so far.
    fn spent(&self) -> RequestTimes;

    /// Overflows the stack.
    fn overflow(&mut self) {
        overflow_the_stack();
    }
}

/// Recurses until the stack is full, which ends the process.
pub fn overflow_the_stack() {
    black_box(descend(0));
}

/// Descends by one frame, smaller than a guard page, so that no frame can step over it.
fn descend(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == u64::MAX {
        return frame[0];
    }
    descend(depth + 1) + frame[63]
}
