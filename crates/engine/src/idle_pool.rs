//! Idle connections of a load, and the clients that may use them.

use concsim_model::scenario::{Arrivals, ConnectionMode, Scenario};

/// Idle connections of a load. `C` identifies a connection.
#[derive(Debug)]
pub enum IdlePool<C> {
    /// No idle connections: each request has one of its own.
    Nothing,
    /// One for each client.
    ByClient(Vec<Option<C>>),
    /// One pool for all clients, which take the connection that was used last: the others may grow old
    /// enough for the server to close them, as those of a browser or a proxy do.
    Shared(Vec<C>),
}

impl<C: Copy + PartialEq> IdlePool<C> {
    /// Returns the empty pool of a scenario's load.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        match (scenario.load.connection, scenario.load.arrivals) {
            (ConnectionMode::PerRequest, _) => Self::Nothing,
            (ConnectionMode::KeepAlive, Arrivals::Closed { clients, .. }) => {
                Self::ByClient(vec![None; clients])
            }
            (ConnectionMode::KeepAlive, Arrivals::Open { .. } | Arrivals::Scheduled) => {
                Self::Shared(Vec::new())
            }
        }
    }

    /// Takes a connection that `client` may use. It may have been closed meanwhile.
    #[inline]
    pub fn take(&mut self, client: Option<usize>) -> Option<C> {
        match (self, client) {
            (Self::ByClient(idle), Some(client)) => idle.get_mut(client)?.take(),
            (Self::Shared(idle), _) => idle.pop(),
            (Self::Nothing | Self::ByClient(_), _) => None,
        }
    }

    /// Keeps the connection on which `client` was answered. Returns false if it is not to be kept.
    #[inline]
    pub fn keep(&mut self, client: Option<usize>, connection: C) -> bool {
        match (self, client) {
            (Self::ByClient(idle), Some(client)) => {
                if idle.len() <= client {
                    idle.resize(client + 1, None);
                }
                idle[client] = Some(connection);
            }
            (Self::Shared(idle), _) => idle.push(connection),
            (Self::Nothing | Self::ByClient(_), _) => return false,
        }
        true
    }

    /// Removes the connection of `client`. Returns true if it was idle.
    #[inline]
    pub fn forget(&mut self, client: Option<usize>, connection: C) -> bool {
        match (self, client) {
            (Self::ByClient(idle), Some(client)) => idle
                .get_mut(client)
                .is_some_and(|idle| idle.take_if(|idle| *idle == connection).is_some()),
            (Self::Shared(idle), _) => {
                let place = idle.iter().position(|idle| *idle == connection);
                place.map(|place| idle.remove(place)).is_some()
            }
            (Self::Nothing | Self::ByClient(_), _) => false,
        }
    }

    /// Takes all idle connections.
    pub fn take_all(&mut self) -> Vec<C> {
        match self {
            Self::ByClient(idle) => idle.iter_mut().filter_map(Option::take).collect(),
            Self::Shared(idle) => std::mem::take(idle),
            Self::Nothing => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_its_own_connection_and_no_other() {
        let mut idle = IdlePool::ByClient(vec![None; 2]);
        assert!(idle.keep(Some(1), 'b'));
        assert!(idle.keep(Some(4), 'e'), "a client that was added later");
        assert!(!idle.keep(None, 'x'), "a request of no client");
        assert_eq!(idle.take(Some(0)), None);
        assert_eq!(idle.take(Some(1)), Some('b'));
        assert_eq!(idle.take(Some(1)), None, "it is taken once");
        assert!(!idle.forget(Some(4), 'b'), "that is another client's");
        assert!(idle.forget(Some(4), 'e'));
        assert_eq!(idle.take_all(), []);
    }

    #[test]
    fn a_shared_pool_gives_the_connection_that_was_used_last() {
        let mut idle = IdlePool::Shared(Vec::new());
        for connection in ['a', 'b', 'c'] {
            assert!(idle.keep(None, connection));
        }
        assert!(idle.forget(Some(7), 'c'));
        assert!(!idle.forget(Some(7), 'c'));
        assert_eq!(idle.take(Some(7)), Some('b'));
        assert_eq!(idle.take_all(), ['a']);
    }
}
