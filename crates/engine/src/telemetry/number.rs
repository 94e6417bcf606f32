//! Numbers of requests: load counts them from 0, and each part of a run tells of a request by its number.

/// A request number that stands for "none": a connection that never asked, or a request of somebody
/// else's load generator.
pub const NO_REQUEST: u32 = u32::MAX;

/// The highest number of a request: a simulation is refused beyond 20 million. What looks at a recording has a
/// place for each number up to the highest of its run.
pub const HIGHEST_REQUEST: u32 = 1 << 25;

/// The number of a request as another process states it; [`NO_REQUEST`] for one that no run reaches.
#[must_use]
pub fn stated_request(number: u64) -> u32 {
    let number = u32::try_from(number).ok();
    let number = number.filter(|number| *number <= HIGHEST_REQUEST);
    number.unwrap_or(NO_REQUEST)
}
