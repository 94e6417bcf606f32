//! The summary of repeats: every number is an [`Estimate`].

use serde_json::{Value, json};

use super::{Estimate, Tree};
use crate::named::NamedValues;

/// A summary of repeats.
#[derive(Clone, Debug)]
pub(crate) enum MergedSummary {
    Object(Vec<(String, MergedSummary)>),
    List(Vec<MergedSummary>),
    /// A value that is the same in all repeats, or that is kept from the first.
    Leaf(Tree),
    Number(Estimate),
}

impl MergedSummary {
    /// Returns the estimate at a path of the summary: `latency_ms.p50`.
    pub(crate) fn estimate(&self, path: &str) -> Option<Estimate> {
        let mut here = self;
        for name in path.split('.') {
            let Self::Object(parts) = here else {
                return None;
            };
            here = &parts.iter().find(|(known, _)| known == name)?.1;
        }
        match here {
            Self::Number(estimate) => Some(estimate.clone()),
            Self::Leaf(Tree::Leaf(value)) => Estimate::from_json(value, 1.0),
            Self::Leaf(_) | Self::Object(_) | Self::List(_) => None,
        }
    }

    /// Returns the summary: estimates in the places of numbers, and beside them, in each object, their
    /// intervals.
    pub(crate) fn summary(&self) -> Tree {
        match self {
            Self::Leaf(leaf) => leaf.clone(),
            Self::Number(estimate) => Tree::Leaf(json!(estimate.interval.estimate)),
            Self::List(entries) => Tree::List(entries.iter().map(Self::summary).collect()),
            Self::Object(parts) => {
                let mut all: Vec<(String, Tree)> = parts
                    .iter()
                    .map(|(name, part)| (name.clone(), part.summary()))
                    .collect();
                let intervals: NamedValues<Tree> = parts
                    .iter()
                    .filter_map(|(name, part)| Some((name.clone(), part.interval()?)))
                    .collect();
                if !intervals.0.is_empty() {
                    all.push(("interval".into(), Tree::Object(intervals)));
                }
                Tree::Object(NamedValues(all))
            }
        }
    }

    /// Returns the ends of a number; an infinite one is null.
    fn interval(&self) -> Option<Tree> {
        let Self::Number(Estimate { interval, .. }) = self else {
            return None;
        };
        let end = |end: f64| Tree::Leaf(json!(end));
        let ends = [("low", end(interval.low)), ("high", end(interval.high))];
        let ends = ends.map(|(name, end)| (name.to_owned(), end));
        Some(Tree::Object(NamedValues(ends.into())))
    }

    /// Returns all numbers, for claims: each is a leaf that [`Estimate::from_json`] reads.
    pub(crate) fn numbers(&self) -> Value {
        match self {
            Self::Leaf(leaf) => json!(leaf),
            Self::Number(estimate) => estimate.to_json(),
            Self::List(entries) => entries.iter().map(Self::numbers).collect(),
            Self::Object(parts) => parts
                .iter()
                .map(|(name, part)| (name.clone(), part.numbers()))
                .collect(),
        }
    }
}
