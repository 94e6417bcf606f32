//! Bounds of a run's numbers: the ends between which each would lie without some disturbances.

use serde::Serialize;

use super::super::latency::Latencies;
use super::super::named::NamedValues;
use super::super::percentile::PERCENTILES;
use super::super::request::Request;
use super::super::requests::Requests;
use super::super::rounding::rounded;
use super::super::{Recording, Window};
use super::delays::{Delay, Delays};
use super::shortened::{ShortenedLatencies, UncertainLatency};
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
    /// Returns the bounds as the summary states them: rounded, not below 0, and with the number itself between them.
    fn around(self, value: f64) -> Self {
        Self {
            low: rounded(self.low.max(0.0).min(value), 6).min(value),
            high: rounded(self.high, 6).max(value),
        }
    }

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
        for (name, value) in latencies.named() {
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
        let mut found = self.latencies(causes);
        let throughput = self.throughput(causes);
        found.push(("throughput_per_s".into(), throughput));
        let parallelism = self.parallelism(causes, throughput.high);
        found.extend(parallelism.map(|bounds| ("parallelism".into(), bounds)));
        found.extend(self.populations(causes));
        if let Some(length) = self.numbers.get("window_s") {
            let bounds = Bounds {
                low: length - self.longest_delay(causes),
                high: length,
            };
            found.push(("window_s".into(), bounds));
        }
        found.extend(self.latencies_by_kind(causes));
        let stated = |(path, bounds): (String, Bounds)| {
            let bounds = bounds.around(self.numbers.get(&path)?);
            Some((path, bounds))
        };
        found.into_iter().filter_map(stated).collect()
    }

    /// Returns the requests, each with its delays.
    fn all(&self) -> impl Iterator<Item = (&Request<'_>, &Delay)> {
        self.requests.all().iter().zip(&self.delays.each)
    }

    /// Returns the requests of the cohort, each with its delays.
    fn cohort(&self) -> impl Iterator<Item = (&Request<'_>, &Delay)> {
        let window = self.recording.header.window;
        self.all().filter(move |(request, _)| {
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

    /// Returns the bounds of the latencies of the cohort.
    fn latencies(&self, causes: Causes) -> Vec<(String, Bounds)> {
        let from_due: Vec<LatencyRange> =
            self.cohort().map(|it| self.latency(it, causes)).collect();
        let from_send: Vec<LatencyRange> = self
            .cohort()
            .map(|it| self.since_sent(it, causes))
            .collect();
        let mut bounds = self.of_latencies("latency_ms", &from_due, causes);
        bounds.extend(self.of_latencies("from_send_ms", &from_send, causes));
        bounds
    }

    /// Returns the bounds of the latencies of each kind of request.
    fn latencies_by_kind(&self, causes: Causes) -> Vec<(String, Bounds)> {
        let kinds = self.recording.header.scenario.requests.iter().enumerate();
        let of_kind = |(class, kind): (usize, &concsim_model::scenario::Request)| {
            let is_of_it = |it: &(&Request<'_>, &Delay)| usize::from(it.0.outcome.class) == class;
            let requests = self.cohort().filter(is_of_it);
            let all: Vec<LatencyRange> = requests.map(|it| self.latency(it, causes)).collect();
            self.of_latencies(&format!("requests.{}.latency_ms", kind.name), &all, causes)
        };
        kinds.flat_map(of_kind).collect()
    }

    /// Returns the latency of a request from its due time.
    fn latency(&self, (request, delay): (&Request<'_>, &Delay), causes: Causes) -> LatencyRange {
        let latency = request.latency(self.patience()).0;
        let [most_lost, mean_lost] = delay.lost(causes);
        LatencyRange {
            is_completed: request.completed(),
            low: UncertainLatency {
                latency,
                known: delay.known(causes),
                most_lost,
                mean_lost,
            },
            high: latency,
        }
    }

    /// Returns the latency of a request from its sending. Without late sending it would be that from the due time, and
    /// nothing else would be longer.
    fn since_sent(&self, (request, delay): (&Request<'_>, &Delay), causes: Causes) -> LatencyRange {
        let from_due = self.latency((request, delay), causes);
        let since_sent = request.since_sent(self.patience()).0;
        let (own_late, high) = if causes.has(Cause::Late) {
            (delay.own_late, from_due.high)
        } else {
            (0, since_sent)
        };
        LatencyRange {
            low: UncertainLatency {
                latency: since_sent,
                known: from_due.low.known.saturating_sub(own_late),
                ..from_due.low
            },
            high,
            ..from_due
        }
    }

    /// Returns the bounds of mean, percentiles and maximum of some latencies, in ms; their paths begin with `path`.
    fn of_latencies(
        &self,
        path: &str,
        all: &[LatencyRange],
        causes: Causes,
    ) -> Vec<(String, Bounds)> {
        let missing = self.missing(causes);
        let low = ShortenedLatencies::of(all.iter().map(|it| it.low));
        let high =
            ShortenedLatencies::of(all.iter().map(|it| UncertainLatency::by_nothing(it.high)));
        if low.count() == 0 {
            return Vec::new();
        }
        let millis = |ns: u64| Elapsed(ns).as_millis_f64();
        let percentile = |(name, per_mille): (&str, usize)| {
            let bounds = Bounds {
                low: millis(low.least(per_mille, missing)),
                high: high.most(per_mille, missing).map_or(f64::INFINITY, millis),
            };
            (format!("{path}.{name}"), bounds)
        };
        let names = PERCENTILES
            .iter()
            .map(|(name, per_mille, _)| (*name, *per_mille));
        let names = names.chain([("max", 1_000)]);
        let mean = (format!("{path}.mean"), self.of_mean(all, missing));
        names.map(percentile).chain([mean]).collect()
    }

    /// Returns the bounds of the mean of the completed requests, in ms, if `missing` others are unknown.
    fn of_mean(&self, all: &[LatencyRange], missing: usize) -> Bounds {
        let completed = || all.iter().filter(|it| it.is_completed);
        let count = completed().count() as f64;
        let sum = |of: fn(&LatencyRange) -> u64| completed().map(|it| of(it) as f64).sum::<f64>();
        let least = sum(|it| it.low.least_on_average());
        // A completed request that is unknown took at least nothing, and at most its client's patience.
        let unknown = missing as f64;
        let most = sum(|it| it.high) + unknown * self.patience().0 as f64;
        let all = (count + unknown).max(1.0);
        // An unknown one may also have failed, and not count.
        let high = (most / all).max(sum(|it| it.high) / count.max(1.0));
        Bounds {
            low: least / all / 1e6,
            high: high / 1e6,
        }
    }

    /// Returns the bounds of the good answers per second.
    ///
    /// In a closed load each client asks again when it is answered: without the delays, the same answers
    /// take a shorter time, by the share of the delays in all latencies. In an open load the same requests
    /// come, and only those that end near the edges of the window can change sides. An answer that came too late
    /// for its client may have come in time: as many as came in time by less than their delay.
    fn throughput(&self, causes: Causes) -> Bounds {
        let Some(window) = self.recording.header.window else {
            return Bounds {
                low: 0.0,
                high: f64::INFINITY,
            };
        };
        let rate = self.numbers.get("throughput_per_s").unwrap_or_default();
        let seconds = window.length().as_secs_f64();
        let unknown = self.missing(causes) + self.nearly_late(causes);
        let unknown = unknown as f64 / seconds;
        if self.delays.is_closed {
            return Bounds {
                low: rate,
                high: rate / (1.0 - self.share_of_delays(causes)) + unknown,
            };
        }
        let moved = self.moved_answers(causes, window);
        let [lost, gained] = moved.map(|count| count as f64 / seconds);
        Bounds {
            low: rate - lost,
            high: rate + gained + unknown,
        }
    }

    /// Returns the number of answers that came in time by less than their delay; 0 if none came too late.
    fn nearly_late(&self, causes: Causes) -> usize {
        let patience = self.patience();
        let near = self.cohort().filter(|(request, delay)| {
            let latency = request.latency(patience);
            request.completed() && latency.0 + delay.whole(causes) > patience.0
        });
        if self.has_timeouts() { near.count() } else { 0 }
    }

    /// Returns the sum of the delays as a share of the sum of all latencies.
    fn share_of_delays(&self, causes: Causes) -> f64 {
        let patience = self.patience();
        let sums = |[delays, all]: [f64; 2], (request, delay): (&Request<'_>, &Delay)| {
            let latency = request.latency(patience).0;
            let delay = delay.whole(causes).min(latency);
            [delays + delay as f64, all + latency as f64]
        };
        let [delays, all] = self.cohort().fold([0.0, 0.0], sums);
        if all > 0.0 { delays / all } else { 0.0 }
    }

    /// Returns the number of answers that, without the delays, would have come before the window, and of those that
    /// would have come in it and not after it.
    fn moved_answers(&self, causes: Causes, window: Window) -> [usize; 2] {
        let is_in = |at: Stamp| window.begin < at && at <= window.end;
        let [mut lost, mut gained] = [0, 0];
        for (request, delay) in self.all().filter(|(request, _)| request.completed()) {
            let (due, done) = (request.outcome.due, request.outcome.done);
            let earliest = Stamp(done.0.saturating_sub(delay.longest(causes))).max(due);
            lost += usize::from(is_in(done) && earliest <= window.begin);
            gained += usize::from(done > window.end && earliest <= window.end);
        }
        [lost, gained]
    }

    /// Returns the bounds of the mean number of busy cores, for answers per second of at most `most_per_s`; [`None`]
    /// without answers.
    ///
    /// Each answer takes its CPU time, whenever it comes. Without the delays it comes earlier: what was computed behind
    /// the begin of the window may lie before it, and what was behind the end inside.
    fn parallelism(&self, causes: Causes, most_per_s: f64) -> Option<Bounds> {
        let rate = self
            .numbers
            .get("throughput_per_s")
            .filter(|it| *it > 0.0)?;
        let cores = self.numbers.get("parallelism")?;
        let [begin, end] = self.moved_computing(causes);
        let more = if self.delays.is_closed {
            most_per_s / rate
        } else {
            1.0
        };
        let all = self.recording.header.machine.cores as f64;
        Some(Bounds {
            low: cores - begin,
            high: (cores * more + end).min(all),
        })
    }

    fn has_timeouts(&self) -> bool {
        let mut all = self.requests.all().iter();
        all.any(|request| request.outcome.failure == Some(Failure::Timeout))
    }

    /// Returns the bounds of the mean numbers of requests in the system, at the door and in workers: each is a sum of
    /// times, of which delays moved the ends. In the system it can only be too large, but for requests at the edges of
    /// the window.
    fn populations(&self, causes: Causes) -> Vec<(String, Bounds)> {
        let (all, edges) = self.moved_time(causes);
        let bounds = |path: &str, above: f64| {
            let number = self.numbers.get(path).unwrap_or_default();
            let bounds = Bounds {
                low: number - all,
                high: number + above,
            };
            (path.to_owned(), bounds)
        };
        let mut found = vec![bounds("in_system", edges)];
        // In a closed load what leaves one of these places is soon in the other: no bound is known.
        if !self.delays.is_closed {
            found.extend(["concurrency", "at_the_door"].map(|path| bounds(path, all)));
        }
        found
    }

    /// Returns the sum of all delays of requests in the window, per second; and that of those at its edges.
    fn moved_time(&self, causes: Causes) -> (f64, f64) {
        let Some(window) = self.recording.header.window else {
            return (0.0, 0.0);
        };
        let (mut all, mut edges) = (0.0, 0.0);
        for (request, delay) in self.all() {
            let (due, done) = (request.outcome.due, request.outcome.done);
            if done <= window.begin || due >= window.end {
                continue;
            }
            let length = done.since(due).0;
            let is_at_an_edge = due < window.begin || done > window.end;
            if is_at_an_edge {
                let most = delay.longest(causes);
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
            let crossing = self
                .all()
                .filter(|(request, _)| request.outcome.due < edge && edge < request.outcome.done);
            let (sum, longest) = crossing.fold((0.0, 0_u64), |(sum, longest), (request, delay)| {
                let most = delay.longest(causes);
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

/// A measured latency with its delays, for the lower end, and the upper end in ns.
struct LatencyRange {
    is_completed: bool,
    low: UncertainLatency,
    high: u64,
}
