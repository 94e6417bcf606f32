//! Balance between the workers of one listener.

use super::*;

/// Returns the number of requests that each worker answered.
fn requests_of(run: &Run) -> Vec<u64> {
    run.workers.iter().map(|worker| worker.requests).collect()
}

/// Returns Jain's index: (Σx)² ÷ (n Σx²), which is 1 if all have as many and 1/n if one has all.
fn jain(shares: &[u64]) -> f64 {
    let sum: u64 = shares.iter().sum();
    let squares: u64 = shares.iter().map(|share| share * share).sum();
    (sum * sum) as f64 / (shares.len() as u64 * squares) as f64
}

#[test]
fn workers_that_share_a_listener_answer_about_as_many_requests_each() {
    for name in [
        "io_bound",
        "cpu_bound",
        "not_parallel",
        "unpatched",
        "mixed",
    ] {
        let text = builtin::find(name).expect("it is one of them").text;
        for run in runs_of(text, &[]) {
            let requests = requests_of(&run);
            assert!(
                jain(&requests) > 0.9,
                "{name} {}: {requests:?}",
                run.variant
            );
        }
    }
}

#[test]
fn another_seed_gives_connections_to_other_workers_and_the_same_one_to_the_same() {
    let text = "server.workers = 2\nrequests.it.steps = ['compute 1ms']\n\
                load = { rate = '20/s', arrivals = 'constant' }";
    let requests = |seed: u64| requests_of(&runs_of(text, &[&format!("seed={seed}")])[0]);
    assert_eq!(requests(1), requests(1));
    assert!((2..9).any(|seed| requests(seed) != requests(1)));
}
