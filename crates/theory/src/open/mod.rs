//! Open queues: means and, if the law of a time is known exactly, its percentiles.
//!
//! Requests arrive at random (Poisson), independent of the state of the queue. Each queue is plain data and
//! returns its steady state, or `None` if it grows without limit.

pub mod constant;
pub mod finite;
pub mod many;
mod poisson;

/// Shares of requests for which a percentile is shown: the median, and three of the tail.
pub const PERCENTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

/// Means of a queue in steady state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Means {
    /// Time before service, in seconds.
    pub wait: f64,
    /// Time from arrival to departure, in seconds.
    pub response: f64,
    /// Number of waiting requests.
    pub waiting: f64,
    /// Number of requests present, including those in service.
    pub present: f64,
}

/// Laws of the times in a steady state. Times are in seconds, and of admitted requests.
pub trait Laws {
    /// Returns P(wait > t).
    fn wait_tail(&self, time: f64) -> f64;

    /// Returns P(response > t).
    fn response_tail(&self, time: f64) -> f64;

    /// Returns the wait that a `share` of requests does not exceed.
    fn wait_percentile(&self, share: f64) -> f64;

    /// Returns the response time that a `share` of requests does not exceed.
    fn response_percentile(&self, share: f64) -> f64;
}

impl Means {
    /// Computes all four from the mean wait, by Little's law. `rate` is that of admitted requests, per
    /// second; `service` and `wait` are in seconds.
    #[must_use]
    pub fn of_wait(rate: f64, service: f64, wait: f64) -> Self {
        Self {
            wait,
            response: wait + service,
            waiting: rate * wait,
            present: rate * (wait + service),
        }
    }
}

/// Returns the time that a `share` of requests does not exceed, if `tail` is the share that exceeds a time.
/// `about` is any positive time of the right order.
///
/// Bisects down to neighbouring numbers: the result is as exact as the tail.
#[must_use]
fn percentile(share: f64, about: f64, tail: impl Fn(f64) -> f64) -> f64 {
    let is_enough = |time: f64| tail(time) <= 1.0 - share;
    if is_enough(0.0) {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, about);
    while !is_enough(high) {
        (low, high) = (high, 2.0 * high);
    }
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return high;
        }
        if is_enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    #[test]
    fn the_percentiles_of_an_exponential_time_are_logarithms() {
        for share in PERCENTILES {
            for about in [1e-6, 1.0, 1e6] {
                let found = percentile(share, about, |time| libm::exp(-time / 3.0));
                let expected = -3.0 * libm::log1p(-share);
                assert!((found / expected - 1.0).abs() < 1e-12, "{found}");
            }
        }
    }

    #[test]
    fn a_time_that_is_mostly_nothing_has_a_median_of_nothing() {
        close(percentile(0.5, 1.0, |_| 0.4), 0.0, 1e-300);
    }

    #[test]
    fn littles_law_gives_the_numbers_of_requests() {
        let means = Means::of_wait(3.0, 0.2, 0.3);
        close(means.response, 0.5, 1e-12);
        close(means.present, 1.5, 1e-12);
        close(means.waiting, 0.9, 1e-12);
    }
}
