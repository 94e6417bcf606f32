//! Words about one request: its class, its latency, and the reason of its failure.

use crate::requests::{RequestEnd, RequestRow};
use crate::state::State;
use concsim_engine::telemetry::Failure;

/// Returns the name of a class of requests.
pub(super) fn class_name(state: &State, class: u16) -> &str {
    let class = state.scenario().requests.get(usize::from(class));
    class.map_or("?", |class| &class.name)
}

/// Formats a latency; `≥` marks a request that has not ended or has failed; a failed one counts with its
/// client's patience.
pub(super) fn latency_of(row: &RequestRow) -> String {
    match row.ended {
        Some(RequestEnd::Answered) => row.latency.to_string(),
        Some(RequestEnd::Failed(_)) | None => format!("≥{}", row.latency),
    }
}

/// Returns the reason for which it was not answered.
pub(super) fn failure_of(row: &RequestRow) -> Option<&'static str> {
    match row.ended {
        None | Some(RequestEnd::Answered) => None,
        Some(RequestEnd::Failed(Failure::Refused)) => Some("refused"),
        Some(RequestEnd::Failed(Failure::Reset)) => Some("reset"),
        Some(RequestEnd::Failed(Failure::Timeout)) => Some("patience was over"),
        Some(RequestEnd::Failed(Failure::Status)) => Some("bad status"),
    }
}
