//! Draws for a reader: in words, and as one length of a drawing to scale.

use super::Draw;
use crate::units::Elapsed;
use crate::words;

impl Draw {
    /// Returns a draw in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let length = |nanoseconds: u64| words::length(Elapsed(nanoseconds));
        match *self {
            Draw::Fixed(fixed) => length(fixed),
            Draw::Uniform { low, high } => format!("{} to {}", length(low), length(high)),
            Draw::Exponential { mean } => format!("about {}", length(mean)),
            Draw::Lognormal { median, .. } => format!("around {}", length(median)),
            Draw::Pareto { least, .. } => format!("{} or more", length(least)),
        }
    }

    /// Returns the length of a draw in a drawing to scale: its mean, or its median where the mean is misleading.
    #[must_use]
    pub fn typical(&self) -> u64 {
        match *self {
            Draw::Fixed(length) => length,
            Draw::Uniform { low, high } => low.midpoint(high),
            Draw::Exponential { mean } => mean,
            Draw::Lognormal { median, .. } => median,
            Draw::Pareto { least, shape, most } => {
                let median = least as f64 * 2_f64.powf(1.0 / shape.max(0.01));
                median.min(most as f64) as u64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pareto_tail_without_a_mean_is_drawn_by_its_median() {
        let draw = Draw::Pareto {
            least: 1_000,
            shape: 1.0,
            most: 1_000_000,
        };
        assert_eq!(draw.typical(), 2_000);
    }
}
