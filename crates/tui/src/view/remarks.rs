//! Remarks that apply now, the most telling first: sentence, evidence, advice.

use ratatui_core::style::Style;

use super::canvas::{Canvas, plain, quiet, strong, width_of, wrap};
use super::{footer, header};
use crate::command::Command;
use crate::state::State;
use concsim_model::words::counted;
use concsim_record::remark::Remark;

/// Columns at which sentences begin, and their evidence.
const TEXT_COLUMN: u16 = 1;
const BECAUSE_AT: u16 = 4;

/// Line of the list.
struct Line {
    at: u16,
    text: String,
    style: Style,
}

/// Draws the list, beginning at the line scrolled to.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let behind = canvas.write(1, 0, "REMARKS", strong());
    canvas.write(behind + 2, 0, &second(state), quiet());
    let (width, height) = (canvas.width(), canvas.height());
    draw_list(
        &mut canvas.part(0, 2, width, height.saturating_sub(2)),
        state,
    );
}

/// Describes the second of the remarks: they change less often than the numbers, so that they can be read.
pub(super) fn second(state: &State) -> String {
    if state.remarks_at == state.shown().picture.sampled {
        return "on the last second".to_owned();
    }
    let at = state.remarks_at.since(state.shown().began).as_secs_f64();
    format!("on the second up to {at:.2} s")
}

/// Draws the remarks on a small screen.
pub(super) fn draw_small(canvas: &mut Canvas<'_>, state: &State) {
    header::draw_small(canvas, state);
    let (width, height) = (canvas.width(), canvas.height());
    let lines = lines(state, width);
    let room = usize::from(height.saturating_sub(4));
    let first = state.scrolled.min(lines.len().saturating_sub(room));
    let end = lines.len().min(first + room);
    draw_lines(
        &mut canvas.part(0, 3, width, height.saturating_sub(4)),
        &lines[first..end],
    );
    let below = lines.len() - end;
    let text = match (first, below) {
        (0, 0) => String::new(),
        (above, 0) => format!("↑ {above} above"),
        (_, below) => format!("↑ ↓ {below} more below"),
    };
    let mut last = canvas.part(0, height.saturating_sub(1), width, 1);
    let room = width.saturating_sub(width_of(&text) + 2);
    let commands = [(Command::Help, "help"), (Command::Quit, "quit")];
    footer::draw_commands(&mut last.part(0, 0, room, 1), state, &commands);
    last.write_before(width.saturating_sub(1), 0, &text, quiet());
}

fn draw_list(canvas: &mut Canvas<'_>, state: &State) {
    let lines = lines(state, canvas.width());
    let room = usize::from(canvas.height());
    if lines.len() <= room {
        draw_lines(canvas, &lines);
        return;
    }
    // The last line counts the lines that do not fit.
    let room = room.saturating_sub(1);
    let first = state.scrolled.min(lines.len() - room);
    draw_lines(canvas, &lines[first..first + room]);
    let (above, below) = (first as u64, (lines.len() - room - first) as u64);
    let text = format!("↑ ↓ {} above, {below} below", counted(above, "line"));
    canvas.write(TEXT_COLUMN, room as u16, &text, quiet());
}

fn draw_lines(canvas: &mut Canvas<'_>, lines: &[Line]) {
    for (y, line) in (0..).zip(lines) {
        canvas.write(line.at, y, &line.text, line.style);
    }
}

fn lines(state: &State, width: u16) -> Vec<Line> {
    let remarks = &state.remarks;
    if remarks.is_empty() {
        let text = "No remark.".into();
        return vec![Line {
            at: TEXT_COLUMN,
            text,
            style: plain(),
        }];
    }
    let mut lines = Vec::new();
    for remark in remarks {
        if !lines.is_empty() {
            lines.push(Line {
                at: 0,
                text: String::new(),
                style: plain(),
            });
        }
        add(&mut lines, remark, state.hides_answers(), width);
    }
    lines
}

fn add(lines: &mut Vec<Line>, remark: &Remark, with_advice: bool, width: u16) {
    let mut add = |at: u16, text: &str, style: Style| {
        let wrapped = wrap(text, width.saturating_sub(at + 1));
        lines.extend(wrapped.into_iter().map(|text| Line { at, text, style }));
    };
    add(TEXT_COLUMN, &remark.sentence(), strong());
    add(
        BECAUSE_AT,
        &format!("{}: {}", remark.kind.code(), remark.evidence),
        quiet(),
    );
    if let Some(advice) = remark.advice.as_ref().filter(|_| with_advice) {
        add(BECAUSE_AT, advice, plain());
    }
}
