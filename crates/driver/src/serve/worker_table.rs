//! The table of `serve`: one row for the master, one for each worker.
//!
//! Pure: rows in, text out.

use std::fmt::Write;

use concsim_model::units::letter;
use concsim_model::units::{CpuTime, Elapsed};
use concsim_os::telemetry::Phase;

/// One worker at one instant, with its activity since the last table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its slot.
    pub(super) worker: usize,
    /// Its process id.
    pub(super) pid: u32,
    /// Its phase.
    pub(super) phase: Phase,
    /// Number of requests begun and not finished.
    pub(super) begun: u64,
    /// Number of coroutines ready, while it runs another.
    pub(super) ready: u64,
    /// Number of coroutines parked.
    pub(super) parked: u64,
    /// Responses written since the slot was first used.
    pub(super) requests: u64,
    /// Number of responses since the last table.
    pub(super) new_responses: u64,
    /// Core time since the last table.
    pub(super) cpu: CpuTime,
    /// Longest time that one request or coroutine had the worker.
    pub(super) longest_run: Elapsed,
    /// Number of processes that had this slot before and died.
    pub(super) respawns: u64,
}

/// No line is longer than a terminal of 80 columns: a wrapped one could not be erased.
const HEADER: &str =
    "             pid  phase    begun ready parked  requests per s  CPU  longest died";

/// Returns the table of the master `pid`, with its CPU time, and of its workers; `length` is the time since
/// the last table.
pub(super) fn table(pid: u32, cpu: CpuTime, rows: &[Row], length: Elapsed) -> String {
    let mut text = String::from(HEADER);
    let workers = match rows.len() {
        1 => "forked 1 worker and watches it".into(),
        count => format!("forked {count} workers and watches them"),
    };
    let share = share(cpu, length);
    write!(text, "\nmaster   {pid:>7}  {workers:<42}{share:>5}").expect("a String takes all text");
    for row in rows {
        text.push('\n');
        text += &line(row, length);
    }
    text
}

fn line(row: &Row, length: Elapsed) -> String {
    let per_second = row.new_responses as f64 / length.as_secs_f64().max(f64::MIN_POSITIVE);
    format!(
        "worker {:<2}{:>7}  {:<8}{:>6}{:>6}{:>7}{:>10}{:>6.0}{:>5}{:>9}{:>5}",
        letter(row.worker),
        row.pid,
        row.phase.word(),
        row.begun,
        row.ready,
        row.parked,
        row.requests,
        per_second,
        share(row.cpu, length),
        row.longest_run,
        row.respawns,
    )
}

/// Returns a share of one core: `45%`.
fn share(cpu: CpuTime, length: Elapsed) -> String {
    let share = cpu.as_secs_f64() / length.as_secs_f64().max(f64::MIN_POSITIVE);
    format!("{:.0}%", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_master_has_a_row_too_and_columns_stand_below_their_heads() {
        let row = Row {
            worker: 1,
            pid: 4243,
            phase: Phase::Running,
            begun: 31,
            ready: 2,
            parked: 28,
            requests: 1493,
            new_responses: 150,
            cpu: CpuTime(225_000_000),
            longest_run: Elapsed(1_100_000),
            respawns: 0,
        };
        let length = Elapsed::from_millis(500);
        let text = table(4242, CpuTime(1_000_000), &[row], length);
        insta::assert_snapshot!(text);
    }
}
