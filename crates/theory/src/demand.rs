//! Demands of requests on average: the first two moments of a step, a script and a mix.

use concsim_model::scenario::{Draw, Scenario, Script, Step, WaitMode, WorkerKind};

/// Cap of a draw, in seconds: one hour.
const HOUR: f64 = 3_600.0;
/// The standard normal's 99th percentile.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// Mean of a duration in seconds, and mean of its square.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// E\[S\].
    pub mean: f64,
    /// E\[S²\].
    pub square: f64,
}

impl Moments {
    /// A constant duration.
    #[must_use]
    pub fn always(length: f64) -> Self {
        Self {
            mean: length,
            square: length * length,
        }
    }

    /// Returns the squared coefficient of variation: 0 for a constant, 1 for the exponential law.
    #[must_use]
    pub fn squared_variation(&self) -> f64 {
        if self.mean > 0.0 {
            self.square / (self.mean * self.mean) - 1.0
        } else {
            0.0
        }
    }

    /// Returns the moments of the sum of two independent durations.
    #[must_use]
    pub fn then(self, other: Self) -> Self {
        Self {
            mean: self.mean + other.mean,
            square: self.square + 2.0 * self.mean * other.mean + other.square,
        }
    }

    /// Adds the moments of others with a weight, as in a mean.
    pub fn add(&mut self, others: Self, share: f64) {
        self.mean += share * others.mean;
        self.square += share * others.square;
    }

    /// Returns the moments of a draw.
    #[must_use]
    pub fn of(draw: &Draw) -> Self {
        let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
        match *draw {
            Draw::Fixed(length) => Self::always(seconds(length)),
            Draw::Uniform { low, high } => {
                let (low, high) = (seconds(low), seconds(high));
                Self {
                    mean: f64::midpoint(low, high),
                    square: (low * low + low * high + high * high) / 3.0,
                }
            }
            Draw::Exponential { mean } => Self::exponential(seconds(mean)),
            Draw::Lognormal { median, p99 } => Self::lognormal(seconds(median), seconds(p99)),
            Draw::Pareto { least, shape, most } => {
                Self::pareto(seconds(least), shape, seconds(most))
            }
        }
    }

    /// Returns the moments of the exponential law, capped at an hour.
    fn exponential(mean: f64) -> Self {
        if mean <= 0.0 {
            return Self::default();
        }
        let beyond = libm::exp(-HOUR / mean);
        Self {
            mean: mean * (1.0 - beyond),
            square: 2.0 * mean * (mean - beyond * (HOUR + mean)),
        }
    }

    /// Returns the moments of the lognormal law, capped at an hour.
    fn lognormal(median: f64, p99: f64) -> Self {
        if median <= 0.0 {
            return Self::default();
        }
        let sigma = libm::log(p99 / median) / NORMAL_P99;
        if sigma <= 0.0 {
            return Self::always(median.min(HOUR));
        }
        let below = |shift: f64| {
            let deviation = libm::log(HOUR / median) / sigma - shift * sigma;
            0.5 * libm::erfc(-deviation / std::f64::consts::SQRT_2)
        };
        let variance = sigma * sigma;
        let beyond = 1.0 - below(0.0);
        Self {
            mean: median * libm::exp(variance / 2.0) * below(1.0) + HOUR * beyond,
            square: median * median * libm::exp(2.0 * variance) * below(2.0) + HOUR * HOUR * beyond,
        }
    }

    /// Returns the moments of the Pareto law, capped at `most`.
    fn pareto(least: f64, shape: f64, most: f64) -> Self {
        if least <= 0.0 || most <= least {
            return Self::always(least.max(0.0));
        }
        let frame = |power: f64| {
            let scale = libm::pow(least, shape);
            let below = if (shape - power).abs() < 1e-9 {
                libm::log(most / least)
            } else {
                let ends = libm::pow(most, power - shape) - libm::pow(least, power - shape);
                ends / (power - shape)
            };
            let cut = libm::pow(most, power) * libm::pow(least / most, shape);
            shape * scale * below + cut
        };
        Self {
            mean: frame(1.0),
            square: frame(2.0),
        }
    }
}

/// Use of a step's duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemandPart {
    /// Computing on a core.
    Computing,
    /// A wait during which the worker does nothing else.
    Blocked,
    /// A wait during which the worker serves other requests.
    Parked,
}

/// Returns the use of a step's duration by a worker of this kind; `None` for a step without a duration.
#[must_use]
pub fn spent_on(step: &Step, kind: WorkerKind) -> Option<DemandPart> {
    step.duration()?;
    Some(match step.wait_mode() {
        None => DemandPart::Computing,
        Some(WaitMode::Patched | WaitMode::InThreads) if kind.has_a_loop() => DemandPart::Parked,
        Some(WaitMode::Patched | WaitMode::InThreads | WaitMode::Unpatched) => DemandPart::Blocked,
    })
}

/// Returns the moments of the parts of a script for which `counts` is true.
#[must_use]
pub fn of_script(
    script: &Script,
    kind: WorkerKind,
    counts: impl Fn(DemandPart) -> bool,
) -> Moments {
    let counted = script.iter().filter_map(|step| {
        let draw = step.duration()?;
        spent_on(step, kind)
            .is_some_and(&counts)
            .then(|| Moments::of(draw))
    });
    counted.fold(Moments::default(), Moments::then)
}

/// Returns the same over a scenario's mix of requests.
#[must_use]
pub fn of_mix(scenario: &Scenario, counts: impl Fn(DemandPart) -> bool) -> Moments {
    let weights: f64 = scenario.requests.iter().map(|request| request.weight).sum();
    let kind = scenario.server.kind;
    let mut mix = Moments::default();
    for request in &scenario.requests {
        let share = request.weight / weights;
        mix.add(of_script(&request.script, kind, &counts), share);
    }
    mix
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(moments: Moments, mean: f64, square: f64) {
        let near = |value: f64, expected: f64| (value - expected).abs() <= 1e-3 * expected.abs();
        assert!(
            near(moments.mean, mean) && near(moments.square, square),
            "{moments:?} instead of {mean} and {square}"
        );
    }

    #[test]
    fn the_moments_of_each_law() {
        close(Moments::of(&Draw::Fixed(2_000_000_000)), 2.0, 4.0);
        let uniform = Draw::Uniform {
            low: 1_000_000_000,
            high: 3_000_000_000,
        };
        close(Moments::of(&uniform), 2.0, 4.0 + 1.0 / 3.0);
        let exponential = Draw::Exponential {
            mean: 2_000_000_000,
        };
        close(Moments::of(&exponential), 2.0, 8.0);
        // ln 10.2404 = 2.32635: σ = 1, so the mean is e^½ and the square's mean e².
        let lognormal = Draw::Lognormal {
            median: 1_000_000_000,
            p99: 10_240_473_656,
        };
        close(Moments::of(&lognormal), 1.648_72, 7.389_06);
    }

    #[test]
    fn a_cut_pareto_has_the_moments_that_numerical_integration_gives() {
        for shape in [1.0, 1.5, 2.0, 3.0] {
            let (least, most): (f64, f64) = (1.0, 50.0);
            // The mean over quantiles, in small steps.
            let steps = 2_000_000;
            let (mut mean, mut square) = (0.0, 0.0);
            for step in 0..steps {
                let beyond = (f64::from(step) + 0.5) / f64::from(steps);
                let value = (least * libm::pow(beyond, -1.0 / shape)).min(most);
                mean += value / f64::from(steps);
                square += value * value / f64::from(steps);
            }
            close(Moments::pareto(least, shape, most), mean, square);
        }
    }

    #[test]
    fn variances_of_steps_add_up() {
        let exponential = Moments {
            mean: 1.0,
            square: 2.0,
        };
        let both = exponential.then(exponential);
        close(both, 2.0, 6.0);
        assert!((both.squared_variation() - 0.5).abs() < 1e-12);
    }
}
