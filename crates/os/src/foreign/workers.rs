//! Workers of a foreign server: its processes that have the listener open and no child that has it too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use crate::sys::listeners::Listeners;
use crate::sys::processes;
use crate::telemetry::{Phase, SLOTS, Scoreboard, Slot};
use concsim_model::units::{CpuTime, Stamp};

/// Workers found so far.
#[derive(Debug, Default)]
pub(super) struct Workers {
    /// Worker of each slot that has one, with its last known CPU time.
    slots: BTreeMap<usize, (u32, CpuTime)>,
    /// Processes that have, or once had, a child with the listener: masters, which serve nothing.
    masters: BTreeSet<u32>,
    age: u64,
}

impl Workers {
    /// Looks for new workers among the descendants of `root`, and gives each a slot.
    pub(super) fn find(
        &mut self,
        root: u32,
        listeners: &Listeners,
        scoreboard: &Scoreboard,
        now: Stamp,
    ) {
        for pid in self.serving(root, listeners) {
            let is_known = self.slots.values().any(|(known, _)| *known == pid);
            let free = (0..SLOTS).find(|slot| !self.slots.contains_key(slot));
            if let (false, Some(slot)) = (is_known, free) {
                let words = scoreboard.slot(slot);
                words.wanted.store(1, Ordering::Relaxed);
                words.prepare(now, self.age);
                words.give_to(pid);
                self.age += 1;
                self.slots.insert(slot, (pid, CpuTime::ZERO));
            }
        }
    }

    /// Returns the processes that serve, in the order of their ids.
    fn serving(&mut self, root: u32, listeners: &Listeners) -> Vec<u32> {
        let mut serving = BTreeSet::new();
        let mut left = vec![(root, None)];
        while let Some((pid, parent)) = left.pop() {
            if listeners.are_open_in(pid) {
                serving.insert(pid);
                self.masters.extend(parent);
            }
            let children = processes::children_of(pid).into_iter();
            left.extend(children.map(|child| (child, Some(pid))));
        }
        serving
            .into_iter()
            .filter(|pid| !self.masters.contains(pid))
            .collect()
    }

    /// Publishes the state of each worker at `now`, and the end of those that have ended.
    pub(super) fn look(&mut self, scoreboard: &Scoreboard, now: Stamp) {
        let masters = &self.masters;
        self.slots.retain(|slot, (pid, cpu)| {
            let words = scoreboard.slot(*slot);
            let there = processes::whereabouts_of(*pid).filter(|_| !masters.contains(pid));
            let Some((there, used)) = there.zip(processes::cpu_of(*pid)) else {
                words.wanted.store(0, Ordering::Relaxed);
                words.remove(now, *cpu);
                return false;
            };
            *cpu = used;
            let phase = if there.runnable {
                Phase::Running
            } else {
                Phase::Asleep
            };
            set_phase(words, phase, now);
            true
        });
    }
}

fn set_phase(words: &Slot, phase: Phase, now: Stamp) {
    if words.phase() != Some(phase) {
        words.set_phase(phase, now);
    }
}
