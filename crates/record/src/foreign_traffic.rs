//! Requests and connections of other programs to the server of a run.
//!
//! Load numbers its requests (`n=`) and counts the connections that it opens. A request without such a
//! number, with a number that load did not send, or with one that was served before is foreign; so are
//! connections that workers accepted beyond those that load opened. Foreign requests use workers and
//! cores, and a foreign connection that sends nothing holds a worker or a coroutine: the numbers of the
//! run are then not those of its scenario.

use std::collections::BTreeSet;

use super::Recording;
use super::reason::{Reason, Trust};
use concsim_engine::telemetry::{Event, NO_REQUEST};
use concsim_model::words::counted;

/// A larger share of foreign requests than this among all served ones makes a run prove nothing.
const SHARE: f64 = 0.01;

/// Requests and connections of a run that did not come from load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ForeignTraffic {
    /// Requests served, load's among them.
    served: usize,
    /// Requests served that load did not send.
    requests: usize,
    /// Connections accepted beyond those that load opened. A lower bound: some of load's may have been
    /// refused.
    connections: usize,
}

impl ForeignTraffic {
    /// Compares the workers' events with load's. Reports nothing for a recording with dropped events.
    pub(super) fn in_recording(recording: &Recording) -> Self {
        if recording.dropped_events + recording.dropped_outcomes > 0 {
            return Self::default();
        }
        let sent: BTreeSet<u32> = recording.outcomes.iter().map(|it| it.request).collect();
        let opened = recording.outcomes.iter().filter(|it| it.opened).count();
        let has_silent_clients = recording.header.scenario.load.silent > 0;
        let mut foreign = Self::default();
        let mut accepted = 0;
        let mut seen = BTreeSet::new();
        for (_, event) in &recording.events {
            match event {
                Event::Accepted { .. } => accepted += 1,
                // A silent client of load's has no number, as a request of another program.
                Event::Served(served) if has_silent_clients && served.request == NO_REQUEST => {}
                Event::Served(served) => {
                    foreign.served += 1;
                    let is_loads = sent.contains(&served.request) && seen.insert(served.request);
                    foreign.requests += usize::from(!is_loads);
                }
                _ => {}
            }
        }
        foreign.connections = usize::saturating_sub(accepted, opened);
        if has_silent_clients {
            // Load does not report how often its silent clients connect: only requests tell of other programs.
            foreign.connections = foreign.connections.min(foreign.requests);
        }
        foreign
    }

    /// Lower bound of the number of connections that sent no request.
    fn silent(self) -> usize {
        self.connections.saturating_sub(self.requests)
    }

    /// Reason for doubting the run.
    pub(super) fn reason(self) -> Reason {
        let trust = match self {
            Self {
                requests: 0,
                connections: 0,
                ..
            } => Trust::Ok,
            few if few.silent() == 0 && few.requests as f64 <= SHARE * few.served as f64 => {
                Trust::Rough
            }
            _ => Trust::ProvesNothing,
        };
        Reason {
            code: "foreign-requests",
            trust,
            sentence: format!(
                "other programs sent {} to the server, and opened {}",
                counted(self.requests as u64, "request"),
                counted(self.connections as u64, "connection")
            ),
            remedy: "end the programs that ask the server of this run, and play again",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Synthetic;
    use concsim_model::scenario::WorkerKind;
    use concsim_model::units::Stamp;

    fn busy() -> Recording {
        Synthetic::io_bound(WorkerKind::Coroutine).recording()
    }

    fn a_served_request(recording: &Recording) -> (u16, Event) {
        let mut events = recording.events.iter();
        let served = events.find(|(_, event)| matches!(event, Event::Served(_)));
        *served.expect("something was served")
    }

    #[test]
    fn a_run_that_only_load_asks_has_no_foreign_requests() {
        let foreign = ForeignTraffic::in_recording(&busy());
        assert!(foreign.served > 100);
        assert_eq!((foreign.requests, foreign.connections), (0, 0));
        assert_eq!(foreign.reason().trust, Trust::Ok);
    }

    #[test]
    fn a_request_without_a_number_and_a_number_used_twice_are_foreign() {
        let mut recording = busy();
        let (worker, mut event) = a_served_request(&recording);
        recording.events.push((worker, event));
        if let Event::Served(served) = &mut event {
            served.request = NO_REQUEST;
        }
        recording.events.push((worker, event));
        let foreign = ForeignTraffic::in_recording(&recording);
        assert_eq!(foreign.requests, 2);
        assert_eq!(foreign.reason().trust, Trust::Rough);
    }

    #[test]
    fn a_connection_that_load_did_not_open_and_that_sends_nothing_makes_a_run_prove_nothing() {
        let mut recording = busy();
        recording.events.push((
            0,
            Event::Accepted {
                at: Stamp(1),
                task: 9,
                connection: None,
            },
        ));
        let accepted = |it: &&(u16, Event)| matches!(it.1, Event::Accepted { .. });
        let accepted = recording.events.iter().filter(accepted).count();
        let opened = recording.outcomes.iter().filter(|it| it.opened).count();
        let foreign = ForeignTraffic::in_recording(&recording);
        assert_eq!(foreign.connections, accepted.saturating_sub(opened));
        assert_eq!(foreign.connections, 1);
        assert_eq!(foreign.reason().trust, Trust::ProvesNothing);
    }
}
