//! Requests in order of sending, in blocks that can be skipped as a whole: the requests present at an
//! instant are found without reading all that ended long before.

use std::ops::Range;

use super::Interval;
use concsim_model::units::Stamp;

/// Number of requests in a block.
const LENGTH: usize = 256;

/// All blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks(Vec<Block>);

#[derive(Clone, Copy, Debug)]
struct Block {
    /// Time at which its first request was sent.
    sent: Stamp,
    /// Number of its requests that have not ended.
    open: usize,
    /// Time at which its last request ended …
    done: Stamp,
    /// … and the highest position of one of its outcomes among all outcomes.
    outcome: usize,
}

impl Blocks {
    /// Notes that the request at this position was sent.
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

    /// Notes that the request at this position has ended, for the first time or again.
    pub(super) fn end(&mut self, place: usize, outcome: usize, done: Stamp, is_first: bool) {
        let block = &mut self.0[place / LENGTH];
        block.open -= usize::from(is_first);
        block.done = block.done.max(done);
        block.outcome = block.outcome.max(outcome);
    }

    /// Positions of requests that may have been present in the interval, when the first `outcomes` outcomes
    /// had been read.
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
