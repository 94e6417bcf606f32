//! Row of a variant, live or over, and which rows may be compared.

use crate::row::Row;
use crate::setting::is_without_load;
use crate::state::State;
use crate::view_model::ViewModel;
use concsim_engine::telemetry::Stage;
use concsim_record::comparable::{Candidate, load};
use concsim_record::latency::{MEDIAN_NEEDS, P99_NEEDS};
use concsim_record::trust::Trust;

/// Returns the row of a variant: its result, or its last second if it is the current one.
pub(super) fn row_at(state: &State, variant: usize) -> Option<Row> {
    let show = state.shown();
    let is_on = variant == show.variant && counts(show.picture.stage);
    show.rows[variant]
        .or_else(|| is_on.then(|| row_of(&show.picture)))
        .map(|row| Row {
            throughput_per_s: row
                .throughput_per_s
                .filter(|_| !is_without_load(state.scenario())),
            ..row
        })
}

/// True if the result will include the present.
pub(super) fn counts(stage: Stage) -> bool {
    match stage {
        Stage::Preparing | Stage::WarmUp => false,
        Stage::Counting | Stage::Draining | Stage::Done => true,
    }
}

/// Returns the last second of the current variant as a row.
pub(super) fn row_of(picture: &ViewModel) -> Row {
    let known = |mean: f64| picture.has_means().then_some(mean);
    Row {
        at_the_door: known(picture.mean.at_the_door),
        concurrency: known(picture.mean.concurrency),
        parallelism: known(picture.mean.parallelism),
        throughput_per_s: known(picture.mean.throughput),
        p50: picture.latencies.quantile(0.5, MEDIAN_NEEDS),
        p99: picture.latencies.quantile(0.99, P99_NEEDS),
        subject: None,
        trust: Trust::Ok,
        ..Row::default()
    }
}

/// True if two variants may be compared, as far as their rows are known.
pub(super) fn are_comparable(state: &State, rows: &[Option<Row>], places: [usize; 2]) -> bool {
    let [first, second] = places.map(|place| Candidate {
        load: Some(load(&state.variants()[place].scenario)),
        unfit: rows[place].and_then(|row| row.unfit),
    });
    first.is_comparable_with(&second)
}
