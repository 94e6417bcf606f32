//! Places of a resource that is limited: connections of a pool, calls that a service serves at once. A
//! place that becomes free passes to the waiter that has waited longest, in both engines.

use std::collections::VecDeque;

/// Places, and the waiters for one.
#[derive(Clone, Debug)]
pub struct Places<W> {
    /// Number of places; `None`: no limit.
    limit: Option<usize>,
    in_use: usize,
    waiting: VecDeque<W>,
}

impl<W> Places<W> {
    /// Returns places that are all free.
    #[must_use]
    pub fn new(limit: Option<usize>) -> Self {
        Self {
            limit,
            in_use: 0,
            waiting: VecDeque::new(),
        }
    }

    /// True if a place is free.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.limit.is_none_or(|limit| self.in_use < limit)
    }

    /// Takes a place. Returns false if all are in use: the caller may [wait](Self::wait).
    #[must_use]
    pub fn take(&mut self) -> bool {
        let has_room = self.has_room();
        self.in_use += usize::from(has_room);
        has_room
    }

    /// Queues for a place.
    pub fn wait(&mut self, waiter: W) {
        self.waiting.push_back(waiter);
    }

    /// Gives a place up. It passes to the first waiter, which is returned; a caller that finds this one gone
    /// gives the place up again.
    pub fn release(&mut self) -> Option<W> {
        let next = self.waiting.pop_front();
        self.in_use -= usize::from(next.is_none());
        next
    }

    /// Keeps those waiters for which `keeps` is true.
    pub fn retain_waiting(&mut self, keeps: impl FnMut(&W) -> bool) {
        self.waiting.retain(keeps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_passes_to_the_longest_waiter_and_no_newcomer_takes_it() {
        let mut places = Places::new(Some(2));
        assert!(places.take() && places.take());
        for waiter in ["first", "second"] {
            assert!(!places.take());
            places.wait(waiter);
        }
        assert_eq!(places.release(), Some("first"));
        assert!(
            !places.take(),
            "two are in use: one of them by the first waiter"
        );
        assert_eq!(places.release(), Some("second"));
        assert_eq!(places.release(), None);
        assert!(places.take());
    }

    #[test]
    fn without_a_limit_there_is_always_a_place() {
        let mut places: Places<()> = Places::new(None);
        assert!((0..1000).all(|_| places.take()));
    }
}
