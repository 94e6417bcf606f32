//! Lanes: a row for each core and for each request, on one axis of time.

pub(super) mod cells;
mod cores;
mod rows;

use std::ops::Range;

use super::axis::{self, Axis};
use super::canvas::{Canvas, cut, cut_in_the_middle, plain, quiet, strong, width_of};
use super::clauses::in_a_line;
use super::layout::LEAST_SCREEN;
use super::mark::Target;
use super::{footer, header};

use crate::lanes::{Panel, Sheet};
use crate::number::Number;
use crate::state::State;
use concsim_model::palette::Room;
use concsim_model::units::Elapsed;
use concsim_model::words::{counted, grouped, length, number_of};
use concsim_record::lanes::RequestLane;
use cores::CoreRows;
use rows::Labels;
pub(super) use rows::draw_cell;

/// Columns of the note behind the rows of a small variant: `done at 4.2 s`.
const NOTE: u16 = 16;
/// Largest number of lines of a row: at a desk, and in projector mode.
const THICKEST: usize = 3;
const THICKEST_IN_A_HALL: usize = 6;
/// In projector mode rows are thicker than this, even if fewer of them fit.
const THIN: usize = 1;
/// Number of lines from which each row of a long list has three in projector mode.
const MANY_LINES: usize = 15;
/// Least size of lanes: columns, lines.
const LEAST: (u16, u16) = (40, 12);

/// True if there is room for lanes.
pub(super) fn fit(width: u16, height: u16) -> bool {
    width >= LEAST.0 && height >= LEAST.1
}

/// Layout of the rows.
enum Layout<'a> {
    /// All rows of each variant, one variant below the other, each row `thick` lines.
    Stacked { panels: &'a [Panel], thick: usize },
    /// The current variant alone, with folded cores and a range of its requests.
    Alone {
        panel: &'a Panel,
        cores: CoreRows,
        requests: Range<usize>,
        thick: usize,
    },
}

impl<'a> Layout<'a> {
    /// Returns the layout that fits below the axis.
    fn of(sheet: &'a Sheet, height: u16, room: Room) -> Self {
        let height = usize::from(height.saturating_sub(1));
        let last = sheet.panels.len() - 1;
        let stacks = [&sheet.panels[..], &sheet.panels[last..]];
        let stack = stacks.into_iter().filter(|_| sheet.is_whole);
        let thickest = match room {
            Room::Desk => THICKEST,
            Room::Projector => THICKEST_IN_A_HALL,
        };
        let with_thickness =
            stack.flat_map(|panels| (1..=thickest).rev().map(move |thick| (panels, thick)));
        let fits = |(panels, thick): &(&[Panel], usize)| lines_of(panels, *thick) <= height;
        let mut fitting: Vec<(&[Panel], usize)> = with_thickness.filter(fits).collect();
        match room {
            Room::Desk => {}
            Room::Projector => fitting.sort_by_key(|(_, thick)| *thick <= THIN),
        }
        if let Some((panels, thick)) = fitting.first().copied() {
            return Self::Stacked { panels, thick };
        }
        let panel = &sheet.panels[last];
        let thick = match room {
            Room::Projector if height >= MANY_LINES => THICKEST,
            Room::Desk | Room::Projector => 1,
        };
        // Cores get a third of the lines at most.
        let rows = height / thick;
        let cores = CoreRows::into(panel, (rows / 3).max(1));
        let room = rows.saturating_sub(cores.rows()).min(panel.requests.len());
        // A third of the rest goes to requests that had ended.
        let before = (panel.around - panel.first).saturating_sub(room / 3);
        let first = before.min(panel.requests.len() - room);
        Self::Alone {
            panel,
            cores,
            requests: first..first + room,
            thick,
        }
    }

    fn has_results(&self) -> bool {
        match self {
            Self::Stacked { panels, .. } => panels.iter().any(|panel| panel.result.is_some()),
            Self::Alone { .. } => false,
        }
    }
}

/// Returns the lines of stacked variants: for each a heading, the requests, the cores; a blank line between
/// variants.
fn lines_of(panels: &[Panel], thick: usize) -> usize {
    let rows = |panel: &Panel| panel.request_count + panel.cores.len();
    let lines = panels.iter().map(|panel| 1 + rows(panel) * thick);
    lines.sum::<usize>() + panels.len() - 1
}

/// Message in the place of requests that no worker reports.
pub(super) const NOT_REPORTED: &str = "Workers of a foreign server report none of their requests.";

/// Draws lanes on the whole screen, except the help.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let (width, height) = (canvas.width(), canvas.height());
    let is_small = width < LEAST_SCREEN.0 || height < LEAST_SCREEN.1;
    if state.look.room == Room::Projector && !is_small {
        draw_for_a_hall(canvas, state);
        return;
    }
    let (caption, legend) = if is_small { (1, 0) } else { (2, 1) };
    if is_small {
        header::draw_small(&mut canvas.part(0, 0, width, 2), state);
    } else {
        header::draw(&mut canvas.part(0, 0, width, 2), state);
    }
    let below = caption + legend + 1;
    let lines = height.saturating_sub(2 + below + legend);
    draw_lanes(&mut canvas.part(0, 2, width, lines), state);
    let from_below = height.saturating_sub(below);
    draw_caption(
        &mut canvas.part(0, from_below, width, caption),
        state,
        lines,
    );
    let mut below = canvas.part(0, height.saturating_sub(2), width, legend);
    footer::draw_legend_of_lanes(&mut below, state.lanes.sheet());
    let keys = height.saturating_sub(1);
    footer::draw_keys(&mut canvas.part(0, keys, width, 1), state);
}

/// Draws lanes in projector mode: a line of caption, and a second one with what is left out, if anything
/// is.
fn draw_for_a_hall(canvas: &mut Canvas<'_>, state: &State) {
    let (width, height) = (canvas.width(), canvas.height());
    header::draw(&mut canvas.part(0, 0, width, 2), state);
    let lines = height.saturating_sub(4);
    let layout = |sheet| Layout::of(sheet, lines, state.look.room);
    let caption = match state.lanes.sheet().map(layout) {
        None | Some(Layout::Stacked { .. }) => 1,
        Some(Layout::Alone { .. }) => 2,
    };
    let lines = (lines + 1).saturating_sub(caption);
    draw_lanes(&mut canvas.part(0, 2, width, lines), state);
    let from_below = height.saturating_sub(1 + caption);
    let mut text = canvas.part(0, from_below, width, caption);
    match state.lanes.sheet() {
        Some(sheet) if caption == 1 => {
            let reply = state.key_message();
            let sentence = reply.unwrap_or_else(|| sentence(state, sheet));
            let sentence = in_a_line(&sentence, width.saturating_sub(2));
            text.write(1, 0, &sentence, strong());
        }
        Some(_) | None => draw_caption(&mut text, state, lines),
    }
    let mut below = canvas.part(0, height.saturating_sub(1), width, 1);
    footer::draw_legend_of_lanes(&mut below, state.lanes.sheet());
}

/// Draws the axis, and as many rows as there is room for.
pub(super) fn draw_lanes(canvas: &mut Canvas<'_>, state: &State) {
    let Some(sheet) = state.lanes.sheet() else {
        canvas.write(1, 0, "Nothing has been sent yet.", quiet());
        return;
    };
    if state.scenario().server.is_foreign() {
        canvas.write(1, 0, NOT_REPORTED, quiet());
        return;
    }
    let (width, height) = (canvas.width(), canvas.height());
    let layout = Layout::of(sheet, height, canvas.look().room);
    let labels = Labels::of(state, width);
    let at = labels.axis_at;
    let has_notes = layout.has_results() && width > at + 2 * NOTE;
    let note = if has_notes { NOTE } else { 1 };
    let axis = Axis {
        interval: sheet.axis,
        columns: width.saturating_sub(at + note).max(1),
    };
    axis::draw(&mut canvas.part(at, 0, width, 1), axis, sheet.cursor);
    let instants = Target::Number(Number::AxisInstant);
    canvas.mark((at, 0), (axis.columns, 1), instants);
    let target = Target::Axis {
        interval: sheet.axis,
        began: sheet.panels[sheet.panels.len() - 1].began,
    };
    canvas.mark((at, 0), (axis.columns, 1), target);
    let grid = (labels, axis);
    match layout {
        Layout::Stacked { panels, thick } => {
            let mut y = 1;
            for panel in panels {
                let lines = lines_of(std::slice::from_ref(panel), thick) as u16;
                let mut part = canvas.part(0, y, width, lines);
                draw_stacked(&mut part, state, panel, grid, thick as u16);
                y += lines + 1;
            }
        }
        Layout::Alone {
            panel,
            cores,
            requests,
            thick,
        } => {
            let (thick, lines) = (thick as u16, (cores.rows() * thick) as u16);
            let mut above = canvas.part(0, 1, width, lines);
            cores::draw(&mut above, (0, thick), panel, &cores, grid);
            let mut below = canvas.part(0, 1 + lines, width, height);
            rows::draw(
                &mut below,
                (0, thick),
                state,
                (panel, requests),
                grid,
                false,
            );
        }
    }
}

/// Draws a variant among others: name, requests, cores, and result.
fn draw_stacked(
    canvas: &mut Canvas<'_>,
    state: &State,
    panel: &Panel,
    grid: (Labels, Axis),
    thick: u16,
) {
    let at = grid.0.axis_at;
    let variant = &state.variants()[panel.variant];
    let name = cut_in_the_middle(&variant.name, at.saturating_sub(2));
    canvas.write(1, 0, &name, strong());
    let server = &variant.scenario.server;
    let workers = counted(server.workers as u64, "worker");
    let cores = counted(panel.cores.len() as u64, "core");
    canvas.write(at, 0, &format!("{workers}, {cores}"), quiet());
    let all = (panel, 0..panel.requests.len());
    let end = rows::draw(canvas, (1, thick), state, all, grid, true);
    let y = 1 + panel.requests.len() as u16 * thick;
    cores::draw(canvas, (y, thick), panel, &CoreRows::none(panel), grid);
    if let Some((took, busy)) = panel.result {
        let behind = end + at + 2;
        let done = format!("done at {}", length_text(took));
        canvas.number(
            behind,
            y.saturating_sub(thick),
            &done,
            strong(),
            Number::DoneAt,
        );
        let busy = format!("busy {:.0} %", 100.0 * busy);
        canvas.number(behind, y, &busy, strong(), Number::BusyShare);
    }
}

/// Formats a length to a tenth of a second; one below 1 s in full.
fn length_text(took: Elapsed) -> String {
    const TENTH: u64 = 100_000_000;
    if took.0 < 10 * TENTH {
        return took.to_string();
    }
    length(Elapsed((took.0 + TENTH / 2) / TENTH * TENTH))
}

fn name_of_small(request: &RequestLane) -> String {
    format!("request {}", number_of(request.request))
}

/// Draws the caption, and below it the notes.
fn draw_caption(canvas: &mut Canvas<'_>, state: &State, lines: u16) {
    let width = canvas.width().saturating_sub(2);
    let Some(sheet) = state.lanes.sheet() else {
        return;
    };
    if state.scenario().server.is_foreign() {
        return;
    }
    let below = canvas.height().saturating_sub(1);
    if below > 0 {
        let caption = state
            .key_message()
            .or(state.shown().intervention_caption.clone());
        let text = caption.unwrap_or_else(|| sentence(state, sheet));
        canvas.write(1, 0, &in_a_line(&text, width), strong());
    }
    let room = canvas.look().room;
    let mut x = 1;
    for (line, number) in notes(sheet, lines, room) {
        let left = (width + 1).saturating_sub(x);
        // The first note is cut if it must be; the others are shown in full or not at all.
        if x > 1 && width_of(&line) > left {
            continue;
        }
        let sentence = cut(&line, left);
        x = match number {
            Some(number) => canvas.number(x, below, &sentence, plain(), number),
            None => canvas.write(x, below, &sentence, plain()),
        } + 3;
    }
}

/// Returns the sentence, such as `With 2 processes on 2 cores at most 2 rows are running at any instant.`
fn sentence(state: &State, sheet: &Sheet) -> String {
    let server = &state.scenario().server;
    if server.is_foreign() {
        return String::new();
    }
    let units = server.parallelism_limit_of(server.workers);
    let run = match units.min(state.cores.max(1)) as u64 {
        1 => "one row is running".to_owned(),
        most => format!("{} rows are running", grouped(most)),
    };
    let units = counted(units as u64, server.computes_alone());
    let cores = counted(state.cores as u64, "core");
    let panel = &sheet.panels[sheet.panels.len() - 1];
    if panel.cores_are_known {
        format!("With {units} on {cores} at most {run} at any instant.")
    } else {
        format!("With {units} on {cores} at most {run} at any instant; no core is named here.")
    }
}

/// Returns the notes about the part that is shown, each with its number.
fn notes(sheet: &Sheet, lines: u16, room: Room) -> Vec<(String, Option<Number>)> {
    let width = sheet.axis.to.since(sheet.axis.from);
    let mut notes = vec![if sheet.is_whole {
        ("the whole time, since load began".to_owned(), None)
    } else {
        let text = format!("◂ {} wide ▸ time since load began", length(width));
        (text, Some(Number::AxisWidth))
    }];
    let panel = &sheet.panels[sheet.panels.len() - 1];
    if let Layout::Alone {
        panel,
        cores,
        requests,
        thick: _,
    } = Layout::of(sheet, lines, room)
    {
        if requests.len() < panel.request_count {
            let shown = grouped(requests.len() as u64);
            let all = counted(panel.request_count as u64, "request");
            let line = format!("{shown} of {all}: ↑ ↓");
            notes.push((line, Some(Number::RowsShown)));
        }
        notes.extend(cores.note().map(|note| (note, None)));
    }
    if panel.one_in > 1 {
        let kept = grouped(u64::from(panel.one_in));
        let sentence = format!("one request in {kept} was kept");
        notes.push((sentence, Some(Number::RowsShown)));
    }
    notes
}
