//! M/M/c/K: a queue with a limited number of places. A request that finds all places taken is lost.
//!
//! There is a steady state at any arrival rate. The times of admitted requests are known exactly: while
//! requests wait, departures form a Poisson process of rate cμ, and each departure advances a waiting request
//! by one place. For a request in service, ticks of the same rate continue, and each is its own departure
//! with probability 1/c. The law of its time is therefore that of a number of ticks, combined with the
//! Poisson law of the number of ticks in a time (*uniformisation*, Jensen 1953).

use super::poisson::Events;
use super::{Laws, Means, percentile};
use crate::birth_death;

/// Random arrivals, exponential service, several equal servers, and a limited number of places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mmck {
    /// Number of servers, at least one.
    pub servers: usize,
    /// K: maximal number of requests present, including those in service; at least `servers`.
    pub places: usize,
    /// λ: arrivals per second, including lost ones; positive.
    pub rate: f64,
    /// 1/μ: mean service time in seconds; positive.
    pub service: f64,
}

impl Mmck {
    /// Returns the steady state, which always exists.
    #[must_use]
    pub fn steady(&self) -> Steady {
        let offered = self.rate * self.service;
        let servers = self.servers;
        let present = birth_death::shares(self.places, |there| {
            offered / (there + 1).min(servers) as f64
        });
        Steady {
            survival: self.still_there(&present),
            queue: *self,
            present,
        }
    }

    /// Returns, for admitted requests, the shares that still wait, and that are not finished, by number of
    /// ticks.
    fn still_there(&self, present: &[f64]) -> SurvivalShares {
        let got_in: f64 = present[..self.places].iter().sum();
        let at_once: f64 = present[..self.servers].iter().sum::<f64>() / got_in;
        // A request that finds c + n others is served after n + 1 ticks.
        let served_after = present[self.servers..self.places]
            .iter()
            .map(|share| share / got_in);
        let mut waits: f64 = served_after.clone().sum();
        let stays = 1.0 - 1.0 / self.servers as f64;
        let mut served = at_once;
        let mut still_there = SurvivalShares {
            waits: vec![waits],
            not_through: vec![waits + served],
            stays,
        };
        for share in served_after {
            waits = (waits - share).max(0.0);
            served = served * stays + share;
            still_there.waits.push(waits);
            still_there.not_through.push(waits + served);
        }
        still_there
    }
}

/// Shares of admitted requests that still wait, and that are not finished, by the number of ticks since
/// arrival. Beyond the last number none waits, and a share `stays` of the unfinished remains from tick to
/// tick.
#[derive(Clone, Debug, PartialEq)]
struct SurvivalShares {
    waits: Vec<f64>,
    not_through: Vec<f64>,
    stays: f64,
}

/// Steady state of [`Mmck`].
#[derive(Clone, Debug, PartialEq)]
pub struct Steady {
    queue: Mmck,
    /// Share of time for each number of requests present.
    present: Vec<f64>,
    survival: SurvivalShares,
}

impl Steady {
    /// Returns the share of time without requests.
    #[must_use]
    pub fn empty(&self) -> f64 {
        self.present[0]
    }

    /// Returns the share of requests that is lost.
    #[must_use]
    pub fn lost(&self) -> f64 {
        self.present[self.queue.places]
    }

    /// Returns the throughput in answers per second.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        let got_in: f64 = self.present[..self.queue.places].iter().sum();
        self.queue.rate * got_in
    }

    /// Returns the share of time for which each server is busy.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        self.throughput() * self.queue.service / self.queue.servers as f64
    }

    /// Returns the share of admitted requests that waits.
    #[must_use]
    pub fn share_waiting_at_all(&self) -> f64 {
        self.survival.waits[0]
    }

    /// Returns the mean times and numbers; times are of admitted requests.
    #[must_use]
    pub fn means(&self) -> Means {
        let waiting: f64 = self.present[self.queue.servers..]
            .iter()
            .enumerate()
            .map(|(waiting, share)| waiting as f64 * share)
            .sum();
        let throughput = self.throughput();
        Means::of_wait(throughput, self.queue.service, waiting / throughput)
    }

    /// Returns the sum over the number of ticks in a time: the probability of each, times a share. `None` if
    /// requests that still wait are out of the question: with a mean of 4·places + 400 ticks, at most
    /// `places` of them have a probability below 1e-49 (Chernoff). The law of so many ticks need not be
    /// tabulated, which would take memory without limit.
    fn over_ticks(&self, time: f64, share_after: impl Fn(usize) -> f64) -> Option<f64> {
        let mean = self.ticks_in(time);
        if mean > 4.0 * self.queue.places as f64 + 400.0 {
            return None;
        }
        let ticks = Events::of(mean);
        let shares = ticks
            .iter()
            .map(|(number, probability)| probability * share_after(number));
        Some(shares.sum())
    }

    /// Returns the mean number of ticks in a time.
    fn ticks_in(&self, time: f64) -> f64 {
        self.queue.servers as f64 / self.queue.service * time
    }
}

impl Laws for Steady {
    fn wait_tail(&self, time: f64) -> f64 {
        let waits = &self.survival.waits;
        self.over_ticks(time, |ticks| waits.get(ticks).copied().unwrap_or(0.0))
            .unwrap_or(0.0)
    }

    fn response_tail(&self, time: f64) -> f64 {
        let still_there = &self.survival;
        let last = still_there.not_through.len() - 1;
        let tabulated = self.over_ticks(time, |ticks| {
            let beyond = ticks.saturating_sub(last) as f64;
            still_there.not_through[ticks.min(last)] * libm::pow(still_there.stays, beyond)
        });
        if tabulated.is_none() && still_there.stays == 0.0 {
            return 0.0; // the only server finishes a request at each tick
        }
        // The mean of stays^ticks is e^−ticks·(1 − stays), by the law's generating function.
        tabulated.unwrap_or_else(|| {
            let decay = self.ticks_in(time) * (1.0 - still_there.stays);
            let before = last as f64 * libm::log(still_there.stays);
            still_there.not_through[last] * libm::exp(-decay - before)
        })
    }

    fn wait_percentile(&self, share: f64) -> f64 {
        percentile(share, self.queue.service, |time| self.wait_tail(time))
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
    use crate::open::many::Mmc;

    fn steady(rate: f64, rate_of_service: f64, servers: usize, places: usize) -> Steady {
        let queue = Mmck {
            servers,
            places,
            rate,
            service: 1.0 / rate_of_service,
        };
        queue.steady()
    }

    #[test]
    fn textbook_queues_with_a_door() {
        let queue = steady(40.0, 30.0, 3, 7);
        close(queue.empty(), 0.255_037, 1e-6);
        close(queue.means().response, 0.036_517, 1e-6);
        close(steady(50.0, 10.0, 4, 6).lost(), 0.293_543, 1e-6);
        let queue = steady(3.0, 2.0, 2, 5);
        close(queue.empty(), 0.179_335, 1e-6);
        close(queue.lost(), 0.085_114, 1e-6);
        close(queue.means().present, 2.005_954, 1e-6);
        close(queue.means().wait, 0.230_858, 1e-6);
        let queue = steady(8.0, 4.0, 5, 12);
        close(queue.means().present, 2.039_346, 1e-6);
        close(queue.means().wait, 0.004_933_2, 1e-7);
        close(queue.lost(), 5.869_1e-5, 1e-9);
        let queue = steady(3.0, 0.25, 15, 15);
        close(queue.lost(), 0.085_729_2, 1e-7);
        close(queue.throughput(), 2.742_812, 1e-6);
        close(steady(1.0, 1.0, 1, 10).means().present, 5.0, 1e-12);
    }

    #[test]
    fn a_longer_backlog_makes_all_requests_wait_and_saves_none() {
        // Five sync workers of 100 ms under 60/s: 20 % above their capacity.
        for (backlog, lost, response_s, digits) in [
            (10, 0.1797, 0.246, 1e-3),
            (64, 0.1667, 1.300, 1e-3),
            (2_048, 0.1667, 40.98, 1e-2),
        ] {
            let queue = steady(60.0, 10.0, 5, 5 + backlog + 1);
            close(queue.lost(), lost, 1e-4);
            close(queue.means().response, response_s, digits);
        }
    }

    #[test]
    fn a_time_of_any_number_of_services_is_answered_without_a_table_of_them() {
        let queue = steady(50.0, 10.0, 4, 6);
        for time in [1e6, 1e12, 1e300] {
            close(queue.wait_tail(time), 0.0, 1e-300);
            close(queue.response_tail(time), 0.0, 1e-300);
        }
        // One server leaves no request behind its last tick.
        close(steady(1.0, 1.0, 1, 10).response_tail(1e15), 0.0, 1e-300);
    }

    #[test]
    fn the_tail_without_a_table_goes_on_where_the_table_ends() {
        // Of 2 000 servers without a queue each ends alone: e^−μt. The table ends at 4.2 services.
        let queue = steady(100.0, 1.0, 2_000, 2_001);
        for time in [4.1, 4.19, 4.21, 5.0, 9.0] {
            close(queue.response_tail(time) / libm::exp(-time), 1.0, 1e-9);
        }
    }

    #[test]
    fn places_without_end_are_a_queue_without_end() {
        for (servers, rate) in [(1, 0.7), (3, 2.5), (10, 7.0)] {
            let many = Mmc {
                servers,
                rate,
                service: 1.0,
            };
            let (finite, many) = (steady(rate, 1.0, servers, 2_000), many.steady().unwrap());
            close(finite.means().response, many.means().response, 1e-10);
            close(finite.empty(), many.empty(), 1e-12);
            close(finite.share_waiting_at_all(), many.waits, 1e-12);
            for share in PERCENTILES {
                close(
                    finite.wait_percentile(share),
                    many.wait_percentile(share),
                    1e-9,
                );
                close(
                    finite.response_percentile(share),
                    many.response_percentile(share),
                    1e-9,
                );
            }
        }
    }

    #[test]
    fn without_a_place_to_wait_a_response_is_a_service() {
        let queue = steady(30.0, 1.0, 8, 8);
        close(queue.means().wait, 0.0, 1e-300);
        for share in PERCENTILES {
            close(queue.wait_percentile(share), 0.0, 1e-300);
            close(
                queue.response_percentile(share),
                -libm::log1p(-share),
                1e-12,
            );
        }
    }

    #[test]
    fn overload_fills_every_place() {
        let queue = steady(1e6, 1.0, 3, 100);
        close(queue.means().present, 100.0, 1e-3);
        close(queue.utilisation(), 1.0, 1e-9);
        close(queue.lost(), 1.0 - 3e-6, 1e-9);
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(24))]

        #[test]
        fn littles_law_holds_and_the_area_under_the_tail_is_the_mean(
            servers in 1_usize..20, more in 0_usize..50, used in 0.05_f64..3.0,
        ) {
            let queue = steady(used * servers as f64, 1.0, servers, servers + more);
            let there = queue.present.iter().enumerate();
            let there: f64 = there.map(|(there, share)| there as f64 * share).sum();
            let means = queue.means();
            proptest::prop_assert!((means.present / there - 1.0).abs() < 1e-10);
            // Nearly all requests are within this time.
            let end = queue.response_percentile(0.999_999_9);
            let step = end / 400.0;
            let middle = |at: u32| (f64::from(at) + 0.5) * step;
            let wait: f64 = (0..400).map(|at| queue.wait_tail(middle(at)) * step).sum();
            let response: f64 = (0..400).map(|at| queue.response_tail(middle(at)) * step).sum();
            proptest::prop_assert!((wait - means.wait).abs() < 5e-3 * means.response);
            proptest::prop_assert!((response / means.response - 1.0).abs() < 5e-3);
        }

        #[test]
        fn more_places_lose_fewer_and_more_arrivals_lose_more(
            servers in 1_usize..50, more in 0_usize..300, used in 0.1_f64..3.0,
        ) {
            let lost = |used: f64, more: usize| {
                steady(used * servers as f64, 1.0, servers, servers + more).lost()
            };
            proptest::prop_assert!(lost(used, more + 1) <= lost(used, more));
            proptest::prop_assert!(lost(used + 0.1, more) >= lost(used, more));
        }
    }
}
