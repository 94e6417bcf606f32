//! View of theory: values computed from the scenario alone, beside the measured ones: bounds, the closed
//! form that applies, Little's law. Each row names its source.

use super::canvas::{Canvas, bar, cut, cut_in_the_middle, plain, quiet, strong, wrap};
use crate::number::Number;
use crate::spectrum::MOST_ANSWERS;
use crate::state::State;
use concsim_model::units::Elapsed;
use concsim_model::words::{counted, digits};
use concsim_record::comparison::{
    Balance, Ceiling, ModelComparison, ModelNumbers, Pair, per_second, percent,
};
use concsim_record::trust::Trust;

/// Column at which rows begin, below the name of their variant.
const ROW_COLUMN: u16 = 3;
/// Columns at which the numbers end: answers, mean, wait, p50, p99.
const ENDS: [u16; 5] = [40, 50, 60, 70, 79];
const HEADS: [&str; 5] = ["answers/s", "mean", "wait", "p50", "p99"];
/// Column at which bars begin, columns behind a bar, and longest bar.
const BAR_AT: u16 = 42;
const BEHIND_BAR: u16 = 17;
const LONGEST_BAR: u16 = 40;
/// Largest number of lines of a variant, with an empty one.
const BLOCK: u16 = 17;

/// Draws the current variant, and those before it if there is room.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let behind = canvas.write(1, 0, "THEORY", strong());
    let on = state.shown().variant;
    let came_out = match state.shown().rows[on] {
        Some(_) => "the results of the window".to_owned(),
        None => format!(
            "answers ({}) and times (window so far)",
            state.shown().picture.mean_of.few_words()
        ),
    };
    let text = format!("computed; beside it {came_out}");
    canvas.write(behind + 2, 0, &text, quiet());
    let (width, height) = (canvas.width(), canvas.height());
    let mut y = 1;
    for variant in (0..=on).rev() {
        let room = height.saturating_sub(y);
        if variant < on && room < BLOCK {
            break;
        }
        y += draw_variant(&mut canvas.part(0, y, width, room), state, variant);
    }
}

/// Allocator of lines, from top to bottom.
struct Lines {
    next: u16,
}

impl Lines {
    fn take(&mut self) -> u16 {
        self.next += 1;
        self.next - 1
    }
}

/// Draws one variant; returns its number of lines.
fn draw_variant(canvas: &mut Canvas<'_>, state: &State, variant: usize) -> u16 {
    let mut lines = Lines { next: 0 };
    let Some(beside) = state.comparison(variant) else {
        return 0;
    };
    let y = lines.take();
    let name = cut_in_the_middle(&state.variants()[variant].name, ENDS[0] - 12);
    canvas.write(1, y, &name, strong());
    if !beside.bounds.is_empty() {
        canvas.write_before(ENDS[0], y, "answers/s", quiet());
        let of_it = format!("{} ÷ bound", state.shown().origin.word());
        canvas.write(BAR_AT, y, &of_it, quiet());
    }
    for ceiling in &beside.bounds {
        let reached = ceiling.reached.filter(|_| !proves_nothing(state, variant));
        draw_bound(canvas, lines.take(), ceiling, reached);
    }
    if let Some(above) = beside.above().filter(|_| !proves_nothing(state, variant)) {
        draw_text(canvas, &mut lines, above);
    }
    if let Some(waits) = &beside.waits {
        let text = format!("No bound is reached: {}.", waits.describe());
        draw_text(canvas, &mut lines, &text);
    }
    if let Some(line) = waits_so_far(state, variant, &beside) {
        draw_text(canvas, &mut lines, &line);
    }
    draw_model(canvas, state, &mut lines, (variant, &beside));
    draw_balance(canvas, state, &mut lines, variant);
    draw_assumed(canvas, &mut lines, &beside);
    // An empty line before the next one.
    lines.next + 1
}

/// Describes the place where requests wait, while a variant goes on and no bound is reached.
pub(super) fn waits_so_far(
    state: &State,
    variant: usize,
    beside: &ModelComparison,
) -> Option<String> {
    let goes_on = state.shown().rows[variant].is_none();
    let mut known = beside.bounds.iter().filter(|it| it.reached.is_some());
    let is_known = goes_on && known.clone().next().is_some();
    if !is_known || known.any(|it| it.binds) || proves_nothing(state, variant) {
        return None;
    }
    let Some((waits, answers)) = state.waits_so_far() else {
        return Some(
            "No bound is reached so far, and no request of the window was answered.".into(),
        );
    };
    Some(format!(
        "No bound is reached so far: {} (mean of {} in the window so far).",
        waits.describe(),
        newest_answers(answers)
    ))
}

/// Describes the number of answers of a mean: `the newest 2 000 answers`, `1 answer`.
pub(super) fn newest_answers(answers: usize) -> String {
    let newest = if answers == MOST_ANSWERS {
        "the newest "
    } else {
        ""
    };
    format!("{newest}{}", counted(answers as u64, "answer"))
}

fn draw_bound(canvas: &mut Canvas<'_>, y: u16, ceiling: &Ceiling, reached: Option<f64>) {
    let style = if ceiling.binds { strong() } else { plain() };
    canvas.number(ROW_COLUMN, y, &ceiling.describe(), style, Number::Bound);
    let per_s = per_second(ceiling.per_s);
    canvas.number_before(ENDS[0], y, &per_s, style, Number::Bound);
    let Some(reached) = reached else {
        canvas.number(BAR_AT, y, "–", quiet(), Number::Reached);
        return;
    };
    let room = canvas.width().saturating_sub(BAR_AT + BEHIND_BAR);
    let bar = bar(
        reached.min(1.0),
        room.min(LONGEST_BAR),
        canvas.look().glyphs,
    );
    let behind = canvas.write(BAR_AT, y, &bar, style);
    let gap = u16::from(!bar.is_empty());
    let share = format!("{} %", digits(reached * 100.0));
    let behind = canvas.number(behind + gap, y, &share, style, Number::Reached);
    if ceiling.binds {
        canvas.write(behind + 2, y, "binds", strong());
    }
}

fn draw_model(
    canvas: &mut Canvas<'_>,
    state: &State,
    lines: &mut Lines,
    (variant, beside): (usize, &ModelComparison),
) {
    let Some(model) = &beside.model else {
        let reason = beside
            .why_none
            .as_deref()
            .unwrap_or("the run has none on record");
        let text = format!("No closed form applies: {reason}.");
        draw_text(canvas, lines, &text);
        return;
    };
    let y = lines.take();
    for (end, head) in ENDS.into_iter().zip(HEADS) {
        canvas.write_before(end, y, head, quiet());
    }
    let grows = (!model.steady).then_some("grows");
    let computed = format!("computed, {}", cut(&model.name, 18));
    let all = std::iter::once(model.throughput_per_s).chain(model.times_ms());
    let all: Vec<Pair> = all.collect();
    draw_row(canvas, lines.take(), &computed, |place| {
        let grows = grows.filter(|_| place == 1).map(str::to_owned);
        let line = grows.unwrap_or_else(|| number_text(all[place].computed, place));
        (line, Number::Computed)
    });
    draw_row(canvas, lines.take(), &voice(state, variant), |place| {
        (number_text(all[place].found, place), FOUND[place])
    });
    let proves_nothing = proves_nothing(state, variant);
    draw_row(canvas, lines.take(), "computed is off by", |place| {
        let off = all[place].error.filter(|_| !proves_nothing);
        let off = off.map_or_else(|| "–".to_owned(), percent);
        (off, Number::OffBy)
    });
}

/// True if the variant proves nothing, so that theory is not compared with it.
fn proves_nothing(state: &State, variant: usize) -> bool {
    let show = state.shown();
    let so_far = (variant == show.variant).then_some(show.picture.trust);
    let row = show.rows[variant].as_ref().map(|row| row.trust);
    row.or(so_far) == Some(Trust::ProvesNothing)
}

/// Describes the source of the measured numbers, and whether they prove anything.
fn voice(state: &State, variant: usize) -> String {
    let word = state.shown().origin.word();
    if proves_nothing(state, variant) {
        format!("{word}: {}", Trust::ProvesNothing.words())
    } else {
        word.to_owned()
    }
}

/// Measured numbers, by column.
const FOUND: [Number; 5] = [
    Number::AnswersPerSecond,
    Number::MeanLatency,
    Number::Wait,
    Number::P50,
    Number::P99,
];

fn number_text(value: Option<f64>, place: usize) -> String {
    match (value, place) {
        (None, _) => "–".into(),
        (Some(rate), 0) => per_second(rate),
        (Some(milliseconds), _) => Elapsed((milliseconds * 1e6).round() as u64).to_string(),
    }
}

fn draw_row(canvas: &mut Canvas<'_>, y: u16, line: &str, cell: impl Fn(usize) -> (String, Number)) {
    canvas.write(ROW_COLUMN, y, line, plain());
    for (place, end) in ENDS.into_iter().enumerate() {
        let (text, number) = cell(place);
        canvas.number_before(end, y, &text, plain(), number);
    }
}

/// Draws Little's law if there is a result.
fn draw_balance(canvas: &mut Canvas<'_>, state: &State, lines: &mut Lines, variant: usize) {
    let Some(row) = state.shown().rows[variant].as_ref() else {
        return;
    };
    let places = row.balance.iter().flatten();
    let places: Vec<String> = places.filter_map(balanced).collect();
    if places.is_empty() {
        return;
    }
    let y = lines.take();
    let behind = canvas.write(ROW_COLUMN, y, "Little, X × R against N:", plain()) + 1;
    let room = canvas.width().saturating_sub(behind);
    let text = cut(&places.join(", "), room);
    canvas.number(behind, y, &text, plain(), Number::Balance);
}

fn balanced(balance: &Balance) -> Option<String> {
    let residual = percent(balance.residual?);
    Some(format!("{} {residual}", balance.place()))
}

/// Draws the conditions under which a computed number is right.
fn draw_assumed(canvas: &mut Canvas<'_>, lines: &mut Lines, beside: &ModelComparison) {
    if let Some(model) = &beside.model {
        draw_text(canvas, lines, &format!("Assumes: {}.", assumed(model)));
    }
}

fn assumed(model: &ModelNumbers) -> String {
    match model.assumes.as_slice() {
        [] => format!("see concsim theory {} --help", model.help),
        _ => model.assumed(),
    }
}

fn draw_text(canvas: &mut Canvas<'_>, lines: &mut Lines, text: &str) {
    for line in wrap(text, canvas.width().saturating_sub(ROW_COLUMN + 1)) {
        canvas.write(ROW_COLUMN, lines.take(), &line, quiet());
    }
}

/// Describes the source of a computed number: the model, and its assumptions.
pub(super) fn source(state: &State, number: Number) -> Option<String> {
    let is_a_models = matches!(number, Number::Computed | Number::OffBy);
    let beside = is_a_models.then(|| state.comparison(state.shown().variant))??;
    let model = beside.model?;
    Some(format!("{}. It assumes: {}", model.name, assumed(&model)))
}
