//! A word in which the driver asks load for something. What it asks for may be the same twice, so each
//! time is counted: the upper 16 bits say how often the bell has been rung, the others what for.

use std::sync::atomic::{AtomicU64, Ordering};

const COUNT_AT: u32 = 48;
/// What can be asked for is below this.
const LIMIT: u64 = 1 << COUNT_AT;

/// One writer rings; readers compare with what they have heard.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Mailbox {
    word: AtomicU64,
}

/// What somebody has heard of a bell so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastSeen {
    count: u16,
}

impl Mailbox {
    /// Asks for something; the largest that can be asked for instead of anything larger.
    pub fn post(&self, message: u64) {
        let count = (self.word.load(Ordering::Relaxed) >> COUNT_AT) as u16;
        let count = u64::from(count.wrapping_add(1)) << COUNT_AT;
        self.word
            .store(count | message.min(LIMIT - 1), Ordering::Release);
    }

    /// What was asked for last, and how often the bell was rung since `last_seen`; `None` if it was not.
    pub fn receive(&self, last_seen: &mut LastSeen) -> Option<(u16, u64)> {
        let word = self.word.load(Ordering::Acquire);
        let count = (word >> COUNT_AT) as u16;
        let times = count.wrapping_sub(last_seen.count);
        last_seen.count = count;
        (times > 0).then_some((times, word & (LIMIT - 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_wish_is_heard_again_when_the_bell_is_rung_again() {
        let (bell, mut last_seen) = (Mailbox::default(), LastSeen::default());
        assert_eq!(bell.receive(&mut last_seen), None);
        bell.post(7);
        assert_eq!(bell.receive(&mut last_seen), Some((1, 7)));
        assert_eq!(bell.receive(&mut last_seen), None);
        bell.post(7);
        bell.post(7);
        assert_eq!(bell.receive(&mut last_seen), Some((2, 7)));
    }

    #[test]
    fn the_count_comes_round_and_no_wish_gets_into_it() {
        let (bell, mut last_seen) = (Mailbox::default(), LastSeen::default());
        for _ in 0..=u16::MAX {
            bell.post(u64::MAX);
            assert_eq!(bell.receive(&mut last_seen), Some((1, LIMIT - 1)));
        }
    }
}
