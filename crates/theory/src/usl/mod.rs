//! The universal scalability law: the throughput of more processors, or of more clients (Gunther, 1993;
//! *Guerrilla Capacity Planning*, 2007).
//!
//! ```text
//!   X(N)  =  γ·N ÷ ( 1 + α·(N − 1) + β·N·(N − 1) )
//! ```
//!
//! γ is the throughput of one, α the serial part (contention), and β the cost of each pair for agreement
//! (coherence). With β = 0 it is Amdahl's law.

pub mod csv;
pub mod fit;

/// The three coefficients; none is negative, and γ is positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// Contention, without a unit.
    pub alpha: f64,
    /// Coherence, without a unit.
    pub beta: f64,
    /// Throughput of one, per second or in the measured unit.
    pub gamma: f64,
}

/// Load at which a law stops rising.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// N*: load with the highest throughput; at least 1.
    pub load: f64,
    /// X(N*).
    pub throughput: f64,
}

impl Law {
    /// Returns X(N), in the unit of γ.
    #[must_use]
    pub fn throughput(&self, load: f64) -> f64 {
        self.gamma * load / self.slowdown(load)
    }

    /// Returns 1 + α(N − 1) + βN(N − 1): the factor by which each is slower than one alone.
    fn slowdown(&self, load: f64) -> f64 {
        1.0 + self.alpha * (load - 1.0) + self.beta * load * (load - 1.0)
    }

    /// Returns N* = √((1 − α) ÷ β), or 1 if the law falls from the first load on; `None` if β = 0: it never
    /// falls.
    #[must_use]
    pub fn peak(&self) -> Option<Peak> {
        (self.beta > 0.0).then(|| {
            let load = ((1.0 - self.alpha).max(0.0) / self.beta).sqrt().max(1.0);
            Peak {
                load,
                throughput: self.throughput(load),
            }
        })
    }

    /// Returns γ ÷ α: the limit by contention alone, in the unit of γ; `None` if α = 0.
    #[must_use]
    pub fn limit(&self) -> Option<f64> {
        (self.alpha > 0.0).then(|| self.gamma / self.alpha)
    }

    /// Returns 1 ÷ α: the load at which perfect scaling would reach the limit; `None` if α = 0.
    #[must_use]
    pub fn optimal_load(&self) -> Option<f64> {
        (self.alpha > 0.0).then(|| 1.0 / self.alpha)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    #[test]
    fn two_hundredths_each_peak_at_seven() {
        let law = Law {
            alpha: 0.02,
            beta: 0.02,
            gamma: 1.0,
        };
        let loads = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0];
        let expected = [1.0, 1.8868, 3.0769, 3.5294, 3.5398, 3.3557];
        for (load, expected) in loads.into_iter().zip(expected) {
            close(law.throughput(load), expected, 1e-4);
        }
        let peak = law.peak().unwrap();
        close(peak.load, 7.0, 1e-12);
        assert!(peak.throughput > law.throughput(6.9) && peak.throughput > law.throughput(7.1));
    }

    #[test]
    fn without_coherence_there_is_a_limit_and_no_peak() {
        let law = Law {
            alpha: 0.05,
            beta: 0.0,
            gamma: 10.0,
        };
        assert_eq!(law.peak(), None);
        assert_eq!((law.limit(), law.optimal_load()), (Some(200.0), Some(20.0)));
        let perfect = Law { alpha: 0.0, ..law };
        assert_eq!((perfect.limit(), perfect.optimal_load()), (None, None));
        close(perfect.throughput(8.0), 80.0, 1e-12);
    }

    #[test]
    fn a_falling_throughput_has_its_peak_at_a_load_of_1() {
        let law = Law {
            alpha: 1.5,
            beta: 0.1,
            gamma: 10.0,
        };
        let peak = law.peak().unwrap();
        assert_eq!((peak.load, peak.throughput), (1.0, 10.0));
    }
}
