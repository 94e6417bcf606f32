//! The door: full workers, a full listener, a growing queue, failures, uneven shares.

use super::Check;
use super::scene::{Context, hundredths, recent_interval_name, workers};
use super::worker_samples::WorkerSampleCounts;
use crate::failures::Failed;
use crate::{LoadSample, Sample, Span, WorkerSample, accounting};
use concsim_engine::telemetry::Outcome;
use concsim_model::scenario::Arrivals;
use concsim_model::units::{Elapsed, letter, three_digits};
use concsim_model::words::{counted, grouped, length, mean};
use concsim_theory::bounds::{self, LimitedResource};

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
    fn notice(context: &Context<'a>) -> Option<Self> {
        /// Share of the places in one worker.
        const FULL: f64 = 0.98;
        let places = context.scenario().server.connections as f64;
        let is_full = |looks: &&WorkerSampleCounts| looks.begun() >= FULL * places;
        let each = context.each();
        let full: Vec<&WorkerSampleCounts> = each.iter().filter(is_full).collect();
        let applies = context.kind().has_a_loop() && context.means.at_the_door >= 1.0;
        let begun: f64 = full.iter().map(|looks| looks.begun()).sum();
        (applies && !full.is_empty()).then(|| Self {
            begun: begun / full.len() as f64,
            full: workers(&full, each.len()),
            count: (full.len(), each.len()),
        })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let connections = context.scenario().server.connections as u64;
        vec![
            format!(
                "{} had {} requests begun{} on average {}, and a worker may hold {}.",
                self.full,
                mean(self.begun),
                if self.count.0 > 1 { " each" } else { "" },
                context.interval_name(),
                counted(connections, "connection")
            ),
            context.cores_and_door(),
        ]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        let server = &context.scenario().server;
        format!(
            "{} of {} full; {} begun of {} ({} × {} connections), {} at the door, on average ({})",
            grouped(self.count.0 as u64),
            counted(self.count.1 as u64, "worker"),
            hundredths(context.means.concurrency),
            grouped(server.concurrency_limit_of(self.count.1) as u64),
            counted(self.count.1 as u64, "worker"),
            grouped(server.connections as u64),
            hundredths(context.means.at_the_door),
            context.samples()
        )
    }

    fn advice(&self, context: &Context<'a>) -> Option<String> {
        let promise =
            context.promised_rates(|other| other.server.connections = usize::from(u16::MAX))?;
        Some(super::scene::advice_text("More connections", promise))
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
    fn notice(context: &Context<'a>) -> Option<Self> {
        let places = context.scenario().server.places_of_all_queues() as u64;
        let samples = context.span.samples();
        let may_be_more = |sample: &Sample| {
            let LoadSample { sent, ended, .. } = sample.load;
            sent.saturating_sub(ended) > places
        };
        if !samples.iter().any(may_be_more) {
            return None;
        }
        let waiting = context.waiting_at_samples()?;
        let more = waiting.iter().filter(|waiting| **waiting > places);
        let most = more.clone().max()?;
        Some(Self {
            samples: (more.count(), waiting.len()),
            most: *most,
            places,
        })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let (found, all) = self.samples;
        vec![
            format!(
                "In {} of {} {} more connections waited at the door than the listener's queue has places \
                 ({}).",
                grouped(found as u64),
                counted(all as u64, "sample"),
                context.interval_name(),
                grouped(self.places)
            ),
            "The kernel drops a connection that finds no place, and its client tries again a second later or \
             more."
                .into(),
        ]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        format!(
            "at most {} opened and not accepted by a worker (workers' log and load's log); server.backlog is {}",
            counted(self.most, "connection"),
            grouped(u64::from(context.scenario().server.backlog))
        )
    }
}

/// More requests come than are answered.
pub(super) struct QueueGrows {
    length: Elapsed,
    arrived: u64,
    ended: u64,
    /// Number in the system at the beginning, in the middle and at the end.
    in_system: [u64; 3],
}

impl QueueGrows {
    /// Length of the interval before an instant that is examined, and its minimum.
    const LOOK_BACK_INTERVAL: Elapsed = Elapsed::from_secs(5);
    const LEAST: Elapsed = Elapsed::from_secs(2);
    /// Minimum growth for a remark, as a share of the arrivals and as a number.
    const SHARE: f64 = 0.1;
    const MIN_REFUSED: u64 = 10;

    fn over(span: &Span<'_>) -> Self {
        let samples = span.samples();
        let [begin, middle, end] = [0, samples.len() / 2, samples.len() - 1];
        let count = |at: usize| samples[at].load.in_system.count;
        let (before, now) = (&span.begin().load, &span.end().load);
        let in_system = [begin, middle, end].map(count);
        let ended = now.ended.saturating_sub(before.ended);
        Self {
            length: span.length(),
            arrived: (ended + in_system[2]).saturating_sub(in_system[0]),
            ended,
            in_system,
        }
    }

    fn grows(&self) -> bool {
        let [first, second, third] = self.in_system;
        let growth = third.saturating_sub(first);
        first < second
            && second < third
            && growth >= Self::MIN_REFUSED
            && growth as f64 >= Self::SHARE * self.arrived as f64
    }
}

impl<'a> Check<'a> for QueueGrows {
    fn notice(context: &Context<'a>) -> Option<Self> {
        // In a closed load the number of requests cannot grow.
        let is_open = matches!(context.scenario().load.arrivals, Arrivals::Open { .. });
        let span = if context.run.is_some() {
            context.span
        } else {
            Span::last_part(&context.snapshot, Self::LOOK_BACK_INTERVAL)
        };
        let grows = Self::over(&span);
        let applies =
            is_open && context.is_under_load() && grows.length >= Self::LEAST && grows.grows();
        applies.then_some(grows)
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let when = context.run.map_or_else(
            || recent_interval_name(self.length),
            |_| context.interval_name(),
        );
        let per_second = |count: u64| three_digits(count as f64 / self.length.as_secs_f64());
        let (came, ended) = (per_second(self.arrived), per_second(self.ended));
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
            grouped(self.arrived),
            grouped(self.ended)
        )
    }

    fn advice(&self, context: &Context<'a>) -> Option<String> {
        let bounds = bounds::of(context.scenario(), context.cores());
        let tightest = bounds.first()?;
        let most = three_digits(tightest.per_s());
        let applies =
            tightest.of != LimitedResource::Arrivals && context.snapshot.markers().is_empty();
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
    fn notice(context: &Context<'a>) -> Option<Self> {
        let (failed, of) = if let Some(run) = context.run {
            (run.failed.clone(), run.due)
        } else {
            let since = context.span.begin().at;
            let newest = context.snapshot.outcomes().iter().rev();
            failed_of(newest.take_while(|outcome| outcome.done > since))
        };
        (failed.all() > 0).then_some(Self {
            failed,
            cut_off: context.run.map_or(0, |run| run.unfinished),
            of,
        })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let patience = length(context.scenario().load.patience);
        let of = counted(self.of as u64, "request");
        let which = match context.run {
            Some(_) => "due in the counted window".to_owned(),
            None => format!("that ended {}", context.interval_name()),
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
    fn notice(context: &Context<'a>) -> Option<Self> {
        /// Jain's index below which the shares of all workers count as uneven.
        const EVEN: f64 = 0.9;
        /// A single worker's share is uneven if it is this factor above or below the mean …
        const TIMES: f64 = 2.0;
        /// … and this many standard deviations of a random share away from it.
        const SIGMAS: f64 = 4.0;
        /// Minimum number of connections for each worker: with fewer, chance decides.
        const MIN_CONNECTIONS: u64 = 20;
        let Sample { workers, .. } = context.span.end();
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
        let applies = is_uneven
            && all >= MIN_CONNECTIONS * workers.len() as u64
            && context.snapshot.markers().is_empty();
        applies.then_some(Self {
            jain,
            most: of(most_of),
            least: of(least_of),
        })
    }

    fn sentences(&self, _: &Context<'a>) -> Vec<String> {
        let text = |(index, accepted)| (letter(index), grouped(accepted));
        let ((most, many), (least, few)) = (text(self.most), text(self.least));
        vec![format!(
            "Since the run began worker {most} has taken {many} connections and worker {least} {few}."
        )]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        let workers = context.span.end().workers.iter();
        let all = workers.map(|worker| worker.accepted);
        let all = all.fold(0, u64::saturating_add);
        format!(
            "{} taken since the run began; evenness {:.2} (Jain's index, 1 is even)",
            counted(all, "connection"),
            self.jain
        )
    }
}
