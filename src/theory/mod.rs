//! What it should be: closed forms, to stand beside what was measured.
//!
//! A number from here is *computed*, and always said to be. Each formula is checked against values of
//! the literature. This room knows scenarios and nothing of how they are played.

pub mod bounds;
pub mod demand;
pub mod prediction;
pub mod queues;

#[cfg(test)]
fn scenario(text: &str) -> crate::scenario::Scenario {
    use crate::scenario::{Overrides, read};
    let plan = read(text, "scenario.toml", &Overrides::default());
    plan.expect("a valid text").variants.remove(0).scenario
}
