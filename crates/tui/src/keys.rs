//! Keys: as the terminal reports them, as files name them, as the screen writes them.
//!
//! Their meaning is in `command` and `keymap`.

use concsim_model::scenario::Steer;

/// Key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Character.
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
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Arrow left with Shift.
    FarLeft,
    /// Arrow right with Shift.
    FarRight,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Letter with Ctrl, except those that a terminal cannot tell from other keys.
    Control(char),
    /// F1 to F12.
    Function(u8),
    /// ^C: in raw mode an ordinary key.
    Interrupt,
}

impl Key {
    /// Returns the key called `name` in files.
    pub(super) fn named(name: &str) -> Option<Self> {
        if let Some((_, key, _)) = NAMES.iter().find(|(known, ..)| *known == name) {
            return Some(*key);
        }
        if let Some(letter) = name.strip_prefix("ctrl-") {
            return only_character(letter)
                .filter(|letter| is_distinct_with_ctrl(*letter))
                .map(Self::Control);
        }
        if let Some(number) = name.strip_prefix('f').filter(|rest| !rest.is_empty()) {
            let number = number.parse().ok().map(Self::Function);
            return number
                .filter(|key| matches!(key, Self::Function(1..=12)) && key.name() == name);
        }
        only_character(name)
            .filter(|it| !it.is_whitespace() && !it.is_control())
            .map(Self::Char)
    }

    /// Returns its name in files. [`Key::Interrupt`] has none: it cannot be bound.
    pub(super) fn name(self) -> String {
        match (self, self.in_names()) {
            (_, Some((name, _))) => name.to_owned(),
            (Self::Char(character), None) => character.to_string(),
            (Self::Control(letter), None) => format!("ctrl-{letter}"),
            (Self::Function(number), None) => format!("f{number}"),
            (_, None) => String::new(),
        }
    }

    /// Returns its label on the screen.
    pub(super) fn label(self) -> String {
        match (self, self.in_names()) {
            (_, Some((_, label))) => label.to_owned(),
            (Self::Char(character), None) => character.to_string(),
            (Self::Control(letter), None) => format!("^{}", letter.to_ascii_uppercase()),
            (Self::Function(number), None) => format!("F{number}"),
            (_, None) => String::new(),
        }
    }

    fn in_names(self) -> Option<(&'static str, &'static str)> {
        let found = NAMES.iter().find(|(_, key, _)| *key == self);
        found.map(|(name, _, label)| (*name, *label))
    }
}

/// Keys that are not a letter: name in files, key, label on the screen.
pub(super) const NAMES: [(&str, Key, &str); 16] = [
    ("space", Key::Char(' '), "space"),
    ("enter", Key::Enter, "Enter"),
    ("backspace", Key::Backspace, "Backspace"),
    ("escape", Key::Escape, "Esc"),
    ("tab", Key::Tab, "Tab"),
    ("shift-tab", Key::BackTab, "Shift-Tab"),
    ("up", Key::Up, "↑"),
    ("down", Key::Down, "↓"),
    ("left", Key::Left, "←"),
    ("right", Key::Right, "→"),
    ("shift-left", Key::FarLeft, "Shift ←"),
    ("shift-right", Key::FarRight, "Shift →"),
    ("home", Key::Home, "Home"),
    ("end", Key::End, "End"),
    ("page-up", Key::PageUp, "PgUp"),
    ("page-down", Key::PageDown, "PgDn"),
];

fn only_character(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// True if a letter with Ctrl is a key of its own: on a terminal ^I is Tab and ^M is Enter, and ^C always
/// ends the run.
fn is_distinct_with_ctrl(letter: char) -> bool {
    letter.is_ascii_lowercase() && !['c', 'i', 'm'].contains(&letter)
}

/// Action for the driver after a key. Everything else is done before it is returned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Stop playing, and print the results so far.
    Quit,
    /// The same, because of ^C: exit status 130.
    Interrupt,
    /// Begin the variant of the title card.
    Begin,
    /// Intervene in the live run.
    Steer(Steer),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_can_be_named_is_found_by_its_name() {
        let letters = ['a', 'Z', '?', '\'', '"', '\\', 'é', '-'].map(Key::Char);
        let named = NAMES.map(|(_, key, _)| key);
        let others = [Key::Control('a'), Key::Function(5), Key::Function(12)];
        for key in letters.into_iter().chain(named).chain(others) {
            assert_eq!(Key::named(&key.name()), Some(key));
        }
    }

    #[test]
    fn keys_that_no_terminal_distinguishes_are_refused() {
        for name in [
            "", " ", "ctrl-i", "ctrl-m", "ctrl-c", "ctrl-", "ctrl-tab", "f13", "f0", "esc",
        ] {
            assert_eq!(Key::named(name), None, "{name}");
        }
    }
}
