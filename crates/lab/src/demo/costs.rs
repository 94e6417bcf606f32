//! Costs of one hand-over on this machine: between coroutines, threads and processes.
//!
//! Each way is measured in a process of its own, in batches. A batch gives the mean of its hand-overs; the
//! median and the quartiles are those of the batches.

use std::cell::RefCell;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::rc::Rc;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use serde::Serialize;

use super::hub::{Address, Hub};
use concsim_model::units::Elapsed;
use concsim_os::sys::clock::Clock;
use concsim_os::sys::isolated::IsolatedWork;
use concsim_os::sys::{self, ErrorContext as _};

/// Number of batches of each way.
const BATCHES: usize = 41;
/// Hand-overs of a batch between coroutines.
const QUICK: u64 = 4_000;
/// Hand-overs of a batch by the kernel.
const SLOW: u64 = 400;

/// Cost of one hand-over.
#[derive(Clone, Debug, Serialize)]
pub struct HandOverCost {
    /// Way: `direct`, `hub`, `threads` or `processes`.
    pub way: &'static str,
    /// Description of the way.
    pub description: &'static str,
    /// Median of the batches, in nanoseconds.
    pub median_ns: f64,
    /// Quartiles of the batches, in nanoseconds.
    pub quartiles_ns: [f64; 2],
    /// Number of batches.
    pub batches: usize,
    /// Number of hand-overs in each batch.
    pub hand_overs_in_a_batch: u64,
}

/// Measures all ways.
///
/// # Errors
/// Fails if the system has no process, pipe or memory left.
pub(super) fn measure() -> sys::Result<Vec<HandOverCost>> {
    let alone = |work: fn() -> io::Result<Vec<u64>>| IsolatedWork::start(None, work)?.result();
    Ok(vec![
        cost("direct", "coroutine to coroutine", QUICK, &alone(directly)?),
        cost(
            "hub",
            "coroutines, through the hub",
            QUICK,
            &alone(through_the_hub)?,
        ),
        cost(
            "threads",
            "threads of one process (futex)",
            SLOW,
            &alone(between_threads)?,
        ),
        cost("processes", "processes (pipe)", SLOW, &between_processes()?),
    ])
}

/// Returns the costs as a table.
#[must_use]
pub(super) fn table(costs: &[HandOverCost]) -> String {
    let row = |cost: &HandOverCost| {
        let [low, high] = cost.quartiles_ns.map(time);
        let (median, description) = (time(cost.median_ns), cost.description);
        format!("  {description:<32}{median:>9}   {low:>9} to {high}\n")
    };
    let rows: String = costs.iter().map(row).collect();
    format!(
        "One hand-over on this machine, now: median and quartiles of {BATCHES} batches\n\n{rows}"
    )
}

fn time(nanoseconds: f64) -> String {
    Elapsed(nanoseconds.round() as u64).to_string()
}

/// Summarises batches, in picoseconds for each hand-over.
fn cost(way: &'static str, description: &'static str, each: u64, batches: &[u64]) -> HandOverCost {
    let mut sorted: Vec<f64> = batches.iter().map(|time| *time as f64 / 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |share: usize| sorted[(sorted.len() - 1) * share / 4];
    HandOverCost {
        way,
        description,
        median_ns: at(2),
        quartiles_ns: [at(1), at(3)],
        batches: sorted.len(),
        hand_overs_in_a_batch: each,
    }
}

/// Returns picoseconds for each of `each` hand-overs since `begin`.
fn picoseconds(begin: concsim_model::units::Stamp, clock: Clock, each: u64) -> u64 {
    clock.now().since(begin).0 * 1_000 / each
}

/// Two coroutines switch to each other. The first one reads the clock once a batch.
fn directly() -> io::Result<Vec<u64>> {
    let times: Rc<RefCell<Vec<u64>>> = Rc::default();
    let mut hub = Hub::new("main").map_err(|error| error.source)?;
    let first: Rc<RefCell<Option<Address>>> = Rc::default();
    let home = Rc::clone(&first);
    let second = hub.add("b", move |me| {
        let first = home.borrow().clone().expect("the first one has begun");
        for _ in 0..BATCHES as u64 * QUICK / 2 {
            me.switch_to(&first).expect("the same thread");
        }
    });
    let own = Rc::clone(&times);
    let begun = hub.spawn("a", move |me| {
        let clock = Clock::starting_now();
        for _ in 0..BATCHES {
            let begin = clock.now();
            for _ in 0..QUICK / 2 {
                me.switch_to(&second).expect("the same thread");
            }
            own.borrow_mut().push(picoseconds(begin, clock, QUICK));
        }
        me.schedule(&second);
    });
    *first.borrow_mut() = Some(begun);
    hub.run().expect("both end");
    Ok(times.take())
}

/// Two coroutines yield to the hub, which polls once a turn of both.
fn through_the_hub() -> io::Result<Vec<u64>> {
    let times: Rc<RefCell<Vec<u64>>> = Rc::default();
    let mut hub = Hub::new("main").map_err(|error| error.source)?;
    let own = Rc::clone(&times);
    hub.spawn("a", move |me| {
        let clock = Clock::starting_now();
        for _ in 0..BATCHES {
            let begin = clock.now();
            for _ in 0..QUICK / 2 {
                me.yield_now().expect("nothing is raised here");
            }
            own.borrow_mut().push(picoseconds(begin, clock, QUICK));
        }
    });
    hub.spawn("b", move |me| {
        for _ in 0..BATCHES as u64 * QUICK / 2 {
            me.yield_now().expect("nothing is raised here");
        }
    });
    hub.run().expect("both end");
    Ok(times.take())
}

/// Turn of two threads.
#[derive(Default)]
struct Turn {
    is_second: Mutex<bool>,
    changed: Condvar,
}

impl Turn {
    /// Waits for the turn of one thread, and gives it to the other.
    fn take_and_pass(&self, second: bool) {
        let mut turn = self
            .is_second
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while *turn != second {
            let woken = self.changed.wait(turn);
            turn = woken.unwrap_or_else(PoisonError::into_inner);
        }
        *turn = !second;
        drop(turn);
        self.changed.notify_one();
    }
}

/// Two threads wait for each other by a condition variable, which is a futex on Linux.
fn between_threads() -> io::Result<Vec<u64>> {
    let turn = Turn::default();
    let clock = Clock::starting_now();
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, || {
            for _ in 0..BATCHES as u64 * SLOW / 2 {
                turn.take_and_pass(true);
            }
        });
        other?;
        let batch = |_| {
            let begin = clock.now();
            for _ in 0..SLOW / 2 {
                turn.take_and_pass(false);
            }
            picoseconds(begin, clock, SLOW)
        };
        Ok((0..BATCHES).map(batch).collect())
    })
}

/// Two processes send a byte to and fro.
fn between_processes() -> sys::Result<Vec<u64>> {
    let pipe = || io::pipe().doing("make a pipe");
    let ((mut hears, mut calls), (mut comes, mut answers)) = (pipe()?, pipe()?);
    let echo = IsolatedWork::start(None, move || {
        for _ in 0..BATCHES as u64 * SLOW / 2 {
            hears.read_exact(&mut [0])?;
            answers.write_all(&[0])?;
        }
        Ok(Vec::new())
    })?;
    let caller = IsolatedWork::start(None, move || {
        let clock = Clock::starting_now();
        let mut batch = || {
            let begin = clock.now();
            for _ in 0..SLOW / 2 {
                send_and_wait(&mut calls, &mut comes)?;
            }
            Ok(picoseconds(begin, clock, SLOW))
        };
        (0..BATCHES).map(|_| batch()).collect()
    })?;
    let times = caller.result()?;
    echo.result()?;
    Ok(times)
}

fn send_and_wait(to: &mut PipeWriter, from: &mut PipeReader) -> io::Result<()> {
    to.write_all(&[0])?;
    from.read_exact(&mut [0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_quartiles_are_values_of_batches() {
        let five = cost("direct", "", 10, &[5_000, 1_000, 3_000, 2_000, 4_000]);
        assert_eq!((five.median_ns, five.quartiles_ns), (3.0, [2.0, 4.0]));
    }

    #[test]
    fn coroutines_and_threads_hand_over_in_every_batch() {
        for way in [directly, through_the_hub, between_threads] {
            assert_eq!(way().expect("a thread and a poller").len(), BATCHES);
        }
    }
}
