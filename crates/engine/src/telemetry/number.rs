//! Numbers of requests and tasks: load counts requests from 0, and every process reports a request by its
//! number.

/// Request number for "none": a connection that sent no request, or a request of another load generator.
pub const NO_REQUEST: u32 = u32::MAX;

/// Highest number of a request: a simulation is refused beyond 20 million. Readers of a recording have an
/// entry for each number up to the highest of its run.
pub const HIGHEST_REQUEST: u32 = 1 << 25;

/// Number of a request as another process states it; [`NO_REQUEST`] for one beyond all runs.
#[must_use]
pub fn stated_request(number: u64) -> u32 {
    let number = u32::try_from(number).ok();
    let number = number.filter(|number| *number <= HIGHEST_REQUEST);
    number.unwrap_or(NO_REQUEST)
}

/// Largest number that the small field of a record holds: of a task, a worker, a service or a class.
pub(super) const SMALL_FIELD: u32 = 0x00FF_FFFF;

/// Number of the `count`-th task of a worker, as events report it; numbers begin again after 16 million.
#[inline]
#[must_use]
pub fn task_number(count: u32) -> u32 {
    count & SMALL_FIELD
}
