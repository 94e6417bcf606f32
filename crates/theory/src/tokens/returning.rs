//! A pool for one coroutine worker: a request whose wait is over queues for its hub again before it
//! continues, even if only to be answered, and keeps its token meanwhile.
//!
//! ```text
//!   λ ──▶ at the door ──▶ hub ──▶ waiting ──▶ hub, for a moment ──▶ answered
//! ```
//!
//! An exact chain would need the order of the queue: its states double with each token. Here the chain of the
//! pool lengthens a wait by the queue at the hub during it. The mean is within 1.5 % of an event loop's below
//! nine tenths of the capacity, mostly above it; beyond, it is far above.

use super::chain;
use super::{Pool, Steady, Tokens};
use crate::birth_death;

/// Maximal number of iterations until the length of a turn converges.
const STEPS: usize = 60;

/// Share of the capacity up to which the mean is reliable.
pub const MOST_USED: f64 = 0.9;

/// A pool with turns of zero length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZeroTurnPool {
    /// The pool without those turns. It has one core and a limited number of tokens, and both of its times
    /// are positive.
    pub pool: Pool,
    /// Mean number of turns per request.
    pub turns: f64,
    /// Mean length in seconds of each burst ahead in the queue.
    pub burst: f64,
}

impl ZeroTurnPool {
    /// Returns the capacity in answers per second: the throughput of one client per token.
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

    /// Returns the steady state; `None` if the arrival rate reaches the capacity.
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

/// Returns the fixed point of `next`, iterated from 0, to six digits.
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
    fn returning(rate: f64, tokens: usize, (compute, wait): (f64, f64)) -> ZeroTurnPool {
        let pool = Pool {
            rate,
            tokens: Tokens::Some(tokens),
            cores: 1,
            compute: compute / 1e3,
            wait: wait / 1e3,
        };
        ZeroTurnPool {
            pool,
            turns: 1.0,
            burst: pool.compute,
        }
    }

    #[test]
    fn a_turn_to_be_answered_takes_what_an_event_loop_says() {
        // Results of an event loop, first come first served, 200 000 answers for each of three seeds.
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
