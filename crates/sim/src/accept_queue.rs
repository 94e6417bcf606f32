//! The listener's queue, and the workers woken by a new connection.
//!
//! | `accept` | workers woken |
//! |---|---|
//! | `shared` | all that sleep, from a drawn one on, each with one thread: one accepts, the others find nothing |
//! | `exclusive` | one: always the one forked first among the sleepers |
//! | `blocking` | one: the longest sleeper, which sleeps on in the kernel if the connection is gone |
//! | `reuseport` | the worker selected by the connection's number; each worker has its own queue |
//!
//! That one is drawn for each connection, because on a real machine the first worker to look depends on the
//! cores that the kernel finds for the woken processes. `EPOLLEXCLUSIVE` puts each worker at the tail of the
//! socket's wait queue.
//!
//! A real worker that is woken and finds nothing mostly sleeps on in the kernel, which looks again before it returns
//! from the poll. A simulated worker looks itself, so `accept_eagain` counts all of its wake-ups that found nothing.
//!
//! A full queue drops the connect silently; the client's kernel retries after 1, 2, 3, 4 and 5 s, and then
//! after twice as long each time (Linux: four linear timeouts since 6.5).

use std::collections::{BTreeSet, VecDeque};

use super::Simulation;
use super::connection::{ConnectionId, Place};
use super::event::{EntityId, SimEvent};
use super::hub;
use super::observer::Observer;
use super::thread::ThreadState;
use concsim_engine::telemetry::{Phase, task_number};
use concsim_model::scenario::Accept;

/// Time between two of the first connection attempts, in nanoseconds …
const LINEAR: u64 = 1_000_000_000;
/// … and the number of attempts with linear timeouts.
const LINEAR_TRIES: u32 = 5;

/// Entities that sleep at a listener, in the order in which they went to sleep.
#[derive(Clone, Debug, Default)]
pub(super) struct Wakers {
    /// Sleepers, each with its turn: an entity that something else has woken since does not sleep here any
    /// more.
    sleepers: VecDeque<(EntityId, u32)>,
    /// The same entities in the order in which they were forked.
    by_age: BTreeSet<EntityId>,
}

impl<O: Observer> Simulation<'_, O> {
    /// Connects: the connection joins the queue and may wake a worker, or the queue is full.
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
            return self.refuse(id);
        }
        queue.push_back(id);
        self.connections[id as usize].place = Place::AtTheDoor;
        self.wake_for_the_door(id, own);
    }

    fn refuse(&mut self, id: ConnectionId) {
        let turn = self.next_turn();
        let connection = &mut self.connections[id as usize];
        let before = match connection.place {
            Place::Outside(before) => before,
            Place::AtTheDoor | Place::Inside { .. } => 0,
        };
        (connection.place, connection.turn) = (Place::Outside(before + 1), turn);
        let doubled = before.saturating_sub(LINEAR_TRIES - 1).min(6);
        let again = self.now + (LINEAR << doubled);
        self.calendar.set(again, SimEvent::ConnectAgain(id, turn));
    }

    /// Worker whose queue a connection belongs to, if each has one: [`None`] if no worker listens.
    fn owner_of(&mut self, id: ConnectionId) -> Option<usize> {
        let count = self.listening().count();
        let drawn = self.draw_one_for(id, count);
        self.listening().nth(drawn)
    }

    /// Iterates over the workers into whose own queues connections come.
    fn listening(&self) -> impl Iterator<Item = usize> {
        let kind = self.scenario.server.kind;
        let workers = self.workers.iter().enumerate();
        let listening = workers.filter(move |(_, worker)| worker.listens(kind));
        listening.map(|(index, _)| index)
    }

    /// Draws one of `among` workers or sleepers for a connection.
    fn draw_one_for(&mut self, id: ConnectionId, among: usize) -> usize {
        let birth = u64::from(self.connections[id as usize].birth);
        self.draws.choice(u64::MAX - birth, among)
    }

    /// Wakes workers for a connection in the shared queue or in one worker's queue.
    fn wake_for_the_door(&mut self, id: ConnectionId, own: Option<usize>) {
        if self.scenario.server.kind.has_threads() {
            return self.accept_by_main_thread(id, own);
        }
        match self.scenario.server.accept {
            Accept::Shared => self.wake_all(id),
            Accept::Exclusive => {
                if let Some(entity) = self.wakers.by_age.pop_first() {
                    self.wake(entity);
                }
            }
            Accept::Blocking | Accept::Reuseport => self.wake_one(own),
        }
    }

    /// Lets the main thread of a worker with threads accept a connection, which then waits for one of its threads.
    /// Main threads are hardly ever busy: with a shared queue the connection goes to one that is drawn.
    fn accept_by_main_thread(&mut self, id: ConnectionId, own: Option<usize>) {
        let with_room: Vec<usize> = match own {
            Some(worker) => vec![worker],
            None => (0..self.workers.len()).collect(),
        };
        let mut with_room: Vec<usize> = with_room
            .into_iter()
            .filter(|worker| self.may_accept(*worker))
            .collect();
        if self.scenario.server.accept == Accept::Exclusive {
            with_room.sort_by_key(|worker| self.workers[*worker].threads[0].entity);
            with_room.truncate(1);
        }
        if with_room.is_empty() {
            return;
        }
        let drawn = self.draw_one_for(id, with_room.len());
        self.fills_its_queue(with_room[drawn]);
    }

    /// True if the main thread of a worker with threads may accept another connection.
    fn may_accept(&self, worker: usize) -> bool {
        let found = &self.workers[worker];
        let is_ready = found.is_alive && !found.stopping && !found.frozen;
        is_ready && found.phase != Phase::Booting && found.open < self.scenario.server.connections
    }

    /// Accepts the connections at the door into the queue of a worker with threads, as long as it has room.
    pub(super) fn fills_its_queue(&mut self, worker: usize) {
        while self.may_accept(worker)
            && let Some(id) = self.take_from_the_door(worker)
        {
            let task = self.workers[worker].next_task;
            self.workers[worker].next_task = task_number(task + 1);
            self.accept(worker, id, task);
            self.workers[worker].next_requests.push_back(id);
            self.wake_a_thread(worker);
        }
    }

    /// Wakes all sleepers, in turn from the one that is drawn for this connection.
    fn wake_all(&mut self, id: ConnectionId) {
        let mut sleepers = std::mem::take(&mut self.wakers.sleepers);
        sleepers.retain(|(entity, turn)| self.sleeps_at_the_door(*entity, *turn));
        let first = self.draw_one_for(id, sleepers.len());
        sleepers.rotate_left(first);
        let mut woken = BTreeSet::new();
        sleepers.retain(|(entity, _)| {
            let (worker, _) = self.owners[*entity as usize];
            // One thread of a process watches the listener for all.
            let is_first = woken.insert(worker);
            if is_first {
                self.wake(*entity);
            }
            !is_first
        });
        self.wakers.sleepers = sleepers;
    }

    /// Wakes another worker for the connections that are left by one that was woken alone and has gone. (Real ones
    /// look by themselves, within a heartbeat.)
    pub(super) fn wake_for_what_is_left(&mut self) {
        let wakes_one = match self.scenario.server.accept {
            Accept::Exclusive | Accept::Blocking => true,
            Accept::Shared | Accept::Reuseport => false,
        };
        if let Some(first) = self.door.front().copied().filter(|_| wakes_one) {
            self.wake_for_the_door(first, None);
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
                None => worker.threads[thread].doing == ThreadState::Sleeping,
            };
            sleeps && worker.threads[thread].turn == turn
        })
    }

    /// Puts a thread to sleep at the listener, until a connection or another event wakes it.
    pub(super) fn sleep_at_the_door(&mut self, worker: usize, thread: usize, watches: bool) {
        let turn = self.next_turn();
        let entity = self.workers[worker].threads[thread].entity;
        self.workers[worker].threads[thread].turn = turn;
        if watches {
            self.wait_for_readiness(worker, entity, turn);
        }
        self.release(worker, thread);
        self.machine.sleep(self.now, entity, &mut self.calendar);
    }

    fn wait_for_readiness(&mut self, worker: usize, entity: EntityId, turn: u32) {
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

    /// Removes an entity that slept at the listener and was woken, by any event.
    pub(super) fn no_longer_watches(&mut self, entity: EntityId) {
        self.wakers.by_age.remove(&entity);
    }

    /// Takes the first connection from the queue of this worker.
    pub(super) fn take_from_the_door(&mut self, worker: usize) -> Option<ConnectionId> {
        match self.scenario.server.accept {
            Accept::Reuseport => self.workers[worker].door.pop_front(),
            Accept::Shared | Accept::Exclusive | Accept::Blocking => self.door.pop_front(),
        }
    }

    /// True if a connection is in the queue of this worker.
    pub(super) fn has_waiting(&self, worker: usize) -> bool {
        match self.scenario.server.accept {
            Accept::Reuseport => !self.workers[worker].door.is_empty(),
            Accept::Shared | Accept::Exclusive | Accept::Blocking => !self.door.is_empty(),
        }
    }
}
