//! Tests of the comparison of two made-up runs.

use super::*;
use concsim_engine::telemetry::Failure;
use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
use concsim_model::scenario::{Arrivals, Job};
use concsim_model::units::Elapsed;
use concsim_record::summary::summarise;
use concsim_record::synthetic::{MS, Synthetic, machine, plan};

/// Returns a plan of these runs, and its summary.
fn played(runs: &[&Synthetic]) -> (Plan, Summary) {
    let plan = plan("Waiting is free", runs, &[]);
    let runs = runs.iter().map(|run| summarise(&run.recording()));
    let summary = Summary::of(&plan, machine(2), runs.collect());
    (plan, summary)
}

fn side<'a>(name: &'a str, played: &'a (Plan, Summary)) -> Side<'a> {
    Side {
        name,
        plan: &played.0,
        summary: &played.1,
    }
}

#[test]
fn numbers_of_both_runs_stand_side_by_side_with_difference_and_ratio() {
    let (sync, coroutine) = (Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine));
    let mut other = Synthetic::io_bound(Sync);
    other.scenario.server.workers = 2;
    other.scenario.load.patience = concsim_model::units::Elapsed::from_secs(5);
    let (a, b) = (played(&[&sync, &coroutine]), played(&[&other]));
    let text = compare(side("monday", &a), side("tuesday", &b)).to_text();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "too long: {line}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn one_variant_each_is_a_pair_whatever_their_names() {
    let (sync, coroutine) = (Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine));
    let (a, b) = (played(&[&sync]), played(&[&coroutine]));
    let comparison = compare(side("a", &a), side("b", &b));
    let json: serde_json::Value = serde_json::from_str(&comparison.to_json()).unwrap();
    let numbers = json["variants"][0]["numbers"].as_array().unwrap();
    let throughput = numbers.iter().find(|it| it["number"] == "throughput_per_s");
    let throughput = throughput.unwrap();
    // 2 workers ÷ 100 ms, and 60 clients ÷ 100 ms.
    assert_eq!(throughput["a"], 20.0);
    assert_eq!(throughput["b"], 600.0);
    assert_eq!(throughput["difference"], 580.0);
    assert_eq!(throughput["ratio"], 30.0);
    let differences = json["differences"].as_array().unwrap();
    let kind = differences.iter().find(|it| it["key"] == "server.kind");
    assert_eq!(kind.unwrap()["a"], "sync");
}

#[test]
fn runs_of_different_loads_stand_side_by_side_and_nothing_is_made_of_them() {
    let few = Synthetic::io_bound(Sync);
    let mut many = Synthetic::io_bound(Sync);
    let Arrivals::Closed { clients, .. } = &mut many.scenario.load.arrivals else {
        panic!("a closed load");
    };
    *clients = 600;
    let (a, b) = (played(&[&few]), played(&[&many]));
    let comparison = compare(side("a", &a), side("b", &b));
    let pair = &comparison.variants[0];
    let why = "their loads differ, 60 clients in A and 600 clients in B";
    assert_eq!(pair.why_not.as_deref(), Some(why));
    let mut numbers = pair.numbers.iter();
    assert!(numbers.all(|it| it.difference.is_none() && it.ratio.is_none()));
    let text = comparison.to_text();
    assert!(text.contains(&format!("  not compared: {why}\n")), "{text}");
}

#[test]
fn as_many_jobs_at_other_instants_are_another_load_and_one_difference() {
    let [one, other] = [0, 1].map(|at| {
        let mut run = Synthetic::io_bound(Sync);
        run.scenario.load.arrivals = Arrivals::Scheduled;
        let at = Elapsed::from_secs(at);
        run.scenario.load.jobs = vec![Job { at, class: Some(0) }; 9];
        run
    });
    let (a, b) = (played(&[&one]), played(&[&other]));
    let comparison = compare(side("a", &a), side("b", &b));
    let why = comparison.variants[0].why_not.as_deref().unwrap();
    assert!(why.contains("their loads differ, 9 jobs ("), "{why}");
    let json: serde_json::Value = serde_json::from_str(&comparison.to_json()).unwrap();
    let differences = json["differences"].as_array().unwrap();
    let keys: Vec<_> = differences.iter().map(|it| it["key"].as_str()).collect();
    assert_eq!(keys, [Some("load.jobs")]);
}

#[test]
fn a_percentile_that_is_the_clients_patience_is_marked_and_no_difference_is_made_of_it() {
    let (good, mut slow) = (Synthetic::io_bound(Sync), Synthetic::io_bound(Sync));
    slow.scenario.load.patience = Elapsed::from_secs(1);
    for (number, life) in slow.lives.iter_mut().enumerate() {
        // Nine of ten clients give up.
        life.failure = (number % 10 > 0).then_some(Failure::Timeout);
    }
    let (a, b) = (played(&[&good]), played(&[&slow]));
    let comparison = compare(side("a", &a), side("b", &b));
    let numbers = &comparison.variants[0].numbers;
    let p50 = numbers.iter().find(|it| it.name == "p50_ms").unwrap();
    assert_eq!(p50.at_patience, [false, true]);
    assert_eq!((p50.difference, p50.ratio), (None, None));
    assert!(p50.b.unwrap() >= 1_000.0);
    assert!(
        numbers.iter().all(|it| it.name == "p50_ms"
            || is_percentile(it.name)
            || it.at_patience == [false; 2])
    );
    let text = comparison.to_text();
    let line = text.lines().find(|line| line.starts_with("  p50")).unwrap();
    assert!(line.contains("≥ "), "{line}");
}

#[test]
fn a_run_that_proves_nothing_is_shown_and_not_compared() {
    let good = Synthetic::io_bound(Coroutine);
    let mut late = Synthetic::io_bound(Coroutine);
    for life in &mut late.lives {
        life.late = 120 * MS;
    }
    let (a, b) = (played(&[&good]), played(&[&late]));
    let comparison = compare(side("a", &a), side("b", &b));
    let pair = &comparison.variants[0];
    assert_eq!(pair.why_not.as_deref(), Some("B proves nothing"));
    assert!(
        pair.numbers
            .iter()
            .all(|it| it.ratio.is_none() && it.difference.is_none())
    );
    assert!(pair.numbers.iter().any(|it| it.b.is_some()));
}
