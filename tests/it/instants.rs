//! Screens at an instant against the raw events: lanes, glyphs and counts, of runs that were measured and
//! simulated.

use std::path::{Path, PathBuf};
use std::process::Command;

use concsim::recording::lanes::{Index, Instant, Interval, Lanes, RequestLane, RequestState, Span};
use concsim::recording::{Recording, storage};
use concsim::scenario::WorkerKind;
use concsim::telemetry::{Event, NO_REQUEST, Served};
use concsim::units::{Elapsed, Stamp};

/// Number of instants in each recording.
const INSTANTS: u64 = 40;
/// Simulated scenarios, with settings that make them short enough.
const SIMULATED: [&str; 13] = [
    "three_requests",
    "io_bound --set duration=2s",
    "cpu_bound --set duration=1s",
    "hog --set duration=3s",
    "unpatched --set duration=2s",
    "tornado --set duration=1s",
    "one_takes_all --set duration=2s",
    "keepalive_slots --variant kept --set duration=2s --set warmup=1s",
    "ping_pong",
    "not_parallel --set duration=1s --set machine.scheduler=per-core",
    "mixed --variant coroutine --set duration=3s --set load.connection=keep-alive",
    "surge",
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/queues.toml"),
];

fn measured() -> Vec<(String, Recording)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let names = ["three_requests-v1", "io_bound-v1"];
    names
        .iter()
        .flat_map(|name| opened(name, &folder.join(name)))
        .collect()
}

fn simulated() -> Vec<(String, Recording)> {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let play = |(place, words): (usize, &&str)| {
        let folder: PathBuf = scratch.path().join(place.to_string());
        let ended = Command::new(env!("CARGO_BIN_EXE_concsim"))
            .args(["sim", "--json", "--out"])
            .arg(&folder)
            .args(words.split(' '))
            .output()
            .expect("the binary starts");
        let text = String::from_utf8_lossy(&ended.stderr);
        assert!(folder.exists(), "{words}: {text}");
        opened(words, &folder)
    };
    SIMULATED.iter().enumerate().flat_map(play).collect()
}

fn opened(name: &str, folder: &Path) -> Vec<(String, Recording)> {
    let kept = storage::open(folder).expect("it can be read");
    let named = |it: Recording| (format!("{name}, {}", it.header.variant), it);
    kept.recordings.into_iter().map(named).collect()
}

/// Returns instants of a recording, up to its newest sample: pseudo-random, the same each time.
fn instants(recording: &Recording) -> Vec<Stamp> {
    let began = recording.header.began.0;
    let length = recording.samples[recording.samples.len() - 1].at.0 - began;
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        began + (state >> 20) % length.max(1)
    };
    (0..INSTANTS).map(|_| Stamp(draw())).collect()
}

fn index_of(recording: &Recording) -> Index {
    let mut index = Index::default();
    index.extend(recording);
    index
}

/// Returns the lanes of a recording up to an instant.
fn lanes_at<'a>(index: &'a Index, recording: &'a Recording, at: Stamp) -> Lanes<'a> {
    let place = recording.samples.partition_point(|it| it.at < at);
    let snapshot = recording.snapshot(place.min(recording.samples.len() - 1));
    Lanes::at(index, snapshot.expect("a sample"), at)
}

/// Returns the spans up to an instant.
fn cut(spans: &[Span], at: Stamp) -> Vec<Span> {
    let before = spans.iter().filter(|span| span.from < at);
    let cut = |span: &Span| Span {
        to: span.to.min(at),
        ..*span
    };
    before.map(cut).collect()
}

#[test]
fn lanes_at_an_instant_are_the_final_lanes_cut_there() {
    for (name, recording) in measured().into_iter().chain(simulated()) {
        let index = index_of(&recording);
        let last = lanes_at(&index, &recording, Stamp::NEVER);
        for at in instants(&recording) {
            let lanes = lanes_at(&index, &recording, at);
            let from = Stamp(at.0 - (at.0 - recording.header.began.0) / 3);
            let axis = Interval {
                from,
                to: from + Elapsed(1_000_000_000),
            };
            let so_far = Interval {
                to: at.min(axis.to),
                ..axis
            };
            assert_eq!(
                lanes.requests(axis),
                last.requests(so_far),
                "{name} at {at}"
            );
            for request in lanes.requests(axis) {
                let (then, now) = (last.request(request, axis), lanes.request(request, axis));
                let what = format!("{name}: request {request} at {at}");
                assert_eq!(now.spans, cut(&then.spans, at), "{what}");
                assert_eq!(now.done, then.done.filter(|done| *done <= at), "{what}");
            }
            for (then, mut now) in last.cores(axis).into_iter().zip(lanes.cores(axis)) {
                let mut held = then.held.clone();
                held.retain(|it| it.from < at);
                for it in &mut held {
                    it.to = it.to.min(at);
                }
                now.held.retain(|it| it.from < it.to);
                assert_eq!(now.held, held, "{name}: core {:?} at {at}", then.core);
            }
        }
    }
}

/// State at an instant by a scan of the raw events.
struct Raw<'a> {
    recording: &'a Recording,
    at: Stamp,
}

impl Raw<'_> {
    fn served(&self) -> impl Iterator<Item = (u16, &Served)> {
        let events = self.recording.events.iter();
        events.filter_map(|(worker, event)| match event {
            Event::Served(served) if served.request != NO_REQUEST => Some((*worker, served)),
            _ => None,
        })
    }

    fn accepted(&self, request: u32) -> Option<Stamp> {
        let mut served = self.served();
        let found = served.find(|(_, served)| served.request == request);
        found.map(|(_, served)| served.accepted)
    }

    /// Returns the requests sent on a connection of their own, neither taken nor given up.
    fn door(&self) -> u64 {
        let opened = self.recording.outcomes.iter().filter(|it| it.opened);
        let there = opened.filter(|it| it.sent <= self.at && self.at < it.done);
        let waits = |request: u32| self.accepted(request).is_none_or(|taken| self.at < taken);
        there.filter(|it| waits(it.request)).count() as u64
    }

    /// Returns the requests taken by a worker and not yet written; on a kept connection, sent.
    fn begun(&self, worker: usize) -> u64 {
        let of_it = self
            .served()
            .filter(|(slot, _)| usize::from(*slot) == worker);
        let begins = |served: &Served| {
            let mut outcomes = self.recording.outcomes.iter();
            let outcome = outcomes.find(|it| it.request == served.request);
            outcome.map(|it| if it.opened { served.accepted } else { it.sent })
        };
        let is_in = |served: &Served| {
            begins(served).is_some_and(|begun| begun <= self.at && self.at < served.written)
        };
        of_it.filter(|(_, served)| is_in(served)).count() as u64
    }

    /// True if a request has the worker, which neither sleeps nor waits for a core.
    fn computes(&self, worker: usize) -> bool {
        let is_on = |from: Stamp, to: Stamp| from <= self.at && self.at < to;
        let of_it = self.recording.switches.iter();
        let of_it = of_it.filter(|(slot, _)| usize::from(*slot) == worker);
        let (mut runs, mut is_off) = (false, false);
        for (_, switch) in of_it {
            match switch {
                Event::RunSlice(ran) => runs |= is_on(ran.from, ran.to),
                Event::BlockedIn { from, to, .. } | Event::Preempted { from, to, .. } => {
                    is_off |= is_on(*from, *to);
                }
                _ => {}
            }
        }
        runs && !is_off
    }
}

#[test]
fn glyphs_and_counts_of_an_instant_are_those_of_the_events() {
    for (name, recording) in measured().into_iter().chain(simulated()) {
        let index = index_of(&recording);
        let died = recording.events.iter();
        let died =
            died.filter(|(_, event)| matches!(event, Event::Died { status, .. } if *status != 0));
        let is_whole = died.count() == 0;
        for at in instants(&recording) {
            let now = Instant::of(&index, &recording, at).expect("everything was kept");
            let raw = Raw {
                recording: &recording,
                at,
            };
            let what = format!("{name} at {at}");
            if is_whole {
                assert_eq!(now.door, raw.door(), "{what}: at the door");
            }
            let sent = recording
                .outcomes
                .iter()
                .filter(|it| it.due <= at && at < it.done);
            assert_eq!(now.in_system, sent.count() as u64, "{what}: in the system");
            let running = now
                .workers
                .iter()
                .filter(|it| it.doing == Some(RequestState::Running));
            let held = now.cores.iter().filter(|(_, worker)| worker.is_some());
            assert_eq!(running.count(), held.count(), "{what}: {now:?}");
            for (slot, worker) in now.workers.iter().enumerate().filter(|_| is_whole) {
                assert_eq!(worker.begun(), raw.begun(slot), "{what}: in worker {slot}");
                let is_on = matches!(
                    worker.doing,
                    Some(RequestState::Running | RequestState::WantsACore)
                );
                if raw.computes(slot) {
                    assert!(is_on, "{what}: worker {slot} computes: {worker:?}");
                }
                assert!(worker.running <= 1, "{what}: {worker:?}");
            }
        }
    }
}

/// Returns the recording as it was after this number of samples.
fn so_far(whole: &Recording, samples: usize) -> Recording {
    let mut part = whole.clone();
    part.samples.truncate(samples);
    let seen = part.samples[samples - 1].seen;
    part.outcomes.truncate(seen.outcomes);
    part.sent.truncate(seen.sent);
    part.events.truncate(seen.events);
    part.switches.truncate(seen.switches);
    part
}

/// Returns the spans of a lane that its final version lacks: all must be open, and no older than a sample.
fn contradictions(live: &RequestLane, last: &RequestLane) -> Vec<(Span, RequestState)> {
    let mut found = Vec::new();
    for span in &live.spans {
        for then in &last.spans {
            let (from, to) = (span.from.max(then.from), span.to.min(then.to));
            if from < to && span.doing != then.doing {
                let part = Span { from, to, ..*span };
                found.push((part, then.doing));
            }
        }
    }
    found
}

#[test]
fn lanes_of_a_run_that_goes_on_differ_from_the_final_ones_at_their_open_edge_alone() {
    // A real recorder reads a moment before it samples, and a real worker may be off its core between a
    // stamp and its event: the delay depends on the machine.
    for (name, recording) in simulated() {
        let last = index_of(&recording);
        let last = lanes_at(&last, &recording, Stamp::NEVER);
        let step = (recording.samples.len() / 20).max(1);
        for samples in (2..=recording.samples.len()).step_by(step) {
            let part = so_far(&recording, samples);
            let index = index_of(&part);
            let [before, at] = [2, 1].map(|back| part.samples[samples - back].at);
            let lanes = lanes_at(&index, &part, at);
            let axis = Interval {
                from: recording.header.began,
                to: at,
            };
            assert_eq!(lanes.requests(axis), last.requests(axis), "{name} at {at}");
            for request in lanes.requests(axis) {
                let live = lanes.request(request, axis);
                let then = last.request(request, axis);
                for (span, then) in contradictions(&live, &then) {
                    // A worker detects the end of a wait, and reports it, after it has run the others.
                    let is_not_told =
                        (span.doing, then) == (RequestState::Parked, RequestState::Ready);
                    assert!(
                        is_not_told || (span.is_open && span.from >= before),
                        "{name} at {at}: request {request} was drawn {span:?} and is {then:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn three_requests_are_in_their_worker_from_the_accept_on() {
    let all = measured();
    let kind = |it: &&(String, Recording)| it.1.header.scenario.server.kind;
    let of_three = all.iter().filter(|(name, _)| name.starts_with("three"));
    let mut coroutine = of_three.filter(|it| kind(it) == WorkerKind::Coroutine);
    let (_, recording) = coroutine
        .next_back()
        .expect("it was played with coroutines");
    let at = recording.header.began + Elapsed::from_millis(100);
    let index = index_of(recording);
    let lanes = lanes_at(&index, recording, at);
    let now = Interval {
        from: Stamp(at.0 - 1),
        to: at,
    };
    let doing = |request| lanes.request(request, now).spans[0].doing;
    assert_eq!(
        [0, 1, 2].map(doing),
        [
            RequestState::Running,
            RequestState::Ready,
            RequestState::Ready
        ]
    );
    let held = lanes
        .cores(now)
        .iter()
        .map(|core| core.held.len())
        .sum::<usize>();
    assert_eq!(held, 1, "its worker has a core");
}
