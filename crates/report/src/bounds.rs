//! Bounds on the card: a table of the headline numbers of disturbed runs that are known too badly for a run to be
//! `ok`. It stands beneath the numbers themselves.

use concsim_model::units::three_digits;
use concsim_record::disturbance::Bounds;
use concsim_record::summary::Run;
use concsim_record::trust::is_wide;

/// Width of the variant's name.
const NAME: usize = 12;
/// Width of a number's bounds.
const CELL: usize = 16;

/// A headline number.
struct Column {
    heading: &'static str,
    /// Path in the summary.
    path: &'static str,
    value: fn(&Run) -> Option<f64>,
    /// Text of its bounds.
    text: fn(Bounds) -> String,
}

const COLUMNS: [Column; 4] = [
    Column {
        heading: "answers/s",
        path: "throughput_per_s",
        value: |run| run.throughput_per_s,
        text: rates,
    },
    Column {
        heading: "mean",
        path: "latency_ms.mean",
        value: |run| run.latency_ms.mean,
        text: latencies,
    },
    Column {
        heading: "p50",
        path: "latency_ms.p50",
        value: |run| run.latency_ms.p50,
        text: latencies,
    },
    Column {
        heading: "p99",
        path: "latency_ms.p99",
        value: |run| run.latency_ms.p99,
        text: latencies,
    },
];

/// Returns the table; empty if all bounds are narrow. Repeats have intervals, which contain the bounds.
pub(super) fn table(runs: &[Run]) -> String {
    let rows: Vec<String> = runs.iter().filter_map(row_of).collect();
    if rows.is_empty() {
        return String::new();
    }
    let heads = COLUMNS.map(|column| column.heading.to_owned());
    format!("\n{}{}", row("may be", &heads), rows.concat())
}

fn row_of(run: &Run) -> Option<String> {
    if run.repeated.is_some() {
        return None;
    }
    let cells = COLUMNS.map(|column| {
        let bounds = column.wide_bounds(run);
        bounds.map_or_else(String::new, column.text)
    });
    let has_any = cells.iter().any(|cell| !cell.is_empty());
    has_any.then(|| row(&run.variant, &cells))
}

impl Column {
    /// Returns its bounds in a run, if they are wide.
    fn wide_bounds(&self, run: &Run) -> Option<Bounds> {
        let (value, bounds) = ((self.value)(run)?, *run.bounds.get(self.path)?);
        is_wide(self.path, value, bounds).then_some(bounds)
    }
}

/// Returns a row; a long name has a line of its own.
fn row(name: &str, cells: &[String; 4]) -> String {
    let cells = cells
        .each_ref()
        .map(|cell| format!(" {cell:>CELL$}"))
        .concat();
    let cells = cells.trim_end();
    if name.chars().count() > NAME {
        format!("{name}\n{:NAME$}{cells}\n", "")
    } else {
        format!("{name:<NAME$}{cells}\n")
    }
}

/// Returns `20.1 to 24.0`.
fn rates(bounds: Bounds) -> String {
    let low = three_digits(bounds.low);
    if bounds.high.is_finite() {
        format!("{low} to {}", three_digits(bounds.high))
    } else {
        format!("{low} or more")
    }
}

/// Returns `0.95 to 3.64 s`, of milliseconds.
fn latencies(bounds: Bounds) -> String {
    let Bounds { low, high } = bounds;
    let largest = if high.is_finite() { high } else { low };
    let (unit, name) = if largest >= 1e3 {
        (1e3, "s")
    } else {
        (1.0, "ms")
    };
    let low = three_digits(low / unit);
    if high.is_finite() {
        format!("{low} to {} {name}", three_digits(high / unit))
    } else {
        format!("{low} {name} or more")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_latency_have_one_unit() {
        let latency = |low, high| latencies(Bounds { low, high });
        assert_eq!(latency(3100.0, 3640.0), "3.10 to 3.64 s");
        assert_eq!(latency(61.8, 1130.0), "0.06 to 1.13 s");
        assert_eq!(latency(0.0, 5.0), "0.00 to 5.00 ms");
        assert_eq!(latency(10.0, f64::INFINITY), "10.0 ms or more");
        let rate = Bounds {
            low: 0.5,
            high: 2.78,
        };
        assert_eq!(rates(rate), "0.50 to 2.78");
    }
}
