//! Queues of which theory knows the mean.

use super::*;

/// The mean latency in ms of so many requests, with nobody told of anything else.
fn mean_latency(text: &str) -> f64 {
    let plan = plan(text, &["machine.scheduler=ideal"]);
    let mut totals = Totals::default();
    play(&plan.variants[0].scenario, &mut totals);
    assert_eq!(totals.failed, 0);
    totals.mean_latency() * 1e3
}

/// An open queue of `workers` sync workers, each with a core.
fn queue(workers: usize, rate: u32, step: &str, count: u32) -> String {
    format!(
        "seed = 3\n\
         server.workers = {workers}\n\
         server.backlog = 4095\n\
         server.timeout = '0s'\n\
         requests.it.steps = ['compute {step}']\n\
         load.rate = '{rate}/s'\n\
         load.requests = {count}\n\
         load.patience = '10min'\n\
         machine.cores = {workers}"
    )
}

fn check(text: &str, expected: f64, within: f64) {
    let mean = mean_latency(text);
    assert!(
        (mean / expected - 1.0).abs() < within,
        "{mean} ms instead of {expected} ms"
    );
}

#[test]
fn means_of_short_runs_are_about_what_theory_says() {
    check(&queue(1, 50, "~10ms", 60_000), 20.0, 0.03);
    check(&queue(4, 200, "~10ms", 60_000), 10.870, 0.02);
    check(&queue(1, 80, "10ms", 60_000), 30.0, 0.05);
}

#[test]
#[ignore = "a million customers each: for an optimised build"]
fn means_are_those_of_theory() {
    check(&queue(1, 70, "~10ms", 2_000_000), 33.333, 0.01);
    check(&queue(2, 140, "~10ms", 2_000_000), 19.608, 0.01);
    check(&queue(4, 320, "~10ms", 4_000_000), 17.455, 0.01);
    check(&queue(1, 80, "10ms", 2_000_000), 30.0, 0.01);
    // M/G/1, uniform from 0 to 20 ms: E[S²] = 400/3 ms².
    check(
        &queue(1, 70, "0ms..20ms", 2_000_000),
        10.0 + 0.07 * 133.333 / 0.6,
        0.01,
    );
}

#[test]
#[ignore = "a million customers each: for an optimised build"]
fn a_full_door_turns_away_as_many_as_theory_says() {
    // M/M/1 with room for 1 + 2: all who are turned away knock again, so that only the first knock
    // is one of theory's; with a patience shorter than a second they fail instead.
    let text = "seed = 5\nserver.backlog = 1\nserver.timeout = '0s'\n\
                requests.it.steps = ['compute ~10ms']\nload.rate = '80/s'\n\
                load.requests = 1000000\nload.patience = '900ms'\nmachine.cores = 1\n\
                machine.scheduler = 'ideal'";
    let plan = plan(text, &[]);
    let mut totals = Totals::default();
    play(&plan.variants[0].scenario, &mut totals);
    let lost = totals.failed as f64 / (totals.failed + totals.good) as f64;
    let rho: f64 = 0.8;
    let expected = (1.0 - rho) * rho.powi(3) / (1.0 - rho.powi(4));
    assert!(
        (lost / expected - 1.0).abs() < 0.02,
        "{lost} instead of {expected}"
    );
}

/// Says how much core time a scenario takes, with nobody told of anything but the ends of requests.
fn measure(what: &str, text: &str) {
    let cpu = || crate::sys::clock::thread_cpu().as_secs_f64();
    let plan = plan(text, &[]);
    let begun = cpu();
    let mut totals = Totals::default();
    let played = play(&plan.variants[0].scenario, &mut totals);
    let took = cpu() - begun;
    let count = (totals.good + totals.failed) as f64;
    println!(
        "{what}: {count} requests in {took:.3} s: {:.0} ns each, {:.0}/s; {} on the calendar",
        took * 1e9 / count,
        count / took,
        played.happenings
    );
}

#[test]
#[ignore = "prints how fast it is: for an optimised build"]
fn how_fast_a_queue_is() {
    let four = queue(4, 320, "~10ms", 4_000_000);
    measure(
        "M/M/4, ideal",
        &(four.clone() + "\nmachine.scheduler = 'ideal'"),
    );
    measure("M/M/4, slices", &four);
}

#[test]
#[ignore = "prints how fast it is: for an optimised build"]
fn how_fast_many_workers_are() {
    let many = "server.workers = 129\nrequests.it.steps = ['compute 1ms', 'sleep 1ms']\n\
                load.clients = 400\nload.requests = 1000000\nmachine.cores = 64\nload.ramp = '0s'";
    measure("64 cores, 129 workers, round-robin", many);
    measure(
        "the same, per core",
        &(many.to_owned() + "\nmachine.scheduler = 'per-core'"),
    );
    let hub = "server.kind = 'coroutine'\nserver.workers = 2\n\
               requests.it.steps = ['compute 10us', 'sleep 10ms']\n\
               load.clients = 1000\nload.requests = 1000000\nload.ramp = '0s'";
    measure("two hubs", hub);
    let crowd = "server.kind = 'coroutine'\nserver.connections = 100000\nserver.workers = 16\n\
                 server.backlog = 4095\nrequests.it.steps = ['sleep 20s']\n\
                 load.rate = '100000/s'\nload.requests = 1000000\nload.patience = '1min'";
    measure("a million in flight", crowd);
}
