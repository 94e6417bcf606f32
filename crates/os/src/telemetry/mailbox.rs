//! A word by which the driver sends messages to load. Two messages may be equal, so they are counted: the
//! upper 16 bits hold their number, the others the last message.

use std::sync::atomic::{AtomicU64, Ordering};

const COUNT_AT: u32 = 48;
/// Upper limit of a message.
const LIMIT: u64 = 1 << COUNT_AT;

/// Mailbox with one writer; readers compare its count with the last one that they saw.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Mailbox {
    word: AtomicU64,
}

/// Count that a reader saw last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastSeen {
    count: u16,
}

impl Mailbox {
    /// Posts a message, cut to the largest one that fits.
    pub fn post(&self, message: u64) {
        let count = (self.word.load(Ordering::Relaxed) >> COUNT_AT) as u16;
        let count = u64::from(count.wrapping_add(1)) << COUNT_AT;
        self.word
            .store(count | message.min(LIMIT - 1), Ordering::Release);
    }

    /// Receives the last message, and the number of messages since `last_seen`; `None` if there is none.
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
    fn the_same_message_is_received_again_when_it_is_posted_again() {
        let (mailbox, mut last_seen) = (Mailbox::default(), LastSeen::default());
        assert_eq!(mailbox.receive(&mut last_seen), None);
        mailbox.post(7);
        assert_eq!(mailbox.receive(&mut last_seen), Some((1, 7)));
        assert_eq!(mailbox.receive(&mut last_seen), None);
        mailbox.post(7);
        mailbox.post(7);
        assert_eq!(mailbox.receive(&mut last_seen), Some((2, 7)));
    }

    #[test]
    fn the_count_comes_round_and_no_wish_gets_into_it() {
        let (mailbox, mut last_seen) = (Mailbox::default(), LastSeen::default());
        for _ in 0..=u16::MAX {
            mailbox.post(u64::MAX);
            assert_eq!(mailbox.receive(&mut last_seen), Some((1, LIMIT - 1)));
        }
    }
}
