//! View 8 against the events: measured numbers beside the computed ones, and their difference. The computed
//! numbers themselves are checked against textbooks elsewhere.

use std::slice::from_ref;

use super::events::{Account, Ns, Request};
use super::findings::Findings;
use super::screen::WrittenNumber;
use super::window::{FOR_P99, FOR_THE_MEDIAN, percentile};

/// Start and end of the columns of numbers: answers/s, mean, wait, p50, p99.
const COLUMNS: [(usize, usize); 5] = [(28, 40), (40, 50), (50, 60), (60, 70), (70, 80)];
/// Column of the share of a bound, behind its bar.
const SHARE: usize = 42;

fn columns(line: &str) -> [Option<WrittenNumber>; 5] {
    let chars: Vec<char> = line.chars().collect();
    COLUMNS.map(|(begin, end)| {
        let cell = chars.get(begin..end.min(chars.len())).unwrap_or_default();
        WrittenNumber::read(&cell.iter().collect::<String>())
    })
}

/// Compares the view with the events at one instant.
pub(super) fn check(account: &Account, screen: &str, at: Ns, place: &str, findings: &mut Findings) {
    let now = account.began + at;
    let second = account.last_second(now);
    let is_told = account.counts_by(now) && second.0 < second.1;
    let rate = is_told.then(|| account.rate(second));
    let lines: Vec<&str> = screen.lines().skip(4).collect();
    let is_bound = |line: &&&str| line.starts_with("   ") && line.contains('÷');
    let bounds = lines.iter().take_while(is_bound).copied();
    for line in lines.iter().skip(1).take_while(is_bound).copied() {
        check_bound(line, rate, place, findings);
    }
    let bounds = bounds.count();
    findings.number(
        &format!("{place}: lines"),
        lines.len(),
        bounds,
        lines.len() > bounds,
    );
    let row = |begin: &str| {
        lines
            .iter()
            .find(|line| line.trim_start().starts_with(begin))
    };
    let (Some(computed), Some(came_out), Some(off)) = (
        row("computed, "),
        row(&account.origin),
        row("computed is off by"),
    ) else {
        return;
    };
    let ended = account.ended_by(now);
    let right = if account.counts_by(now) {
        [
            rate,
            mean(&ended),
            None,
            percentile(&ended, 50, FOR_THE_MEDIAN),
            percentile(&ended, 99, FOR_P99),
        ]
    } else {
        [None; 5]
    };
    let names = ["answers/s", "mean", "wait", "p50", "p99"];
    let rows = [computed, came_out, off].map(|line| columns(line));
    for (column, (name, right)) in names.into_iter().zip(right).enumerate() {
        let place = format!("{place}: {name}");
        let [computed, text, off] = rows.map(|row| row[column]);
        match right {
            Some(right) => findings.least(&place, text, (right, 0.002), from_ref(account)),
            None => findings.number(&place, text.is_some(), "unknown", text.is_none()),
        }
        // A run that proves nothing has none.
        let (Some(computed), Some(off), Some(right)) = (computed, off, right) else {
            continue;
        };
        let doubt = (computed.digit / right).abs() + 0.003;
        let should = computed.value / right - 1.0;
        let holds = (off.value - should).abs() <= off.digit + doubt;
        findings.number(&format!("{place}: off by"), off.value, should, holds);
    }
}

fn mean(ended: &[&Request]) -> Option<f64> {
    let all = ended.iter().filter_map(|it| it.latency);
    let sum: f64 = all.clone().map(|it| it as f64).sum();
    let count = all.count();
    (count > 0).then(|| sum / count as f64 / 1e9)
}

/// Checks `2 workers ÷ 100 ms   20.0  ━━━━ 100 %  binds`.
fn check_bound(line: &str, rate: Option<f64>, place: &str, findings: &mut Findings) {
    let chars: Vec<char> = line.chars().collect();
    let text = |begin: usize, end: usize| -> String {
        chars
            .get(begin..end.min(chars.len()))
            .unwrap_or_default()
            .iter()
            .collect()
    };
    let words = text(0, COLUMNS[0].1);
    let Some((words, bound)) = words.trim().rsplit_once("  ") else {
        return;
    };
    let Some(bound) = WrittenNumber::read(bound) else {
        return;
    };
    let place = format!("{place}: {}", words.trim());
    if let Some((many, time)) = words.split_once('÷')
        && let (Some(many), Some(time)) = (
            WrittenNumber::read(many.trim().rsplit_once(' ').map_or(many, |it| it.0)),
            WrittenNumber::read(time),
        )
    {
        let doubt = 0.51 * time.digit / time.value + 0.005;
        findings.near(
            &format!("{place}: bound"),
            Some(bound),
            many.value / time.value,
            doubt,
        );
    }
    let behind = text(SHARE, usize::MAX);
    let share = behind.trim_start_matches(['━', '╸', ' ']);
    let share = share.split('%').next().filter(|_| share.contains('%'));
    let share = share.and_then(|it| WrittenNumber::read(&format!("{it}%")));
    // A run that proves nothing has none.
    if let (Some(share), Some(rate)) = (share, rate) {
        let doubt = 0.51 * bound.digit / bound.value + 0.006;
        findings.near(
            &format!("{place}: reached"),
            Some(share),
            rate / bound.value,
            doubt,
        );
    } else {
        let holds = share.is_none();
        findings.number(
            &format!("{place}: reached"),
            share.is_some(),
            "unknown",
            holds,
        );
    }
}
