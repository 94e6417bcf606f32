//! Timers of tasks. Reads no clock: callers pass the instant.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::coroutine::TaskId;
use concsim_model::units::Stamp;

/// Tasks that wait for an instant, the earliest on top; at the same instant, in the order in which they
/// began to wait.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Stamp, u64, TaskId)>>,
    set_so_far: u64,
}

impl Timers {
    /// Sets a timer: task `id` waits until `deadline`.
    pub(super) fn set(&mut self, deadline: Stamp, id: TaskId) {
        self.heap.push(Reverse((deadline, self.set_so_far, id)));
        self.set_so_far += 1;
    }

    /// Returns the earliest deadline.
    pub(super) fn earliest(&self) -> Option<Stamp> {
        self.heap.peek().map(|Reverse((deadline, ..))| *deadline)
    }

    /// Takes the task with the earliest deadline, if that has passed at `now`.
    pub(super) fn take_due(&mut self, now: Stamp) -> Option<TaskId> {
        self.earliest().filter(|deadline| *deadline <= now)?;
        self.heap.pop().map(|Reverse((_, _, id))| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_is_due_first_and_equals_in_the_order_of_their_setting() {
        let mut timers = Timers::default();
        for (deadline, id) in [(30, 1), (10, 2), (20, 3), (10, 4)] {
            timers.set(Stamp(deadline), TaskId(id));
        }
        let mut due = |now| -> Vec<u32> {
            std::iter::from_fn(|| timers.take_due(Stamp(now)))
                .map(|id| id.0)
                .collect()
        };
        assert!(due(9).is_empty());
        assert_eq!(due(20), [2, 4, 3]);
        assert!(due(20).is_empty());
        assert_eq!(due(u64::MAX), [1]);
    }
}
