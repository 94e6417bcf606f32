//! Limit on the requests of one worker process: `server.max_requests`, with its jitter.
//!
//! A request counts when it begins, before its answer, as in gunicorn. The worker that begins the last one accepts
//! no more connections, answers what it has begun, and ends. The threads of a worker count together.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counter of begun requests, with its limit.
pub(super) struct RequestLimit {
    limit: Option<u64>,
    begun: AtomicU64,
}

impl RequestLimit {
    /// Returns the counter of a process that has begun nothing; `None` is no limit.
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self {
            limit,
            begun: AtomicU64::new(0),
        }
    }

    /// Counts a request that begins. Returns true from the last one on.
    pub(super) fn is_reached_by_another(&self) -> bool {
        self.limit
            .is_some_and(|limit| self.begun.fetch_add(1, Ordering::Relaxed) + 1 >= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_request_and_those_after_it_reach_the_limit() {
        let limit = RequestLimit::new(Some(3));
        let reached: Vec<bool> = (0..4).map(|_| limit.is_reached_by_another()).collect();
        assert_eq!(reached, [false, false, true, true]);
        let endless = RequestLimit::new(None);
        assert!((0..4).all(|_| !endless.is_reached_by_another()));
    }
}
