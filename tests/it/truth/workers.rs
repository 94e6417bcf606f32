//! View 6 against the events and the table of workers: begun requests, connections and usage of each.

use super::census::Census;
use super::events::{Account, Ns, Request, State};
use super::findings::Findings;
use super::screen::{WrittenNumber, slot};
use super::tables::{Row, number};
use super::window::LATE;

/// Last columns of the cells of a row.
const ENDS: [usize; 10] = [3, 17, 22, 31, 40, 48, 59, 67, 73, 80];
/// Maximum time, in seconds, from the last byte until a worker without a loop has closed the connection and
/// let go.
const CLOSING: f64 = 1e-4;

/// Counts of a worker at a sample.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkerCounts {
    pub(super) at: Ns,
    pub(super) worker: u16,
    pub(super) phase: String,
    pub(super) answered: u64,
    pub(super) switches: u64,
    pub(super) voluntary: u64,
    pub(super) involuntary: u64,
    pub(super) cpu: Ns,
    pub(super) respawns: u64,
}

impl WorkerCounts {
    /// Reads a row of the table of workers.
    pub(super) fn read(row: &Row) -> Self {
        let of = |column: &str| number(row, column).unwrap_or(0);
        Self {
            at: of("at_ns"),
            worker: of("worker") as u16,
            phase: row["phase"].clone(),
            answered: of("requests"),
            switches: of("coroutine_switches"),
            voluntary: of("voluntary"),
            involuntary: of("involuntary"),
            cpu: of("cpu_ns"),
            respawns: of("respawns"),
        }
    }
}

fn cells(line: &str) -> Option<(u16, Vec<Option<WrittenNumber>>)> {
    let chars: Vec<char> = line.chars().collect();
    let cell = |begin: usize, end: usize| {
        let cell = chars.get(begin..end.min(chars.len())).unwrap_or_default();
        cell.iter().collect::<String>().trim().to_owned()
    };
    let worker = slot(&cell(0, ENDS[0]))?;
    let written = ENDS[1..]
        .windows(2)
        .map(|ends| WrittenNumber::read(&cell(ends[0], ends[1])));
    Some((worker, written.collect()))
}

impl Account {
    /// Returns a worker at a sample.
    pub(super) fn look(&self, worker: u16, at: Ns) -> Option<&WorkerCounts> {
        let mut looks = self.looks.iter();
        looks.find(|it| it.at == at && it.worker == worker)
    }

    /// Returns the number of workers in a sample.
    pub(super) fn workers_at(&self, at: Ns) -> usize {
        self.looks.iter().filter(|it| it.at == at).count()
    }

    /// Returns the longest time for which one coroutine, or one request of a worker without a loop, has had
    /// a worker by an instant, including the current one.
    pub(super) fn longest_run(&self, worker: u16, by: Ns) -> Ns {
        let own = self.requests.iter().filter(|it| it.worker == Some(worker));
        let runs: Vec<(Ns, Ns)> = if self.has_a_loop() {
            let slices = own.flat_map(|it| it.slices.iter().map(|slice| (slice.from, slice.to)));
            let unread = self.unread.iter().filter(|it| it.worker == worker);
            slices.chain(unread.map(|it| (it.from, it.to))).collect()
        } else {
            // It has the worker until that has closed the connection.
            let last_yield =
                |it: &Request| it.slices.iter().map(|slice| slice.to).max().unwrap_or(0);
            own.filter_map(|it| it.begun().map(|(from, to)| (from, to.max(last_yield(it)))))
                .collect()
        };
        let begun = runs.iter().filter(|(from, _)| *from <= by);
        begun
            .map(|(from, to)| by.min(*to) - from)
            .max()
            .unwrap_or(0)
    }
}

/// Compares the view with the events at one instant.
pub(super) fn check(account: &Account, screen: &str, at: Ns, place: &str, findings: &mut Findings) {
    let now = account.began + at;
    let census = account.census(now);
    let (from, to) = account.last_second(now);
    let rows: Vec<(u16, Vec<Option<WrittenNumber>>)> =
        screen.lines().skip(6).map_while(cells).collect();
    let is_there = !rows.is_empty() || screen.contains("their processes have ended");
    findings.number(&format!("{place}: rows"), rows.len(), "some", is_there);
    for (worker, cells) in rows {
        let place = format!("{place}: worker {worker}");
        let Some(look) = account.look(worker, to) else {
            // The worker has come since the last sample.
            continue;
        };
        check_so_far(
            account,
            &census,
            (worker, look),
            to,
            &cells,
            &place,
            findings,
        );
        let seconds = (to - from) as f64 / 1e9;
        let before = account.look(worker, from).cloned().unwrap_or_default();
        let rates = [
            ("voluntary", 4, look.voluntary - before.voluntary),
            ("involuntary", 5, look.involuntary - before.involuntary),
        ];
        let cpu = look.cpu - before.cpu;
        for (name, column, count) in rates {
            findings.mean(
                &format!("{place}: {name}"),
                cells[column],
                count as f64,
                seconds,
            );
        }
        findings.mean(
            &format!("{place}: cores"),
            cells[6],
            cpu as f64 / 1e9,
            seconds,
        );
        findings.near(
            &format!("{place}: died"),
            cells[7],
            look.respawns as f64,
            0.0,
        );
    }
}

fn check_so_far(
    account: &Account,
    census: &Census,
    (worker, look): (u16, &WorkerCounts),
    sampled: Ns,
    cells: &[Option<WrittenNumber>],
    place: &str,
    findings: &mut Findings,
) {
    let inside = census
        .iter()
        .filter(|((own, state), _)| *own == Some(worker) && *state != State::AtTheDoor);
    let begun: usize = inside.map(|(_, count)| count).sum();
    findings.near(&format!("{place}: begun"), cells[0], begun as f64, 0.0);
    let known = account.taken_by(worker, sampled);
    let accepted = cells[1].map(|it| it.value as usize);
    let holds = accepted.is_some_and(|it| known.contains(&it));
    findings.number(&format!("{place}: accepted"), accepted, known, holds);
    let each = look.switches as f64 / look.answered as f64;
    if look.answered > 0 {
        findings.near(&format!("{place}: switches"), cells[2], each, 1e-6);
    }
    let longest = |by: Ns| account.longest_run(worker, by) as f64 / 1e9;
    let (least, most) = (longest(sampled.saturating_sub(LATE)), longest(sampled));
    let holds = cells[3].is_some_and(|it| {
        let doubt = 0.51 * it.digit + 0.002 * most;
        least - doubt <= it.value && it.value <= most + doubt + CLOSING
    });
    let text = cells[3].map(|it| it.value);
    findings.number(&format!("{place}: longest run"), text, (least, most), holds);
}
