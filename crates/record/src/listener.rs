//! The listener's queue, reconstructed from the log of requests: a connection finds a place or is dropped
//! and retries; a worker takes the oldest one. No gauge counts the queue: gauges count requests at the
//! door, including those whose connections the kernel dropped because the queue was full.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use concsim_model::units::{Elapsed, Stamp};

/// Times at which a client's kernel retries a dropped connection, in seconds after the first attempt
/// (Linux: four linear timeouts since 6.5, then each is twice as long).
const TRIES: [u64; 10] = [0, 1, 2, 3, 4, 5, 7, 11, 19, 35];

/// One connection, by the request that opens it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) request: u32,
    pub(super) sent: Stamp,
    /// Time at which its client left or had its answer.
    pub(super) done: Stamp,
    /// Time at which a worker accepted it, if reported.
    pub(super) accepted: Option<Stamp>,
}

/// Event at the queue. At one instant, arrivals precede accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// Arrival, with the number of times that the connection was dropped.
    Comes(usize),
    IsTaken,
}

/// Requests whose connections are in the queue at `at`. With one queue, a worker that takes a connection
/// has taken all earlier ones, reported or not.
pub(super) fn queue_at(
    arrivals: &[Arrival],
    (places, is_one_queue): (usize, bool),
    at: Stamp,
) -> BTreeSet<u32> {
    let mut queue: VecDeque<usize> = VecDeque::new();
    let mut is_taken = vec![false; arrivals.len()];
    let mut events = BinaryHeap::new();
    for (place, arrival) in arrivals.iter().enumerate() {
        events.push(Reverse((arrival.sent, Event::Comes(0), place)));
        if let Some(taken) = arrival.accepted {
            let taken = taken.max(arrival.sent);
            events.push(Reverse((taken, Event::IsTaken, place)));
        }
    }
    while let Some(Reverse((now, event, place))) = events.pop() {
        if now > at {
            break;
        }
        let arrival = &arrivals[place];
        match event {
            Event::Comes(dropped) => {
                let is_there = !is_taken[place] && (dropped == 0 || now < arrival.done);
                if is_there && queue.len() < places {
                    queue.push_back(place);
                } else if is_there && let Some(after) = TRIES.get(dropped + 1) {
                    let again = arrival.sent + Elapsed::from_secs(*after);
                    events.push(Reverse((again, Event::Comes(dropped + 1), place)));
                }
            }
            Event::IsTaken => {
                is_taken[place] = true;
                if let Some(found) = queue.iter().position(|it| *it == place) {
                    let first = if is_one_queue { 0 } else { found };
                    queue.drain(first..=found);
                }
            }
        }
    }
    queue.iter().map(|place| arrivals[*place].request).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn arrival(request: u32, sent: u64, taken: Option<u64>) -> Arrival {
        Arrival {
            request,
            sent: Stamp(sent),
            done: Stamp(sent + 10 * S),
            accepted: taken.map(Stamp),
        }
    }

    fn requests(arrivals: &[Arrival], places: usize, at: u64) -> Vec<u32> {
        let queue = queue_at(arrivals, (places, true), Stamp(at));
        queue.into_iter().collect()
    }

    #[test]
    fn a_connection_that_finds_no_place_is_not_in_the_queue_until_it_tries_again() {
        // Two places, three simultaneous arrivals; the first is taken after 0.9 s.
        let arrivals = [
            arrival(1, 0, Some(9 * S / 10)),
            arrival(2, 0, None),
            arrival(3, 0, None),
        ];
        assert_eq!(requests(&arrivals, 2, S / 2), [1, 2]);
        assert_eq!(requests(&arrivals, 2, S - 1), [2]);
        assert_eq!(requests(&arrivals, 2, S), [2, 3]);
    }

    #[test]
    fn a_client_that_has_left_does_not_try_again_and_keeps_the_place_that_it_had() {
        let mut arrivals = [
            arrival(1, 0, Some(S / 2)),
            arrival(2, 0, None),
            arrival(3, 0, None),
        ];
        for arrival in &mut arrivals {
            arrival.done = Stamp(3 * S / 10);
        }
        assert_eq!(requests(&arrivals, 2, 5 * S), [2]);
    }

    #[test]
    fn connections_before_an_accepted_one_have_left_the_queue() {
        // No worker reported the first: it died with it.
        let arrivals = [
            arrival(1, 0, None),
            arrival(2, 1, Some(5)),
            arrival(3, 2, None),
        ];
        assert_eq!(requests(&arrivals, 9, 4), [1, 2, 3]);
        assert_eq!(requests(&arrivals, 9, 5), [3]);
        let of_several = queue_at(&arrivals, (9, false), Stamp(5));
        assert_eq!(of_several.into_iter().collect::<Vec<_>>(), [1, 3]);
    }
}
