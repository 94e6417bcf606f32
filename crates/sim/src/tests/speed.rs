//! Speed of the engine, measured on queues and on many workers.

use super::*;

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

/// Prints the core time of a scenario, with an observer of the ends of requests only.
fn measure(what: &str, text: &str) {
    let cpu = || concsim_os::sys::clock::thread_cpu().as_secs_f64();
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
        played.event_count
    );
}

#[test]
#[ignore = "prints how fast it is: for an optimised build"]
fn speed_of_a_queue() {
    let four = queue(4, 320, "~10ms", 4_000_000);
    measure(
        "M/M/4, ideal",
        &(four.clone() + "\nmachine.scheduler = 'ideal'"),
    );
    measure("M/M/4, slices", &four);
}

#[test]
#[ignore = "prints how fast it is: for an optimised build"]
fn speed_of_many_workers() {
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
    let load = "server.kind = 'coroutine'\nserver.connections = 100000\nserver.workers = 16\n\
                 server.backlog = 4095\nrequests.it.steps = ['sleep 20s']\n\
                 load.rate = '100000/s'\nload.requests = 1000000\nload.patience = '1min'";
    measure("a million in flight", load);
}
