//! A pool for one coroutine worker: a request whose wait is over queues for its hub once more before it
//! goes on, if only to be answered, and keeps its token meanwhile.
//!
//! ```text
//!   λ ──▶ at the door ──▶ hub ──▶ waiting ──▶ hub, for a moment ──▶ answered
//! ```
//!
//! An exact chain would have to know who stands behind whom: its states double with each token. Here the
//! chain of the pool lets a wait last longer by what stands at the hub while it lasts. The mean is within
//! 1.5 % of an event loop's below nine tenths of the capacity, mostly above it; beyond, it is far above.

use super::chain;
use super::{Pool, Steady, Tokens};
use crate::birth_death;

/// Steps after which a turn's length has settled.
const STEPS: usize = 60;

/// The share of the capacity up to which the mean can be relied on.
pub const MOST_USED: f64 = 0.9;

/// A pool with turns of no length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Returning {
    /// Without them. Its cores are one, its tokens are limited, and both of its times are positive.
    pub pool: Pool,
    /// How many a request takes on average.
    pub turns: f64,
    /// The mean length of what stands before it in the queue, each, in seconds.
    pub burst: f64,
}

impl Returning {
    /// What can be answered per second at most: by as many clients as there are tokens.
    #[must_use]
    pub fn capacity(&self) -> f64 {
        let Tokens::Some(tokens) = self.pool.tokens else {
            return self.pool.capacity();
        };
        let turn = self.turns * self.burst;
        let shares = birth_death::shares(tokens, |at_hub| {
            let over = (tokens - at_hub) as f64 / (self.pool.wait + turn * at_hub as f64);
            over * self.pool.compute
        });
        (1.0 - shares[0]) / self.pool.compute
    }

    /// The steady state; `None` if as much comes as can be answered, or more.
    #[must_use]
    pub fn steady(&self) -> Option<Steady> {
        let Tokens::Some(tokens) = self.pool.tokens else {
            return self.pool.steady();
        };
        if self.turns == 0.0 {
            return self.pool.steady();
        }
        if self.pool.rate >= self.capacity() {
            return None;
        }
        let found = chain::solve(&self.pool, tokens, self.turns * self.burst)?;
        let pool = Pool {
            wait: found.waiting / self.pool.rate,
            ..self.pool
        };
        Some(pool.assemble(
            found.no_token,
            found.at_the_door / pool.rate,
            found.at_cores / pool.rate,
        ))
    }
}

/// The number that `next` makes of itself, from 0 on, to six digits.
pub fn settled(next: impl Fn(f64) -> Option<f64>) -> Option<f64> {
    let mut number = 0.0;
    for _ in 0..STEPS {
        let better = f64::midpoint(number, next(number)?);
        let is_settled = (better - number).abs() <= 1e-7 * better;
        number = better;
        if is_settled {
            break;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times are in milliseconds.
    fn returning(rate: f64, tokens: usize, (compute, wait): (f64, f64)) -> Returning {
        let pool = Pool {
            rate,
            tokens: Tokens::Some(tokens),
            cores: 1,
            compute: compute / 1e3,
            wait: wait / 1e3,
        };
        Returning {
            pool,
            turns: 1.0,
            burst: pool.compute,
        }
    }

    #[test]
    fn a_turn_to_be_answered_takes_what_an_event_loop_says() {
        // An event loop of its own, first come first served, 200 000 answers for each of three seeds.
        for (rate, tokens, times, [least, most]) in [
            (200.0, 20, (3.0, 57.0), [68.45, 68.76]),
            (250.0, 40, (3.0, 57.0), [76.94, 78.26]),
            (100.0, 10, (3.0, 57.0), [63.51, 64.27]),
            (150.0, 8, (3.0, 27.0), [35.22, 35.54]),
            (200.0, 14, (3.0, 57.0), [91.63, 97.47]),
            (90.0, 10, (2.0, 98.0), [159.58, 170.53]),
        ] {
            let model = returning(rate, tokens, times);
            let found = model.steady().expect("it is stable");
            let response = found.means.response * 1e3;
            let used = rate / model.capacity();
            println!("{rate}/s of {tokens} tokens, used {used:.3}: {response:.2} ms");
            if used > MOST_USED {
                assert!(response > least, "{response} says too little");
                continue;
            }
            assert!(
                (least * 0.985..=most * 1.015).contains(&response),
                "{response} instead of {least} to {most}"
            );
        }
    }

    #[test]
    fn without_turns_it_is_the_pool() {
        let mut without = returning(200.0, 20, (3.0, 57.0));
        without.turns = 0.0;
        let [found, pool] = [without.steady(), without.pool.steady()].map(Option::unwrap);
        assert!((found.means.response - pool.means.response).abs() < 1e-12);
        assert!((without.capacity() - without.pool.capacity()).abs() < 1e-9);
    }
}
