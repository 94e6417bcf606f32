//! The screen draws any recording, at any terminal size, after any keys.

use proptest::prelude::*;

use super::staging::{drawn, plan};
use crate::{Key, State};
use concsim_engine::telemetry::{
    Event, Failure, Marker, NO_REQUEST, Outcome, Phase, Reading, RunSlice, SentRequest, Served,
    Stage, SwitchReason,
};
use concsim_model::palette::{Colours, Glyphs, Look};
use concsim_model::scenario::Intervention;
use concsim_model::scenario::WorkerKind::{self, Coroutine, Sync};
use concsim_model::units::{CpuTime, Elapsed, Stamp};
use concsim_record::feed::Feed;
use concsim_record::synthetic::{Synthetic, scenario};
use concsim_record::{
    CoreSample, ListLengths, LoadSample, Recording, Sample, Window, WorkerSample,
};

/// Instants are below this number of nanoseconds, or at the very end of time.
const SPAN: u64 = 8_000_000_000;

fn stamp() -> impl Strategy<Value = Stamp> {
    prop_oneof![
        50 => (0..SPAN).prop_map(Stamp),
        1 => Just(Stamp::NEVER),
        1 => Just(Stamp::ZERO),
    ]
}

fn elapsed() -> impl Strategy<Value = Elapsed> {
    (0..SPAN).prop_map(Elapsed)
}

fn request() -> impl Strategy<Value = u32> {
    prop_oneof![40 => 0_u32..60, 1 => Just(NO_REQUEST), 1 => any::<u32>()]
}

fn core() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![20 => (0_u32..3).prop_map(Some), 1 => Just(None), 1 => any::<u32>().prop_map(Some)]
}

fn then() -> impl Strategy<Value = SwitchReason> {
    use SwitchReason::{Client, Ended, Service, Timer, Yielded};
    prop::sample::select(vec![Ended, Yielded, Client, Service, Timer])
}

fn switch() -> impl Strategy<Value = (u16, Event)> {
    let ran = (stamp(), stamp(), stamp(), request(), then(), core()).prop_map(
        |(ready, from, to, request, then, core)| {
            let task = request;
            Event::RunSlice(RunSlice {
                ready,
                from,
                to,
                task,
                request,
                then,
                due: None,
                core,
            })
        },
    );
    let blocked = (stamp(), stamp(), request()).prop_map(|(from, to, request)| {
        let task = request;
        Event::BlockedIn {
            from,
            to,
            task,
            request,
        }
    });
    let preempted = (stamp(), stamp(), request(), core()).prop_map(|(from, to, request, core)| {
        let task = request;
        Event::Preempted {
            from,
            to,
            task,
            request,
            core,
        }
    });
    (
        0_u16..4,
        prop_oneof![4 => ran, 1 => blocked, 1 => preempted],
    )
}

prop_compose! {
    fn served()(
        request in request(),
        stamps in (stamp(), stamp(), stamp()),
        parts in (elapsed(), elapsed(), elapsed(), elapsed()),
    ) -> Event {
        Event::Served(Served {
            request,
            task: request,
            accepted: stamps.0,
            first_read: stamps.1,
            written: stamps.2,
            waited: parts.0,
            ready: parts.1,
            core_wait: parts.2,
            cpu: CpuTime(parts.3.0),
        })
    }
}

fn event() -> impl Strategy<Value = (u16, Event)> {
    let accepted = (stamp(), 0_u32..60, prop::option::of(0_u32..60));
    let accepted = accepted.prop_map(|(at, task, connection)| Event::Accepted {
        at,
        task,
        connection,
    });
    let forked = (stamp(), 0_u32..4).prop_map(|(at, worker)| {
        let pid = 4_000 + worker;
        Event::Forked { at, worker, pid }
    });
    let died = (stamp(), 0_u32..4).prop_map(|(at, worker)| {
        let (pid, status) = (4_000 + worker, -9);
        Event::Died {
            at,
            worker,
            pid,
            status,
            cause: None,
        }
    });
    let any = prop_oneof![4 => served(), 4 => accepted, 1 => forked, 1 => died];
    (0_u16..4, any)
}

prop_compose! {
    fn outcome()(
        request in request(),
        class in 0_u16..3,
        failure in prop::option::weighted(0.2, prop::sample::select(vec![
            Failure::Refused, Failure::Reset, Failure::Timeout, Failure::Status,
        ])),
        opened: bool,
        stamps in (stamp(), stamp(), stamp(), stamp()),
        unread in prop::option::of((0_u64..1_000_000).prop_map(Elapsed)),
    ) -> Outcome {
        let (due, sent, first_byte, done) = stamps;
        Outcome { request, class, status: 200, failure, opened, due, sent, first_byte, done, unread }
    }
}

prop_compose! {
    fn sent()(
        request in request(),
        class in 0_u16..3,
        due in stamp(),
        sent in stamp(),
        connection in prop::option::of(0_u32..60),
        opened: bool,
    ) -> SentRequest {
        SentRequest { request, class, due, sent, connection, opened }
    }
}

fn marker() -> impl Strategy<Value = Marker> {
    let interventions = vec![
        (Intervention::AddWorker, None),
        (Intervention::KillWorker, Some(3)),
        (Intervention::SetLoad(250), None),
        (Intervention::Reload, None),
    ];
    let event = prop::option::of(0_u16..3);
    (stamp(), prop::sample::select(interventions), event).prop_map(
        |(at, (intervention, worker), timeline_event)| Marker {
            at,
            intervention,
            worker,
            timeline_event,
        },
    )
}

prop_compose! {
    fn worker()(
        index in 0_usize..5,
        phase in 0_u64..6,
        wants_a_core: bool,
        core in 0_usize..4,
        since in (stamp(), prop::option::of(stamp())),
        request in prop::option::of(request()),
        counts in (0_u64..1 << 30, 0_u64..1 << 30, 0_u64..1 << 30),
        counters in prop::collection::vec((0_u64..9, 0_u64..9), 0..2),
    ) -> WorkerSample {
        let (begun, ready, cpu) = counts;
        WorkerSample {
            index,
            pid: 4_000 + index as u32,
            phase: Phase::from_raw(phase).unwrap_or_default(),
            phase_since: since.0,
            wants_a_core,
            core,
            running_since: since.1,
            running_request: request,
            begun: Reading { count: begun, changed_at: since.0, integral: cpu },
            ready,
            cpu: CpuTime(cpu),
            accepted: begun,
            requests: ready,
            counters,
            ..WorkerSample::default()
        }
    }
}

prop_compose! {
    fn sample()(
        stage in prop::sample::select(vec![
            Stage::Preparing, Stage::WarmUp, Stage::Counting, Stage::Draining, Stage::Done,
        ]),
        workers in prop::collection::vec(worker(), 0..6),
        cores in 0_usize..4,
        counts in (0_u64..1 << 20, 0_u64..1 << 20, 0_u64..1 << 20),
        window in prop::option::of((stamp(), stamp())),
    ) -> Sample {
        let (sent, ended, good) = counts;
        let core = |core| CoreSample { core, busy: CpuTime(sent), ..CoreSample::default() };
        Sample {
            stage,
            workers,
            window: window.map(|(begin, end)| Window { begin, end }),
            cores: (0..cores).map(core).collect(),
            load: LoadSample { sent, ended, good, ..LoadSample::default() },
            ..Sample::default()
        }
    }
}

/// Puts samples into order of time. Each has seen more than the one before, and no more than `all`.
fn in_order(mut samples: Vec<Sample>, mut at: Vec<u64>, all: &ListLengths) -> Vec<Sample> {
    at.sort_unstable();
    let last = samples.len().max(1);
    for (place, (sample, at)) in samples.iter_mut().zip(at).enumerate() {
        let part = |of: usize| of * (place + 1) / last;
        sample.at = Stamp(at);
        sample.seen = ListLengths {
            outcomes: part(all.outcomes),
            sent: part(all.sent),
            events: part(all.events),
            switches: part(all.switches),
            answers: part(all.answers),
            markers: part(all.markers),
            ..*all
        };
    }
    samples
}

prop_compose! {
    pub(super) fn recording(kind: WorkerKind)(
        switches in prop::collection::vec(switch(), 0..80),
        events in prop::collection::vec(event(), 0..80),
        outcomes in prop::collection::vec(outcome(), 0..60),
        sent in prop::collection::vec(sent(), 0..60),
        markers in prop::collection::vec(marker(), 0..3),
        samples in prop::collection::vec(sample(), 0..30),
        at in prop::collection::vec(0..SPAN, 30),
        began in 0..SPAN / 8,
        window in prop::option::of((stamp(), stamp())),
        one_in in prop::sample::select(vec![1_u32, 1, 1, 4]),
        limited: bool,
    ) -> Recording {
        let mut recording = Synthetic::new(kind.word(), any_scenario(kind)).recording();
        recording.header.began = Stamp(began);
        recording.header.window = window.map(|(begin, end)| Window { begin, end });
        if limited {
            recording.header.scenario.load.requests = Some(5);
        }
        let empty = Recording::empty(recording.header).with_switches(switches);
        let mut recording = Recording { outcomes, sent, events, one_in, markers, ..empty };
        recording.samples = in_order(samples, at, &recording.seen());
        recording
    }
}

fn any_scenario(kind: WorkerKind) -> concsim_model::scenario::Scenario {
    let text = r#"
        server.workers = 3
        requests.short = { weight = 9, steps = ["compute 1ms", "count visits"] }
        requests.long = { weight = 1, steps = ["compute 100ms", "call billing 1s"] }
        load.rate = "100/s"
    "#;
    scenario(text, kind)
}

fn key() -> impl Strategy<Value = Key> {
    let letters = " ?jk,.<>bnsmMzxo/1234567890fq+-][ ".chars().map(Key::Char);
    let others = [
        Key::Enter,
        Key::Escape,
        Key::Tab,
        Key::BackTab,
        Key::Up,
        Key::Down,
        Key::Left,
        Key::Right,
        Key::FarLeft,
        Key::FarRight,
        Key::Home,
        Key::End,
        Key::PageUp,
        Key::PageDown,
        Key::Backspace,
    ];
    prop::sample::select(letters.chain(others).collect::<Vec<_>>())
}

/// Returns a screen of any size, small ones as often as large ones.
fn size() -> impl Strategy<Value = (u16, u16)> {
    prop_oneof![
        (0_u16..30, 0_u16..12),
        (30_u16..90, 5_u16..30),
        (90_u16..240, 20_u16..70)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn no_recording_no_size_and_no_keys_make_drawing_panic(
        first in recording(Sync),
        second in recording(Coroutine),
        steps in prop::collection::vec((key(), 0_u64..3_000), 0..24),
        (width, height) in size(),
        is_live: bool,
        ascii: bool,
    ) {
        let both = [first, second];
        let scenarios = both.iter().map(|it| it.header.scenario.clone());
        let variants = ["sync", "coroutine"].into_iter().zip(scenarios).collect();
        let mut state = State::new(&plan("a claim", variants), 2);
        if ascii {
            state.look = Look { glyphs: Glyphs::Ascii, colours: Colours::Sixteen, ..Look::default() };
        }
        let feed = if is_live {
            state.begin_variant(0);
            state.begin_variant(1);
            Feed { over: &both[..1], now: Some(&both[1]) }
        } else {
            state.replay(Vec::new());
            Feed { over: &both, now: None }
        };
        state.turn(&feed, Elapsed::ZERO);
        for (key, milliseconds) in steps {
            state.key(key);
            state.turn(&feed, Elapsed::from_millis(milliseconds));
            let buffer = drawn(&state, width, height);
            if ascii {
                prop_assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
            }
        }
    }
}
