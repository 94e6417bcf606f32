//! What a worker and a service say to each other: frames of a fixed size.
//!
//! A call asks the service to wait; the answer carries the service's own stamps, so that the time
//! that a call took beyond its wait can be told apart: late at the service, or ready and not yet
//! resumed at the worker. All numbers are little-endian and 64 bits wide.

use crate::telemetry::stated_request;
use concsim_model::units::{Elapsed, Stamp};

/// Bytes of a [`Call`].
pub const CALL_BYTES: usize = 24;
/// Bytes of an [`Answer`].
pub const ANSWER_BYTES: usize = 32;

/// A worker asks a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Chosen by the worker, repeated in the answer.
    pub id: u64,
    /// How long the service is to take.
    pub wait: Elapsed,
    /// The request that is waiting for it, for telemetry; [`NO_REQUEST`](crate::telemetry::NO_REQUEST) if it
    /// has no number.
    pub request: u32,
}

/// A service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The call's.
    pub id: u64,
    /// When the answer should have been written: the call's reading plus its wait.
    pub due: Stamp,
    /// When it was written.
    pub written: Stamp,
}

impl Call {
    /// The call as it travels.
    #[must_use]
    pub fn to_bytes(self) -> [u8; CALL_BYTES] {
        let mut bytes = [0; CALL_BYTES];
        put(&mut bytes, 0, self.id);
        put(&mut bytes, 1, self.wait.0);
        put(&mut bytes, 2, u64::from(self.request));
        bytes
    }

    /// The call that travelled as these bytes. Every pattern is one; a request that no run reaches has no number.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; CALL_BYTES]) -> Self {
        Self {
            id: word(bytes, 0),
            wait: Elapsed(word(bytes, 1)),
            request: stated_request(word(bytes, 2)),
        }
    }
}

impl Answer {
    /// The answer as it travels. The last word is zero, kept for later.
    #[must_use]
    pub fn to_bytes(self) -> [u8; ANSWER_BYTES] {
        let mut bytes = [0; ANSWER_BYTES];
        put(&mut bytes, 0, self.id);
        put(&mut bytes, 1, self.due.0);
        put(&mut bytes, 2, self.written.0);
        bytes
    }

    /// The answer that travelled as these bytes. Every pattern is one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; ANSWER_BYTES]) -> Self {
        Self {
            id: word(bytes, 0),
            due: Stamp(word(bytes, 1)),
            written: Stamp(word(bytes, 2)),
        }
    }
}

fn put(bytes: &mut [u8], index: usize, word: u64) {
    bytes[index * 8..][..8].copy_from_slice(&word.to_le_bytes());
}

fn word(bytes: &[u8], index: usize) -> u64 {
    let bytes = bytes[index * 8..].first_chunk();
    u64::from_le_bytes(*bytes.expect("a frame has a whole number of words"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::telemetry::{HIGHEST_REQUEST, NO_REQUEST};

    #[test]
    fn a_request_that_no_run_reaches_has_no_number() {
        for number in [0x0200_0001, u64::from(NO_REQUEST), 1 << 60] {
            let mut bytes = [0; CALL_BYTES];
            bytes[16..].copy_from_slice(&number.to_le_bytes());
            assert_eq!(Call::from_bytes(&bytes).request, NO_REQUEST, "{number}");
        }
    }

    proptest! {
        #[test]
        fn frames_read_back_as_written(id: u64, due: u64, written: u64, request in 0..=HIGHEST_REQUEST) {
            let call = Call { id, wait: Elapsed(due), request };
            prop_assert_eq!(Call::from_bytes(&call.to_bytes()), call);
            let answer = Answer { id, due: Stamp(due), written: Stamp(written) };
            prop_assert_eq!(Answer::from_bytes(&answer.to_bytes()), answer);
        }
    }
}
