//! Instants of events, for steps to the next and the last one. Of each block of records only the first and
//! the last instant are stored; a block is searched only if it can hold the result.

use concsim_engine::telemetry::{Event, Outcome, SentRequest};
use concsim_model::units::Stamp;
use concsim_record::Recording;

/// Number of records in a block.
const LENGTH: usize = 256;

/// Index of the instants in one recording, as far as it has been read.
#[derive(Clone, Debug, Default)]
pub(super) struct Instants {
    one_in: u32,
    switches: Rows,
    events: Rows,
    sent: Rows,
    outcomes: Rows,
}

impl Instants {
    /// Reads new records. If switches were removed meanwhile, everything is read anew.
    pub(super) fn read(&mut self, recording: &Recording) {
        let shrank = recording.switches.len() < self.switches.read;
        if recording.one_in != self.one_in || shrank {
            *self = Self {
                one_in: recording.one_in,
                ..Self::default()
            };
        }
        self.switches.read(&recording.switches, of_event);
        self.events.read(&recording.events, of_event);
        self.sent.read(&recording.sent, of_sent);
        self.outcomes.read(&recording.outcomes, of_outcome);
    }

    /// Returns the first instant after `at`.
    pub(super) fn next_after(&self, recording: &Recording, at: Stamp) -> Option<Stamp> {
        let found = [
            self.switches.next(&recording.switches, of_event, at),
            self.events.next(&recording.events, of_event, at),
            self.sent.next(&recording.sent, of_sent, at),
            self.outcomes.next(&recording.outcomes, of_outcome, at),
        ];
        found.into_iter().flatten().min()
    }

    /// Returns the last instant before `at`, but none before the first sample.
    pub(super) fn last_before(&self, recording: &Recording, at: Stamp) -> Option<Stamp> {
        let begin = recording.samples.first()?.at;
        let found = [
            self.switches.last(&recording.switches, of_event, at),
            self.events.last(&recording.events, of_event, at),
            self.sent.last(&recording.sent, of_sent, at),
            self.outcomes.last(&recording.outcomes, of_outcome, at),
        ];
        let last = found.into_iter().flatten().max();
        last.filter(|last| *last >= begin)
    }
}

/// Both instants of a record; twice the same if it has one.
type InstantPair = [Stamp; 2];

fn of_event((_, event): &(u16, Event)) -> Option<InstantPair> {
    Some(match *event {
        Event::RunSlice(ran) => [ran.from, ran.to],
        Event::BlockedIn { from, to, .. } | Event::Preempted { from, to, .. } => [from, to],
        Event::Accepted { at, .. }
        | Event::Awaits { at, .. }
        | Event::Forked { at, .. }
        | Event::Died { at, .. } => [at; 2],
        Event::Served(served) => [served.written; 2],
        Event::Waited(_)
        | Event::Sent(_)
        | Event::Ended(_)
        | Event::Answered { .. }
        | Event::Marked { .. } => {
            return None;
        }
    })
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "as of an event, which may have none"
)]
fn of_sent(sent: &SentRequest) -> Option<InstantPair> {
    Some([sent.sent; 2])
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "as of an event, which may have none"
)]
fn of_outcome(outcome: &Outcome) -> Option<InstantPair> {
    Some([outcome.done; 2])
}

/// First and last instant of each block of a list.
#[derive(Clone, Debug, Default)]
struct Rows {
    read: usize,
    edges: Vec<InstantPair>,
}

impl Rows {
    fn read<T>(&mut self, all: &[T], of: fn(&T) -> Option<InstantPair>) {
        for (place, record) in (self.read..).zip(&all[self.read..]) {
            let row = place / LENGTH;
            if self.edges.len() <= row {
                self.edges.resize(row + 1, [Stamp::NEVER, Stamp::ZERO]);
            }
            if let Some([from, to]) = of(record) {
                let edges = &mut self.edges[row];
                edges[0] = from.min(to).min(edges[0]);
                edges[1] = from.max(to).max(edges[1]);
            }
        }
        self.read = all.len();
    }

    fn next<T>(&self, list: &[T], of: fn(&T) -> Option<InstantPair>, at: Stamp) -> Option<Stamp> {
        self.edges
            .iter()
            .enumerate()
            .fold(None, |best, (row, [first, last])| {
                let can_be = *last > at && best.is_none_or(|best| *first < best);
                let instants = row_of(list, row, can_be).filter_map(of).flatten();
                instants.filter(|it| *it > at).chain(best).min()
            })
    }

    fn last<T>(&self, list: &[T], of: fn(&T) -> Option<InstantPair>, at: Stamp) -> Option<Stamp> {
        let newest_first = self.edges.iter().enumerate().rev();
        newest_first.fold(None, |best, (row, [first, last])| {
            let can_be = *first < at && best.is_none_or(|best| *last > best);
            let instants = row_of(list, row, can_be).filter_map(of).flatten();
            instants.filter(|it| *it < at).chain(best).max()
        })
    }
}

/// Returns the records of a block; none if it need not be searched.
fn row_of<T>(list: &[T], row: usize, is_wanted: bool) -> impl Iterator<Item = &T> {
    let begin = row * LENGTH;
    let end = (begin + LENGTH).min(list.len());
    let row = if is_wanted { &list[begin..end] } else { &[] };
    row.iter()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
    use concsim_record::synthetic::Synthetic;

    /// Returns every instant, by a linear scan.
    fn all(recording: &Recording) -> Vec<Stamp> {
        let events = recording.switches.iter().chain(&recording.events);
        let events = events.filter_map(of_event).flatten();
        let sent = recording.sent.iter().filter_map(of_sent).flatten();
        let outcomes = recording.outcomes.iter().filter_map(of_outcome).flatten();
        events.chain(sent).chain(outcomes).collect()
    }

    proptest! {
        #[test]
        fn the_next_and_the_last_are_those_that_a_look_at_all_finds(
            at in 0_u64..8_000_000_000,
            beginning in 0.0..=1.0,
            sync: bool,
        ) {
            let kind = if sync { Sync } else { Coroutine };
            let whole = Synthetic::io_bound(kind).recording();
            let mut so_far = whole.clone();
            let part = |length: usize| (length as f64 * beginning) as usize;
            so_far.switches.truncate(part(whole.switches.len()));
            so_far.sent.truncate(part(whole.sent.len()));
            let mut instants = Instants::default();
            instants.read(&so_far);
            instants.read(&whole);
            let (at, all) = (Stamp(at), all(&whole));
            let next = all.iter().filter(|it| **it > at).min();
            let last = all.iter().filter(|it| **it < at).max();
            prop_assert_eq!(instants.next_after(&whole, at), next.copied());
            prop_assert_eq!(instants.last_before(&whole, at), last.copied());
        }
    }
}
