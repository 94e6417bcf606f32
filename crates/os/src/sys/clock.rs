//! The clocks: one monotonic clock for all processes of a run, and one clock per thread and
//! process that advances only while it has a core.
//!
//! Cost of a reading (Linux 6.18, one virtual machine): the monotonic clock about 22 ns, a thread's CPU
//! clock about 525 ns, since the kernel has to be entered. So CPU clocks are read around computing steps
//! and at samples only.

use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, Timespec, clock_gettime};

use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// The run's clock: monotonic nanoseconds since the run began.
///
/// Copied to every process of the run, so that their stamps can be subtracted from one another.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Clock {
    /// `CLOCK_MONOTONIC` at the run's start, in nanoseconds.
    origin: u64,
}

impl Clock {
    /// Returns a clock whose zero is now.
    #[must_use]
    pub fn starting_now() -> Self {
        Self {
            origin: nanoseconds(ClockId::Monotonic),
        }
    }

    /// Returns the present instant.
    #[must_use]
    #[inline]
    pub fn now(self) -> Stamp {
        Stamp(nanoseconds(ClockId::Monotonic).saturating_sub(self.origin))
    }

    /// Sleeps until `instant`. Blocks the whole thread, whatever signals arrive meanwhile.
    pub fn sleep_until(self, instant: Stamp) {
        loop {
            let left = instant.since(self.now()).0;
            if left == 0 {
                return;
            }
            let left = Timespec {
                tv_sec: (left / 1_000_000_000).cast_signed(),
                tv_nsec: (left % 1_000_000_000).cast_signed(),
            };
            // A signal ends the sleep early; the loop sleeps for the rest.
            let _ = rustix::thread::nanosleep(&left);
        }
    }
}

/// Returns the present instant of the monotonic clock, which begins when the machine boots.
#[must_use]
pub fn since_boot() -> Stamp {
    Stamp(nanoseconds(ClockId::Monotonic))
}

/// Returns the date and time of day, and the time until its next second.
#[must_use]
pub fn date() -> (SystemTime, Elapsed) {
    let time = clock_gettime(ClockId::Realtime);
    let seconds = Duration::from_secs(time.tv_sec.try_into().unwrap_or(0));
    let left = 1_000_000_000 - time.tv_nsec.cast_unsigned();
    (SystemTime::UNIX_EPOCH + seconds, Elapsed(left))
}

/// CPU time that the calling thread has used since it began.
#[must_use]
pub fn thread_cpu() -> CpuTime {
    CpuTime(nanoseconds(ClockId::ThreadCPUTime))
}

/// CPU time that the calling process has used, summed over its threads.
#[must_use]
pub fn process_cpu() -> CpuTime {
    CpuTime(nanoseconds(ClockId::ProcessCPUTime))
}

#[inline]
fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}
