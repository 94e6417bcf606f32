//! Precedence of file, then `--set`, then the variant; names of variants.

use super::*;
use crate::scenario::Intervention;
use crate::scenario::{Arrivals, Process, Warmup, WorkerKind};
use crate::units::Elapsed;

fn refused(text: &str, set: &[&str], variants: &[&str]) -> String {
    read_with(text, set, variants)
        .expect_err("it is refused")
        .to_string()
}

#[test]
fn the_example_of_the_format_is_a_whole_scenario() {
    let plan = read_alone(GOOD).expect("it is valid");
    assert_eq!(
        (plan.title.as_str(), names(&plan)),
        ("some", vec!["sync", "coroutine"])
    );
    let [sync, coroutine] = &plan.variants[..] else {
        panic!("two variants");
    };
    assert_eq!(sync.scenario.server.kind, WorkerKind::Sync);
    assert_eq!(coroutine.scenario.server.kind, WorkerKind::Coroutine);
    assert_eq!(sync.scenario.server.timeout, Some(Elapsed::from_secs(30)));
    assert_eq!(sync.scenario.warmup, Warmup::UntilEveryoneWasAnswered);
    assert_eq!(sync.scenario.requests, coroutine.scenario.requests);
}

#[test]
fn a_word_names_its_variant_and_any_other_value_needs_its_key() {
    for (line, expected) in [
        (
            "server.kind = [\"coroutine\", \"sync\"]",
            vec!["coroutine", "sync"],
        ),
        ("server.workers = [1, 4]", vec!["workers_1", "workers_4"]),
        (
            "server.workers = [2, \"cores\"]",
            vec!["workers_2", "cores"],
        ),
        (
            "server.keepalive = [\"0s\", \"1.5s\"]",
            vec!["keepalive_0s", "keepalive_1_5s"],
        ),
        (
            "load.connection = [\"per-request\", \"keep-alive\"]",
            vec!["per_request", "keep_alive"],
        ),
        (
            "requests.a.weight = [1, 0.5]",
            vec!["weight_1", "weight_0_5"],
        ),
        ("server.kind = \"coroutine\"", vec!["coroutine"]),
        ("", vec!["sync"]),
    ] {
        let clients = "load.clients = 1\nrequests.a.steps = []\n";
        let plan =
            read_alone(&format!("{clients}{line}")).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!(names(&plan), expected);
    }
}

#[test]
fn settings_of_the_command_line_override_the_file() {
    let set = [
        "server.workers=4",
        "requests.profile.steps=compute 20ms, call db lognormal(5ms, p99 9ms)",
        "load.think=~3ms",
        "server.accept=shared",
    ];
    let plan = read_with(GOOD, &set, &["coroutine"]).expect("it is valid");
    let scenario = &plan.variants[0].scenario;
    let script = &scenario.requests[0].script;
    let sentences: Vec<String> = script
        .iter()
        .map(|step| scenario.sentence(step).to_string())
        .collect();
    assert_eq!(
        (names(&plan), scenario.server.workers),
        (vec!["coroutine"], 4)
    );
    assert_eq!(
        sentences,
        ["compute 20ms", "call db lognormal(5ms, p99 9ms)"]
    );
}

#[test]
fn seed_duration_and_warm_up_have_options_of_their_own() {
    let overrides = Overrides {
        seed: Some(9),
        duration: Some("1.5s".into()),
        warmup: Some("0s".into()),
        ..Overrides::default()
    };
    let plan = read(GOOD, "some.toml", &overrides).expect("it is valid");
    let scenario = &plan.variants[0].scenario;
    assert_eq!(
        (scenario.seed, scenario.duration),
        (9, Elapsed::from_millis(1500))
    );
    assert_eq!(scenario.warmup, Warmup::For(Elapsed::ZERO));
}

#[test]
fn a_variant_is_laid_over_what_the_command_line_sets() {
    let text = format!(
        "{}[[variants]]\nname = \"many\"\nserver.workers = 60\n[[variants]]\nname = \"few\"\nload.clients = 2\n",
        GOOD.replace("[\"sync\", \"coroutine\"]", "\"sync\"")
    );
    let plan = read_with(&text, &["server.workers=3"], &[]).expect("it is valid");
    let workers: Vec<usize> = plan
        .variants
        .iter()
        .map(|one| one.scenario.server.workers)
        .collect();
    assert_eq!((names(&plan), workers), (vec!["many", "few"], vec![60, 3]));
}

#[test]
fn setting_what_every_played_variant_sets_is_refused() {
    let text = refused(GOOD, &["server.kind=sync"], &[]);
    assert!(text.contains("--variant: `sync` or `coroutine`"), "{text}");
    let line = refused(GOOD, &["server.kind=sync"], &["coroutine"]);
    assert!(line.contains("--variant: `coroutine`"), "{line}");
}

#[test]
fn a_list_from_the_command_line_takes_the_place_of_the_files() {
    let plan = read_with(GOOD, &["server.kind=[coroutine]"], &[]).expect("it is valid");
    assert_eq!(names(&plan), ["coroutine"]);
    let text = GOOD.replace("[\"sync\", \"coroutine\"]", "\"coroutine\"");
    let plan = read_with(&text, &["server.workers=[1,2,4]"], &["workers_2"]).expect("it is valid");
    assert_eq!(names(&plan), ["workers_2"]);
    let line = refused(GOOD, &["server.workers=[1,2]"], &[]);
    assert!(line.contains("already makes the variants"), "{line}");
}

#[test]
fn a_rate_laid_over_clients_takes_their_place() {
    let text = GOOD.replace("clients = 60", "clients = 60\nthink = \"5ms\"");
    let plan = read_with(&text, &["load.rate=50/s"], &[]).expect("it is valid");
    let open = Arrivals::Open {
        rate: 50.0,
        process: Process::Poisson,
    };
    for variant in &plan.variants {
        assert_eq!(variant.scenario.load.arrivals, open);
    }
    assert!(
        refused(
            &text,
            &["load.rate=50/s", "load.clients=3", "load.arrivals=constant"],
            &[]
        )
        .contains("load.arrivals")
    );
}

#[test]
fn a_run_that_counts_requests_has_no_warm_up_unless_it_is_given() {
    let counted = read_with(GOOD, &["load.requests=3"], &[]).expect("it is valid");
    assert_eq!(
        counted.variants[0].scenario.warmup,
        Warmup::For(Elapsed::ZERO)
    );
    let given = read_with(GOOD, &["load.requests=3", "warmup=2s"], &[]).expect("it is valid");
    assert_eq!(
        given.variants[0].scenario.warmup,
        Warmup::For(Elapsed::from_secs(2))
    );
}

#[test]
fn an_unknown_variant_is_refused_with_the_nearest() {
    let text = refused(GOOD, &[], &["corotine"]);
    assert!(text.contains("did you mean `coroutine`?"), "{text}");
}

const TIMED: &str = r#"
[requests.page]
steps = []
[load]
rate = "50/s"
[[timeline]]
at = "3s"
do = "set rate 90/s"
[[timeline]]
at = "1s"
do = "add a worker"
caption = "one more"
"#;

#[test]
fn cues_are_played_in_the_order_of_time() {
    let plan = read_alone(TIMED).unwrap();
    let events = &plan.variants[0].scenario.timeline;
    let interventions: Vec<_> = events.iter().map(|event| event.intervention).collect();
    assert_eq!(
        interventions,
        [Intervention::AddWorker, Intervention::SetRate(90.0)]
    );
    assert_eq!(events[0].caption.as_deref(), Some("one more"));
}

#[test]
fn the_timeline_of_a_variant_takes_the_place_of_the_files() {
    let variants = r#"
[[variants]]
name = "as_it_is"
server.workers = 2
[[variants]]
name = "other"
[[variants.timeline]]
at = "2s"
do = "reload"
[[variants]]
name = "none"
timeline = []
"#;
    let plan = read_alone(&format!("{TIMED}{variants}")).unwrap();
    let counts = plan.variants.iter().map(|it| it.scenario.timeline.len());
    assert_eq!(counts.collect::<Vec<_>>(), [2, 1, 0]);
}
