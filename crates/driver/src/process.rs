//! The child processes of a run, from inside: each takes its orders and descriptors, and plays its part.

use std::io::{self, Write};
use std::os::fd::{OwnedFd, RawFd};
use std::process::ExitCode;

use anyhow::Context as _;
use serde::de::DeserializeOwned;

use concsim_os::sys::child::{self, Inherited};
use concsim_os::sys::terminal::{self, Modes};
use concsim_os::telemetry::{ChildMessage, RINGS_BY_DEFAULT, Scoreboard};
use concsim_os::{foreign, load, server};

/// Runs the server: an arbiter, which forks the workers.
///
/// # Errors
/// Orders or descriptors that cannot be read.
pub fn arbiter(descriptors: &[RawFd]) -> anyhow::Result<ExitCode> {
    let inherited = Inherited::take(descriptors)?;
    // The server and its forked workers use the scoreboard until their processes end.
    let scoreboard: &'static Scoreboard = Box::leak(Box::new(scoreboard(inherited.scoreboard)?));
    let orders: server::arbiter::Orders = read(&inherited.orders)?;
    let lifeline = &inherited.lifeline;
    Ok(report_end(server::arbiter::play(
        orders,
        scoreboard,
        lifeline,
        &mut io::stdout(),
    )))
}

/// Runs the observer of a foreign server.
///
/// # Errors
/// Orders or descriptors that cannot be read.
pub fn observer(descriptors: &[RawFd]) -> anyhow::Result<ExitCode> {
    let inherited = Inherited::take(descriptors)?;
    let scoreboard = scoreboard(inherited.scoreboard)?;
    let orders: foreign::Orders = read(&inherited.orders)?;
    let lifeline = &inherited.lifeline;
    Ok(report_end(foreign::play(
        orders,
        &scoreboard,
        lifeline,
        &mut io::stdout(),
    )))
}

/// Runs the guard of the terminal, for a driver that is killed.
///
/// # Errors
/// Orders or descriptors that cannot be read.
pub fn keeper(modes: &str) -> anyhow::Result<ExitCode> {
    let modes: Modes = read(modes)?;
    terminal::run_keeper(modes)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the services that `call` steps talk to.
///
/// # Errors
/// Orders or descriptors that cannot be read.
pub fn services(descriptors: &[RawFd]) -> anyhow::Result<ExitCode> {
    let inherited = Inherited::take(descriptors)?;
    child::die_when_cut(&inherited.lifeline)?;
    let scoreboard = scoreboard(inherited.scoreboard)?;
    let orders: server::services::Orders = read(&inherited.orders)?;
    Ok(report_end(server::services::play(
        &orders,
        &scoreboard,
        &mut io::stdout(),
    )))
}

/// Runs the load.
///
/// # Errors
/// Orders or descriptors that cannot be read.
pub fn load(descriptors: &[RawFd]) -> anyhow::Result<ExitCode> {
    let inherited = Inherited::take(descriptors)?;
    child::die_when_cut(&inherited.lifeline)?;
    let scoreboard = scoreboard(inherited.scoreboard)?;
    let orders: load::Orders = read(&inherited.orders)?;
    Ok(report_end(load::play(
        &orders,
        &scoreboard,
        &mut io::stdout(),
    )))
}

fn scoreboard(descriptor: OwnedFd) -> anyhow::Result<Scoreboard> {
    Ok(Scoreboard::inherited(descriptor, RINGS_BY_DEFAULT)?)
}

fn read<T: DeserializeOwned>(orders: &str) -> anyhow::Result<T> {
    serde_json::from_slice(orders.as_bytes()).context("the driver's orders could not be read")
}

/// Tells the driver the reason for which an engine cannot go on.
fn report_end(played: Result<(), impl std::fmt::Display>) -> ExitCode {
    let Err(error) = played else {
        return ExitCode::SUCCESS;
    };
    let reason = error.to_string();
    let reason = reason.strip_prefix("failed to ").unwrap_or(&reason).into();
    let mut output = io::stdout();
    // The driver may be gone; then there is nowhere to report that.
    let _ = ChildMessage::Failed { reason }.write_line(&mut output);
    let _ = output.flush();
    ExitCode::FAILURE
}
