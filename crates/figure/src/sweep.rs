//! Points of a sweep, or stored runs in the same form: each has a place on an axis, and its numbers as
//! `--json` prints them.
//!
//! Reads `points.jsonl` of a sweep, one row per line; see `docs/sweep.md`.

use serde::Deserialize;
use serde_json::Value;

use super::cohort::seconds;
use super::table::{AT_LEAST, Origin, Row, distinct};
use super::{FigureSpec, Inputs, Refused};
use concsim_model::scenario::Arrivals;
use concsim_model::units::Elapsed;
use concsim_model::words::{counted, digits, length};
use concsim_record::Recording;

/// A sweep, as input of a figure.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Name of the scenario, as far as its rows have it.
    pub name: String,
    /// The keys that vary.
    pub over: Vec<String>,
    /// Scenario and version.
    pub provenance: String,
    /// Missing points, and reasons to doubt others.
    pub caveats: Vec<String>,
    points: Vec<Point>,
}

/// Reason why a file is not that of a sweep.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// A line is malformed.
    #[error("line {line} is not a row of a sweep: {what}")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// Error of the parser.
        what: serde_json::Error,
    },
    /// The file is empty.
    #[error("no row of a sweep found")]
    Empty,
}

/// One point.
#[derive(Clone, Debug)]
struct Point {
    variant: String,
    values: Vec<(String, String)>,
    numbers: Value,
    origin: Origin,
}

/// A line of `points.jsonl`.
#[derive(Debug, Deserialize)]
struct Line {
    row: usize,
    #[serde(default)]
    overrides: Vec<String>,
    variant: Option<String>,
    seed: Option<u64>,
    #[serde(default)]
    concsim: String,
    #[serde(default)]
    sha256: String,
    origin: Origin,
    trust: Option<String>,
    #[serde(default)]
    command: String,
    numbers: Option<Value>,
    error: Option<String>,
}

impl Sweep {
    /// Reads the text of a `points.jsonl`.
    ///
    /// # Errors
    /// Fails if a line is malformed or there is none.
    pub fn read(text: &str) -> Result<Self, Malformed> {
        let lines = (1..).zip(text.lines());
        let lines = lines.filter(|(_, text)| !text.trim().is_empty());
        let read = |(line, text): (_, &str)| {
            serde_json::from_slice::<Line>(text.as_bytes())
                .map_err(|what| Malformed::Line { line, what })
        };
        let mut lines: Vec<Line> = lines.map(read).collect::<Result<_, _>>()?;
        // The last line counts for a row that was played twice.
        lines.reverse();
        lines.sort_by_key(|line| line.row);
        lines.dedup_by_key(|line| line.row);
        let first = lines.first().ok_or(Malformed::Empty)?;
        let name = scenario_of(&first.command);
        Ok(Self {
            over: first.overrides.iter().map(|it| key_of(it).0).collect(),
            provenance: provenance(&name, &lines),
            caveats: caveats(&lines),
            name,
            points: lines.into_iter().filter_map(point_of).collect(),
        })
    }

    /// Returns the default title of a figure.
    pub(super) fn title(&self) -> String {
        format!("{} over {}", self.name, self.over.join(" and "))
    }
}

/// Splits `server.workers=4` into key and value.
fn key_of(laid_over: &str) -> (String, String) {
    let (key, value) = laid_over.split_once('=').unwrap_or((laid_over, ""));
    (key.trim().to_owned(), value.trim().to_owned())
}

/// Returns the scenario of a command: `io_bound` of `concsim sim scenarios/io_bound.toml --set …`.
fn scenario_of(command: &str) -> String {
    let file = command.split(" --").next().unwrap_or_default();
    let file = file.splitn(3, ' ').nth(2).unwrap_or("a scenario");
    let file = file.trim_matches('\'').rsplit('/').next();
    let file = file.unwrap_or_default();
    file.strip_suffix(".toml").unwrap_or(file).to_owned()
}

fn provenance(name: &str, lines: &[Line]) -> String {
    let Some(first) = lines.first() else {
        return name.to_owned();
    };
    let (concsim, origin) = (&first.concsim, first.origin.word());
    let sha256 = first.sha256.get(..8).unwrap_or_default();
    // A row that could not be read has no seed.
    let seed = lines.iter().find_map(|line| line.seed);
    let seed = seed.map_or_else(String::new, |seed| format!(" · seed {seed}"));
    let rows = lines.len();
    format!("concsim {concsim} · {name}@{sha256}{seed} · a sweep of {rows} rows · {origin}")
}

fn caveats(lines: &[Line]) -> Vec<String> {
    let rows = lines.len();
    let failed: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.error.as_deref())
        .collect();
    let left_out = failed.first().map(|first| {
        let count = failed.len();
        // The drawing beneath an error message is for a terminal.
        let first = first.lines().next().unwrap_or_default();
        let first = first.trim_start_matches("error: ");
        format!("{count} of {rows} rows failed and are left out: {first}")
    });
    let doubt = |trust: &str, words: &str| {
        let doubted = lines
            .iter()
            .filter(|line| line.trust.as_deref() == Some(trust));
        let count = doubted.count();
        (count > 0).then(|| format!("{count} of {rows} rows {words}"))
    };
    let nothing = doubt(
        "proves-nothing",
        "prove nothing; see `because` in points.csv",
    );
    let rough = doubt("rough", "are rough; see `because` in points.csv");
    left_out.into_iter().chain(nothing).chain(rough).collect()
}

fn point_of(line: Line) -> Option<Point> {
    Some(Point {
        variant: line.variant.unwrap_or_default(),
        values: line.overrides.iter().map(|it| key_of(it)).collect(),
        numbers: line.numbers?,
        origin: line.origin,
    })
}

/// A point with its place on an axis.
#[derive(Clone, Debug)]
pub(super) struct PlacedPoint {
    /// Name of the variant, and the values of all other axes.
    pub(super) series: String,
    pub(super) origin: Origin,
    pub(super) x: f64,
    numbers: Value,
}

impl PlacedPoint {
    /// True if two points are of one line: of the same series and engine.
    pub(super) fn is_of_one_line(&self, other: &Self) -> bool {
        self.series == other.series && self.origin == other.origin
    }

    /// Returns a number by its path: `latency_ms.p99`.
    pub(super) fn number(&self, path: &str) -> Option<f64> {
        let pointer = format!("/{}", path.replace('.', "/"));
        self.numbers.pointer(&pointer)?.as_f64()
    }

    /// Returns the ends of the interval of a number of repeats, by its path.
    pub(super) fn interval(&self, path: &str) -> Option<(f64, f64)> {
        let (parent, own) = path.rsplit_once('.').unwrap_or(("", path));
        let parent = match parent {
            "" => "interval".to_owned(),
            parent => format!("{parent}.interval"),
        };
        let end = |end: &str| self.number(&format!("{parent}.{own}.{end}"));
        Some((end("low")?, end("high")?))
    }

    /// Returns the interval of a point, whose number at the path is drawn as `scale` of it.
    pub(super) fn whisker(&self, path: &str, point: &Row, scale: f64) -> Option<Row> {
        let (low, high) = self.interval(path)?;
        Some(Row::interval_of(point, (low * scale, high * scale)))
    }

    /// Returns `≥ 30 s` if a latency in milliseconds is the clients' patience. Returns [`None`] also for rows
    /// of versions that did not mark such latencies.
    pub(super) fn at_least(&self, milliseconds: f64) -> Option<String> {
        let patience = self.number("at_patience.patience_ms")?;
        let failed = ["refused", "reset", "timeout", "status"];
        let failed = failed.map(|kind| self.number(&format!("failed.{kind}")).unwrap_or(0.0));
        let is_reached = failed.iter().sum::<f64>() > 0.0 && milliseconds >= patience;
        let long = Elapsed((patience * 1e6).round() as u64);
        is_reached.then(|| format!("{AT_LEAST}{}, the clients' patience", length(long)))
    }

    /// Returns the word for its kind of workers.
    pub(super) fn kind(&self) -> &str {
        self.numbers["kind"].as_str().unwrap_or_default()
    }

    /// Returns the number of requests behind its numbers.
    pub(super) fn count(&self) -> Option<u64> {
        let due = &self.numbers["due"];
        // Of repeats it is a mean.
        let mean = || {
            self.interval("due")?;
            due.as_f64().map(|due| due.round() as u64)
        };
        due.as_u64().or_else(mean)
    }

    /// Returns the reached bound of the throughput in a clause, if there is one: `4 cores are busy`.
    pub(super) fn reached_bound(&self) -> Option<String> {
        let answered = self.number("throughput_per_s")?;
        let bounds = self.bounds();
        let tightest = bounds
            .iter()
            .min_by(|a, b| a.per_s.total_cmp(&b.per_s))
            .filter(|bound| answered >= REACHED * bound.per_s)?;
        let count = |thing| counted(tightest.count.round() as u64, thing);
        let one = tightest.count < 1.5;
        let are = if one { "is" } else { "are" };
        Some(match tightest.of {
            "cores" => format!("{} {are} busy", count("core")),
            // A coroutine's wait does not occupy its worker.
            "workers" if self.kind() == "coroutine" => format!("{} {are} busy", count("worker")),
            "workers" => format!("{} {are} taken", count("worker")),
            "connections" => format!("{} {are} taken", count("connection")),
            "clients" => format!(
                "{} {} no more",
                count("client"),
                if one { "sends" } else { "send" }
            ),
            "arrivals" => "no more requests arrive".to_owned(),
            other => format!("the limit is {} {other}", digits(tightest.count)),
        })
    }

    /// Returns the computed bounds of the throughput: the resource, its number of units, the time for which
    /// each answer takes one (in seconds), and the resulting answers per second.
    pub(super) fn bounds(&self) -> Vec<Bound<'_>> {
        let bounds = self.numbers.pointer("/theory/bounds");
        let bounds = bounds
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let read = |bound: &'_ Value| -> Option<(f64, Option<f64>, f64)> {
            let each = bound["each_ms"].as_f64().map(|each| each / 1e3);
            Some((bound["count"].as_f64()?, each, bound["per_s"].as_f64()?))
        };
        let named = bounds.iter().filter_map(|bound| {
            let (count, each, per_s) = read(bound)?;
            Some(Bound {
                of: bound["of"].as_str()?,
                count,
                each,
                per_s,
            })
        });
        named.collect()
    }
}

/// An upper limit of the throughput.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound<'a> {
    /// Resource: `workers`, `cores`, `clients`, `connections`, `arrivals`.
    pub(super) of: &'a str,
    pub(super) count: f64,
    /// Time that an answer takes one unit, in seconds.
    pub(super) each: Option<f64>,
    /// Limit in answers per second.
    pub(super) per_s: f64,
}

/// Share of a bound from which on it counts as reached.
const REACHED: f64 = 0.9;

/// Returns all points with a place on the axis of `key`, ordered by series, then measured before simulated,
/// then by place.
fn placed(material: &Inputs<'_>, key: &str) -> Vec<PlacedPoint> {
    let mut all = runs(material, key);
    for (sweep, prefix) in material.sweeps.iter().zip(prefixes(&material.sweeps)) {
        let points = sweep.points.iter();
        all.extend(points.filter_map(|point| point.placed(key, &prefix)));
    }
    let series: Vec<String> = distinct(all.iter().map(|point| point.series.as_str()))
        .into_iter()
        .map(str::to_owned)
        .collect();
    let place = |of: &PlacedPoint| {
        let place = series.iter().position(|name| *name == of.series);
        (place, of.origin != Origin::Measured)
    };
    all.sort_by(|a, b| (place(a).cmp(&place(b))).then(a.x.total_cmp(&b.x)));
    all
}

/// Returns the same for a figure of a curve, which needs at least two places.
pub(super) fn several(
    material: &Inputs<'_>,
    key: &str,
    figure: &FigureSpec,
) -> Result<Vec<PlacedPoint>, Refused> {
    let points = placed(material, key);
    if places(&points) < 2 {
        return Err(Refused::Needs {
            kind: figure.name,
            needs: figure.needs,
        });
    }
    Ok(points)
}

/// Returns the names that distinguish sweeps: their scenarios, with numbers for equal ones.
fn prefixes(sweeps: &[Sweep]) -> Vec<String> {
    let are_of_one = distinct(sweeps.iter().map(|sweep| sweep.name.as_str())).len() == 1;
    let origin = |sweep: &Sweep| sweep.points.first().map(|point| point.origin);
    let alike = |a: &Sweep, b: &Sweep| a.name == b.name && origin(a) == origin(b);
    let prefix = |(place, sweep): (usize, &Sweep)| {
        let name = if are_of_one { "" } else { &sweep.name };
        match sweeps[..place].iter().filter(|it| alike(it, sweep)).count() {
            0 => name.to_owned(),
            before => format!("{name} ({})", before + 1).trim_start().to_owned(),
        }
    };
    sweeps.iter().enumerate().map(prefix).collect()
}

impl Point {
    fn placed(&self, key: &str, prefix: &str) -> Option<PlacedPoint> {
        let (_, value) = self.values.iter().find(|(name, _)| name == key)?;
        let others = self.values.iter().filter(|(name, _)| name != key);
        let others = others.map(|(name, value)| format!("{name} = {value}"));
        let names = [prefix.to_owned(), self.variant.clone()].into_iter();
        let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        let series: Vec<String> = [names.join(" ")].into_iter().chain(others).collect();
        let number = value.trim_end_matches("/s").trim();
        Some(PlacedPoint {
            series: series.join(", "),
            origin: self.origin,
            x: number
                .parse()
                .ok()
                .filter(|x: &f64| x.is_finite() && *x > 0.0)?,
            numbers: self.numbers.clone(),
        })
    }
}

/// Returns stored runs as points, placed by their scenarios.
fn runs(material: &Inputs<'_>, key: &str) -> Vec<PlacedPoint> {
    let scenarios = distinct(material.plays.iter().map(|play| play.kept.plan.name()));
    let mut all = Vec::new();
    for play in &material.plays {
        for view in &play.views {
            let recording = view.recording;
            let variant = line_of(recording, &play.kept.recordings, key);
            let series = match scenarios.len() {
                1 => variant.to_owned(),
                _ => format!("{} {variant}", play.kept.plan.name()),
            };
            all.extend(value_of(recording, key).map(|x| PlacedPoint {
                series,
                origin: recording.header.origin.into(),
                x,
                numbers: view.run().with_intervals(),
            }));
        }
    }
    all
}

/// Returns the series of a run: variants with different places on the axis form one line, named by the kind
/// of their workers.
fn line_of<'a>(recording: &'a Recording, beside: &[Recording], key: &str) -> &'a str {
    let kind = |it: &Recording| it.header.scenario.server.kind;
    let place = value_of(recording, key);
    let differs = |it: &&Recording| kind(it) == kind(recording) && value_of(it, key) != place;
    let shares = |it: &&Recording| kind(it) == kind(recording) && value_of(it, key) == place;
    let is_of_a_line =
        beside.iter().any(|it| differs(&it)) && beside.iter().filter(shares).count() == 1;
    if is_of_a_line {
        kind(recording).word()
    } else {
        &recording.header.variant
    }
}

/// Returns the value of an axis in a run.
fn value_of(recording: &Recording, key: &str) -> Option<f64> {
    let header = &recording.header;
    match (key, &header.scenario.load.arrivals) {
        ("server.workers", _) => Some(header.scenario.server.workers as f64),
        ("machine.cores", _) => Some(header.machine.cores as f64),
        ("load.rate", Arrivals::Open { rate, .. }) => Some(*rate),
        _ => None,
    }
}

/// Returns the length of the counted window in a line, for example "at each load".
pub(super) fn window(points: &[PlacedPoint], each: &str) -> Option<String> {
    let all = |path: &'static str| points.iter().filter_map(move |it| it.number(path));
    let (window, warm_up) = (seconds(all("window_s"))?, seconds(all("warmup_s"))?);
    let is_repeated = |point: &PlacedPoint| !point.numbers["interval"].is_null();
    let whiskers = if points.iter().any(is_repeated) {
        "; whiskers: intervals of 95 % of repeats"
    } else {
        ""
    };
    Some(format!(
        "counted: requests due in {window} {each}, after {warm_up} of warm-up{whiskers}"
    ))
}

/// Returns the number of distinct places.
fn places(points: &[PlacedPoint]) -> usize {
    let mut places: Vec<f64> = points.iter().map(|point| point.x).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    places.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"row":0,"index":0,"overrides":["server.workers=4","load.clients=10"],"variant":"sync","seed":7,"concsim":"0.1.0","sha256":"0123456789","origin":"simulated","trust":"ok","command":"concsim sim scenarios/io_bound.toml --set server.workers=4","numbers":{"kind":"sync","throughput_per_s":40.0}}"#;

    fn failed() -> String {
        let number = r#","numbers":{"kind":"sync","throughput_per_s":40.0}"#;
        ROW.replace(number, r#","error":"no room""#)
            .replace(r#""trust":"ok""#, r#""trust":null"#)
    }

    #[test]
    fn a_row_that_was_played_again_counts_as_it_was_then() {
        let sweep = Sweep::read(&format!("{}\n{ROW}\n", failed())).unwrap();
        assert_eq!((sweep.points.len(), sweep.caveats.len()), (1, 0));
        assert_eq!(
            sweep.title(),
            "io_bound over server.workers and load.clients"
        );
    }

    #[test]
    fn a_row_with_an_error_is_left_out_and_that_is_reported() {
        let other = failed().replace(r#""row":0"#, r#""row":1"#);
        let sweep = Sweep::read(&format!("{ROW}\n{other}\n")).unwrap();
        assert_eq!(sweep.points.len(), 1);
        let text = "1 of 2 rows failed and are left out: no room";
        assert_eq!(sweep.caveats, [text]);
    }

    #[test]
    fn each_value_of_another_axis_is_a_series() {
        let material = Inputs {
            sweeps: vec![Sweep::read(ROW).unwrap()],
            ..Inputs::default()
        };
        let points = placed(&material, "server.workers");
        assert_eq!(points[0].series, "sync, load.clients = 10");
        assert_eq!(
            (points[0].x, points[0].number("throughput_per_s")),
            (4.0, Some(40.0))
        );
        assert_eq!(placed(&material, "machine.cores").len(), 0);
    }

    #[test]
    fn a_file_that_is_no_sweep_is_refused_with_its_line() {
        let text = Sweep::read(&format!("{ROW}\n{{\n"))
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("line 2 is not a row of a sweep: "),
            "{text}"
        );
        assert!(Sweep::read("\n").is_err());
    }
}
