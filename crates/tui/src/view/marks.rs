//! What is where on the screen: numbers that can be explained, keys and an axis that can be clicked.
//!
//! Views mark these while they draw. Nothing is kept between two frames: whoever wants to know draws
//! once more, on a sheet of paper that is thrown away.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Position, Rect};

use super::canvas::Canvas;
use crate::command::Command;
use crate::number::Number;
use crate::state::State;
use concsim_model::units::Stamp;
use concsim_record::lanes::Interval;

/// What a person may point at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// To have it explained.
    Number(Number),
    /// As if its key were pressed.
    Command(Command),
    /// The instants from the left edge of an axis to its right one, counted from `began`.
    Axis { interval: Interval, began: Stamp },
}

/// Some cells, and what they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) area: Rect,
    pub(super) target: Target,
}

impl Mark {
    /// Whether it has this cell.
    pub(crate) fn has(&self, (x, y): (u16, u16)) -> bool {
        self.area.contains(Position { x, y })
    }

    pub(crate) fn number(&self) -> Option<Number> {
        match self.target {
            Target::Number(number) => Some(number),
            Target::Command(_) | Target::Axis { .. } => None,
        }
    }
}

/// The numbers on a screen of the state's size, each once, in the order in which one reads.
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

/// What is in a cell, and the share of its width that lies before that cell.
pub(crate) fn at(state: &State, cell: (u16, u16)) -> Option<(Target, f64)> {
    let marks = all(state);
    // What was drawn last lies on top.
    let mark = marks.iter().rev().find(|mark| mark.has(cell))?;
    let before = f64::from(cell.0 - mark.area.x) / f64::from(mark.area.width);
    Some((mark.target, before))
}

/// Everything that a screen of the state's size has, in the order in which it is drawn.
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
