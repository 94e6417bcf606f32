//! Door and workers in projector mode, each a thick row in which a mark is a request.
//!
//! All rows have one scale, and marks of one size, as large as the fullest row allows. In a closed load the
//! number of clients bounds a row, so that the scale is the same in all variants, and a row twice as long
//! means twice as many.

use ratatui_core::style::Style;

use super::shape::Shape;
use crate::state::State;
use crate::view::canvas::{Canvas, plain, strong, width_of};
use crate::view::digits::{self, Size};
use crate::view::worker_list::{doing_as_a_glyph, state_style};
use crate::view::worker_rows::WorkerRows;
use crate::view_model::{ViewModel, WorkerView};
use concsim_model::palette::Meaning;
use concsim_model::scenario::Arrivals;
use concsim_model::units::letter;
use concsim_model::words::grouped;

/// Largest number of lines of a row, one of them empty.
const THICKEST: u16 = 7;

/// Form of the list of workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Row for each.
    Each,
    /// Column for each.
    Strip,
}

/// Lines of door and workers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    pub(super) kind: Kind,
    /// Lines of one row.
    thick: u16,
    /// Lines of all rows.
    pub(super) lines: u16,
}

impl Rows {
    /// Returns the thickest rows of which all fit into `room` lines.
    pub(super) fn fit(workers: usize, width: u16, room: u16) -> Option<Self> {
        let in_a_line = usize::from(width.saturating_sub(glyphs_at(width) + 1).max(1));
        let kinds = [
            (Kind::Each, workers),
            (Kind::Strip, workers.div_ceil(in_a_line)),
        ];
        kinds.into_iter().find_map(|(kind, rows)| {
            let rows = u16::try_from(1 + rows).ok()?;
            let thick = (room / rows).min(THICKEST);
            let lines = rows * thick;
            (thick > 0).then_some(Self { kind, thick, lines })
        })
    }

    /// Returns the rows for a screen on which nothing fits.
    pub(super) fn least(height: u16) -> Self {
        Self {
            kind: Kind::Strip,
            thick: 1,
            lines: height.saturating_sub(8),
        }
    }

    /// Returns the lines that hold glyphs: a thick row keeps its last one empty.
    fn filled(self) -> u16 {
        match self.thick {
            thin @ 0..=2 => thin,
            thick => thick - 1,
        }
    }
}

/// Returns the column at which glyphs begin, behind names and counts.
pub(super) fn glyphs_at(width: u16) -> u16 {
    if width < 120 { 17 } else { 24 }
}

/// Scale of marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// Number of requests of one mark …
    pub(super) requests: u64,
    /// … and its size.
    shape: Shape,
}

/// Returns the scale of all rows.
pub(super) fn scale(state: &State, width: u16, rows: Rows) -> Scale {
    let columns = width.saturating_sub(glyphs_at(width) + 1).max(1);
    let lines = rows.filled().max(1);
    let room = |shape: &Shape| shape.capacity(columns, lines);
    let seen = state.shown().picture.most;
    let (door, worker) = match state.scenario().load.arrivals {
        Arrivals::Closed { clients, .. } => (clients as u64, clients as u64),
        Arrivals::Open { .. } | Arrivals::Scheduled => (seen.at_the_door, seen.in_a_worker),
    };
    let most = door.max(worker).max(seen.at_the_door).max(seen.in_a_worker);
    // Every state that occurs has a mark: there are three besides the first.
    let marks = |requests: u64| match requests {
        1 => most,
        many => most.div_ceil(many) + 3,
    };
    let fits = |requests: &u64| marks(*requests) <= room(&Shape::Dense);
    let rounds = (0..19).flat_map(|power| [1, 2, 5].map(|digit| 10_u64.pow(power) * digit));
    let requests = rounds.into_iter().find(fits).unwrap_or(u64::MAX);
    let mut shapes = Shape::ALL.into_iter();
    let largest = shapes.find(|shape| marks(requests) <= room(shape));
    Scale {
        requests,
        shape: largest.unwrap_or(Shape::Dense),
    }
}

/// Draws the door, and below it the workers.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, rows: Rows, scale: Scale) {
    let picture = &state.shown().picture;
    let width = canvas.width();
    let mut door = canvas.part(0, 0, width, rows.thick);
    draw_label(
        &mut door,
        rows,
        "AT THE DOOR",
        plain(),
        &grouped(picture.door),
    );
    draw_requests(
        &mut door,
        rows,
        &[(Meaning::AtTheDoor, picture.door)],
        scale,
    );
    let mut below = canvas.part(0, rows.thick, width, rows.lines);
    match rows.kind {
        Kind::Each => draw_each(&mut below, picture, rows, scale),
        Kind::Strip => draw_strip(&mut below, picture, rows),
    }
}

fn draw_each(canvas: &mut Canvas<'_>, picture: &ViewModel, rows: Rows, scale: Scale) {
    let width = canvas.width();
    for (number, worker) in (0..).zip(WorkerRows::of(picture).own) {
        let mut row = canvas.part(0, rows.thick.saturating_mul(number), width, rows.thick);
        draw_worker(&mut row, worker, rows, scale);
    }
}

fn draw_worker(row: &mut Canvas<'_>, worker: &WorkerView, rows: Rows, scale: Scale) {
    let held = worker.held;
    let style = state_style(row, worker.doing);
    let name = letter(worker.index);
    let begun = worker.reported(|| grouped(held.all()));
    draw_label(row, rows, &name, strong(), &begun);
    // On one line the count may need the room of the word.
    let word = worker.doing.word();
    let (x, end) = (width_of(&name) + 2, glyphs_at(row.width()));
    let count = width_of(&begun);
    if rows.filled() > 1 || x + width_of(word) + 1 + count < end {
        row.write(x, 0, word, style.patch(strong()));
    }
    let parts = [
        (Meaning::Running, held.running),
        (Meaning::Blocked, held.blocked),
        (Meaning::Ready, held.ready),
        (Meaning::Parked, held.parked),
    ];
    draw_requests(row, rows, &parts, scale);
}

/// Draws the name of a row and its number of requests: below the name if there is a line for it, and large
/// if there are three.
fn draw_label(row: &mut Canvas<'_>, rows: Rows, name: &str, style: Style, text: &str) {
    row.write(1, 0, name, style.patch(strong()));
    let end = glyphs_at(row.width()) - 1;
    match rows.filled() {
        0 | 1 => row.write_before(end, 0, text, strong()),
        2 | 3 => row.write_before(end, 1, text, strong()),
        _ => {
            let glyphs = row.look().glyphs;
            let is_wide = digits::columns(text, Size::Big) > usize::from(end);
            let size = if is_wide { Size::Plain } else { Size::Big };
            for (y, line) in (1..).zip(digits::lines(text, size, glyphs)) {
                row.write_before(end, y, &line, strong());
            }
        }
    }
}

fn draw_requests(row: &mut Canvas<'_>, rows: Rows, counts: &[(Meaning, u64)], scale: Scale) {
    let (x, width) = (glyphs_at(row.width()), row.width());
    let mut glyphs = row.part(x, 0, width.saturating_sub(x + 1), rows.filled());
    let room = scale.shape.capacity(glyphs.width(), glyphs.height());
    let mut nth = 0;
    for (meaning, count) in counts {
        for _ in 0..count.div_ceil(scale.requests) {
            if nth < room {
                scale.shape.draw(&mut glyphs, nth, *meaning);
            }
            nth += 1;
        }
    }
}

/// Draws a column for each process, with its state.
fn draw_strip(canvas: &mut Canvas<'_>, picture: &ViewModel, rows: Rows) {
    let at = glyphs_at(canvas.width());
    let workers = WorkerRows::of(picture).own;
    let all = workers.len() as u64;
    draw_label(canvas, rows, "WORKERS", plain(), &grouped(all));
    let in_a_line = usize::from(canvas.width().saturating_sub(at + 1).max(1));
    for (number, line) in (0..).zip(workers.chunks(in_a_line)) {
        for (x, worker) in (at..).zip(line) {
            for y in 0..rows.filled() {
                let y = y + rows.thick.saturating_mul(number);
                match doing_as_a_glyph(worker) {
                    Some(meaning) => canvas.glyphs(x, y, meaning, 1),
                    None => canvas.write(x, y, "_", plain()),
                };
            }
        }
    }
}
