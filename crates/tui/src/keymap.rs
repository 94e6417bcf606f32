//! Keymap: the keys of each command, from the table or from a file.

use std::fmt::{self, Write as _};

use super::command::{Command, Context, Entry, TABLE};
use super::keys::Key;

/// Keys of every command. A command that the file does not name has the keys of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    /// Keys of each row of the table.
    keys: Vec<Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let keys = TABLE.iter().map(|entry| entry.keys.to_vec());
        Self {
            keys: keys.collect(),
        }
    }
}

impl Keymap {
    /// Returns the command of `key` in these contexts, the innermost first.
    pub(super) fn command(&self, key: Key, contexts: &[Context]) -> Option<Command> {
        let bound = |context: &Context| {
            let mut entries = self.entries();
            entries.find(|(entry, keys)| entry.context == *context && keys.contains(&key))
        };
        contexts
            .iter()
            .find_map(bound)
            .map(|(entry, _)| entry.command)
    }

    /// Returns every command with its keys.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'static Entry, &[Key])> {
        TABLE.iter().zip(self.keys.iter().map(Vec::as_slice))
    }

    /// Returns the keys of one command.
    pub(super) fn keys_of(&self, command: Command) -> &[Key] {
        let mut entries = self.entries();
        let found = entries.find(|(entry, _)| entry.command == command);
        found.map_or(&[], |(_, keys)| keys)
    }

    /// Returns the first key of a command as the screen writes it; empty if it has none.
    pub(super) fn label(&self, command: Command) -> String {
        let first = self.keys_of(command).first();
        first.map_or_else(String::new, |key| key.label())
    }

    /// Gives the command in this row of the table other keys.
    pub(super) fn rebind(&mut self, row: usize, keys: Vec<Key>) {
        self.keys[row] = keys;
    }

    /// Returns the rows of the table whose commands conflict with that of `row` over `key`.
    pub(super) fn rivals(&self, row: usize, key: Key) -> impl Iterator<Item = usize> {
        let context = TABLE[row].context;
        let others = self.entries().enumerate();
        others
            .filter(move |(other, (entry, keys))| {
                *other != row && keys.contains(&key) && can_coincide(context, entry.context)
            })
            .map(|(other, _)| other)
    }
}

/// True if both contexts may be active at the same time, and neither is meant to hide the other.
fn can_coincide(one: Context, other: Context) -> bool {
    let holds = |set: &&[Context]| set.contains(&one) && set.contains(&other);
    Context::TOGETHER.iter().any(holds)
}

/// Writes a keys file with the description of each command.
impl fmt::Display for Keymap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "# The keys in force. An unnamed command keeps its keys; [] removes them. ^C always ends.\n\
             \n[keys]\n",
        )?;
        let mut context = None;
        for (entry, keys) in self.entries() {
            if context.replace(entry.context) != Some(entry.context) {
                writeln!(f, "# in {}", entry.context.words())?;
            }
            let mut line = format!("{} = {}", entry.name, value(keys));
            while line.chars().count() < 40 {
                line.push(' ');
            }
            writeln!(line, " # {}", entry.long)?;
            f.write_str(&line)?;
        }
        Ok(())
    }
}

/// Writes keys as TOML: a string for one, an array for several.
fn value(keys: &[Key]) -> String {
    let texts: Vec<String> = keys.iter().map(|key| text(&key.name())).collect();
    match texts.as_slice() {
        [only] => only.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

fn text(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_a_key_has_one_meaning_in_all_places() {
        let map = Keymap::default();
        for (row, entry) in TABLE.iter().enumerate() {
            for key in entry.keys {
                let rivals: Vec<&str> = map.rivals(row, *key).map(|it| TABLE[it].name).collect();
                assert_eq!(rivals, [""; 0], "{} has {key:?}", entry.name);
            }
        }
    }

    #[test]
    fn every_command_has_a_row_and_a_name_of_its_own() {
        for (row, entry) in TABLE.iter().enumerate() {
            let same = |other: &&Entry| other.name == entry.name || other.command == entry.command;
            assert_eq!(TABLE.iter().filter(same).count(), 1, "{}", entry.name);
            assert_eq!(entry.command.entry().name, TABLE[row].name);
            assert!(!entry.short.is_empty() && !entry.long.is_empty());
        }
    }

    #[test]
    fn the_innermost_context_decides() {
        let map = Keymap::default();
        for (contexts, command) in [
            (&[Context::Play][..], Some(Command::Leave)),
            (
                &[Context::Numbers, Context::Play],
                Some(Command::LeaveNumbers),
            ),
            (&[Context::Fault], None),
        ] {
            assert_eq!(map.command(Key::Escape, contexts), command);
        }
    }
}
