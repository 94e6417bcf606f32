//! A process of the pool: it computes for the workers, one job after the other, and serves no client.
//!
//! ```text
//!   worker:   computes ── connects, sends a job ──▶ waits, as for a service ──▶ goes on
//!   process:         accepts ─────▶ reads it ──▶ computes ──▶ answers, closes the connection
//! ```
//!
//! Jobs use the frames of calls ([`wire`](crate::server::wire)), on a connection for each: the queue of the listener, which
//! all processes of the pool share, gives the job that has waited longest to the first that is idle. If a process
//! is killed, its job fails, and the jobs in the queue wait for another one.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use super::{WorkerConfig, exit, init_process};
use crate::server::accounting::{OpenSlice, RequestAccounting};
use crate::server::log::log;
use crate::server::wire::{Answer, CALL_BYTES, Call};
use crate::sys::signals::{Signal, Signals};
use crate::sys::{self, fork, net};
use crate::telemetry::{Phase, Probe, SwitchReason};
use concsim_engine::policy::{self, BOOT_FAILED};
use concsim_engine::telemetry::task_number;
use concsim_model::units::CpuTime;

/// Longest time for a job to follow its connection: the worker sends it as soon as that is open.
const JOB: Duration = Duration::from_secs(1);

/// Runs a process of the pool from its fork to its end. Returns its exit code.
pub(in crate::server) fn run(config: &WorkerConfig, jobs: &TcpListener) -> i32 {
    init_process(config)
        .and_then(|signals| compute_jobs(config, signals, jobs))
        .unwrap_or_else(|error| {
            // If the arbiter is gone, there is nowhere to report the error.
            let _ = (&config.last_words).write_all(error.to_string().as_bytes());
            BOOT_FAILED
        })
}

fn compute_jobs(
    config: &WorkerConfig,
    mut signals: Signals,
    jobs: &TcpListener,
) -> sys::Result<i32> {
    let probe = Probe::new(
        config.scoreboard,
        config.index,
        config.clock,
        config.telemetry,
    );
    for pass in 0.. {
        if signals.take().contains(&Signal::Terminate) || fork::parent() != config.arbiter {
            break;
        }
        match net::accept(jobs, true) {
            Ok(connection) => {
                if let Err(error) = compute_job(&probe, &connection, task_number(pass)) {
                    log(&format!("a job was lost: {error}"));
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                probe.phase(Phase::Idle, probe.now());
                let sources = [jobs.as_fd(), signals.as_fd()];
                net::wait_readable(sources, Some(policy::HEARTBEAT))?;
            }
            Err(error) if is_passing(&error) => {}
            Err(error) => log(&format!("a job could not be taken: {error}")),
        }
    }
    exit(&probe);
    Ok(0)
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::Interrupted
    )
}

/// Computes one job, and tells its worker.
fn compute_job(probe: &Probe, mut connection: &TcpStream, task: u32) -> io::Result<()> {
    connection.set_read_timeout(Some(JOB))?;
    let mut bytes = [0; CALL_BYTES];
    connection.read_exact(&mut bytes)?;
    let call = Call::from_bytes(&bytes);
    let begun = probe.now();
    probe.phase(Phase::Running, begun);
    let mut accounting = RequestAccounting::accepted(task, begun);
    let slice = OpenSlice::accepted(begun);
    accounting.compute(probe, CpuTime(call.wait.0));
    slice.end(probe, &accounting, SwitchReason::Ended, None);
    probe.job_done();
    let answer = Answer {
        id: call.id,
        due: begun + call.wait,
        written: probe.now(),
    };
    connection.write_all(&answer.to_bytes())
}
