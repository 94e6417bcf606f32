//! Theory names the place where requests wait in a live run, from the recording so far.

use super::same_cells::{sampled_more_often, so_far};
use super::staging::{plan, text};
use crate::{Key, State};
use concsim_engine::telemetry::Event;
use concsim_model::palette::Room;
use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
use concsim_model::units::{Elapsed, Stamp};
use concsim_model::words::{counted, digits};
use concsim_record::Recording;
use concsim_record::feed::Feed;
use concsim_record::synthetic::{MS, S, Synthetic};

/// Returns view 8 of a live run after this number of samples, in one line.
fn theory_so_far(recording: &Recording, samples: usize) -> String {
    theory_in(Room::Desk, recording, samples)
}

fn theory_in(room: Room, recording: &Recording, samples: usize) -> String {
    let now = so_far(recording, samples);
    let variants = vec![("only", now.header.scenario.clone())];
    let mut state = State::new(&plan("a claim", variants), 2);
    state.begin_variant(0);
    let feed = Feed {
        over: &[],
        now: Some(&now),
    };
    state.turn(&feed, Elapsed::ZERO);
    state.key(Key::Char('8'));
    state.turn(&feed, Elapsed::ZERO);
    state.look.room = room;
    let screen = text(&state, 80, 24).replace('│', " ");
    let words: Vec<&str> = screen.split_whitespace().collect();
    words.join(" ")
}

/// Returns a run of two sync workers that take 100 ms for each request, with a scenario that plans 50 ms:
/// half of the bound is reached, and the requests wait at the door.
fn twice_as_long_as_planned() -> Recording {
    let text = r#"
        server.workers = 2
        requests.profile.steps = ["compute 1ms", "call billing 49ms"]
        load.clients = 60
    "#;
    let mut run = Synthetic::io_bound(Sync);
    run.scenario = concsim_record::synthetic::scenario(text, Sync);
    sampled_more_often(&run)
}

/// Returns milliseconds at the door, milliseconds in all, and the number of the requests answered by `at`
/// that were due in the window, from the reports of workers and clients, one by one.
fn door_and_all(recording: &Recording, at: Stamp) -> (f64, f64, u64) {
    let window = recording.header.window.unwrap();
    let (mut door, mut all, mut count) = (0, 0, 0);
    let outcomes = recording.outcomes.iter();
    for outcome in outcomes.filter(|it| it.done <= at && window.contains(it.due)) {
        let mut events = recording.events.iter().map(|(_, event)| event);
        let accepted = events.find_map(|event| match event {
            Event::Served(served) if served.request == outcome.request => Some(served.accepted),
            _ => None,
        });
        door += accepted.unwrap().0 - outcome.sent.0;
        all += outcome.done.0 - outcome.due.0;
        count += 1;
    }
    (door as f64, all as f64, count)
}

#[test]
fn theory_names_the_place_of_waiting_and_the_answers_that_it_is_computed_of_while_a_run_goes_on() {
    let recording = twice_as_long_as_planned();
    for samples in [45, 46, 52, 60] {
        let at = recording.samples[samples - 1].at;
        let (door, all, count) = door_and_all(&recording, at);
        assert!(count > 0, "{samples} samples");
        let text = format!(
            "No bound is reached so far: requests wait at the door, {} % of their time (mean of {} in the window \
             so far).",
            digits(100.0 * door / all),
            counted(count, "answer")
        );
        for room in [Room::Desk, Room::Projector] {
            let screen = theory_in(room, &recording, samples);
            assert!(screen.contains(&text), "{text}\n{screen}");
        }
    }
}

#[test]
fn theory_says_so_where_no_request_of_the_window_was_answered() {
    // After a second none of the three is answered: that is 0 % of each bound.
    let recording = sampled_more_often(&Synthetic::three_requests(Coroutine));
    let screen = theory_so_far(&recording, 11);
    let text = "No bound is reached so far, and no request of the window was answered.";
    assert!(screen.contains(text), "{screen}");
}

#[test]
fn theory_names_no_place_of_waiting_where_a_bound_is_reached_or_nothing_counts() {
    // Two sync workers of 100 ms each answer their 20 a second, which is their bound.
    let recording = sampled_more_often(&Synthetic::io_bound(Sync));
    for (at, counts) in [(500 * MS, false), (4 * S, true)] {
        let samples = recording.samples.partition_point(|it| it.at.0 <= at);
        let screen = theory_so_far(&recording, samples);
        assert!(!screen.contains("No bound is reached"), "{screen}");
        assert_eq!(screen.contains("binds"), counts, "{screen}");
    }
}
