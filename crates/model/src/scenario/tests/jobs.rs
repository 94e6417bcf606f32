//! Jobs: requests at given instants in the place of clients or a rate.

use super::*;
use crate::scenario::{Arrivals, Job, Scenario, Warmup, expand};
use crate::units::Elapsed;

const JOBS: &str = "
requests.short.steps = ['compute 1ms']
requests.long.steps = ['compute 9ms']
[[jobs]]
at = '2s'
class = 'short'
count = 2
[[jobs]]
at = '0s'
class = 'long'
[[jobs]]
at = '2s'
class = 'long'
";

fn scenario(text: &str) -> Scenario {
    let plan = read_alone(text).unwrap_or_else(|problems| panic!("{problems}"));
    plan.variants[0].scenario.clone()
}

fn job(seconds: u64, class: usize) -> Job {
    Job {
        at: Elapsed::from_secs(seconds),
        class: Some(class),
    }
}

#[test]
fn jobs_are_the_load_in_order_of_time_and_else_of_the_file() {
    let scenario = scenario(JOBS);
    let [short, long] = [0, 1];
    let expected = [job(0, long), job(2, short), job(2, short), job(2, long)];
    assert_eq!(scenario.load.arrivals, Arrivals::Scheduled);
    assert_eq!(scenario.load.jobs, expected);
    assert_eq!(scenario.load.requests, Some(4));
    assert_eq!(scenario.warmup, Warmup::For(Elapsed::ZERO));
    let shares = scenario.requests.iter().map(|request| request.weight);
    assert_eq!(shares.collect::<Vec<_>>(), [2.0, 2.0]);
}

#[test]
fn jobs_that_are_due_during_the_warm_up_are_not_counted() {
    let later = scenario(&format!("warmup = '1s'\n{JOBS}"));
    assert_eq!(later.load.jobs.len(), 4);
    assert_eq!(later.load.requests, Some(3));
    let said = wrong(&format!("warmup = '3s'\n{JOBS}"));
    assert!(
        said.contains("all jobs are due during the warm-up"),
        "{said}"
    );
}

#[test]
fn a_file_with_one_request_need_not_name_it() {
    let scenario = scenario("requests.it.steps = []\njobs = [{ at = '1s' }]");
    assert_eq!(scenario.load.jobs, [job(1, 0)]);
}

#[test]
fn a_rate_or_clients_laid_over_jobs_take_their_place_and_jobs_theirs() {
    for setting in ["load.rate=50/s", "load.clients=3"] {
        let plan = read_with(JOBS, &[setting], &[]).expect("it is valid");
        let scenario = &plan.variants[0].scenario;
        assert_ne!(scenario.load.arrivals, Arrivals::Scheduled);
        assert_eq!(scenario.load.jobs, []);
        assert_eq!(scenario.load.requests, None);
    }
    let text = "requests.it.steps = []\nload = { clients = 3, ramp = '1s' }\n\
                [[variants]]\nname = 'given'\njobs = [{ at = '1s' }]\n\
                [[variants]]\nname = 'closed'\nserver.workers = 2";
    let plan = read_alone(text).expect("it is valid");
    let counts = plan.variants.iter().map(|it| it.scenario.load.jobs.len());
    assert_eq!(counts.collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn schedules_differ_by_instant_and_class() {
    let given = scenario(JOBS).schedule();
    assert!(given.starts_with("4 jobs ("), "{given}");
    // The SHA-256 of the lines `0 long`, `2000000000 short` twice and `2000000000 long`, by `sha256sum`.
    assert_eq!(given, "4 jobs (8c161b03)");
    for (from, to) in [
        ("at = '0s'", "at = '1s'"),
        ("class = 'short'", "class = 'long'"),
    ] {
        assert_ne!(scenario(&JOBS.replace(from, to)).schedule(), given, "{to}");
    }
}

#[test]
fn jobs_written_out_read_back_as_the_same() {
    let written = expand(JOBS, "x.toml", None).expect("it is valid");
    assert_eq!(scenario(&written), scenario(JOBS), "{written}");
}

#[test]
fn at_most_a_million_jobs_are_read() {
    let file = |count| {
        format!(
            "requests.it.steps = []\njobs = [{{ at = '0s', count = 999999 }}, {{ at = '1s', count = {count} }}]"
        )
    };
    assert_eq!(scenario(&file(1)).load.jobs.len(), 1_000_000);
    assert!(wrong(&file(2)).contains("more than 1000000 jobs"));
}
