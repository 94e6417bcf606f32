//! Keys and the mouse as the terminal reports them, in the screen's own terms.

use concsim_tui::{Gesture, Key, Pointer};
use crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

/// Returns the key of a terminal's event; `None` for a release, and for keys without a meaning on the
/// screen.
#[must_use]
pub fn key(event: &KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    let shift = event.modifiers.contains(KeyModifiers::SHIFT);
    Some(match event.code {
        KeyCode::Char('c') if control => Key::Interrupt,
        KeyCode::Char(letter) if control => return Some(Key::Control(letter)),
        KeyCode::Char(character) => Key::Char(character),
        KeyCode::Enter => Key::Enter,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Esc => Key::Escape,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left if shift => Key::FarLeft,
        KeyCode::Right if shift => Key::FarRight,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::F(number @ 1..=12) => Key::Function(number),
        _ => return None,
    })
}

/// Returns the gesture of a terminal's event; `None` for those without a meaning on the screen.
#[must_use]
pub fn pointer(event: MouseEvent) -> Option<Pointer> {
    let gesture = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Gesture::Click,
        MouseEventKind::ScrollUp => Gesture::WheelUp,
        MouseEventKind::ScrollDown => Gesture::WheelDown,
        _ => return None,
    };
    let at = (event.column, event.row);
    Some(Pointer { at, gesture })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_key_is_not_taken_for_its_letter() {
        let press = |character, modifiers| KeyEvent::new(KeyCode::Char(character), modifiers);
        for (event, key) in [
            (press('c', KeyModifiers::CONTROL), Some(Key::Interrupt)),
            (press('q', KeyModifiers::CONTROL), Some(Key::Control('q'))),
            (press('q', KeyModifiers::NONE), Some(Key::Char('q'))),
        ] {
            assert_eq!(super::key(&event), key);
        }
    }
}
