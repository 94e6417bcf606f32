//! Predictions of repeats: errors with intervals, from pairs of a simulation and a measurement with the same seed.

use crate::estimates::{RepeatNumbers, ratio};
use crate::rounding::rounded;
use crate::schema::prediction::{ErrorInterval, Figure, Prediction, RequestComparison};

impl Prediction {
    /// Combines the predictions of the repeats `each`; `simulated` and `measured` are their estimates. Counts of
    /// events are sums over all repeats. [`None`] without a repeat.
    #[must_use]
    pub fn of_repeats(
        each: &[Self],
        simulated: &RepeatNumbers,
        measured: &RepeatNumbers,
    ) -> Option<Self> {
        let first = each.first()?;
        let number = |path: &str| Figure::of_repeats(path, simulated, measured);
        let sum = |of: fn(&Self) -> Figure| Figure::sum(&each.iter().map(of).collect::<Vec<_>>());
        let switches = |of: fn(&Self) -> Option<Figure>| {
            of(first)?;
            let all: Vec<Figure> = each.iter().filter_map(of).collect();
            Some(Figure::sum(&all))
        };
        Some(Self {
            origin: first.origin,
            machine: first.machine.clone(),
            throughput_per_s: number("throughput_per_s"),
            mean_ms: number("latency_ms.mean"),
            p50_ms: number("latency_ms.p50"),
            p99_ms: number("latency_ms.p99"),
            coroutine_switches: switches(|it| it.coroutine_switches),
            coroutine_switches_per_request: first.coroutine_switches_per_request,
            coroutine_switches_of_each: same_switches(each),
            coroutine_switches_of_connections: switches(|it| it.coroutine_switches_of_connections),
            concurrency: number("concurrency"),
            parallelism: number("parallelism"),
            connections: sum(|it| it.connections),
            resets: sum(|it| it.resets),
            respawns: sum(|it| it.respawns),
        })
    }
}

impl Figure {
    /// Returns the number at a path of the summary, with the error of its pairs: `latency_ms.p50`.
    #[must_use]
    pub fn of_repeats(path: &str, simulated: &RepeatNumbers, measured: &RepeatNumbers) -> Self {
        let estimates = simulated.estimate(path).zip(measured.estimate(path));
        let Some((predicted, found)) = estimates else {
            return Self::default();
        };
        let values = [&predicted, &found].map(|it| Some(it.interval.estimate));
        let plain = Self::of(values[0], values[1]);
        let are_pairs = simulated.seeds() == measured.seeds();
        let quotient = ratio(&predicted, &found, measured.stop())
            .filter(|it| are_pairs && it.high.is_finite());
        let Some(quotient) = quotient else {
            return plain;
        };
        let error = |quotient: f64| rounded(quotient - 1.0, 6);
        Self {
            error: Some(error(quotient.estimate)),
            interval: Some(ErrorInterval {
                low: error(quotient.low),
                high: error(quotient.high),
            }),
            ..plain
        }
    }
}

fn same_switches(each: &[Prediction]) -> Option<RequestComparison> {
    let compared = each.iter().filter_map(|it| it.coroutine_switches_of_each);
    compared.reduce(|sum, it| RequestComparison {
        requests: sum.requests + it.requests,
        same: sum.same + it.same,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prediction::SwitchesByRequest;
    use crate::repeats::{Repeats, Replication};
    use crate::summary::{Run, summarise};
    use crate::synthetic::{MS, Synthetic, machine, plan};
    use concsim_model::scenario::WorkerKind;

    /// Returns repeats whose requests are sent late by these times.
    fn played(late: [u64; 3]) -> (Vec<Run>, Repeats) {
        let (mut runs, mut repeats) = (Vec::new(), Repeats::default());
        for (seed, late) in (7..).zip(late) {
            let mut run = Synthetic::io_bound(WorkerKind::Coroutine);
            run.scenario.seed = seed;
            for life in &mut run.lives {
                life.late = late * MS / 100;
            }
            let recording = run.recording();
            runs.push(summarise(&recording));
            repeats.add(vec![Replication::of(&recording)]);
        }
        (runs, repeats)
    }

    #[test]
    fn errors_of_repeats_are_those_of_pairs_and_agree_if_they_may_be_chance() {
        let plan = plan(
            "Waiting is free",
            &[&Synthetic::io_bound(WorkerKind::Coroutine)],
            &[],
        );
        let ((simulated, sims), (measured, real)) = (played([0, 10, 20]), played([10, 30, 20]));
        let pairs = simulated.iter().zip(&measured);
        let none = SwitchesByRequest::default();
        let each = pairs.map(|(one, other)| Prediction::of("m", (one, &none), (other, &none)));
        let each: Vec<Prediction> = each.collect();
        let [sims, real] = [sims, real].map(|it| it.summary(&plan, machine(2)).runs.remove(0));
        let [sims, real] = [sims, real].map(|run| run.repeated.expect("repeats"));
        let mean = Prediction::of_repeats(&each, &sims, &real)
            .expect("repeats")
            .mean_ms;
        // The errors of the three pairs, as logarithms: their mean, and t(2) = 4.3027 standard errors.
        let logs: Vec<f64> = each
            .iter()
            .map(|it| (1.0 + it.mean_ms.error.unwrap()).ln())
            .collect();
        let centre = logs.iter().sum::<f64>() / 3.0;
        let variance = logs.iter().map(|it| (it - centre).powi(2)).sum::<f64>() / 2.0;
        let arm = 4.302_653 * (variance / 3.0).sqrt();
        let close = |found: f64, log: f64| (found - (log.exp() - 1.0)).abs() < 5e-6;
        let interval = mean.interval.unwrap();
        assert!(close(mean.error.unwrap(), centre), "{mean:?}");
        assert!(close(interval.low, centre - arm), "{mean:?}");
        assert!(close(interval.high, centre + arm), "{mean:?}");
        assert!(interval.low < 0.0 && interval.high > 0.0 && mean.error.unwrap() != 0.0);
        assert!(mean.agrees(0.0), "0 is inside");
        assert!(
            !Figure {
                interval: None,
                ..mean
            }
            .agrees(0.0)
        );
    }
}
