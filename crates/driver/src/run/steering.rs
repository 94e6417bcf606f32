//! Interventions in a run in progress, by the user or by the scenario's timeline; each is a marker in its
//! recording.
//!
//! Interventions in the server are carried out here. Timeline events for the load are carried out by the
//! load, which has the timeline too and is exact to the nanosecond; here they are only recorded.

use std::sync::atomic::Ordering;

use super::{Driver, edges};
use concsim_model::scenario::{Arrivals, Scenario, TimelineAction};
use concsim_model::units::{CpuTime, Stamp};
use concsim_os::sys::processes;
use concsim_os::sys::signals::{self, Signal};
use concsim_os::telemetry::{Extra, Intervention, Marker, Phase, Slot, Stage};
use concsim_tui::{Hog, Steer};

/// Step of load's level, as a share of the scenario's …
const STEP: f64 = 0.25;
/// … and its maximum, as a multiple.
const MOST: f64 = 10.0;

/// Interventions in a run so far.
#[derive(Debug, Default)]
pub(super) struct Steered {
    /// Index of the next timeline event.
    next_cue: usize,
    /// Level of load, if it differs from the scenario's initial level.
    amount: Option<f64>,
}

impl Driver<'_> {
    /// Carries out an intervention by the user, if it is possible now.
    pub fn steer(&mut self, steer: Steer) {
        let can_be = self.stage() != Stage::Done;
        if let Some(deed) = self.deed_for(steer).filter(|_| can_be) {
            self.carry_out(deed);
            self.remember(deed);
            self.mark(self.now(), deed, None);
        }
    }

    /// Carries out the timeline events that are due.
    pub(super) fn follow_the_timeline(&mut self) {
        while let Some(at) = self.next_cue().filter(|at| *at <= self.now()) {
            let cue = self.steered.next_cue;
            self.steered.next_cue += 1;
            self.play(cue, at);
        }
    }

    /// Returns the time of the next event; [`None`] if none will be due while there is load.
    pub(super) fn next_cue(&self) -> Option<Stamp> {
        let cue = self.scenario().timeline.get(self.steered.next_cue)?;
        let run = self.scoreboard().run();
        let begin = run.go.load(Ordering::Acquire);
        if begin == 0 || run.load.stage() == Stage::Done {
            return None;
        }
        let at = Stamp(begin) + cue.at;
        let [_, end] = edges(self.scoreboard());
        end.is_none_or(|end| at < end).then_some(at)
    }

    fn play(&mut self, cue: usize, at: Stamp) {
        let index = u16::try_from(cue).ok();
        let happens = self.scenario().timeline[cue].happens;
        if let Some(deed) = done_by_load(happens) {
            self.remember(deed);
            return self.mark(at, deed, index);
        }
        match self
            .deed_of(happens)
            .filter(|_| self.arbiter_pid().is_some())
        {
            Some(deed) => {
                self.carry_out(deed);
                self.mark(self.now(), deed, index);
            }
            None => self.notes.push(format!(
                "no worker for the timeline entry at {}",
                self.scenario().timeline[cue].at
            )),
        }
    }

    fn scenario(&self) -> &Scenario {
        &self.variant.scenario
    }

    fn mark(&mut self, at: Stamp, deed: Intervention, cue: Option<u16>) {
        self.live.mark(Marker { at, deed, cue });
    }

    fn deed_for(&self, steer: Steer) -> Option<Intervention> {
        match steer {
            Steer::MoreWorkers => self.deed_of(TimelineAction::AddWorker),
            Steer::FewerWorkers => self.deed_of(TimelineAction::RemoveWorker),
            Steer::MoreLoad => self.amount_after(1.0),
            Steer::LessLoad => self.amount_after(-1.0),
            Steer::Kill => self.deed_of(TimelineAction::KillWorker),
            Steer::Stop => self.deed_of(TimelineAction::StopWorker),
            Steer::Continue => self.deed_of(TimelineAction::ContinueWorker),
            Steer::Reload => self.deed_of(TimelineAction::Reload),
            Steer::Hog => Hog::of(self.scenario()).map(|hog| Intervention::Send(hog.class)),
        }
    }

    /// Returns the intervention with its target: the first worker among the present ones.
    fn deed_of(&self, happening: TimelineAction) -> Option<Intervention> {
        let scoreboard = self.scoreboard();
        let of = |wanted: fn(&Slot) -> bool| {
            let mut slots = scoreboard.used_slots();
            let found = slots.find(|(_, slot)| is_alive(slot) && wanted(slot));
            found.map(|(index, _)| index as u16)
        };
        Some(match happening {
            TimelineAction::AddWorker => Intervention::AddWorker,
            TimelineAction::RemoveWorker => Intervention::RemoveWorker,
            TimelineAction::KillWorker => Intervention::KillWorker(of(|_| true)?),
            TimelineAction::StopWorker => Intervention::StopWorker(of(|slot| !is_stopped(slot))?),
            TimelineAction::ContinueWorker => Intervention::ContinueWorker(of(is_stopped)?),
            TimelineAction::Reload => Intervention::Reload,
            TimelineAction::SetRate(_)
            | TimelineAction::SetClients(_)
            | TimelineAction::Send(_) => {
                return done_by_load(happening);
            }
        })
    }

    /// Returns the intervention that changes load by `steps`; [`None`] at the limit.
    fn amount_after(&self, steps: f64) -> Option<Intervention> {
        let whole = amount_at_first(self.scenario());
        let now = self.steered.amount.unwrap_or(whole);
        // The timeline may have exceeded the limits of a hand: a step up must not lower the load.
        let (least, most) = ((STEP * whole).min(now), (MOST * whole).max(now));
        let after = |step: f64| (now + steps * step).clamp(least, most);
        let amount = match self.scenario().load.arrivals {
            Arrivals::Open { .. } => after(STEP * whole),
            Arrivals::Closed { .. } => after((STEP * whole).round().max(1.0)).ceil(),
        };
        ((amount - now).abs() > f64::EPSILON).then(|| match self.scenario().load.arrivals {
            Arrivals::Open { .. } => Intervention::SetRate(millionths(amount)),
            Arrivals::Closed { .. } => Intervention::SetClients(amount as u32),
        })
    }

    fn remember(&mut self, deed: Intervention) {
        match deed {
            Intervention::SetRate(millionths) => {
                self.steered.amount = Some(millionths as f64 / 1e6);
            }
            Intervention::SetClients(clients) => self.steered.amount = Some(f64::from(clients)),
            Intervention::AddWorker
            | Intervention::RemoveWorker
            | Intervention::KillWorker(_)
            | Intervention::StopWorker(_)
            | Intervention::ContinueWorker(_)
            | Intervention::Reload
            | Intervention::SetLoad(_)
            | Intervention::Send(_) => {}
        }
    }

    fn carry_out(&self, deed: Intervention) {
        let to_arbiter = |signal| {
            if let Some(pid) = self.arbiter_pid() {
                signals::send(pid, signal);
            }
        };
        let to_worker = |slot: u16, signal| {
            if let Some(arbiter) = self.arbiter_pid() {
                signals::send_to_child_of(arbiter, self.worker_pid(slot), signal);
            }
        };
        let run = self.scoreboard().run();
        match deed {
            Intervention::AddWorker => to_arbiter(Signal::More),
            Intervention::RemoveWorker => to_arbiter(Signal::Fewer),
            Intervention::Reload => to_arbiter(Signal::HangUp),
            Intervention::KillWorker(slot) => to_worker(slot, Signal::Kill),
            Intervention::StopWorker(slot) => to_worker(slot, Signal::Stop),
            Intervention::ContinueWorker(slot) => to_worker(slot, Signal::Continue),
            Intervention::SetRate(millionths) => run.amount.post(millionths),
            Intervention::SetClients(clients) => run.amount.post(u64::from(clients)),
            Intervention::Send(class) => {
                let hog = Hog::of(self.scenario()).filter(|hog| hog.class == class);
                let at_least = hog.map_or(CpuTime::ZERO, |hog| hog.at_least);
                run.extra.post(Extra { class, at_least }.to_message());
            }
            // No longer requested.
            Intervention::SetLoad(_) => {}
        }
    }

    fn worker_pid(&self, slot: u16) -> u32 {
        let slot = self.scoreboard().slot(usize::from(slot));
        slot.pid.load(Ordering::Relaxed) as u32
    }
}

/// Returns the intervention that load carries out by itself when due.
fn done_by_load(happening: TimelineAction) -> Option<Intervention> {
    match happening {
        TimelineAction::SetRate(rate) => Some(Intervention::SetRate(millionths(rate))),
        TimelineAction::SetClients(clients) => Some(Intervention::SetClients(clients as u32)),
        TimelineAction::Send(class) => Some(Intervention::Send(class as u16)),
        TimelineAction::AddWorker
        | TimelineAction::RemoveWorker
        | TimelineAction::KillWorker
        | TimelineAction::StopWorker
        | TimelineAction::ContinueWorker
        | TimelineAction::Reload => None,
    }
}

fn amount_at_first(scenario: &Scenario) -> f64 {
    match scenario.load.arrivals {
        Arrivals::Open { rate, .. } => rate,
        Arrivals::Closed { clients, .. } => clients as f64,
    }
}

fn millionths(rate: f64) -> u64 {
    (rate * 1e6).round() as u64
}

fn is_alive(slot: &Slot) -> bool {
    slot.phase().is_some_and(|phase| phase != Phase::Gone)
        && slot.died_at.load(Ordering::Relaxed) == 0
}

fn is_stopped(slot: &Slot) -> bool {
    let pid = slot.pid.load(Ordering::Relaxed) as u32;
    processes::whereabouts_of(pid).is_some_and(|there| there.stopped)
}
