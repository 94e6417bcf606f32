//! Times by which each disturbance can have made each request's latency too long. See [`super`] for the derivation.

use std::collections::BTreeMap;

use super::super::Recording;
use super::super::request::Request;
use super::super::requests::Requests;
use super::lost::LostTime;
use super::{Cause, Causes};
use concsim_engine::telemetry::Event;
use concsim_model::scenario::{Arrivals, RequestCapacity, Scenario};
use concsim_model::units::{Elapsed, Stamp};

/// Delays of one request, in ns: each is at most this long.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delay {
    /// Its own late sending …
    pub(super) own_late: u64,
    /// … and the same with that of others before it.
    late: u64,
    unread: u64,
    services: u64,
    /// Stolen core time: at most, and on average.
    stolen: [u64; 2],
    /// Core time that other programs took from workers: at most, and on average.
    others: [u64; 2],
}

impl Delay {
    /// Returns the delay by causes that are known for each request.
    pub(super) fn known(&self, causes: Causes) -> u64 {
        let known = [
            (Cause::Late, self.late),
            (Cause::Unread, self.unread),
            (Cause::Services, self.services),
        ];
        let known = known.into_iter().filter(|(cause, _)| causes.has(*cause));
        known.fold(0, |sum, (_, delay)| sum.saturating_add(delay))
    }

    /// Returns the largest core time that it can have lost, and the mean.
    pub(super) fn lost(&self, causes: Causes) -> [u64; 2] {
        let of = |cause, lost: [u64; 2]| if causes.has(cause) { lost } else { [0; 2] };
        let [stolen, others] = [
            of(Cause::Stolen, self.stolen),
            of(Cause::Others, self.others),
        ];
        [0, 1].map(|place| stolen[place] + others[place])
    }

    /// Returns the longest delay, with the largest core time lost.
    pub(super) fn longest(&self, causes: Causes) -> u64 {
        self.known(causes).saturating_add(self.lost(causes)[0])
    }

    /// Returns the whole delay, with the mean core time lost.
    pub(super) fn whole(&self, causes: Causes) -> u64 {
        self.known(causes).saturating_add(self.lost(causes)[1])
    }
}

/// Delays of all requests, in the order of the outcomes.
#[derive(Clone, Debug, Default)]
pub(super) struct Delays {
    pub(super) each: Vec<Delay>,
    /// True if the clients of a delayed request wait for it before they ask again.
    pub(super) is_closed: bool,
    /// Core time stolen, and taken by other programs, over the course of the run.
    pub(super) lost: [LostTime; 2],
}

impl Delays {
    pub(super) fn of(recording: &Recording, requests: &Requests<'_>) -> Self {
        let scenario = &recording.header.scenario;
        let is_closed = matches!(scenario.load.arrivals, Arrivals::Closed { .. });
        let all = requests.all();
        let calls = lateness_of_calls(recording);
        let lost = [
            LostTime::stolen(&recording.samples),
            LostTime::to_others(&recording.samples, &recording.events, scenario.server.kind),
        ];
        let of_one = |request: &Request<'_>| own(request, recording.dropped_events > 0);
        let is_late = |request| of_one(request).known(Causes::all()) > 0;
        let is_disturbed =
            !calls.is_empty() || lost.iter().any(|lost| !lost.is_none()) || all.iter().any(is_late);
        if !is_disturbed && recording.dropped_outcomes == 0 {
            return Self::default();
        }
        let mut each: Vec<Delay> = all.iter().map(of_one).collect();
        if is_disturbed {
            let begins = if is_closed {
                all.iter().map(|request| request.outcome.due).collect()
            } else {
                since_idle(recording, all)
            };
            if !is_closed {
                add_lateness_before(&mut each, all, &begins);
            }
            add_services(&mut each, (recording, &calls), all, &begins);
            add_lost(&mut each, &lost, all, &begins);
        }
        Self {
            each,
            is_closed,
            lost,
        }
    }

    /// True if this cause delayed any request.
    pub(super) fn has(&self, cause: Cause) -> bool {
        let causes = Causes::only(cause);
        let is_delayed = |delay: &Delay| delay.known(causes) + delay.lost(causes)[0] > 0;
        self.each.iter().any(is_delayed)
    }
}

/// Returns the delays that a request shows by itself. If its worker's report may have been dropped, the
/// answer may have lain unread since it was sent.
fn own(request: &Request<'_>, may_lack_report: bool) -> Delay {
    let outcome = request.outcome;
    let late = outcome.sent.since(outcome.due).0;
    let is_lost = may_lack_report && request.completed();
    let unknown = || is_lost.then(|| outcome.done.since(outcome.sent));
    Delay {
        own_late: late,
        late,
        unread: request.unread().or_else(unknown).unwrap_or_default().0,
        ..Delay::default()
    }
}

/// Adds the core time that each request can have lost since `begins`.
fn add_lost(each: &mut [Delay], lost: &[LostTime; 2], all: &[Request<'_>], begins: &[Stamp]) {
    let [stolen, others] = lost;
    for ((delay, request), from) in each.iter_mut().zip(all).zip(begins) {
        let to = request.outcome.done;
        let within = |lost: &LostTime| {
            if lost.is_none() {
                [0; 2]
            } else {
                [lost.most(*from, to), lost.mean(*from, to)]
            }
        };
        (delay.stolen, delay.others) = (within(stolen), within(others));
    }
}

/// Returns, for each request, the last instant until its due time at which the server was idle: it had no
/// request that could have used a worker. Without its switches, a worker counts as busy for as long as it has a
/// request.
fn since_idle(recording: &Recording, all: &[Request<'_>]) -> Vec<Stamp> {
    let scenario = &recording.header.scenario;
    let has_switches = scenario.server.kind.begins() == RequestCapacity::OneForEachConnection
        && recording.one_in == 1
        && !recording.switches.is_empty();
    let with_a_worker = all.iter().map(|request| {
        let outcome = request.outcome;
        let until = match request.served {
            Some(served) if has_switches => served.first_read,
            Some(served) => served.written,
            None => outcome.done,
        };
        (outcome.sent, until)
    });
    let slices = recording.switches.iter().filter(|_| has_switches);
    let slices = slices.filter_map(|(_, event)| match event {
        Event::RunSlice(slice) => Some((slice.ready, slice.to)),
        _ => None,
    });
    let busy = union(with_a_worker.chain(slices).collect());
    let since = |request: &Request<'_>| {
        let due = request.outcome.due;
        let began = busy.partition_point(|(from, _)| *from <= due);
        let last = began.checked_sub(1).map(|place| busy[place]);
        let is_within = last.filter(|(_, to)| *to > due);
        is_within.map_or(due, |(from, _)| from)
    };
    all.iter().map(since).collect()
}

/// Returns the union of intervals, in order.
fn union(mut intervals: Vec<(Stamp, Stamp)>) -> Vec<(Stamp, Stamp)> {
    intervals.sort_unstable();
    let mut union: Vec<(Stamp, Stamp)> = Vec::new();
    for (from, to) in intervals {
        match union.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => union.push((from, to)),
        }
    }
    union
}

/// Replaces each lateness by the largest one of the requests sent while this one was in the system, or since
/// the server was idle before.
fn add_lateness_before(each: &mut [Delay], all: &[Request<'_>], begins: &[Stamp]) {
    let mut sent: Vec<(Stamp, u64)> = all
        .iter()
        .zip(each.iter())
        .map(|(request, delay)| (request.outcome.sent, delay.own_late))
        .collect();
    sent.sort_unstable();
    let largest = Maxima::of(sent.iter().map(|(_, late)| *late).collect());
    for ((delay, request), from) in each.iter_mut().zip(all).zip(begins) {
        let first = sent.partition_point(|(at, _)| at < from);
        let end = sent.partition_point(|(at, _)| *at <= request.outcome.done);
        delay.late = largest.within(first, end).max(delay.own_late);
    }
}

/// Maxima of the parts of a list: a binary tree, whose leaves are the second half.
struct Maxima(Vec<u64>);

impl Maxima {
    fn of(values: Vec<u64>) -> Self {
        let count = values.len();
        let mut tree = vec![0; count];
        tree.extend(values);
        for place in (1..count).rev() {
            tree[place] = tree[2 * place].max(tree[2 * place + 1]);
        }
        Self(tree)
    }

    /// Returns the maximum of the values from `first` on, up to and without `end`; 0 if there are none.
    fn within(&self, first: usize, end: usize) -> u64 {
        let count = self.0.len() / 2;
        let (mut left, mut right) = (first + count, end + count);
        let mut largest = 0;
        while left < right {
            if left % 2 == 1 {
                largest = largest.max(self.0[left]);
                left += 1;
            }
            if right % 2 == 1 {
                right -= 1;
                largest = largest.max(self.0[right]);
            }
            (left, right) = (left / 2, right / 2);
        }
        largest
    }
}

/// Adds the lateness of services: that of a request's own calls, and, if its worker serves a limited number at
/// once, of those that the worker served from `begins` until it took this one. With room for m at once, work
/// that is longer by a sum E delays the next by at most E ÷ m.
fn add_services(
    each: &mut [Delay],
    (recording, late): (&Recording, &BTreeMap<u32, u64>),
    all: &[Request<'_>],
    begins: &[Stamp],
) {
    if late.is_empty() {
        return;
    }
    let late_of = |request: &Request<'_>| late.get(&request.outcome.request).copied();
    for (delay, request) in each.iter_mut().zip(all) {
        delay.services = late_of(request).unwrap_or(0);
    }
    let Some(room) = room(&recording.header.scenario) else {
        return;
    };
    let workers = workers(recording);
    let mut turns: BTreeMap<u16, WorkerSchedule> = BTreeMap::new();
    for request in all {
        if let (Some(served), Some(worker)) =
            (request.served, workers.get(&request.outcome.request))
        {
            let turns = turns.entry(*worker).or_default();
            let late = late_of(request).unwrap_or(0);
            turns.0.push((served.accepted, served.written, late));
        }
    }
    for turns in turns.values_mut() {
        turns.accumulate();
    }
    for ((delay, request), from) in each.iter_mut().zip(all).zip(begins) {
        let turns = workers
            .get(&request.outcome.request)
            .and_then(|worker| turns.get(worker));
        if let (Some(turns), Some(served)) = (turns, request.served) {
            delay.services += turns.within(*from, served.accepted) / room;
        }
    }
}

/// Requests of one worker: accepted, written, and the lateness of their calls, then its sum up to them.
#[derive(Default)]
struct WorkerSchedule(Vec<(Stamp, Stamp, u64)>);

impl WorkerSchedule {
    fn accumulate(&mut self) {
        self.0.sort_unstable();
        let mut sum = 0;
        for (_, _, late) in &mut self.0 {
            sum += *late;
            *late = sum;
        }
    }

    /// Returns the sum over the requests that the worker had after `from`, and took before `to`.
    fn within(&self, from: Stamp, to: Stamp) -> u64 {
        let first = self.0.partition_point(|(_, written, _)| *written <= from);
        let end = self.0.partition_point(|(accepted, ..)| *accepted < to);
        let up_to = |place: usize| place.checked_sub(1).map_or(0, |last| self.0[last].2);
        up_to(end).saturating_sub(up_to(first))
    }
}

/// Number of requests that a worker has at once; [`None`] if waiting requests take no room.
fn room(scenario: &Scenario) -> Option<u64> {
    match scenario.server.kind.begins() {
        RequestCapacity::One => Some(1),
        RequestCapacity::OneForEachThread => {
            Some(scenario.server.requests_of_a_worker().max(1) as u64)
        }
        RequestCapacity::OneForEachConnection => None,
    }
}

/// Sum of the lateness of each request's calls, in ns.
fn lateness_of_calls(recording: &Recording) -> BTreeMap<u32, u64> {
    let mut late = BTreeMap::new();
    for event in &recording.answers {
        if let Event::Answered {
            request,
            due,
            written,
            ..
        } = event
        {
            let Elapsed(by) = written.since(*due);
            if by > 0 {
                *late.entry(*request).or_insert(0) += by;
            }
        }
    }
    late
}

/// Worker of each request that was served.
fn workers(recording: &Recording) -> BTreeMap<u32, u16> {
    let served = recording
        .events
        .iter()
        .filter_map(|(worker, event)| match event {
            Event::Served(served) => Some((served.request, *worker)),
            _ => None,
        });
    served.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maximum_of_any_part_of_a_list() {
        let values = vec![3, 9, 2, 7, 7, 1, 8];
        let maxima = Maxima::of(values.clone());
        for first in 0..=values.len() {
            for end in first..=values.len() {
                let largest = values[first..end].iter().copied().max().unwrap_or(0);
                assert_eq!(maxima.within(first, end), largest, "{first}..{end}");
            }
        }
    }

    #[test]
    fn intervals_that_touch_are_one() {
        let stamps = |all: &[(u64, u64)]| -> Vec<(Stamp, Stamp)> {
            all.iter().map(|(a, b)| (Stamp(*a), Stamp(*b))).collect()
        };
        let all = stamps(&[(50, 60), (0, 10), (5, 30), (30, 40), (55, 57)]);
        assert_eq!(union(all), stamps(&[(0, 40), (50, 60)]));
    }

    #[test]
    fn a_worker_counts_the_late_calls_of_the_requests_that_it_had_in_an_interval() {
        let mut turns = WorkerSchedule(vec![
            (Stamp(20), Stamp(30), 4),
            (Stamp(0), Stamp(10), 1),
            (Stamp(10), Stamp(20), 2),
        ]);
        turns.accumulate();
        let within = |from, to| turns.within(Stamp(from), Stamp(to));
        assert_eq!(within(5, 20), 3); // the first was still there
        assert_eq!(within(10, 25), 6);
        assert_eq!(within(30, 40), 0);
    }
}
