//! Predictions of theory for the variants, for its view: computed once for each.

use super::indexes::VariantView;
use super::spectrum::MOST_ANSWERS;
use super::state::{State, TheoryView};
use super::view_model::ViewModel;
use concsim_engine::telemetry::Stage;
use concsim_model::units::Elapsed;
use concsim_record::comparison::{ModelComparison, Observation, STEERED, Theory, Waits};
use concsim_record::latency::{MEDIAN_NEEDS, P99_NEEDS};
use concsim_record::{Snapshot, Window};

impl State {
    /// Computes the theory of the current variant, and of those before it.
    pub(super) fn look_up_theory(&mut self, snapshot: &Snapshot<'_>) {
        let mut markers = snapshot.markers().iter();
        self.theory.is_steered = markers.any(|marker| marker.timeline_event.is_none());
        let cores = self.cores;
        let known = &mut self.theory.of;
        known.resize(self.show.rows.len(), None);
        let variants = self.variants().iter().take(self.show.variant + 1);
        let missing: Vec<(usize, Theory)> = variants
            .enumerate()
            .filter(|(variant, _)| self.theory.of[*variant].is_none())
            .map(|(variant, it)| (variant, Theory::of(&it.scenario, cores)))
            .collect();
        for (variant, theory) in missing {
            self.theory.of[variant] = Some(theory);
        }
    }

    /// Returns a variant's theory beside its measured values; `None` if its theory has not been computed.
    pub(super) fn comparison(&self, variant: usize) -> Option<ModelComparison> {
        let theory = self.theory.of.get(variant)?.as_ref()?;
        let row = self.show.rows[variant].as_ref();
        let is_on = variant == self.show.variant;
        let found = match row {
            Some(row) => row.found,
            None if is_on => so_far(&self.show.picture),
            None => Observation::default(),
        };
        let is_steered = row.is_some_and(|row| row.is_steered) || is_on && self.theory.is_steered;
        if is_steered {
            return Some(Theory::none(STEERED).compare_with(&found));
        }
        let waits = row.and_then(|row| row.waits);
        Some(ModelComparison {
            waits,
            ..theory.compare_with(&found)
        })
    }

    /// Returns the place where requests of the current variant wait, and the number of answers in the
    /// window so far on which that rests. [`None`] before the first one.
    pub(super) fn waits_so_far(&self) -> Option<(Waits, usize)> {
        self.theory.place_of_waits(self.show.variant)
    }
}

impl TheoryView {
    /// Averages the parts of the time of requests at the cursor's instant. Nothing is counted before the
    /// window.
    pub(super) fn update(&mut self, seen: &VariantView<'_>, counted: Option<Window>) {
        let spent = |window| seen.lanes.spent(seen.until, Some(window), MOST_ANSWERS);
        self.spent = counted.and_then(spent);
    }

    /// Returns the place where requests of a variant wait, and the number of answers on which that rests.
    fn place_of_waits(&self, variant: usize) -> Option<(Waits, usize)> {
        let theory = self.of.get(variant)?.as_ref()?;
        let (spent, answers) = self.spent?;
        Some((theory.waits(&spent)?, answers))
    }
}

/// Returns the values counted so far; the rate of answers is that of the last second.
fn so_far(picture: &ViewModel) -> Observation {
    match picture.stage {
        Stage::Preparing | Stage::WarmUp => return Observation::default(),
        Stage::Counting | Stage::Draining | Stage::Done => {}
    }
    let latencies = &picture.latencies;
    let quantile = |share, needs| latencies.quantile(share, needs);
    let percentiles = [
        quantile(0.5, MEDIAN_NEEDS),
        quantile(0.9, MEDIAN_NEEDS),
        quantile(0.99, P99_NEEDS),
    ];
    Observation {
        throughput_per_s: picture.has_means().then_some(picture.mean.throughput),
        mean_ms: latencies.mean().map(Elapsed::as_millis_f64),
        wait_ms: None,
        percentiles_ms: percentiles.map(|it| it.map(Elapsed::as_millis_f64)),
    }
}
