//! Means on the screen cover the time that has passed, and only numbers of one time base are compared.

use super::staging::{plan, text};
use super::views::{at, three_requests};
use crate::view::compare::compared;
use crate::{Key, Row, State};
use concsim_model::palette::Room;
use concsim_model::scenario::WorkerKind::{self, Coroutine, Sync};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::Recording;
use concsim_record::feed::Feed;
use concsim_record::synthetic::{MS, RequestLife, S, Synthetic};

/// Returns a run with three requests in worker A from the beginning of load, at 1 s, until 9 s.
fn from_the_first_second_on() -> Recording {
    let mut run = Synthetic::idle(Coroutine, 1);
    let life = RequestLife {
        due: S,
        waited: 8 * S,
        ..RequestLife::default()
    };
    run.lives = vec![life; 3];
    let mut recording = run.recording();
    recording.header.began = Stamp(S);
    recording
}

fn shown(recording: &Recording, at: u64) -> State {
    let variants = vec![("coroutine", recording.header.scenario.clone())];
    let mut state = State::new(&plan("a claim", variants), 2);
    state.replay(Vec::new());
    state.look_at(0, Stamp(at));
    let over = std::slice::from_ref(recording);
    state.turn(&Feed { over, now: None }, Elapsed::ZERO);
    state
}

#[test]
fn a_mean_of_a_run_that_has_just_begun_is_of_the_time_since_then() {
    let recording = from_the_first_second_on();
    // Three requests were there at each instant since the beginning, so their mean is 3 over any length of
    // time.
    for (at, base) in [
        (1_500, "mean since begin, 0.5 s"),
        (2_000, "mean of the last second"),
        (4_000, "mean of the last second"),
    ] {
        let state = shown(&recording, at * MS);
        let concurrency = state.shown().picture.mean.concurrency;
        assert!((concurrency - 3.0).abs() < 1e-9, "{at} ms: {concurrency}");
        let screen = text(&state, 160, 48);
        assert!(screen.contains(base), "{at} ms: {base}\n{screen}");
    }
}

#[test]
fn before_any_time_has_passed_there_is_no_mean() {
    let state = shown(&from_the_first_second_on(), S);
    assert!(!state.shown().picture.has_means());
    let screen = text(&state, 80, 24);
    assert!(screen.contains("load – services – others –"), "{screen}");
}

#[test]
fn a_run_of_so_many_requests_counts_each_as_soon_as_it_has_ended() {
    // One after the other, 1.4 s each; the window is known with the last of them.
    let (mut recordings, mut state) = three_requests();
    let recording = &mut recordings[0];
    let last = recording.samples.len() - 1;
    recording.samples[..last]
        .iter_mut()
        .for_each(|sample| sample.window = None);
    state.key(Key::Char('3'));
    for (millis, ended) in [(1_300, 0), (1_700, 1), (2_990, 2), (4_150, 2)] {
        at(&recordings, &mut state, 0, millis * MS);
        state.key(Key::Char('3'));
        at(&recordings, &mut state, 0, millis * MS + 1);
        let screen = text(&state, 80, 24);
        let text = format!("{ended} request");
        assert!(screen.contains(&text), "{millis} ms: {text}\n{screen}");
        let averaged = format!("mean of {ended} answer");
        assert_eq!(
            screen.contains(&averaged),
            ended > 0,
            "{millis} ms\n{screen}"
        );
    }
}

/// Returns a variant whose answers come twice as fast from its second second on: one client at a time, a
/// request of `slow` nanoseconds, later of half of that.
fn faster_and_faster(kind: WorkerKind, slow: u64) -> Recording {
    let mut run = Synthetic::idle(kind, 1);
    let mut due = 0;
    while due < 6 * S {
        let long = if due < 2 * S { slow } else { slow / 2 };
        run.lives.push(RequestLife {
            due,
            waited: long,
            ..RequestLife::default()
        });
        due += long;
    }
    run.recording()
}

/// Returns variants with 100 and 500 answers a second, later twice as many.
fn sync_and_five_times_as_fast() -> [Recording; 2] {
    [
        faster_and_faster(Sync, 10 * MS),
        faster_and_faster(Coroutine, 2 * MS),
    ]
}

fn replayed(recordings: &[Recording; 2]) -> State {
    let scenarios = recordings.iter().map(|it| it.header.scenario.clone());
    let names = ["sync", "coroutine"].into_iter().zip(scenarios);
    let mut state = State::new(&plan("a claim", names.collect()), 2);
    let row = |throughput_per_s| Row {
        throughput_per_s: Some(throughput_per_s),
        ..Row::default()
    };
    state.replay(vec![row(180.0), row(900.0)]);
    state
}

#[test]
fn large_digits_are_compared_with_the_same_second_of_the_variant_before() {
    let recordings = sync_and_five_times_as_fast();
    let mut state = replayed(&recordings);
    state.look.room = Room::Projector;
    let feed = Feed {
        over: &recordings,
        now: None,
    };
    for (at, rate_then) in [(2, 100.0), (4, 200.0)] {
        state.look_at(1, Stamp(at * S));
        state.turn(&feed, Elapsed::ZERO);
        assert_eq!(state.shown().rates_then, [Some(rate_then)], "at {at} s");
        let screen = text(&state, 60, 16);
        let ratio = format!("× 5.0   sync then: {rate_then:.0}");
        assert!(screen.contains(&ratio), "{ratio}\n{screen}");
        state.look.room = Room::Desk;
        let table = text(&state, 80, 24);
        assert!(
            table.contains(" then") && table.contains("× 5.0"),
            "{table}"
        );
        state.look.room = Room::Projector;
        // The bars have the whole window of the first beside the last second of the other.
        let ratios = compared(&state);
        let ratios = ratios.iter().flat_map(|it| &it.values);
        assert_eq!(ratios.filter(|value| value.ratio.is_some()).count(), 0);
    }
}

#[test]
fn answers_of_the_same_second_before_are_counted_at_their_own_instants() {
    let mut recordings = sync_and_five_times_as_fast();
    // Load had no core, and its counter lags behind.
    for sample in &mut recordings[0].samples {
        sample.load.good /= 2;
    }
    let mut state = replayed(&recordings);
    let feed = Feed {
        over: &recordings,
        now: None,
    };
    for (at, rate_then) in [(2, 100.0), (4, 200.0)] {
        state.look_at(1, Stamp(at * S));
        state.turn(&feed, Elapsed::ZERO);
        assert_eq!(state.shown().rates_then, [Some(rate_then)], "at {at} s");
    }
}
