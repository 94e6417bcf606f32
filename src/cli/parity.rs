//! `concsim parity`: predicts and plays scenarios, and prints the errors of the predictions as a table; or plays them
//! on another server beside concsim's own, and prints the differences.

use std::path::PathBuf;
use std::process::ExitCode;

use super::colour::Colour;
use super::prediction::{self, PredictionOutcome};
use super::repeat::RepeatArgs;
use super::talk;
use concsim_lab::parity::{self, CASES, Case, Trial};
use concsim_lab::repeats::Repetition;
use concsim_lab::server_parity::{self, CLASSES, ServerCase};
use concsim_model::scenario::Plan;
use concsim_model::scenario::command::KNOWN;
use concsim_report::parity::markdown;
use concsim_report::server_parity as tables;

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
    /// Play the scenarios on this server, too, which must be installed, and print its differences from concsim's own:
    /// gunicorn
    #[arg(long, value_name = "NAME", value_parser = KNOWN.map(|(name, _)| name), conflicts_with_all = ["from", "until"])]
    server: Option<String>,
    /// Class of that server's workers to play; repeatable; by default sync, gthread, gevent and tornado
    #[arg(long, value_name = "CLASS", requires = "server", value_parser = CLASSES.map(|(class, _)| class))]
    worker_class: Vec<String>,
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
    if let Some(server) = &args.server {
        return beside(server, args);
    }
    let cases: Vec<&'static Case> = CASES.iter().filter(|it| args.wants(it.name)).collect();
    if cases.is_empty() {
        return Ok(no_such_scenario(CASES.map(|case| case.name)));
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

impl Args {
    /// True if a scenario of this name is to be played.
    fn wants(&self, name: &str) -> bool {
        let mut parts = self.scenarios.iter();
        self.scenarios.is_empty() || parts.any(|part| name.contains(part.as_str()))
    }
}

fn no_such_scenario<const N: usize>(names: [&str; N]) -> ExitCode {
    talk::print_message(format_args!(
        "no scenario has this name; the names are {}",
        names.join("; ")
    ));
    ExitCode::from(2)
}

/// Plays each scenario on both servers, and prints the table of their differences.
fn beside(server: &str, args: &Args) -> anyhow::Result<ExitCode> {
    let cases = server_parity::CASES.iter();
    let cases: Vec<&ServerCase> = cases.filter(|it| args.wants(it.name)).collect();
    if cases.is_empty() {
        let names = server_parity::CASES.each_ref().map(|case| case.name);
        return Ok(no_such_scenario(names));
    }
    let wants =
        |class: &str| args.worker_class.is_empty() || args.worker_class.contains(&class.into());
    let classes: Vec<_> = CLASSES
        .into_iter()
        .filter(|(class, _)| wants(class))
        .collect();
    let repeats = match args.repeats.repetition() {
        Some(Repetition::Count(count)) => count,
        Some(Repetition::Until(_)) | None => 1,
    };
    let rows = server_parity::play_all(server, &cases, &classes, repeats)?;
    let text = if args.json {
        server_parity::json(server, &rows)? + "\n"
    } else {
        tables::markdown(server, &rows)
    };
    talk::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
