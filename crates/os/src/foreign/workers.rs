//! Workers of a foreign server: its processes that have the listener open and no child that has it too; and the counts
//! of those whose application counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use crate::sys::listeners::Listeners;
use crate::sys::processes;
use crate::telemetry::{Phase, Scoreboard, Slot, WORKER_SLOTS};
use concsim_model::units::{CpuTime, Stamp};

/// Workers found so far.
#[derive(Debug, Default)]
pub(super) struct Workers {
    /// Worker of each slot that has one.
    slots: BTreeMap<usize, Worker>,
    /// Processes that have, or once had, a child with the listener: masters, which serve nothing.
    masters: BTreeSet<u32>,
    age: u64,
    /// Folder in which each worker that counts its answers has a file, named by its process id.
    counts: Option<PathBuf>,
}

/// A worker that lives.
#[derive(Debug)]
struct Worker {
    pid: u32,
    /// Last known CPU time.
    cpu: CpuTime,
    /// Its counts, if it has any.
    counts: Option<Counts>,
}

/// Counts of a worker: a file that its application maps into memory.
#[derive(Debug)]
struct Counts {
    file: File,
    /// Answers and switches of the earlier workers of the slot.
    before: [u64; 2],
}

impl Workers {
    /// Returns no workers yet; theirs are files of this folder, if there is one.
    pub(super) fn counted_in(counts: Option<PathBuf>) -> Self {
        Self {
            counts,
            ..Self::default()
        }
    }

    /// Looks for new workers among the descendants of `root`, and gives each a slot.
    pub(super) fn find(
        &mut self,
        root: u32,
        listeners: &Listeners,
        scoreboard: &Scoreboard,
        now: Stamp,
    ) {
        for pid in self.serving(root, listeners) {
            let is_known = self.slots.values().any(|known| known.pid == pid);
            let free = (0..WORKER_SLOTS).find(|slot| !self.slots.contains_key(slot));
            if let (false, Some(slot)) = (is_known, free) {
                let words = scoreboard.slot(slot);
                words.wanted.store(1, Ordering::Relaxed);
                words.prepare(now, self.age);
                words.give_to(pid);
                self.age += 1;
                let worker = Worker {
                    pid,
                    cpu: CpuTime::ZERO,
                    counts: None,
                };
                self.slots.insert(slot, worker);
            }
        }
        let Some(folder) = &self.counts else {
            return;
        };
        for (slot, worker) in &mut self.slots {
            if worker.counts.is_none() {
                worker.counts = Counts::open(folder, worker.pid, scoreboard.slot(*slot));
            }
        }
    }

    /// Returns the processes that serve, in the order of their ids.
    pub(super) fn serving(&mut self, root: u32, listeners: &Listeners) -> Vec<u32> {
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

    /// Publishes the state and the counts of each worker at `now`, and the end of those that have ended.
    pub(super) fn look(&mut self, scoreboard: &Scoreboard, now: Stamp) {
        let masters = &self.masters;
        self.slots.retain(|slot, worker| {
            let words = scoreboard.slot(*slot);
            if let Some(counts) = &worker.counts {
                counts.publish(words);
            }
            let is_worker = !masters.contains(&worker.pid);
            let there = processes::whereabouts_of(worker.pid).filter(|_| is_worker);
            let Some((there, used)) = there.zip(processes::cpu_of(worker.pid)) else {
                words.wanted.store(0, Ordering::Relaxed);
                words.remove(now, worker.cpu);
                return false;
            };
            worker.cpu = used;
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

impl Counts {
    /// Opens the counts of a process; [`None`] if it has none.
    fn open(folder: &Path, pid: u32, words: &Slot) -> Option<Self> {
        let file = File::open(folder.join(pid.to_string())).ok()?;
        let before = [&words.requests, &words.coroutine_switches];
        Some(Self {
            file,
            before: before.map(|word| word.load(Ordering::Relaxed)),
        })
    }

    /// Writes them to the scoreboard: three words, the last of which is 1 if switches are counted.
    fn publish(&self, words: &Slot) {
        let mut bytes = [0; 24];
        if self.file.read_exact_at(&mut bytes, 0).is_err() {
            return;
        }
        let (all, _) = bytes.as_chunks::<8>();
        let [answers, switches, has_switches] = [0, 1, 2].map(|at| u64::from_ne_bytes(all[at]));
        let [answers_before, switches_before] = self.before;
        let answers = answers_before.saturating_add(answers);
        let switches = switches_before.saturating_add(switches);
        words.requests.store(answers, Ordering::Relaxed);
        words.coroutine_switches.store(switches, Ordering::Relaxed);
        let counted = 1 + u64::from(has_switches == 1);
        words.counted.store(counted, Ordering::Release);
    }
}

fn set_phase(words: &Slot, phase: Phase, now: Stamp) {
    if words.phase() != Some(phase) {
        words.set_phase(phase, now);
    }
}
