//! What remarks are judged from: the last second of a run that goes on, or the counted window of one that
//! is over; and the words that several of them share.

use crate::recording::summary::Run;
use crate::recording::trust::Reason;
use crate::recording::{Means, Past, Recording, Span, WorkerSample};
use crate::scenario::{Scenario, WorkerKind};
use crate::telemetry::{Phase, Stage};
use crate::theory::bounds;
use crate::units::three_digits;
use crate::words::{all_of, counted, grouped};

/// Other programs are worth a word if they keep this share of the cores busy.
const OTHERS: f64 = 0.2;
/// Cores are free if our work keeps less than this share of them busy.
const FREE: f64 = 0.15;
/// Advice is given if it promises this much.
const WORTH_IT: f64 = 1.1;

/// What remarks are judged from.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// All that is known.
    pub(super) past: Past<'a>,
    /// The stretch of time that is spoken of.
    pub(super) span: Span<'a>,
    /// The means over it.
    pub(super) means: Means,
    /// What speaks against the run.
    pub(super) doubts: &'a [Reason],
    /// The numbers of the run, if it is spoken of as a whole.
    pub(super) run: Option<&'a Run>,
}

impl<'a> Scene<'a> {
    /// The last second of what was known, with its means, and what speaks against the run so far.
    #[must_use]
    pub fn of_the_last_second(past: Past<'a>, means: Means, doubts: &'a [Reason]) -> Self {
        Self {
            past,
            span: past.last_second(),
            means,
            doubts,
            run: None,
        }
    }

    /// `None` if there is no sample at all.
    pub(super) fn of_the_window(recording: &'a Recording, run: &'a Run) -> Option<Self> {
        let past = recording.present()?;
        let whole = Span::of_window(recording);
        let span = whole.unwrap_or_else(|| past.last_second());
        Some(Self {
            past,
            span,
            means: span.means(),
            doubts: &run.because,
            run: Some(run),
        })
    }

    pub(super) fn scenario(&self) -> &'a Scenario {
        &self.past.header().scenario
    }

    pub(super) fn kind(&self) -> WorkerKind {
        self.scenario().server.kind
    }

    /// Cores that the program may use.
    pub(super) fn cores(&self) -> usize {
        self.past.header().machine.cores
    }

    /// Those of them that this run does not use.
    pub(super) fn cores_left(&self) -> f64 {
        self.cores() as f64 - self.means.ours()
    }

    /// Whether requests come as they are meant to: neither before the first nor after the last.
    pub(super) fn is_under_load(&self) -> bool {
        let stage = self.span.end().stage;
        self.run.is_some() || matches!(stage, Stage::WarmUp | Stage::Counting)
    }

    /// The workers at the end that have a process.
    pub(super) fn living(&self) -> impl Iterator<Item = &'a WorkerSample> + use<'a> {
        let workers = self.span.end().workers.iter();
        workers.filter(|worker| worker.phase != Phase::Gone)
    }

    /// The share of looks at workers that found them so.
    pub(super) fn share(&self, test: impl Fn(&WorkerSample) -> bool) -> f64 {
        let (found, all) = self.span.looks(test);
        found as f64 / all.max(1) as f64
    }

    /// `38 of 40 looks`.
    pub(super) fn looks(&self, test: impl Fn(&WorkerSample) -> bool) -> String {
        let (found, all) = self.span.looks(test);
        let found = grouped(found as u64);
        format!("{found} of {}", counted(all as u64, "look"))
    }

    /// `21 samples in 1.00 s`.
    pub(super) fn samples(&self) -> String {
        let count = self.span.samples().len() as u64;
        format!("{} in {}", counted(count, "sample"), self.span.length())
    }

    /// How many computing workers had no core.
    pub(super) fn without_a_core(&self) -> String {
        format!(
            "{} workers in the middle of computing and without a core on average, as they noticed \
             themselves",
            hundredths(self.means.want_a_core)
        )
    }

    /// Who used the cores, by CPU time.
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

    /// Who uses the cores, and how many stand outside.
    pub(super) fn say_outside(&self) -> String {
        let means = &self.means;
        let all = self.cores() as f64;
        let (busy, are) = if self.cores() == 1 {
            ("The core is", "is")
        } else {
            ("The cores are", "are")
        };
        let cores = if means.others >= OTHERS * all {
            let others = three_digits(means.others);
            let cores = counted(self.cores() as u64, "core");
            format!("Other programs keep {others} of {cores} busy")
        } else if means.ours() < FREE * all {
            format!("{} {are} free", all_of(self.cores(), "core"))
        } else {
            let share = 100.0 * means.parallelism / all;
            format!("{busy} {share:.0} % busy with our work")
        };
        let outside = stand(means.at_the_door.round() as u64);
        format!("{cores}; {outside} outside.")
    }

    /// What another scenario could answer at most, where that is more than this one can. After somebody
    /// has steered the run, the scenario says no longer what is played.
    pub(super) fn promise(&self, change: impl FnOnce(&mut Scenario)) -> Option<[f64; 2]> {
        if !self.past.markers().is_empty() {
            return None;
        }
        let most = |scenario: &Scenario| {
            let bounds = bounds::of(scenario, self.cores());
            bounds.first().map(bounds::Bound::per_s)
        };
        let mut other = self.scenario().clone();
        change(&mut other);
        let [now, then] = [most(self.scenario())?, most(&other)?];
        (then >= WORTH_IT * now).then_some([now, then])
    }
}

/// The advice that `what` would help, with what it promises.
pub(super) fn would_help(what: &str, [now, then]: [f64; 2]) -> String {
    let [now, then] = [now, then].map(three_digits);
    format!("{what} would help: {then} answers/s at most, instead of {now} (computed).")
}

/// A number of cores, or of requests: `0.03`, `58.1`.
pub(super) fn hundredths(number: f64) -> String {
    if number < 1.0 {
        format!("{number:.2}")
    } else {
        three_digits(number)
    }
}

/// `nobody stands`, `1 stands`, `58 stand`.
pub(super) fn stand(people: u64) -> String {
    match people {
        0 => "nobody stands".into(),
        1 => "1 stands".into(),
        many => format!("{} stand", grouped(many)),
    }
}
