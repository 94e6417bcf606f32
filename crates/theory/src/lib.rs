//! Closed forms of queueing theory, for comparison with measured and simulated numbers.
//!
//! Numbers from this crate are *computed*, and always labelled so. Each formula is checked against values of
//! the literature. The crate uses scenarios and is independent of the engines.
//!
//! `forecast` and `bounds` begin from a scenario; `answer` names the numbers of a model. The other modules are the models of `concsim theory` and
//! begin from numbers: pure functions, without clock, file or randomness.

pub mod answer;
pub mod attempt;
mod birth_death;
pub mod bounds;
pub mod closed;
pub mod demand;
pub mod forecast;
pub mod little;
pub mod open;
pub mod quantile;
pub mod queues;
pub mod speedup;
pub mod tokens;
pub mod usl;

/// Fails unless a number is the expected one within half a unit of the last given `digit`.
#[cfg(test)]
#[track_caller]
fn close(found: f64, expected: f64, digit: f64) {
    // The expected number may itself be rounded from just beside the middle.
    let is_close = (found - expected).abs() <= 0.5005 * digit;
    assert!(is_close, "{found} instead of {expected}");
}

#[cfg(test)]
fn scenario(text: &str) -> concsim_model::scenario::Scenario {
    use concsim_model::scenario::{Overrides, read};
    let plan = read(text, "scenario.toml", &Overrides::default());
    plan.expect("a valid text").variants.remove(0).scenario
}
