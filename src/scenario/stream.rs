//! A random stream: the key stream of `ChaCha` with eight rounds, which every address finds at once.
//!
//! Of most streams one number is wanted, and a simulation wants millions of them: the usual crates fill
//! four blocks of the cipher at once, which takes longer than all that a simulated request does besides.
//! This makes the blocks one by one; a test holds that they are the same. D. J. Bernstein, "`ChaCha`, a
//! variant of Salsa20", 2008; 64 bits of counter, 64 of nonce.

/// `expand 32-byte k`
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574];
/// Pairs of a round of columns and one of diagonals.
const DOUBLE_ROUNDS: usize = 4;

/// A stream, and where in it one is.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    key: [u64; 4],
    nonce: u64,
    /// Of the next block.
    counter: u64,
    block: [u32; 16],
    /// Words of the block that have been given away.
    used: usize,
}

impl Stream {
    /// The stream of this key and nonce, at its beginning.
    #[inline]
    pub(super) fn new(key: [u64; 4], nonce: u64) -> Self {
        Self {
            key,
            nonce,
            counter: 0,
            block: [0; 16],
            used: 16,
        }
    }

    /// The next 64 bits.
    #[inline]
    pub(super) fn next_u64(&mut self) -> u64 {
        if self.used == 16 {
            self.block = block(&self.key, self.counter, self.nonce);
            self.counter += 1;
            self.used = 0;
        }
        let low = u64::from(self.block[self.used]);
        let high = u64::from(self.block[self.used + 1]);
        self.used += 2;
        high << 32 | low
    }
}

/// One block of the key stream.
#[inline]
fn block(key: &[u64; 4], counter: u64, nonce: u64) -> [u32; 16] {
    let halves = |word: u64| [word as u32, (word >> 32) as u32];
    let mut begin = [0; 16];
    begin[..4].copy_from_slice(&CONSTANTS);
    let words = key.iter().copied().chain([counter, nonce]);
    for (place, word) in begin[4..].chunks_exact_mut(2).zip(words) {
        place.copy_from_slice(&halves(word));
    }
    let mut state = begin;
    for _ in 0..DOUBLE_ROUNDS {
        for column in 0..4 {
            quarter_round(&mut state, [column, column + 4, column + 8, column + 12]);
        }
        for first in 0..4 {
            let places = [
                first,
                4 + (first + 1) % 4,
                8 + (first + 2) % 4,
                12 + (first + 3) % 4,
            ];
            quarter_round(&mut state, places);
        }
    }
    for (word, begin) in state.iter_mut().zip(begin) {
        *word = word.wrapping_add(begin);
    }
    state
}

#[inline]
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
            let mut own = Stream::new(key, nonce);
            for _ in 0..50 {
                assert_eq!(own.next_u64(), usual.next_u64());
            }
        }
    }
}
