//! Runs, sweeps and predictions that a command line names, as inputs of figures.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use concsim_driver::run_store;
use concsim_figure::predictions::StoredPredictions;
use concsim_figure::sweep::Sweep;
use concsim_figure::{Inputs, Kind, Play};
use concsim_record::repeats::Repeats;
use concsim_record::storage::{self, StoredRun};

/// File of a sweep's rows.
const POINTS: &str = "points.jsonl";

/// Content of the paths of a command line.
#[derive(Debug, Default)]
pub struct LoadedInputs {
    /// Stored runs, with their folders.
    pub kept: Vec<(StoredRun, PathBuf)>,
    /// Sweeps.
    pub sweeps: Vec<Sweep>,
    /// Predictions.
    pub predictions: Vec<StoredPredictions>,
}

impl LoadedInputs {
    /// Detects the folder of a run, that of a sweep, its files, and predictions.
    ///
    /// # Errors
    /// A path that is none of them, or cannot be read.
    pub fn open(&mut self, kind: Kind, path: &Path) -> anyhow::Result<()> {
        let path = run_store::find(path)?;
        let name = path.display();
        let ending = path.extension().and_then(|it| it.to_str());
        let points = if path.is_dir() {
            path.join(POINTS)
        } else {
            path.with_file_name(POINTS)
        };
        let is_of_a_sweep = path.is_dir() || matches!(ending, Some("csv" | "jsonl"));
        if is_of_a_sweep && points.is_file() {
            let text = read(&points)?;
            let sweep = Sweep::read(&text).with_context(|| points.display().to_string())?;
            self.sweeps.push(sweep);
            return Ok(());
        }
        if path.is_file() && ending == Some("json") {
            let predictions =
                StoredPredictions::read(&read(&path)?).with_context(|| name.to_string())?;
            self.predictions.push(predictions);
            return Ok(());
        }
        // A run that was played with --predict has its predictions in its summary.
        let summary = path.join("summary.json");
        if kind == Kind::Parity
            && summary.is_file()
            && let Ok(predictions) = StoredPredictions::read(&read(&summary)?)
        {
            self.predictions.push(predictions);
            return Ok(());
        }
        self.kept.push((storage::open(&path)?, path));
        Ok(())
    }

    /// Returns names that distinguish the runs; empty for a single run.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        names(&self.kept)
    }

    /// Returns the inputs of a figure; the numbers of a repeated run are those of all its repeats.
    #[must_use]
    pub fn material(&self) -> Inputs<'_> {
        let names = self.names();
        let plays = self.kept.iter().zip(names);
        Inputs {
            plays: plays
                .map(|((kept, folder), called)| of_all_repeats(kept, folder, called))
                .collect(),
            sweeps: self.sweeps.clone(),
            predictions: self.predictions.clone(),
        }
    }
}

/// Returns a stored run with the numbers of all its repeats.
fn of_all_repeats<'a>(kept: &'a StoredRun, folder: &Path, called: String) -> Play<'a> {
    let Some((repeats, _)) = Repeats::stored(folder, kept) else {
        return Play::of(kept, called);
    };
    let machine = kept.recordings[0].header.machine.clone();
    Play::of_repeats(kept, called, repeats.summary(&kept.plan, machine))
}

/// Returns names that distinguish the runs: their scenarios, or where these are the same, their folders.
fn names(kept: &[(StoredRun, PathBuf)]) -> Vec<String> {
    if kept.len() < 2 {
        return vec![String::new(); kept.len()];
    }
    let scenarios: Vec<String> = kept
        .iter()
        .map(|(it, _)| it.plan.name().to_owned())
        .collect();
    let folder = |path: &Path| path.file_name().map(|it| it.to_string_lossy().into_owned());
    let named = kept.iter().zip(&scenarios).map(|((_, path), scenario)| {
        let is_alone = scenarios.iter().filter(|it| *it == scenario).count() == 1;
        let folder = folder(path).filter(|_| !is_alone);
        folder.unwrap_or_else(|| scenario.clone())
    });
    let named: Vec<String> = named.collect();
    let earlier = |place: usize| {
        named[..place]
            .iter()
            .filter(|it| **it == named[place])
            .count()
    };
    (0..named.len())
        .map(|place| match earlier(place) {
            0 => named[place].clone(),
            number => format!("{} ({})", named[place], number + 1),
        })
        .collect()
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}
