//! Bounded memory for runs of any length: interval between samples, and maximum length of the log of
//! requests. Switches have their own limit: see `downsampling.rs`.
//!
//! The summary depends on every request, so no entry of the log can be dropped: when the log is full, the
//! counted window ends, and the run says so. Samples become rarer with the age of a run: the first five
//! minutes have about as many as the hours from one to a hundred.

use std::mem::size_of_val;

use super::Recording;
use concsim_model::units::{Elapsed, Stamp};

/// Maximum memory of the log of requests: a laptop with 4 GB must have room for it, for the index that the
/// views build, and for the run itself. That is more than a million requests that call a service once.
pub const LOG_BYTES: usize = 512 << 20;

/// Interval between two samples of a young run …
const SAMPLE_EVERY: Elapsed = Elapsed::from_millis(50);
/// … and later its age divided by this …
const PART_OF_AGE: u64 = 6_000;
/// … times one for each group of this many workers and cores: each is a line of every sample.
const LINES: u64 = 16;

/// Returns the time from `now` to the next sample, for `lines` workers and cores.
#[must_use]
pub fn until_next_sample(now: Stamp, lines: usize) -> Elapsed {
    let times = (lines as u64).div_ceil(LINES).max(1);
    SAMPLE_EVERY.max(Elapsed(now.0 / PART_OF_AGE * times))
}

impl Recording {
    /// Returns the memory of the log of requests, in bytes.
    #[must_use]
    pub fn log_bytes(&self) -> usize {
        size_of_val(&*self.outcomes)
            + size_of_val(&*self.sent)
            + size_of_val(&*self.events)
            + size_of_val(&*self.answers)
    }

    /// True if the log has reached [`LOG_BYTES`].
    #[must_use]
    pub fn log_is_full(&self) -> bool {
        self.log_bytes() >= LOG_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Synthetic;
    use concsim_model::scenario::WorkerKind;

    /// Number of samples taken up to `until`.
    fn samples(until: Elapsed, lines: usize) -> u64 {
        let (mut now, mut count) = (Stamp::ZERO, 0);
        while now < Stamp(until.0) {
            now = now + until_next_sample(now, lines);
            count += 1;
        }
        count
    }

    #[test]
    fn a_run_is_sampled_twenty_times_a_second_and_more_seldom_when_it_is_old() {
        let minutes = |minutes: u64| Elapsed::from_secs(60 * minutes);
        assert_eq!(samples(minutes(5), 4), 6_000);
        let hour = samples(minutes(60), 4);
        let day = samples(minutes(24 * 60), 4);
        assert!((20_000..22_000).contains(&hour), "{hour}");
        // An hour has about as many as a day less an hour: the logarithms of 12 and of 24.
        assert!((38_000..41_000).contains(&day), "{day}");
    }

    #[test]
    fn many_workers_are_sampled_so_that_their_lines_stay_as_few() {
        let day = Elapsed::from_secs(24 * 60 * 60);
        let lines = |lines: usize| samples(day, lines) * lines as u64;
        assert!(lines(256) < 3 * lines(16), "{} {}", lines(256), lines(16));
    }

    #[test]
    fn the_limit_is_more_than_a_million_requests_that_call_a_service_once() {
        let recording = Synthetic::io_bound(WorkerKind::Coroutine).recording();
        let each = recording.log_bytes() / recording.outcomes.len();
        assert!(LOG_BYTES / each > 1_000_000, "{each} bytes each");
    }
}
