//! One server, first come first served: M/M/1, M/D/1, M/G/1, and a mix with long requests in it.

use super::*;
use concsim_theory::open::Laws;
use concsim_theory::open::constant::Md1;
use concsim_theory::open::many::Mmc;
use concsim_theory::queues::wait_in_turn;

/// A queue before one worker, with Poisson arrivals.
fn queue(rate: f64, script: &[&str]) -> String {
    processes(1, 1) + &at_random(rate) + &steps(script)
}

/// Mean latency by Pollaczek and Khinchine.
fn in_turn(rate: f64, service: Moments) -> f64 {
    service.mean + wait_in_turn(rate, service).expect("a stable queue")
}

fn exponential(name: &str, rate: f64, service_ms: f64, requests: u64) {
    let queue_of_one = Mmc {
        servers: 1,
        rate,
        service: service_ms / 1e3,
    };
    let theory = queue_of_one.steady().expect("a stable queue");
    let marks = Marks {
        late: None,
        waited: Some(Elapsed::ZERO),
    };
    let text = queue(rate, &[&format!("compute ~{service_ms}ms")]);
    play_marked(name, &text, requests, marks)
        .check(Number::Latency, theory.means().response)
        .check(Number::Waited, theory.waits);
}

#[test]
fn a_queue_that_is_seldom_full() {
    exponential("M/M/1, ρ = 0.3", 30.0, 10.0, 364_000);
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn textbook_queues_of_one_server() {
    exponential("M/M/1, ρ = 0.5", 50.0, 10.0, 2_080_000);
    exponential("V1: M/M/1, λ = 1/4, μ = 1/3", 250.0, 3.0, 10_400_000);
    exponential("V2: M/M/1, λ = 3, μ = 5", 300.0, 2.0, 5_200_000);
    exponential("M/M/1, ρ = 0.8", 80.0, 10.0, 15_600_000);
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn percentiles_of_a_queue() {
    let theory = Mmc {
        servers: 1,
        rate: 80.0,
        service: 0.01,
    };
    let theory = theory.steady().expect("a stable queue");
    for (share, requests) in [(0.5, 20_800_000), (0.9, 41_600_000)] {
        let percentile = theory.response_percentile(share);
        let marks = Marks {
            late: Some(Elapsed((percentile * 1e9) as u64)),
            waited: None,
        };
        let name = format!("M/M/1, ρ = 0.8: longer than p{}", share * 100.0);
        play_marked(&name, &queue(80.0, &["compute ~10ms"]), requests, marks)
            .check(Number::Late, 1.0 - share);
    }
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn constant_service() {
    let theory = Md1 {
        rate: 80.0,
        service: 0.01,
    };
    let theory = theory.steady().expect("a stable queue");
    let marks = Marks {
        late: None,
        waited: Some(Elapsed::from_millis(10)),
    };
    play_marked(
        "V17: M/D/1, ρ = 0.8",
        &queue(80.0, &["compute 10ms"]),
        5_200_000,
        marks,
    )
    .check(Number::Latency, theory.means().response)
    .check(Number::Waited, theory.wait_tail(0.01));
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn any_service() {
    let lognormal = "compute lognormal(5ms, p99 50ms)";
    let pareto = "compute pareto(5ms, shape 2.5, max 200ms)";
    let two = ["compute ~5ms"; 2];
    for (name, script, requests) in [
        ("M/G/1, uniform", &["compute 0ms..20ms"][..], 5_200_000),
        ("M/G/1, two exponential parts", &two, 5_200_000),
        ("M/G/1, lognormal", &[lognormal], 31_200_000),
        ("M/G/1, Pareto", &[pareto], 20_800_000),
    ] {
        let text = queue(70.0, script);
        let theory = in_turn(70.0, moments(&text));
        play_it(name, &text, requests).check(Number::Latency, theory);
    }
}

/// Two kinds of requests, first come first served or on one shared core.
fn mix(workers: usize, rate: f64, [(weight, often), (other, seldom)]: [(u32, &str); 2]) -> String {
    processes(workers, 1)
        + &at_random(rate)
        + &format!(
            "requests.often = {{ weight = {weight}, steps = ['compute {often}'] }}\n\
             requests.seldom = {{ weight = {other}, steps = ['compute {seldom}'] }}\n"
        )
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn hyperexponential_service() {
    // 10 ms on average, c² = 4: nine of ten are short.
    let text = mix(1, 50.0, [(9, "~5.917517ms"), (1, "~46.742347ms")]);
    let service = moments(&text);
    assert!(
        (service.squared_variation() - 4.0).abs() < 1e-2,
        "{service:?}"
    );
    let theory = in_turn(50.0, service);
    play_it("M/H2/1, c² = 4, ρ = 0.5", &text, 20_800_000).check(Number::Latency, theory);
}

#[test]
#[ignore = "a hundred million requests: for an optimised build"]
fn one_of_a_thousand_is_long() {
    let kinds = [(999, "~100us"), (1, "~10ms")];
    let service = moments(&mix(1, 1.0, kinds));
    let rate = 0.8 / service.mean;
    play_it("V36: 0.1 ms and 10 ms", &mix(1, rate, kinds), 104_000_000)
        .check_roughly(Number::Latency, in_turn(rate, service));
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn one_of_a_thousand_is_long_and_one_client_asks() {
    // 0.999·e^(−t/0.1) + 0.001·e^(−t/10) at the printed 99th percentile.
    let text = processes(1, 1)
        + &clients(1, 0.0)
        + &mix(1, 1.0, [(999, "~100us"), (1, "~10ms")])
            .lines()
            .filter(|line| line.starts_with("requests"))
            .fold(String::new(), |all, line| all + line + "\n");
    let marks = Marks {
        late: Some(Elapsed(470_000)),
        waited: None,
    };
    let theory = 0.999 * libm::exp(-4.7) + 0.001 * libm::exp(-0.047);
    play_marked(
        "V36: longer than 0.47 ms, one client",
        &text,
        10_400_000,
        marks,
    )
    .check(Number::Late, theory);
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn behind_long_requests_short_ones_wait() {
    for (name, rate, short, long) in [
        (
            "V38: 99 of 1 ms, 1 of 100 ms",
            200.0,
            (99, "1ms"),
            (1, "100ms"),
        ),
        (
            "100 of 1 ms, 1 of 500 ms",
            101.0,
            (100, "1ms"),
            (1, "500ms"),
        ),
    ] {
        let text = mix(1, rate, [short, long]);
        let wait = wait_in_turn(rate, moments(&text)).expect("a stable queue");
        play_it(name, &text, 83_200_000).check(Number::LatencyOf(0), wait + 0.001);
    }
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn on_a_shared_core_short_requests_hardly_wait() {
    let text = mix(200, 200.0, [(99, "1ms"), (1, "100ms")]);
    let stretch = 1.0 / (1.0 - 200.0 * moments(&text).mean);
    play_it("V38 on a shared core", &text, 20_800_000)
        .check(Number::LatencyOf(0), 0.001 * stretch)
        .check(Number::LatencyOf(1), 0.1 * stretch);
}
