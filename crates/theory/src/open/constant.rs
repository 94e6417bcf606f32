//! M/D/1: one server with constant service.
//!
//! Crommelin's formula of 1932 for the law of the wait has terms of alternating sign that grow with time: at
//! ρ = 0.9 rounding errors exceed the result after some forty services. This is its positive form (Franx,
//! 2001). Let kD be the next whole number of services after t. A request waits at most t if the requests
//! present kD − t before its arrival, and those that arrive in between, are few enough:
//!
//! ```text
//!   P(wait ≤ t)  =  Σ  P(j arrive in kD − t) · P(at most k − j are there),     j = 0 … k − 1
//!                   j
//! ```
//!
//! All terms are probabilities. For long times the law is a pure exponential (Cramér and Lundberg): the
//! difference decreases at least as fast as e^−2t/D, so from 64 services on both are equal to the last digit.

use super::poisson::Events;
use super::{Laws, Means, percentile};
use crate::demand::Moments;
use crate::queues::wait_in_turn;

/// Random arrivals, one server, constant service, first come first served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Md1 {
    /// λ: arrivals per second; positive.
    pub rate: f64,
    /// D: service time in seconds; positive.
    pub service: f64,
}

/// Number of services after which the law of the wait is exponential to the last digit.
const ASYMPTOTIC_FROM: usize = 64;

impl Md1 {
    /// Returns ρ = λD: the share of time for which the server is busy. From 1 on the queue grows without
    /// limit.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        self.rate * self.service
    }

    /// Returns the steady state; `None` if ρ ≥ 1.
    #[must_use]
    pub fn steady(&self) -> Option<Steady> {
        let wait = wait_in_turn(self.rate, Moments::always(self.service))?;
        let utilisation = self.utilisation();
        Some(Steady {
            queue: *self,
            means: Means::of_wait(self.rate, self.service, wait),
            at_most: numbers_present(utilisation, ASYMPTOTIC_FROM + 1),
            far: TailAsymptote::of(utilisation),
        })
    }
}

/// Returns P(at most n are present) for n = 0 … `last`.
///
/// Computed from level to level by the flow across the cut between them: all terms are positive, while the
/// usual recursion subtracts.
fn numbers_present(utilisation: f64, last: usize) -> Vec<f64> {
    let arrive = Events::of(utilisation);
    let more_than = arrive.more_than_each(last);
    let none = libm::exp(-utilisation);
    let mut there = vec![1.0 - utilisation];
    for level in 0..last {
        let from_below = (1..=level).map(|from| there[from] * more_than[level - from + 1]);
        let up = there[0] * more_than[level] + from_below.sum::<f64>();
        there.push(up / none);
    }
    let mut at_most = 0.0;
    let sums = there.into_iter().map(|share| {
        at_most += share;
        at_most
    });
    sums.collect()
}

/// Far tail of the wait: `share`·e^(−`decay`·t/D).
#[derive(Clone, Copy, Debug, PartialEq)]
struct TailAsymptote {
    share: f64,
    decay: f64,
}

impl TailAsymptote {
    /// The decay y is the positive root of ρ(e^y − 1) = y, that is of (e^y − 1 − y) ÷ y = (1 − ρ) ÷ ρ.
    fn of(utilisation: f64) -> Self {
        let idle = 1.0 - utilisation;
        let wanted = idle / utilisation;
        let (mut low, mut high) = (0.0, 1.0);
        while exponential_excess(high) < wanted {
            (low, high) = (high, 2.0 * high);
        }
        loop {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                break;
            }
            if exponential_excess(middle) < wanted {
                low = middle;
            } else {
                high = middle;
            }
        }
        Self {
            share: idle / (high - idle),
            decay: high,
        }
    }

    fn tail(self, services: f64) -> f64 {
        self.share * libm::exp(-self.decay * services)
    }
}

/// Returns (e^y − 1 − y) ÷ y; by its series if the difference would cancel.
fn exponential_excess(y: f64) -> f64 {
    if y > 0.5 {
        return (libm::expm1(y) - y) / y;
    }
    let (mut term, mut sum) = (1.0, 0.0);
    for n in 2..20 {
        term *= y / f64::from(n);
        sum += term;
    }
    sum
}

/// Steady state of [`Md1`].
#[derive(Clone, Debug, PartialEq)]
pub struct Steady {
    queue: Md1,
    means: Means,
    /// P(at most n are present), by n.
    at_most: Vec<f64>,
    far: TailAsymptote,
}

impl Steady {
    /// Returns the mean times and numbers.
    #[must_use]
    pub fn means(&self) -> Means {
        self.means
    }
}

impl Laws for Steady {
    fn wait_tail(&self, time: f64) -> f64 {
        let services = time / self.queue.service;
        if services >= ASYMPTOTIC_FROM as f64 {
            return self.far.tail(services);
        }
        let next = services.floor() as usize + 1;
        let missing = self.queue.utilisation() * (next as f64 - services);
        let arrive = Events::of(missing);
        let within = arrive.iter().take_while(|(arrived, _)| *arrived < next);
        let within: f64 = within
            .map(|(arrived, share)| share * self.at_most[next - arrived])
            .sum();
        (1.0 - within).max(0.0)
    }

    /// The tail of the wait, one service later.
    fn response_tail(&self, time: f64) -> f64 {
        if time < self.queue.service {
            return 1.0;
        }
        self.wait_tail(time - self.queue.service)
    }

    fn wait_percentile(&self, share: f64) -> f64 {
        percentile(share, self.queue.service, |time| self.wait_tail(time))
    }

    fn response_percentile(&self, share: f64) -> f64 {
        self.wait_percentile(share) + self.queue.service
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;
    use crate::open::PERCENTILES;

    /// Time unit: one service.
    fn steady(utilisation: f64) -> Steady {
        let queue = Md1 {
            rate: utilisation,
            service: 1.0,
        };
        queue.steady().expect("a stable queue")
    }

    /// The alternating form, accurate for short times.
    fn crommelin(utilisation: f64, services: f64) -> f64 {
        let terms = (0..=services.floor() as i32).map(|k| {
            let x = utilisation * (f64::from(k) - services);
            let factorial: f64 = (1..=k).map(f64::from).product();
            libm::pow(x.abs(), f64::from(k)) * (-1.0_f64).powi(k) / factorial * libm::exp(-x)
        });
        (1.0 - utilisation) * terms.sum::<f64>()
    }

    #[test]
    fn the_law_of_the_wait_as_it_is_tabulated() {
        let queue = steady(0.8);
        assert!((queue.means().wait - 2.0).abs() < 1e-12);
        for (services, within) in [
            (0.0, 0.2),
            (1.0, 0.445_108),
            (2.0, 0.634_520),
            (5.0, 0.899_503),
        ] {
            let found = 1.0 - queue.wait_tail(services);
            assert!((found - within).abs() < 5.1e-7, "{found} for {within}");
        }
    }

    #[test]
    fn the_distribution_is_crommelins_where_that_can_be_computed() {
        for utilisation in [0.05, 0.5, 0.8, 0.95] {
            let queue = steady(utilisation);
            for tenth in 0..80 {
                let services = f64::from(tenth) / 10.0;
                let (found, expected) = (
                    1.0 - queue.wait_tail(services),
                    crommelin(utilisation, services),
                );
                assert!((found - expected).abs() < 1e-11, "{services}: {found}");
            }
        }
    }

    #[test]
    fn the_far_tail_continues_the_near_one() {
        for utilisation in [0.7, 0.8, 0.9, 0.95, 0.99, 0.999] {
            let queue = steady(utilisation);
            for services in [12.0, 20.3, 40.7, 63.99] {
                let (near, far) = (queue.wait_tail(services), queue.far.tail(services));
                // 1 − P(wait ≤ t) is accurate to some 1e-15.
                assert!((near - far).abs() < 1e-13 + 1e-10 * far, "{near} and {far}");
            }
        }
    }

    #[test]
    fn the_area_under_the_tail_is_the_mean_up_to_heavy_load() {
        for utilisation in [0.1, 0.5, 0.8, 0.9, 0.95, 0.99] {
            let queue = steady(utilisation);
            let (steps, end) = (20_000, 30.0 / (1.0 - utilisation));
            let step = end / f64::from(steps);
            let area: f64 = (0..steps)
                .map(|at| queue.wait_tail((f64::from(at) + 0.5) * step) * step)
                .sum();
            let mean = queue.means().wait;
            assert!((area / mean - 1.0).abs() < 1e-5, "{area} for {mean}");
        }
    }

    #[test]
    fn percentiles_are_where_the_tail_has_come_down() {
        for utilisation in [0.3, 0.95, 0.999_99] {
            let queue = steady(utilisation);
            for share in PERCENTILES {
                let wait = queue.wait_percentile(share);
                let tail = queue.wait_tail(wait);
                let is_jump = wait == 0.0 && utilisation <= 1.0 - share;
                assert!(is_jump || (tail - (1.0 - share)).abs() < 1e-9, "{tail}");
                close(queue.response_percentile(share), wait + 1.0, 1e-9);
            }
        }
        close(steady(0.3).wait_percentile(0.5), 0.0, 1e-300);
    }

    #[test]
    fn before_one_service_is_over_no_request_is_through() {
        let queue = steady(0.5);
        close(queue.response_tail(0.999), 1.0, 1e-15);
        close(queue.response_tail(1.0), 0.5, 1e-12);
    }

    #[test]
    fn at_full_use_there_is_no_steady_state() {
        let queue = Md1 {
            rate: 10.0,
            service: 0.1,
        };
        assert_eq!(queue.steady(), None);
    }

    proptest::proptest! {
        #[test]
        fn the_tail_falls_and_stays_a_probability(
            used in 1e-9_f64..1.0, time in 0.0_f64..200.0, step in 0.0_f64..5.0,
        ) {
            let queue = steady(used.min(1.0 - 1e-12));
            let (before, after) = (queue.wait_tail(time), queue.wait_tail(time + step));
            proptest::prop_assert!((0.0..=1.0).contains(&before));
            proptest::prop_assert!(after <= before + 1e-12, "{before} then {after}");
        }
    }
}
