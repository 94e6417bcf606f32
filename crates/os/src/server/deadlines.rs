//! Deadlines of connections, with at most one entry for each. Reads no clock: callers pass the instant.
//!
//! Nearly every deadline is never reached, since the client sends its next request before. So a wait that
//! begins adds no entry if its connection has one that is due no later. When that entry is due, the
//! connection is checked and gets another entry for the rest of its wait.
//!
//! ```text
//!   waits until   2.0 s      2.7 s      3.1 s
//!   entries       2.0 s ───▶ due: waits until 3.1 s ───▶ 3.1 s ───▶ due: timed out
//! ```

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use concsim_model::units::Stamp;

/// Instant of a connection's next check; [`Stamp::NEVER`] if it has no entry.
#[derive(Debug)]
pub(super) struct Entry(Cell<Stamp>);

impl Default for Entry {
    fn default() -> Self {
        Self(Cell::new(Stamp::NEVER))
    }
}

/// Entries of all connections, the earliest on top, each with its connection's index.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    heap: BinaryHeap<Reverse<(Stamp, usize)>>,
}

impl Deadlines {
    /// Notes that the connection at `place`, which has `entry`, waits until `deadline`.
    pub(super) fn set(&mut self, place: usize, entry: &Entry, deadline: Stamp) {
        if deadline < entry.0.get() {
            entry.0.set(deadline);
            self.heap.push(Reverse((deadline, place)));
        }
    }

    /// Returns the earliest entry.
    pub(super) fn earliest(&self) -> Option<Stamp> {
        self.heap.peek().map(|Reverse((due, _))| *due)
    }

    /// Takes the earliest entry that is due at `now`. Returns its instant and its connection's index.
    pub(super) fn take_due(&mut self, now: Stamp) -> Option<(Stamp, usize)> {
        self.earliest().filter(|due| *due <= now)?;
        self.heap.pop().map(|Reverse(entry)| entry)
    }
}

impl Entry {
    /// Takes the entry that was due at `due`. Returns false if that is another one: of an earlier
    /// connection with the same index, or replaced by an earlier entry.
    pub(super) fn is_taken(&self, due: Stamp) -> bool {
        let is_this = self.0.get() == due;
        if is_this {
            self.0.set(Stamp::NEVER);
        }
        is_this
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Connection that waits again and again, each time with a later deadline.
    struct Waiting {
        entry: Entry,
        until: Stamp,
    }

    /// Checks all due entries. Returns the connections that have timed out.
    fn expired_now(deadlines: &mut Deadlines, waiting: &[Waiting], now: Stamp) -> Vec<usize> {
        let mut late = Vec::new();
        while let Some((due, place)) = deadlines.take_due(now) {
            let it = &waiting[place];
            if !it.entry.is_taken(due) {
                continue;
            }
            if it.until <= now {
                late.push(place);
            } else {
                deadlines.set(place, &it.entry, it.until);
            }
        }
        late
    }

    #[test]
    fn a_connection_that_waits_a_thousand_times_has_one_entry() {
        let mut deadlines = Deadlines::default();
        let entry = Entry::default();
        for wait in 0..1_000 {
            deadlines.set(0, &entry, Stamp(2_000 + wait));
        }
        assert_eq!(deadlines.heap.len(), 1);
        assert_eq!(deadlines.earliest(), Some(Stamp(2_000)));
    }

    proptest! {
        #[test]
        fn a_connection_is_found_late_at_its_newest_deadline_and_neither_sooner_nor_later(
            waits in prop::collection::vec((0_usize..4, 0_u64..50, 0_u64..100), 1..60)
        ) {
            let mut deadlines = Deadlines::default();
            let mut waiting: Vec<Waiting> = (0..4)
                .map(|_| Waiting { entry: Entry::default(), until: Stamp::NEVER })
                .collect();
            let mut now = 0;
            for (place, pause, length) in waits {
                // Checks every instant between two waits, as a hub that is never busy does.
                for _ in 0..pause {
                    now += 1;
                    let expected: Vec<usize> = (0..4)
                        .filter(|it| waiting[*it].until == Stamp(now))
                        .collect();
                    let mut late = expired_now(&mut deadlines, &waiting, Stamp(now));
                    late.sort_unstable();
                    prop_assert_eq!(&late, &expected);
                    for it in late {
                        waiting[it].until = Stamp::NEVER;
                    }
                }
                let until = Stamp(now + 1 + length);
                waiting[place].until = until;
                deadlines.set(place, &waiting[place].entry, until);
            }
        }
    }
}
