//! The scenarios that can be played by name: built-in ones, and those of `./scenarios`.

use std::fs;

use concsim_model::scenario::{self, Overrides, Plan, builtin};
use concsim_os::sys::files;

/// A scenario that can be played by its name.
#[derive(Debug)]
pub struct KnownScenario {
    /// `io_bound`
    pub name: String,
    /// Its plan; `None`: its file has mistakes.
    pub plan: Option<Plan>,
}

/// Returns the built-in scenarios in teaching order, then those of `./scenarios`, which replace built-in
/// ones of the same name.
#[must_use]
pub fn known() -> Vec<KnownScenario> {
    let mut known: Vec<(String, String)> = builtin::all()
        .iter()
        .map(|built_in| (built_in.name.to_owned(), built_in.text.to_owned()))
        .collect();
    for (name, text) in of_the_folder() {
        match known.iter_mut().find(|(known, _)| *known == name) {
            Some(place) => place.1 = text,
            None => known.push((name, text)),
        }
    }
    let read = |(name, text): (String, String)| {
        let file = format!("scenarios/{name}.toml");
        let overrides = Overrides {
            read_file: Some(files::read_named),
            ..Overrides::default()
        };
        let plan = scenario::read(&text, &file, &overrides).ok();
        KnownScenario { name, plan }
    };
    known.into_iter().map(read).collect()
}

/// Returns names and texts of the files in `./scenarios`, sorted by name.
fn of_the_folder() -> Vec<(String, String)> {
    let Ok(files) = fs::read_dir("scenarios") else {
        return Vec::new();
    };
    let mut found: Vec<(String, String)> = files
        .filter_map(|file| {
            let path = file.ok()?.path();
            let name = path
                .file_name()?
                .to_str()?
                .strip_suffix(".toml")?
                .to_owned();
            Some((name, fs::read_to_string(path).ok()?))
        })
        .collect();
    found.sort();
    found
}
