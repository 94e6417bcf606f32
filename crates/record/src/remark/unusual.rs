//! Requests that have their worker for unusually long: by their own demands, compared with most requests of
//! the scenario's mix. A request that computes as long as all others is no hog.

use std::collections::BTreeMap;

use crate::{Header, Snapshot};
use concsim_model::scenario::{Draw, Scenario, Step, draw};
use concsim_model::units::Elapsed;
use concsim_theory::demand::{DemandPart, spent_on};

/// Minimum ratio of an unusual run to the usual one.
const TIMES: u64 = 3;

/// The usual run of a scenario: the longest time for which a request has its worker without yielding. Half
/// of the mix has no longer run.
#[derive(Clone, Copy, Debug)]
pub struct UsualRun<'a> {
    scenario: &'a Scenario,
    /// Version of the draws that the run played.
    draws: u32,
    run: Elapsed,
}

impl<'a> UsualRun<'a> {
    /// Computes the usual run of a recording's scenario, from its own demands.
    pub fn of(header: &'a Header) -> Self {
        let scenario = &header.scenario;
        let requests =
            (0..scenario.requests.len()).filter(|it| scenario.requests[*it].weight > 0.0);
        let mut runs: Vec<(Elapsed, f64)> = requests
            .map(|class| {
                let run = longest_run(scenario, class, |step| {
                    step.duration().map_or(0, Draw::typical)
                });
                (run, scenario.requests[class].weight)
            })
            .collect();
        runs.sort_by_key(|(run, _)| *run);
        let all: f64 = runs.iter().map(|(_, weight)| weight).sum();
        let mut below = 0.0;
        let half = runs.iter().find(|(_, weight)| {
            below += weight;
            2.0 * below >= all
        });
        Self {
            scenario,
            draws: header.draws,
            run: half.map_or(Elapsed::ZERO, |(run, _)| *run),
        }
    }

    /// Returns the usual run.
    pub fn run(&self) -> Elapsed {
        self.run
    }

    /// True if this request's longest run is unusually long; `class` is its kind.
    pub fn is_exceeded_by(&self, class: usize, request: u32) -> bool {
        let Some(asked) = self.scenario.requests.get(class) else {
            return false;
        };
        let demands =
            draw::demands_in_version(self.draws, self.scenario, class, u64::from(request));
        let mut demands = demands.into_iter();
        let own = longest_run(self.scenario, class, |step| {
            step.duration().and_then(|_| demands.next()).unwrap_or(0)
        });
        !asked.script.is_empty() && self.is_far_below(own)
    }

    /// True if a run of this length is unusually long, for a request whose number and kind are not known.
    pub fn is_exceeded_by_run(&self, run: Elapsed) -> bool {
        let kinds = 0..self.scenario.requests.len();
        let longest = kinds.map(|class| {
            longest_run(self.scenario, class, |step| {
                step.duration().map_or(0, Draw::typical)
            })
        });
        self.is_far_below(run)
            && longest
                .max()
                .is_some_and(|longest| self.is_far_below(longest))
    }

    fn is_far_below(&self, run: Elapsed) -> bool {
        run > Elapsed::ZERO && run.0 >= self.run.0.saturating_mul(TIMES)
    }
}

/// Returns the classes of these requests, as far as known.
pub fn classes(
    snapshot: &Snapshot<'_>,
    requests: impl Iterator<Item = u32>,
) -> BTreeMap<u32, usize> {
    let mut classes: BTreeMap<u32, Option<usize>> = requests.map(|it| (it, None)).collect();
    let mut missing = classes.len();
    // The newest requests are at the end.
    for sent in snapshot.sent().iter().rev() {
        if missing == 0 {
            break;
        }
        if let Some(class @ None) = classes.get_mut(&sent.request) {
            *class = Some(usize::from(sent.class));
            missing -= 1;
        }
    }
    let known = classes.into_iter();
    known.filter_map(|(it, class)| Some((it, class?))).collect()
}

/// Longest time for which a request of this class has its worker without yielding, if each step takes
/// `demand` nanoseconds. A wait that blocks a worker with a loop is part of the run.
fn longest_run(scenario: &Scenario, class: usize, mut demand: impl FnMut(&Step) -> u64) -> Elapsed {
    let kind = scenario.server.kind;
    let (mut longest, mut run) = (0_u64, 0_u64);
    for step in &scenario.requests[class].script {
        let long = demand(step);
        let ends_run = match (step, step.wait_mode()) {
            (Step::Compute { slice, .. }, _) => {
                let slice = slice.filter(|slice| kind.has_a_loop() && slice.0 > 0);
                match slice.filter(|slice| long > slice.0) {
                    Some(slice) => {
                        longest = longest.max(run.saturating_add(slice.0));
                        run = long - (long.div_ceil(slice.0) - 1) * slice.0;
                    }
                    None => run = run.saturating_add(long),
                }
                false
            }
            (_, Some(_)) => {
                let blocks = spent_on(step, kind) == Some(DemandPart::Blocked);
                let keeps = blocks && kind.has_a_loop();
                run = run.saturating_add(if keeps { long } else { 0 });
                !keeps
            }
            (_, None) => step.yields() && kind.has_a_loop(),
        };
        longest = longest.max(run);
        if ends_run {
            run = 0;
        }
    }
    Elapsed(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{MS, Synthetic, scenario};
    use concsim_model::scenario::WorkerKind::{self, Coroutine, Sync};

    fn header(text: &str, kind: WorkerKind) -> Header {
        Synthetic::new("it", scenario(text, kind))
            .recording()
            .header
    }

    fn usual_and_longest(kind: WorkerKind, text: &str) -> (u64, Vec<u64>) {
        let header = header(text, kind);
        let scenario = &header.scenario;
        let runs = (0..scenario.requests.len()).map(|class| {
            let run = longest_run(scenario, class, |step| {
                step.duration().map_or(0, Draw::typical)
            });
            run.0 / MS
        });
        (UsualRun::of(&header).run().0 / MS, runs.collect())
    }

    #[test]
    fn a_run_ends_where_the_worker_is_let_go_of() {
        let text = r#"
            requests.a = { weight = 8, steps = ["compute 2ms", "call database 20ms", "compute 3ms"] }
            requests.b = { weight = 1, steps = ["compute 30ms", "sleep 5ms unpatched", "compute 30ms"] }
            requests.c = { weight = 1, steps = ["compute 50ms in slices of 20ms", "compute 3ms"] }
            load.clients = 1
        "#;
        // 30 + 5 + 30 ms in a coroutine worker, where the unpatched sleep does not yield; 50 ms in slices
        // are 20, 20 and 10, and 3 more follow the last.
        assert_eq!(usual_and_longest(Coroutine, text), (3, vec![3, 65, 20]));
        // A sync worker has no other request to switch to between slices, and its waits are not computing.
        assert_eq!(usual_and_longest(Sync, text), (3, vec![3, 30, 53]));
    }

    #[test]
    fn a_request_is_unusual_by_what_it_drew_and_not_by_its_name() {
        let text = r#"
            requests.page = { weight = 19, steps = ["compute 500us"] }
            requests.report = { weight = 1, steps = ["compute 50ms"] }
            load.clients = 1
        "#;
        let mixed = header(text, Coroutine);
        let usual = UsualRun::of(&mixed);
        assert!(!usual.is_exceeded_by(0, 7));
        assert!(usual.is_exceeded_by(1, 7));
        let alike = header(
            "requests.sum.steps = ['compute 200ms']\nload.clients = 1",
            Coroutine,
        );
        let usual = UsualRun::of(&alike);
        assert!((0..100).all(|request| !usual.is_exceeded_by(0, request)));
        assert!(!usual.is_exceeded_by_run(Elapsed::from_secs(9)));
    }

    #[test]
    fn requests_of_a_recording_have_the_demands_of_the_program_that_played_it() {
        let mut header = header(
            "seed = 1\nrequests.sum.steps = ['compute ~20ms']\nload.clients = 1",
            Coroutine,
        );
        let unusual = |header: &Header| -> Vec<u32> {
            let usual = UsualRun::of(header);
            (0..60).filter(|it| usual.is_exceeded_by(0, *it)).collect()
        };
        // Computed in Python, from the definition of the cipher: 60 ms or more.
        assert_eq!(unusual(&header), [1, 8]);
        header.draws = 1;
        assert_eq!(unusual(&header), [4, 33]);
    }
}
