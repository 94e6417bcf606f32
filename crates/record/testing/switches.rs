//! Switches of a synthetic run: derived from each life, so that they agree with the rest.

use super::{RequestLife, Synthetic};
use crate::Recording;
use concsim_engine::telemetry::{Event, RunSlice, SwitchReason};
use concsim_model::scenario::{Draw, RequestCapacity, Step};
use concsim_model::units::Stamp;

/// State of a worker, as in its slot.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WorkerState {
    pub(super) since: Option<Stamp>,
    pub(super) request: Option<u32>,
    pub(super) phase_since: Stamp,
    pub(super) computes: bool,
}

/// The two run slices of one life, with a wait between them.
#[derive(Clone, Copy, Debug)]
struct LifeSlices {
    first: (u64, u64),
    /// Interval of computing without a core, in the middle of the first slice.
    without_core: (u64, u64),
    second: (u64, u64),
}

impl Synthetic {
    /// Returns `RunSlice`, `BlockedIn` and `Preempted` of every accepted request, in order of publication.
    pub(super) fn switches(&self, lives: &[(u32, RequestLife)]) -> Vec<(u16, Event)> {
        let mut switches: Vec<(u64, u16, Event)> = Vec::new();
        for (request, life) in lives.iter().filter(|(_, life)| life.taken()) {
            let worker = life.worker as u16;
            for (at, event) in self.switches_of(*request, life) {
                switches.push((at, worker, event));
            }
        }
        switches.sort_by_key(|(at, worker, _)| (*at, *worker));
        let strip = |(_, worker, event)| (worker, event);
        switches.into_iter().map(strip).collect()
    }

    fn switches_of(&self, request: u32, life: &RequestLife) -> Vec<(u64, Event)> {
        let LifeSlices {
            first,
            without_core,
            second,
        } = self.stretches(life);
        let core = Some((life.worker % self.cores) as u32);
        let (task, between) = (request, (Stamp(first.1), Stamp(second.0)));
        let ran = |ready: u64, (from, to): (u64, u64), then| {
            let (ready, from, to) = (Stamp(ready), Stamp(from), Stamp(to));
            let ran = RunSlice {
                ready,
                from,
                to,
                task,
                request,
                then,
                due: None,
                core,
            };
            (to.0, Event::RunSlice(ran))
        };
        let mut switches = Vec::new();
        if without_core.0 < without_core.1 {
            let (from, to) = (Stamp(without_core.0), Stamp(without_core.1));
            let preempted = Event::Preempted {
                from,
                to,
                task,
                request,
                core,
            };
            switches.push((to.0, preempted));
        }
        if life.waited == 0 {
            switches.push(ran(
                life.accepted(),
                (first.0, second.1),
                SwitchReason::Ended,
            ));
            return switches;
        }
        switches.push(ran(life.accepted(), first, SwitchReason::Service));
        if self.scenario.server.kind.begins() == RequestCapacity::One {
            let (from, to) = between;
            let blocked = Event::BlockedIn {
                from,
                to,
                task,
                request,
            };
            switches.push((to.0, blocked));
        }
        switches.push(ran(second.0, second, SwitchReason::Ended));
        switches
    }

    /// Time at which a request yields its worker for its wait.
    pub(super) fn run_ends_at(&self, life: &RequestLife) -> u64 {
        self.stretches(life).first.1
    }

    fn stretches(&self, life: &RequestLife) -> LifeSlices {
        let begin = life.accepted() + life.ready;
        let first = (life.cpu as f64 * self.share_before_the_wait(life.class)) as u64;
        let off = (begin + first / 2, begin + first / 2 + life.core_wait);
        let run_ended = begin + first + life.core_wait;
        LifeSlices {
            first: (begin, run_ended),
            without_core: off,
            second: (run_ended + life.waited, life.written()),
        }
    }

    /// Share of its computing that a request does before it waits.
    fn share_before_the_wait(&self, class: u16) -> f64 {
        let request = &self.scenario.requests[usize::from(class)];
        let (mut before, mut all, mut waits) = (0, 0, false);
        for step in &request.script {
            match step {
                Step::Compute {
                    cpu: Draw::Fixed(cpu),
                    ..
                } => {
                    all += cpu;
                    before += if waits { 0 } else { *cpu };
                }
                _ => waits = true,
            }
        }
        before as f64 / all.max(1) as f64
    }

    /// State of worker `index`.
    pub(super) fn runs_at(&self, index: usize, at: Stamp) -> WorkerState {
        let mut lives = self.lives.clone();
        lives.sort_by_key(|life| life.due);
        let lives = (0..).zip(lives).filter(|(_, life)| {
            life.taken() && life.worker == index && life.accepted() <= at.0 && at.0 < life.written()
        });
        for (request, life) in lives {
            let LifeSlices { first, second, .. } = self.stretches(&life);
            let has = |(from, to): (u64, u64)| from <= at.0 && at.0 < to;
            let computes = has(first) || has(second);
            let phase_since = match at.0 {
                at if at >= second.0 => second.0,
                at if at >= first.1 => first.1,
                _ => first.0,
            };
            let (since, is_its) = match self.scenario.server.kind.begins() {
                RequestCapacity::One | RequestCapacity::OneForEachThread => (life.accepted(), true),
                RequestCapacity::OneForEachConnection => (phase_since, computes),
            };
            if is_its {
                return WorkerState {
                    since: Some(Stamp(since)),
                    request: Some(request),
                    phase_since: Stamp(phase_since),
                    computes,
                };
            }
        }
        WorkerState {
            phase_since: at,
            ..WorkerState::default()
        }
    }
}

/// Sets in each sample the lengths of the lists by then.
pub fn read_sample_by_sample(recording: &mut Recording) {
    let published = |switch: &Event| match switch {
        Event::RunSlice(ran) => ran.to,
        Event::BlockedIn { to, .. } | Event::Preempted { to, .. } => *to,
        Event::Accepted { at, .. } | Event::Awaits { at, .. } => *at,
        Event::Waited(parts) => parts.at,
        Event::Served(served) => served.written,
        _ => Stamp::ZERO,
    };
    let all = recording.seen();
    for sample in &mut recording.samples {
        let at = sample.at;
        let (outcomes, sent) = (&recording.outcomes, &recording.sent);
        let (events, switches) = (&recording.events, &recording.switches);
        sample.seen = crate::ListLengths {
            outcomes: outcomes.partition_point(|it| it.done <= at),
            sent: sent.partition_point(|it| it.sent <= at),
            events: events.partition_point(|(_, it)| published(it) <= at),
            switches: switches.partition_point(|(_, it)| published(it) <= at),
            ..all
        };
    }
}

impl Recording {
    /// Returns the recording with these switches added.
    #[must_use]
    pub fn with_switches(mut self, switches: impl IntoIterator<Item = (u16, Event)>) -> Self {
        for (worker, switch) in switches {
            self.push_switch(worker, switch);
        }
        self
    }
}
