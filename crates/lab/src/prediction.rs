//! Predictions: a simulation of each variant on this machine's calibrated costs, before the run.

use std::path::PathBuf;

use crate::calibrate::{self, CALIBRATED};
use concsim_model::scenario::{self, Machine, Plan, Problems, Variant};
use concsim_record::prediction::{Prediction, SwitchesByRequest};
use concsim_record::repeats::Replication;
use concsim_record::storage::RecordingWriter;
use concsim_record::summary::Run;
use concsim_record::{Recorder, Recording};

/// Simulations made before the run.
#[derive(Debug)]
pub struct Predictions {
    machine: String,
    runs: Vec<(Replication, SwitchesByRequest)>,
}

impl Predictions {
    /// Adds its prediction to the run of this variant; `recording` is that of the run.
    #[must_use]
    pub fn add_prediction(&self, index: usize, mut run: Run, recording: &Recording) -> Run {
        run.prediction = self.runs.get(index).map(|(simulated, switched)| {
            let measured = (&run, &SwitchesByRequest::of(recording));
            Prediction::of(&self.machine, (simulated.run(), switched), measured)
        });
        run
    }

    /// Returns the simulation of a variant.
    pub(crate) fn simulated(&self, place: usize) -> &Replication {
        &self.runs[place].0
    }
}

/// Reason for which a plan cannot be predicted.
#[derive(Debug)]
pub enum Unpredictable {
    /// Mistakes in the file of the machine.
    Machine(Problems),
    /// A sentence: there is no such file, or a variant is beyond the limits of a simulation.
    Reason(String),
}

/// Predicts a plan on the machine of this file, or the calibrated one.
///
/// # Errors
/// A file that exists and cannot be read. The inner error is a reason for the user.
pub fn predict(
    wanted: Option<PathBuf>,
    plan: &Plan,
) -> anyhow::Result<Result<Predictions, Unpredictable>> {
    let wanted = wanted.unwrap_or_else(|| PathBuf::from(CALIBRATED));
    let file = match calibrate::find(&wanted)? {
        Ok(file) => file,
        Err(none) => return Ok(Err(Unpredictable::Reason(none))),
    };
    let machine = match scenario::read_machine(&file.name, &file.text) {
        Ok(machine) => machine,
        Err(problems) => return Ok(Err(Unpredictable::Machine(problems))),
    };
    let mut runs = Vec::new();
    for variant in &plan.variants {
        let variant = on(&machine, variant);
        if let Err(refused) = concsim_sim::limits::check(&variant.scenario) {
            let reason = format!("{} cannot be predicted: {refused}", variant.name);
            return Ok(Err(Unpredictable::Reason(reason)));
        }
        runs.push(simulate(plan, &variant));
    }
    let machine = wanted.display().to_string();
    Ok(Ok(Predictions { machine, runs }))
}

/// Returns the variant on another machine.
fn on(machine: &Machine, variant: &Variant) -> Variant {
    let mut variant = variant.clone();
    variant.scenario.machine = machine.clone();
    variant
}

fn simulate(plan: &Plan, variant: &Variant) -> (Replication, SwitchesByRequest) {
    let recorder = Recorder::new(
        concsim_sim::header_of(plan, variant),
        None::<RecordingWriter>,
    );
    let (recording, _) = concsim_sim::record(&variant.scenario, recorder);
    (
        Replication::of(&recording),
        SwitchesByRequest::of(&recording),
    )
}
