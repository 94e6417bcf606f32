//! View 3 against the events: percentiles, the number of requests by latency and time, and the parts of the
//! latency.

use std::slice::from_ref;

use super::events::{Account, Ns, Request};
use super::findings::Findings;
use super::screen::{WrittenNumber, around, ticks};
use super::window::{FOR_P99, FOR_THE_MEDIAN, percentile};

/// Relative width of the histogram's steps, which limits percentiles and edges.
const STEP: f64 = 0.002;
/// Columns of the cells.
const CELLS: std::ops::Range<usize> = 12..70;
/// Maximum number of newest answers whose parts are shown.
const NEWEST: usize = 2_000;

/// Compares the view with the events at one instant.
pub(super) fn check(account: &Account, screen: &str, at: Ns, place: &str, findings: &mut Findings) {
    let now = account.began + at;
    let ended = account.ended_by(now);
    check_percentiles(account, &ended, screen, place, findings);
    check_rows(account, &ended, screen, at, place, findings);
    check_parts(account, screen, now, place, findings);
}

fn check_percentiles(
    account: &Account,
    ended: &[&Request],
    screen: &str,
    place: &str,
    findings: &mut Findings,
) {
    let line = screen.lines().find(|line| line.starts_with(" p50 "));
    let Some(line) = line else {
        findings.lacks(place, "line of percentiles");
        return;
    };
    let words: Vec<&str> = line.split("  ").map(str::trim).collect();
    let words: Vec<&str> = words.into_iter().filter(|it| !it.is_empty()).collect();
    let count = words.last().and_then(|it| {
        let (count, behind) = it.split_once(" request")?;
        behind
            .ends_with("ended")
            .then(|| WrittenNumber::read(count))?
    });
    findings.near(
        &format!("{place}: requests ended"),
        count,
        ended.len() as f64,
        0.0,
    );
    for (name, percent, needed) in [
        ("p50", 50, FOR_THE_MEDIAN),
        ("p90", 90, FOR_THE_MEDIAN),
        ("p99", 99, FOR_P99),
    ] {
        let place = format!("{place}: {name}");
        let text = words.iter().find_map(|it| it.strip_prefix(name));
        let sentence = text.and_then(WrittenNumber::read);
        match percentile(ended, percent, needed) {
            Some(right) => findings.least(&place, sentence, (right, STEP), from_ref(account)),
            None => findings.number(&place, sentence.is_some(), "too few", sentence.is_none()),
        }
    }
}

/// A row of the view: lengths above those of the row below it, up to its own.
struct Row {
    from: f64,
    to: f64,
    count: usize,
    cells: Vec<usize>,
}

impl Row {
    /// Returns two flags: a length may be in this row, and it must be.
    fn holds(&self, latency: Ns) -> (bool, bool) {
        let latency = latency as f64 / 1e9;
        let within =
            |doubt: f64| self.from * (1.0 - doubt) < latency && latency <= self.to * (1.0 + doubt);
        (within(STEP), within(-STEP))
    }
}

/// Returns the rows from the shortest length on.
fn rows(screen: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let lines: Vec<&str> = screen.lines().collect();
    for line in lines.iter().rev() {
        let chars: Vec<char> = line.chars().collect();
        let label: String = chars.iter().take(CELLS.start).collect();
        let edge = label.trim().strip_prefix('≤').and_then(WrittenNumber::read);
        let Some(edge) = edge else { continue };
        let count: String = chars.iter().skip(CELLS.end).collect();
        let is_drawn = |x: &usize| chars.get(*x).is_some_and(|it| *it != ' ');
        rows.push(Row {
            from: rows.last().map_or(0.0, |below| below.to),
            to: edge.value,
            count: WrittenNumber::read(&count).map_or(0, |it| it.value as usize),
            cells: CELLS.filter(is_drawn).collect(),
        });
    }
    rows
}

fn check_rows(
    account: &Account,
    ended: &[&Request],
    screen: &str,
    at: Ns,
    place: &str,
    findings: &mut Findings,
) {
    let rows = rows(screen);
    let all: usize = rows.iter().map(|row| row.count).sum();
    findings.number(
        &format!("{place}: all rows"),
        all,
        ended.len(),
        all == ended.len(),
    );
    let axis = screen
        .lines()
        .skip(3)
        .map(|line| line.chars().collect::<Vec<char>>());
    let axis = axis.map(|line| ticks(&line)).find(|ticks| ticks.len() >= 2);
    let axis = axis.map(|ticks| [ticks[0], ticks[ticks.len() - 1]]);
    let over = account
        .requests
        .iter()
        .filter(|it| it.is_over(account.began + at));
    let over: Vec<(f64, Ns)> = over
        .filter_map(|it| Some(((it.done? - account.began) as f64, it.latency?)))
        .collect();
    for row in &rows {
        let place = format!("{place}: up to {} s", row.to);
        let lengths = ended.iter().filter_map(|it| it.latency);
        let (may, must) = lengths.map(|it| row.holds(it)).fold((0, 0), |sum, holds| {
            (sum.0 + usize::from(holds.0), sum.1 + usize::from(holds.1))
        });
        let holds = (must..=may).contains(&row.count);
        findings.number(&place, row.count, (must, may), holds);
        let Some(axis) = axis else { continue };
        findings.glyphs += row.cells.len();
        let columns: Vec<(f64, f64)> = row.cells.iter().map(|x| around(axis, *x)).collect();
        let inside = |(from, to): &(f64, f64), done: f64| *from <= done && done <= *to;
        let is_empty = |column: &&(f64, f64)| {
            let mut here = over.iter().filter(|(done, _)| inside(column, *done));
            !here.any(|(_, latency)| row.holds(*latency).0)
        };
        for (from, to) in columns.iter().filter(is_empty) {
            findings.contradictions.push(format!(
                "{place}: drawn from {:.6} to {:.6} s, no request ended so then",
                from / 1e9,
                to / 1e9
            ));
        }
        let is_left_out = |(done, latency): &&(f64, Ns)| {
            row.holds(*latency).1 && !columns.iter().any(|column| inside(column, *done))
        };
        for (done, latency) in over.iter().filter(is_left_out) {
            findings.contradictions.push(format!(
                "{place}: one that ended at {:.6} s after {latency} ns is not drawn",
                done / 1e9
            ));
        }
    }
}

/// Returns the means of the parts of the newest good answers, in seconds.
fn parts(answers: &[&Request]) -> Vec<(&'static str, f64)> {
    let reported: Vec<_> = answers
        .iter()
        .filter_map(|it| Some((*it, it.reported?)))
        .collect();
    let mean = |of: &dyn Fn(&Request, &super::events::ReportedTimes) -> Ns| {
        let sum: f64 = reported
            .iter()
            .map(|(it, messages)| of(it, messages) as f64)
            .sum();
        sum / reported.len().max(1) as f64 / 1e9
    };
    let door = |it: &Request| it.at_the_door().map_or(0, |(from, to)| to - from);
    let late = |it: &Request| it.sent.saturating_sub(it.due);
    let waited = mean(&|_, told| told.waited);
    // A queue of less than a hundredth of all waits is merged.
    let queue = |place: usize| {
        let mean = mean(&|_, told| told.queues[place]);
        if mean < 0.01 * waited { 0.0 } else { mean }
    };
    let queues = [0, 1, 2].map(queue);
    let rest = waited - queues.iter().sum::<f64>();
    let all = |it: &Request, told: &super::events::ReportedTimes| {
        late(it) + door(it) + told.ready + told.core_wait + told.cpu + told.waited
    };
    vec![
        ("late sent", mean(&|it, _| late(it))),
        ("at the door", mean(&|it, _| door(it))),
        ("ready", mean(&|_, told| told.ready)),
        ("without a core", mean(&|_, told| told.core_wait)),
        ("running", mean(&|_, told| told.cpu)),
        ("for a thread", queues[0]),
        ("for a connection", queues[1]),
        ("in the service's queue", queues[2]),
        ("parked", rest),
        ("blocked", rest),
        (
            "on the way",
            mean(&|it, told| it.latency.unwrap_or(0).saturating_sub(all(it, told))),
        ),
    ]
}

fn check_parts(account: &Account, screen: &str, now: Ns, place: &str, findings: &mut Findings) {
    let lines: Vec<&str> = screen.lines().collect();
    let head = lines
        .iter()
        .position(|line| line.contains("WHERE THE TIME WENT"));
    let Some(head) = head else { return };
    let mut answers = account.ended_by(now);
    answers.retain(|it| it.good);
    answers.sort_by_key(|it| it.done);
    let answers = &answers[answers.len().saturating_sub(NEWEST)..];
    let text = lines[head].split("mean of ").nth(1);
    let sentence = text.map(|it| it.trim_start_matches("the newest "));
    let label = sentence.and_then(|it| WrittenNumber::read(it.split(" answer").next()?));
    findings.near(
        &format!("{place}: answers averaged"),
        label,
        answers.len() as f64,
        0.0,
    );
    let right = parts(answers);
    // Below the bar.
    for line in lines[head + 2..]
        .iter()
        .take_while(|line| !line.trim().is_empty())
    {
        for formatted in line.split("   ").map(str::trim).filter(|it| !it.is_empty()) {
            let part = right.iter().find(|(name, _)| {
                formatted
                    .strip_prefix(name)
                    .is_some_and(|it| it.starts_with(' '))
            });
            let Some((name, right)) = part else { continue };
            let written = WrittenNumber::read(&formatted[name.len()..]);
            findings.near(&format!("{place}: {name}"), written, *right, 0.002);
        }
    }
}
