//! Services, work for clients that had left, and counters in the summary, against the tables of events and
//! switches.

use std::collections::BTreeMap;

use super::events::{Account, Ns, Request};
use super::summary::{Against, quantile};
use super::tables::{Row, number};

/// Maximum number of places of a listener's queue that no worker may have emptied by the end of a run.
const MAX_UNACCEPTED: u64 = 2_049;

impl Against<'_> {
    /// Checks the answer times of each service in the window, and the most calls that it held at once.
    pub(super) fn check_services(&mut self, account: &Account, events: &[Row]) {
        let services = self.at("services").as_object().cloned();
        for name in services.unwrap_or_default().keys() {
            let is_its = |row: &&Row| row["what"] == "answered" && row["service"] == *name;
            let edge = |row: &Row, column: &str| number(row, column).unwrap_or(0);
            let is_counted = |due: Ns| account.window.0 <= due && due < account.window.1;
            let answers = events.iter().filter(is_its).map(|row| {
                let [asked, due, written] = ["asked_ns", "due_ns", "at_ns"].map(|it| edge(row, it));
                (asked, due, written)
            });
            let answers: Vec<(Ns, Ns, Ns)> = answers.filter(|it| is_counted(it.1)).collect();
            let late = answers
                .iter()
                .map(|(_, due, written)| written.saturating_sub(*due));
            let mut late: Vec<Ns> = late.collect();
            late.sort_unstable();
            for (percentile, per_mille) in [("p50", 500), ("p99", 990)] {
                let path = format!("services/{name}/late_{percentile}_ms");
                self.real(&path, quantile(&late, per_mille, 1), 1e-6);
            }
            let held = |at: Ns| answers.iter().filter(|it| it.0 <= at && at < it.2).count();
            let peak = answers.iter().map(|it| held(it.0)).max().unwrap_or(0);
            self.count(&format!("services/{name}/peak"), peak as u64);
        }
    }

    /// Checks the share of the workers' time in the window after the client of the request had left, and
    /// the clients in the listener's queue at its end that had left.
    pub(super) fn check_dead_work(&mut self, account: &Account) {
        if self.at("dead_work").is_null() {
            return;
        }
        let (begin, end) = account.window;
        let inside = |(from, to): (Ns, Ns)| to.min(end).saturating_sub(from.max(begin));
        let (mut busy, mut dead) = (0, 0);
        for request in &account.requests {
            let left = request.done.filter(|_| request.failure == "timeout");
            for (from, to) in work(account, request) {
                busy += inside((from, to));
                dead += left.map_or(0, |left| inside((from.max(left), to)));
            }
        }
        // Connections whose request is not read yet: a worker without a loop reports none of their times.
        let unread = account.unread.iter();
        let unread = unread.filter(|it| account.has_a_loop() || it.is_cut_short);
        busy += unread.map(|it| inside((it.from, it.to))).sum::<Ns>();
        let share = (busy > 0).then(|| dead as f64 / busy as f64);
        self.real("dead_work/share", share, 0.6e-4);
        let had_left = |it: &&Request| {
            let left = it.done.filter(|_| it.failure == "timeout");
            it.opened && left.is_some_and(|left| left <= end)
        };
        let waiting = account.requests.iter().filter(had_left);
        let later = waiting
            .clone()
            .filter(|it| it.taken().is_some_and(|at| at > end));
        let never = waiting.filter(|it| it.taken().is_none()).count() as u64;
        // No table tells the other connections apart: the kernel had a place for each in the queue, or had none.
        let least = later.count() as u64;
        let text = self.at("dead_work/in_queue").as_u64();
        let most = least + never.min(MAX_UNACCEPTED);
        let holds = text.is_some_and(|line| (least..=most).contains(&line));
        let place = format!("{}: dead_work/in_queue", self.place);
        self.findings.number(&place, text, (least, most), holds);
    }

    /// Checks additions, and lost ones: a worker reads a counter, may let go, and writes it plus one.
    pub(super) fn check_counters(&mut self, account: &Account) {
        let counters = self.at("counters").as_object().cloned();
        for name in counters.unwrap_or_default().keys() {
            let (mut additions, mut value) = (0, 0);
            let mut workers: BTreeMap<u16, Vec<&Request>> = BTreeMap::new();
            for request in account.requests.iter().filter(|it| it.written.is_some()) {
                workers
                    .entry(request.worker.unwrap_or(0))
                    .or_default()
                    .push(request);
            }
            for own in workers.values() {
                additions += own.len() as u64;
                value += counted(own);
            }
            self.count(&format!("counters/{name}/additions"), additions);
            self.count(&format!("counters/{name}/value"), value);
            self.count(&format!("counters/{name}/lost"), additions - value);
        }
    }
}

/// Returns the intervals in which a worker was busy or blocked with a request: up to the worker's death, if
/// the last sample before shows that it had the request.
fn work(account: &Account, request: &Request) -> Vec<(Ns, Ns)> {
    let slices = request.slices.iter();
    if account.has_a_loop() {
        return slices.map(|it| (it.from, it.to)).collect();
    }
    let is_cut_short = slices.clone().any(|it| request.lost_at == Some(it.to));
    let lost = request.lost_at.filter(|_| is_cut_short);
    let reported = request.taken().zip(request.written.or(lost));
    reported.into_iter().collect()
}

/// Returns the value of a counter of one worker, each of whose requests adds one to it: read at the end of
/// its last slice that let go in between, or else at the write.
fn counted(requests: &[&Request]) -> u64 {
    let mut steps: Vec<(Ns, bool, u32)> = Vec::new();
    for request in requests {
        let read = request.slices.iter().rposition(|it| it.then == "yielded");
        if let Some(read) = read {
            steps.push((request.slices[read].to, false, request.number));
        }
        let write = request.slices.get(read.map_or(0, |read| read + 1));
        let write = write.map_or(0, |slice| slice.from);
        steps.push((write, true, request.number));
    }
    steps.sort_unstable();
    let (mut value, mut reads) = (0, BTreeMap::new());
    for (_, writes, request) in steps {
        if writes {
            value = reads.remove(&request).unwrap_or(value) + 1;
        } else {
            reads.insert(request, value);
        }
    }
    value
}
