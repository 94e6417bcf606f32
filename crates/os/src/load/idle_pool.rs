//! Connections that wait for their next request, and who may use them.

use crate::sys::generational_slab::Token;
use concsim_model::scenario::{Arrivals, ConnectionMode, Scenario};

/// The idle connections of a load.
#[derive(Debug)]
pub(super) enum IdlePool {
    /// Each request has a connection of its own.
    Nothing,
    /// Each client has one.
    ByClient(Vec<Option<Token>>),
    /// Anybody takes the one that was used last: the others may then grow old enough for the server
    /// to close them, as a browser's or a proxy's do.
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

    /// A connection that `client` may use. It may have been closed meanwhile.
    pub(super) fn take(&mut self, client: Option<usize>) -> Option<Token> {
        match (self, client) {
            (Self::ByClient(kept), Some(client)) => kept.get_mut(client)?.take(),
            (Self::Pool(kept), _) => kept.pop(),
            (Self::Nothing | Self::ByClient(_), _) => None,
        }
    }

    /// Keeps the connection on which `client` was answered; says whether it is to be kept at all.
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
