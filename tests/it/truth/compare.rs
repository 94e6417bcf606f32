//! View 4 against the events: each measure of each variant, its bar and its ratio to the first one.

use super::events::{Account, Ns, Request};
use super::findings::Findings;
use super::screen::WrittenNumber;
use super::window::{FOR_P99, FOR_THE_MEDIAN, percentile};

/// Column at which bars begin, and their maximum length.
const BAR: std::ops::Range<usize> = 20..62;

/// Returns the number of a variant in the view: over the last second of the current one, over the window of
/// an earlier one.
fn right(accounts: &[Account], on: usize, variant: usize, measure: &str, now: Ns) -> Option<f64> {
    let account = &accounts[variant];
    // A run that proves nothing is not compared.
    if variant > on || (variant < on && account.proves_nothing) {
        return None;
    }
    let is_on = variant == on;
    if is_on && !account.counts_by(now) {
        return None;
    }
    let second = account.last_second(now);
    let seconds = (second.1 - second.0) as f64 / 1e9;
    // An interval of zero length has no mean.
    if is_on && second.0 == second.1 && !measure.starts_with("latency") {
        return None;
    }
    let ended: Vec<&Request> = if is_on {
        account.ended_by(now)
    } else {
        account.requests.iter().filter(|it| it.counted).collect()
    };
    match measure {
        "answers per second" if is_on => Some(account.rate(second)),
        "answers per second" => Some(account.throughput()),
        "concurrency: begun, not finished" if is_on => Some(account.mean(second, Request::begun)),
        "concurrency: begun, not finished" => Some(account.concurrency()),
        "parallelism: cores busy" if is_on => {
            Some(account.cpu_between(second.0, second.1) / seconds)
        }
        "parallelism: cores busy" => Some(account.parallelism()),
        "at the door" if is_on => Some(account.mean(second, Request::at_the_door)),
        "at the door" => Some(account.door()),
        "latency, median" => percentile(&ended, 50, FOR_THE_MEDIAN),
        "latency, 99th percentile" => percentile(&ended, 99, FOR_P99),
        _ => None,
    }
}

/// A number with its bar and its ratio to the first one.
struct Value {
    bar: f64,
    text: Option<WrittenNumber>,
    /// Above 1 if it exceeds the first one.
    ratio: Option<(bool, WrittenNumber)>,
}

impl Value {
    fn read(line: &str) -> Self {
        let cells: Vec<char> = line.chars().skip(BAR.start).collect();
        let count = |glyph: char| cells.iter().filter(|it| **it == glyph).count() as f64;
        let behind: String = cells.iter().filter(|it| !matches!(it, '━' | '╸')).collect();
        let (sentence, ratio) = behind.split_once('(').unwrap_or((&behind, ""));
        let ratio = ratio.trim_end().trim_end_matches(')');
        let is_more = ratio.starts_with('×');
        let ratio = WrittenNumber::read(ratio.trim_start_matches(['×', '÷']));
        Self {
            bar: count('━') + count('╸') / 2.0,
            text: WrittenNumber::read(sentence),
            ratio: ratio.map(|ratio| (is_more, ratio)),
        }
    }
}

/// Compares the view with the events at one instant.
pub(super) fn check(
    (accounts, on): (&[Account], usize),
    screen: &str,
    at: Ns,
    place: &str,
    findings: &mut Findings,
) {
    let now = accounts[on].began + at;
    let lines: Vec<&str> = screen.lines().skip(4).collect();
    let mut measures = 0;
    for block in lines.windows(accounts.len() + 1) {
        let is_row = |line: &&str, account: &Account| {
            let name = line.trim_start_matches([' ', '▸']);
            name.split(' ').next() == Some(account.variant.as_str())
        };
        let rows = &block[1..];
        if !rows.iter().zip(accounts).all(|(line, it)| is_row(line, it)) {
            continue;
        }
        let measure = block[0].trim();
        let values: Vec<Value> = rows.iter().map(|line| Value::read(line)).collect();
        check_measure((accounts, on), measure, &values, now, place, findings);
        measures += 1;
    }
    findings.number(
        &format!("{place}: measures"),
        measures,
        "some",
        measures > 0,
    );
}

fn check_measure(
    (accounts, on): (&[Account], usize),
    measure: &str,
    values: &[Value],
    now: Ns,
    place: &str,
    findings: &mut Findings,
) {
    let text = values.iter().filter_map(|it| it.text);
    let most = text.max_by(|one, other| one.value.total_cmp(&other.value));
    let all: Vec<Option<f64>> = (0..accounts.len())
        .map(|variant| right(accounts, on, variant, measure, now))
        .collect();
    for (variant, value) in values.iter().enumerate() {
        let place = format!("{place}: {measure}, {}", accounts[variant].variant);
        if let (Some(line), Some(most)) = (value.text, most.filter(|most| most.value > 0.0)) {
            let length = BAR.len() as f64 * line.value / most.value;
            let doubt = 0.51 + BAR.len() as f64 * 0.51 * (line.digit + most.digit) / most.value;
            let holds = (value.bar - length).abs() <= doubt;
            findings.number(&format!("{place}: bar"), value.bar, length, holds);
        }
        // The scenario's subject may be any path of the summary.
        if measure.contains("the subject of the scenario") {
            continue;
        }
        match all[variant] {
            Some(right) => findings.least(
                &place,
                value.text,
                (right, 0.02),
                &accounts[variant..=variant],
            ),
            None => findings.number(
                &place,
                value.text.is_some(),
                "unknown",
                value.text.is_none(),
            ),
        }
        if let (Some((is_more, ratio)), Some(Some(first)), Some(own)) =
            (value.ratio, all.first(), all[variant])
        {
            let right = if is_more { own / first } else { first / own };
            findings.near(&format!("{place}: ratio"), Some(ratio), right, 0.03);
        }
    }
}
