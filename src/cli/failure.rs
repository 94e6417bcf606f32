//! Errors of the command line, all in one style: `concsim: WHAT is wrong; what to write instead`.
//!
//! Causes of a failure follow it after colons, each once. Mistakes that clap finds are put into the same
//! style; a misspelt subcommand gets a suggestion.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Error};

use super::Cli;
use super::talk;
use concsim_driver::console::chain;
use concsim_model::scenario::builtin;
use concsim_model::scenario::problem::did_you_mean;

/// Reports a failed command; the exit status is 1. A closed pipe is no failure: its reader has read enough.
pub fn report(error: &anyhow::Error) -> ExitCode {
    let is_broken_pipe = error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    if is_broken_pipe {
        return ExitCode::SUCCESS;
    }
    talk::print_message(chain(error));
    ExitCode::FAILURE
}

/// Reports clap's result for the command line: help and versions on standard output with status 0, mistakes
/// on standard error with status 2.
#[must_use]
pub fn of_the_command_line(error: &Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // The terminal may be gone; then help is useless.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(2)
        }
        _ => {
            let words = std::env::args_os().skip(1);
            let words: Vec<String> = words.map(|it| it.to_string_lossy().into_owned()).collect();
            talk::print_message(mistake(error, &words));
            ExitCode::from(2)
        }
    }
}

/// Returns the mistake in a sentence, and what to write instead.
fn mistake(error: &Error, words: &[String]) -> String {
    let [argument, subcommand, value] = [
        ContextKind::InvalidArg,
        ContextKind::InvalidSubcommand,
        ContextKind::InvalidValue,
    ]
    .map(|kind| text(error, kind));
    let command = command_of(words);
    let help = format!("see `{command} --help`");
    let meant = suggested(error).map(|word| format!("did you mean `{word}`?"));
    let legal = all(error, ContextKind::ValidValue);
    match (error.kind(), argument, subcommand, value) {
        (ErrorKind::InvalidSubcommand, _, Some(word), _) => unknown_command(&word, &command, meant),
        (ErrorKind::UnknownArgument, Some(argument), ..) => {
            let has_no = if argument.starts_with('-') {
                "has no option"
            } else {
                "takes no argument"
            };
            let what = format!("`{command}` {has_no} `{argument}`");
            format!("{what}; {}", meant.unwrap_or(help))
        }
        (ErrorKind::InvalidValue, Some(argument), _, Some(value)) if value.is_empty() => {
            format!("`{argument}` has no value; {}", one_of(&legal, &help))
        }
        (ErrorKind::InvalidValue, Some(argument), _, Some(value)) => {
            let instead = meant.unwrap_or_else(|| one_of(&legal, &help));
            format!("`{value}` is not a value of `{argument}`; {instead}")
        }
        (ErrorKind::ValueValidation, Some(argument), _, Some(value)) => {
            let why = std::error::Error::source(error).map(ToString::to_string);
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            format!("`{value}` is not a value of `{argument}`{why}; {help}")
        }
        (ErrorKind::MissingRequiredArgument, ..) => {
            let missing = all(error, ContextKind::InvalidArg);
            format!("{} is missing; {}", quoted(&missing), usage(error, &help))
        }
        (ErrorKind::ArgumentConflict, Some(argument), ..) => {
            let others = all(error, ContextKind::PriorArg);
            if others.is_empty() || others == [argument.as_str()] {
                return format!("`{argument}` is given twice; write it once");
            }
            let others = quoted(&others);
            format!("`{argument}` cannot be combined with {others}")
        }
        (ErrorKind::MissingSubcommand, ..) => {
            format!(
                "`{command}` needs a subcommand; {}",
                one_of(&subcommands(&command), &help)
            )
        }
        _ => format!("{}; {help}", rendered(error)),
    }
}

/// Names that other programs have for a subcommand of this one.
const SYNONYMS: [(&str, &[&str]); 12] = [
    (
        "run",
        &["play", "record", "start", "bench", "measure", "watch"],
    ),
    ("sim", &["simulate", "simulation", "model"]),
    (
        "replay",
        &["playback", "rewind", "show", "view", "open", "last"],
    ),
    ("runs", &["recordings", "history", "ls", "kept", "log"]),
    ("scenarios", &["list", "examples", "demos"]),
    ("compare", &["diff", "versus", "vs"]),
    (
        "figure",
        &["plot", "graph", "chart", "draw", "fig", "picture"],
    ),
    ("report", &["html", "summary", "page"]),
    ("export", &["csv", "jsonl", "perfetto", "trace", "dump"]),
    ("new", &["init", "create", "template"]),
    ("check", &["validate", "lint", "verify", "expand"]),
    ("serve", &["server", "listen"]),
];

/// Returns a suggestion for a subcommand that does not exist.
fn unknown_command(word: &str, command: &str, meant: Option<String>) -> String {
    let what = format!("unknown command `{command} {word}`");
    if command != "concsim" {
        let known = subcommands(command);
        let instead = did_you_mean(word, known.iter().map(String::as_str)).or(meant);
        let list = || one_of(&known, &format!("see `{command} --help`"));
        return format!("{what}; {}", instead.unwrap_or_else(list));
    }
    let is_scenario = builtin::find(word).is_some() || Path::new(word).is_file();
    if is_scenario {
        return format!("{what}; `concsim run {word}` plays that scenario");
    }
    let lower = word.to_lowercase();
    let synonym = SYNONYMS
        .iter()
        .find(|(_, words)| words.contains(&lower.as_str()));
    let commands = subcommands(command);
    let longer = || {
        let is_longer = |name: &&String| lower.len() >= 3 && name.starts_with(&lower);
        let mut longer = commands.iter().filter(is_longer);
        let only = longer.next().filter(|_| longer.next().is_none());
        only.map(|name| format!("did you mean `{name}`?"))
    };
    let instead = match synonym {
        Some((name, _)) => Some(format!("did you mean `{name}`?")),
        None => did_you_mean(&lower, commands.iter().map(String::as_str)).or_else(longer),
    };
    let instead = instead.unwrap_or_else(|| "`concsim --help` lists the commands".to_owned());
    format!("{what}; {instead}")
}

/// Returns the names of the subcommands of `concsim` or `concsim export`, in the order of its help.
fn subcommands(command: &str) -> Vec<String> {
    let mut here = Cli::command();
    for name in command.split(' ').skip(1) {
        here = match here.find_subcommand(name) {
            Some(below) => below.clone(),
            None => return Vec::new(),
        };
    }
    here.get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|command| command.get_name().to_owned())
        .collect()
}

/// Returns the program and its subcommands among the words of a command line: `concsim run`.
fn command_of(words: &[String]) -> String {
    let mut here = Cli::command();
    let mut command = "concsim".to_owned();
    for word in words {
        if let Some(below) = here.find_subcommand(word) {
            command = format!("{command} {}", below.get_name());
            here = below.clone();
        } else if !word.starts_with('-') {
            break;
        }
    }
    command
}

/// Returns the usage line, where clap gives one.
fn usage(error: &Error, otherwise: &str) -> String {
    let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) else {
        return otherwise.to_owned();
    };
    let usage = usage.to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let first = usage.lines().next().unwrap_or_default().trim();
    format!("write `{first}`")
}

/// Returns the words of one kind that an error carries.
fn all(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(word)) => vec![word.clone()],
        Some(ContextValue::Strings(words)) => words.clone(),
        _ => Vec::new(),
    }
}

fn text(error: &Error, kind: ContextKind) -> Option<String> {
    all(error, kind).into_iter().next()
}

/// Returns clap's suggestion for the intended word.
fn suggested(error: &Error) -> Option<String> {
    [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ]
    .into_iter()
    .find_map(|kind| text(error, kind))
}

/// Returns "`a`, `b` and `c`".
fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// Returns "one of a, b, c".
fn one_of(words: &[String], otherwise: &str) -> String {
    match words {
        [] => otherwise.to_owned(),
        words => format!("one of {}", words.join(", ")),
    }
}

/// Returns the first sentence of clap's own text.
fn rendered(error: &Error) -> String {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let first = first.trim_start_matches("error: ");
    first.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn messages_of(words: &[&str]) -> String {
        let line = std::iter::once("concsim").chain(words.iter().copied());
        let error = Cli::try_parse_from(line).expect_err("the line has a mistake");
        let words: Vec<String> = words.iter().map(|it| (*it).to_owned()).collect();
        mistake(&error, &words)
    }

    #[test]
    fn a_misspelt_subcommand_gets_the_one_that_was_meant() {
        for (word, meant) in [
            ("simulate", "sim"),
            ("play", "run"),
            ("record", "run"),
            ("rn", "run"),
            ("sweeep", "sweep"),
            ("reprot", "report"),
            ("calib", "calibrate"),
            ("diff", "compare"),
            ("Run", "run"),
            ("list", "scenarios"),
        ] {
            assert_eq!(
                messages_of(&[word]),
                format!("unknown command `concsim {word}`; did you mean `{meant}`?")
            );
        }
        assert_eq!(
            messages_of(&["io_bound"]),
            "unknown command `concsim io_bound`; `concsim run io_bound` plays that scenario"
        );
        for far in ["xyzzy", "metrics"] {
            assert_eq!(
                messages_of(&[far]),
                format!("unknown command `concsim {far}`; `concsim --help` lists the commands")
            );
        }
    }

    #[test]
    fn every_mistake_of_the_command_line_is_one_sentence_with_what_to_write_instead() {
        for (words, expected) in [
            (
                &["run", "hello", "--jsn"][..],
                "`concsim run` has no option `--jsn`; did you mean `--json`?",
            ),
            (
                &["run"],
                "`<FILE|NAME>` is missing; write `concsim run <FILE|NAME>`",
            ),
            (
                &["run", "hello", "--no-keep", "--out", "x"],
                "`--no-keep` cannot be combined with `--out <DIR>`",
            ),
            (
                &["run", "hello", "--theme", "drak"],
                "`drak` is not a value of `--theme <THEME>`; did you mean `dark`?",
            ),
            (
                &["run", "hello", "--seed", "1", "--seed", "2"],
                "`--seed <SEED>` is given twice; write it once",
            ),
            (
                &["export", "svg", "last"],
                "unknown command `concsim export svg`; one of screen, cast, film, csv, jsonl, perfetto, hlog",
            ),
            (
                &["run", "hello", "--fps", "99"],
                "`99` is not a value of `--fps <N>`: 99 is not in 1..=30; see `concsim run --help`",
            ),
        ] {
            assert_eq!(messages_of(words), expected);
        }
    }
}
