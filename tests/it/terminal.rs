//! The screen on a terminal: taken over while a run is played, and given back as it was found, whoever
//! ends it, however.

#![expect(
    clippy::unwrap_used,
    reason = "a terminal that cannot be had fails its test"
)]
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use concsim::cli::audience::Audience as _;
use concsim::cli::colour::Colour;
use concsim::cli::screen::Screen;
use concsim::palette::Colours;
use concsim::recording::Sample;
use concsim::recording::feed::Feed;
use concsim::recording::kept::{self, Kept};
use concsim::scenario::Overrides;
use concsim::tui::{Key, State, view};
use concsim::units::{Elapsed, Stamp};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::tcgetattr;
use nix::unistd::Pid;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use rustix::termios::{Winsize, tcsetwinsize};

use crate::faults::{DOINGS, Doing, at_once, stop};
use crate::house::until;
use crate::played::{Marked, Role};

const ROWS: NonZero<u16> = NonZero::new(24).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(80).unwrap();
/// Words of the card that are nowhere else.
const ON_THE_CARD: &str = "each request:";

/// A run that is being played on a terminal of its own.
struct OnScreen {
    processes: Marked,
    driver: Child,
    /// What a person types goes in here.
    keyboard: File,
    /// Held open, so that the terminal is there when everybody has left it.
    terminal: Option<OwnedFd>,
    /// Ends when nobody has the terminal open any more.
    shower: Option<JoinHandle<()>>,
    modes_before: String,
    screen: Arc<Mutex<vt100::Parser>>,
    /// Holds the scenario, and in `out` the run as it is kept.
    scratch: tempfile::TempDir,
}

impl OnScreen {
    /// Plays this scenario for a person at the terminal.
    fn begin(scenario: &str) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("scenario.toml");
        std::fs::write(&path, scenario).unwrap();
        let out = scratch.path().join("out");
        let words = [
            "run",
            path.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ];
        Self::start(env!("CARGO_BIN_EXE_concsim").as_ref(), &words, scratch)
    }

    /// Starts a program on a terminal of its own.
    fn start(program: &Path, words: &[&str], scratch: tempfile::TempDir) -> Self {
        let pair = openpty(None, None).unwrap();
        // The processes of other tests must not hold it open.
        for end in [&pair.master, &pair.slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
        }
        tcsetwinsize(&pair.slave, window(ROWS.get(), COLUMNS.get())).unwrap();
        let modes_before = modes_of(&pair.slave);
        let processes = Marked::new();
        // In a session of its own with the terminal as its controlling one, as from a login shell.
        let mut command = Command::new("setsid");
        processes.put_on(&mut command);
        command.env("XDG_STATE_HOME", scratch.path());
        let driver = command
            .arg("--ctty")
            .arg(program)
            .args(words)
            .env("TERM", "xterm-256color")
            .env("RUST_BACKTRACE", "0")
            .stdin(pair.slave.try_clone().unwrap())
            .stdout(pair.slave.try_clone().unwrap())
            .stderr(pair.slave.try_clone().unwrap())
            .spawn()
            .unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0)));
        let shower = show(pair.master.try_clone().unwrap().into(), &screen);
        Self {
            processes,
            driver,
            keyboard: pair.master.into(),
            terminal: Some(pair.slave),
            shower: Some(shower),
            modes_before,
            screen,
            scratch,
        }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    fn shows(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    fn is_full_screen(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    /// Waits until the picture of a run has these words.
    fn until_it_shows(&self, words: &str) {
        until(&format!("the screen shows `{words}`"), || self.shows(words));
    }

    /// Goes past the title card to the overview.
    fn until_it_plays(&mut self) {
        until("the screen is taken over", || self.is_full_screen());
        self.types("\r");
        self.until_it_shows("AT THE DOOR");
    }

    /// Gives the terminal another size, of which it is said when it has been drawn on. Whatever was on it
    /// is gone, as terminals differ in what they make of it. No key is pressed meanwhile: one that comes
    /// at the same instant is read only with the next one (crossterm's event source returns with the
    /// first of two things that are ready, and is not told of the other again).
    fn resize(&self, rows: u16, columns: u16) {
        let size = NonZero::new(rows).zip(NonZero::new(columns));
        if let Some((rows, columns)) = size {
            let mut wiped = vt100::Parser::new(rows, columns, 0);
            wiped.process(b"\x1b[?1049h\x1b[?25l");
            *self.screen.lock().unwrap() = wiped;
        }
        tcsetwinsize(&self.keyboard, window(rows, columns)).unwrap();
        // On nothing, and on one cell, nothing is to be seen: the time of some frames has to do.
        let is_seen = rows > 1 && columns > 1;
        let mut looks = 0;
        until("it is drawn anew", || {
            looks += 1;
            let is_drawn = is_seen && !self.text().trim().is_empty();
            is_drawn || (!is_seen && looks > 50)
        });
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.driver.id().cast_signed()), signal).unwrap();
    }

    /// Waits for everybody's end, and sees that the terminal is as it was found.
    fn end(mut self, story: &str) -> (ExitStatus, String) {
        let status = self.driver.wait().unwrap();
        self.processes.until_all_are_gone();
        let terminal = self.terminal.take().unwrap();
        assert_eq!(modes_of(&terminal), self.modes_before, "{story}");
        drop(terminal);
        // What was written last has been drawn when the drawing is over.
        self.shower.take().unwrap().join().unwrap();
        assert!(!self.is_full_screen(), "{story}");
        let screen = self.screen.lock().unwrap();
        assert!(!screen.screen().hide_cursor(), "{story}");
        (status, screen.screen().contents())
    }
}

impl Drop for OnScreen {
    fn drop(&mut self) {
        // A test that has failed leaves nobody behind.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn window(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

/// All modes and special characters of a terminal, to be compared.
fn modes_of(terminal: &OwnedFd) -> String {
    format!("{:?}", tcgetattr(terminal).unwrap())
}

/// Draws what arrives until nobody has the terminal open any more.
fn show(mut output: File, screen: &Arc<Mutex<vt100::Parser>>) -> JoinHandle<()> {
    let screen = Arc::clone(screen);
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            screen.lock().unwrap().process(&bytes[..count]);
        }
    })
}

#[test]
fn a_person_who_leaves_finds_the_card_on_a_terminal_as_it_was() {
    at_once(["q", "\x03"], |key| {
        let mut played = OnScreen::begin(&Doing::Idle.scenario("coroutine", "60s"));
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
fn a_run_that_is_over_stays_on_its_card_until_somebody_leaves() {
    let mut played = OnScreen::begin(&Doing::Idle.scenario("coroutine", "1s"));
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
    let mut played = OnScreen::begin(&Doing::Blocked.scenario("sync", "60s"));
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
fn a_driver_that_is_killed_leaves_the_terminal_as_it_was_whatever_the_run_was_doing() {
    for everybody_is_stopped in [false, true] {
        let cases = DOINGS.map(|doing| (everybody_is_stopped, doing));
        at_once(cases, |(everybody_is_stopped, doing)| {
            let mut played = OnScreen::begin(&doing.scenario("coroutine", "60s"));
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

#[test]
fn a_run_on_screen_whose_arbiter_load_or_services_are_killed_shows_so_and_leaves_well() {
    at_once([Role::Arbiter, Role::Load, Role::Services], |role| {
        let mut played = OnScreen::begin(&Doing::Blocked.scenario("sync", "60s"));
        played.until_it_plays();
        Doing::Blocked.caught(&played.processes);
        kill(played.processes.one(role), Signal::SIGKILL).unwrap();
        played.until_it_shows(ON_THE_CARD);
        played.types("q");
        let (status, text) = played.end(&format!("{role:?}"));
        assert_eq!(status.code(), Some(1), "{text}");
        assert!(text.contains("broke down"), "{text}");
    });
}

#[test]
fn nobody_plays_on_when_the_terminal_is_gone() {
    let mut played = OnScreen::begin(&Doing::Blocked.scenario("sync", "60s"));
    played.until_it_plays();
    // What a terminal emulator that is closed does to those in it.
    played.signal(Signal::SIGHUP);
    let (status, text) = played.end("hung up");
    assert_ne!(status.code(), Some(0), "{text}");
}

#[test]
fn a_run_that_is_steered_says_so_and_its_claims_are_not_judged() {
    let scenario = Doing::Idle.scenario("coroutine", "3s")
        + "[[expect]]\nclaim = 'it is so'\nthat = 'throughput > 1'\n";
    let mut played = OnScreen::begin(&scenario);
    played.until_it_plays();
    played.types("]");
    played.until_it_shows("a worker was added");
    played.until_it_shows("C ");
    played.types("+");
    played.until_it_shows("load is 1.25 times");
    played.types("fk");
    played.until_it_shows("worker A was killed");
    played.until_it_shows(ON_THE_CARD);
    played.types("q");
    let (status, text) = played.end("steered");
    assert_eq!(status.code(), Some(0), "{text}");
    assert!(text.contains("was steered"), "{text}");
}

/// Three requests at human speed, with a question before.
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
    let mut played = OnScreen::begin(&asked_first());
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
    let mut played = OnScreen::begin(&Doing::Blocked.scenario("coroutine", "60s"));
    played.until_it_plays();
    let worker = Doing::Blocked.caught(&played.processes);
    kill(worker, Signal::SIGKILL).unwrap();
    until("another one has taken its place", || {
        let workers = played.processes.of(Role::Worker);
        workers.len() == 2 && !workers.contains(&worker)
    });
    played.types("q");
    let (status, text) = played.end("a worker");
    assert_eq!(status.code(), Some(130), "{text}");
}

/// The cells of a frame that was drawn live and halted are those that the kept run has at that instant.
#[test]
fn what_is_drawn_live_is_drawn_again_from_the_kept_run() {
    for (pane, words) in [
        ("1", "AT THE DOOR"),
        ("2", " wide "),
        ("3", "WHERE THE TIME WENT"),
        ("5", "▸"),
    ] {
        let mut played = OnScreen::begin(&Doing::Idle.scenario("coroutine", "60s"));
        played.until_it_plays();
        played.until_it_shows("counting");
        played.types(pane);
        played.until_it_shows(words);
        played.types(" ");
        played.until_it_shows("PAUSED");
        let at = paused_at(&played.text()).unwrap();
        let folder = played.scratch.path().join("out");
        // What is needed is on the disk half a second later at the latest, whatever becomes of the run.
        let mut kept = None;
        until("that instant is kept", || {
            kept = kept::open(&folder).ok().and_then(|kept| instant(kept, at));
            kept.is_some()
        });
        let (kept, at) = kept.unwrap();
        let again = drawn(&kept, at, pane);
        let (mut differs, mut looks) = (None, 0);
        // The last of the frame may still be on its way.
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

/// The first cell in which a terminal differs from a frame, but for the lines that say what is halted and
/// what the keys do.
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

/// `1.287 654 s` of the line that says so, in microseconds.
fn paused_at(screen: &str) -> Option<u64> {
    let (_, behind) = screen.split_once("PAUSED")?;
    let (number, _) = behind.split_once(" s")?;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The sample that was the newest then, once what came after it is kept too.
fn instant(kept: Kept, microseconds: u64) -> Option<(Kept, Stamp)> {
    let recording = &kept.recordings[0];
    let is_it = |sample: &Sample| sample.at.0 / 1_000 == microseconds;
    let place = recording.samples.iter().position(is_it)?;
    let at = recording.samples[place].at;
    (place + 1 < recording.samples.len()).then_some((kept, at))
}

fn drawn(kept: &Kept, at: Stamp, pane: &str) -> Buffer {
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

/// As the terminal's reader says it.
fn of_terminal(colour: Color) -> String {
    match colour {
        Color::Reset => "Default".into(),
        Color::Indexed(number) => format!("Idx({number})"),
        Color::Rgb(red, green, blue) => format!("Rgb({red}, {green}, {blue})"),
        other => format!("{other:?}"),
    }
}

/// A screen that panics in the middle, played by the test below: nothing in the program panics when it is
/// asked to, so that this program takes the terminal over as the driver does, and does it.
#[test]
#[ignore = "played by another test, on a terminal of its own"]
fn a_screen_that_panics() {
    let terminal = concsim::sys::terminal::of_standard_output().expect("a terminal");
    let text = "[requests.a]\nsteps = []\n[load]\nclients = 1\n";
    let plan = concsim::scenario::read(text, "a.toml", &Overrides::default());
    let plan = plan.expect("a valid scenario");
    let colour = Colour(clap::ColorChoice::Auto);
    let mut screen = Screen::on(terminal, &plan, 2, colour).expect("a screen");
    screen.announce(&plan, 0).expect("a title card");
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
    let mut played = OnScreen::start(&this, &words, tempfile::tempdir().unwrap());
    until("the screen is taken over", || played.is_full_screen());
    played.types("\r");
    let (status, text) = played.end("panicked");
    assert_ne!(status.code(), Some(0), "{text}");
    assert!(text.contains("in the middle of it"), "{text}");
}
