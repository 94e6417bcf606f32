//! How long each kind of request should take under an open load, where a closed form says so.
//!
//! What matters is what a worker does while a request has it. If it keeps the request to its end, all
//! others wait in turn, and a long one is in everybody's way; if computing is cut into slices, all
//! that are there share the worker, and each is slowed down in proportion to its own length.

use super::demand::{self, Moments, Spent};
use super::queues;
use crate::scenario::{Arrivals, Process, Scenario, Step};

/// The queue that a scenario amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// One server, first come first served: exact (Pollaczek–Khinchine).
    InTurn,
    /// Several servers, first come first served: an approximation (Allen–Cunneen).
    ManyInTurn,
    /// One server, shared by all that are there: exact in the limit of short slices.
    Shared,
}

/// What each kind of request should take.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// By which model.
    pub model: Model,
    /// λ·E\[S\] ÷ servers.
    pub utilisation: f64,
    /// The mean latency of each request of the scenario, in seconds, in its order. `None`: the queue
    /// grows for ever.
    pub latency: Option<Vec<f64>>,
}

/// What a scenario's requests should take on a machine with so many cores; `None` where no closed
/// form fits: a closed load, constant arrivals, coroutines that are parked in the middle, more
/// workers than cores, or a timeline that changes them.
#[must_use]
pub fn of(scenario: &Scenario, cores: usize) -> Option<Prediction> {
    let Arrivals::Open {
        rate,
        process: Process::Poisson,
    } = scenario.load.arrivals
    else {
        return None;
    };
    let server = &scenario.server;
    let changes = !scenario.timeline.is_empty();
    if server.workers > cores || parks(scenario) || changes {
        return None;
    }
    let service = demand::of_mix(scenario, |_| true);
    let model = match (server.workers, lets_go(scenario)) {
        (1, true) => Model::Shared,
        (1, false) => Model::InTurn,
        (_, false) => Model::ManyInTurn,
        (_, true) => return None,
    };
    Some(Prediction {
        model,
        utilisation: rate * service.mean / server.workers as f64,
        latency: latencies(scenario, model, rate, service),
    })
}

fn latencies(scenario: &Scenario, model: Model, rate: f64, service: Moments) -> Option<Vec<f64>> {
    let (wait, stretch) = match model {
        Model::InTurn => (queues::wait_in_turn(rate, service)?, 1.0),
        Model::ManyInTurn => {
            let workers = scenario.server.workers;
            (queues::wait_of_many_in_turn(workers, rate, service)?, 1.0)
        }
        Model::Shared => (0.0, queues::stretch_when_shared(rate, service.mean)?),
    };
    let alone = scenario
        .requests
        .iter()
        .map(|request| demand::of_script(&request.script, scenario.server.kind, |_| true).mean);
    Some(alone.map(|alone| wait + stretch * alone).collect())
}

/// Steps of requests that are in the mix.
fn steps(scenario: &Scenario) -> impl Iterator<Item = &Step> {
    let in_the_mix = scenario
        .requests
        .iter()
        .filter(|request| request.weight > 0.0);
    in_the_mix.flat_map(|request| &request.script)
}

/// Whether a worker does something else in the middle of a request, since that one waits.
fn parks(scenario: &Scenario) -> bool {
    let kind = scenario.server.kind;
    steps(scenario).any(|step| demand::spent_on(step, kind) == Some(Spent::Parked))
}

/// Whether a request lets go of its worker while it could go on.
fn lets_go(scenario: &Scenario) -> bool {
    scenario.server.kind.has_a_loop()
        && steps(scenario).any(|step| {
            matches!(
                step,
                Step::Compute { slice: Some(_), .. }
                    | Step::Yield
                    | Step::Count {
                        with_yield: true,
                        ..
                    }
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::scenario;

    /// 99 % of 1 ms and 1 % of 100 ms.
    fn hog(kind: &str, workers: usize, rate: usize, steps: [&str; 2]) -> Scenario {
        let [short, hog] = steps;
        scenario(&format!(
            r#"
            server = {{ kind = "{kind}", workers = {workers} }}
            requests.short = {{ weight = 99, steps = ["{short}"] }}
            requests.hog = {{ weight = 1, steps = ["{hog}"] }}
            load.rate = "{rate}/s"
            "#
        ))
    }

    const WHOLE: [&str; 2] = ["compute 1ms", "compute 100ms"];

    fn check(scenario: &Scenario, model: Model, latencies_ms: [f64; 2]) {
        let prediction = of(scenario, 2).unwrap();
        assert_eq!(prediction.model, model);
        for (found, expected_ms) in prediction.latency.unwrap().iter().zip(latencies_ms) {
            assert!((found * 1e3 / expected_ms - 1.0).abs() < 1e-3, "{found}");
        }
    }

    #[test]
    fn behind_a_hog_the_short_ones_wait_under_both_kinds_unless_it_lets_go() {
        check(
            &hog("sync", 1, 200, WHOLE),
            Model::InTurn,
            [17.776, 116.776],
        );
        check(
            &hog("coroutine", 1, 200, WHOLE),
            Model::InTurn,
            [17.776, 116.776],
        );
        let sliced = ["compute 1ms", "compute 100ms in slices of 1ms"];
        check(
            &hog("coroutine", 1, 200, sliced),
            Model::Shared,
            [1.661, 166.1],
        );
        check(
            &hog("sync", 1, 200, sliced),
            Model::InTurn,
            [17.776, 116.776],
        );
    }

    #[test]
    fn two_workers_are_approximated() {
        let prediction = of(&hog("sync", 2, 200, WHOLE), 2).unwrap();
        assert_eq!(prediction.model, Model::ManyInTurn);
        assert!((prediction.utilisation - 0.199).abs() < 1e-9);
    }

    #[test]
    fn where_no_closed_form_fits_nothing_is_said() {
        let waits = ["sleep 1ms", "compute 100ms"];
        assert_eq!(of(&hog("coroutine", 1, 200, waits), 2), None);
        assert!(of(&hog("sync", 1, 200, waits), 2).is_some());
        assert_eq!(of(&hog("sync", 3, 200, WHOLE), 2), None);
        let closed = scenario("requests.hello.steps = []\nload.clients = 3");
        assert_eq!(of(&closed, 2), None);
    }

    #[test]
    fn an_overloaded_queue_has_no_latency() {
        assert_eq!(of(&hog("sync", 1, 1_000, WHOLE), 2).unwrap().latency, None);
    }
}
