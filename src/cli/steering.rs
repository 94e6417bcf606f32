//! Steering: what a person does to a run while it goes on, each deed a marker in its recording.

use std::sync::atomic::Ordering;

use super::performance::Performance;
use crate::sys::processes;
use crate::sys::signals::{self, Signal};
use crate::telemetry::{Deed, Phase, Slot};
use crate::tui::Steer;

/// Load goes up and down in steps of so many thousandths of what the scenario says …
const STEP: u32 = 250;
/// … to so much at most.
const MOST: u32 = 10_000;

impl Performance<'_> {
    /// Does what a person asked for, if it can be done now.
    pub fn steer(&mut self, steer: Steer) {
        if let Some(deed) = self.deed_for(steer) {
            self.carry_out(deed);
            self.mark(deed);
        }
    }

    fn deed_for(&self, steer: Steer) -> Option<Deed> {
        let board = self.board();
        let of = |wanted: fn(&Slot) -> bool| {
            let mut slots = board.used_slots();
            let found = slots.find(|(_, slot)| is_alive(slot) && wanted(slot));
            found.map(|(index, _)| index as u16)
        };
        let load = match board.run().steer.load(Ordering::Relaxed) {
            0 => 1_000,
            thousandths => thousandths as u32,
        };
        Some(match steer {
            Steer::MoreWorkers => Deed::AddWorker,
            Steer::FewerWorkers => Deed::RemoveWorker,
            Steer::MoreLoad => Deed::SetLoad((load + STEP).min(MOST)),
            Steer::LessLoad => Deed::SetLoad(load.saturating_sub(STEP).max(STEP)),
            Steer::Kill => Deed::KillWorker(of(|_| true)?),
            Steer::Stop => Deed::StopWorker(of(|slot| !is_stopped(slot))?),
            Steer::Continue => Deed::ContinueWorker(of(is_stopped)?),
            Steer::Reload => Deed::Reload,
        })
    }

    fn carry_out(&self, deed: Deed) {
        let to_arbiter = |signal| {
            if let Some(pid) = self.arbiter_pid() {
                signals::send(pid, signal);
            }
        };
        let to_worker = |slot: u16, signal| signals::send(self.worker_pid(slot), signal);
        match deed {
            Deed::AddWorker => to_arbiter(Signal::More),
            Deed::RemoveWorker => to_arbiter(Signal::Fewer),
            Deed::Reload => to_arbiter(Signal::HangUp),
            Deed::KillWorker(slot) => to_worker(slot, Signal::Kill),
            Deed::StopWorker(slot) => to_worker(slot, Signal::Stop),
            Deed::ContinueWorker(slot) => to_worker(slot, Signal::Continue),
            Deed::SetLoad(thousandths) => {
                let word = &self.board().run().steer;
                word.store(u64::from(thousandths), Ordering::Release);
            }
        }
    }

    fn worker_pid(&self, slot: u16) -> u32 {
        let slot = self.board().slot(usize::from(slot));
        slot.pid.load(Ordering::Relaxed) as u32
    }
}

fn is_alive(slot: &Slot) -> bool {
    slot.phase().is_some_and(|phase| phase != Phase::Gone)
        && slot.died_at.load(Ordering::Relaxed) == 0
}

fn is_stopped(slot: &Slot) -> bool {
    let pid = slot.pid.load(Ordering::Relaxed) as u32;
    processes::whereabouts_of(pid).is_some_and(|there| there.stopped)
}
