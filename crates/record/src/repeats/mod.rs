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

mod doubted;
mod estimated_run;
mod log;
mod merging;
mod moved;
mod pairs;
mod prediction;
mod stopping;
mod stored;
mod warm_up;

use std::sync::Arc;

use self::log::RequestLog;
pub use self::stopping::{Width, check_number, numbers_to_narrow};
pub use super::estimates::{
    ContrastIntervals, Estimate, LEVEL, Pairing, Range, RepeatNumbers, Stop, compare, ratio, times,
    with_error,
};
use super::estimates::{MergedSummary, Tree};
pub use super::schema::repeats::{Partial, RepeatsSummary, Rule};
use super::schema::repeats::{VariantPair, WarmUp};
use super::schema::{Run, Summary};
use super::summary::summarise;
use super::trust::Trust;
use super::{Machine, Recording};
use concsim_model::scenario::Plan;

/// One variant in one repeat: its summary, and what is needed of its requests.
#[derive(Clone, Debug)]
pub struct Replication {
    seed: u64,
    machine: Machine,
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
            seed: recording.header.scenario.seed,
            machine: recording.header.machine.clone(),
            numbers: Tree::of(&run),
            run,
            log: RequestLog::of(recording),
        }
    }

    /// Returns its summary.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Returns the machine that played it.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }
}

/// Repeats of a plan, in the order of their seeds.
#[derive(Clone, Debug, Default)]
pub struct Repeats {
    /// One list for each repeat, with the variants in the order of the plan.
    all: Vec<Vec<Replication>>,
    stop: Stop,
    rule: Option<Rule>,
    partial: Option<Partial>,
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

    /// Notes that fewer repeats were played than were asked for.
    pub fn ended_early(&mut self, reason: Partial) {
        self.partial = Some(reason);
    }

    /// Returns the summary of all repeats of a plan, whose seed is that of the first. Of a single repeat, whose
    /// later ones were not played, it is the summary of that run.
    ///
    /// # Panics
    /// Without a repeat.
    #[must_use]
    pub fn summary(&self, plan: &Plan, machine: Machine) -> Summary {
        let used = self.used();
        let (runs, pairs) = if let [only] = used[..] {
            let runs = self.all[only].iter().map(|it| it.run.clone());
            (runs.collect(), Vec::new())
        } else {
            self.estimated(plan, machine.cores)
        };
        let mut summary = Summary::of(plan, machine, runs);
        let described = self.described(summary.scenario.seed);
        summary.repeats = Some(RepeatsSummary {
            warm_up: self.warm_ups(plan),
            pairs,
            ..described
        });
        summary
    }

    /// Returns the summary of a first repeat that was cut short: some of its variants were played.
    #[must_use]
    pub fn summary_of_part(&self, plan: &Plan, machine: Machine, runs: Vec<Run>) -> Summary {
        let mut summary = Summary::of(plan, machine, runs);
        summary.repeats = Some(self.described(summary.scenario.seed));
        summary
    }

    fn described(&self, first_seed: u64) -> RepeatsSummary {
        RepeatsSummary {
            count: self.count(),
            used: self.used().len(),
            partial: self.partial,
            doubted: self.doubted(),
            first_seed,
            level: LEVEL,
            until: self.rule.clone(),
            warm_up: Vec::new(),
            pairs: Vec::new(),
        }
    }

    /// Returns the estimates of each variant, and each later variant compared with the first.
    fn estimated(&self, plan: &Plan, cores: usize) -> (Vec<Run>, Vec<VariantPair>) {
        let variants = plan.variants.iter().enumerate();
        let merged: Vec<(String, MergedSummary)> = variants
            .map(|(place, variant)| (variant.name.clone(), self.merged(plan, place)))
            .collect();
        let runs = (0..).zip(&merged).map(|(place, (_, merged))| {
            let each: Vec<&Run> = self.of(place).map(|it| &it.run).collect();
            let scenario = &plan.variants[place].scenario;
            let mut run = estimated_run::of(&each, merged, scenario, cores);
            let seeds = self.of(place).map(|it| it.seed).collect();
            // Ratios and other derived numbers are computed from the estimates.
            let merged = merged.with_parts_of(&Tree::of(&run));
            let numbers = RepeatNumbers::new(merged, self.stop, seeds);
            run.repeated = Some(Arc::new(numbers));
            run
        });
        let runs = runs.collect();
        (runs, pairs::of(&merged, self.stop))
    }

    /// Returns the places of the repeats that the numbers rest on.
    ///
    /// A repeat in which a variant proves nothing is set aside, with all its variants, so that pairs stay pairs. If
    /// fewer than two or less than half of all were left, the doubt is the rule and not the exception: none is set
    /// aside, and the whole proves nothing.
    fn used(&self) -> Vec<usize> {
        let proves = |place: &usize| {
            let mut variants = self.all[*place].iter();
            variants.all(|it| it.run.trust != Trust::ProvesNothing)
        };
        let sound: Vec<usize> = (0..self.count()).filter(proves).collect();
        if sound.len() >= 2 && 2 * sound.len() >= self.count() {
            sound
        } else {
            (0..self.count()).collect()
        }
    }

    /// Iterates over the repeats of a variant that the numbers rest on.
    fn of(&self, place: usize) -> impl Iterator<Item = &Replication> {
        let used = self.used().into_iter();
        used.map(move |repeat| &self.all[repeat][place])
    }

    fn merged(&self, plan: &Plan, place: usize) -> MergedSummary {
        let numbers: Vec<&Tree> = self.of(place).map(|it| &it.numbers).collect();
        let logs: Vec<&RequestLog> = self.of(place).map(|it| &it.log).collect();
        let requests = plan.variants[place].scenario.requests.iter();
        let classes: Vec<String> = requests.map(|request| request.name.clone()).collect();
        MergedSummary::of(&numbers, &logs, &classes, self.stop)
    }

    fn warm_ups(&self, plan: &Plan) -> Vec<WarmUp> {
        let variants = plan.variants.iter().enumerate();
        let warm_up = |(place, variant): (usize, &concsim_model::scenario::Variant)| {
            let logs: Vec<&RequestLog> = self.of(place).map(|it| &it.log).collect();
            let first = self.of(place).next();
            WarmUp::of(variant, first.map_or(0.0, |it| it.run.warmup_s), &logs)
        };
        variants.map(warm_up).collect()
    }
}
