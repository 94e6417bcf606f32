//! Keys and what they do: the table that the help and the bottom line are made of.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// Enter.
    Enter,
    /// Backspace.
    Backspace,
    /// Escape.
    Escape,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// The arrow up.
    Up,
    /// The arrow down.
    Down,
    /// The arrow to the left.
    Left,
    /// The arrow to the right.
    Right,
    /// The same with Shift.
    FarLeft,
    /// The same with Shift.
    FarRight,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// ^C: in raw mode it is a key like any other.
    Interrupt,
}

impl Key {
    /// The key of a terminal's event; `None` for releases and for keys that mean nothing here.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        Some(match event.code {
            KeyCode::Char('c') if control => Self::Interrupt,
            KeyCode::Char(_) if control => return None,
            KeyCode::Char(character) => Self::Char(character),
            KeyCode::Enter => Self::Enter,
            KeyCode::Backspace => Self::Backspace,
            KeyCode::Esc => Self::Escape,
            KeyCode::Tab => Self::Tab,
            KeyCode::BackTab => Self::BackTab,
            KeyCode::Up => Self::Up,
            KeyCode::Down => Self::Down,
            KeyCode::Left if shift => Self::FarLeft,
            KeyCode::Right if shift => Self::FarRight,
            KeyCode::Left => Self::Left,
            KeyCode::Right => Self::Right,
            KeyCode::Home => Self::Home,
            KeyCode::End => Self::End,
            KeyCode::PageUp => Self::PageUp,
            KeyCode::PageDown => Self::PageDown,
            _ => return None,
        })
    }
}

/// What the driver is to do about a key. Everything else has been done when it is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Stop playing, and print what there is.
    Quit,
    /// The same, because of ^C: exit status 130.
    Interrupt,
    /// The title card has been read: begin.
    Begin,
    /// Do something to the run that is on.
    Steer(Steer),
}

/// What a person may do to a run while it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// One more worker.
    MoreWorkers,
    /// One worker fewer.
    FewerWorkers,
    /// More clients, or a higher rate.
    MoreLoad,
    /// Fewer clients, or a lower rate.
    LessLoad,
    /// Kill a worker.
    Kill,
    /// Stop a worker, without a word to it.
    Stop,
    /// Let a stopped worker go on.
    Continue,
    /// Replace all workers.
    Reload,
    /// Send a request that computes for long.
    Hog,
}

impl Steer {
    /// What a key asks for: after `f`, a fault.
    pub(super) fn of(key: Key, after_f: bool) -> Option<Self> {
        let Key::Char(letter) = key else {
            return None;
        };
        Some(match (letter, after_f) {
            (']', false) => Self::MoreWorkers,
            ('[', false) => Self::FewerWorkers,
            ('+', false) => Self::MoreLoad,
            ('-', false) => Self::LessLoad,
            ('k', true) => Self::Kill,
            ('s', true) => Self::Stop,
            ('c', true) => Self::Continue,
            ('r', true) => Self::Reload,
            ('h', true) => Self::Hog,
            _ => return None,
        })
    }
}

/// What a key does, in words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding {
    /// The key as it is printed on it.
    pub(super) key: &'static str,
    /// For the bottom line.
    pub(super) short: &'static str,
    /// For the help.
    pub(super) long: &'static str,
}

/// The keys while a variant is played.
pub(super) const BINDINGS: [Binding; 12] = [
    Binding {
        key: "space",
        short: "pause",
        long: "halt here, or go on; a run goes on behind it and is recorded",
    },
    Binding {
        key: ", .",
        short: "step",
        long: "to what happened just before, or just after",
    },
    Binding {
        key: "← →",
        short: "scrub",
        long: "0.1 s back or forward; with Shift 1 s; Home, End",
    },
    Binding {
        key: "< >",
        short: "",
        long: "slower, down to 1/10 000, or faster",
    },
    Binding {
        key: "b n s m",
        short: "",
        long: "begin, next variant, slowest request, marker (M: back)",
    },
    Binding {
        key: "] [ + -",
        short: "",
        long: "one worker more, one fewer; more load, less",
    },
    Binding {
        key: "f",
        short: "",
        long: "k kill, s stop, c continue, r replace all, h hog",
    },
    Binding {
        key: "z x",
        short: "",
        long: "lanes: closer, or from further away; ↑ ↓ other rows",
    },
    Binding {
        key: "o / Enter",
        short: "",
        long: "requests: another order, other ones, the way of one",
    },
    Binding {
        key: "Tab",
        short: "views",
        long: "1 overview 2 lanes 3 latencies 4 compare 5 requests 6 workers",
    },
    Binding {
        key: "?",
        short: "help",
        long: "this help",
    },
    Binding {
        key: "q",
        short: "quit",
        long: "stop and print what there is so far",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_key_is_not_taken_for_its_letter() {
        let press = |character, modifiers| KeyEvent::new(KeyCode::Char(character), modifiers);
        for (event, key) in [
            (press('c', KeyModifiers::CONTROL), Some(Key::Interrupt)),
            (press('q', KeyModifiers::CONTROL), None),
            (press('q', KeyModifiers::NONE), Some(Key::Char('q'))),
        ] {
            assert_eq!(Key::of(&event), key);
        }
    }
}
