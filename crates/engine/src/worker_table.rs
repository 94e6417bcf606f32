//! The arbiter's table of worker slots, with the process of each.
//!
//! Sans-I/O: it decides which processes are forked, aborted, killed or told to stop, and does none of it.
//! The rule for forking is level-triggered, as in gunicorn's `manage_workers`: each slot that belongs to
//! the server and has no process gets one.

use concsim_model::units::{Elapsed, Stamp};

/// Process that was forked and not reaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Number of its fork, counted by the arbiter: the oldest process has the lowest.
    pub age: u64,
    /// True if it was told to abort.
    aborted: bool,
    /// True if it was told to stop and will not be replaced.
    pub is_stopping: bool,
}

impl Process {
    /// True if it was told to abort because its heartbeat was too old.
    pub fn was_silent(&self) -> bool {
        self.aborted
    }
}

/// Slot as the arbiter sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slot {
    /// True if the slot belongs to the server: its worker lives or will be replaced.
    wanted: bool,
    process: Option<Process>,
}

/// Action against a worker that is silent for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Tells it to abort, which a hung program still obeys.
    Abort,
    /// Kills it: it was told to abort a tick ago and did not, as a stopped process cannot.
    Kill,
}

/// All slots of the server.
#[derive(Debug)]
pub struct WorkerTable {
    places: Vec<Slot>,
    forks: u64,
}

impl WorkerTable {
    /// Returns a roster of at most `slots`, of which the first `wanted` belong to the server.
    pub fn new(slots: usize, wanted: usize) -> Self {
        let place = |index| Slot {
            wanted: index < wanted,
            process: None,
        };
        Self {
            places: (0..slots).map(place).collect(),
            forks: 0,
        }
    }

    /// Number of slots that belong to the server.
    pub fn wanted(&self) -> usize {
        self.places.iter().filter(|place| place.wanted).count()
    }

    /// True if a slot belongs to the server.
    pub fn is_wanted(&self, slot: usize) -> bool {
        self.places[slot].wanted
    }

    /// Adds a free slot to the server. Returns its index; `None` if there is none.
    pub fn add(&mut self) -> Option<usize> {
        let free = |place: &Slot| !place.wanted && place.process.is_none();
        let slot = self.places.iter().position(free)?;
        self.places[slot].wanted = true;
        Some(slot)
    }

    /// Removes the oldest worker, and its slot with it. Returns slot and process id; `None` if it is the
    /// last.
    pub fn remove_oldest(&mut self) -> Option<(usize, u32)> {
        if self.wanted() <= 1 {
            return None;
        }
        let (slot, process) = self
            .living()
            .filter(|(_, process)| !process.is_stopping)
            .min_by_key(|(_, process)| process.age)?;
        let place = &mut self.places[slot];
        place.wanted = false;
        place.process = Some(Process {
            is_stopping: true,
            ..process
        });
        Some((slot, process.pid))
    }

    /// Removes every worker, and adds `wanted` free slots to the server instead: a reload reads the configuration
    /// again, which forgets the workers that were added and removed since. Returns slots and process ids of those
    /// that leave; `None` if there are too few free slots.
    pub fn replace_all(&mut self, wanted: usize) -> Option<Vec<(usize, u32)>> {
        let is_free = |place: &&Slot| !place.wanted && place.process.is_none();
        if self.places.iter().filter(is_free).count() < wanted {
            return None;
        }
        let mut leaving = Vec::new();
        for (slot, place) in self
            .places
            .iter_mut()
            .enumerate()
            .filter(|(_, place)| place.wanted)
        {
            place.wanted = false;
            if let Some(process) = &mut place.process {
                process.is_stopping = true;
                leaving.push((slot, process.pid));
            }
        }
        let free = |place: &&mut Slot| !place.wanted && place.process.is_none();
        // Slots of leaving workers are used again only after all of them have left.
        let places = self.places.iter_mut().filter(free);
        places.take(wanted).for_each(|place| place.wanted = true);
        Some(leaving)
    }

    /// Next slot that needs a process.
    pub fn free_slot(&self) -> Option<usize> {
        self.places
            .iter()
            .position(|place| place.wanted && place.process.is_none())
    }

    /// Age of the process that is forked next.
    pub fn next_age(&mut self) -> u64 {
        self.forks += 1;
        self.forks
    }

    /// Notes that a process was forked for a slot.
    pub fn insert(&mut self, slot: usize, pid: u32, age: u64) {
        self.places[slot].process = Some(Process {
            pid,
            age,
            aborted: false,
            is_stopping: false,
        });
    }

    /// Notes that the process `pid` was reaped. Returns its slot and its last state.
    pub fn dismiss(&mut self, pid: u32) -> Option<(usize, Process)> {
        let (slot, process) = self.living().find(|(_, process)| process.pid == pid)?;
        self.places[slot].process = None;
        Some((slot, process))
    }

    /// Iterates over all living processes, with their slots.
    pub fn living(&self) -> impl Iterator<Item = (usize, Process)> {
        let places = self.places.iter().enumerate();
        places.filter_map(|(slot, place)| place.process.map(|process| (slot, process)))
    }

    /// True if the process `pid` of a slot lives and has been told to stop.
    pub fn is_going(&self, slot: usize, pid: u32) -> bool {
        let process = self.places[slot].process;
        process.is_some_and(|process| process.pid == pid && process.is_stopping)
    }

    /// Decides what to do at `now`, a tick, with each worker that was silent for longer than `timeout`.
    /// `heartbeat` returns the instant at which a slot last beat. Called once a tick.
    pub fn judge(
        &mut self,
        now: Stamp,
        timeout: Elapsed,
        heartbeat: impl Fn(usize) -> Stamp,
    ) -> Vec<(usize, u32, Verdict)> {
        let mut verdicts = Vec::new();
        for (slot, place) in self.places.iter_mut().enumerate() {
            let Some(process) = &mut place.process else {
                continue;
            };
            if now.since(heartbeat(slot)) <= timeout {
                continue;
            }
            let verdict = if std::mem::replace(&mut process.aborted, true) {
                Verdict::Kill
            } else {
                Verdict::Abort
            };
            verdicts.push((slot, process.pid, verdict));
        }
        verdicts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staffed(workers: usize) -> WorkerTable {
        let mut table = WorkerTable::new(4, workers);
        while let Some(slot) = table.free_slot() {
            let age = table.next_age();
            table.insert(slot, 100 + slot as u32, age);
        }
        table
    }

    #[test]
    fn a_slot_whose_process_died_is_vacant_until_it_has_another() {
        let mut table = staffed(2);
        assert_eq!(table.dismiss(101).map(|(slot, _)| slot), Some(1));
        assert_eq!(table.dismiss(101), None, "a process is reaped once");
        assert_eq!(table.free_slot(), Some(1));
        table.insert(1, 201, 3);
        assert_eq!(table.free_slot(), None);
    }

    #[test]
    fn the_oldest_goes_first_and_the_last_one_stays() {
        let mut table = staffed(3);
        table.dismiss(100);
        table.insert(0, 200, 9);
        assert_eq!(table.remove_oldest(), Some((1, 101)));
        assert_eq!(table.remove_oldest(), Some((2, 102)));
        assert_eq!(table.remove_oldest(), None);
        table.dismiss(101);
        assert_eq!(table.free_slot(), None, "who was sent home is not replaced");
    }

    #[test]
    fn all_are_replaced_at_once_if_there_are_slots_for_twice_as_many() {
        let mut table = staffed(2);
        assert_eq!(table.replace_all(2), Some(vec![(0, 100), (1, 101)]));
        assert_eq!((table.wanted(), table.free_slot()), (2, Some(2)));
        for slot in [2, 3] {
            table.insert(slot, 200 + slot as u32, 9);
        }
        assert_eq!(table.replace_all(2), None, "the old ones are still there");
        table.dismiss(100);
        table.dismiss(101);
        assert_eq!(table.free_slot(), None, "who was sent home is not replaced");
        assert_eq!(table.replace_all(2).map(|leaving| leaving.len()), Some(2));
    }

    #[test]
    fn a_reload_forgets_the_workers_that_were_added() {
        let mut table = staffed(1);
        table.add();
        table.insert(1, 101, 9);
        assert_eq!(table.replace_all(1), Some(vec![(0, 100), (1, 101)]));
        assert_eq!((table.wanted(), table.free_slot()), (1, Some(2)));
    }

    #[test]
    fn workers_can_be_added_while_there_are_slots() {
        let mut table = staffed(3);
        assert_eq!(table.add(), Some(3));
        assert_eq!(table.add(), None);
        assert_eq!(table.wanted(), 4);
    }

    #[test]
    fn who_is_silent_is_aborted_and_a_tick_later_killed() {
        let mut table = staffed(2);
        let timeout = Elapsed::from_secs(2);
        let beats = |slot| Stamp([0, 5_000_000_000][slot]);
        let mut judge = |seconds: u64| table.judge(Stamp(seconds * 1_000_000_000), timeout, beats);
        assert_eq!(judge(2), []);
        assert_eq!(judge(3), [(0, 100, Verdict::Abort)]);
        assert_eq!(judge(4), [(0, 100, Verdict::Kill)]);
    }

    #[test]
    fn a_worker_with_the_number_of_one_that_left_is_not_told_to_go() {
        let mut table = staffed(1);
        let leaving = table.replace_all(1).expect("there is room");
        let (slot, pid) = leaving[0];
        assert!(table.is_going(slot, pid));
        table.dismiss(pid);
        assert!(!table.is_going(slot, pid));
        table.insert(slot, pid, 9);
        assert!(!table.is_going(slot, pid));
    }
}
