//! Table of workers: state now, counts so far, means of the last second.

use super::canvas::{Canvas, plain, quiet, strong};
use super::worker_list::state_style;
use super::worker_rows::WorkerRows;
use crate::number::Number;
use crate::state::State;
use crate::view_model::WorkerView;
use concsim_engine::memory;
use concsim_model::units::letter;
use concsim_model::words::{grouped, megabytes};

/// Placeholder for the length of time of the means.
const A_SECOND: &str = "1 s";

/// Placeholder for the holder of a worker: a request with its waits, or a coroutine until it yields.
const A_RUN: &str = "run";

/// Columns: heading in three lines, the first of which is the time base, and the column's end.
const COLUMNS: [([&str; 3], u16); 8] = [
    (["now", "", "begun"], 22),
    (["so far", "", "accepted"], 31),
    (["so far", "switches", "/request"], 40),
    (["so far", "longest", A_RUN], 48),
    ([A_SECOND, "", "volunt."], 59),
    ([A_SECOND, "process switches/s", "invol."], 67),
    ([A_SECOND, "", "cores"], 73),
    (["so far", "", "died"], 80),
];
/// Lines of the heading.
const HEADING: u16 = 3;

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

/// Columns of memory, on screens with room for them.
const MEMORY: [([&str; 3], u16, Number); 2] = [
    (
        ["last read", "memory", "PSS"],
        91,
        Number::ProportionalMemory,
    ),
    (
        ["last read", "memory", "private"],
        101,
        Number::PrivateMemory,
    ),
];

/// Width of the table without the columns of memory.
pub(super) const WIDTH: u16 = 80;

/// Draws as many workers as there is room for, beginning at the one scrolled to.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let mean_of = state.shown().picture.mean_of.number();
    canvas.write(1, 0, &format!("{mean_of}: a mean"), quiet());
    draw_age(canvas, state);
    canvas.write(1, HEADING - 1, "WORKER", strong());
    let a_run = if state.scenario().server.kind.has_a_loop() {
        A_RUN
    } else {
        "request"
    };
    for (heading, end) in COLUMNS {
        for (y, words) in (0..).zip(heading) {
            let words = match words {
                A_SECOND => &mean_of,
                A_RUN => a_run,
                words => words,
            };
            canvas.write_before(end, y, words, quiet());
        }
    }
    let has_memory = has_memory(canvas, state);
    for (heading, end, _) in MEMORY.iter().filter(|_| has_memory) {
        for (y, words) in (0..).zip(heading) {
            canvas.write_before(*end, y, words, quiet());
        }
    }
    let listed = WorkerRows::of(&state.shown().picture);
    let workers = &listed.own;
    let shared = listed.shared(canvas.width().saturating_sub(14));
    let taken = HEADING + 1 + u16::from(shared.is_some());
    let room = usize::from(canvas.height().saturating_sub(taken)).max(1);
    let first = state.scrolled.min(workers.len().saturating_sub(room));
    for (y, worker) in (HEADING..).zip(workers.iter().skip(first).take(room)) {
        draw_worker(canvas, y, state, worker);
    }
    let left = workers.len().saturating_sub(first + room);
    if let Some((count, text)) = shared {
        let y = HEADING + (workers.len() - first).min(room) as u16 + u16::from(left > 0);
        let behind = canvas.write(4, y, &format!("{} gone", grouped(count as u64)), strong());
        canvas.write(behind + 2, y, &text, quiet());
    }
    let below = HEADING + room as u16;
    if left > 0 {
        canvas.write(
            1,
            below,
            &format!("and {} more", grouped(left as u64)),
            quiet(),
        );
    }
}

/// True if there is room for the columns of memory, and something to show in them.
fn has_memory(canvas: &Canvas<'_>, state: &State) -> bool {
    let is_shown =
        state.shown().picture.memory_kib.is_some() || memory::is_stated(state.scenario());
    is_shown && canvas.width() > MEMORY[1].1
}

/// Returns the workers that have rows of their own, beginning at the one scrolled to.
pub(super) fn listed_from(state: &State) -> Vec<&WorkerView> {
    let own = WorkerRows::of(&state.shown().picture).own;
    let first = state.scrolled.min(own.len().saturating_sub(1));
    own.into_iter().skip(first).collect()
}

/// Draws the instant of the counts and means: that of the last sample, which may precede the cursor. A live
/// screen shows no instant.
fn draw_age(canvas: &mut Canvas<'_>, state: &State) {
    let (picture, began) = (&state.shown().picture, state.shown().began);
    if !state.is_live() {
        let at = picture.sampled.since(began).as_secs_f64();
        let text = format!("all but `now`: up to {at:.2} s");
        canvas.write(1, 1, &text, quiet());
    }
}

fn draw_worker(canvas: &mut Canvas<'_>, y: u16, state: &State, worker: &WorkerView) {
    let picture = &state.shown().picture;
    let rate = |rate: f64| picture.mean_text(|| grouped(rate.round() as u64));
    canvas.write_before(3, y, &letter(worker.index), strong());
    let style = state_style(canvas, worker.doing);
    canvas.write(4, y, worker.doing.word(), style);
    let switches = worker.switches_per_request();
    let cells = [
        worker.reported(|| grouped(worker.held.all())),
        worker.reported(|| grouped(worker.accepted)),
        switches.map_or_else(|| "–".into(), |switches| format!("{switches:.2}")),
        worker.reported(|| worker.longest_run.to_string()),
        rate(worker.voluntary),
        rate(worker.involuntary),
        picture.mean_text(|| format!("{:.2}", worker.cpu)),
        grouped(worker.respawns),
    ];
    for (((_, end), cell), number) in COLUMNS.iter().zip(cells).zip(NUMBERS) {
        canvas.number_before(*end, y, &cell, plain(), number);
    }
    if has_memory(canvas, state) {
        let sizes = [worker.pss_kib, worker.private_kib];
        for ((_, end, number), kib) in MEMORY.into_iter().zip(sizes) {
            let cell = if kib > 0 {
                megabytes(kib)
            } else {
                "–".into()
            };
            canvas.number_before(end, y, &cell, plain(), number);
        }
    }
}
