//! Room for the disturbances of repeats: how far each number of all repeats together can have been moved.
//!
//! In each repeat the true number lies between two bounds. So the mean of the true numbers lies between the means of
//! the bounds. A percentile of all requests together is moved by no more than the percentile of the repeat that is moved
//! most: a shift of all latencies by that much shifts it as far.

use std::collections::{BTreeMap, BTreeSet};

use crate::estimates::Tree;
use crate::named::NamedValues;
use crate::percentile::PERCENTILES;
use concsim_stats::Disturbance;

/// Returns the room of each number that has bounds in some of these summaries, by its path.
pub(super) fn by_path(summaries: &[&Tree]) -> BTreeMap<String, Disturbance> {
    let all = summaries.iter().filter_map(|summary| bounds(summary));
    let paths: BTreeSet<&str> = all
        .flat_map(|bounds| bounds.iter().map(|it| it.0))
        .collect();
    let room = |path: &str| {
        let each = summaries.iter().map(|summary| in_one(summary, path));
        let each: Vec<Disturbance> = each.map(Option::unwrap_or_default).collect();
        let combined = |of: fn(&Disturbance) -> f64| {
            let values = each.iter().map(of);
            if is_percentile(path) {
                values.fold(0.0, f64::max)
            } else {
                values.sum::<f64>() / each.len() as f64
            }
        };
        Disturbance {
            below: combined(|it| it.below),
            above: combined(|it| it.above),
        }
    };
    paths
        .into_iter()
        .map(|path| (path.to_owned(), room(path)))
        .collect()
}

fn bounds(summary: &Tree) -> Option<&NamedValues<Tree>> {
    match summary.get("bounds")? {
        Tree::Object(bounds) => Some(bounds),
        Tree::List(_) | Tree::Leaf(_) => None,
    }
}

/// Returns the distances of the bounds from a number in one repeat; an unknown end is infinitely far.
fn in_one(summary: &Tree, path: &str) -> Option<Disturbance> {
    let ends = bounds(summary)?.get(path)?;
    let mut names = path.split('.');
    let number = names
        .try_fold(summary, |here, name| here.get(name))?
        .number()?;
    let low = ends.get("low")?.number().unwrap_or(f64::NEG_INFINITY);
    let high = ends.get("high")?.number().unwrap_or(f64::INFINITY);
    Some(Disturbance {
        below: (number - low).max(0.0),
        above: (high - number).max(0.0),
    })
}

fn is_percentile(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or_default();
    PERCENTILES.iter().any(|(known, ..)| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_the_mean_room_and_a_percentile_the_largest() {
        let texts = [
            r#"{"throughput_per_s":10,"latency_ms":{"p50":4},
                "bounds":{"throughput_per_s":{"low":10,"high":12},"latency_ms.p50":{"low":3,"high":4}}}"#,
            r#"{"throughput_per_s":20,"latency_ms":{"p50":5}}"#,
            r#"{"throughput_per_s":30,"latency_ms":{"p50":6},
                "bounds":{"throughput_per_s":{"low":29,"high":31},"latency_ms.p50":{"low":4,"high":null}}}"#,
        ];
        let trees = texts.map(|text| serde_json::from_str::<Tree>(text).unwrap());
        let room = by_path(&trees.each_ref());
        let of = |path: &str| (room[path].below, room[path].above);
        assert_eq!(of("throughput_per_s"), (1.0 / 3.0, 1.0));
        assert_eq!(of("latency_ms.p50"), (2.0, f64::INFINITY));
    }
}
