//! Storage of the calibrated machine: where it is written, and how commands find it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use concsim_driver::run_store;

/// Name of the calibrated machine on a command line.
pub const CALIBRATED: &str = "calibrated";

/// A file with a `[machine]`: its name, and its text.
#[derive(Clone, Debug)]
pub struct MachineFile {
    /// Path.
    pub name: String,
    /// Content.
    pub text: String,
}

/// Returns the path of `machine.toml` in the platform's folder for the state of programs.
pub(super) fn default_path() -> anyhow::Result<PathBuf> {
    Ok(run_store::state_folder()?.join("machine.toml"))
}

/// Returns the machine of this file, or [`CALIBRATED`]. The inner error is a message to the user: there is
/// none.
///
/// # Errors
/// A file that exists and cannot be read.
pub fn find(wanted: &Path) -> anyhow::Result<Result<MachineFile, String>> {
    let is_ours = wanted == Path::new(CALIBRATED) && !wanted.is_file();
    let path = if is_ours {
        default_path()?
    } else {
        wanted.to_owned()
    };
    let name = path.display().to_string();
    match fs::read(&path) {
        Ok(bytes) => Ok(match String::from_utf8(bytes) {
            Ok(text) => Ok(MachineFile { name, text }),
            Err(_) => Err(format!("{name} is not text")),
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Err(if is_ours {
            "this machine is not calibrated: run `concsim calibrate` (90 s) or `concsim calibrate --quick` (30 s)".into()
        } else {
            format!("there is no file {name}")
        })),
        Err(error) => Err(error).with_context(|| format!("failed to read {name}")),
    }
}
