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
        /// Since when load has been as it is now …
        since: Stamp,
        /// … how much of the arrivals was over by then …
        over: Elapsed,
        /// … and how fast they come, in thousandths of what the scenario says.
        pace: u64,
        /// From the beginning on, in order, at the scenario's own pace.
        arrivals: Peekable<Box<dyn Iterator<Item = Elapsed>>>,
    },
    /// For the clients that do not wait for an answer just now.
    Closed {
        /// When each of them is due.
        dues: BinaryHeap<Reverse<(Stamp, usize)>>,
        /// How many clients the scenario has.
        clients: usize,
        /// How many there have ever been.
        known: usize,
        /// Clients from this one on stay away …
        present: usize,
        /// … and these do.
        away: Vec<usize>,
    },
}

impl Timetable {
    /// The timetable of a load that begins at `begin`.
    pub(super) fn new(scenario: &Scenario, begin: Stamp) -> Self {
        match scenario.load.arrivals {
            Arrivals::Open { .. } => {
                let arrivals: Box<dyn Iterator<Item = _>> = Box::new(draw::arrivals(scenario));
                Self::Open {
                    since: begin,
                    over: Elapsed::ZERO,
                    pace: AS_IT_IS,
                    arrivals: arrivals.peekable(),
                }
            }
            Arrivals::Closed { clients, ramp, .. } => {
                let first_due = |client| begin + share_of(ramp, client, clients);
                let dues = (0..clients).map(|client| Reverse((first_due(client), client)));
                Self::Closed {
                    dues: dues.collect(),
                    clients,
                    known: clients,
                    present: clients,
                    away: Vec::new(),
                }
            }
        }
    }

    /// When the next request is due. `None`: nobody will ask before somebody is answered.
    pub(super) fn next(&mut self) -> Option<Stamp> {
        match self {
            Self::Open {
                since,
                over,
                pace,
                arrivals,
            } => arrivals
                .peek()
                .map(|after| *since + at_pace(Elapsed(after.0.saturating_sub(over.0)), *pace)),
            Self::Closed { dues, .. } => dues.peek().map(|Reverse((at, _))| *at),
        }
    }

    /// Takes the next request off the timetable.
    pub(super) fn take(&mut self) -> Option<Due> {
        let at = self.next()?;
        let client = match self {
            Self::Open { arrivals, .. } => {
                arrivals.next();
                None
            }
            Self::Closed { dues, .. } => dues.pop().map(|Reverse((_, client))| client),
        };
        Some(Due { at, client })
    }

    /// From `now` on there is so much load, in thousandths of what the scenario says: arrivals come
    /// faster or slower, or there are more or fewer clients. The same at the same instants gives the
    /// same timetable.
    pub(super) fn steer(&mut self, now: Stamp, load: u64) {
        match self {
            Self::Open {
                since, over, pace, ..
            } => {
                let passed = now.since(*since);
                *over += Elapsed(scaled(passed.0, *pace, AS_IT_IS));
                (*since, *pace) = (now, load.max(1));
            }
            Self::Closed {
                dues,
                clients,
                known,
                present,
                away,
            } => {
                *present = scaled(*clients as u64, load, AS_IT_IS).max(1) as usize;
                let (stay, leave): (Vec<_>, Vec<_>) = dues
                    .drain()
                    .partition(|Reverse((_, client))| client < present);
                let (back, still_away): (Vec<usize>, Vec<usize>) =
                    away.drain(..).partition(|client| client < present);
                let new = *known..(*known).max(*present);
                *known = new.end;
                let come = back.into_iter().chain(new);
                dues.extend(stay);
                dues.extend(come.map(|client| Reverse((now, client))));
                away.extend(still_away);
                away.extend(leave.into_iter().map(|Reverse((_, client))| client));
            }
        }
    }

    /// A client will ask again.
    pub(super) fn again(&mut self, client: usize, at: Stamp) {
        match self {
            Self::Open { .. } => unreachable!("the clients of an open load ask once"),
            Self::Closed {
                dues,
                present,
                away,
                ..
            } => {
                if client < *present {
                    dues.push(Reverse((at, client)));
                } else {
                    away.push(client);
                }
            }
        }
    }
}

/// The scenario's own pace, in thousandths of itself.
const AS_IT_IS: u64 = 1_000;

fn at_pace(length: Elapsed, pace: u64) -> Elapsed {
    Elapsed(scaled(length.0, AS_IT_IS, pace))
}

/// `number` × `times` ÷ `parts`.
fn scaled(number: u64, times: u64, parts: u64) -> u64 {
    let scaled = u128::from(number) * u128::from(times) / u128::from(parts);
    u64::try_from(scaled).unwrap_or(u64::MAX)
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
    fn twice_the_pace_halves_what_is_still_to_come() {
        let scenario = open(100.0);
        let all = |mut timetable: Timetable| -> Vec<u64> {
            (0..50).map(|_| timetable.take().unwrap().at.0).collect()
        };
        let as_it_is = all(Timetable::new(&scenario, BEGIN));
        let middle = Stamp(as_it_is[19] + 1);
        let mut steered = Timetable::new(&scenario, BEGIN);
        let mut dues: Vec<u64> = (0..20).map(|_| steered.take().unwrap().at.0).collect();
        steered.steer(middle, 2_000);
        dues.extend((20..50).map(|_| steered.take().unwrap().at.0));
        for (place, (steered, due)) in dues.iter().zip(&as_it_is).enumerate() {
            let expected = if place < 20 {
                *due
            } else {
                middle.0 + (due - middle.0) / 2
            };
            assert!(steered.abs_diff(expected) <= 1, "{place}");
        }
    }

    #[test]
    fn clients_leave_when_they_are_answered_and_come_back_at_once() {
        let mut timetable = Timetable::new(&closed(4, Elapsed::ZERO), BEGIN);
        let asking: Vec<_> = (0..3).map(|_| timetable.take().unwrap().client).collect();
        assert_eq!(asking, [Some(0), Some(1), Some(2)]);
        timetable.steer(BEGIN, 500);
        assert_eq!(timetable.take(), None, "the fourth stays away");
        for client in 0..3 {
            timetable.again(client, BEGIN + Elapsed(client as u64));
        }
        let clients: Vec<_> = std::iter::from_fn(|| timetable.take()).collect();
        assert!(clients.iter().map(|due| due.client).eq([Some(0), Some(1)]));
        timetable.steer(BEGIN + Elapsed(9), 1_500);
        let clients: Vec<_> = std::iter::from_fn(|| timetable.take()).collect();
        let clients: Vec<_> = clients.iter().map(|due| due.client.unwrap()).collect();
        assert_eq!(clients, [2, 3, 4, 5]);
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
