//! Gauges: a number of things that exist at once, with its integral over time.
//!
//! Mean concurrency is an integral divided by a length of time. A gauge is stepped as things begin and end,
//! so it carries that integral exactly, whatever the sampling; samples of the number alone would miss what
//! happens between them.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use concsim_engine::telemetry::Reading;
use concsim_model::units::Stamp;

/// Gauge in shared memory: one writer steps it, any process reads it.
///
/// A sequence lock: `turn` is odd while the writer is between two consistent states, and a reader that sees
/// it change begins again.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Gauge {
    turn: AtomicU64,
    count: AtomicU64,
    changed_at: AtomicU64,
    integral: AtomicU64,
}

impl Gauge {
    /// Adds one thing since `at`, which may lie a little before now, or before the last step.
    pub fn up(&self, at: Stamp) {
        self.step(at, 1);
    }

    /// Removes one thing since `at`.
    pub fn down(&self, at: Stamp) {
        self.step(at, -1);
    }

    /// Adds `change` things (removes, if negative) since `at`. Only the gauge's one writer may call this.
    pub fn step(&self, at: Stamp, change: i64) {
        let now = self.changed_at.load(Ordering::Relaxed).max(at.0);
        let count = self.count.load(Ordering::Relaxed);
        let held = count.wrapping_mul(now - self.changed_at.load(Ordering::Relaxed));
        // Things added before the last step have existed since then: count them from `at`.
        let owed = change.wrapping_mul((now - at.0).cast_signed());
        let integral = self
            .integral
            .load(Ordering::Relaxed)
            .wrapping_add(held)
            .wrapping_add(owed.cast_unsigned());
        self.publish(count.wrapping_add(change.cast_unsigned()), now, integral);
    }

    /// Removes all things since `at`: called by a new incarnation of a killed worker for those of its
    /// predecessor.
    pub fn clear(&self, at: Stamp) {
        let count = self.count.load(Ordering::Relaxed);
        self.step(at, -count.cast_signed());
    }

    /// Number of things now, for the writer itself.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    fn publish(&self, count: u64, changed_at: u64, integral: u64) {
        // Already odd if a writer before this one was killed in the middle of a step.
        let turn = self.turn.load(Ordering::Relaxed) & !1;
        self.turn.store(turn.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        self.count.store(count, Ordering::Relaxed);
        self.changed_at.store(changed_at, Ordering::Relaxed);
        self.integral.store(integral, Ordering::Relaxed);
        self.turn.store(turn.wrapping_add(2), Ordering::Release);
    }

    /// Returns a consistent reading; `None` if the writer died, or was stopped, in the middle of a step.
    pub fn read(&self) -> Option<Reading> {
        const TRIES: usize = 10_000;
        for _ in 0..TRIES {
            let before = self.turn.load(Ordering::Acquire);
            let reading = Reading {
                count: self.count.load(Ordering::Relaxed),
                changed_at: Stamp(self.changed_at.load(Ordering::Relaxed)),
                integral: self.integral.load(Ordering::Relaxed),
            };
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.turn.load(Ordering::Relaxed) == before {
                return Some(reading);
            }
            std::hint::spin_loop();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integral_is_the_sum_of_all_stays_so_far() {
        let gauge = Gauge::default();
        gauge.up(Stamp(10));
        gauge.up(Stamp(20));
        gauge.down(Stamp(30));
        let reading = gauge.read().unwrap();
        assert_eq!(reading.count, 1);
        assert_eq!(reading.integral_at(Stamp(50)), 10 + 20 + 20);
    }

    #[test]
    fn a_request_that_began_before_the_last_update_counts_from_its_beginning() {
        let gauge = Gauge::default();
        gauge.up(Stamp(100));
        gauge.up(Stamp(40));
        assert_eq!(gauge.read().unwrap().integral_at(Stamp(100)), 60);
        assert_eq!(gauge.read().unwrap().integral_at(Stamp(110)), 80);
    }

    #[test]
    fn a_gauge_whose_writer_was_killed_in_a_step_is_readable_after_the_next() {
        let gauge = Gauge::default();
        gauge.up(Stamp(5));
        gauge.turn.fetch_add(1, Ordering::Relaxed);
        assert_eq!(gauge.read(), None);
        gauge.clear(Stamp(9));
        assert_eq!(gauge.read().map(|reading| reading.count), Some(0));
    }

    #[test]
    fn clearing_takes_everything_away_at_once() {
        let gauge = Gauge::default();
        gauge.up(Stamp(0));
        gauge.up(Stamp(0));
        gauge.clear(Stamp(5));
        assert_eq!(gauge.read().unwrap().integral_at(Stamp(1_000)), 10);
    }
}
