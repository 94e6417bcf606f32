//! View of requests: the list, and the course of one request from due to its last byte.

use super::axis::{self, Axis};
use super::canvas::{Canvas, cut, plain, quiet, strong, width_of};
use super::footer;
use super::lanes::cells;
use super::lanes::{NOT_REPORTED, draw_cell};
use super::mark::Target;
use super::request::{class_name, failure_of, latency_of};
use crate::command::Command;
use crate::number::{Number, Part};
use crate::requests::{MOST_LISTED, Parts, RequestFilter, RequestPath, RequestRow, Step};
use crate::state::State;
use concsim_engine::telemetry::{SwitchReason, WaitPurpose};
use concsim_model::palette::Room;
use concsim_model::units::{Elapsed, Stamp, letter};
use concsim_model::words::{grouped, number_of};
use concsim_record::lanes::{Interval, RequestLane, RequestState};

/// Columns: heading, and the column's end.
const COLUMNS: [(&str, u16); 8] = [
    ("request", 10),
    ("due", 30),
    ("latency", 39),
    ("door", 47),
    ("could run", 57),
    ("running", 66),
    ("waiting", 75),
    ("", 79),
];
/// Numbers of the columns; the last column is the letter of a worker.
const NUMBERS: [Option<Number>; 8] = [
    Some(Number::WhichRequest),
    Some(Number::Due),
    Some(Number::Latency),
    Some(Number::Spent(Part::AtTheDoor)),
    Some(Number::Spent(Part::CouldRun)),
    Some(Number::Spent(Part::Running)),
    Some(Number::Spent(Part::Waiting)),
    None,
];
const CLASS_AT: u16 = 12;
const CLASS_WIDTH: u16 = 9;
/// Column at which lanes begin, behind the others, and the least number of columns for them.
const LANES_AT: u16 = 82;
const LEAST_FOR_LANES: u16 = 30;
/// Lines of the lane of one request in projector mode.
const THICK_IN_A_HALL: u16 = 4;

/// Draws the list, or the course of the selected request.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    if state.scenario().server.is_foreign() {
        canvas.write(1, 0, NOT_REPORTED, quiet());
        return;
    }
    match &state.requests.path {
        Some(way) => draw_way(canvas, state, way),
        None => draw_list(canvas, state),
    }
}

pub(super) fn draw_list(canvas: &mut Canvas<'_>, state: &State) {
    let view = &state.requests;
    let behind = canvas.write(1, 0, "REQUESTS", strong());
    let text = heading(state);
    canvas.number(behind + 2, 0, &text, quiet(), Number::RequestsListed);
    let x = behind + 2 + width_of(&text) + 2;
    let commands = [
        (Command::Order, "order"),
        (Command::Others, "others"),
        (Command::OpenRequest, "its way"),
    ];
    let width = canvas.width();
    footer::draw_commands(&mut canvas.part(x, 0, width, 1), state, &commands);
    for (heading, end) in COLUMNS {
        canvas.write_before(end, 1, heading, quiet());
    }
    canvas.write(CLASS_AT, 1, "asked for", quiet());
    let room = usize::from(canvas.height().saturating_sub(2)).max(1);
    let place = view.place();
    // The selected request stays in the middle of a long list.
    let last = view.count().saturating_sub(room);
    let first = place.saturating_sub(room / 2).min(last);
    let before = first.saturating_sub(view.first).min(view.rows.len());
    let shown = &view.rows[before..view.rows.len().min(before + room)];
    for (y, (at, row)) in (2..).zip((first..).zip(shown)) {
        draw_row(canvas, y, state, row, at == place);
    }
    let room_for_lanes = canvas.width().saturating_sub(LANES_AT);
    if room_for_lanes >= LEAST_FOR_LANES {
        let height = canvas.height().saturating_sub(1);
        draw_lanes(&mut canvas.part(LANES_AT, 1, room_for_lanes, height), shown);
    }
}

/// Draws the states of each request since it was due, all on one axis.
fn draw_lanes(canvas: &mut Canvas<'_>, shown: &[RequestRow]) {
    let longest = shown.iter().map(|row| row.latency.0).max().unwrap_or(0);
    let axis = Axis {
        interval: Interval {
            from: Stamp::ZERO,
            to: Stamp(longest.max(1)),
        },
        columns: canvas.width().saturating_sub(1),
    };
    let width = canvas.width();
    axis::draw(&mut canvas.part(0, 0, width, 1), axis, Stamp::NEVER);
    for (y, row) in (1..).zip(shown) {
        draw_lane(canvas, (0, y, 1), &row.lane, row.life.from, axis);
    }
}

/// Draws one lane of `thick` lines, an empty one included; `due` is zero on the axis.
pub(super) fn draw_lane(
    canvas: &mut Canvas<'_>,
    (x, y, thick): (u16, u16, u16),
    lane: &RequestLane,
    due: Stamp,
    axis: Axis,
) {
    let cells = cells::of_requests(std::slice::from_ref(lane), 1, due, axis);
    for (x, cell) in (x..).zip(cells.iter().flatten()) {
        if let Some(cell) = cell {
            draw_cell(canvas, x, (y, thick), *cell);
        }
    }
}

pub(super) fn heading(state: &State) -> String {
    let view = &state.requests;
    let which = match view.only {
        RequestFilter::All => "all so far".to_owned(),
        RequestFilter::Open => "not ended".to_owned(),
        RequestFilter::Failed => "failed".to_owned(),
        RequestFilter::Class(class) => format!("for {}", class_name(state, class)),
    };
    let newest = if view.sent > MOST_LISTED {
        format!(" of the newest {}", grouped(MOST_LISTED as u64))
    } else {
        String::new()
    };
    let count = grouped(view.count() as u64);
    let sort = view.sort.words();
    format!("{which}{newest}: {count}, {sort}")
}

fn draw_row(canvas: &mut Canvas<'_>, y: u16, state: &State, row: &RequestRow, is_picked: bool) {
    let style = if is_picked { strong() } else { plain() };
    canvas.write(0, y, if is_picked { "▸" } else { " " }, strong());
    let failed = failure_of(row);
    let parts = row.parts();
    let part = |of: fn(&Parts) -> Elapsed| match failed {
        None => of(&parts).to_string(),
        Some(_) => String::new(),
    };
    let cells = [
        grouped(number_of(row.request)),
        seconds(row.due),
        latency_of(row),
        part(|parts| parts.door),
        part(|parts| parts.ready),
        part(|parts| parts.running),
        part(|parts| parts.waiting),
        row.worker
            .map_or_else(String::new, |worker| letter(usize::from(worker))),
    ];
    for (((_, end), cell), number) in COLUMNS.iter().zip(cells).zip(NUMBERS) {
        match number {
            Some(number) => canvas.number_before(*end, y, &cell, style, number),
            None => canvas.write_before(*end, y, &cell, style),
        }
    }
    let name = cut(class_name(state, row.class), CLASS_WIDTH);
    canvas.write(CLASS_AT, y, &name, style);
    if let Some(word) = failed {
        // Behind the latency, in the columns of the parts of others.
        canvas.write(COLUMNS[2].1 + 2, y, word, style);
    }
}

/// Formats an instant: `3.217 s`.
fn seconds(at: Stamp) -> String {
    format!("{:.3} s", at.0 as f64 / 1e9)
}

fn draw_way(canvas: &mut Canvas<'_>, state: &State, way: &RequestPath) {
    let row = &way.row;
    let worker = row.worker.map_or_else(
        || "no worker".into(),
        |worker| format!("worker {}", letter(usize::from(worker))),
    );
    let number = grouped(number_of(row.request));
    let behind = canvas.write(1, 0, "REQUEST ", strong());
    let behind = canvas.number(behind, 0, &number, strong(), Number::WhichRequest);
    let ended = failure_of(row).map_or(String::new(), |word| format!(", {word}"));
    let queued = queued(row);
    let text = format!(
        "{} at {worker}, due at {}: {}{queued}{ended}",
        class_name(state, row.class),
        seconds(row.due),
        latency_of(row)
    );
    canvas.number(behind + 2, 0, &text, quiet(), Number::Latency);
    let axis = Axis {
        interval: Interval {
            from: Stamp::ZERO,
            to: Stamp(row.latency.0.max(1)),
        },
        columns: canvas.width().saturating_sub(2),
    };
    let width = canvas.width();
    axis::draw(&mut canvas.part(1, 1, width, 1), axis, Stamp::NEVER);
    let target = Target::Axis {
        interval: axis.interval,
        began: way.row.life.from,
    };
    canvas.mark((1, 1), (axis.columns, 1), target);
    let thick = match canvas.look().room {
        Room::Desk => 1,
        Room::Projector => THICK_IN_A_HALL,
    };
    draw_lane(canvas, (1, 2, thick), &way.lane, way.row.life.from, axis);
    let height = canvas.height().saturating_sub(3 + thick);
    draw_steps(&mut canvas.part(0, 3 + thick, width, height), way);
}

/// Describes the waits of a request in queues: `, 1.80 s of it for a connection`.
fn queued(row: &RequestRow) -> String {
    let waits = row.spent.and_then(|spent| spent.waits);
    let queues = waits.map_or([0.0; 3], |waits| waits.queues());
    let names = ["for a thread", "for a connection", "in the service's queue"];
    let long = queues
        .into_iter()
        .zip(names)
        .filter(|(long, _)| *long > 0.0);
    let text = long.map(|(long, name)| {
        let long = Elapsed((long * 1e6).round() as u64);
        format!(", {long} of it {name}")
    });
    text.collect()
}

/// Draws each step in a line; if there are too many, the first and the last ones.
fn draw_steps(canvas: &mut Canvas<'_>, way: &RequestPath) {
    let mut lines = vec![(
        Elapsed::ZERO,
        None,
        "due, not yet sent".into(),
        Some(way.generator),
    )];
    lines.extend(way.steps.iter().map(|step| {
        let glyph = Some(cells::meaning_of(step.doing, step.queue));
        (step.after, glyph, describe(step, way), Some(step.took))
    }));
    if let Some(read_after) = way.read_after {
        let written = way.row.latency.0.saturating_sub(read_after.0);
        let text = "written, not yet read to its end".into();
        lines.push((Elapsed(written), None, text, Some(read_after)));
    }
    let room = usize::from(canvas.height());
    let hidden = lines.len().saturating_sub(room);
    for y in 0..lines.len().min(room) {
        let is_gap = hidden > 0 && y + 2 == room;
        if is_gap {
            let line = format!("… {} more", grouped(hidden as u64 + 1));
            canvas.write(15, y as u16, &line, quiet());
            continue;
        }
        let place = if hidden > 0 && y + 2 > room {
            y + hidden
        } else {
            y
        };
        let (after, meaning, sentence, took) = &lines[place];
        let y = y as u16;
        let after = format!("+{after}");
        canvas.number_before(11, y, &after, quiet(), Number::StepAfter);
        if let Some(meaning) = meaning {
            canvas.glyphs(13, y, *meaning, 1);
        }
        let behind = canvas.write(15, y, sentence, plain());
        if let Some(took) = took {
            let took = took.to_string();
            canvas.number(behind + 2, y, &took, strong(), Number::StepTook);
        }
    }
}

fn describe(step: &Step, way: &RequestPath) -> String {
    let worker = way.row.worker.map_or_else(String::new, |worker| {
        format!(" in worker {}", letter(usize::from(worker)))
    });
    let reason = match (step.queue, step.wait_reason) {
        (Some(WaitPurpose::Thread), _) => " for a thread of the pool",
        (Some(WaitPurpose::Connection), _) => " for a connection to a service",
        (Some(WaitPurpose::Queue), _) => " in a service's queue",
        (_, Some(SwitchReason::Service)) => " for a service",
        (_, Some(SwitchReason::Timer)) => " for a timer",
        (_, Some(SwitchReason::Client)) => " for its client",
        (_, Some(SwitchReason::Ended | SwitchReason::Yielded) | None) => "",
    };
    match step.doing {
        RequestState::AtTheDoor => "at the door: no worker has taken it".into(),
        RequestState::Ready => format!("ready{worker}, which runs another"),
        RequestState::WantsACore => format!("wants a core{worker}"),
        RequestState::Running => format!("running{worker}"),
        RequestState::Parked => format!("parked{reason}; the process goes on"),
        RequestState::Blocked => format!("blocked{reason}, and with it the process"),
    }
}
