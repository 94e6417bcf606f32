//! Synthetic runs, for the tests of all formats.

use concsim_model::scenario::Plan;
use concsim_record::synthetic::{Synthetic, plan};
use concsim_record::{Recording, RunView};

/// Synthetic variants and their plan.
pub(crate) struct MadeUpRuns {
    pub(crate) plan: Plan,
    pub(crate) recordings: Vec<Recording>,
}

impl MadeUpRuns {
    pub(crate) fn of(title: &str, runs: &[Synthetic]) -> Self {
        let all: Vec<&Synthetic> = runs.iter().collect();
        Self {
            plan: plan(title, &all, &[]),
            recordings: runs.iter().map(Synthetic::recording).collect(),
        }
    }

    pub(crate) fn views(&self) -> Vec<RunView<'_>> {
        let view = |recording| RunView::of(&self.plan, recording);
        self.recordings.iter().map(view).collect()
    }
}
