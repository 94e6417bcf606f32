//! Simulations played several times: intervals that contain values known from formulas, claims decided by them,
//! and the same bytes for any number of threads.

#![expect(
    clippy::unwrap_used,
    reason = "a program that cannot be started fails the test"
)]

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

/// One worker that serves Poisson arrivals in exponential times: M/M/1 at ρ = 0.5 with μ = 100/s. Latency is
/// exponential with the mean 1 ÷ (μ − λ) = 20 ms. The second variant has twice the time for half of the load.
const QUEUE: &str = r#"
title = "One worker is a queue"
seed = 7
warmup = "5s"
duration = "50s"
server = { kind = "sync", workers = 1 }
machine.cores = 1
requests.page.steps = ["compute ~10ms"]
load.patience = "1h"
[[variants]]
name = "plain"
load.rate = "50/s"
[[variants]]
name = "slower"
requests.page.steps = ["compute ~20ms"]
load.rate = "25/s"
"#;

fn simulate(scenario: &str, words: &[&str]) -> Output {
    played(scenario, &[&["--json"], words].concat())
}

fn played(scenario: &str, words: &[&str]) -> Output {
    concsim_with(
        scenario,
        &[&["sim", "queue.toml", "--no-keep"], words].concat(),
    )
}

fn concsim(words: &[&str]) -> Output {
    concsim_with(QUEUE, words)
}

/// Runs the program beside a file `queue.toml` of this text.
fn concsim_with(scenario: &str, words: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("queue.toml"), scenario).unwrap();
    Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(words)
        .current_dir(folder.path())
        .env("XDG_STATE_HOME", folder.path())
        .output()
        .unwrap()
}

fn summary(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Fails unless the interval of a number of the object contains a value, and is no wider than `most`.
#[track_caller]
fn contains(object: &Value, number: &str, value: f64, most: f64) {
    let [low, high] = ["low", "high"].map(|end| object["interval"][number][end].as_f64().unwrap());
    let estimate = object[number].as_f64().unwrap();
    assert!(
        low <= estimate && estimate <= high,
        "{number}: {low} to {high}"
    );
    assert!(low <= value && value <= high, "{number}: {low} to {high}");
    assert!(high - low <= most, "{number}: {low} to {high}");
}

#[test]
fn the_intervals_of_a_queue_contain_its_closed_form() {
    let summary = summary(&simulate(QUEUE, &["--repeat", "20"]));
    let repeats = &summary["repeats"];
    assert_eq!(
        (&repeats["count"], &repeats["first_seed"]),
        (&20.into(), &7.into())
    );
    for (run, mean, rate) in [(0, 20.0, 50.0), (1, 40.0, 25.0)] {
        let run = &summary["runs"][run];
        let latency = &run["latency_ms"];
        contains(run, "throughput_per_s", rate, rate / 20.0);
        contains(run, "in_system", 1.0, 0.15);
        contains(latency, "mean", mean, mean / 8.0);
        for (percentile, share) in [("p50", 0.5_f64), ("p90", 0.9), ("p99", 0.99)] {
            contains(latency, percentile, -mean * (1.0 - share).ln(), 2.0 * mean);
        }
    }
}

#[test]
fn variants_of_repeats_are_compared_in_pairs() {
    let summary = summary(&simulate(QUEUE, &["--repeat", "20"]));
    let pair = &summary["repeats"]["pairs"][0];
    assert_eq!(
        (&pair["variant"], &pair["to"]),
        (&"slower".into(), &"plain".into())
    );
    let ratio = |number: &str| {
        let ratio = &pair["numbers"][number]["ratio"];
        ["low", "estimate", "high"].map(|name| ratio[name].as_f64().unwrap())
    };
    // Times are twice as long, and rates half as high.
    for (number, true_ratio) in [
        ("latency_ms.mean", 2.0),
        ("latency_ms.p50", 2.0),
        ("throughput_per_s", 0.5),
    ] {
        let [low, estimate, high] = ratio(number);
        assert!(
            low <= true_ratio && true_ratio <= high,
            "{number}: {low} to {high}"
        );
        assert!(low <= estimate && estimate <= high && high - low < true_ratio / 4.0);
    }
}

#[test]
fn repeats_are_the_same_bytes_for_any_number_of_threads() {
    let words = ["--repeat", "5", "--duration", "5s", "--jobs"];
    let by = |jobs| simulate(QUEUE, &[&words[..], &[jobs]].concat()).stdout;
    let one = by("1");
    assert!(!one.is_empty());
    assert_eq!(one, by("2"));
    assert_eq!(one, by("7"));
}

#[test]
fn the_first_repeat_is_the_run_without_repeats() {
    let words = ["--duration", "5s", "--variant", "plain"];
    let once = summary(&simulate(QUEUE, &words));
    let two = summary(&simulate(QUEUE, &[&words[..], &["--repeat", "2"]].concat()));
    let next = summary(&simulate(QUEUE, &[&words[..], &["--seed", "8"]].concat()));
    let number = |summary: &Value| summary["runs"][0]["throughput_per_s"].as_f64().unwrap();
    let mean = f64::midpoint(number(&once), number(&next));
    assert!((number(&two) - mean).abs() < 1e-6, "{mean}");
    assert!(once.get("repeats").is_none() && once["runs"][0].get("interval").is_none());
}

#[test]
fn a_claim_holds_fails_or_is_undecided_by_the_interval() {
    // The mean is 20 ms, known to about 1 ms by twenty repeats.
    let claims = [
        ("plain.latency.mean < 25ms", "holds"),
        ("plain.latency.mean < 20ms", "undecided"),
        ("plain.latency.mean < 15ms", "fails"),
        ("plain.latency.p50 ~= 13.9ms +- 30%", "holds"),
        ("plain.latency.p50 ~= 13.9ms +- 1%", "undecided"),
        ("plain.latency.p99 > 150ms", "fails"),
        ("slower.latency.mean > 1.5 * plain.latency.mean", "holds"),
        ("slower.latency.mean > 2 * plain.latency.mean", "undecided"),
        ("slower.latency.mean > 3 * plain.latency.mean", "fails"),
        ("slower.latency.p99 > 1.2 * plain.latency.p99", "holds"),
        (
            "plain.in_system ~= plain.throughput * plain.latency.mean +- 2%",
            "holds",
        ),
    ];
    let judged_by = |of: &[&str]| {
        let judged = claims.iter().filter(|(_, verdict)| of.contains(verdict));
        let claims = judged.map(|(that, _)| format!("[[expect]]\nclaim = 'so'\nthat = '{that}'\n"));
        simulate(
            &format!("{QUEUE}{}", claims.collect::<String>()),
            &["--repeat", "20"],
        )
    };
    let all = judged_by(&["holds", "undecided", "fails"]);
    for ((that, verdict), judged) in claims
        .iter()
        .zip(summary(&all)["expect"].as_array().unwrap())
    {
        assert_eq!(judged["verdict"], *verdict, "{that}: {judged}");
        let because = judged["because"].as_str().unwrap_or_default();
        let is_open = because.contains("20 repeats do not decide it; ");
        assert_eq!(is_open, *verdict == "undecided", "{judged}");
        assert_eq!(judged.get("more_repeats").is_some(), is_open, "{judged}");
    }
    assert_eq!(all.status.code(), Some(3));
    assert_eq!(judged_by(&["holds", "undecided"]).status.code(), Some(4));
    assert_eq!(judged_by(&["holds"]).status.code(), Some(0));
}

#[test]
fn the_card_has_each_number_with_the_digits_of_its_error() {
    let words = ["--repeat", "20", "--variant", "plain"];
    let mean = &summary(&simulate(QUEUE, &words))["runs"][0]["latency_ms"];
    let ends = ["low", "high"].map(|end| mean["interval"]["mean"][end].as_f64().unwrap());
    let (estimate, error) = (mean["mean"].as_f64().unwrap(), (ends[1] - ends[0]) / 2.0);
    assert!(
        (0.195..0.95).contains(&error),
        "one digit after the point: {error}"
    );
    let card = played(QUEUE, &[&["--headless"][..], &words].concat());
    let card = String::from_utf8(card.stdout).unwrap();
    assert!(
        card.contains(&format!(" {estimate:.1} ± {error:.1} ms ")),
        "{card}"
    );
    assert!(card.contains("20 repeats, seeds 7 to 26"), "{card}");
}

#[test]
fn repeats_end_when_the_interval_is_narrow_or_at_the_cap() {
    let words = ["--variant", "plain", "--of", "latency.mean", "--until"];
    let until = |more: &[&str]| summary(&simulate(QUEUE, &[&words[..], more].concat()));
    let width = |summary: &Value| {
        let latency = &summary["runs"][0]["latency_ms"];
        let interval = &latency["interval"]["mean"];
        let ends = ["low", "high"].map(|end| interval[end].as_f64().unwrap());
        (ends[1] - ends[0]) / 2.0 / latency["mean"].as_f64().unwrap()
    };
    let narrow = until(&["4%", "--jobs", "1"]);
    let rule = &narrow["repeats"]["until"];
    assert_eq!(
        (&rule["met"], &rule["numbers"][0]),
        (&true.into(), &"plain.latency.mean".into())
    );
    assert!(width(&narrow) <= 0.04);
    assert_eq!(narrow, until(&["4%", "--jobs", "3"]));
    let capped = until(&["0.1%", "--cap", "6"]);
    assert_eq!(
        (
            &capped["repeats"]["count"],
            &capped["repeats"]["until"]["met"]
        ),
        (&6.into(), &false.into())
    );
    assert!(width(&capped) > 0.001);
    // The interval that decided is stated wider: by 2 ÷ 6.
    let given = summary(&simulate(QUEUE, &["--variant", "plain", "--repeat", "6"]));
    assert!((width(&capped) / width(&given) - 4.0 / 3.0).abs() < 1e-4);
    let unknown = simulate(QUEUE, &["--until", "2%", "--of", "latency.p98"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("unknown number `latency.p98`"));
}

#[test]
fn a_folder_keeps_every_repeat_and_replay_opens_any() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let path = kept.to_str().unwrap();
    let words = ["--duration", "5s", "--variant", "plain"];
    let out = ["--headless", "--json", "--repeat", "3", "--out", path];
    let stored = concsim(&[&["sim", "queue.toml"], &words[..], &out].concat());
    // Keeping the repeats changes no number.
    let unkept = simulate(QUEUE, &[&words[..], &["--repeat", "3"]].concat());
    assert!(!unkept.stdout.is_empty());
    assert_eq!(stored.stdout, unkept.stdout);
    assert_eq!(fs::read(kept.join("summary.json")).unwrap(), unkept.stdout);
    for (repeat, seed) in [("1", "7"), ("2", "8"), ("3", "9")] {
        let replayed = concsim(&["replay", path, "--json", "--repeat", repeat]);
        let alone = simulate(QUEUE, &[&words[..], &["--seed", seed]].concat());
        let of = |output: &Output| summary(output)["runs"][0]["latency_ms"].clone();
        assert!(of(&alone)["mean"].is_f64());
        assert_eq!(of(&replayed), of(&alone), "{repeat}");
    }
    let first = concsim(&["replay", path, "--json"]);
    assert!(String::from_utf8_lossy(&first.stderr).contains("the first of 3 repeats"));
    let fourth = concsim(&["replay", path, "--repeat", "4"]);
    assert_eq!(fourth.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&fourth.stderr).contains("unknown repeat 4"));
}
