//! `concsim check`: validates scenario files, and writes them out with every default.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::colour::Colour;
use super::{source, talk};
use concsim_model::scenario::{self, Overrides, Plan, Problems};
use concsim_os::sys::files;
use concsim_theory::forecast;

/// Validates scenario files; reports all mistakes of each, with their lines.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim check scenarios/io_bound.toml --expand")]
pub struct Args {
    /// Scenario files, or names that are looked for in ./scenarios, then among the built-in ones
    #[arg(required = true, value_name = "FILE|NAME")]
    files: Vec<PathBuf>,
    /// Print each file with every default written out
    #[arg(long)]
    expand: bool,
}

/// Checks every file. The status is 2 if a file has mistakes or cannot be read.
///
/// # Errors
/// Standard output that cannot be written.
pub fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    let mut all_valid = true;
    for file in &args.files {
        match checked(file, args.expand, colour) {
            Ok(text) => talk::print(&text)?,
            Err(wrong) => {
                all_valid = false;
                talk::raw(format_args!("{wrong}\n\n"));
            }
        }
    }
    Ok(ExitCode::from(if all_valid { 0 } else { 2 }))
}

/// Returns the report on a file: that it is valid, or else all its mistakes.
fn checked(file: &Path, expand: bool, colour: Colour) -> Result<String, String> {
    let name = file.display().to_string();
    // A folder or an extension makes it a path.
    let is_name = file.components().count() == 1 && file.extension().is_none() && !file.exists();
    let (bytes, name) = if is_name {
        source::named(&name).ok_or_else(|| format!("concsim: {}", source::unknown(&name)))?
    } else {
        let bytes =
            fs::read(file).map_err(|error| format!("concsim: failed to read {name}: {error}"))?;
        (bytes, name)
    };
    valid(bytes, &name, expand).map_err(|problems| problems.render(colour.in_messages()))
}

/// Returns the report on a valid file.
fn valid(bytes: Vec<u8>, name: &str, expand: bool) -> Result<String, Problems> {
    let text = scenario::text_of(bytes, name)?;
    if expand {
        return scenario::expand(&text, name, Some(files::read_named));
    }
    let overrides = Overrides {
        read_file: Some(files::read_named),
        ..Overrides::default()
    };
    let plan = scenario::read(&text, name, &overrides)?;
    let notes = notes(&plan);
    Ok(format!("{name}: valid; {}\n{notes}", in_short(&plan)))
}

/// Returns notes on a valid file whose meaning may not be the intended one.
fn notes(plan: &Plan) -> String {
    let cut = plan.variants.iter();
    let mut cut: Vec<String> = cut
        .filter_map(|variant| forecast::ends_at_an_hour(&variant.scenario))
        .collect();
    cut.dedup();
    let lines: Vec<String> = cut.iter().map(|note| format!("  note: {note}\n")).collect();
    lines.concat()
}

/// Returns `played 2 times (sync, coroutine), 6 expectations`.
fn in_short(plan: &Plan) -> String {
    let names: Vec<&str> = plan
        .variants
        .iter()
        .map(|variant| variant.name.as_str())
        .collect();
    let times = if names.len() == 1 { "time" } else { "times" };
    let claims = match plan.expectations.len() {
        0 => "no expectation".to_owned(),
        1 => "1 expectation".to_owned(),
        count => format!("{count} expectations"),
    };
    format!(
        "played {} {times} ({}), {claims}",
        names.len(),
        names.join(", ")
    )
}
