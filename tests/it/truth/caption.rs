//! Reads captions: each clause that names a number or a state, as a claim that the events can refute.

use super::screen::{slot, whole};

/// Claim of a caption's clause about its instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    AtTheDoor(usize),
    /// Requests that could run and wait in workers.
    InQueues(usize),
    /// Parked, and begun in all.
    Parked(usize, Option<usize>),
    Runs {
        worker: u16,
        request: u32,
    },
    HasKept {
        request: u32,
        worker: u16,
        millis: u64,
    },
    Idle(u16),
    /// Workers that compute.
    Computing(usize),
    /// Workers that are blocked.
    Blocked(usize),
    /// Requests that are blocked with their threads, and begun in all.
    BlockedOf(usize, usize),
    /// Cores on which a worker runs.
    Cores(usize),
}

/// Returns the sentences of the caption of a screen: between the table and the legend.
pub(super) fn sentences(screen: &str) -> String {
    let lines: Vec<&str> = screen.lines().collect();
    let legend = lines.iter().position(|line| line.starts_with(" █ running"));
    let below = &lines[..legend.unwrap_or(lines.len())];
    let table = below
        .iter()
        .rposition(|line| line.contains('▸'))
        .unwrap_or(0);
    // Rows of the table have columns; sentences have single blanks.
    let is_row = |line: &str| line.trim().contains("   ") || line.trim().split(' ').count() == 1;
    let caption = below[table + 1..].iter().map(|line| line.trim());
    let caption = caption.filter(|line| !is_row(line));
    caption.collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Returns the claims of a caption, in order.
pub(super) fn claims(caption: &str) -> Vec<Claim> {
    let clauses = caption.split(['.', ';', ',', ':']).map(str::trim);
    let clauses: Vec<String> = clauses.map(str::to_lowercase).collect();
    let mut claims: Vec<Claim> = Vec::new();
    for clause in &clauses {
        claims.extend(claim(clause));
    }
    claims
}

/// Returns a number in words or digits, at most `all`.
fn count(word: &str) -> Option<usize> {
    match word {
        "no" | "none" => Some(0),
        "both" => Some(2),
        word => whole(word).map(|number| number as usize),
    }
}

fn worker(name: &str) -> Option<u16> {
    slot(&name.to_uppercase())
}

fn claim(clause: &str) -> Option<Claim> {
    let clause = clause.strip_prefix("and ").unwrap_or(clause);
    let words: Vec<&str> = clause.split_whitespace().collect();
    Some(match words.as_slice() {
        [
            number,
            "request" | "requests",
            "is" | "are",
            "at",
            "the",
            "door",
        ] => Claim::AtTheDoor(count(number)?),
        [
            number,
            "request" | "requests",
            "wait" | "waits",
            "in",
            "its" | "the",
            ..,
        ] => Claim::InQueues(count(number)?),
        ["the", "only", "begun", "request", "is", "parked"] => Claim::Parked(1, Some(1)),
        ["both", "begun", "requests", "are", "parked"] => Claim::Parked(2, Some(2)),
        ["all", number, "begun", "requests", "are", "parked"] => {
            Claim::Parked(count(number)?, Some(count(number)?))
        }
        [
            number,
            "of",
            all,
            "begun",
            "requests",
            "is" | "are",
            "parked",
        ] => Claim::Parked(count(number)?, Some(count(all)?)),
        [number, "parked"] => Claim::Parked(count(number)?, None),
        ["worker", name, "runs", "request", number] => Claim::Runs {
            worker: worker(name)?,
            request: whole(number)? as u32,
        },
        [
            "request",
            number,
            "has",
            "kept",
            "worker",
            name,
            "for",
            length,
            "ms",
        ] => Claim::HasKept {
            request: whole(number)? as u32,
            worker: worker(name)?,
            millis: whole(length)?,
        },
        words => return claim_of_workers(words),
    })
}

fn claim_of_workers(words: &[&str]) -> Option<Claim> {
    Some(match words {
        ["worker", name, "is", "idle"] => Claim::Idle(worker(name)?),
        ["worker", _, "computes"] => Claim::Computing(1),
        ["none" | "both", "of", _, "workers", "computes"] => Claim::Computing(0),
        ["both", "workers", "compute"] => Claim::Computing(2),
        ["all", number, "workers", "compute"]
        | [number, "of", _, "workers", "compute" | "computes"] => Claim::Computing(count(number)?),
        ["the", "only", "begun", "request", "is", "blocked", ..] => Claim::BlockedOf(1, 1),
        ["both", "begun", "requests", "are", "blocked", ..] => Claim::BlockedOf(2, 2),
        ["all", number, "begun", "requests", "are", "blocked", ..] => {
            Claim::BlockedOf(count(number)?, count(number)?)
        }
        [
            number,
            "of",
            all,
            "begun",
            "requests",
            "is" | "are",
            "blocked",
            ..,
        ] => Claim::BlockedOf(count(number)?, count(all)?),
        ["worker", _, "is", "blocked", ..] => Claim::Blocked(1),
        ["both", "workers", "are", "blocked", ..] => Claim::Blocked(2),
        ["all", number, "workers", "are", "blocked", ..]
        | [number, "of", _, "workers", "are", "blocked", ..] => Claim::Blocked(count(number)?),
        ["the", "core", "runs", "no", "worker"] => Claim::Cores(0),
        ["the", "core", "runs", "a", "worker"] => Claim::Cores(1),
        ["both", "cores", "run", "a", "worker"] => Claim::Cores(2),
        ["all", number, "cores", "run", "a", "worker"]
        | [number, "of", _, "cores", "run" | "runs", "a", "worker"] => Claim::Cores(count(number)?),
        _ => return None,
    })
}

#[test]
fn each_clause_with_a_number_is_a_claim() {
    let text = claims(
        "Worker A runs request 3, 2 requests wait in its queue; no request is at the door. \
         2 of 3 begun requests are parked: a wait parks the coroutine. None of 4 cores runs a worker.",
    );
    assert_eq!(
        text,
        [
            Claim::Runs {
                worker: 0,
                request: 3
            },
            Claim::InQueues(2),
            Claim::AtTheDoor(0),
            Claim::Parked(2, Some(3)),
            Claim::Cores(0),
        ]
    );
}
