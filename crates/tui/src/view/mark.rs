//! Marks of the screen: numbers that can be explained, keys and an axis that can be clicked. Views mark these
//! while they draw.

use ratatui_core::layout::{Position, Rect};

use crate::command::Command;
use crate::number::Number;
use concsim_model::units::Stamp;
use concsim_record::lanes::Interval;

/// Target of a click.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// Number to be explained.
    Number(Number),
    /// Command of a key.
    Command(Command),
    /// Axis: the instants from its left edge to its right one, counted from `began`.
    Axis { interval: Interval, began: Stamp },
}

/// Cells and their target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) area: Rect,
    pub(super) target: Target,
}

impl Mark {
    /// True if it contains this cell.
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
