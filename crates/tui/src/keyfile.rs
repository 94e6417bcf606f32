//! Parser of keys files: returns the keys of each command, or all mistakes.
//!
//! ```toml
//! [keys]
//! pause = "p"
//! step-forward = [".", "l"]
//! ```

use super::command::TABLE;
use super::keymap::Keymap;
use super::keys::{Key, NAMES};
use concsim_model::scenario::Problems;
use concsim_model::scenario::problem::{Lines, Place, Problem, Source, did_you_mean};
use concsim_model::scenario::tree::{self, Entry, Node, Table};

/// Name of the only table of the file.
const KEYS: &str = "keys";

impl Keymap {
    /// Parses a keys file; `file` is its origin, for messages.
    ///
    /// # Errors
    /// All mistakes at once.
    pub fn read(text: &str, file: &str) -> Result<Self, Problems> {
        let (tree, problems) = tree::read(text, 0);
        let lines = Lines::of(text);
        let line = |problem: &Problem| lines.number(problem.place.start);
        let mut reading = Reading {
            unread: problems.iter().map(line).collect(),
            lines,
            map: Self::default(),
            written: Vec::new(),
            problems,
        };
        reading.file(&tree);
        reading.rivals();
        if reading.problems.is_empty() {
            return Ok(reading.map);
        }
        let source = Source {
            name: file.to_owned(),
            text: text.to_owned(),
        };
        Err(Problems::new(vec![source], reading.problems))
    }
}

/// State of the parser.
struct Reading<'t> {
    lines: Lines<'t>,
    /// Lines that are not TOML: no other mistake is reported for them.
    unread: Vec<usize>,
    map: Keymap,
    /// Row of the table and key of each place.
    written: Vec<(usize, Key, Place)>,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn file(&mut self, tree: &Table) {
        for entry in &tree.entries {
            match entry.node.table() {
                Some(table) if entry.key == KEYS => {
                    for entry in &table.entries {
                        let line = self.lines.number(entry.place.start);
                        if !self.unread.contains(&line) {
                            self.command(entry);
                        }
                    }
                }
                _ => self.problems.push(unknown_command(entry)),
            }
        }
    }

    fn command(&mut self, entry: &Entry) {
        let Some(row) = TABLE.iter().position(|known| known.name == entry.key) else {
            let message = format!("unknown command `{}`", entry.key);
            let problem = Problem::new(&entry.place, message);
            let names = TABLE.iter().map(|known| known.name);
            let hint = did_you_mean(&entry.key, names);
            let or_all = || Some("`concsim keys` prints all of them".to_owned());
            self.problems.push(problem.hint(hint.or_else(or_all)));
            return;
        };
        let nodes = entry.node.list();
        let nodes = nodes.unwrap_or(std::slice::from_ref(&entry.node));
        let mut keys = Vec::new();
        for node in nodes {
            match key(node, &entry.key) {
                Ok(key) if keys.contains(&key) => {}
                Ok(key) => {
                    keys.push(key);
                    self.written.push((row, key, node.place.clone()));
                }
                Err(problem) => self.problems.push(problem),
            }
        }
        self.map.rebind(row, keys);
    }

    /// Reports a key with two meanings, at the line of the second one.
    fn rivals(&mut self) {
        for (row, key, place) in &self.written {
            let mut rivals = self.map.rivals(*row, *key);
            let is_said_there = |rival: usize| {
                let mut others = self.written.iter();
                others.any(|(other, its, at)| *other == rival && its == key && at > place)
            };
            let Some(rival) = rivals.find(|rival| !is_said_there(*rival)) else {
                continue;
            };
            let name = TABLE[rival].name;
            let key = key.name();
            let problem = Problem::new(place, format!("`{key}` already means `{name}` here"));
            let other = format!("another key for one of the two: `{name}` may be rebound too");
            self.problems.push(problem.hint(other));
        }
    }
}

fn unknown_command(entry: &Entry) -> Problem {
    let problem = Problem::new(
        &entry.place,
        format!("`{}` is not expected here", entry.key),
    );
    problem
        .legal("legal here: a table `[keys]`")
        .hint(did_you_mean(&entry.key, [KEYS]))
}

fn key(node: &Node, command: &str) -> Result<Key, Problem> {
    const LEGAL: &str = "a key such as \"p\" or \"space\", or a list of them";
    let Some(name) = node.text() else {
        let message = format!("`{command}` cannot be {}", node.literal());
        return Err(Problem::new(&node.place, message).legal(LEGAL));
    };
    Key::named(name).ok_or_else(|| {
        if name == "ctrl-c" {
            let message = "`ctrl-c` always ends the run and cannot be rebound";
            return Problem::new(&node.place, message);
        }
        let names = NAMES.map(|(name, ..)| name);
        let all = format!(
            "a character, {}, ctrl-a and the like, f1 to f12",
            names.join(", ")
        );
        Problem::new(&node.place, format!("unknown key `{name}`"))
            .legal(LEGAL)
            .hint(did_you_mean(name, names).unwrap_or(all))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, Context};
    use concsim_model::scenario::{Intervention, Steer};

    #[test]
    fn a_command_has_the_keys_that_the_file_gives_it_and_no_others() {
        let text = "[keys]\npause = 'p'\nmore-workers = ['w', 'f2']\nmouse = []\n";
        let map = Keymap::read(text, "keys.toml").unwrap();
        let play = [
            Context::Play,
            Context::Steering,
            Context::Time,
            Context::Anywhere,
        ];
        for (key, command) in [
            (Key::Char('p'), Some(Command::Pause)),
            (Key::Char(' '), None),
            (
                Key::Function(2),
                Some(Command::Steer(Steer::Intervene(Intervention::AddWorker))),
            ),
            (Key::Char('u'), None),
            (Key::Char('q'), Some(Command::Quit)),
        ] {
            assert_eq!(map.command(key, &play), command, "{key:?}");
        }
    }

    #[test]
    fn two_commands_may_trade_their_keys() {
        let text = "[keys]\nslower = '>'\nfaster = '<'\n";
        let map = Keymap::read(text, "keys.toml").unwrap();
        assert_eq!(map.label(Command::Slower), ">");
    }

    #[test]
    fn a_printed_file_can_be_read_again() {
        let mut map = Keymap::default();
        assert_eq!(Keymap::read(&map.to_string(), "printed").unwrap(), map);
        let awkward = ['"', '\\', '#', '\''].map(Key::Char);
        map.rebind(3, awkward.to_vec());
        map.rebind(1, Vec::new());
        assert_eq!(Keymap::read(&map.to_string(), "printed").unwrap(), map);
    }

    #[test]
    fn every_mistake_is_said_under_its_line() {
        let text = "colour = 'red'\n\
                    [kyes]\n\
                    pause = 'p'\n\
                    [keys]\n\
                    puase = 'p'\n\
                    pause = 'spacebar'\n\
                    step-back = 'spcae'\n\
                    faster = 3\n\
                    quit = ['x', 'ctrl-c']\n\
                    slower = 'q'\n\
                    order = 'n'\n\
                    more-load = '-'\n\
                    search = 'p'\n\
                    step-forward = 'w'\n\
                    next-marker = 'w'\n";
        insta::assert_snapshot!(Keymap::read(text, "keys.toml").unwrap_err());
    }

    #[test]
    fn invalid_toml_is_reported() {
        let problems =
            Keymap::read("[keys]\npause = = 'p'\nquit = 'ww'\n", "keys.toml").unwrap_err();
        assert_eq!(problems.lines().collect::<Vec<_>>(), [Some(2), Some(3)]);
    }
}
