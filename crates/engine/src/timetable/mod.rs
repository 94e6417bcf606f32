//! The timetable of a run: the instant of each request, and its client.
//!
//! The instants of an open load are fixed before the run: they follow from seed, law and rate, and from the
//! changes of the rate in the scenario's timeline. Those of a closed load follow from its answers: client
//! *c* of *n* is first due at *c* ÷ *n* of the ramp, then when its last request ended, plus a pause. A scheduled
//! load lists its instants.
//!
//! ```text
//!   arrivals at unit rate    1  2     3 4       5   6      7
//!                            │  │      \ \       \   \      \
//!   due                      1  2       3  4        5    6       7      each at the instant by which
//!   rate                  ───fast───┤ slow ─────────────────────        the rate adds up to it
//! ```
//!
//! Its [`RunProgress`] decides which requests count: warm-up, the counted window, the drain. Both engines use
//! both, so that the n-th request of a run is due at the same instant in either. This module reads no
//! clock.

mod progress;
#[cfg(any(test, feature = "testing"))]
#[path = "../../testing/small.rs"]
pub mod small;

pub use progress::{NOTICE, RunProgress};

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::iter::Peekable;

use crate::telemetry::ExtraRequest;
use concsim_model::scenario::{Arrivals, Intervention, Job, Scenario, draw};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Request that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueRequest {
    /// Instant at which it is due.
    pub at: Stamp,
    /// Client that sends it; `None` unless the load is closed.
    pub client: Option<usize>,
    /// Class of a request that is not drawn: one beyond the load, or a job.
    pub extra: Option<ExtraRequest>,
}

/// Change of a load at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Open load: requests per second from then on.
    Rate(f64),
    /// Closed load: number of clients from then on.
    Clients(usize),
    /// One request beyond the load.
    Extra(ExtraRequest),
}

impl Change {
    /// Returns the change of the load by an intervention; [`None`] if it concerns the server.
    #[must_use]
    pub fn of(intervention: Intervention) -> Option<Self> {
        match intervention {
            Intervention::SetRate(rate) => Some(Self::Rate(rate)),
            Intervention::SetClients(clients) => Some(Self::Clients(clients)),
            Intervention::Send(class) => Some(Self::Extra(ExtraRequest {
                class: class as u16,
                at_least: CpuTime::ZERO,
            })),
            Intervention::AddWorker
            | Intervention::RemoveWorker
            | Intervention::KillWorker
            | Intervention::StopWorker
            | Intervention::ContinueWorker
            | Intervention::Reload
            | Intervention::SetLoad(_) => None,
        }
    }
}

/// Requests to come, the earliest first.
pub struct Timetable {
    load: LoadState,
    /// Changes by the scenario's timeline, the earliest first.
    changes: VecDeque<(Stamp, Change)>,
}

impl Timetable {
    /// Returns the timetable of a load that begins at `begin`.
    pub fn new(scenario: &Scenario, begin: Stamp) -> Self {
        let changes = scenario.timeline.iter().filter_map(|event| {
            let change = Change::of(event.intervention)?;
            Some((begin + event.at, change))
        });
        Self {
            load: LoadState::of(scenario, begin),
            changes: changes.collect(),
        }
    }

    /// Instant of the next request or change. `None` if no request is due before another answer.
    #[inline]
    pub fn soonest(&mut self) -> Option<Stamp> {
        let change = self.changes.front().map(|(at, _)| *at);
        let arrival = self.load.next();
        match (change, arrival) {
            (Some(change), Some(arrival)) => Some(change.min(arrival)),
            (one, other) => one.or(other),
        }
    }

    /// Takes the [`soonest`](Self::soonest) entry off the timetable. `None` if that was a change.
    #[inline]
    pub fn take(&mut self) -> Option<DueRequest> {
        let arrival = self.load.next();
        let comes_first = |at| arrival.is_none_or(|arrival| at <= arrival);
        let Some((at, change)) = self.changes.pop_front_if(|(at, _)| comes_first(*at)) else {
            return self.load.take();
        };
        match change {
            Change::Rate(_) | Change::Clients(_) => self.load.change(at, change),
            Change::Extra(extra) => {
                return Some(DueRequest {
                    at,
                    client: None,
                    extra: Some(extra),
                });
            }
        }
        None
    }

    /// Changes the load by hand at `now`, when all that was due before has been taken.
    pub fn steer(&mut self, now: Stamp, change: Change) {
        match change {
            Change::Rate(_) | Change::Clients(_) => self.load.change(now, change),
            Change::Extra(_) => self.changes.push_front((now, change)),
        }
    }

    /// Adds the next request of a client, which is due at `at`.
    #[inline]
    pub fn add_next(&mut self, client: usize, at: Stamp) {
        self.load.add_next(client, at);
    }
}

/// Requests of the load itself.
enum LoadState {
    /// Arrivals that do not depend on answers.
    Open {
        /// Instant since which the rate holds.
        since: Stamp,
        /// Arrivals at unit rate that were due by `since`.
        passed: f64,
        /// Requests per second.
        rate: f64,
        /// Arrivals at unit rate since the beginning, in seconds.
        arrivals: Box<Peekable<draw::UnitArrivals>>,
        /// Instant of the next arrival, once it was computed.
        next: Option<Stamp>,
    },
    /// Requests of the clients that are not waiting for an answer.
    Closed {
        /// Instant at which each of them is due.
        dues: BinaryHeap<Reverse<(Stamp, usize)>>,
        /// Number of clients that there have ever been.
        known: usize,
        /// Number of clients from now on: those with higher numbers stay away.
        present: usize,
        /// Clients that stay away.
        absent: Vec<usize>,
    },
    /// Requests at given instants, the earliest first.
    Scheduled(std::vec::IntoIter<DueRequest>),
}

impl LoadState {
    fn of(scenario: &Scenario, begin: Stamp) -> Self {
        match scenario.load.arrivals {
            Arrivals::Open { rate, process } => {
                let arrivals = draw::at_unit_rate(scenario.seed, process);
                Self::Open {
                    since: begin,
                    passed: 0.0,
                    rate,
                    arrivals: Box::new(arrivals.peekable()),
                    next: None,
                }
            }
            Arrivals::Closed { clients, ramp, .. } => {
                let first_due = |client| begin + share_of(ramp, client, clients);
                let dues = (0..clients).map(|client| Reverse((first_due(client), client)));
                Self::Closed {
                    dues: dues.collect(),
                    known: clients,
                    present: clients,
                    absent: Vec::new(),
                }
            }
            Arrivals::Scheduled => {
                let dues = scenario.load.jobs.iter().map(|job| due_of(*job, begin));
                Self::Scheduled(dues.collect::<Vec<_>>().into_iter())
            }
        }
    }

    #[inline]
    fn next(&mut self) -> Option<Stamp> {
        match self {
            Self::Open {
                since,
                passed,
                rate,
                arrivals,
                next,
            } => {
                if next.is_none() {
                    let arrival = arrivals.peek()?;
                    *next = Some(*since + draw::after(arrival - *passed, *rate));
                }
                *next
            }
            Self::Closed { dues, .. } => dues.peek().map(|Reverse((at, _))| *at),
            Self::Scheduled(dues) => dues.as_slice().first().map(|due| due.at),
        }
    }

    #[inline]
    fn take(&mut self) -> Option<DueRequest> {
        let at = self.next()?;
        let client = match self {
            Self::Open { arrivals, next, .. } => {
                arrivals.next();
                *next = None;
                None
            }
            Self::Closed { dues, .. } => dues.pop().map(|Reverse((_, client))| client),
            Self::Scheduled(dues) => return dues.next(),
        };
        let extra = None;
        Some(DueRequest { at, client, extra })
    }

    /// Applies a change; one for the other kind of load has no effect.
    fn change(&mut self, at: Stamp, change: Change) {
        match (self, change) {
            (
                Self::Open {
                    since,
                    passed,
                    rate,
                    next,
                    ..
                },
                Change::Rate(from_now_on),
            ) => {
                *passed += at.since(*since).as_secs_f64() * *rate;
                (*since, *rate, *next) = (at, from_now_on, None);
            }
            (
                Self::Closed {
                    dues,
                    known,
                    present,
                    absent,
                },
                Change::Clients(clients),
            ) => {
                *present = clients;
                let (stay, leave): (Vec<_>, Vec<_>) = dues
                    .drain()
                    .partition(|Reverse((_, client))| client < present);
                let (back, still_away): (Vec<usize>, Vec<usize>) =
                    absent.drain(..).partition(|client| client < present);
                let new = *known..(*known).max(*present);
                *known = new.end;
                let come = back.into_iter().chain(new);
                dues.extend(stay);
                dues.extend(come.map(|client| Reverse((at, client))));
                absent.extend(still_away);
                absent.extend(leave.into_iter().map(|Reverse((_, client))| client));
            }
            (Self::Open { .. } | Self::Closed { .. } | Self::Scheduled(_), _) => {}
        }
    }

    fn add_next(&mut self, client: usize, at: Stamp) {
        match self {
            Self::Open { .. } | Self::Scheduled(_) => {
                unreachable!("only a closed load has clients that ask again")
            }
            Self::Closed {
                dues,
                present,
                absent,
                ..
            } => {
                if client < *present {
                    dues.push(Reverse((at, client)));
                } else {
                    absent.push(client);
                }
            }
        }
    }
}

/// Returns the request of a job in a load that begins at `begin`.
fn due_of(job: Job, begin: Stamp) -> DueRequest {
    DueRequest {
        at: begin + job.at,
        client: None,
        extra: job.class.map(|class| ExtraRequest {
            class: class as u16,
            at_least: CpuTime::ZERO,
        }),
    }
}

/// Returns `client` ÷ `clients` of `ramp`.
fn share_of(ramp: Elapsed, client: usize, clients: usize) -> Elapsed {
    let share = u128::from(ramp.0) * client as u128 / clients as u128;
    Elapsed(u64::try_from(share).expect("a share is less than the whole"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timetable::small::{closed, open};
    use concsim_model::scenario::{Process, TimelineEvent};

    const BEGIN: Stamp = Stamp(5_000_000_000);

    #[test]
    fn clients_begin_spread_over_the_ramp() {
        let scenario = closed(4, Elapsed::from_millis(100));
        let mut timetable = Timetable::new(&scenario, BEGIN);
        for client in 0..4 {
            let at = BEGIN + Elapsed::from_millis(25 * client as u64);
            let (client, extra) = (Some(client), None);
            assert_eq!(timetable.take(), Some(DueRequest { at, client, extra }));
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
    fn the_client_that_is_due_first_asks_first() {
        let mut timetable = Timetable::new(&closed(2, Elapsed::from_millis(10)), BEGIN);
        assert_eq!(timetable.take().unwrap().client, Some(0));
        timetable.add_next(0, BEGIN + Elapsed::from_millis(2));
        assert_eq!(timetable.soonest(), Some(BEGIN + Elapsed::from_millis(2)));
        assert_eq!(timetable.take().unwrap().client, Some(0));
        assert_eq!(timetable.take().unwrap().client, Some(1));
    }

    #[test]
    fn twice_the_rate_halves_what_is_still_to_come() {
        let scenario = open(100.0);
        let all = |mut timetable: Timetable| -> Vec<u64> {
            (0..50).map(|_| timetable.take().unwrap().at.0).collect()
        };
        let as_it_is = all(Timetable::new(&scenario, BEGIN));
        let middle = Stamp(as_it_is[19] + 1);
        let mut steered = Timetable::new(&scenario, BEGIN);
        let mut dues: Vec<u64> = (0..20).map(|_| steered.take().unwrap().at.0).collect();
        steered.steer(middle, Change::Rate(200.0));
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
        timetable.steer(BEGIN, Change::Clients(2));
        assert_eq!(timetable.take(), None, "the fourth stays away");
        for client in 0..3 {
            timetable.add_next(client, BEGIN + Elapsed(client as u64));
        }
        let clients: Vec<_> = std::iter::from_fn(|| timetable.take()).collect();
        assert!(clients.iter().map(|due| due.client).eq([Some(0), Some(1)]));
        timetable.steer(BEGIN + Elapsed(9), Change::Clients(6));
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

    #[test]
    fn jobs_are_due_at_their_instants_with_their_classes_and_no_client() {
        let mut scenario = open(1.0);
        scenario.load.arrivals = Arrivals::Scheduled;
        let job = |at_ms, class| Job {
            at: Elapsed::from_millis(at_ms),
            class,
        };
        scenario.load.jobs = vec![job(0, Some(0)), job(0, Some(7)), job(30, None)];
        let mut timetable = Timetable::new(&scenario, BEGIN);
        // A load of jobs has no rate and no clients.
        timetable.steer(BEGIN, Change::Rate(9.0));
        timetable.steer(BEGIN, Change::Clients(9));
        let dues: Vec<DueRequest> = std::iter::from_fn(|| timetable.take()).collect();
        let at = |due: &DueRequest| due.at.since(BEGIN).0 / 1_000_000;
        let class = |due: &DueRequest| due.extra.map(|extra| extra.class);
        assert!(dues.iter().map(at).eq([0, 0, 30]));
        assert!(dues.iter().map(class).eq([Some(0), Some(7), None]));
        assert!(dues.iter().all(|due| due.client.is_none()));
        assert_eq!(timetable.soonest(), None);
    }

    fn event(at_ms: u64, intervention: Intervention) -> TimelineEvent {
        TimelineEvent {
            at: Elapsed::from_millis(at_ms),
            intervention,
            caption: None,
        }
    }

    /// Returns all requests that are due before `end`, in order.
    fn dues_until(timetable: &mut Timetable, end: Stamp) -> Vec<DueRequest> {
        let mut dues = Vec::new();
        while timetable.soonest().is_some_and(|at| at < end) {
            dues.extend(timetable.take());
        }
        dues
    }

    #[test]
    fn each_arrival_is_due_when_the_rate_adds_up_to_it() {
        let mut scenario = open(100.0);
        scenario.timeline = vec![
            event(300, Intervention::SetRate(400.0)),
            event(500, Intervention::SetRate(50.0)),
        ];
        let mut timetable = Timetable::new(&scenario, BEGIN);
        let dues = dues_until(&mut timetable, BEGIN + Elapsed::from_secs(2));
        // 30 by 0.3 s, 110 by 0.5 s, then 50 a second.
        let adds_up = |seconds: f64| match seconds {
            ..=0.3 => 100.0 * seconds,
            ..=0.5 => 30.0 + 400.0 * (seconds - 0.3),
            _ => 110.0 + 50.0 * (seconds - 0.5),
        };
        let units = draw::at_unit_rate(scenario.seed, Process::Poisson);
        for (unit, due) in units.zip(&dues) {
            let seconds = due.at.since(BEGIN).as_secs_f64();
            assert!(
                (adds_up(seconds) - unit).abs() < 1e-6,
                "{unit} at {seconds}"
            );
        }
        assert!((150..220).contains(&dues.len()), "{}", dues.len());
    }

    #[test]
    fn a_rate_that_is_reached_in_between_begins_the_same_arrivals() {
        let mut changed = open(100.0);
        changed.timeline = vec![event(250, Intervention::SetRate(400.0))];
        let first = |scenario: &Scenario| {
            let mut timetable = Timetable::new(scenario, BEGIN);
            dues_until(&mut timetable, BEGIN + Elapsed::from_millis(250))
        };
        assert_eq!(
            first(&changed),
            first(&open(100.0)),
            "nothing has changed yet"
        );
    }

    #[test]
    fn an_extra_request_is_due_at_its_instant_and_has_no_client() {
        let mut scenario = closed(2, Elapsed::ZERO);
        scenario.timeline = vec![event(5, Intervention::Send(0))];
        let mut timetable = Timetable::new(&scenario, BEGIN);
        let dues = dues_until(&mut timetable, Stamp::NEVER);
        assert_eq!(dues.len(), 3);
        assert_eq!(dues[2].at, BEGIN + Elapsed::from_millis(5));
        assert_eq!(
            (dues[2].client, dues[2].extra.map(|it| it.class)),
            (None, Some(0))
        );
    }

    #[test]
    fn clients_come_at_the_instant_of_their_event() {
        let mut scenario = closed(1, Elapsed::ZERO);
        scenario.timeline = vec![event(5, Intervention::SetClients(3))];
        let mut timetable = Timetable::new(&scenario, BEGIN);
        let dues = dues_until(&mut timetable, Stamp::NEVER);
        let at = BEGIN + Elapsed::from_millis(5);
        let dues: Vec<_> = dues.iter().map(|due| (due.at, due.client)).collect();
        assert_eq!(dues, [(BEGIN, Some(0)), (at, Some(1)), (at, Some(2))]);
    }
}
