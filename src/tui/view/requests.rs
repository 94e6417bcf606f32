//! The requests one by one, and the way of one of them: what it did when, from due to its last byte.

use super::axis::{self, Axis};
use super::canvas::{Canvas, cut, plain, quiet, strong};
use super::lanes::cells;
use crate::recording::lanes::{Doing, Interval};
use crate::telemetry::{Failure, Then};
use crate::tui::requests::{Ended, MOST_LISTED, Only, RequestRow, Step, Way};
use crate::tui::state::State;
use crate::units::{Elapsed, Stamp, letter};
use crate::words::grouped;

/// Columns: heading, and where the column ends.
const COLUMNS: [(&str, u16); 8] = [
    ("request", 10),
    ("due", 30),
    ("latency", 39),
    ("door", 48),
    ("ready", 57),
    ("running", 66),
    ("waiting", 75),
    ("", 79),
];
const CLASS_AT: u16 = 12;
const CLASS_WIDTH: u16 = 9;

/// Draws the list, or the way of the one that was picked.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    match &state.requests.way {
        Some(way) => draw_way(canvas, state, way),
        None => draw_list(canvas, state),
    }
}

fn draw_list(canvas: &mut Canvas<'_>, state: &State) {
    let view = &state.requests;
    let behind = canvas.write(1, 0, "REQUESTS", strong());
    canvas.write(behind + 2, 0, &heading(state), quiet());
    for (heading, end) in COLUMNS {
        canvas.write_before(end, 1, heading, quiet());
    }
    canvas.write(CLASS_AT, 1, "asked for", quiet());
    let room = usize::from(canvas.height().saturating_sub(2)).max(1);
    let place = view.place();
    // The one that is picked stays in the middle of a long list.
    let last = view.count().saturating_sub(room);
    let first = place.saturating_sub(room / 2).min(last);
    let rows = (view.first..).zip(&view.rows);
    let rows = rows.skip_while(|(at, _)| *at < first).take(room);
    for (y, (at, row)) in (2..).zip(rows) {
        draw_row(canvas, y, state, row, at == place);
    }
}

fn heading(state: &State) -> String {
    let view = &state.requests;
    let which = match view.only {
        Only::All => "all".to_owned(),
        Only::Open => "not ended".to_owned(),
        Only::Failed => "failed".to_owned(),
        Only::Class(class) => format!("for {}", class_name(state, class)),
    };
    let newest = if view.sent > MOST_LISTED {
        format!(" of the newest {}", grouped(MOST_LISTED as u64))
    } else {
        String::new()
    };
    let count = grouped(view.count() as u64);
    let sort = view.sort.words();
    format!("{which}{newest}: {count}, {sort}   o order   / others   Enter its way")
}

fn class_name(state: &State, class: u16) -> &str {
    let class = state.scenario().requests.get(usize::from(class));
    class.map_or("?", |class| &class.name)
}

fn draw_row(canvas: &mut Canvas<'_>, y: u16, state: &State, row: &RequestRow, is_picked: bool) {
    let style = if is_picked { strong() } else { plain() };
    canvas.write(0, y, if is_picked { "▸" } else { " " }, strong());
    let word = state_of(row);
    let part = |of: Option<f64>| match (of, word) {
        (_, Some(_)) => String::new(),
        (None, None) => "–".into(),
        (Some(of), None) => in_time(of),
    };
    let spent = row.spent.as_ref();
    let cells = [
        grouped(u64::from(row.request)),
        seconds(row.due),
        row.latency.to_string(),
        part(spent.map(|spent| spent.door)),
        part(spent.map(|spent| spent.ready + spent.core_wait)),
        part(spent.map(|spent| spent.cpu)),
        part(spent.map(|spent| spent.parked_or_blocked)),
        row.worker
            .map_or_else(String::new, |worker| letter(usize::from(worker))),
    ];
    for ((_, end), cell) in COLUMNS.iter().zip(cells) {
        canvas.write_before(*end, y, &cell, style);
    }
    let name = cut(class_name(state, row.class), CLASS_WIDTH);
    canvas.write(CLASS_AT, y, &name, style);
    if let Some(word) = word {
        // Behind the latency, where the parts of one that was answered stand.
        canvas.write(COLUMNS[2].1 + 2, y, word, style);
    }
}

/// What is to be said of one that was not answered, or not yet.
fn state_of(row: &RequestRow) -> Option<&'static str> {
    match row.ended {
        Some(Ended::Answered) => None,
        Some(Ended::Failed(Failure::Refused)) => Some("refused"),
        Some(Ended::Failed(Failure::Reset)) => Some("reset"),
        Some(Ended::Failed(Failure::Timeout)) => Some("patience was over"),
        Some(Ended::Failed(Failure::Status)) => Some("bad status"),
        None => Some("so far"),
    }
}

fn in_time(milliseconds: f64) -> String {
    Elapsed((milliseconds * 1e6).round() as u64).to_string()
}

/// `3.217 s`
fn seconds(at: Stamp) -> String {
    format!("{:.3} s", at.0 as f64 / 1e9)
}

fn draw_way(canvas: &mut Canvas<'_>, state: &State, way: &Way) {
    let row = &way.row;
    let worker = row.worker.map_or_else(
        || "no worker".into(),
        |worker| format!("worker {}", letter(usize::from(worker))),
    );
    let number = grouped(u64::from(row.request));
    let behind = canvas.write(1, 0, &format!("REQUEST {number}"), strong());
    let ended = state_of(row).map_or(String::new(), |word| format!(", {word}"));
    let said = format!(
        "{} at {worker}, due at {}: {}{ended}",
        class_name(state, row.class),
        seconds(row.due),
        row.latency
    );
    canvas.write(behind + 2, 0, &said, quiet());
    let axis = Axis {
        interval: Interval {
            from: Stamp::ZERO,
            to: Stamp(row.latency.0.max(1)),
        },
        columns: canvas.width().saturating_sub(2),
    };
    let width = canvas.width();
    axis::draw(&mut canvas.part(1, 1, width, 1), axis, Stamp::NEVER);
    let lane = cells::of_requests(std::slice::from_ref(&way.lane), 1, way.life.from, axis);
    for (x, meaning) in (1..).zip(lane.iter().flatten()) {
        if let Some(meaning) = meaning {
            canvas.glyphs(x, 2, *meaning, 1);
        }
    }
    let height = canvas.height().saturating_sub(4);
    draw_steps(&mut canvas.part(0, 4, width, height), way);
}

/// Each step in a line; of too many the first and the last ones.
fn draw_steps(canvas: &mut Canvas<'_>, way: &Way) {
    let mut lines = vec![(
        Elapsed::ZERO,
        None,
        "due, not yet sent".into(),
        Some(way.generator),
    )];
    lines.extend(way.steps.iter().map(|step| {
        let glyph = Some(cells::meaning(step.doing));
        (step.after, glyph, in_words(step, way), Some(step.took))
    }));
    if let Some(read_after) = way.read_after {
        let written = way.row.latency.0.saturating_sub(read_after.0);
        let said = "written, not yet read to its end".into();
        lines.push((Elapsed(written), None, said, Some(read_after)));
    }
    let room = usize::from(canvas.height());
    let hidden = lines.len().saturating_sub(room);
    for y in 0..lines.len().min(room) {
        let is_gap = hidden > 0 && y == room - 2;
        if is_gap {
            let said = format!("… {} more", grouped(hidden as u64 + 1));
            canvas.write(15, y as u16, &said, quiet());
            continue;
        }
        let place = if hidden > 0 && y > room - 2 {
            y + hidden
        } else {
            y
        };
        let (after, meaning, said, took) = &lines[place];
        let y = y as u16;
        canvas.write_before(11, y, &format!("+{after}"), quiet());
        if let Some(meaning) = meaning {
            canvas.glyphs(13, y, *meaning, 1);
        }
        let behind = canvas.write(15, y, said, plain());
        if let Some(took) = took {
            canvas.write(behind + 2, y, &took.to_string(), strong());
        }
    }
}

fn in_words(step: &Step, way: &Way) -> String {
    let worker = way.row.worker.map_or_else(String::new, |worker| {
        format!(" in worker {}", letter(usize::from(worker)))
    });
    let what_for = match step.what_for {
        Some(Then::Service) => " for a service",
        Some(Then::Timer) => " for a timer",
        Some(Then::Client) => " for its client",
        Some(Then::Ended | Then::Yielded) | None => "",
    };
    match step.doing {
        Doing::AtTheDoor => "at the door: no worker has taken it".into(),
        Doing::Ready => format!("ready{worker}, which runs another"),
        Doing::WantsACore => format!("wants a core{worker}"),
        Doing::Running => format!("running{worker}"),
        Doing::Parked => format!("parked{what_for}; the process goes on"),
        Doing::Blocked => format!("blocked{what_for}, and with it the process"),
    }
}
