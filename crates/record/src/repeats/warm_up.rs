//! The warm-up of the file beside the one that the latencies of all repeats ask for.

use super::log::RequestLog;
use crate::rounding::rounded;
use crate::schema::repeats::WarmUp;
use concsim_model::scenario::Variant;
use concsim_stats::warm_up::mser5_pooled;

impl WarmUp {
    pub(super) fn of(variant: &Variant, warmup_s: f64, logs: &[&RequestLog]) -> Self {
        let series: Vec<&[f64]> = logs.iter().map(|log| log.series()).collect();
        let (needed_s, because) = match mser5_pooled(&series) {
            Ok(0) => (Some(0.0), None),
            Ok(place) => (Some(mean_due(logs, place)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        // Where the file sets the number of requests, all count, the first ones too.
        let is_meant = warmup_s <= 0.0 && variant.scenario.load.requests.is_some();
        Self {
            variant: variant.name.clone(),
            warmup_s,
            needed_s,
            is_short: !is_meant && needed_s.is_some_and(|needed| needed > warmup_s),
            because,
        }
    }
}

/// Returns the mean instant at which the request at a place is due.
fn mean_due(logs: &[&RequestLog], place: usize) -> f64 {
    let sum: f64 = logs.iter().map(|log| log.due_s[place]).sum();
    rounded(sum / logs.len() as f64, 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Synthetic;
    use concsim_model::scenario::WorkerKind;

    #[test]
    fn a_warm_up_ends_where_the_mean_series_of_all_repeats_settles() {
        // A request each 0.1 s: fifteen at 0, then batches of five at 9 and at 11; the repeats are shifted against
        // each other by 1 ms, which their mean takes back. MSER-5 discards the fifteen.
        let log = |shift: f64| {
            let settled = (0..45).map(|place| if place / 5 % 2 == 0 { 9.0 } else { 11.0 });
            let latencies = [0.0; 15].into_iter().chain(settled);
            let due = (0..60).map(|place| f64::from(place) / 10.0);
            RequestLog::made_up(due.collect(), latencies.map(|it| it + shift).collect())
        };
        let logs = [log(1.0), log(-1.0)];
        let variant = Variant {
            name: "sync".into(),
            scenario: Synthetic::io_bound(WorkerKind::Sync)
                .recording()
                .header
                .scenario,
        };
        let of = |warmup_s| WarmUp::of(&variant, warmup_s, &[&logs[0], &logs[1]]);
        assert_eq!((of(1.4).needed_s, of(1.4).is_short), (Some(1.5), true));
        assert!(!of(1.5).is_short);
        let short = [&RequestLog::made_up(vec![0.0; 9], vec![1.0; 9])];
        let unknown = WarmUp::of(&variant, 0.0, &short);
        assert_eq!((unknown.needed_s, unknown.is_short), (None, false));
        assert!(
            unknown
                .because
                .is_some_and(|it| it.contains("9 values are too few"))
        );
    }
}
