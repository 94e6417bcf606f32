//! View of latencies, counted from the instant at which each request was due: percentiles, a row for each
//! latency with its counts over time, and the parts of the time.

use super::axis::{self, Axis};
use super::canvas::{Canvas, bar, plain, quiet, strong, width_of};
use super::mark::Target;
use super::projector::views::{self, NUMBER_LINES};
use super::theory::newest_answers;
use crate::latencies::Latencies;
use crate::number::{Number, Part};
use crate::pane::Pane;
use crate::spectrum::Spectrum;
use crate::state::State;
use concsim_engine::telemetry::Stage;
use concsim_model::palette::{Glyphs, Meaning, Room};
use concsim_model::scenario::WorkerKind;
use concsim_model::units::Elapsed;
use concsim_model::words::{counted, grouped, latency, length};
use concsim_record::latency::{Breakdown, MEDIAN_NEEDS, P99_NEEDS};

/// Column at which the axis begins, behind the latencies.
const AXIS_AT: u16 = 12;
/// Columns of the counts behind the axis.
const COUNTS: u16 = 10;
/// Largest number of lines of a row.
const THICKEST: u16 = 4;
/// Lines of the view from which percentiles are large in projector mode.
const LEAST_FOR_A_HALL: u16 = 14;
/// Lines of the parts of the time, with the one above them.
const SPENT: u16 = 5;

/// Draws as much as there is room for; the parts of the time are dropped first.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let picture = &state.shown().picture;
    let latencies = &picture.latencies;
    let behind = canvas.write(1, 0, "LATENCY", strong());
    let owner = match picture.stage {
        Stage::Preparing | Stage::WarmUp => "of all so far, not counted",
        Stage::Counting | Stage::Draining => "of the counted window so far",
        Stage::Done => "of the counted window",
    };
    let text = format!("{owner}, from the instant a request is due");
    canvas.write(behind + 2, 0, &text, quiet());
    let patience = state.scenario().load.patience;
    let (width, height) = (canvas.width(), canvas.height());
    let is_large = canvas.look().room == Room::Projector
        && state.pane == Pane::Latency
        && height >= LEAST_FOR_A_HALL;
    let mut top = canvas.part(1, 1, width, NUMBER_LINES);
    let top_lines = if is_large {
        views::draw_percentiles(&mut top, &percentiles(latencies, patience));
        NUMBER_LINES
    } else {
        draw_percentiles(&mut top, latencies, patience);
        1
    };
    let Some(spectrum) = state
        .spectrum
        .as_ref()
        .filter(|_| state.pane == Pane::Latency)
    else {
        let mut below = canvas.part(0, 3, width, height.saturating_sub(3));
        draw_bars(&mut below, latencies);
        return;
    };
    let spent = if height >= 3 * SPENT { SPENT } else { 0 };
    let above = 1 + top_lines;
    let lines = height.saturating_sub(above + spent);
    draw_spectrum(&mut canvas.part(0, above, width, lines), state, spectrum);
    let below = height.saturating_sub(SPENT - 1);
    if let Some((breakdown, answers)) = spectrum.spent.filter(|_| spent > 0) {
        let kind = state.scenario().server.kind;
        let mut part = canvas.part(0, below, width, SPENT - 1);
        let owner_text = match picture.stage {
            Stage::Preparing | Stage::WarmUp => "so far, not counted",
            Stage::Counting | Stage::Draining => "in the window so far",
            Stage::Done => "in the window",
        };
        draw_spent(&mut part, &breakdown, (answers, owner_text), kind);
    }
}

/// Returns each percentile with its name, as far as there are enough answers.
pub(super) fn percentiles(
    latencies: &Latencies,
    patience: Elapsed,
) -> [(&'static str, String, Number); 3] {
    [
        (0.5, "p50", MEDIAN_NEEDS, Number::P50),
        (0.9, "p90", MEDIAN_NEEDS, Number::P90),
        (0.99, "p99", P99_NEEDS, Number::P99),
    ]
    .map(|(share, name, least, number)| {
        let long = latencies.quantile(share, least);
        let long = long.map_or_else(|| "–".into(), |long| latency(long, patience));
        (name, long, number)
    })
}

fn draw_percentiles(canvas: &mut Canvas<'_>, latencies: &Latencies, patience: Elapsed) {
    /// Columns of `p99 1.23 ms`, with room for one more letter and a blank.
    const WIDTH: u16 = 14;
    let mut x = 0;
    for (name, long, number) in percentiles(latencies, patience) {
        canvas.number(x, 0, &format!("{name} {long}"), plain(), number);
        x += WIDTH;
    }
    let answers = format!("{} ended", counted(latencies.total(), "request"));
    canvas.number(x, 0, &answers, plain(), Number::Answers);
}

/// Draws a row for each latency, with the counts of such answers over time, and in total.
fn draw_spectrum(canvas: &mut Canvas<'_>, state: &State, spectrum: &Spectrum) {
    let latencies = &state.shown().picture.latencies;
    let mut rows = latencies.bars(usize::from(canvas.height().saturating_sub(1)));
    let columns = canvas.width().saturating_sub(AXIS_AT + COUNTS).max(1);
    let axis = Axis {
        interval: spectrum.axis,
        columns,
    };
    axis::draw(
        &mut canvas.part(AXIS_AT, 0, columns, 1),
        axis,
        spectrum.axis.to,
    );
    let instants = Target::Number(Number::AxisInstant);
    canvas.mark((AXIS_AT, 0), (columns, 1), instants);
    let mut counts = vec![vec![0_u32; usize::from(columns)]; rows.len()];
    for (at, latency) in &spectrum.points {
        let row = rows.partition_point(|(edge, _)| edge < latency);
        if let Some(row) = counts.get_mut(row) {
            row[usize::from(axis.column(*at))] += 1;
        }
    }
    // Short latencies are at the bottom, as in the figure `heatmap`.
    rows.reverse();
    counts.reverse();
    let most = counts.iter().flatten().max().copied().unwrap_or(0);
    let lines = canvas.height().saturating_sub(1);
    let thick = (lines / rows.len().max(1) as u16).clamp(1, THICKEST);
    let below = canvas.part(0, 1, canvas.width(), lines);
    draw_rows(below, &rows, &counts, most, thick);
}

/// Draws rows of `thick` lines each, with latency and count beside the last line.
fn draw_rows(
    mut canvas: Canvas<'_>,
    rows: &[(Elapsed, u64)],
    counts: &[Vec<u32>],
    most: u32,
    thick: u16,
) {
    let (width, height) = (canvas.width(), canvas.height());
    let glyphs = canvas.look().glyphs;
    for (position, ((edge, all), counts)) in (0..height).zip(rows.iter().zip(counts)) {
        let foot = (position + 1) * thick - 1;
        draw_edge(&mut canvas, foot, *edge);
        for line in 0..thick {
            for (x, count) in (AXIS_AT..).zip(counts).filter(|(_, count)| **count > 0) {
                let eighths = eighths(*count, most, thick);
                let shade = shade(eighths.saturating_sub(8 * line), glyphs);
                canvas.cell(x, foot - line, shade, plain());
            }
        }
        if *all > 0 {
            let end = width.saturating_sub(1);
            canvas.number_before(end, foot, &grouped(*all), quiet(), Number::AnswersOfLength);
        }
    }
}

/// Draws a bar for each latency, without an axis of time.
fn draw_bars(canvas: &mut Canvas<'_>, latencies: &Latencies) {
    let mut bars = latencies.bars(usize::from(canvas.height()));
    bars.reverse();
    let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(1);
    let room = canvas.width().saturating_sub(AXIS_AT + COUNTS);
    for (y, (edge, count)) in (0..canvas.height()).zip(&bars) {
        draw_edge(canvas, y, *edge);
        let bar = bar(*count as f64 / most as f64, room, canvas.look().glyphs);
        let behind = canvas.write(AXIS_AT, y, &bar, plain());
        if *count > 0 {
            let count = grouped(*count);
            canvas.number(behind + 1, y, &count, quiet(), Number::AnswersOfLength);
        }
    }
}

/// Returns the height of `count` out of `most`, in eighths of `thick` lines. It grows with the square root,
/// so that few are visible beside many.
fn eighths(count: u32, most: u32, thick: u16) -> u16 {
    let share = f64::from(count) / f64::from(most.max(1));
    (share.sqrt() * 8.0 * f64::from(thick)).ceil() as u16
}

/// Draws the edge of a bar, `≤ 120 ms`.
fn draw_edge(canvas: &mut Canvas<'_>, y: u16, edge: Elapsed) {
    let text = format!("≤ {}", length(edge));
    canvas.number_before(AXIS_AT - 1, y, &text, quiet(), Number::LengthEdge);
}

/// Returns the glyph of a cell filled by a number of eighths, from below.
fn shade(eighths: u16, glyphs: Glyphs) -> char {
    let shades: [char; 9] = match glyphs {
        Glyphs::Unicode => [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
        Glyphs::Ascii => [' ', '.', ':', '-', '=', '+', '*', '%', '@'],
    };
    shades[usize::from(eighths.min(8))]
}

/// Draws a bar of the mean latency in its parts, and each part in words.
fn draw_spent(
    canvas: &mut Canvas<'_>,
    spent: &Breakdown,
    (answers, of_what): (usize, &str),
    kind: WorkerKind,
) {
    let behind = canvas.write(1, 0, "WHERE THE TIME WENT", strong());
    let text = format!("mean of {} {of_what}", newest_answers(answers));
    canvas.number(behind + 2, 0, &text, quiet(), Number::AnswersAveraged);
    let (waits, waiting) = if kind.has_a_loop() {
        (Meaning::Parked, "parked")
    } else {
        (Meaning::Blocked, "blocked")
    };
    let [thread, connection, queue] = spent.waits.map_or([0.0; 3], |waits| waits.queues());
    let rest = (spent.parked_or_blocked - thread - connection - queue).max(0.0);
    let parts = [
        ("late sent", Part::LateSent, None, spent.generator),
        (
            "at the door",
            Part::AtTheDoor,
            Some(Meaning::AtTheDoor),
            spent.door,
        ),
        ("ready", Part::Ready, Some(Meaning::Ready), spent.ready),
        (
            "without a core",
            Part::WithoutACore,
            Some(Meaning::Ready),
            spent.core_wait,
        ),
        ("running", Part::Running, Some(Meaning::Running), spent.cpu),
        ("for a thread", Part::ThreadWait, Some(waits), thread),
        ("for a connection", Part::PoolWait, Some(waits), connection),
        (
            "in the service's queue",
            Part::ServiceQueue,
            Some(waits),
            queue,
        ),
        (waiting, Part::Waiting, Some(waits), rest),
        ("on the way", Part::OnTheWay, None, spent.other),
    ];
    let whole: f64 = parts.iter().map(|(.., part)| part).sum();
    let room = f64::from(canvas.width().saturating_sub(2));
    let (mut x, mut y, mut word_at, mut sum) = (1, 2, 1, 0.0);
    for (word, what, meaning, part) in parts {
        sum += part;
        let until = 1 + (sum / whole.max(f64::MIN_POSITIVE) * room).round() as u16;
        let count = until.saturating_sub(x);
        match meaning {
            Some(meaning) => canvas.glyphs(x, 1, meaning, u64::from(count)),
            None => canvas.write(x, 1, &"-".repeat(usize::from(count)), quiet()),
        };
        x = until.max(x);
        // A part too short to be displayed is not named either.
        if part * 1e3 < 1.0 || part < whole / 1e3 {
            continue;
        }
        let line = format!("{word} {}", Elapsed((part * 1e6).round() as u64));
        if word_at > 1 && word_at + width_of(&line) >= canvas.width() {
            (word_at, y) = (1, y + 1);
        }
        let style = meaning.map_or(quiet(), |meaning| canvas.style(meaning));
        word_at = canvas.number(word_at, y, &line, style, Number::Spent(what)) + 3;
    }
}
