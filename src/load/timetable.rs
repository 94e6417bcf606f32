//! When the next request is due, and whose it is.
//!
//! An open load's instants are fixed before the run: they follow from seed, rate and law alone. A
//! closed load's follow from its answers: client *c* of *n* is first due at *c* ÷ *n* of the ramp,
//! then when its last request ended, plus a pause. This file knows no clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter::Peekable;

use crate::scenario::{Arrivals, Scenario, draw};
use crate::units::{Elapsed, Stamp};

/// A request that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// When.
    pub at: Stamp,
    /// Whose it is; the clients of an open load have no number.
    pub client: Option<usize>,
}

/// All requests that are still to come, the soonest first.
pub(super) enum Timetable {
    /// Whatever happens.
    Open {
        /// When the load begins.
        begin: Stamp,
        /// From then on, in order.
        arrivals: Peekable<Box<dyn Iterator<Item = Elapsed>>>,
    },
    /// For the clients that do not wait for an answer just now.
    Closed(BinaryHeap<Reverse<(Stamp, usize)>>),
}

impl Timetable {
    /// The timetable of a load that begins at `begin`.
    pub(super) fn new(scenario: &Scenario, begin: Stamp) -> Self {
        match scenario.load.arrivals {
            Arrivals::Open { .. } => {
                let arrivals: Box<dyn Iterator<Item = _>> = Box::new(draw::arrivals(scenario));
                Self::Open {
                    begin,
                    arrivals: arrivals.peekable(),
                }
            }
            Arrivals::Closed { clients, ramp, .. } => {
                let first_due = |client| begin + share_of(ramp, client, clients);
                let dues = (0..clients).map(|client| Reverse((first_due(client), client)));
                Self::Closed(dues.collect())
            }
        }
    }

    /// When the next request is due. `None`: nobody will ask before somebody is answered.
    pub(super) fn next(&mut self) -> Option<Stamp> {
        match self {
            Self::Open { begin, arrivals } => arrivals.peek().map(|after| *begin + *after),
            Self::Closed(dues) => dues.peek().map(|Reverse((at, _))| *at),
        }
    }

    /// Takes the next request off the timetable.
    pub(super) fn take(&mut self) -> Option<Due> {
        match self {
            Self::Open { begin, arrivals } => arrivals.next().map(|after| Due {
                at: *begin + after,
                client: None,
            }),
            Self::Closed(dues) => dues.pop().map(|Reverse((at, client))| Due {
                at,
                client: Some(client),
            }),
        }
    }

    /// A client will ask again.
    pub(super) fn again(&mut self, client: usize, at: Stamp) {
        match self {
            Self::Open { .. } => unreachable!("the clients of an open load ask once"),
            Self::Closed(dues) => dues.push(Reverse((at, client))),
        }
    }
}

/// `client` ÷ `clients` of `ramp`.
fn share_of(ramp: Elapsed, client: usize, clients: usize) -> Elapsed {
    let share = u128::from(ramp.0) * client as u128 / clients as u128;
    Elapsed(u64::try_from(share).expect("a share is less than the whole"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::tests_support::{closed, open};

    const BEGIN: Stamp = Stamp(5_000_000_000);

    #[test]
    fn clients_begin_spread_over_the_ramp() {
        let scenario = closed(4, Elapsed::from_millis(100));
        let mut timetable = Timetable::new(&scenario, BEGIN);
        for client in 0..4 {
            let at = BEGIN + Elapsed::from_millis(25 * client as u64);
            let client = Some(client);
            assert_eq!(timetable.take(), Some(Due { at, client }));
        }
        assert_eq!(timetable.take(), None, "the others wait for their answers");
    }

    #[test]
    fn without_a_ramp_clients_begin_at_once_in_the_order_of_their_numbers() {
        let mut timetable = Timetable::new(&closed(3, Elapsed::ZERO), BEGIN);
        let clients: Vec<_> = std::iter::from_fn(|| timetable.take()).collect();
        assert!(clients.iter().all(|due| due.at == BEGIN));
        assert!(clients.iter().map(|due| due.client).eq((0..3).map(Some)));
    }

    #[test]
    fn whoever_is_due_first_asks_first() {
        let mut timetable = Timetable::new(&closed(2, Elapsed::from_millis(10)), BEGIN);
        assert_eq!(timetable.take().unwrap().client, Some(0));
        timetable.again(0, BEGIN + Elapsed::from_millis(2));
        assert_eq!(timetable.next(), Some(BEGIN + Elapsed::from_millis(2)));
        assert_eq!(timetable.take().unwrap().client, Some(0));
        assert_eq!(timetable.take().unwrap().client, Some(1));
    }

    #[test]
    fn an_open_timetable_is_the_same_every_time() {
        let scenario = open(500.0);
        let dues = || {
            let mut timetable = Timetable::new(&scenario, BEGIN);
            (0..100).map(move |_| timetable.take().unwrap().at)
        };
        assert!(dues().eq(dues()));
        assert!(dues().is_sorted());
        assert!(dues().next().unwrap() >= BEGIN);
    }
}
