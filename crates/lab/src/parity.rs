//! Parity: plays scenarios with both kinds of real workers after blind simulations, and prints
//! the errors of the simulations, as the table of docs/parity.md.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::calibrate;
use crate::length::seconds_of;
use crate::prediction::Predictions;
use crate::repeats::{self, order_of};
use crate::steps::Steps;
use concsim_model::scenario::{self, Overrides, Plan, builtin};
use concsim_model::words::printable;
use concsim_os::sys::{interrupt, processes};
use concsim_record::prediction::Prediction;
use concsim_record::repeats::{Repeats, Replication};
use concsim_record::summary::Run;
use concsim_record::trust::Trust;
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

/// Plays each case after its predictions, one for each repeat, and returns a row for each variant.
///
/// # Errors
/// A system limit that is too low for a run.
pub fn play_all(plans: Vec<(&Case, Plan, Vec<Predictions>)>) -> anyhow::Result<Vec<Row>> {
    interrupt::listen()?;
    let seconds = |plan: &Plan| -> Vec<f64> {
        let variants = plan.variants.iter();
        variants.map(|it| seconds_of(&it.scenario)).collect()
    };
    let expected_s = plans
        .iter()
        .flat_map(|(_, plan, predictions)| seconds(plan).repeat(predictions.len()));
    let mut steps = Steps::expected(expected_s.collect());
    let mut rows = Vec::new();
    for (case, plan, predictions) in plans {
        rows.extend(match predictions.as_slice() {
            [only] => play(case, plan, only, &mut steps)?,
            each => play_repeats(case, &plan, each, &mut steps)?,
        });
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
    read.unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Plays each variant in turn.
fn play(
    case: &Case,
    mut plan: Plan,
    predictions: &Predictions,
    steps: &mut Steps,
) -> anyhow::Result<Vec<Row>> {
    let variants = std::mem::take(&mut plan.variants);
    let mut rows = Vec::new();
    for (index, variant) in variants.into_iter().enumerate() {
        steps.begin(&format!("playing {}: {}", case.name, variant.name));
        processes::allow_descriptors(concsim_os::server::descriptors_needed(&variant.scenario))?;
        plan.variants = vec![variant];
        let (run, recording) = calibrate::play(&plan)?;
        let run = predictions.add_prediction(index, run, &recording);
        let Run {
            variant,
            trust,
            prediction: Some(prediction),
            ..
        } = run
        else {
            bail!("a played run has no prediction");
        };
        rows.push(row(case.name, variant, trust, prediction));
    }
    Ok(rows)
}

fn row(name: &str, variant: String, trust: Trust, prediction: Prediction) -> Row {
    Row {
        scenario: name.to_owned(),
        variant,
        trust,
        prediction,
        repeats: None,
    }
}

/// Plays the repeats of a case, each after another variant, and compares them in pairs with their predictions.
fn play_repeats(
    case: &Case,
    plan: &Plan,
    predictions: &[Predictions],
    steps: &mut Steps,
) -> anyhow::Result<Vec<Row>> {
    let (mut measured, mut machine) = (Repeats::default(), None);
    let mut predicted: Vec<Vec<Prediction>> = vec![Vec::new(); plan.variants.len()];
    for (repeat, of_it) in predictions.iter().enumerate() {
        let plan = repeats::plan_of(plan, repeat);
        let mut variants = Vec::new();
        for place in order_of(repeat, plan.variants.len()) {
            let variant = plan.variants[place].clone();
            let (number, all) = (repeat + 1, predictions.len());
            steps.begin(&format!(
                "playing {}: {}, repeat {number} of {all}",
                case.name, variant.name
            ));
            processes::allow_descriptors(concsim_os::server::descriptors_needed(
                &variant.scenario,
            ))?;
            let one = Plan {
                variants: vec![variant],
                ..plan.clone()
            };
            let (run, recording) = calibrate::play(&one)?;
            predicted[place].extend(of_it.add_prediction(place, run, &recording).prediction);
            variants.push((place, Replication::of(&recording)));
            machine = Some(recording.header.machine);
        }
        variants.sort_unstable_by_key(|(place, _)| *place);
        measured.add(variants.into_iter().map(|(_, variant)| variant).collect());
    }
    let machine = machine.context("a run was played that was not predicted")?;
    let summary = measured.summary(plan, machine.clone());
    let first_seed = summary.scenario.seed;
    let rows = summary.runs.into_iter().enumerate().map(|(place, run)| {
        let repeated = run.repeated.context("repeats without estimates")?;
        let seeds = repeated.seeds().iter();
        let used: Vec<usize> = seeds
            .map(|seed| seed.wrapping_sub(first_seed) as usize)
            .collect();
        let mut simulated = Repeats::default();
        for repeat in &used {
            simulated.add(vec![predictions[*repeat].simulated(place).clone()]);
        }
        let alone = Plan {
            variants: vec![plan.variants[place].clone()],
            ..plan.clone()
        };
        let simulated = simulated
            .summary(&alone, machine.clone())
            .runs
            .swap_remove(0);
        let simulated = simulated.repeated.context("repeats without estimates")?;
        let each: Vec<Prediction> = used
            .iter()
            .map(|it| predicted[place][*it].clone())
            .collect();
        let prediction = Prediction::of_repeats(&each, &simulated, &repeated);
        let prediction = prediction.context("repeats without predictions")?;
        Ok(Row {
            repeats: Some(used.len()),
            ..row(case.name, run.variant, run.trust, prediction)
        })
    });
    rows.collect()
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
