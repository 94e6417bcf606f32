//! The data of figures against the exported tables: `concsim figure KIND DIR -o x.svg` writes `x.csv` beside
//! the picture, and the picture is drawn from that alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::events::{Account, Ns, Request, State};
use super::findings::Findings;
use super::summary::LatencyParts;
use super::tables::{Row, Tables, number};

/// Kinds of figures that are compared.
const KINDS: [&str; 5] = [
    "percentiles",
    "heatmap",
    "utilisation",
    "breakdown",
    "who-runs",
];
/// Series about the run and not about its requests or cores.
const COURSE: [&str; 3] = ["counted", "interrupted", "interventions"];

/// Returns the rows of each kind of figure of a stored run; none for a kind that cannot be drawn.
pub(super) fn figures(concsim: &str, folder: &Path) -> BTreeMap<&'static str, Vec<Row>> {
    let rows = |kind: &'static str| {
        let picture = folder.join(format!("{kind}.svg"));
        let output = Command::new(concsim)
            .args(["figure", kind])
            .arg(folder)
            .arg("-o")
            .arg(&picture)
            .output()
            .expect("the binary starts");
        let mut rows = Vec::new();
        if output.status.success() {
            let mut reader = csv::ReaderBuilder::new()
                .comment(Some(b'#'))
                .from_path(picture.with_extension("csv"))
                .expect("a figure has its data beside it");
            rows.extend(
                reader
                    .deserialize()
                    .map(|row: Result<Row, _>| row.expect("a row")),
            );
        }
        (kind, rows)
    };
    KINDS.map(rows).into()
}

/// Compares the figures of one variant with its tables.
pub(super) fn check(
    tables: &Tables,
    (account, summary): (&Account, &Value),
    figures: &BTreeMap<&'static str, Vec<Row>>,
    place: &str,
    findings: &mut Findings,
) {
    let patience = summary["at_patience"]["patience_ms"].as_f64();
    let patience = (patience.unwrap_or(0.0) * 1e6) as Ns;
    for kind in KINDS {
        let is_of_it = |row: &&Row| match kind {
            "percentiles" => row["series"] == account.variant,
            _ => row["panel"] == account.variant && !COURSE.contains(&row["series"].as_str()),
        };
        let rows: Vec<&Row> = figures[kind].iter().filter(is_of_it).collect();
        let place = format!("{place}, {kind}");
        match kind {
            "percentiles" => percentiles(account, patience, &rows, &place, findings),
            "heatmap" => heatmap(account, patience, &rows, &place, findings),
            "utilisation" => {
                let cores = tables.of(&account.variant, "cores");
                utilisation(account, cores, &rows, &place, findings);
            }
            "breakdown" => breakdown(account, &rows, &place, findings),
            _ => who_runs(account, &rows, &place, findings),
        }
    }
}

fn real(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or(f64::NAN)
}

/// Returns an instant of the run's clock, from seconds since load began.
fn instant(account: &Account, row: &Row, column: &str) -> Ns {
    account.began + (real(row, column) * 1e9).round() as Ns
}

/// Checks that `y` milliseconds are not exceeded by all but one in `x`.
fn percentiles(
    account: &Account,
    patience: Ns,
    rows: &[&Row],
    place: &str,
    findings: &mut Findings,
) {
    let counted = || account.requests.iter().filter(|it| it.counted);
    let cut_off = counted().filter(|it| it.is_cut_off(patience)).count();
    for (panel, length) in [
        ("from due", (|it| it.latency) as fn(&Request) -> Option<Ns>),
        ("from sent", |it| it.from_send),
    ] {
        // Requests that the end of the run cut off count as longer than all others.
        let longest = |it: &Request| {
            if it.is_cut_off(patience) {
                None
            } else {
                length(it)
            }
        };
        let mut sorted: Vec<Ns> = counted().map(|it| longest(it).unwrap_or(Ns::MAX)).collect();
        sorted.sort_unstable();
        let own: Vec<&&Row> = rows.iter().filter(|row| row["panel"] == panel).collect();
        let place = format!("{place}, {panel}");
        for row in &own {
            let x = real(row, "x");
            let rank = ((1.0 - 1.0 / x) * sorted.len() as f64 - 1e-6)
                .ceil()
                .max(1.0) as usize;
            let right = sorted.get(rank - 1).map_or(0.0, |it| *it as f64 / 1e6);
            let y = real(row, "y");
            let holds = (y - right).abs() < 1e-6;
            findings.number(&format!("{place}: 1 in {x:.2}"), y, right, holds);
            let count = number(row, "n");
            let holds = count == Some(sorted.len() as u64);
            findings.number(&format!("{place}: requests"), count, sorted.len(), holds);
        }
        // A line extends to where ten requests were slower, and contains no request that was cut off.
        let most = sorted.len() as f64 / cut_off.max(10) as f64;
        let points = if most < 2.0 {
            0
        } else {
            (20.0 * most.log10() + 1e-6).floor() as usize + 1
        };
        // A logarithmic axis has no place for zero.
        let nothing = (0..points).filter(|step| {
            let x = 10_f64.powf(*step as f64 / 20.0);
            let rank = ((1.0 - 1.0 / x) * sorted.len() as f64 - 1e-6)
                .ceil()
                .max(1.0) as usize;
            sorted[rank - 1] == 0
        });
        let right = points - nothing.count();
        findings.number(
            &format!("{place}: points"),
            own.len(),
            right,
            own.len() == right,
        );
    }
}

/// Checks that each cell counts requests that were due in `x` and took `y`, and that all requests are
/// counted.
fn heatmap(account: &Account, patience: Ns, rows: &[&Row], place: &str, findings: &mut Findings) {
    let end = account.window.1.min(account.end);
    let there = account.requests.iter();
    let there = there.filter(|it| (account.began..=end).contains(&it.due));
    let there = there.filter(|it| it.done.is_some() && !it.is_cut_off(patience));
    let there: Vec<(f64, f64)> = there
        .map(|it| {
            let due = (it.due - account.began) as f64 / 1e9;
            (due, it.latency.unwrap_or(0) as f64 / 1e6)
        })
        .filter(|(_, latency)| *latency > 0.0)
        .collect();
    let mut all = 0;
    for row in rows {
        let [x, x_to, y, y_to] = ["x", "x_to", "y", "y_to"].map(|column| real(row, column));
        let within = |doubt: f64| {
            let is_in = |(due, latency): &&(f64, f64)| {
                let is_then = x - doubt <= *due && *due < x_to + doubt;
                is_then && y * (1.0 - doubt) <= *latency && *latency < y_to * (1.0 + doubt)
            };
            there.iter().filter(is_in).count() as u64
        };
        let (least, most) = (within(-1e-8), within(1e-8));
        let count = number(row, "n").unwrap_or(0);
        all += count;
        let holds = count > 0 && (least..=most).contains(&count);
        let place = format!("{place}: from {x} s, {y} ms");
        findings.number(&place, count, (least, most), holds);
    }
    let holds = all == there.len() as u64;
    findings.number(&format!("{place}: all cells"), all, there.len(), holds);
}

/// Checks the shares of a core between two samples, stacked.
fn utilisation(
    account: &Account,
    cores: &[Row],
    rows: &[&Row],
    place: &str,
    findings: &mut Findings,
) {
    let used = |at: Ns, core: &str, column: &str| {
        let is_it = |row: &&Row| number(row, "at_ns") == Some(at) && row["core"] == core;
        let row = cores.iter().find(is_it);
        row.and_then(|row| number(row, column)).unwrap_or(0) as f64
    };
    let mut lanes: BTreeMap<&str, Vec<(Ns, Ns)>> = BTreeMap::new();
    let mut tops: BTreeMap<(&str, Ns), f64> = BTreeMap::new();
    for row in rows {
        let (from, to) = (instant(account, row, "x"), instant(account, row, "x_to"));
        let length = (to - from) as f64;
        let series = row["series"].as_str();
        let place = format!("{place}: {series} {}, {} s", row["label"], row["x"]);
        if series == "parallelism" {
            let right = account.cpu_between(from, to) / (length / 1e9);
            let y = real(row, "y");
            findings.number(&place, y, right, (y - right).abs() < 0.51e-4);
            lanes.entry("").or_default().push((from, to));
            continue;
        }
        let core = row["label"].trim_start_matches("core ");
        let share = |column: &str| (used(to, core, column) - used(from, core, column)) / length;
        let ours = ["workers_ns", "load_ns", "services_ns"].map(share);
        let right = match series {
            "workers" => ours[0],
            "load" => ours[1],
            "services" => ours[2],
            _ => (share("busy_ns") - ours.iter().sum::<f64>()).max(0.0),
        };
        let (y, top) = (real(row, "y"), real(row, "y_to"));
        let below = tops.insert((core, from), top).unwrap_or(0.0);
        findings.number(&place, top - y, right, (top - y - right).abs() < 2.1e-4);
        let holds = (y - below).abs() < 1e-9;
        findings.number(&format!("{place}: begins"), y, below, holds);
        if series == "workers" {
            lanes.entry(core).or_default().push((from, to));
        }
    }
    // Each lane is gapless, from sample to sample, until nothing new is due.
    let samples = &account.samples;
    let end = account.window.1.min(account.end);
    let first = samples.iter().copied().find(|at| *at >= account.began);
    let longest = samples.windows(2).map(|pair| pair[1] - pair[0]).max();
    for (core, lane) in &lanes {
        let place = format!("{place}: lane {core:?}");
        let gaps = lane.windows(2).filter(|pair| pair[0].1 != pair[1].0);
        let gaps = gaps.count();
        findings.number(&format!("{place}: gaps"), gaps, 0, gaps == 0);
        let begin = lane.first().map(|it| it.0);
        findings.number(&format!("{place}: begins"), begin, first, begin == first);
        let step = lane.iter().map(|it| it.1 - it.0).max().unwrap_or(0);
        let last = lane.last().map_or(0, |it| it.1);
        let holds = last <= end && last + step + longest.unwrap_or(0) >= end;
        findings.number(&format!("{place}: ends"), last, end, holds);
    }
    findings.number(
        &format!("{place}: lanes"),
        lanes.len(),
        "some",
        lanes.len() > 1,
    );
}

/// Checks the parts of the mean latency, stacked.
fn breakdown(account: &Account, rows: &[&Row], place: &str, findings: &mut Findings) {
    let answered = account.requests.iter().filter(|it| it.counted && it.good);
    let all: Vec<LatencyParts> = answered.map(LatencyParts::of).collect();
    let mean = |of: &dyn Fn(&LatencyParts) -> Ns| {
        let sum: u128 = all.iter().map(|it| u128::from(of(it))).sum();
        sum as f64 / all.len().max(1) as f64 / 1e6
    };
    let wait = mean(&|it| it.parts[5]);
    // A queue of less than a hundredth of all waits is merged.
    let queues = [0, 1, 2].map(|place| mean(&|it: &LatencyParts| it.waits[place]));
    let queues = queues.map(|queue| if queue >= 0.01 * wait { queue } else { 0.0 });
    let waits = if account.has_a_loop() {
        "parked"
    } else {
        "blocked"
    };
    let right = [
        ("not yet sent", mean(&|it| it.parts[0])),
        ("at the door", mean(&|it| it.parts[1])),
        ("ready", mean(&|it| it.parts[2])),
        ("wants a core", mean(&|it| it.parts[3])),
        ("computing", mean(&|it| it.parts[4])),
        ("waits for a thread", queues[0]),
        ("waits for a connection", queues[1]),
        ("in the service's queue", queues[2]),
        (waits, wait - queues.iter().sum::<f64>()),
        ("other", mean(&|it| it.parts[6])),
    ];
    let (mut end, mut known) = (0.0, 0);
    for (part, right) in right {
        let row = rows.iter().find(|row| row["series"] == part);
        let length = row.map_or(0.0, |row| real(row, "x_to") - real(row, "x"));
        // Each is rounded to whole nanoseconds, and the last absorbs the rest.
        let holds = (length - right).abs() < 1e-5;
        findings.number(&format!("{place}: {part}"), length, right, holds);
        let Some(row) = row else { continue };
        known += 1;
        let holds = (real(row, "x") - end).abs() < 1e-9;
        findings.number(
            &format!("{place}: {part} begins"),
            real(row, "x"),
            end,
            holds,
        );
        end = real(row, "x_to");
        let count = number(row, "n");
        let holds = count == Some(all.len() as u64);
        findings.number(&format!("{place}: requests"), count, all.len(), holds);
    }
    findings.number(
        &format!("{place}: parts"),
        rows.len(),
        known,
        rows.len() == known,
    );
    let whole = mean(&|it| it.parts.iter().sum());
    let holds = (end - whole).abs() < 1.1e-6;
    findings.number(&format!("{place}: mean"), end, whole, holds);
}

/// Returns the state of a request that a series of `who-runs` stands for.
fn state_of(series: &str) -> Option<State> {
    Some(match series {
        "running" => State::Running,
        "blocked" => State::Blocked,
        "ready" => State::Ready,
        "wants a core" => State::WantsACore,
        "parked" => State::Parked,
        "at the door" => State::AtTheDoor,
        waits if waits.ends_with("in a service's queue") => State::InAQueue,
        waits if waits.ends_with("for a thread") || waits.ends_with("for a connection") => {
            State::ForThePool
        }
        _ => return None,
    })
}

/// Number of requests with lanes in `who-runs`.
const LANES: usize = 12;

/// Checks a lane for each of the first requests, and for each core that a worker had.
fn who_runs(account: &Account, rows: &[&Row], place: &str, findings: &mut Findings) {
    let mut first: Vec<&Request> = account.requests.iter().collect();
    first.sort_by_key(|it| (it.sent, it.number));
    for request in first.iter().take(LANES) {
        let place = format!("{place}: request {}", request.number);
        let own = rows.iter().filter(|row| {
            let name = row["label"].strip_prefix("request ").unwrap_or("");
            name.split(' ').next() == Some(&request.number.to_string())
        });
        check_lane(account, request, own.copied(), &place, findings);
    }
    for row in rows.iter().filter(|row| row["series"].starts_with("core ")) {
        let (from, to) = (instant(account, row, "x"), instant(account, row, "x_to"));
        let place = format!("{place}: {} {} s", row["series"], row["x"]);
        let worker = row["label"].trim_start_matches("worker ");
        let worker = super::screen::slot(worker);
        let core = row["series"]["core ".len()..].parse::<u64>().ok();
        // Instants in it, not too near to its ends.
        let instants = [1, 2, 3].map(|part| from + (to - from) * part / 4);
        for at in instants {
            let mut claims = account.requests.iter().filter_map(|it| it.claim(at));
            let has_it = claims.any(|(_, own, on)| own == worker && (on.is_none() || on == core));
            let mut unread = account.unread.iter();
            let is_unread = unread.any(|it| Some(it.worker) == worker && it.is_at(at));
            findings.glyphs += 1;
            if !has_it && !is_unread {
                findings.contradictions.push(format!(
                    "{place}: {} has it at {at}, the events say that it runs nothing there",
                    row["label"]
                ));
            }
        }
    }
}

fn check_lane<'a>(
    account: &Account,
    request: &Request,
    rows: impl Iterator<Item = &'a Row>,
    place: &str,
    findings: &mut Findings,
) {
    let (mut end, mut count) = (request.sent, 0);
    for row in rows {
        let (from, to) = (instant(account, row, "x"), instant(account, row, "x_to"));
        // After its client has left the door, it is in no state until a worker takes its connection.
        if request.done == Some(end) && request.taken().is_some_and(|taken| taken > end) {
            end = request.taken().unwrap_or(end);
        }
        findings.number(&format!("{place}: begins"), from, end, from == end);
        (end, count) = (to, count + 1);
        let drawn = state_of(&row["series"]);
        let edges = request
            .edges()
            .into_iter()
            .filter(|it| from < *it && *it < to);
        let inside = edges.chain([from, from + (to - from) / 2, to - 1]);
        for at in inside {
            let right = account.drawn(request, at);
            let is_lost =
                drawn == Some(State::WantsACore) && account.has_lost_its_core(request, at);
            findings.glyphs += 1;
            if drawn != right && !is_lost {
                findings.contradictions.push(format!(
                    "{place}: drawn {:?} at {at} ({from} to {to}), the events say {right:?}",
                    row["series"]
                ));
            }
        }
    }
    let right = request.end().min(account.end);
    findings.number(
        &format!("{place}: ends"),
        end,
        right,
        count == 0 || end == right,
    );
    let takes_time = request.sent < right;
    findings.number(
        &format!("{place}: lanes"),
        count,
        takes_time,
        (count > 0) == takes_time,
    );
}
