//! Made-up runs of a foreign server: the same requests, seen from outside.

use super::{ListLengths, Recording, WorkerSample};
use concsim_engine::telemetry::{Phase, Reading};
use concsim_model::units::Stamp;

/// Returns what is seen of a run if its server is foreign and has `queued` connections in its accept queue from the
/// beginning of its clock on.
#[must_use]
pub fn seen_from_outside(mut recording: Recording, queued: u64) -> Recording {
    recording.header.scenario.server.command = Some("serve {address}".into());
    recording.events.clear();
    recording.switches.clear();
    recording.preempted.clear();
    recording.answers.clear();
    recording.event_count = 0;
    for sample in &mut recording.samples {
        sample.seen = ListLengths {
            events: 0,
            switches: 0,
            answers: 0,
            event_count: 0,
            ..sample.seen
        };
        sample.queued = Some(Reading {
            count: queued,
            changed_at: Stamp::ZERO,
            integral: 0,
        });
        for worker in &mut sample.workers {
            *worker = WorkerSample {
                index: worker.index,
                pid: worker.pid,
                phase: Phase::Asleep,
                core: worker.core,
                cpu: worker.cpu,
                voluntary: worker.voluntary,
                involuntary: worker.involuntary,
                ..WorkerSample::default()
            };
        }
    }
    recording
}
