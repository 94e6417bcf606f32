//! A sequence of samples, and the means over it: each mean is the difference of two readings of the same
//! integral or counter. Sampled quantities (share of time blocked) are fractions of samples. Waits for a
//! core come from the workers' own events: the sampler needs a core itself, so its samples are biased
//! towards workers without one.

use super::accounting::Edges;
use super::lanes::{Index, Interval};
use super::{CoreSample, Recording, Sample, Snapshot, WorkerSample};
use concsim_engine::telemetry::{Event, Phase};
use concsim_model::units::Elapsed;

/// Interval over which numbers on the screen are averaged.
const LAST: Elapsed = Elapsed::from_secs(1);

/// Samples in a row, at least one.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    samples: &'a [Sample],
    /// The recording as known at the end of the span.
    snapshot: Snapshot<'a>,
}

/// Means over a span.
#[derive(Clone, Copy, Debug, Default)]
pub struct Means {
    /// Requests sent that no worker had taken.
    pub at_the_door: f64,
    /// Requests begun and not finished.
    pub concurrency: f64,
    /// Cores that the workers kept busy.
    pub parallelism: f64,
    /// Good answers per second.
    pub throughput: f64,
    /// Cores that load kept busy …
    pub load: f64,
    /// … the services …
    pub services: f64,
    /// … and other programs kept busy.
    pub others: f64,
    /// Processes that were computing and had no core.
    pub want_a_core: f64,
}

impl Means {
    /// Returns the number of cores that this run kept busy: workers, load and services.
    #[must_use]
    pub fn own_cores(&self) -> f64 {
        self.parallelism + self.load + self.services
    }
}

impl<'a> Snapshot<'a> {
    /// Returns the last second, or less if load began later. Before load begins, returns at most a second
    /// of samples.
    #[must_use]
    pub fn last_second(&self) -> Span<'a> {
        let (samples, now, began) = (self.samples(), self.sample().at, self.header().began);
        let long_ago = samples.partition_point(|sample| now.since(sample.at) >= LAST);
        let before = samples.partition_point(|sample| sample.at < began);
        let before = if before < samples.len() { before } else { 0 };
        Span {
            samples: &samples[long_ago.saturating_sub(1).max(before)..],
            snapshot: *self,
        }
    }
}

impl<'a> Span<'a> {
    /// Returns the counted window of a run; `None` if it has none.
    pub(super) fn of_window(recording: &'a Recording) -> Option<Self> {
        let samples = &recording.samples;
        let edges = Edges::of(samples, recording.header.window)?;
        let begin = samples.partition_point(|sample| sample.at < edges.begin.at);
        let end = samples.partition_point(|sample| sample.at <= edges.end.at);
        let known = recording.snapshot(end.checked_sub(1)?)?;
        Some(Self {
            samples: &samples[begin..end],
            snapshot: known,
        })
    }

    /// Returns the samples of `known` from `length` ago on.
    pub(super) fn last_part(known: &Snapshot<'a>, length: Elapsed) -> Self {
        let (samples, now) = (known.samples(), known.sample().at);
        let long_ago = samples.partition_point(|sample| now.since(sample.at) > length);
        Self {
            samples: &samples[long_ago..],
            snapshot: *known,
        }
    }

    /// Returns its samples, in order of time.
    #[must_use]
    pub fn samples(&self) -> &'a [Sample] {
        self.samples
    }

    /// Returns its first sample.
    #[must_use]
    pub fn begin(&self) -> &'a Sample {
        &self.samples[0]
    }

    /// Returns its last sample.
    #[must_use]
    pub fn end(&self) -> &'a Sample {
        &self.samples[self.samples.len() - 1]
    }

    /// Returns its length.
    #[must_use]
    pub fn length(&self) -> Elapsed {
        self.end().at.since(self.begin().at)
    }

    /// Returns the same worker at the beginning, if it was there.
    #[must_use]
    pub fn worker_at_begin(&self, worker: &WorkerSample) -> Option<&'a WorkerSample> {
        let begin = self.begin();
        let mut then = begin.workers.iter().chain(&begin.processes);
        then.by_ref().find(|then| then.index == worker.index)
    }

    /// Counts the samples of living workers that pass `test`, and all samples of living workers: (found,
    /// all).
    #[must_use]
    pub fn count_samples(&self, test: impl Fn(&WorkerSample) -> bool) -> (usize, usize) {
        let workers = self.samples.iter().flat_map(|sample| &sample.workers);
        let living = workers.filter(|worker| worker.phase != Phase::Gone);
        living.fold((0, 0), |(found, all), worker| {
            (found + usize::from(test(worker)), all + 1)
        })
    }

    /// Returns the means over it, with requests at the door and good answers counted individually by
    /// `index`, as in the summary.
    #[must_use]
    pub fn means_by(&self, index: &Index) -> Means {
        let interval = Interval {
            from: self.begin().at,
            to: self.end().at,
        };
        let means = self.means();
        let recording = self.snapshot.recording();
        let door = index.mean_at_the_door(recording, interval);
        let answered = index.answered(recording, interval);
        let seconds = self.length().as_secs_f64();
        let throughput = answered.filter(|_| seconds > 0.0);
        Means {
            at_the_door: door.unwrap_or(means.at_the_door),
            throughput: throughput.map_or(means.throughput, |answers| answers as f64 / seconds),
            ..means
        }
    }

    /// Returns the means over it; all are 0 over an empty interval. At the door is then the number in the
    /// system and not begun, by gauges: too low by begun requests whose clients have left, and too high by
    /// later requests of a keep-alive connection that are not read yet.
    #[must_use]
    pub fn means(&self) -> Means {
        let of_switches = Means {
            want_a_core: self.without_a_core(),
            ..Means::default()
        };
        self.means_of_counters(of_switches)
    }

    /// Mean number of computing processes without a core. If lanes hold one request in n, it stands for n.
    fn without_a_core(&self) -> f64 {
        let (begin, length) = (self.begin(), self.length());
        let lost = self.snapshot.preempted_since(begin.seen.switches);
        let without = lost.map(|event| match event {
            Event::Preempted { from, to, .. } => to.since((*from).max(begin.at)),
            _ => Elapsed::ZERO,
        });
        let without: u64 = without.fold(0, |all, off| all.saturating_add(off.0));
        let all = without as f64 * f64::from(self.snapshot.one_in());
        all / length.0.max(1) as f64
    }

    fn means_of_counters(&self, of_switches: Means) -> Means {
        let (before, now) = (self.begin(), self.end());
        let seconds = self.length().as_secs_f64();
        if seconds <= 0.0 {
            return of_switches;
        }
        let in_system =
            now.load.in_system.integral_at(now.at) - before.load.in_system.integral_at(before.at);
        let in_system = in_system as f64 / 1e9 / seconds;
        let begun = (now.begun_integral() - before.begun_integral()) as f64 / 1e9 / seconds;
        let cores = |core_time: f64| (core_time / seconds).max(0.0);
        let parallelism = cores(cpu_of_workers(now) - cpu_of_workers(before));
        let load = cores((now.load.cpu - before.load.cpu).as_secs_f64());
        let services = cores((now.services_cpu - before.services_cpu).as_secs_f64());
        let busy = cores(cpu_of_cores(now) - cpu_of_cores(before));
        Means {
            at_the_door: (in_system - begun).max(0.0),
            concurrency: begun.max(0.0),
            parallelism,
            throughput: now.load.good.saturating_sub(before.load.good) as f64 / seconds,
            load,
            services,
            others: (busy - parallelism - load - services).max(0.0),
            ..of_switches
        }
    }
}

fn cpu_of_workers(sample: &Sample) -> f64 {
    let all = sample.workers.iter().chain(&sample.processes);
    all.map(|process| process.cpu.as_secs_f64()).sum()
}

fn cpu_of_cores(sample: &Sample) -> f64 {
    let busy = |core: &CoreSample| core.busy.as_secs_f64();
    sample.cores.iter().map(busy).sum()
}
