//! Whole files: their plans, and the messages about bad ones.

mod bad_input;
mod jobs;
mod precedence;
mod trace;

use super::{Engine, Overrides, Plan, Problems, read};

/// A scenario without a mistake, to be spoilt.
const GOOD: &str = r#"
[server]
kind = ["sync", "coroutine"]
[requests.profile]
steps = ["compute 1ms", "call billing 99ms"]
[load]
clients = 60
"#;

fn read_alone(text: &str) -> Result<Plan, Problems> {
    read(text, "some.toml", &Overrides::default())
}

/// Returns the plan, with `--set` for each of `set` and `--variant` for each of `variants`.
fn read_with(text: &str, set: &[&str], variants: &[&str]) -> Result<Plan, Problems> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let overrides = Overrides {
        set: owned(set),
        variants: owned(variants),
        ..Overrides::default()
    };
    read(text, "some.toml", &overrides)
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.variants
        .iter()
        .map(|variant| variant.name.as_str())
        .collect()
}

/// Returns the messages about a text with mistakes.
fn wrong(text: &str) -> String {
    match read_alone(text) {
        Ok(plan) => panic!("this should be wrong, and is {plan:#?}"),
        Err(problems) => problems.to_string(),
    }
}
