//! Each worker in full: what it did since the variant began, and in the last second.

use super::canvas::{Canvas, plain, quiet, strong};
use super::listed::Listed;
use super::roster::state_style;
use crate::tui::number::Number;
use crate::tui::picture::WorkerPicture;
use crate::tui::state::State;
use crate::units::letter;
use crate::words::grouped;

/// Columns: heading in two lines, and where the column ends.
const COLUMNS: [(&str, &str, u16); 8] = [
    ("", "begun", 22),
    ("", "accepted", 31),
    ("switches", "/request", 40),
    ("longest", "run", 48),
    ("", "volunt.", 59),
    ("process switches/s", "invol.", 67),
    ("", "cores", 73),
    ("", "died", 79),
];

const NUMBERS: [Number; 8] = [
    Number::BegunNow,
    Number::Accepted,
    Number::SwitchesPerRequest,
    Number::LongestRun,
    Number::Voluntary,
    Number::Involuntary,
    Number::CoresOfWorker,
    Number::Died,
];

/// How wide the table is.
pub(super) const WIDTH: u16 = 80;

/// Draws as many workers as there is room for, from the one scrolled to.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    canvas.write(1, 1, "WORKER", strong());
    for (upper, lower, end) in COLUMNS {
        canvas.write_before(end, 0, upper, quiet());
        canvas.write_before(end, 1, lower, quiet());
    }
    let listed = Listed::of(&state.shown().picture);
    let workers = &listed.own;
    let shared = listed.shared(canvas.width().saturating_sub(14));
    let taken = 3 + u16::from(shared.is_some());
    let room = usize::from(canvas.height().saturating_sub(taken)).max(1);
    let first = state.scrolled.min(workers.len().saturating_sub(room));
    for (y, worker) in (2..).zip(workers.iter().skip(first).take(room)) {
        draw_worker(canvas, y, worker);
    }
    let left = workers.len().saturating_sub(first + room);
    if let Some((count, said)) = shared {
        let y = 2 + (workers.len() - first).min(room) as u16 + u16::from(left > 0);
        let behind = canvas.write(4, y, &format!("{} gone", grouped(count as u64)), strong());
        canvas.write(behind + 2, y, &said, quiet());
    }
    let below = 2 + room as u16;
    if left > 0 {
        canvas.write(
            1,
            below,
            &format!("and {} more", grouped(left as u64)),
            quiet(),
        );
    }
}

fn draw_worker(canvas: &mut Canvas<'_>, y: u16, worker: &WorkerPicture) {
    canvas.write_before(3, y, &letter(worker.index), strong());
    let style = state_style(canvas, worker.doing);
    canvas.write(4, y, worker.doing.word(), style);
    let switches = worker.switches_per_request();
    let cells = [
        grouped(worker.held.all()),
        grouped(worker.accepted),
        switches.map_or_else(|| "–".into(), |switches| format!("{switches:.2}")),
        worker.longest_run.to_string(),
        grouped(worker.voluntary.round() as u64),
        grouped(worker.involuntary.round() as u64),
        format!("{:.2}", worker.cpu),
        grouped(worker.respawns),
    ];
    for (((.., end), cell), number) in COLUMNS.iter().zip(cells).zip(NUMBERS) {
        canvas.number_before(*end, y, &cell, plain(), number);
    }
}
