//! Comparison of theory with a run.
//!
//! Values called *computed* come from the scenario alone; values called *found* come from the run, measured
//! or simulated according to its origin. Nothing is fitted.

pub use super::ceiling::per_second;
use super::ceiling::{self, NamedBound};
use super::latency::Breakdown;
use super::rounding::rounded;
use super::schema::Run;
use super::schema::remark::Kind;
pub use super::schema::theory::{Balance, Ceiling, ModelComparison, ModelNumbers, Pair, Waits};
use super::trust::Trust;
use concsim_model::scenario::Scenario;
use concsim_theory::forecast::{self, Forecast, Times};
use concsim_theory::{attempt, bounds, little};

/// Formats an error in per cent: `far` from 1000 % on, no digits after the point from 100 % on, and no sign
/// if it rounds to 0.
#[must_use]
pub fn percent(error: f64) -> String {
    match error * 100.0 {
        off if off.abs() >= 999.5 => "far".into(),
        off if off.abs() >= 99.5 => format!("{off:+.0} %"),
        off if off.abs() < 0.05 => "0.0 %".into(),
        off => format!("{off:+.1} %"),
    }
}

impl Pair {
    /// Pairs two values and computes the error of the computed one.
    #[must_use]
    pub fn of(computed: Option<f64>, found: Option<f64>) -> Self {
        let both = computed.zip(found).filter(|(_, found)| *found > 0.0);
        Self {
            // Small values keep more digits.
            computed: computed.map(|value| rounded(value, if value < 1.0 { 6 } else { 3 })),
            found,
            error: both.map(|(computed, found)| rounded(computed / found - 1.0, 4)),
        }
    }
}

/// Measured numbers of a run or of a part of one. Times are in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Observation {
    /// Good answers per second.
    pub throughput_per_s: Option<f64>,
    /// The mean latency.
    pub mean_ms: Option<f64>,
    /// Mean time at the door, ready and without a core.
    pub wait_ms: Option<f64>,
    /// p50, p90 and p99.
    pub percentiles_ms: [Option<f64>; 3],
}

impl Observation {
    /// Returns the numbers of a run's counted window.
    #[must_use]
    pub fn in_run(run: &Run) -> Self {
        let latency = run.latency_ms;
        let wait = run.breakdown_ms.as_ref();
        Self {
            throughput_per_s: run.throughput_per_s,
            mean_ms: latency.mean,
            wait_ms: wait.map(|it| rounded(it.door + it.ready + it.core_wait, 6)),
            percentiles_ms: [latency.p50, latency.p90, latency.p99],
        }
    }
}

/// Smallest reached share of a bound that is displayed as above 100 %.
const MIN_SHOWN_EXCESS: f64 = 1.005;

/// Reason why theory does not apply to a run that was changed by hand.
pub const STEERED: &str = "it was changed by hand meanwhile";

/// True if the run was changed by hand.
#[must_use]
pub fn is_steered(run: &Run) -> bool {
    let mut remarks = run.remarks.iter();
    remarks.any(|remark| remark.kind == Kind::Steered)
}

/// Theory of a scenario. Computing it may take milliseconds, so callers keep it while the measured numbers
/// change.
#[derive(Clone, Debug, PartialEq)]
pub struct Theory {
    bounds: Vec<NamedBound>,
    forecast: Result<Forecast, String>,
    /// Mean time that a single request, without others, waits for services and timers.
    alone_ms: f64,
}

impl Theory {
    /// Computes the theory of a scenario on a machine with `cores` cores.
    #[must_use]
    pub fn of(scenario: &Scenario, cores: usize) -> Self {
        let is_steady = scenario.timeline.is_empty();
        let alone = attempt::mean(scenario);
        let bounds = is_steady.then(|| bounds::of(scenario, cores));
        let bounds = bounds.into_iter().flatten();
        Self {
            bounds: bounds.map(|it| NamedBound::of(it, scenario)).collect(),
            forecast: forecast::of(scenario, cores),
            alone_ms: (alone.inside - alone.computing) * 1e3,
        }
    }

    /// Computes the theory for a run, which may deviate from its scenario.
    fn of_run(scenario: &Scenario, cores: usize, run: &Run) -> Self {
        if is_steered(run) {
            return Self::none(STEERED);
        }
        if run.workers.is_empty() {
            return Self::none("what answered is not known");
        }
        Self::of(scenario, cores)
    }

    /// Theory without content, with the reason.
    #[must_use]
    pub fn none(reason: &str) -> Self {
        Self {
            bounds: Vec::new(),
            forecast: Err(reason.to_owned()),
            alone_ms: 0.0,
        }
    }

    /// Returns the place where requests wait, from a breakdown of their time.
    #[must_use]
    pub fn waits(&self, spent: &Breakdown) -> Option<Waits> {
        Waits::of_time(spent, self.alone_ms)
    }

    /// Compares the theory with measured numbers.
    #[must_use]
    pub fn compare_with(&self, found: &Observation) -> ModelComparison {
        let tightest = self.bounds.first().map_or(0.0, NamedBound::per_s);
        let bounds = self.bounds.iter();
        ModelComparison {
            origin: "computed",
            bounds: bounds
                .map(|bound| Ceiling::of(bound, tightest, found.throughput_per_s))
                .collect(),
            model: self
                .forecast
                .as_ref()
                .ok()
                .map(|it| ModelNumbers::of(it, found)),
            why_none: self.forecast.as_ref().err().cloned(),
            waits: None,
        }
    }
}

impl ModelComparison {
    /// Returns the tightest bound and all that are as tight.
    pub fn tightest(&self) -> impl Iterator<Item = &Ceiling> {
        let first = self.bounds.first().map_or(0.0, |it| it.per_s);
        let bounds = self.bounds.iter();
        bounds.filter(move |bound| ceiling::is_as_tight(bound.per_s, first))
    }

    /// Caveat for a window whose throughput exceeds a bound of the long run.
    #[must_use]
    pub fn above(&self) -> Option<&'static str> {
        let is_above = |it: &Ceiling| {
            it.reached
                .is_some_and(|reached| reached >= MIN_SHOWN_EXCESS)
        };
        self.bounds.iter().any(is_above).then_some(
            "Above 100 %: a bound is that of a long run. In a short window requests may come faster or take \
             less than the mean, and answers to work from before it count.",
        )
    }

    /// Compares a run of a scenario with theory.
    #[must_use]
    pub(super) fn of_run(scenario: &Scenario, cores: usize, run: &Run) -> Self {
        let theory = Theory::of_run(scenario, cores, run);
        let mut beside = theory.compare_with(&Observation::in_run(run));
        let binds = beside.bounds.iter().any(|bound| bound.binds);
        let proves = run.trust != Trust::ProvesNothing;
        if !beside.bounds.is_empty() && !binds && proves {
            beside.waits = Waits::of(run, theory.alone_ms);
        }
        beside
    }
}

impl ModelNumbers {
    /// Returns mean, wait, p50 and p99, in milliseconds.
    #[must_use]
    pub fn times_ms(&self) -> [Pair; 4] {
        [self.mean_ms, self.wait_ms, self.p50_ms, self.p99_ms]
    }

    /// Describes the assumptions and names the help page of the model.
    #[must_use]
    pub fn assumed(&self) -> String {
        let help = format!("concsim theory {} --help", self.help);
        match self.assumes.as_slice() {
            [] => help,
            assumes => format!("{}; more: {help}", assumes.join("; ")),
        }
    }

    fn of(forecast: &Forecast, found: &Observation) -> Self {
        let times = forecast.times.as_ref();
        let in_ms = |of: fn(&Times) -> f64| times.map(|times| of(times) * 1e3);
        let percentile = |place: usize| {
            let computed = times.and_then(|times| times.percentiles);
            let computed = computed.map(|all| all[place] * 1e3);
            Pair::of(computed, found.percentiles_ms[place])
        };
        Self {
            name: forecast.model.name(),
            help: forecast.model.command(),
            assumes: forecast.assumes.clone(),
            utilisation: rounded(forecast.utilisation, 4),
            steady: times.is_some(),
            throughput_per_s: Pair::of(Some(forecast.throughput), found.throughput_per_s),
            mean_ms: Pair::of(in_ms(|times| times.mean), found.mean_ms),
            wait_ms: Pair::of(in_ms(|times| times.wait), found.wait_ms),
            p50_ms: percentile(0),
            p90_ms: percentile(1),
            p99_ms: percentile(2),
        }
    }
}

impl Balance {
    /// Name of the place, to follow a number of requests: `at the door`.
    #[must_use]
    pub fn place(&self) -> &'static str {
        match self.at {
            "system" => "in the system",
            "door" => "at the door",
            _ => "begun",
        }
    }
}

/// Little's law in the system, at the door and in the workers, where the run has the numbers. Workers also begin the
/// connections of clients that send nothing, which are no requests.
pub(super) fn balances(run: &Run, scenario: &Scenario) -> Vec<Balance> {
    let concurrency = run.concurrency.filter(|_| scenario.load.silent == 0);
    let spent = run.breakdown_ms.as_ref();
    let door = spent.map(|spent| spent.door);
    let before_begun = spent.map(|spent| spent.generator + spent.door);
    let begun = run.latency_ms.mean.zip(before_begun);
    let places = [
        ("system", run.in_system, run.latency_ms.mean),
        ("door", run.at_the_door, door),
        (
            "workers",
            concurrency,
            begun.map(|(all, before)| all - before),
        ),
    ];
    let known = places.into_iter().filter_map(|(at, present, mean)| {
        let (present, throughput) = present.zip(run.throughput_per_s)?;
        Some(balance(at, present, throughput, mean?))
    });
    known.collect()
}

fn balance(at: &'static str, present: f64, throughput: f64, mean_ms: f64) -> Balance {
    let law = little::Balance {
        present,
        throughput,
        response: mean_ms / 1e3,
    };
    // A residual of very few requests is noise.
    let is_present = present >= 0.005;
    Balance {
        at,
        present,
        throughput_per_s: throughput,
        mean_ms: rounded(mean_ms, 6),
        residual: is_present.then(|| rounded(law.deviation(), 4)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::summarise;
    use crate::synthetic::Synthetic;
    use concsim_model::scenario::WorkerKind::{Coroutine, Sync};

    #[test]
    fn a_run_stands_beside_what_is_computed_of_it() {
        let run = summarise(&Synthetic::io_bound(Sync).recording());
        let beside = &run.theory;
        assert_eq!(beside.origin, "computed");
        let [tightest, ..] = beside.bounds.as_slice() else {
            panic!("workers bound it");
        };
        assert_eq!((tightest.of, tightest.per_s), ("workers", 20.0));
        assert!(
            tightest
                .reached
                .is_some_and(|share| (0.9..=1.05).contains(&share))
        );
        let model = beside.model.as_ref().expect("a closed form applies");
        assert_eq!(
            (model.help, model.mean_ms.computed),
            ("closed", Some(3_000.0))
        );
        assert_eq!(beside.why_none, None);
    }

    #[test]
    fn littles_law_holds_in_the_system_at_the_door_and_in_workers() {
        let run = summarise(&Synthetic::io_bound(Coroutine).recording());
        let places: Vec<&str> = run.balance.iter().map(|balance| balance.at).collect();
        assert_eq!(places, ["system", "door", "workers"]);
        for balance in &run.balance {
            assert!(
                balance.residual.is_none_or(|it| it.abs() < 0.1),
                "{balance:?}"
            );
        }
    }

    #[test]
    fn a_pair_without_a_number_has_no_error() {
        assert_eq!(Pair::of(None, Some(3.0)).error, None);
        assert_eq!(Pair::of(Some(3.0), Some(0.0)).error, None);
        assert_eq!(Pair::of(Some(3.3), Some(3.0)).error, Some(0.1));
    }
}
