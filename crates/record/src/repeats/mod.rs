//! Repeats: independent replications of a plan, each with its own seed, and the summary of all.
//!
//! ```text
//!   recordings of one repeat ─▶ Replication, one for each variant ─┐
//!   recordings of the next ───▶ Replication …                      ├─▶ Repeats ─▶ Summary
//!                                                                  ┘    numbers with intervals, pairs, claims
//! ```
//!
//! Nothing here plays: a recording of either engine will do. A number of a summary becomes the mean of its
//! values in the repeats, with Student's t; a percentile of latencies becomes that of all requests together
//! (`concsim_stats::percentile`). Variants of one repeat have the same draws, so they are compared in pairs.

mod claim;
mod estimate;
mod log;
mod merged;
mod pairs;
mod stopping;
mod tree;
mod typed;
mod warm_up;
mod words;

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

pub(super) use self::claim::decide;
pub use self::estimate::{Estimate, LEVEL, Stop};
use self::log::RequestLog;
use self::merged::Merged;
use self::pairs::Pair;
pub use self::pairs::ratio;
pub use self::stopping::{Width, numbers_to_narrow};
use self::tree::Tree;
use self::warm_up::WarmUp;
pub use self::words::{times, with_error};
use super::summary::{Run, Summary, summarise};
use super::{Machine, Recording};
use concsim_model::scenario::Plan;

/// One variant in one repeat: its summary, and what is needed of its requests.
#[derive(Clone, Debug)]
pub struct Replication {
    run: Run,
    numbers: Tree,
    log: RequestLog,
}

impl Replication {
    /// Returns what is needed of a recording, which may then be dropped. Memory: some 26 bytes for each
    /// request, warm-up included.
    #[must_use]
    pub fn of(recording: &Recording) -> Self {
        let run = summarise(recording);
        Self {
            numbers: Tree::of(&run),
            run,
            log: RequestLog::of(recording),
        }
    }
}

/// Repeats of a plan, in the order of their seeds.
#[derive(Clone, Debug, Default)]
pub struct Repeats {
    /// One list for each repeat, with the variants in the order of the plan.
    all: Vec<Vec<Replication>>,
    stop: Stop,
    rule: Option<Rule>,
}

/// A rule by which the intervals decided the number of repeats.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    /// Demanded half-width, as a share of the estimate.
    pub relative: f64,
    /// Largest number of repeats.
    pub cap: usize,
    /// Numbers whose intervals decide, as claims name them: `sync.throughput`.
    pub numbers: Vec<String>,
    /// True if all intervals are narrow enough; false if the cap ended the repeats.
    pub met: bool,
}

/// Description of repeats in a summary.
#[derive(Clone, Debug, Serialize)]
pub struct RepeatsSummary {
    /// Number of repeats.
    pub count: usize,
    /// Seed of the first; the seed of each later one is larger by 1.
    pub first_seed: u64,
    /// Share of all experiments whose interval contains the true value.
    pub level: f64,
    /// Rule that ended the repeats. Omitted if their number was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Rule>,
    /// Warm-up of each variant, beside the one that its latencies ask for.
    pub warm_up: Vec<WarmUp>,
    /// Each later variant compared with the first.
    pub pairs: Vec<Pair>,
}

/// All numbers of a variant's repeats, behind its summary.
#[derive(Clone, Debug)]
pub struct Repeated {
    summary: Tree,
    numbers: Value,
    merged: Merged,
    stop: Stop,
    count: usize,
}

impl Repeated {
    /// Returns the estimate at a path of the summary: `latency_ms.p50`.
    #[must_use]
    pub fn estimate(&self, path: &str) -> Option<Estimate> {
        self.merged.estimate(path)
    }

    /// Returns every number as claims find it.
    pub(super) fn numbers(&self) -> &Value {
        &self.numbers
    }

    /// Returns the number of repeats.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the rule for the ends of intervals.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop
    }
}

impl Serialize for Repeated {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.summary.serialize(serializer)
    }
}

impl Repeats {
    /// Adds a repeat: its variants in the order of the plan.
    pub fn add(&mut self, repeat: Vec<Replication>) {
        self.all.push(repeat);
    }

    /// Returns the number of repeats.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// Notes the rule that ended the repeats: intervals are then stated wider, since they decided when to
    /// stop.
    pub fn ended_by(&mut self, rule: Rule) {
        (self.stop, self.rule) = (Stop::ByWidth, Some(rule));
    }

    /// Returns the summary of all repeats of a plan, whose seed is that of the first. At least two repeats.
    ///
    /// # Panics
    /// With fewer repeats.
    #[must_use]
    pub fn summary(&self, plan: &Plan, machine: Machine) -> Summary {
        assert!(self.count() >= 2, "an interval needs two repeats");
        let variants = plan.variants.iter().enumerate();
        let merged: Vec<(String, Merged)> = variants
            .map(|(place, variant)| (variant.name.clone(), self.merged(plan, place)))
            .collect();
        let runs = (0..).zip(&merged).map(|(place, (_, merged))| {
            let each: Vec<&Run> = self.of(place).map(|it| &it.run).collect();
            let scenario = &plan.variants[place].scenario;
            let mut run = typed::run(&each, merged, scenario, machine.cores);
            // Ratios and other derived numbers are computed from the estimates.
            let merged = merged.with_parts_of(&Tree::of(&run));
            run.repeated = Some(Arc::new(Repeated {
                summary: merged.summary(),
                numbers: merged.numbers(),
                merged,
                stop: self.stop,
                count: self.count(),
            }));
            run
        });
        let runs = runs.collect();
        let mut summary = Summary::of(plan, machine, runs);
        summary.repeats = Some(RepeatsSummary {
            count: self.count(),
            first_seed: summary.scenario.seed,
            level: LEVEL,
            until: self.rule.clone(),
            warm_up: self.warm_ups(plan),
            pairs: pairs::of(&merged, self.stop),
        });
        summary
    }

    /// Iterates over the repeats of a variant.
    fn of(&self, place: usize) -> impl Iterator<Item = &Replication> {
        self.all.iter().map(move |repeat| &repeat[place])
    }

    fn merged(&self, plan: &Plan, place: usize) -> Merged {
        let numbers: Vec<&Tree> = self.of(place).map(|it| &it.numbers).collect();
        let logs: Vec<&RequestLog> = self.of(place).map(|it| &it.log).collect();
        let requests = plan.variants[place].scenario.requests.iter();
        let classes: Vec<String> = requests.map(|request| request.name.clone()).collect();
        Merged::of(&numbers, &logs, &classes, self.stop)
    }

    fn warm_ups(&self, plan: &Plan) -> Vec<WarmUp> {
        let variants = plan.variants.iter().enumerate();
        let warm_up = |(place, variant): (usize, &concsim_model::scenario::Variant)| {
            let logs: Vec<&RequestLog> = self.of(place).map(|it| &it.log).collect();
            let first = &self.all[0][place].run;
            WarmUp::of(variant, first.warmup_s, &logs)
        };
        variants.map(warm_up).collect()
    }
}
