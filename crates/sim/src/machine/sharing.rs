//! Ideal sharing: *n* entities on *m* cores have *m ÷ n* of a core each, or a whole one, at every instant:
//! the processor sharing of theory, which slices approach as they become shorter.
//!
//! Time is counted in the core time of an entity that has been present since the beginning: an entity that
//! wants 3 ms now has had it when that clock shows 3 ms more, for any number of entities that come and go
//! meanwhile. So no entity needs an update when the number changes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Common, SchedEntity, State};
use crate::event::EntityId;
use concsim_model::scenario;

/// Number of parts of a nanosecond on the clock of shares.
const PARTS: u64 = 1 << 16;

/// Time on the clock of shares. With parts this small, 64 bits would overflow after three days.
pub(super) type Share = u128;

/// Converts core time to the clock of shares.
fn share_of(core_time: u64) -> Share {
    Share::from(core_time) * Share::from(PARTS)
}

/// Converts a share to whole nanoseconds of core time, rounded up.
fn core_time_of(share: Share) -> u64 {
    share.div_ceil(Share::from(PARTS)) as u64
}

#[derive(Debug)]
pub(super) struct CoreSharing {
    cores: u64,
    efficiency: f64,
    /// Core time of each entity, in parts …
    share: Share,
    /// … by this instant.
    at: u64,
    /// Number of sharing entities.
    count: u64,
    /// Total share of all entities in a nanosecond, in parts.
    capacity: u64,
    /// Times at which each entity has had its core time, on the clock of shares, with its turn.
    ends: BinaryHeap<Reverse<(Share, EntityId, u32)>>,
    /// Next end since the last change, in nanoseconds; `u64::MAX` if no entity shares. `None` if it is not known.
    next: Option<u64>,
}

impl CoreSharing {
    pub(super) fn new(machine: &scenario::Machine) -> Self {
        Self {
            cores: machine.cores as u64,
            efficiency: machine.efficiency,
            share: 0,
            at: 0,
            count: 0,
            capacity: 0,
            ends: BinaryHeap::new(),
            next: None,
        }
    }

    #[inline]
    pub(super) fn work(&mut self, now: u64, id: EntityId, common: &mut Common) {
        self.advance(now);
        let entity = &mut common.entities[id as usize];
        entity.state = State::OnCore(0);
        if entity.left == 0 {
            common.finish(id);
            return;
        }
        entity.turn = entity.turn.wrapping_add(1);
        entity.ends = self.share + share_of(entity.left);
        self.ends.push(Reverse((entity.ends, id, entity.turn)));
        self.set_count(self.count + 1);
    }

    pub(super) fn leave(&mut self, now: u64, id: EntityId, common: &mut Common) {
        self.advance(now);
        let entity = &mut common.entities[id as usize];
        if entity.left > 0 && entity.state != State::Asleep && !entity.frozen {
            let left = core_time_of(entity.ends.saturating_sub(self.share));
            entity.cpu += entity.left.saturating_sub(left);
            entity.left = left;
            entity.turn = entity.turn.wrapping_add(1);
            self.set_count(self.count - 1);
        }
    }

    /// Returns the time at which the next entity has had its core time.
    #[inline]
    pub(super) fn next(&mut self, common: &Common) -> Option<u64> {
        let next = match self.next {
            Some(known) => known,
            None => self.find_next(common).unwrap_or(u64::MAX),
        };
        self.next = Some(next);
        (next < u64::MAX).then_some(next)
    }

    fn find_next(&mut self, common: &Common) -> Option<u64> {
        loop {
            let &Reverse((ends, id, turn)) = self.ends.peek()?;
            if common.entities[id as usize].turn == turn {
                let missing = ends.saturating_sub(self.share);
                let needs = if self.count <= self.cores && self.capacity == self.count * PARTS {
                    core_time_of(missing)
                } else {
                    let needs = missing * Share::from(self.count);
                    needs.div_ceil(Share::from(self.capacity)) as u64
                };
                return Some(self.at + needs);
            }
            self.ends.pop();
        }
    }

    #[inline]
    pub(super) fn is_due(&mut self, now: u64, common: &mut Common) {
        self.advance(now);
        let Some(Reverse((ends, id, _))) = self.ends.pop() else {
            return;
        };
        // The clock of shares is rounded down, and this entity has had all its time.
        self.share = self.share.max(ends);
        let entity = &mut common.entities[id as usize];
        entity.cpu += std::mem::take(&mut entity.left);
        entity.turn = entity.turn.wrapping_add(1);
        common.finish(id);
        self.set_count(self.count - 1);
    }

    /// Returns the core time of an entity since the last count.
    pub(super) fn uncounted(&self, now: u64, entity: &SchedEntity) -> u64 {
        if entity.left == 0 || entity.state == State::Asleep || entity.frozen {
            return 0;
        }
        let share = self.share + self.grown(now);
        let left = core_time_of(entity.ends.saturating_sub(share));
        entity.left.saturating_sub(left)
    }

    #[inline]
    fn advance(&mut self, now: u64) {
        if now > self.at {
            self.share += self.grown(now);
            self.at = now;
            self.next = None;
        }
    }

    /// Returns the growth of the clock of shares.
    #[inline]
    fn grown(&self, now: u64) -> Share {
        let elapsed = now - self.at;
        if self.count == 0 {
            0
        } else if self.capacity == self.count * PARTS {
            share_of(elapsed)
        } else {
            Share::from(elapsed) * Share::from(self.capacity) / Share::from(self.count)
        }
    }

    #[inline]
    fn set_count(&mut self, count: u64) {
        self.next = None;
        self.count = count;
        let busy = count.min(self.cores);
        self.capacity = if self.efficiency < 1.0 && self.cores > 1 {
            (busy as f64 * PARTS as f64 * pace(self.efficiency, busy, self.cores)) as u64
        } else {
            busy * PARTS
        };
    }
}

/// Returns the speed of each of `busy` cores: 1 for a single core, `efficiency` with all cores busy.
pub(super) fn pace(efficiency: f64, busy: u64, cores: u64) -> f64 {
    let others = busy.saturating_sub(1) as f64 / cores.saturating_sub(1).max(1) as f64;
    1.0 - (1.0 - efficiency) * others
}
