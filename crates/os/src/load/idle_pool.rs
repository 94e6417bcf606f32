//! Idle connections, and the clients that may use them.

use crate::sys::generational_slab::Token;
use concsim_model::scenario::{Arrivals, ConnectionMode, Scenario};

/// Idle connections of a load.
#[derive(Debug)]
pub(super) enum IdlePool {
    /// No idle connections: each request has one of its own.
    Nothing,
    /// One for each client.
    ByClient(Vec<Option<Token>>),
    /// One pool for all clients, which take the connection that was used last: the others may grow old
    /// enough for the server to close them, as those of a browser or a proxy do.
    Pool(Vec<Token>),
}

impl IdlePool {
    pub(super) fn new(scenario: &Scenario) -> Self {
        match (scenario.load.connection, scenario.load.arrivals) {
            (ConnectionMode::PerRequest, _) => Self::Nothing,
            (ConnectionMode::KeepAlive, Arrivals::Closed { clients, .. }) => {
                Self::ByClient(vec![None; clients])
            }
            (ConnectionMode::KeepAlive, Arrivals::Open { .. }) => Self::Pool(Vec::new()),
        }
    }

    /// Takes a connection that `client` may use. It may have been closed meanwhile.
    pub(super) fn take(&mut self, client: Option<usize>) -> Option<Token> {
        match (self, client) {
            (Self::ByClient(kept), Some(client)) => kept.get_mut(client)?.take(),
            (Self::Pool(kept), _) => kept.pop(),
            (Self::Nothing | Self::ByClient(_), _) => None,
        }
    }

    /// Keeps the connection on which `client` was answered. Returns false if it is not to be kept.
    pub(super) fn keep(&mut self, client: Option<usize>, token: Token) -> bool {
        match (self, client) {
            (Self::ByClient(kept), Some(client)) => {
                if kept.len() <= client {
                    kept.resize(client + 1, None);
                }
                kept[client] = Some(token);
            }
            (Self::Pool(kept), _) => kept.push(token),
            (Self::Nothing | Self::ByClient(_), _) => return false,
        }
        true
    }
}
