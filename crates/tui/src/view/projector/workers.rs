//! Workers in projector mode: state, begun requests, use of cores and context switches per second, in large
//! digits.

use super::large_value::{LINES, LargeValue};
use crate::number::Number;
use crate::state::State;
use crate::view::canvas::{Canvas, strong};
use crate::view::detail;
use crate::view::worker_list::state_style;
use crate::view::worker_rows::WorkerRows;
use crate::view_model::WorkerView;
use concsim_model::units::letter;
use concsim_model::words::{counted, grouped};

/// Placeholder for the length of time of the means.
const A_MEAN: &str = "mean";

/// Columns: heading, time base, and number.
const COLUMNS: [(&str, &str, Number); 3] = [
    ("BEGUN", "now", Number::BegunNow),
    ("CORES", A_MEAN, Number::CoresOfWorker),
    ("SWITCHES/S", A_MEAN, Number::ProcessSwitches),
];
/// Column at which the numbers begin.
const NUMBERS_AT: u16 = 18;
/// Lines of the heading.
const HEADING: u16 = 2;

/// Draws as many workers as there is room for, beginning at the one scrolled to; if not even one fits,
/// draws them as at a desk.
pub(in crate::view) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let listed = WorkerRows::of(&state.shown().picture);
    let workers = &listed.own;
    let (width, height) = (canvas.width(), canvas.height());
    let room = height.saturating_sub(HEADING + 1);
    if room < LINES {
        detail::draw(canvas, state);
        return;
    }
    let column = width.saturating_sub(NUMBERS_AT) / COLUMNS.len() as u16;
    canvas.write(1, 0, &spread("WORKER"), strong());
    for (place, (heading, base, _)) in (0..).zip(COLUMNS) {
        let x = NUMBERS_AT + place * column;
        canvas.write(x, 0, &spread(heading), strong());
        let mean_of = state.shown().picture.mean_of.few_words();
        let base = if base == A_MEAN { &mean_of } else { base };
        canvas.write(x, 1, base, strong());
    }
    let has_air = workers.len() as u16 <= room / (LINES + 1);
    let pitch = LINES + u16::from(has_air);
    let fitting = usize::from(room / pitch);
    let first = state.scrolled.min(workers.len().saturating_sub(fitting));
    let shown = workers.iter().skip(first).take(fitting);
    for (place, worker) in (0..).zip(shown) {
        let y = HEADING + place * pitch;
        draw_worker(&mut canvas.part(0, y, width, LINES), state, worker, column);
    }
    let left = workers.len().saturating_sub(first + fitting) as u64;
    let gone = listed.shared(width.saturating_sub(14));
    let more = (left > 0).then(|| format!("and {} more", grouped(left)));
    let gone =
        gone.map(|(count, text)| format!("{} gone: {text}", counted(count as u64, "worker")));
    let below: Vec<String> = more.into_iter().chain(gone).collect();
    canvas.write(1, height - 1, &below.join("; "), strong());
}

/// Returns a heading as wide as the digits below it: `B E G U N`.
fn spread(heading: &str) -> String {
    let letters: Vec<String> = heading.chars().map(String::from).collect();
    letters.join(" ")
}

fn draw_worker(canvas: &mut Canvas<'_>, state: &State, worker: &WorkerView, column: u16) {
    let picture = &state.shown().picture;
    let style = state_style(canvas, worker.doing).patch(strong());
    canvas.write(1, 1, &letter(worker.index), strong());
    canvas.write(4, 1, worker.doing.word(), style);
    let values = [
        worker.reported(|| grouped(worker.held.all())),
        picture.mean_text(|| format!("{:.2}", worker.cpu)),
        picture.mean_text(|| grouped(worker.process_switches().round() as u64)),
    ];
    for (place, (value, (.., number))) in (0..).zip(values.iter().zip(COLUMNS)) {
        LargeValue::of(value).draw(canvas, (NUMBERS_AT + place * column, 0), number);
    }
}
