//! A worker that holds all begun requests, while the others are idle.

use super::Check;
use super::scene::{Context, hundredths};
use crate::{Sample, WorkerSample};
use concsim_engine::telemetry::{Event, Phase};
use concsim_model::units::{Elapsed, Stamp, letter};
use concsim_model::words::{counted, grouped, mean};

/// One worker holds all begun requests, and keeps them waiting, while the others are idle.
pub(super) struct HoldsAll {
    worker: usize,
    others: usize,
    /// Number of samples with this state, and of all samples.
    looks: (usize, usize),
    /// Mean number of requests begun in it in these samples.
    begun: f64,
    /// Share of these samples in which it was blocked.
    blocked: f64,
    burst: Option<AcceptBurst>,
}

/// Connections that a worker took in one turn.
#[derive(Clone, Copy, Debug)]
struct AcceptBurst {
    at: Stamp,
    count: usize,
    within: Elapsed,
}

impl<'a> Check<'a> for HoldsAll {
    fn notice(context: &Context<'a>) -> Option<Self> {
        /// Minimum share of the samples.
        const MOST: f64 = 0.5;
        let samples = context.span.samples();
        let mut found = vec![(0_usize, 0_u64, 0_usize); context.span.end().workers.len()];
        for (place, worker) in samples.iter().filter_map(holds_all) {
            if let Some((looks, begun, blocked)) = found.get_mut(place) {
                *looks += 1;
                *begun += worker.begun.count;
                *blocked += usize::from(worker.phase == Phase::Blocked);
            }
        }
        let (place, (looks, begun, blocked)) = found
            .into_iter()
            .enumerate()
            .max_by_key(|(_, (looks, ..))| *looks)?;
        let worker = context.span.end().workers.get(place)?.index;
        let applies = looks > 0 && looks as f64 >= MOST * samples.len() as f64;
        applies.then(|| Self {
            worker,
            others: context.living().count().saturating_sub(1),
            looks: (looks, samples.len()),
            begun: begun as f64 / looks as f64,
            blocked: blocked as f64 / looks as f64,
            burst: taken_at_once(context, worker),
        })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let worker = letter(self.worker);
        let others = match self.others {
            1 => "the other worker was idle".to_owned(),
            others => format!("the other {} workers were idle", grouped(others as u64)),
        };
        let (found, all) = self.looks;
        let first = format!(
            "In {} of {} {} worker {worker} held all requests that were begun, {} on average, and {others}.",
            grouped(found as u64),
            counted(all as u64, "sample"),
            context.interval_name(),
            mean(self.begun),
        );
        let did = if self.blocked >= 0.5 {
            "was blocked in a wait that does not let go"
        } else {
            "was running a request"
        };
        let share = if self.blocked > 0.0 && self.blocked < 1.0 {
            "in most of these"
        } else {
            "in all of these"
        };
        let second = format!("It {did} {share}, and no other worker can take over its requests.");
        let taken = self.burst.map(|taken| {
            format!(
                "It took {} connections in one turn at {}.",
                grouped(taken.count as u64),
                taken.at.since(context.snapshot.header().began),
            )
        });
        [first, second].into_iter().chain(taken).collect()
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        let (found, all) = self.looks;
        let taken = self.burst.map_or_else(String::new, |taken| {
            format!(
                "; it accepted {} within {}",
                counted(taken.count as u64, "connection"),
                taken.within
            )
        });
        format!(
            "held all in {} of {}, with {} requests begun in it{taken}; {}",
            grouped(found as u64),
            counted(all as u64, "sample"),
            hundredths(self.begun),
            context.core_use()
        )
    }
}

/// Returns the worker that holds all begun requests, two or more, and is busy, while all others are idle.
fn holds_all(sample: &Sample) -> Option<(usize, &WorkerSample)> {
    let living = sample.workers.iter().enumerate();
    let mut living = living.filter(|(_, worker)| worker.phase != Phase::Gone);
    let mut holding = living.clone().filter(|(_, worker)| worker.begun.count > 0);
    let (place, worker) = holding.next().filter(|_| holding.next().is_none())?;
    let is_busy = matches!(worker.phase, Phase::Blocked | Phase::Running);
    let keeps = is_busy && worker.begun.count >= 2;
    let mut others = living.clone().filter(|(other, _)| *other != place);
    let has_others = living.nth(1).is_some();
    let applies = keeps && has_others && others.all(|(_, other)| other.phase == Phase::Idle);
    applies.then_some((place, worker))
}

/// Largest number of connections that this worker accepted at once, each within [`MOMENT`] of the one
/// before.
fn taken_at_once(context: &Context<'_>, worker: usize) -> Option<AcceptBurst> {
    /// Maximum time between two such accepts. A hub accepts until the queue is empty, without running a
    /// request in between.
    const MOMENT: Elapsed = Elapsed::from_millis(1);
    let accepts = context
        .snapshot
        .events()
        .iter()
        .filter_map(|(slot, event)| match event {
            Event::Accepted { at, .. } if usize::from(*slot) == worker => Some(*at),
            _ => None,
        });
    let mut most: Option<AcceptBurst> = None;
    let mut turn: Option<AcceptBurst> = None;
    let mut last = Stamp::ZERO;
    for at in accepts {
        turn = Some(match turn {
            Some(turn) if at.since(last) <= MOMENT => AcceptBurst {
                count: turn.count + 1,
                within: at.since(turn.at),
                ..turn
            },
            _ => AcceptBurst {
                at,
                count: 1,
                within: Elapsed::ZERO,
            },
        });
        last = at;
        if turn.map(|it| it.count) > most.map(|it| it.count) {
            most = turn;
        }
    }
    most.filter(|taken| taken.count >= 2)
}
