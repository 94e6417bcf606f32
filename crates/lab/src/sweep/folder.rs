//! A sweep on disk: `sweep.json` identifies the sweep; `points.jsonl` has a line for each finished row, in
//! the order of completion, and at the end in that of the grid; `points.csv` is then made from it. A row
//! that failed is played again when the sweep resumes, and its last line counts. No file is ever
//! incomplete: lines are appended whole, a torn one is dropped, files are renamed into place.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use super::row::{self, Row};
use concsim_os::sys::files;

/// Identity of a sweep; folders with equal identities belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of the program.
    pub concsim: String,
    /// Digest of the scenario's text.
    pub sha256: String,
    /// `measured` or `simulated`
    pub engine: String,
    /// The axes: keys with their values.
    pub over: Vec<(String, Vec<String>)>,
    /// Settings over every point.
    pub set: Vec<String>,
    /// Chosen variants; none for all.
    pub variants: Vec<String>,
    /// Seed of all points.
    pub seed: Option<u64>,
    /// Duration of all points.
    pub duration: Option<String>,
    /// Warm-up of all points.
    pub warmup: Option<String>,
    /// Number of repeats of each row. Omitted if each is played once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<usize>,
    /// Rule that ends the repeats of each row, as options of the command. Omitted if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Instants and classes of jobs and traces, each by its fingerprint. Omitted if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<String>,
    /// Number of rows of the whole grid.
    pub row_count: usize,
}

/// Content of `sweep.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SweepInfo {
    /// Identity of the sweep.
    pub sweep: Identity,
    /// `3/16`, if it is a shard.
    pub shard: Option<String>,
}

impl Identity {
    /// Returns the difference to another sweep, in words.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let differences = [
            (self.sha256 != other.sha256, "the scenario's text"),
            (self.over != other.over, "the grid (--over)"),
            (self.engine != other.engine, "measured or simulated"),
            (
                self.schedules != other.schedules,
                "the requests of the trace or of [[jobs]]",
            ),
            (
                self.repeat != other.repeat,
                "the number of repeats (--repeat)",
            ),
            (
                self.until != other.until,
                "the rule that ends repeats (--until, --of, --cap)",
            ),
            (self.concsim != other.concsim, "the version of concsim"),
            (
                self != other,
                "what lies over it (--set, --seed, --variant …)",
            ),
        ];
        let first = differences.into_iter().find(|(differs, _)| *differs);
        first.map(|(_, what)| what)
    }
}

/// Rows by number, each as the line that was read.
pub type Rows = BTreeMap<usize, Row>;

/// An open folder, locked against other processes.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    about: SweepInfo,
    lines: File,
    /// Finished rows.
    pub rows: Rows,
}

impl Folder {
    /// Creates the folder, or resumes it if it holds the same sweep.
    pub fn open(path: &Path, about: SweepInfo) -> anyhow::Result<Self> {
        let place = || format!("cannot sweep into {}", path.display());
        let is_new = !path.exists();
        fs::create_dir_all(path).with_context(place)?;
        match known(path)? {
            Some(there) => {
                if let Some(what) = there.sweep.difference(&about.sweep) {
                    bail!("{} holds another sweep: {what} differs", path.display());
                }
                if there.shard != about.shard {
                    let shard = there.shard.as_deref().unwrap_or("none: it is the whole");
                    bail!("{} holds another shard: {shard}", path.display());
                }
            }
            None if fs::read_dir(path).with_context(place)?.next().is_some() => {
                bail!("{} is not empty and not a sweep", path.display());
            }
            None => files::write_whole(&path.join("sweep.json"), json(&about).as_bytes())
                .inspect_err(|_| files::remove_if(is_new, path))
                .with_context(place)?,
        }
        let file = path.join("points.jsonl");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut lines = options.open(&file).with_context(place)?;
        if lines.try_lock().is_err() {
            bail!("{} is in use by another sweep", path.display());
        }
        let text = fs::read(&file).with_context(place)?;
        // A line torn by an interrupt is played again.
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        lines.set_len(whole as u64).with_context(place)?;
        lines.seek(SeekFrom::End(0)).with_context(place)?;
        Ok(Self {
            path: path.to_owned(),
            about,
            lines,
            rows: rows_of(&text[..whole]),
        })
    }

    /// True if the row exists and has not failed.
    pub fn has_played(&self, number: usize) -> bool {
        let row = self.rows.get(&number);
        row.is_some_and(|row| row.error.is_none())
    }

    /// Adds a finished row.
    pub fn add(&mut self, row: Row) -> anyhow::Result<()> {
        let written = self.lines.write_all(row.line().as_bytes());
        written.with_context(|| format!("cannot write to {}", self.path.display()))?;
        // Stored in the form in which it would be read after an interrupt.
        self.rows.insert(row.number, row);
        Ok(())
    }

    /// Sorts the lines into the order of the grid, and writes the CSV.
    pub fn finish(&self) -> anyhow::Result<()> {
        let place = || format!("cannot write to {}", self.path.display());
        let lines: String = self.rows.values().map(Row::line).collect();
        files::write_whole(&self.path.join("points.jsonl"), lines.as_bytes())
            .with_context(place)?;
        let sweep = &self.about.sweep;
        let has_intervals = sweep.repeat.is_some() || sweep.until.is_some();
        let axes = sweep.over.iter().map(|axis| axis.0.as_str());
        let mut csv = row::head(axes, has_intervals);
        let rows = rows_of(lines.as_bytes());
        csv.extend(rows.values().map(|row| row.csv(has_intervals)));
        files::write_whole(&self.path.join("points.csv"), csv.as_bytes()).with_context(place)
    }

    /// Path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Parses the rows. The last line counts of a row that failed and was played again.
fn rows_of(text: &[u8]) -> Rows {
    let lines = text.split(|byte| *byte == b'\n');
    lines
        .filter_map(|line| serde_json::from_slice(line).ok())
        .map(|row: Row| (row.number, row))
        .collect()
}

fn json(about: &SweepInfo) -> String {
    serde_json::to_string_pretty(about).expect("it is always JSON") + "\n"
}

/// Reads `sweep.json`; `None` if there is none.
fn known(path: &Path) -> anyhow::Result<Option<SweepInfo>> {
    let file = path.join("sweep.json");
    if !file.exists() {
        return Ok(None);
    }
    let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let about = serde_json::from_slice(&text);
    let about = about.with_context(|| format!("{} is not a file of a sweep", file.display()))?;
    Ok(Some(about))
}

/// Reads a folder without locking it: another process may be writing to it.
pub fn read_unlocked(path: &Path) -> anyhow::Result<(SweepInfo, Rows)> {
    let Some(about) = known(path)? else {
        bail!("{} is not the folder of a sweep", path.display());
    };
    let text = fs::read(path.join("points.jsonl"));
    let text = text.with_context(|| format!("cannot read the rows of {}", path.display()))?;
    Ok((about, rows_of(&text)))
}
