//! Progress of many runs: a line on standard error that is redrawn in place, if that is a terminal.

use crate::steps::roughly;
use concsim_driver::console;
use concsim_model::units::{Elapsed, Stamp};
use concsim_os::sys::clock::Clock;

/// Minimum time between two redraws.
const EVERY: Elapsed = Elapsed::from_millis(100);
/// Width of the bar in cells.
const WIDTH: usize = 20;

/// A progress bar.
#[derive(Debug)]
pub(crate) struct Progress {
    is_shown: bool,
    clock: Clock,
    drawn: Stamp,
    before: usize,
    done: usize,
    all: usize,
    /// Noun of what is counted.
    noun: &'static str,
    /// Number that becomes known better with each run.
    estimate: Option<String>,
}

impl Progress {
    /// Returns the bar of `all` runs of this noun, `before` of which exist already.
    pub(crate) fn new(before: usize, all: usize, noun: &'static str) -> Self {
        let clock = Clock::starting_now();
        let progress = Self {
            is_shown: console::is_on_a_terminal(),
            clock,
            drawn: clock.now(),
            before,
            done: before,
            all,
            noun,
            estimate: None,
        };
        progress.draw(Stamp::ZERO);
        progress
    }

    pub(crate) fn one_more(&mut self) {
        self.done += 1;
        self.update();
    }

    /// Changes the number of runs, which is an estimate.
    pub(crate) fn expect(&mut self, all: usize) {
        self.all = all.max(self.done);
    }

    /// Sets the estimate that is shown.
    pub(crate) fn estimate(&mut self, estimate: Option<String>) {
        self.estimate = estimate;
    }

    /// Updates the estimate of the remaining time.
    pub(crate) fn update(&mut self) {
        let now = self.clock.now();
        if now.since(self.drawn) >= EVERY {
            self.drawn = now;
            self.draw(now);
        }
    }

    /// Draws on one line, however narrow the terminal is: the rest is cut off at the edge.
    fn draw(&self, now: Stamp) {
        if self.is_shown {
            console::raw(format_args!("\r\x1b[?7l{}\x1b[K\x1b[?7h", self.line(now)));
        }
    }

    fn line(&self, now: Stamp) -> String {
        let full = WIDTH * self.done / self.all.max(1);
        let (bar, rest) = ("#".repeat(full), "-".repeat(WIDTH - full));
        format!("{bar}{rest} {}", self.words(now))
    }

    /// Returns the line without its bar: `8 of 16 repeats, about 14 s left; sync.latency.mean 10.1 ± 0.9 ms`.
    pub(crate) fn said(&self) -> String {
        self.words(self.clock.now())
    }

    fn words(&self, now: Stamp) -> String {
        let Self {
            done, all, noun, ..
        } = self;
        let estimate = self.estimate.iter().map(|it| format!("; {it}"));
        let estimate: String = estimate.collect();
        format!("{done} of {all} {noun}{}{estimate}", self.left(now))
    }

    /// Returns the remaining time, at the mean time of those played so far.
    fn left(&self, now: Stamp) -> String {
        let played = self.done - self.before;
        if played == 0 || self.done == self.all {
            return String::new();
        }
        let each = now.0 as f64 / 1e9 / played as f64;
        let left = each * (self.all - self.done) as f64;
        format!(", about {} left", roughly(left))
    }

    pub(crate) fn clear(&self) {
        if self.is_shown {
            console::raw(format_args!("\r\x1b[K"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_much_is_done_and_how_long_the_rest_takes() {
        let mut progress = Progress::new(4, 16, "rows");
        assert_eq!(
            progress.line(Stamp(7_000_000_000)),
            "#####--------------- 4 of 16 rows"
        );
        progress.done = 8;
        assert_eq!(
            progress.line(Stamp(7_000_000_000)),
            "##########---------- 8 of 16 rows, about 14 s left"
        );
        progress.estimate(Some("a.throughput 597 ± 3/s".to_owned()));
        assert_eq!(
            progress.words(Stamp(7_000_000_000)),
            "8 of 16 rows, about 14 s left; a.throughput 597 ± 3/s"
        );
    }

    #[test]
    fn a_line_of_a_million_rows_fits_on_a_terminal() {
        let mut progress = Progress::new(0, 1_000_000, "rows");
        progress.done = 999_998;
        assert!(progress.line(Stamp(u64::MAX / 2)).len() < 80);
    }
}
