//! Memory of a server's processes, read at a low rate: the kernel walks all pages of a process for one reading,
//! which takes milliseconds if it has many, and keeps the process from mapping others meanwhile.

use std::collections::BTreeMap;

use crate::sys::clock::Clock;
use crate::sys::memory::{ProcessMemory, memory_of};
use concsim_model::units::{Elapsed, Stamp};

/// Shortest time between two readings in a run.
const INTERVAL: Elapsed = Elapsed::from_millis(50);
/// Readings take one part of the time in this many, at the most.
const SHARE: u64 = 100;

/// Process whose memory is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// The arbiter.
    Arbiter,
    /// The worker of this slot.
    Worker(usize),
}

/// Last readings of all processes.
#[derive(Debug, Default)]
pub(super) struct MemoryReadings {
    last: BTreeMap<Owner, ProcessMemory>,
    /// Process that was read last.
    turn: Option<Owner>,
    next: Stamp,
}

impl MemoryReadings {
    /// Returns the last reading of a process; zeros before the first.
    pub(super) fn of(&self, owner: Owner) -> ProcessMemory {
        self.last.get(&owner).copied().unwrap_or_default()
    }

    /// Reads all processes.
    pub(super) fn read_all(&mut self, processes: &[(Owner, u32)]) {
        for (owner, pid) in processes {
            self.read(*owner, *pid);
        }
    }

    /// Reads the process whose turn it is, if it is time for that. `processes` are in order.
    pub(super) fn read_next(&mut self, processes: &[(Owner, u32)], clock: Clock) {
        let began = clock.now();
        if began < self.next {
            return;
        }
        let is_later = |(owner, _): &&(Owner, u32)| Some(*owner) > self.turn;
        let next = processes.iter().find(is_later).or(processes.first());
        let Some((owner, pid)) = next.copied() else {
            return;
        };
        self.turn = Some(owner);
        self.read(owner, pid);
        let ended = clock.now();
        let pause = Elapsed(ended.since(began).0 * SHARE).max(INTERVAL);
        self.next = ended + pause;
    }

    /// A process that has ended keeps its last reading.
    fn read(&mut self, owner: Owner, pid: u32) {
        if let Some(memory) = memory_of(pid) {
            self.last.insert(owner, memory);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn each_process_has_its_turn() {
        let me = std::process::id();
        let processes =
            [Owner::Arbiter, Owner::Worker(0), Owner::Worker(3)].map(|owner| (owner, me));
        let mut readings = MemoryReadings::default();
        let mut turns = Vec::new();
        for _ in 0..4 {
            readings.next = Stamp::ZERO;
            readings.read_next(&processes, Clock::starting_now());
            turns.extend(readings.turn);
        }
        let [first, second, third] = processes.map(|(owner, _)| owner);
        assert_eq!(turns, [first, second, third, first]);
        assert!(readings.of(Owner::Worker(3)).pss_kib > 0);
    }

    #[test]
    fn a_second_reading_waits_for_its_time() {
        let me = std::process::id();
        let processes = [(Owner::Worker(0), me), (Owner::Worker(1), me)];
        let (mut readings, clock) = (MemoryReadings::default(), Clock::starting_now());
        readings.read_next(&processes, clock);
        readings.next = Stamp::NEVER;
        readings.read_next(&processes, clock);
        assert_eq!(readings.of(Owner::Worker(1)), ProcessMemory::default());
    }
}
