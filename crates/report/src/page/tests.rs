//! Tests of the page, with made-up runs.

use concsim_model::scenario::{Plan, WorkerKind};
use concsim_record::summary::{Summary, summarise};
use concsim_record::synthetic::{self, Synthetic};

use super::*;
use concsim_record::caveat::FEW_SAMPLES;
use concsim_record::trust::Reason;

/// A made-up plan with its summary.
struct TestRun {
    plan: Plan,
    summary: Summary,
}

fn two_kinds(title: &str) -> TestRun {
    let [sync, coroutine] = [WorkerKind::Sync, WorkerKind::Coroutine].map(Synthetic::io_bound);
    let claims = [(
        "Coroutines answer more",
        "coroutine.throughput >= 2 * sync.throughput",
    )];
    let plan = synthetic::plan(title, &[&sync, &coroutine], &claims);
    let recordings = [sync.recording(), coroutine.recording()];
    let runs = recordings.iter().map(summarise).collect();
    let summary = Summary::of(&plan, recordings[0].header.machine.clone(), runs);
    TestRun { plan, summary }
}

fn written(run: &TestRun, figures: Vec<Figure>) -> String {
    page(&Page {
        title: &run.plan.title,
        version: "0.0.0",
        plays: vec![Play {
            name: String::new(),
            plan: &run.plan,
            summary: run.summary.clone(),
            losses: Vec::new(),
            lanes: None,
        }],
        figures: vec![Group {
            of: String::new(),
            figures,
        }],
        figure_sheet: String::new(),
    })
}

fn figure(words: &str) -> Figure {
    Figure {
        name: "boxes",
        description: "What it shows",
        svgs: [const { String::new() }; 2],
        widest: None,
        heads: vec!["label".into()],
        rows: vec![vec![words.into()]; 201],
        csv: words.into(),
    }
}

/// Returns the text between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).map_or("", |(_, rest)| rest);
    rest.split_once(to).map_or("", |(inside, _)| inside)
}

#[test]
fn a_page_tells_what_was_played_what_came_out_and_whether_to_believe_it() {
    let page = written(&two_kinds("Waiting is free"), vec![figure("a row")]);
    let body = between(&page, "<body>", "<script>").replace("><", ">\n<");
    insta::assert_snapshot!(body);
}

#[test]
fn the_policy_allows_the_sheet_and_the_script_that_are_there_and_nothing_else() {
    let page = written(&two_kinds("Waiting is free"), Vec::new());
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\">");
    for (kind, inside) in [
        ("style", between(&page, "<style>", "</style>")),
        ("script", between(&page, "<script>", "</script>")),
    ] {
        let hash = BASE64.encode(Sha256::digest(inside));
        assert!(
            policy.contains(&format!("{kind}-src 'sha256-{hash}'")),
            "{policy}"
        );
    }
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    for outside in ["http:", "https:", "//"] {
        let body = between(&page, "<body>", "<script>");
        assert!(!body.contains(outside), "{outside}");
    }
}

#[test]
fn hostile_words_stay_words() {
    let long = "x".repeat(10_000);
    for words in [
        "</style><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</title></svg>]]>&amp;'",
        "\u{202e}detrevni \u{1f600}",
        "\u{1b}]0;a title\u{7}\u{9b}31m\u{2066}",
        long.as_str(),
    ] {
        let mut run = two_kinds(words);
        run.plan.about = Some(words.into());
        run.plan.file = words.into();
        run.plan.text = words.into();
        run.plan.settings = vec!["--set".into(), words.into()];
        for (variant, run) in run.plan.variants.iter_mut().zip(&mut run.summary.runs) {
            variant.name = words.into();
            run.variant = words.into();
        }
        let page = written(&run, vec![figure(words)]);
        assert_eq!(page.matches("<script").count(), 1, "{words}");
        assert_eq!(page.matches("<style").count(), 1, "{words}");
        assert!(!page.contains("<img"), "{words}");
        let acts = ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}', '\u{2066}'];
        assert!(!page.contains(acts), "{words:?}");
    }
}

#[test]
fn doubts_interruptions_and_failures_come_before_any_number() {
    let mut run = two_kinds("Doubtful");
    run.summary.runs[0].trust = Trust::ProvesNothing;
    run.summary.runs[0].failed.timeout = 7;
    run.summary.runs[1].interrupted = true;
    let page = written(&run, Vec::new());
    let before = between(&page, "<section id=\"run-1\">", "<h2>Results");
    for text in [
        "sync: proves nothing",
        "coroutine: interrupted",
        "7 without answer in time",
    ] {
        assert!(before.contains(text), "{text} in {before}");
    }
}

#[test]
fn a_run_of_which_nothing_was_played_has_a_page_that_says_so() {
    let mut run = two_kinds("Nothing");
    run.summary.runs.clear();
    let page = written(&run, Vec::new());
    assert!(page.contains("Nothing was played to its end."));
}

#[test]
fn the_command_that_plays_it_again_says_all_that_was_said() {
    let mut run = two_kinds("Again");
    run.plan.settings = [
        "--set",
        "requests.a.steps=compute 1ms, call b 9ms",
        "--seed",
        "7",
    ]
    .map(Into::into)
    .to_vec();
    let page = written(&run, Vec::new());
    assert!(
        page.contains(
            "concsim run ./made_up.toml --set 'requests.a.steps=compute 1ms, call b 9ms' --seed 7"
        ),
        "{page}"
    );
}

#[test]
fn the_claim_and_the_lanes_come_before_all_words_about_a_run() {
    let run = two_kinds("Waiting is free");
    let page = page(&Page {
        title: &run.plan.title,
        version: "0.0.0",
        plays: vec![Play {
            name: String::new(),
            plan: &run.plan,
            summary: run.summary.clone(),
            losses: Vec::new(),
            lanes: Some(Figure {
                description: "Who runs when: each request",
                ..figure("a lane")
            }),
        }],
        figures: Vec::new(),
        figure_sheet: String::new(),
    });
    let place = |words: &str| page.find(words).unwrap_or_else(|| panic!("no {words}"));
    let places = [
        place("<h1>Waiting is free"),
        place("1 of 1 claim holds"),
        place("<h2>Who runs when</h2>"),
        place("<h2>Results"),
    ];
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn a_run_whose_file_asks_for_few_requests_is_an_illustration_and_no_alert() {
    let mut run = two_kinds("Few");
    let few = Reason {
        code: FEW_SAMPLES,
        sentence: "3 requests are few".into(),
        remedy: "",
        trust: Trust::Rough,
    };
    for (variant, run) in run.plan.variants.iter_mut().zip(&mut run.summary.runs) {
        variant.scenario.load.requests = Some(3);
        run.due = 3;
        run.trust = Trust::Rough;
        run.because = vec![few.clone()];
    }
    let page = written(&run, Vec::new());
    assert_eq!(
        page.matches("An illustration: the file sets 3 requests.")
            .count(),
        1
    );
    let trust = between(&page, "<h2>Trust</h2>", "<details");
    assert_eq!(trust, "<p>an illustration: the file sets 3 requests.</p>");
    let before = between(&page, "<section id=\"run-1\">", "<h2>Trust");
    assert!(
        !before.contains("alert") && !before.contains("rough"),
        "{before}"
    );
}

#[test]
fn claims_that_no_run_decides_are_counted_as_not_judged() {
    let mut run = two_kinds("Twice the same");
    run.summary.expect[0].verdict = Verdict::NotJudged;
    let page = written(&run, Vec::new());
    assert!(
        page.contains("0 of 1 claim hold, 1 is not judged; they are listed below."),
        "{page}"
    );
}

#[test]
fn the_name_of_a_variant_gets_no_capital_letter() {
    let plan = two_kinds("Waiting is free").plan;
    let of = |words: &str| sentence_of(words, &plan);
    assert_eq!(of("sync: compute 1ms"), "sync: compute 1ms.");
    assert_eq!(of("sync reaches 21 %."), "sync reaches 21 %.");
    assert_eq!(of("synchronous work"), "Synchronous work.");
    assert_eq!(of("60 clients"), "60 clients.");
}

#[test]
fn variants_with_as_few_requests_are_named_together() {
    let mut run = two_kinds("Few");
    for run in &mut run.summary.runs {
        run.latency_ms.p99 = None;
        run.due = 485;
    }
    let page = written(&run, Vec::new());
    assert!(
        page.contains("is shown. sync and coroutine: 485 requests. "),
        "{page}"
    );
}
