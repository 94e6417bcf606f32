//! `concsim new`: a scenario to start from, with an explanation of its keys.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use super::talk;
use anyhow::{Context as _, bail};
use concsim_os::sys::files;

/// Writes a scenario to start from.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim new mine.toml && concsim run mine.toml")]
pub struct Args {
    /// Output file, which must not exist
    file: PathBuf,
}

/// Content of the file.
const STARTER: &str = include_str!("starter.toml");

/// Writes the file, unless it exists.
///
/// # Errors
/// A file that exists or cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let name = args.file.display();
    match files::write_new(&args.file, STARTER.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{name} exists already and is not changed");
        }
        written => written.with_context(|| format!("failed to write {name}"))?,
    }
    talk::raw(format_args!(
        "wrote {name}; play it with: concsim run {name}\n"
    ));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::scenario::{Overrides, read};

    #[test]
    fn the_starter_is_valid() {
        let plan = read(STARTER, "starter.toml", &Overrides::default());
        assert_eq!(
            plan.map(|plan| plan.variants.len())
                .map_err(|problems| problems.to_string()),
            Ok(2)
        );
    }

    #[test]
    fn every_step_that_the_starter_offers_is_valid() {
        let offered: Vec<&str> = STARTER
            .lines()
            .filter_map(|line| line.trim().strip_prefix("# \"")?.split('"').next())
            .collect();
        assert!(offered.len() > 5, "{offered:?}");
        let text = format!("load.clients = 1\nrequests.all.steps = {offered:?}");
        let read = read(&text, "offered.toml", &Overrides::default());
        assert!(read.is_ok(), "{}", read.expect_err("it is not"));
    }

    #[test]
    fn a_file_that_is_there_is_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let file = folder.path().join("mine.toml");
        let args = Args { file: file.clone() };
        assert!(run(&args).is_ok());
        std::fs::write(&file, "mine").expect("it can be written");
        assert!(run(&args).is_err());
        assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "mine");
    }
}
