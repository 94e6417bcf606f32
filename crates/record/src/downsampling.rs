//! Bounded memory for runs of any length: when there are too many switches, all switches of every other
//! request are dropped. Requests are dropped as a whole, since half of a request's switches would show
//! something that never happened.

use super::Recording;
use concsim_engine::telemetry::{Event, NO_REQUEST};

/// Maximum number of switches kept: about 80 MB.
pub(super) const SWITCHES_KEPT: usize = 1 << 20;
/// Maximum of `one_in`. Beyond it few requests are left, and a single request may have too many switches:
/// its later ones are dropped.
const RAREST: u32 = 1 << 20;

impl Recording {
    /// Adds a switch of `worker` if its request is kept; returns true if it was added.
    pub(super) fn note_switch(&mut self, worker: u16, switch: Event) -> bool {
        let has_room = self.one_in < RAREST || self.switches.len() < SWITCHES_KEPT;
        let kept = has_room && is_one_in(self.one_in, &switch);
        if kept {
            self.push_switch(worker, switch);
        } else {
            self.thinned_switches += 1;
        }
        while self.switches.len() > SWITCHES_KEPT && self.one_in < RAREST {
            self.thin();
        }
        kept
    }

    pub(super) fn push_switch(&mut self, worker: u16, switch: Event) {
        if matches!(switch, Event::Preempted { .. }) {
            self.preempted.push(self.switches.len());
        }
        self.switches.push((worker, switch));
    }

    /// Drops the switches of every other remaining request.
    fn thin(&mut self) {
        self.one_in *= 2;
        let (mut read, mut kept) = (0, 0);
        let mut all_samples = std::mem::take(&mut self.samples);
        let mut samples = all_samples.iter_mut().peekable();
        let switches = std::mem::take(&mut self.switches);
        let before = switches.len();
        self.switches.reserve(SWITCHES_KEPT / 2);
        self.preempted.clear();
        for (worker, switch) in switches {
            while let Some(sample) = samples.next_if(|sample| sample.seen.switches <= read) {
                sample.seen.switches = kept;
            }
            read += 1;
            if is_one_in(self.one_in, &switch) {
                kept += 1;
                self.push_switch(worker, switch);
            }
        }
        for sample in samples {
            sample.seen.switches = kept;
        }
        self.samples = all_samples;
        self.thinned_switches += (before - self.switches.len()) as u64;
    }
}

/// True if the switch belongs to a request whose number is divisible by `one_in`. Switches that belong to
/// no request are dropped first.
fn is_one_in(one_in: u32, switch: &Event) -> bool {
    let request = match switch {
        Event::RunSlice(ran) => ran.request,
        Event::BlockedIn { request, .. }
        | Event::Preempted { request, .. }
        | Event::Awaits { request, .. } => *request,
        _ => NO_REQUEST,
    };
    one_in == 1 || (request != NO_REQUEST && request.is_multiple_of(one_in))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Synthetic;
    use crate::{ListLengths, Sample};
    use concsim_engine::telemetry::Outcome;
    use concsim_model::scenario::WorkerKind;
    use concsim_model::units::Stamp;

    fn switch(request: u32) -> Event {
        Event::BlockedIn {
            from: Stamp(u64::from(request)),
            to: Stamp(u64::from(request) + 1),
            task: 0,
            request,
        }
    }

    #[test]
    fn one_request_with_too_many_switches_does_not_go_on_for_ever() {
        let mut recording = Synthetic::idle(WorkerKind::Sync, 1).recording();
        recording.switches.clear();
        let all = SWITCHES_KEPT as u64 + 10;
        for _ in 0..all {
            recording.note_switch(0, switch(0));
        }
        let kept = recording.switches.len();
        assert!(kept <= SWITCHES_KEPT + 1);
        assert_eq!(kept as u64 + recording.thinned_switches, all);
    }

    #[test]
    fn too_many_switches_lose_every_other_request_and_say_how_many() {
        let mut recording = Synthetic::idle(WorkerKind::Sync, 1).recording();
        recording.samples.clear();
        recording.switches.clear();
        let all = SWITCHES_KEPT as u32 + 1;
        for request in 0..all {
            if request == 1_000 {
                let seen = ListLengths {
                    switches: recording.switches.len(),
                    ..recording.seen()
                };
                recording.samples.push(Sample {
                    seen,
                    ..Sample::default()
                });
            }
            recording.note_switch(0, switch(request));
        }
        recording.note_switch(0, switch(all));
        assert_eq!(recording.one_in, 2);
        assert!(recording.switches.len() <= SWITCHES_KEPT);
        let kept = recording.switches.len() as u64;
        assert_eq!(kept + recording.thinned_switches, u64::from(all) + 1);
        assert_eq!(recording.samples[0].seen.switches, 500);
        let seen = &recording.switches[..recording.samples[0].seen.switches];
        assert!(seen.iter().all(|(_, switch)| {
            let Event::BlockedIn { request, .. } = switch else {
                return false;
            };
            *request < 1_000 && request.is_multiple_of(2)
        }));
        let _: &[Outcome] = &recording.outcomes;
    }
}
