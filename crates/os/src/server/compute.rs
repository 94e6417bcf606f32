//! Computing: uses a core for an exact length of CPU time, and detects when the core was taken away.
//!
//! ```text
//!   wall   ├──────────┬╌╌╌╌╌╌╌╌╌╌╌╌╌┬────────────┤
//!   core   ├ computes ┤   off it    ├  computes  ┤      CPU time = wall − off
//!                      from         to  ── Preempted
//! ```
//!
//! The monotonic clock is read in a tight loop (22 ns a reading). Two readings that lie far apart mean that
//! another process had the core in between. Then, and when the wall time is enough, the thread's CPU clock
//! is read (about 525 ns); it alone decides. A spin until a wall-clock deadline would make two processes on
//! one core look parallel.

use crate::sys::clock::{Clock, thread_cpu};
use crate::sys::processes::own_core;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Longest interval between readings of the clock without a preemption: an interrupt takes a few
/// microseconds, another process's slice hundreds.
const GAP: Elapsed = Elapsed(20_000);

/// Time that a computation took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burnt {
    /// Core time: the length asked for, and at most a few microseconds more.
    pub cpu: CpuTime,
    /// Wall time.
    pub wall: Elapsed,
}

impl Burnt {
    /// Returns the time in which the computation waited for a core.
    pub fn core_wait(&self) -> Elapsed {
        Elapsed(self.wall.0.saturating_sub(self.cpu.0))
    }
}

/// Uses a core for `wanted`. Calls `taken_off` with each interval without a core, and the core before it.
pub fn burn(
    wanted: CpuTime,
    clock: Clock,
    taken_off: impl FnMut(Stamp, Stamp, Option<u32>),
) -> Burnt {
    burn_until(wanted, clock, || false, taken_off)
}

/// Uses a core for `wanted`, or until `is_over`, as [`burn`].
pub fn burn_until(
    wanted: CpuTime,
    clock: Clock,
    is_over: impl Fn() -> bool,
    mut taken_off: impl FnMut(Stamp, Stamp, Option<u32>),
) -> Burnt {
    let (begun, cpu_before) = (clock.now(), thread_cpu());
    let (mut known, mut used) = (begun, CpuTime::ZERO);
    let mut core = own_core();
    while used < wanted && !is_over() {
        // Without a gap, this thread has had the core since `known`.
        let enough = known + Elapsed((wanted - used).0);
        let (last, now) = spin(clock, known, enough, &is_over);
        let used_now = thread_cpu() - cpu_before;
        let off = now.since(known).0.saturating_sub((used_now - used).0);
        if now.since(last) > GAP && off > GAP.0 / 2 {
            taken_off(last, now, core);
            core = own_core();
        }
        (known, used) = (now, used_now);
    }
    if used > CpuTime::ZERO {
        // The last reading of the CPU clock enters the kernel, which often preempts at that point.
        let over = clock.now();
        if over.since(known) > GAP {
            taken_off(known, over, core);
        }
        known = over;
    }
    Burnt {
        cpu: used,
        wall: known.since(begun),
    }
}

/// Reads the clock until `enough`, until `is_over`, or until two readings lie far apart. Returns the last
/// two.
#[inline(never)]
fn spin(clock: Clock, begin: Stamp, enough: Stamp, is_over: &impl Fn() -> bool) -> (Stamp, Stamp) {
    let (mut last, mut now) = (begin, clock.now());
    while now < enough && now.since(last) <= GAP && !is_over() {
        last = now;
        now = clock.now();
    }
    (last, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computation_uses_the_core_time_that_was_asked_for() {
        let clock = Clock::starting_now();
        let before = thread_cpu();
        let wanted = CpuTime(3_000_000);
        let burnt = burn(wanted, clock, |_, _, _| {});
        let used = thread_cpu() - before;
        assert!(burnt.cpu >= wanted && used >= wanted);
        assert!(
            burnt.wall.0 + 10_000 >= burnt.cpu.0,
            "a core second takes a second"
        );
    }

    #[test]
    fn no_computation_takes_no_time_off_its_core() {
        let burnt = burn(CpuTime::ZERO, Clock::starting_now(), |_, _, _| {
            panic!("nothing was computed")
        });
        assert_eq!((burnt.cpu, burnt.wall), (CpuTime::ZERO, Elapsed::ZERO));
    }
}
