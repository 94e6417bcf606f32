//! Interventions in a run in progress, by the user or by the scenario's timeline; each is a marker in its
//! recording.
//!
//! Interventions in the server are carried out here. Timeline events for the load are carried out by the
//! load, which has the timeline too and is exact to the nanosecond; here they are only recorded.

use std::sync::atomic::Ordering;

use super::{Driver, edges};
use concsim_engine::timetable::Change;
use concsim_model::scenario::{Arrivals, Hog, Intervention, Scenario, Steer};
use concsim_model::units::{CpuTime, Stamp};
use concsim_os::sys::processes;
use concsim_os::sys::signals::{self, Signal};
use concsim_os::telemetry::{ExtraRequest, Marker, Phase, Slot, Stage, millionths};

/// Step of load's level, as a share of the scenario's …
const STEP: f64 = 0.25;
/// … and its maximum, as a multiple.
const MOST: f64 = 10.0;

/// Interventions in a run so far.
#[derive(Debug, Default)]
pub(super) struct InterventionLog {
    /// Index of the next timeline event.
    next_event: usize,
    /// Level of load, if it differs from the scenario's initial level.
    amount: Option<f64>,
}

impl Driver<'_> {
    /// Carries out an intervention by the user, if it is possible now.
    pub fn steer(&mut self, steer: Steer) {
        let can_be = self.stage() != Stage::Done;
        if let Some(intervention) = self.intervention_for(steer).filter(|_| can_be) {
            self.intervene(intervention, None);
        }
    }

    /// Carries out the timeline events that are due.
    pub(super) fn follow_the_timeline(&mut self) {
        while let Some(at) = self.next_timeline_event().filter(|at| *at <= self.now()) {
            let event = self.steered.next_event;
            self.steered.next_event += 1;
            self.play(event, at);
        }
    }

    /// Returns the time of the next event; [`None`] if none will be due while there is load.
    pub(super) fn next_timeline_event(&self) -> Option<Stamp> {
        let event = self.scenario().timeline.get(self.steered.next_event)?;
        let run = self.scoreboard().run();
        let begin = run.go.load(Ordering::Acquire);
        if begin == 0 || run.load.stage() == Stage::Done {
            return None;
        }
        let at = Stamp(begin) + event.at;
        let [_, end] = edges(self.scoreboard());
        end.is_none_or(|end| at < end).then_some(at)
    }

    fn play(&mut self, index: usize, at: Stamp) {
        let event = &self.scenario().timeline[index];
        let (intervention, planned) = (event.intervention, event.at);
        let index = u16::try_from(index).ok();
        if intervention.is_in_the_load() {
            self.remember(intervention);
            return self.mark(at, intervention, None, index);
        }
        if self.arbiter_pid().is_none() || !self.intervene(intervention, index) {
            let note = format!("no worker for the timeline entry at {planned}");
            self.notes.push(note);
        }
    }

    /// Carries out an intervention; false if it needs a worker and none is suitable.
    fn intervene(&mut self, intervention: Intervention, timeline_event: Option<u16>) -> bool {
        if self.scenario().server.is_foreign() && !intervention.is_in_the_load() {
            let note = "a foreign server's workers are not steered";
            self.notes.push(note.into());
            return false;
        }
        let worker = self.target_of(intervention);
        if intervention.needs_a_worker() && worker.is_none() {
            return false;
        }
        self.carry_out(intervention, worker);
        self.remember(intervention);
        self.mark(self.now(), intervention, worker, timeline_event);
        true
    }

    fn scenario(&self) -> &Scenario {
        &self.variant.scenario
    }

    fn mark(
        &mut self,
        at: Stamp,
        intervention: Intervention,
        worker: Option<u16>,
        timeline_event: Option<u16>,
    ) {
        self.live.mark(Marker {
            at,
            intervention,
            worker,
            timeline_event,
        });
    }

    fn intervention_for(&self, steer: Steer) -> Option<Intervention> {
        match steer {
            Steer::Intervene(intervention) => Some(intervention),
            Steer::MoreLoad => self.amount_after(1.0),
            Steer::LessLoad => self.amount_after(-1.0),
        }
    }

    /// Returns the slot of the first worker that can be the target of an intervention.
    fn target_of(&self, intervention: Intervention) -> Option<u16> {
        let mut slots = self.scoreboard().used_slots();
        let is_suitable = |slot: &Slot| is_alive(slot) && intervention.can_target(is_stopped(slot));
        let is_asked = intervention.needs_a_worker();
        let suitable = slots.find(|(_, slot)| is_asked && is_suitable(slot));
        suitable.map(|(index, _)| index as u16)
    }

    /// Returns the intervention that changes load by `steps`; [`None`] at the limit, and for jobs.
    fn amount_after(&self, steps: f64) -> Option<Intervention> {
        let whole = amount_at_first(self.scenario());
        let now = self.steered.amount.unwrap_or(whole);
        // The timeline may have exceeded the limits of a hand: a step up must not lower the load.
        let (least, most) = ((STEP * whole).min(now), (MOST * whole).max(now));
        let after = |step: f64| (now + steps * step).clamp(least, most);
        let (amount, intervention) = match self.scenario().load.arrivals {
            Arrivals::Open { .. } => {
                let amount = after(STEP * whole);
                (amount, Intervention::SetRate(amount))
            }
            Arrivals::Closed { .. } => {
                let amount = after((STEP * whole).round().max(1.0)).ceil();
                (amount, Intervention::SetClients(amount as usize))
            }
            Arrivals::Scheduled => return None,
        };
        ((amount - now).abs() > f64::EPSILON).then_some(intervention)
    }

    fn remember(&mut self, intervention: Intervention) {
        match Change::of(intervention) {
            Some(Change::Rate(rate)) => self.steered.amount = Some(rate),
            Some(Change::Clients(clients)) => self.steered.amount = Some(clients as f64),
            Some(Change::Extra(_)) | None => {}
        }
    }

    fn carry_out(&self, intervention: Intervention, worker: Option<u16>) {
        let to_arbiter = |signal| {
            if let Some(pid) = self.arbiter_pid() {
                signals::send(pid, signal);
            }
        };
        let to_worker = |signal| {
            if let (Some(arbiter), Some(slot)) = (self.arbiter_pid(), worker) {
                signals::send_to_child_of(arbiter, self.worker_pid(slot), signal);
            }
        };
        let run = self.scoreboard().run();
        match intervention {
            Intervention::AddWorker => to_arbiter(Signal::More),
            Intervention::RemoveWorker => to_arbiter(Signal::Fewer),
            Intervention::Reload => to_arbiter(Signal::HangUp),
            Intervention::KillWorker => to_worker(Signal::Kill),
            Intervention::StopWorker => to_worker(Signal::Stop),
            Intervention::ContinueWorker => to_worker(Signal::Continue),
            Intervention::SetRate(rate) => run.amount.post(millionths(rate)),
            Intervention::SetClients(clients) => run.amount.post(clients as u64),
            Intervention::Send(class) => {
                let class = class as u16;
                let hog = Hog::of(self.scenario()).filter(|hog| hog.class == class);
                let at_least = hog.map_or(CpuTime::ZERO, |hog| hog.at_least);
                run.extra
                    .post(ExtraRequest { class, at_least }.to_message());
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

fn amount_at_first(scenario: &Scenario) -> f64 {
    match scenario.load.arrivals {
        Arrivals::Open { rate, .. } => rate,
        Arrivals::Closed { clients, .. } => clients as f64,
        Arrivals::Scheduled => scenario.load.jobs.len() as f64,
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
