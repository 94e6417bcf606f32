//! Wire format between a worker and a service: frames of a fixed size.
//!
//! A call asks the service to wait. The answer carries the service's own stamps, so that a late answer can
//! be told from a task that is resumed late. All numbers are little-endian and 64 bits wide.

use crate::telemetry::stated_request;
use concsim_model::units::{Elapsed, Stamp};

/// Bytes of a [`Call`].
pub const CALL_BYTES: usize = 24;
/// Bytes of an [`Answer`].
pub const ANSWER_BYTES: usize = 32;

/// Number of the first frame of a connection whose set-up takes time: the service answers it after that time,
/// and counts no call. Calls are numbered from 0.
pub const SET_UP: u64 = u64::MAX;

/// Call of a worker to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Number chosen by the worker, repeated in the answer.
    pub id: u64,
    /// Service time that the call asks for.
    pub wait: Elapsed,
    /// Number of the request that waits for it, for telemetry; [`NO_REQUEST`](crate::telemetry::NO_REQUEST)
    /// if it has none.
    pub request: u32,
}

/// Answer of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Number of the call.
    pub id: u64,
    /// Instant at which the answer was due: the reading of the call plus its wait.
    pub due: Stamp,
    /// Instant at which it was written.
    pub written: Stamp,
}

impl Call {
    /// Encodes the call.
    #[must_use]
    pub fn to_bytes(self) -> [u8; CALL_BYTES] {
        let mut bytes = [0; CALL_BYTES];
        put(&mut bytes, 0, self.id);
        put(&mut bytes, 1, self.wait.0);
        put(&mut bytes, 2, u64::from(self.request));
        bytes
    }

    /// Decodes a call. Any bytes are one; a request number beyond all runs counts as none.
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
    /// Encodes the answer. The last word is zero, reserved.
    #[must_use]
    pub fn to_bytes(self) -> [u8; ANSWER_BYTES] {
        let mut bytes = [0; ANSWER_BYTES];
        put(&mut bytes, 0, self.id);
        put(&mut bytes, 1, self.due.0);
        put(&mut bytes, 2, self.written.0);
        bytes
    }

    /// Decodes an answer. Any bytes are one.
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
