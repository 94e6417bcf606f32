//! Scenarios played several times: intervals that contain values known from formulas, claims decided by them,
//! the same bytes for any number of threads, and the order of real runs.

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

#[test]
fn a_question_has_the_choice_that_contains_the_interval_and_else_none() {
    // The mean is 20 ms, known to about 1 ms by twenty repeats.
    let question = |choices: &str| {
        let asked = "[[ask]]\nquestion = 'How long?'\nmeasure = 'plain.latency.mean'\n";
        let scenario = format!("{QUEUE}{asked}choices = {choices}\n");
        let words = ["--repeat", "20", "--variant", "plain"];
        summary(&simulate(&scenario, &words))["ask"][0].clone()
    };
    let decided = question("[['short', '..15ms'], ['longer', '15ms..25ms']]");
    assert_eq!(decided["right"], 1, "{decided}");
    assert!(decided["measured"].as_str().unwrap().contains(" ± "));
    assert_eq!(decided["because"], Value::Null);
    let open = question("[['short', '..20ms'], ['longer', '20ms..']]");
    assert_eq!(open["right"], Value::Null, "{open}");
    assert_eq!(open["because"], "20 repeats do not decide it");
}

#[test]
fn two_experiments_are_compared_in_pairs_of_seeds_or_else_as_samples() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (one, same, other) = (path("one"), path("same"), path("other"));
    let words = [
        "--variant",
        "plain",
        "--duration",
        "10s",
        "--repeat",
        "8",
        "--json",
    ];
    let slower = ["--set", "requests.page.steps=compute ~20ms"];
    let keep = |out: &str, more: &[&str]| {
        let all = [&["sim", "queue.toml", "--out", out], &words[..], more].concat();
        let ended = concsim(&all);
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    };
    keep(&one, &[]);
    keep(&same, &["--set", "server.graceful_timeout=7s"]);
    keep(&other, &[&slower[..], &["--seed", "100"]].concat());
    let compared = |b: &str| summary(&concsim(&["compare", &one, b, "--json"]));
    let mean = |compared: &Value| {
        let numbers = compared["variants"][0]["numbers"].as_array().unwrap();
        let mean = numbers.iter().find(|it| it["number"] == "mean_ms");
        mean.unwrap().clone()
    };
    let paired = compared(&same);
    assert_eq!(paired["variants"][0]["pairing"], "seeds");
    assert_eq!(paired["runs"][0]["repeats"], 8);
    assert_eq!(paired["differences"][0]["key"], "server.graceful_timeout");
    // The same draws: no difference, without any error, though each mean has one.
    let interval = &mean(&paired)["interval"];
    assert_eq!(interval["difference"]["low"], 0.0);
    assert_eq!(interval["difference"]["high"], 0.0);
    assert_eq!(interval["ratio"]["estimate"], 1.0);
    assert!(interval["a"]["low"].as_f64().unwrap() < interval["a"]["high"].as_f64().unwrap());
    let of_samples = compared(&other);
    assert_eq!(of_samples["variants"][0]["pairing"], "samples");
    // At ρ = 0.5 the mean is 20 ms; at ρ = 1 it grows to hundreds within ten seconds.
    let difference = &mean(&of_samples)["interval"]["difference"];
    assert!(difference["low"].as_f64().unwrap() > 0.0, "{difference}");
}

/// Two variants whose requests take no time to speak of, for a second in all.
const SHORT: &str = r#"
warmup = "0s"
duration = "300ms"
server = { kind = ["sync", "coroutine"], workers = 1 }
requests.page.steps = ["sleep 1ms"]
load.rate = "50/s"
seed = 7
"#;

#[test]
#[cfg(target_os = "linux")]
fn real_variants_take_turns_to_be_the_first_and_an_interrupted_repeat_is_dropped() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("short.toml"), SHORT).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args([
            "run",
            "short.toml",
            "--repeat",
            "100",
            "--out",
            "kept",
            "--full",
        ])
        .current_dir(folder.path())
        .env("XDG_STATE_HOME", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut text = BufReader::new(child.stderr.take().unwrap()).lines();
    let third = text.find(|line| {
        line.as_ref()
            .is_ok_and(|it| it.contains(" 3 of 100 repeats"))
    });
    assert!(third.is_some(), "a line for each repeat");
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let rest: Vec<String> = text.map_while(Result::ok).collect();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{rest:?}");
    let kept = folder.path().join("kept");
    let stored: Value =
        serde_json::from_slice(&fs::read(kept.join("summary.json")).unwrap()).unwrap();
    let repeats = &stored["repeats"];
    assert_eq!(repeats["partial"], "interrupted", "{repeats}");
    // Further repeats may have been complete before the signal arrived.
    let count = repeats["count"].as_u64().unwrap() as usize;
    assert!((3..100).contains(&count), "{count}");
    assert_eq!(concsim::recording::storage::repeat_count(&kept), count);
    let mut all = Vec::new();
    for repeat in 1..=count {
        let own = concsim::recording::storage::repeat_folder(&kept, repeat);
        let run = concsim::recording::storage::open(&own).unwrap();
        let names: Vec<&str> = run
            .recordings
            .iter()
            .map(|it| it.header.variant.as_str())
            .collect();
        assert_eq!(names, ["sync", "coroutine"], "the plan's order");
        for recording in &run.recordings {
            let header = &recording.header;
            assert_eq!(header.scenario.seed, 6 + repeat as u64);
            all.push((header.started_ns.unwrap(), repeat, header.variant.clone()));
        }
    }
    all.sort();
    let played: Vec<(usize, &str)> = all
        .iter()
        .map(|(_, repeat, name)| (*repeat, name.as_str()))
        .collect();
    let expected = (1..=count).flat_map(|repeat| {
        let order = if repeat % 2 == 1 {
            ["sync", "coroutine"]
        } else {
            ["coroutine", "sync"]
        };
        order.map(|name| (repeat, name))
    });
    assert_eq!(played, expected.collect::<Vec<_>>());
}

#[test]
fn a_page_and_figures_of_a_kept_folder_show_all_its_repeats() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (kept, page, boxes, first) = (
        path("kept"),
        path("page.html"),
        path("b.svg"),
        path("p.svg"),
    );
    let words = [
        "sim",
        "queue.toml",
        "--repeat",
        "20",
        "--variant",
        "plain",
        "--full",
    ];
    let card = concsim(&[&words[..], &["--headless", "--out", &kept]].concat());
    let card = String::from_utf8(card.stdout).unwrap();
    // The intervals contain the closed form of an M/M/1; there is none for the wait alone.
    let inside = card
        .lines()
        .find(|line| line.contains("inside the interval"))
        .unwrap();
    let words: Vec<&str> = inside.split_whitespace().skip(3).collect();
    assert_eq!(words, ["yes", "yes", "–", "yes", "yes"], "{card}");
    let done = |words: &[&str]| assert_eq!(concsim(words).status.code(), Some(0), "{words:?}");
    done(&["report", &kept, "-o", &page]);
    done(&["figure", "boxes", &kept, "-o", &boxes]);
    done(&["figure", "percentiles", &kept, "-o", &first]);
    let bars = path("d.svg");
    done(&["figure", "breakdown", &kept, "-o", &bars]);
    let data = fs::read_to_string(path("d.csv")).unwrap();
    let errors = card
        .lines()
        .skip_while(|line| !line.starts_with("with errors"));
    let line = errors.clone().nth(1).unwrap();
    let mean: Vec<&str> = line.split_whitespace().skip(4).take(4).collect();
    let mean = mean.join(" ");
    assert!(
        data.contains(&format!("plain: {mean} on average")),
        "{line}: {data}"
    );
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("Each number is the mean of 20 repeats"));
    let stored: Value =
        serde_json::from_slice(&fs::read(format!("{kept}/summary.json")).unwrap()).unwrap();
    let data = fs::read_to_string(path("b.csv")).unwrap();
    let concurrency = stored["runs"][0]["concurrency"].as_f64().unwrap();
    assert!(
        data.contains(&format!(",{concurrency},")),
        "{concurrency}: {data}"
    );
    assert!(data.contains("# note: mean of 20 repeats"), "{data}");
    let data = fs::read_to_string(path("p.csv")).unwrap();
    assert!(data.contains("# note: the first of 20 repeats"), "{data}");
    let interval = &stored["runs"][0]["latency_ms"]["interval"]["p99"];
    let [low, high] = ["low", "high"].map(|end| interval[end].as_f64().unwrap());
    assert!(
        data.contains(&format!(",100.0,{low},\"\",{high},")),
        "{low} {high}: {data}"
    );
}
