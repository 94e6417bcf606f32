//! Short forms of views for small screens: a line for each of the first few numbers.

use super::canvas::{cut_in_the_middle, width_of};
use super::request::{failure_of, latency_of};
use super::variant_row::row_at;
use super::{detail, latency};
use crate::number::Number;
use crate::pane::Pane;
use crate::requests::RequestRow;
use crate::state::State;
use crate::view_model::WorkerView;
use concsim_engine::telemetry::Stage;
use concsim_model::scenario::Variant;
use concsim_model::units::letter;
use concsim_model::words::{grouped, mean_rate, number_of};
use concsim_record::comparison::{Ceiling, per_second};

/// Number with its name and its time base.
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) value: String,
    /// Time base, the longest form first.
    pub(super) bases: Vec<String>,
    pub(super) number: Number,
}

/// Returns the first lines of a view; `None` if they are the overview's.
pub(super) fn figures(state: &State) -> Option<Vec<Figure>> {
    match state.pane {
        Pane::Overview | Pane::Lanes | Pane::Remarks => None,
        Pane::Latency => Some(latencies(state)),
        Pane::Compare => Some(variants(state)),
        Pane::Requests => Some(requests(state)),
        Pane::Workers => Some(workers(state)),
        Pane::Theory => Some(bounds(state)),
    }
}

/// Returns a name of at most `width` columns: that of a bound without its time if it is too long.
pub(super) fn name_in(name: &str, width: u16) -> String {
    let whole = name.split(" ÷ ").next().unwrap_or(name);
    if width_of(name) <= width || width_of(whole) > width {
        cut_in_the_middle(name, width)
    } else {
        whole.to_owned()
    }
}

fn latencies(state: &State) -> Vec<Figure> {
    let picture = &state.shown().picture;
    let base = match picture.stage {
        Stage::Preparing | Stage::WarmUp => "so far, not counted",
        Stage::Counting | Stage::Draining => "window so far",
        Stage::Done => "window",
    };
    let patience = state.scenario().load.patience;
    let percentiles = latency::percentiles(&picture.latencies, patience);
    let ended = ("ended", grouped(picture.latencies.total()), Number::Answers);
    let all = percentiles.into_iter().chain([ended]);
    let figure = |(name, value, number): (&str, String, Number)| Figure {
        name: name.to_owned(),
        value,
        bases: vec![base.to_owned()],
        number,
    };
    all.map(figure).collect()
}

/// Returns the answers of each variant.
fn variants(state: &State) -> Vec<Figure> {
    let show = state.shown();
    let variants = state.variants().iter().enumerate();
    let figure = |(place, variant): (usize, &Variant)| Figure {
        name: variant.name.clone(),
        value: row_at(state, place)
            .and_then(|row| row.throughput_per_s)
            .map_or_else(|| "–".to_owned(), |rate| format!("{}/s", mean_rate(rate))),
        bases: vec![match show.rows[place] {
            None if place == show.variant => show.picture.mean_of.few_words(),
            _ => "window".to_owned(),
        }],
        number: Number::AnswersPerSecond,
    };
    variants.map(figure).collect()
}

/// Returns the requests, beginning at the selected one.
fn requests(state: &State) -> Vec<Figure> {
    let view = &state.requests;
    let picked = view.place().saturating_sub(view.first);
    let shown = view.rows.iter().skip(picked);
    let figure = |row: &RequestRow| {
        let worker = row.worker.map(|worker| letter(usize::from(worker)));
        let worker = worker.map_or_else(|| "no worker".into(), |it| format!("worker {it}"));
        Figure {
            name: format!("request {}", grouped(number_of(row.request))),
            value: latency_of(row),
            bases: vec![failure_of(row).map_or(worker, str::to_owned)],
            number: Number::Latency,
        }
    };
    shown.map(figure).collect()
}

fn workers(state: &State) -> Vec<Figure> {
    let picture = &state.shown().picture;
    let listed = detail::listed_from(state);
    let figure = |worker: &WorkerView| Figure {
        name: format!("{} {}", letter(worker.index), worker.doing.word()),
        value: format!("{} begun now", grouped(worker.held.all())),
        bases: {
            let cores = picture.mean_text(|| format!("{:.2}", worker.cpu));
            let [mean, number] = [picture.mean_of.few_words(), picture.mean_of.number()];
            vec![
                format!("{cores} cores, {mean}"),
                format!("{cores} cores {number}"),
            ]
        },
        number: Number::BegunNow,
    };
    listed.into_iter().map(figure).collect()
}

/// Returns the answers, and below them the bounds of throughput.
fn bounds(state: &State) -> Vec<Figure> {
    let on = state.shown().variant;
    let answers = variants(state).into_iter().nth(on).map(|answers| Figure {
        name: "answers".to_owned(),
        ..answers
    });
    let beside = state.comparison(on);
    let bounds = beside.iter().flat_map(|beside| &beside.bounds);
    let figure = |bound: &Ceiling| Figure {
        name: bound.describe(),
        value: format!("≤ {}/s", per_second(bound.per_s)),
        bases: Vec::new(),
        number: Number::Bound,
    };
    answers.into_iter().chain(bounds.map(figure)).collect()
}
