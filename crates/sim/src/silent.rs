//! Clients that connect and send nothing (`load.silent`). Each holds a thread or a task of its worker until the
//! worker gives up on it, or ends; then it connects again.
//!
//! ```text
//!   connects ── 1 s ──▶ at the door ──▶ in a worker ── 10 s ──▶ closed ── 100 ms ──▶ connects …
//! ```

use super::connection::{Connection, ConnectionId, Place};
use super::event::SimEvent;
use super::observer::Observer;
use super::{BEGIN, Simulation};
use concsim_engine::policy::{ARRIVAL, FIRST_BYTES, RETRY_PAUSE};

impl<O: Observer> Simulation<'_, O> {
    /// Lets all of them connect when load begins.
    pub(super) fn begin_silent_clients(&mut self) {
        for _ in 0..self.scenario.load.silent {
            self.calendar
                .set(BEGIN + FIRST_BYTES.0, SimEvent::SilentClient);
        }
    }

    /// Brings one to the door.
    pub(super) fn silent_client_comes(&mut self) {
        if self.is_over {
            return;
        }
        let mut connection = Connection::silent(self.now);
        connection.birth = self.load.next_birth();
        let id = self.connections.insert(connection) as ConnectionId;
        self.connect(id);
    }

    /// Limits the wait for its first bytes, which has just begun.
    pub(super) fn limit_silence(&mut self, id: ConnectionId) {
        let until = self.now + ARRIVAL.0;
        let connection = &mut self.connections[id as usize];
        (connection.by_timer, connection.over) = (false, until);
        self.calendar
            .set(until, SimEvent::WaitOver(id, connection.turn));
    }

    /// Notes the end of a connection: a silent client connects again.
    pub(super) fn may_connect_again(&mut self, was_silent: bool) {
        if was_silent && !self.is_over {
            let at = self.now + RETRY_PAUSE.0 + FIRST_BYTES.0;
            self.calendar.set(at, SimEvent::SilentClient);
        }
    }

    /// Closes the silent connections that workers wait for, at the end of the run.
    pub(super) fn end_silence(&mut self) {
        let waiting = |connection: &Connection| {
            let is_inside = matches!(connection.place, Place::Inside { .. });
            connection.is_silent() && is_inside && connection.begun > 0
        };
        let connections = self.connections.iter();
        let waiting = connections.filter_map(|(id, it)| waiting(it).then_some(id));
        for id in waiting.collect::<Vec<_>>() {
            let turn = self.next_turn();
            let connection = &mut self.connections[id];
            (connection.turn, connection.over) = (turn, self.now);
            self.wait_is_over(id as ConnectionId);
        }
    }
}
