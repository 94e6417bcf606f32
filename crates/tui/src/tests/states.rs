//! Words and glyphs of an instant are true at that instant.

use ratatui_core::buffer::{Buffer, Cell};
use ratatui_core::layout::Rect;

use super::staging::{Context, WorkerSpec, io_bound, plan, text};
use crate::view::draw_menu;
use crate::{Choice, Entry, Key, Menu, State};
use concsim_engine::telemetry::{Event, Failure, Phase, Stage};
use concsim_model::palette::{Look, Room};
use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
use concsim_model::scenario::{Overrides, builtin, read};
use concsim_model::units::{Elapsed, Stamp};
use concsim_model::words::grouped;
use concsim_record::Recording;
use concsim_record::feed::Feed;
use concsim_record::lanes::{Index, Instant};
use concsim_record::synthetic::{MS, RequestLife, S, Synthetic, seen_from_outside};

fn shown(recording: &Recording, view: char, at: u64) -> String {
    shown_on(recording, view, at, (80, 24))
}

fn shown_on(recording: &Recording, view: char, at: u64, (width, height): (u16, u16)) -> String {
    let variants = vec![("only", recording.header.scenario.clone())];
    let mut state = State::new(&plan("a claim", variants), 2);
    state.replay(Vec::new());
    state.key(Key::Char(view));
    state.look_at(0, Stamp(at));
    let over = std::slice::from_ref(recording);
    state.turn(&Feed { over, now: None }, Elapsed::ZERO);
    text(&state, width, height)
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
    let done = Context {
        stage: Stage::Done,
        door: 0,
        workers: vec![
            WorkerSpec::new(Phase::Running, 1),
            WorkerSpec::new(Phase::Idle, 0),
        ],
        ..Context::sync()
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
    run.lives.push(RequestLife {
        due: S,
        door: 7 * MS,
        failure: Some(Failure::Reset),
        ..RequestLife::default()
    });
    // A client's default patience is 30 s.
    let screen = shown(&run.recording(), '5', 3 * S);
    assert!(screen.contains("≥30.0 s  reset"), "{screen}");
}

fn built_in(name: &str) -> State {
    let text = builtin::find(name).expect("it is built in").text;
    let plan = read(text, name, &Overrides::default()).expect("it is right");
    State::new(&plan, 2)
}

#[test]
fn the_header_draws_what_the_timeline_sends_besides() {
    let mut state = built_in("surge");
    Context::sync().play(&mut state);
    let screen = text(&state, 80, 24);
    assert!(screen.contains("each page"), "{screen}");
    assert!(screen.contains("hog, once"), "{screen}");
    // Eight times as long as a page.
    assert!(screen.contains("█ computes 800 ms █"), "{screen}");
}

#[test]
fn when_the_workers_have_left_the_caption_does_not_count_them() {
    let mut state = io_bound();
    Context {
        stage: Stage::Done,
        door: 0,
        workers: vec![
            WorkerSpec::new(Phase::Gone, 0),
            WorkerSpec::new(Phase::Gone, 0),
        ],
        ..Context::sync()
    }
    .play(&mut state);
    let screen = text(&state, 80, 24);
    assert!(!screen.contains("of 0 workers"), "{screen}");
}

#[test]
fn of_a_foreign_server_the_screen_shows_what_is_seen_and_dashes_for_the_rest() {
    let recording = seen_from_outside(Synthetic::io_bound(Sync).recording(), 58);
    let overview = shown_on(&recording, '1', 4 * S, (120, 40));
    let row = |name: &str| {
        let mut lines = overview.lines();
        let found = lines.find(|line| line.contains(name));
        found.unwrap_or_else(|| panic!("{overview}")).to_owned()
    };
    assert!(row("AT THE DOOR").contains("58"), "{overview}");
    assert!(row("A asleep").matches('–').count() >= 2, "{overview}");
    assert!(row("now 2 of 2").contains("2 workers"), "{overview}");
    for view in ['2', '5'] {
        let screen = shown(&recording, view, 4 * S);
        assert!(screen.contains("report none of their requests"), "{screen}");
    }
}

#[test]
fn the_longest_run_of_a_sync_worker_is_called_a_request() {
    let heading = |kind| {
        let screen = shown(&Synthetic::io_bound(kind).recording(), '6', 4 * S);
        screen.lines().nth(5).expect("a heading").to_owned()
    };
    let (sync, coroutine) = (heading(Sync), heading(Coroutine));
    assert!(sync.contains("/request request"), "{sync}");
    assert!(coroutine.contains("/request     run"), "{coroutine}");
}

#[test]
fn a_key_that_steers_says_why_it_does_nothing_where_it_does_nothing() {
    let recording = Synthetic::io_bound(Sync).recording();
    let reported = |live: bool| {
        let mut state = io_bound();
        let feed = if live {
            Feed {
                over: &[],
                now: Some(&recording),
            }
        } else {
            Feed {
                over: std::slice::from_ref(&recording),
                now: None,
            }
        };
        if !live {
            state.replay(Vec::new());
        }
        state.turn(&feed, Elapsed::ZERO);
        state.key(Key::Char(' '));
        state.turn(&feed, Elapsed::ZERO);
        assert_eq!(state.key(Key::Char('+')), None);
        text(&state, 80, 24)
    };
    let (kept, halted) = (reported(false), reported(true));
    assert!(kept.contains("This run is over"), "{kept}");
    assert!(halted.contains("End goes back to the run"), "{halted}");
}

#[test]
fn the_help_finds_the_words_that_stand_beside_means() {
    let mut state = io_bound();
    Context::sync().play(&mut state);
    for key in "?/1 s mean".chars() {
        state.key(Key::Char(key));
    }
    let screen = text(&state, 80, 24);
    assert!(screen.contains("mean of the last second"), "{screen}");
}

#[test]
fn a_question_mark_explains_the_keys_of_the_menu() {
    let entry = Entry {
        name: "io_bound".into(),
        ..Entry::default()
    };
    let mut menu = Menu::of(vec![entry], Look::default());
    let drawn = |menu: &Menu| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
        draw_menu(&mut buffer, menu);
        buffer.content.iter().map(Cell::symbol).collect::<String>()
    };
    assert!(!drawn(&menu).contains("in virtual time"));
    assert_eq!(menu.key(Key::Char('?')), None);
    assert!(drawn(&menu).contains("in virtual time"));
    assert_eq!(
        menu.key(Key::Escape),
        None,
        "the help is left, not the menu"
    );
    assert!(!drawn(&menu).contains("in virtual time"));
    assert_eq!(menu.key(Key::Escape), Some(Choice::Leave));
}

#[test]
fn a_run_of_so_many_requests_has_a_clock_while_it_plays() {
    let mut recording = Synthetic::three_requests(Sync).recording();
    recording
        .samples
        .retain(|sample| sample.at <= Stamp(1_500 * MS));
    let variants = vec![("only", recording.header.scenario.clone())];
    let mut state = State::new(&plan("a claim", variants), 2);
    let now = Some(&recording);
    state.turn(&Feed { over: &[], now }, Elapsed::ZERO);
    // The first of them is answered after 1.4 s, the next after 2.8 s.
    for room in [Room::Desk, Room::Projector] {
        state.look.room = room;
        let screen = text(&state, 80, 24);
        assert!(
            screen.contains("counting 1 of 3 requests, 1.5 s"),
            "{screen}"
        );
    }
}

#[test]
fn a_small_screen_has_the_first_numbers_of_each_view() {
    let recording = Synthetic::io_bound(Coroutine).recording();
    let at = 4_003 * MS;
    let mut ended = recording.outcomes.iter().filter(|it| it.done.0 <= at);
    let window = recording.header.window.expect("it has one");
    let counted = ended.clone().filter(|it| window.contains(it.due)).count();
    assert!(ended.next().is_some());
    // 600 a second, each 100 ms long, and 30 in either worker.
    for (view, text) in [
        (
            '3',
            format!("ended     {} window so far", grouped(counted as u64)),
        ),
        ('4', "only      600/s 1 s mean".to_owned()),
        ('5', " ms worker ".to_owned()),
        ('6', "30 begun now".to_owned()),
        ('8', "60 clients ÷ 100 ms   ≤ 600/s".to_owned()),
    ] {
        let screen = shown_on(&recording, view, at, (40, 12));
        assert!(screen.contains(&text), "{view}: {text}\n{screen}");
    }
}
