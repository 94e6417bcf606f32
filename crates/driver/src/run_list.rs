//! The stored runs, as far as their folders describe them without their recordings.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::run_store;
use concsim_record::storage;

/// A stored run, as far as its folder describes it without its recordings.
#[derive(Debug, Serialize)]
pub struct KeptRun {
    /// Its name for other commands: `last`, `last-1`.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Beginning, in seconds since 1970.
    pub began_s: Option<u64>,
    /// Name of the scenario.
    pub scenario: String,
    /// Title of the scenario.
    pub title: String,
    /// Variants, in the order of the plan.
    pub variants: Vec<KeptVariant>,
    /// Engine: `measured` or `simulated`. Null without a result.
    pub origin: Option<String>,
    /// Size of its files.
    pub bytes: u64,
}

/// A variant of a stored run.
#[derive(Debug, Serialize)]
pub struct KeptVariant {
    /// Name.
    pub name: String,
    /// Null if it did not end regularly.
    pub trust: Option<String>,
}

/// Returns the run store, and its runs, the newest first.
///
/// # Errors
/// A missing home folder.
pub fn kept() -> anyhow::Result<(PathBuf, Vec<KeptRun>)> {
    let store = run_store::folder()?;
    let folders = run_store::folders(&store).into_iter().rev();
    let runs = (0..)
        .zip(folders)
        .map(|(place, folder)| KeptRun::of(place, folder));
    let runs = runs.collect();
    Ok((store, runs))
}

impl KeptRun {
    /// Reads the entry of a folder, which is the one at `place` of the newest.
    #[must_use]
    pub fn of(place: usize, folder: PathBuf) -> Self {
        let read = |name: &str| -> Value {
            let text = std::fs::read(folder.join(name)).unwrap_or_default();
            serde_json::from_slice(&text).unwrap_or_default()
        };
        let (plan, summary) = (read(storage::PLAN), read(storage::SUMMARY));
        let word = |value: &Value| value.as_str().map(str::to_owned);
        let runs = summary["runs"].as_array().map_or(&[][..], Vec::as_slice);
        let trust = |variant: &str| {
            let run = runs.iter().find(|run| run["variant"] == variant);
            run.and_then(|run| word(&run["trust"]))
        };
        let variants = plan["variants"].as_array().into_iter().flatten();
        let variants = variants.filter_map(|variant| word(&variant["name"]));
        let began = folder.file_name().and_then(|name| {
            let name = name.to_string_lossy();
            name.split('-').next()?.parse().ok()
        });
        let file = plan["file"].as_str().unwrap_or("?");
        let stem = Path::new(file).file_stem().unwrap_or_default();
        Self {
            name: match place {
                0 => run_store::LAST.to_owned(),
                place => format!("{}-{place}", run_store::LAST),
            },
            began_s: began,
            scenario: stem.to_string_lossy().into_owned(),
            title: word(&plan["title"]).unwrap_or_default(),
            variants: variants
                .map(|name| KeptVariant {
                    trust: trust(&name),
                    name,
                })
                .collect(),
            origin: runs.first().and_then(|run| word(&run["origin"])),
            bytes: run_store::size_of(&folder),
            folder,
        }
    }
}
