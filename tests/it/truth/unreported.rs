//! Requests of a worker that died, which it did not report, from the tables of events and workers: the
//! times of their accepts, of their ends with the worker, and the one that ran, by the last sample before
//! the death.
//!
//! ```text
//!   client   sent ───────────── gives up
//!   worker            accepted ────┼─────────── killed
//! ```

use std::collections::BTreeMap;

use super::census::UnreadRun;
use super::events::{Ns, Request, Slice, State};
use super::tables::{Row, number};

/// Maximum time by which an accept's stamp may precede the sending: a worker stamps all of a turn alike.
const STAMPED_EARLY: Ns = 10_000_000;

/// Accepts and ends of processes.
#[derive(Default)]
struct KnownEvents {
    /// By connection: time of its accept, and worker.
    accepts: BTreeMap<u64, Vec<(Ns, u16)>>,
    /// By worker: ends of its processes.
    deaths: BTreeMap<u16, Vec<Ns>>,
}

impl KnownEvents {
    fn of(events: &[Row]) -> Self {
        let mut known = Self::default();
        for row in events {
            let at = number(row, "at_ns").unwrap_or(0);
            let worker = number(row, "worker").unwrap_or(0) as u16;
            match row["what"].as_str() {
                "accepted" => {
                    if let Some(connection) = number(row, "connection") {
                        let accepts = known.accepts.entry(connection).or_default();
                        accepts.push((at, worker));
                    }
                }
                "died" => known.deaths.entry(worker).or_default().push(at),
                _ => {}
            }
        }
        for accepts in known.accepts.values_mut() {
            accepts.sort_unstable();
        }
        known
    }

    fn taken(&self, request: &Request, connection: u64) -> Option<(Ns, u16)> {
        let mut accepts = self.accepts.get(&connection)?.iter();
        let is_its = |(at, _): &&(Ns, u16)| at + STAMPED_EARLY >= request.sent;
        accepts.find(is_its).copied()
    }

    /// Adds the runs in which workers died, and returns those of connections whose request was not read yet. A
    /// worker that reported a run after the last sample had another one then.
    fn cut_short(&self, requests: &mut [Request], workers: &[Row]) -> Vec<UnreadRun> {
        let mut unread = Vec::new();
        for (worker, deaths) in &self.deaths {
            let own = |row: &&Row| number(row, "worker") == Some(u64::from(*worker));
            for death in deaths {
                let seen = |row: &Row| number(row, "at_ns").filter(|at| at < death);
                let looks = workers.iter().filter(own);
                let Some(last) = looks
                    .filter(|row| seen(row).is_some())
                    .max_by_key(|row| seen(row))
                else {
                    continue;
                };
                let slices = requests.iter().flat_map(|it| &it.slices);
                let reported = slices.filter(|it| it.worker == Some(*worker) && it.from < *death);
                let messages = reported.map(|it| it.to).max().unwrap_or(0);
                let Some(since) = number(last, "running_since_ns") else {
                    continue;
                };
                let from = since.max(messages);
                if Some(messages) > seen(last) || from >= *death {
                    continue;
                }
                let core = number(last, "core");
                let is_blocked = last["phase"] == "blocked";
                let blocked = number(last, "phase_since_ns").filter(|_| is_blocked);
                let request = number(last, "running_request");
                let mut all = requests.iter_mut();
                let Some(request) = all.find(|it| request == Some(u64::from(it.number))) else {
                    unread.push(UnreadRun::cut_short(*worker, core, (from, *death), blocked));
                    continue;
                };
                request.worker = Some(*worker);
                if let Some(since) = blocked {
                    let blocked = (since.max(from), *death, State::Blocked);
                    request.breaks.push(blocked);
                }
                request.slices.push(Slice {
                    worker: Some(*worker),
                    core,
                    ready: from,
                    from,
                    to: *death,
                    then: "ended".into(),
                });
            }
        }
        unread
    }

    fn death(&self, worker: u16, after: Ns) -> Option<Ns> {
        let deaths = self.deaths.get(&worker)?.iter();
        deaths.copied().filter(|death| *death > after).min()
    }
}

/// Completes requests with the numbers of their connections, if they have any, from events and workers.
/// Returns the runs of connections whose request was not read when their worker died.
pub(super) fn complete(
    requests: &mut [Request],
    connections: &[Option<u64>],
    (events, workers): (&[Row], &[Row]),
) -> Vec<UnreadRun> {
    let known = KnownEvents::of(events);
    let unread = known.cut_short(requests, workers);
    for (request, connection) in requests.iter_mut().zip(connections) {
        if request.written.is_some() {
            continue;
        }
        let opened = connection.filter(|_| request.opened);
        if let Some((at, worker)) = opened.and_then(|it| known.taken(request, it)) {
            request.accepted = request.accepted.or(Some(at));
            request.worker = request.worker.or(Some(worker));
        }
        let Some((worker, taken)) = request.worker.zip(request.taken()) else {
            continue;
        };
        let death = known.death(worker, taken);
        // Its client may have left long before.
        request.lost_at = if request.failure == "timeout" {
            Some(death.unwrap_or(Ns::MAX))
        } else {
            death
        };
    }
    unread
}
