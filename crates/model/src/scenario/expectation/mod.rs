//! A claim about runs, as a comparison that can be decided from their summaries.
//!
//! ```text
//! coroutine.throughput >= 25 * sync.throughput
//! latency.p99 < 150ms
//! sync.concurrency ~= sync.throughput * sync.latency.mean +- 2%
//! ```
//!
//! A name is a variant and a number of the summary, by its path without the unit; with one variant
//! the path alone. Lengths of time and rates are distinct from plain numbers, so that `latency < 150` is
//! refused when the file is read. This module knows which
//! numbers a summary has (`paths`), and computes none.

mod check;
mod parse;
mod paths;

use std::fmt;
use std::ops::Range;

pub use super::problem::Mistake;
pub use parse::{parse, parse_expression, parse_quantity};
pub use paths::PATHS;

use crate::units::{Elapsed, three_digits};

/// True if a variant's summary can have a number of this name.
pub fn is_path(path: &str) -> bool {
    paths::dimension(path).is_some()
}

/// A comparison: `left test right`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The side that is compared.
    pub left: Expression,
    /// The comparing sign.
    pub test: Test,
    /// The target.
    pub right: Expression,
    /// Byte range of the comparing sign in the text.
    sign: Range<usize>,
}

/// The comparing sign.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `~= … +- …`
    About(Tolerance),
}

/// Distance from its target that `~=` allows.
#[derive(Clone, Debug, PartialEq)]
pub enum Tolerance {
    /// `+- 3ms`
    Absolute(Expression),
    /// `+- 10%`, as a share of the target: 0.1.
    Share(f64),
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// `25`, `150ms`, `20/s`, `10%`.
    Number(Quantity),
    /// `coroutine.latency.p99`.
    Name(Name),
    /// Two expressions with a sign between.
    Pair {
        /// Operand before the sign.
        left: Box<Expression>,
        /// The sign.
        operator: Operator,
        /// Byte range of the sign in the text.
        sign: Range<usize>,
        /// Operand after the sign.
        right: Box<Expression>,
    },
}

/// `+`, `-`, `*` or `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Over,
}

/// A number of a summary, as the text names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `coroutine.latency.p99`, or `latency.p99`.
    pub text: String,
    /// Byte range in the text.
    pub range: Range<usize>,
}

impl Name {
    /// Returns the variant (`None`: the name is a path alone) and the path.
    ///
    /// A first word that is both a variant and a path means the variant.
    #[must_use]
    pub fn split<'a>(&'a self, variants: &[&str]) -> (Option<&'a str>, &'a str) {
        match self.text.split_once('.') {
            Some((first, path)) if variants.contains(&first) => (Some(first), path),
            _ => (None, &self.text),
        }
    }
}

/// A number with its dimension. Lengths of time are in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// Value, in powers of seconds.
    pub value: f64,
    /// Its power of time.
    pub dimension: Dimension,
}

/// A power of time: 0 is a plain number, 1 a length of time, −1 a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension(pub i8);

impl Dimension {
    /// A number without a unit.
    pub const PLAIN: Self = Self(0);
    /// A length of time.
    pub const TIME: Self = Self(1);
    /// A rate, per second.
    pub const RATE: Self = Self(-1);
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("a plain number"),
            1 => f.write_str("a length of time"),
            -1 => f.write_str("a rate per second"),
            power => write!(f, "a number of s^{power}"),
        }
    }
}

impl Quantity {
    /// Returns a number without a unit.
    #[must_use]
    pub fn plain(value: f64) -> Self {
        Self {
            value,
            dimension: Dimension::PLAIN,
        }
    }

    fn combine(self, operator: Operator, other: Self) -> Self {
        let (a, b) = (self.value, other.value);
        let (power, other_power) = (self.dimension.0, other.dimension.0);
        let (value, power) = match operator {
            Operator::Plus => (a + b, power),
            Operator::Minus => (a - b, power),
            Operator::Times => (a * b, power.saturating_add(other_power)),
            Operator::Over => (a / b, power.saturating_sub(other_power)),
        };
        Self {
            value,
            dimension: Dimension(power),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dimension {
            Dimension::TIME if self.value >= 0.0 => {
                Elapsed((self.value * 1e9).round() as u64).fmt(f)
            }
            Dimension::TIME => write!(f, "-{}", Elapsed((-self.value * 1e9).round() as u64)),
            Dimension::RATE => write!(f, "{}/s", three_digits(self.value)),
            _ if self.value.fract() == 0.0 => write!(f, "{:.0}", self.value),
            _ => f.write_str(&three_digits(self.value)),
        }
    }
}

/// Values of both sides of a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sides {
    /// The left side.
    pub left: Quantity,
    /// The right side.
    pub right: Quantity,
    /// Distance that `~=` allows; `None` for the other signs.
    pub tolerance: Option<f64>,
}

/// Result of a comparison, with the numbers that decided it.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparisonResult {
    /// True if it holds.
    pub holds: bool,
    /// The left side.
    pub left: Quantity,
    /// The right side.
    pub right: Quantity,
    /// Numbers of the summary that the comparison names, in the order of the text.
    pub measured: Vec<Quantity>,
}

impl Comparison {
    /// Returns the names in it, in the order of the text.
    #[must_use]
    pub fn names(&self) -> Vec<&Name> {
        let mut names = Vec::new();
        self.left.collect_names(&mut names);
        self.right.collect_names(&mut names);
        if let Test::About(Tolerance::Absolute(tolerance)) = &self.test {
            tolerance.collect_names(&mut names);
        }
        names
    }

    /// Evaluates both sides with the numbers that `look_up` returns.
    ///
    /// # Errors
    /// The first error of `look_up`.
    pub fn sides<E>(
        &self,
        look_up: &mut impl FnMut(&Name) -> Result<Quantity, E>,
    ) -> Result<Sides, E> {
        let left = self.left.evaluate(look_up)?;
        let right = self.right.evaluate(look_up)?;
        let tolerance = match &self.test {
            Test::About(Tolerance::Absolute(tolerance)) => Some(tolerance.evaluate(look_up)?.value),
            Test::About(Tolerance::Share(share)) => Some(share * right.value.abs()),
            Test::Less | Test::AtMost | Test::More | Test::AtLeast => None,
        };
        Ok(Sides {
            left,
            right,
            tolerance,
        })
    }

    /// Decides the comparison with the numbers that `look_up` returns.
    ///
    /// # Errors
    /// The first error of `look_up`; or `undefined` if a side is not a number (0 ÷ 0, say).
    pub fn judge<E>(
        &self,
        look_up: &mut impl FnMut(&Name) -> Result<Quantity, E>,
        undefined: impl Fn() -> E,
    ) -> Result<ComparisonResult, E> {
        let sides = self.sides(look_up)?;
        let Sides { left, right, .. } = sides;
        let holds = match &self.test {
            Test::Less => left.value < right.value,
            Test::AtMost => left.value <= right.value,
            Test::More => left.value > right.value,
            Test::AtLeast => left.value >= right.value,
            Test::About(_) => {
                let distance = (left.value - right.value).abs();
                sides.tolerance.is_some_and(|most| distance <= most)
            }
        };
        if !left.value.is_finite() || !right.value.is_finite() {
            return Err(undefined());
        }
        let mut measured = Vec::new();
        for name in self.names() {
            measured.push(look_up(name)?);
        }
        Ok(ComparisonResult {
            holds,
            left,
            right,
            measured,
        })
    }
}

impl Expression {
    /// Returns the names in it, in the order of the text.
    #[must_use]
    pub fn names(&self) -> Vec<&Name> {
        let mut names = Vec::new();
        self.collect_names(&mut names);
        names
    }

    fn collect_names<'a>(&'a self, names: &mut Vec<&'a Name>) {
        match self {
            Self::Number(_) => {}
            Self::Name(name) => names.push(name),
            Self::Pair { left, right, .. } => {
                left.collect_names(names);
                right.collect_names(names);
            }
        }
    }

    /// Returns its value, with the numbers that `look_up` returns.
    ///
    /// # Errors
    /// The first error of `look_up`.
    pub fn evaluate<E>(
        &self,
        look_up: &mut impl FnMut(&Name) -> Result<Quantity, E>,
    ) -> Result<Quantity, E> {
        match self {
            Self::Number(quantity) => Ok(*quantity),
            Self::Name(name) => look_up(name),
            Self::Pair {
                left,
                operator,
                right,
                ..
            } => {
                let left = left.evaluate(look_up)?;
                Ok(left.combine(*operator, right.evaluate(look_up)?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(that: &str) -> Result<ComparisonResult, String> {
        let mut look_up = |name: &Name| match name.text.as_str() {
            "coroutine.throughput" => Ok(Quantity {
                value: 597.0,
                dimension: Dimension::RATE,
            }),
            "sync.throughput" => Ok(Quantity {
                value: 20.0,
                dimension: Dimension::RATE,
            }),
            "latency.p99" => Ok(Quantity {
                value: 0.104,
                dimension: Dimension::TIME,
            }),
            "zero" => Ok(Quantity::plain(0.0)),
            other => Err(format!("{other} is null")),
        };
        let comparison = parse(that).expect("a comparison");
        comparison.judge(&mut look_up, || "no number".to_owned())
    }

    #[test]
    fn a_comparison_is_decided_by_the_numbers_it_names() {
        for (that, holds) in [
            ("coroutine.throughput >= 25 * sync.throughput", true),
            ("coroutine.throughput >= 30 * sync.throughput", false),
            ("coroutine.throughput / sync.throughput > 29.8", true),
            ("latency.p99 < 104ms", false),
            ("latency.p99 <= 104ms", true),
            ("latency.p99 < 0.2 s", true),
            ("sync.throughput ~= 21/s +- 5%", true),
            ("sync.throughput ~= 21/s +- 4%", false),
            ("sync.throughput ~= 22/s +- 2/s", true),
            (
                "coroutine.throughput - sync.throughput * 2 ~= 557/s +- 0",
                true,
            ),
            (
                "(coroutine.throughput - sync.throughput) * 2 > 1_000/s",
                true,
            ),
            ("-1 < zero", true),
        ] {
            assert_eq!(
                judge(that).map(|judged| judged.holds),
                Ok(holds),
                "in: {that}"
            );
        }
    }

    #[test]
    fn a_comparison_without_a_number_is_not_judged() {
        assert_eq!(judge("p999 < 1"), Err("p999 is null".into()));
        assert_eq!(judge("zero / zero < 1"), Err("no number".into()));
    }

    #[test]
    fn the_numbers_that_decided_are_kept_with_their_units() {
        let judged = judge("coroutine.throughput >= 25 * sync.throughput").unwrap();
        let text: Vec<String> = judged.measured.iter().map(Quantity::to_string).collect();
        assert_eq!(text, ["597/s", "20.0/s"]);
        let judged = judge("latency.p99 < 150ms").unwrap();
        assert_eq!(
            (judged.left.to_string(), judged.right.to_string()),
            ("104 ms".into(), "150 ms".into())
        );
    }

    #[test]
    fn a_name_is_a_variant_and_a_path_or_a_path_alone() {
        let name = |text: &str| Name {
            text: text.into(),
            range: 0..text.len(),
        };
        let variants = ["sync", "workers_4"];
        assert_eq!(
            name("workers_4.latency.p99").split(&variants),
            (Some("workers_4"), "latency.p99")
        );
        assert_eq!(name("latency.p99").split(&variants), (None, "latency.p99"));
    }
}
