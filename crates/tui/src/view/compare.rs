//! Comparison of the variants: all share one axis, so that a bar thirty times as long means thirty times as
//! many.

use super::canvas::{Canvas, bar, cut_in_the_middle, plain, quiet, strong, width_of};
use super::variant_row::{are_comparable, row_at};
use crate::number::Number;
use crate::row::Row;
use crate::state::State;
use concsim_model::palette::Meaning;
use concsim_model::scenario::expectation::Dimension;
use concsim_model::units::{Elapsed, three_digits};
use concsim_model::words::{self, mean, mean_rate, times};
use concsim_record::comparable::Contrast;
use concsim_record::trust::Trust;

/// Column at which the bars begin, behind the variants' names.
const BARS_AT: u16 = 20;
/// Columns behind a bar: the number, and its ratio to the first variant's.
const NUMBERS: u16 = 18;

/// Number that every variant has.
#[derive(Clone)]
struct Measure {
    name: String,
    /// Path in the summary.
    path: &'static str,
    of: fn(&Row) -> Option<f64>,
    format: fn(f64) -> String,
    meaning: Option<Meaning>,
    number: Number,
    /// Nanoseconds of the unit of a percentile of latency, which may equal the clients' patience; `None`
    /// for other numbers.
    percentile: Option<f64>,
}

/// Returns the measures: the subject of the scenario, then the most telling first, since a small screen
/// leaves the last ones out.
fn measures(subject: Option<&str>, dimension: Option<Dimension>) -> Vec<Measure> {
    let mut measures: Vec<Measure> = default_measures().into();
    let Some(subject) = subject else {
        return measures;
    };
    let usual = measures.iter().position(|usual| usual.path == subject);
    let mut first = match usual {
        Some(place) => measures.remove(place),
        None => Measure {
            name: subject.replace('.', " "),
            path: "",
            of: |row| row.subject.map(|subject| subject.value),
            format: match dimension {
                Some(Dimension::TIME) => |seconds| in_time(seconds * 1e3),
                Some(_) | None => three_digits,
            },
            meaning: None,
            number: Number::Subject,
            percentile: is_percentile(subject).then_some(1e9),
        },
    };
    first.name.push_str("; the subject of the scenario");
    measures.insert(0, first);
    measures
}

/// True if a path of the summary is a percentile of latency, or the maximum: `latency.p95`,
/// `requests.page.latency.max`.
fn is_percentile(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or_default();
    path.contains("latency") && last != "mean"
}

fn default_measures() -> [Measure; 6] {
    let measure = |number, name: &str, path, of| Measure {
        name: name.to_owned(),
        path,
        of,
        format: mean,
        meaning: None,
        number,
        percentile: None,
    };
    [
        Measure {
            format: mean_rate,
            ..measure(
                Number::AnswersPerSecond,
                "answers per second",
                "throughput",
                |row| row.throughput_per_s,
            )
        },
        measure(
            Number::Concurrency,
            "concurrency: begun, not finished",
            "concurrency",
            |row| row.concurrency,
        ),
        Measure {
            format: |cores| format!("{cores:.2}"),
            meaning: Some(Meaning::Running),
            ..measure(
                Number::Parallelism,
                "parallelism: cores busy",
                "parallelism",
                |row| row.parallelism,
            )
        },
        Measure {
            meaning: Some(Meaning::AtTheDoor),
            ..measure(Number::AtTheDoor, "at the door", "at_the_door", |row| {
                row.at_the_door
            })
        },
        Measure {
            format: in_time,
            percentile: Some(1e6),
            ..measure(Number::P50, "latency, median", "latency.p50", |row| {
                row.p50.map(Elapsed::as_millis_f64)
            })
        },
        Measure {
            format: in_time,
            percentile: Some(1e6),
            ..measure(
                Number::P99,
                "latency, 99th percentile",
                "latency.p99",
                |row| row.p99.map(Elapsed::as_millis_f64),
            )
        },
    ]
}

fn in_time(milliseconds: f64) -> String {
    Elapsed((milliseconds * 1e6).round() as u64).to_string()
}

/// Measure with its value in every variant.
pub(crate) struct MeasureRow {
    pub(crate) name: String,
    pub(crate) meaning: Option<Meaning>,
    pub(crate) number: Number,
    /// Values in the order of the variants.
    pub(crate) values: Vec<Value>,
}

/// Value of a measure in one variant.
pub(crate) struct Value {
    /// Text: `–` if there is nothing to compare; `≥ 30 s` for a percentile that equals the clients'
    /// patience.
    pub(crate) text: String,
    /// Share of the longest bar, 0 to 1.
    pub(crate) share: f64,
    /// Ratio to the first variant's, such as `× 26`, if both are known and neither equals a patience.
    pub(crate) ratio: Option<String>,
}

/// Describes the time base of the numbers.
pub(super) fn time_base(state: &State) -> String {
    match state.shown().rows[state.shown().variant] {
        Some(_) => "each measure has a scale of its own; all of the counted window".into(),
        None => format!(
            "own scale for each; ▸ {}, latencies and others: window",
            state.shown().picture.mean_of.few_words()
        ),
    }
}

/// Returns all measures, the most telling first.
pub(crate) fn compared(state: &State) -> Vec<MeasureRow> {
    let rows: Vec<Option<Row>> = (0..state.variants().len())
        .map(|variant| row_at(state, variant))
        .collect();
    let dimension = rows.iter().flatten().find_map(|row| row.subject);
    let dimension = dimension.map(|subject| subject.dimension);
    let measures = measures(state.subject(), dimension).into_iter();
    measures
        .map(|measure| compare(state, measure, &rows))
        .collect()
}

fn compare(state: &State, measure: Measure, rows: &[Option<Row>]) -> MeasureRow {
    // A value displayed as 0 is no divisor.
    let is_something =
        |value: &f64| (measure.format)(*value).contains(|it| ('1'..='9').contains(&it));
    let found: Vec<Option<f64>> = rows
        .iter()
        .map(|row| value(row.as_ref(), &measure))
        .collect();
    let most = found.iter().flatten().copied().fold(0.0, f64::max);
    let marked = |place: usize, value: f64| {
        let patience = state.variants()[place].scenario.load.patience;
        let long = Elapsed((value * measure.percentile?).round() as u64);
        let line = words::latency(long, patience);
        line.starts_with('≥').then_some(line)
    };
    let first = found.first().copied().flatten();
    let first = first.filter(|first| is_something(first) && marked(0, *first).is_none());
    let values = found.iter().enumerate().map(|(place, found)| {
        let Some(found) = *found else {
            return Value {
                text: "–".into(),
                share: 0.0,
                ratio: None,
            };
        };
        let bound = marked(place, found);
        // The last second of one variant and the window of another have no ratio.
        let is_over = state.shown().rows[place].is_some();
        let is_comparable = are_comparable(state, rows, [0, place]);
        let is_ratio =
            place > 0 && is_over && is_comparable && is_something(&found) && bound.is_none();
        let contrast = Contrast::of(first.filter(|_| is_ratio), Some(found));
        Value {
            share: if most > 0.0 { found / most } else { 0.0 },
            ratio: contrast.and_then(Contrast::ratio).map(times),
            text: bound.unwrap_or_else(|| (measure.format)(found)),
        }
    });
    MeasureRow {
        values: values.collect(),
        name: measure.name,
        meaning: measure.meaning,
        number: measure.number,
    }
}

/// Draws as many measures as there is room for, each with a bar for every variant.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let behind = canvas.write(1, 0, "COMPARE", strong());
    canvas.write(behind + 2, 0, &time_base(state), quiet());
    let measures = compared(state);
    let lines = state.variants().len() as u16 + 1;
    let mut y = 2;
    for measure in &measures {
        if y + lines > canvas.height() {
            break;
        }
        let width = canvas.width();
        draw_measure(&mut canvas.part(0, y, width, lines), state, measure);
        // An empty line separates the measures if there is room for all.
        let all = measures.len() as u16 * (lines + 1) + 2;
        y += lines + u16::from(all <= canvas.height());
    }
}

fn draw_measure(canvas: &mut Canvas<'_>, state: &State, measure: &MeasureRow) {
    canvas.write(1, 0, &measure.name, strong());
    let room = canvas.width().saturating_sub(BARS_AT + NUMBERS);
    let style = measure
        .meaning
        .map_or(plain(), |meaning| canvas.style(meaning));
    for (y, (variant, value)) in (1..).zip(state.variants().iter().zip(&measure.values)) {
        let is_on = usize::from(y) == state.shown().variant + 1;
        let name = cut_in_the_middle(&variant.name, BARS_AT - 4);
        canvas.write(1, y, if is_on { "▸" } else { " " }, strong());
        canvas.write(2, y, &name, if is_on { strong() } else { plain() });
        let bar = bar(value.share, room, canvas.look().glyphs);
        let behind = canvas.write(BARS_AT, y, &bar, style);
        let gap = u16::from(!bar.is_empty());
        let behind = canvas.number(behind + gap, y, &value.text, plain(), measure.number);
        if let Some(ratio) = &value.ratio {
            let text = format!("({ratio})");
            if behind + 1 + width_of(&text) <= canvas.width() {
                canvas.number(behind + 1, y, &text, quiet(), Number::Ratio);
            }
        }
    }
}

/// Returns the value of a measure; a variant that proves nothing has none.
fn value(row: Option<&Row>, measure: &Measure) -> Option<f64> {
    let row = row.filter(|row| row.trust != Trust::ProvesNothing)?;
    (measure.of)(row)
}
