//! Costs of switches: between two processes on one core, between two cores, and between two coroutines of a
//! hub.

use std::hint::black_box;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};

use super::Effort;
use super::finding::{Finding, Unit};
use super::interval::Median;
use super::quiet::Interference;
use concsim_model::units::CpuTime;
use concsim_os::coroutine::Stacks;
use concsim_os::sys::clock::Clock;
use concsim_os::sys::isolated::IsolatedWork;
use concsim_os::sys::{self, ErrorContext as _, processes};

const ROUNDS: u64 = 400;
const RESUMES: u64 = 20_000;

/// Measures process switch, wake-up across cores, and coroutine switch.
pub(super) fn findings(effort: Effort) -> sys::Result<Vec<Finding>> {
    let quiet = Interference::from_now();
    let coroutine = coroutine(effort)?;
    let coroutine = quiet.finding(
        "coroutine-switch",
        "coroutine: a switch there and back",
        (coroutine, Unit::Ns),
        "saves a few registers and changes the stack, without a system call.",
    );
    let quiet = Interference::from_now();
    let cores = processes::cores_allowed();
    let process = ping_pong(effort, cores[0], cores[0])?;
    let as_many = process.value / (coroutine.median.value / 2.0).max(0.1);
    let process = quiet.finding(
        "process-switch",
        "process switch",
        (process, Unit::Ns),
        format!("two processes on one core take turns, their pipes' own calls taken off: as much as {as_many:.0} coroutine switches."),
    );
    let mut found = vec![process, coroutine];
    if let Some(other) = cores.get(1) {
        let quiet = Interference::from_now();
        let wake = ping_pong(effort, cores[0], *other)?;
        found.push(quiet.finding(
            "wake-up",
            "waking a process on another core",
            (wake, Unit::Ns),
            "from a byte written on one core to its reader going on upon another, which slept.",
        ));
    }
    Ok(found)
}

/// Measures the way from one process to the other, without the calls that carry the byte; nanoseconds.
fn ping_pong(effort: Effort, core: usize, other: usize) -> sys::Result<Median> {
    let batches = effort.of(41, 15);
    let pipe = || io::pipe().doing("make a pipe");
    let ((hears, mut calls), (mut answers_come, answers)) = (pipe()?, pipe()?);
    let echo = IsolatedWork::start(Some(other), move || {
        answer_rounds(hears, answers, batches * ROUNDS)
    })?;
    let caller = IsolatedWork::start(Some(core), move || {
        let clock = Clock::starting_now();
        let (mut own_out, mut own_in) = io::pipe()?;
        let mut times = Vec::new();
        for _ in 0..batches {
            let begin = clock.now();
            for _ in 0..ROUNDS {
                hand_over(&mut calls, &mut answers_come)?;
            }
            let middle = clock.now();
            for _ in 0..2 * ROUNDS {
                hand_over(&mut own_in, &mut own_out)?;
            }
            let carried = clock.now().since(middle);
            let round = middle.since(begin);
            times.push(round.0.saturating_sub(carried.0) * 1_000 / (2 * ROUNDS));
        }
        Ok(times)
    })?;
    let picoseconds = caller.result()?;
    echo.result()?;
    Ok(Median::of(
        picoseconds.iter().map(|time| *time as f64 / 1e3),
    ))
}

/// Writes a byte, and waits for one.
fn hand_over(to: &mut PipeWriter, from: &mut PipeReader) -> io::Result<()> {
    to.write_all(&[0])?;
    from.read_exact(&mut [0])
}

fn answer_rounds(
    mut hears: PipeReader,
    mut answers: PipeWriter,
    rounds: u64,
) -> io::Result<Vec<u64>> {
    for _ in 0..rounds {
        hears.read_exact(&mut [0])?;
        answers.write_all(&[0])?;
    }
    Ok(Vec::new())
}

/// Measures a task that parks at once, repeatedly.
fn coroutine(effort: Effort) -> sys::Result<Median> {
    let batches = effort.of(101, 41);
    let work = move || {
        let clock = Clock::starting_now();
        let stacks: Stacks<u64> = Stacks::new();
        let rounds = batches * RESUMES;
        let mut task = stacks.start(move |parker| {
            for number in 0..rounds {
                parker.park(number);
            }
        });
        let mut batch = || {
            let begin = clock.now();
            for _ in 0..RESUMES {
                black_box(task.resume());
            }
            clock.now().since(begin).0 * 1_000 / RESUMES
        };
        let times = (0..batches).map(|_| batch()).collect();
        black_box(task.resume());
        Ok(times)
    };
    let picoseconds = IsolatedWork::start(None, work)?.result()?;
    Ok(Median::of(
        picoseconds.iter().map(|time| *time as f64 / 1e3),
    ))
}

/// Rounds to whole nanoseconds of core time.
pub(super) fn cpu_time(nanoseconds: f64) -> CpuTime {
    CpuTime(nanoseconds.max(0.0).round() as u64)
}
