//! Limit on respawns: a server whose workers die at once, again and again, gives up.

use concsim_model::units::{Elapsed, Stamp};

/// Longest life that counts as short, for a worker that takes no connection.
const SHORT_LIFE: Elapsed = Elapsed::from_secs(1);
/// Number of short lives in a row after which the server ends.
pub(super) const SHORT_LIVES_LIMIT: u32 = 10;

/// Counter of short lives in a row.
#[derive(Debug)]
pub(super) struct Respawns {
    /// Instant at which the process of each slot was forked.
    forked: Vec<Stamp>,
    short_lives: u32,
    /// Number of connections that all workers had taken at the last death.
    accepted: u64,
}

impl Respawns {
    /// Returns the counter of a server with `slots` slots.
    pub(super) fn new(slots: usize) -> Self {
        Self {
            forked: vec![Stamp::ZERO; slots],
            short_lives: 0,
            accepted: 0,
        }
    }

    /// Notes a fork for `slot`.
    pub(super) fn forked(&mut self, slot: usize, at: Stamp) {
        self.forked[slot] = at;
    }

    /// Notes that the process of `slot` failed at `at`, when all workers had taken `accepted` connections.
    /// Returns true if another respawn would be useless.
    pub(super) fn died(&mut self, slot: usize, at: Stamp, accepted: u64) -> bool {
        let is_short = at.since(self.forked[slot]) <= SHORT_LIFE && accepted == self.accepted;
        self.accepted = accepted;
        self.short_lives = if is_short { self.short_lives + 1 } else { 0 };
        self.short_lives >= SHORT_LIVES_LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_millis(milliseconds: u64) -> Stamp {
        Stamp::ZERO + Elapsed::from_millis(milliseconds)
    }

    #[test]
    fn ten_short_lives_in_a_row_are_hopeless_and_nine_are_not() {
        let mut respawns = Respawns::new(1);
        for life in 1..=10 {
            respawns.forked(0, after_millis(life * 10));
            let gives_up = respawns.died(0, after_millis(life * 10 + 5), 0);
            assert_eq!(gives_up, life == 10, "life {life}");
        }
    }

    #[test]
    fn a_connection_or_a_long_life_begins_the_count_anew() {
        let mut respawns = Respawns::new(1);
        for life in 0..30 {
            respawns.forked(0, after_millis(life * 2_000));
            let lived = if life % 9 == 8 { 1_500 } else { 5 };
            assert!(!respawns.died(0, after_millis(life * 2_000 + lived), 0));
        }
        for life in 30..60 {
            respawns.forked(0, after_millis(life * 2_000));
            assert!(!respawns.died(0, after_millis(life * 2_000 + 5), life));
        }
    }
}
