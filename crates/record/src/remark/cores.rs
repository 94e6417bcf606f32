//! Cores: all busy, busy with other programs, or free while the workers can use no more of them.

use super::Check;
use super::scene::{Context, hundredths, per_cent, would_help};
use concsim_model::scenario::WorkerKind;
use concsim_model::units::three_digits;
use concsim_model::words::{all_of, counted, mean};
use concsim_theory::demand::{self, DemandPart};

/// Share of the cores from which on they count as full.
const NEARLY_ALL: f64 = 0.9;
/// Mean number of processes that want a core from which on a remark is made.
const WANTING: f64 = 0.5;

/// Workers want cores that other programs use.
pub(super) struct Crowded;

impl<'a> Check<'a> for Crowded {
    fn notice(scene: &Context<'a>) -> Option<Self> {
        /// Share of all cores.
        const MUCH: f64 = 0.2;
        let applies =
            scene.means.want_a_core >= WANTING && scene.means.others >= MUCH * scene.cores() as f64;
        applies.then_some(Self)
    }

    fn sentences(&self, scene: &Context<'a>) -> Vec<String> {
        vec![
            format!(
                "On average {} workers wanted a core and had none {}.",
                hundredths(scene.means.want_a_core),
                scene.when()
            ),
            scene.cores_and_door(),
        ]
    }

    fn evidence(&self, scene: &Context<'a>) -> String {
        format!(
            "{} ({}); {}",
            scene.without_a_core(),
            scene.samples(),
            scene.core_use()
        )
    }

    fn advice(&self, _: &Context<'a>) -> Option<String> {
        Some("End the other programs, and play again.".into())
    }
}

/// All cores are busy.
pub(super) struct CoresFull;

impl<'a> Check<'a> for CoresFull {
    fn notice(scene: &Context<'a>) -> Option<Self> {
        /// Share of the cores; below it, load keeps them busy.
        const BY_WORKERS: f64 = 0.5;
        let all = scene.cores() as f64;
        let applies =
            scene.means.parallelism > BY_WORKERS && scene.means.ours() >= NEARLY_ALL * all;
        applies.then_some(Self)
    }

    fn sentences(&self, scene: &Context<'a>) -> Vec<String> {
        let first = format!(
            "This run kept {} of {} busy on average {}.",
            three_digits(scene.means.ours().min(scene.cores() as f64)),
            counted(scene.cores() as u64, "core"),
            scene.when()
        );
        let second = if scene.means.want_a_core >= WANTING {
            format!(
                "{} workers wanted a core and had none on average, so more workers would not answer more.",
                hundredths(scene.means.want_a_core)
            )
        } else {
            format!(
                "On average {} requests were begun and the workers used {} cores, so more requests begun \
                 at once would not be answered faster.",
                mean(scene.means.concurrency),
                three_digits(scene.means.parallelism)
            )
        };
        vec![first, second]
    }

    fn evidence(&self, scene: &Context<'a>) -> String {
        format!(
            "{}; {} ({})",
            scene.core_use(),
            scene.without_a_core(),
            scene.samples()
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
    fn notice(scene: &Context<'a>) -> Option<Self> {
        let workers = scene.living().count();
        let at_once = scene.scenario().server.parallelism_limit_of(workers);
        let applies = workers > 0
            && at_once < scene.cores()
            && scene.means.parallelism >= NEARLY_ALL * at_once as f64;
        applies.then_some(Self { workers, at_once })
    }

    fn sentences(&self, scene: &Context<'a>) -> Vec<String> {
        let alone = scene.scenario().server.computes_alone();
        vec![
            format!(
                "{} computed for {} of the time {}{}, and a {alone} computes on one core at a time.",
                all_of(
                    self.at_once,
                    if alone == "thread" { alone } else { "worker" }
                ),
                per_cent(scene.means.parallelism / self.at_once as f64),
                scene.when(),
                if self.at_once > 1 { " on average" } else { "" }
            ),
            scene.cores_and_door(),
        ]
    }

    fn evidence(&self, scene: &Context<'a>) -> String {
        let workers = counted(self.workers as u64, "worker");
        format!("{workers}; {} ({})", scene.core_use(), scene.samples())
    }

    fn advice(&self, scene: &Context<'a>) -> Option<String> {
        let each = self.at_once / self.workers;
        let enough = scene.cores().div_ceil(each);
        let promise = scene.promise_if_shared(|other| other.server.workers = enough)?;
        let workers = counted(enough as u64, "worker");
        Some(if scene.kind().has_a_loop() {
            let [now, then] = promise.map(three_digits);
            format!(
                "{workers} would help if each took its share of the connections: {then} answers/s at most, \
                 instead of {now} at most (computed)."
            )
        } else {
            would_help(&workers, promise)
        })
    }
}

/// Coroutines have nothing to overlap: their requests only compute.
pub(super) struct CoroutinesDoNotHelp;

impl<'a> Check<'a> for CoroutinesDoNotHelp {
    fn notice(scene: &Context<'a>) -> Option<Self> {
        /// Minimum ratio of requests begun to requests computing.
        const MANY: f64 = 2.0;
        let waits = demand::of_mix(scene.scenario(), |spent| spent != DemandPart::Computing);
        let means = &scene.means;
        let is_full = CoresFull::notice(scene).is_some() || WorkersFull::notice(scene).is_some();
        let applies = scene.kind() == WorkerKind::Coroutine
            && is_full
            && waits.mean <= 0.0
            && means.concurrency >= MANY * means.parallelism;
        applies.then_some(Self)
    }

    fn sentences(&self, scene: &Context<'a>) -> Vec<String> {
        vec![
            "These requests only compute, so no request waits while another one runs.".into(),
            format!(
                "On average {} were begun {} and {} cores computed. Sync workers would answer as many.",
                mean(scene.means.concurrency),
                scene.when(),
                three_digits(scene.means.parallelism)
            ),
        ]
    }

    fn evidence(&self, scene: &Context<'a>) -> String {
        format!(
            "no step of the scenario waits; {} begun and {} computing on average; {}",
            hundredths(scene.means.concurrency),
            hundredths(scene.means.parallelism),
            scene.core_use()
        )
    }
}
