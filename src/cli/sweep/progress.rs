//! How far a sweep is: a line on standard error that is written over, if that is a terminal; else nothing.

use std::io::{self, IsTerminal as _};

use crate::sys::clock::Clock;
use crate::units::Elapsed;

/// How often it is drawn, at most.
const EVERY: Elapsed = Elapsed::from_millis(100);
/// How many cells the bar has.
const WIDTH: usize = 30;

/// A bar that grows.
#[derive(Debug)]
pub(super) struct Progress {
    is_shown: bool,
    clock: Clock,
    drawn: crate::units::Stamp,
    before: usize,
    done: usize,
    all: usize,
}

impl Progress {
    /// `before` of `all` were there already.
    pub(super) fn new(before: usize, all: usize) -> Self {
        let clock = Clock::starting_now();
        Self {
            is_shown: io::stderr().is_terminal(),
            clock,
            drawn: clock.now(),
            before,
            done: before,
            all,
        }
    }

    pub(super) fn one_more(&mut self) {
        self.done += 1;
        let now = self.clock.now();
        if self.is_shown && now.since(self.drawn) >= EVERY {
            self.drawn = now;
            let each = now.0 as f64 / 1e9 / (self.done - self.before) as f64;
            let left = each * (self.all - self.done) as f64;
            let full = WIDTH * self.done / self.all;
            let (bar, rest) = ("#".repeat(full), "-".repeat(WIDTH - full));
            eprint!(
                "\r{bar}{rest} {} of {} rows, about {left:.0} s left \x1b[K",
                self.done, self.all
            );
        }
    }

    pub(super) fn clear(&self) {
        if self.is_shown {
            eprint!("\r\x1b[K");
        }
    }
}
