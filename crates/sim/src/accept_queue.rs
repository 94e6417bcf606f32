//! The door: the listener's queue, and who is woken when somebody comes.
//!
//! | `accept` | who is woken |
//! |---|---|
//! | `shared` | all that sleep, those first that went to sleep last: one is faster, the others find nothing |
//! | `exclusive` | one: of those that sleep always the one that was forked first (`EPOLLEXCLUSIVE` puts each at the tail of the socket's wait queue) |
//! | `blocking` | one: who has slept longest |
//! | `reuseport` | of the worker that the connection's number happens to belong to; each has a queue of its own |
//!
//! A full queue drops the connect without a word; the client's kernel tries again after 1, 2, 3, 4 and 5 s,
//! and then after twice as long each time (Linux: four linear timeouts since 6.5).

use std::collections::{BTreeSet, VecDeque};

use super::Simulation;
use super::connection::{ConnectionId, Place};
use super::event::SimEvent;
use super::hub;
use super::machine::EntityId;
use super::observer::Observer;
use super::worker::{Doing, Worker};
use concsim_model::scenario::{Accept, draw};

/// Between two knocks, as long as they are linear …
const LINEAR: u64 = 1_000_000_000;
/// … which they are so many times.
const LINEAR_KNOCKS: u32 = 5;

/// Who sleeps at a door, in the order in which they went to sleep.
#[derive(Clone, Debug, Default)]
pub(super) struct Wakers {
    /// Each with its turn: who has been woken by something else since then does not sleep here any more.
    sleepers: VecDeque<(EntityId, u32)>,
    /// The same in the order in which they were forked.
    by_age: BTreeSet<EntityId>,
}

impl<O: Observer> Simulation<'_, O> {
    /// A connection is at the door: it joins the queue, and somebody may be woken; or the queue is full.
    pub(super) fn connect(&mut self, id: ConnectionId) {
        let own = match self.scenario.server.accept {
            Accept::Reuseport => self.owner_of(id),
            Accept::Shared | Accept::Exclusive | Accept::Blocking => None,
        };
        let queue = match own {
            Some(worker) => &mut self.workers[worker].door,
            None => &mut self.door,
        };
        if queue.len() >= self.room_at_the_door {
            return self.is_turned_away(id);
        }
        queue.push_back(id);
        self.connections[id as usize].place = Place::AtTheDoor;
        self.wake_for_the_door(own);
    }

    fn is_turned_away(&mut self, id: ConnectionId) {
        let turn = self.next_turn();
        let connection = &mut self.connections[id as usize];
        let before = match connection.place {
            Place::Outside(before) => before,
            Place::AtTheDoor | Place::Inside { .. } => 0,
        };
        (connection.place, connection.turn) = (Place::Outside(before + 1), turn);
        let doubled = before.saturating_sub(LINEAR_KNOCKS - 1).min(6);
        let again = self.now + (LINEAR << doubled);
        self.calendar.set(again, SimEvent::Knock(id, turn));
    }

    /// The worker whose queue a connection belongs to, with a queue for each: [`None`] if nobody is there.
    fn owner_of(&self, id: ConnectionId) -> Option<usize> {
        let listens = |worker: &Worker| worker.is_alive && !worker.stopping;
        let count = self.workers.iter().filter(|worker| listens(worker)).count();
        let birth = u64::from(self.connections[id as usize].birth);
        let lucky = draw::choice(self.scenario.seed, u64::MAX - birth, count.max(1));
        let workers = self.workers.iter().enumerate();
        let mut listening = workers.filter(|(_, worker)| listens(worker));
        listening.nth(lucky).map(|(index, _)| index)
    }

    /// Somebody is at the door, of all or of one worker.
    fn wake_for_the_door(&mut self, own: Option<usize>) {
        match self.scenario.server.accept {
            Accept::Shared => {
                let mut sleepers = std::mem::take(&mut self.wakers.sleepers);
                while let Some((entity, turn)) = sleepers.pop_back() {
                    if self.sleeps_at_the_door(entity, turn) {
                        self.wake(entity);
                    }
                }
                self.wakers.sleepers = sleepers;
            }
            Accept::Exclusive => {
                if let Some(entity) = self.wakers.by_age.pop_first() {
                    self.wake(entity);
                }
            }
            Accept::Blocking | Accept::Reuseport => self.wake_one(own),
        }
    }

    fn wake_one(&mut self, own: Option<usize>) {
        loop {
            let wakers = match own {
                Some(worker) => &mut self.workers[worker].wakers,
                None => &mut self.wakers,
            };
            let Some((entity, turn)) = wakers.sleepers.pop_front() else {
                return;
            };
            if self.sleeps_at_the_door(entity, turn) {
                return self.wake(entity);
            }
        }
    }

    fn sleeps_at_the_door(&self, entity: EntityId, turn: u32) -> bool {
        let found = self.thread_of(entity);
        found.is_some_and(|(worker, thread)| {
            let worker = &self.workers[worker];
            let sleeps = match &worker.hub {
                Some(hub) => hub.state == hub::State::Asleep,
                None => worker.threads[thread].doing == Doing::Sleeping,
            };
            sleeps && worker.threads[thread].turn == turn
        })
    }

    /// A thread goes to sleep at the door, until somebody comes or something else wakes it.
    pub(super) fn sleep_at_the_door(&mut self, worker: usize, thread: usize, watches: bool) {
        let turn = self.next_turn();
        let entity = self.workers[worker].threads[thread].entity;
        self.workers[worker].threads[thread].turn = turn;
        if watches {
            self.watch(worker, entity, turn);
        }
        self.release(worker, thread);
        self.machine.sleep(self.now, entity, &mut self.calendar);
    }

    fn watch(&mut self, worker: usize, entity: EntityId, turn: u32) {
        let accept = self.scenario.server.accept;
        let wakers = match accept {
            Accept::Reuseport => &mut self.workers[worker].wakers,
            Accept::Shared | Accept::Exclusive | Accept::Blocking => &mut self.wakers,
        };
        if accept == Accept::Exclusive {
            wakers.by_age.insert(entity);
            return;
        }
        wakers.sleepers.push_back((entity, turn));
        if wakers.sleepers.len() > self.sleepers_kept {
            let mut sleepers = std::mem::take(&mut wakers.sleepers);
            sleepers.retain(|(entity, turn)| self.sleeps_at_the_door(*entity, *turn));
            self.sleepers_kept = self.sleepers_kept.max(2 * sleepers.len());
            let wakers = match accept {
                Accept::Reuseport => &mut self.workers[worker].wakers,
                Accept::Shared | Accept::Exclusive | Accept::Blocking => &mut self.wakers,
            };
            wakers.sleepers = sleepers;
        }
    }

    /// A thread that slept at the door has been woken, by whatever.
    pub(super) fn no_longer_watches(&mut self, entity: EntityId) {
        self.wakers.by_age.remove(&entity);
    }

    /// Whoever is first in the queue that this worker takes from.
    pub(super) fn take_from_the_door(&mut self, worker: usize) -> Option<ConnectionId> {
        match self.scenario.server.accept {
            Accept::Reuseport => self.workers[worker].door.pop_front(),
            Accept::Shared | Accept::Exclusive | Accept::Blocking => self.door.pop_front(),
        }
    }

    /// Whether somebody stands in the queue that this worker takes from.
    pub(super) fn somebody_is_at_the_door(&self, worker: usize) -> bool {
        match self.scenario.server.accept {
            Accept::Reuseport => !self.workers[worker].door.is_empty(),
            Accept::Shared | Accept::Exclusive | Accept::Blocking => !self.door.is_empty(),
        }
    }
}
