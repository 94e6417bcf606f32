//! `concsim parity`: predicts and plays scenarios, and prints the errors of the predictions as a table.

use std::path::PathBuf;
use std::process::ExitCode;

use super::colour::Colour;
use super::prediction::{self, PredictionOutcome};
use super::repeat::RepeatArgs;
use super::talk;
use concsim_lab::parity::{self, CASES, Case, Trial};
use concsim_model::scenario::Plan;
use concsim_report::parity::markdown;

/// Plays scenarios with blind predictions, and prints the table of their errors.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim calibrate && concsim parity > table.md")]
pub struct Args {
    /// Part of the names of scenarios to play; by default all are played
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Print the table of predictions that `--json` wrote, and play nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenarios", "json", "repeat", "until"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    repeats: RepeatArgs,
    /// Print all predictions as JSON alone on standard output
    #[arg(long)]
    json: bool,
}

/// Predicts and plays each scenario, and prints the table.
///
/// # Errors
/// A system limit that is too low for a run.
pub fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    if let Some(file) = &args.from {
        talk::print(&markdown(&parity::stored_rows(file)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = |case: &&Case| {
        args.scenarios.is_empty()
            || args
                .scenarios
                .iter()
                .any(|part| case.name.contains(part.as_str()))
    };
    let cases: Vec<&'static Case> = CASES.iter().filter(wanted).collect();
    if cases.is_empty() {
        let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        talk::print_message(format_args!(
            "no scenario has this name; the names are {}",
            names.join("; ")
        ));
        return Ok(ExitCode::from(2));
    }
    let mut trials = Vec::new();
    for case in cases {
        let plan = parity::plan_of(case);
        let wanted = match args.repeats.wanted(&plan) {
            Ok(wanted) => wanted,
            Err(unknown) => {
                talk::print_message(unknown);
                return Ok(ExitCode::from(2));
            }
        };
        let (repetition, numbers) =
            wanted.map_or((None, Vec::new()), |it| (Some(it.repetition), it.numbers));
        trials.push(Trial {
            case,
            plan,
            repetition,
            numbers,
        });
    }
    let plans: Vec<&Plan> = trials.iter().map(|it| &it.plan).collect();
    let PredictionOutcome::Predictable(predictor) = prediction::predictor(None, &plans, colour)?
    else {
        return Ok(ExitCode::from(2));
    };
    let rows = parity::play_all(&trials, predictor)?;
    let text = if args.json {
        parity::json(&rows)? + "\n"
    } else {
        markdown(&rows)
    };
    talk::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
