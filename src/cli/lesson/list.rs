//! The list of lessons: the scenarios that have questions, in teaching order.

use std::process::ExitCode;

use crate::cli::scenarios::takes;
use crate::cli::talk;
use concsim_lab::library::{KnownScenario, known};

/// Prints the list.
pub(super) fn run() -> anyhow::Result<ExitCode> {
    talk::print(&listed(&known()))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns a line for each lesson and each misconception that it confronts.
fn listed(known: &[KnownScenario]) -> String {
    let lessons = known.iter().filter_map(|one| {
        let plan = one.plan.as_ref()?;
        (!plan.questions.is_empty()).then_some((one.name.as_str(), plan))
    });
    let lessons: Vec<_> = lessons.collect();
    let width = lessons.iter().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or(0);
    let mut text = String::from("The belief that each lesson puts to the test:\n\n");
    for (name, plan) in lessons {
        let (mut name, mut length) = (name, takes(plan));
        for question in &plan.questions {
            let belief = question.misconception.as_deref();
            let belief = belief.unwrap_or(&question.question);
            let line = format!("  {name:width$}  {length:>5}  {belief}\n");
            text.push_str(&line);
            (name, length) = ("", String::new());
        }
    }
    text + "\nPlay one: concsim lesson io_bound\n\
            In virtual time, by lines alone: concsim lesson io_bound --sim --plain\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lessons_are_scenarios_with_questions_in_teaching_order() {
        let text = listed(&known());
        let at = |words: &str| {
            text.find(words)
                .unwrap_or_else(|| panic!("{words}: {text}"))
        };
        assert!(at("  io_bound") < at("  cpu_bound") && at("  cpu_bound") < at("  threads_gil"));
        assert!(at("that asynchronous means faster") < at("that more workers are always faster"));
        assert!(!text.contains("three_requests"), "it asks nothing");
    }
}
