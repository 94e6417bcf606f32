//! Tests of lanes.

mod threads;

use proptest::prelude::*;

use super::*;
use crate::synthetic::{MS, S, Synthetic};
use crate::{Recording, Sample, WorkerSample};
use concsim_engine::telemetry::{
    Event, Failure, NO_REQUEST, Outcome, Phase, RunSlice, SentRequest, SwitchReason, WaitPurpose,
};
use concsim_model::scenario::WorkerKind::{self, Coroutine, Sync};

/// Interval from the beginning to `to`.
fn up_to(to: Stamp) -> Interval {
    Interval {
        from: Stamp::ZERO,
        to,
    }
}

/// All lanes of a recording, as known at `at`.
fn lives(recording: &Recording, at: Stamp) -> Vec<Vec<(RequestState, u64, u64)>> {
    let mut index = Index::default();
    index.extend(recording);
    let lanes = Lanes::new(&index, recording.snapshot_at(at).unwrap());
    let requests = lanes.requests(up_to(at)).into_iter();
    let spans = requests.map(|request| lanes.request(request, up_to(at)).spans);
    let plain = |span: Span| (span.doing, span.from.0, span.to.0);
    spans
        .map(|spans| spans.into_iter().map(plain).collect())
        .collect()
}

fn three_requests(kind: WorkerKind) -> Recording {
    Synthetic::three_requests(kind).recording()
}

const SENT: u64 = 20_000;
const ACCEPTED: u64 = 70_000;

#[test]
fn three_requests_to_a_sync_worker_follow_one_another() {
    use RequestState::{AtTheDoor, Blocked, Running};
    let life = |number: u64| {
        let taken = ACCEPTED + number * 1_400 * MS;
        vec![
            (AtTheDoor, SENT, taken),
            (Running, taken, taken + 200 * MS),
            (Blocked, taken + 200 * MS, taken + 1_200 * MS),
            (Running, taken + 1_200 * MS, taken + 1_400 * MS),
        ]
    };
    let lives = lives(&three_requests(Sync), Stamp(5 * S));
    assert_eq!(lives, [0, 1, 2].map(life));
}

#[test]
fn three_requests_to_a_coroutine_worker_wait_at_the_same_time() {
    use RequestState::{AtTheDoor, Parked, Ready, Running};
    let life = |number: u64| {
        let runs = ACCEPTED + number * 200 * MS;
        let mut life = vec![
            (AtTheDoor, SENT, ACCEPTED),
            (Ready, ACCEPTED, runs),
            (Running, runs, runs + 200 * MS),
            (Parked, runs + 200 * MS, runs + 1_200 * MS),
            (Running, runs + 1_200 * MS, runs + 1_400 * MS),
        ];
        life.retain(|(_, from, to)| from < to);
        life
    };
    let lives = lives(&three_requests(Coroutine), Stamp(2 * S));
    assert_eq!(lives, [0, 1, 2].map(life));
}

#[test]
fn unfinished_activity_is_taken_from_the_newest_sample() {
    use RequestState::{AtTheDoor, Blocked, Parked, Running};
    let half = S / 2;
    let sync = lives(&three_requests(Sync), Stamp(half));
    let first = [
        (AtTheDoor, SENT, ACCEPTED),
        (Running, ACCEPTED, ACCEPTED + 200 * MS),
        (Blocked, ACCEPTED + 200 * MS, half),
    ];
    assert_eq!(sync[0], first);
    assert_eq!(sync[1], [(AtTheDoor, SENT, half)]);
    let coroutine = lives(&three_requests(Coroutine), Stamp(half));
    assert_eq!(
        coroutine[0].last(),
        Some(&(Parked, ACCEPTED + 200 * MS, half))
    );
    assert_eq!(
        coroutine[2].last(),
        Some(&(Running, ACCEPTED + 400 * MS, half))
    );
}

#[test]
fn a_core_has_one_worker_after_the_other() {
    let recording = three_requests(Coroutine);
    let mut index = Index::default();
    index.extend(&recording);
    let lanes = Lanes::new(&index, recording.present().unwrap());
    let cores = lanes.cores(up_to(Stamp(2 * S)));
    let held = |from: u64, to: u64| CoreInterval {
        worker: 0,
        from: Stamp(ACCEPTED + from * MS),
        to: Stamp(ACCEPTED + to * MS),
    };
    assert_eq!(cores.len(), 2, "the machine has two");
    assert_eq!(cores[0].held, [held(0, 600), held(1_200, 1_800)]);
    assert!(cores[1].held.is_empty());
    assert_eq!(lanes.ran(up_to(Stamp(2 * S))), 1_200 * MS);
}

fn ran(request: u32, from: u64, to: u64, core: Option<u32>) -> Event {
    Event::RunSlice(RunSlice {
        ready: Stamp(from),
        from: Stamp(from),
        to: Stamp(to),
        task: request,
        request,
        then: SwitchReason::Ended,
        due: None,
        core,
    })
}

/// Recording of requests that were all sent at once, with these switches.
fn recording(switches: Vec<(u16, Event)>, sample: Sample) -> Recording {
    let mut recording = Synthetic::idle(Coroutine, 4).recording();
    recording.samples.clear();
    let sent = |request| SentRequest {
        request,
        class: 0,
        due: Stamp::ZERO,
        sent: Stamp::ZERO,
        connection: None,
        opened: false,
    };
    recording.sent = (0..8).map(sent).collect();
    recording.switches = switches;
    let seen = recording.seen();
    recording.samples.push(Sample { seen, ..sample });
    recording
}

#[test]
fn of_two_that_claim_a_core_the_later_one_had_it() {
    use RequestState::{AtTheDoor, Running, WantsACore};
    let switches = vec![(0, ran(0, 10, 100, Some(0))), (1, ran(1, 40, 60, Some(0)))];
    let sample = Sample {
        at: Stamp(100),
        ..Sample::default()
    };
    let lives = lives(&recording(switches, sample), Stamp(100));
    let interrupted = [
        (AtTheDoor, 0, 10),
        (Running, 10, 40),
        (WantsACore, 40, 60),
        (Running, 60, 100),
    ];
    assert_eq!(lives[0], interrupted);
    assert_eq!(lives[1], [(AtTheDoor, 0, 40), (Running, 40, 60)]);
}

#[test]
fn where_cores_have_no_numbers_no_more_run_than_there_are() {
    use RequestState::{AtTheDoor, Running, WantsACore};
    let switches = (0..3)
        .map(|worker: u16| {
            let from = u64::from(worker) * 10 + 10;
            (worker, ran(u32::from(worker), from, 100, None))
        })
        .collect();
    let sample = Sample {
        at: Stamp(100),
        ..Sample::default()
    };
    let recording = recording(switches, sample);
    let first = [(AtTheDoor, 0, 10), (Running, 10, 30), (WantsACore, 30, 100)];
    assert_eq!(lives(&recording, Stamp(100))[0], first);
    let mut index = Index::default();
    index.extend(&recording);
    let lanes = Lanes::new(&index, recording.present().unwrap());
    assert!(!lanes.cores_are_known());
    let cores = lanes.cores(up_to(Stamp(100)));
    let workers = |lane: &CoreLane| lane.held.iter().map(|held| held.worker).collect();
    let rows: Vec<Vec<u16>> = cores.iter().map(workers).collect();
    assert_eq!(rows, [vec![0, 2], vec![1]]);
}

/// A sample at `at` of one worker, process 7, that has been at request 0 since 10.
fn at_request_0(at: u64, wants_a_core: bool) -> Sample {
    let worker = WorkerSample {
        pid: 7,
        phase: Phase::Running,
        running_since: Some(Stamp(10)),
        running_request: Some(0),
        wants_a_core,
        ..WorkerSample::default()
    };
    Sample {
        at: Stamp(at),
        workers: vec![worker],
        ..Sample::default()
    }
}

/// Recording in which request 0 was sampled running at 50 and its worker died at 80.
fn killed() -> Recording {
    let mut recording = recording(Vec::new(), at_request_0(50, false));
    let died = Event::Died {
        at: Stamp(80),
        worker: 0,
        pid: 7,
        status: -9,
        cause: None,
    };
    recording.events = vec![(0, died)];
    recording.samples.push(Sample {
        at: Stamp(100),
        ..Sample::default()
    });
    recording
}

#[test]
fn a_run_that_its_worker_did_not_live_to_report_is_drawn_up_to_its_death() {
    let life = [
        (RequestState::AtTheDoor, 0, 10),
        (RequestState::Running, 10, 80),
    ];
    assert_eq!(lives(&killed(), Stamp(100))[0], life);
}

#[test]
fn a_worker_goes_on_with_a_request_whose_client_has_left_up_to_its_death() {
    for (failure, end) in [(Failure::Timeout, 80), (Failure::Reset, 60)] {
        let mut recording = killed();
        recording.outcomes = vec![Outcome {
            request: 0,
            class: 0,
            status: 0,
            failure: Some(failure),
            opened: false,
            due: Stamp::ZERO,
            sent: Stamp::ZERO,
            first_byte: Stamp::ZERO,
            done: Stamp(60),
            unread: None,
        }];
        let life = [
            (RequestState::AtTheDoor, 0, 10),
            (RequestState::Running, 10, end),
        ];
        assert_eq!(lives(&recording, Stamp(100))[0], life, "{failure:?}");
    }
}

#[test]
fn the_activity_of_a_worker_before_it_was_seen_without_a_core_is_open() {
    let mut recording = recording(Vec::new(), at_request_0(50, false));
    recording.samples.push(at_request_0(100, true));
    recording.samples.push(at_request_0(150, true));
    let mut index = Index::default();
    index.extend(&recording);
    let lanes = Lanes::new(&index, recording.present().unwrap());
    let span = |doing, from, to, is_open| Span {
        doing,
        queue: None,
        from: Stamp(from),
        to: Stamp(to),
        is_open,
    };
    let life = [
        span(RequestState::AtTheDoor, 0, 10, false),
        span(RequestState::Running, 10, 50, false),
        span(RequestState::Running, 50, 100, true),
        span(RequestState::WantsACore, 100, 150, false),
    ];
    assert_eq!(lanes.request(0, up_to(Stamp(150))).spans, life);
}

/// Recording of a worker with a loop in which request 0 yields at 40 for this reason; request 1 runs since
/// then.
fn yielding_for(then: SwitchReason, due: Option<Stamp>) -> Recording {
    let slice = Event::RunSlice(RunSlice {
        ready: Stamp(10),
        from: Stamp(10),
        to: Stamp(40),
        task: 0,
        request: 0,
        then,
        due,
        core: Some(0),
    });
    let worker = WorkerSample {
        pid: 7,
        phase: Phase::Running,
        running_since: Some(Stamp(40)),
        running_request: Some(1),
        ..WorkerSample::default()
    };
    let sample = Sample {
        at: Stamp(100),
        workers: vec![worker],
        ..Sample::default()
    };
    let mut recording = recording(vec![(0, slice)], sample.clone());
    recording.samples.push(Sample {
        at: Stamp(150),
        ..sample
    });
    recording
}

/// The spans of request 0 up to the newest sample, with whether each is open.
fn spans_of_0(recording: &Recording) -> Vec<(RequestState, Option<WaitPurpose>, u64, u64, bool)> {
    let mut index = Index::default();
    index.extend(recording);
    let lanes = Lanes::new(&index, recording.present().unwrap());
    let spans = lanes.request(0, up_to(Stamp(150))).spans.into_iter();
    let plain = |it: Span| (it.doing, it.queue, it.from.0, it.to.0, it.is_open);
    spans.map(plain).collect()
}

#[test]
fn a_wait_is_reported_in_the_parts_that_its_worker_named_in_whatever_order() {
    let mut recording = yielding_for(SwitchReason::Service, None);
    let awaits = |at, part| {
        let (task, request) = (0, 0);
        let at = Stamp(at);
        (
            0,
            Event::Awaits {
                at,
                task,
                request,
                part,
            },
        )
    };
    // In the order of the ring: a queue in a service is reported when it is over.
    let parts = [
        awaits(40, WaitPurpose::Connection),
        awaits(90, WaitPurpose::Answer),
        awaits(60, WaitPurpose::Queue),
    ];
    recording.switches.extend(parts);
    let waits = [
        (
            RequestState::Parked,
            Some(WaitPurpose::Connection),
            40,
            60,
            false,
        ),
        (
            RequestState::Parked,
            Some(WaitPurpose::Queue),
            60,
            90,
            false,
        ),
        (RequestState::Parked, None, 90, 100, false),
        (RequestState::Parked, None, 100, 150, true),
    ];
    assert_eq!(spans_of_0(&recording)[2..], waits);
}

#[test]
fn a_request_is_ready_once_its_service_has_answered_though_its_worker_runs_another() {
    let mut recording = yielding_for(SwitchReason::Service, None);
    let answered = |request, asked, written| Event::Answered {
        service: 0,
        request,
        asked: Stamp(asked),
        due: Stamp(written),
        written: Stamp(written),
    };
    // The first is of a call before this wait.
    recording.answers = vec![answered(0, 3, 8), answered(0, 45, 120)];
    let waits = [
        (RequestState::Parked, None, 40, 120, false),
        (RequestState::Ready, None, 120, 150, false),
    ];
    assert_eq!(spans_of_0(&recording)[2..], waits);
    // Without an answer it certainly waits: the service would have reported.
    recording.answers.pop();
    let waits = [(RequestState::Parked, None, 40, 150, false)];
    assert_eq!(spans_of_0(&recording)[2..], waits);
    // An old recording does not name the answered request.
    recording.answers = vec![answered(NO_REQUEST, 45, 120)];
    let waits = [
        (RequestState::Parked, None, 40, 100, false),
        (RequestState::Parked, None, 100, 150, true),
    ];
    assert_eq!(spans_of_0(&recording)[2..], waits);
}

#[test]
fn a_request_is_ready_once_its_timer_is_due_though_its_worker_runs_another() {
    let recording = yielding_for(SwitchReason::Timer, Some(Stamp(70)));
    let waits = [
        (RequestState::Parked, None, 40, 70, false),
        (RequestState::Ready, None, 70, 150, false),
    ];
    assert_eq!(spans_of_0(&recording)[2..], waits);
}

#[test]
fn an_index_that_grew_is_the_one_that_was_built_at_once() {
    for kind in [Sync, Coroutine] {
        let whole = Synthetic::io_bound(kind).recording();
        let mut grown = Index::default();
        for sample in &whole.samples {
            let mut part = whole.clone();
            part.switches.truncate(sample.seen.switches);
            part.sent.truncate(sample.seen.sent);
            part.events.truncate(sample.seen.events);
            part.answers.truncate(sample.seen.answers);
            part.outcomes.truncate(sample.seen.outcomes);
            grown.extend(&part);
        }
        grown.extend(&whole);
        let mut built = Index::default();
        built.extend(&whole);
        assert_eq!(format!("{grown:?}"), format!("{built:?}"));
    }
}

prop_compose! {
    fn switch(cores: bool)(
        worker in 0_u16..4,
        kind in 0..4,
        request in 0_u32..8,
        times in prop::array::uniform3(0_u64..200),
        then in 0_usize..5,
        core in 0_u32..2,
    ) -> (u16, Event) {
        let mut times = times;
        times.sort_unstable();
        let [ready, from, to] = times.map(Stamp);
        let (task, core) = (request, cores.then_some(core));
        let then = [SwitchReason::Ended, SwitchReason::Yielded, SwitchReason::Client, SwitchReason::Service, SwitchReason::Timer][then];
        (worker, match kind {
            0 => Event::BlockedIn { from, to, task, request },
            1 => Event::Preempted { from, to, task, request, core },
            _ => Event::RunSlice(RunSlice { ready, from, to, task, request, then, due: None, core }),
        })
    }
}

prop_compose! {
    fn worker()(
        running_since in prop::option::of(0_u64..220),
        phase in 0_u64..6,
        phase_since in 0_u64..220,
        core in 0_usize..2,
        wants_a_core: bool,
        request in prop::option::of(0_u32..8),
    ) -> WorkerSample {
        WorkerSample {
            phase: Phase::from_raw(phase).unwrap_or_default(),
            phase_since: Stamp(phase_since),
            core,
            wants_a_core,
            running_since: running_since.map(Stamp),
            running_request: request,
            ..WorkerSample::default()
        }
    }
}

fn is_on(from: Stamp, to: Stamp, at: u64) -> bool {
    from.0 <= at && at < to.0
}

proptest! {
    #[test]
    fn at_no_instant_more_requests_run_than_there_are_cores(
        switches in any::<bool>()
            .prop_flat_map(|cores| prop::collection::vec(switch(cores), 0..40)),
        workers in prop::collection::vec(worker(), 0..4),
        (from, length) in (0_u64..200, 1_u64..250),
    ) {
        let workers = workers.into_iter().enumerate();
        let workers = workers.map(|(index, worker)| WorkerSample { index, ..worker });
        let sample = Sample { at: Stamp(200), workers: workers.collect(), ..Sample::default() };
        let recording = recording(switches, sample);
        let mut index = Index::default();
        index.extend(&recording);
        let lanes = Lanes::new(&index, recording.present().unwrap());
        let interval = Interval { from: Stamp(from), to: Stamp(from + length) };
        let requests: Vec<RequestLane> = lanes.requests(interval).into_iter()
            .map(|request| lanes.request(request, interval))
            .collect();
        let rows = lanes.cores(interval);
        for request in &requests {
            for span in &request.spans {
                prop_assert!(interval.from <= span.from && span.from < span.to);
                prop_assert!(span.to <= interval.to);
            }
            prop_assert!(request.spans.windows(2).all(|two| two[0].to <= two[1].from));
        }
        for row in &rows {
            prop_assert!(row.held.windows(2).all(|two| two[0].to <= two[1].from));
        }
        for at in from..from + length {
            let running = requests.iter().flat_map(|request| &request.spans)
                .filter(|span| span.doing == RequestState::Running && is_on(span.from, span.to, at))
                .count();
            let held = rows.iter().flat_map(|row| &row.held)
                .filter(|held| is_on(held.from, held.to, at))
                .count();
            prop_assert!(running <= held, "at {at}: {running} run, {held} cores are held");
            prop_assert!(held <= 2, "at {at}: {held} of 2 cores are held");
        }
    }
}
