//! Rows of requests: a label, and a cell for each interval.
//!
//! A label has the number of its request. It has the kind too if a scenario has several, and a wide screen
//! adds the kind and the latency in any case, because the axis has room enough there.

use std::ops::Range;

use super::cells::{self, Cell};
use super::{THICKEST, name_of_small};
use crate::lanes::{Panel, RequestResult};
use crate::number::Number;
use crate::requests::RequestEnd;
use crate::state::State;
use crate::view::axis::Axis;
use crate::view::canvas::{Canvas, cut, plain, quiet, strong, width_of};
use crate::view::request::class_name;
use concsim_model::palette::Meaning;
use concsim_model::units::{Stamp, letter};
use concsim_model::words::{grouped, number_of};

/// Columns of a screen from which labels are complete.
const WIDE: u16 = 160;
/// Column at which numbers end, without the word `request` and with it.
const NUMBER_END: u16 = 11;
const WIDE_NUMBER_END: u16 = 18;
/// Largest width of a kind, on a narrow screen and on a wide one.
const KIND: u16 = 9;
const WIDE_KIND: u16 = 16;
/// Columns of a latency: `≥1.23 ms`, and a blank before it.
const LATENCY: u16 = 9;

/// Columns of labels, and the axis behind them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Labels {
    is_wide: bool,
    /// Columns of the kind; 0 if it is left out.
    kind: u16,
    /// Column at which the axis begins.
    pub(super) axis_at: u16,
}

impl Labels {
    /// Returns the labels of a screen of `width` columns.
    pub(super) fn of(state: &State, width: u16) -> Self {
        let kinds = &state.scenario().requests;
        let is_wide = width >= WIDE;
        let most = if is_wide { WIDE_KIND } else { KIND };
        let longest = kinds.iter().map(|kind| width_of(&kind.name)).max();
        let is_named = is_wide || kinds.len() > 1;
        let kind = longest.filter(|_| is_named).unwrap_or(0).min(most);
        let number_end = Self::number_end(is_wide);
        let behind_kind = number_end + u16::from(kind > 0) + kind;
        let latency = if is_wide { LATENCY } else { 0 };
        Self {
            is_wide,
            kind,
            axis_at: behind_kind + latency + 1,
        }
    }

    fn number_end(is_wide: bool) -> u16 {
        if is_wide { WIDE_NUMBER_END } else { NUMBER_END }
    }

    /// Draws the label of a request in line `y`. A small variant has few requests and usually one worker,
    /// so that there is room for a word instead of the worker's letter.
    fn draw(
        self,
        canvas: &mut Canvas<'_>,
        y: u16,
        state: &State,
        (panel, place): (&Panel, usize),
        is_small: bool,
    ) {
        let (request, result) = (&panel.requests[place], panel.results[place]);
        let is_on = panel.variant == state.shown().variant;
        if is_on && state.requests.has_picked(request.request) {
            canvas.write(0, y, "▸", strong());
        }
        let end = Self::number_end(self.is_wide);
        if is_small && !self.is_wide {
            let name = name_of_small(request);
            canvas.number(1, y, &name, plain(), Number::WhichRequest);
        } else {
            let worker = request.worker.map(|worker| letter(usize::from(worker)));
            canvas.write_before(3, y, &worker.unwrap_or_default(), strong());
            let number = number_of(request.request);
            let text = if self.is_wide {
                format!("request {}", grouped(number))
            } else {
                number.to_string()
            };
            canvas.number_before(end, y, &text, plain(), Number::WhichRequest);
        }
        if let Some(class) = result.class.filter(|_| self.kind > 0) {
            let name = cut(class_name(state, class), self.kind);
            canvas.write(end + 1, y, &name, quiet());
        }
        if self.is_wide {
            let line = latency(result);
            canvas.number_before(self.axis_at - 1, y, &line, plain(), Number::Latency);
        }
    }
}

/// Formats a latency; `≥` marks a request that has not ended.
fn latency(result: RequestResult) -> String {
    match result.ended {
        _ if result.class.is_none() => String::new(),
        None => format!("≥{}", result.latency),
        Some(RequestEnd::Answered) => result.latency.to_string(),
        Some(RequestEnd::Failed(_)) => "failed".to_owned(),
    }
}

/// Draws these requests, `thick` lines each, beginning at line `first`; returns the last column that has a
/// cell in the last row, 0 if none has.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    (first, thick): (u16, u16),
    state: &State,
    (panel, shown): (&Panel, Range<usize>),
    (labels, axis): (Labels, Axis),
    is_small: bool,
) -> u16 {
    let requests = &panel.requests[shown.clone()];
    let rows = cells::of_requests(requests, panel.cores.len(), panel.began, axis);
    let lines = (first..).step_by(usize::from(thick));
    for (y, (place, row)) in lines.zip(shown.zip(&rows)) {
        labels.draw(canvas, y, state, (panel, place), is_small);
        for (column, cell) in (labels.axis_at..).zip(row) {
            if let Some(cell) = cell {
                draw_cell(canvas, column, (y, thick), *cell);
            }
        }
        // Cells that later reports may change are dim.
        let spans = panel.requests[place].spans.iter();
        for span in spans.filter(|span| span.is_open) {
            let from = axis.column(Stamp(span.from.since(panel.began).0));
            let last = axis.column(Stamp(span.to.since(panel.began).0.saturating_sub(1)));
            let (x, width) = (labels.axis_at + from, last.saturating_sub(from) + 1);
            canvas.part(x, y, width, filled(thick)).patch(quiet());
        }
    }
    let last = rows
        .last()
        .and_then(|row| row.iter().rposition(Option::is_some));
    last.map_or(0, |last| last as u16 + 1)
}

/// Returns the lines of a row that hold glyphs; the last of three or more is empty.
pub(super) fn filled(thick: u16) -> u16 {
    if thick < THICKEST as u16 {
        thick
    } else {
        thick - 1
    }
}

/// Draws one column of a row that begins at line `y`.
pub(in crate::view) fn draw_cell(
    canvas: &mut Canvas<'_>,
    x: u16,
    (y, thick): (u16, u16),
    cell: Cell,
) {
    for line in 0..filled(thick) {
        match cell {
            Cell::RanInPart(side) => canvas.partial_column(x, y + line, side),
            // A row of two lines has no empty one that separates it from the next.
            Cell::Mostly(meaning) if (thick, line) == (2, 1) => canvas.foot(x, y + line, meaning),
            Cell::Mostly(meaning) => {
                canvas.glyphs(x, y + line, meaning, 1);
            }
        }
    }
}

/// Draws a column in which a core was busy, or a request ran, all the time.
pub(super) fn draw_running(canvas: &mut Canvas<'_>, x: u16, lines: (u16, u16)) {
    draw_cell(canvas, x, lines, Cell::Mostly(Meaning::Running));
}
