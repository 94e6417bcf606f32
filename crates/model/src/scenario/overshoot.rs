//! Excess of waits on a simulated machine.

use serde::{Deserialize, Serialize};

use crate::units::Elapsed;

/// Excess of waits over their nominal length: quantiles, with a uniform distribution between two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overshoot(
    /// Shares from 0 to 1, ascending, with the nanoseconds that this share stays below. Empty: no wait exceeds
    /// its nominal length.
    pub Vec<(f64, u64)>,
);

impl Overshoot {
    /// Returns a constant overshoot.
    #[must_use]
    pub fn constant(length: Elapsed) -> Self {
        match length {
            Elapsed::ZERO => Self::default(),
            Elapsed(length) => Self(vec![(0.0, length)]),
        }
    }

    /// Returns the quantile: this share of all waits stays below it.
    #[must_use]
    pub fn at(&self, share: f64) -> Elapsed {
        let after = self.0.partition_point(|(known, _)| *known <= share);
        let Some((from, low)) = after.checked_sub(1).map(|before| self.0[before]) else {
            return Elapsed(self.0.first().map_or(0, |(_, least)| *least));
        };
        let Some(&(to, high)) = self.0.get(after) else {
            return Elapsed(low);
        };
        let part = (share - from) / (to - from);
        Elapsed(low + (part * high.saturating_sub(low) as f64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overshoot_lies_between_its_quantiles() {
        let table = Overshoot(vec![(0.0, 10), (0.5, 50), (1.0, 250)]);
        for (share, expected) in [(0.0, 10), (0.25, 30), (0.5, 50), (0.75, 150), (1.0, 250)] {
            assert_eq!(table.at(share), Elapsed(expected), "{share}");
        }
        assert_eq!(Overshoot::constant(Elapsed(7)).at(0.9), Elapsed(7));
        assert_eq!(Overshoot::default().at(0.9), Elapsed::ZERO);
    }
}
