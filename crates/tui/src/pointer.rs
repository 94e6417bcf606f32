//! The mouse: a click, or a turn of its wheel, somewhere on the screen. Off unless somebody wants it,
//! since a terminal that reports its mouse no longer selects text with it.

/// What was done with the mouse, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Column and line.
    pub at: (u16, u16),
    /// Click or wheel.
    pub gesture: Gesture,
}

/// A gesture of the mouse that the screen understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// The left button was pressed.
    Click,
    /// The wheel was turned away from the user.
    WheelUp,
    /// The wheel was turned towards the user.
    WheelDown,
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
