//! `concsim scenarios`: the scenarios, with the claim and the length of each.

use std::process::ExitCode;

use super::talk;
use concsim_lab::length::seconds_of;
use concsim_lab::library::{KnownScenario, known};
use concsim_model::scenario::Plan;

/// Lists the scenarios with the claim and the length of each.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim scenarios")]
pub struct Args {}

/// Lists the files of `./scenarios` and the other built-in scenarios.
///
/// # Errors
/// Standard output that cannot be written.
pub fn run(_: &Args) -> anyhow::Result<ExitCode> {
    talk::print(&listed(&known()))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns one line for each, and the commands to go on with.
#[must_use]
pub fn listed(known: &[KnownScenario]) -> String {
    let width = known.iter().map(|one| one.name.len()).max().unwrap_or(0);
    let mut lines: Vec<String> = known
        .iter()
        .map(|one| match &one.plan {
            Some(plan) => format!("  {:width$}  {:>5}  {}", one.name, takes(plan), plan.title),
            None => format!(
                "  {:width$}         has mistakes: concsim check scenarios/{}.toml",
                one.name, one.name
            ),
        })
        .collect();
    lines.push(String::new());
    lines.push("Play one: concsim run io_bound".to_owned());
    lines.push("Write your own: concsim new mine.toml".to_owned());
    lines.join("\n") + "\n"
}

/// Returns the approximate length of a plan: `17 s`.
#[must_use]
pub fn takes(plan: &Plan) -> String {
    let seconds: f64 = plan
        .variants
        .iter()
        .map(|one| seconds_of(&one.scenario))
        .sum();
    format!("{:.0} s", seconds.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::scenario::{self, Overrides, builtin};

    #[test]
    fn every_variant_of_a_built_in_scenario_is_played_within_half_a_minute() {
        for one in known() {
            let plan = one.plan.expect("built-in scenarios are valid");
            let seconds = plan.variants.iter().map(|one| seconds_of(&one.scenario));
            let longest = seconds.fold(0.0, f64::max);
            assert!((0.5..=30.0).contains(&longest), "{}: {longest} s", one.name);
        }
    }

    #[test]
    fn three_requests_take_as_long_as_one_worker_needs_for_them() {
        let built_in = builtin::find("three_requests").expect("it is built in");
        let plan = scenario::read(built_in.text, "x", &Overrides::default()).expect("it is valid");
        assert_eq!(takes(&plan), "6 s");
    }
}
