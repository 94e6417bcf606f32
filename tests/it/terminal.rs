//! The screen on a terminal: taken over while a run is played, and restored at every kind of end.

#![cfg(target_os = "linux")]

use std::os::unix::process::ExitStatusExt as _;
use std::thread;

use concsim::cli::colour::Colour;
use concsim::cli::display::DisplayArgs;
use concsim::palette::Colours;
use concsim::recording::Sample;
use concsim::recording::feed::Feed;
use concsim::recording::storage::{self, StoredRun};
use concsim::scenario::Overrides;
use concsim::tui::{Key, State, view};
use concsim::units::{Elapsed, Stamp};
use concsim_driver::frontend::Frontend as _;
use concsim_terminal::screen::Screen;
use nix::sys::signal::{Signal, kill};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use crate::faults::{STATES, WorkerState, at_once, stop};
use crate::on_screen::{COLUMNS, ROWS, TerminalRun, kept_simulation, modes_of};
use crate::played::Role;
use crate::serve_process::until;

/// Words that only the card has.
const ON_THE_CARD: &str = "all or less";

#[test]
fn after_the_end_the_card_is_on_a_terminal_as_it_was() {
    at_once(["q", "\x03"], |key| {
        let mut played = TerminalRun::begin(&WorkerState::Idle.scenario("coroutine", "60s"));
        played.until_it_plays();
        assert_ne!(
            modes_of(played.terminal.as_ref().unwrap()),
            played.modes_before
        );
        played.until_it_shows("counting");
        played.types(key);
        let (status, text) = played.end(key);
        assert_eq!(status.code(), Some(130), "{text}");
        assert!(text.contains("trust"), "{text}");
    });
}

#[test]
fn a_kept_run_that_is_removed_while_it_is_replayed_is_shown_to_its_end() {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_concsim"));
    let kept = tempfile::tempdir().unwrap();
    let run = kept_simulation(kept.path(), &WorkerState::Idle.scenario("sync", "300ms"));
    let scratch = tempfile::tempdir().unwrap();
    let words = ["replay", run.to_str().unwrap()];
    let mut replayed = TerminalRun::start(program, &words, scratch);
    replayed.until_it_shows("AT THE DOOR");
    std::fs::remove_dir_all(&run).unwrap();
    // To the end, from there to the list of requests, and back to the beginning.
    replayed.types("\x1b[F5");
    replayed.until_it_shows("REQUESTS");
    replayed.types("1\x1b[H");
    replayed.until_it_shows("AT THE DOOR");
    replayed.types("q");
    let (status, text) = replayed.end("a removed run");
    assert_eq!(status.code(), Some(0), "{text}");
    assert!(text.contains("trust"), "{text}");
}

#[test]
fn a_run_that_is_over_stays_on_its_card_until_the_user_leaves() {
    let mut played = TerminalRun::begin(&WorkerState::Idle.scenario("coroutine", "1s"));
    played.until_it_plays();
    played.until_it_shows(ON_THE_CARD);
    assert!(played.is_full_screen());
    played.types("q");
    let (status, text) = played.end("the card");
    assert_eq!(status.code(), Some(0), "{text}");
    assert!(text.contains("trust"), "{text}");
}

#[test]
fn a_terminal_of_any_size_is_drawn_on_and_given_back() {
    let mut played = TerminalRun::begin(&WorkerState::Blocked.scenario("sync", "60s"));
    played.until_it_plays();
    for (rows, columns) in [(5, 20), (0, 0), (1, 1), (48, 160)] {
        played.resize(rows, columns);
    }
    played.until_it_shows("AT THE DOOR");
    played.types("q");
    let (status, text) = played.end("resized");
    assert_eq!(status.code(), Some(130), "{text}");
}

#[test]
fn on_a_projector_a_variant_waits_for_the_space_bar() {
    let scenario = WorkerState::Idle.scenario("sync", "1s");
    let scenario = scenario.replace("kind = 'sync'", "kind = ['sync', 'coroutine']");
    let mut played = TerminalRun::begin_with(&scenario, &["--projector", "--theme", "light"]);
    played.until_it_plays();
    played.until_it_shows("as coroutines");
    // Keys pressed by chance begin nothing: the help is still there for the title card.
    played.types("x?");
    played.until_it_shows("─ help");
    played.types("?");
    played.until_it_shows("space begins");
    played.resize(5, 20);
    played.resize(24, 80);
    played.until_it_shows("as coroutines");
    played.types(" ");
    played.until_it_shows("AT THE DOOR");
    played.until_it_shows(ON_THE_CARD);
    played.types("q");
    let (status, text) = played.end("projected");
    assert_eq!(status.code(), Some(0), "{text}");
}

#[test]
fn a_mouse_that_was_taken_is_given_back_by_every_end_of_the_run() {
    at_once([Some("u"), Some("q"), Some("\x03"), None], |last_key| {
        let mut played = TerminalRun::begin(&WorkerState::Blocked.scenario("sync", "60s"));
        played.until_it_plays();
        assert!(!played.has_the_mouse());
        played.types("u");
        until("the mouse is taken", || played.has_the_mouse());
        match last_key {
            Some("u") => {
                played.types("u");
                until("the mouse is given back", || !played.has_the_mouse());
                played.types("q");
            }
            Some(key) => played.types(key),
            None => played.signal(Signal::SIGKILL),
        }
        played.end(&format!("{last_key:?}"));
    });
}

#[test]
fn a_driver_that_is_killed_leaves_the_terminal_as_it_was_whatever_the_run_was_doing() {
    for everybody_is_stopped in [false, true] {
        let cases = STATES.map(|doing| (everybody_is_stopped, doing));
        at_once(cases, |(everybody_is_stopped, doing)| {
            let mut played = TerminalRun::begin(&doing.scenario("coroutine", "60s"));
            played.until_it_plays();
            doing.caught(&played.processes);
            if everybody_is_stopped {
                for (pid, _) in played.processes.all() {
                    stop(pid);
                }
            }
            played.signal(Signal::SIGKILL);
            let (status, _) = played.end(&format!("{doing:?}"));
            assert_eq!(status.code(), None);
        });
    }
}

/// Every screen besides that of a run: its command line, its content, the keys that lead there.
const SCREENS: [(&str, &str, &str); 5] = [
    ("", "three_requests", ""),
    ("sim SCENARIO --no-keep", "AT THE DOOR", ""),
    ("sim SCENARIO --no-keep", "─ help", "?"),
    ("run SCENARIO --no-keep --projector", "─ help", "?"),
    ("replay KEPT", "AT THE DOOR", ""),
];

const SIGNALS: [Signal; 8] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGALRM,
    Signal::SIGUSR1,
    Signal::SIGABRT,
    Signal::SIGKILL,
];

#[test]
fn every_screen_gives_the_terminal_back_by_every_signal_that_ends_the_program() {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_concsim"));
    let text = WorkerState::Idle.scenario("sync", "300ms");
    let kept = tempfile::tempdir().unwrap();
    let run = kept_simulation(kept.path(), &text);
    let scenario = kept.path().join("scenario.toml");
    for (line, words, keys) in SCREENS {
        let cases = SIGNALS.map(|signal| {
            let arguments = line
                .replace("SCENARIO", scenario.to_str().unwrap())
                .replace("KEPT", run.to_str().unwrap());
            (signal, arguments)
        });
        thread::scope(|scope| {
            for (signal, arguments) in &cases {
                scope.spawn(move || {
                    let arguments: Vec<&str> = arguments.split_whitespace().collect();
                    let scratch = tempfile::tempdir().unwrap();
                    let mut played = TerminalRun::start(program, &arguments, scratch);
                    until("the screen is taken over", || played.is_full_screen());
                    played.types(keys);
                    played.until_it_shows(words);
                    played.signal(*signal);
                    let (status, text) = played.end(&format!("{line} {signal}"));
                    // A screen may treat these two as a request to quit.
                    let is_wish = matches!(signal, Signal::SIGINT | Signal::SIGTERM);
                    let has_left = is_wish && matches!(status.code(), Some(0 | 130));
                    let ended = has_left || status.signal() == Some(*signal as i32);
                    assert!(ended, "{line} {signal}: {status:?} {text}");
                });
            }
        });
    }
}

#[test]
fn a_run_whose_terminal_is_not_read_any_more_ends_by_every_signal() {
    for signals in SIGNALS.chunks(4) {
        at_once(signals, |signal| {
            let mut played = TerminalRun::begin(&WorkerState::Idle.scenario("sync", "60s"));
            played.until_it_plays();
            played.leave_unread();
            played.signal(*signal);
            played.read_when_all_are_gone(&format!("{signal} ends it"));
            let (status, text) = played.end(signal.as_ref());
            let by = match signal {
                Signal::SIGINT => Signal::SIGTERM,
                other => *other,
            };
            assert_eq!(status.signal(), Some(by as i32), "{signal}: {text}");
        });
    }
}

#[test]
fn a_run_on_screen_whose_arbiter_load_or_services_are_killed_shows_so_and_leaves_well() {
    at_once([Role::Arbiter, Role::Load, Role::Services], |role| {
        let mut played = TerminalRun::begin(&WorkerState::Blocked.scenario("sync", "60s"));
        played.until_it_plays();
        WorkerState::Blocked.caught(&played.processes);
        kill(played.processes.one(role), Signal::SIGKILL).unwrap();
        played.until_it_shows(ON_THE_CARD);
        played.types("q");
        let (status, text) = played.end(&format!("{role:?}"));
        assert_eq!(status.code(), Some(1), "{text}");
        assert!(text.contains("broke down"), "{text}");
    });
}

#[test]
fn no_run_goes_on_when_the_terminal_is_gone() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("scenario.toml");
    std::fs::write(&path, WorkerState::Blocked.scenario("sync", "60s")).unwrap();
    let concsim = env!("CARGO_BIN_EXE_concsim");
    // As from nohup(1), whose children ignore this signal.
    let ignoring = "trap '' HUP; exec \"$0\" \"$@\"";
    let words = ["-c", ignoring, concsim, "run", path.to_str().unwrap()];
    let mut played = TerminalRun::start("/bin/sh".as_ref(), &words, scratch);
    played.until_it_plays();
    // A terminal emulator that is closed sends this to its processes.
    played.signal(Signal::SIGHUP);
    let (status, text) = played.end("hung up");
    assert_ne!(status.code(), Some(0), "{text}");
}

#[test]
fn a_run_that_the_menu_has_started_listens_to_its_keys() {
    let scratch = tempfile::tempdir().unwrap();
    let concsim = env!("CARGO_BIN_EXE_concsim");
    let mut played = TerminalRun::start(concsim.as_ref(), &[], scratch);
    played.until_it_shows("three_requests");
    played.types("\x1b[B\r");
    played.until_it_shows("any key");
    played.types(" ");
    played.until_it_shows("AT THE DOOR");
    played.types(" ");
    played.until_it_shows("PAUSED");
    played.types("?");
    played.until_it_shows("halt here, or go on");
    played.types("?q");
    let (_, text) = played.end("left");
    assert!(text.contains("interrupted at "), "{text}");
    assert!(text.contains(": the part that was played"), "{text}");
}

#[test]
fn a_run_that_is_steered_says_so_and_its_claims_are_not_judged() {
    let scenario = WorkerState::Idle.scenario("coroutine", "3s")
        + "[[expect]]\nclaim = 'it is so'\nthat = 'throughput > 1'\n";
    let mut played = TerminalRun::begin(&scenario);
    played.until_it_plays();
    played.types("]");
    played.until_it_shows("a worker was added");
    played.until_it_shows("C ");
    played.types("+");
    played.until_it_shows("62.5/s come from now on");
    played.types("fk");
    played.until_it_shows("worker A was killed");
    played.until_it_shows(ON_THE_CARD);
    played.types("q");
    let (status, text) = played.end("steered");
    assert_eq!(status.code(), Some(0), "{text}");
    // The card wraps its lines.
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words
        .join(" ")
        .contains("the run of coroutine was changed by hand");
    assert!(line, "{text}");
    assert!(text.contains("not judged"), "{text}");
}

/// Three requests at human speed, after a question.
fn asked_first() -> String {
    "warmup = '0s'\nduration = '20s'\n[server]\nkind = ['sync', 'coroutine']\nworkers = 2\n\
     [requests.a]\nsteps = ['compute 5ms', 'call billing 60ms']\n[load]\nclients = 6\nramp = '0s'\n\
     [[ask]]\nbefore = 'sync'\nquestion = 'How many are under way at once?'\n\
     measure = 'sync.concurrency'\n\
     choices = [['two', '..3'], ['six', '3..']]\nwhy = 'Each worker has one.'\n"
        .into()
}

#[test]
fn a_person_guesses_watches_halts_goes_back_and_leaves_whatever_the_size() {
    let mut played = TerminalRun::begin(&asked_first());
    played.until_it_shows("How many are under way at once?");
    played.types("1\r");
    played.until_it_shows("AT THE DOOR");
    played.until_it_shows("counting");
    played.types(" ");
    played.until_it_shows("PAUSED");
    let here = paused_at(&played.text());
    played.types(",");
    let mut before = None;
    until("it is an earlier instant", || {
        before = paused_at(&played.text());
        before.is_some() && before < here
    });
    for (rows, columns) in [(5, 20), (0, 0), (24, 80)] {
        played.resize(rows, columns);
    }
    // It has not moved meanwhile, though the run has gone on, and is whole again.
    until("the screen is as it was", || {
        let text = played.text();
        paused_at(&text) == before && text.contains("AT THE DOOR") && text.contains("q quit")
    });
    played.types("q");
    let (status, text) = played.end("watched");
    assert_eq!(status.code(), Some(130), "{text}");
}

#[test]
fn a_worker_that_is_killed_changes_nothing_about_the_terminal() {
    let mut played = TerminalRun::begin(&WorkerState::Blocked.scenario("coroutine", "60s"));
    played.until_it_plays();
    let worker = WorkerState::Blocked.caught(&played.processes);
    kill(worker, Signal::SIGKILL).unwrap();
    until("another one has taken its place", || {
        let workers = played.processes.of(Role::Worker);
        workers.len() == 2 && !workers.contains(&worker)
    });
    played.types("q");
    let (status, text) = played.end("a worker");
    assert_eq!(status.code(), Some(130), "{text}");
}

/// The cells of a frame that was drawn live and halted are those of the stored run at that instant.
#[test]
fn the_live_screen_is_drawn_again_from_the_kept_run() {
    for (pane, words) in [
        ("1", "AT THE DOOR"),
        ("2", " wide "),
        ("3", "WHERE THE TIME WENT"),
        ("5", "▸"),
    ] {
        let mut played = TerminalRun::begin(&WorkerState::Idle.scenario("coroutine", "60s"));
        played.until_it_plays();
        played.until_it_shows("counting");
        played.types(pane);
        played.until_it_shows(words);
        played.types(" ");
        played.until_it_shows("PAUSED");
        let at = paused_at(&played.text()).unwrap();
        let folder = played.scratch.path().join("out");
        // The needed data are on the disk half a second later at the latest, however the run goes.
        let mut kept = None;
        until("that instant is kept", || {
            kept = storage::open(&folder)
                .ok()
                .and_then(|kept| instant(kept, at));
            kept.is_some()
        });
        let (kept, at) = kept.unwrap();
        let again = drawn(&kept, at, pane);
        let (mut differs, mut looks) = (None, 0);
        // The rest of the frame may still be in flight.
        until("the frame is there, or another one", || {
            let live = played.screen.lock().unwrap().screen().clone();
            looks += 1;
            differs = difference(&live, &again);
            differs.is_none() || looks > 300
        });
        assert_eq!(differs, None, "view {pane}\n{}", played.text());
        played.types("q");
        played.end("drawn again");
    }
}

/// Returns the first cell in which a terminal differs from a frame, except the lines about the halt and the
/// keys.
fn difference(live: &vt100::Screen, again: &Buffer) -> Option<String> {
    let rows = 2..ROWS.get() - 1;
    let places = rows.flat_map(|row| (0..COLUMNS.get()).map(move |column| (row, column)));
    for (row, column) in places {
        let (seen, cell) = (live.cell(row, column)?, &again[(column, row)]);
        let symbol = match seen.contents() {
            "" => " ",
            symbol => symbol,
        };
        let colours = (format!("{:?}", seen.fgcolor()), of_terminal(cell.fg));
        let same_colour = symbol == " " || colours.0 == colours.1;
        if symbol != cell.symbol() || !same_colour {
            let expected = cell.symbol();
            return Some(format!(
                "{row}:{column} {symbol:?} and {expected:?}, {colours:?}"
            ));
        }
    }
    None
}

/// Returns the instant in the line `1.287 654 s`, in microseconds.
fn paused_at(screen: &str) -> Option<u64> {
    let (_, behind) = screen.split_once("PAUSED")?;
    let (number, _) = behind.split_once(" s")?;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Returns the sample that was the newest then, once later ones are stored too.
fn instant(kept: StoredRun, microseconds: u64) -> Option<(StoredRun, Stamp)> {
    let recording = &kept.recordings[0];
    let began = recording.header.began;
    let is_it = |sample: &Sample| sample.at.since(began).0 / 1_000 == microseconds;
    let place = recording.samples.iter().position(is_it)?;
    let at = recording.samples[place].at;
    (place + 1 < recording.samples.len()).then_some((kept, at))
}

fn drawn(kept: &StoredRun, at: Stamp, pane: &str) -> Buffer {
    let mut state = State::new(&kept.plan, kept.recordings[0].header.machine.cores);
    state.look.colours = Colours::Many;
    state.replay(Vec::new());
    for key in pane.chars() {
        state.key(Key::Char(key));
    }
    let feed = Feed {
        over: &[],
        now: Some(&kept.recordings[0]),
    };
    state.look_at(0, at);
    state.turn(&feed, Elapsed::ZERO);
    let mut screen = Buffer::empty(Rect::new(0, 0, COLUMNS.get(), ROWS.get()));
    view::draw_on(&mut screen, &state);
    screen
}

/// Returns the colour as the terminal's reader names it.
fn of_terminal(colour: Color) -> String {
    match colour {
        Color::Reset => "Default".into(),
        Color::Indexed(number) => format!("Idx({number})"),
        Color::Rgb(red, green, blue) => format!("Rgb({red}, {green}, {blue})"),
        other => format!("{other:?}"),
    }
}

/// A screen that panics in the middle, played by the test below. The program has no command that panics, so
/// this test binary takes the terminal over as the driver does, and panics.
#[test]
#[ignore = "played by another test, on a terminal of its own"]
fn a_screen_that_panics() {
    let terminal = concsim::sys::terminal::of_standard_output().expect("a terminal");
    let text = "[requests.a]\nsteps = []\n[load]\nclients = 1\n";
    let plan = concsim::scenario::read(text, "a.toml", &Overrides::default());
    let plan = plan.unwrap_or_else(|problems| panic!("{problems}"));
    let colour = Colour(clap::ColorChoice::Auto);
    let options = DisplayArgs::default().options(colour);
    let mut screen = Screen::on(terminal, &plan, 2, options).expect("a screen");
    screen.on_variant_start(&plan, 0).expect("a title card");
    panic!("in the middle of it");
}

#[test]
fn a_driver_that_panics_gives_the_terminal_back_and_says_why() {
    let this = std::env::current_exe().unwrap();
    let words = [
        "terminal::a_screen_that_panics",
        "--exact",
        "--ignored",
        "--nocapture",
    ];
    let mut played = TerminalRun::start(&this, &words, tempfile::tempdir().unwrap());
    until("the screen is taken over", || played.is_full_screen());
    played.types("\r");
    let (status, text) = played.end("panicked");
    assert_ne!(status.code(), Some(0), "{text}");
    assert!(text.contains("in the middle of it"), "{text}");
}
