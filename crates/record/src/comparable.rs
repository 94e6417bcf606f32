//! Comparison of a run with another: the one definition of which runs may be compared, and of the difference and
//! ratio of their numbers. Claims, tables, figures and screens use it.

use super::comparison::is_steered;
use super::schema::Run;
use super::trust::Trust;
use concsim_model::scenario::{Arrivals, Draw, Process, Scenario};
use concsim_model::words::{counted, rate_in_units};

/// Reason why nothing is concluded from the numbers of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExclusionReason {
    /// A part of it was played.
    Interrupted,
    /// Its numbers prove nothing.
    ProvesNothing,
    /// It was changed by hand.
    Steered,
}

impl ExclusionReason {
    /// Returns the reason for a run; [`None`] if it may be compared.
    #[must_use]
    pub fn of(run: &Run) -> Option<Self> {
        match run.trust {
            _ if run.interrupted => Some(Self::Interrupted),
            Trust::ProvesNothing => Some(Self::ProvesNothing),
            Trust::Ok | Trust::Rough => is_steered(run).then_some(Self::Steered),
        }
    }

    /// Returns the predicate of a sentence about the run.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Interrupted => "was interrupted",
            Self::ProvesNothing => "proves nothing",
            Self::Steered => "was steered by hand",
        }
    }
}

/// A run that may be compared with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its load in words; [`None`] if the plan lacks the variant.
    pub load: Option<String>,
    /// Reason not to compare it with any.
    pub unfit: Option<ExclusionReason>,
}

impl Candidate {
    /// Returns a run as a candidate.
    #[must_use]
    pub fn of(scenario: Option<&Scenario>, run: &Run) -> Self {
        Self {
            load: scenario.map(load),
            unfit: ExclusionReason::of(run),
        }
    }

    /// Returns the reason why the two are not compared; `names` are theirs.
    #[must_use]
    pub fn why_not(&self, other: &Self, names: [&str; 2]) -> Option<String> {
        let [a, b] = names;
        if let (Some(first), Some(second)) = (&self.load, &other.load)
            && first != second
        {
            let loads = format!("{first} in {a} and {second} in {b}");
            return Some(format!("their loads differ, {loads}"));
        }
        let first = self.unfit.map(|unfit| (a, unfit));
        let unfit = first.or(other.unfit.map(|unfit| (b, unfit)));
        unfit.map(|(name, unfit)| format!("{name} {}", unfit.words()))
    }

    /// True if the two may be compared.
    #[must_use]
    pub fn is_comparable_with(&self, other: &Self) -> bool {
        self.why_not(other, ["", ""]).is_none()
    }
}

/// Values of one number in two runs that may be compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// Value in the first run …
    pub first: f64,
    /// … and in the second.
    pub second: f64,
}

impl Contrast {
    /// Pairs two values; [`None`] if one is missing.
    #[must_use]
    pub fn of(first: Option<f64>, second: Option<f64>) -> Option<Self> {
        let both = first.zip(second);
        both.map(|(first, second)| Self { first, second })
    }

    /// Returns the second less the first.
    #[must_use]
    pub fn difference(self) -> f64 {
        self.second - self.first
    }

    /// Returns the second ÷ the first; [`None`] if the first is 0.
    #[must_use]
    pub fn ratio(self) -> Option<f64> {
        (self.first > 0.0).then(|| self.second / self.first)
    }
}

/// Describes the load: `60 clients`, `200 requests/s (Poisson)`.
#[must_use]
pub fn load(scenario: &Scenario) -> String {
    let asks = match &scenario.load.arrivals {
        Arrivals::Scheduled => return scenario.schedule(),
        Arrivals::Closed { clients, think, .. } => match think {
            Draw::Fixed(0) => counted(*clients as u64, "client"),
            think => format!("{} that think {think}", counted(*clients as u64, "client")),
        },
        Arrivals::Open { rate, process } => {
            let process = match process {
                Process::Poisson => "at random (Poisson)",
                Process::Constant => "at equal distances",
            };
            let (number, unit) = rate_in_units(*rate);
            // Rounded to six digits, as it was written: 0.2/min per second has no finite decimal form.
            let number = (number * 1e6).round() / 1e6;
            format!("{number} requests/{unit} {process}")
        }
    };
    match scenario.load.requests {
        Some(requests) => format!("{asks}, {}", counted(requests, "request")),
        None => asks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(load: &str, unfit: Option<ExclusionReason>) -> Candidate {
        Candidate {
            load: Some(load.into()),
            unfit,
        }
    }

    #[test]
    fn runs_are_compared_if_both_are_fit_and_their_loads_are_the_same() {
        let fit = candidate("60 clients", None);
        let steered = candidate("60 clients", Some(ExclusionReason::Steered));
        let other = candidate("30 clients", None);
        assert!(fit.is_comparable_with(&fit));
        let why = fit.why_not(&steered, ["A", "B"]);
        assert_eq!(why.as_deref(), Some("B was steered by hand"));
        let why = fit.why_not(&other, ["A", "B"]);
        let words = "their loads differ, 60 clients in A and 30 clients in B";
        assert_eq!(why.as_deref(), Some(words));
        assert!(!other.is_comparable_with(&steered));
    }

    #[test]
    fn a_ratio_needs_a_first_value_above_0() {
        let contrast = Contrast::of(Some(4.0), Some(1.0)).unwrap();
        assert_eq!(contrast.ratio(), Some(0.25));
        assert_eq!(contrast.difference().to_bits(), (-3.0_f64).to_bits());
        let from_nothing = Contrast::of(Some(0.0), Some(1.0)).unwrap();
        assert_eq!(from_nothing.ratio(), None);
        assert_eq!(Contrast::of(None, Some(1.0)), None);
    }
}
