//! The queue of a hub's ready tasks.
//!
//! It knows no clock, no descriptor and no stack: a real hub stores coroutines in it, a simulated one its
//! own tasks. The rules are the same for both:
//!
//! ```text
//!   open ──▶ ready ──────▶ running ──▶ closed
//!              ▲   turn      │  │
//!              ├── rejoin ◀──┘  │     yields: it could go on
//!              └── wake ◀─ parked     its wait is over
//! ```
//!
//! The task that has been ready longest runs next. A *turn* runs the tasks that were ready when it began,
//! once each. A task that becomes ready meanwhile waits for the next turn: so a task that yields again and
//! again cannot keep the hub from its timers and sockets.

use std::collections::VecDeque;
use std::fmt;

use slab::Slab;

/// Number of an open task. Small, stable while the task is open, and used again after it has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u32);

/// Rest of a turn. If a turn is cut short, its remaining tasks stay ready and first in the queue.
#[derive(Debug)]
#[must_use = "a turn is over when `ReadyQueue::next` returns `None`"]
pub struct Turn {
    left: usize,
}

/// Open tasks, and the order of those that are ready.
pub struct ReadyQueue<T> {
    open: Slab<Entry<T>>,
    ready: VecDeque<TaskId>,
    /// Most tasks that may be open at once.
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
    /// Returns an empty queue in which at most `limit` tasks may be open at once.
    ///
    /// # Panics
    /// Panics if the limit is beyond the numbers of a [`TaskId`].
    #[must_use]
    pub fn new(limit: usize) -> Self {
        assert!(u32::try_from(limit).is_ok(), "task ids have 32 bits");
        Self {
            open: Slab::new(),
            ready: VecDeque::new(),
            limit,
        }
    }

    /// True if another task may be opened.
    pub fn has_room(&self) -> bool {
        self.open.len() < self.limit
    }

    /// Number of open tasks: ready, running or parked.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Number of ready tasks.
    pub fn ready_count(&self) -> usize {
        self.ready.len()
    }

    /// Opens a task, which joins the end of the queue at once.
    ///
    /// # Panics
    /// Panics if there is no room.
    pub fn open(&mut self, task: T) -> TaskId {
        assert!(self.has_room(), "a task is opened only if there is room");
        let state = State::Ready;
        let index = self.open.insert(Entry { task, state });
        let id = TaskId(index as u32);
        self.ready.push_back(id);
        id
    }

    /// Makes a parked task ready: its wait is over. Returns false if it was ready already, as when two
    /// things that it waited for happen at once.
    ///
    /// # Panics
    /// Panics if the task runs, or if there is none of that id.
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

    /// Begins a turn of the tasks that are ready now.
    pub fn begin_turn(&self) -> Turn {
        Turn {
            left: self.ready.len(),
        }
    }

    /// Takes the next task of the turn, which then runs until it is parked, rejoined or closed. `None` if
    /// the turn is over.
    pub fn next(&mut self, turn: &mut Turn) -> Option<TaskId> {
        turn.left = turn.left.checked_sub(1)?;
        let id = self.ready.pop_front()?;
        self.entry(id).state = State::Running;
        Some(id)
    }

    /// Returns a task.
    ///
    /// # Panics
    /// Panics if there is none of that id.
    pub fn task(&mut self, id: TaskId) -> &mut T {
        &mut self.entry(id).task
    }

    /// Returns a task for reading.
    ///
    /// # Panics
    /// Panics if there is none of that id.
    pub fn peek(&self, id: TaskId) -> &T {
        &self.open[id.0 as usize].task
    }

    /// Parks the running task until it is woken.
    ///
    /// # Panics
    /// Panics if the task does not run.
    pub fn park(&mut self, id: TaskId) {
        self.running(id).state = State::Parked;
    }

    /// Puts the running task, which yields, at the end of the queue.
    ///
    /// # Panics
    /// Panics if the task does not run.
    pub fn rejoin(&mut self, id: TaskId) {
        self.running(id);
        self.join(id);
    }

    /// Closes the running task, which has ended; its id may be used again.
    ///
    /// # Panics
    /// Panics if the task does not run.
    pub fn close(&mut self, id: TaskId) -> T {
        self.running(id);
        self.open.remove(id.0 as usize).task
    }

    /// Iterates over all open tasks with their ids.
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

    /// Runs one turn in which every task parks. Returns the tasks that ran.
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
    fn a_task_that_yields_waits_for_the_next_turn() {
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

    /// Operation on a queue; numbers pick among the tasks to which it applies.
    #[derive(Clone, Debug)]
    enum Operation {
        Open,
        Wake(usize),
        Turn(Vec<End>),
    }

    /// End of a task's run.
    #[derive(Clone, Debug)]
    enum End {
        Park,
        Rejoin,
        Close,
    }

    /// Model of the queue: names of tasks in two plain lists.
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

    fn any_operation() -> impl Strategy<Value = Operation> {
        prop_oneof![
            Just(Operation::Open),
            any::<usize>().prop_map(Operation::Wake),
            prop::collection::vec(any_end(), 1..8).prop_map(Operation::Turn),
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
        fn a_ready_queue_agrees_with_two_plain_lists(
            operations in prop::collection::vec(any_operation(), 1..60)
        ) {
            const LIMIT: usize = 5;
            let (mut queue, mut model, mut names) = (ReadyQueue::new(LIMIT), Model::default(), 0..);
            for operation in operations {
                match operation {
                    Operation::Open if queue.has_room() => {
                        let name = names.next().expect("names do not end");
                        queue.open(name);
                        model.ready.push(name);
                    }
                    Operation::Wake(which) if !model.parked.is_empty() => {
                        let name = model.parked.remove(which % model.parked.len());
                        let id = id_of(&queue, name);
                        prop_assert!(queue.wake(id));
                        model.ready.push(name);
                    }
                    Operation::Open | Operation::Wake(_) => {}
                    Operation::Turn(ends) => {
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
