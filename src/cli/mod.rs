//! The command line, one file for each subcommand.

pub mod calibrate;
pub mod check;
pub mod colour;
pub mod compare;
pub mod completions;
pub mod demo;
pub mod display;
pub mod engine;
pub mod explain;
pub mod export;
pub mod failure;
pub mod figure;
pub mod figures;
mod foreign;
pub mod keyboard;
pub mod keys;
pub mod lesson;
pub mod load;
pub mod new;
pub mod parity;
pub mod prediction;
pub mod repeat;
pub mod replay;
pub mod report;
pub mod run;
pub mod runs;
pub mod scenarios;
pub mod schema;
pub mod serve;
pub mod sim;
pub mod source;
pub mod sweep;
pub mod talk;
pub mod theory;
mod watch;
pub mod watch_server;
pub mod welcome;

use std::process::ExitCode;

use clap::{ColorChoice, Parser, Subcommand};

use self::colour::Colour;
use concsim_driver::process;
use concsim_os::sys::signals;

/// See the difference between concurrency and parallelism: play a real pre-fork server under a
/// scripted load, and watch it.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Example: concsim run io_bound"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Use of colours; by default on a terminal, unless `NO_COLOR` is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a scenario with real processes, and watch it
    Run(run::Args),
    /// Play a scenario in virtual time, on any machine
    Sim(sim::Args),
    /// Play a lesson: predict, observe, explain
    Lesson(lesson::Args),
    /// List the scenarios, with the claim and the length of each
    Scenarios(scenarios::Args),
    /// Show a kept run: pause, step back, slow down
    Replay(replay::Args),
    /// List the kept runs, the newest first
    Runs(runs::Args),
    /// Compare two kept runs: their numbers side by side, and what differs in what was played
    Compare(compare::Args),
    /// Write a report of kept runs: one HTML page with results, explanations, figures and data
    Report(report::Args),
    /// Draw a figure of kept runs or of a sweep, and write its data beside it
    Figure(figure::Args),
    /// Explain a word, a number of the screen, a key of the scenario file, or a remark
    Explain(explain::Args),
    /// Export a kept run: screens (SVG, text, asciicast, film) or data (CSV, JSONL, Perfetto, HdrHistogram)
    Export(export::Args),
    /// Write a scenario to start from
    New(new::Args),
    /// Check scenario files: all mistakes of each, with their lines
    Check(check::Args),
    /// Play a scenario at every point of a grid, and write a table of the results
    Sweep(sweep::Args),
    /// Compute the prediction of a queueing model, of bounds or of a scaling law
    Theory(theory::Args),
    /// Serve a scenario without load, for any load generator
    Serve(serve::Args),
    /// Play the load of a scenario against any HTTP server
    Load(load::Args),
    /// Watch a server that runs already, of any program
    Watch(watch_server::Args),
    /// Show coroutines without a server: hand-overs and their cost, threads with a hub each
    Demo(demo::Args),
    /// Measure the costs of this machine, for simulations of it
    Calibrate(calibrate::Args),
    /// Measure the errors of blind simulations, as a table
    Parity(parity::Args),
    /// Draw all pictures of Markdown files again, by the commands above them
    Figures(figures::Args),
    /// Print the keys in force, as a file to start from
    Keys(keys::Args),
    /// Print the JSON Schema of scenario files, for editors
    Schema(schema::Args),
    /// Print completions for a shell
    Completions(completions::Args),
    #[command(name = "__arbiter", hide = true)]
    Arbiter(engine::Args),
    #[command(name = "__observer", hide = true)]
    Observer(engine::Args),
    #[command(name = "__keeper", hide = true)]
    RecordingWriter(engine::KeeperArgs),
    #[command(name = "__services", hide = true)]
    Services(engine::Args),
    #[command(name = "__load", hide = true)]
    LoadProcess(engine::Args),
}

impl Cli {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// A failed command; the exit status is then 1.
    pub fn dispatch(self) -> anyhow::Result<ExitCode> {
        let colour = Colour(self.color);
        signals::size_limit_is_an_error();
        signals::stop_ignoring_children();
        match self.command {
            None => welcome::run(colour),
            Some(Command::Run(args)) if args.watch => watch::run(&args, colour),
            Some(Command::Run(args)) => run::run(&args, colour),
            Some(Command::Sim(args)) => sim::run(&args, colour),
            Some(Command::Lesson(args)) => lesson::run(&args, colour),
            Some(Command::Sweep(args)) => sweep::run(&args, colour),
            Some(Command::Replay(args)) => replay::run(&args, colour),
            Some(Command::Runs(args)) => runs::run(&args),
            Some(Command::Compare(args)) => compare::run(&args),
            Some(Command::Figure(args)) => figure::run(&args),
            Some(Command::Figures(args)) => figures::run(&args),
            Some(Command::Report(args)) => report::run(&args),
            Some(Command::Explain(args)) => explain::run(&args),
            Some(Command::Export(args)) => export::run(&args),
            Some(Command::Load(args)) => load::load(&args, colour),
            Some(Command::Watch(args)) => watch_server::run(&args, colour),
            Some(Command::Serve(args)) => serve::serve(&args, colour),
            Some(Command::Demo(args)) => demo::run(&args),
            Some(Command::Calibrate(args)) => calibrate::run(&args),
            Some(Command::Parity(args)) => parity::run(&args, colour),
            Some(Command::Scenarios(args)) => scenarios::run(&args),
            Some(Command::New(args)) => new::run(&args),
            Some(Command::Check(args)) => check::run(&args, colour),
            Some(Command::Theory(args)) => theory::run(&args),
            Some(Command::Keys(args)) => keys::run(&args, colour),
            Some(Command::Schema(args)) => schema::run(&args),
            Some(Command::Completions(args)) => completions::run(&args),
            Some(Command::Arbiter(args)) => process::arbiter(&args.descriptors),
            Some(Command::Observer(args)) => process::observer(&args.descriptors),
            Some(Command::RecordingWriter(args)) => process::keeper(&args.modes),
            Some(Command::Services(args)) => process::services(&args.descriptors),
            Some(Command::LoadProcess(args)) => process::load(&args.descriptors),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Returns the command and all its subcommands, without the program's name.
    fn all(command: &clap::Command, above: &str) -> Vec<(String, clap::Command)> {
        let name = format!("{above} {}", command.get_name());
        let below = command.get_subcommands();
        let below = below.filter(|it| !it.is_hide_set() && it.get_name() != "help");
        let below: Vec<_> = below.flat_map(|it| all(it, &name)).collect();
        let own = (name.trim().to_owned(), command.clone());
        std::iter::once(own).chain(below).collect()
    }

    fn every_command() -> Vec<(String, clap::Command)> {
        let mut root = Cli::command();
        root.build();
        all(&root, "")
    }

    #[test]
    fn the_help_of_every_subcommand_has_an_example() {
        let commands = every_command();
        assert!(commands.len() > 30, "{}", commands.len());
        for (name, command) in commands {
            let help = command.get_after_help().map(ToString::to_string);
            assert!(
                help.is_some_and(|it| it.contains("Example: concsim ")),
                "{name}"
            );
        }
    }

    #[test]
    fn every_line_of_help_begins_with_a_noun_or_a_verb() {
        const AMBIGUOUS: [&str; 16] = [
            "What", "Who", "Whose", "Whether", "How", "Where", "When", "Which", "For", "Without",
            "With", "All", "Those", "Only", "As", "In",
        ];
        let mut riddles = Vec::new();
        for (name, command) in every_command() {
            let own = command.get_about().map(ToString::to_string);
            let arguments = command.get_arguments().filter(|it| !it.is_hide_set());
            let lines = arguments.filter_map(|it| Some(it.get_help()?.to_string()));
            for line in own.into_iter().chain(lines) {
                let first = line.split(' ').next().unwrap_or_default();
                if AMBIGUOUS.contains(&first) {
                    riddles.push(format!("{name}: {line}"));
                }
            }
        }
        assert!(riddles.is_empty(), "{riddles:#?}");
    }
}
