//! `concsim parity`: predicts and plays scenarios, and prints the errors of the predictions as a table.

use std::path::PathBuf;
use std::process::ExitCode;

use super::colour::Colour;
use super::prediction::{self, PredictionOutcome};
use super::talk;
use concsim_lab::parity::{self, CASES, Case};
use concsim_lab::repeats::plan_of;
use concsim_report::parity::markdown;

/// Plays scenarios with blind predictions, and prints the table of their errors.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim calibrate && concsim parity > table.md")]
pub struct Args {
    /// Part of the names of scenarios to play; by default all are played
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Print the table of predictions that `--json` wrote, and play nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenarios", "json"])]
    from: Option<PathBuf>,
    /// Number of repeats of each scenario, each with the next seed; errors get intervals of 95 %
    #[arg(long, value_name = "N", conflicts_with = "from", value_parser = clap::value_parser!(u32).range(2..=1_000))]
    repeat: Option<u32>,
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
    let cases: Vec<&Case> = CASES.iter().filter(wanted).collect();
    if cases.is_empty() {
        let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        talk::print_message(format_args!(
            "no scenario has this name; the names are {}",
            names.join("; ")
        ));
        return Ok(ExitCode::from(2));
    }
    let mut plans = Vec::new();
    let count = cases.len();
    for (number, case) in (1..).zip(cases) {
        talk::print_message(format_args!(
            "predicting {number} of {count}: {}",
            case.name
        ));
        let plan = parity::plan_of(case);
        let mut predictions = Vec::new();
        for repeat in 0..args.repeat.unwrap_or(1) as usize {
            let plan = plan_of(&plan, repeat);
            let PredictionOutcome::Predicted(of_it) = prediction::predict(None, &plan, colour)?
            else {
                return Ok(ExitCode::from(2));
            };
            predictions.push(of_it);
        }
        plans.push((case, plan, predictions));
    }
    let rows = parity::play_all(plans)?;
    let text = if args.json {
        parity::json(&rows)? + "\n"
    } else {
        markdown(&rows)
    };
    talk::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
