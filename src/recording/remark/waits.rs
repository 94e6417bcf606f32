//! What a wait does to a worker: it blocks the process, or it parks a coroutine; or nobody asks.

use super::Notice;
use super::scene::{Scene, hundredths, would_help};
use crate::recording::WorkerSample;
use crate::scenario::{Manner, Scenario, Step, WorkerKind};
use crate::telemetry::Phase;
use crate::theory::bounds::{self, Scarce};
use crate::theory::demand::{self, Spent};
use crate::units::{Elapsed, three_digits};
use crate::words::grouped;

fn is_blocked(worker: &WorkerSample) -> bool {
    worker.phase == Phase::Blocked
}

/// Whether a request of the mix spends time so.
fn spends(scenario: &Scenario, time: Spent) -> bool {
    demand::of_mix(scenario, |spent| spent == time).mean > 0.0
}

/// A core is free if so much of it is.
const FREE: f64 = 0.25;

/// Sync workers are asleep in their waits, and cores are free for them.
pub(super) struct BlockedWithFreeCores;

impl<'a> Notice<'a> for BlockedWithFreeCores {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        /// Of the workers' time.
        const MOST: f64 = 0.5;
        // Whoever else uses the cores is named in the sentence.
        let applies = scene.kind() == WorkerKind::Sync
            && scene.means.blocked >= MOST
            && scene.cores_left() >= FREE;
        applies.then_some(Self)
    }

    fn sentences(&self, scene: &Scene<'a>) -> Vec<String> {
        vec![
            "A wait blocks the whole process.".into(),
            scene.say_outside(),
        ]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        format!(
            "workers found blocked in {} ({}); {}",
            scene.looks(is_blocked),
            scene.samples(),
            scene.core_use()
        )
    }

    fn advice(&self, scene: &Scene<'a>) -> Option<String> {
        let nobody_has_them = scene.cores_left() - scene.means.others >= FREE;
        let promise = scene.promise(|other| other.server.kind = WorkerKind::Coroutine);
        let promise = promise.filter(|_| nobody_has_them)?;
        Some(would_help("Coroutine workers", promise))
    }
}

/// Coroutine workers are blocked by waits that do not let go.
pub(super) struct Unpatched {
    /// Requests begun in a worker that was found blocked, on average.
    inside: f64,
}

impl<'a> Notice<'a> for Unpatched {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        /// Of the workers' time.
        const MUCH: f64 = 0.3;
        let applies = scene.kind().has_a_loop() && scene.means.blocked >= MUCH;
        let workers = scene.span.samples().iter().flat_map(|it| &it.workers);
        let begun = workers.filter(|worker| is_blocked(worker));
        let (sum, found) = begun.fold((0, 0), |(sum, found), worker| {
            (sum + worker.begun.count, found + 1)
        });
        applies.then(|| Self {
            inside: sum as f64 / f64::from(found.max(1)),
        })
    }

    fn sentences(&self, scene: &Scene<'a>) -> Vec<String> {
        vec![
            "An unpatched wait blocks the whole process, with every coroutine in it.".into(),
            scene.say_outside(),
        ]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        format!(
            "coroutine workers found blocked in {} ({}), with {} requests begun in each; {}",
            scene.looks(is_blocked),
            scene.samples(),
            three_digits(self.inside),
            scene.core_use()
        )
    }

    fn advice(&self, scene: &Scene<'a>) -> Option<String> {
        let promise = scene.promise(|other| {
            let requests = other.requests.iter_mut();
            requests.flat_map(|it| &mut it.script).for_each(patch);
        })?;
        Some(would_help("To let go in that wait", promise))
    }
}

fn patch(step: &mut Step) {
    if let Step::Call { manner, .. } | Step::Sleep { manner, .. } = step {
        *manner = Manner::Patched;
    }
}

/// Coroutines are parked while their processes go on.
pub(super) struct Parked {
    /// How many, on average.
    parked: f64,
}

impl<'a> Notice<'a> for Parked {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        let scenario = scene.scenario();
        let samples = scene.span.samples();
        let parked = samples.iter().flat_map(|sample| &sample.workers);
        let parked = parked.map(|worker| worker.parked);
        let parked = parked.fold(0, u64::saturating_add);
        // Those of kept connections that ask for nothing are parked, too, and no requests.
        let parked = (parked as f64 / samples.len() as f64).min(scene.means.concurrency);
        let applies =
            spends(scenario, Spent::Parked) && !spends(scenario, Spent::Blocked) && parked >= 1.0;
        applies.then_some(Self { parked })
    }

    fn sentences(&self, _: &Scene<'a>) -> Vec<String> {
        vec!["A wait parks the coroutine; its process goes on.".into()]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        let switches = scene.living().map(|worker| {
            let before = scene.span.before(worker);
            let before = before.map_or(0, |before| before.coroutine_switches);
            worker.coroutine_switches.saturating_sub(before)
        });
        format!(
            "{} begun, {} parked and {} computing on average, workers blocked in {}; {} coroutine \
             switches ({})",
            hundredths(scene.means.concurrency),
            hundredths(self.parked),
            hundredths(scene.means.parallelism),
            scene.looks(is_blocked),
            grouped(switches.fold(0, u64::saturating_add)),
            scene.samples()
        )
    }
}

/// The server waits for its clients.
pub(super) struct Idle;

impl<'a> Notice<'a> for Idle {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        /// Of the workers' time.
        const NEARLY_ALL: f64 = 0.9;
        /// Requests, at the door or begun.
        const NOBODY: f64 = 0.5;
        /// At the beginning everybody is idle for a moment.
        const LONG: Elapsed = Elapsed::from_millis(900);
        let applies = scene.is_under_load()
            && scene.span.length() >= LONG
            && scene.means.at_the_door + scene.means.concurrency < NOBODY
            && scene.share(|worker| worker.phase == Phase::Idle) >= NEARLY_ALL;
        applies.then_some(Self)
    }

    fn sentences(&self, _: &Scene<'a>) -> Vec<String> {
        vec![
            "The workers have nothing to do: the server waits for its clients.".into(),
            "More workers, or others, would answer no more than is asked for.".into(),
        ]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        format!(
            "workers found idle in {} ({}); {} at the door and {} begun on average",
            scene.looks(|worker| worker.phase == Phase::Idle),
            scene.samples(),
            hundredths(scene.means.at_the_door),
            hundredths(scene.means.concurrency)
        )
    }

    fn advice(&self, scene: &Scene<'a>) -> Option<String> {
        let bounds = bounds::of(scene.scenario(), scene.cores());
        let mut of_the_server = bounds
            .iter()
            .filter(|bound| !matches!(bound.of, Scarce::Clients | Scarce::Arrivals));
        let most = three_digits(of_the_server.next()?.per_s());
        let answered = three_digits(scene.means.throughput);
        Some(format!(
            "These workers could answer {most}/s at most (computed); they are asked for {answered}."
        ))
    }
}
