//! Requests in the order in which they were sent, in blocks that can be passed over as a whole: those
//! that are to be shown of an instant are found without a look at all that had ended long before.

use std::ops::Range;

use super::Interval;
use concsim_model::units::Stamp;

/// So many requests are one block.
const LENGTH: usize = 256;

/// What is known of every block.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks(Vec<Block>);

#[derive(Clone, Copy, Debug)]
struct Block {
    /// When the first of it was sent.
    sent: Stamp,
    /// Those of it that have not ended.
    open: usize,
    /// When the last of it ended …
    done: Stamp,
    /// … and where the last outcome of it is among the outcomes.
    outcome: usize,
}

impl Blocks {
    /// The request at this place was sent.
    pub(super) fn send(&mut self, place: usize, sent: Stamp) {
        let nothing = Block {
            sent,
            open: 0,
            done: Stamp::ZERO,
            outcome: 0,
        };
        let number = place / LENGTH;
        if self.0.len() <= number {
            self.0.resize(number + 1, nothing);
        }
        let block = &mut self.0[number];
        block.sent = block.sent.min(sent);
        block.open += 1;
    }

    /// The request at this place has ended, for the first time or once more.
    pub(super) fn end(&mut self, place: usize, outcome: usize, done: Stamp, is_first: bool) {
        let block = &mut self.0[place / LENGTH];
        block.open -= usize::from(is_first);
        block.done = block.done.max(done);
        block.outcome = block.outcome.max(outcome);
    }

    /// The places of requests that may have been there in the interval, when so many outcomes had been
    /// seen.
    pub(super) fn there(
        &self,
        interval: Interval,
        outcomes: usize,
    ) -> impl Iterator<Item = Range<usize>> {
        let is_there = move |block: &Block| {
            let is_over =
                block.open == 0 && block.done <= interval.from && block.outcome < outcomes;
            block.sent < interval.to && !is_over
        };
        let blocks = self.0.iter().enumerate();
        blocks
            .filter(move |(_, block)| is_there(block))
            .map(|(number, _)| number * LENGTH..(number + 1) * LENGTH)
    }
}
