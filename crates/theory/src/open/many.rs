//! M/M/c: several servers and one queue; with one server, M/M/1.
//!
//! A request waits only if it finds all servers busy (Erlang's C). Its wait is then exponential with rate cμ
//! − λ, and its service exponential with rate μ, so the laws of both times are known (Erlang, 1917;
//! Kleinrock, *Queueing Systems* I, 1975).

use super::poisson::Events;
use super::{Laws, Means, percentile};
use crate::queues::{erlang_b, erlang_c};

/// Random arrivals, exponential service, several equal servers, one queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mmc {
    /// Number of servers, at least one.
    pub servers: usize,
    /// λ: arrivals per second; positive.
    pub rate: f64,
    /// 1/μ: mean service time in seconds; positive.
    pub service: f64,
}

impl Mmc {
    /// Returns a = λS: the mean number of busy servers, if there are enough.
    #[must_use]
    pub fn offered(&self) -> f64 {
        self.rate * self.service
    }

    /// Returns ρ = λS ÷ c: the share of time for which each server is busy. From 1 on the queue grows without
    /// limit.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        self.offered() / self.servers as f64
    }

    /// Returns c ÷ S: the capacity in answers per second.
    #[must_use]
    pub fn capacity(&self) -> f64 {
        self.servers as f64 / self.service
    }

    /// Returns the steady state; `None` if ρ ≥ 1.
    #[must_use]
    pub fn steady(&self) -> Option<Steady> {
        let waits = erlang_c(self.servers, self.offered())?;
        Some(Steady {
            queue: *self,
            waits,
            drain: (self.servers as f64 - self.offered()) / self.service,
        })
    }
}

/// Steady state of [`Mmc`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steady {
    queue: Mmc,
    /// C: probability that a request waits.
    pub waits: f64,
    /// cμ − λ: rate at which a queue shrinks, per second.
    drain: f64,
}

impl Steady {
    /// Returns the mean times and numbers.
    #[must_use]
    pub fn means(&self) -> Means {
        Means::of_wait(self.queue.rate, self.queue.service, self.waits / self.drain)
    }

    /// Returns the probability that no request is present.
    #[must_use]
    pub fn empty(&self) -> f64 {
        let offered = self.queue.offered();
        let utilisation = self.queue.utilisation();
        // 1 ÷ p₀ is Σ a^k ÷ k! over k ≤ c, plus the queueing terms beyond. The sum is a Poisson share times
        // e^a, which alone soon exceeds the range of an `f64`.
        let blocked = erlang_b(self.queue.servers, offered);
        let beyond = 1.0 + blocked * utilisation / (1.0 - utilisation);
        libm::exp(-offered) / (Events::of(offered).at_most(self.queue.servers) * beyond)
    }
}

impl Laws for Steady {
    /// C·e^−(cμ−λ)t.
    fn wait_tail(&self, time: f64) -> f64 {
        self.waits * libm::exp(-self.drain * time)
    }

    /// With θ = cμ − λ it is e^−μt + C·μ·(e^−μt − e^−θt) ÷ (θ − μ). The difference is written as the larger
    /// exponential times 1 − e^−|θ−μ|t. That form is continuous at θ = μ, where the limit is e^−μt·(1 +
    /// C·μ·t), and never overflows.
    fn response_tail(&self, time: f64) -> f64 {
        let served = 1.0 / self.queue.service;
        let apart = (self.drain - served).abs();
        let spread = if apart > 0.0 {
            -libm::expm1(-apart * time) / apart
        } else {
            time
        };
        let slower = libm::exp(-self.drain.min(served) * time);
        libm::exp(-served * time) + self.waits * served * slower * spread
    }

    fn wait_percentile(&self, share: f64) -> f64 {
        let longer = 1.0 - share;
        if self.waits <= longer {
            return 0.0;
        }
        libm::log(self.waits / longer) / self.drain
    }

    fn response_percentile(&self, share: f64) -> f64 {
        percentile(share, self.queue.service, |time| self.response_tail(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;
    use crate::open::PERCENTILES;

    fn steady(servers: usize, rate: f64, service: f64) -> Steady {
        let queue = Mmc {
            servers,
            rate,
            service,
        };
        queue.steady().expect("a stable queue")
    }

    #[test]
    fn one_server_as_textbooks_have_it() {
        // λ = 1/4, μ = 1/3.
        let queue = steady(1, 0.25, 3.0);
        let means = queue.means();
        for (found, expected) in [
            (means.present, 3.0),
            (means.waiting, 2.25),
            (means.response, 12.0),
            (means.wait, 9.0),
            (queue.empty(), 0.25),
        ] {
            assert!((found / expected - 1.0).abs() < 1e-12, "{found}");
        }
        // λ = 3, μ = 5.
        close(steady(1, 3.0, 0.2).means().wait, 0.3, 1e-12);
    }

    #[test]
    fn the_response_of_one_server_is_exponential() {
        // S = 10 ms, ρ = 0.8.
        let queue = steady(1, 80.0, 0.01);
        let expected_ms = [34.66, 115.13, 230.26, 345.39];
        for (share, expected_ms) in PERCENTILES.into_iter().zip(expected_ms) {
            let found = queue.response_percentile(share);
            close(found * 1e3, expected_ms, 0.01);
            let exact = -libm::log1p(-share) * queue.means().response;
            assert!((found / exact - 1.0).abs() < 1e-12, "{found} for {exact}");
        }
    }

    #[test]
    fn several_servers_as_textbooks_have_them() {
        // λ = 9, μ = 5, two servers.
        let queue = steady(2, 9.0, 0.2);
        close(queue.waits, 0.852_632, 1e-6);
        close(queue.means().waiting, 7.674, 1e-3);
        close(queue.means().response, 1.053, 1e-3);
        // λ = 5, μ = 10, two servers.
        let queue = steady(2, 5.0, 0.1);
        close(queue.waits, 0.1, 1e-12);
        close(queue.means().response, 0.106_667, 1e-6);
        // A bank with four tellers: 0.35 customers and a tenth of a customer per minute.
        let means = steady(4, 0.35 / 60.0, 600.0).means();
        close(means.response / 60.0, 24.7572, 1e-4);
        close(means.wait / 60.0, 14.7572, 1e-4);
        close(means.present, 8.6650, 1e-4);
        close(means.waiting, 5.1650, 1e-4);
    }

    #[test]
    fn ten_milliseconds_on_several_servers() {
        for (servers, utilisation, waits, mean_ms, p99_ms) in [
            (2, 0.8, 0.711_111, 27.778, 119.37),
            (4, 0.8, 0.596_432, 17.455, 68.93),
            (8, 0.9, 0.701_533, 18.769, 70.87),
            (64, 0.9, 0.310_663, 10.485, 46.61),
        ] {
            let queue = steady(servers, utilisation * servers as f64 / 0.01, 0.01);
            close(queue.waits, waits, 1e-6);
            close(queue.means().response * 1e3, mean_ms, 1e-3);
            close(queue.response_percentile(0.99) * 1e3, p99_ms, 0.01);
        }
        close(
            steady(4, 320.0, 0.01).response_percentile(0.5) * 1e3,
            13.462,
            1e-3,
        );
        close(
            steady(64, 5_760.0, 0.01).response_percentile(0.5) * 1e3,
            7.48,
            0.01,
        );
    }

    #[test]
    fn one_pool_of_four_beats_four_queues() {
        let (pool, apart) = (steady(4, 320.0, 0.01), steady(1, 80.0, 0.01));
        close(pool.means().response * 1e3, 17.455, 1e-3);
        close(apart.means().response * 1e3, 50.0, 1e-9);
        close(pool.response_percentile(0.99) * 1e3, 68.93, 0.01);
        close(apart.response_percentile(0.99) * 1e3, 230.26, 0.01);
    }

    #[test]
    fn a_call_centre_needs_six_people() {
        // 30 calls an hour of five minutes: 90 % are to be served without waiting.
        let waits = |servers| steady(servers, 30.0 / 3_600.0, 300.0).waits;
        close(waits(5), 0.130_37, 1e-5);
        close(waits(6), 0.047_445, 1e-6);
    }

    #[test]
    fn the_tail_goes_smoothly_through_its_limit_form() {
        // Two servers with λ = μ: cμ − λ = μ, where the limit is e^−μt (1 + C μ t).
        let at = steady(2, 1.0, 1.0);
        let near = [1.0 - 1e-9, 1.0 + 1e-9].map(|rate| steady(2, rate, 1.0));
        for time in [0.0, 0.3, 2.0, 9.0] {
            let limit = libm::exp(-time) * (1.0 + at.waits * time);
            assert!((at.response_tail(time) - limit).abs() < 1e-15);
            for near in &near {
                assert!((near.response_tail(time) - limit).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn an_empty_system_is_as_rare_as_the_sum_says() {
        // p₀ of M/M/3 at a = 2: 1 ÷ (1 + 2 + 2 + 8/6 · 3/(3 − 2)) = 1/9.
        assert!((steady(3, 2.0, 1.0).empty() - 1.0 / 9.0).abs() < 1e-15);
        // Far beyond the range of e^a in an `f64`.
        close(steady(10_000, 9_000.0, 1.0).empty(), 0.0, 1e-300);
    }

    #[test]
    fn at_full_use_there_is_no_steady_state() {
        let queue = |rate| Mmc {
            servers: 2,
            rate,
            service: 0.5,
        };
        assert!(queue(3.999_999).steady().is_some());
        assert_eq!(queue(4.0).steady(), None);
        assert_eq!(queue(9.0).steady(), None);
        close(queue(9.0).capacity(), 4.0, 1e-15);
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(48))]

        #[test]
        fn the_area_under_the_tail_is_the_mean(servers in 1_usize..40, used in 0.05_f64..0.95) {
            let queue = steady(servers, used * servers as f64, 1.0);
            let (mut wait, mut response) = (0.0, 0.0);
            let (steps, end) = (8_000, 30.0 * queue.means().response);
            let step = end / f64::from(steps);
            for at in 0..steps {
                let time = (f64::from(at) + 0.5) * step;
                wait += queue.wait_tail(time) * step;
                response += queue.response_tail(time) * step;
            }
            proptest::prop_assert!((wait - queue.means().wait).abs() < 1e-4 * queue.means().response);
            proptest::prop_assert!((response / queue.means().response - 1.0).abs() < 1e-4);
        }

        #[test]
        fn more_load_is_never_better(servers in 1_usize..200, used in 0.01_f64..0.98) {
            let (less, more) = (used * servers as f64, (used + 0.01) * servers as f64);
            let (less, more) = (steady(servers, less, 1.0), steady(servers, more, 1.0));
            proptest::prop_assert!(less.waits < more.waits);
            proptest::prop_assert!(less.means().wait < more.means().wait);
            for share in PERCENTILES {
                let (less, more) = (less.response_percentile(share), more.response_percentile(share));
                // The two are equal if almost no request waits.
                proptest::prop_assert!(less <= more * (1.0 + 1e-12));
            }
        }
    }
}
