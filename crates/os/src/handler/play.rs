//! The player: one script, step by step, in a World.

use std::io;

use super::reply::{HeadCache, Reply};
use super::{CallFailed, World};
use concsim_model::scenario::{Script, Step};
use concsim_model::units::{CpuTime, Elapsed};

/// Reasons why a script was not played to its end.
#[derive(Debug, thiserror::Error)]
pub enum StopReason {
    /// A call failed.
    #[error("a call failed: {0}")]
    Call(#[from] CallFailed),
    /// The client is gone.
    #[error("the client is gone: {0}")]
    Client(#[from] io::Error),
    /// The handler panicked, with this message.
    #[error("the handler panicked: {0}")]
    Panic(String),
}

/// Script that is being played.
pub(super) struct Player<'request, W> {
    pub(super) world: &'request mut W,
    pub(super) reply: &'request mut Reply,
    /// Heads for the total length of its `write` steps, until the first one is played; `None` if there are
    /// none.
    pub(super) heads: Option<&'request HeadCache>,
    /// Counter that was written last, and its value.
    pub(super) counted: Option<(usize, u64)>,
}

/// Number of bytes of all `write` steps of a script; `None` if it has none.
pub(super) fn body_length(script: &Script) -> Option<u64> {
    let writes = script.iter().filter_map(|step| match step {
        Step::Write { bytes } => Some(*bytes),
        _ => None,
    });
    writes.reduce(u64::saturating_add)
}

/// Returns the length after which a computation lets go; all of it if it has no slices.
#[must_use]
pub fn longest_slice(slice: Option<CpuTime>) -> CpuTime {
    slice
        .filter(|slice| slice.0 > 0)
        .unwrap_or(CpuTime(u64::MAX))
}

/// Plays the step `panic`.
///
/// # Panics
/// Always.
pub fn step_panic() {
    panic!("the script has a step `panic`");
}

impl<W: World> Player<'_, W> {
    /// Plays all steps in order. `demands` has one number for each step with a duration.
    pub(super) fn play(&mut self, script: &Script, demands: &[u64]) -> Result<(), StopReason> {
        let mut demands = demands.iter().copied();
        for step in script {
            let demand = step.duration().map_or(0, |_| {
                demands.next().expect("there is a demand for each duration")
            });
            self.step(step, demand)?;
        }
        Ok(())
    }

    /// Plays one step. `demand` is its duration, if it has one.
    fn step(&mut self, step: &Step, demand: u64) -> Result<(), StopReason> {
        if !matches!(step, Step::Write { .. }) {
            // Bytes written so far go out before the next step takes its time.
            self.reply.send(self.world)?;
        }
        match *step {
            Step::Write { bytes } => self.write(bytes)?,
            Step::Compute { slice, .. } => self.compute(CpuTime(demand), slice),
            Step::Call { service, mode, .. } => self.world.call(service, Elapsed(demand), mode)?,
            Step::Offload { .. } => self.world.offload(CpuTime(demand))?,
            Step::Sleep { mode, .. } => self.world.sleep(Elapsed(demand), mode),
            Step::Yield => self.world.yield_now(),
            Step::Touch { bytes } => self.world.touch(bytes),
            Step::Count {
                counter,
                with_yield,
            } => self.count(counter, with_yield),
            Step::Panic => step_panic(),
            Step::Overflow => self.world.overflow(),
        }
        Ok(())
    }

    /// Sends bytes of the body; the head goes out with the first ones.
    fn write(&mut self, bytes: u64) -> io::Result<()> {
        if let Some(heads) = self.heads.take() {
            self.reply.head(heads, self.world.date());
        }
        let mut left = self.reply.fill(bytes);
        while left > 0 {
            self.reply.send(self.world)?;
            left = self.reply.fill(left);
        }
        Ok(())
    }

    /// Computes, and lets go between slices: ⌈cpu ÷ slice⌉ − 1 times.
    fn compute(&mut self, cpu: CpuTime, slice: Option<CpuTime>) {
        let slice = longest_slice(slice);
        let mut left = cpu;
        while left > slice {
            self.world.compute(slice);
            self.world.yield_now();
            left = left - slice;
        }
        self.world.compute(left);
    }

    /// Adds 1 to a counter. Updates by others between the reading and the writing are lost.
    fn count(&mut self, counter: usize, with_yield: bool) {
        let read = self.world.counter(counter);
        if with_yield {
            self.world.yield_now();
        }
        self.world.set_counter(counter, read + 1);
        self.counted = Some((counter, read + 1));
    }
}
