//! Random numbers by address: *(seed, purpose, step, request)*, from `rand`'s generator `ChaCha8`.
//!
//! The seed is the generator's key, purpose and step are its stream, and the request is a position in it. Each
//! request has room for two numbers, which are enough for any draw, used or not:
//!
//! ```text
//!   demands of step 2   │ n = 0 │ n = 1 │ n = 2 │ n = 3 │ …
//!   demands of step 3   │ n = 0 │ n = 1 │ n = 2 │ n = 3 │ …
//! ```
//!
//! `ChaCha` computes the numbers at any position directly. So an address has the same numbers in whatever order
//! addresses are read.

use rand::rngs::ChaCha8Rng;
use rand::{Rng as _, SeedableRng as _};

/// Numbers at one address.
pub(super) type Numbers = [u64; 2];

/// Bytes of the numbers at one address.
const BYTES: usize = size_of::<Numbers>();
/// Number of neighbouring requests whose numbers are computed at once: four blocks, as the generator does.
const BATCH: usize = 4 * 64 / BYTES;
/// Number of remembered batches: enough for the requests in flight at once.
const KNOWN: usize = 32;

/// Purpose of a stream; streams of different purposes share nothing.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Class = 1,
    Demand = 2,
    Think = 3,
    Arrival = 4,
    Overshoot = 5,
    Choice = 6,
    Jitter = 7,
    Respawn = 8,
}

impl Purpose {
    /// Returns the stream of one step.
    fn stream(self, step: usize) -> u64 {
        (self as u64) << 32 | step as u64
    }
}

/// Returns a generator at the beginning of a stream.
pub(super) fn beginning(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut generator = generator([seed, 0, 0, 0]);
    generator.set_stream(purpose.stream(0));
    generator
}

/// Returns the numbers at one address.
pub(super) fn numbers(seed: u64, purpose: Purpose, step: usize, n: u64) -> Numbers {
    let mut generator = generator([seed, 0, 0, 0]);
    go_to(&mut generator, purpose.stream(step), n);
    [generator.next_u64(), generator.next_u64()]
}

/// Returns the numbers that one address had in version 1 of the draws: purpose and step belonged to the key, and
/// each request had its own stream.
pub(super) fn numbers_of_version_1(seed: u64, purpose: Purpose, step: usize, n: u64) -> Numbers {
    let mut generator = generator([seed, purpose as u64, step as u64, 0]);
    generator.set_stream(n);
    [generator.next_u64(), generator.next_u64()]
}

/// The same numbers, for a caller that reads millions roughly in the order of the requests: it remembers those
/// of neighbouring requests, which are computed together.
#[derive(Debug)]
pub(super) struct Streams {
    generator: ChaCha8Rng,
    /// Direct-mapped: each batch has one slot.
    known: Vec<Batch>,
}

/// Numbers of neighbouring requests.
#[derive(Clone, Debug)]
struct Batch {
    stream: u64,
    /// The first request, divided by [`BATCH`].
    place: u64,
    bytes: [u8; BATCH * BYTES],
}

impl Streams {
    pub(super) fn new(seed: u64) -> Self {
        let none = Batch {
            stream: u64::MAX,
            place: 0,
            bytes: [0; BATCH * BYTES],
        };
        Self {
            generator: generator([seed, 0, 0, 0]),
            known: vec![none; KNOWN],
        }
    }

    /// Returns the numbers at one address.
    #[inline]
    pub(super) fn numbers(&mut self, purpose: Purpose, step: usize, n: u64) -> Numbers {
        let (stream, place) = (purpose.stream(step), n / BATCH as u64);
        // The remainder first: the last places do not fit into a `usize` of 32 bits.
        let slot = (place % KNOWN as u64) as usize + 5 * purpose as usize + 11 * step;
        let batch = &mut self.known[slot % KNOWN];
        if (batch.stream, batch.place) != (stream, place) {
            (batch.stream, batch.place) = (stream, place);
            go_to(&mut self.generator, stream, place * BATCH as u64);
            self.generator.fill_bytes(&mut batch.bytes);
        }
        let (numbers, _) = batch.bytes.as_chunks::<BYTES>();
        let (numbers, _) = numbers[(n % BATCH as u64) as usize].as_chunks();
        [
            u64::from_le_bytes(numbers[0]),
            u64::from_le_bytes(numbers[1]),
        ]
    }
}

/// Moves a generator to the numbers of request `n` in a stream.
fn go_to(generator: &mut ChaCha8Rng, stream: u64, n: u64) {
    generator.set_stream(stream);
    generator.set_word_pos(u128::from(n) * (BYTES / size_of::<u32>()) as u128);
}

/// Returns a generator with this key.
fn generator(key: [u64; 4]) -> ChaCha8Rng {
    let mut bytes = [0; 32];
    for (to, word) in bytes.chunks_exact_mut(8).zip(key) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_numbers_of_the_cipher_s_definition() {
        // Computed in Python from RFC 8439's rounds, eight of them, with 64 bits of counter and 64 of nonce.
        let demand = numbers(7, Purpose::Demand, 0, 0);
        assert_eq!(
            demand,
            [10_280_219_455_571_465_826, 11_165_385_976_634_144_173]
        );
        let choice = numbers(u64::MAX, Purpose::Choice, 3, u64::MAX);
        assert_eq!(
            choice,
            [10_056_112_221_923_912_569, 5_666_338_479_351_394_434]
        );
    }

    #[test]
    fn numbers_are_the_same_in_whatever_order_they_are_read() {
        const REQUESTS: u64 = 2_000;
        let mut streams = Streams::new(11);
        // 7 · 61 is prime to 2 000: every request once, and those that share a slot one after the other.
        let mixed = (0..REQUESTS).map(|place| place * 427 % REQUESTS);
        let order: Vec<u64> = mixed
            .chain(0..REQUESTS)
            .chain((0..REQUESTS).rev())
            .collect();
        for (purpose, step) in [
            (Purpose::Demand, 0),
            (Purpose::Demand, 3),
            (Purpose::Class, 0),
        ] {
            let mut generator = generator([11, 0, 0, 0]);
            generator.set_stream(purpose.stream(step));
            let read_on: Vec<Numbers> = (0..REQUESTS)
                .map(|_| [generator.next_u64(), generator.next_u64()])
                .collect();
            for n in &order {
                let expected = read_on[*n as usize];
                assert_eq!(streams.numbers(purpose, step, *n), expected, "{step} {n}");
                assert_eq!(numbers(11, purpose, step, *n), expected, "{step} {n}");
            }
        }
    }

    #[test]
    fn steps_and_purposes_that_share_a_slot_keep_their_numbers_apart() {
        let mut streams = Streams::new(5);
        for n in (0..64).chain(u64::MAX - 64..=u64::MAX) {
            for step in 0..40 {
                for purpose in [Purpose::Demand, Purpose::Choice] {
                    let alone = numbers(5, purpose, step, n);
                    assert_eq!(streams.numbers(purpose, step, n), alone, "{step} {n}");
                }
            }
        }
    }
}
