//! Bounds of the throughput, compared with the throughput reached, and the place where requests wait.
//!
//! A bound is called the cause of a throughput only if it was reached. Otherwise no bound explains the
//! throughput, and the run's own account of request time gives the place of the wait.

use super::latency::Breakdown;
use super::rounding::{rounded, rounded_rate};
use super::schema::Run;
use super::schema::theory::{Ceiling, Waits};
use concsim_model::scenario::Scenario;
use concsim_model::units::{Elapsed, three_digits};
use concsim_model::words::{counted, digits, grouped, length, rate};
use concsim_theory::bounds::{Bound, LimitedResource};

/// Share of a bound from which on it counts as reached.
const REACHED: f64 = 0.9;

/// Bounds that differ by at most this share bind together.
const TIE: f64 = 0.01;

/// True if a bound is as tight as the tightest, both in answers per second.
pub(super) fn is_as_tight(per_s: f64, tightest: f64) -> bool {
    per_s <= tightest * (1.0 + TIE)
}

impl Ceiling {
    /// Compares a bound with the tightest bound and with the run's throughput, all in answers per second.
    pub(super) fn of(named: &NamedBound, tightest: f64, throughput: Option<f64>) -> Self {
        let NamedBound { bound, service } = named;
        let per_s = bound.per_s();
        let is_tightest = is_as_tight(per_s, tightest);
        let found = throughput.filter(|_| per_s > 0.0);
        let reached = found.map(|found| rounded(found / per_s, 4));
        Self {
            of: bound.of.word(),
            service: service.clone(),
            count: bound.count,
            each_ms: (bound.of != LimitedResource::Arrivals).then(|| rounded(bound.each * 1e3, 6)),
            good: (bound.good < 1.0).then(|| rounded(bound.good, 6)),
            per_s: rounded_rate(per_s),
            binds: is_tightest && reached.is_some_and(|reached| reached >= REACHED),
            reached,
        }
    }

    /// `2 workers ÷ 100 ms`, `db pool 10 ÷ 200 ms`, `1 worker ÷ 209 ms × 90 %`
    #[must_use]
    pub fn describe(&self) -> String {
        let good = self
            .good
            .map(|good| format!(" × {} %", digits(good * 100.0)));
        let good = good.unwrap_or_default();
        let Some(each) = self.each_ms else {
            return format!("what is asked for{good}");
        };
        let each = length(Elapsed((each * 1e6).round() as u64));
        format!("{} ÷ {each}{good}", self.counted())
    }

    /// `10 connections to db ÷ 200 ms = 50/s`, in a sentence.
    #[must_use]
    pub fn in_a_sentence(&self) -> String {
        let per_s = rate(self.per_s);
        let Some(each) = self.each_ms else {
            return match self.good {
                None => format!("the {per_s} that are asked for"),
                Some(_) => format!("the {per_s} of what is asked for that can be answered"),
            };
        };
        let good = self
            .good
            .map(|good| format!(" × {} %", digits(good * 100.0)));
        let each = length(Elapsed((each * 1e6).round() as u64));
        let counted = match (self.of, &self.service) {
            ("pool", Some(service)) => {
                format!("{} to {service}", counted(self.count as u64, "connection"))
            }
            ("capacity", Some(service)) => {
                format!(
                    "{} at once in {service}",
                    counted(self.count as u64, "call")
                )
            }
            _ => self.counted(),
        };
        format!("{counted} ÷ {each}{} = {per_s}", good.unwrap_or_default())
    }

    fn counted(&self) -> String {
        if let Some(service) = &self.service {
            return format!("{service} {} {}", self.of, grouped(self.count as u64));
        }
        let one = match self.of {
            "pool_threads" => "pool thread",
            of => of.strip_suffix('s').unwrap_or(of),
        };
        counted(self.count as u64, one)
    }
}

/// A bound, with the name of its service if it is a service's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NamedBound {
    pub(super) bound: Bound,
    service: Option<String>,
}

impl NamedBound {
    pub(super) fn per_s(&self) -> f64 {
        self.bound.per_s()
    }

    pub(super) fn of(bound: Bound, scenario: &Scenario) -> Self {
        let place = match bound.of {
            LimitedResource::Pool(place) | LimitedResource::Capacity(place) => Some(place),
            _ => None,
        };
        let service = place.and_then(|place| scenario.services.get(place));
        Self {
            bound,
            service: service.map(|service| service.name.clone()),
        }
    }
}

/// Formats answers per second: three digits, or grouped by thousands.
#[must_use]
pub fn per_second(rate: f64) -> String {
    match rate {
        rate if rate >= 999.5 => grouped(rate.round() as u64),
        // Three significant digits: a bank answers 0.00333/s.
        rate if (1e-6..0.0995).contains(&rate) => {
            let digits = (2.0 - rate.log10().floor()) as usize;
            format!("{rate:.digits$}")
        }
        rate => three_digits(rate),
    }
}

/// A wait below this share of a request's time is ignored.
const NEGLIGIBLE_WAIT: f64 = 0.1;

impl Waits {
    /// Computes the place from a breakdown of request time; `alone_ms` is the time that a single request,
    /// without others, waits for services and timers. [`None`] if the requests took no time.
    pub(super) fn of_time(spent: &Breakdown, alone_ms: f64) -> Option<Self> {
        let mean = spent.total();
        (mean > 0.0).then(|| Self::in_time(spent, mean, alone_ms))
    }

    /// Computes the place for a run; `alone_ms` is the time that a single request, without others, waits
    /// for services and timers.
    pub(super) fn of(run: &Run, alone_ms: f64) -> Option<Self> {
        match (&run.breakdown_ms, run.latency_ms.mean) {
            (Some(spent), Some(mean)) if mean > 0.0 => {
                let waits = Self::in_time(spent, mean, alone_ms);
                let lost = (waits.at == "none").then(|| Self::in_failures(run, mean));
                Some(lost.flatten().unwrap_or(waits))
            }
            _ => Self::in_number(run),
        }
    }

    fn in_time(spent: &Breakdown, mean: f64, alone_ms: f64) -> Self {
        // Time beyond `alone_ms` is queueing; workers that do not report the parts do not say in which
        // queue.
        let longer = (spent.parked_or_blocked - alone_ms).max(0.0);
        let [pool, threads, service] = match &spent.waits {
            Some(waits) => [waits.pool_wait, waits.thread_wait, waits.service_queue],
            None => [0.0, 0.0, longer],
        };
        let places = [
            ("door", spent.door),
            ("ready", spent.ready),
            ("core", spent.core_wait),
            ("pool", pool),
            ("pool_threads", threads),
            ("service", service),
        ];
        let longest = places.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let (at, length) = longest.unwrap_or(("none", 0.0));
        let share = length / mean;
        Self {
            at: if share >= NEGLIGIBLE_WAIT { at } else { "none" },
            mean_ms: Some(rounded(length, 6)),
            share: rounded(share, 4),
        }
    }

    /// Share of the time of all requests that went to failed ones, by Little's law: the requests in the
    /// system beyond the answered ones. [`None`] if the share is small.
    fn in_failures(run: &Run, mean: f64) -> Option<Self> {
        let failed = run.failed.all().saturating_sub(run.unfinished);
        let all = run.in_system.filter(|all| *all > 0.0 && failed > 0)?;
        let of_answered = run.throughput_per_s? * mean / 1e3;
        let share = 1.0 - of_answered / all;
        (share >= NEGLIGIBLE_WAIT).then(|| Self {
            at: "failed",
            mean_ms: None,
            share: rounded(share, 4),
        })
    }

    /// Computes the place from the numbers of requests, for a run in which none was answered.
    fn in_number(run: &Run) -> Option<Self> {
        let (door, all) = (run.at_the_door?, run.in_system?);
        let share = if all > 0.0 { door / all } else { 0.0 };
        Some(Self {
            at: if share >= NEGLIGIBLE_WAIT {
                "door"
            } else {
                "unanswered"
            },
            mean_ms: None,
            share: rounded(share, 4),
        })
    }

    /// `requests wait at the door, 90 % of their time`
    #[must_use]
    pub fn describe(&self) -> String {
        let share = digits(self.share * 100.0);
        let place = match self.at {
            "door" => "at the door",
            "ready" => "ready, while their worker runs others",
            "core" => "for a core",
            "pool" => "for a connection to a service",
            "pool_threads" => "for a thread of their worker's pool",
            "service" => "in the queue of a service",
            "failed" => {
                return format!("{share} % of the time of all requests goes to those that fail");
            }
            "unanswered" => return "requests are begun, and none was answered".into(),
            _ => return "requests hardly wait for one another".into(),
        };
        match self.mean_ms {
            Some(_) => format!("requests wait {place}, {share} % of their time"),
            None => format!("requests wait {place}, {share} % of them"),
        }
    }
}
