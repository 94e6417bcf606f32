//! One run of wrk against one server.

use std::process::Command;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use super::server::Server;

/// Results of one run.
pub(crate) struct Played {
    /// Answers per second, as printed by wrk.
    pub(crate) per_second: f64,
    /// Core time of all the server's processes per answer, in microseconds.
    pub(crate) core_us: f64,
    /// Core time of the busiest of these processes, the worker, per answer, in microseconds.
    pub(crate) worker_us: f64,
    /// Share of one core that wrk used: near 1, wrk itself is the limit.
    pub(crate) wrk_busy: f64,
}

/// Loads the server over 64 kept connections for `seconds` seconds.
pub(crate) fn play(server: &Server, seconds: u32) -> Result<Played, String> {
    let (server_before, wrk_before) = (server.cpu_s(), cpu_of_ended_children()?);
    let output = Command::new("wrk")
        .args(["-t1", "-c64", &format!("-d{seconds}s"), &server.url()])
        .output()
        .map_err(|error| format!("wrk does not start: {error}"))?;
    // Only wrk was reaped in between, so the difference is its time.
    let wrk_s = cpu_of_ended_children()? - wrk_before;
    let server_after = server.cpu_s();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let trouble = |line: &&str| line.contains("errors") || line.contains("Non-2xx");
    if let Some(line) = text.lines().find(trouble) {
        return Err(format!("{}: {}", server.name, line.trim()));
    }
    let unheard = || format!("wrk said no figures: {text}");
    // `  62342 requests in 2.00s, 4.88MB read` and `Requests/sec:  31171.11`
    let answers = figure(&text, |line| {
        line.split_once(" requests in ").map(|(count, _)| count)
    });
    let per_second = figure(&text, |line| line.strip_prefix("Requests/sec:"));
    let each_us = |seconds: f64| answers.map(|answers| seconds * 1e6 / answers);
    Ok(Played {
        per_second: per_second.ok_or_else(unheard)?,
        core_us: each_us(server_after.0 - server_before.0).ok_or_else(unheard)?,
        worker_us: each_us(server_after.1 - server_before.1).ok_or_else(unheard)?,
        wrk_busy: wrk_s / f64::from(seconds),
    })
}

fn figure(text: &str, place: impl Fn(&str) -> Option<&str>) -> Option<f64> {
    text.lines().find_map(place)?.trim().parse().ok()
}

/// Returns the core seconds of all children that have ended and were waited for.
fn cpu_of_ended_children() -> Result<f64, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| error.to_string())?;
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(microseconds as f64 / 1e6)
}
