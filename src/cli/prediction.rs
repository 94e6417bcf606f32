//! `--predict`: a simulation of each variant on this machine's calibrated costs, before the run.

use std::path::PathBuf;

use super::calibrate::{self, CALIBRATED};
use super::colour::Colour;
use super::talk;
use concsim_model::scenario::{self, Machine, Plan, Variant};
use concsim_record::prediction::{Prediction, Switched};
use concsim_record::storage::RecordingWriter;
use concsim_record::summary::{Run, summarise};
use concsim_record::{Recorder, Recording};

/// Options of predictions.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PredictArgs {
    /// Simulate first with this machine's calibrated costs, and print the prediction beside the measurement
    #[arg(long)]
    predict: bool,
    /// File with the [machine] to predict with; by default that of `concsim calibrate`
    #[arg(long, value_name = "FILE", requires = "predict")]
    machine: Option<PathBuf>,
}

/// Result of `--predict`.
pub(super) enum Foresight {
    /// Not asked for.
    Unwanted,
    /// The simulations, in the order of the plan's variants.
    Of(Predictions),
    /// Impossible; the reason has been shown.
    Wrong,
}

/// Simulations made before the run.
#[derive(Debug)]
pub(super) struct Predictions {
    machine: String,
    runs: Vec<(Run, Switched)>,
}

impl Predictions {
    /// Adds its prediction to the run of this variant; `recording` is that of the run.
    pub(super) fn beside(&self, index: usize, mut run: Run, recording: &Recording) -> Run {
        run.prediction = self.runs.get(index).map(|(simulated, switched)| {
            let measured = (&run, &Switched::of(recording));
            Prediction::of(&self.machine, (simulated, switched), measured)
        });
        run
    }
}

impl PredictArgs {
    /// Predicts a plan, if asked for.
    ///
    /// # Errors
    /// A file that exists and cannot be read.
    pub(super) fn predict(&self, plan: &Plan, colour: Colour) -> anyhow::Result<Foresight> {
        if !self.predict {
            return Ok(Foresight::Unwanted);
        }
        predict(self.machine.clone(), plan, colour)
    }
}

/// Predicts a plan on the machine of this file, or the calibrated one.
///
/// # Errors
/// A file that exists and cannot be read.
pub(super) fn predict(
    wanted: Option<PathBuf>,
    plan: &Plan,
    colour: Colour,
) -> anyhow::Result<Foresight> {
    let wanted = wanted.unwrap_or_else(|| PathBuf::from(CALIBRATED));
    let file = match calibrate::find(&wanted)? {
        Ok(file) => file,
        Err(none) => {
            talk::say(none);
            return Ok(Foresight::Wrong);
        }
    };
    let machine = match scenario::read_machine(&file.name, &file.text) {
        Ok(machine) => machine,
        Err(problems) => {
            talk::say_mistakes(&problems, colour);
            return Ok(Foresight::Wrong);
        }
    };
    let mut runs = Vec::new();
    for variant in &plan.variants {
        let variant = on(&machine, variant);
        if let Err(refused) = concsim_sim::limits::check(&variant.scenario) {
            talk::say(format_args!(
                "{} cannot be predicted: {refused}",
                variant.name
            ));
            return Ok(Foresight::Wrong);
        }
        runs.push(simulate(plan, &variant));
    }
    let machine = wanted.display().to_string();
    Ok(Foresight::Of(Predictions { machine, runs }))
}

/// Returns the variant on another machine.
fn on(machine: &Machine, variant: &Variant) -> Variant {
    let mut variant = variant.clone();
    variant.scenario.machine = machine.clone();
    variant
}

fn simulate(plan: &Plan, variant: &Variant) -> (Run, Switched) {
    let recorder = Recorder::new(
        concsim_sim::header_of(plan, variant),
        None::<RecordingWriter>,
    );
    let (recording, _) = concsim_sim::record(&variant.scenario, recorder);
    (summarise(&recording), Switched::of(&recording))
}
