//! Exact chain of a pool of tokens.
//!
//! A state is the number of requests present (its level k) and the number of begun requests at the cores (its
//! phase j). From a state with n = min(k, T) begun,
//!
//! ```text
//!   a request comes       λ              k + 1,  and j + 1 if there is a token
//!   one is computed       min(j, m)/C            j − 1
//!   a wait is over        (n − j)/IO     k − 1,  and j + 1 if a request takes the token at once
//! ```
//!
//! so levels change by one at most: a quasi-birth-and-death process (Neuts, 1981). From T on all levels are
//! alike, and their sums are computed by logarithmic reduction (Latouche and Ramaswami, 1993), in which each
//! step doubles the number of levels covered. Below T each level has a matrix of its own,
//!
//! ```text
//!   R(k)  =  up(k) · N(k + 1)        N(k)  =  −( within(k) + R(k) · down(k + 1) )⁻¹
//! ```
//!
//! from T downwards; the shares of level k + 1 are those of level k times R(k). Only sums over all states are
//! needed, so columns of weights are carried down instead of shares up.

use super::Pool;
use super::matrix::Matrix;

/// Sums over all states.
pub(super) struct StateSums {
    /// Probability that all tokens are taken.
    pub(super) no_token: f64,
    /// Mean number of requests without a token.
    pub(super) at_the_door: f64,
    /// Mean number of requests at the cores.
    pub(super) at_cores: f64,
    /// Mean number of requests that wait, with a token.
    pub(super) waiting: f64,
}

/// Columns of weights for the phases of a level: the contribution of this level and all above it to a sum.
struct Sums {
    /// 1 for each state.
    states: Vec<f64>,
    no_token: Vec<f64>,
    at_the_door: Vec<f64>,
    at_cores: Vec<f64>,
    waiting: Vec<f64>,
}

/// Solves the chain of this pool with `tokens` tokens; both of its times must be positive. Each wait is
/// longer by `turn` seconds for each request at the cores. `None` if the reduction does not converge, which
/// occurs only within rounding of the capacity.
pub(super) fn solve(pool: &Pool, tokens: usize, turn: f64) -> Option<StateSums> {
    let chain = Chain {
        rate: pool.rate,
        tokens,
        computed: (0..=tokens)
            .map(|at_cores| at_cores.min(pool.cores) as f64 / pool.compute)
            .collect(),
        over: (0..=tokens)
            .map(|at_cores| 1.0 / (pool.wait + turn * at_cores as f64))
            .collect(),
    };
    let full = chain.time_at_full_level()?;
    let mut sums = chain.sums_from_full_on(&full)?;
    let mut time = full;
    for level in (0..tokens).rev() {
        let step = chain.step_from(level, &time);
        sums = Chain::sums_from(level, &step, &sums);
        if level > 0 {
            time = chain.time_at(level, &step);
        }
    }
    let states = sums.states[0];
    Some(StateSums {
        no_token: sums.no_token[0] / states,
        at_the_door: sums.at_the_door[0] / states,
        at_cores: sums.at_cores[0] / states,
        waiting: sums.waiting[0] / states,
    })
}

struct Chain {
    rate: f64,
    tokens: usize,
    /// Computations finished per second, by number of requests at the cores.
    computed: Vec<f64>,
    /// Waits finished per second and waiting request, by number of requests at the cores.
    over: Vec<f64>,
}

impl Chain {
    /// −within(k): the rate out of each phase of a level with `begun` begun, minus the rates between its
    /// phases.
    fn leaving(&self, begun: usize) -> Matrix {
        Matrix::of(begun + 1, begun + 1, |from, to| {
            let waiting = (begun - from) as f64;
            if from == to {
                self.rate + self.computed[from] + waiting * self.over[from]
            } else if from == to + 1 {
                -self.computed[from]
            } else {
                0.0
            }
        })
    }

    /// down(k) for k > T: a wait ends, and the first request at the door takes the token to the cores.
    fn taken_at_once(&self) -> Matrix {
        let size = self.tokens + 1;
        Matrix::of(size, size, |from, to| {
            let waiting = (self.tokens - from) as f64;
            f64::from(to == from + 1) * waiting * self.over[from]
        })
    }

    /// N(T): mean time in each phase of a level k ≥ T before the chain first drops below it.
    fn time_at_full_level(&self) -> Option<Matrix> {
        // With G, the phase in which the chain first reaches the level below.
        let first_below = self.first_below()?;
        let leaving = self.leaving(self.tokens);
        Some((leaving - &(first_below * self.rate)).inverse())
    }

    /// Returns G by logarithmic reduction.
    fn first_below(&self) -> Option<Matrix> {
        /// Each step doubles the number of levels covered.
        const MOST_STEPS: usize = 60;
        let size = self.tokens + 1;
        let left = self.leaving(self.tokens).inverse();
        let mut down = &left * &self.taken_at_once();
        let mut up = left * self.rate;
        let mut first_below = down.clone();
        let mut still_above = up.clone();
        for _ in 0..MOST_STEPS {
            let and_back = &up * &down + &(&down * &up);
            let stays = (Matrix::identity(size) - &and_back).inverse();
            up = &stays * &(&up * &up);
            down = &stays * &(&down * &down);
            let gained = &still_above * &down;
            first_below = first_below + &gained;
            still_above = &still_above * &up;
            if gained.largest() < 1e-16 {
                return Some(first_below);
            }
        }
        None
    }

    /// R(k) = up(k) · N(k + 1) for k < T: a request arrives, finds a token and goes to the cores.
    fn step_from(&self, level: usize, time_above: &Matrix) -> Matrix {
        Matrix::of(level + 1, level + 2, |from, to| {
            self.rate * time_above.at(from + 1, to)
        })
    }

    /// N(k) for 0 < k < T, from R(k). Level 0 has no level below.
    fn time_at(&self, level: usize, step: &Matrix) -> Matrix {
        // down(k + 1): a wait ends, and the token is free.
        let back = Matrix::of(level + 1, level + 1, |from, to| {
            step.at(from, to) * (level + 1 - to) as f64 * self.over[to]
        });
        (self.leaving(level) - &back).inverse()
    }

    /// Sums over all levels from T on: R = λN for each step, so they are geometric.
    fn sums_from_full_on(&self, time: &Matrix) -> Option<Sums> {
        let size = self.tokens + 1;
        let step = time.clone() * self.rate;
        // (I − R)⁻¹: the sum over all levels.
        let all = (Matrix::identity(size) - &step).inverse();
        let phases: Vec<f64> = (0..size).map(|phase| phase as f64).collect();
        let states = all.times(&vec![1.0; size]);
        let waiting: Vec<f64> = phases.iter().rev().copied().collect();
        // Σ n·Rⁿ·1 over n levels above T.
        let at_the_door = step.times(&all.times(&states));
        let is_sound = |sums: &[f64]| sums.iter().all(|sum| sum.is_finite() && *sum >= 0.0);
        (is_sound(&states) && is_sound(&at_the_door)).then(|| Sums {
            no_token: states.clone(),
            at_cores: all.times(&phases),
            waiting: all.times(&waiting),
            at_the_door,
            states,
        })
    }

    fn sums_from(level: usize, step: &Matrix, above: &Sums) -> Sums {
        let here = |weight: fn(f64, f64) -> f64, above: &[f64]| -> Vec<f64> {
            let above = step.times(above).into_iter().enumerate();
            let sums = above.map(|(phase, sum)| {
                let (at_cores, waiting) = (phase as f64, (level - phase) as f64);
                weight(at_cores, waiting) + sum
            });
            sums.collect()
        };
        Sums {
            states: here(|_, _| 1.0, &above.states),
            no_token: here(|_, _| 0.0, &above.no_token),
            at_the_door: here(|_, _| 0.0, &above.at_the_door),
            at_cores: here(|at_cores, _| at_cores, &above.at_cores),
            waiting: here(|_, waiting| waiting, &above.waiting),
        }
    }
}
