//! Worker tracks: the request that each worker runs, and the states of its coroutines.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Write};

use super::trace::{Slice, Trace, Track};
use super::{Scene, place};
use concsim_engine::telemetry::{Event, SwitchReason};
use concsim_model::units::{Stamp, letter};
use concsim_model::words::number_of;
use concsim_record::describe_termination;
use concsim_record::lanes::{Lanes, RequestState, Turn};
use concsim_record::{Origin, Snapshot};

pub(super) fn write(
    out: &mut Trace<impl Write>,
    context: &Scene<'_>,
    lanes: &Lanes<'_>,
) -> io::Result<()> {
    let snapshot = &lanes.snapshot();
    let description =
        "Request that each worker runs. A parked request is in the track of its coroutine.";
    let group = out.track(context.group, place::WORKERS, "workers", description)?;
    let mut tracks = Vec::new();
    for worker in 0..count(snapshot) {
        let track = out.track(group, worker, &name(context, snapshot, worker), "")?;
        tracks.push(track);
        // Turns of several threads overlap, and a track has one slice at a time.
        if !context.view.run().kind.has_threads() {
            write_turns(out, context, track, lanes.turns(worker))?;
        }
        if let Some(word) = context.view.run().kind.task() {
            write_tasks(out, context, (track, word), lanes.turns(worker))?;
        }
        let begun = out.counter(track, usize::MAX, ("begun", "requests"), "")?;
        // Workers of a foreign server do not report their requests.
        let reported = snapshot.samples().iter().filter(|it| it.queued.is_none());
        for sample in reported {
            if let Some(worker) = sample.workers.iter().find(|it| it.index == worker) {
                out.count(begun, sample.at, worker.begun.count as f64)?;
            }
        }
    }
    write_lives(out, snapshot, &tracks)
}

fn count(snapshot: &Snapshot<'_>) -> usize {
    let sampled = snapshot
        .sample()
        .workers
        .iter()
        .map(|worker| worker.index + 1);
    let by_switches = snapshot
        .switches()
        .iter()
        .map(|(worker, _)| usize::from(*worker) + 1);
    sampled.chain(by_switches).max().unwrap_or(0)
}

fn name(context: &Scene<'_>, snapshot: &Snapshot<'_>, worker: usize) -> String {
    let letter = letter(worker);
    let sample = snapshot
        .sample()
        .workers
        .iter()
        .find(|it| it.index == worker);
    match (context.view.run().origin, sample) {
        (Origin::Measured, Some(sample)) => format!("worker {letter} · pid {}", sample.pid),
        _ => format!("worker {letter}"),
    }
}

fn write_turns(
    out: &mut Trace<impl Write>,
    context: &Scene<'_>,
    track: Track,
    turns: impl Iterator<Item = Turn>,
) -> io::Result<()> {
    let is_sync = context.view.run().kind.task().is_none();
    for turn in turns {
        // Between two turns a sync worker sleeps for a request.
        write_breaks(out, track, &turn, (Stamp::ZERO, turn.from))?;
        let flow = context.flow(turn.request).filter(|_| is_sync);
        write_turn(out, context, track, &turn, flow)?;
    }
    Ok(())
}

fn write_turn(
    out: &mut Trace<impl Write>,
    context: &Scene<'_>,
    track: Track,
    turn: &Turn,
    flow: Option<u64>,
) -> io::Result<()> {
    let slice = Slice {
        name: &context.name_of(turn.request),
        flow,
        ..Slice::default()
    };
    out.begin(track, turn.from, &slice)?;
    write_breaks(out, track, turn, (turn.from, turn.to))?;
    out.end(track, turn.to)
}

/// Writes the part of a turn's breaks that lies in an interval.
fn write_breaks(
    out: &mut Trace<impl Write>,
    track: Track,
    turn: &Turn,
    (from, to): (Stamp, Stamp),
) -> io::Result<()> {
    for pause in &turn.breaks {
        let name = match pause.doing {
            RequestState::Blocked => "blocked in a call",
            _ => "without a core",
        };
        write_slice(out, track, name, pause.from.max(from), pause.to.min(to))?;
    }
    Ok(())
}

/// Writes a slice that has only a name, unless its length is 0.
fn write_slice(
    out: &mut Trace<impl Write>,
    track: Track,
    name: &str,
    from: Stamp,
    to: Stamp,
) -> io::Result<()> {
    if from >= to {
        return Ok(());
    }
    let slice = Slice {
        name,
        ..Slice::default()
    };
    out.begin(track, from, &slice)?;
    out.end(track, to)
}

/// Writes a track for each coroutine: its turns, and its states between them.
fn write_tasks(
    out: &mut Trace<impl Write>,
    context: &Scene<'_>,
    (worker, word): (Track, &str),
    turns: impl Iterator<Item = Turn>,
) -> io::Result<()> {
    let mut tasks: BTreeMap<u32, Task> = BTreeMap::new();
    for turn in turns {
        let place = tasks.len();
        let task = match tasks.entry(turn.task) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let name = format!("{word} {}", number_of(turn.task));
                let track = out.track(worker, place, &name, "")?;
                new.insert(Task { track, left: None })
            }
        };
        task.write(out, context, &turn)?;
    }
    Ok(())
}

struct Task {
    track: Track,
    /// Time at which it last yielded its worker, and the reason.
    left: Option<(Stamp, SwitchReason)>,
}

impl Task {
    fn write(
        &mut self,
        out: &mut Trace<impl Write>,
        context: &Scene<'_>,
        turn: &Turn,
    ) -> io::Result<()> {
        let (left, then) = self.left.unwrap_or((Stamp::ZERO, SwitchReason::Ended));
        let ready = turn.ready.max(left);
        if let Some(name) = wait_name(then) {
            write_slice(out, self.track, name, left, ready)?;
        }
        write_slice(out, self.track, "ready", ready, turn.from)?;
        let flow = context.flow(turn.request);
        write_turn(out, context, self.track, turn, flow)?;
        self.left = Some((turn.to, turn.then));
        Ok(())
    }
}

/// Returns the state of a coroutine that yielded for this reason, until it is ready.
fn wait_name(then: SwitchReason) -> Option<&'static str> {
    match then {
        SwitchReason::Ended => None,
        SwitchReason::Yielded => Some("ready"),
        SwitchReason::Client => Some("parked: client"),
        SwitchReason::Service => Some("parked: service"),
        SwitchReason::Timer => Some("parked: timer"),
    }
}

/// Writes the forks and deaths of workers.
fn write_lives(
    out: &mut Trace<impl Write>,
    snapshot: &Snapshot<'_>,
    tracks: &[Track],
) -> io::Result<()> {
    for (_, event) in snapshot.events() {
        let (at, worker, name) = match *event {
            Event::Forked { at, worker, pid } => (at, worker, format!("forked: pid {pid}")),
            Event::Died {
                at,
                worker,
                pid,
                status,
                cause,
            } => {
                let timeout = snapshot.header().scenario.server.timeout;
                let how = describe_termination(status, cause, timeout);
                (at, worker, format!("died: pid {pid}, {how}"))
            }
            _ => continue,
        };
        if let Some(track) = tracks.get(worker as usize) {
            let slice = Slice {
                name: &name,
                ..Slice::default()
            };
            out.instant(*track, at, &slice)?;
        }
    }
    Ok(())
}
