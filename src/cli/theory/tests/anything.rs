//! Any input gets a sound answer, or is refused with a reason.

use proptest::prelude::*;
use serde_json::Value;

use super::asked;

/// Checks that every null has a reason, and that every number is finite.
fn expect_sound(answer: &Value, place: &str, reasons: &Value) {
    match answer {
        Value::Null => {
            let why = reasons[place].as_str();
            let why = why.unwrap_or_else(|| panic!("no reason for {place}"));
            assert!(!why.contains("machine number"), "{place}: {why}");
        }
        Value::Array(rows) => {
            for (index, row) in rows.iter().enumerate() {
                expect_sound(row, &format!("{place}[{index}]"), reasons);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                expect_sound(member, &format!("{place}.{key}"), reasons);
            }
        }
        Value::Number(number) => {
            let number = number.as_f64().expect("a number");
            let may_be_negative = place.ends_with("residual") || place.ends_with("deviation");
            assert!(may_be_negative || number >= -1e-9, "{place}: {number}");
            let share = ["lost", "empty", "must_wait", "_within", "full"];
            let is_share = share.iter().any(|it| place.ends_with(it));
            assert!(!is_share || number <= 1.0 + 1e-9, "{place}: {number}");
        }
        Value::Bool(_) | Value::String(_) => {}
    }
}

/// Generates numbers evenly over orders of magnitude.
fn magnitude(from: f64, to: f64) -> impl Strategy<Value = f64> {
    (from..to).prop_map(|exponent| libm::pow(10.0, exponent))
}

fn rate() -> impl Strategy<Value = String> {
    let unit = prop::sample::select(vec!["", "/s", "/min", "/h", "/ms"]);
    (magnitude(-9.5, 9.5), unit).prop_map(|(number, unit)| format!("{number:e}{unit}"))
}

fn time() -> impl Strategy<Value = String> {
    let unit = prop::sample::select(vec!["ns", "us", "ms", "s", "min", "h"]);
    prop_oneof![
        9 => (magnitude(-6.0, 8.5), unit).prop_map(|(number, unit)| format!("{number:e}{unit}")),
        1 => Just("0".to_owned()),
    ]
}

fn count(most: f64) -> impl Strategy<Value = String> {
    magnitude(0.0, libm::log10(most)).prop_map(|number| format!("{number:.0}"))
}

fn noise() -> impl Strategy<Value = String> {
    "[-+0-9a-zA-Z.,=/% \u{b5}\u{1b}]{0,12}"
}

/// Generates mostly valid values, and sometimes anything.
fn mostly(value: impl Strategy<Value = String> + 'static) -> BoxedStrategy<String> {
    prop_oneof![30 => value, 1 => noise()].boxed()
}

/// Generates mostly `--name value`, and sometimes nothing.
fn option(
    name: &'static str,
    value: impl Strategy<Value = String> + 'static,
) -> BoxedStrategy<Vec<String>> {
    let given = mostly(value).prop_map(move |value| vec![format!("--{name}={value}")]);
    prop_oneof![30 => given, 1 => Just(Vec::new())].boxed()
}

/// Generates mostly nothing, and sometimes `--name value`.
fn seldom(
    name: &'static str,
    value: impl Strategy<Value = String> + 'static,
) -> BoxedStrategy<Vec<String>> {
    prop_oneof![1 => option(name, value), 2 => Just(Vec::new())].boxed()
}

fn several(
    name: &'static str,
    value: impl Strategy<Value = String> + 'static,
) -> BoxedStrategy<Vec<String>> {
    let values = prop::collection::vec(mostly(value), 0..4);
    let named = values.prop_map(move |values| {
        let named = values.into_iter().zip('a'..);
        let named = named
            .map(|(value, letter)| format!("--{name}={}", value.replace('@', &letter.to_string())));
        named.collect()
    });
    named.boxed()
}

fn class() -> impl Strategy<Value = String> {
    (time(), magnitude(-9.0, 9.0), magnitude(-3.0, 6.0)).prop_map(|(time, weight, variation)| {
        format!("@={time},weight={weight:e},squared-variation={variation:e}")
    })
}

fn station() -> impl Strategy<Value = String> {
    let servers = prop_oneof![
        count(300.0).prop_map(|servers| format!(",servers={servers}")),
        Just(",delay".to_owned()),
        Just(String::new()),
    ];
    (time(), magnitude(-6.0, 6.0), servers)
        .prop_map(|(time, visits, servers)| format!("@={time},visits={visits:e}{servers}"))
}

/// All options of a model.
type Options = Vec<BoxedStrategy<Vec<String>>>;

fn open(more: Options) -> Options {
    let mut options = vec![
        option("arrival-rate", rate()),
        option("service-time", time()),
        seldom("within", time()),
    ];
    options.extend(more);
    options
}

fn of_classes() -> Options {
    vec![option("arrival-rate", rate()), several("class", class())]
}

fn network(more: Options) -> Options {
    let mut options = vec![
        several("station", station()),
        option("clients", count(300.0)),
        seldom("think", time()),
    ];
    options.extend(more);
    options
}

fn server() -> Options {
    vec![
        option("workers", count(1e6)),
        option("cores", count(1e6)),
        option("compute", time()),
        option("wait", time()),
        seldom("clients", count(1e5)),
    ]
}

fn tokens() -> Options {
    let unlimited = Just("unlimited".to_owned());
    vec![
        option("arrival-rate", rate()),
        option("tokens", prop_oneof![9 => count(10.0), 1 => unlimited]),
        option("cores", count(20.0)),
        option("compute", time()),
        option("wait", time()),
    ]
}

/// Generates a model with its options, in wide ranges.
fn line() -> impl Strategy<Value = Vec<String>> {
    let number = |from, to| magnitude(from, to).prop_map(|number| number.to_string());
    let service = || option("service-time", time());
    let models = vec![
        ("mm1", open(vec![seldom("service-rate", rate())])),
        ("mmc", open(vec![option("servers", count(3_000.0))])),
        ("md1", open(Vec::new())),
        ("mg1", of_classes()),
        (
            "mg1",
            vec![
                option("arrival-rate", rate()),
                service(),
                option("squared-variation", number(-3.0, 6.0)),
            ],
        ),
        ("ps", of_classes()),
        (
            "ps",
            vec![
                option("arrival-rate", rate()),
                service(),
                option("cores", count(3_000.0)),
                several("size", time()),
            ],
        ),
        (
            "mmck",
            open(vec![
                option("servers", count(100.0)),
                option("places", count(3_000.0)),
            ]),
        ),
        ("closed", network(Vec::new())),
        ("bounds", network(vec![seldom("workers", count(1e6))])),
        ("bounds", server()),
        ("tokens", tokens()),
        (
            "amdahl",
            vec![
                option("serial", number(-9.0, 0.1)),
                several("processors", count(1e9)),
            ],
        ),
        (
            "little",
            vec![
                seldom("present", number(-9.0, 9.0)),
                option("throughput", rate()),
                option("response", time()),
            ],
        ),
    ];
    prop::sample::select(models).prop_flat_map(|(model, options)| {
        options.prop_map(move |options| {
            let words = options.into_iter().flatten();
            std::iter::once(model.to_owned()).chain(words).collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whatever_is_asked_is_answered_soundly_or_refused_with_a_reason(line in line()) {
        match asked(&line) {
            Ok(answer) => {
                for section in ["given", "results"] {
                    expect_sound(&answer[section], section, &answer["reasons"]);
                }
                let results = &answer["results"];
                let is_stable = results["utilisation"].as_f64().is_some_and(|it| it < 1.0 - 1e-9);
                let has_mean = results["response_mean_s"].is_number();
                prop_assert!(has_mean || !is_stable, "{answer:#}");
            }
            Err(wrong) => prop_assert!(!wrong.contains(" 0 mistakes") && !wrong.is_empty()),
        }
    }
}
