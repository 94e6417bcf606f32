//! Consistency of one screen: a quantity that is shown twice has one value, a number names its time base,
//! and a caption uses the numbers of the picture.

use proptest::prelude::*;

use super::any_recording::recording;
use super::staging::{drawn, plan, text};
use crate::number::Number;
use crate::time_base::TimeBase;
use crate::view::marks;
use crate::view_model::WorkerRequests;
use crate::{Key, State};
use concsim_model::palette::Room;
use concsim_model::scenario::WorkerKind::{self, Coroutine, Sync};
use concsim_model::units::{Elapsed, Stamp};
use concsim_model::words::{counted, grouped};
use concsim_record::feed::Feed;
use concsim_record::synthetic::Synthetic;
use concsim_record::{Recording, remark};

/// Limits the requests in each worker to the room in the column of their numbers.
fn with_room_for_digits(mut recording: Recording) -> Recording {
    let workers = recording
        .samples
        .iter_mut()
        .flat_map(|sample| &mut sample.workers);
    for worker in workers {
        worker.begun.count %= 1_000;
        worker.accepted %= 1_000;
    }
    recording
}

/// Views by their keys.
const VIEWS: [char; 8] = ['1', '2', '3', '4', '5', '6', '7', '8'];

fn at(recording: &Recording, view: char, at: Stamp, size: (u16, u16)) -> State {
    let scenario = recording.header.scenario.clone();
    let name = recording.header.variant.clone();
    let mut state = State::new(&plan("a claim", vec![(name.as_str(), scenario)]), 2);
    state.size = size;
    let feed = Feed {
        over: std::slice::from_ref(recording),
        now: None,
    };
    state.replay(Vec::new());
    state.look_at(0, at);
    state.key(Key::Char(view));
    state.turn(&feed, Elapsed::ZERO);
    state
}

/// Returns the whole number at the end of `before`, with blanks between groups of three digits.
fn number_at_the_end(before: &str) -> Option<u64> {
    let is_part = |it: char| it.is_ascii_digit() || it == ' ';
    let from = before.rfind(|it| !is_part(it)).map_or(0, |place| place + 1);
    let words: Vec<&str> = before[from..]
        .split(' ')
        .filter(|it| !it.is_empty())
        .collect();
    // Groups after the first have three digits.
    let first = words.iter().rposition(|word| word.len() != 3).unwrap_or(0);
    words[first.min(words.len().saturating_sub(1))..]
        .concat()
        .parse()
        .ok()
}

/// Returns the numbers before these words in a sentence about the present.
fn numbers_before(text: &str, words: &str) -> Vec<u64> {
    let places = text.match_indices(words).map(|(place, _)| place);
    places
        .filter_map(|place| number_at_the_end(text[..place].trim_end()))
        .collect()
}

/// Returns the numbers of a caption that differ from the picture's.
fn contradictions(state: &State) -> Vec<String> {
    let text = state.caption().join(" ");
    let picture = &state.shown().picture;
    let WorkerRequests { ready, parked, .. } = picture.held();
    let begun = picture.held().all();
    let mut found = Vec::new();
    let mut check = |what: &str, said_numbers: Vec<u64>, right: u64| {
        for number in said_numbers.into_iter().filter(|number| *number != right) {
            found.push(format!("{what}: {number} instead of {right} in `{text}`"));
        }
    };
    for words in [
        "requests are at the door",
        "request is at the door",
        "at the door.",
    ] {
        check("at the door", numbers_before(&text, words), picture.door);
    }
    for words in ["begun requests are parked", "begun requests is parked"] {
        check("begun", numbers_before(&text, words), begun);
    }
    for words in ["parked;", "parked."] {
        check("parked", numbers_before(&text, words), parked);
    }
    if !text.contains("in its queue") || picture.workers.len() == 1 {
        for words in ["requests wait in", "request waits in"] {
            check("ready", numbers_before(&text, words), ready);
        }
    }
    if text.contains("no request is at the door") && picture.door != 0 {
        found.push(format!("{} at the door: `{text}`", picture.door));
    }
    found
}

/// Returns the texts of a number of the present, anywhere on the screen.
fn texts(state: &State, number: Number) -> Vec<String> {
    let (width, height) = state.size;
    let buffer = drawn(state, width, height);
    let marked = marks::all(state).into_iter();
    let marked = marked.filter(|mark| mark.number() == Some(number) && mark.area.height == 1);
    marked
        .map(|mark| {
            let cells = mark.area.x..mark.area.right().min(width);
            let text: String = cells.map(|x| buffer[(x, mark.area.y)].symbol()).collect();
            text.trim().to_owned()
        })
        .collect()
}

/// Returns the whole number in `text`, in groups of three digits.
fn whole(text: &str) -> Option<u64> {
    text.replace(' ', "").parse().ok()
}

fn check_the_screen(state: &State) -> Result<(), TestCaseError> {
    let picture = &state.shown().picture;
    prop_assert_eq!(contradictions(state), Vec::<String>::new());
    for door in texts(state, Number::AtTheDoorNow) {
        prop_assert_eq!(whole(&door), Some(picture.door));
    }
    let begun = picture.held().all();
    for now in texts(state, Number::ConcurrencyNow) {
        let text = now
            .strip_prefix("now ")
            .and_then(|it| it.split(" of ").next())
            .and_then(whole);
        prop_assert!(
            now.contains('–') || text == Some(begun),
            "{} is not {}",
            now,
            begun
        );
    }
    for now in texts(state, Number::ComputingNow) {
        let line = now
            .strip_prefix("now ")
            .and_then(|it| it.split(" of ").next())
            .and_then(whole);
        let running = picture.held().running;
        prop_assert!(
            now.contains('–') || line == Some(running),
            "{} is not {}",
            now,
            running
        );
    }
    // Each row of a worker, anywhere on the screen, has a number of the picture.
    let held: Vec<u64> = picture
        .workers
        .iter()
        .map(|worker| worker.held.all())
        .collect();
    for begun in texts(state, Number::BegunNow)
        .iter()
        .filter_map(|it| whole(it))
    {
        prop_assert!(
            held.contains(&begun),
            "{} is in no worker: {:?}",
            begun,
            held
        );
    }
    Ok(())
}

fn runs() -> impl Strategy<Value = fn(WorkerKind) -> Synthetic> {
    let all: Vec<fn(WorkerKind) -> Synthetic> = vec![
        Synthetic::io_bound,
        Synthetic::three_requests,
        Synthetic::hog,
    ];
    prop::sample::select(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_quantity_has_one_value_on_one_screen_whatever_was_recorded(
        recording in prop_oneof![recording(Sync), recording(Coroutine)],
        view in prop::sample::select(VIEWS.to_vec()),
        instant in 0_u64..8_000_000_000,
        size in prop::sample::select(vec![(80_u16, 24_u16), (160, 48), (60, 16)]),
    ) {
        let recording = with_room_for_digits(recording);
        check_the_screen(&at(&recording, view, Stamp(instant), size))?;
    }

    #[test]
    fn a_quantity_has_one_value_on_one_screen_of_runs_that_agree_with_themselves(
        run in runs(),
        kind in prop::sample::select(vec![Sync, Coroutine]),
        view in prop::sample::select(VIEWS.to_vec()),
        instant in 0_u64..6_000_000_000,
    ) {
        let recording = run(kind).recording();
        check_the_screen(&at(&recording, view, Stamp(instant), (80, 24)))?;
    }
}

#[test]
fn each_view_says_of_what_time_its_numbers_are() {
    let recording = Synthetic::io_bound(Coroutine).recording();
    let sizes = [
        (40, 12),
        (60, 16),
        (80, 24),
        (120, 30),
        (160, 48),
        (200, 60),
    ];
    let rooms = [Room::Desk, Room::Projector];
    let all = sizes
        .into_iter()
        .flat_map(|size| rooms.map(|room| (size, room)));
    for (size, room) in all {
        for view in VIEWS {
            let mut state = at(&recording, view, Stamp(4_020_000_000), size);
            state.look.room = room;
            let screen = text(&state, size.0, size.1);
            for number in marks::numbers(&state) {
                let says = |words: &[&str]| words.iter().any(|words| screen.contains(words));
                let is_said = match number.time_base() {
                    TimeBase::Now if number == Number::Clock => says(&["counting"]),
                    TimeBase::LastSecond | TimeBase::LastSecondOrWindow => {
                        says(&["1 s mean", "last second", "1 s:"])
                    }
                    TimeBase::WindowSoFar | TimeBase::OneOrMean => {
                        says(&["window", "so far", "REQUESTS"])
                    }
                    TimeBase::Now => says(&["now", "REPLAY", "PAUSED"]),
                    TimeBase::LastReading => says(&["last read", "memory"]),
                    TimeBase::SoFar => says(&["so far", "done at", "busy"]),
                    TimeBase::Window
                    | TimeBase::OneRequest
                    | TimeBase::Axis
                    | TimeBase::Scenario => true,
                };
                assert!(
                    is_said,
                    "view {view}, {size:?}, {room:?}: {number:?}\n{screen}"
                );
            }
        }
    }
}

/// Counts one by one the requests of the window that have ended by an instant.
fn ended_in_the_window(recording: &Recording, at: Stamp) -> u64 {
    let window = recording.header.window.unwrap();
    let ended = recording.outcomes.iter();
    let ended = ended.filter(|outcome| outcome.done <= at && window.contains(outcome.due));
    ended.count() as u64
}

#[test]
fn percentiles_and_the_parts_of_the_mean_are_of_the_answers_by_the_instant_of_the_cursor() {
    let recording = Synthetic::io_bound(Coroutine).recording();
    for millis in [3_010, 3_033, 3_049, 4_000, 4_001, 4_777] {
        let instant = Stamp(millis * 1_000_000);
        let state = at(&recording, '3', instant, (80, 24));
        let ended = ended_in_the_window(&recording, instant);
        assert!(ended > 0, "{millis} ms");
        let text = texts(&state, Number::Answers);
        assert_eq!(text, [format!("{} requests ended", grouped(ended))]);
        // No request of this run fails.
        let averaged = texts(&state, Number::AnswersAveraged);
        let averaged: Vec<&str> = averaged.iter().map(String::as_str).collect();
        let newest = if ended >= 2_000 {
            "the newest 2 000".to_owned()
        } else {
            grouped(ended)
        };
        assert_eq!(
            averaged,
            [format!("mean of {newest} answers in the window so far")]
        );
    }
}

#[test]
fn of_so_many_requests_all_that_have_ended_are_counted_before_the_last_one_ends() {
    // 1.4 s each, one after the other; the sample at the end of the first two knows no window.
    let mut recording = Synthetic::three_requests(Sync).recording();
    recording.header.scenario.load.requests = Some(3);
    let ended = |millis: u64| {
        let outcomes = recording.outcomes.iter();
        outcomes
            .filter(|it| it.done <= Stamp(millis * 1_000_000))
            .count()
    };
    let all = recording.outcomes.len();
    let last = recording.outcomes.iter().map(|it| it.done).max();
    let mut known = recording.clone();
    for sample in &mut known.samples {
        sample.window = sample.window.filter(|_| Some(sample.at) > last);
    }
    for millis in [1_000, 1_500, 2_900, 4_300] {
        let state = at(&known, '3', Stamp(millis * 1_000_000), (80, 24));
        let text = texts(&state, Number::Answers);
        assert_eq!(text, [counted(ended(millis) as u64, "request") + " ended"]);
    }
    assert_eq!((ended(1_500), ended(2_900), all), (1, 2, 3));
}

#[test]
fn requests_that_were_reported_late_have_ended_when_they_did() {
    let mut recording = Synthetic::io_bound(Coroutine).recording();
    let last = recording.samples.len() - 1;
    // As if load had had no core to report the newest seven by each sample.
    for sample in &mut recording.samples[..last] {
        sample.seen.outcomes = sample.seen.outcomes.saturating_sub(7);
    }
    for millis in [3_049, 4_001, 4_777] {
        let instant = Stamp(millis * 1_000_000);
        let ended = ended_in_the_window(&recording, instant);
        let state = at(&recording, '3', instant, (80, 24));
        let text = texts(&state, Number::Answers);
        assert_eq!(text, [format!("{} requests ended", grouped(ended))]);
    }
}

#[test]
fn a_request_is_listed_from_its_sending_on_though_it_was_reported_late() {
    let mut recording = Synthetic::io_bound(Coroutine).recording();
    let last = recording.samples.len() - 1;
    for sample in &mut recording.samples[..last] {
        sample.seen.sent = sample.seen.sent.saturating_sub(7);
    }
    for millis in [3_049, 4_001, 4_777] {
        let instant = Stamp(millis * 1_000_000);
        let sent = recording
            .sent
            .iter()
            .filter(|it| it.sent <= instant)
            .count();
        let state = at(&recording, '5', instant, (80, 24));
        assert_eq!(state.requests.count(), sent, "at {millis} ms");
    }
}

#[test]
fn answers_count_by_the_instant_at_which_they_came_though_load_has_counted_fewer() {
    let mut recording = Synthetic::io_bound(Coroutine).recording();
    for (place, sample) in recording.samples.iter_mut().enumerate() {
        // As if load had had no core to count the last ones.
        sample.load.good = sample.load.good.saturating_sub(place as u64 % 7);
    }
    for second in 3..6 {
        let instant = Stamp(second * 1_000_000_000);
        let snapshot = recording.snapshot_at(instant).unwrap();
        let span = snapshot.last_second();
        let (from, to) = (span.begin().at, span.end().at);
        let came = recording.outcomes.iter();
        let came = came.filter(|it| from < it.done && it.done <= to).count();
        let rate = came as f64 / to.since(from).as_secs_f64();
        let state = at(&recording, '1', instant, (80, 24));
        let mean = state.shown().picture.mean.throughput;
        assert!(
            (mean - rate).abs() < 1e-9,
            "{mean} and {rate} at {second} s"
        );
    }
}

#[test]
fn remarks_of_view_7_name_the_time_that_they_speak_of() {
    for (run, kind) in [
        (Synthetic::io_bound as fn(WorkerKind) -> Synthetic, Sync),
        (Synthetic::io_bound, Coroutine),
        (Synthetic::hog, Coroutine),
        (Synthetic::three_requests, Sync),
    ] {
        let recording = run(kind).recording();
        for second in 1..6 {
            let state = at(&recording, '7', Stamp(second * 1_000_000_000), (80, 24));
            for text in &state.remarks {
                let sentence = remark::Remark::sentence(text);
                let names_it = [
                    "last",
                    "now",
                    "so far",
                    "since",
                    "At ",
                    " at ",
                    "show one request",
                ];
                let names_it = names_it.iter().any(|words| sentence.contains(words));
                assert!(names_it, "{}: {sentence}", text.kind.code());
            }
        }
    }
}
