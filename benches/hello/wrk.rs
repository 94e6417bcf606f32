//! One run of wrk against one server.

use std::process::Command;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use super::server::Server;

/// What wrk said, and what it used itself.
pub(crate) struct Played {
    pub(crate) per_second: f64,
    /// The share of one core that wrk used: near 1, wrk is what is measured.
    pub(crate) wrk_busy: f64,
}

/// Asks the server over 64 kept connections for so many seconds.
pub(crate) fn play(server: &Server, seconds: u32) -> Result<Played, String> {
    let before = cpu_of_ended_children()?;
    let output = Command::new("wrk")
        .args(["-t1", "-c64", &format!("-d{seconds}s"), &server.url()])
        .output()
        .map_err(|error| format!("wrk does not start: {error}"))?;
    // Only wrk was reaped in between, so the difference is its own.
    let cpu = cpu_of_ended_children()? - before;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if let Some(trouble) = said
        .lines()
        .find(|line| line.contains("errors") || line.contains("Non-2xx"))
    {
        return Err(format!("{}: {}", server.name, trouble.trim()));
    }
    let rate = said
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    let per_second = rate
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| format!("wrk said no rate: {said}"))?;
    let wrk_busy = cpu / f64::from(seconds);
    Ok(Played {
        per_second,
        wrk_busy,
    })
}

/// Core seconds of all children that have ended and were waited for.
fn cpu_of_ended_children() -> Result<f64, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| error.to_string())?;
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(microseconds as f64 / 1e6)
}
