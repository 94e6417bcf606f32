//! Evidence for repeats, by simulations of the built program: a small true difference is found, and common random
//! numbers make ratios of variants less random. Each command prints a table.

#![expect(
    clippy::unwrap_used,
    reason = "a program that cannot be started fails the test"
)]

use std::process::Command;

use serde_json::Value;

/// Simulates a scenario and returns its summary.
fn simulate(scenario: &str, words: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(["sim", scenario, "--json", "--no-keep"])
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.code().is_some(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Two queues M/M/1 with λ = 50/s. The mean latency is 1 ÷ (μ − λ): 20 ms for a mean time of 10 ms, and 20.2 ms, 1 %
/// more, for 1 ÷ (50/s + 1 ÷ 20.2 ms) = 10.049751 ms.
const ONE_PERCENT: &str = r#"
warmup = "5s"
duration = "120s"
server = { kind = "sync", workers = 1 }
machine.cores = 1
load.rate = "50/s"
load.patience = "1h"
[[variants]]
name = "plain"
requests.page.steps = ["compute ~10ms"]
[[variants]]
name = "slower"
requests.page.steps = ["compute ~10049751ns"]
"#;

/// Repeats a pair of queues ten times with other seeds: `cargo test --test it evidence::difference -- --ignored
/// --nocapture`.
#[test]
#[ignore = "prints a table"]
fn difference_of_one_percent_is_found_in_nine_of_ten_tries() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queues.toml");
    std::fs::write(&file, ONE_PERCENT).unwrap();
    let file = file.to_str().unwrap();
    println!("mean latency, slower ÷ plain, 10 repeats; truth: 1.01");
    let (mut found, mut contained) = (0, 0);
    for seed in (1000..11_000).step_by(1000) {
        let seed = seed.to_string();
        let summary = simulate(file, &["--repeat", "10", "--seed", &seed]);
        let ratio = &summary["repeats"]["pairs"][0]["numbers"]["latency_ms.mean"]["ratio"];
        let [low, estimate, high] =
            ["low", "estimate", "high"].map(|it| ratio[it].as_f64().unwrap());
        println!("seed {seed:>5}: {estimate:.5}, {low:.5} to {high:.5}");
        found += usize::from(low > 1.0 || high < 1.0);
        contained += usize::from(low <= 1.01 && 1.01 <= high);
    }
    println!("1 is outside of {found} of 10 intervals; the truth is inside of {contained}");
    assert!(found >= 9, "{found}");
}

/// A number of a summary, and a scenario with its settings.
type Case = (&'static str, &'static [&'static str], &'static str);

/// The last column is true if common random numbers are claimed to help at least five times.
const CASES: [(Case, bool); 4] = [
    (("mixed", &[], "/throughput_per_s"), true),
    (("mixed", &[], "/latency_ms/mean"), false),
    (
        ("mixed", &["--set", "server.workers=4"], "/throughput_per_s"),
        true,
    ),
    (
        ("mixed", &["--set", "server.workers=4"], "/latency_ms/mean"),
        true,
    ),
];

/// Number of seeds of each variance.
const SEEDS: usize = 40;

/// Returns the logarithms of a number of the variants sync and coroutine, for each seed.
fn logarithms((scenario, words, number): Case) -> [Vec<f64>; 2] {
    let summaries = (1..=SEEDS).map(|seed| {
        let seed = seed.to_string();
        let words = [words, &["--seed", &seed]].concat();
        simulate(scenario, &words)
    });
    let summaries: Vec<Value> = summaries.collect();
    ["sync", "coroutine"].map(|variant| {
        let of = |summary: &Value| {
            let mut runs = summary["runs"].as_array().unwrap().iter();
            let run = runs.find(|run| run["variant"] == variant).unwrap();
            run.pointer(number).unwrap().as_f64().unwrap().ln()
        };
        summaries.iter().map(of).collect()
    })
}

fn variance(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    values.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (count - 1.0)
}

/// Compares ratios of pairs with the same seed and of pairs with different seeds: `cargo test --test it
/// evidence::common -- --ignored --nocapture`.
#[test]
#[ignore = "prints a table"]
fn common_random_numbers_shrink_the_variance_of_ratios_five_times() {
    println!(
        "variance of ln(coroutine ÷ sync), {SEEDS} seeds      same seed   other seeds   times"
    );
    for (case, is_claimed) in CASES {
        let [sync, coroutine] = logarithms(case);
        let ratios = |shift: usize| -> Vec<f64> {
            let others = sync.iter().cycle().skip(shift);
            let pairs = coroutine.iter().zip(others);
            pairs.map(|(coroutine, sync)| coroutine - sync).collect()
        };
        let [same, other] = [0, SEEDS / 2].map(|shift| variance(&ratios(shift)));
        let (scenario, words, number) = case;
        let what = format!("{scenario} {} {number}", words.join(" "));
        println!("{what:50} {same:11.3e} {other:13.3e} {:7.1}", other / same);
        assert!(!is_claimed || other >= 5.0 * same, "{what}: {other} {same}");
    }
}
