//! The operational laws on single runs: they hold exactly for any run, whatever the randomness; and the
//! bounds of a server, which no run exceeds.

use super::*;
use concsim_theory::bounds;

/// The run of a text, entirely in the window.
fn whole_run(text: &str, requests: u64) -> Run {
    let text = format!("{text}load.requests = {requests}\n");
    runs_of(&text, &[]).remove(0)
}

#[test]
fn littles_law_holds_on_any_run_also_an_overloaded_one() {
    for (rate, script) in [(60.0, "compute ~10ms"), (300.0, "compute 0ms..20ms")] {
        let text = processes(2, 2) + &at_random(rate) + &steps(&[script]);
        let run = whole_run(&text, 3_000);
        check_the_books(&run);
        // Within the window and after it: the same by hand. All requests are due in the window, and some
        // end later.
        let in_system = run.in_system.expect("a window");
        assert!(in_system > 0.0 && run.completed == 3_000);
    }
}

#[test]
fn core_time_is_what_the_requests_asked_for() {
    let text = processes(3, 2)
        + &at_random(100.0)
        + &steps(&["compute ~10ms", "sleep 5ms", "compute 2ms"]);
    let plan = plan(&format!("{text}load.requests = 2000\n"), &[]);
    let scenario = &plan.variants[0].scenario;
    let asked_for: u64 = (0..2_000)
        .map(|number| scenario::draw::demands(scenario, 0, number))
        .map(|demands| demands[0] + demands[2])
        .sum();
    let recording = recording_of(&plan, 0);
    let last = recording.samples.last().expect("a sample at the end");
    let used: u64 = last.workers.iter().map(|worker| worker.cpu.0).sum();
    assert_eq!(used, asked_for);
}

#[test]
fn clients_are_thinking_or_in_the_system() {
    // R = N ÷ X − Z, with constant times exactly: 20 clients, 5 ms of one core each, 10 ms of thinking.
    let text = processes(1, 1)
        + "server.backlog = 100\nload.ramp = '0s'\nload.clients = 20\nload.think = '10ms'\n"
        + &steps(&["compute 5ms"]);
    let run = whole_run(&text, 10_000);
    let mean_ms = run.latency_ms.mean.expect("answers");
    let throughput = 1.0 / 0.005;
    assert!(
        (mean_ms - (20.0 / throughput - 0.010) * 1e3).abs() < 0.1,
        "{mean_ms}"
    );
}

/// Answers per second, from the first request to the last answer, and the bound on it.
fn throughput(
    (kind, workers, cores): (&str, usize, usize),
    count: usize,
    script: &[&str],
) -> (f64, f64) {
    let text = processes(workers, cores)
        + &format!("server.kind = '{kind}'\nload.requests = {}\n", 100 * count)
        + &clients(count, 0.0)
        + &steps(script);
    let plan = plan(&text, &[]);
    let scenario = &plan.variants[0].scenario;
    let mut ended = EndCount::default();
    play(scenario, &mut ended);
    let seconds = ended.last.since(Stamp(BEGIN)).as_secs_f64();
    (
        ended.count as f64 / seconds,
        bounds::of(scenario, cores)[0].per_s(),
    )
}

#[test]
fn no_run_exceeds_the_bounds_of_a_server() {
    for (server, count, script, reached) in [
        (("sync", 5, 2), 100, ["compute 2ms", "sleep 98ms"], true),
        (("sync", 3, 4), 2, ["compute 10ms", "sleep 90ms"], true),
        (("sync", 100, 2), 300, ["compute 10ms", "sleep 90ms"], false),
        (("sync", 200, 2), 500, ["compute 2ms", "sleep 98ms"], false),
        (
            ("coroutine", 1, 2),
            40,
            ["compute 20ms", "sleep 80ms"],
            true,
        ),
        (
            ("coroutine", 4, 2),
            400,
            ["compute 20ms", "sleep 80ms"],
            true,
        ),
        (
            ("coroutine", 2, 2),
            60,
            ["compute 1ms", "sleep 99ms"],
            false,
        ),
        (
            ("coroutine", 2, 2),
            1_000,
            ["compute 2ms", "sleep 98ms"],
            true,
        ),
    ] {
        let (found, most) = throughput(server, count, &script);
        println!("{server:?}, {count} clients: {found} of {most}");
        assert!(found <= most * (1.0 + 1e-9));
        assert!(!reached || found >= 0.97 * most);
    }
}

#[test]
fn workers_that_begin_together_and_share_all_cores_stay_together() {
    // They compute for 100 · 10 ms ÷ 2, and then all wait for 90 ms, with both cores idle. With any
    // randomness in the times they would drift apart, and complete 200 requests per second.
    let (found, most) = throughput(("sync", 100, 2), 300, &["compute 10ms", "sleep 90ms"]);
    assert!((found - 100.0 / 0.59).abs() < 1e-3, "{found}");
    assert!((most - 200.0).abs() < 1e-9, "{most}");
}

#[test]
fn a_shared_core_keeps_time_for_weeks() {
    // In a long run with long requests every latency once became 0 after three days.
    let text = processes(1, 1)
        + "server.backlog = 100\nload.clients = 1\nload.patience = '1h'\nload.requests = 500\n"
        + &steps(&["compute 50min"]);
    let mut ended = EndCount::default();
    play(&plan(&text, &[]).variants[0].scenario, &mut ended);
    assert_eq!(ended.count, 500);
    let all = Elapsed::from_secs(500 * 50 * 60);
    assert_eq!(ended.last.since(Stamp(BEGIN)), all);
}

/// Number of ended requests, and time of the last end.
#[derive(Default)]
struct EndCount {
    count: u64,
    last: Stamp,
}

impl Observer for EndCount {
    const WANTS_EVENTS: bool = false;
    const WANTS_SWITCHES: bool = false;

    fn event(&mut self, _: RecordSource, _: &Event) {}

    fn ended(&mut self, outcome: &Outcome) {
        self.count += 1;
        self.last = self.last.max(outcome.done);
    }

    fn sample(&mut self, _: concsim_record::Sample) {}
}
