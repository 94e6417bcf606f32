//! Bounds of a run's numbers: the ends between which each would lie without some disturbances.

use serde::Serialize;

use super::super::Recording;
use super::super::latency::Latencies;
use super::super::named::NamedValues;
use super::super::percentile::PERCENTILES;
use super::super::request::Request;
use super::super::requests::Requests;
use super::super::rounding::rounded;
use super::delays::{Delay, Delays};
use super::shortened::Shortened;
use super::{Cause, Causes};
use concsim_engine::telemetry::Failure;
use concsim_model::units::{Elapsed, Stamp};

/// Ends between which a number would lie without the disturbances, in its unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bounds {
    /// Lower end.
    pub low: f64,
    /// Upper end; null if none is known.
    pub high: f64,
}

impl Bounds {
    /// Returns the distance between the ends as a share of the number.
    pub(crate) fn relative_width(&self, value: f64) -> f64 {
        let width = self.high - self.low;
        if width <= 0.0 {
            0.0
        } else {
            width / value.abs()
        }
    }
}

/// Numbers of a run for which there are bounds, by their paths in the summary.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    each: Vec<(String, f64)>,
}

impl Numbers {
    /// Adds a number, if there is one.
    pub(crate) fn add(&mut self, path: &str, value: Option<f64>) {
        self.each
            .extend(value.map(|value| (path.to_owned(), value)));
    }

    /// Adds latencies, whose paths begin with `path`.
    pub(crate) fn add_latencies(&mut self, path: &str, latencies: &Latencies) {
        let Latencies {
            mean,
            p50,
            p90,
            p95,
            p99,
            p999,
            max,
        } = *latencies;
        let named = [
            ("mean", mean),
            ("p50", p50),
            ("p90", p90),
            ("p95", p95),
            ("p99", p99),
            ("p999", p999),
            ("max", max),
        ];
        for (name, value) in named {
            self.add(&format!("{path}.{name}"), value);
        }
    }

    /// Returns the number at a path.
    pub(crate) fn get(&self, path: &str) -> Option<f64> {
        let mut each = self.each.iter();
        each.find(|(known, _)| known == path)
            .map(|(_, value)| *value)
    }
}

/// Data from which bounds are computed.
pub(super) struct Inputs<'a> {
    pub(super) recording: &'a Recording,
    pub(super) requests: &'a Requests<'a>,
    pub(super) delays: &'a Delays,
    /// Time over which means are taken.
    pub(super) seconds: f64,
    pub(super) numbers: &'a Numbers,
}

impl Inputs<'_> {
    /// True if this cause can have moved a number.
    pub(super) fn has(&self, cause: Cause) -> bool {
        match cause {
            Cause::Lost => self.recording.dropped_outcomes > 0,
            _ => self.delays.has(cause),
        }
    }

    /// Returns the bounds of all numbers for some causes.
    pub(super) fn bounds(&self, causes: Causes) -> NamedValues<Bounds> {
        let mut found = Vec::new();
        self.add_latencies(&mut found, causes);
        let (low, high) = self.throughput(causes);
        let rate = self.numbers.get("throughput_per_s").unwrap_or_default();
        found.push(("throughput_per_s", low, high));
        if let (Some(cores), true) = (self.numbers.get("parallelism"), rate > 0.0) {
            // Each answer takes its CPU time, whenever it comes. Without the delays it comes earlier: what was
            // computed behind the begin of the window may lie before it, and what was behind the end inside.
            let [begin, end] = self.moved_computing(causes);
            let most = self.recording.header.machine.cores as f64;
            let more = if self.delays.is_closed {
                high / rate
            } else {
                1.0
            };
            let high = (cores * more + end).min(most);
            found.push(("parallelism", cores - begin, high));
        }
        self.add_populations(&mut found, causes);
        if let Some(length) = self.numbers.get("window_s") {
            found.push(("window_s", length - self.longest_delay(causes), length));
        }
        let found = found
            .into_iter()
            .map(|(path, low, high)| (path.to_owned(), low, high));
        let all = found.chain(self.latencies_by_kind(causes));
        all.filter_map(|(path, low, high)| self.bounded(path, low, high))
            .collect()
    }

    /// Returns the bounds of a number of the summary: its own value is between them.
    fn bounded(&self, path: String, low: f64, high: f64) -> Option<(String, Bounds)> {
        let value = self.numbers.get(&path)?;
        let bounds = Bounds {
            low: rounded(low.max(0.0).min(value), 6).min(value),
            high: rounded(high, 6).max(value),
        };
        Some((path, bounds))
    }

    /// The cohort, with the delays of each request.
    fn cohort(&self) -> impl Iterator<Item = (&Request<'_>, &Delay)> {
        let window = self.recording.header.window;
        let all = self.requests.all().iter().zip(&self.delays.each);
        all.filter(move |(request, _)| {
            window.is_some_and(|window| window.contains(request.outcome.due))
        })
    }

    fn missing(&self, causes: Causes) -> usize {
        if causes.has(Cause::Lost) {
            self.recording.dropped_outcomes as usize
        } else {
            0
        }
    }

    fn patience(&self) -> Elapsed {
        self.recording.header.scenario.load.patience
    }

    fn add_latencies(&self, found: &mut Vec<(&'static str, f64, f64)>, causes: Causes) {
        let patience = self.patience();
        let latency = |(request, delay): (&Request<'_>, &Delay)| {
            let latency = request.latency(patience).0;
            let [most, mean] = delay.lost(causes);
            Timed {
                is_completed: request.completed(),
                low: (latency, [delay.known(causes), most, mean]),
                high: latency,
            }
        };
        let all: Vec<Timed> = self.cohort().map(latency).collect();
        found.extend(self.of_latencies(&LATENCY, &all, causes));
        // Without late sending the time from sending would be the time from due, and nothing else would be longer.
        let since_sent = |(request, delay): (&Request<'_>, &Delay)| {
            let [most, mean] = delay.lost(causes);
            let since_sent = request.since_sent(patience).0;
            let (own, high) = if causes.has(Cause::Late) {
                (delay.own_late, request.latency(patience).0)
            } else {
                (0, since_sent)
            };
            Timed {
                is_completed: request.completed(),
                low: (
                    since_sent,
                    [delay.known(causes).saturating_sub(own), most, mean],
                ),
                high,
            }
        };
        let all: Vec<Timed> = self.cohort().map(since_sent).collect();
        found.extend(self.of_latencies(&SINCE_SENT, &all, causes));
    }

    /// Returns the bounds of the latencies of each kind of request.
    fn latencies_by_kind(&self, causes: Causes) -> Vec<(String, f64, f64)> {
        let patience = self.patience();
        let requests = self.recording.header.scenario.requests.iter().enumerate();
        let of_kind = |(class, kind): (usize, &concsim_model::scenario::Request)| {
            let is_of_it = |it: &(&Request<'_>, &Delay)| usize::from(it.0.outcome.class) == class;
            let timed = self.cohort().filter(is_of_it).map(|(request, delay)| {
                let latency = request.latency(patience).0;
                let [most, mean] = delay.lost(causes);
                Timed {
                    is_completed: request.completed(),
                    low: (latency, [delay.known(causes), most, mean]),
                    high: latency,
                }
            });
            let timed: Vec<Timed> = timed.collect();
            let bounds = self.of_latencies(&LATENCY, &timed, causes);
            let named = bounds
                .into_iter()
                .map(|(path, low, high)| (format!("requests.{}.{path}", kind.name), low, high));
            named.collect::<Vec<_>>()
        };
        requests.flat_map(of_kind).collect()
    }

    /// Returns the bounds of mean, percentiles and maximum of some latencies, in ms.
    fn of_latencies(
        &self,
        paths: &[&'static str; 7],
        all: &[Timed],
        causes: Causes,
    ) -> Vec<(&'static str, f64, f64)> {
        let missing = self.missing(causes);
        let low = Shortened::of(all.iter().map(|it| it.low));
        let high = Shortened::of(all.iter().map(|it| (it.high, [0; 3])));
        if low.count() == 0 {
            return Vec::new();
        }
        let millis = |ns: u64| Elapsed(ns).as_millis_f64();
        let of_share = |(path, per_mille): (&'static str, usize)| {
            let most = high.most(per_mille, missing).map_or(f64::INFINITY, millis);
            (path, millis(low.least(per_mille, missing)), most)
        };
        let shares = PERCENTILES.iter().map(|(_, per_mille, _)| *per_mille);
        let shares = shares.chain([1_000]);
        let percentiles = paths[1..].iter().copied().zip(shares).map(of_share);
        let mut bounds: Vec<_> = percentiles.collect();
        let completed = || all.iter().filter(|it| it.is_completed);
        let count = completed().count() as f64;
        let sum = |of: fn(&Timed) -> u64| completed().map(|it| of(it) as f64).sum::<f64>();
        let least = sum(|it| {
            let (latency, [known, _, mean]) = it.low;
            latency.saturating_sub(known).saturating_sub(mean)
        });
        // A completed request that is unknown took at least nothing, and at most its client's patience.
        let unknown = missing as f64;
        let most = sum(|it| it.high) + unknown * self.patience().0 as f64;
        let all = (count + unknown).max(1.0);
        // An unknown one may also have failed, and not count.
        let low = least / all;
        let high = (most / all).max(sum(|it| it.high) / count.max(1.0));
        bounds.push((paths[0], low / 1e6, high / 1e6));
        bounds
    }

    /// Returns the bounds of the good answers per second.
    ///
    /// In a closed load each client asks again when it is answered: without the delays, the same answers
    /// take a shorter time, by the share of the delays in all latencies. In an open load the same requests
    /// come, and only those that end near the edges of the window can change sides. An answer that came too late
    /// for its client may have come in time: as many as came in time by less than their delay.
    fn throughput(&self, causes: Causes) -> (f64, f64) {
        let Some(window) = self.recording.header.window else {
            return (0.0, f64::INFINITY);
        };
        let rate = self.numbers.get("throughput_per_s").unwrap_or_default();
        let seconds = window.length().as_secs_f64();
        let patience = self.patience();
        let missing = self.missing(causes) as f64 / seconds;
        let saved = if self.has_timeouts() {
            let near = self.cohort().filter(|(request, delay)| {
                let latency = request.latency(patience);
                request.completed() && latency.0 + delay.whole(causes) > patience.0
            });
            near.count() as f64 / seconds
        } else {
            0.0
        };
        if self.delays.is_closed {
            let sums = self
                .cohort()
                .fold([0.0, 0.0], |[delays, all], (request, delay)| {
                    let latency = request.latency(patience).0;
                    let delay = delay.whole(causes).min(latency);
                    [delays + delay as f64, all + latency as f64]
                });
            let [delays, all] = sums;
            let share = if all > 0.0 { delays / all } else { 0.0 };
            return (rate, rate / (1.0 - share) + saved + missing);
        }
        let answered = self.requests.all().iter().zip(&self.delays.each);
        let answered = answered.filter(|(request, _)| request.completed());
        let is_in = |at: Stamp| window.begin < at && at <= window.end;
        let (mut lost, mut gained) = (0, 0);
        for (request, delay) in answered {
            let done = request.outcome.done;
            let most = delay.known(causes).saturating_add(delay.lost(causes)[0]);
            let earliest = Stamp(done.0.saturating_sub(most)).max(request.outcome.due);
            lost += usize::from(is_in(done) && earliest <= window.begin);
            gained += usize::from(done > window.end && earliest <= window.end);
        }
        let [lost, gained] = [lost, gained].map(|count| count as f64 / seconds);
        (rate - lost, rate + gained + saved + missing)
    }

    fn has_timeouts(&self) -> bool {
        let mut all = self.requests.all().iter();
        all.any(|request| request.outcome.failure == Some(Failure::Timeout))
    }

    /// Adds the mean numbers of requests in the system, at the door and in workers: each is a sum of times, of which
    /// delays moved the ends. In the system it can only be too large, but for requests at the edges of the window.
    fn add_populations(&self, found: &mut Vec<(&'static str, f64, f64)>, causes: Causes) {
        let (all, edges) = self.moved_time(causes);
        let number = |path: &str| self.numbers.get(path).unwrap_or_default();
        let in_system = number("in_system");
        found.push(("in_system", in_system - all, in_system + edges));
        // In a closed load what leaves one of these places is soon in the other: no bound is known.
        let places = ["concurrency", "at_the_door"];
        for path in places.iter().filter(|_| !self.delays.is_closed) {
            let mean = number(path);
            found.push((path, mean - all, mean + all));
        }
    }

    /// Returns the sum of all delays of requests in the window, per second; and that of those at its edges.
    fn moved_time(&self, causes: Causes) -> (f64, f64) {
        let Some(window) = self.recording.header.window else {
            return (0.0, 0.0);
        };
        let (mut all, mut edges) = (0.0, 0.0);
        for (request, delay) in self.requests.all().iter().zip(&self.delays.each) {
            let (due, done) = (request.outcome.due, request.outcome.done);
            if done <= window.begin || due >= window.end {
                continue;
            }
            let length = done.since(due).0;
            let is_at_an_edge = due < window.begin || done > window.end;
            if is_at_an_edge {
                let most = delay.known(causes).saturating_add(delay.lost(causes)[0]);
                edges += most.min(length) as f64;
                all += most.min(length) as f64;
            } else {
                all += delay.whole(causes).min(length) as f64;
            }
        }
        (all / 1e9 / self.seconds, edges / 1e9 / self.seconds)
    }

    /// Returns the CPU time that delays can have moved over the begin and over the end of the window, per second: of each
    /// request there its own, for no longer than its delay; and of all together as much as the cores give in the longest
    /// delay.
    fn moved_computing(&self, causes: Causes) -> [f64; 2] {
        let Some(window) = self.recording.header.window else {
            return [0.0; 2];
        };
        let moved_over = |edge: Stamp| {
            let all = self.requests.all().iter().zip(&self.delays.each);
            let crossing = all
                .filter(|(request, _)| request.outcome.due < edge && edge < request.outcome.done);
            let (sum, longest) = crossing.fold((0.0, 0_u64), |(sum, longest), (request, delay)| {
                let most = delay.known(causes).saturating_add(delay.lost(causes)[0]);
                let length = request.outcome.done.since(request.outcome.due).0;
                let computed = request.served.map_or(length, |served| served.cpu.0);
                (sum + computed.min(most) as f64, longest.max(most))
            });
            sum.min(longest as f64 * self.recording.header.machine.cores as f64) / 1e9
        };
        [window.begin, window.end].map(|edge| moved_over(edge) / self.seconds)
    }

    /// Returns the time by which the whole of a counted number of requests can be too long, in seconds.
    fn longest_delay(&self, causes: Causes) -> f64 {
        let Some(window) = self.recording.header.window else {
            return 0.0;
        };
        let known = self.delays.each.iter().map(|delay| delay.known(causes));
        let known = known.fold(0_u64, u64::saturating_add);
        let [stolen, others] = &self.delays.lost;
        let lost = [(Cause::Stolen, stolen), (Cause::Others, others)];
        let lost = lost.into_iter().filter(|(cause, _)| causes.has(*cause));
        let lost: u64 = lost
            .map(|(_, lost)| lost.mean(window.begin, window.end))
            .sum();
        Elapsed(known.saturating_add(lost)).as_secs_f64()
    }
}

/// A latency in ns: what is measured with its delays, for the lower end, and the upper end.
struct Timed {
    is_completed: bool,
    low: (u64, [u64; 3]),
    high: u64,
}

const LATENCY: [&str; 7] = [
    "latency_ms.mean",
    "latency_ms.p50",
    "latency_ms.p90",
    "latency_ms.p95",
    "latency_ms.p99",
    "latency_ms.p999",
    "latency_ms.max",
];

const SINCE_SENT: [&str; 7] = [
    "from_send_ms.mean",
    "from_send_ms.p50",
    "from_send_ms.p90",
    "from_send_ms.p95",
    "from_send_ms.p99",
    "from_send_ms.p999",
    "from_send_ms.max",
];
