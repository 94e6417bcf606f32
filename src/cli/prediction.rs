//! `--predict`: a simulation of each variant on this machine's calibrated costs, before the run.

use std::path::PathBuf;

use super::colour::Colour;
use super::talk;
use concsim_lab::prediction::{self, Predictions, Unpredictable};
use concsim_model::scenario::Plan;

/// Options of predictions.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PredictArgs {
    /// Simulate first with this machine's calibrated costs, and print the prediction beside the measurement
    #[arg(long, conflicts_with_all = ["repeat", "until"])]
    predict: bool,
    /// File with the [machine] to predict with; by default that of `concsim calibrate`
    #[arg(long, value_name = "FILE", requires = "predict")]
    machine: Option<PathBuf>,
}

/// Result of `--predict`.
pub(super) enum PredictionOutcome {
    /// Not asked for.
    NotAsked,
    /// The simulations, in the order of the plan's variants.
    Predicted(Predictions),
    /// Impossible; the reason has been shown.
    Refused,
}

impl PredictArgs {
    /// Predicts a plan, if asked for.
    ///
    /// # Errors
    /// A file that exists and cannot be read.
    pub(super) fn predict(&self, plan: &Plan, colour: Colour) -> anyhow::Result<PredictionOutcome> {
        if !self.predict {
            return Ok(PredictionOutcome::NotAsked);
        }
        predict(self.machine.clone(), plan, colour)
    }
}

/// Predicts a plan on the machine of this file, or the calibrated one.
///
/// # Errors
/// A file that exists and cannot be read.
pub(super) fn predict(
    machine: Option<PathBuf>,
    plan: &Plan,
    colour: Colour,
) -> anyhow::Result<PredictionOutcome> {
    match prediction::predict(machine, plan)? {
        Ok(predictions) => return Ok(PredictionOutcome::Predicted(predictions)),
        Err(Unpredictable::Machine(problems)) => talk::say_mistakes(&problems, colour),
        Err(Unpredictable::Reason(reason)) => talk::print_message(reason),
    }
    Ok(PredictionOutcome::Refused)
}
