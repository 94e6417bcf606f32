//! Every mistake is reported in one go, with its line, the legal values, and a hint.

use proptest::prelude::*;

use super::*;

/// Compares the messages about each text with a snapshot.
macro_rules! said_of {
    ($($name:ident: $text:expr;)*) => {
        $(
            #[test]
            fn $name() {
                insta::assert_snapshot!(wrong($text));
            }
        )*
    };
}

said_of! {
    an_empty_file: "";
    a_text_that_is_no_toml: "Dear computer,\nplease play sixty clients\n[server\nworkers = = 2\n";
    keys_that_do_not_exist: r#"
titel = "x"
[server]
kinds = "sync"
wokers = 2
[request.profile]
steps = []
[requests.profile]
step = ["compute 1ms"]
steps = []
[load]
clients = 60
ramp_up = "1s"
"#;
    kinds_and_verbs_that_do_not_exist: r#"
[server]
kind = "corutine"
[requests.profile]
steps = ["compte 1ms", "call billing", "compute 1ms in slice of 1us", "sleep 9ms unpached", 7]
[load]
clients = 60
connection = "keepalive"
"#;
    questions_that_cannot_be_asked: r#"
[server]
kind = ["sync", "coroutine"]
[requests.profile]
steps = ["compute 1ms"]
[load]
clients = 6
[[ask]]
before = "corotine"
question = "How many?"
measure = "coroutine.throughput / sync.latency.p99x"
choices = [["a", "..2"], ["b", "x..y"], ["c"], [1, 2]]
[[ask]]
question = "How long?"
measure = "coroutine.latency.p50"
choices = [["less than 2 ms", "..2"], ["more", "2ms.."]]
[[ask]]
question = "How long?"
measure = "coroutine.latency.p50 <"
choices = [["always", "..2ms"]]
[[ask]]
question = "How many?"
measure = "coroutine.throughput"
choices = [["few", "..20"], ["many", "10/s.."], ["none", "5..3"], ["any", ".."]]
[[ask]]
chioces = 3
"#;
    wrong_units: r#"
duration = 5
[server]
keepalive = "2 sec"
timeout = "1s"
[requests.profile]
steps = ["compute 99", "call billing 99sec", "write 16kb", "sleep lognormal(9ms, p98 4ms)"]
[load]
rate = "200/day"
patience = "soon"
"#;
    negative_and_absurd_numbers: r#"
seed = -1
duration = "-5s"
[server]
workers = 100000
connections = 0
backlog = 99999999999999999999999999
[requests.profile]
weight = -3
steps = ["compute -1ms", "sleep 9999999999999999999999s", "compute 2h", "write 9999GiB"]
[load]
clients = 1.5
requests = "7"
"#;
    clients_with_a_rate: r#"
[requests.profile]
steps = []
[load]
clients = 60
rate = "200/s"
"#;
    keys_of_the_other_sort_of_load: r#"
[requests.profile]
steps = []
[load]
rate = "200/s"
think = "5ms"
ramp = "1s"
"#;
    jobs_that_cannot_be_played: r#"
[requests.short]
steps = []
[requests.long]
steps = []
[load]
rate = "200/s"
ramp = "1s"
requests = 5
[[jobs]]
at = "0s"
class = "shrot"
[[jobs]]
class = "long"
count = 0
[[jobs]]
at = 3
class = "long"
wait = "1s"
[[jobs]]
at = "25h"
[[timeline]]
at = "1s"
do = "send long"
"#;
    jobs_that_are_none: "requests.it.steps = []\njobs = 3";
    two_lists: r#"
[server]
kind = ["sync", "coroutine"]
workers = [1, 2]
[requests.profile]
steps = []
[load]
clients = [3, 4]
"#;
    a_list_beside_variants: r#"
[server]
kind = ["sync", "coroutine"]
[requests.profile]
steps = []
[load]
clients = 60
[[variants]]
name = "many"
server.workers = 60
"#;
    lists_where_nothing_can_vary: r#"
seed = [1, 2]
[server]
workers = []
[requests.profile]
steps = [["yield"]]
[load]
clients = 60
"#;
    variants_that_are_none: r#"
[requests.profile]
steps = []
[load]
clients = 60
[[variants]]
name = "one"
[[variants]]
name = "one"
seed = 4
server.workers = [1, 2]
[[variants]]
server.worker = 4
[[variants]]
name = "2fast"
server.kind = "cortine"
"#;
    bad_expressions: r#"
[server]
kind = ["sync", "coroutine"]
[requests.profile]
steps = []
[load]
clients = 60
[[expect]]
claim = "an unknown number"
that = "coroutine.thruput >= 25 * sync.throughput"
[[expect]]
claim = "no comparison"
that = "coroutine.throughput"
[[expect]]
claim = "an unknown variant"
that = "threads.throughput > 3/s"
[[expect]]
claim = "different things"
that = "sync.latency.p99 < 150"
[[expect]]
claim = "nothing"
[[expect]]
that = 5
"#;
    a_machine_that_is_none: r#"
[requests.profile]
steps = ["call billing 9ms in threads"]
[load]
clients = 60
[machine]
cores = 0
core = 64
scheduler = "fair"
slice = "1us"
efficiency = 0.01
request = 50
overshoot = ["p50 60us", "p40 90us"]
wake_up = ["3us"]
[[variants]]
name = "more"
machine.cores = 8
"#;
    timelines_that_cannot_be_played: r#"
warmup = "1s"
duration = "5s"
[requests.page]
steps = ["compute 1ms"]
[requests.hog]
weight = 0
steps = ["compute 1s"]
[load]
clients = 6
[[timeline]]
at = "3s"
do = "kil a worker"
[[timeline]]
at = 4
do = "set clients many"
caption = 5
[[timeline]]
at = "6s"
do = "set rate 400/s"
[[timeline]]
at = "1s"
do = "remove a worker"
[[timeline]]
do = "send hgo"
when = "3s"
[[timeline]]
at = "2 sec"
"#;
    a_timeline_that_is_none: r#"
timeline = "3s: reload"
[requests.page]
steps = []
[load]
rate = "5/s"
"#;
    a_timeline_that_fits_to_one_variant_alone: r#"
[requests.page]
steps = []
[[timeline]]
at = "1s"
do = "set clients 20"
[[variants]]
name = "open"
load.rate = "5/s"
[[variants]]
name = "closed"
load.clients = 5
"#;
    a_timeline_that_raises_the_rate_to_more_than_fits: r#"
duration = "1min"
[requests.page]
steps = []
[load]
rate = "5/s"
[[timeline]]
at = "10s"
do = "set rate 1000000/s"
"#;
    tables_that_are_none: r#"
server = "sync"
requests = 5
load = []
expect = 3
variants = "none"
"#;
    a_service_that_nobody_calls: r#"
[services.biling]
[requests.profile]
steps = ["call billing 9ms"]
[load]
clients = 60
"#;
    requests_that_are_none: r#"
[requests.profile]
weight = 0
[requests."two words"]
weight = 0
steps = "yield"
[load]
clients = 60
"#;
    arrivals_that_nobody_could_count: r#"
duration = "1h"
[requests.profile]
steps = []
[load]
rate = "1000000/s"
"#;
}

#[test]
fn mistakes_of_the_command_line_are_shown_where_they_are() {
    let set = [
        "server.kind",
        "server.wokers=4",
        "server.workers=many",
        "requests.profile.steps=compute 20ms, cal billing 80ms",
        "expect=3",
        ".=3",
    ];
    let problems = read_with(GOOD, &set, &["corotine"]).expect_err("it is wrong");
    insta::assert_snapshot!(problems);
}

#[test]
fn two_hundred_mistakes_are_reported_at_once() {
    let steps = "  \"compote 1ms\",\n".repeat(200);
    let text = format!("{GOOD}[requests.other]\nsteps = [\n{steps}]\n");
    let problems = read_alone(&text).expect_err("it is wrong");
    let begin = GOOD.lines().count() + 3;
    let lines: Vec<Option<usize>> = (begin..begin + 200).map(Some).collect();
    assert_eq!(problems.lines().collect::<Vec<_>>(), lines);
    assert_eq!(
        problems
            .to_string()
            .matches("did you mean `compute`?")
            .count(),
        200
    );
}

#[test]
fn twenty_thousand_mistakes_are_all_drawn() {
    // An algorithm of quadratic time takes minutes for these.
    let keys: Vec<String> = (0..20_000)
        .map(|key| format!("unknown_{key} = 1\n"))
        .collect();
    let problems = read_alone(&(keys.concat() + GOOD)).expect_err("it is wrong");
    let drawn = problems.to_string();
    for line in [1, 10_000, 20_000] {
        assert!(drawn.contains(&format!(":{line}:1\n")), "line {line}");
    }
    assert!(drawn.ends_with("20000 mistakes"));
}

#[test]
fn bytes_that_are_no_text_are_one_mistake() {
    let problems = crate::scenario::text_of(vec![b'a', 0xff], "some.toml").expect_err("no text");
    insta::assert_snapshot!(problems);
}

/// Returns near scenarios: lines of a valid one, some of them spoilt.
fn nearly() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        "[a-z0-9\"'~.\\[\\]{}(),= é]{0,12}",
        Just("[1, 2]".to_owned()),
        Just("\"99ms\"".to_owned()),
        Just("-1".to_owned()),
        Just("nan".to_owned()),
        Just("1e999".to_owned()),
        Just("{ a = [[[1]]] }".to_owned()),
        Just("1979-05-27".to_owned()),
        Just("[\"compute 1ms\", \"\\u0041\", 3]".to_owned()),
    ];
    let key = prop_oneof![
        Just("server.kind"),
        Just("server.workers"),
        Just("requests.a.steps"),
        Just("requests.a.weight"),
        Just("load.clients"),
        Just("load.rate"),
        Just("load.think"),
        Just("seed"),
        Just("warmup"),
        Just("[[variants]]\nname"),
        Just("[[expect]]\nthat"),
        Just("[services.b]\ncapacity"),
        Just("é"),
        Just("server"),
    ];
    let line = (key, value).prop_map(|(key, value)| format!("{key} = {value}\n"));
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in "\\PC{0,200}") {
        if let Err(problems) = read_alone(&text) {
            prop_assert!(problems.count() > 0 && !problems.to_string().is_empty());
        }
    }

    #[test]
    fn nothing_that_is_nearly_a_scenario_makes_reading_panic(text in nearly(), set in "[a-z.=\\[\\]{}\", é0-9]{0,20}") {
        for set in [&[][..], &[set.as_str()]] {
            if let Err(problems) = read_with(&text, set, &[]) {
                prop_assert!(problems.count() > 0 && !problems.render(true).is_empty());
            }
        }
    }

    #[test]
    fn a_scenario_with_some_bytes_changed_never_makes_reading_panic(
        changes in prop::collection::vec((0..400_usize, any::<char>()), 1..6)
    ) {
        let mut text: Vec<char> = crate::scenario::builtin::all()[4].text.chars().collect();
        for (at, character) in changes {
            let at = at % text.len();
            text[at] = character;
        }
        let text: String = text.into_iter().collect();
        if let Err(problems) = read_alone(&text) {
            prop_assert!(!problems.to_string().is_empty());
        }
    }
}

#[test]
fn features_that_real_processes_lack_are_refused_there() {
    let text = r#"
[server]
max_requests = 100
[services.billing]
capacity = 5
[requests.profile]
steps = ["call billing 9ms"]
[load]
clients = 60
[[variants]]
name = "sync"
server.workers = 2
[[variants]]
name = "coroutine"
server = { kind = "coroutine", accept = "blocking" }
"#;
    let read = |engine, variant: Option<&str>| {
        let overrides = Overrides {
            engine,
            variants: variant.map(str::to_owned).into_iter().collect(),
            ..Overrides::default()
        };
        read(text, "some.toml", &overrides)
    };
    let refused = read(Engine::Processes, None).expect_err("processes do not play it");
    insta::assert_snapshot!(refused);
    assert!(read(Engine::Processes, Some("sync")).is_ok());
    assert!(read(Engine::Simulation, None).is_ok() && read(Engine::Nobody, None).is_ok());
}
