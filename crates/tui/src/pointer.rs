//! Mouse: clicks and turns of the wheel. Off by default, since a terminal that reports its mouse no longer
//! selects text with it.

/// Gesture and its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Column and line.
    pub at: (u16, u16),
    /// Click or wheel.
    pub gesture: Gesture,
}

/// Mouse gesture that the screen understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// The left button was pressed.
    Click,
    /// The wheel was turned away from the user.
    WheelUp,
    /// The wheel was turned towards the user.
    WheelDown,
}

/// Owner of the mouse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mouse {
    /// The terminal, to select text.
    #[default]
    Terminals,
    /// This program.
    Ours,
}

impl Mouse {
    /// Returns the other owner.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Terminals => Self::Ours,
            Self::Ours => Self::Terminals,
        }
    }
}
