//! Predictions: a simulation of each variant on this machine's calibrated costs, before the run.

use std::path::PathBuf;

use crate::calibrate::{self, CALIBRATED};
use concsim_model::scenario::{self, Machine, Plan, Problems, Variant};
use concsim_record::prediction::{Prediction, SwitchesByRequest};
use concsim_record::repeats::Replication;
use concsim_record::storage::RecordingWriter;
use concsim_record::summary::Run;
use concsim_record::{Recorder, Recording};

/// Reason for which a plan cannot be predicted.
#[derive(Debug)]
pub enum Unpredictable {
    /// Mistakes in the file of the machine.
    Machine(Problems),
    /// A sentence: there is no such file, or a variant is beyond the limits of a simulation.
    Reason(String),
}

/// Costs of a machine, on which runs are simulated before they are played.
#[derive(Debug)]
pub struct Predictor {
    /// File of the costs, or `calibrated`.
    name: String,
    machine: Machine,
}

impl Predictor {
    /// Returns the predictor on the machine of this file, or the calibrated one.
    ///
    /// # Errors
    /// A file that exists and cannot be read. The inner error is a reason for the user.
    pub fn find(wanted: Option<PathBuf>) -> anyhow::Result<Result<Self, Unpredictable>> {
        let wanted = wanted.unwrap_or_else(|| PathBuf::from(CALIBRATED));
        let file = match calibrate::find(&wanted)? {
            Ok(file) => file,
            Err(none) => return Ok(Err(Unpredictable::Reason(none))),
        };
        let machine = scenario::read_machine(&file.name, &file.text);
        Ok(machine.map_err(Unpredictable::Machine).map(|machine| Self {
            name: wanted.display().to_string(),
            machine,
        }))
    }

    /// Checks that all variants can be simulated.
    ///
    /// # Errors
    /// A variant beyond the limits of a simulation.
    pub fn check(&self, plan: &Plan) -> Result<(), Unpredictable> {
        for variant in &plan.variants {
            let scenario = self.on_the_machine(variant).scenario;
            concsim_sim::limits::check(&scenario).map_err(|refused| {
                Unpredictable::Reason(format!("{} cannot be predicted: {refused}", variant.name))
            })?;
        }
        Ok(())
    }

    fn on_the_machine(&self, variant: &Variant) -> Variant {
        let mut variant = variant.clone();
        variant.scenario.machine = self.machine.clone();
        variant
    }

    /// Simulates a variant.
    #[must_use]
    pub fn predict(&self, plan: &Plan, variant: &Variant) -> Simulated {
        let variant = self.on_the_machine(variant);
        let recorder = Recorder::new(
            concsim_sim::header_of(plan, &variant),
            None::<RecordingWriter>,
        );
        let (recording, _) = concsim_sim::record(&variant.scenario, recorder);
        Simulated {
            machine: self.name.clone(),
            replication: Replication::of(&recording),
            switches: SwitchesByRequest::of(&recording),
        }
    }
}

/// Simulation of a run, made before it.
#[derive(Debug)]
pub struct Simulated {
    machine: String,
    replication: Replication,
    switches: SwitchesByRequest,
}

impl Simulated {
    /// Compares it with the run and its recording.
    #[must_use]
    pub fn beside(&self, run: &Run, recording: &Recording) -> Prediction {
        let measured = (run, &SwitchesByRequest::of(recording));
        Prediction::of(
            &self.machine,
            (self.replication.run(), &self.switches),
            measured,
        )
    }

    /// Returns its numbers.
    pub(crate) fn into_replication(self) -> Replication {
        self.replication
    }
}
