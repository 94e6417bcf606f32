//! The keys and the mouse of the screen. A file may assign other keys to commands.

use std::fs;
use std::io::ErrorKind;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use etcetera::BaseStrategy as _;

use super::colour::Colour;
use super::talk;
use concsim_model::scenario;
use concsim_tui::{Keymap, Mouse};

/// Options of keys and mouse.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct KeyboardArgs {
    /// File of keys; by default concsim/keys.toml in the folder for settings
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Let clicks on numbers, keys and the lanes' axis act; the terminal then selects text with Shift alone
    #[arg(long)]
    mouse: bool,
}

/// Result of the search for keys.
#[derive(Debug)]
pub enum LoadedKeys {
    /// The keys in force.
    Keymap(Keymap),
    /// The file has mistakes, which have been shown.
    Wrong,
}

impl KeyboardArgs {
    /// Returns the owner of the mouse when the screen begins.
    #[must_use]
    pub fn mouse(&self) -> Mouse {
        if self.mouse {
            Mouse::Ours
        } else {
            Mouse::Terminals
        }
    }

    /// Returns the keys in force on a screen; without a screen no file is read. Shows all mistakes of the
    /// file on standard error.
    ///
    /// # Errors
    /// A file that cannot be read. A missing file is an error only if the command line names it.
    pub fn keymap(
        &self,
        screen: Option<BorrowedFd<'static>>,
        colour: Colour,
    ) -> anyhow::Result<LoadedKeys> {
        match screen {
            Some(_) => find(self.keys.as_deref(), colour),
            None => Ok(LoadedKeys::Keymap(Keymap::default())),
        }
    }
}

/// Returns the keys of `named`, or of the file in the folder for settings if there is one.
pub(super) fn find(named: Option<&Path>, colour: Colour) -> anyhow::Result<LoadedKeys> {
    let Some(path) = named.map(Path::to_owned).or_else(default_path) else {
        return Ok(LoadedKeys::Keymap(Keymap::default()));
    };
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => {
            return Ok(LoadedKeys::Keymap(Keymap::default()));
        }
        Err(error) => {
            return Err(error).with_context(|| format!("failed to read {}", path.display()));
        }
    };
    let name = path.display().to_string();
    let read = scenario::text_of(bytes, &name).and_then(|text| Keymap::read(&text, &name));
    Ok(match read {
        Ok(keymap) => LoadedKeys::Keymap(keymap),
        Err(problems) => {
            talk::say_mistakes(&problems, colour);
            LoadedKeys::Wrong
        }
    })
}

/// Returns `$XDG_CONFIG_HOME/concsim/keys.toml`, or the platform's equivalent; `None` without a home.
fn default_path() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("concsim").join("keys.toml"))
}
