//! The default body: one line about the request's time in the worker, so that `curl` alone is instructive.

use super::RequestTimes;
use concsim_model::scenario::WorkerKind;
use concsim_model::units::letter;

/// Shortest delay that is mentioned: 50 µs, in nanoseconds.
const MIN_DELAY: u64 = 50_000;

/// Bytes of a default body: room for the longest usual line, and three rows of a terminal.
pub(super) const BODY: usize = 240;

/// Worker that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whoami {
    /// Index among the workers.
    pub worker: usize,
    /// Process id.
    pub pid: u32,
    /// Kind of worker.
    pub kind: WorkerKind,
}

/// Returns its name: "worker A (pid 4242, coroutine)".
pub(super) fn name(me: Whoami) -> String {
    let (letter, pid, kind) = (letter(me.worker), me.pid, me.kind.word());
    format!("worker {letter} (pid {pid}, {kind})")
}

/// Describes a request's time in one line. `counted` is the name of a counter and its new value.
pub(super) fn describe(me: Whoami, spent: &RequestTimes, counted: Option<(&str, u64)>) -> String {
    let mut line = name(me) + ": ";
    let mut separator = "";
    for fact in facts(me.kind, spent, counted) {
        line += separator;
        line += &fact;
        separator = ", ";
    }
    let others = match spent.others {
        0 => "no other request".into(),
        1 => "1 other".into(),
        others => format!("{others} others"),
    };
    line + "; " + &others + " ran meanwhile\n"
}

/// Pads the line with blanks to a multiple of [`BODY`]: load generators that compare the lengths of bodies
/// (`ab` without `-l`) take a body of another length for a failure, and the numbers vary.
pub(super) fn body(line: &str) -> String {
    let text = line.trim_end();
    let length = (text.len() + 1).next_multiple_of(BODY);
    format!("{text:<width$}\n", width = length - 1)
}

fn facts(kind: WorkerKind, spent: &RequestTimes, counted: Option<(&str, u64)>) -> Vec<String> {
    let yields = match (kind, spent.yields) {
        (WorkerKind::Coroutine, 0) if spent.cpu.0 > 0 => Some("never let go".into()),
        (_, 0) => None,
        (_, 1) => Some("let go once".into()),
        (_, 2) => Some("let go twice".into()),
        (_, often) => Some(format!("let go {often} times")),
    };
    let facts: Vec<String> = [
        (spent.cpu.0 > 0).then(|| format!("computed {}", milliseconds(spent.cpu.0))),
        counted.map(|(counter, value)| format!("counted {counter} up to {value}")),
        yields,
        (spent.parked.0 > 0).then(|| format!("parked {}", milliseconds(spent.parked.0))),
        (spent.blocked.0 > 0).then(|| format!("blocked {}", milliseconds(spent.blocked.0))),
        delay_text(spent.ready.0).map(|delay| format!("ready {delay} before its turn came")),
        delay_text(spent.core_wait.0).map(|delay| format!("wanted a core for {delay}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if facts.is_empty() {
        return vec!["did nothing".into()];
    }
    facts
}

fn delay_text(nanoseconds: u64) -> Option<String> {
    (nanoseconds >= MIN_DELAY).then(|| milliseconds(nanoseconds))
}

/// Formats always in milliseconds, so that the parts can be compared at a glance: `99.1 ms`, `0.02 ms`.
fn milliseconds(nanoseconds: u64) -> String {
    let milliseconds = nanoseconds as f64 / 1e6;
    match milliseconds {
        small if small < 0.095 => format!("{small:.2} ms"),
        _ => format!("{milliseconds:.1} ms"),
    }
}
