//! Waits: one blocks the process, or parks a coroutine; or the server waits for its clients.

use super::Notice;
use super::each::Looks;
use super::scene::{Scene, hundredths, per_cent, was_or_were, workers, would_help};
use crate::recording::WorkerSample;
use crate::scenario::{Manner, Scenario, Step, WorkerKind};
use crate::telemetry::Phase;
use crate::theory::bounds::{self, Scarce};
use crate::theory::demand::{self, Spent};
use crate::units::{Elapsed, three_digits};
use crate::words::{grouped, mean};

fn is_blocked(worker: &WorkerSample) -> bool {
    worker.phase == Phase::Blocked
}

/// Whether a request of the mix spends time so.
fn spends(scenario: &Scenario, time: Spent) -> bool {
    demand::of_mix(scenario, |spent| spent == time).mean > 0.0
}

/// A core is free if so much of it is.
const FREE: f64 = 0.25;

/// The mean of `what` over these workers.
fn of_all(some: &[&Looks], what: impl Fn(&Looks) -> f64) -> f64 {
    let sum: f64 = some.iter().map(|looks| what(looks)).sum();
    sum / some.len().max(1) as f64
}

/// A mean number of them: `1.0 request`, `30 requests`.
fn requests(number: f64) -> String {
    match mean(number).as_str() {
        said @ "1.0" => format!("{said} request"),
        said => format!("{said} requests"),
    }
}

/// Sync workers are asleep in their waits, and cores are free for them.
pub(super) struct BlockedWithFreeCores {
    /// The blocked workers, in words …
    blocked: String,
    count: usize,
    /// … and the share of their time in which they were.
    share: f64,
}

impl<'a> Notice<'a> for BlockedWithFreeCores {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        /// Of a worker's time.
        const MOST: f64 = 0.5;
        let is_stuck = |looks: &&Looks| looks.blocked() >= MOST;
        let each = scene.each();
        let blocked: Vec<&Looks> = each.iter().filter(is_stuck).collect();
        // One of many matters where requests wait for it. Other programs on the cores are named in the
        // sentence.
        let matters = scene.means.blocked >= MOST || scene.means.at_the_door >= 1.0;
        let applies = scene.kind() == WorkerKind::Sync
            && !blocked.is_empty()
            && matters
            && scene.cores_left() >= FREE;
        applies.then(|| Self {
            blocked: workers(&blocked, each.len()),
            count: blocked.len(),
            share: of_all(&blocked, Looks::blocked),
        })
    }

    fn sentences(&self, scene: &Scene<'a>) -> Vec<String> {
        vec![
            format!(
                "{} {} blocked in a wait for {} of the time {}.",
                self.blocked,
                was_or_were(self.count),
                per_cent(self.share),
                scene.when()
            ),
            "A wait blocks the whole process of a sync worker.".into(),
            scene.cores_and_door(),
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
    /// The blocked workers, in words …
    blocked: String,
    count: usize,
    /// … and the share of their time in which they were.
    share: f64,
    /// Requests begun in each of them while it was blocked, on average.
    inside: f64,
}

impl<'a> Notice<'a> for Unpatched {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        /// Of a worker's time.
        const MUCH: f64 = 0.3;
        let is_stuck = |looks: &&Looks| looks.blocked() >= MUCH;
        let each = scene.each();
        let blocked: Vec<&Looks> = each.iter().filter(is_stuck).collect();
        let applies = scene.kind().has_a_loop() && !blocked.is_empty();
        applies.then(|| Self {
            blocked: workers(&blocked, each.len()),
            count: blocked.len(),
            share: of_all(&blocked, Looks::blocked),
            inside: of_all(&blocked, Looks::begun_while_blocked),
        })
    }

    fn sentences(&self, scene: &Scene<'a>) -> Vec<String> {
        let (were, each) = (
            was_or_were(self.count),
            if self.count == 1 { "it" } else { "each" },
        );
        vec![
            format!(
                "{} {were} blocked in an unpatched wait for {} of the time {}, with {} begun in {each} on \
                 average.",
                self.blocked,
                per_cent(self.share),
                scene.when(),
                requests(self.inside)
            ),
            "An unpatched wait blocks the whole process, with every coroutine in it.".into(),
            scene.cores_and_door(),
        ]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        format!(
            "workers found blocked in {} ({}), with {} requests begun in each; {}",
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

    fn sentences(&self, scene: &Scene<'a>) -> Vec<String> {
        vec![
            "A wait parks the coroutine; its process goes on.".into(),
            format!(
                "On average {} of {} begun were parked {}.",
                mean(self.parked),
                requests(scene.means.concurrency),
                scene.when()
            ),
        ]
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
        const FEW: f64 = 0.5;
        /// At the beginning all workers are idle for a moment.
        const LONG: Elapsed = Elapsed::from_millis(900);
        let applies = scene.is_under_load()
            && scene.span.length() >= LONG
            && scene.means.at_the_door + scene.means.concurrency < FEW
            && scene.share(|worker| worker.phase == Phase::Idle) >= NEARLY_ALL;
        applies.then_some(Self)
    }

    fn sentences(&self, scene: &Scene<'a>) -> Vec<String> {
        vec![
            format!(
                "The workers had nothing to do {}: the server waits for its clients.",
                scene.when()
            ),
            "More workers, or workers of another kind, would answer no more than is asked for."
                .into(),
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
