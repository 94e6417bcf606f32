//! Clients that connect and send nothing (`load.silent`): their connections, and the instants at which they connect
//! again after the server has closed one.

use std::collections::VecDeque;

use crate::sys::generational_slab::Token;
use concsim_engine::policy::RETRY_PAUSE;
use concsim_model::units::Stamp;

/// All silent clients of a load.
#[derive(Debug)]
pub(super) struct SilentClients {
    /// Their open connections.
    open: Vec<Token>,
    /// Instants at which the others connect, in order.
    due: VecDeque<Stamp>,
}

impl SilentClients {
    /// Returns `count` clients that connect at `begin`.
    pub(super) fn new(count: usize, begin: Stamp) -> Self {
        Self {
            open: Vec::new(),
            due: std::iter::repeat_n(begin, count).collect(),
        }
    }

    /// Returns the instant at which the next one connects.
    pub(super) fn soonest(&self) -> Option<Stamp> {
        self.due.front().copied()
    }

    /// Takes one that is due at `now`.
    pub(super) fn take_due(&mut self, now: Stamp) -> bool {
        self.due.pop_front_if(|due| *due <= now).is_some()
    }

    /// Notes the connection of one.
    pub(super) fn opened(&mut self, token: Token) {
        self.open.push(token);
    }

    /// Notes that one has no connection at `now`.
    pub(super) fn failed(&mut self, now: Stamp) {
        self.due.push_back(now + RETRY_PAUSE);
    }

    /// Notes the end of a connection at `now`, of one of these clients or of another.
    pub(super) fn closed(&mut self, token: Token, now: Stamp) {
        if let Some(place) = self.open.iter().position(|open| *open == token) {
            self.open.swap_remove(place);
            self.failed(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::generational_slab::GenerationalSlab;

    #[test]
    fn a_client_whose_connection_is_closed_connects_again_and_another_one_does_not() {
        let mut slab = GenerationalSlab::default();
        let [silent, other] = [(); 2].map(|()| slab.add(()));
        let mut clients = SilentClients::new(2, Stamp(5));
        assert!(!clients.take_due(Stamp(4)));
        assert!(clients.take_due(Stamp(5)) && clients.take_due(Stamp(5)));
        assert!(!clients.take_due(Stamp(6)));
        clients.opened(silent);
        clients.closed(other, Stamp(7));
        assert_eq!(clients.soonest(), None);
        clients.closed(silent, Stamp(8));
        assert_eq!(clients.soonest(), Some(Stamp(8) + RETRY_PAUSE));
    }
}
