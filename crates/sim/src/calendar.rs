//! What is still to come, in a total order: by instant, and at the same instant in the order in which it
//! was written down. So a run is the same run every time, on every machine.
//!
//! A heap in which every place has four children, in one array: half as deep as a binary one, and the
//! four lie side by side in memory. What is no longer to happen is not looked for; whoever wrote it
//! down gave it a number, and does not know that number any more when it comes.

/// Something at an instant.
#[derive(Clone, Copy, Debug)]
struct Entry<T> {
    /// In nanoseconds.
    at: u64,
    /// How much was written down before it.
    order: u64,
    what: T,
}

impl<T> Entry<T> {
    fn comes_before(&self, other: &Self) -> bool {
        (self.at, self.order) < (other.at, other.order)
    }
}

/// Everything that is still to come.
#[derive(Debug)]
pub(super) struct Calendar<T> {
    heap: Vec<Entry<T>>,
    written: u64,
}

/// Children of a place.
const WIDTH: usize = 4;

impl<T: Copy> Calendar<T> {
    pub(super) fn new() -> Self {
        Self {
            heap: Vec::new(),
            written: 0,
        }
    }

    /// Writes down that `what` happens `at` this instant.
    #[inline]
    pub(super) fn set(&mut self, at: u64, what: T) {
        let order = self.written;
        self.written += 1;
        let entry = Entry { at, order, what };
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

    /// When something happens next.
    #[inline]
    pub(super) fn next(&self) -> Option<u64> {
        self.heap.first().map(|entry| entry.at)
    }

    /// Takes what happens next off the calendar.
    #[inline]
    pub(super) fn take(&mut self) -> Option<(u64, T)> {
        let last = self.heap.pop()?;
        let Some(first) = self.heap.first().copied() else {
            return Some((last.at, last.what));
        };
        self.sink(last);
        Some((first.at, first.what))
    }

    /// How much is still to come.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    /// How much was ever written down.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Puts `entry` where it belongs, from the top, which is free.
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
    fn what_is_at_the_same_instant_happens_in_the_order_in_which_it_was_written() {
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
        fn it_does_what_a_sorted_list_would_do(
            deeds in prop::collection::vec(prop::option::of(0_u64..20), 1..200)
        ) {
            let mut calendar = Calendar::new();
            let mut list: Vec<(u64, usize)> = Vec::new();
            for (number, deed) in deeds.into_iter().enumerate() {
                match deed {
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
