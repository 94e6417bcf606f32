//! The mouse: a click, or a turn of its wheel, somewhere on the screen. Off unless somebody wants it,
//! since a terminal that reports its mouse no longer selects text with it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

/// What was done with the mouse, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Column and line.
    pub(super) at: (u16, u16),
    pub(super) deed: Deed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Click,
    WheelUp,
    WheelDown,
}

impl Pointer {
    /// The deed of a terminal's event; `None` for those that mean nothing here.
    #[must_use]
    pub fn of(event: &MouseEvent) -> Option<Self> {
        let deed = match event.kind {
            MouseEventKind::Down(MouseButton::Left) => Deed::Click,
            MouseEventKind::ScrollUp => Deed::WheelUp,
            MouseEventKind::ScrollDown => Deed::WheelDown,
            _ => return None,
        };
        let at = (event.column, event.row);
        Some(Self { at, deed })
    }
}

/// Who has the mouse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mouse {
    /// The terminal, to select text with.
    #[default]
    Terminals,
    /// This program.
    Ours,
}

impl Mouse {
    /// The other one.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Terminals => Self::Ours,
            Self::Ours => Self::Terminals,
        }
    }
}
