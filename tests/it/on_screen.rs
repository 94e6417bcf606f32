//! A run on a terminal of its own: keys go in, and the screen is read.

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
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::tcgetattr;
use nix::unistd::Pid;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::played::MarkedProcesses;
use crate::serve_process::until;

pub(crate) const ROWS: NonZero<u16> = NonZero::new(24).unwrap();
pub(crate) const COLUMNS: NonZero<u16> = NonZero::new(80).unwrap();

/// A run on a terminal of its own.
pub(crate) struct TerminalRun {
    pub(crate) processes: MarkedProcesses,
    pub(crate) driver: Child,
    /// Input of the terminal.
    keyboard: File,
    /// Held open, so that the terminal outlives all processes.
    pub(crate) terminal: Option<OwnedFd>,
    /// False while the test leaves the output of the terminal unread.
    is_read: Arc<AtomicBool>,
    /// Ends when no process has the terminal open any more.
    screen_thread: Option<JoinHandle<()>>,
    pub(crate) modes_before: String,
    pub(crate) screen: Arc<Mutex<vt100::Parser>>,
    /// Folder of the scenario, and of the stored run in `out`.
    pub(crate) scratch: tempfile::TempDir,
}

impl TerminalRun {
    /// Plays this scenario on a terminal.
    pub(crate) fn begin(scenario: &str) -> Self {
        Self::begin_with(scenario, &[])
    }

    /// Plays it with these words behind it on the command line.
    pub(crate) fn begin_with(scenario: &str, words: &[&str]) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("scenario.toml");
        std::fs::write(&path, scenario).unwrap();
        let out = scratch.path().join("out");
        let (path, out) = (path.to_str().unwrap(), out.to_str().unwrap());
        // A run with `--watch` has no folder of its own.
        let kept: &[&str] = if words.contains(&"--watch") {
            &[]
        } else {
            &["--out", out]
        };
        let words = [&["run", path], kept, words].concat();
        Self::start(env!("CARGO_BIN_EXE_concsim").as_ref(), &words, scratch)
    }

    /// Starts a program on a terminal of its own.
    pub(crate) fn start(program: &Path, words: &[&str], scratch: tempfile::TempDir) -> Self {
        let pair = openpty(None, None).unwrap();
        // The processes of other tests must not hold it open.
        for end in [&pair.master, &pair.slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
        }
        tcsetwinsize(&pair.slave, window(ROWS.get(), COLUMNS.get())).unwrap();
        let modes_before = modes_of(&pair.slave);
        let processes = MarkedProcesses::new();
        // In a session of its own with the terminal as its controlling one, as from a login shell; and with the
        // signals of one: tests that a shell has started in the background ignore SIGINT and SIGQUIT, and by nohup(1) SIGHUP.
        let mut command = Command::new("env");
        processes.put_on(&mut command);
        command.env("XDG_STATE_HOME", scratch.path());
        let driver = command
            .args(["--default-signal=HUP,INT,QUIT", "setsid", "--ctty"])
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
        let is_read = Arc::new(AtomicBool::new(true));
        let shower = show(pair.master.try_clone().unwrap().into(), &screen, &is_read);
        Self {
            processes,
            driver,
            keyboard: pair.master.into(),
            terminal: Some(pair.slave),
            is_read,
            screen_thread: Some(shower),
            modes_before,
            screen,
            scratch,
        }
    }

    /// Saves the scenario.
    pub(crate) fn saves(&self, scenario: &str) {
        std::fs::write(self.scratch.path().join("scenario.toml"), scenario).unwrap();
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn shows(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    pub(crate) fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    pub(crate) fn is_full_screen(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    pub(crate) fn has_the_mouse(&self) -> bool {
        let screen = self.screen.lock().unwrap();
        screen.screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }

    /// Waits until the screen of a run has these words.
    pub(crate) fn until_it_shows(&self, words: &str) {
        until(&format!("the screen shows `{words}`"), || self.shows(words));
    }

    /// Skips the title card, to the overview.
    pub(crate) fn until_it_plays(&mut self) {
        until("the screen is taken over", || self.is_full_screen());
        self.types("\r");
        self.until_it_shows("AT THE DOOR");
    }

    /// Resizes the terminal, and waits until it has been drawn on. The old content is erased, as terminals
    /// differ in their treatment of it. No key is pressed meanwhile: one that comes at the same instant is
    /// read only with the next one (crossterm's event source returns with the first of two ready sources,
    /// and is not notified of the other again).
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let size = NonZero::new(rows).zip(NonZero::new(columns));
        if let Some((rows, columns)) = size {
            let mut wiped = vt100::Parser::new(rows, columns, 0);
            wiped.process(b"\x1b[?1049h\x1b[?25l");
            *self.screen.lock().unwrap() = wiped;
        }
        tcsetwinsize(&self.keyboard, window(rows, columns)).unwrap();
        // Nothing is visible on zero cells or one: the test waits for the time of some frames.
        let is_seen = rows > 1 && columns > 1;
        let mut looks = 0;
        until("it is drawn anew", || {
            looks += 1;
            let is_drawn = is_seen && !self.text().trim().is_empty();
            is_drawn || (!is_seen && looks > 50)
        });
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.driver.id().cast_signed()), signal).unwrap();
    }

    /// Reads the output of the terminal no more, and has it drawn anew until there is no room for more of it.
    pub(crate) fn leave_unread(&self) {
        self.is_read.store(false, Ordering::Relaxed);
        let terminal = self.terminal.as_ref().unwrap();
        let (mut looks, mut without_room) = (0, 0);
        until("the terminal has no room", || {
            looks += 1;
            tcsetwinsize(&self.keyboard, window(40 + looks % 2, 120)).unwrap();
            let mut polled = [PollFd::new(terminal, PollFlags::OUT)];
            let has_room = poll(&mut polled, Some(&Timespec::default())).unwrap() == 1;
            without_room = if has_room { 0 } else { without_room + 1 };
            without_room == 20
        });
    }

    /// Waits for the end of all processes of a terminal that was left unread, and reads it again.
    pub(crate) fn read_when_all_are_gone(&mut self, story: &str) {
        until(story, || self.driver.try_wait().unwrap().is_some());
        self.processes.until_all_are_gone();
        self.is_read.store(true, Ordering::Relaxed);
    }

    /// Waits for the end of all processes, and checks that the terminal is restored.
    pub(crate) fn end(mut self, story: &str) -> (ExitStatus, String) {
        let status = self.driver.wait().unwrap();
        self.processes.until_all_are_gone();
        let terminal = self.terminal.take().unwrap();
        assert_eq!(modes_of(&terminal), self.modes_before, "{story}");
        drop(terminal);
        // The last output has been drawn when the drawing thread ends.
        self.screen_thread.take().unwrap().join().unwrap();
        assert!(!self.is_full_screen(), "{story}");
        let screen = self.screen.lock().unwrap();
        assert!(!screen.screen().hide_cursor(), "{story}");
        let mouse = screen.screen().mouse_protocol_mode();
        assert_eq!(mouse, vt100::MouseProtocolMode::None, "{story}");
        (status, screen.screen().contents())
    }
}

impl Drop for TerminalRun {
    fn drop(&mut self) {
        // A failed test leaves no process behind.
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

/// Returns all modes and special characters of a terminal, to be compared.
pub(crate) fn modes_of(terminal: &OwnedFd) -> String {
    format!("{:?}", tcgetattr(terminal).unwrap())
}

/// Draws the output, while it is to be read, until no process has the terminal open any more.
fn show(
    mut output: File,
    screen: &Arc<Mutex<vt100::Parser>>,
    is_read: &Arc<AtomicBool>,
) -> JoinHandle<()> {
    let (screen, is_read) = (Arc::clone(screen), Arc::clone(is_read));
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            screen.lock().unwrap().process(&bytes[..count]);
            until("it is read", || is_read.load(Ordering::Relaxed));
        }
    })
}

/// Writes this scenario as `scenario.toml` to a folder, simulates it, and returns the folder of the stored
/// run.
pub(crate) fn kept_simulation(folder: &Path, scenario: &str) -> std::path::PathBuf {
    let file = folder.join("scenario.toml");
    std::fs::write(&file, scenario).unwrap();
    let run = folder.join("run");
    let output = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(["sim", "--json", "--out"])
        .args([&run, &file])
        .output();
    assert!(run.is_dir(), "{output:?}");
    run
}
