//! Differences between the scenarios of two runs: every value, by its key.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Side;
use crate::sentences;
use crate::words::{NONE, list, script};
use concsim_model::scenario::{Arrivals, Scenario, Variant};
use concsim_model::units::Elapsed;
use concsim_model::words::length;
use concsim_record::Origin;

/// A value that differs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// Key, for example `server.workers`.
    key: String,
    /// Names of the variants that it applies to; empty for the whole run.
    variants: Vec<String>,
    /// Value in the first run; null if it has none.
    a: Option<String>,
    /// Value in the second run; null if it has none.
    b: Option<String>,
}

impl Difference {
    /// Returns `server.workers: 2 against 4 (sync)`.
    pub(super) fn sentence(&self) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| NONE.to_owned());
        let of: Vec<&str> = self.variants.iter().map(String::as_str).collect();
        let of = match of.as_slice() {
            [] => String::new(),
            names => format!(" ({})", list(names)),
        };
        let (a, b) = (text(&self.a), text(&self.b));
        format!("{}: {a} against {b}{of}", self.key)
    }
}

/// Returns all differences: first those of the whole run, then those of each variant that both have.
/// Differences common to all variants count as those of the whole run.
pub(super) fn of(a: Side<'_>, b: Side<'_>) -> Vec<Difference> {
    let mut all = of_the_whole(a, b);
    let is_simulated =
        [a, b].map(|side| sentences::origin(&side.summary.runs) == Origin::Simulated);
    let pairs = pairs(a, b);
    let mut of_variants: Vec<Difference> = Vec::new();
    for (first, second) in &pairs {
        let [mut one, mut other] = [first, second].map(|it| values(&it.scenario));
        // Real processes run on the real machine, so the machine of a file does not apply.
        if is_simulated == [false; 2] {
            for values in [&mut one, &mut other] {
                values.retain(|key, _| !key.starts_with("machine"));
            }
        }
        let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for key in keys
            .into_iter()
            .filter(|key| one.get(*key) != other.get(*key))
        {
            let (a, b) = (one.get(key).cloned(), other.get(key).cloned());
            let known = of_variants
                .iter_mut()
                .find(|it| it.key == *key && it.a == a && it.b == b);
            match known {
                Some(known) => known.variants.push(first.name.clone()),
                None => of_variants.push(Difference {
                    key: key.clone(),
                    variants: vec![first.name.clone()],
                    a,
                    b,
                }),
            }
        }
    }
    for difference in &mut of_variants {
        if difference.variants.len() == pairs.len() {
            difference.variants.clear();
        }
    }
    all.extend(of_variants);
    all
}

fn of_the_whole(a: Side<'_>, b: Side<'_>) -> Vec<Difference> {
    let names = |side: Side<'_>| {
        let names = side.plan.variants.iter().map(|it| it.name.as_str());
        list(&names.collect::<Vec<_>>())
    };
    let facts = |side: Side<'_>| {
        [
            ("scenario", side.plan.name().to_owned()),
            (
                "engine",
                sentences::origin(&side.summary.runs).word().to_owned(),
            ),
            ("cores", side.summary.machine.cores.to_string()),
            ("cpu", side.summary.machine.cpu.clone()),
            ("kernel", side.summary.machine.kernel.clone()),
            ("variants", names(side)),
        ]
    };
    let pairs = facts(a).into_iter().zip(facts(b));
    let differing = pairs.filter(|((_, a), (_, b))| a != b);
    let differing = differing.map(|((key, a), (_, b))| Difference {
        key: key.to_owned(),
        variants: Vec::new(),
        a: Some(a),
        b: Some(b),
    });
    differing.collect()
}

/// Returns the pairs of variants whose numbers are compared.
fn pairs<'a>(a: Side<'a>, b: Side<'a>) -> Vec<(&'a Variant, &'a Variant)> {
    let [first, second] = [a, b].map(|side| side.plan.variants.as_slice());
    if let ([one], [other]) = (first, second) {
        return vec![(one, other)];
    }
    let pair = |one: &'a Variant| {
        let other = second.iter().find(|other| other.name == one.name)?;
        Some((one, other))
    };
    first.iter().filter_map(pair).collect()
}

/// Returns every value of a scenario by its key, in words. Scripts are their sentences.
fn values(scenario: &Scenario) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut tree = serde_json::to_value(scenario).expect("a scenario is always JSON");
    if let Some(tree) = tree.as_object_mut() {
        tree.remove("requests");
    }
    if scenario.load.arrivals == Arrivals::Scheduled
        && let Some(load) = tree["load"].as_object_mut()
    {
        load.remove("arrivals");
        load.remove("jobs");
        values.insert("load.jobs".into(), scenario.schedule());
    }
    flatten(&tree, "", &mut values);
    for request in &scenario.requests {
        let key = |part: &str| format!("requests.{}.{part}", request.name);
        values.insert(key("steps"), script(scenario, request));
        values.insert(key("weight"), request.weight.to_string());
    }
    values
}

/// Collects the leaves of a tree by their keys. The names of alternatives (`Closed`, `Fixed`) are not keys of
/// a scenario's file, and neither is `arrivals`.
fn flatten(tree: &Value, key: &str, values: &mut BTreeMap<String, String>) {
    match tree {
        Value::Object(fields) => {
            for (name, field) in fields {
                let is_key = name.starts_with(char::is_lowercase) && name != "arrivals";
                let below = match (key, is_key) {
                    (key, false) => key.to_owned(),
                    ("", true) => name.clone(),
                    (key, true) => format!("{key}.{name}"),
                };
                flatten(field, &below, values);
            }
        }
        Value::Array(entries) => {
            for (place, entry) in entries.iter().enumerate() {
                let name = entry.get("name").and_then(Value::as_str);
                let name = name.map_or_else(|| (place + 1).to_string(), str::to_owned);
                flatten(entry, &format!("{key}.{name}"), values);
            }
        }
        Value::Null => {}
        leaf => {
            values.insert(key.to_owned(), leaf_text(leaf, key));
        }
    }
}

/// Keys whose numbers are durations in nanoseconds.
const LENGTHS: [&str; 9] = [
    "warmup",
    "duration",
    "keepalive",
    "timeout",
    "graceful_timeout",
    "ramp",
    "think",
    "patience",
    "boot",
];

fn leaf_text(leaf: &Value, key: &str) -> String {
    let last = key.rsplit('.').next().unwrap_or_default();
    match leaf {
        Value::Number(number) if LENGTHS.contains(&last) => number
            .as_u64()
            .map_or_else(|| number.to_string(), |it| length(Elapsed(it))),
        Value::String(word) if word == "UntilEveryoneWasAnswered" => {
            "until each client was answered".to_owned()
        }
        Value::String(word) => word.clone(),
        leaf => leaf.to_string(),
    }
}
