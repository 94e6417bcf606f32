//! State at the cursor's instant: door, workers and cores of the picture, from the same events as the
//! lanes. If events do not suffice, the picture stays as in the last sample.

use super::view_model::{ViewModel, WorkerRequests, WorkerState, WorkerView};
use concsim_model::scenario::WorkerKind;
use concsim_model::units::Stamp;
use concsim_record::lanes::{self, Instant, Process, WorkerInstant};
use concsim_record::{Sample, WorkerSample};

impl ViewModel {
    /// Shows an instant in a picture made from `sample`, the last one that is not after it.
    pub(super) fn show_instant(&mut self, now: &Instant, sample: &Sample, kind: WorkerKind) {
        self.stage_age += now.at.since(self.at);
        self.at = now.at;
        self.door = now.door;
        self.in_system = now.in_system;
        self.ended = now.ended;
        // Workers forked since the sample follow those that it has.
        self.workers.truncate(sample.workers.len());
        for (slot, is_at) in now.workers.iter().enumerate() {
            let is_known = sample.workers.iter().any(|seen| seen.index == slot);
            if !is_known && is_at.begun() > 0 {
                let mut worker = WorkerView {
                    index: slot,
                    ..WorkerView::default()
                };
                let seen = WorkerSample::default();
                worker.show_instant(is_at, &seen, (sample.at, now.at), kind);
                self.workers.push(worker);
            }
        }
        for (worker, seen) in self.workers.iter_mut().zip(&sample.workers) {
            let is_at = now.workers.get(seen.index).copied().unwrap_or_default();
            worker.show_instant(&is_at, seen, (sample.at, now.at), kind);
        }
        let positions = self.workers.iter().chain(&self.processes).enumerate();
        let position_of = |slot: u16| {
            let mut found = positions.clone();
            found.find(|(_, worker)| worker.index == usize::from(slot))
        };
        let holds = |place: usize, number: usize| {
            let mut cores = now.cores.iter().enumerate();
            let found = cores.find(|(row, (core, _))| match core {
                Some(core) => *core as usize == number,
                None => *row == place,
            });
            let slot = found.and_then(|(_, (_, slot))| *slot)?;
            position_of(slot).map(|(position, _)| position)
        };
        let cores = (0..).zip(&self.cores);
        let cores = cores.map(|(place, (number, _))| (*number, holds(place, *number)));
        self.cores = cores.collect();
        let fullest = self.workers.iter().map(|worker| worker.held.all()).max();
        self.most.at_the_door = self.most.at_the_door.max(self.door);
        self.most.in_a_worker = self.most.in_a_worker.max(fullest.unwrap_or(0));
    }
}

impl WorkerView {
    fn show_instant(
        &mut self,
        is_at: &WorkerInstant,
        seen: &WorkerSample,
        (looked, now): (Stamp, Stamp),
        kind: WorkerKind,
    ) {
        self.doing = worker_state(is_at, seen, looked);
        if let Some(new) = new_process(is_at, looked) {
            self.pid = new.pid;
        }
        self.request = is_at.request;
        self.held = WorkerRequests {
            running: is_at.running,
            blocked: is_at.blocked,
            ready: is_at.ready,
            parked: is_at.parked,
        };
        let since = if kind.has_a_loop() {
            is_at.held_since
        } else {
            let computes = is_at.doing == Some(lanes::RequestState::Running);
            computes.then_some(is_at.since)
        };
        self.run = since.map(|since| now.since(since));
    }
}

/// Returns the process that a worker has got since the last sample, if it lives.
fn new_process(is_at: &WorkerInstant, looked: Stamp) -> Option<Process> {
    // In virtual time a process may be replaced at the instant of its death.
    let died = is_at.died.unwrap_or(Stamp::ZERO);
    is_at
        .process
        .filter(|it| it.forked > looked && it.forked >= died)
}

/// Returns the state of a worker: its work from events, its existence from the last sample and from later
/// forks and deaths.
fn worker_state(is_at: &WorkerInstant, seen: &WorkerSample, looked: Stamp) -> WorkerState {
    let new = new_process(is_at, looked);
    if new.is_none() && is_at.died.is_some_and(|died| died > looked) {
        return WorkerState::Gone;
    }
    let runs = is_at.doing.map(|doing| match doing {
        lanes::RequestState::Running => WorkerState::Running,
        lanes::RequestState::Blocked => WorkerState::Blocked,
        lanes::RequestState::WantsACore => WorkerState::WantsACore,
        lanes::RequestState::Ready
        | lanes::RequestState::Parked
        | lanes::RequestState::AtTheDoor => WorkerState::Idle,
    });
    if let Some(new) = new {
        let waits = if new.has_run {
            WorkerState::Idle
        } else {
            WorkerState::Booting
        };
        return runs.unwrap_or(waits);
    }
    match WorkerState::of(seen.phase, seen.is_stopped, false) {
        life @ (WorkerState::Gone | WorkerState::Stopped | WorkerState::Draining) => life,
        WorkerState::Booting => runs.unwrap_or(WorkerState::Booting),
        WorkerState::Idle
        | WorkerState::Running
        | WorkerState::WantsACore
        | WorkerState::Asleep
        | WorkerState::Blocked => runs.unwrap_or(WorkerState::Idle),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_engine::telemetry::Phase;

    /// Returns the state at 30 of a worker, last seen blocked at 10, whose process ended at `died`; the
    /// next was forked at 20.
    fn killed(died: u64, runs: Option<lanes::RequestState>, has_run: bool) -> WorkerState {
        let is_at = WorkerInstant {
            doing: runs,
            died: Some(Stamp(died)),
            process: Some(Process {
                pid: 8,
                forked: Stamp(20),
                has_run,
            }),
            ..WorkerInstant::default()
        };
        let seen = WorkerSample {
            pid: 7,
            phase: Phase::Blocked,
            ..WorkerSample::default()
        };
        let mut picture = WorkerView::default();
        let between = (Stamp(10), Stamp(30));
        picture.show_instant(&is_at, &seen, between, WorkerKind::Sync);
        assert_eq!(picture.pid, 8);
        picture.doing
    }

    #[test]
    fn a_process_that_has_replaced_a_dead_one_since_the_last_look_is_there() {
        for died in [15, 20] {
            let blocked = Some(lanes::RequestState::Blocked);
            assert_eq!(killed(died, blocked, true), WorkerState::Blocked);
            assert_eq!(killed(died, None, true), WorkerState::Idle);
            assert_eq!(killed(died, None, false), WorkerState::Booting);
        }
    }

    #[test]
    fn a_worker_whose_process_has_ended_since_the_last_look_is_gone() {
        let is_at = WorkerInstant {
            died: Some(Stamp(15)),
            process: Some(Process {
                pid: 7,
                forked: Stamp(1),
                has_run: true,
            }),
            ..WorkerInstant::default()
        };
        let seen = WorkerSample {
            phase: Phase::Blocked,
            ..WorkerSample::default()
        };
        assert_eq!(worker_state(&is_at, &seen, Stamp(10)), WorkerState::Gone);
    }
}
