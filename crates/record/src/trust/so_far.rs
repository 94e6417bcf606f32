//! The grade of a run that goes on.
//!
//! A number near a limit crosses it repeatedly, and the grade would flicker. So a doubt is raised at once,
//! and withdrawn only if it was raised at no point of the last five seconds. The points are fixed: each
//! half second of the run's clock. So a replay gives the same grade at an instant as the live run did.

use std::collections::BTreeMap;

use super::{COHORT, Evidence, Reason, Trust, reasons, worst_first};
use crate::Snapshot;
use crate::accounting::Edges;
use crate::disturbance::{self, Cause};
use crate::latency::quantile;
use crate::usage;
use concsim_engine::telemetry::Outcome;
use concsim_model::units::{Elapsed, Stamp};

/// Time from one point to the next.
pub const POINTS: Elapsed = Elapsed::from_millis(500);
/// Number of points without a doubt after which it is withdrawn.
const HELD: u64 = 10;

/// Judges a live run; keeps the doubts of the last points.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    /// Doubts about the run, by variant and sample.
    found: BTreeMap<(usize, usize), Vec<(&'static str, Trust)>>,
}

impl Judge {
    /// Returns the grade of this variant and the reasons against it, now or at one of the last points, the
    /// worst first. Reasons that only a complete run can have are omitted.
    pub fn judge(&mut self, variant: usize, snapshot: &Snapshot<'_>) -> (Trust, Vec<Reason>) {
        let before: Vec<Snapshot<'_>> = points(snapshot).collect();
        let keys: Vec<(usize, usize)> = before.iter().map(|it| (variant, it.newest())).collect();
        self.found.retain(|key, _| keys.contains(key));
        let mut now = reasons(&Evidence::so_far(snapshot));
        for (key, then) in keys.iter().zip(&before) {
            let found = self.found.entry(*key).or_insert_with(|| {
                let (_, found) = so_far(then);
                found.iter().map(|it| (it.code, it.trust)).collect()
            });
            for (code, trust) in found {
                let held = now.iter_mut().find(|reason| reason.code == *code);
                if let Some(held) = held {
                    held.trust = held.trust.max(*trust);
                }
            }
        }
        worst_first(now)
    }
}

/// The snapshots at the points of the last five seconds, the latest first.
fn points<'a>(snapshot: &Snapshot<'a>) -> impl Iterator<Item = Snapshot<'a>> + use<'a> {
    let known = *snapshot;
    let last = known.sample().at.0 / POINTS.0;
    (last.saturating_sub(HELD - 1)..=last)
        .rev()
        .filter_map(move |point| {
            let at = Stamp(point * POINTS.0);
            let samples = known.samples().partition_point(|sample| sample.at <= at);
            Some(known.earlier(samples.checked_sub(1)?))
        })
}

/// Returns the grade of a run by what is known now, and the reasons against it, the worst first.
pub(crate) fn so_far(snapshot: &Snapshot<'_>) -> (Trust, Vec<Reason>) {
    worst_first(reasons(&Evidence::so_far(snapshot)))
}

impl Evidence {
    /// Returns the evidence of the window so far; none before it has lasted for a second.
    fn so_far(snapshot: &Snapshot<'_>) -> Self {
        /// Number of newest outcomes used: they suffice, and drawing must be fast.
        const NEWEST: usize = 10_000;
        const A_SECOND: f64 = 1e9;
        let edges = Edges::of(snapshot.samples(), snapshot.window());
        let edges = edges.filter(|edges| edges.length() >= A_SECOND);
        let millis = |length: Option<Elapsed>| length.map(Elapsed::as_millis_f64);
        let counted = |outcome: &&Outcome| {
            let window = snapshot.window().filter(|_| edges.is_some());
            window.is_some_and(|window| window.contains(outcome.due))
        };
        let newest = || {
            snapshot
                .outcomes()
                .iter()
                .rev()
                .filter(counted)
                .take(NEWEST)
        };
        let now = snapshot.sample();
        let late = newest().map(|outcome| outcome.sent.since(outcome.due));
        let latencies = |of: fn(&Outcome) -> Elapsed| {
            [500, 990].map(|per_mille| millis(quantile(newest().map(of), per_mille)))
        };
        let cores = edges.as_ref().map_or_else(Vec::new, usage::cores);
        let header = snapshot.header();
        // How the run ended may lie in the future.
        let log_full = header.log_full.filter(|at| *at <= now.at);
        Self {
            log_full: log_full.map(|at| at.since(header.began)),
            generator_dropped: now.load.dropped,
            generator_cpu: edges.as_ref().map(Edges::generator_cpu),
            late_p99_ms: millis(quantile(late, 990)),
            sees_reads: true,
            events_dropped: now.seen.dropped_events + now.seen.dropped_outcomes,
            unreadable: now.seen.unreadable,
            steal: cores.iter().map(|core| core.steal).fold(0.0, f64::max),
            others: cores.iter().map(|core| core.other).sum(),
            moved_so_far: moved_so_far(latencies, snapshot, edges.as_ref()),
            // Known only at the end.
            has_window: true,
            cohort: COHORT,
            ..Self::default()
        }
    }
}

/// Returns the shares by which disturbances can have moved latencies so far. Late sending moves p50 and p99 by
/// the time that it adds to each latency; lost core time moves the mean by the share of the time that was lost.
fn moved_so_far(
    latencies: impl Fn(fn(&Outcome) -> Elapsed) -> [Option<f64>; 2],
    past: &Snapshot<'_>,
    edges: Option<&Edges<'_>>,
) -> Vec<(Cause, f64)> {
    /// Largest lateness in ms that is no doubt.
    const FLOOR: f64 = 0.1;
    let from_due = latencies(|outcome| outcome.done.since(outcome.due));
    let from_send = latencies(|outcome| outcome.done.since(outcome.sent.max(outcome.due)));
    let late = from_due.into_iter().zip(from_send);
    let late = late.filter_map(|(due, sent)| {
        let (due, late) = (due?, due? - sent?);
        (late > FLOOR).then(|| late / due)
    });
    let Some(edges) = edges else {
        return Vec::new();
    };
    let lost = disturbance::lost_between(past, [edges.begin.at, edges.end.at]);
    let [stolen, others] = lost.map(|lost| lost as f64 / edges.length());
    vec![
        (Cause::Late, late.fold(0.0, f64::max)),
        (Cause::Stolen, stolen),
        (Cause::Others, others),
    ]
}
