//! View of a run for lenses: its plan, its recording, and its summary, which is computed once.

use std::cell::OnceCell;

use super::Recording;
use super::caveat::Caveats;
use super::storage::StoredRun;
use super::summary::{Run, Summary, summarise};
use concsim_engine::telemetry::Outcome;
use concsim_model::scenario::Plan;
use concsim_model::units::Elapsed;

/// One variant of a run.
#[derive(Clone, Debug)]
pub struct RunView<'a> {
    /// Plan of the run.
    pub plan: &'a Plan,
    /// Recording of the variant.
    pub recording: &'a Recording,
    run: OnceCell<Run>,
}

impl<'a> RunView<'a> {
    /// Returns the view of a recording; its summary is computed when it is first needed.
    #[must_use]
    pub fn of(plan: &'a Plan, recording: &'a Recording) -> Self {
        Self {
            plan,
            recording,
            run: OnceCell::new(),
        }
    }

    /// Returns the view of the first of several repeats, with the summary of all.
    #[must_use]
    pub fn of_repeats(plan: &'a Plan, recording: &'a Recording, run: Run) -> Self {
        Self {
            run: OnceCell::from(run),
            ..Self::of(plan, recording)
        }
    }

    /// Returns the summary of the variant; of repeats that of all.
    pub fn run(&self) -> &Run {
        self.run.get_or_init(|| summarise(self.recording))
    }

    /// Returns the reasons to be careful with its numbers.
    pub fn caveats(&self) -> Caveats<'_> {
        Caveats::of(Some(&self.recording.header.scenario), self.run())
    }

    /// Returns the codes of the reasons to doubt it, separated by blanks.
    #[must_use]
    pub fn doubt_codes(&self) -> String {
        let codes = self.run().because.iter().map(|reason| reason.code);
        codes.collect::<Vec<_>>().join(" ")
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.recording.header.variant
    }

    /// Returns the kind of a request, by its position in the scenario.
    #[must_use]
    pub fn class(&self, place: u16) -> &'a str {
        let requests = &self.recording.header.scenario.requests;
        let request = requests.get(usize::from(place));
        request.map_or("", |request| request.name.as_str())
    }

    /// Returns the latency from when a request was due; for a failed one at least the client's patience, as
    /// in the summary.
    #[must_use]
    pub fn latency(&self, outcome: &Outcome) -> Elapsed {
        outcome.latency(self.recording.header.scenario.load.patience)
    }

    /// Returns the same from when it was sent.
    #[must_use]
    pub fn latency_from_send(&self, outcome: &Outcome) -> Elapsed {
        self.latency(&Outcome {
            due: outcome.sent,
            ..*outcome
        })
    }

    /// True if the request was due in the window, so that the numbers include it.
    #[must_use]
    pub fn counts(&self, outcome: &Outcome) -> bool {
        let window = self.recording.header.window;
        window.is_some_and(|window| window.contains(outcome.due))
    }
}

impl StoredRun {
    /// Returns the views of its variants, in order.
    #[must_use]
    pub fn views(&self) -> Vec<RunView<'_>> {
        let recordings = self.recordings.iter();
        recordings
            .map(|recording| RunView::of(&self.plan, recording))
            .collect()
    }

    /// Returns the summary of all its variants.
    #[must_use]
    pub fn summary(&self) -> Summary {
        summary_of(&self.plan, &self.views())
    }
}

/// Combines the summaries of a plan's variants. The machine is that of the first.
///
/// # Panics
/// Without a variant: a stored run has at least one.
#[must_use]
pub fn summary_of(plan: &Plan, views: &[RunView<'_>]) -> Summary {
    let machine = views[0].recording.header.machine.clone();
    let runs = views.iter().map(|view| view.run().clone()).collect();
    Summary::of(plan, machine, runs)
}
