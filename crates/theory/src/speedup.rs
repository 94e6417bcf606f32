//! Speed-up of one piece of work by more processors, if a part of it is serial.
//!
//! Amdahl (1967) fixes the work and computes the gain in time; Gustafson (1988) fixes the time and computes
//! the gain in work. Neither includes queues, nor the cost of sharing, which the universal scalability law
//! has.

/// Work of which a part runs on one processor only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartlySerialWork {
    /// s: share of that part, from 0 to 1. Of the time on one processor for Amdahl, of the time on many for
    /// Gustafson.
    pub serial: f64,
}

impl PartlySerialWork {
    /// Amdahl: returns 1 ÷ (s + (1 − s)/n), the speed-up on `processors`.
    #[must_use]
    pub fn sooner(&self, processors: f64) -> f64 {
        1.0 / (self.serial + (1.0 - self.serial) / processors)
    }

    /// Returns 1 ÷ s: the maximal speed-up; `None` if nothing is serial.
    #[must_use]
    pub fn at_most(&self) -> Option<f64> {
        (self.serial > 0.0).then(|| 1.0 / self.serial)
    }

    /// Gustafson: returns s + (1 − s)·n, the factor of work that `processors` do in the same time.
    #[must_use]
    pub fn more(&self, processors: f64) -> f64 {
        self.serial + (1.0 - self.serial) * processors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    #[test]
    fn five_percent_that_cannot_be_shared() {
        let work = PartlySerialWork { serial: 0.05 };
        for (processors, sooner) in [
            (1.0, 1.0),
            (2.0, 1.9048),
            (4.0, 3.4783),
            (8.0, 5.9259),
            (16.0, 9.1429),
            (64.0, 15.4217),
        ] {
            close(work.sooner(processors), sooner, 1e-4);
        }
        assert_eq!(work.at_most(), Some(20.0));
        close(work.more(8.0), 7.65, 1e-12);
        close(work.more(64.0), 60.85, 1e-12);
    }

    #[test]
    fn amdahls_law_is_the_universal_one_without_coherence() {
        use crate::usl::Law;
        for serial in [0.0, 0.05, 0.5, 1.0] {
            let law = Law {
                alpha: serial,
                beta: 0.0,
                gamma: 1.0,
            };
            for processors in [1.0, 3.0, 100.0] {
                let (one, other) = (
                    PartlySerialWork { serial }.sooner(processors),
                    law.throughput(processors),
                );
                assert!((one / other - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn nothing_serial_has_no_limit() {
        assert_eq!(PartlySerialWork { serial: 0.0 }.at_most(), None);
        close(PartlySerialWork { serial: 1.0 }.sooner(64.0), 1.0, 1e-12);
    }
}
