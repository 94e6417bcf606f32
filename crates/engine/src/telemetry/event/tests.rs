//! Round trips of events through their encoding.

use concsim_model::scenario::Intervention;
use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn no_noise_in_shared_memory_makes_the_reader_panic(record: Record) {
        let _ = Event::from_record(&record);
    }

    #[test]
    fn a_served_record_reads_back_as_written(words: [u64; 7], task in 0u32..1 << 24, request: u32) {
        let event = Event::Served(Served {
            request,
            task,
            accepted: Stamp(words[0]),
            first_read: Stamp(words[1]),
            written: Stamp(words[2]),
            waited: Elapsed(words[3]),
            ready: Elapsed(words[4]),
            core_wait: Elapsed(words[5]),
            cpu: CpuTime(words[6]),
        });
        prop_assert_eq!(Event::from_record(&event.to_record()), Some(event));
    }
}

fn marked(intervention: Intervention, worker: Option<u16>, timeline_event: Option<u16>) -> Event {
    let at = Stamp(3);
    Event::Marked(Marker {
        at,
        intervention,
        worker,
        timeline_event,
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "one list, an entry for each kind")]
fn every_kind_of_event_reads_back_as_written() {
    let (from, to) = (Stamp(3), Stamp(9));
    for event in [
        Event::Accepted {
            at: from,
            task: 5,
            connection: Some(40_000),
        },
        Event::Accepted {
            at: from,
            task: 5,
            connection: None,
        },
        Event::RunSlice(RunSlice {
            ready: Stamp(2),
            from,
            to,
            task: 1,
            request: 7,
            then: SwitchReason::Timer,
            due: Some(to + Elapsed(5)),
            core: Some(0),
        }),
        Event::Preempted {
            from,
            to,
            task: 1,
            request: 7,
            core: None,
        },
        Event::Sent(SentRequest {
            request: 7,
            class: 300,
            due: from,
            sent: to,
            connection: Some(40_000),
            opened: true,
        }),
        Event::Ended(Outcome {
            request: 7,
            class: 300,
            status: 503,
            failure: Some(Failure::Status),
            opened: true,
            due: from,
            sent: from,
            first_byte: to,
            done: to,
            unread: Some(Elapsed(77)),
        }),
        Event::BlockedIn {
            from,
            to,
            task: 1,
            request: NO_REQUEST,
        },
        Event::Answered {
            service: 1,
            request: 7,
            asked: from,
            due: to,
            written: to,
        },
        Event::Forked {
            at: from,
            worker: 2,
            pid: 4242,
        },
        Event::Died {
            at: from,
            worker: 2,
            pid: 4242,
            status: -9,
            cause: None,
        },
        Event::Died {
            at: from,
            worker: 2,
            pid: 4242,
            status: 1,
            cause: Some(TerminationCause::Silent),
        },
        Event::Awaits {
            at: from,
            task: 4,
            request: 7,
            part: WaitPurpose::Queue,
        },
        Event::Waited(WaitParts {
            at: to,
            request: 7,
            task: 4,
            thread: Elapsed(1),
            connection: Elapsed(2),
            queue: Elapsed(3),
            call: Elapsed(4),
            sleep: Elapsed(5),
            client: Elapsed(6),
        }),
        marked(Intervention::StopWorker, Some(3), None),
        marked(Intervention::SetLoad(2_500), None, None),
        marked(Intervention::SetRate(400.0), None, Some(0)),
        marked(Intervention::SetClients(20), None, None),
        marked(Intervention::Send(1), None, Some(7)),
    ] {
        assert_eq!(Event::from_record(&event.to_record()), Some(event));
    }
}
