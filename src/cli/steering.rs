//! Steering: what is done to a run while it goes on, by a person's hand or by the scenario's timeline;
//! each deed is a marker in its recording.
//!
//! What is done to the server is done from here. What a cue does to the load is done by the load, which
//! has the timeline too and is on time to the nanosecond; here it is only noted.

use std::sync::atomic::Ordering;

use super::performance::{Performance, edges};
use concsim_model::scenario::{Arrivals, Scenario, TimelineAction};
use concsim_model::units::{CpuTime, Stamp};
use concsim_os::sys::processes;
use concsim_os::sys::signals::{self, Signal};
use concsim_os::telemetry::{Extra, Intervention, Marker, Phase, Slot, Stage};
use concsim_tui::{Hog, Steer};

/// Load goes up and down in steps of this share of what the scenario says …
const STEP: f64 = 0.25;
/// … to so many times of it at most.
const MOST: f64 = 10.0;

/// What was done to a run so far.
#[derive(Debug, Default)]
pub(super) struct Steered {
    /// The next cue of the timeline.
    next_cue: usize,
    /// How much load there is, if that is not what the scenario begins with.
    amount: Option<f64>,
}

impl Performance<'_> {
    /// Does what a person asked for, if it can be done now.
    pub fn steer(&mut self, steer: Steer) {
        let can_be = self.stage() != Stage::Done;
        if let Some(deed) = self.deed_for(steer).filter(|_| can_be) {
            self.carry_out(deed);
            self.remember(deed);
            self.mark(self.now(), deed, None);
        }
    }

    /// Plays the cues of the scenario's timeline that are due.
    pub(super) fn follow_the_timeline(&mut self) {
        while let Some(at) = self.next_cue().filter(|at| *at <= self.now()) {
            let cue = self.steered.next_cue;
            self.steered.next_cue += 1;
            self.play(cue, at);
        }
    }

    /// When the next cue is due; [`None`] if none will be while there is load.
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
                "there was no worker for what the timeline wants at {}",
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

    /// The deed, and on whom: the first worker of those that there are now.
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

    /// So many steps more load, or fewer; [`None`] if there can be no more or no less.
    fn amount_after(&self, steps: f64) -> Option<Intervention> {
        let whole = amount_at_first(self.scenario());
        let now = self.steered.amount.unwrap_or(whole);
        // The timeline may have gone further than a hand does: more is never less.
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
            // Nobody asks for this any more.
            Intervention::SetLoad(_) => {}
        }
    }

    fn worker_pid(&self, slot: u16) -> u32 {
        let slot = self.scoreboard().slot(usize::from(slot));
        slot.pid.load(Ordering::Relaxed) as u32
    }
}

/// What load does by itself when it is its time.
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
