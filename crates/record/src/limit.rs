//! Bounded memory, however long a run is: how often everything is sampled, and how long the log of
//! requests may become. Switches have a limit of their own: see `thinning.rs`.
//!
//! The summary rests on every single request, so none of its log can be let go of: when it is full, the
//! counted window ends, and the run says so. Samples become rarer as a run grows older, so that there
//! are about as many of its first five minutes as of the hours from one to a hundred.

use std::mem::size_of_val;

use super::Recording;
use concsim_model::units::{Elapsed, Stamp};

/// So much the log of requests takes at most: on a laptop of 4 GB there has to be room for it, for the
/// index of it that the views make, and for the run itself. That is more than a million requests that
/// call a service once.
pub const LOG_BYTES: usize = 512 << 20;

/// Between two samples, as long as a run is young …
const SAMPLE_EVERY: Elapsed = Elapsed::from_millis(50);
/// … and later this part of its age …
const PART_OF_AGE: u64 = 6_000;
/// … times one for each so many workers and cores: every one of them is a line of every sample.
const LINES: u64 = 16;

/// How long after `now` the next sample is to be taken, of so many workers and cores.
#[must_use]
pub fn until_next_sample(now: Stamp, lines: usize) -> Elapsed {
    let times = (lines as u64).div_ceil(LINES).max(1);
    SAMPLE_EVERY.max(Elapsed(now.0 / PART_OF_AGE * times))
}

impl Recording {
    /// What the log of requests takes in memory.
    #[must_use]
    pub fn log_bytes(&self) -> usize {
        size_of_val(&*self.outcomes)
            + size_of_val(&*self.sent)
            + size_of_val(&*self.events)
            + size_of_val(&*self.answers)
    }

    /// Whether it takes as much as it may.
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

    /// So many samples are taken up to then.
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
        // An hour has as many again as a day less an hour, about: the logarithm of 12 and of 24.
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
