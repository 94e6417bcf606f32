//! Description of a model: everything that the command line knows of it. A model is a file with one of these,
//! and an entry in [`MODELS`](super::MODELS).

use std::fmt;

use clap::{ArgMatches, Command};

use super::MODELS;
use super::arguments::{Mistakes, Reader, read};
use super::parameter::Argument;
use concsim_theory::answer::Answer;

/// Queueing model, bound or law of scaling.
pub(super) struct Model {
    /// Word on the command line.
    pub(super) name: &'static str,
    /// One line for lists.
    pub(super) title: &'static str,
    /// Paragraphs: what it is, its assumptions, its limits and its source.
    pub(super) help: &'static str,
    /// Command lines behind `concsim theory`; the short help has the first one.
    pub(super) examples: &'static [&'static str],
    /// Parameters, in the order of the help.
    pub(super) parameters: &'static [&'static dyn Argument],
    /// Reads the parameters. It must read every one before it returns, so that all mistakes are reported.
    pub(super) read: fn(&mut Reader<'_>) -> Option<Question>,
}

/// Computation of an answer; it runs only if the whole command line is right.
pub(super) type Question = Box<dyn FnOnce() -> Answer>;

impl Model {
    fn command(&self) -> Command {
        let example = |line: &&str| format!("Example: concsim theory {line}");
        let examples: Vec<String> = self.examples.iter().map(example).collect();
        Command::new(self.name)
            .about(self.title)
            .args(self.parameters.iter().map(|parameter| parameter.arg()))
            .after_help(examples[0].clone())
            .after_long_help(format!("{}\n\n{}", self.help, examples.join("\n")))
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Model that the command line names, with its arguments.
#[derive(Debug)]
pub(super) struct Chosen {
    model: &'static Model,
    given: ArgMatches,
}

impl Chosen {
    /// Returns the answer, or the mistakes of the command line.
    pub(super) fn answer(&self) -> Result<Answer, Mistakes> {
        read(self.model.name, &self.given, self.model.read).map(|question| question())
    }
}

impl clap::Subcommand for Chosen {
    fn augment_subcommands(command: Command) -> Command {
        command.subcommands(MODELS.iter().map(Model::command))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        MODELS.iter().any(|model| model.name == name)
    }
}

impl clap::FromArgMatches for Chosen {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let chosen = matches.subcommand().and_then(|(name, given)| {
            let model = MODELS.iter().find(|model| model.name == name)?;
            let given = given.clone();
            Some(Self { model, given })
        });
        chosen.ok_or_else(|| clap::Error::new(clap::error::ErrorKind::MissingSubcommand))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
