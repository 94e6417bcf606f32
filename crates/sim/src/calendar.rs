//! The future event list, in a total order: by instant, and at one instant in order of insertion. So a run
//! is the same every time, on every machine.
//!
//! A 4-ary heap in one array: half as deep as a binary heap, with siblings adjacent in memory. Cancelled
//! events are not removed: each event has a number, which its owner no longer has when a cancelled event
//! comes.

/// An event at an instant.
#[derive(Clone, Copy, Debug)]
struct Entry<T> {
    /// Time, in nanoseconds.
    at: u64,
    /// Number of events inserted before it: a simulation has fewer than 2³² ([`super::limits::MOST_STEPS`]).
    order: u32,
    event: T,
}

impl<T> Entry<T> {
    fn comes_before(&self, other: &Self) -> bool {
        (self.at, self.order) < (other.at, other.order)
    }
}

/// The future event list.
#[derive(Debug)]
pub(super) struct Calendar<T> {
    heap: Vec<Entry<T>>,
    written: u64,
}

/// Number of children of a node.
const WIDTH: usize = 4;

impl<T: Copy> Calendar<T> {
    pub(super) fn new() -> Self {
        Self {
            heap: Vec::new(),
            written: 0,
        }
    }

    /// Inserts `event` at instant `at`, in nanoseconds.
    #[inline]
    pub(super) fn set(&mut self, at: u64, event: T) {
        let order = self.written as u32;
        self.written += 1;
        let entry = Entry { at, order, event };
        self.heap.push(entry);
        let mut place = self.heap.len() - 1;
        while place > 0 {
            let parent = (place - 1) / WIDTH;
            if !entry.comes_before(&self.heap[parent]) {
                break;
            }
            self.heap[place] = self.heap[parent];
            place = parent;
        }
        self.heap[place] = entry;
    }

    /// Returns the time of the next event.
    #[inline]
    pub(super) fn next(&self) -> Option<u64> {
        self.heap.first().map(|entry| entry.at)
    }

    /// Removes and returns the next event.
    #[inline]
    pub(super) fn take(&mut self) -> Option<(u64, T)> {
        let last = self.heap.pop()?;
        let Some(first) = self.heap.first().copied() else {
            return Some((last.at, last.event));
        };
        self.sink(last);
        Some((first.at, first.event))
    }

    /// Returns the number of events to come.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Returns the number of events ever inserted.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Inserts `entry` from the root, which is free, downwards.
    #[inline]
    fn sink(&mut self, entry: Entry<T>) {
        let heap = &mut self.heap[..];
        let mut place = 0;
        loop {
            let first = place * WIDTH + 1;
            if first >= heap.len() {
                break;
            }
            let mut least = first;
            for child in first + 1..(first + WIDTH).min(heap.len()) {
                if heap[child].comes_before(&heap[least]) {
                    least = child;
                }
            }
            if !heap[least].comes_before(&entry) {
                break;
            }
            heap[place] = heap[least];
            place = least;
        }
        heap[place] = entry;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn events_of_one_instant_happen_in_the_order_of_their_entry() {
        let mut calendar = Calendar::new();
        for name in 'a'..='z' {
            calendar.set(7, name);
        }
        let all: String = std::iter::from_fn(|| calendar.take())
            .map(|(_, name)| name)
            .collect();
        assert_eq!(all, "abcdefghijklmnopqrstuvwxyz");
    }

    proptest! {
        #[test]
        fn a_calendar_agrees_with_a_sorted_list(
            actions in prop::collection::vec(prop::option::of(0_u64..20), 1..200)
        ) {
            let mut calendar = Calendar::new();
            let mut list: Vec<(u64, usize)> = Vec::new();
            for (number, action) in actions.into_iter().enumerate() {
                match action {
                    Some(at) => {
                        calendar.set(at, number);
                        list.push((at, number));
                        list.sort_unstable();
                    }
                    None if list.is_empty() => prop_assert_eq!(calendar.take(), None),
                    None => prop_assert_eq!(calendar.take(), Some(list.remove(0))),
                }
                prop_assert_eq!(calendar.next(), list.first().map(|(at, _)| *at));
                prop_assert_eq!(calendar.len(), list.len());
            }
        }
    }
}
