//! Who may run, and in which order.
//!
//! Knows no clock, no descriptor and no stack: a real hub keeps coroutines in it, a simulated one
//! keeps what it likes. The rules are the same for both:
//!
//! ```text
//!   open ──▶ ready ──────▶ running ──▶ closed
//!              ▲   turn      │  │
//!              ├── rejoin ◀──┘  │     let go, but could go on
//!              └── wake ◀─ parked     waited, and the wait is over
//! ```
//!
//! The one that has been ready longest runs next. A *turn* runs those that were ready when it began,
//! each once: whoever becomes ready meanwhile waits for the next one. So a task that lets go again
//! and again cannot keep the hub from looking at its timers and sockets.

use std::collections::VecDeque;
use std::fmt;

use slab::Slab;

/// Names an open task. Small, stable while the task is open, and used again after it has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u32);

/// How much of a turn is left. A turn may be cut short: whoever was not reached stays ready, first in
/// line.
#[derive(Debug)]
#[must_use = "a turn is over when `ReadyQueue::next` returns `None`"]
pub struct Turn {
    left: usize,
}

/// Tasks that are open, and those of them that are ready, longest first.
pub struct ReadyQueue<T> {
    open: Slab<Entry<T>>,
    ready: VecDeque<TaskId>,
    /// How many may be open at once.
    limit: usize,
}

struct Entry<T> {
    task: T,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    Running,
    Parked,
}

impl<T> ReadyQueue<T> {
    /// An empty queue in which at most `limit` tasks may be open at once.
    ///
    /// # Panics
    /// When the limit is beyond what ids can number.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        assert!(u32::try_from(limit).is_ok(), "task ids have 32 bits");
        Self {
            open: Slab::new(),
            ready: VecDeque::new(),
            limit,
        }
    }

    /// Whether another task may be opened.
    pub fn has_room(&self) -> bool {
        self.open.len() < self.limit
    }

    /// How many tasks are open: ready, running or parked.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// How many tasks are ready.
    pub fn ready_count(&self) -> usize {
        self.ready.len()
    }

    /// Opens a task, which is ready at once, behind those that are.
    ///
    /// # Panics
    /// When there is no room.
    pub fn open(&mut self, task: T) -> TaskId {
        assert!(self.has_room(), "a task is opened only if there is room");
        let state = State::Ready;
        let index = self.open.insert(Entry { task, state });
        let id = TaskId(index as u32);
        self.ready.push_back(id);
        id
    }

    /// The wait of a parked task is over: it is ready. `false` if it was so already, as when two
    /// things that it waited for happen at once.
    ///
    /// # Panics
    /// When the task runs, or there is none of that id.
    pub fn wake(&mut self, id: TaskId) -> bool {
        match self.entry(id).state {
            State::Ready => false,
            State::Parked => {
                self.join(id);
                true
            }
            State::Running => panic!("task {} runs and waits for nothing", id.0),
        }
    }

    /// Begins a turn: as many tasks as are ready now.
    pub fn begin_turn(&self) -> Turn {
        Turn {
            left: self.ready.len(),
        }
    }

    /// The next task of the turn, which runs until it is parked, rejoined or closed; `None` when the
    /// turn is over.
    pub fn next(&mut self, turn: &mut Turn) -> Option<TaskId> {
        turn.left = turn.left.checked_sub(1)?;
        let id = self.ready.pop_front()?;
        self.entry(id).state = State::Running;
        Some(id)
    }

    /// The task itself.
    ///
    /// # Panics
    /// When there is none of that id.
    pub fn task(&mut self, id: TaskId) -> &mut T {
        &mut self.entry(id).task
    }

    /// The task itself, to be looked at.
    ///
    /// # Panics
    /// When there is none of that id.
    pub fn peek(&self, id: TaskId) -> &T {
        &self.open[id.0 as usize].task
    }

    /// The running task waits: somebody will wake it.
    ///
    /// # Panics
    /// When the task does not run.
    pub fn park(&mut self, id: TaskId) {
        self.running(id).state = State::Parked;
    }

    /// The running task lets go, but could go on: it is ready again, behind those that are.
    ///
    /// # Panics
    /// When the task does not run.
    pub fn rejoin(&mut self, id: TaskId) {
        self.running(id);
        self.join(id);
    }

    /// The running task has ended; its id may be used again.
    ///
    /// # Panics
    /// When the task does not run.
    pub fn close(&mut self, id: TaskId) -> T {
        self.running(id);
        self.open.remove(id.0 as usize).task
    }

    /// Every open task with its id, ready or not.
    pub fn iter(&self) -> impl Iterator<Item = (TaskId, &T)> {
        self.open
            .iter()
            .map(|(index, entry)| (TaskId(index as u32), &entry.task))
    }

    fn join(&mut self, id: TaskId) {
        self.entry(id).state = State::Ready;
        self.ready.push_back(id);
    }

    fn running(&mut self, id: TaskId) -> &mut Entry<T> {
        let entry = self.entry(id);
        assert_eq!(
            entry.state,
            State::Running,
            "only a running task parks, rejoins or closes"
        );
        entry
    }

    fn entry(&mut self, id: TaskId) -> &mut Entry<T> {
        &mut self.open[id.0 as usize]
    }
}

impl<T> fmt::Debug for ReadyQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyQueue")
            .field("open_count", &self.open_count())
            .field("ready", &self.ready)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Runs one turn in which every task parks, and says who ran.
    fn turn_that_parks_all(queue: &mut ReadyQueue<char>) -> Vec<char> {
        let mut turn = queue.begin_turn();
        let mut ran = Vec::new();
        while let Some(id) = queue.next(&mut turn) {
            ran.push(*queue.task(id));
            queue.park(id);
        }
        ran
    }

    #[test]
    fn the_one_that_has_been_ready_longest_runs_next() {
        let mut queue = ReadyQueue::new(3);
        let [a, b, c] = ['a', 'b', 'c'].map(|name| queue.open(name));
        assert_eq!(turn_that_parks_all(&mut queue), ['a', 'b', 'c']);
        for id in [c, a, b] {
            assert!(queue.wake(id));
        }
        assert_eq!(turn_that_parks_all(&mut queue), ['c', 'a', 'b']);
    }

    #[test]
    fn whoever_lets_go_and_could_go_on_waits_for_the_next_turn() {
        let mut queue = ReadyQueue::new(2);
        let hog = queue.open('h');
        let mut turn = queue.begin_turn();
        assert_eq!(queue.next(&mut turn), Some(hog));
        queue.rejoin(hog);
        queue.open('s');
        assert_eq!(queue.next(&mut turn), None);
        assert_eq!(turn_that_parks_all(&mut queue), ['h', 's']);
    }

    #[test]
    fn a_task_that_two_things_wake_runs_once() {
        let mut queue = ReadyQueue::new(1);
        let id = queue.open('a');
        turn_that_parks_all(&mut queue);
        assert!(queue.wake(id));
        assert!(!queue.wake(id));
        assert_eq!(turn_that_parks_all(&mut queue), ['a']);
        assert_eq!(turn_that_parks_all(&mut queue), []);
    }

    #[test]
    fn parked_tasks_take_up_room_and_closed_ones_do_not() {
        let mut queue = ReadyQueue::new(2);
        let a = queue.open('a');
        queue.open('b');
        turn_that_parks_all(&mut queue);
        assert!(!queue.has_room());
        queue.wake(a);
        let mut turn = queue.begin_turn();
        let running = queue.next(&mut turn).expect("a was woken");
        assert_eq!(queue.close(running), 'a');
        assert!(queue.has_room());
        assert_eq!(queue.open('c'), a, "the id of a closed task is used again");
    }

    /// What can be done to a queue from outside; numbers pick among the tasks that it fits.
    #[derive(Clone, Debug)]
    enum Deed {
        Open,
        Wake(usize),
        Turn(Vec<End>),
    }

    /// How a task's run ends.
    #[derive(Clone, Debug)]
    enum End {
        Park,
        Rejoin,
        Close,
    }

    /// The naive queue: names of tasks in two plain lists.
    #[derive(Default)]
    struct Model {
        ready: Vec<u32>,
        parked: Vec<u32>,
    }

    impl Model {
        fn settle(&mut self, name: u32, end: &End) {
            match end {
                End::Park => self.parked.push(name),
                End::Rejoin => self.ready.push(name),
                End::Close => {}
            }
        }
    }

    fn any_end() -> impl Strategy<Value = End> {
        prop_oneof![Just(End::Park), Just(End::Rejoin), Just(End::Close)]
    }

    fn any_deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            Just(Deed::Open),
            any::<usize>().prop_map(Deed::Wake),
            prop::collection::vec(any_end(), 1..8).prop_map(Deed::Turn),
        ]
    }

    fn settle(queue: &mut ReadyQueue<u32>, id: TaskId, end: &End) {
        match end {
            End::Park => queue.park(id),
            End::Rejoin => queue.rejoin(id),
            End::Close => drop(queue.close(id)),
        }
    }

    fn id_of(queue: &ReadyQueue<u32>, name: u32) -> TaskId {
        let (id, _) = queue
            .iter()
            .find(|(_, open)| **open == name)
            .expect("the model knows only open tasks");
        id
    }

    proptest! {
        #[test]
        fn it_does_what_two_plain_lists_would_do(
            deeds in prop::collection::vec(any_deed(), 1..60)
        ) {
            const LIMIT: usize = 5;
            let (mut queue, mut model, mut names) = (ReadyQueue::new(LIMIT), Model::default(), 0..);
            for deed in deeds {
                match deed {
                    Deed::Open if queue.has_room() => {
                        let name = names.next().expect("names do not end");
                        queue.open(name);
                        model.ready.push(name);
                    }
                    Deed::Wake(which) if !model.parked.is_empty() => {
                        let name = model.parked.remove(which % model.parked.len());
                        let id = id_of(&queue, name);
                        prop_assert!(queue.wake(id));
                        model.ready.push(name);
                    }
                    Deed::Open | Deed::Wake(_) => {}
                    Deed::Turn(ends) => {
                        let expected = std::mem::take(&mut model.ready);
                        let mut turn = queue.begin_turn();
                        for (name, end) in expected.iter().zip(ends.iter().cycle()) {
                            let id = queue.next(&mut turn).expect("the turn is not over");
                            prop_assert_eq!(*queue.task(id), *name);
                            settle(&mut queue, id, end);
                            model.settle(*name, end);
                        }
                        prop_assert_eq!(queue.next(&mut turn), None);
                    }
                }
                prop_assert_eq!(queue.ready_count(), model.ready.len());
                prop_assert_eq!(queue.open_count(), model.ready.len() + model.parked.len());
                prop_assert_eq!(queue.has_room(), queue.open_count() < LIMIT);
            }
        }
    }
}
