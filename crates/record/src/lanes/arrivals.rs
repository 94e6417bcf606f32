//! Arrival of each request at the door, its accept, and the worker that has it.
//!
//! A worker learns a request's number when it reads the request, which may be long after it accepted the
//! connection. Load reports the connection on which it sent each request, and a worker the connection that
//! it accepted: so a request that has not run yet can be attributed to its worker. In recordings that name
//! no connections, a request is attributed by its first run.

use std::collections::BTreeMap;

use super::blocks::Blocks;
use concsim_engine::telemetry::{Outcome, SentRequest};
use concsim_model::units::{Elapsed, Stamp};

/// A worker stamps all accepts of one turn with the turn's beginning, including connections that arrive
/// during the turn: an accept may be stamped this much before the sending.
const STAMPED_EARLY: Elapsed = Elapsed::from_millis(10);
/// Marks a request that is in no worker's list.
const NO_PLACE: u32 = u32::MAX;

/// Arrivals of all requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals {
    /// Arrivals, by request number.
    requests: Vec<Arrival>,
    /// Connections whose opening or accept is not known yet; with keep-alive, all.
    connections: BTreeMap<u32, Connection>,
    /// True if each request opens its own connection.
    opens_always: bool,
    /// Times at which requests that opened a connection came to the door …
    arrived: Instants,
    /// … and left it: accepted, or given up.
    left: Instants,
    /// Times at which requests were due,
    due: Instants,
    /// ended for their clients,
    done: Instants,
    /// and were answered well.
    good: Instants,
    /// Requests that each worker has accepted, by slot, in the order in which this became known.
    accepted: Vec<WorkerArrivals>,
}

/// Arrival of one request. [`Stamp::NEVER`]: did not happen, or is not known.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    sent: Stamp,
    /// Time at which its worker accepted its connection.
    accepted: Stamp,
    /// Time at which it left the door.
    left: Stamp,
    worker: u16,
    /// Position in its worker's list.
    place: u32,
    /// True if it counts as having come to the door.
    is_counted: bool,
    /// True if its worker has reported its end.
    is_served: bool,
}

/// A connection, or the connections that had its number one after the other.
#[derive(Clone, Debug, Default)]
struct Connection {
    /// Requests that opened it, with the time of sending: ports are reused.
    opened: Vec<(Stamp, u32)>,
    /// Accepts whose request is not known yet.
    accepted: Vec<(Stamp, u16)>,
}

/// Requests accepted by one worker.
#[derive(Clone, Debug, Default)]
struct WorkerArrivals {
    requests: Vec<u32>,
    blocks: Blocks,
}

/// Sorted instants; the number up to a given instant is found by binary search.
#[derive(Clone, Debug, Default)]
struct Instants(Vec<Stamp>);

impl Arrivals {
    fn of(&mut self, request: u32) -> &mut Arrival {
        let place = request as usize;
        if self.requests.len() <= place {
            let nothing = Arrival {
                sent: Stamp::NEVER,
                accepted: Stamp::NEVER,
                left: Stamp::NEVER,
                worker: 0,
                place: NO_PLACE,
                is_counted: false,
                is_served: false,
            };
            self.requests.resize(place + 1, nothing);
        }
        &mut self.requests[place]
    }

    /// Notes that a request was sent. `opens_always` is load's connection mode; it decides if the request
    /// opened its connection in recordings that do not say so.
    pub(super) fn send(&mut self, sent: &SentRequest, opens_always: bool) {
        self.opens_always = opens_always;
        self.due.insert(sent.due);
        self.of(sent.request).sent = sent.sent;
        let opened = sent.connection.map_or(opens_always, |_| sent.opened);
        if opened {
            self.arrive(sent.request);
        }
        let Some(number) = sent.connection else {
            return;
        };
        let connection = self.connections.entry(number).or_default();
        if opened {
            let place = connection
                .opened
                .partition_point(|(at, _)| *at <= sent.sent);
            connection.opened.insert(place, (sent.sent, sent.request));
            let mut accepts = connection.accepted.iter();
            let is_its = |(at, _): &(Stamp, u16)| *at + STAMPED_EARLY >= sent.sent;
            if let Some(place) = accepts.position(is_its) {
                let (at, worker) = connection.accepted.remove(place);
                self.take(sent.request, worker, at);
                self.has_met(number, sent.request);
            }
        } else {
            let first = connection.opened.last().map(|(_, request)| *request);
            let first = first.and_then(|first| self.requests.get(first as usize));
            if let Some(first) = first.filter(|first| first.place != NO_PLACE) {
                let worker = first.worker;
                self.place(sent.request, worker);
            }
        }
    }

    /// Notes that a worker accepted a connection.
    pub(super) fn accept(&mut self, worker: u16, at: Stamp, connection: Option<u32>) {
        let Some(number) = connection else {
            return;
        };
        let connection = self.connections.entry(number).or_default();
        let opened = &connection.opened;
        let sent_by_then = opened.partition_point(|(sent, _)| *sent <= at + STAMPED_EARLY);
        match sent_by_then.checked_sub(1).map(|place| opened[place].1) {
            Some(request) => {
                self.take(request, worker, at);
                self.has_met(number, request);
            }
            None => connection.accepted.push((at, worker)),
        }
    }

    /// Notes that the opening of a connection was matched with its accept: no later request needs either.
    fn has_met(&mut self, number: u32, request: u32) {
        if !self.opens_always {
            return;
        }
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.opened.retain(|(_, opener)| *opener != request);
            if connection.opened.is_empty() && connection.accepted.is_empty() {
                self.connections.remove(&number);
            }
        }
    }

    /// Notes that a worker accepted a request: at `at`, or earlier if that is known already.
    pub(super) fn take(&mut self, request: u32, worker: u16, at: Stamp) {
        let arrival = self.of(request);
        if at < arrival.accepted {
            arrival.accepted = at;
            self.leaves_the_door(request, at);
        }
        self.place(request, worker);
    }

    /// Notes that a worker has a request, which may or may not have opened its connection.
    pub(super) fn place(&mut self, request: u32, worker: u16) {
        let arrival = *self.of(request);
        if arrival.place != NO_PLACE {
            return;
        }
        let slot = usize::from(worker);
        if self.accepted.len() <= slot {
            self.accepted.resize_with(slot + 1, WorkerArrivals::default);
        }
        let taken = &mut self.accepted[slot];
        let place = taken.requests.len();
        taken.requests.push(request);
        taken.blocks.send(place, arrival.sent.min(arrival.accepted));
        let arrival = self.of(request);
        (arrival.worker, arrival.place) = (worker, place as u32);
    }

    /// Notes that a worker has reported the end of a request.
    pub(super) fn note_end(&mut self, request: u32, worker: u16, written: Stamp) {
        self.place(request, worker);
        let arrival = self.of(request);
        let is_first = !std::mem::replace(&mut arrival.is_served, true);
        let (place, slot) = (arrival.place as usize, usize::from(arrival.worker));
        let blocks = &mut self.accepted[slot].blocks;
        blocks.end(place, 0, written, is_first);
    }

    /// Notes that a request has ended for its client.
    pub(super) fn end(&mut self, outcome: &Outcome, was_sent: bool) {
        self.done.insert(outcome.done);
        if outcome.failure.is_none() {
            self.good.insert(outcome.done);
        }
        if !was_sent {
            self.due.insert(outcome.due);
        } else if outcome.opened {
            self.arrive(outcome.request);
        }
        self.leaves_the_door(outcome.request, outcome.done);
    }

    fn arrive(&mut self, request: u32) {
        let arrival = self.of(request);
        if std::mem::replace(&mut arrival.is_counted, true) {
            return;
        }
        let (sent, left) = (arrival.sent, arrival.left);
        self.arrived.insert(sent);
        if left != Stamp::NEVER {
            self.left.insert(left);
        }
    }

    fn leaves_the_door(&mut self, request: u32, at: Stamp) {
        let arrival = self.of(request);
        let at = if arrival.sent == Stamp::NEVER {
            at
        } else {
            at.max(arrival.sent)
        };
        if at >= arrival.left {
            return;
        }
        let (before, is_counted) = (arrival.left, arrival.is_counted);
        arrival.left = at;
        match (is_counted, before) {
            (false, _) => {}
            (true, Stamp::NEVER) => self.left.insert(at),
            (true, before) => self.left.move_back(before, at),
        }
    }

    /// True if a request came to the door; later requests of a keep-alive connection do not.
    pub(super) fn came_to_the_door(&self, request: u32) -> bool {
        let arrival = self.requests.get(request as usize);
        arrival.is_some_and(|arrival| arrival.is_counted)
    }

    /// Returns the worker that has or had a request, and the time at which it accepted the connection;
    /// [`Stamp::NEVER`] if not known.
    pub(super) fn taken(&self, request: u32) -> Option<(u16, Stamp)> {
        let arrival = self.requests.get(request as usize)?;
        (arrival.place != NO_PLACE).then_some((arrival.worker, arrival.accepted))
    }

    /// Number of requests at the door at `at`.
    pub(super) fn at_the_door(&self, at: Stamp) -> u64 {
        (self.arrived.count_until(at)).saturating_sub(self.left.count_until(at))
    }

    /// Mean number of requests at the door; 0 over an empty interval.
    pub(super) fn mean_at_the_door(&self, interval: super::Interval) -> f64 {
        let length = interval.to.since(interval.from).0;
        let stood = self.arrived.since_each(interval) - self.left.since_each(interval);
        stood.max(0) as f64 / length.max(1) as f64
    }

    /// Number of requests due and not ended at `at`.
    pub(super) fn in_system(&self, at: Stamp) -> u64 {
        (self.due.count_until(at)).saturating_sub(self.done.count_until(at))
    }

    /// Number of requests ended by `at`.
    pub(super) fn ended(&self, at: Stamp) -> u64 {
        self.done.count_until(at)
    }

    /// The number of good answers after the beginning of an interval, its end included.
    pub(super) fn answered(&self, interval: super::Interval) -> u64 {
        let by_then = self.good.count_until(interval.to);
        by_then.saturating_sub(self.good.count_until(interval.from))
    }

    /// Upper bound (exclusive) of the slots whose workers have accepted requests.
    pub(super) fn slots(&self) -> usize {
        self.accepted.len()
    }

    /// Requests that a worker may have had at some time in the interval.
    pub(super) fn of_worker(
        &self,
        slot: usize,
        interval: super::Interval,
    ) -> impl Iterator<Item = u32> {
        let taken = self.accepted.get(slot).into_iter();
        taken.flat_map(move |taken| {
            let places = taken.blocks.there(interval, 1).flatten();
            places.filter_map(|place| taken.requests.get(place).copied())
        })
    }
}

impl Instants {
    fn insert(&mut self, at: Stamp) {
        let place = match self.0.last() {
            Some(last) if *last > at => self.0.partition_point(|it| *it <= at),
            _ => self.0.len(),
        };
        self.0.insert(place, at);
    }

    /// Moves one instant from `from` to the earlier `to`.
    fn move_back(&mut self, from: Stamp, to: Stamp) {
        let new = self.0.partition_point(|it| *it <= to);
        let old = self.0.partition_point(|it| *it < from);
        if let Some(between) = self.0.get_mut(new..=old) {
            between.rotate_right(1);
            between[0] = to;
        }
    }

    /// Sum, over all instants up to the end of the interval, of the time from the instant (or from the
    /// beginning of the interval if later) to the end: the integral of their number, in nanoseconds.
    fn since_each(&self, interval: super::Interval) -> i128 {
        let before = self.count_until(interval.from);
        let inside = &self.0[before as usize..self.count_until(interval.to) as usize];
        let inside = inside.iter().map(|at| i128::from(interval.to.since(*at).0));
        i128::from(before) * i128::from(interval.to.since(interval.from).0) + inside.sum::<i128>()
    }

    /// Number of instants up to and including `at`.
    fn count_until(&self, at: Stamp) -> u64 {
        self.0.partition_point(|it| *it <= at) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(request: u32, at: u64, connection: u32, opened: bool) -> SentRequest {
        SentRequest {
            request,
            class: 0,
            due: Stamp(at),
            sent: Stamp(at),
            connection: Some(connection),
            opened,
        }
    }

    const MS: u64 = 1_000_000;

    #[test]
    fn a_request_is_known_by_its_connection_before_it_has_said_its_number() {
        let mut arrivals = Arrivals::default();
        arrivals.send(&sent(0, 10 * MS, 4_000, true), true);
        arrivals.send(&sent(1, 11 * MS, 4_001, true), true);
        arrivals.accept(3, Stamp(30 * MS), Some(4_001));
        assert_eq!(arrivals.taken(1), Some((3, Stamp(30 * MS))));
        assert_eq!(arrivals.taken(0), None);
        let door = [9, 10, 11, 29, 30].map(|at| arrivals.at_the_door(Stamp(at * MS)));
        assert_eq!(door, [0, 1, 2, 2, 1]);
    }

    #[test]
    fn the_order_in_which_rings_are_read_does_not_matter() {
        let mut arrivals = Arrivals::default();
        arrivals.accept(0, Stamp(30 * MS), Some(7));
        arrivals.send(&sent(5, 10 * MS, 7, true), true);
        assert_eq!(arrivals.taken(5), Some((0, Stamp(30 * MS))));
    }

    #[test]
    fn a_port_that_is_used_again_is_another_connection() {
        let all = [sent(0, 10 * MS, 7, true), sent(1, 900 * MS, 7, true)];
        let accepts = [(1, Stamp(20 * MS)), (2, Stamp(950 * MS))];
        let mut at_once = Arrivals::default();
        for sent in &all {
            at_once.send(sent, true);
        }
        for (worker, at) in accepts {
            at_once.accept(worker, at, Some(7));
        }
        let mut as_it_came = Arrivals::default();
        for (sent, (worker, at)) in all.iter().zip(accepts) {
            as_it_came.send(sent, true);
            as_it_came.accept(worker, at, Some(7));
        }
        for arrivals in [at_once, as_it_came] {
            assert_eq!(arrivals.taken(0), Some((1, Stamp(20 * MS))));
            assert_eq!(arrivals.taken(1), Some((2, Stamp(950 * MS))));
        }
    }

    #[test]
    fn later_requests_of_a_kept_connection_are_in_its_worker_at_once() {
        let mut arrivals = Arrivals::default();
        arrivals.send(&sent(0, 10 * MS, 7, true), false);
        arrivals.accept(2, Stamp(12 * MS), Some(7));
        arrivals.send(&sent(1, 50 * MS, 7, false), false);
        assert_eq!(arrivals.at_the_door(Stamp(50 * MS)), 0);
        assert_eq!(arrivals.taken(1), Some((2, Stamp::NEVER)));
    }

    #[test]
    fn a_client_that_gives_up_before_the_accept_has_left_the_door() {
        let mut arrivals = Arrivals::default();
        arrivals.send(&sent(0, 10 * MS, 7, true), true);
        let outcome = Outcome {
            request: 0,
            class: 0,
            status: 0,
            failure: None,
            opened: true,
            due: Stamp(10 * MS),
            sent: Stamp(10 * MS),
            first_byte: Stamp::ZERO,
            done: Stamp(40 * MS),
            unread: None,
        };
        arrivals.end(&outcome, true);
        arrivals.accept(0, Stamp(60 * MS), Some(7));
        assert_eq!(arrivals.at_the_door(Stamp(39 * MS)), 1);
        assert_eq!(arrivals.at_the_door(Stamp(40 * MS)), 0);
        // The accept, long before, becomes known afterwards.
        arrivals.take(0, 0, Stamp(20 * MS));
        assert_eq!(arrivals.at_the_door(Stamp(19 * MS)), 1);
        assert_eq!(arrivals.at_the_door(Stamp(20 * MS)), 0);
    }
}
