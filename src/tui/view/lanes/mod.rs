//! Lanes: a row for each core and for each request, on one axis of time.

pub(super) mod cells;

use std::ops::Range;

use super::axis::{self, Axis};
use super::canvas::{Canvas, cut, plain, quiet, strong};
use super::marks::Target;
use super::{footer, header, small};

use crate::palette::Meaning;
use crate::recording::lanes::{CoreLane, RequestLane};
use crate::tui::lanes::{Panel, Sheet};
use crate::tui::number::Number;
use crate::tui::state::State;
use crate::units::{Elapsed, letter};
use crate::words::{counted, grouped, length};

/// Where the axis begins, behind the names of rows.
const AXIS_AT: u16 = 12;
/// What stands behind the rows of a small variant: `done at 4.2 s`.
const NOTE: u16 = 16;
/// A row is so many lines thick at most.
const THICKEST: usize = 3;
/// The least that lanes need.
const LEAST: (u16, u16) = (40, 12);

/// Whether there is room for lanes.
pub(super) fn fit(width: u16, height: u16) -> bool {
    width >= LEAST.0 && height >= LEAST.1
}

/// How the rows are laid out.
enum Layout<'a> {
    /// All of each variant, one below the other, each row so many lines thick.
    Stacked { panels: &'a [Panel], thick: usize },
    /// The variant that is on, with so many of its cores, and these of its requests.
    Alone {
        panel: &'a Panel,
        cores: usize,
        requests: Range<usize>,
    },
}

impl<'a> Layout<'a> {
    /// What fits below the axis.
    fn of(sheet: &'a Sheet, height: u16) -> Self {
        let height = usize::from(height.saturating_sub(1));
        let last = sheet.panels.len() - 1;
        let stacks = [&sheet.panels[..], &sheet.panels[last..]];
        let stack = stacks.into_iter().filter(|_| sheet.is_whole);
        let with_thickness =
            stack.flat_map(|panels| (1..=THICKEST).rev().map(move |thick| (panels, thick)));
        let mut fitting =
            with_thickness.filter(|(panels, thick)| lines_of(panels, *thick) <= height);
        if let Some((panels, thick)) = fitting.next() {
            return Self::Stacked { panels, thick };
        }
        let panel = &sheet.panels[last];
        // Cores get a third of the lines at most.
        let cores = panel.cores.len().min((height / 3).max(1));
        let room = height.saturating_sub(cores).min(panel.requests.len());
        // A third of the rest goes to requests that had ended.
        let before = (panel.around - panel.first).saturating_sub(room / 3);
        let first = before.min(panel.requests.len() - room);
        Self::Alone {
            panel,
            cores,
            requests: first..first + room,
        }
    }

    fn has_results(&self) -> bool {
        match self {
            Self::Stacked { panels, .. } => panels.iter().any(|panel| panel.result.is_some()),
            Self::Alone { .. } => false,
        }
    }
}

/// Of each variant a heading, the requests, the cores; a blank line between variants.
fn lines_of(panels: &[Panel], thick: usize) -> usize {
    let rows = |panel: &Panel| panel.request_count + panel.cores.len();
    let lines = panels.iter().map(|panel| 1 + rows(panel) * thick);
    lines.sum::<usize>() + panels.len() - 1
}

/// Fills the screen but for the help.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let (width, height) = (canvas.width(), canvas.height());
    let is_small = width < small::LEAST.0 || height < small::LEAST.1;
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
    footer::draw_legend(&mut canvas.part(0, height.saturating_sub(2), width, legend));
    let keys = height.saturating_sub(1);
    footer::draw_keys(&mut canvas.part(0, keys, width, 1), state);
}

/// Draws the axis, and as many rows as there is room for.
fn draw_lanes(canvas: &mut Canvas<'_>, state: &State) {
    let Some(sheet) = state.lanes.sheet() else {
        canvas.write(1, 0, "Nothing has been sent yet.", quiet());
        return;
    };
    let (width, height) = (canvas.width(), canvas.height());
    let layout = Layout::of(sheet, height);
    let has_notes = layout.has_results() && width > AXIS_AT + 2 * NOTE;
    let note = if has_notes { NOTE } else { 1 };
    let axis = Axis {
        interval: sheet.axis,
        columns: width.saturating_sub(AXIS_AT + note).max(1),
    };
    axis::draw(&mut canvas.part(AXIS_AT, 0, width, 1), axis, sheet.cursor);
    let instants = Target::Number(Number::AxisInstant);
    canvas.mark((AXIS_AT, 0), (axis.columns, 1), instants);
    let target = Target::Axis {
        interval: sheet.axis,
        began: sheet.panels[sheet.panels.len() - 1].began,
    };
    canvas.mark((AXIS_AT, 0), (axis.columns, 1), target);
    match layout {
        Layout::Stacked { panels, thick } => {
            let mut y = 1;
            for panel in panels {
                let lines = lines_of(std::slice::from_ref(panel), thick) as u16;
                let mut part = canvas.part(0, y, width, lines);
                draw_stacked(&mut part, state, panel, axis, thick as u16);
                y += lines + 1;
            }
        }
        Layout::Alone {
            panel,
            cores,
            requests,
        } => {
            draw_cores(
                &mut canvas.part(0, 1, width, cores as u16),
                0,
                1,
                panel,
                axis,
            );
            let mut below = canvas.part(0, 1 + cores as u16, width, height);
            draw_requests(&mut below, panel, requests, axis);
        }
    }
}

/// A variant among others: its name, its requests, its cores, and how it ended.
fn draw_stacked(canvas: &mut Canvas<'_>, state: &State, panel: &Panel, axis: Axis, thick: u16) {
    let variant = &state.variants()[panel.variant];
    let name = cut(&variant.name, AXIS_AT.saturating_sub(2));
    canvas.write(1, 0, &name, strong());
    let server = &variant.scenario.server;
    let workers = counted(server.workers as u64, "worker");
    let cores = counted(panel.cores.len() as u64, "core");
    canvas.write(AXIS_AT, 0, &format!("{workers}, {cores}"), quiet());
    let rows = cells::of_requests(&panel.requests, panel.cores.len(), panel.began, axis);
    let mut y = 1;
    for (request, row) in panel.requests.iter().zip(&rows) {
        let name = name_of_small(request);
        canvas.number(1, y, &name, plain(), Number::WhichRequest);
        for line in 0..filled(thick) {
            draw_row(canvas, y + line, row);
        }
        y += thick;
    }
    draw_cores(canvas, y, thick, panel, axis);
    if let Some((took, busy)) = panel.result {
        let behind = end(rows.last()) + AXIS_AT + 2;
        let done = format!("done at {}", said(took));
        canvas.number(behind, y - thick, &done, strong(), Number::DoneAt);
        let busy = format!("busy {:.0} %", 100.0 * busy);
        canvas.number(behind, y, &busy, strong(), Number::BusyShare);
    }
}

/// How many lines of a row hold glyphs; the last of three keeps it apart from the next.
fn filled(thick: u16) -> u16 {
    if thick < THICKEST as u16 {
        thick
    } else {
        thick - 1
    }
}

/// A length of time to a tenth of a second, or as it is if that says nothing.
fn said(took: Elapsed) -> String {
    const TENTH: u64 = 100_000_000;
    if took.0 < 10 * TENTH {
        return took.to_string();
    }
    length(Elapsed((took.0 + TENTH / 2) / TENTH * TENTH))
}

/// The column behind the last cell of a row.
fn end(row: Option<&Vec<Option<Meaning>>>) -> u16 {
    let last = row.and_then(|row| row.iter().rposition(Option::is_some));
    last.map_or(0, |last| last as u16 + 1)
}

fn name_of_small(request: &RequestLane) -> String {
    format!("request {}", u64::from(request.request) + 1)
}

/// Requests, each with its worker and its number.
fn draw_requests(canvas: &mut Canvas<'_>, panel: &Panel, shown: Range<usize>, axis: Axis) {
    let shown = &panel.requests[shown];
    let rows = cells::of_requests(shown, panel.cores.len(), panel.began, axis);
    for (y, (request, row)) in (0..).zip(shown.iter().zip(&rows)) {
        let worker = request.worker.map(|worker| letter(usize::from(worker)));
        canvas.write_before(3, y, &worker.unwrap_or_default(), strong());
        let number = u64::from(request.request) + 1;
        let number = number.to_string();
        canvas.number_before(AXIS_AT - 1, y, &number, plain(), Number::WhichRequest);
        draw_row(canvas, y, row);
    }
}

/// From line `first` on, a row for each core.
fn draw_cores(canvas: &mut Canvas<'_>, first: u16, thick: u16, panel: &Panel, axis: Axis) {
    let style = canvas.style(Meaning::Running);
    let is_the_only_one = panel.cores.len() == 1 && panel.cores_are_known;
    for (place, core) in panel.cores.iter().enumerate() {
        let y = first + place as u16 * thick;
        canvas.write(1, y, &name_of_core(panel, core, place), plain());
        let holders = cells::of_core(core, panel.began, axis);
        for (column, worker) in (AXIS_AT..).zip(holders) {
            let Some(worker) = worker else { continue };
            for line in 0..filled(thick) {
                if is_the_only_one {
                    canvas.glyphs(column, y + line, Meaning::Running, 1);
                } else {
                    let name = letter(usize::from(worker));
                    let last = name.chars().last().unwrap_or('?').to_string();
                    canvas.write(column, y + line, &last, style);
                }
            }
        }
    }
}

fn name_of_core(panel: &Panel, core: &CoreLane, place: usize) -> String {
    match core.core {
        Some(number) => format!("core {number}"),
        None if panel.cores.len() == 1 => "core".into(),
        None => match place {
            0 => "first".into(),
            1 => "second".into(),
            2 => "third".into(),
            _ => format!("{}th", place + 1),
        },
    }
}

fn draw_row(canvas: &mut Canvas<'_>, y: u16, row: &[Option<Meaning>]) {
    for (column, cell) in (AXIS_AT..).zip(row) {
        if let Some(meaning) = cell {
            canvas.glyphs(column, y, *meaning, 1);
        }
    }
}

/// What there is to see, and below it what is shown of how much.
fn draw_caption(canvas: &mut Canvas<'_>, state: &State, lines: u16) {
    let width = canvas.width().saturating_sub(2);
    let Some(sheet) = state.lanes.sheet() else {
        return;
    };
    let below = canvas.height().saturating_sub(1);
    if below > 0 {
        let deed = state.shown().deed.clone();
        let said = deed.unwrap_or_else(|| sentence(state, sheet));
        canvas.write(1, 0, &cut(&said, width), strong());
    }
    let mut x = 1;
    for (said, number) in notes(sheet, lines) {
        let said = cut(&said, (width + 1).saturating_sub(x));
        x = match number {
            Some(number) => canvas.number(x, below, &said, plain(), number),
            None => canvas.write(x, below, &said, plain()),
        } + 3;
    }
}

/// `2 processes on 2 cores: at any instant at most 2 rows are running.`
fn sentence(state: &State, sheet: &Sheet) -> String {
    let workers = state.scenario().server.workers;
    let run = match workers.min(state.cores.max(1)) as u64 {
        1 => "one row is running".to_owned(),
        most => format!("{} rows are running", grouped(most)),
    };
    let processes = counted(workers as u64, "process");
    let cores = counted(state.cores as u64, "core");
    let panel = &sheet.panels[sheet.panels.len() - 1];
    if panel.cores_are_known {
        format!("{processes} on {cores}: at any instant at most {run}.")
    } else {
        format!("{processes} on {cores}, no telling which: at any instant at most {run}.")
    }
}

/// What is shown of how much, each note with its number.
fn notes(sheet: &Sheet, lines: u16) -> Vec<(String, Option<Number>)> {
    let width = sheet.axis.to.since(sheet.axis.from);
    let mut notes = vec![if sheet.is_whole {
        ("the whole time".to_owned(), None)
    } else {
        let said = format!("◂ {} wide ▸", length(width));
        (said, Some(Number::AxisWidth))
    }];
    let panel = &sheet.panels[sheet.panels.len() - 1];
    if let Layout::Alone {
        panel,
        cores,
        requests,
    } = Layout::of(sheet, lines)
    {
        let (from, to) = (panel.first + requests.start + 1, panel.first + requests.end);
        let all = counted(panel.request_count as u64, "request");
        if requests.len() < panel.request_count {
            let (from, to) = (grouped(from as u64), grouped(to as u64));
            let said = format!("{from} to {to} of {all}");
            notes.push((said, Some(Number::RowsShown)));
        }
        let missing = (panel.cores.len() - cores) as u64;
        if missing > 0 {
            notes.push((format!("{} not shown", counted(missing, "core")), None));
        }
    }
    if panel.one_in > 1 {
        let kept = grouped(u64::from(panel.one_in));
        let said = format!("one request in {kept} was kept");
        notes.push((said, Some(Number::RowsShown)));
    }
    notes
}
