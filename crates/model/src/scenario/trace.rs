//! A trace of arrivals: jobs from a CSV file beside the scenario, with the columns `at` and `kind`.
//!
//! ```text
//!   load.trace = "arrivals.csv" ─▶ text, by a function of the caller ─▶ rows ─▶ jobs of each variant
//! ```
//!
//! This module opens no file. Mistakes point at lines of the CSV, which is one more source of the scenario.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::Request;
use super::jobs::{Job, class_named};
use super::keys::{DAY, MOST_JOBS, SECOND};
use super::problem::{Place, Problem, Source, did_you_mean};
use super::quantity;
use super::tree::{Node, Table};
use super::words::Word;
use crate::units::Elapsed;
use crate::words::counted;

/// Reads a file whose path is given; the error is a fragment: `No such file`.
pub type ReadFile = fn(&Path) -> Result<Vec<u8>, String>;

/// Number of mistakes in one file after which the rest is not read.
const MOST_MISTAKES: usize = 100;

const COLUMNS: [&str; 2] = ["at", "kind"];
const AT: &str = "a number of seconds or a length of time such as `250ms`, at most 24h";

/// The traces that a scenario names, by the path that is written there.
#[derive(Default)]
pub(super) struct Traces(BTreeMap<String, Trace>);

/// The rows of a trace. Its kinds become classes in each variant, since variants may have other requests.
#[derive(Default)]
struct Trace {
    /// Instants, and indices into the kinds; no kind for a request that the mix draws.
    rows: Vec<(Elapsed, Option<usize>)>,
    /// Each kind, with the place where it is named first.
    kinds: Vec<(String, Place)>,
}

impl Traces {
    /// Reads the traces of a scenario's parts; their paths are relative to `file`.
    pub(super) fn read<'t>(
        parts: impl Iterator<Item = &'t Table>,
        file: &str,
        read_file: Option<ReadFile>,
        sources: &mut Vec<Source>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut traces = Self::default();
        for part in parts {
            let Some(node) = part.at(&["load", "trace"]).map(|entry| &entry.node) else {
                continue;
            };
            // Other values are mistakes of the key.
            let Some(written) = node.text().filter(|it| !traces.0.contains_key(*it)) else {
                continue;
            };
            let path = beside(file, written);
            let trace = match text_of(&path, read_file) {
                Ok(text) => {
                    let trace = Trace::parse(&text, sources.len(), problems);
                    let name = path.display().to_string();
                    sources.push(Source { name, text });
                    trace
                }
                Err(reason) => {
                    problems.push(unreadable(node, &path, &reason));
                    Trace::default()
                }
            };
            traces.0.insert(written.to_owned(), trace);
        }
        traces
    }

    /// Returns the jobs of a trace, in order of time; rows of one instant keep the order of the file.
    pub(super) fn jobs(
        &self,
        written: &str,
        requests: &[Request],
        problems: &mut Vec<Problem>,
    ) -> Vec<Job> {
        let Some(trace) = self.0.get(written) else {
            return Vec::new();
        };
        let class = |(kind, place): &(String, Place)| {
            let class = class_named(kind, place, requests);
            class.map_err(|unknown| problems.push(unknown)).ok()
        };
        let classes: Vec<Option<usize>> = trace.kinds.iter().map(class).collect();
        let job = |(at, kind): &(Elapsed, Option<usize>)| Job {
            at: *at,
            class: kind.and_then(|kind| classes[kind]),
        };
        let mut jobs: Vec<Job> = trace.rows.iter().map(job).collect();
        jobs.sort_by_key(|job| job.at);
        jobs
    }
}

/// Returns the path of a trace: relative to the folder of the scenario.
fn beside(file: &str, written: &str) -> PathBuf {
    let folder = Path::new(file).parent();
    folder.map_or_else(|| PathBuf::from(written), |folder| folder.join(written))
}

fn text_of(path: &Path, read_file: Option<ReadFile>) -> Result<String, String> {
    let read_file = read_file.ok_or("no files are read here")?;
    let text = String::from_utf8(read_file(path)?);
    text.map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        format!("byte {place} is not UTF-8")
    })
}

fn unreadable(node: &Node, path: &Path, reason: &str) -> Problem {
    let message = format!("failed to read {}: {reason}", path.display());
    let legal = "the path of a CSV file, relative to the folder of the scenario";
    Problem::new(&node.place, message).legal(legal)
}

impl Trace {
    /// Parses a text; `source` is its index among the sources.
    fn parse(text: &str, source: usize, problems: &mut Vec<Problem>) -> Self {
        let mut reading = TraceReader {
            text,
            source,
            columns: Columns::default(),
            trace: Self::default(),
            mistakes: Vec::new(),
        };
        reading.read();
        problems.append(&mut reading.mistakes);
        reading.trace
    }
}

/// Places of the columns in a line.
#[derive(Default)]
struct Columns {
    count: usize,
    at: usize,
    kind: Option<usize>,
}

/// A trace that is being read.
struct TraceReader<'a> {
    text: &'a str,
    source: usize,
    columns: Columns,
    trace: Trace,
    mistakes: Vec<Problem>,
}

impl TraceReader<'_> {
    fn read(&mut self) {
        let mut lines = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(self.text.as_bytes());
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let mut line = csv::StringRecord::new();
        let mut is_head = true;
        // A text that is UTF-8, with lines of any length, has no other mistakes.
        while lines.read_record(&mut line).unwrap_or(false) {
            if std::mem::take(&mut is_head) {
                if !self.head(&line) {
                    return;
                }
                continue;
            }
            let is_full = self.trace.rows.len() as u64 == MOST_JOBS;
            if is_full || self.mistakes.len() == MOST_MISTAKES {
                let message = if is_full {
                    format!("more than {MOST_JOBS} rows")
                } else {
                    format!("after {MOST_MISTAKES} mistakes the rest is not read")
                };
                let place = self.place(&line, None);
                self.mistakes.push(Problem::new(&place, message));
                return;
            }
            self.row(&line, &mut names);
        }
        if self.trace.rows.is_empty() && self.mistakes.is_empty() {
            let problem = Problem::new(&Place::new(self.source, 0..0), "a trace without a row");
            self.mistakes
                .push(problem.legal("the lines `at,kind` and `0.25,NAME`, for example"));
        }
    }

    /// Reads the names of the columns. Returns true if rows can be read.
    fn head(&mut self, line: &csv::StringRecord) -> bool {
        let place_of = |name: &str| line.iter().position(|cell| cell == name);
        for (place, cell) in line.iter().enumerate() {
            let is_twice = place_of(cell).is_some_and(|first| first < place);
            let is_known = COLUMNS.contains(&cell);
            if is_twice || !is_known {
                let what = if is_known {
                    "is there twice"
                } else {
                    "is unknown"
                };
                let at = self.place(line, Some(place));
                let problem = Problem::new(&at, format!("column `{cell}` {what}"));
                let hint = did_you_mean(cell, COLUMNS).filter(|_| !is_known);
                self.mistakes
                    .push(problem.legal("the columns are `at` and `kind`").hint(hint));
            }
        }
        let Some(at) = place_of("at") else {
            let problem = Problem::new(&self.place(line, None), "no column `at`");
            self.mistakes
                .push(problem.legal("the first line is `at` or `at,kind`"));
            return false;
        };
        self.columns = Columns {
            count: line.len(),
            at,
            kind: place_of("kind"),
        };
        true
    }

    fn row(&mut self, line: &csv::StringRecord, names: &mut BTreeMap<String, usize>) {
        if line.len() != self.columns.count {
            let [cells, columns] = [line.len(), self.columns.count];
            let cells = counted(cells as u64, "cell");
            let message = format!("{cells} under {}", counted(columns as u64, "column"));
            let place = self.place(line, None);
            self.mistakes.push(Problem::new(&place, message));
            return;
        }
        let at = match instant_of(&line[self.columns.at]) {
            Ok(at) => at,
            Err(message) => {
                let place = self.place(line, Some(self.columns.at));
                self.mistakes.push(Problem::new(&place, message).legal(AT));
                return;
            }
        };
        let kind = self.columns.kind.map(|column| (&line[column], column));
        let kind = kind.filter(|(name, _)| !name.is_empty());
        let kind = kind.map(|(name, column)| {
            if let Some(known) = names.get(name) {
                return *known;
            }
            let next = self.trace.kinds.len();
            let place = self.place(line, Some(column));
            self.trace.kinds.push((name.to_owned(), place));
            names.insert(name.to_owned(), next);
            next
        });
        self.trace.rows.push((at, kind));
    }

    /// Returns the place of a cell, or of the whole line.
    fn place(&self, line: &csv::StringRecord, cell: Option<usize>) -> Place {
        let begin = line
            .position()
            .map_or(0, |position| position.byte() as usize);
        let rest = &self.text[self.text.floor_char_boundary(begin)..];
        let begin = self.text.len() - rest.trim_start().len();
        let length = self.text[begin..].find(['\r', '\n']);
        let end = length.map_or(self.text.len(), |length| begin + length);
        let range = cell.map_or(0..end - begin, |cell| cell_of(&self.text[begin..end], cell));
        Place::new(self.source, begin + range.start..begin + range.end)
    }
}

/// Returns the bytes of a cell in its line; of the whole line if it has quotes.
fn cell_of(line: &str, cell: usize) -> Range<usize> {
    let cells = || line.split(',');
    let Some(text) = cells().nth(cell).filter(|_| !line.contains('"')) else {
        return 0..line.len();
    };
    let begin: usize = cells().take(cell).map(|it| it.len() + 1).sum();
    let begin = begin + text.len() - text.trim_start().len();
    begin..begin + text.trim().len()
}

/// Reads an instant: a number of seconds, or a length of time with its unit.
fn instant_of(text: &str) -> Result<Elapsed, String> {
    let is_plain = text.chars().all(|it| it.is_ascii_digit() || it == '.');
    let seconds = text.parse::<f64>().ok().filter(|_| is_plain);
    let length = match seconds {
        Some(seconds) => (seconds * SECOND as f64).round() as u64,
        None => quantity::length(&Word::only(text)).map_err(|mistake| mistake.message)?,
    };
    if length > DAY {
        return Err(format!("`{text}` is longer than a day"));
    }
    Ok(Elapsed(length))
}
