//! Requests as their clients saw them, from due to end. Many overlap, so they share as few lanes as
//! possible; a lane stands for no particular client.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::io::{self, Write};

use super::trace::{Note, Slice, Trace, Track};
use super::{RunView, Scene, place};
use concsim_engine::telemetry::Outcome;
use concsim_model::units::Stamp;
use concsim_record::lanes::Lanes;

/// Request that a client reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientRequest<'a> {
    pub(super) class: &'a str,
    due: Stamp,
    /// [`None`]: the run was over.
    outcome: Option<&'a Outcome>,
}

/// Returns all requests that clients reported, by number.
pub(super) fn known<'a>(view: &'a RunView<'a>) -> BTreeMap<u32, ClientRequest<'a>> {
    let sent = view.recording.sent.iter().map(|sent| {
        let asked = ClientRequest {
            class: view.class(sent.class),
            due: sent.due,
            outcome: None,
        };
        (sent.request, asked)
    });
    let ended = view.recording.outcomes.iter().map(|outcome| {
        let asked = ClientRequest {
            class: view.class(outcome.class),
            due: outcome.due,
            outcome: Some(outcome),
        };
        (outcome.request, asked)
    });
    sent.chain(ended).collect()
}

pub(super) fn write(
    out: &mut Trace<impl Write>,
    context: &Scene<'_>,
    lanes: Option<&Lanes<'_>>,
) -> io::Result<()> {
    let description = "Requests from the due time to the end, as their clients saw them, in as few lanes as possible.";
    let group = out.track(context.group, place::REQUESTS, "requests", description)?;
    let mut in_order: Vec<(u32, &ClientRequest<'_>)> = context
        .requests
        .iter()
        .map(|(n, asked)| (*n, asked))
        .collect();
    in_order.sort_by_key(|(number, asked)| (asked.due, *number));
    let mut rows = Rows::default();
    for (number, asked) in in_order {
        let row = rows.take(asked);
        if row == rows.tracks.len() {
            let name = format!("lane {}", row + 1);
            rows.tracks.push(out.track(group, row, &name, "")?);
        }
        let at_the_door = lanes.and_then(|lanes| lanes.at_the_door(number));
        write_one(out, context, rows.tracks[row], (number, asked), at_the_door)?;
    }
    Ok(())
}

fn write_one(
    out: &mut Trace<impl Write>,
    context: &Scene<'_>,
    track: Track,
    (number, asked): (u32, &ClientRequest<'_>),
    at_the_door: Option<(Stamp, Stamp)>,
) -> io::Result<()> {
    let failure = asked.outcome.and_then(|outcome| outcome.failure);
    let failure = failure.map(|failure| ("failed", Note::Words(failure.word())));
    let slice = Slice {
        name: &context.name_of(Some(number)),
        flow: context.flow(Some(number)),
        notes: failure.as_slice(),
    };
    out.begin(track, asked.due, &slice)?;
    // A request that never ended is left open: Perfetto marks it so.
    let Some(outcome) = asked.outcome else {
        return Ok(());
    };
    // In a forged recording the answer may come before the request is due.
    let done = outcome.done.max(outcome.due);
    if let Some((from, to)) = at_the_door {
        let at_the_door = Slice {
            name: "at the door",
            ..Slice::default()
        };
        let from = from.clamp(outcome.due, done);
        out.begin(track, from, &at_the_door)?;
        out.end(track, to.clamp(from, done))?;
    }
    out.end(track, done)
}

/// Lanes, each with the time until which it is taken.
#[derive(Default)]
struct Rows {
    tracks: Vec<Track>,
    free: BTreeSet<usize>,
    taken: BinaryHeap<Reverse<(Stamp, usize)>>,
}

impl Rows {
    /// Returns the first lane that is free when this request is due; a new one if there is none.
    fn take(&mut self, asked: &ClientRequest<'_>) -> usize {
        while let Some(Reverse((until, row))) = self.taken.peek().copied()
            && until <= asked.due
        {
            self.taken.pop();
            self.free.insert(row);
        }
        let row = self.free.pop_first().unwrap_or(self.tracks.len());
        let until = asked.outcome.map_or(Stamp::NEVER, |outcome| outcome.done);
        self.taken.push(Reverse((until, row)));
        row
    }
}
