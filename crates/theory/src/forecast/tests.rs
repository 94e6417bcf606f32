//! Tests of forecasts: the closed form for each scenario, its numbers, and the reasons if none applies.

use super::*;
use crate::scenario;
use concsim_model::units::Elapsed;

/// 99 % of 1 ms and 1 % of 100 ms.
fn hog(kind: &str, workers: usize, rate: usize, steps: [&str; 2]) -> Scenario {
    let [short, hog] = steps;
    scenario(&format!(
        r#"
        server = {{ kind = "{kind}", workers = {workers} }}
        requests.short = {{ weight = 99, steps = ["{short}"] }}
        requests.hog = {{ weight = 1, steps = ["{hog}"] }}
        load.rate = "{rate}/s"
        load.arrivals = "poisson"
        "#
    ))
}

const WHOLE: [&str; 2] = ["compute 1ms", "compute 100ms"];

fn one(kind: &str, workers: usize, steps: &str, load: &str) -> Scenario {
    scenario(&format!(
        "server.kind = '{kind}'\nserver.workers = {workers}\n\
         requests.page.steps = [{steps}]\n{load}\n"
    ))
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!(
        (found / expected - 1.0).abs() < 1e-3,
        "{found} instead of {expected}"
    );
}

#[track_caller]
fn check(scenario: &Scenario, name: &str, throughput: f64, mean_ms: f64) -> Forecast {
    let forecast = of(scenario, 2).expect("a closed form applies");
    assert_eq!(forecast.model.name(), name);
    near(forecast.throughput, throughput);
    let times = forecast.times.clone().expect("a steady state");
    near(times.mean * 1e3, mean_ms);
    forecast
}

#[track_caller]
fn check_kinds(scenario: &Scenario, name: &str, expected_ms: [f64; 2]) {
    let forecast = of(scenario, 2).expect("a closed form applies");
    assert_eq!(forecast.model.name(), name);
    let by_kind = forecast.times.and_then(|times| times.by_kind);
    let by_kind = by_kind.expect("each kind has a mean");
    for (found, expected) in by_kind.iter().zip(expected_ms) {
        near(found * 1e3, expected);
    }
}

#[track_caller]
fn check_reason(scenario: &Scenario, says: &str) {
    let reason = of(scenario, 2).expect_err("no closed form applies");
    assert!(reason.contains(says), "{reason}");
}

#[test]
fn behind_a_hog_the_short_ones_wait_under_both_kinds_unless_it_lets_go() {
    let sliced = ["compute 1ms", "compute 100ms in slices of 1ms"];
    for (kind, steps, name, expected) in [
        ("sync", WHOLE, "M/G/1", [17.776, 116.776]),
        ("coroutine", WHOLE, "M/G/1", [17.776, 116.776]),
        ("coroutine", sliced, "M/G/1-PS", [1.661, 166.1]),
        ("sync", sliced, "M/G/1", [17.776, 116.776]),
    ] {
        check_kinds(&hog(kind, 1, 200, steps), name, expected);
    }
}

#[test]
fn two_workers_are_approximated_and_say_so() {
    // Uniform: c² = 1/12. S = 10 ms, ρ = 0.8: M/M/2 waits 17.778 ms, and this 13/24 of that.
    let uniform = one("sync", 2, "'sleep 5ms..15ms'", "load.rate = '160/s'");
    let forecast = check(&uniform, "M/G/2, about", 160.0, 19.630);
    assert_eq!(forecast.assumes.len(), 1);
    near(forecast.utilisation, 0.8);
    // 99 of 1 ms and one of 100 ms: 100.99 ÷ 1.99² − 1.
    check_reason(&hog("sync", 2, 200, WHOLE), "c² is 24.5, not 1");
}

#[test]
fn laws_that_are_known_in_full_have_percentiles() {
    // S = 10 ms, ρ = 0.8: p99 of M/M/1 is 230.26 ms, and the mean 50 ms.
    let open = "load.rate = '80/s'";
    let queue = check(&one("sync", 1, "'sleep ~10ms'", open), "M/M/1", 80.0, 50.0);
    near(queue.times.unwrap().percentiles.unwrap()[2], 0.230_26);
    // M/D/1 waits half as long.
    let queue = check(&one("sync", 1, "'sleep 10ms'", open), "M/D/1", 80.0, 30.0);
    assert!(queue.times.unwrap().percentiles.is_some());
    // M/M/4, S = 10 ms, ρ = 0.8.
    let queue = check(
        &one("sync", 4, "'sleep ~10ms'", "load.rate = '320/s'"),
        "M/M/4",
        320.0,
        17.455,
    );
    near(queue.times.unwrap().percentiles.unwrap()[0], 0.013_462);
}

#[test]
fn who_parks_takes_turns_for_its_computing_alone() {
    // C = 2 ms, 98 ms of waiting, 400/s: 8 ms for the first turn, and again for the second, in which it only
    // answers.
    let steps = "'compute ~2ms', 'sleep 98ms'";
    let load = "load.rate = '400/s'";
    let forecast = check(&one("coroutine", 1, steps, load), "M/G/1", 400.0, 116.0);
    assert_eq!(forecast.times.unwrap().percentiles, None);
    // Two bursts of 1 ms and 50 ms of waiting at ρ = 0.8: about 56 ms.
    let steps = "'compute 1ms', 'sleep 50ms', 'compute 1ms'";
    check(&one("coroutine", 1, steps, load), "M/G/1", 400.0, 56.0);
    // Ten connections are too few.
    let few = "server.connections = 10\nload.rate = '90/s'";
    let text = one("coroutine", 1, "'compute ~2ms', 'sleep ~98ms'", few);
    check_reason(&text, "91 % of what the connections can take");
    // The chain without the answering turn yields 103.0 ms.
    let few = "server.connections = 10\nload.rate = '60/s'";
    let text = one("coroutine", 1, "'compute ~2ms', 'sleep ~98ms'", few);
    let forecast = of(&text, 2).expect("a closed form applies");
    assert_eq!(forecast.model.name(), "10 tokens, about");
}

#[test]
fn sync_workers_on_too_few_cores_are_tokens() {
    let steps = "'compute ~10ms', 'sleep ~90ms'";
    let load = "load.rate = '40/s'";
    check(&one("sync", 5, steps, load), "5 tokens", 40.0, 151.526);
    let many = one("sync", 50, steps, load);
    check_reason(&many, "too many states");
}

#[test]
fn a_full_queue_loses_clients_that_do_not_wait() {
    // M/M/5/16: λ = 60, μ = 10, a queue of ten: 17.97 % are lost.
    let load = "server.backlog = 10\nload.rate = '60/s'";
    let hasty = format!("{load}\nload.patience = '900ms'");
    let queue = of(&one("sync", 5, "'sleep ~100ms'", &hasty), 2).unwrap();
    assert_eq!(queue.model, Model::Mmck(5, 16));
    near(queue.throughput, 60.0 * (1.0 - 0.1797));
    let patient = one(
        "sync",
        5,
        "'sleep ~100ms'",
        "server.backlog = 3\nload.rate = '45/s'",
    );
    check_reason(&patient, "tries again");
}

#[test]
fn clients_that_never_think_keep_all_workers_busy_under_any_law() {
    let load = "load.clients = 60";
    let steps = "'compute 1ms', 'call billing 99ms'";
    check(
        &one("sync", 2, steps, load),
        "closed network",
        20.0,
        3_000.0,
    );
    let shared = of(&one("coroutine", 2, steps, load), 2).unwrap();
    assert!((590.0..600.0).contains(&shared.throughput), "{shared:?}");
    assert_eq!(shared.assumes.len(), 3);
    // Five processes on two cores, 10 ms each: 186.9/s in product form.
    let steps = "'compute 10ms', 'sleep 10ms'";
    let five = of(&one("sync", 5, steps, load), 2).unwrap();
    near(five.throughput, 186.9);
    // Fewer clients than workers.
    check(
        &one("sync", 2, "'sleep 10ms'", "load.clients = 2"),
        "closed network",
        200.0,
        10.0,
    );
}

#[test]
fn where_no_closed_form_applies_the_reason_is_reported() {
    let waits = ["sleep 1ms", "compute 100ms"];
    for (scenario, says) in [
        (hog("sync", 3, 200, WHOLE), "more of them begun than cores"),
        (
            hog("coroutine", 3, 200, waits),
            "3 coroutine workers share 2 cores",
        ),
        (
            one(
                "sync",
                1,
                "'sleep 1ms'",
                "load = { rate = '5/s', arrivals = 'constant' }",
            ),
            "not Poisson",
        ),
        (
            one("sync", 1, "", "load.clients = 3"),
            "neither compute nor wait",
        ),
        (
            one(
                "sync",
                1,
                "'sleep 1ms'",
                "load = { clients = 3, requests = 3 }",
            ),
            "3 requests",
        ),
    ] {
        check_reason(&scenario, says);
    }
}

#[test]
fn an_overloaded_queue_has_no_times_and_answers_what_it_can() {
    let forecast = of(&hog("sync", 1, 1_000, WHOLE), 2).unwrap();
    assert_eq!(forecast.times, None);
    near(forecast.throughput, 1.0 / 0.001_99);
}

#[test]
fn no_form_covers_clients_that_give_up_or_find_no_room_at_the_door() {
    let load = "load.clients = 50\nserver.backlog = 1";
    check_reason(
        &one("sync", 1, "'compute 1ms'", load),
        "more clients than places",
    );
    let load = "load.rate = '5/s'\nload.patience = '50ms'";
    check_reason(
        &one("sync", 1, "'compute 100ms'", load),
        "longer than clients wait (50",
    );
    // M/M/1 at 80 %: one of 100 takes longer than 230 ms, although the mean is 50 ms.
    let load = "load.rate = '80/s'\nload.patience = '200ms'";
    check_reason(&one("sync", 1, "'sleep ~10ms'", load), "give up after 200");
    // Twice the capacity arrives: after 15 s the last request waits for 15 s.
    let load = "load.rate = '20/s'\nload.patience = '10s'";
    check_reason(&one("sync", 1, "'sleep 100ms'", load), "give up after 10");
}

#[test]
fn the_heartbeat_and_the_hour_at_which_draws_end_are_in_no_closed_form() {
    let load = "server.timeout = '2s'\nload.rate = '1/s'";
    check_reason(
        &one("sync", 1, "'sleep 2100ms'", load),
        "`timeout` (2.00 s)",
    );
    check_reason(
        &one("coroutine", 1, "'compute ~700ms', 'sleep 1s'", load),
        "`timeout`",
    );
    // A slice is a sign of life, and so is a wait that parks.
    let sliced = one(
        "coroutine",
        1,
        "'compute 3s in slices of 1s'",
        "load.clients = 1\nserver.timeout = '2s'",
    );
    assert!(of(&sliced, 2).is_ok());
    // With the exponential law, 0.25 % exceed an hour at a mean of 10 min, and 5 % at 20 min.
    let bank = |mean: &str| {
        let load = "server.timeout = '0s'\nload.rate = '0.001/s'\nload.patience = '1h'";
        let mut bank = one("sync", 3, &format!("'sleep ~{mean}'"), load);
        bank.duration = Elapsed::from_secs(100_000);
        of(&bank, 2)
    };
    let assumes = bank("10min").expect("a closed form").assumes;
    assert!(
        assumes[0].contains("cuts 0.25 % of `~10min`"),
        "{assumes:?}"
    );
    let why = bank("20min").expect_err("too many");
    assert!(why.contains("5 % of `~20min` would be longer"), "{why}");
}
