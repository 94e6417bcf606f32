//! The summaries of all repeats of a variant as one: every number is an [`Estimate`].

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::log::RequestLog;
use super::moved;
use crate::estimates::{Estimate, MergedSummary, Stop, Tree};
use crate::percentile::PERCENTILES;
use crate::rounding::rounded;
use concsim_stats::Disturbance;

/// Parts of a summary that are about one run, and those that are computed from other numbers: they are kept
/// as they are.
const KEPT: [&str; 10] = [
    "because",
    "disturbances",
    "remarks",
    "interruption",
    "at_patience",
    "balance",
    "telemetry",
    "theory",
    "prediction",
    "workers.*.pid",
];

/// Bounds of the numbers of one run: the intervals of repeats contain them.
const BOUNDS: &str = "bounds";

/// Numbers of failed requests by their status: names that only some repeats have.
const BY_STATUS: &str = "failed.by_status";

/// Parts that are combined from all repeats, and are no numbers.
const COMBINED: [&str; 2] = ["trust", "interrupted"];

/// Percentiles of all requests together, by their path; [`None`] for too few requests.
type Percentiles = BTreeMap<String, Option<Estimate>>;

impl MergedSummary {
    /// Merges the summaries of repeats, and the latencies of their requests; `classes` are the kinds of
    /// requests in the scenario's order.
    pub(super) fn of(
        summaries: &[&Tree],
        logs: &[&RequestLog],
        classes: &[String],
        stop: Stop,
    ) -> Self {
        let percentiles = percentiles(logs, classes, stop);
        let merger = Merger {
            percentiles,
            moved: moved::by_path(summaries),
            stop,
        };
        merger.merge("", summaries)
    }

    /// Returns it with the parts of one run replaced by those of another summary.
    pub(super) fn with_parts_of(&self, summary: &Tree) -> Self {
        let Self::Object(parts) = self else {
            return self.clone();
        };
        let replaced = |(name, part): &(String, Self)| {
            let is_of_one_run = KEPT.contains(&name.as_str()) || COMBINED.contains(&name.as_str());
            let own = summary.get(name).filter(|_| is_of_one_run);
            let part = own.map_or_else(|| part.clone(), |own| Self::Leaf(own.clone()));
            (name.clone(), part)
        };
        Self::Object(parts.iter().map(replaced).collect())
    }
}

/// Data on which merging rests.
struct Merger {
    percentiles: Percentiles,
    /// Room for disturbances, by the paths of numbers.
    moved: BTreeMap<String, Disturbance>,
    stop: Stop,
}

impl Merger {
    /// Merges the parts at one path, one of each repeat.
    fn merge(&self, path: &str, parts: &[&Tree]) -> MergedSummary {
        let first = parts[0];
        if path == BY_STATUS {
            return MergedSummary::Leaf(mean_counts(parts));
        }
        if KEPT.contains(&path) {
            return MergedSummary::Leaf(first.clone());
        }
        match first {
            Tree::Object(own) => {
                let merge = |(name, own): (&str, &Tree)| {
                    let path = join(path, name);
                    (
                        name.to_owned(),
                        self.in_each(&path, own, parts, |it| it.get(name)),
                    )
                };
                let parts = own.iter().filter(|(name, _)| join(path, name) != BOUNDS);
                MergedSummary::Object(parts.map(merge).collect())
            }
            Tree::List(own) => {
                let merge = |(place, own): (usize, &Tree)| {
                    self.in_each(&join(path, "*"), own, parts, |it| it.entry(place))
                };
                MergedSummary::List(own.iter().enumerate().map(merge).collect())
            }
            Tree::Leaf(_) => self.leaf(path, parts),
        }
    }

    /// Merges a part that each repeat has; if one lacks it, that of the first is kept.
    fn in_each<'a>(
        &self,
        path: &str,
        own: &Tree,
        parts: &[&'a Tree],
        part: impl Fn(&'a Tree) -> Option<&'a Tree>,
    ) -> MergedSummary {
        let parts: Option<Vec<&Tree>> = parts.iter().map(|it| part(it)).collect();
        match parts {
            Some(parts) => self.merge(path, &parts),
            None => MergedSummary::Leaf(own.clone()),
        }
    }

    /// Merges a number. If it is missing in one of the repeats, the mean of the others would be of chosen
    /// runs, and there is none.
    fn leaf(&self, path: &str, parts: &[&Tree]) -> MergedSummary {
        let none = || MergedSummary::Leaf(Tree::Leaf(Value::Null));
        if let Some(percentile) = self.percentiles.get(path) {
            let widened = |it: Estimate| MergedSummary::Number(it.widened(self.moved(path)));
            return percentile.clone().map_or_else(none, widened);
        }
        let is_number = |part: &&Tree| part.number().is_some();
        if !parts.iter().any(is_number) {
            return MergedSummary::Leaf(parts[0].clone());
        }
        let each: Option<Vec<f64>> = parts.iter().map(|part| part.number()).collect();
        let Some(each) = each else {
            return none();
        };
        if each
            .iter()
            .all(|value| value.to_bits() == each[0].to_bits())
            && !is_measured(path)
        {
            return MergedSummary::Leaf(parts[0].clone());
        }
        let estimate = Estimate::mean(each, self.stop);
        let widened = |it: Estimate| MergedSummary::Number(it.widened(self.moved(path)));
        estimate.map_or_else(|_| none(), widened)
    }

    /// Returns the room for disturbances of the number at a path.
    fn moved(&self, path: &str) -> Disturbance {
        self.moved.get(path).copied().unwrap_or_default()
    }
}

/// Returns the mean of each count; one that a repeat lacks is 0 there. These objects are lists by name, and have no
/// intervals between their entries.
fn mean_counts(parts: &[&Tree]) -> Tree {
    let mut sums = BTreeMap::new();
    for part in parts {
        if let Tree::Object(counts) = part {
            for (name, count) in counts.iter() {
                *sums.entry(name.to_owned()).or_insert(0.0) += count.number().unwrap_or_default();
            }
        }
    }
    let mean = |(name, sum): (String, f64)| {
        let mean = rounded(sum / parts.len() as f64, 6);
        (name, Tree::Leaf(json!(mean)))
    };
    Tree::Object(sums.into_iter().map(mean).collect())
}

/// True for numbers of which even a constant one has an interval. Any other that is the same in all repeats may
/// be a setting.
fn is_measured(path: &str) -> bool {
    const MEASURED: [&str; 5] = [
        "throughput_per_s",
        "concurrency",
        "at_the_door",
        "in_system",
        "parallelism",
    ];
    let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
    let is_latency = ["latency_ms", "from_send_ms"]
        .iter()
        .any(|it| parent.ends_with(it));
    MEASURED.contains(&path) || is_latency
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Computes every percentile of the requests' latencies.
fn percentiles(logs: &[&RequestLog], classes: &[String], stop: Stop) -> Percentiles {
    let mut percentiles = Percentiles::new();
    let all: Vec<&[f64]> = logs.iter().map(|log| log.latency_ms()).collect();
    let mut add = |path: &str, repeats: &[&[f64]]| {
        // Often the only kind of request has all of them, and none is sent late.
        let is_known = percentiles.contains_key("latency_ms.p50") && repeats == all;
        let count: usize = repeats.iter().map(|values| values.len()).sum();
        for (name, per_mille, needs) in PERCENTILES {
            let known = percentiles.get(&format!("latency_ms.{name}"));
            let estimate = match known.filter(|_| is_known) {
                Some(known) => known.clone(),
                None if count < needs => None,
                None => Estimate::percentile(repeats, per_mille as f64 / 1e3, stop).ok(),
            };
            percentiles.insert(format!("{path}.{name}"), estimate);
        }
    };
    let of = |part: fn(&RequestLog) -> &[f64]| -> Vec<&[f64]> {
        logs.iter().map(|log| part(log)).collect()
    };
    add("latency_ms", &of(RequestLog::latency_ms));
    add("from_send_ms", &of(RequestLog::since_sent_ms));
    for (class, name) in (0..).zip(classes) {
        let latencies: Vec<Vec<f64>> = logs.iter().map(|log| log.latency_ms_of(class)).collect();
        let latencies: Vec<&[f64]> = latencies.iter().map(Vec::as_slice).collect();
        add(&format!("requests.{name}.latency_ms"), &latencies);
    }
    percentiles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(texts: [&str; 3], logs: &[&RequestLog]) -> Tree {
        let trees = texts.map(|text| serde_json::from_str::<Tree>(text).expect("JSON"));
        let trees: Vec<&Tree> = trees.iter().collect();
        MergedSummary::of(&trees, logs, &[], Stop::Given).summary()
    }

    fn json(tree: &Tree) -> Value {
        json!(tree)
    }

    #[test]
    fn a_number_of_repeats_is_their_mean_with_students_t() {
        let of = |value: &str| format!(r#"{{"variant":"a","throughput_per_s":{value},"limit":4}}"#);
        let texts = ["10", "30", "20"].map(of);
        let all = json(&merged(
            texts.each_ref().map(String::as_str),
            &[&RequestLog::default(); 3],
        ));
        assert_eq!(all["throughput_per_s"], 20.0);
        // s = 10 and t(2) = 4.3027, so ± 24.84.
        let interval = &all["interval"]["throughput_per_s"];
        let end = |name: &str| interval[name].as_f64().expect("a number");
        assert!((end("low") + 4.842).abs() < 1e-3 && (end("high") - 44.842).abs() < 1e-3);
        assert_eq!((&all["variant"], &all["limit"]), (&"a".into(), &4.into()));
        assert_eq!(
            all["interval"].as_object().map(serde_json::Map::len),
            Some(1)
        );
    }

    #[test]
    fn a_number_that_one_repeat_lacks_is_missing() {
        let texts = [
            r#"{"a":1,"b":1}"#,
            r#"{"a":null,"b":3}"#,
            r#"{"a":2,"b":2}"#,
        ];
        let all = json(&merged(texts, &[&RequestLog::default(); 3]));
        assert_eq!((&all["a"], &all["b"]), (&Value::Null, &2.0.into()));
    }

    #[test]
    fn a_percentile_is_that_of_the_requests_of_all_repeats() {
        // 1 to 30, ten in each: none has the twenty that a median needs, but together their median is 15.
        let log = |first: u32| {
            let latencies = (0..10).map(|place| f64::from(first + 3 * place));
            RequestLog::made_up(vec![0.0; 10], latencies.collect())
        };
        let logs = [log(1), log(2), log(3)];
        let text = r#"{"latency_ms":{"p50":null,"p95":null}}"#;
        let all = json(&merged([text; 3], &[&logs[0], &logs[1], &logs[2]]));
        assert_eq!(all["latency_ms"]["p50"], 15.0);
        assert_eq!(all["latency_ms"]["p95"], Value::Null);
    }

    #[test]
    fn counts_by_status_are_means_over_all_repeats() {
        let texts = [
            r#"{"failed":{"by_status":{"503":2}}}"#,
            r#"{"failed":{"by_status":{}}}"#,
            r#"{"failed":{"by_status":{"302":3,"503":1}}}"#,
        ];
        let all = json(&merged(texts, &[&RequestLog::default(); 3]));
        let expected = r#"{"failed":{"by_status":{"302":1.0,"503":1.0}}}"#;
        assert_eq!(all.to_string(), expected);
    }

    #[test]
    fn parts_about_one_run_are_those_of_the_first() {
        let texts = [
            r#"{"telemetry":{"events":1},"remarks":[{"x":1}]}"#,
            r#"{"telemetry":{"events":5},"remarks":[]}"#,
            r#"{"telemetry":{"events":9},"remarks":[{"x":3}]}"#,
        ];
        let all = json(&merged(texts, &[&RequestLog::default(); 3]));
        assert_eq!(
            all.to_string(),
            r#"{"remarks":[{"x":1}],"telemetry":{"events":1}}"#
        );
    }
}
