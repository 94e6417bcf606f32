//! Two independent counts of the same quantity: gauges that are stepped as things begin and end, and the
//! log of every request. Different code reads different data; if the two disagree, one of them is wrong.
//!
//! ```text
//!   ∫ gauge dt over the window   =   Σ of the part of every interval inside the window
//! ```
//!
//! This is Little's law as an identity: it holds in overload, too, and for any law of arrivals.

use std::collections::BTreeMap;

use super::requests::Requests;
use super::{Recording, Sample, Window, WorkerSample};
use concsim_engine::telemetry::{Event, Failure, Reading};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// The two samples at the edges of the window. Averages are over the time between these samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edges<'a> {
    pub(super) begin: &'a Sample,
    pub(super) end: &'a Sample,
}

impl<'a> Edges<'a> {
    /// `None` without a window, or without two samples.
    pub(super) fn of(samples: &'a [Sample], window: Option<Window>) -> Option<Self> {
        let window = window?;
        let nearest = |edge: Stamp| {
            let after = samples.partition_point(|sample| sample.at < edge);
            let both = samples[after.saturating_sub(1)..].iter().take(2);
            both.min_by_key(|sample| sample.at.0.abs_diff(edge.0))
        };
        let (begin, end) = (nearest(window.begin)?, nearest(window.end)?);
        (begin.at < end.at).then_some(Self { begin, end })
    }

    /// Interval between the two samples.
    pub(super) fn span(&self) -> Window {
        Window {
            begin: self.begin.at,
            end: self.end.at,
        }
    }

    /// Length of that interval, in nanoseconds.
    pub(super) fn length(&self) -> f64 {
        self.span().length().0 as f64
    }

    /// The share of a core that load used.
    pub(super) fn generator_cpu(&self) -> f64 {
        (self.end.load.cpu - self.begin.load.cpu).0 as f64 / self.length()
    }

    /// Growth of a gauge's integral, in units × nanoseconds.
    fn gauge(&self, begin: Reading, end: Reading) -> f64 {
        (end.integral_at(self.end.at) - begin.integral_at(self.begin.at)) as f64
    }

    /// Requests due and not ended, in request-nanoseconds.
    pub(super) fn in_system(&self) -> f64 {
        self.gauge(self.begin.load.in_system, self.end.load.in_system)
    }

    /// Requests begun and not finished, over all workers, in request-nanoseconds.
    pub(super) fn begun(&self) -> f64 {
        self.workers()
            .map(|(begin, end)| {
                self.gauge(begin.map_or_else(Reading::default, |b| b.begun), end.begun)
            })
            .sum()
    }

    /// Connections in the accept queue of a foreign server, in connection-nanoseconds.
    pub(super) fn queued(&self) -> Option<f64> {
        let begin = self.begin.queued.unwrap_or_default();
        self.end.queued.map(|end| self.gauge(begin, end))
    }

    /// Open connections of a foreign server without load, in connection-nanoseconds.
    pub(super) fn open(&self) -> Option<f64> {
        let begin = self.begin.open.unwrap_or_default();
        self.end.open.map(|end| self.gauge(begin, end))
    }

    /// CPU time that all workers used, in nanoseconds.
    pub(super) fn workers_cpu(&self) -> f64 {
        self.workers()
            .map(|(begin, end)| (end.cpu - begin.map_or(CpuTime::ZERO, |begin| begin.cpu)).0 as f64)
            .sum()
    }

    /// Pairs each worker at the end with its sample at the beginning, if it was there already.
    fn workers(&self) -> impl Iterator<Item = (Option<&'a WorkerSample>, &'a WorkerSample)> {
        let begin = self.begin;
        let all = |sample: &'a Sample| sample.workers.iter().chain(&sample.processes);
        all(self.end).map(move |end| {
            let before = all(begin).find(|begin| begin.index == end.index);
            (before, end)
        })
    }
}

/// Part of [from, to) that lies in the window, in nanoseconds.
fn overlap((from, to): (Stamp, Stamp), window: Window) -> f64 {
    to.min(window.end).since(from.max(window.begin)).0 as f64
}

fn overlaps(intervals: impl Iterator<Item = (Stamp, Stamp)>, window: Window) -> f64 {
    // Not `sum`: the sum of no numbers is −0, and would be displayed as −0.
    intervals.fold(0.0, |sum, interval| sum + overlap(interval, window))
}

/// Difference of two counts of the same quantity, as a share of the larger.
fn residual(gauge: f64, log: f64) -> f64 {
    let larger = gauge.abs().max(log.abs());
    if larger > 0.0 {
        (gauge - log).abs() / larger
    } else {
        0.0
    }
}

/// Part of a gauge's integral that is not yet counted at `at`, in units × nanoseconds. `count` is the
/// gauge's value; `intervals` are the times for which the counted things were present. The writer of a
/// gauge stamps a step with the instant at which something began or ended, and steps the gauge later: much
/// later if it had no core. Later readings contain such steps in full; the reading at `at` contains none.
/// Steps come in order, so the missing steps are the last ones before `at`.
fn lacking(at: Stamp, count: u64, intervals: &[(Stamp, Stamp)]) -> f64 {
    let began = intervals.iter().map(|(from, _)| *from);
    let ended = intervals.iter().map(|(from, to)| *to.max(from));
    let newest_by_then = |edges: &mut dyn Iterator<Item = Stamp>| {
        let mut edges: Vec<Stamp> = edges.filter(|edge| *edge <= at).collect();
        edges.sort_unstable_by(|one, other| other.cmp(one));
        edges
    };
    let began = newest_by_then(&mut began.into_iter());
    let ended = newest_by_then(&mut ended.into_iter());
    let there = began.len().saturating_sub(ended.len()) as u64;
    let missing = there.cast_signed() - count.cast_signed();
    let last = |edges: &[Stamp]| {
        let last = edges.iter().take(missing.unsigned_abs() as usize);
        last.fold(0.0, |sum, edge| sum + at.since(*edge).0 as f64)
    };
    if missing > 0 {
        last(&began)
    } else {
        -last(&ended)
    }
}

/// Growth of a gauge between two samples, each corrected by [`lacking`].
fn grown(edges: &Edges<'_>, grown: f64, counts: [u64; 2], intervals: &[(Stamp, Stamp)]) -> f64 {
    let [begin, end] = counts;
    let lacked = lacking(edges.begin.at, begin, intervals);
    grown - lacked + lacking(edges.end.at, end, intervals)
}

/// The residual of [due, end] over all requests.
pub(super) fn system_residual(edges: &Edges<'_>, requests: &Requests<'_>) -> f64 {
    residual(
        in_system(edges, requests),
        in_system_by_log(requests, edges.span()),
    )
}

/// Requests due and not ended, by the gauge, corrected at the edges by [`lacking`]; in request-nanoseconds.
pub(super) fn in_system(edges: &Edges<'_>, requests: &Requests<'_>) -> f64 {
    let intervals: Vec<(Stamp, Stamp)> = due_to_done(requests).collect();
    let counts = [edges.begin, edges.end].map(|sample| sample.load.in_system.count);
    grown(edges, edges.in_system(), counts, &intervals)
}

/// The residual of [accepted, last byte written] over all requests that workers accepted.
pub(super) fn workers_residual(
    edges: &Edges<'_>,
    recording: &Recording,
    requests: &Requests<'_>,
) -> f64 {
    let cut = cut_by_deaths(recording, requests).into_iter();
    let intervals: Vec<(Stamp, Stamp)> = served(recording).chain(cut).collect();
    let counts = [edges.begin, edges.end].map(Sample::begun);
    let gauge = grown(edges, edges.begun(), counts, &intervals);
    residual(gauge, overlaps(intervals.into_iter(), edges.span()))
}

/// Requests in the system from the log alone, in request-nanoseconds.
fn in_system_by_log(requests: &Requests<'_>, window: Window) -> f64 {
    overlaps(due_to_done(requests), window)
}

fn due_to_done(requests: &Requests<'_>) -> impl Iterator<Item = (Stamp, Stamp)> {
    let intervals = requests.all().iter();
    intervals.map(|request| (request.outcome.due, request.outcome.done))
}

/// The mean number of requests at the door.
pub(super) fn at_the_door(edges: &Edges<'_>, requests: &Requests<'_>) -> f64 {
    let intervals = requests.all().iter();
    let intervals = intervals.filter_map(super::request::Request::at_the_door);
    overlaps(intervals, edges.span()) / edges.length()
}

/// The mean number of requests in the system in the first and in the second half of the window.
pub(super) fn halves(edges: &Edges<'_>, requests: &Requests<'_>) -> [f64; 2] {
    let Window { begin, end } = edges.span();
    let middle = begin + Elapsed(end.since(begin).0 / 2);
    [Window { begin, end: middle }, Window { begin: middle, end }]
        .map(|half| in_system_by_log(requests, half) / half.length().0.max(1) as f64)
}

fn served(recording: &Recording) -> impl Iterator<Item = (Stamp, Stamp)> {
    recording
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Served(served) => Some((served.accepted, served.written)),
            _ => None,
        })
}

/// Intervals of requests that a worker had begun and could not report because it died: from the accept, or
/// for a later request of a keep-alive connection from its sending, to the death.
fn cut_by_deaths(recording: &Recording, requests: &Requests<'_>) -> Vec<(Stamp, Stamp)> {
    let deaths = deaths(recording);
    if deaths.is_empty() {
        return Vec::new();
    }
    let mut cut = taken_and_never_served(recording, &deaths);
    let later = requests.all().iter();
    let later = later.filter(|it| it.served.is_none() && !it.outcome.opened);
    let mut takers = None;
    let lost_later = later.filter_map(|request| {
        let outcome = request.outcome;
        let death = match outcome.failure? {
            Failure::Reset => {
                let during = |death: &&Stamp| outcome.sent < **death && **death <= outcome.done;
                deaths.values().flatten().find(during)?
            }
            // The client has left. A worker that had begun the request continued until it died.
            Failure::Timeout => {
                let takers = takers.get_or_insert_with(|| takers_of(recording));
                let its = takers.get(&outcome.request).map(|slot| deaths.get(slot));
                let mut after = its??.iter().filter(|death| **death > outcome.done);
                after.next()?
            }
            Failure::Refused | Failure::Status => return None,
        };
        Some((outcome.sent, *death))
    });
    cut.extend(lost_later);
    cut
}

/// Worker of each request that a worker has reported, ended or not.
fn takers_of(recording: &Recording) -> BTreeMap<u32, u16> {
    let recorded = recording.switches.iter();
    let had = recorded.filter_map(|(slot, event)| match event {
        Event::RunSlice(ran) => Some((ran.request, *slot)),
        Event::BlockedIn { request, .. } | Event::Preempted { request, .. } => {
            Some((*request, *slot))
        }
        _ => None,
    });
    let looks = recording.samples.iter().flat_map(|sample| &sample.workers);
    let running = looks.filter_map(|it| Some((it.running_request?, it.index as u16)));
    had.chain(running).collect()
}

/// Times at which the processes of each slot died, in order.
fn deaths(recording: &Recording) -> BTreeMap<u16, Vec<Stamp>> {
    let mut deaths: BTreeMap<u16, Vec<Stamp>> = BTreeMap::new();
    for (slot, event) in &recording.events {
        if let Event::Died { at, .. } = event {
            deaths.entry(*slot).or_default().push(*at);
        }
    }
    for deaths in deaths.values_mut() {
        deaths.sort_unstable();
    }
    deaths
}

fn taken_and_never_served(
    recording: &Recording,
    deaths: &BTreeMap<u16, Vec<Stamp>>,
) -> Vec<(Stamp, Stamp)> {
    let mut cut = Vec::new();
    let mut taken: BTreeMap<(u16, u32), Stamp> = BTreeMap::new();
    let until_death = |slot: u16, taken: Stamp| {
        let later = deaths.get(&slot)?.iter().find(|death| **death >= taken)?;
        Some((taken, *later))
    };
    for (slot, event) in &recording.events {
        match event {
            Event::Accepted { at, task, .. } => {
                // The next process reuses the number of a task that died with its process.
                if let Some(before) = taken.insert((*slot, *task), *at) {
                    cut.extend(until_death(*slot, before));
                }
            }
            Event::Served(served) => {
                taken.remove(&(*slot, served.task));
            }
            Event::RunSlice(_)
            | Event::Sent(_)
            | Event::Marked { .. }
            | Event::Ended(_)
            | Event::Preempted { .. }
            | Event::BlockedIn { .. }
            | Event::Awaits { .. }
            | Event::Waited(_)
            | Event::Answered { .. }
            | Event::Forked { .. }
            | Event::Died { .. } => {}
        }
    }
    let left = taken.into_iter();
    cut.extend(left.filter_map(|((slot, _), at)| until_death(slot, at)));
    cut
}

/// Jain's fairness index: 1 if all shares are equal, 1/n if one has everything. `None` if there is nothing
/// to share.
///
/// Jain, Chiu, Hawe: A Quantitative Measure of Fairness, 1984.
pub(super) fn jain(shares: impl Iterator<Item = u64>) -> Option<f64> {
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for share in shares {
        let share = share as f64;
        count += 1.0;
        sum += share;
        squares += share * share;
    }
    (squares > 0.0).then(|| sum * sum / (count * squares))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jain_is_one_when_all_have_the_same_and_one_nth_when_one_has_all() {
        let jain = |shares: &[u64]| jain(shares.iter().copied());
        assert_eq!(jain(&[7, 7, 7]), Some(1.0));
        assert_eq!(jain(&[12, 0, 0, 0]), Some(0.25));
        assert_eq!(jain(&[0, 0]), None);
        assert_eq!(jain(&[]), None);
    }

    #[test]
    fn the_log_knows_changes_that_a_gauge_had_not_read() {
        let stamps = |all: &[(u64, u64)]| -> Vec<(Stamp, Stamp)> {
            all.iter().map(|(a, b)| (Stamp(*a), Stamp(*b))).collect()
        };
        // At 100 three are present; the gauge has counted one: 40 + 30 are missing.
        let late = stamps(&[(10, 200), (60, 150), (70, 300), (120, 180)]);
        assert!((lacking(Stamp(100), 1, &late) - 70.0).abs() < 1e-9);
        assert!(lacking(Stamp(100), 3, &late).abs() < 1e-9);
        // Two ended at 80 and at 95; the gauge has not counted the last one.
        let ended = stamps(&[(10, 80), (20, 95), (30, 200)]);
        assert!((lacking(Stamp(100), 2, &ended) + 5.0).abs() < 1e-9);
        // A gauge that is always one too high is not treated as late.
        let one = stamps(&[(0, 1_000)]);
        let lacked = [100, 900].map(|at| lacking(Stamp(at), 2, &one));
        assert!(
            lacked.iter().all(|lacked| lacked.abs() < 1e-9),
            "{lacked:?}"
        );
    }

    #[test]
    fn only_the_part_inside_the_window_counts() {
        let window = Window {
            begin: Stamp(10),
            end: Stamp(20),
        };
        for (from, to, inside) in [
            (0, 5, 0.0),
            (0, 15, 5.0),
            (12, 15, 3.0),
            (15, 40, 5.0),
            (0, 40, 10.0),
            (25, 40, 0.0),
        ] {
            assert!((overlap((Stamp(from), Stamp(to)), window) - inside).abs() < f64::EPSILON);
        }
    }
}
