//! Constants and small rules of the server and its load that both engines follow. Each names its source in
//! gunicorn, gevent or `CPython`, or the reason where it differs from them.

use crate::telemetry::{Failure, TerminationCause};
use concsim_model::scenario::{RequestCapacity, Server, draw};
use concsim_model::units::Elapsed;

/// Time for which a thread of `CPython` runs while others want to run (`sys.getswitchinterval()`).
pub const SWITCH_INTERVAL: Elapsed = Elapsed::from_millis(5);

/// Longest time for which a hub runs tasks before it polls again; a task that does not let go may take
/// longer. (gevent's loop takes the switch interval.)
pub const HUB_TURN: Elapsed = SWITCH_INTERVAL;

/// True if a sleep of this length sets no timer: the task yields, and stays ready. (`sleep(0)` in
/// `gevent/hub.py`, `asyncio/tasks.py`.)
#[must_use]
pub fn is_yield(sleep: Elapsed) -> bool {
    sleep == Elapsed::ZERO
}

/// Shortest run of one task after which a hub counts as blocked. (`max_blocking_time` of gevent's monitor,
/// `gevent/_monitor.py`, which looks so often and reports a hub that has not switched since.)
pub const MAX_BLOCKING_TIME: Elapsed = Elapsed::from_millis(100);

/// True if a run of this length blocks its hub.
#[must_use]
pub fn blocks_the_hub(run: Elapsed) -> bool {
    run >= MAX_BLOCKING_TIME
}

/// Most connections that a hub accepts in one turn, so that many clients cannot keep it from its tasks.
/// (`max_accept` in `gevent/baseserver.py`. gunicorn sets it to 1 for several workers; see
/// ARCHITECTURE.md for the reason not to.)
pub const ACCEPTS_PER_TURN: usize = 100;

/// Interval between two checks of the heartbeats by the arbiter. (`Arbiter.sleep` in `gunicorn/arbiter.py`
/// waits for one second.)
pub const ARBITER_TICK: Elapsed = Elapsed::from_secs(1);

/// Longest interval between two heartbeats of an idle worker: half of the shortest `server.timeout`.
/// (`gunicorn/workers/ggevent.py` sleeps for one second between two.)
pub const HEARTBEAT: Elapsed = Elapsed::from_secs(1);

/// Returns the longest sleep of a sync worker at the door: it must beat twice within `timeout`.
/// (`gunicorn/arbiter.py` gives its workers half of the timeout.)
#[must_use]
pub fn sync_sleep(timeout: Option<Elapsed>) -> Elapsed {
    timeout.map_or(HEARTBEAT, |timeout| Elapsed(timeout.0 / 2))
}

/// Exit code of a worker that its arbiter aborted. (`handle_abort` in `gunicorn/workers/base.py`.)
pub const ABORTED: i32 = 1;

/// Exit code of a worker that could not get ready. It stops the server: the next worker would fail too.
/// (`WORKER_BOOT_ERROR` in `gunicorn/arbiter.py`.)
pub const BOOT_FAILED: i32 = 3;

/// Exit code of a worker that could not load its application. It stops the server, too. (`APP_LOAD_ERROR` in
/// `gunicorn/arbiter.py`.)
pub const LOAD_FAILED: i32 = 4;

/// Reason of that exit, in both engines.
pub const CANNOT_LOAD: &str = "the application cannot be loaded (`server.boot` is \"fails\")";

/// Exit code of a worker in which a request ran out of stack. (`EX_SOFTWARE` in `sysexits.h`; `CPython` dies
/// of the signal instead.)
pub const OVERFLOWED: i32 = 70;

/// Status of a process that was killed by SIGKILL, from any process: the signal's number, negated.
pub const KILLED: i32 = -9;

/// State of a worker's process when its arbiter learns of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOfProcess {
    /// Exit code, or the number of the signal that killed it, negated.
    pub status: i32,
    /// True if its heartbeat was older than `server.timeout`: it was told to abort.
    pub was_silent: bool,
    /// True if it was told to finish.
    pub was_told: bool,
    /// True if `server.graceful_timeout` is over and the arbiter kills all that are left.
    pub is_killing: bool,
}

/// Returns the action of the arbiter that ended a worker; `None` if it was none of them, as after a crash
/// or a signal from elsewhere.
///
/// (`gunicorn/arbiter.py`: `murder_workers` aborts a silent worker, and kills it a tick later if it still
/// lives. `stop` tells all to finish, and kills those that are left after `graceful_timeout`.
/// `gunicorn/workers/base.py`: a worker with `max_requests` answers leaves its loop by itself, as one that
/// was told to finish does; its exit code is 0.)
#[must_use]
pub fn cause_of_end(end: EndOfProcess) -> Option<TerminationCause> {
    match end.status {
        _ if end.was_silent => Some(TerminationCause::Silent),
        KILLED if end.is_killing => Some(TerminationCause::Overdue),
        KILLED => None,
        0 => Some(TerminationCause::Retired),
        _ => end.was_told.then_some(TerminationCause::Retired),
    }
}

/// Returns the longest time for which a worker keeps an idle connection; `None` if it closes each after one
/// response. A sync worker does, whatever `server.keepalive` is: it could serve no other client meanwhile.
/// (`gunicorn/workers/sync.py`.)
#[inline]
#[must_use]
pub fn keepalive(server: &Server) -> Option<Elapsed> {
    match server.kind.begins() {
        RequestCapacity::One => None,
        RequestCapacity::OneForEachThread | RequestCapacity::OneForEachConnection => {
            Some(server.keepalive).filter(|keepalive| *keepalive > Elapsed::ZERO)
        }
    }
}

/// Time after which a client that has sent nothing comes to the door: until then the system holds it back.
/// (`TCP_DEFER_ACCEPT`, tcp(7), of one second.)
pub const FIRST_BYTES: Elapsed = Elapsed::from_secs(1);

/// Longest time for a request to arrive whole, from its accept or its first byte. (gunicorn's sync worker waits
/// until its arbiter kills it, its worker with threads waits 5 s for the first byte, nginx 60 s.)
pub const ARRIVAL: Elapsed = Elapsed::from_secs(10);

/// Returns the number of requests that the process with this age, the number of its fork, may begin before it is
/// replaced; `None` if it has no limit. It counts a request when it begins, accepts no more after the last one, and
/// ends when all are answered. (`Worker.__init__` in `gunicorn/workers/base.py` draws the jitter; `handle_request`
/// counts.)
#[must_use]
pub fn request_limit(server: &Server, seed: u64, age: u64) -> Option<u64> {
    let least = server.max_requests?;
    Some(least.saturating_add(draw::jitter(seed, age, server.max_requests_jitter)))
}

/// Longest pause of the arbiter between the forks of two replacements.
const LONGEST_RESPAWN_PAUSE: Elapsed = Elapsed::from_millis(100);

/// Returns the pause of the arbiter after the fork of a replacement, until it forks another one: workers that die
/// as fast as they are forked do not keep the machine from anything else. (`spawn_workers` in
/// `gunicorn/arbiter.py` sleeps for a random part of a tenth of a second after each fork; its `reload` does not.)
#[must_use]
pub fn respawn_pause(seed: u64, age: u64) -> Elapsed {
    Elapsed(draw::respawn_pause(seed, age, LONGEST_RESPAWN_PAUSE.0))
}

/// Shortest pause of a client of a closed load after a connection that failed: a server that refuses at
/// once must not be asked a hundred thousand times a second.
pub const RETRY_PAUSE: Elapsed = Elapsed::from_millis(100);

/// Returns the pause of a client between the end of one request and its next. `think` is its think time;
/// `failure` tells how the request failed, if it did.
#[inline]
#[must_use]
pub fn pause_after(failure: Option<Failure>, think: Elapsed) -> Elapsed {
    match failure {
        None | Some(Failure::Timeout | Failure::Status) => think,
        Some(Failure::Refused | Failure::Reset) => think.max(RETRY_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_client_without_a_connection_pauses_at_least_a_tenth_of_a_second() {
        let think = Elapsed::from_millis(7);
        for failure in [None, Some(Failure::Timeout), Some(Failure::Status)] {
            assert_eq!(pause_after(failure, think), think);
        }
        for failure in [Failure::Refused, Failure::Reset].map(Some) {
            assert_eq!(pause_after(failure, think), Elapsed::from_millis(100));
            let second = Elapsed::from_secs(1);
            assert_eq!(pause_after(failure, second), second);
        }
    }

    /// Returns the cause of an end with `status` of a worker that was not silent.
    fn cause(status: i32, was_told: bool, is_killing: bool) -> Option<TerminationCause> {
        cause_of_end(EndOfProcess {
            status,
            was_silent: false,
            was_told,
            is_killing,
        })
    }

    #[test]
    fn a_worker_that_finishes_is_retired_whether_it_was_told_or_had_answered_its_most() {
        let retired = Some(TerminationCause::Retired);
        for is_killing in [false, true] {
            assert_eq!(cause(0, true, is_killing), retired);
            assert_eq!(cause(0, false, is_killing), retired);
            assert_eq!(cause(1, true, is_killing), retired);
        }
        // A process that is told before its handlers are set dies of the signal, SIGTERM.
        assert_eq!(cause(-15, true, false), retired);
    }

    #[test]
    fn a_kill_is_the_arbiters_only_after_the_graceful_timeout() {
        for was_told in [false, true] {
            assert_eq!(cause(-9, was_told, false), None);
            let overdue = Some(TerminationCause::Overdue);
            assert_eq!(cause(-9, was_told, true), overdue);
        }
    }

    #[test]
    fn a_worker_that_crashes_has_no_cause_in_its_arbiter() {
        for status in [-11, -6, 1, BOOT_FAILED, OVERFLOWED] {
            assert_eq!(cause(status, false, false), None);
        }
    }

    #[test]
    fn a_silent_worker_ended_by_its_silence_however_it_ended() {
        for status in [ABORTED, KILLED, 0] {
            for (was_told, is_killing) in [(false, false), (true, false), (true, true)] {
                let silent = cause_of_end(EndOfProcess {
                    status,
                    was_silent: true,
                    was_told,
                    is_killing,
                });
                assert_eq!(silent, Some(TerminationCause::Silent));
            }
        }
    }

    #[test]
    fn a_sync_worker_beats_twice_within_its_timeout() {
        assert_eq!(
            sync_sleep(Some(Elapsed::from_secs(30))),
            Elapsed::from_secs(15)
        );
        assert_eq!(sync_sleep(None), Elapsed::from_secs(1));
    }
}
