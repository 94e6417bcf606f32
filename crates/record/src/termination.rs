//! The end of a worker's process, described: by what the arbiter did to end it, or else by its status.

use concsim_engine::policy::OVERFLOWED;
use concsim_engine::telemetry::TerminationCause;
use concsim_model::units::Elapsed;
use concsim_model::words::length;

/// Describes a termination: `killed: silent for longer than timeout (2 s)`, `signal 9`, `exit status 3`.
/// `timeout` is the scenario's `server.timeout`.
#[must_use]
pub fn describe_termination(
    status: i32,
    cause: Option<TerminationCause>,
    timeout: Option<Elapsed>,
) -> String {
    match cause {
        Some(TerminationCause::Silent) => {
            let limit = timeout.map_or_else(String::new, |limit| format!(" ({})", length(limit)));
            format!("killed: silent for longer than timeout{limit}")
        }
        Some(TerminationCause::Overdue) => "killed: not finished within graceful_timeout".into(),
        Some(TerminationCause::Retired) | None => match status {
            signal if signal < 0 => format!("signal {}", signal.unsigned_abs()),
            OVERFLOWED => "a request ran out of stack".into(),
            code => format!("exit status {code}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_was_killed_for_its_silence_is_described_by_the_timeout() {
        let timeout = Some(Elapsed::from_secs(2));
        let silent = Some(TerminationCause::Silent);
        let text = "killed: silent for longer than timeout (2 s)";
        assert_eq!(describe_termination(1, silent, timeout), text);
        assert_eq!(describe_termination(-9, silent, timeout), text);
        assert_eq!(describe_termination(-9, None, timeout), "signal 9");
        assert_eq!(describe_termination(3, None, timeout), "exit status 3");
    }
}
