//! Checks that a comparison can be decided: its names exist, and its sides have one dimension.

use std::ops::Range;

use super::paths::{self, Wildcard};
use super::{Comparison, Dimension, Expression, Mistake, Name, Operator, Test, Tolerance};
use crate::scenario::Variant;

impl Comparison {
    /// Returns every mistake that keeps this comparison from being decided for these variants.
    #[must_use]
    pub fn check(&self, variants: &[Variant]) -> Vec<Mistake> {
        let mut checker = Checker {
            variants,
            mistakes: Vec::new(),
        };
        let left = checker.kind_of(&self.left);
        let right = checker.kind_of(&self.right);
        let agreed = checker.agree(left, right, &self.sign, "compared");
        if let Test::About(Tolerance::Absolute(tolerance)) = &self.test {
            let tolerance = checker.kind_of(tolerance);
            checker.agree(
                agreed,
                tolerance,
                &self.sign,
                "compared with this tolerance",
            );
        }
        checker.mistakes
    }
}

impl Expression {
    /// Returns the expression's dimension for these variants, and every mistake that keeps it from having one.
    #[must_use]
    pub fn check(&self, variants: &[Variant]) -> (Option<Dimension>, Vec<Mistake>) {
        let mut checker = Checker {
            variants,
            mistakes: Vec::new(),
        };
        let known = checker.kind_of(self);
        (known.map(|known| known.dimension), checker.mistakes)
    }
}

/// Type of an expression: its dimension, and true if it is made of bare numbers alone.
#[derive(Clone, Copy)]
struct ExpressionType {
    dimension: Dimension,
    bare: bool,
}

struct Checker<'a> {
    variants: &'a [Variant],
    mistakes: Vec<Mistake>,
}

impl Checker<'_> {
    /// Returns the type, or `None` after a mistake: one is enough.
    fn kind_of(&mut self, expression: &Expression) -> Option<ExpressionType> {
        match expression {
            Expression::Number(quantity) => Some(ExpressionType {
                dimension: quantity.dimension,
                bare: quantity.dimension == Dimension::PLAIN,
            }),
            Expression::Name(name) => match self.name(name) {
                Ok(dimension) => Some(ExpressionType {
                    dimension,
                    bare: false,
                }),
                Err(mistake) => {
                    self.mistakes.push(mistake);
                    None
                }
            },
            Expression::Pair {
                left,
                operator,
                sign,
                right,
            } => {
                let (left, right) = (self.kind_of(left), self.kind_of(right));
                match operator {
                    Operator::Plus => self.agree(left, right, sign, "added"),
                    Operator::Minus => self.agree(left, right, sign, "subtracted"),
                    Operator::Times => Some(scaled(left?, right?, i8::saturating_add)),
                    Operator::Over => Some(scaled(left?, right?, i8::saturating_sub)),
                }
            }
        }
    }

    /// Returns the type of two expressions together, if they have one dimension. A bare number beside a rate is
    /// read as per second, the only unit of rates. Beside a length of time it is a mistake, since its unit is
    /// unknown.
    fn agree(
        &mut self,
        left: Option<ExpressionType>,
        right: Option<ExpressionType>,
        sign: &Range<usize>,
        verb: &str,
    ) -> Option<ExpressionType> {
        let (left, right) = (left?, right?);
        let reads_as_rate = |bare: ExpressionType, other: ExpressionType| {
            bare.bare && other.dimension == Dimension::RATE
        };
        if left.dimension == right.dimension || reads_as_rate(right, left) {
            return Some(ExpressionType {
                bare: left.bare && right.bare,
                ..left
            });
        }
        if reads_as_rate(left, right) {
            return Some(right);
        }
        let time = [left, right].map(|known| known.dimension == Dimension::TIME);
        self.mistakes.push(Mistake {
            range: sign.clone(),
            message: format!(
                "{} and {} cannot be {verb}",
                left.dimension, right.dimension
            ),
            hint: time
                .contains(&true)
                .then(|| "a length of time has a unit: `150ms`, `2s`".to_owned()),
        });
        None
    }

    fn name(&self, name: &Name) -> Result<Dimension, Mistake> {
        let names: Vec<&str> = self
            .variants
            .iter()
            .map(|variant| variant.name.as_str())
            .collect();
        let (variant, path) = name.split(&names);
        let variant = match variant {
            Some(wanted) => self.variants.iter().find(|variant| variant.name == wanted),
            None if self.variants.len() == 1 => self.variants.first(),
            None => None,
        };
        let Some(variant) = variant else {
            return Err(without_variant(name, &names));
        };
        let at = name.range.end - path.len();
        let Some(dimension) = paths::dimension(path) else {
            let hint = paths::nearest(path).map(|known| format!("did you mean `{known}`?"));
            return Err(Mistake {
                range: at..name.range.end,
                message: format!("unknown number `{path}`"),
                hint: hint.or_else(|| {
                    Some("write its path in the summary of `--json`, without the unit".into())
                }),
            });
        };
        given_name(variant, path, at)?;
        Ok(dimension)
    }
}

fn scaled(left: ExpressionType, right: ExpressionType, power: fn(i8, i8) -> i8) -> ExpressionType {
    ExpressionType {
        dimension: Dimension(power(left.dimension.0, right.dimension.0)),
        bare: left.bare && right.bare,
    }
}

fn without_variant(name: &Name, variants: &[&str]) -> Mistake {
    let first = name.text.split('.').next().unwrap_or(&name.text);
    let range = name.range.start..name.range.start + first.len();
    if paths::dimension(&name.text).is_some() {
        return Mistake {
            range: name.range.clone(),
            message: format!("`{}` lacks its variant", name.text),
            hint: Some(format!(
                "write `{}.{}`; the variants are {}",
                variants.first().unwrap_or(&"sync"),
                name.text,
                variants.join(", ")
            )),
        };
    }
    let nearest = variants
        .iter()
        .map(|variant| (strsim::jaro_winkler(variant, first), variant))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Mistake {
        range,
        message: format!("there is no variant `{first}`"),
        hint: Some(match nearest {
            Some((_, variant)) => format!("did you mean `{variant}`?"),
            None => format!("the variants are {}", variants.join(", ")),
        }),
    }
}

/// Checks the word of a path that the scenario gives a name to: `requests.profile`, `workers.3`.
fn given_name(variant: &Variant, path: &str, at: usize) -> Result<(), Mistake> {
    let Some((first, rest)) = path.split_once('.') else {
        return Ok(());
    };
    let Some(star) = Wildcard::after(first) else {
        return Ok(());
    };
    let word = rest.split('.').next().unwrap_or(rest);
    let scenario = &variant.scenario;
    let problem = match star {
        Wildcard::Request => missing(word, scenario.requests.iter().map(|request| &request.name)),
        Wildcard::Counter => missing(word, scenario.counters.iter()),
        Wildcard::Service => missing(word, scenario.services.iter().map(|service| &service.name)),
        Wildcard::Worker => out_of_range(word, Some(scenario.server.workers)),
        Wildcard::Core => out_of_range(word, None),
    };
    let Some(hint) = problem else {
        return Ok(());
    };
    let from = at + first.len() + 1;
    Err(Mistake {
        range: from..from + word.len(),
        message: format!("`{}` has no {first} `{word}`", variant.name),
        hint: Some(hint),
    })
}

/// Describes the names that exist, if `word` is none of these.
fn missing<'a>(word: &str, mut names: impl Iterator<Item = &'a String> + Clone) -> Option<String> {
    let all = names.clone().map(String::as_str).collect::<Vec<_>>();
    if names.any(|name| name == word) {
        return None;
    }
    Some(match all.as_slice() {
        [] => "there are none in this scenario".into(),
        _ => format!("there is {}", all.join(", ")),
    })
}

fn out_of_range(word: &str, count: Option<usize>) -> Option<String> {
    match (word.parse::<usize>(), count) {
        (Ok(index), Some(count)) if index >= count => {
            Some(format!("they are numbered 0 to {}", count - 1))
        }
        (Ok(_), _) => None,
        (Err(_), _) => Some("they are numbered from 0".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::expectation::parse;
    use crate::scenario::{Overrides, read};

    const SYNC: &str = r#"
        server = { kind = "sync", workers = 2 }
        requests.profile.steps = []
        load.clients = 1
    "#;
    const BOTH: &str = r#"
        server = { kind = ["sync", "coroutine"], workers = 2 }
        requests.profile.steps = []
        load.clients = 1
    "#;

    fn mistakes(that: &str, text: &str) -> Vec<(String, String)> {
        let plan = read(text, "scenario.toml", &Overrides::default()).expect("a valid text");
        let mistakes = parse(that).expect(that).check(&plan.variants);
        mistakes
            .into_iter()
            .map(|mistake| (that[mistake.range.clone()].to_owned(), message(&mistake)))
            .collect()
    }

    fn message(mistake: &Mistake) -> String {
        match &mistake.hint {
            Some(hint) => format!("{}; {hint}", mistake.message),
            None => mistake.message.clone(),
        }
    }

    #[test]
    fn decidable_claims_contain_no_mistake() {
        for that in [
            "coroutine.throughput >= 25 * sync.throughput",
            "sync.throughput ~= 20 +- 3%",
            "sync.concurrency ~= sync.throughput * sync.latency.mean +- 2%",
            "sync.requests.profile.latency.p50 < 150ms",
            "sync.workers.1.coroutine_switches_per_request <= 4",
            "sync.cores.0.busy > 30%",
            "2 * 10 < sync.throughput",
        ] {
            assert_eq!(mistakes(that, BOTH), [], "in: {that}");
        }
        assert_eq!(mistakes("latency.p99 < 150ms", SYNC), []);
    }

    #[test]
    fn undecidable_claims_are_reported_with_place_and_remedy() {
        for (that, at, words) in [
            ("snyc.throughput > 3", "snyc", "did you mean `sync`?"),
            ("throughput > 3", "throughput", "lacks its variant"),
            (
                "sync.latency.p98 < 3ms",
                "latency.p98",
                "unknown number `latency.p98`; did you mean `latency.p9",
            ),
            (
                "sync.latency_ms.p99 < 3ms",
                "latency_ms.p99",
                "did you mean `latency.p99`?",
            ),
            ("sync.latency.p99 < 150", "<", "a length of time has a unit"),
            (
                "sync.latency.p99 + sync.throughput < 3",
                "+",
                "cannot be added",
            ),
            (
                "sync.latency.p50 ~= 3ms +- 1",
                "~=",
                "compared with this tolerance",
            ),
            ("sync.requests.hog.completed > 3", "hog", "there is profile"),
            ("sync.workers.2.requests > 3", "2", "numbered 0 to 1"),
            ("sync.workers.all.requests > 3", "all", "numbered from 0"),
            ("sync.counters.visits.lost > 3", "visits", "there are none"),
        ] {
            let found = mistakes(that, BOTH);
            assert_eq!(found.len(), 1, "in: {that}: {found:?}");
            assert_eq!(found[0].0, at, "in: {that}");
            assert!(found[0].1.contains(words), "in: {that}: {found:?}");
        }
    }

    #[test]
    fn every_unknown_name_is_reported_at_once() {
        assert_eq!(mistakes("a.x < b.y", BOTH).len(), 2);
    }
}
