//! Choice of a scenario: a file, or a name in `./scenarios` or among the built-in ones, and the command
//! line's settings over it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::colour::Colour;
use super::talk;
use concsim_lab::calibrate::MachineFile;
use concsim_model::scenario::{self, Engine, Overrides, Plan, builtin};
use concsim_os::sys::files;

/// Scenario and its settings.
#[derive(Clone, Debug, clap::Args)]
pub struct SourceArgs {
    /// Scenario: a file, or a name that is looked for in ./scenarios, then among the built-in ones
    #[arg(value_name = "FILE|NAME")]
    scenario: String,
    /// Variant to play; repeatable; by default all
    #[arg(long, value_name = "NAME")]
    variant: Vec<String>,
    /// Replace a value of the file: server.workers=4; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Seed of all random draws
    #[arg(long)]
    seed: Option<u64>,
    /// Length of the counted window: 5s
    #[arg(long)]
    duration: Option<String>,
    /// Length of the warm-up, which is not counted: 1s
    #[arg(long)]
    warmup: Option<String>,
}

impl SourceArgs {
    /// Returns the argument: a file, or a name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.scenario
    }

    /// Returns the file that is played; [`None`] for a built-in scenario, or if there is none.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        let places = places_of(&self.scenario);
        places
            .map(PathBuf::from)
            .into_iter()
            .find(|path| path.is_file())
    }

    /// Returns the settings that the command line lays over the file.
    pub(super) fn overrides(&self, engine: Engine) -> Overrides {
        Overrides {
            set: self.set.clone(),
            over: Vec::new(),
            variants: self.variant.clone(),
            seed: self.seed,
            duration: self.duration.clone(),
            warmup: self.warmup.clone(),
            machine: None,
            engine,
            read_file: Some(files::read_named),
        }
    }

    /// Adds a setting, as if it were given last.
    #[must_use]
    pub(super) fn with_setting(mut self, setting: String) -> Self {
        self.set.push(setting);
        self
    }

    /// Returns arguments for the scenario of this name, unchanged.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self {
            scenario: name.to_owned(),
            variant: Vec::new(),
            set: Vec::new(),
            seed: None,
            duration: None,
            warmup: None,
        }
    }
}

/// Result of the search for a scenario.
#[derive(Debug)]
pub enum SearchResult {
    /// A valid scenario.
    Plan(Box<Plan>),
    /// The scenario has mistakes, which have been shown.
    Wrong,
}

/// Finds and reads the scenario for `engine` to play, and reports its origin. Shows all mistakes, or an
/// unknown name, on standard error.
///
/// # Errors
/// A file that exists and cannot be read.
pub fn choose(args: &SourceArgs, engine: Engine, colour: Colour) -> anyhow::Result<SearchResult> {
    choose_on(None, args, engine, colour)
}

/// Finds and reads the scenario, with the machine of a file laid over its own.
///
/// # Errors
/// A file that exists and cannot be read.
pub(super) fn choose_on(
    machine: Option<MachineFile>,
    args: &SourceArgs,
    engine: Engine,
    colour: Colour,
) -> anyhow::Result<SearchResult> {
    let Some((bytes, file)) = find(args)? else {
        return Ok(SearchResult::Wrong);
    };
    let overrides = Overrides {
        machine: machine.map(|file| (file.name, file.text)),
        ..args.overrides(engine)
    };
    let read =
        scenario::text_of(bytes, &file).and_then(|text| scenario::read(&text, &file, &overrides));
    match read {
        Ok(plan) => Ok(SearchResult::Plan(Box::new(plan))),
        Err(problems) => {
            talk::say_mistakes(&problems, colour);
            Ok(SearchResult::Wrong)
        }
    }
}

/// Returns the paths where a file is looked for.
fn places_of(wanted: &str) -> [String; 2] {
    [wanted.to_owned(), format!("scenarios/{wanted}.toml")]
}

/// Returns the scenario's text and its origin; reports an unknown name.
pub(super) fn find(args: &SourceArgs) -> anyhow::Result<Option<(Vec<u8>, String)>> {
    let wanted = args.name();
    for path in places_of(wanted) {
        if Path::new(&path).is_file() {
            let bytes = fs::read(&path).with_context(|| format!("failed to read {path}"))?;
            if path != wanted {
                talk::print_message(format_args!("playing {path}"));
            }
            return Ok(Some((bytes, path)));
        }
    }
    if let Some(built_in) = builtin::find(wanted) {
        talk::print_message(format_args!("playing the built-in scenario {wanted}"));
        return Ok(Some((built_in.text.into(), built_in.name.to_owned())));
    }
    talk::print_message(unknown(wanted));
    Ok(None)
}

/// Returns the text and the origin of the scenario of this name in `./scenarios`, or of the built-in one.
pub(super) fn named(name: &str) -> Option<(Vec<u8>, String)> {
    let path = format!("scenarios/{name}.toml");
    let there = fs::read(&path).ok().map(|bytes| (bytes, path));
    let built_in = || builtin::find(name).map(|it| (it.text.into(), it.name.to_owned()));
    there.or_else(built_in)
}

/// Returns the message about an unknown scenario, with the known names.
pub(super) fn unknown(wanted: &str) -> String {
    let names: Vec<&str> = builtin::all().iter().map(|known| known.name).collect();
    let nearest = names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(name, wanted), name))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    let hint = nearest.map_or_else(String::new, |(_, name)| format!(", did you mean `{name}`?"));
    // A name with an extension is a file name; adding a second extension would only confuse.
    let in_the_folder = if std::path::Path::new(wanted).extension().is_some() {
        String::new()
    } else {
        format!(", no scenarios/{wanted}.toml")
    };
    format!(
        "no file {wanted}{in_the_folder} and no built-in scenario of that name{hint}\n\
         the built-in ones: {}",
        names.join(", ")
    )
}
