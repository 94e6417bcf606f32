//! Input of the checks for remarks: the last second of a live run, or the counted window of a finished one;
//! and the words that several checks share.

use std::cell::OnceCell;

use super::worker_samples::{self, WorkerSampleCounts};
use crate::dead_work::{Account, Log};
use crate::lanes::{Index, Interval, Lanes, RequestState};
use crate::schema::Run;
use crate::trust::Reason;
use crate::{Means, Recording, Sample, Snapshot, Span, Window, WorkerSample};
use concsim_engine::telemetry::{Event, Phase, Stage};
use concsim_model::scenario::{Arrivals, Scenario, WorkerKind};
use concsim_model::units::{Elapsed, letter, three_digits};
use concsim_model::words::{self, all_of, counted, grouped, mean};
use concsim_theory::bounds;
use concsim_theory::demand::{self, Moments};

/// Minimum share of the cores that other programs keep busy for a mention.
const MIN_SHARE_OF_OTHERS: f64 = 0.2;
/// Cores are free if this run keeps less than this share of them busy.
const FREE: f64 = 0.15;
/// Minimum improvement, as a factor, for which advice is given.
const MIN_IMPROVEMENT: f64 = 1.1;

/// Input of the checks for remarks.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// Recording up to the present instant.
    pub(super) snapshot: Snapshot<'a>,
    /// Interval that the remarks are about.
    pub(super) span: Span<'a>,
    /// Means over the interval.
    pub(super) means: Means,
    /// Doubts about the run.
    pub(super) doubts: &'a [Reason],
    /// Summary of the run, if the remarks are about the whole …
    pub(super) run: Option<&'a Run>,
    /// … and the recording from which it was computed.
    whole: Option<&'a Recording>,
    /// Index of the recording, if the caller has one.
    index: Option<&'a Index>,
    /// Index built on demand otherwise.
    own_index: OnceCell<Index>,
}

impl<'a> Context<'a> {
    /// Returns the context of the last second, with its means and the doubts so far.
    #[must_use]
    pub fn of_the_last_second(snapshot: Snapshot<'a>, means: Means, doubts: &'a [Reason]) -> Self {
        Self {
            snapshot,
            span: snapshot.last_second(),
            means,
            doubts,
            run: None,
            whole: None,
            index: None,
            own_index: OnceCell::new(),
        }
    }

    /// Returns the context with an index that has read the whole recording.
    #[must_use]
    pub fn with_index(self, index: Option<&'a Index>) -> Self {
        Self { index, ..self }
    }

    /// Returns the context of the counted window; `None` without samples.
    pub(super) fn of_the_window(recording: &'a Recording, run: &'a Run) -> Option<Self> {
        let snapshot = recording.present()?;
        let whole = Span::of_window(recording);
        let span = whole.unwrap_or_else(|| snapshot.last_second());
        let means = span.means();
        Some(Self {
            snapshot,
            span,
            // By the log of requests, as in the summary: a worker may have begun a request whose client has
            // left.
            means: Means {
                at_the_door: run.at_the_door.unwrap_or(means.at_the_door),
                throughput: run.throughput_per_s.unwrap_or(means.throughput),
                ..means
            },
            doubts: &run.because,
            run: Some(run),
            whole: Some(recording),
            index: None,
            own_index: OnceCell::new(),
        })
    }

    /// Returns the index of its requests.
    fn index(&self) -> &Index {
        let read = || {
            let mut index = Index::default();
            index.extend(self.snapshot.recording());
            index
        };
        self.index
            .unwrap_or_else(|| self.own_index.get_or_init(read))
    }

    /// Returns the number at the door at a sample: by the log of requests if complete, else by gauges.
    pub(super) fn at_the_door(&self, sample: &Sample) -> u64 {
        let counted = self
            .index()
            .at_the_door(self.snapshot.recording(), sample.at);
        counted.unwrap_or_else(|| sample.at_the_door())
    }

    pub(super) fn scenario(&self) -> &'a Scenario {
        &self.snapshot.header().scenario
    }

    pub(super) fn kind(&self) -> WorkerKind {
        self.scenario().server.kind
    }

    /// Returns the number of cores that the program may use.
    pub(super) fn cores(&self) -> usize {
        self.snapshot.header().machine.cores
    }

    /// True if the server is another program than concsim.
    pub(super) fn has_a_foreign_server(&self) -> bool {
        self.snapshot.header().scenario.server.is_foreign()
    }

    /// Returns the number of cores that this run does not use.
    pub(super) fn cores_left(&self) -> f64 {
        self.cores() as f64 - self.means.own_cores()
    }

    /// True if load is sending as planned: neither before the first request nor after the last.
    pub(super) fn is_under_load(&self) -> bool {
        let stage = self.span.end().stage;
        self.run.is_some() || matches!(stage, Stage::WarmUp | Stage::Counting)
    }

    /// The mean number of parked requests, by the log of run slices; [`None`] where records are missing.
    pub(super) fn mean_parked(&self) -> Option<f64> {
        let (index, recording) = (self.index(), self.snapshot.recording());
        let interval = Interval {
            from: self.span.begin().at,
            to: self.span.end().at,
        };
        let length = interval.to.since(interval.from);
        index.mean_at_the_door(recording, interval)?;
        if recording.one_in > 1 || length == Elapsed::ZERO {
            return None;
        }
        let lanes = Lanes::new(index, self.snapshot);
        let requests = lanes.taken_in(interval);
        let lanes = requests.map(|request| lanes.request(request, interval));
        let parked = lanes.flat_map(|lane| lane.spans);
        let parked = parked.filter(|span| span.doing == RequestState::Parked);
        let parked: u64 = parked.map(|span| span.to.since(span.from).0).sum();
        Some(parked as f64 / length.0 as f64)
    }

    /// The number of connections at the door at each sample; [`None`] where records are missing.
    pub(super) fn waiting_at_samples(&self) -> Option<Vec<u64>> {
        let (index, recording) = (self.index(), self.snapshot.recording());
        let samples = self.span.samples().iter();
        samples
            .map(|sample| index.at_the_door(recording, sample.at))
            .collect()
    }

    /// Returns the account of work for clients that had left.
    pub(super) fn dead_work(&self) -> Account {
        let span = Window {
            begin: self.span.begin().at,
            end: self.span.end().at,
        };
        match self.whole.and_then(Log::of) {
            Some(log) => {
                let window = self.snapshot.header().window;
                Account::of(&log, window.unwrap_or(span))
            }
            None => Account::of(&Log::at(&self.snapshot), span),
        }
    }

    /// Returns the workers that have a process at the end.
    pub(super) fn living(&self) -> impl Iterator<Item = &'a WorkerSample> + use<'a> {
        let workers = worker_samples::last_with_workers(&self.span).workers.iter();
        workers.filter(|worker| worker.phase != Phase::Gone)
    }

    /// Returns the activity of each worker that lives at the end.
    pub(super) fn each(&self) -> Vec<WorkerSampleCounts> {
        worker_samples::of(&self.span, self.log(), &self.snapshot.recording().events)
    }

    /// Returns the workers' switches since the beginning of the span; [`None`] where records are missing.
    fn log(&self) -> Option<&'a [(u16, Event)]> {
        let (begin, end) = (self.span.begin().seen, self.span.end().seen);
        let is_whole =
            self.snapshot.one_in() == 1 && end.dropped_events == 0 && end.event_count > 0;
        let all = self.whole.map_or_else(
            || self.snapshot.switches_by(self.span.end().at),
            |it| &it.switches,
        );
        all.get(begin.switches..).filter(|_| is_whole)
    }

    /// Returns the share of samples of workers that pass the test.
    pub(super) fn share(&self, test: impl Fn(&WorkerSample) -> bool) -> f64 {
        let (found, all) = self.span.count_samples(test);
        found as f64 / all.max(1) as f64
    }

    /// `38 of 40 samples of one worker each`; `19 of 20 samples` where there is one worker.
    pub(super) fn share_of_samples(&self, test: impl Fn(&WorkerSample) -> bool) -> String {
        let (found, all) = self.span.count_samples(test);
        let of_each = if all == self.span.samples().len() {
            ""
        } else {
            " of one worker each"
        };
        let found = grouped(found as u64);
        format!("{found} of {}{of_each}", counted(all as u64, "sample"))
    }

    /// `21 samples in 1.00 s`.
    pub(super) fn samples(&self) -> String {
        let count = self.span.samples().len() as u64;
        format!("{} in {}", counted(count, "sample"), self.span.length())
    }

    /// Describes the number of computing workers without a core.
    pub(super) fn without_a_core(&self) -> String {
        format!(
            "{} workers in the middle of computing and without a core on average, by their own \
             measurement",
            hundredths(self.means.want_a_core)
        )
    }

    /// Describes the use of the cores, by CPU time.
    pub(super) fn core_use(&self) -> String {
        let means = &self.means;
        let [workers, load, services, others] =
            [means.parallelism, means.load, means.services, means.others].map(hundredths);
        format!(
            "of {} the workers used {workers}, load {load}, services {services}, others {others} \
             (CPU time)",
            counted(self.cores() as u64, "core"),
        )
    }

    /// Names the interval: `in the last second`, `in the counted window`.
    pub(super) fn interval_name(&self) -> String {
        match self.run {
            Some(run) if run.window_s > 0.0 => "in the counted window".into(),
            Some(_) | None => recent_interval_name(self.span.length()),
        }
    }

    /// Describes the use of the cores and the number waiting at the door: means over the span, which is
    /// named.
    pub(super) fn cores_and_door(&self) -> String {
        let means = &self.means;
        let all = self.cores() as f64;
        let cores = counted(self.cores() as u64, "core");
        let used = if means.others >= MIN_SHARE_OF_OTHERS * all {
            let others = three_digits(means.others);
            format!("Other programs kept {others} of {cores} busy")
        } else if means.own_cores() < FREE * all {
            let free = three_digits(all - means.own_cores() - means.others);
            format!("Of {cores} {free} were free")
        } else {
            let workers = three_digits(means.parallelism);
            format!("The workers kept {workers} of {cores} busy")
        };
        format!(
            "{used} {}, and {} at the door on average.",
            self.interval_name(),
            waited(means.at_the_door)
        )
    }

    /// Maximum answers per second of this scenario and of a changed one, if the changed one's clients get
    /// that much more within their patience. One worker with a loop may accept all connections, so the
    /// promise must hold for a single worker.
    pub(super) fn promised_rates(&self, change: impl FnOnce(&mut Scenario)) -> Option<[f64; 2]> {
        self.promised_rates_of(change, true)
    }

    /// The same, if each worker takes its share of the connections.
    pub(super) fn promised_rates_if_shared(
        &self,
        change: impl FnOnce(&mut Scenario),
    ) -> Option<[f64; 2]> {
        self.promised_rates_of(change, false)
    }

    /// A steered run no longer matches its scenario, so nothing is promised.
    fn promised_rates_of(
        &self,
        change: impl FnOnce(&mut Scenario),
        may_be_uneven: bool,
    ) -> Option<[f64; 2]> {
        if !self.snapshot.markers().is_empty() {
            return None;
        }
        let most = |scenario: &Scenario| {
            let bounds = bounds::of(scenario, self.cores());
            bounds.first().map(bounds::Bound::per_s)
        };
        let mut other = self.scenario().clone();
        change(&mut other);
        let [now, then] = [most(self.scenario())?, most(&other)?];
        if may_be_uneven && other.server.kind.has_a_loop() {
            other.server.workers = 1;
        }
        let least = most(&other)?;
        let applies = least >= MIN_IMPROVEMENT * now
            && answers_in_time(&other, least)
            && keeps_up(&other, self.cores());
        applies.then_some([now, then])
    }
}

/// True if a server keeps up with an open load, with a tenth to spare. Otherwise queues grow without bound,
/// and answers may go to clients that have left.
fn keeps_up(scenario: &Scenario, cores: usize) -> bool {
    const MAX_LOAD: f64 = 0.9;
    let Arrivals::Open { rate, .. } = &scenario.load.arrivals else {
        return true;
    };
    let bounds = bounds::of(scenario, cores);
    let of_server = bounds.iter().find(|bound| !bound.of.is_the_load());
    of_server.is_none_or(|bound| *rate <= MAX_LOAD * bound.per_s())
}

/// True if clients wait long enough for answers at this rate: for a request's own time, and in a closed
/// load for their turn (R = N ÷ X − Z).
fn answers_in_time(scenario: &Scenario, per_s: f64) -> bool {
    let patience = scenario.load.patience.as_secs_f64();
    let alone = demand::of_mix(scenario, |_| true).mean;
    let turn = match &scenario.load.arrivals {
        Arrivals::Closed { clients, think, .. } => {
            *clients as f64 / per_s - Moments::of(think).mean
        }
        Arrivals::Open { .. } | Arrivals::Scheduled => 0.0,
    };
    alone.max(turn) <= patience
}

/// Formats the advice that `what` would help, with the promised numbers.
pub(super) fn advice_text(what: &str, [now, then]: [f64; 2]) -> String {
    let [now, then] = [now, then].map(three_digits);
    format!("{what} would help: {then} answers/s at most, instead of {now} at most (computed).")
}

/// A number of cores, or of requests: `0.03`, `58.1`.
pub(super) fn hundredths(number: f64) -> String {
    if number < 1.0 {
        format!("{number:.2}")
    } else {
        three_digits(number)
    }
}

/// `in the last second`; of another length `in the last 400 ms`, `in the last 5 s`.
pub(super) fn recent_interval_name(length: Elapsed) -> String {
    const ROUNDS_TO_SECOND: Elapsed = Elapsed::from_millis(950);
    const MORE: Elapsed = Elapsed::from_millis(1_500);
    if length < ROUNDS_TO_SECOND {
        format!("in the last {}", words::length(length))
    } else if length < MORE {
        "in the last second".into()
    } else {
        format!("in the last {}", words::length(length))
    }
}

/// A mean number of requests: `no request waited`, `58 requests waited`.
fn waited(requests: f64) -> String {
    match mean(requests).as_str() {
        "0" => "no request waited".into(),
        said @ "1.0" => format!("{said} request waited"),
        text => format!("{text} requests waited"),
    }
}

/// `worker A`, `workers A and C`, `8 of 10 workers`, `all 10 workers`, from the start of a sentence on.
pub(super) fn workers(some: &[&WorkerSampleCounts], of: usize) -> String {
    match some {
        _ if some.len() == of && of > 1 => all_of(of, "worker"),
        [one] => format!("Worker {}", letter(one.worker)),
        [one, other] => format!(
            "Workers {} and {}",
            letter(one.worker),
            letter(other.worker)
        ),
        several => format!(
            "{} of {}",
            grouped(several.len() as u64),
            counted(of as u64, "worker")
        ),
    }
}

/// `was` or `were`.
pub(super) fn was_or_were(number: usize) -> &'static str {
    if number == 1 { "was" } else { "were" }
}

/// A share in per cent, at most 100: `98 %`.
pub(super) fn per_cent(share: f64) -> String {
    format!("{:.0} %", (100.0 * share).min(100.0))
}
