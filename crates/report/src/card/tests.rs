//! Tests of the printed card, with made-up runs.

use insta::assert_snapshot;

use super::{Extent, Glyphs, card};
use concsim_engine::telemetry::{Failure, Phase, Stage};
use concsim_model::scenario::Plan;
use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::Recording;
use concsim_record::summary::{Run, Summary, summarise};
use concsim_record::synthetic::{MS, RequestLife, Synthetic, machine, plan};

/// Returns the card of these runs, with claims, after their recordings were altered.
fn card_of(
    title: &str,
    runs: &[&Synthetic],
    claims: &[(&str, &str)],
    change: impl Fn(&mut Recording),
) -> String {
    let plan = plan(title, runs, claims);
    let summaries = runs.iter().map(|run| {
        let mut recording = run.recording();
        change(&mut recording);
        summarise(&recording)
    });
    let summary = Summary::of(&plan, machine(2), summaries.collect());
    both(&plan, &summary)
}

/// Returns the short card, and below a line the full one.
fn both(plan: &Plan, summary: &Summary) -> String {
    let cards = [Extent::Short, Extent::Full].map(|extent| {
        let printed = card(plan, summary, Glyphs::Unicode, extent);
        for line in printed.lines() {
            assert!(line.chars().count() <= 80, "too long: {line}");
        }
        let ascii = card(plan, summary, Glyphs::Ascii, extent);
        assert!(ascii.is_ascii());
        assert_eq!(ascii.lines().count(), printed.lines().count());
        printed
    });
    cards.join("======== in full ========\n")
}

fn as_it_is(_: &mut Recording) {}

#[test]
fn io_bound() {
    let (sync, coroutine) = (Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine));
    let claims = [
        (
            "coroutines answer at least 25 times as many",
            "coroutine.throughput >= 25 * sync.throughput",
        ),
        (
            "nobody waits at the coroutines' door",
            "coroutine.at_the_door > 2",
        ),
        (
            "the slowest sync answers take no longer than 10 s",
            "sync.latency.p99 < 10s",
        ),
    ];
    let runs = [&sync, &coroutine];
    assert_snapshot!(card_of(
        "Waiting is free, if you let go",
        &runs,
        &claims,
        as_it_is
    ));
}

#[test]
fn io_bound_in_ascii() {
    let (sync, coroutine) = (Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine));
    let plan = plan("Waiting is free, if you let go", &[&sync, &coroutine], &[]);
    let runs = [sync, coroutine].map(|run| summarise(&run.recording()));
    let summary = Summary::of(&plan, machine(2), runs.into());
    assert_snapshot!(card(&plan, &summary, Glyphs::Ascii, Extent::Full));
}

#[test]
fn three_requests() {
    let (sync, coroutine) = (
        Synthetic::three_requests(Sync),
        Synthetic::three_requests(Coroutine),
    );
    let claims = [
        (
            "one after the other takes 4.2 s",
            "sync.window ~= 4.2s +- 3%",
        ),
        ("overlapping takes 1.8 s", "coroutine.window ~= 1.8s +- 3%"),
    ];
    let runs = [&sync, &coroutine];
    assert_snapshot!(card_of(
        "Three requests, one worker",
        &runs,
        &claims,
        as_it_is
    ));
}

#[test]
fn hog() {
    let (sync, coroutine) = (Synthetic::hog(Sync), Synthetic::hog(Coroutine));
    let claims = [(
        "the short ones suffer under both kinds alike",
        "coroutine.requests.short.latency.mean ~= sync.requests.short.latency.mean +- 20%",
    )];
    let runs = [&sync, &coroutine];
    let title = "One hog is in everybody's way, and a coroutine that never lets go is one";
    assert_snapshot!(card_of(title, &runs, &claims, as_it_is));
}

#[test]
fn a_run_that_proves_nothing() {
    let mut coroutine = Synthetic::io_bound(Coroutine);
    coroutine.load_cpu = 0.9;
    coroutine.scenario.counters = vec!["visits".into()];
    for (number, life) in coroutine.lives.iter_mut().enumerate() {
        life.late = 8 * MS;
        life.failure = number.is_multiple_of(100).then_some(Failure::Reset);
    }
    let claims = [(
        "coroutines answer at least 500 a second",
        "throughput >= 500",
    )];
    let title = "Waiting is free, if you let go";
    assert_snapshot!(card_of(title, &[&coroutine], &claims, |recording| {
        let last = recording.samples.last_mut().unwrap();
        last.workers[0].counters = vec![(1_493, 700)];
        recording.unreadable = 1;
    }));
}

#[test]
fn an_interrupted_run_of_which_one_variant_was_never_played() {
    let mut sync = Synthetic::io_bound(Sync);
    let window = sync.window.as_mut().unwrap();
    window.end = Stamp(2_500 * MS);
    let end = window.end.0;
    sync.interrupted = true;
    sync.lives.retain(|life: &RequestLife| life.due < end);
    let coroutine = Synthetic::io_bound(Coroutine);
    let claims = [(
        "coroutines answer at least 25 times as many",
        "coroutine.throughput >= 25 * sync.throughput",
    )];
    let plan = plan(
        "Waiting is free, if you let go",
        &[&sync, &coroutine],
        &claims,
    );
    let runs = vec![summarise(&sync.recording())];
    let summary = Summary::of(&plan, machine(2), runs);
    assert_snapshot!(both(&plan, &summary));
}

#[test]
fn a_long_name_has_a_line_of_its_own_and_nothing_played_is_reported() {
    let mut sync = Synthetic::io_bound(Sync);
    sync.variant = "a_name_of_thirty_two_characters_".into();
    let printed = card_of("Names", &[&sync], &[], as_it_is);
    assert!(
        printed.contains("\na_name_of_thirty_two_characters_\n    "),
        "{printed}"
    );
    let plan = plan("Nothing", &[&sync], &[]);
    let summary = Summary::of(&plan, machine(2), Vec::new());
    let printed = both(&plan, &summary);
    assert!(
        printed.contains("trust        nothing was played"),
        "{printed}"
    );
}

/// Returns the number of occurrences of some words.
fn count(text: &str, words: &str) -> usize {
    text.matches(words).count()
}

#[test]
fn a_reason_to_doubt_runs_is_reported_once_however_many_variants_and_claims_it_is_about() {
    let (mut sync, mut coroutine) = (
        Synthetic::three_requests(Sync),
        Synthetic::three_requests(Coroutine),
    );
    for run in [&mut sync, &mut coroutine] {
        // The number is not the file's.
        run.scenario.load.requests = None;
    }
    let claims = [
        (
            "one after the other takes 4.2 s",
            "sync.window ~= 4.2s +- 3%",
        ),
        ("overlapping takes 1.8 s", "coroutine.window ~= 1.8s +- 3%"),
    ];
    let runs = [&sync, &coroutine];
    let printed = card_of("Three requests", &runs, &claims, as_it_is);
    let (short, full) = printed.split_once("======== in full").unwrap();
    assert_eq!(count(short, "3 requests are few"), 1, "{short}");
    assert_eq!(count(full, "3 requests are few"), 1, "{full}");
    assert!(short.contains("rough: sync and coroutine: 3 requests are few"));
}

#[test]
fn runs_whose_file_sets_few_requests_are_an_illustration_on_the_card_and_no_doubt_is_cast_on_them()
{
    let both = [Sync, Coroutine].map(Synthetic::three_requests);
    let printed = card_of("Three requests", &[&both[0], &both[1]], &[], as_it_is);
    let (short, full) = printed.split_once("======== in full").unwrap();
    for card in [short, full] {
        let note = "trust        an illustration: the file sets 3 requests\n";
        assert_eq!(count(card, note), 1, "{card}");
        assert!(!card.contains("requests are few"), "{card}");
    }
}

#[test]
fn a_run_without_doubt_beside_an_illustration_is_named_by_its_variant() {
    let (few, enough) = (
        Synthetic::three_requests(Sync),
        Synthetic::io_bound(Coroutine),
    );
    let printed = card_of("Few and enough", &[&few, &enough], &[], as_it_is);
    let (short, full) = printed.split_once("======== in full").unwrap();
    let note = "trust        sync: an illustration: the file sets 3 requests\n";
    assert!(short.contains(note) && full.contains(note), "{printed}");
    assert!(full.contains("             ok: coroutine\n"), "{full}");
}

#[test]
fn in_place_of_a_p99_stands_the_highest_percentile_that_the_requests_allow_with_its_name() {
    let sync = Synthetic::three_requests(Sync);
    let printed = card_of("Three requests", &[&sync], &[], as_it_is);
    assert!(printed.contains(" max 4.20 s\n"), "{printed}");
    let sync = Synthetic::io_bound(Sync);
    let requests = summarise(&sync.recording()).due;
    assert!((20..200).contains(&requests), "{requests}");
    let printed = card_of("Sixty clients", &[&sync], &[], as_it_is);
    assert!(printed.contains(" p90 3.00 s"), "{printed}");
}

#[test]
fn a_ratio_says_what_is_divided_by_what() {
    use crate::table::quotient;
    let (sync, coroutine) = (Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine));
    let printed = card_of("Sixty clients", &[&sync, &coroutine], &[], as_it_is);
    let row = printed.lines().find(|line| line.contains('÷')).unwrap();
    let words: Vec<&str> = row.split_whitespace().collect();
    // 60 of 2 begun, 600 of 20 answers, 100 ms of 3 s.
    assert_eq!(
        words,
        ["coroutine", "÷", "sync", "30", "30", "1/30"],
        "{row}"
    );
    for (ratio, text) in [
        (29.94, "30"),
        (9.94, "9.9"),
        (1.004, "1.0"),
        (0.994, "0.99"),
        (0.5, "0.50"),
        (0.033, "1/30"),
    ] {
        assert_eq!(quotient(ratio), text);
    }
}

#[test]
fn variants_of_different_loads_have_no_common_heading_and_no_ratios() {
    use concsim_model::scenario::Arrivals;
    let (few, mut many) = (Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine));
    let Arrivals::Closed { clients, .. } = &mut many.scenario.load.arrivals else {
        panic!("a closed load");
    };
    *clients = 600;
    let printed = card_of("Sixty and six hundred", &[&few, &many], &[], as_it_is);
    let short = printed.split("========").next().unwrap();
    assert!(!short.contains('÷'), "{short}");
    let text =
        "Loads differ, so that no ratios are given: 60 clients in sync, 600 clients in coroutine.";
    let words: Vec<&str> = short.split_whitespace().collect();
    assert!(words.join(" ").contains(text), "{short}");
    assert!(
        short
            .lines()
            .any(|line| line.starts_with("2 workers; each request")),
        "{short}"
    );
}

#[test]
fn the_workers_of_the_card_are_those_of_the_run_and_not_of_the_file() {
    let mut sync = Synthetic::io_bound(Sync);
    sync.scenario.server.workers = 2;
    let plan = plan("Sixty clients", &[&sync], &[]);
    let mut run = summarise(&sync.recording());
    assert_eq!(
        (run.workers_at_once.least, run.workers_at_once.most),
        (2, 2)
    );
    let mut coroutine = summarise(&Synthetic::io_bound(Coroutine).recording());
    let of = |runs: &[&Run]| {
        let runs = runs.iter().copied().cloned().collect();
        both(&plan, &Summary::of(&plan, machine(2), runs))
    };
    let printed = of(&[&run, &coroutine]);
    assert!(printed.contains("60 clients, 2 workers;"), "{printed}");
    assert!(printed.contains("The same 2 processes."), "{printed}");
    run.workers_at_once.most = 3;
    let printed = of(&[&run, &coroutine]);
    assert!(printed.contains("60 clients, 2 to 3 workers;"), "{printed}");
    assert!(!printed.contains("The same"), "{printed}");
    // Workers that leave exactly at the end of the window were there all the time.
    let mut leaves = sync.recording();
    let mut last = leaves.samples.last().unwrap().clone();
    let window = leaves.header.window.unwrap();
    leaves.samples.retain(|sample| sample.at < window.end);
    (last.at, last.stage) = (window.end, Stage::Done);
    last.workers
        .iter_mut()
        .for_each(|it| it.phase = Phase::Gone);
    leaves.samples.push(last);
    let at_once = summarise(&leaves).workers_at_once;
    assert_eq!((at_once.least, at_once.most), (2, 2));
    // Runs also differ if one of their workers was replaced.
    run.workers_at_once.most = 2;
    coroutine.workers[0].respawns = 1;
    let printed = of(&[&run, &coroutine]);
    assert!(!printed.contains("The same"), "{printed}");
}

#[test]
fn a_percentile_that_is_patience_does_not_touch_the_mark_before_it() {
    // Five clients leave after 1.5 s each, none with an answer.
    let mut run = Synthetic::idle(Sync, 1);
    run.scenario.load.patience = Elapsed(1_500 * MS);
    run.lives = (0..300)
        .map(|number| RequestLife {
            due: 1_000 * MS + number * 10 * MS,
            door: 1_500 * MS,
            failure: Some(Failure::Timeout),
            ..RequestLife::default()
        })
        .collect();
    let printed = card_of("Dead work", &[&run], &[], as_it_is);
    assert!(printed.contains("≥ 1.5 s ¹ p95 ≥ 1.5 s ¹\n"), "{printed}");
}

#[test]
fn where_requests_failed_littles_law_is_not_set_against_answered_ones_alone() {
    let mut run = Synthetic::io_bound(Sync);
    let failed = RequestLife {
        due: 2_000 * MS,
        door: 3_000 * MS,
        failure: Some(Failure::Reset),
        ..RequestLife::default()
    };
    run.lives.push(failed);
    let printed = card_of("One is lost", &[&run], &[], as_it_is);
    let text =
        "little       X × R against N. sync: not compared, since N counts 1 failed request, X and";
    let lines = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(lines.contains(&line), "{printed}");
}

/// Two variants of 60 clients and 2 sync workers: latencies of 3 s are long compared with a warm-up of 1 s.
#[test]
fn a_sentence_about_several_variants_is_printed_once_with_all_names() {
    let one = Synthetic::io_bound(Sync);
    let mut same = Synthetic::io_bound(Sync);
    same.variant = "again".into();
    let printed = card_of("Twice the same", &[&one, &same], &[], as_it_is);
    let words = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    let remark = "The warm-up of 1.00 s is short for latencies of up to 3.00 s.";
    for text in [remark, " process switches a request"] {
        assert_eq!(words.matches(text).count(), 1, "{text}: {printed}");
    }
    assert!(
        words.contains(&format!("note sync and again: {remark}")),
        "{printed}"
    );
}
