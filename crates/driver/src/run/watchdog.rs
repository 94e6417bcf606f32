//! Watchdog for the children of a run. A child stopped by a signal, or a load whose loop no longer turns,
//! would keep the driver waiting without end. The watchdog ends the run after some seconds.

use super::{Driver, State};
use concsim_model::units::{Elapsed, Stamp};
use concsim_os::sys::child::Child;
use concsim_os::sys::processes;

/// Time between two checks of the children.
const LOOK_EVERY: Elapsed = Elapsed::from_millis(500);
/// Time that a child may stay stopped, or that load may go without a turn of its loop.
const PATIENCE: Elapsed = Elapsed::from_secs(3);
/// Minimum number of consecutive checks that must agree: after a pause of the whole machine the first check
/// finds everything old.
const MIN_CHECKS: u32 = 4;

/// Results of the last checks of the children.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    next_look: Stamp,
    /// Turns of load's loop at the last check.
    turns: u64,
    stuck: Option<StuckChild>,
}

/// A child that makes no progress.
#[derive(Clone, Copy, Debug)]
struct StuckChild {
    name: &'static str,
    since: Stamp,
    looks: u32,
}

impl Watchdog {
    /// Records the result of one check. Returns it once it has lasted too long.
    fn note(&mut self, found: Option<&'static str>, now: Stamp) -> Option<&'static str> {
        self.stuck = found.map(|what| match self.stuck {
            Some(before) if before.name == what => StuckChild {
                looks: before.looks + 1,
                ..before
            },
            _ => StuckChild {
                name: what,
                since: now,
                looks: 1,
            },
        });
        let stuck = self.stuck?;
        let is_long = now.since(stuck.since) >= PATIENCE && stuck.looks >= MIN_CHECKS;
        is_long.then_some(stuck.name)
    }
}

impl Driver<'_> {
    /// Checks the children when due, and breaks off the run of a stuck child.
    pub(super) fn watch_the_children(&mut self) {
        let now = self.clock.now();
        if now < self.watchdog.next_look {
            return;
        }
        self.watchdog.next_look = now + LOOK_EVERY;
        let found = self.stuck_child();
        if let Some(what) = self.watchdog.note(found, now) {
            self.break_off(format!("{what} for {PATIENCE}"));
        }
    }

    /// Returns the child that the run waits for and that makes no progress. While load plays the arbiter
    /// may stay stopped: the workers need it only when one ends.
    fn stuck_child(&mut self) -> Option<&'static str> {
        let is_stopped = |child: &Option<Child>| {
            let there = child.as_ref().map(Child::pid);
            let there = there.and_then(processes::whereabouts_of);
            there.is_some_and(|there| there.stopped)
        };
        if is_stopped(&self.load) {
            return Some("load was stopped by a signal");
        }
        if is_stopped(&self.services) {
            return Some("the services were stopped by a signal");
        }
        if self.state != State::Playing && is_stopped(&self.arbiter) {
            return Some("the server was stopped by a signal");
        }
        let turns = self.scoreboard.run().load.turns();
        let before = std::mem::replace(&mut self.watchdog.turns, turns);
        (self.state == State::Playing && turns == before).then_some("load made no progress")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: Option<&str> = Some("load was stopped by a signal");

    fn seconds(tenths: u64) -> Stamp {
        Stamp::ZERO + Elapsed::from_millis(100 * tenths)
    }

    #[test]
    fn a_child_that_stays_stopped_is_given_three_seconds() {
        let mut watchdog = Watchdog::default();
        let looks = (0..=30).step_by(5);
        let found: Vec<_> = looks.map(|at| watchdog.note(LOAD, seconds(at))).collect();
        assert_eq!(found, [None, None, None, None, None, None, LOAD]);
    }

    #[test]
    fn a_child_that_goes_on_in_between_is_given_them_anew() {
        let mut watchdog = Watchdog::default();
        for at in [0, 5, 10, 15, 20, 25] {
            assert_eq!(watchdog.note(LOAD, seconds(at)), None);
        }
        assert_eq!(watchdog.note(None, seconds(28)), None);
        for at in [30, 35, 40, 45, 50, 55] {
            assert_eq!(watchdog.note(LOAD, seconds(at)), None);
        }
    }

    #[test]
    fn a_pause_of_the_whole_machine_is_no_childs_fault() {
        let mut watchdog = Watchdog::default();
        assert_eq!(watchdog.note(LOAD, seconds(0)), None);
        assert_eq!(watchdog.note(LOAD, seconds(9_000)), None);
    }
}
