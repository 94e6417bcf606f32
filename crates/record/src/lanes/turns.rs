//! Turns of one worker: the requests that had it, one after the other.

use super::worker_activity::{Break, BreakKind, Slice, WorkerActivity};
use super::{Lanes, RequestState, Span};
use concsim_engine::telemetry::{NO_REQUEST, SwitchReason};
use concsim_model::units::Stamp;

/// A period in which one request had a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Request, if its number is known.
    pub request: Option<u32>,
    /// Coroutine or connection.
    pub task: u32,
    /// Time since which it was ready.
    pub ready: Stamp,
    /// Time at which it got the worker …
    pub from: Stamp,
    /// … and yielded it …
    pub to: Stamp,
    /// … and the reason.
    pub then: SwitchReason,
    /// Times at which the worker slept in a call or had no core, since the turn before: in order of time,
    /// without overlaps. Time before `from` belongs to no turn.
    pub breaks: Vec<Span>,
}

impl Lanes<'_> {
    /// Returns the finished turns of a worker, in order of time, without overlaps; those of a worker with threads
    /// overlap, and are in order of their ends.
    pub fn turns(&self, worker: usize) -> impl Iterator<Item = Turn> {
        let workings = self.index.workers.get(worker).into_iter();
        workings.flat_map(move |workings| {
            let recorded = workings.slices.iter();
            let slices = recorded.take_while(|slice| slice.to <= self.until);
            slices.map(|slice| turn(workings, slice))
        })
    }
}

fn turn(workings: &WorkerActivity, slice: &Slice) -> Turn {
    let breaks = slice.breaks.0 as usize..slice.breaks.1 as usize;
    Turn {
        request: (slice.request != NO_REQUEST).then_some(slice.request),
        task: slice.task,
        ready: slice.ready,
        from: slice.from,
        to: slice.to,
        then: slice.then,
        breaks: workings.breaks[breaks].iter().map(span).collect(),
    }
}

fn span(pause: &Break) -> Span {
    Span {
        doing: match pause.kind {
            BreakKind::Blocked => RequestState::Blocked,
            BreakKind::Preempted(_) => RequestState::WantsACore,
        },
        queue: None,
        from: pause.from,
        to: pause.to,
        is_open: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Index;
    use crate::synthetic::{MS, Synthetic};
    use concsim_model::scenario::WorkerKind;

    /// Turns of worker 0: request, length in ms, and reason of its end.
    fn turns(kind: WorkerKind) -> Vec<(Option<u32>, u64, SwitchReason)> {
        let recording = Synthetic::three_requests(kind).recording();
        let mut index = Index::default();
        index.extend(&recording);
        let lanes = Lanes::new(&index, recording.present().unwrap());
        let turns = lanes.turns(0);
        let plain = |turn: Turn| (turn.request, turn.to.since(turn.from).0 / MS, turn.then);
        turns.map(plain).collect()
    }

    #[test]
    fn coroutines_have_their_worker_in_turns() {
        let turns = turns(WorkerKind::Coroutine);
        let waiting = [0, 1, 2].map(|request| (Some(request), 200, SwitchReason::Service));
        let ending = [0, 1, 2].map(|request| (Some(request), 200, SwitchReason::Ended));
        assert_eq!(turns, [waiting, ending].concat());
    }

    #[test]
    fn a_sync_worker_is_had_by_one_request_until_it_ends() {
        let requests: Vec<_> = turns(WorkerKind::Sync).iter().map(|turn| turn.0).collect();
        assert!(requests.is_sorted(), "{requests:?}");
    }
}
