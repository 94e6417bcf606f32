//! A row of a sweep: one variant of one point, as a line of JSON and as a line of CSV. The lines of CSV are
//! made from those of JSON, so that a sweep that was interrupted equals one that was not.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::grid::{Grid, GridRow};
use concsim_record::repeats::Rule;
use concsim_record::summary::Run;

/// A line of `points.jsonl`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Number of the row in the whole grid, from 0.
    #[serde(rename = "row")]
    pub number: usize,
    /// Number of its point, from 0.
    pub index: usize,
    /// Settings of the point over the file.
    pub overrides: Vec<String>,
    /// `None` if the point could not be read.
    pub variant: Option<String>,
    seed: Option<u64>,
    /// Version of the program.
    concsim: String,
    /// Hash of the scenario's file.
    sha256: String,
    origin: String,
    trust: Option<String>,
    /// Command that plays this row alone.
    command: String,
    /// Its repeats. Omitted if it was played once.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    repeats: Option<RowRepeats>,
    /// Numbers of the summary, as in `run --json`, without those of each worker and core.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    numbers: Option<Value>,
    /// Reason for which there are no numbers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// Repeats of a row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RowRepeats {
    /// Number of repeats.
    pub count: usize,
    /// Number of repeats that its numbers rest on.
    pub used: usize,
    /// Rule that ended them. Omitted if their number was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Rule>,
}

/// Result of a row: its numbers, and its repeats if there are several.
pub(super) type Outcome = (Run, Option<RowRepeats>);

/// Keys of a summary that are elsewhere in the row, are lists, or depend on the sampling rate.
const LEFT_OUT: [&str; 8] = [
    "variant",
    "origin",
    "trust",
    "remarks",
    "workers",
    "cores",
    "telemetry",
    // It depends on switches, which a sweep does not record.
    "dead_work",
];

impl Row {
    pub(super) fn new(
        grid: &Grid,
        place: &GridRow,
        sha256: &str,
        verb: &str,
        seed: Option<u64>,
        played: Result<Outcome, String>,
    ) -> Self {
        let seed = seed.or(grid.base.seed);
        let (mut numbers, mut repeats, mut error) = (None, None, None);
        match played {
            Ok((run, of)) => (numbers, repeats) = (Some(run.with_intervals()), of),
            Err(text) => error = Some(text),
        }
        let trust = numbers.as_ref().and_then(|it| it["trust"].as_str());
        let trust = trust.map(str::to_owned);
        if let Some(Value::Object(numbers)) = &mut numbers {
            numbers.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
        }
        Self {
            number: place.row,
            index: place.index,
            overrides: place.overrides.clone(),
            variant: place.variant.clone().ok(),
            seed,
            concsim: env!("CARGO_PKG_VERSION").into(),
            sha256: sha256.into(),
            origin: origin(verb).into(),
            trust,
            command: command(grid, place, verb, seed),
            repeats,
            numbers,
            error,
        }
    }

    /// Returns the line, with its newline.
    pub fn line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("a row is always JSON");
        line.push('\n');
        line
    }

    fn number(&self, path: &str) -> String {
        let pointer = format!("/{}", path.replace('.', "/"));
        let value = self.numbers.as_ref().and_then(|it| it.pointer(&pointer));
        match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(reasons)) => {
                let codes = reasons.iter().filter_map(|it| it["code"].as_str());
                codes.collect::<Vec<_>>().join(" ")
            }
            Some(other) => other.to_string(),
        }
    }
}

fn origin(verb: &str) -> &'static str {
    if verb == "sim" {
        "simulated"
    } else {
        "measured"
    }
}

/// Returns the command that plays this row alone, for a shell.
fn command(grid: &Grid, place: &GridRow, verb: &str, seed: Option<u64>) -> String {
    let base = &grid.base;
    let mut words = vec!["concsim".to_owned(), verb.into(), grid.file.clone()];
    if verb == "run" {
        words.push("--headless".into());
    }
    for set in base.set.iter().chain(&place.overrides) {
        words.extend(["--set".into(), set.clone()]);
    }
    let options = [
        ("--duration", base.duration.clone()),
        ("--warmup", base.warmup.clone()),
        ("--seed", seed.map(|seed| seed.to_string())),
        ("--variant", place.variant.clone().ok()),
    ];
    for (name, value) in options {
        words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
    }
    let repeats = grid.repeats.iter();
    words.extend(repeats.flat_map(|it| it.options.clone()));
    shell_words::join(words)
}

/// Columns of numbers: their names, and their paths in the summary.
const COLUMNS: [(&str, &str); 52] = [
    ("kind", "kind"),
    ("because", "because"),
    ("warmup_s", "warmup_s"),
    ("window_s", "window_s"),
    ("drain_s", "drain_s"),
    ("due", "due"),
    ("completed", "completed"),
    ("unfinished", "unfinished"),
    ("failed_refused", "failed.refused"),
    ("failed_reset", "failed.reset"),
    ("failed_timeout", "failed.timeout"),
    ("failed_status", "failed.status"),
    ("throughput_per_s", "throughput_per_s"),
    ("latency_mean_ms", "latency_ms.mean"),
    ("latency_p50_ms", "latency_ms.p50"),
    ("latency_p90_ms", "latency_ms.p90"),
    ("latency_p99_ms", "latency_ms.p99"),
    ("latency_p999_ms", "latency_ms.p999"),
    ("latency_max_ms", "latency_ms.max"),
    ("from_send_mean_ms", "from_send_ms.mean"),
    ("from_send_p50_ms", "from_send_ms.p50"),
    ("from_send_p90_ms", "from_send_ms.p90"),
    ("from_send_p99_ms", "from_send_ms.p99"),
    ("from_send_p999_ms", "from_send_ms.p999"),
    ("from_send_max_ms", "from_send_ms.max"),
    ("spent_generator_ms", "breakdown_ms.generator"),
    ("spent_door_ms", "breakdown_ms.door"),
    ("spent_ready_ms", "breakdown_ms.ready"),
    ("spent_core_wait_ms", "breakdown_ms.core_wait"),
    ("spent_cpu_ms", "breakdown_ms.cpu"),
    (
        "spent_parked_or_blocked_ms",
        "breakdown_ms.parked_or_blocked",
    ),
    ("spent_other_ms", "breakdown_ms.other"),
    ("concurrency", "concurrency"),
    ("concurrency_limit", "concurrency_limit"),
    ("at_the_door", "at_the_door"),
    ("in_system", "in_system"),
    ("parallelism", "parallelism"),
    ("parallelism_limit", "parallelism_limit"),
    ("accept_jain", "accept_jain"),
    ("generator_cpu", "generator.cpu"),
    ("generator_late_p50_ms", "generator.late_p50_ms"),
    ("generator_late_p99_ms", "generator.late_p99_ms"),
    ("little_system", "little.system"),
    ("little_workers", "little.workers"),
    ("stationary", "stationary"),
    ("drift", "drift"),
    ("waits_thread_ms", "waits_ms.thread_wait"),
    ("waits_pool_ms", "waits_ms.pool_wait"),
    ("waits_service_queue_ms", "waits_ms.service_queue"),
    ("waits_call_ms", "waits_ms.call"),
    ("waits_sleep_ms", "waits_ms.sleep"),
    ("waits_client_ms", "waits_ms.client"),
];

/// Columns whose intervals a repeated sweep has in further columns, `NAME_low` and `NAME_high`.
const WITH_INTERVAL: [&str; 10] = [
    "throughput_per_s",
    "latency_mean_ms",
    "latency_p50_ms",
    "latency_p90_ms",
    "latency_p99_ms",
    "latency_p999_ms",
    "concurrency",
    "at_the_door",
    "in_system",
    "parallelism",
];

/// Returns the ends of intervals: their columns, and their paths in the numbers.
fn ends() -> impl Iterator<Item = (String, String)> {
    let paths = WITH_INTERVAL.iter().filter_map(|name| {
        let column = COLUMNS.iter().find(|column| column.0 == *name)?;
        Some((name, column.1))
    });
    paths.flat_map(|(name, path)| {
        let (parent, own) = match path.rsplit_once('.') {
            Some((parent, own)) => (format!("{parent}."), own),
            None => (String::new(), path),
        };
        ["low", "high"].map(|end| {
            let path = format!("{parent}interval.{own}.{end}");
            (format!("{name}_{end}"), path)
        })
    })
}

/// A column of every row, also where the seed is no axis.
const SEED: &str = "seed";

/// Returns the first line of the CSV; `axes` are the keys that vary.
pub fn head<'a>(axes: impl Iterator<Item = &'a str>, has_intervals: bool) -> String {
    let axes = axes.filter(|key| *key != SEED);
    let names = ["index"].into_iter().chain(axes);
    let names = names.chain(["variant", SEED, "origin", "trust"]);
    let names = names.chain(COLUMNS.iter().map(|(name, _)| *name));
    let names = names.chain(["error"]).map(str::to_owned);
    let ends = ends().filter(|_| has_intervals);
    line(names.chain(ends.map(|(name, _)| name)))
}

impl Row {
    /// Returns its line of the CSV.
    pub fn csv(&self, has_intervals: bool) -> String {
        let value = |text: &String| {
            let (key, value) = text.split_once('=').unwrap_or((text, ""));
            (key != SEED).then(|| value.to_owned())
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut cells = vec![self.index.to_string()];
        cells.extend(self.overrides.iter().filter_map(value));
        cells.push(text(&self.variant));
        cells.push(self.seed.map_or_else(String::new, |seed| seed.to_string()));
        cells.push(self.origin.clone());
        cells.push(text(&self.trust));
        cells.extend(COLUMNS.iter().map(|(_, path)| self.number(path)));
        cells.push(text(&self.error));
        let ends = ends().filter(|_| has_intervals);
        cells.extend(ends.map(|(_, path)| self.number(&path)));
        line(cells.into_iter())
    }
}

/// Returns cells as a line of CSV.
fn line(cells: impl Iterator<Item = String>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).expect("memory takes everything");
    let line = writer.into_inner().expect("memory takes everything");
    String::from_utf8(line).expect("cells are text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_list_all_columns_in_order() {
        let text = include_str!("../../../../docs/sweep.md");
        let first = |line: &str| {
            line.strip_prefix("| `")?
                .split_once('`')
                .map(|it| it.0.to_owned())
        };
        let listed: Vec<String> = text.lines().filter_map(first).collect();
        let begin = listed.iter().position(|name| name == "index");
        let columns = head(["KEY"].into_iter(), true);
        let columns: Vec<&str> = columns.trim_end().split(',').collect();
        assert_eq!(listed[begin.expect("a table of columns")..], columns);
    }

    #[test]
    fn cells_with_commas_or_quotes_stay_one_cell() {
        let cells = ["a,b", "c\"d", "e"].map(str::to_owned);
        assert_eq!(line(cells.into_iter()), "\"a,b\",\"c\"\"d\",e\n");
    }
}
