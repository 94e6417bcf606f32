//! Numbers of a run by their path in claims, which has no units: `latency.p99`.

use serde_json::Value;

use super::estimates::{Estimate, RepeatNumbers};
use super::schema::Run;
use concsim_model::scenario::expectation::{Dimension, Quantity};

/// Units, by the suffix of the summary's names.
const UNITS: [(&str, Dimension, f64); 5] = [
    ("", Dimension::PLAIN, 1.0),
    ("_ms", Dimension::TIME, 1e-3),
    ("_s", Dimension::TIME, 1.0),
    ("_per_s", Dimension::RATE, 1.0),
    ("_kib", Dimension::PLAIN, 1.0),
];

/// Returns the number at this path, which is written without units; of repeats its estimate.
pub(super) fn look_up(numbers: &Value, path: &str) -> Option<Quantity> {
    let found = find(numbers, path)?;
    Some(Quantity {
        value: found.leaf.get("estimate").unwrap_or(found.leaf).as_f64()? * found.scale,
        dimension: found.dimension,
    })
}

/// Returns the estimate of a number of repeats by its path in claims: `latency.p99`, in seconds.
pub(super) fn estimate(run: &Run, path: &str) -> Option<Estimate> {
    let found = find(run.repeated.as_ref()?.numbers(), path)?;
    Estimate::from_json(found.leaf, found.scale)
}

impl Run {
    /// Returns the number at a path of the summary, as expectations resolve it.
    #[must_use]
    pub fn number(&self, path: &str) -> Option<Quantity> {
        look_up(&serde_json::to_value(self).ok()?, path)
    }
}

/// A number of the summary.
pub(super) struct Found<'a> {
    pub(super) leaf: &'a Value,
    /// Its path in the summary, with units: `latency_ms.p50`.
    pub(super) path: String,
    pub(super) dimension: Dimension,
    /// Size of its unit.
    pub(super) scale: f64,
}

/// Returns the leaf at a path.
pub(super) fn find<'a>(numbers: &'a Value, path: &str) -> Option<Found<'a>> {
    let mut found = Found {
        leaf: numbers,
        path: String::new(),
        dimension: Dimension::PLAIN,
        scale: 1.0,
    };
    for word in path.split('.') {
        if let Value::Array(entries) = found.leaf {
            found.leaf = entries.iter().find(|entry| has_number(entry, word))?;
            continue;
        }
        let (name, value, unit) = UNITS.iter().find_map(|unit| {
            let name = format!("{word}{}", unit.0);
            let value = found.leaf.get(&name)?;
            Some((name, value, unit))
        })?;
        found.leaf = value;
        let dot = if found.path.is_empty() { "" } else { "." };
        found.path = format!("{}{dot}{name}", found.path);
        if !unit.0.is_empty() {
            (found.dimension, found.scale) = (unit.1, unit.2);
        }
    }
    Some(found)
}

impl RepeatNumbers {
    /// Returns the dimension of a number by its path in claims: `latency.p99`.
    pub(super) fn dimension(&self, path: &str) -> Option<Dimension> {
        look_up(self.numbers(), path).map(|it| it.dimension)
    }
}

/// True if this entry of a list of workers or cores has that number.
fn has_number(entry: &Value, number: &str) -> bool {
    let own = entry.get("index").or_else(|| entry.get("core"));
    own.and_then(Value::as_u64) == number.parse().ok()
}
