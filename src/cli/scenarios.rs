//! `concsim scenarios`: the scenarios, with the claim and the length of each.

use std::fs;
use std::process::ExitCode;

use super::talk;
use concsim_lab::length::seconds_of;
use concsim_model::scenario::{self, Overrides, Plan, builtin};

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

/// A scenario that can be played by its name.
#[derive(Debug)]
pub struct Known {
    /// `io_bound`
    pub name: String,
    /// Its plan; `None`: its file has mistakes.
    pub plan: Option<Plan>,
}

/// Returns the built-in scenarios in teaching order, then those of `./scenarios`, which replace built-in
/// ones of the same name.
#[must_use]
pub fn known() -> Vec<Known> {
    let mut known: Vec<(String, String)> = builtin::all()
        .iter()
        .map(|built_in| (built_in.name.to_owned(), built_in.text.to_owned()))
        .collect();
    for (name, text) in of_the_folder() {
        match known.iter_mut().find(|(known, _)| *known == name) {
            Some(place) => place.1 = text,
            None => known.push((name, text)),
        }
    }
    let read = |(name, text): (String, String)| {
        let plan = scenario::read(&text, &name, &Overrides::default()).ok();
        Known { name, plan }
    };
    known.into_iter().map(read).collect()
}

/// Returns names and texts of the files in `./scenarios`, sorted by name.
fn of_the_folder() -> Vec<(String, String)> {
    let Ok(files) = fs::read_dir("scenarios") else {
        return Vec::new();
    };
    let mut found: Vec<(String, String)> = files
        .filter_map(|file| {
            let path = file.ok()?.path();
            let name = path
                .file_name()?
                .to_str()?
                .strip_suffix(".toml")?
                .to_owned();
            Some((name, fs::read_to_string(path).ok()?))
        })
        .collect();
    found.sort();
    found
}

/// Returns one line for each, and the commands to go on with.
#[must_use]
pub fn listed(known: &[Known]) -> String {
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

    #[test]
    fn every_built_in_scenario_is_played_within_half_a_minute() {
        for one in known() {
            let plan = one.plan.expect("built-in scenarios are valid");
            let seconds: f64 = plan
                .variants
                .iter()
                .map(|one| seconds_of(&one.scenario))
                .sum();
            assert!(
                (1.0..=25.0).contains(&seconds),
                "{} takes {seconds} s",
                one.name
            );
        }
    }

    #[test]
    fn three_requests_take_as_long_as_one_worker_needs_for_them() {
        let built_in = builtin::find("three_requests").expect("it is built in");
        let plan = scenario::read(built_in.text, "x", &Overrides::default()).expect("it is valid");
        assert_eq!(takes(&plan), "6 s");
    }
}
