//! Random streams with random access: the key stream of `ChaCha` with eight rounds.
//!
//! Of most streams only the beginning is needed, and a simulation needs millions. The usual crates fill four
//! blocks of one stream at once; here these may also be the first blocks of four neighbouring streams. A loop
//! over blocks has no branches in it, so that the compiler gives each block a lane of the vector unit: four
//! take little longer than one. A test compares both. D. J. Bernstein, "`ChaCha`, a variant of Salsa20", 2008;
//! 64 bits of counter, 64 of nonce.

use std::array;

/// `expand 32-byte k`
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574];

/// Seed of a stream: its address together with a nonce.
pub(super) type Key = [u64; 4];

/// Number of blocks computed at once.
pub(super) const LANES: usize = 4;
/// Numbers in one segment of a stream: the output of one batch of blocks.
pub(super) const STRETCH: usize = 8 * LANES;

/// Returns the first two numbers of a stream.
pub(super) fn beginning(key: &Key, nonce: u64) -> [u64; 2] {
    let [a, b, c, d, ..] = block(key, 0, nonce);
    [joined(a, b), joined(c, d)]
}

/// Returns the first two numbers of a stream and of its next neighbours.
pub(super) fn beginnings(key: &Key, nonce: u64) -> [[u64; 2]; LANES] {
    let mut words = [[0; LANES]; 4];
    for lane in 0..LANES {
        let block = block(key, 0, nonce.wrapping_add(lane as u64));
        for (place, word) in words.iter_mut().enumerate() {
            word[lane] = block[place];
        }
    }
    array::from_fn(|lane| {
        let [a, b, c, d] = words.map(|word| word[lane]);
        [joined(a, b), joined(c, d)]
    })
}

/// Returns segment number `which` of a stream.
pub(super) fn stretch(key: &Key, nonce: u64, which: u64) -> [u64; STRETCH] {
    let mut words = [[0; LANES]; 16];
    for lane in 0..LANES {
        let block = block(key, which * LANES as u64 + lane as u64, nonce);
        for (place, word) in words.iter_mut().enumerate() {
            word[lane] = block[place];
        }
    }
    let mut numbers = [0; STRETCH];
    for (place, number) in numbers.iter_mut().enumerate() {
        let (lane, pair) = (place / 8, place % 8);
        *number = joined(words[2 * pair][lane], words[2 * pair + 1][lane]);
    }
    numbers
}

fn joined(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Computes one block of the key stream.
#[expect(
    clippy::inline_always,
    reason = "a loop with a call in it has no lanes"
)]
#[inline(always)]
fn block(key: &Key, counter: u64, nonce: u64) -> [u32; 16] {
    let mut begin = [0; 16];
    begin[..4].copy_from_slice(&CONSTANTS);
    let words = [key[0], key[1], key[2], key[3], counter, nonce];
    for (place, word) in words.into_iter().enumerate() {
        begin[4 + 2 * place] = word as u32;
        begin[5 + 2 * place] = (word >> 32) as u32;
    }
    let mut state = begin;
    // Eight rounds, unrolled: a nested loop would have no lanes either.
    double_round(&mut state);
    double_round(&mut state);
    double_round(&mut state);
    double_round(&mut state);
    array::from_fn(|place| state[place].wrapping_add(begin[place]))
}

/// Applies a round of columns and one of diagonals.
#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
fn double_round(state: &mut [u32; 16]) {
    for column in 0..4 {
        quarter_round(state, [column, column + 4, column + 8, column + 12]);
    }
    for first in 0..4 {
        let places = [
            first,
            4 + (first + 1) % 4,
            8 + (first + 2) % 4,
            12 + (first + 3) % 4,
        ];
        quarter_round(state, places);
    }
}

#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
fn quarter_round(state: &mut [u32; 16], [a, b, c, d]: [usize; 4]) {
    let mut step = |to: usize, from: usize, mixed: usize, by: u32| {
        state[to] = state[to].wrapping_add(state[from]);
        state[mixed] = (state[mixed] ^ state[to]).rotate_left(by);
    };
    step(a, b, d, 16);
    step(c, d, b, 12);
    step(a, b, d, 8);
    step(c, d, b, 7);
}

#[cfg(test)]
mod tests {
    use rand::rngs::ChaCha8Rng;
    use rand::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn it_is_the_stream_that_the_usual_crate_has() {
        for (key, nonce) in [
            ([0, 0, 0, 0], 0),
            ([7, 2, 1, 0], 60_000),
            ([u64::MAX, 1 << 63, 0x0123_4567_89AB_CDEF, 5], u64::MAX - 3),
        ] {
            let bytes: Vec<u8> = key.iter().flat_map(|word| word.to_le_bytes()).collect();
            let seed = bytes.try_into().expect("four words are 32 bytes");
            let mut usual = ChaCha8Rng::from_seed(seed);
            usual.set_stream(nonce);
            let mut numbers = (0..3).flat_map(|which| stretch(&key, nonce, which));
            assert!(numbers.all(|number| number == usual.next_u64()));
            for (place, begun) in beginnings(&key, nonce).into_iter().enumerate() {
                let nonce = nonce.wrapping_add(place as u64);
                assert_eq!(begun, beginning(&key, nonce));
                assert_eq!(begun, stretch(&key, nonce, 0)[..2]);
            }
        }
    }
}
