//! What a word or a glyph says of an instant is so at that instant.

use super::staging::{Cue, Scene, io_bound, plan, text};
use crate::recording::Recording;
use crate::recording::feed::Feed;
use crate::recording::lanes::{Index, Instant};
use crate::recording::synthetic::{Life, MS, S, Synthetic};
use crate::scenario::WorkerKind::{Coroutine, Sync};
use crate::telemetry::{Event, Failure, Phase, Stage};
use crate::tui::{Key, State};
use crate::units::{Elapsed, Stamp};

fn shown(recording: &Recording, view: char, at: u64) -> String {
    let variants = vec![("only", recording.header.scenario.clone())];
    let mut state = State::new(&plan("a claim", variants), 2);
    state.replay(Vec::new());
    state.key(Key::Char(view));
    state.look_at(0, Stamp(at));
    let over = std::slice::from_ref(recording);
    state.turn(&Feed { over, now: None }, Elapsed::ZERO);
    text(&state, 80, 24)
}

#[test]
fn a_worker_runs_no_request_once_the_last_byte_of_it_is_written() {
    let mut recording = Synthetic::three_requests(Sync).recording();
    // The worker closes the connection for 0.1 ms after that.
    let mut written = Stamp::ZERO;
    for (_, event) in &mut recording.events {
        if let Event::Served(served) = event
            && served.request == 0
        {
            served.written = Stamp(served.written.0 - MS / 10);
            written = served.written;
        }
    }
    let mut index = Index::default();
    index.extend(&recording);
    let request_at = |at: u64| {
        let instant = Instant::of(&index, &recording, Stamp(at));
        instant.expect("all is known").workers[0].request
    };
    assert_eq!(request_at(written.0 - 1), Some(0));
    assert_eq!(request_at(written.0), None);
}

#[test]
fn a_variant_is_not_done_while_a_worker_has_a_request() {
    let done = Scene {
        stage: Stage::Done,
        door: 0,
        workers: vec![Cue::new(Phase::Running, 1), Cue::new(Phase::Idle, 0)],
        ..Scene::sync()
    };
    let mut state = io_bound();
    done.play(&mut state);
    let screen = text(&state, 160, 48);
    assert!(screen.contains("clients done, 1 request left"), "{screen}");
    assert!(!screen.contains("Every request has ended"), "{screen}");
}

#[test]
fn a_core_that_others_keep_busy_is_not_drawn_free() {
    for (others, cores) in [(0.005, "[ ] [ ]"), (0.45, "[ ] [ ]"), (0.9, "[-] [-]")] {
        // No worker of this run has anything to do.
        let mut run = Synthetic::idle(Coroutine, 2);
        run.others = others;
        let screen = shown(&run.recording(), '1', 3 * S);
        assert!(screen.contains(cores), "{others}: {cores}\n{screen}");
    }
}

#[test]
fn a_request_that_failed_has_at_least_the_latency_of_its_clients_patience() {
    let mut run = Synthetic::idle(Sync, 1);
    run.lives.push(Life {
        due: S,
        door: 7 * MS,
        failure: Some(Failure::Reset),
        ..Life::default()
    });
    // A client waits for 30 s if the scenario says nothing else.
    let screen = shown(&run.recording(), '5', 3 * S);
    assert!(screen.contains("≥30.0 s  reset"), "{screen}");
}
