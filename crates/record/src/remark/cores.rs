//! Cores: all busy, busy with other programs, or free while the workers can use no more of them.

use super::Check;
use super::scene::{Context, advice_text, hundredths, per_cent};
use concsim_model::scenario::WorkerKind;
use concsim_model::units::three_digits;
use concsim_model::words::{all_of, counted, grouped, mean};
use concsim_theory::demand::{self, DemandPart};

/// Share of the cores from which on they count as full.
const NEARLY_ALL: f64 = 0.9;
/// Mean number of processes that want a core from which on a remark is made.
const WANTING: f64 = 0.5;

/// Workers want cores that other programs use.
pub(super) struct Crowded;

impl<'a> Check<'a> for Crowded {
    fn notice(context: &Context<'a>) -> Option<Self> {
        /// Share of all cores.
        const MIN_CORE_SHARE: f64 = 0.2;
        let applies = context.means.want_a_core >= WANTING
            && context.means.others >= MIN_CORE_SHARE * context.cores() as f64;
        applies.then_some(Self)
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        vec![
            format!(
                "On average {} workers wanted a core and had none {}.",
                hundredths(context.means.want_a_core),
                context.interval_name()
            ),
            context.cores_and_door(),
        ]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        format!(
            "{} ({}); {}",
            context.without_a_core(),
            context.samples(),
            context.core_use()
        )
    }

    fn advice(&self, _: &Context<'a>) -> Option<String> {
        Some("End the other programs, and play again.".into())
    }
}

/// All cores are busy.
pub(super) struct CoresFull;

impl<'a> Check<'a> for CoresFull {
    fn notice(context: &Context<'a>) -> Option<Self> {
        /// Share of the cores; below it, load keeps them busy.
        const BY_WORKERS: f64 = 0.5;
        let all = context.cores() as f64;
        let applies =
            context.means.parallelism > BY_WORKERS && context.means.own_cores() >= NEARLY_ALL * all;
        applies.then_some(Self)
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let first = format!(
            "This run kept {} of {} busy on average {}.",
            three_digits(context.means.own_cores().min(context.cores() as f64)),
            counted(context.cores() as u64, "core"),
            context.interval_name()
        );
        let second = if context.means.want_a_core >= WANTING {
            format!(
                "{} workers wanted a core and had none on average, so more workers would not answer more.",
                hundredths(context.means.want_a_core)
            )
        } else {
            format!(
                "On average {} requests were begun and the workers used {} cores, so more requests begun \
                 at once would not be answered faster.",
                mean(context.means.concurrency),
                three_digits(context.means.parallelism)
            )
        };
        vec![first, second]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        format!(
            "{}; {} ({})",
            context.core_use(),
            context.without_a_core(),
            context.samples()
        )
    }
}

/// Every worker computes, and cores are left unused.
pub(super) struct WorkersFull {
    workers: usize,
    /// Number of requests that they compute at once.
    at_once: usize,
}

impl<'a> Check<'a> for WorkersFull {
    fn notice(context: &Context<'a>) -> Option<Self> {
        let workers = context.living().count();
        let at_once = context.scenario().server.parallelism_limit_of(workers);
        let applies = workers > 0
            && at_once < context.cores()
            && context.means.parallelism >= NEARLY_ALL * at_once as f64;
        applies.then_some(Self { workers, at_once })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let alone = context.scenario().server.computes_alone();
        vec![
            format!(
                "{} computed for {} of the time {}{}, and a {alone} computes on one core at a time.",
                all_of(
                    self.at_once,
                    if alone == "thread" { alone } else { "worker" }
                ),
                per_cent(context.means.parallelism / self.at_once as f64),
                context.interval_name(),
                if self.at_once > 1 { " on average" } else { "" }
            ),
            context.cores_and_door(),
        ]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        let workers = counted(self.workers as u64, "worker");
        format!("{workers}; {} ({})", context.core_use(), context.samples())
    }

    fn advice(&self, context: &Context<'a>) -> Option<String> {
        let each = self.at_once / self.workers;
        let enough = context.cores().div_ceil(each);
        let promise = context.promised_rates_if_shared(|other| other.server.workers = enough)?;
        let workers = counted(enough as u64, "worker");
        Some(if context.kind().has_a_loop() {
            let [now, then] = promise.map(three_digits);
            format!(
                "{workers} would help if each took its share of the connections: {then} answers/s at most, \
                 instead of {now} at most (computed)."
            )
        } else {
            advice_text(&workers, promise)
        })
    }
}

/// Coroutines have nothing to overlap: their requests only compute.
pub(super) struct CoroutinesDoNotHelp;

impl<'a> Check<'a> for CoroutinesDoNotHelp {
    fn notice(context: &Context<'a>) -> Option<Self> {
        /// Minimum ratio of requests begun to requests computing.
        const MIN_RATIO: f64 = 2.0;
        let waits = demand::of_mix(context.scenario(), |spent| spent != DemandPart::Computing);
        let means = &context.means;
        let is_full =
            CoresFull::notice(context).is_some() || WorkersFull::notice(context).is_some();
        let applies = context.kind() == WorkerKind::Coroutine
            && is_full
            && waits.mean <= 0.0
            && means.concurrency >= MIN_RATIO * means.parallelism;
        applies.then_some(Self)
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        vec![
            "These requests only compute, so no request waits while another one runs.".into(),
            format!(
                "On average {} were begun {} and {} cores computed. Sync workers would answer as many.",
                mean(context.means.concurrency),
                context.interval_name(),
                three_digits(context.means.parallelism)
            ),
        ]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        format!(
            "no step of the scenario waits; {} begun and {} computing on average; {}",
            hundredths(context.means.concurrency),
            hundredths(context.means.parallelism),
            context.core_use()
        )
    }
}

/// An extension has turned the lock around computing on again, in workers with threads.
pub(super) struct LockReturned {
    threads: usize,
}

impl<'a> Check<'a> for LockReturned {
    fn notice(context: &Context<'a>) -> Option<Self> {
        let server = &context.snapshot.header().scenario.server;
        let applies = server.has_a_lock() && server.gil_returns && server.threads > 1;
        applies.then_some(Self {
            threads: server.threads,
        })
    }

    fn sentences(&self, _: &Context<'a>) -> Vec<String> {
        let first = "The workers' build has no lock around computing, but an extension has turned it on again.";
        let second = format!(
            "Of {} threads of a worker one computes at a time.",
            grouped(self.threads as u64)
        );
        vec![first.to_owned(), second]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        format!("`server.gil` is \"returns\"; {}", context.core_use())
    }

    fn advice(&self, _: &Context<'a>) -> Option<String> {
        Some("An extension declares that it needs no lock (`Py_mod_gil`); more processes compute at once in any case.".to_owned())
    }
}
