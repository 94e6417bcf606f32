//! Repeats with predictions: each variant of each repeat is simulated with the seed of the repeat before it is played.
//! Errors then have intervals, from pairs of a simulation and a measurement.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::Player;
use super::part::{Part, Processes};
use crate::prediction::Predictor;
use concsim_model::scenario::Plan;
use concsim_record::Recording;
use concsim_record::prediction::Prediction;
use concsim_record::repeats::{RepeatNumbers, Repeats, Replication};
use concsim_record::summary::{Run, Summary, summarise};

/// Plays with real processes, each after its simulation.
#[derive(Debug)]
pub struct PredictedProcesses {
    predictor: Predictor,
    /// Pairs of a simulation and its comparison, by variant and seed.
    pairs: Mutex<BTreeMap<(String, u64), (Replication, Prediction)>>,
}

impl Player for PredictedProcesses {
    fn play(&self, part: Part<'_>) -> anyhow::Result<Recording> {
        let (name, seed) = (part.variant.name.clone(), part.variant.scenario.seed);
        let simulated = self.predictor.predict(part.plan, part.variant);
        let recording = Processes.play(part)?;
        let prediction = simulated.beside(&summarise(&recording), &recording);
        let pair = (simulated.into_replication(), prediction);
        let mut pairs = self.pairs.lock().expect("no thread has failed");
        pairs.insert((name, seed), pair);
        Ok(recording)
    }
}

impl PredictedProcesses {
    /// Returns a player whose runs are predicted by this one.
    #[must_use]
    pub fn new(predictor: Predictor) -> Self {
        Self {
            predictor,
            pairs: Mutex::default(),
        }
    }

    /// Adds to each run of a summary its prediction: of the repeats that its numbers rest on.
    pub fn add_predictions(&self, plan: &Plan, summary: &mut Summary) {
        for run in &mut summary.runs {
            run.prediction = self.prediction(plan, run);
        }
    }

    fn prediction(&self, plan: &Plan, run: &Run) -> Option<Prediction> {
        let variant = plan.variants.iter().find(|it| it.name == run.variant)?;
        let pairs = self.pairs.lock().expect("no thread has failed");
        let pair = |seed: u64| pairs.get(&(run.variant.clone(), seed));
        let Some(measured) = &run.repeated else {
            // The only repeat: that of the plan.
            return Some(pair(variant.scenario.seed)?.1.clone());
        };
        let used = measured.seeds().iter().map(|seed| pair(*seed));
        let (simulated, each): (Vec<_>, Vec<_>) = used
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .cloned()
            .unzip();
        let alone = Plan {
            variants: vec![variant.clone()],
            expectations: Vec::new(),
            questions: Vec::new(),
            ..plan.clone()
        };
        Prediction::of_repeats(&each, &*estimates(&alone, simulated)?, measured)
    }
}

/// Returns the estimates of simulated repeats of a plan with one variant.
fn estimates(plan: &Plan, simulated: Vec<Replication>) -> Option<Arc<RepeatNumbers>> {
    let machine = simulated.first()?.machine().clone();
    let mut repeats = Repeats::default();
    for one in simulated {
        repeats.add(vec![one]);
    }
    let summary = repeats.summary(plan, machine);
    summary.runs.into_iter().next()?.repeated
}
