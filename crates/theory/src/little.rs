//! Little's law (1961): N = X·R in the long run, for any order of service and any laws.

/// The three quantities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Balance {
    /// N: mean number of requests present.
    pub present: f64,
    /// X: throughput, per second.
    pub throughput: f64,
    /// R: mean time that each request stays, in seconds.
    pub response: f64,
}

/// The two known quantities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LittleInputs {
    /// X and R.
    ThroughputAndResponse(f64, f64),
    /// N and R; R is positive.
    PresentAndResponse(f64, f64),
    /// N and X; X is positive.
    PresentAndThroughput(f64, f64),
}

impl Balance {
    /// Computes the third quantity from two.
    #[must_use]
    pub fn of(known: LittleInputs) -> Self {
        match known {
            LittleInputs::ThroughputAndResponse(throughput, response) => Self {
                present: throughput * response,
                throughput,
                response,
            },
            LittleInputs::PresentAndResponse(present, response) => Self {
                present,
                throughput: present / response,
                response,
            },
            LittleInputs::PresentAndThroughput(present, throughput) => Self {
                present,
                throughput,
                response: present / throughput,
            },
        }
    }

    /// Returns (X·R − N) ÷ N: the relative deviation of three measured numbers from the law. N is positive.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        self.throughput * self.response / self.present - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_clients_of_fifty_answers_a_second_wait_two_seconds() {
        let balance = Balance::of(LittleInputs::PresentAndThroughput(100.0, 49.999));
        assert!((balance.response - 2.0).abs() < 5e-4);
        for other in [
            LittleInputs::PresentAndResponse(balance.present, balance.response),
            LittleInputs::ThroughputAndResponse(balance.throughput, balance.response),
        ] {
            assert!(Balance::of(other).deviation().abs() < 1e-12);
            assert!((Balance::of(other).present - 100.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_balance_deviates_by_the_missing_share() {
        let balance = Balance {
            present: 100.0,
            throughput: 50.0,
            response: 2.2,
        };
        assert!((balance.deviation() - 0.1).abs() < 1e-12);
    }
}
