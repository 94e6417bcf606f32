//! The summary of all repeats with typed numbers, for lenses: estimates in the places of numbers. Counts of
//! requests are those of all repeats together, workers and cores those of the first.

use crate::comparison;
use crate::estimates::MergedSummary;
use crate::failures::{CensoredPercentiles, Failed};
use crate::latency::{Breakdown, KindLatencies, Latencies, Waits};
use crate::schema::theory::ModelComparison;
use crate::schema::{Kind, Run};
use concsim_model::scenario::Scenario;

/// Returns the summary of the repeats `each` of a variant.
pub(super) fn of(each: &[&Run], merged: &MergedSummary, scenario: &Scenario, cores: usize) -> Run {
    let number = |path: &str| merged.estimate(path).map(|it| it.interval.estimate);
    let sum = |of: fn(&Run) -> usize| each.iter().map(|run| of(run)).sum();
    let (latency_ms, from_send_ms) = (
        latencies(merged, "latency_ms"),
        latencies(merged, "from_send_ms"),
    );
    let failed = failed(each, number("failed.status_p50_ms"));
    let at_patience = CensoredPercentiles::of(
        scenario.load.patience,
        failed.all(),
        [&latency_ms, &from_send_ms],
    );
    let worst = each.iter().max_by_key(|run| run.trust).expect("repeats");
    let waits = waits(merged);
    let mut run = Run {
        trust: worst.trust,
        because: worst.because.clone(),
        interrupted: each.iter().any(|run| run.interrupted),
        due: sum(|run| run.due),
        completed: sum(|run| run.completed),
        unfinished: sum(|run| run.unfinished),
        failed,
        throughput_per_s: number("throughput_per_s"),
        latency_ms,
        from_send_ms,
        at_patience,
        breakdown_ms: breakdown(merged, waits),
        waits_ms: waits,
        concurrency: number("concurrency"),
        at_the_door: number("at_the_door"),
        in_system: number("in_system"),
        parallelism: number("parallelism"),
        requests: each[0]
            .requests
            .iter()
            .map(|(name, _)| (name.to_owned(), kind(each, merged, name)))
            .collect(),
        drift: number("drift"),
        latency_drift: number("latency_drift"),
        ..each[0].clone()
    };
    run.balance = comparison::balances(&run, scenario);
    run.theory = ModelComparison::of_run(scenario, cores, &run);
    run
}

/// Sums the failures of all repeats.
fn failed(each: &[&Run], status_p50_ms: Option<f64>) -> Failed {
    let mut all = Failed {
        status_p50_ms,
        ..Failed::default()
    };
    for failed in each.iter().map(|run| &run.failed) {
        all.refused += failed.refused;
        all.reset += failed.reset;
        all.timeout += failed.timeout;
        all.status += failed.status;
        for (status, count) in &failed.by_status {
            *all.by_status.entry(*status).or_default() += count;
        }
        let seen = failed.location.iter();
        all.location
            .extend(seen.map(|(status, to)| (*status, to.clone())));
    }
    all
}

fn kind(each: &[&Run], merged: &MergedSummary, name: &str) -> Kind {
    let completed = each.iter().filter_map(|run| run.requests.get(name));
    let path = format!("requests.{name}.latency_ms");
    Kind {
        completed: completed.map(|kind| kind.completed).sum(),
        latency_ms: KindLatencies::from(latencies(merged, &path)),
    }
}

fn latencies(merged: &MergedSummary, path: &str) -> Latencies {
    let number = |name: &str| {
        let estimate = merged.estimate(&format!("{path}.{name}"));
        estimate.map(|it| it.interval.estimate)
    };
    Latencies {
        mean: number("mean"),
        p50: number("p50"),
        p90: number("p90"),
        p95: number("p95"),
        p99: number("p99"),
        p999: number("p999"),
        max: number("max"),
    }
}

fn breakdown(merged: &MergedSummary, waits: Option<Waits>) -> Option<Breakdown> {
    let part = |name: &str| {
        let estimate = merged.estimate(&format!("breakdown_ms.{name}"))?;
        Some(estimate.interval.estimate)
    };
    Some(Breakdown {
        generator: part("generator")?,
        door: part("door")?,
        ready: part("ready")?,
        core_wait: part("core_wait")?,
        cpu: part("cpu")?,
        parked_or_blocked: part("parked_or_blocked")?,
        other: part("other")?,
        waits,
    })
}

fn waits(merged: &MergedSummary) -> Option<Waits> {
    let part = |name: &str| {
        let estimate = merged.estimate(&format!("waits_ms.{name}"))?;
        Some(estimate.interval.estimate)
    };
    Some(Waits {
        thread_wait: part("thread_wait")?,
        pool_wait: part("pool_wait")?,
        service_queue: part("service_queue")?,
        call: part("call")?,
        sleep: part("sleep")?,
        client: part("client")?,
    })
}
