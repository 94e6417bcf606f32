//! Records with values that no run has: a file is read up to there, and the reader reports the value and
//! its position.

use super::bytes::{LATE, UNREACHED_NUMBER, file, header, record};
use super::*;
use concsim_engine::telemetry::{
    Failure, NO_REQUEST, Outcome, RunSlice, SLOTS, SentRequest, Served, SwitchReason, WaitParts,
    WaitPurpose,
};
use concsim_model::units::CpuTime;

const LOAD: u64 = 0;
const SERVICES: u64 = 1;
const ARBITER: u64 = 2;
const DRIVER: u64 = 3;
const WORKER: u64 = 4;

fn ran() -> RunSlice {
    RunSlice {
        ready: Stamp(1),
        from: Stamp(2),
        to: Stamp(3),
        task: 0,
        request: 0,
        then: SwitchReason::Ended,
        due: None,
        core: None,
    }
}

fn served() -> Served {
    Served {
        request: 0,
        task: 0,
        accepted: Stamp(1),
        first_read: Stamp(2),
        written: Stamp(3),
        waited: Elapsed(0),
        ready: Elapsed(0),
        core_wait: Elapsed(0),
        cpu: CpuTime(0),
    }
}

fn sent() -> SentRequest {
    SentRequest {
        request: 0,
        class: 0,
        due: Stamp(1),
        sent: Stamp(2),
        connection: None,
        opened: true,
    }
}

fn ended() -> Outcome {
    Outcome {
        request: 0,
        class: 0,
        status: 0,
        failure: Some(Failure::Reset),
        opened: true,
        due: Stamp(1),
        sent: Stamp(2),
        first_byte: Stamp(0),
        done: Stamp(3),
        unread: None,
    }
}

fn blocked(to: Stamp, request: u32) -> Event {
    Event::BlockedIn {
        from: Stamp(2),
        to,
        task: 0,
        request,
    }
}

fn preempted(request: u32, core: Option<u32>) -> Event {
    Event::Preempted {
        from: Stamp(2),
        to: Stamp(3),
        task: 0,
        request,
        core,
    }
}

fn awaits(at: Stamp, request: u32) -> Event {
    Event::Awaits {
        at,
        task: 0,
        request,
        part: WaitPurpose::Queue,
    }
}

fn waited(request: u32, call: Elapsed) -> Event {
    Event::Waited(WaitParts {
        request,
        call,
        ..WaitParts::default()
    })
}

fn answered(service: u32, request: u32, due: Stamp) -> Event {
    Event::Answered {
        service,
        request,
        asked: Stamp(1),
        due,
        written: Stamp(3),
    }
}

fn forked(worker: u32) -> Event {
    Event::Forked {
        at: Stamp(1),
        worker,
        pid: 7,
    }
}

fn died(at: Stamp, worker: u32) -> Event {
    Event::Died {
        at,
        worker,
        pid: 7,
        status: 0,
        cause: None,
    }
}

fn marked(intervention: Intervention, worker: Option<u16>, timeline_event: Option<u16>) -> Event {
    let at = Stamp(1);
    Event::Marked(Marker {
        at,
        intervention,
        worker,
        timeline_event,
    })
}

fn accepted(at: Stamp) -> Event {
    Event::Accepted {
        at,
        task: 0,
        connection: None,
    }
}

/// Every kind of record, with one value that no run has, and its description.
#[expect(clippy::too_many_lines, reason = "one list, an entry for each field")]
fn forged() -> Vec<(u64, Event, &'static str)> {
    let request = "request 33554433, not below 33554433,";
    let none = "request 4294967295, not below 33554433,";
    let class = "request kind 1, not below 1,";
    let worker = "worker 272, not below 272,";
    let service = "service 1, not below 1,";
    let core = "core 8192, not below 8192,";
    let late = "an instant of 259200000000001 ns, not below 259200000000001 ns,";
    let long = "a length of time of 259200000000001 ns, not below 259200000000001 ns,";
    let long_wait = Elapsed(LATE.0);
    vec![
        (
            WORKER,
            Event::RunSlice(RunSlice {
                request: UNREACHED_NUMBER,
                ..ran()
            }),
            request,
        ),
        (
            WORKER,
            Event::RunSlice(RunSlice { to: LATE, ..ran() }),
            late,
        ),
        (
            WORKER,
            Event::RunSlice(RunSlice {
                ready: Stamp::NEVER,
                ..ran()
            }),
            "an instant of 18446744073709551615 ns",
        ),
        (
            WORKER,
            Event::RunSlice(RunSlice {
                due: Some(LATE),
                ..ran()
            }),
            late,
        ),
        (
            WORKER,
            Event::RunSlice(RunSlice {
                core: Some(8_192),
                ..ran()
            }),
            core,
        ),
        (WORKER + 272, Event::RunSlice(ran()), worker),
        (WORKER, blocked(LATE, 0), late),
        (WORKER, blocked(Stamp(3), UNREACHED_NUMBER), request),
        (WORKER, preempted(UNREACHED_NUMBER, None), request),
        (WORKER, preempted(0, Some(8_192)), core),
        (WORKER, awaits(Stamp(3), UNREACHED_NUMBER), request),
        (WORKER, awaits(LATE, 0), late),
        (WORKER, waited(UNREACHED_NUMBER, Elapsed(0)), request),
        (WORKER, waited(0, long_wait), long),
        (
            WORKER,
            Event::Served(Served {
                request: UNREACHED_NUMBER,
                ..served()
            }),
            request,
        ),
        (
            WORKER,
            Event::Served(Served {
                written: LATE,
                ..served()
            }),
            late,
        ),
        (
            WORKER,
            Event::Served(Served {
                cpu: CpuTime(LATE.0),
                ..served()
            }),
            long,
        ),
        (WORKER + 272, accepted(Stamp(1)), worker),
        (WORKER, accepted(LATE), late),
        (
            LOAD,
            Event::Sent(SentRequest {
                request: UNREACHED_NUMBER,
                ..sent()
            }),
            request,
        ),
        (
            LOAD,
            Event::Sent(SentRequest {
                request: NO_REQUEST,
                ..sent()
            }),
            none,
        ),
        (LOAD, Event::Sent(SentRequest { class: 1, ..sent() }), class),
        (
            LOAD,
            Event::Sent(SentRequest {
                due: LATE,
                ..sent()
            }),
            late,
        ),
        (
            LOAD,
            Event::Ended(Outcome {
                request: UNREACHED_NUMBER,
                ..ended()
            }),
            request,
        ),
        (
            LOAD,
            Event::Ended(Outcome {
                request: NO_REQUEST,
                ..ended()
            }),
            none,
        ),
        (
            LOAD,
            Event::Ended(Outcome {
                class: 1,
                ..ended()
            }),
            class,
        ),
        (
            LOAD,
            Event::Ended(Outcome {
                done: LATE,
                ..ended()
            }),
            late,
        ),
        (SERVICES, answered(1, 0, Stamp(2)), service),
        (SERVICES, answered(0, UNREACHED_NUMBER, Stamp(2)), request),
        (SERVICES, answered(0, 0, LATE), late),
        (ARBITER, forked(272), worker),
        // Not worker A, whose number is that of the lowest 16 bits.
        (ARBITER, forked(0x1_0000), "worker 65536, not below 272,"),
        (ARBITER, died(Stamp(1), 272), worker),
        (ARBITER, died(LATE, 0), late),
        (
            DRIVER,
            marked(Intervention::KillWorker, Some(272), None),
            worker,
        ),
        (
            DRIVER,
            marked(Intervention::StopWorker, Some(272), None),
            worker,
        ),
        (
            DRIVER,
            marked(Intervention::ContinueWorker, Some(272), None),
            worker,
        ),
        (DRIVER, marked(Intervention::Send(1), None, None), class),
        (
            DRIVER,
            marked(Intervention::Reload, None, Some(1)),
            "timeline event 1, not below 1,",
        ),
    ]
}

#[test]
fn a_record_that_names_what_no_run_has_is_refused_with_its_place() {
    for (writer, event, words) in forged() {
        let good = record(ARBITER, forked(0).to_record());
        let bad = record(writer, event.to_record());
        // A valid record follows.
        let (bytes, payload_at) = file(&header(), &[&good[..], &bad, &good].concat());
        let (recording, corruption) = read(&bytes[..]);
        let recording = recording.expect("the header is whole");
        assert_eq!(recording.events.len(), 1, "{event:?}");
        assert!(recording.switches.is_empty(), "{event:?}");
        assert!(
            recording.sent.is_empty() && recording.outcomes.is_empty(),
            "{event:?}"
        );
        assert!(
            recording.answers.is_empty() && recording.markers.is_empty(),
            "{event:?}"
        );
        let at = payload_at + good.len() as u64;
        let text = corruption.expect("it is refused").to_string();
        assert!(text.contains(words), "{event:?}: {text}");
        assert!(text.ends_with(&format!("at byte {at}")), "{at}: {text}");
    }
}

#[test]
fn the_last_of_all_that_a_run_may_have_is_read() {
    let end = Stamp(LATE.0 - 1);
    let highest = UNREACHED_NUMBER - 1;
    let all = [
        (
            WORKER + 255,
            Event::RunSlice(RunSlice {
                request: highest,
                to: end,
                core: Some(8_191),
                ..ran()
            }),
        ),
        (
            WORKER,
            Event::RunSlice(RunSlice {
                request: NO_REQUEST,
                ..ran()
            }),
        ),
        (
            WORKER,
            Event::Served(Served {
                request: NO_REQUEST,
                cpu: CpuTime(end.0),
                ..served()
            }),
        ),
        (WORKER, blocked(end, NO_REQUEST)),
        (
            LOAD,
            Event::Sent(SentRequest {
                request: highest,
                ..sent()
            }),
        ),
        (
            LOAD,
            Event::Ended(Outcome {
                request: highest,
                done: end,
                ..ended()
            }),
        ),
        (SERVICES, answered(0, NO_REQUEST, end)),
        (ARBITER, forked(SLOTS as u32 - 1)),
        (DRIVER, marked(Intervention::Send(0), None, Some(0))),
        (
            DRIVER,
            marked(Intervention::SetRate(u64::MAX as f64 / 1e6), None, None),
        ),
    ];
    for (writer, event) in all {
        let (bytes, _) = file(&header(), &record(writer, event.to_record()));
        let (recording, corruption) = read(&bytes[..]);
        assert_eq!(corruption, Some(Corruption::Unended), "{event:?}");
        let recording = recording.expect("the header is whole");
        let lists = [
            recording.events.len(),
            recording.switches.len(),
            recording.sent.len(),
            recording.outcomes.len(),
            recording.answers.len(),
            recording.markers.len(),
        ];
        assert_eq!(lists.iter().sum::<usize>(), 1, "{event:?}");
    }
}
