//! Requests in projector mode: for each its latency in large digits and a thick lane.

use super::large_value::{LINES, LargeValue};
use crate::number::Number;
use crate::requests::RequestRow;
use crate::state::State;
use crate::view::axis::{self, Axis};
use crate::view::canvas::{Canvas, cut, strong};
use crate::view::request::{class_name, failure_of, latency_of};
use crate::view::requests;
use concsim_model::units::{Stamp, letter};
use concsim_model::words::{grouped, number_of};
use concsim_record::lanes::Interval;

/// Lines of a request, with an empty one.
const PITCH: u16 = LINES + 1;
/// Lines of heading and axis.
const HEADING: u16 = 2;
/// Columns at which latencies and lanes begin.
const LATENCY_AT: u16 = 16;
const LANES_AT: u16 = 38;

/// Draws as many requests as there is room for, with the selected one in their middle; if two do not fit,
/// lists them as at a desk.
pub(in crate::view) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let (width, height) = (canvas.width(), canvas.height());
    if height < HEADING + 2 * PITCH - 1 {
        requests::draw_list(canvas, state);
        return;
    }
    let view = &state.requests;
    let behind = canvas.write(1, 0, "REQUESTS", strong());
    let text = cut(&requests::heading(state), width - behind - 3);
    canvas.number(behind + 2, 0, &text, strong(), Number::RequestsListed);
    let room = usize::from((height - HEADING + 1) / PITCH);
    let place = view.place();
    let first = place
        .saturating_sub(room / 2)
        .min(view.count().saturating_sub(room));
    let before = first.saturating_sub(view.first).min(view.rows.len());
    let shown = &view.rows[before..view.rows.len().min(before + room)];
    let longest = shown.iter().map(|row| row.latency.0).max().unwrap_or(0);
    let axis = Axis {
        interval: Interval {
            from: Stamp::ZERO,
            to: Stamp(longest.max(1)),
        },
        columns: width.saturating_sub(LANES_AT + 1),
    };
    let mut head = canvas.part(LANES_AT, 1, axis.columns, 1);
    axis::draw(&mut head, axis, Stamp::NEVER);
    for (nth, (at, row)) in (0..).zip((first..).zip(shown)) {
        let mut part = canvas.part(0, HEADING + nth * PITCH, width, PITCH);
        draw_row(&mut part, state, row, at == place);
        requests::draw_lane(
            &mut part,
            (LANES_AT, 0, PITCH),
            &row.lane,
            row.life.from,
            axis,
        );
    }
}

fn draw_row(canvas: &mut Canvas<'_>, state: &State, row: &RequestRow, is_picked: bool) {
    canvas.write(0, 0, if is_picked { "▸" } else { " " }, strong());
    let number = format!("request {}", grouped(number_of(row.request)));
    canvas.number(1, 0, &number, strong(), Number::WhichRequest);
    let name = cut(class_name(state, row.class), LATENCY_AT - 2);
    canvas.write(1, 1, &name, strong());
    let worker = row.worker.map(|worker| letter(usize::from(worker)));
    let worker = worker.map_or_else(|| "no worker".into(), |it| format!("worker {it}"));
    let text = failure_of(row).map_or(worker, str::to_owned);
    canvas.write(1, 2, &cut(&text, LATENCY_AT - 2), strong());
    LargeValue::of(&latency_of(row)).draw(canvas, (LATENCY_AT, 0), Number::Latency);
}
