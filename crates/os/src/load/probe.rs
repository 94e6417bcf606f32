//! The probe of load: it reports on the scoreboard when a request is due, when it is sent, and when it
//! ends.

use std::sync::atomic::Ordering;

use super::connection::Exchange;
use crate::telemetry::{Event, LoadWords, Outcome, Scoreboard, Stage, Writer, add};
use concsim_model::units::Stamp;

/// Counters of load on the scoreboard, and its ring.
pub(super) struct LoadProbe<'a> {
    words: &'a LoadWords,
    events: Writer<'a>,
}

impl<'a> LoadProbe<'a> {
    pub(super) fn new(scoreboard: &'a Scoreboard) -> Self {
        Self {
            words: &scoreboard.run().load,
            events: Writer::new(scoreboard.load_ring()),
        }
    }

    /// Notes a due request: it is in the system from that instant, even if load sends it later.
    pub(super) fn due(&self, at: Stamp) {
        self.words.in_system.up(at);
    }

    /// Notes that a request was sent.
    pub(super) fn sent(&mut self, exchange: &Exchange) {
        add(&self.words.sent, 1);
        self.events
            .push(&Event::Sent(exchange.report()).to_record());
    }

    /// Notes that a request could not be sent, for lack of descriptors or ports.
    pub(super) fn dropped(&self) {
        add(&self.words.dropped, 1);
    }

    /// Notes the outcome of a request.
    pub(super) fn ended(&mut self, outcome: &Outcome) {
        self.words.in_system.down(outcome.done);
        add(&self.words.ended, 1);
        add(&self.words.good, u64::from(outcome.failure.is_none()));
        self.events.push(&Event::Ended(*outcome).to_record());
    }

    /// Publishes the window as far as it is decided; zero stands for an undecided edge.
    pub(super) fn window(&self, begin: Option<Stamp>, end: Option<Stamp>) {
        let raw = |at: Option<Stamp>| at.map_or(0, |at| at.0);
        self.words.window_end.store(raw(end), Ordering::Release);
        self.words.window_begin.store(raw(begin), Ordering::Release);
    }

    /// Publishes the stage of the run.
    pub(super) fn stage(&self, stage: Stage) {
        if self.words.stage() != stage {
            self.words.set_stage(stage);
        }
    }
}
