//! Appends records to a recording, one by one, from a ring or from a file.

use super::{Header, ListLengths, RecordSource, Recording};
use concsim_engine::telemetry::{Event, Record};

impl Recording {
    /// Returns a recording without entries.
    #[must_use]
    pub fn empty(header: Header) -> Self {
        Self {
            header,
            samples: Vec::new(),
            outcomes: Vec::new(),
            sent: Vec::new(),
            events: Vec::new(),
            switches: Vec::new(),
            preempted: Vec::new(),
            answers: Vec::new(),
            markers: Vec::new(),
            one_in: 1,
            thinned_switches: 0,
            dropped_events: 0,
            dropped_outcomes: 0,
            event_count: 0,
            unreadable: 0,
        }
    }

    /// Adds a record of a ring; returns true if it is kept.
    pub(super) fn note(&mut self, source: RecordSource, record: &Record) -> bool {
        self.event_count += u64::from(!matches!(source, RecordSource::Load | RecordSource::Driver));
        let Some(event) = Event::from_record(record) else {
            self.unreadable += 1;
            return false;
        };
        match (source, event) {
            (RecordSource::Load, Event::Sent(sent)) => self.sent.push(sent),
            (RecordSource::Load, Event::Ended(outcome)) => self.outcomes.push(outcome),
            (RecordSource::Driver, Event::Marked(marker)) => self.markers.push(marker),
            (RecordSource::Services, Event::Answered { .. }) => self.answers.push(event),
            (RecordSource::Arbiter, Event::Forked { worker, .. } | Event::Died { worker, .. }) => {
                self.events.push((worker as u16, event));
            }
            (
                RecordSource::Worker(slot),
                Event::RunSlice(_)
                | Event::BlockedIn { .. }
                | Event::Preempted { .. }
                | Event::Awaits { .. },
            ) => return self.note_switch(slot, event),
            (
                RecordSource::Worker(slot),
                Event::Accepted { .. } | Event::Waited(_) | Event::Served(_),
            ) => {
                self.events.push((slot, event));
            }
            // No writer puts these into that ring.
            _ => {
                self.unreadable += 1;
                return false;
            }
        }
        true
    }

    /// Returns the present lengths of all lists.
    #[must_use]
    pub fn seen(&self) -> ListLengths {
        ListLengths {
            outcomes: self.outcomes.len(),
            sent: self.sent.len(),
            events: self.events.len(),
            switches: self.switches.len(),
            answers: self.answers.len(),
            markers: self.markers.len(),
            event_count: self.event_count,
            dropped_events: self.dropped_events,
            dropped_outcomes: self.dropped_outcomes,
            thinned_switches: self.thinned_switches,
            unreadable: self.unreadable,
        }
    }

    /// Restores the counters of entries that are not in the lists.
    pub(super) fn restore_counters(&mut self, seen: &ListLengths) {
        self.event_count = seen.event_count;
        self.dropped_events = seen.dropped_events;
        self.dropped_outcomes = seen.dropped_outcomes;
        self.thinned_switches = seen.thinned_switches;
        self.unreadable = seen.unreadable;
    }

    /// Completes a recording whose end is missing, from its last sample.
    #[must_use]
    pub(super) fn complete_truncated(mut self) -> Self {
        if let Some(last) = self.samples.last() {
            let (seen, at) = (last.seen, last.at);
            self.restore_counters(&seen);
            self.header.drained = self.header.drained.max(at);
        }
        let reason = "its recording breaks off".to_owned();
        self.header.crashed.get_or_insert(reason);
        self
    }
}
