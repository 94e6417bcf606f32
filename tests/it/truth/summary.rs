//! The JSON summary against the exported tables: every count, mean and percentile of the counted window
//! that the tables contain, and the numbers of each worker and core.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::events::{Account, Ns, ReportedTimes, Request};
use super::findings::Findings;
use super::tables::{Row, Tables, number};

/// Returns the summaries of the variants of a stored run, by name, as `concsim replay --json` prints them.
pub(super) fn summaries(concsim: &str, folder: &Path) -> BTreeMap<String, Value> {
    let output = Command::new(concsim)
        .args(["replay", "--json"])
        .arg(folder)
        .output()
        .expect("the binary starts");
    let whole: Value = serde_json::from_slice(&output.stdout).expect("a summary is JSON");
    let runs = whole["runs"].as_array().expect("a summary has runs");
    let name = |run: &Value| run["variant"].as_str().expect("a name").to_owned();
    runs.iter().map(|run| (name(run), run.clone())).collect()
}

/// Compares one variant's summary with its tables.
pub(super) fn check(
    tables: &Tables,
    account: &Account,
    summary: &Value,
    place: &str,
    findings: &mut Findings,
) {
    let of = |name| tables.of(&account.variant, name);
    let mut against = Against {
        summary,
        place,
        findings,
    };
    against.check_course(account, &of("runs")[0]);
    against.check_failures(account);
    against.check_latencies(account);
    against.check_kinds(account);
    against.check_breakdown(account);
    against.check_means(account, of("samples"));
    against.check_workers_at_once(account, of("events"));
    against.check_cores(account, of("cores"));
    against.check_workers(of("workers"));
    against.check_services(account, of("events"));
    against.check_dead_work(account);
    against.check_counters(account);
    against.check_balance(account);
    against.check_sums(of("samples"), of("workers"));
}

pub(super) struct Against<'a> {
    summary: &'a Value,
    pub(super) place: &'a str,
    pub(super) findings: &'a mut Findings,
}

/// Returns milliseconds of nanoseconds.
fn millis(nanoseconds: f64) -> f64 {
    nanoseconds / 1e6
}

/// Returns the length that `per_mille` in a thousand do not exceed, by the nearest rank; `None` of fewer
/// than `needed`.
pub(super) fn quantile(sorted: &[Ns], per_mille: usize, needed: usize) -> Option<f64> {
    let rank = (sorted.len() * per_mille).div_ceil(1_000).max(1);
    let is_enough = sorted.len() >= needed.max(1);
    is_enough.then(|| millis(sorted[rank - 1] as f64))
}

fn mean(lengths: impl Iterator<Item = Ns>) -> Option<f64> {
    let (sum, count) = lengths.fold((0_u128, 0_u32), |(sum, count), it| {
        (sum + u128::from(it), count + 1)
    });
    (count > 0).then(|| millis(sum as f64 / f64::from(count)))
}

/// Returns the completed requests of the window.
fn completed(account: &Account) -> impl Iterator<Item = &Request> {
    account.requests.iter().filter(|it| it.counted && it.good)
}

impl Against<'_> {
    pub(super) fn at(&self, path: &str) -> &Value {
        path.split('/').fold(self.summary, |value, key| {
            let index = key.parse::<usize>().ok();
            index.map_or_else(|| &value[key], |index| &value[index])
        })
    }

    pub(super) fn count(&mut self, path: &str, right: u64) {
        let text = self.at(path).as_u64();
        let place = format!("{}: {path}", self.place);
        self.findings
            .number(&place, text, right, text == Some(right));
    }

    /// Compares a number that may be off by `doubt`; `None` where there is none.
    pub(super) fn real(&mut self, path: &str, right: Option<f64>, doubt: f64) {
        let text = self.at(path).as_f64();
        let holds = match (text, right) {
            (Some(line), Some(right)) => (line - right).abs() <= doubt + 1e-9 * right.abs(),
            (sentence, right) => sentence.is_none() && right.is_none(),
        };
        let place = format!("{}: {path}", self.place);
        self.findings.number(&place, text, right, holds);
    }

    fn check_course(&mut self, account: &Account, run: &Row) {
        let counted = account.requests.iter().filter(|it| it.counted).count();
        self.count("due", counted as u64);
        self.count("completed", completed(account).count() as u64);
        let (begin, end) = account.window;
        let drained = number(run, "drained_ns").unwrap_or(0);
        for (path, from, to) in [
            ("warmup_s", account.began, begin),
            ("window_s", begin, end),
            ("drain_s", end, drained),
        ] {
            let length = to.saturating_sub(from) as f64 / 1e9;
            self.real(path, Some(length), 0.51e-6);
        }
        self.real("throughput_per_s", Some(account.throughput()), 0.51e-3);
        for (path, column) in [
            ("telemetry/dropped", "dropped"),
            ("telemetry/one_in", "switches_one_in"),
            ("telemetry/thinned", "switches_let_go"),
        ] {
            self.count(path, number(run, column).unwrap_or(0));
        }
    }

    fn check_failures(&mut self, account: &Account) {
        let failed = account.requests.iter().filter(|it| it.counted && !it.good);
        let failed: Vec<&Request> = failed.collect();
        for kind in ["refused", "reset", "timeout", "status"] {
            let count = failed.iter().filter(|it| it.failure == kind).count();
            self.count(&format!("failed/{kind}"), count as u64);
        }
        let patience = self.at("at_patience/patience_ms").as_f64().unwrap_or(0.0);
        let is_cut_off = |it: &&&Request| it.is_cut_off((patience * 1e6) as Ns);
        let cut_off = failed.iter().filter(is_cut_off).count();
        self.count("unfinished", cut_off as u64);
    }

    fn check_latencies(&mut self, account: &Account) {
        let counted = || account.requests.iter().filter(|it| it.counted);
        self.check_lengths("latency_ms", counted(), |it| it.latency);
        self.check_lengths("from_send_ms", counted(), |it| it.from_send);
        let mut late: Vec<Ns> = counted().map(|it| it.sent.saturating_sub(it.due)).collect();
        late.sort_unstable();
        self.real("generator/late_p50_ms", quantile(&late, 500, 1), 1e-6);
        self.real("generator/late_p99_ms", quantile(&late, 990, 1), 1e-6);
    }

    fn check_lengths<'a>(
        &mut self,
        path: &str,
        requests: impl Iterator<Item = &'a Request> + Clone,
        length: impl Fn(&Request) -> Option<Ns>,
    ) {
        let good = requests.clone().filter(|it| it.good);
        let mut all: Vec<Ns> = requests.filter_map(&length).collect();
        all.sort_unstable();
        let right = [
            ("mean", mean(good.filter_map(&length))),
            ("p50", quantile(&all, 500, 20)),
            ("p90", quantile(&all, 900, 20)),
            ("p95", quantile(&all, 950, 200)),
            ("p99", quantile(&all, 990, 1_000)),
            ("max", quantile(&all, 1_000, 1)),
        ];
        for (name, right) in right {
            // Means are rounded down to whole nanoseconds.
            self.real(&format!("{path}/{name}"), right, 1.1e-6);
        }
        // Kinds of requests have none.
        if !path.starts_with("requests/") {
            let right = quantile(&all, 999, 10_000);
            self.real(&format!("{path}/p999"), right, 1e-6);
        }
    }

    fn check_kinds(&mut self, account: &Account) {
        let kinds = self.at("requests").as_object().cloned().unwrap_or_default();
        let mut all = 0;
        for kind in kinds.keys() {
            let of_it = account.requests.iter();
            let of_it = of_it.filter(|it| it.counted && it.class == *kind);
            let good = of_it.clone().filter(|it| it.good).count() as u64;
            all += good;
            self.count(&format!("requests/{kind}/completed"), good);
            let path = format!("requests/{kind}/latency_ms");
            self.check_lengths(&path, of_it, |it| it.latency);
        }
        self.count("completed", all);
    }

    fn check_breakdown(&mut self, account: &Account) {
        let spent: Vec<LatencyParts> = completed(account).map(LatencyParts::of).collect();
        for (place, part) in PARTS.into_iter().enumerate() {
            let right = mean(spent.iter().map(|it| it.parts[place]));
            // Parts are rounded down to whole nanoseconds, and the rest is `other`.
            let doubt = if part == "other" { 7e-6 } else { 1.1e-6 };
            self.real(&format!("breakdown_ms/{part}"), right, doubt);
        }
        if self.at("waits_ms").is_null() {
            return;
        }
        for (place, part) in WAITS.into_iter().enumerate() {
            let right = mean(spent.iter().map(|it| it.waits[place]));
            self.real(&format!("waits_ms/{part}"), right, 7e-6);
        }
    }

    fn check_means(&mut self, account: &Account, samples: &[Row]) {
        let edges = account.window_samples();
        let seconds = (edges.1 - edges.0) as f64 / 1e9;
        // A worker updates its gauge a moment after the counted event.
        let is_measured = account.origin == "measured";
        let doubt = |right: f64| 0.51e-4 + if is_measured { 0.005 * right } else { 0.0 };
        let in_system = account.mean(edges, |it| Some((it.due, it.done.unwrap_or(Ns::MAX))));
        for (path, right) in [
            ("concurrency", account.concurrency()),
            ("in_system", in_system),
        ] {
            self.real(path, Some(right), doubt(right));
        }
        self.real("at_the_door", Some(account.door()), 0.51e-4);
        self.real("parallelism", Some(account.parallelism()), 0.51e-4);
        let at = |at: Ns| samples.iter().find(|row| number(row, "at_ns") == Some(at));
        let sum = |edge: Ns| at(edge).and_then(|row| number(row, "load_cpu_ns"));
        let used = sum(edges.1).unwrap_or(0) - sum(edges.0).unwrap_or(0);
        let used = used as f64 / 1e9 / seconds;
        self.real("generator/cpu", Some(used), 0.51e-4);
        let dropped = samples.last().and_then(|row| number(row, "dropped"));
        self.count("generator/dropped", dropped.unwrap_or(0));
        let middle = edges.0 + (edges.1 - edges.0) / 2;
        let due_to_done = |it: &Request| Some((it.due, it.done.unwrap_or(Ns::MAX)));
        let [first, second] =
            [(edges.0, middle), (middle, edges.1)].map(|half| account.mean(half, due_to_done));
        let drift = (first > 0.0).then(|| second / first);
        self.real("drift", drift, 0.51e-3);
        // Of a closed load with enough requests alone.
        if self.at("latency_drift").is_number() {
            let latency = |it: &Request| it.done.map_or(0, |done| done - it.due);
            let (first, second): (Vec<&Request>, Vec<&Request>) =
                completed(account).partition(|it| it.due < middle);
            let [first, second] = [first, second].map(|half| mean(half.into_iter().map(latency)));
            let drift = second.zip(first).map(|(second, first)| second / first);
            self.real("latency_drift", drift, 0.51e-3);
        }
    }

    /// Checks the least and the largest number of processes at once. The number changes where a process begins
    /// or ends, so it is counted at the start of the window and at each such instant in it.
    fn check_workers_at_once(&mut self, account: &Account, events: &[Row]) {
        let (begin, end) = account.window;
        let changes = events.iter().filter_map(|row| {
            let change = match row["what"].as_str() {
                "forked" => 1_i64,
                "died" => -1,
                _ => return None,
            };
            Some((number(row, "at_ns").expect("it has an instant"), change))
        });
        let changes: Vec<(Ns, i64)> = changes.collect();
        let alive = |at: Ns| {
            let before = changes.iter().filter(|(when, _)| *when <= at);
            before.map(|(_, change)| change).sum::<i64>()
        };
        let inside = changes.iter().map(|(at, _)| *at);
        let instants = inside.filter(|at| begin < *at && *at < end);
        let counts: Vec<i64> = std::iter::once(begin).chain(instants).map(alive).collect();
        let number = |count: Option<&i64>| u64::try_from(*count.expect("the begin")).unwrap_or(0);
        self.count("workers_at_once/least", number(counts.iter().min()));
        self.count("workers_at_once/most", number(counts.iter().max()));
    }

    fn check_cores(&mut self, account: &Account, rows: &[Row]) {
        let (from, to) = account.window_samples();
        let cores = self.at("cores").as_array().map_or(0, Vec::len);
        for place in 0..cores {
            let core = self.at(&format!("cores/{place}/core")).as_u64();
            let used = |at: Ns, column: &str| {
                let is_it =
                    |row: &&Row| number(row, "at_ns") == Some(at) && number(row, "core") == core;
                let row = rows.iter().find(is_it);
                row.and_then(|row| number(row, column)).unwrap_or(0) as f64
            };
            let share = |column: &str| (used(to, column) - used(from, column)) / (to - from) as f64;
            let columns = [
                "busy_ns",
                "workers_ns",
                "load_ns",
                "services_ns",
                "steal_ns",
            ];
            let [busy, workers, load, services, steal] = columns.map(share);
            let other = (busy - workers - load - services).max(0.0);
            for (name, right) in [
                ("busy", busy),
                ("workers", workers),
                ("load", load),
                ("services", services),
                ("steal", steal),
                ("other", other),
            ] {
                self.real(&format!("cores/{place}/{name}"), Some(right), 0.51e-4);
            }
        }
    }

    fn check_workers(&mut self, rows: &[Row]) {
        let workers = self.at("workers").as_array().map_or(0, Vec::len);
        let mut taken = Vec::new();
        for place in 0..workers {
            let index = self.at(&format!("workers/{place}/index")).as_u64();
            let own = rows.iter().rev().find(|row| number(row, "worker") == index);
            let Some(last) = own else {
                self.findings.lacks(self.place, "row of a worker");
                continue;
            };
            let of = |column: &str| number(last, column).unwrap_or(0);
            let path = |name: &str| format!("workers/{place}/{name}");
            for (name, column) in [
                ("accepted", "accepted"),
                ("requests", "requests"),
                ("tasks", "tasks"),
                ("waits", "waits"),
                ("coroutine_switches", "coroutine_switches"),
                ("process_switches/voluntary", "voluntary"),
                ("process_switches/involuntary", "involuntary"),
                ("peak_concurrency", "peak_concurrency"),
                ("accept_eagain", "accept_eagain"),
                ("respawns", "respawns"),
                ("lost_tasks", "lost_tasks"),
            ] {
                self.count(&path(name), of(column));
            }
            let longest = millis(of("longest_run_ns") as f64);
            self.real(&path("longest_run_ms"), Some(longest), 1e-6);
            self.real(&path("cpu_s"), Some(of("cpu_ns") as f64 / 1e9), 0.51e-6);
            let each = of("coroutine_switches") as f64 / of("requests") as f64;
            let each = (of("requests") > 0).then_some(each);
            self.real(&path("coroutine_switches_per_request"), each, 0.51e-3);
            taken.push(of("accepted") as f64);
        }
        let squares: f64 = taken.iter().map(|it| it * it).sum();
        let sum: f64 = taken.iter().sum();
        let jain = (sum > 0.0).then(|| sum * sum / (taken.len() as f64 * squares));
        self.real("accept_jain", jain, 0.51e-4);
    }

    /// Checks the three numbers of each place, and their distance from N = X × R.
    fn check_balance(&mut self, account: &Account) {
        let of = |path: &str| self.at(path).as_f64();
        let (mean, door) = (of("latency_ms/mean"), of("breakdown_ms/door"));
        let sent = of("breakdown_ms/generator");
        let inside = mean
            .zip(door.zip(sent))
            .map(|(mean, (door, sent))| mean - door - sent);
        let rate = of("throughput_per_s");
        let places: Vec<(String, Option<f64>, Option<f64>)> = vec![
            ("system".into(), of("in_system"), mean),
            ("door".into(), of("at_the_door"), door),
            ("workers".into(), of("concurrency"), inside),
        ];
        for (row, (at, present, mean)) in places.into_iter().enumerate() {
            if self.at(&format!("balance/{row}")).is_null() {
                continue;
            }
            let name = self.at(&format!("balance/{row}/at")).as_str();
            let holds = name == Some(&at);
            let place = format!("{}: balance/{row}", self.place);
            self.findings.number(&place, holds, &at, holds);
            self.real(&format!("balance/{row}/present"), present, 1e-9);
            self.real(&format!("balance/{row}/throughput_per_s"), rate, 1e-9);
            self.real(&format!("balance/{row}/mean_ms"), mean, 2e-6);
            let residual = present
                .zip(rate.zip(mean))
                .filter(|(present, _)| *present >= 0.005);
            let residual =
                residual.map(|(present, (rate, mean))| rate * mean / 1e3 / present - 1.0);
            self.real(&format!("balance/{row}/residual"), residual, 0.6e-4);
        }
        let bounds = self.at("theory/bounds").as_array().map_or(0, Vec::len);
        for row in 0..bounds {
            let bound = self.at(&format!("theory/bounds/{row}/per_s")).as_f64();
            let reached = bound.map(|bound| account.throughput() / bound);
            if !self.at(&format!("theory/bounds/{row}/reached")).is_null() {
                // The throughput and the bound have five digits at least.
                let doubt = 0.51e-4 + 1e-5 * reached.unwrap_or(0.0);
                self.real(&format!("theory/bounds/{row}/reached"), reached, doubt);
            }
        }
    }
}

/// Parts of a latency, in the order in which they are cut if their sum exceeds it.
pub(super) const PARTS: [&str; 7] = [
    "generator",
    "door",
    "ready",
    "core_wait",
    "cpu",
    "parked_or_blocked",
    "other",
];
/// Parts of the waits.
const WAITS: [&str; 6] = [
    "thread_wait",
    "pool_wait",
    "service_queue",
    "call",
    "sleep",
    "client",
];

/// The parts of the latency of one request.
pub(super) struct LatencyParts {
    pub(super) parts: [Ns; 7],
    pub(super) waits: [Ns; 6],
}

/// Cuts parts whose sum exceeds the whole: the first ones keep their length. The second value is the rest
/// of the whole.
fn cut<const N: usize>(parts: [Ns; N], whole: Ns) -> ([Ns; N], Ns) {
    let mut left = whole;
    let parts = parts.map(|part| {
        let kept = part.min(left);
        left -= kept;
        kept
    });
    (parts, left)
}

impl LatencyParts {
    pub(super) fn of(request: &Request) -> Self {
        let whole = request.latency.unwrap_or(0);
        let late = request.sent.saturating_sub(request.due);
        let accepted = request.accepted.unwrap_or(request.sent);
        let door = if request.opened {
            accepted.saturating_sub(request.sent)
        } else {
            0
        };
        let reported = request.reported.unwrap_or_default();
        let ReportedTimes {
            ready,
            core_wait,
            cpu,
            waited,
            ..
        } = reported;
        let (cut_parts, other) = cut([late, door, ready, core_wait, cpu, waited], whole);
        let [late, door, ready, core_wait, cpu, waited] = cut_parts;
        let (mut waits, rest) = cut(reported.waits, waited);
        // Time in no part is added to the longest.
        if let Some(longest) = waits.iter_mut().max() {
            *longest += rest;
        }
        Self {
            parts: [late, door, ready, core_wait, cpu, waited, other],
            waits,
        }
    }
}
