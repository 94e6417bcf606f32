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
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::tcgetattr;
use nix::unistd::Pid;
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
    scratch: tempfile::TempDir,
}

impl OnScreen {
    /// Plays this scenario for a person at the terminal.
    fn begin(scenario: &str) -> Self {
        Self::begin_with(scenario, &[])
    }

    fn begin_with(scenario: &str, options: &[&str]) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("scenario.toml");
        std::fs::write(&path, scenario).unwrap();
        let pair = openpty(None, None).unwrap();
        tcsetwinsize(&pair.slave, window(ROWS.get(), COLUMNS.get())).unwrap();
        let modes_before = modes_of(&pair.slave);
        let processes = Marked::new();
        // In a session of its own with the terminal as its controlling one, as from a login shell.
        let mut command = Command::new("setsid");
        processes.put_on(&mut command);
        command.env("XDG_STATE_HOME", scratch.path());
        let driver = command
            .arg("--ctty")
            .arg(env!("CARGO_BIN_EXE_concsim"))
            .args(["run", path.to_str().unwrap()])
            .args(options)
            .env("TERM", "xterm-256color")
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

    /// Saves the scenario.
    fn saves(&self, scenario: &str) {
        std::fs::write(self.scratch.path().join("scenario.toml"), scenario).unwrap();
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

    fn resize(&self, rows: u16, columns: u16) {
        if let (Some(rows), Some(columns)) = (NonZero::new(rows), NonZero::new(columns)) {
            let mut screen = self.screen.lock().unwrap();
            screen.screen_mut().set_size(rows, columns);
        }
        tcsetwinsize(&self.keyboard, window(rows, columns)).unwrap();
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
        // A key is answered with a frame, so that this size has been drawn before the next comes.
        played.types("?");
        played.types("?");
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
    played.until_it_shows("62.5/s come from now on");
    played.types("fk");
    played.until_it_shows("worker A was killed");
    played.until_it_shows(ON_THE_CARD);
    played.types("q");
    let (status, text) = played.end("steered");
    assert_eq!(status.code(), Some(0), "{text}");
    assert!(text.contains("was steered"), "{text}");
}

#[test]
fn a_hog_is_sent_by_hand_whatever_it_is_called() {
    let scenario = Doing::Computing.scenario("coroutine", "60s");
    let mut played = OnScreen::begin(&scenario);
    played.until_it_plays();
    played.types("fh");
    played.until_it_shows("one request `a` was sent");
    played.types("q");
    let (status, text) = played.end("a hog");
    assert_eq!(status.code(), Some(130), "{text}");
}

#[test]
fn a_file_that_is_watched_is_played_again_when_it_is_saved_with_mistakes_shown_in_between() {
    let named = |name: &str| {
        let scenario = Doing::Idle.scenario("coroutine", "60s");
        format!("title = '{name}'\n{scenario}")
    };
    let mut played = OnScreen::begin_with(&named("first"), &["--watch"]);
    played.until_it_plays();
    played.until_it_shows("first");
    played.saves(&named("second"));
    played.until_it_shows("second");
    played.until_it_plays();
    played.saves("title = 5");
    played.until_it_shows("`title` cannot be 5");
    played.until_it_shows("waiting for");
    assert!(!played.is_full_screen());
    played.saves(&named("third"));
    played.until_it_shows("third");
    played.until_it_plays();
    played.types("q");
    let (status, text) = played.end("watched");
    assert_eq!(status.code(), Some(130), "{text}");
}

#[test]
fn whoever_waits_for_a_file_to_be_saved_leaves_with_q() {
    let mut played = OnScreen::begin_with("title = 5", &["--watch"]);
    played.until_it_shows("waiting for");
    played.types("q");
    let (status, text) = played.end("left");
    assert_eq!(status.code(), Some(2), "{text}");
}
