//! Disturbances of a run, and how far each can have moved each number.
//!
//! A number of a disturbed run is not wrong, it is uncertain: without the disturbance it would lie between two
//! ends, its [`Bounds`]. A claim is decided by these, not by the size of a disturbance.
//!
//! ```text
//!   samples, events, outcomes ─▶ delays: of each request, at most ─▶ bounds: of each number ─▶ grade, claims
//! ```
//!
//! # Derivation
//!
//! All bounds rest on one comparison. A core that is lost for `s` seconds delays a run by no more than a
//! stop of the whole run for `s` would: while everything stands still, nothing that the lost core could have
//! delayed goes on. A stop only shifts what comes later. So a request ends at most `s` later than without the
//! stop, whatever it waits for, if requests are served in the order in which they were. (Queues in which each
//! event is a maximum of sums of earlier ones are monotone, and a shift of all inputs shifts all outputs:
//! Baccelli, Cohen, Olsder, Quadrat, *Synchronization and Linearity*, 1992, 3.2.)
//!
//! - In a closed load the clients stop too: only requests in the system are longer, by the lost time between
//!   due and end (`delays`).
//! - In an open load requests come in the meantime, and find a queue. It is gone when the server is idle: the
//!   lost time counts from the last idle instant before the request was due.
//!
//! A delay also changes which requests meet later. That effect is as random as the draws of the run: the bounds leave
//! it out, and repeats show its size.
//!
//! | disturbance | a request's latency is too long by at most |
//! |---|---|
//! | late sending | its own lateness; in an open load the largest one since the last idle instant |
//! | answers that lie unread | the time from its last byte written, or stamped by the system, to its last byte read |
//! | late services | the lateness of its calls; if a worker serves one after the other, also of those before it |
//! | stolen core time | the time stolen from all cores, as above |
//! | other programs | the time for which workers wanted a core and had none, as above |
//! | lost outcomes | unknown: it may have any latency |
//!
//! A percentile of latencies that are too long by at most these amounts lies between the percentile of the
//! shortened latencies and its own value: exactly, because percentiles are monotone.

mod bounds;
mod delays;
mod lost;
mod shortened;

use serde::Serialize;

pub use self::bounds::Bounds;
pub(crate) use self::bounds::Numbers;
use self::delays::Delays;
use self::lost::LostTime;
use super::accounting::Edges;
use super::named::NamedValues;
use super::requests::Requests;
use super::{Recording, Snapshot};
use concsim_model::units::Stamp;

/// Source of a disturbance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Load sent requests late.
    Late,
    /// Answers lay unread.
    Unread,
    /// Services answered late.
    Services,
    /// Other virtual machines took core time.
    Stolen,
    /// Other programs took core time.
    Others,
    /// Outcomes of requests found no room.
    Lost,
}

impl Cause {
    /// All causes, in the order of [`Cause::place`].
    pub(crate) const ALL: [Self; 6] = [
        Self::Late,
        Self::Unread,
        Self::Services,
        Self::Stolen,
        Self::Others,
        Self::Lost,
    ];

    /// Returns its code in the summary, which is also that of the doubt that it raises.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Late => "generator-late",
            Self::Unread => "generator-starved",
            Self::Services => "service-late",
            Self::Stolen => "cores-stolen",
            Self::Others => "others-computing",
            Self::Lost => "outcomes-dropped",
        }
    }

    fn place(self) -> usize {
        self as usize
    }
}

/// Some of the causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Causes([bool; 6]);

impl Causes {
    fn all() -> Self {
        Self([true; 6])
    }

    fn only(cause: Cause) -> Self {
        let mut causes = [false; 6];
        causes[cause.place()] = true;
        Self(causes)
    }

    fn has(self, cause: Cause) -> bool {
        self.0[cause.place()]
    }
}

/// A disturbance of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disturbance {
    /// Stable, for programs: `cores-stolen`.
    pub code: &'static str,
    /// Its size, without a final period.
    pub evidence: String,
    /// Numbers that it alone can have moved by a thousandth or more, by their paths in the summary.
    pub moves: NamedValues<Moved>,
    #[serde(skip)]
    pub(crate) cause: Cause,
}

/// Distances by which the number without the disturbance may differ, in its unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// At most this much lower.
    pub below: f64,
    /// At most this much higher; null if that is unknown.
    pub above: f64,
}

/// Disturbances of a run, and the numbers that they can have moved together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disturbances {
    pub(crate) each: Vec<Disturbance>,
    pub(crate) bounds: NamedValues<Bounds>,
}

impl Disturbances {
    /// Returns the disturbances of a run with these numbers, each with the evidence of its cause; none without a
    /// window.
    pub(crate) fn of(
        recording: &Recording,
        requests: &Requests<'_>,
        edges: Option<&Edges<'_>>,
        numbers: &Numbers,
        evidence: impl Fn(Cause) -> String,
    ) -> Self {
        let Some(edges) = edges else {
            return Self::default();
        };
        let delays = Delays::of(recording, requests);
        if delays.each.is_empty() {
            return Self::default();
        }
        let inputs = bounds::Inputs {
            recording,
            requests,
            delays: &delays,
            seconds: edges.length() / 1e9,
            numbers,
        };
        let causes = Cause::ALL
            .into_iter()
            .filter(|cause| inputs.has(*cause))
            .collect::<Vec<_>>();
        let disturbance = |cause: Cause, bounds: &NamedValues<Bounds>| Disturbance {
            code: cause.code(),
            evidence: evidence(cause),
            moves: moves(numbers, bounds),
            cause,
        };
        let bounds = match causes.as_slice() {
            [] => NamedValues::default(),
            _ => inputs.bounds(Causes::all()),
        };
        let each = match causes.as_slice() {
            [one] => vec![disturbance(*one, &bounds)],
            several => several
                .iter()
                .map(|cause| disturbance(*cause, &inputs.bounds(Causes::only(*cause))))
                .collect(),
        };
        let each = each.into_iter().filter(|it| !it.moves.is_empty()).collect();
        Self { each, bounds }
    }
}

/// Returns the distances of the ends from the numbers, without those that do not matter.
fn moves(numbers: &Numbers, bounds: &NamedValues<Bounds>) -> NamedValues<Moved> {
    /// Share of a number from which on a distance is stated.
    const LEAST: f64 = 0.001;
    let moved = |(path, bounds): (&str, &Bounds)| {
        let value = numbers.get(path)?;
        let moved = Moved {
            below: super::rounding::rounded((value - bounds.low).max(0.0), 6),
            above: super::rounding::rounded((bounds.high - value).max(0.0), 6),
        };
        let is_moved = moved.below.max(moved.above) > LEAST * value.abs();
        is_moved.then(|| (path.to_owned(), moved))
    };
    bounds.iter().filter_map(moved).collect()
}

/// Returns the core times that other virtual machines, and that other programs, took from a run between two
/// instants of its past, in ns.
pub(crate) fn lost_between(past: &Snapshot<'_>, [from, to]: [Stamp; 2]) -> [u64; 2] {
    let (samples, kind) = (past.samples(), past.header().scenario.server.kind);
    let lost = [
        LostTime::stolen(samples),
        LostTime::to_others(samples, past.events(), kind),
    ];
    lost.map(|lost| lost.mean(from, to))
}
