//! `concsim schema`: the JSON Schema of the scenario file, for editors.

use std::process::ExitCode;

use super::talk;
use concsim_model::scenario;

/// Prints the JSON Schema of the scenario file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim schema > concsim.schema.json, \
    and `#:schema ./concsim.schema.json` as a scenario's first line")]
pub struct Args {}

/// Prints the schema.
///
/// # Errors
/// Standard output that cannot be written.
pub fn run(_: &Args) -> anyhow::Result<ExitCode> {
    let schema = serde_json::to_string_pretty(&scenario::schema())?;
    talk::print(&format!("{schema}\n"))?;
    Ok(ExitCode::SUCCESS)
}
