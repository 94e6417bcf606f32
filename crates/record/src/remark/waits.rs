//! Waits that block the process or park a coroutine, and a server that waits for its clients.

use super::Check;
use super::scene::{Context, advice_text, hundredths, per_cent, was_or_were, workers};
use super::worker_samples::WorkerSampleCounts;
use crate::WorkerSample;
use concsim_engine::telemetry::Phase;
use concsim_model::scenario::{RequestCapacity, Scenario, Step, WaitMode, WorkerKind};
use concsim_model::units::{Elapsed, three_digits};
use concsim_model::words::{counted, grouped, mean};
use concsim_theory::bounds::{self, LimitedResource};
use concsim_theory::demand::{self, DemandPart};

fn is_blocked(worker: &WorkerSample) -> bool {
    worker.phase == Phase::Blocked
}

/// True if a request of the mix spends time in this way.
fn spends(scenario: &Scenario, time: DemandPart) -> bool {
    demand::of_mix(scenario, |spent| spent == time).mean > 0.0
}

/// Share of a core that must be idle for the core to count as free.
const FREE: f64 = 0.25;

/// Workers that were blocked for much of their time, and the number of all workers.
struct Blocked {
    some: Vec<WorkerSampleCounts>,
    of: usize,
    /// Share of blocked time in the time of all workers.
    of_all: f64,
}

impl Blocked {
    /// Returns the workers that were blocked for at least this share of their time.
    fn of(context: &Context<'_>, share: f64) -> Self {
        let each = context.each();
        let (there, blocked) = each.iter().fold((0.0, 0.0), |(there, blocked), looks| {
            let own = looks.present.as_secs_f64();
            (there + own, blocked + own * looks.blocked_share())
        });
        Self {
            of: each.len(),
            some: (each.iter().copied())
                .filter(|looks| looks.blocked_share() >= share)
                .collect(),
            of_all: if there > 0.0 { blocked / there } else { 0.0 },
        }
    }

    /// `Worker B was blocked in a wait for 57 % of the time in the last second`. If only samples are
    /// available: the number of samples.
    fn sentence(&self, wait: &str, context: &Context<'_>) -> String {
        let some: Vec<&WorkerSampleCounts> = self.some.iter().collect();
        let (source, when) = (workers(&some, self.of), context.interval_name());
        let were = was_or_were(some.len());
        let sum = |what: fn(&WorkerSampleCounts) -> usize| {
            some.iter().map(|looks| what(looks)).sum::<usize>()
        };
        if some.iter().any(|looks| looks.blocked.is_none()) {
            let found = grouped(sum(|looks| looks.found_blocked) as u64);
            let all = sum(|looks| looks.sample_count) as u64;
            let samples = match &some[..] {
                [one] if one.began_late => format!("its own {}", counted(all, "sample")),
                [_] => counted(all, "sample"),
                _ => format!("{} of one worker each", counted(all, "sample")),
            };
            return format!(
                "{source} {were} found blocked in {wait} in {found} of {samples} {when}"
            );
        }
        let shares = some.iter().map(|looks| looks.blocked_share());
        let share = per_cent(shares.sum::<f64>() / some.len().max(1) as f64);
        let came_late = some.iter().any(|looks| looks.began_late);
        match &some[..] {
            [one] if came_late => {
                let own = one.present;
                format!("{source} {were} blocked in {wait} for {share} of its {own} {when}")
            }
            [_] => format!("{source} {were} blocked in {wait} for {share} of the time {when}"),
            _ => {
                let time = if came_late {
                    "its own time"
                } else {
                    "the time"
                };
                format!(
                    "{source} {were} blocked in {wait} {when}, each for {share} of {time} on average"
                )
            }
        }
    }

    /// `blocked for 3.42 s of 6.00 s (workers' log)`.
    fn evidence(&self, context: &Context<'_>) -> String {
        let sum = |what: fn(&WorkerSampleCounts) -> Elapsed| {
            let all = self.some.iter().map(what);
            all.fold(Elapsed::ZERO, |sum, more| sum + more)
        };
        let is_told = self.some.iter().all(|looks| looks.blocked.is_some());
        if is_told {
            let blocked = sum(|looks| looks.blocked.unwrap_or_default());
            let there = sum(|looks| looks.present);
            format!("blocked for {blocked} of {there} (workers' log)")
        } else {
            format!(
                "workers found blocked in {} ({})",
                context.share_of_samples(is_blocked),
                context.samples()
            )
        }
    }
}

/// A mean number of requests: `1.0 request`, `30 requests`.
fn requests(number: f64) -> String {
    match mean(number).as_str() {
        said @ "1.0" => format!("{said} request"),
        text => format!("{text} requests"),
    }
}

/// Sync workers are asleep in their waits, and cores are free for them.
pub(super) struct BlockedWithFreeCores {
    blocked: Blocked,
}

impl<'a> Check<'a> for BlockedWithFreeCores {
    fn notice(context: &Context<'a>) -> Option<Self> {
        /// Share of a worker's time.
        const MOST: f64 = 0.5;
        if context.kind().begins() != RequestCapacity::One || context.cores_left() < FREE {
            return None;
        }
        let blocked = Blocked::of(context, MOST);
        // A single worker of many matters if requests wait for it. Other programs on the cores are named in
        // the sentence.
        let matters = blocked.of_all >= MOST || context.means.at_the_door >= 1.0;
        (matters && !blocked.some.is_empty()).then_some(Self { blocked })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        vec![
            format!("{}.", self.blocked.sentence("a wait", context)),
            "A wait blocks the whole process of a sync worker.".into(),
            context.cores_and_door(),
        ]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        format!("{}; {}", self.blocked.evidence(context), context.core_use())
    }

    fn advice(&self, context: &Context<'a>) -> Option<String> {
        let nobody_has_them = context.cores_left() - context.means.others >= FREE;
        let promise = context.promised_rates(|other| other.server.kind = WorkerKind::Coroutine);
        let promise = promise.filter(|_| nobody_has_them)?;
        Some(advice_text("Coroutine workers", promise))
    }
}

/// Coroutine workers are blocked by unpatched waits.
pub(super) struct Unpatched {
    blocked: Blocked,
    /// Mean number of requests begun in each worker in the samples that found it blocked; [`None`] if none
    /// did.
    inside: Option<f64>,
}

impl<'a> Check<'a> for Unpatched {
    fn notice(context: &Context<'a>) -> Option<Self> {
        /// Share of a worker's time.
        const MIN_SHARE: f64 = 0.3;
        if !context.kind().has_a_loop() {
            return None;
        }
        let blocked = Blocked::of(context, MIN_SHARE);
        let inside = blocked
            .some
            .iter()
            .map(WorkerSampleCounts::begun_while_blocked);
        let inside: Option<Vec<f64>> = inside.collect();
        let inside = inside.map(|it| it.iter().sum::<f64>() / it.len().max(1) as f64);
        (!blocked.some.is_empty()).then_some(Self { blocked, inside })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let each = if self.blocked.some.len() == 1 {
            "it"
        } else {
            "each"
        };
        let inside = self.inside.map_or_else(String::new, |inside| {
            format!(", with {} begun in {each} on average", requests(inside))
        });
        let blocked = self.blocked.sentence("an unpatched wait", context);
        vec![
            format!("{blocked}{inside}."),
            "An unpatched wait blocks the whole process, with every coroutine in it.".into(),
            context.cores_and_door(),
        ]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        let inside = self.inside.map_or_else(String::new, |inside| {
            format!(
                ", with {} requests begun in each ({})",
                three_digits(inside),
                context.samples()
            )
        });
        let blocked = self.blocked.evidence(context);
        format!("{blocked}{inside}; {}", context.core_use())
    }

    fn advice(&self, context: &Context<'a>) -> Option<String> {
        let promise = context.promised_rates(|other| {
            let requests = other.requests.iter_mut();
            requests.flat_map(|it| &mut it.script).for_each(patch);
        })?;
        Some(advice_text("To let go in that wait", promise))
    }
}

fn patch(step: &mut Step) {
    if let Step::Call { mode, .. } | Step::Sleep { mode, .. } = step {
        *mode = WaitMode::Patched;
    }
}

/// Coroutines are parked while their processes go on.
pub(super) struct Parked {
    /// Mean number of parked requests …
    parked: f64,
    /// … and true if it is computed from samples alone.
    by_samples: bool,
}

impl<'a> Check<'a> for Parked {
    fn notice(context: &Context<'a>) -> Option<Self> {
        let scenario = context.scenario();
        if !spends(scenario, DemandPart::Parked) || spends(scenario, DemandPart::Blocked) {
            return None;
        }
        let by_log = context.mean_parked();
        let parked = by_log.unwrap_or_else(|| parked_by_samples(context));
        (parked >= 1.0).then_some(Self {
            parked,
            by_samples: by_log.is_none(),
        })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        vec![
            "A wait parks the coroutine; its process goes on.".into(),
            format!(
                "On average {} of {} begun were parked {}{}.",
                mean(self.parked),
                requests(context.means.concurrency),
                context.interval_name(),
                if self.by_samples { ", by samples" } else { "" }
            ),
        ]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        let switches = context.living().map(|worker| {
            let before = context.span.worker_at_begin(worker);
            let before = before.map_or(0, |before| before.coroutine_switches);
            worker.coroutine_switches.saturating_sub(before)
        });
        format!(
            "{} begun, {} parked and {} computing on average, workers blocked in {}; {} coroutine \
             switches ({})",
            hundredths(context.means.concurrency),
            hundredths(self.parked),
            hundredths(context.means.parallelism),
            context.share_of_samples(is_blocked),
            grouped(switches.fold(0, u64::saturating_add)),
            context.samples()
        )
    }
}

fn parked_by_samples(context: &Context<'_>) -> f64 {
    let samples = context.span.samples();
    let parked = samples.iter().flat_map(|sample| &sample.workers);
    let parked = parked.map(|worker| worker.parked);
    let parked = parked.fold(0, u64::saturating_add);
    // Coroutines of idle keep-alive connections are parked, too, and are not requests.
    (parked as f64 / samples.len() as f64).min(context.means.concurrency)
}

/// The server waits for its clients.
pub(super) struct Idle;

impl<'a> Check<'a> for Idle {
    fn notice(context: &Context<'a>) -> Option<Self> {
        /// Share of the workers' time.
        const NEARLY_ALL: f64 = 0.9;
        /// Number of requests, at the door or begun.
        const MAX_WAITING: f64 = 0.5;
        /// Minimum length of the span: at the beginning all workers are idle for a moment.
        const MIN_SPAN: Elapsed = Elapsed::from_millis(900);
        let applies = context.is_under_load()
            && context.span.length() >= MIN_SPAN
            && context.means.at_the_door + context.means.concurrency < MAX_WAITING
            && context.share(|worker| worker.phase == Phase::Idle) >= NEARLY_ALL;
        applies.then_some(Self)
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        vec![
            format!(
                "The workers were idle in {} {}, and {} requests were at the door or begun on average.",
                context.share_of_samples(|worker| worker.phase == Phase::Idle),
                context.interval_name(),
                three_digits(context.means.at_the_door + context.means.concurrency)
            ),
            "More workers, or workers of another kind, would not answer more: no more requests come."
                .into(),
        ]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        format!(
            "workers found idle in {} ({}); {} at the door and {} begun on average",
            context.share_of_samples(|worker| worker.phase == Phase::Idle),
            context.samples(),
            three_digits(context.means.at_the_door),
            three_digits(context.means.concurrency)
        )
    }

    fn advice(&self, context: &Context<'a>) -> Option<String> {
        let bounds = bounds::of(context.scenario(), context.cores());
        let mut of_the_server = bounds.iter().filter(|bound| {
            !matches!(
                bound.of,
                LimitedResource::Clients | LimitedResource::Arrivals
            )
        });
        let most = three_digits(of_the_server.next()?.per_s());
        let answered = three_digits(context.means.throughput);
        Some(format!(
            "These workers could answer {most}/s at most (computed), and they answered {answered}/s {}.",
            context.interval_name()
        ))
    }
}
