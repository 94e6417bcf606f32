//! Reads one table of a scenario key by key. An unknown key is a mistake, and so is a value without the shape
//! of its key. After a mistake a legal value stands in, so that reading goes on and finds the others.

use super::boot::FAILS;
use super::key_word::KeyWord;
use super::keys::{Section, Shape};
use super::problem::{Mistake, Place, Problem, did_you_mean, one_of};
use super::quantity::{self, Time};
use super::rate;
use super::tree::{self, Node, Table, Value};
use super::word_offers::{self, WordPlace};
use super::words::{Cursor, Word};
use super::{Boot, Draw, Overshoot};
use crate::units::{CpuTime, Elapsed};

/// A table that is being read.
pub(super) struct Fields<'a> {
    section: &'static Section,
    /// `server`; empty for the file itself.
    path: String,
    table: Option<&'a Table>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Fields<'a> {
    /// Begins to read `table`; a key that `section` lacks is a mistake.
    pub(super) fn new(
        section: &'static Section,
        path: &str,
        table: Option<&'a Table>,
        problems: &'a mut Vec<Problem>,
    ) -> Self {
        let fields = Self {
            section,
            path: path.to_owned(),
            table,
            problems,
        };
        for entry in table.iter().flat_map(|table| &table.entries) {
            if let Some(problem) = fields.unknown_key(&entry.key, &entry.place) {
                fields.problems.push(problem);
            }
        }
        fields
    }

    fn unknown_key(&self, key: &str, place: &Place) -> Option<Problem> {
        if self.section.names().any(|name| name == key) {
            return None;
        }
        let whole = self.path_of(key);
        let problem = Problem::new(place, format!("`{whole}` is not a key"));
        let known = self.section.names();
        Some(
            problem
                .legal(format!("keys here: {}", one_of(known.clone())))
                .hint(
                    word_offers::hint(key, WordPlace::KeyOf(&self.path))
                        .or(did_you_mean(key, known)),
                ),
        )
    }

    /// Returns the value in the text, if there is one.
    pub(super) fn given(&self, name: &str) -> Option<&'a Node> {
        Some(&self.table?.get(name)?.node)
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    pub(super) fn whole(&mut self, name: &str) -> u64 {
        self.read(name, whole).unwrap_or(1)
    }

    /// Reads a number of processes; `"cores"` stands for `cores`.
    pub(super) fn workers(&mut self, name: &str, cores: usize) -> usize {
        self.read(name, |node, asked| match node.text() {
            Some("cores") => Ok(cores),
            _ => whole(node, asked).map(|workers| workers as usize),
        })
        .unwrap_or(1)
    }

    pub(super) fn share(&mut self, name: &str) -> f64 {
        self.read(name, share).unwrap_or(1.0)
    }

    pub(super) fn length(&mut self, name: &str) -> Elapsed {
        self.read(name, length).unwrap_or(Elapsed::from_secs(1))
    }

    /// Reads a length as [`Self::length`] does, for a key without default.
    pub(super) fn length_if_given(&mut self, name: &str) -> Option<Elapsed> {
        self.given(name)?;
        self.read(name, length)
    }

    /// Reads a length of CPU time, or `fails`.
    pub(super) fn boot(&mut self, name: &str) -> Boot {
        let read = |node: &Node, asked: &KeyContext| match node.text() {
            Some(FAILS) => Ok(Boot::Fails),
            _ => length(node, asked).map(|length| Boot::Takes(CpuTime(length.0))),
        };
        self.read(name, read).unwrap_or_default()
    }

    pub(super) fn draw(&mut self, name: &str) -> Draw {
        let read = |node: &Node, asked: &KeyContext| {
            let text = node.text().ok_or_else(|| wrong_kind(node, asked))?;
            let mut cursor = Cursor::new(text);
            let draw = quantity::draw(&mut cursor).map_err(|mistake| at(node, mistake))?;
            cursor.end().map_err(|mistake| at(node, mistake))?;
            Ok(draw)
        };
        self.read(name, read).unwrap_or(Draw::Fixed(0))
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        let read = |node: &Node, asked: &KeyContext| match node.value {
            Value::Flag(flag) => Ok(flag),
            _ => Err(wrong_kind(node, asked)),
        };
        self.read(name, read).unwrap_or(false)
    }

    /// Reads the lock around computing: if there is one, and if an extension has turned it on again.
    pub(super) fn lock(&mut self, name: &str) -> (bool, bool) {
        let read = |node: &Node, asked: &KeyContext| match node.value {
            Value::Flag(flag) => Ok((flag, false)),
            _ if node.text() == Some("returns") => Ok((true, true)),
            _ => Err(wrong_kind(node, asked)),
        };
        self.read(name, read).unwrap_or((true, false))
    }

    /// Reads a length of time, or a list of quantiles: `["p50 60us", "p99 200us"]`.
    pub(super) fn overshoot(&mut self, name: &str) -> Overshoot {
        let read = |node: &Node, asked: &KeyContext| match node.list() {
            None => length(node, asked).map(Overshoot::constant),
            Some(nodes) => quantiles(nodes, asked),
        };
        self.read(name, read).unwrap_or_default()
    }

    pub(super) fn rate(&mut self, name: &str) -> f64 {
        let read = |node: &Node, asked: &KeyContext| {
            let text = node.text().ok_or_else(|| wrong_kind(node, asked))?;
            rate::read(&Word::only(text)).map_err(|mistake| at(node, mistake))
        };
        self.read(name, read).unwrap_or(1.0)
    }

    /// Reads a number of bytes.
    pub(super) fn size(&mut self, name: &str) -> u64 {
        let read = |node: &Node, asked: &KeyContext| {
            let text = node.text().ok_or_else(|| wrong_kind(node, asked))?;
            quantity::size(&Word::only(text)).map_err(|mistake| at(node, mistake))
        };
        self.read(name, read).unwrap_or(0)
    }

    /// Reads one of the words that the key allows; the first after a mistake.
    pub(super) fn choice<T: Copy>(&mut self, name: &str, table: &[(T, KeyWord)]) -> T {
        let word = self.read(name, word);
        let found = table.iter().find(|(_, known)| Some(known.word) == word);
        found.unwrap_or(&table[0]).0
    }

    /// Reads a list of values; `None` after a mistake.
    pub(super) fn list(&mut self, name: &str) -> Option<&'a [Node]> {
        let list = self.given(name).and_then(Node::list);
        if list.is_none() {
            self.read(name, |node, asked| Err::<(), _>(wrong_kind(node, asked)));
        }
        list
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.given(name)?;
        self.read(name, |node, asked| {
            let text = node.text().ok_or_else(|| wrong_kind(node, asked))?;
            Ok(text.to_owned())
        })
    }

    /// Converts the value, or the default, with `how`. `None` after a mistake, which is noted, and if there is
    /// neither.
    fn read<T>(
        &mut self,
        name: &str,
        how: impl FnOnce(&Node, &KeyContext) -> Result<T, Problem>,
    ) -> Option<T> {
        let key = self
            .section
            .key(name)
            .expect("only keys of the table are read");
        let default;
        let node = if let Some(given) = self.given(name) {
            given
        } else {
            let text = key.default?;
            default = tree::value(text, 0..text.len(), 0)?;
            &default
        };
        let asked = KeyContext {
            shape: key.shape,
            path: self.path_of(name),
        };
        how(node, &asked)
            .map_err(|problem| self.problems.push(problem))
            .ok()
    }

    /// Notes a mistake.
    pub(super) fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// The key that is read.
struct KeyContext {
    shape: Shape,
    /// `server.workers`
    path: String,
}

/// Returns the problem of a mistake in a text, at its place in the file.
pub(super) fn at(node: &Node, mistake: Mistake) -> Problem {
    Problem::new(&node.part(&mistake.range), mistake.message).hint(mistake.hint)
}

/// Reports a value of the wrong kind: `server.workers` cannot be "many".
fn wrong_kind(node: &Node, asked: &KeyContext) -> Problem {
    let mut literal = node.literal();
    if literal.chars().count() > 40 {
        literal = literal.chars().take(40).chain(['…']).collect();
    }
    Problem::new(&node.place, format!("`{}` cannot be {literal}", asked.path))
        .legal(asked.shape.to_string())
        .hint(suggestion(node, &asked.shape))
}

fn suggestion(node: &Node, shape: &Shape) -> Option<String> {
    match (&node.value, shape) {
        (Value::List(_), Shape::Steps) => None,
        (Value::List(_), _) => Some("a single value: this key cannot vary".into()),
        (
            Value::Whole(number),
            Shape::Length { .. } | Shape::NeverOr { .. } | Shape::Boot { .. } | Shape::Draw,
        ) if *number >= 0 => Some(format!(
            "write a unit and quotes: \"{number}s\" or \"{number}ms\""
        )),
        (Value::Whole(number), Shape::Rate) if *number > 0 => {
            Some(format!("write a unit and quotes: \"{number}/s\""))
        }
        (Value::Whole(number), Shape::Size) if *number >= 0 => {
            Some(format!("write a unit and quotes: \"{number}MB\""))
        }
        (Value::Text { text, .. }, Shape::Whole { .. } | Shape::Workers { .. }) => {
            let number: u64 = text.parse().ok()?;
            Some(format!("write it without quotes: {number}"))
        }
        (Value::Text { .. }, Shape::Steps) => {
            Some("write it in brackets: a list of sentences".into())
        }
        _ => None,
    }
}

fn whole(node: &Node, asked: &KeyContext) -> Result<u64, Problem> {
    let (least, most) = match asked.shape {
        Shape::Whole { least, most } => (least, most),
        Shape::Workers { most } => (1, most),
        _ => (0, u64::MAX),
    };
    let number = match node.value {
        Value::Whole(number) => u64::try_from(number).ok(),
        _ => None,
    };
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| wrong_kind(node, asked))
}

fn share(node: &Node, asked: &KeyContext) -> Result<f64, Problem> {
    let most = match asked.shape {
        Shape::Share { most } => most,
        _ => f64::MAX,
    };
    let number = match node.value {
        Value::Whole(number) => number as f64,
        Value::Number(number) => number,
        _ => f64::NAN,
    };
    if (0.0..=most).contains(&number) {
        return Ok(number);
    }
    Err(wrong_kind(node, asked))
}

fn length(node: &Node, asked: &KeyContext) -> Result<Elapsed, Problem> {
    let text = node.text().ok_or_else(|| wrong_kind(node, asked))?;
    let length = quantity::length(&Word::only(text)).map_err(|mistake| at(node, mistake))?;
    let legal = match asked.shape {
        Shape::Length { least, most } => (least..=most).contains(&length),
        Shape::Boot { most } => length <= most,
        Shape::NeverOr { least, most } => length == 0 || (least..=most).contains(&length),
        _ => true,
    };
    if legal {
        return Ok(Elapsed(length));
    }
    let length = Time(length);
    Err(
        Problem::new(&node.place, format!("`{}` cannot be {length}", asked.path))
            .legal(asked.shape.to_string()),
    )
}

fn word(node: &Node, asked: &KeyContext) -> Result<&'static str, Problem> {
    let Shape::Word(words) = asked.shape else {
        return Err(wrong_kind(node, asked));
    };
    let Some(text) = node.text() else {
        return Err(wrong_kind(node, asked));
    };
    if let Some(known) = words.iter().find(|known| known.word == text) {
        return Ok(known.word);
    }
    let meant = word_offers::hint(text, WordPlace::ValueOf(&asked.path));
    let meant = meant.or_else(|| did_you_mean(text, words.iter().map(|known| known.word)));
    Err(wrong_kind(node, asked).hint(meant))
}

/// Reads `["min 5us", "p50 60us", "p99 200us", "max 1ms"]`, ascending in both.
fn quantiles(nodes: &[Node], asked: &KeyContext) -> Result<Overshoot, Problem> {
    let mut table: Vec<(f64, u64)> = Vec::new();
    for node in nodes {
        let text = node.text().ok_or_else(|| wrong_kind(node, asked))?;
        let mut cursor = Cursor::new(text);
        let share = cursor.word().and_then(|word| share_of(word.text));
        let (Some(share), Some(length)) = (share, cursor.word()) else {
            return Err(wrong_kind(node, asked));
        };
        let length = quantity::step_length(&length).map_err(|mistake| at(node, mistake))?;
        let ascends = |(before, least): &(f64, u64)| *before < share && *least <= length;
        if !table.last().is_none_or(ascends) {
            let message = format!("values must increase: `{text}` is not above the previous one");
            return Err(Problem::new(&node.place, message).legal(asked.shape.to_string()));
        }
        table.push((share, length));
    }
    Ok(Overshoot(table))
}

/// Returns `min`, `p50`, `p99.9`, `max` as a share.
fn share_of(word: &str) -> Option<f64> {
    match word {
        "min" => Some(0.0),
        "max" => Some(1.0),
        _ => {
            let percent: f64 = word.strip_prefix('p')?.parse().ok()?;
            (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
        }
    }
}
