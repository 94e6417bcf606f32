//! Tests of claims, evaluated on synthetic runs.

use crate::Recording;
use crate::evaluate::{Judgement, Verdict};
use crate::summary::{Summary, summarise};
use crate::synthetic::{Synthetic, machine, plan};
use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
use concsim_model::scenario::{Choice, Question};

fn summary_of(runs: &[&Synthetic], cores: usize, that: &str) -> Summary {
    let plan = plan("Waiting is free", runs, &[("it is so", that)]);
    let runs = runs.iter().map(|run| summarise(&run.recording())).collect();
    Summary::of(&plan, machine(cores), runs)
}

fn judged(that: &str) -> Judgement {
    let (sync, coroutine) = (Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine));
    summary_of(&[&sync, &coroutine], 2, that).expect.remove(0)
}

fn reason(judgement: &Judgement) -> &str {
    judgement.because.as_deref().unwrap_or_default()
}

#[test]
fn a_claim_is_judged_with_the_numbers_that_decided() {
    let judgement = judged("coroutine.throughput >= 25 * sync.throughput");
    assert_eq!(judgement.verdict, Verdict::Holds);
    assert_eq!(
        judgement.measured.as_deref(),
        Some("600/s against 20.0/s (30.0 times)")
    );
    let judgement = judged("sync.latency.p50 < 1s");
    assert_eq!(judgement.verdict, Verdict::Fails);
    assert_eq!(judgement.measured.as_deref(), Some("3.00 s"));
    let judgement = judged("sync.in_system ~= sync.throughput * sync.latency.mean +- 5%");
    assert_eq!(judgement.verdict, Verdict::Holds, "{judgement:?}");
}

#[test]
fn claims_about_unmeasured_numbers_are_not_judged() {
    let judgement = judged("sync.latency.p99 < 10s");
    assert_eq!(judgement.verdict, Verdict::NotJudged);
    assert_eq!(
        reason(&judgement),
        "sync has no latency.p99: too few requests, or not measured"
    );
    let (sync, coroutine) = (Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine));
    let claims = [("it is so", "coroutine.throughput > sync.throughput")];
    let plan = plan("Waiting is free", &[&sync, &coroutine], &claims);
    let summary = Summary::of(&plan, machine(2), vec![summarise(&sync.recording())]);
    assert_eq!(reason(&summary.expect[0]), "coroutine was not played");
}

#[test]
fn a_percentile_that_is_the_clients_patience_decides_no_claim_and_answers_no_question() {
    let (sync, coroutine) = (Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine));
    let claims = [
        ("half", "sync.latency.p50 >= 10 * coroutine.latency.p50"),
        ("mean", "sync.latency.mean >= 2s"),
    ];
    let plan = plan("Waiting is free", &[&sync, &coroutine], &claims);
    let mut runs = [&sync, &coroutine].map(|run| summarise(&run.recording()));
    (runs[0].at_patience.patience_ms, runs[0].at_patience.latency) = (2_000.0, vec!["p50"]);
    let summary = Summary::of(&plan, machine(2), runs.into());
    assert_eq!(summary.expect[0].verdict, Verdict::NotJudged);
    assert_eq!(
        reason(&summary.expect[0]),
        "latency.p50 of sync is the clients' patience, 2.00 s or more: it was not measured"
    );
    assert_eq!(summary.expect[1].verdict, Verdict::Holds);
}

fn recorded(sync: &Synthetic, that: &str, change: fn(&mut Recording)) -> Judgement {
    let mut recording = sync.recording();
    change(&mut recording);
    let plan = plan("Waiting is free", &[sync], &[("it is so", that)]);
    let mut summary = Summary::of(&plan, machine(2), vec![summarise(&recording)]);
    summary.expect.remove(0)
}

#[test]
fn a_run_that_proves_nothing_decides_nothing_and_a_rough_one_with_reserve() {
    let mut sync = Synthetic::io_bound(Sync);
    let judgement = recorded(&sync, "throughput > 30", |recording| {
        recording.unreadable = 1;
    });
    assert_eq!(judgement.verdict, Verdict::NotJudged);
    assert_eq!(
        reason(&judgement),
        "sync proves nothing: 1 reading of shared memory made no sense"
    );
    sync.load_cpu = 0.4;
    let judgement = recorded(&sync, "throughput > 30", |_| {});
    assert_eq!(judgement.verdict, Verdict::Fails);
    assert_eq!(
        reason(&judgement),
        "sync is rough: load used 40.0 % of a core"
    );
}

/// Each of the coroutines' requests was sent 10 ms late, and takes 100.1 ms from then on.
fn disturbed(that: &str) -> Judgement {
    let mut coroutine = Synthetic::io_bound(Coroutine);
    for life in &mut coroutine.lives {
        life.late = 10_000_000;
    }
    recorded(&coroutine, that, |_| {})
}

#[test]
fn a_disturbed_number_decides_what_lies_beyond_its_bounds() {
    // Measured are 110.1 ms, and without the lateness it would be 100.1 ms.
    for (that, verdict) in [
        ("latency.p50 < 120ms", Verdict::Holds),
        ("latency.p50 < 105ms", Verdict::Undecided),
        ("latency.p50 > 105ms", Verdict::Undecided),
        ("latency.p50 < 99ms", Verdict::Fails),
        ("latency.p50 ~= 105ms +- 10%", Verdict::Holds),
        ("latency.p50 ~= 105ms +- 5ms", Verdict::Undecided),
        ("latency.p50 ~= 90ms +- 5ms", Verdict::Fails),
        ("from_send.p50 < 105ms", Verdict::Undecided),
        ("from_send.p50 < 111ms", Verdict::Holds),
        ("throughput > 100", Verdict::Holds),
        // In a closed load clients that are late ask less often: 600 × 110.1 ÷ 100.1 = 660.
        ("throughput < 605", Verdict::Undecided),
        ("throughput < 700", Verdict::Holds),
        ("latency.p50 / from_send.p50 < 1.2", Verdict::Holds),
        ("latency.p50 / from_send.p50 > 1.05", Verdict::Undecided),
    ] {
        assert_eq!(disturbed(that).verdict, verdict, "{that}");
    }
}

#[test]
fn an_undecided_claim_names_the_disturbance_and_the_exit_status_is_4() {
    let judgement = disturbed("latency.p50 < 105ms");
    assert_eq!(judgement.measured.as_deref(), Some("110 ms"));
    assert_eq!(
        reason(&judgement),
        "disturbances may have decided it (coroutine: one request in a hundred was sent 10.0 ms late or more)"
    );
    let judgement = disturbed("latency.p50 < 120ms");
    assert_eq!(reason(&judgement), "");
    let mut coroutine = Synthetic::io_bound(Coroutine);
    for life in &mut coroutine.lives {
        life.late = 10_000_000;
    }
    let summary = summary_of(&[&coroutine], 2, "latency.p50 < 105ms");
    assert_eq!(summary.exit_status(), 4);
}

#[test]
fn one_core_cannot_refute_what_needs_two() {
    let mut sync = Synthetic::io_bound(Sync);
    sync.cores = 1;
    let summary = summary_of(&[&sync], 1, "parallelism > 1.5");
    assert_eq!(summary.expect[0].verdict, Verdict::NotJudged);
    assert!(reason(&summary.expect[0]).starts_with("too few cores"));
    let summary = summary_of(&[&sync], 1, "parallelism < 1.5");
    assert_eq!(summary.expect[0].verdict, Verdict::Holds);
}

#[test]
fn the_exit_status_is_the_first_that_applies() {
    let mut sync = Synthetic::io_bound(Sync);
    assert_eq!(summary_of(&[&sync], 2, "throughput > 10").exit_status(), 0);
    assert_eq!(summary_of(&[&sync], 2, "throughput > 30").exit_status(), 3);
    sync.window = None;
    assert_eq!(summary_of(&[&sync], 2, "throughput > 30").exit_status(), 0);

    sync = Synthetic::io_bound(Sync);
    let mut recording = Synthetic::io_bound(Sync).recording();
    recording.header.crashed = Some("all workers are gone".into());
    let plan = plan(
        "Waiting is free",
        &[&sync],
        &[("it is so", "throughput > 30")],
    );
    let exit = |recording: &Recording| {
        Summary::of(&plan, machine(2), vec![summarise(recording)]).exit_status()
    };
    assert_eq!(exit(&recording), 1);
    recording.header.interrupted = true;
    assert_eq!(exit(&recording), 130);
}

#[test]
fn a_question_is_answered_by_what_was_measured_and_by_nothing_else() {
    let (sync, coroutine) = (Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine));
    let choice = |label: &str, from, to| Choice {
        label: label.into(),
        from,
        to,
    };
    let mut plan = plan("Waiting is free", &[&sync, &coroutine], &[]);
    plan.questions = vec![Question {
        before: "coroutine".into(),
        question: "How many times as many?".into(),
        measure: "coroutine.throughput / sync.throughput".into(),
        choices: vec![
            choice("as many", None, Some(2.0)),
            choice("ten times", Some(2.0), Some(20.0)),
            choice("thirty times", Some(20.0), None),
        ],
        why: Some("They let go.".into()),
        misconception: None,
        change: Vec::new(),
    }];
    let runs = [&sync, &coroutine].map(|run| summarise(&run.recording()));
    // Without the lateness there may be three times as many answers, and more: no choice is right for certain.
    let mut late = coroutine.clone();
    for life in &mut late.lives {
        life.late = 200_000_000;
    }
    plan.questions[0].choices[2].to = Some(60.0);
    let disturbed = [&sync, &late].map(|run| summarise(&run.recording()));
    let undecided = Summary::of(&plan, machine(2), disturbed.to_vec());
    assert_eq!(undecided.ask[0].right, None, "{:?}", undecided.ask[0]);
    let all = Summary::of(&plan, machine(2), runs.to_vec()).with_votes(&[vec![3, 12, 5]]);
    assert_eq!(all.ask[0].measured.as_deref(), Some("30"));
    assert_eq!(all.ask[0].right, Some(2));
    assert_eq!(all.ask[0].votes, [3, 12, 5]);
    let first = Summary::of(&plan, machine(2), runs[..1].to_vec());
    assert_eq!((first.ask[0].right, &first.ask[0].measured), (None, &None));
    let because = first.ask[0].because.as_deref();
    assert_eq!(because, Some("coroutine was not played"));
}
