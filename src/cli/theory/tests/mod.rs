//! Every model on the command line: its help, its examples, and numbers of the literature.

mod anything;

use std::path::Path;

use clap::{CommandFactory as _, Parser};
use serde_json::Value;

use super::{Args, json};

#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(flatten)]
    args: Args,
}

/// Returns the answer as JSON, or all mistakes as text.
fn asked(words: &[String]) -> Result<Value, String> {
    let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
    let answer = line.args.model.answer();
    let answer = answer.map_err(|mistakes| mistakes.to_string())?;
    Ok(serde_json::from_str(&json::of(&answer)).expect("it is JSON"))
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// Creates a folder with the file of the examples.
fn with_data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let measured = "N,X\n1,1\n2,1.8868\n4,3.0769\n6,3.5294\n8,3.5398\n10,3.3557\n";
    std::fs::write(folder.path().join("measured.csv"), measured).expect("it can be written");
    folder
}

/// Returns the line with the path of that file.
fn placed(line: &str, folder: &Path) -> Vec<String> {
    let file = folder.join("measured.csv");
    let place = |word: String| match word.as_str() {
        "measured.csv" => file.to_string_lossy().into_owned(),
        _ => word,
    };
    words(line).into_iter().map(place).collect()
}

/// Checks `results` at a path such as `stations/0/residence_s`, within half a unit of the last digit given.
#[track_caller]
fn check(line: &str, expected: &[(&str, f64, f64)]) {
    let answer = asked(&words(line)).unwrap_or_else(|wrong| panic!("{line}: {wrong}"));
    for (path, expected, digit) in expected {
        let found = answer["results"].pointer(&format!("/{path}"));
        let found = found.and_then(Value::as_f64);
        let found = found.unwrap_or_else(|| panic!("{line}: no {path} in {answer:#}"));
        let is_near = (found - expected).abs() <= 0.5005 * digit;
        assert!(is_near, "{line}: {path} is {found}, not {expected}");
    }
}

#[test]
fn the_help_of_each_model_says_what_it_is_when_it_fails_where_it_is_from_and_an_example_that_works()
{
    let folder = with_data();
    let mut command = Line::command();
    let models = command
        .get_subcommands_mut()
        .filter(|it| it.get_name() != "help");
    let mut count = 0;
    for model in models {
        let help = model
            .get_after_long_help()
            .expect("a long help")
            .to_string();
        let name = model.get_name();
        for head in ["Model: ", "Assumes: ", "Fails when: ", "Source: "] {
            assert!(help.contains(head), "{name} does not say `{head}`");
        }
        assert!(help.is_ascii(), "{name}: every terminal shows ASCII");
        let begin = "Example: concsim theory ";
        let examples: Vec<&str> = help
            .lines()
            .filter_map(|it| it.strip_prefix(begin))
            .collect();
        assert!(!examples.is_empty(), "{name} has no example");
        for example in examples {
            let answer = asked(&placed(example, folder.path()));
            let answer = answer.unwrap_or_else(|wrong| panic!("{example}: {wrong}"));
            assert_eq!(answer["model"], name);
            assert_eq!(answer["schema"], "concsim.theory/1");
            assert_eq!(answer["origin"], "computed");
        }
        count += 1;
    }
    assert_eq!(count, 12);
}

#[test]
fn one_queue_is_asked_in_any_unit() {
    check(
        "mm1 --arrival-rate 0.25 --service-time 3s",
        &[
            ("present_mean", 3.0, 1e-9),
            ("wait_mean_s", 9.0, 1e-9),
            ("empty", 0.25, 1e-9),
        ],
    );
    check(
        "mm1 --arrival-rate 4800/min --service-rate 360000/h",
        &[
            ("response_mean_s", 0.05, 1e-9),
            ("response_p99_9_s", 0.345_39, 1e-5),
        ],
    );
    check(
        "mmc --arrival-rate 0.35/min --service-time 10min --servers 4",
        &[
            ("wait_mean_s", 60.0 * 14.7572, 60.0 * 1e-4),
            ("present_mean", 8.6650, 1e-4),
        ],
    );
    check(
        "md1 --arrival-rate 80/s --service-time 10ms --within 20ms",
        &[
            ("wait_mean_s", 0.02, 1e-9),
            ("wait_within", 0.634_520, 1e-6),
            ("response_within", 0.445_108, 1e-6),
        ],
    );
    check(
        "mmck --arrival-rate 3/s --service-rate 2/s --servers 2 --places 5",
        &[
            ("lost", 0.085_114, 1e-6),
            ("present_mean", 2.005_954, 1e-6),
            ("wait_mean_s", 0.230_858, 1e-6),
        ],
    );
}

#[test]
fn hogs_are_asked_as_classes() {
    let mix = "--arrival-rate 200/s --class short=1ms,weight=99 --class hog=100ms";
    check(
        &format!("mg1 {mix}"),
        &[("classes/0/response_mean_s", 0.017_776, 1e-6)],
    );
    check(
        &format!("ps {mix} --size 10ms"),
        &[
            ("classes/0/response_mean_s", 0.001_661, 1e-6),
            ("classes/1/response_mean_s", 0.1661, 1e-4),
            ("sizes/0/response_mean_s", 0.016_61, 1e-5),
        ],
    );
    check(
        "mg1 --arrival-rate 7.279345/ms --class fast=0.1ms,weight=999,squared-variation=1 \
         --class slow=10ms,squared-variation=1",
        &[("response_mean_s", 0.004_113, 1e-6)],
    );
    check(
        "mg1 --arrival-rate 80/s --service-time 10ms --squared-variation 4",
        &[("response_mean_s", 0.11, 1e-9)],
    );
    check(
        "ps --arrival-rate 320/s --service-time 10ms --cores 4",
        &[("response_mean_s", 0.017_455, 1e-6)],
    );
}

#[test]
fn networks_and_pools_are_asked_with_stations_and_tokens() {
    check(
        "closed --clients 20 --think 4s --station cpu=0.125s,visits=16 \
         --station a=0.3s,visits=10 --station b=0.2s,visits=5",
        &[
            ("throughput_per_s", 0.333_25, 1e-5),
            ("stations/0/response_per_visit_s", 0.373, 1e-3),
            ("stations/1/present_mean", 16.177, 1e-3),
        ],
    );
    check(
        "closed --clients 100 --station threads=100ms,servers=64 --think 50ms",
        &[
            ("throughput_per_s", 633.6, 0.1),
            ("stations/0/utilisation", 0.99, 1e-3),
        ],
    );
    check(
        "bounds --station cpu=9.2s --station disk=8s --think 120s --clients 20",
        &[
            ("throughput_most_per_s", 0.1087, 1e-4),
            ("response_least_s", 64.0, 1e-9),
        ],
    );
    check(
        "bounds --workers 5 --cores 2 --compute 2ms --wait 98ms --clients 100",
        &[
            ("sync_throughput_most_per_s", 50.0, 1e-9),
            ("coroutine_throughput_most_per_s", 1_000.0, 1e-9),
            ("knee_workers", 100.0, 1e-9),
        ],
    );
    check(
        "tokens --arrival-rate 25/s --tokens 5 --cores 2 --compute 10ms --wait 90ms",
        &[
            ("response_mean_s", 0.104_921, 1e-6),
            ("capacity_per_s", 49.85, 0.01),
        ],
    );
    check(
        "tokens --arrival-rate 400/s --tokens unlimited --cores 1 --compute 2ms --wait 98ms",
        &[("response_mean_s", 0.108, 1e-9)],
    );
}

#[test]
fn laws_are_asked_for_one_number_and_for_many() {
    check(
        "amdahl --serial 5% --processors 8 --processors 64",
        &[
            ("speedup_limit", 20.0, 1e-9),
            ("speedups/1/gustafson_speedup", 60.85, 1e-9),
        ],
    );
    check(
        "little --present 100 --throughput 49.999/s",
        &[("response_mean_s", 2.0, 1e-3)],
    );
    check(
        "little --present 100 --throughput 50/s --response 2.2s",
        &[("deviation", 0.1, 1e-9)],
    );
    let folder = with_data();
    let answer = asked(&placed("usl --data measured.csv --at 7", folder.path()));
    let answer = answer.expect("the file is well");
    let near = |path: &str, expected: f64| {
        let found = answer["results"].pointer(path).and_then(Value::as_f64);
        assert!(
            (found.expect(path) - expected).abs() < 1e-4,
            "{path}: {answer:#}"
        );
    };
    near("/alpha", 0.02);
    near("/beta", 0.02);
    near("/gamma", 1.0);
    near("/expected/0/throughput", 3.5714);
}

#[test]
fn a_queue_that_grows_for_ever_is_an_answer() {
    for line in [
        "mm1 --arrival-rate 4/s --service-rate 4/s",
        "mmc --arrival-rate 25/s --service-rate 4/s --servers 5",
        "md1 --arrival-rate 100/s --service-time 10ms",
        "mg1 --arrival-rate 100/s --service-time 20ms --squared-variation 1",
        "ps --arrival-rate 900/s --service-time 10ms --cores 8",
        "tokens --arrival-rate 50/s --tokens 5 --cores 2 --compute 10ms --wait 90ms",
    ] {
        let answer = asked(&words(line)).expect(line);
        assert!(answer["results"]["response_mean_s"].is_null(), "{line}");
        let capacity = answer["results"]["capacity_per_s"].as_f64().expect(line);
        assert_eq!(answer["results"]["throughput_per_s"], capacity, "{line}");
        let why = answer["reasons"]["results.response_mean_s"].as_str();
        assert!(why.expect(line).contains("grows for ever"), "{line}");
    }
}
