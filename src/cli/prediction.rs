//! `--predict`: a simulation of each variant on this machine's calibrated costs, before the run.

use std::path::PathBuf;

use super::colour::Colour;
use super::talk;
use concsim_lab::prediction::{Predictor, Unpredictable};
use concsim_model::scenario::Plan;

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
pub(super) enum PredictionOutcome {
    /// Not asked for.
    NotAsked,
    /// All variants can be predicted.
    Predictable(Predictor),
    /// Impossible; the reason has been shown.
    Refused,
}

impl PredictArgs {
    /// Finds the costs for the prediction of a plan, if it is asked for.
    ///
    /// # Errors
    /// A file that exists and cannot be read.
    pub(super) fn predictor(
        &self,
        plan: &Plan,
        colour: Colour,
    ) -> anyhow::Result<PredictionOutcome> {
        if !self.predict {
            return Ok(PredictionOutcome::NotAsked);
        }
        predictor(self.machine.clone(), &[plan], colour)
    }
}

/// Finds the costs in this file, or the calibrated ones, for the prediction of all plans.
///
/// # Errors
/// A file that exists and cannot be read.
pub(super) fn predictor(
    machine: Option<PathBuf>,
    plans: &[&Plan],
    colour: Colour,
) -> anyhow::Result<PredictionOutcome> {
    let found = Predictor::find(machine)?.and_then(|predictor| {
        plans.iter().try_for_each(|plan| predictor.check(plan))?;
        Ok(predictor)
    });
    match found {
        Ok(predictor) => return Ok(PredictionOutcome::Predictable(predictor)),
        Err(Unpredictable::Machine(problems)) => talk::say_mistakes(&problems, colour),
        Err(Unpredictable::Reason(reason)) => talk::print_message(reason),
    }
    Ok(PredictionOutcome::Refused)
}
