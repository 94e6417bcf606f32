//! Parity: plays scenarios with both kinds of real workers after blind simulations, and prints
//! the errors of the simulations, as the table of docs/parity.md.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::length::seconds_of;
use crate::prediction::Predictor;
use crate::repeats::{Experiment, PredictedProcesses, Repetition};
use crate::steps::Steps;
use concsim_model::scenario::{self, Overrides, Plan, builtin};
use concsim_model::words::printable;
use concsim_os::sys::{interrupt, processes};
use concsim_record::repeats::Partial;
use concsim_record::summary::Run;
use concsim_report::parity::{self, Row};

/// A scenario to play: a name, the built-in scenario, and the settings laid over it.
#[derive(Debug)]
pub struct Case {
    /// Name in the table.
    pub name: &'static str,
    built_in: &'static str,
    set: &'static [&'static str],
    duration: &'static str,
}

const fn case(
    name: &'static str,
    built_in: &'static str,
    duration: &'static str,
    set: &'static [&'static str],
) -> Case {
    Case {
        name,
        built_in,
        set,
        duration,
    }
}

const BOTH: &str = "server.kind=[sync, coroutine]";
/// Takes off the limit of the scenario: a worker accepts as many connections as it comes to have.
const UNLIMITED: &str = "server.connections=1000";

/// Both kinds of workers in each: waiting and computing, idle and saturated, with and without jitter.
pub const CASES: [Case; 9] = [
    case("io-bound, 60 clients", "io_bound", "20s", &[]),
    case(
        "io-bound, jittered",
        "io_bound",
        "20s",
        &[
            "requests.profile.steps=compute 1ms..3ms, call billing 20ms..80ms",
            "load.clients=20",
        ],
    ),
    case(
        "io-bound, rate, at ease",
        "io_bound",
        "20s",
        &[
            "requests.profile.steps=compute 1ms..3ms, call billing 10ms..20ms",
            "load.rate=60/s",
        ],
    ),
    case("mixed", "mixed", "25s", &[]),
    case("mixed, saturated", "mixed", "15s", &["load.clients=12"]),
    case(
        "computing, rate, at ease",
        "cpu_bound",
        "25s",
        &[
            BOTH,
            UNLIMITED,
            "requests.report.steps=compute 5ms..15ms",
            "load.rate=60/s",
        ],
    ),
    case(
        "computing, one worker",
        "cpu_bound",
        "25s",
        &[
            BOTH,
            UNLIMITED,
            "server.workers=1",
            "requests.report.steps=compute 5ms..15ms",
            "load.rate=60/s",
        ],
    ),
    case(
        "computing, saturated",
        "cpu_bound",
        "15s",
        &[
            BOTH,
            UNLIMITED,
            "requests.report.steps=compute 5ms..15ms",
            "load.clients=8",
        ],
    ),
    case(
        "sleeping, four workers",
        "io_bound",
        "20s",
        &[
            "server.workers=4",
            "requests.profile.steps=compute 2ms, sleep 10ms..30ms, compute 1ms",
            "load.rate=80/s",
        ],
    ),
];

/// The schema of a [`Table`].
const SCHEMA: &str = "concsim.parity/1";

/// All predictions, for programs.
#[derive(Serialize)]
struct Table<'a> {
    schema: &'static str,
    limits: parity::Limits,
    rows: &'a [Row],
}

/// A [`Table`] from a file; its limits are replaced by those of this version.
#[derive(Deserialize)]
struct StoredTable {
    schema: String,
    rows: Vec<Row>,
}

/// Returns the rows as JSON, for programs.
///
/// # Errors
/// A value that JSON does not have.
pub fn json(rows: &[Row]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&Table {
        schema: SCHEMA,
        limits: parity::LIMITS,
        rows,
    })
}

/// A case to be played, and its repeats.
#[derive(Debug)]
pub struct Trial {
    /// The case.
    pub case: &'static Case,
    /// Its plan.
    pub plan: Plan,
    /// Its repeats; [`None`] to play each variant once.
    pub repetition: Option<Repetition>,
    /// Numbers that a rule narrows, with their variants.
    pub numbers: Vec<String>,
}

/// Plays the cases, each run after its simulation, and returns a row for each variant.
///
/// # Errors
/// A system limit that is too low for a run, or ^C.
pub fn play_all(trials: &[Trial], predictor: Predictor) -> anyhow::Result<Vec<Row>> {
    interrupt::listen()?;
    let mut steps = Steps::expected(trials.iter().map(Trial::expected_s).collect());
    let player = PredictedProcesses::new(predictor);
    let mut rows = Vec::new();
    for trial in trials {
        steps.begin(&format!("playing {}", trial.case.name));
        rows.extend(trial.play(&player)?);
    }
    Ok(rows)
}

/// Reads the rows of a file that `--json` wrote.
///
/// # Errors
/// A file that cannot be read, or is not such output.
pub fn stored_rows(file: &Path) -> anyhow::Result<Vec<Row>> {
    let name = || printable(&file.display().to_string());
    let text = fs::read_to_string(file).with_context(name)?;
    let stored: StoredTable = serde_json::from_slice(text.as_bytes())
        .with_context(|| format!("{}: not the output of `concsim parity --json`", name()))?;
    ensure!(
        stored.schema == SCHEMA,
        "{}: the schema is {}; this version reads {SCHEMA}",
        name(),
        printable(&stored.schema)
    );
    Ok(stored.rows)
}

/// Returns the plan of a case.
///
/// # Panics
/// If a built-in scenario is not valid.
#[must_use]
pub fn plan_of(case: &Case) -> Plan {
    let built_in = builtin::find(case.built_in).expect("the list names built-in scenarios");
    let overrides = Overrides {
        set: case.set.iter().map(|text| (*text).to_owned()).collect(),
        duration: Some(case.duration.into()),
        ..Overrides::default()
    };
    let read = scenario::read(built_in.text, built_in.name, &overrides);
    let plan = read.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    // Predictions are compared with measurements; no claim is decided.
    Plan {
        expectations: Vec::new(),
        questions: Vec::new(),
        ..plan
    }
}

impl Trial {
    /// Returns the least time that it takes, in seconds.
    fn expected_s(&self) -> f64 {
        let repeats = self.repetition.and_then(|it| it.looks().next());
        let once = self.plan.variants.iter().map(|it| seconds_of(&it.scenario));
        once.sum::<f64>() * repeats.unwrap_or(1) as f64
    }

    fn play(&self, player: &PredictedProcesses) -> anyhow::Result<Vec<Row>> {
        for variant in &self.plan.variants {
            let descriptors = concsim_os::server::descriptors_needed(&variant.scenario);
            processes::allow_descriptors(descriptors)?;
        }
        let experiment = Experiment {
            plan: &self.plan,
            player,
            jobs: 1,
            numbers: self.numbers.clone(),
            folder: None,
            out: None,
            prints_lines: self.repetition.is_some(),
        };
        let all = experiment.play(self.repetition.unwrap_or(Repetition::Count(1)))?;
        let mut summary = all.summary(&self.plan).context("interrupted")?;
        player.add_predictions(&self.plan, &mut summary);
        let repeats = summary.repeats.context("a case without repeats")?;
        match repeats.partial {
            Some(Partial::Interrupted) => bail!("interrupted"),
            Some(Partial::Failed) => bail!("a repeat of {} failed", self.case.name),
            None => {}
        }
        let row = |run: Run| {
            Ok(Row {
                scenario: self.case.name.to_owned(),
                variant: run.variant,
                trust: run.trust,
                prediction: run.prediction.context("a played run has no prediction")?,
                repeats: self.repetition.map(|_| repeats.used),
                until: repeats.until.clone(),
            })
        };
        summary.runs.into_iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_eight_scenarios_and_each_is_valid_for_both_kinds() {
        assert!(CASES.len() >= 8);
        for case in &CASES {
            let kinds: Vec<&str> = plan_of(case)
                .variants
                .iter()
                .map(|it| it.scenario.server.kind.word())
                .collect();
            assert_eq!(kinds, ["sync", "coroutine"], "{}", case.name);
        }
    }
}
