//! Progress of repeats with the running estimate of a number: a bar on a terminal, else a line for each repeat.

use crate::progress::Progress;
use concsim_driver::console;
use concsim_model::units::{Elapsed, Stamp};
use concsim_os::sys::clock::Clock;
use concsim_record::summary::Summary;

/// An estimate is computed at most in this part of the time: one of many repeats takes long.
const SHARE: u64 = 20;

/// Progress of repeats.
#[derive(Debug)]
pub(super) struct RepeatProgress {
    progress: Progress,
    /// True to print a line after each repeat where no bar can be drawn.
    prints_lines: bool,
    clock: Clock,
    /// Time before which no estimate is computed.
    next: Stamp,
}

impl RepeatProgress {
    /// Returns the progress of `all` repeats.
    pub(super) fn new(all: usize, prints_lines: bool) -> Self {
        Self {
            progress: Progress::new(0, all, "repeats"),
            prints_lines: prints_lines && !console::is_on_a_terminal(),
            clock: Clock::starting_now(),
            next: Stamp::ZERO,
        }
    }

    /// Counts a repeat, which is the `count`th. The estimate of the first of `numbers` is shown, by the summary of all
    /// repeats so far.
    pub(super) fn one_more(
        &mut self,
        count: usize,
        numbers: &[String],
        summary: impl Fn() -> Option<Summary>,
    ) {
        let now = self.clock.now();
        let is_shown = self.prints_lines || console::is_on_a_terminal();
        if count >= 2 && is_shown && now >= self.next {
            let estimate = numbers.first().zip(summary());
            let estimate = estimate.and_then(|(number, summary)| {
                Some(format!("{number} {}", summary.estimate_in_words(number)?))
            });
            self.progress.estimate(estimate);
            let after = self.clock.now();
            self.next = after + Elapsed(SHARE * after.since(now).0);
        }
        self.progress.one_more();
        if self.prints_lines {
            console::print_message(self.progress.said());
        }
    }

    /// Changes the number of repeats, which is an estimate.
    pub(super) fn expect(&mut self, all: usize) {
        self.progress.expect(all);
    }

    /// Updates the remaining time.
    pub(super) fn update(&mut self) {
        self.progress.update();
    }

    /// Prints a message.
    pub(super) fn print_note(&mut self, words: &str) {
        self.progress.clear();
        console::print_message(words);
    }

    /// Erases the bar.
    pub(super) fn clear(&self) {
        self.progress.clear();
    }
}
