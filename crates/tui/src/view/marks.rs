//! Queries for the marks of a screen. Nothing is stored between two frames: a query draws once more, into a
//! buffer that is discarded.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;

use super::canvas::Canvas;
use super::mark::{Mark, Target};
use crate::number::Number;
use crate::state::State;

/// Returns the numbers on a screen of the state's size, each once, in reading order.
pub(crate) fn numbers(state: &State) -> Vec<Number> {
    let mut marks = all(state);
    marks.sort_by_key(|mark| (mark.area.y, mark.area.x));
    let mut numbers = Vec::new();
    for number in marks.iter().filter_map(Mark::number) {
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers
}

/// Returns the target of a cell, and the share of the target's width that lies before that cell.
pub(crate) fn at(state: &State, cell: (u16, u16)) -> Option<(Target, f64)> {
    let marks = all(state);
    // The target drawn last lies on top.
    let mark = marks.iter().rev().find(|mark| mark.has(cell))?;
    let before = f64::from(cell.0 - mark.area.x) / f64::from(mark.area.width);
    Some((mark.target, before))
}

/// Returns all marks of a screen of the state's size, in the order in which they are drawn.
pub(crate) fn all(state: &State) -> Vec<Mark> {
    let (width, height) = state.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let area = buffer.area;
    let mut marks = Vec::new();
    let mut canvas = Canvas::new(&mut buffer, area, state.look).marking(&mut marks);
    super::draw_screen(&mut canvas, state);
    let mut above = Vec::new();
    let mut canvas = Canvas::new(&mut buffer, area, state.look).marking(&mut above);
    super::draw_above(&mut canvas, state, &marks);
    marks.append(&mut above);
    marks
}
