//! Table of variants: those already played, the current one, those to come.

use std::ops::Range;

use ratatui_core::style::Style;

use super::canvas::{Canvas, cut_in_the_middle, plain, quiet, strong, width_of};
use super::variant_row::{are_comparable, counts, row_of};
use crate::number::Number;
use crate::row::Row;
use crate::state::State;
use concsim_engine::telemetry::Stage;
use concsim_model::units::Elapsed;
use concsim_model::words::{self, mean, mean_rate, times};
use concsim_record::trust::Trust;

/// Headings and widths of the columns; the last one is the ratio of answers to the first row's.
const COLUMNS: [(&str, u16); 7] = [
    ("door", 6),
    ("concurrency", 12),
    ("parallelism", 12),
    ("answers/s", 10),
    ("p50", 12),
    ("p99", 8),
    ("", 6),
];
/// Least width of names.
const LEAST_NAME: u16 = 9;
const NUMBERS: [Number; 7] = [
    Number::AtTheDoor,
    Number::Concurrency,
    Number::Parallelism,
    Number::AnswersPerSecond,
    Number::P50,
    Number::P99,
    Number::Ratio,
];
/// Largest number of columns added to a gap if there is room.
const MOST_AIR: u16 = 3;

/// Draws a heading and as many variants as there is room for, always with the current one.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let ends = column_ends(canvas.width(), state);
    draw_time_base(canvas, state, &ends);
    for ((heading, _), end) in COLUMNS.iter().zip(ends.windows(2)) {
        if let [begin, end] = end
            && begin < end
        {
            let words = heading_of(heading, state);
            canvas.write_before(*end, 0, &words, quiet());
        }
    }
    let lines = usize::from(canvas.height().saturating_sub(1));
    for (y, variant) in (1..).zip(visible(state, lines)) {
        draw_row(canvas, state, variant, y, &ends);
    }
}

/// Returns the heading of a column. Percentiles have another time base than the means before them: the
/// first one names it.
fn heading_of(heading: &str, state: &State) -> String {
    let show = state.shown();
    match (heading, show.picture.stage) {
        ("p50", Stage::WarmUp) if show.rows[show.variant].is_none() => "so far: p50".to_owned(),
        ("p50", _) => "window: p50".to_owned(),
        ("", _) if rate_of_the_first_then(state).is_some() => "then".to_owned(),
        (heading, _) => heading.to_owned(),
    }
}

/// Returns the answers per second of the first variant, as long after its counting began as now in the
/// current one.
fn rate_of_the_first_then(state: &State) -> Option<f64> {
    let show = state.shown();
    let goes_on = show.rows[show.variant].is_none() && counts(show.picture.stage);
    let first = show.rates_then.first().copied().flatten();
    first.filter(|_| goes_on)
}

/// Draws the time base of the means of each row, in front of the headings.
fn draw_time_base(canvas: &mut Canvas<'_>, state: &State, ends: &[u16; 8]) {
    let show = state.shown();
    let is_over = show.rows[show.variant].is_some() || show.picture.stage == Stage::Preparing;
    let [long, short] = show.picture.mean_of.forms();
    let number = show.picture.mean_of.number();
    let text = match (is_over, state.variants().len()) {
        (true, _) => ["means of the counted window", "window mean", ""].map(str::to_owned),
        (false, 1) => [long.replacen("mean", "means", 1), short, number],
        (false, _) => [
            format!("▸ {long}, others of the window"),
            format!("▸ {short}"),
            format!("▸ {number}"),
        ],
    };
    let (heading, _) = COLUMNS[0];
    let room = ends[1].saturating_sub(width_of(heading) + 3);
    if let Some(line) = text.iter().find(|sentence| width_of(sentence) <= room) {
        canvas.write(2, 0, line, quiet());
    }
}

/// Returns the widths of the columns: if there is no room for names, those of latencies are dropped.
fn widths(width: u16) -> [u16; 7] {
    let mut widths = COLUMNS.map(|(_, width)| width);
    for latency in [5, 4] {
        if widths.iter().sum::<u16>() + LEAST_NAME + 3 > width {
            widths[latency] = 0;
        }
    }
    widths
}

/// Returns the ends of the names, and of each column.
fn column_ends(width: u16, state: &State) -> [u16; 8] {
    let widths = widths(width);
    let columns: u16 = widths.iter().sum();
    let names = state
        .variants()
        .iter()
        .map(|variant| width_of(&variant.name));
    let room = width.saturating_sub(columns + 3);
    let name = names.max().unwrap_or(0).max(LEAST_NAME).min(room);
    let air = (room - name) / (COLUMNS.len() as u16 - 1);
    let mut ends = [name + 2; 8];
    for (column, width) in widths.iter().enumerate() {
        let is_last = column + 1 == COLUMNS.len();
        let air = if is_last || *width == 0 {
            0
        } else {
            air.min(MOST_AIR)
        };
        ends[column + 1] = ends[column] + width + air;
    }
    ends
}

/// Returns the variants that fit into `lines`, around the current one.
fn visible(state: &State, lines: usize) -> Range<usize> {
    let all = state.variants().len();
    let first = (state.shown().variant + 1).saturating_sub(lines);
    first.min(all.saturating_sub(lines))..(first + lines).min(all)
}

fn draw_row(canvas: &mut Canvas<'_>, state: &State, variant: usize, y: u16, ends: &[u16; 8]) {
    let show = state.shown();
    let is_on = variant == show.variant;
    let played = show.rows[variant].as_ref();
    let live = (is_on && show.picture.stage != Stage::Preparing).then(|| row_of(&show.picture));
    let (row, style) = match (played, &live) {
        (Some(row), _) => (Some(row), plain()),
        (None, Some(row)) if counts(show.picture.stage) => (Some(row), plain()),
        (None, live) => (live.as_ref(), quiet()),
    };
    let label = cut_in_the_middle(&state.variants()[variant].name, ends[0].saturating_sub(2));
    let label_style = if is_on { strong() } else { style };
    canvas.write(1, y, if is_on { "▸" } else { " " }, strong());
    canvas.write(2, y, &label, label_style);
    // The last second of one and the window of another have no ratio: the same second of both has.
    let first = match played {
        Some(_) => show
            .rows
            .first()
            .and_then(|first| first.as_ref()?.throughput_per_s),
        None if is_on => rate_of_the_first_then(state),
        None => None,
    };
    let is_comparable = are_comparable(state, &state.shown().rows, [0, variant]);
    let first = first.filter(|_| variant > 0 && is_comparable);
    let patience = state.variants()[variant].scenario.load.patience;
    let cells = row.map_or_else(Default::default, |row| cells(row, first, patience));
    for ((end, cell), number) in ends.windows(2).zip(&cells).zip(NUMBERS) {
        write_before(canvas, end, y, cell, style, number);
    }
}

/// Writes a cell before the end of its column, if the column has any width.
fn write_before(
    canvas: &mut Canvas<'_>,
    ends: &[u16],
    y: u16,
    cell: &str,
    style: Style,
    number: Number,
) {
    if let [begin, end] = ends
        && begin < end
    {
        canvas.number_before(*end, y, cell, style, number);
    }
}

fn cells(row: &Row, first: Option<f64>, patience: Elapsed) -> [String; 7] {
    let known = |value: Option<f64>, text: fn(f64) -> String| value.map_or_else(unknown, text);
    let latency =
        |long: Option<Elapsed>| long.map_or_else(unknown, |long| words::latency(long, patience));
    let is_some = |rate: &f64| *rate > 0.0;
    let ratio = row
        .throughput_per_s
        .filter(is_some)
        .zip(first.filter(is_some));
    // A run that cannot be trusted makes no claim.
    let (p99, last) = match row.trust {
        Trust::Ok => {
            let ratio = ratio.map(|(now, first)| times(now / first));
            (latency(row.p99), ratio.unwrap_or_default())
        }
        Trust::Rough => (latency(row.p99), row.trust.words().to_owned()),
        Trust::ProvesNothing => (String::new(), row.trust.words().to_owned()),
    };
    [
        known(row.at_the_door, mean),
        known(row.concurrency, mean),
        known(row.parallelism, |cores| format!("{cores:.2}")),
        known(row.throughput_per_s, mean_rate),
        latency(row.p50),
        p99,
        last,
    ]
}

fn unknown() -> String {
    "–".into()
}
