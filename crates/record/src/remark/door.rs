//! The door: full workers, a full listener, a growing queue, failures, uneven shares.

use super::Check;
use super::each::Looks;
use super::scene::{Context, hundredths, when, workers};
use crate::summary::Failed;
use crate::{LoadSample, Sample, Span, WorkerSample, accounting};
use concsim_engine::telemetry::Outcome;
use concsim_model::scenario::Arrivals;
use concsim_model::units::{Elapsed, letter, three_digits};
use concsim_model::words::{counted, grouped, length, mean};
use concsim_theory::bounds::{self, Scarce};

/// Coroutine workers hold their maximum number of connections.
pub(super) struct ConnectionsFull {
    /// The full workers, in words …
    full: String,
    /// … their number and the number of all workers …
    count: (usize, usize),
    /// … and the mean number of requests begun in each.
    begun: f64,
}

impl<'a> Check<'a> for ConnectionsFull {
    fn notice(scene: &Context<'a>) -> Option<Self> {
        /// Share of the places in one worker.
        const FULL: f64 = 0.98;
        let places = scene.scenario().server.connections as f64;
        let is_full = |looks: &&Looks| looks.begun() >= FULL * places;
        let each = scene.each();
        let full: Vec<&Looks> = each.iter().filter(is_full).collect();
        let applies = scene.kind().has_a_loop() && scene.means.at_the_door >= 1.0;
        let begun: f64 = full.iter().map(|looks| looks.begun()).sum();
        (applies && !full.is_empty()).then(|| Self {
            begun: begun / full.len() as f64,
            full: workers(&full, each.len()),
            count: (full.len(), each.len()),
        })
    }

    fn sentences(&self, scene: &Context<'a>) -> Vec<String> {
        let connections = scene.scenario().server.connections as u64;
        vec![
            format!(
                "{} had {} requests begun{} on average {}, and a worker may hold {}.",
                self.full,
                mean(self.begun),
                if self.count.0 > 1 { " each" } else { "" },
                scene.when(),
                counted(connections, "connection")
            ),
            scene.cores_and_door(),
        ]
    }

    fn evidence(&self, scene: &Context<'a>) -> String {
        let server = &scene.scenario().server;
        format!(
            "{} of {} full; {} begun of {} ({} × {} connections), {} at the door, on average ({})",
            grouped(self.count.0 as u64),
            counted(self.count.1 as u64, "worker"),
            hundredths(scene.means.concurrency),
            grouped(server.concurrency_limit_of(self.count.1) as u64),
            counted(self.count.1 as u64, "worker"),
            grouped(server.connections as u64),
            hundredths(scene.means.at_the_door),
            scene.samples()
        )
    }

    fn advice(&self, scene: &Context<'a>) -> Option<String> {
        let promise = scene.promise(|other| other.server.connections = usize::from(u16::MAX))?;
        Some(super::scene::would_help("More connections", promise))
    }
}

/// More connections wait at the door than the listener's queue holds.
pub(super) struct BacklogFull {
    /// Number of samples with this state, and of all samples.
    samples: (usize, usize),
    /// Maximum number waiting in one sample.
    most: u64,
    /// Number of places in all queues.
    places: u64,
}

impl<'a> Check<'a> for BacklogFull {
    /// If more connections wait than there are places, the kernel has dropped some: this is certain for an
    /// instant, but not for a mean.
    fn notice(scene: &Context<'a>) -> Option<Self> {
        let places = scene.scenario().server.places_of_all_queues() as u64;
        let samples = scene.span.samples();
        let may_be_more = |sample: &Sample| {
            let LoadSample { sent, ended, .. } = sample.load;
            sent.saturating_sub(ended) > places
        };
        if !samples.iter().any(may_be_more) {
            return None;
        }
        let waiting = scene.waiting_at_samples()?;
        let more = waiting.iter().filter(|waiting| **waiting > places);
        let most = more.clone().max()?;
        Some(Self {
            samples: (more.count(), waiting.len()),
            most: *most,
            places,
        })
    }

    fn sentences(&self, scene: &Context<'a>) -> Vec<String> {
        let (found, all) = self.samples;
        vec![
            format!(
                "In {} of {} {} more connections waited at the door than the listener's queue has places \
                 ({}).",
                grouped(found as u64),
                counted(all as u64, "sample"),
                scene.when(),
                grouped(self.places)
            ),
            "The kernel drops a connection that finds no place, and its client tries again a second later or \
             more."
                .into(),
        ]
    }

    fn evidence(&self, scene: &Context<'a>) -> String {
        format!(
            "at most {} opened and not accepted by a worker (workers' log and load's log); server.backlog is {}",
            counted(self.most, "connection"),
            grouped(u64::from(scene.scenario().server.backlog))
        )
    }
}

/// More requests come than are answered.
pub(super) struct QueueGrows {
    length: Elapsed,
    came: u64,
    ended: u64,
    /// Number in the system at the beginning, in the middle and at the end.
    in_system: [u64; 3],
}

impl QueueGrows {
    /// Length of the interval before an instant that is examined, and its minimum.
    const FAR: Elapsed = Elapsed::from_secs(5);
    const LEAST: Elapsed = Elapsed::from_secs(2);
    /// Minimum growth for a remark, as a share of the arrivals and as a number.
    const SHARE: f64 = 0.1;
    const MANY: u64 = 10;

    fn over(span: &Span<'_>) -> Self {
        let samples = span.samples();
        let [begin, middle, end] = [0, samples.len() / 2, samples.len() - 1];
        let count = |at: usize| samples[at].load.in_system.count;
        let (before, now) = (&span.begin().load, &span.end().load);
        let in_system = [begin, middle, end].map(count);
        let ended = now.ended.saturating_sub(before.ended);
        Self {
            length: span.length(),
            came: (ended + in_system[2]).saturating_sub(in_system[0]),
            ended,
            in_system,
        }
    }

    fn grows(&self) -> bool {
        let [first, second, third] = self.in_system;
        let growth = third.saturating_sub(first);
        first < second
            && second < third
            && growth >= Self::MANY
            && growth as f64 >= Self::SHARE * self.came as f64
    }
}

impl<'a> Check<'a> for QueueGrows {
    fn notice(scene: &Context<'a>) -> Option<Self> {
        // In a closed load the number of requests cannot grow.
        let is_open = matches!(scene.scenario().load.arrivals, Arrivals::Open { .. });
        let span = if scene.run.is_some() {
            scene.span
        } else {
            Span::back(&scene.past, Self::FAR)
        };
        let grows = Self::over(&span);
        let applies =
            is_open && scene.is_under_load() && grows.length >= Self::LEAST && grows.grows();
        applies.then_some(grows)
    }

    fn sentences(&self, scene: &Context<'a>) -> Vec<String> {
        let when = scene
            .run
            .map_or_else(|| when(self.length), |_| scene.when());
        let per_second = |count: u64| three_digits(count as f64 / self.length.as_secs_f64());
        let (came, ended) = (per_second(self.came), per_second(self.ended));
        vec![
            format!(
                "On average {came} requests came in a second and {ended} ended {when}, so their number grows."
            ),
            "While it grows, each later request waits longer.".into(),
        ]
    }

    fn evidence(&self, _: &Context<'a>) -> String {
        let [first, second, third] = self.in_system.map(grouped);
        format!(
            "in {} {} were due and {} ended; in the system {first}, then {second}, then {third} (load's \
             gauge)",
            self.length,
            grouped(self.came),
            grouped(self.ended)
        )
    }

    fn advice(&self, scene: &Context<'a>) -> Option<String> {
        let bounds = bounds::of(scene.scenario(), scene.cores());
        let tightest = bounds.first()?;
        let most = three_digits(tightest.per_s());
        let applies = tightest.of != Scarce::Arrivals && scene.past.markers().is_empty();
        applies.then(|| format!("This server could answer {most}/s at most (computed)."))
    }
}

/// Requests failed.
pub(super) struct Failures {
    failed: Failed,
    /// Requests given up because the run ended.
    cut_off: usize,
    of: usize,
}

impl<'a> Check<'a> for Failures {
    fn notice(scene: &Context<'a>) -> Option<Self> {
        let (failed, of) = if let Some(run) = scene.run {
            (run.failed.clone(), run.due)
        } else {
            let since = scene.span.begin().at;
            let newest = scene.past.outcomes().iter().rev();
            failed_of(newest.take_while(|outcome| outcome.done > since))
        };
        (failed.all() > 0).then_some(Self {
            failed,
            cut_off: scene.run.map_or(0, |run| run.unfinished),
            of,
        })
    }

    fn sentences(&self, scene: &Context<'a>) -> Vec<String> {
        let patience = length(scene.scenario().load.patience);
        let of = counted(self.of as u64, "request");
        let which = match scene.run {
            Some(_) => "due in the counted window".to_owned(),
            None => format!("that ended {}", scene.when()),
        };
        let failed = self.failed.all().saturating_sub(self.cut_off) as u64;
        let failed = (failed > 0).then(|| {
            format!(
                "{} of {of} {which} failed. In latencies each counts as its client's whole patience, \
                 {patience}, or more.",
                grouped(failed)
            )
        });
        let cut_off = self.cut_off as u64;
        let cut_off = (cut_off > 0).then(|| {
            format!(
                "{} of {of} {which} had no answer when the run was ended.",
                grouped(cut_off)
            )
        });
        failed.into_iter().chain(cut_off).collect()
    }

    fn evidence(&self, _: &Context<'a>) -> String {
        let failed = &self.failed;
        let kinds = [
            (failed.refused, "refused"),
            (failed.reset, "reset"),
            (
                failed.timeout.saturating_sub(self.cut_off),
                "without an answer in time",
            ),
            (self.cut_off, "without an answer when the run was ended"),
        ];
        let kinds = kinds.iter().filter(|(count, _)| *count > 0);
        let kinds = kinds.map(|(count, how)| format!("{} {how}", grouped(*count as u64)));
        let kinds = kinds.chain(failed.answered_in_words());
        format!("{} (load's log)", kinds.collect::<Vec<_>>().join(", "))
    }
}

fn failed_of<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> (Failed, usize) {
    outcomes.fold((Failed::default(), 0), |(mut failed, all), outcome| {
        failed.note(outcome);
        (failed, all + 1)
    })
}

/// Some workers took many more connections than others.
pub(super) struct UnevenAccepts {
    jain: f64,
    most: (usize, u64),
    least: (usize, u64),
}

impl<'a> Check<'a> for UnevenAccepts {
    fn notice(scene: &Context<'a>) -> Option<Self> {
        /// Jain's index below which the shares of all workers count as uneven.
        const EVEN: f64 = 0.9;
        /// A single worker's share is uneven if it is this factor above or below the mean …
        const TIMES: f64 = 2.0;
        /// … and this many standard deviations of a random share away from it.
        const SIGMAS: f64 = 4.0;
        /// Minimum number of connections for each worker: with fewer, chance decides.
        const ENOUGH: u64 = 20;
        let Sample { workers, .. } = scene.span.end();
        let jain = accounting::jain(workers.iter().map(|worker| worker.accepted))?;
        let all = workers.iter().map(|worker| worker.accepted);
        let all = all.fold(0, u64::saturating_add);
        let of = |worker: &WorkerSample| (worker.index, worker.accepted);
        let most_of = workers.iter().max_by_key(|worker| worker.accepted)?;
        let least_of = workers.iter().min_by_key(|worker| worker.accepted)?;
        let fair = all as f64 / workers.len().max(1) as f64;
        let is_apart = |worker: &WorkerSample| {
            let own = worker.accepted as f64;
            let times = if own > fair { own / fair } else { fair / own };
            times >= TIMES && (own - fair).abs() >= SIGMAS * fair.sqrt()
        };
        let is_uneven = jain < EVEN || is_apart(most_of) || is_apart(least_of);
        // A worker that started later, or was stopped, has accepted fewer for that reason.
        let applies =
            is_uneven && all >= ENOUGH * workers.len() as u64 && scene.past.markers().is_empty();
        applies.then_some(Self {
            jain,
            most: of(most_of),
            least: of(least_of),
        })
    }

    fn sentences(&self, _: &Context<'a>) -> Vec<String> {
        let said = |(index, accepted)| (letter(index), grouped(accepted));
        let ((most, many), (least, few)) = (said(self.most), said(self.least));
        vec![format!(
            "Since the run began worker {most} has taken {many} connections and worker {least} {few}."
        )]
    }

    fn evidence(&self, scene: &Context<'a>) -> String {
        let workers = scene.span.end().workers.iter();
        let all = workers.map(|worker| worker.accepted);
        let all = all.fold(0, u64::saturating_add);
        format!(
            "{} taken since the run began; evenness {:.2} (Jain's index, 1 is even)",
            counted(all, "connection"),
            self.jain
        )
    }
}
