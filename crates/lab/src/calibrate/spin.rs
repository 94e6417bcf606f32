//! The cores: accuracy of a computation, throughput of all cores together, length of a time slice, and the
//! wake-up delay on a busy core. Children compute, with the loop of a worker's `compute` step.

use std::io;

use super::Effort;
use super::finding::{Finding, Unit};
use super::interval::{Median, quantile, sorted};
use super::quiet::Interference;
use concsim_model::units::{CpuTime, Elapsed, Stamp};
use concsim_os::server::compute::burn;
use concsim_os::sys::clock::{Clock, thread_cpu};
use concsim_os::sys::isolated::IsolatedWork;
use concsim_os::sys::{self, fork, processes};

/// Time that children get to start before they all begin.
const BARRIER: Elapsed = Elapsed::from_millis(15);
const MS: u64 = 1_000_000;

/// Returns all findings about cores.
pub(super) fn findings(effort: Effort) -> sys::Result<Vec<Finding>> {
    let mut found = vec![speed(effort)?];
    found.extend(accuracy(effort)?);
    found.push(compare_shared_cores(effort)?);
    found.push(slice(effort)?);
    found.extend(wake_up_beside_a_hog(effort)?);
    Ok(found)
}

/// Returns the number of clock readings in a wall time; computing consists of clock readings.
fn readings(clock: Clock, length: u64) -> u64 {
    let until = clock.now() + Elapsed(length);
    let mut readings = 0;
    while clock.now() < until {
        readings += 1;
    }
    readings
}

fn speed(effort: Effort) -> sys::Result<Finding> {
    let quiet = Interference::from_now();
    let repetitions = effort.of(200, 50);
    let work = move || {
        let clock = Clock::starting_now();
        let once = |_| {
            let before = thread_cpu();
            let readings = readings(clock, 5 * MS);
            ((thread_cpu() - before).0 * 1_000).checked_div(readings)
        };
        Ok((0..repetitions).filter_map(once).collect())
    };
    let picoseconds = IsolatedWork::start(None, work)?.result()?;
    let each = Median::of(picoseconds.iter().map(|it| *it as f64 / 1e3));
    Ok(quiet.finding(
        "spinner",
        "one turn of a computing loop",
        (each, Unit::Ns),
        "`compute` reads the clock in a loop; this is its resolution.",
    ))
}

/// Compares the core time asked for with that of the thread's own clock.
fn accuracy(effort: Effort) -> sys::Result<Vec<Finding>> {
    let cases = [
        ("0.1 ms", MS / 10, 100),
        ("1 ms", MS, 60),
        ("10 ms", 10 * MS, 21),
        ("100 ms", 100 * MS, 7),
    ];
    let names = [
        "compute-0.1ms",
        "compute-1ms",
        "compute-10ms",
        "compute-100ms",
    ];
    let mut found = Vec::new();
    for (name, (length, wanted, repetitions)) in names.into_iter().zip(cases) {
        let quiet = Interference::from_now();
        let repetitions = effort.of(repetitions, repetitions.min(15));
        let work = move || {
            let clock = Clock::starting_now();
            let once = |_| {
                let before = thread_cpu();
                burn(CpuTime(wanted), clock, |_, _, _| {});
                (thread_cpu() - before).0.saturating_sub(wanted)
            };
            Ok((0..repetitions).map(once).collect())
        };
        let over = IsolatedWork::start(None, work)?.result()?;
        let over = sorted(over.iter().map(|over| *over as f64 / wanted as f64));
        let worst = quantile(&over, 0.99) * 100.0;
        found.push(quiet.finding(
            name,
            format!("compute {length}: too much by"),
            (Median::of(over), Unit::Share),
            format!("CPU time above the requested time; 99 in 100 are below {worst:.2} %."),
        ));
    }
    Ok(found)
}

/// Returns the wall time that each of several simultaneous children takes for this core time.
fn walls(cores: &[usize], wanted: u64) -> sys::Result<Vec<u64>> {
    let clock = Clock::starting_now();
    let start = |core: &usize| {
        IsolatedWork::start(Some(*core), move || {
            clock.sleep_until(Stamp::ZERO + BARRIER);
            Ok(vec![burn(CpuTime(wanted), clock, |_, _, _| {}).wall.0])
        })
    };
    let children: Vec<IsolatedWork> = cores.iter().map(start).collect::<sys::Result<_>>()?;
    let walls: Vec<Vec<u64>> = children
        .into_iter()
        .map(IsolatedWork::result)
        .collect::<sys::Result<_>>()?;
    Ok(walls.concat())
}

/// Compares one child alone with one on each core, in turn.
fn compare_shared_cores(effort: Effort) -> sys::Result<Finding> {
    let quiet = Interference::from_now();
    let cores = processes::cores_allowed();
    let wanted = 50 * MS;
    let mut shares = Vec::new();
    for _ in 0..effort.of(15, 7) {
        let alone = walls(&cores[..1], wanted)?[0] as f64;
        let walls = walls(&cores, wanted)?;
        let mean = walls.iter().sum::<u64>() as f64 / walls.len() as f64;
        shares.push((alone / mean).min(1.0));
    }
    let count = cores.len();
    let share = Median::of(shares);
    let sum = share.value * count as f64;
    Ok(quiet.finding(
        "efficiency",
        "a core while all are busy",
        (share, Unit::Share),
        format!(
            "of what it gives alone: {count} cores add up to {sum:.2}, and parallelism ends there."
        ),
    ))
}

/// Lets two children compute on one core, until the system has preempted them many times.
fn slice(effort: Effort) -> sys::Result<Finding> {
    let quiet = Interference::from_now();
    let core = processes::cores_allowed()[0];
    let clock = Clock::starting_now();
    let spin = move || -> io::Result<Vec<u64>> {
        let before = fork::used();
        readings(clock, 350 * MS);
        let after = fork::used();
        Ok(vec![
            (after.cpu - before.cpu).0,
            after.involuntary - before.involuntary,
        ])
    };
    let mut slices = Vec::new();
    for _ in 0..effort.of(8, 3) {
        let two = [
            IsolatedWork::start(Some(core), spin)?,
            IsolatedWork::start(Some(core), spin)?,
        ];
        for child in two {
            let [cpu, turns] = *child.result()? else {
                continue;
            };
            slices.push(cpu as f64 / turns.max(1) as f64);
        }
    }
    Ok(quiet.finding(
        "slice",
        "time slice",
        (Median::of(slices), Unit::Ns),
        "two computing processes share a core in turns of this length; a coroutine's turn ends when it lets go.",
    ))
}

/// Sleeps repeatedly on one core, with and without a process that computes there.
fn wake_up_beside_a_hog(effort: Effort) -> sys::Result<[Finding; 2]> {
    let core = processes::cores_allowed()[0];
    let naps = effort.of(200, 60);
    let sleep = move || {
        let clock = Clock::starting_now();
        let nap = |_| {
            let due = clock.now() + Elapsed(3 * MS);
            clock.sleep_until(due);
            clock.now().since(due).0
        };
        Ok((0..naps).map(nap).collect())
    };
    let late = |with_hog: bool| -> sys::Result<Vec<f64>> {
        let hog = move || Ok(vec![readings(Clock::starting_now(), naps * 5 * MS)]);
        let hog = with_hog
            .then(|| IsolatedWork::start(Some(core), hog))
            .transpose()?;
        let late = IsolatedWork::start(Some(core), sleep)?.result()?;
        hog.map_or(Ok(vec![]), IsolatedWork::result)?;
        Ok(sorted(late.iter().map(|late| *late as f64)))
    };
    let quiet = Interference::from_now();
    let free = late(false)?;
    let alone = quiet.finding(
        "wake-free",
        "waking on a free core: too late by",
        (Median::of(free.iter().copied()), Unit::Ns),
        quantiles_in_words("a sleep of 3 ms", &free),
    );
    let quiet = Interference::from_now();
    let taken = late(true)?;
    let beside = quiet.finding(
        "wake-hog",
        "waking beside a process that computes",
        (Median::of(taken.iter().copied()), Unit::Ns),
        quantiles_in_words(
            "on the same core: a process that has slept gets the core soon, or waits for a slice to end",
            &taken,
        ),
    );
    Ok([alone, beside])
}

/// Returns the tail in words.
pub(super) fn quantiles_in_words(what: &str, sorted: &[f64]) -> String {
    let [p90, p99] = [0.9, 0.99].map(|share| Elapsed(quantile(sorted, share) as u64));
    format!("{what}; 9 in 10 are below {p90}, 99 in 100 below {p99}.")
}
