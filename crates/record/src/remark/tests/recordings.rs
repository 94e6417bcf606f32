//! Recordings for the tests of remarks: mostly `io_bound` and ten idle workers, changed in one place.

use super::NOW;
use crate::synthetic::{Demand, MS, RequestLife, Synthetic, scenario};
use crate::{Recording, Sample, WorkerSample};
use concsim_engine::telemetry::{Event, Failure, Marker, Phase, TerminationCause};
use concsim_model::scenario::Intervention;
use concsim_model::scenario::WorkerKind::{self, Coroutine, Sync};
use concsim_model::units::Stamp;

pub(super) fn io_bound(kind: WorkerKind, change: impl FnOnce(&mut Synthetic)) -> Recording {
    let mut run = Synthetic::io_bound(kind);
    change(&mut run);
    run.recording()
}

/// Changes each sample of a recording.
pub(super) fn with_samples(mut recording: Recording, change: impl Fn(&mut Sample)) -> Recording {
    recording.samples.iter_mut().for_each(change);
    recording
}

pub(super) fn with_workers(
    recording: Recording,
    change: impl Fn(&mut WorkerSample, Stamp),
) -> Recording {
    with_samples(recording, |sample| {
        let at = sample.at;
        sample.workers.iter_mut().for_each(|it| change(it, at));
    })
}

pub(super) fn with_lives(change: impl Fn(&mut RequestLife)) -> Recording {
    io_bound(Coroutine, |run| run.lives.iter_mut().for_each(change))
}

/// The process of worker B ends just before now.
pub(super) fn with_a_death(status: i32) -> Recording {
    with_a_termination(status, None)
}

/// A recording with such a death, and the arbiter's cause.
pub(super) fn with_a_termination(status: i32, cause: Option<TerminationCause>) -> Recording {
    with_a_death_of(io_bound(Sync, |_| {}), 1, (status, cause))
}

/// The process of this worker ends just before now.
pub(super) fn with_a_death_of(
    mut recording: Recording,
    worker: u16,
    (status, cause): (i32, Option<TerminationCause>),
) -> Recording {
    let at = Stamp(NOW.0 - 200 * MS);
    let before = recording.snapshot_at(at).unwrap().sample().seen.events;
    let died = Event::Died {
        at,
        worker: u32::from(worker),
        pid: 4242 + u32::from(worker),
        status,
        cause,
    };
    recording.events.insert(before, (worker, died));
    with_samples(recording, |sample| {
        if sample.at > at {
            sample.seen.events += 1;
            sample.workers[usize::from(worker)].phase = Phase::Gone;
        }
    })
}

pub(super) fn steered(interventions: &[(u64, Intervention, Option<u16>)]) -> Recording {
    marked(io_bound(Sync, |_| {}), interventions)
}

/// A recording with these interventions, by milliseconds.
pub(super) fn marked(
    mut recording: Recording,
    interventions: &[(u64, Intervention, Option<u16>)],
) -> Recording {
    let markers = interventions
        .iter()
        .map(|(at, intervention, worker)| Marker {
            at: Stamp(at * MS),
            intervention: *intervention,
            worker: *worker,
            timeline_event: None,
        });
    recording.markers = markers.collect();
    let markers = recording.markers.clone();
    with_samples(recording, |sample| {
        sample.seen.markers = markers.partition_point(|marker| marker.at <= sample.at);
    })
}

/// Adds a worker, by the timeline or by hand.
pub(super) fn changed_by_timeline(event: Option<u16>) -> Recording {
    let mut recording = steered(&[(3_000, Intervention::AddWorker, None)]);
    let markers = recording.markers.iter_mut();
    markers.for_each(|marker| marker.timeline_event = event);
    recording
}

pub(super) fn counting(counter: (u64, u64)) -> Recording {
    let recording = io_bound(Coroutine, |run| {
        run.scenario.counters = vec!["visits".into()];
    });
    with_workers(recording, |worker, _| worker.counters = vec![counter])
}

pub(super) fn wanting_a_core(others: f64) -> Recording {
    io_bound(Sync, |run| {
        run.others = others;
        // Each of the two workers is without a core for half of the time.
        for life in &mut run.lives {
            life.core_wait = life.waited / 2;
            life.waited -= life.core_wait;
        }
    })
}

/// Worker A has been held for `milliseconds` by a request of this class: 0 is one in fifty of 100 ms, 1 is
/// short.
pub(super) fn holding(milliseconds: u64, class: u16) -> Recording {
    let mut run = Synthetic::hog(Coroutine);
    // The short ones are the first kind of that scenario.
    run.scenario.server.workers = 2;
    let mut recording = run.recording();
    for sent in recording.sent.iter_mut().filter(|sent| sent.request == 1) {
        sent.class = class;
    }
    with_workers(recording, |worker, at| {
        let since = Stamp(at.0.saturating_sub(milliseconds * MS));
        let has_it = worker.index == 0;
        worker.phase = if has_it { Phase::Running } else { Phase::Idle };
        worker.running_since = has_it.then_some(since);
        worker.running_request = has_it.then_some(1);
        worker.begun.count = if has_it { 3 } else { 0 };
    })
}

/// Ten idle workers; the tenth is changed in each sample.
pub(super) fn tenth_of_ten(
    kind: WorkerKind,
    change: impl Fn(&mut WorkerSample, Stamp),
) -> Recording {
    let run = idle_ten(kind);
    with_workers(run.recording(), |worker, at| {
        if worker.index == 9 {
            change(worker, at);
        } else {
            worker.phase = Phase::Idle;
        }
    })
}

/// Ten workers and no request.
pub(super) fn idle_ten(kind: WorkerKind) -> Synthetic {
    let mut run = Synthetic::idle(kind, 10);
    run.cores = 4;
    run
}

/// An idle server to which one request comes, which computes for `cpu` milliseconds.
pub(super) fn computing_at_once(cpu: u64) -> Recording {
    let mut run = Synthetic::idle(Coroutine, 2);
    run.lives.push(RequestLife {
        due: 3_200 * MS,
        cpu: cpu * MS,
        ..RequestLife::default()
    });
    run.recording()
}

/// Gives a worker `begun` requests and a phase.
pub(super) fn take(worker: &mut WorkerSample, phase: Phase, begun: u64) {
    worker.phase = phase;
    worker.begun.count = begun;
    worker.ready = begun.saturating_sub(1);
}

/// Puts `requests` requests at the door, all the time.
pub(super) fn with_a_door(recording: Recording, requests: u64) -> Recording {
    with_samples(recording, |sample| {
        let begun: u64 = sample.workers.iter().map(|worker| worker.begun.count).sum();
        sample.load.sent = sample.load.ended + begun + requests;
        let in_system = &mut sample.load.in_system;
        in_system.changed_at = sample.at;
        in_system.integral = in_system
            .integral
            .wrapping_add(requests.wrapping_mul(sample.at.0));
    })
}

/// Clients of sync workers that each leave `after` nanoseconds after sending their request.
pub(super) fn abandoned(after: u64) -> Recording {
    let mut recording = io_bound(Sync, |_| {});
    give_up(&mut recording, after, |_| true);
    recording
}

/// Lets the clients of these requests leave `after` nanoseconds after sending, if they have no answer yet.
pub(super) fn give_up(recording: &mut Recording, after: u64, owner: impl Fn(u32) -> bool) {
    for outcome in recording.outcomes.iter_mut().filter(|it| owner(it.request)) {
        let left = Stamp(outcome.sent.0 + after);
        if left < outcome.done {
            (outcome.failure, outcome.done) = (Some(Failure::Timeout), left);
        }
    }
    recording.outcomes.sort_by_key(|outcome| outcome.done);
    crate::synthetic::read_sample_by_sample(recording);
}

pub(super) fn all_in(phase: Phase) -> Recording {
    with_workers(io_bound(Coroutine, |_| {}), |worker, _| {
        // Since the beginning of the run, so that its end is not in the log.
        (worker.phase, worker.phase_since) = (phase, Stamp::ZERO);
    })
}

/// Eight clients, 20 ms of computing each time, and perhaps a wait.
pub(super) fn computing(kind: WorkerKind, workers: usize, waits: u64) -> Recording {
    let wait = match waits {
        0 => String::new(),
        wait => format!(r#", "call billing {wait}ms""#),
    };
    let text = format!(
        r#"
        server.workers = {workers}
        requests.sum.steps = ["compute 20ms"{wait}]
        load.clients = 8
        "#
    );
    let mut run = Synthetic::new(kind.word(), scenario(&text, kind));
    let demand = Demand {
        cpu: 20 * MS,
        waited: waits * MS,
    };
    run.play_closed(8, 0, demand);
    run.recording()
}

/// Sixty clients that stand at the door for a moment.
pub(super) fn with_room_for(connections: usize) -> Recording {
    io_bound(Coroutine, |run| {
        run.scenario.server.connections = connections;
        run.lives.iter_mut().for_each(|life| life.door = 3 * MS);
    })
}

/// One worker that computes 100 ms for each request.
pub(super) fn asked(rate: f64) -> Recording {
    let text = format!(
        r#"
        requests.short.steps = ["compute 1ms"]
        requests.long.steps = ["compute 100ms"]
        load.rate = "{rate}/s"
        "#
    );
    let mut run = Synthetic::new("sync", scenario(&text, Sync));
    run.scenario.server.workers = 1;
    run.play_open(rate, |_| 1);
    run.recording()
}

/// One request in the last second, which waits for `waited` milliseconds.
pub(super) fn asked_once(waited: u64) -> Recording {
    let mut run = Synthetic::idle(Sync, 2);
    run.lives.push(RequestLife {
        due: NOW.0 - 900 * MS,
        waited: waited * MS,
        ..RequestLife::default()
    });
    with_workers(run.recording(), |worker, _| {
        // As more frequent samples would show: idle most of the time.
        worker.phase = Phase::Idle;
    })
}

/// Three requests that failed within a second before `until`.
pub(super) fn failing_until(until: Stamp) -> Recording {
    io_bound(Sync, |run| {
        let ended = |life: &&mut RequestLife| {
            let done = life.due + life.late + life.door + life.cpu + life.waited + life.tail;
            until.0 - 900 * MS < done && done < until.0 - 100 * MS
        };
        for life in run.lives.iter_mut().filter(ended).take(3) {
            life.failure = Some(Failure::Timeout);
            // It ends at the time at which it would have been answered.
            life.door += life.cpu + life.waited;
            (life.cpu, life.waited) = (0, 0);
        }
    })
}

pub(super) fn accepting(a: u64, b: u64) -> Recording {
    with_workers(io_bound(Coroutine, |_| {}), |worker, _| {
        worker.accepted = if worker.index == 0 { a } else { b };
    })
}

pub(super) fn dropping(events: u64) -> Recording {
    with_samples(io_bound(Coroutine, |_| {}), |sample| {
        sample.seen.dropped_events = events;
    })
}

pub(super) fn beginning_at(milliseconds: u64) -> Recording {
    let mut recording = io_bound(Coroutine, |_| {});
    recording.header.began = Stamp(milliseconds * MS);
    recording
}

/// The same recording, of a file that sets the number of requests.
pub(super) fn counted_out(mut recording: Recording) -> Recording {
    recording.header.scenario.load.requests = Some(60);
    recording
}

pub(super) fn one_in(one_in: u32) -> Recording {
    let mut recording = io_bound(Coroutine, |_| {});
    recording.one_in = one_in;
    let dropped = u64::from(one_in - 1) * 100;
    with_samples(recording, |sample| sample.seen.thinned_switches = dropped)
}

/// One request in twenty computes for 50 ms, the others for half a millisecond.
pub(super) fn hog_scenario(workers: usize) -> concsim_model::scenario::Scenario {
    let text = format!(
        r#"
        server.workers = {workers}
        requests.short = {{ weight = 19, steps = ["compute 500us"] }}
        requests.hog = {{ weight = 1, steps = ["compute 90ms"] }}
        load.rate = "100/s"
        "#
    );
    scenario(&text, Coroutine)
}

/// Requests that compute a little and wait long.
pub(super) fn parking_scenario(workers: usize) -> concsim_model::scenario::Scenario {
    let text = format!(
        r#"
        server.workers = {workers}
        requests.page.steps = ["compute 1ms", "call billing 1s"]
        load.clients = 2
        "#
    );
    scenario(&text, Coroutine)
}
