//! The kill matrix: every process of a run × every signal × every phase, three times each, with sync workers;
//! workers of the other kinds, their load and services, and sync workers that share the door in other ways, in the
//! same phases; and random kills.
//!
//! ```text
//!   cargo test --test it attack::kills::matrix -- --ignored --nocapture
//!   CONCSIM_KILLS=1000 CONCSIM_SEED=7 cargo test --test it attack::kills::random -- --ignored --nocapture
//! ```
//!
//! A cell is right if nothing is left of the run (no process, a terminal as it was), the program has ended
//! within five seconds beyond the run's own length, and its exit status is one that the command line
//! promises. PIPE is ignored by every process, and a SEGV from kill(2), unlike one from a fault, is
//! swallowed once by the runtime: after these the program may go on to its own end. Not to be played with
//! nohup(1) or in a shell's background: both make the program ignore signals of the matrix.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a command prints its table, and a test may wait"
)]
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::faults::WorkerState;
use crate::on_screen::{TerminalRun, kept_simulation};
use crate::played::Role;
use crate::serve_process::until;

/// Kind of the workers, with `server.accept` unless that is `shared`, and process that is killed. Driver and
/// arbiter are the same for all.
const ROWS: [(&str, Role); 17] = [
    ("sync", Role::Driver),
    ("sync", Role::Arbiter),
    ("sync", Role::Worker),
    ("threads", Role::Worker),
    ("coroutine", Role::Worker),
    ("callback", Role::Worker),
    ("sync exclusive", Role::Worker),
    ("sync blocking", Role::Worker),
    ("sync reuseport", Role::Worker),
    ("sync", Role::Load),
    ("threads", Role::Load),
    ("coroutine", Role::Load),
    ("callback", Role::Load),
    ("sync", Role::Services),
    ("threads", Role::Services),
    ("coroutine", Role::Services),
    ("callback", Role::Services),
];

const SIGNALS: [Signal; 8] = [
    Signal::SIGKILL,
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGSEGV,
    Signal::SIGPIPE,
    Signal::SIGSTOP,
];

/// Phase of the program at the signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Boot,
    Idle,
    Compute,
    Wait,
    Drain,
    Cards,
    Replay,
    Serve,
    Sweep,
    Calibrate,
}

const PHASES: [Phase; 10] = [
    Phase::Boot,
    Phase::Idle,
    Phase::Compute,
    Phase::Wait,
    Phase::Drain,
    Phase::Cards,
    Phase::Replay,
    Phase::Serve,
    Phase::Sweep,
    Phase::Calibrate,
];

const TIMES: usize = 3;
/// Number of programs at once: most of their time is waiting.
const AT_ONCE: usize = 6;
/// Time limit beyond the length of the run itself, with room for a busy machine.
const AT_MOST: Duration = Duration::from_secs(5);
/// Length of a run that goes on in spite of the signal.
const LENGTH: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    kind: &'static str,
    role: Role,
    signal: i32,
    phase: Phase,
}

impl Phase {
    /// True if processes of this role exist in this phase.
    fn has(self, role: Role) -> bool {
        match self {
            Self::Boot | Self::Idle | Self::Compute | Self::Wait => true,
            Self::Drain | Self::Serve => role != Role::Load,
            Self::Cards | Self::Replay | Self::Sweep => role == Role::Driver,
            Self::Calibrate => matches!(role, Role::Driver | Role::Arbiter),
        }
    }

    fn scenario(self, kind: &str) -> String {
        let doing = match self {
            Self::Compute => WorkerState::Computing,
            Self::Wait => WorkerState::Blocked,
            _ => WorkerState::Idle,
        };
        let (kind, accept) = kind.split_once(' ').unwrap_or((kind, "shared"));
        let text = doing.scenario(kind, "2s").replace(
            "workers = 2",
            &format!("workers = 2\naccept = '{accept}'\ngraceful_timeout = '1s'\ntimeout = '2s'"),
        );
        let text = text.replace("patience = '5s'", "patience = '1s'");
        match self {
            // Every request is still in flight when the window ends, and stays for a second.
            Self::Drain => text
                .replace("duration = '2s'", "duration = '100ms'")
                .replace("'call billing 1ms'", "'call billing 1ms', 'sleep 900ms'"),
            _ => text,
        }
    }

    fn command(self, scenario: &str, kept: &str) -> Vec<String> {
        let line = match self {
            Self::Replay => "replay KEPT",
            Self::Serve => "serve SCENARIO --bind 127.0.0.1:0",
            Self::Sweep => {
                "sweep SCENARIO --over server.workers=1..200 --set duration=300s --out OUT"
            }
            Self::Calibrate => "calibrate --quick --out OUT",
            Self::Cards => "sim SCENARIO --no-keep",
            _ => "run SCENARIO --no-keep",
        };
        let words = line.split(' ').map(|word| match word {
            "SCENARIO" => scenario.to_owned(),
            "KEPT" => kept.to_owned(),
            "OUT" => format!("{scenario}.out"),
            word => word.to_owned(),
        });
        words.collect()
    }

    /// Brings the program to this phase.
    fn reach(self, program: &mut TerminalRun, role: Role) {
        match self {
            Self::Idle | Self::Drain => program.until_it_plays(),
            Self::Compute => {
                program.until_it_plays();
                WorkerState::Computing.caught(&program.processes);
            }
            Self::Wait => {
                program.until_it_plays();
                WorkerState::Blocked.caught(&program.processes);
            }
            Self::Cards | Self::Replay => {
                until("the screen is taken over", || program.is_full_screen());
            }
            Self::Serve => program.until_it_shows("^C stops"),
            Self::Boot | Self::Sweep | Self::Calibrate => {}
        }
        program.processes.one(role);
    }
}

/// True if this is a permitted end.
fn is_right(cell: Cell, status: ExitStatus) -> bool {
    let is_the_drivers = cell.role == Role::Driver;
    // An endless command is ended by ^C, unless it handles ^C itself.
    let is_left = matches!(cell.phase, Phase::Sweep | Phase::Calibrate);
    let left_by = is_left.then_some(Signal::SIGINT as i32);
    let by_signal = [Some(cell.signal), left_by].contains(&status.signal());
    let by_signal = is_the_drivers && status.signal().is_some() && by_signal;
    by_signal || matches!(status.code(), Some(0 | 1 | 130))
}

/// Plays one cell once, with the signal `pause` after the phase has begun. The error is the fault.
fn play(cell: Cell, pause: Duration, kept: &Path) -> Result<(), String> {
    let signal = Signal::try_from(cell.signal).expect("a signal");
    let story = catch_unwind(AssertUnwindSafe(|| {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let file = scratch.path().join("scenario.toml");
        std::fs::write(&file, cell.phase.scenario(cell.kind)).expect("it can be written");
        let words = cell.phase.command(
            file.to_str().expect("a path"),
            kept.to_str().expect("a path"),
        );
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let program = env!("CARGO_BIN_EXE_concsim").as_ref();
        let mut program = TerminalRun::start(program, &words, scratch);
        cell.phase.reach(&mut program, cell.role);
        let victim = program.processes.one(cell.role);
        thread::sleep(pause);
        let began = Instant::now();
        // The process may have ended meanwhile.
        let _ = kill(victim, signal);
        thread::sleep(Duration::from_millis(200));
        if signal == Signal::SIGSTOP && cell.role == Role::Driver {
            // A stopped program is continued, as a user would.
            let _ = kill(victim, Signal::SIGCONT);
        }
        leave(cell, &mut program, began);
        let took = began.elapsed();
        let (status, text) = program.end("what was left");
        (status, took, text)
    }));
    let (status, took, text) = story.map_err(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        words.unwrap_or_else(|| "it panicked".into())
    })?;
    if took > LENGTH + AT_MOST {
        return Err(format!("ended after {} ms", took.as_millis()));
    }
    if !is_right(cell, status) {
        return Err(format!("{status}: {}", text.trim()));
    }
    Ok(())
}

/// Waits for the end of a program that the signal ends, and quits one that goes on, as a user would.
fn leave(cell: Cell, program: &mut TerminalRun, began: Instant) {
    let is_a_card = |program: &TerminalRun| program.shows("q quits") || program.shows("trust");
    let endless = matches!(cell.phase, Phase::Serve | Phase::Sweep | Phase::Calibrate);
    while matches!(program.driver.try_wait(), Ok(None)) && began.elapsed() < LENGTH + AT_MOST {
        let goes_on = began.elapsed() > Duration::from_millis(700);
        if goes_on && endless {
            program.signal(Signal::SIGINT);
        } else if goes_on && (is_a_card(program) || !cell.phase.plays()) {
            program.types("q");
        }
        thread::sleep(Duration::from_millis(300));
    }
}

impl Phase {
    /// True if it is a run that ends by itself.
    fn plays(self) -> bool {
        !matches!(self, Self::Cards | Self::Replay)
    }
}

/// Plays all cells, several at once, and returns the faults of each.
fn play_all(cells: &[(Cell, Duration)]) -> BTreeMap<Cell, Vec<Result<(), String>>> {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let kept = kept_simulation(folder.path(), &Phase::Idle.scenario("sync"));
    let next = AtomicUsize::new(0);
    let found: Mutex<BTreeMap<Cell, Vec<Result<(), String>>>> = Mutex::default();
    // Faults are in the table; a backtrace for each would bury it.
    std::panic::set_hook(Box::new(|_| {}));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((cell, pause)) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = play(*cell, *pause, &kept);
                    let mut found = found.lock().expect("no other panics with it");
                    found.entry(*cell).or_default().push(result);
                }
            });
        }
    });
    let _ = std::panic::take_hook();
    found.into_inner().expect("all have ended")
}

/// Prints a line for each process and signal, a column for each phase, and the faults below.
fn print(found: &BTreeMap<Cell, Vec<Result<(), String>>>) -> usize {
    print!("{:<26}", "");
    for phase in PHASES {
        print!("{:>11}", format!("{phase:?}"));
    }
    println!();
    for (kind, role) in ROWS {
        for signal in SIGNALS {
            let kind_name = if kind == "sync" { "" } else { kind };
            print!("{:<26}", format!("{role:?} {kind_name} {signal}"));
            for phase in PHASES {
                let signal = signal as i32;
                let cell = Cell {
                    kind,
                    role,
                    signal,
                    phase,
                };
                let text = found.get(&cell).map_or("–".into(), |results| {
                    let right = results.iter().filter(|result| result.is_ok()).count();
                    format!("{right}/{}", results.len())
                });
                print!("{text:>11}");
            }
            println!();
        }
    }
    let mut wrong = 0;
    for (cell, results) in found {
        for result in results {
            if let Err(words) = result {
                wrong += 1;
                println!("{cell:?}: {words}");
            }
        }
    }
    let all: usize = found.values().map(Vec::len).sum();
    println!("{all} kills, {wrong} wrong");
    wrong
}

fn all_cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for phase in PHASES {
        for (kind, role) in ROWS.into_iter().filter(|row| phase.has(row.1)) {
            let signals = SIGNALS.map(|signal| signal as i32);
            cells.extend(signals.map(|signal| Cell {
                kind,
                role,
                signal,
                phase,
            }));
        }
    }
    cells
}

#[test]
#[ignore = "minutes: a command that prints its table"]
fn matrix() {
    let cells = all_cells().into_iter();
    let cells: Vec<_> = cells
        .flat_map(|cell| [(cell, Duration::ZERO); TIMES])
        .collect();
    assert_eq!(print(&play_all(&cells)), 0);
}

fn number_of(variable: &str, usual: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(usual, |text| text.parse().expect("a number"))
}

#[test]
#[ignore = "minutes: a command that prints its table"]
fn random() {
    let seed = number_of("CONCSIM_SEED", 1);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let all = all_cells();
    let kills = number_of("CONCSIM_KILLS", 1_000);
    let cells: Vec<_> = (0..kills)
        .filter_map(|_| {
            let pause = Duration::from_millis(random.random_range(0..500));
            all.choose(&mut random).map(|cell| (*cell, pause))
        })
        .collect();
    assert_eq!(print(&play_all(&cells)), 0, "seed {seed}");
}
