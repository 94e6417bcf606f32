//! TOML as a tree of values, each with its place in the source, so that pieces of several texts can be laid
//! over one another and a mistake still points at its line.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Lines, Place, Problem, Scope};

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Place of the value in its source.
    pub place: Place,
}

/// A value of TOML.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string.
    Text {
        /// The string without quotes and escapes.
        text: String,
        /// Byte at which it begins in the source, if it stands there without escapes.
        begin: Option<usize>,
    },
    /// An integer.
    Whole(i128),
    /// A float.
    Number(f64),
    /// A boolean.
    Flag(bool),
    /// A date, which no key takes.
    Date(String),
    /// An array.
    List(Vec<Node>),
    /// A table, in any of TOML's forms.
    Table(Table),
}

/// Keys with their values, in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The entries.
    pub entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key without quotes.
    pub key: String,
    /// Place of the key in its source.
    pub place: Place,
    /// The value.
    pub node: Node,
}

impl Node {
    /// Returns a text that stands in its source without quotes.
    pub(super) fn bare(text: &str, place: Place) -> Self {
        let begin = Some(place.start);
        let text = text.to_owned();
        Self {
            value: Value::Text { text, begin },
            place,
        }
    }

    /// Returns the string; `None` for every other value.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Returns the array; `None` for every other value.
    pub fn list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(nodes) => Some(nodes),
            _ => None,
        }
    }

    /// Returns the table; `None` for every other value.
    pub fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Returns the place of a part of this text; of all of it if it was written with escapes.
    pub(super) fn part(&self, range: &Range<usize>) -> Place {
        match self.value {
            Value::Text {
                begin: Some(begin), ..
            } => Place::new(self.place.source, begin + range.start..begin + range.end),
            _ => self.place.clone(),
        }
    }

    /// Returns it as TOML, on one line.
    pub fn literal(&self) -> String {
        match &self.value {
            Value::Text { text, .. } => quoted(text),
            Value::Whole(number) => number.to_string(),
            Value::Number(number) => toml::Value::from(*number).to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Date(date) => date.clone(),
            Value::List(nodes) => {
                let nodes: Vec<String> = nodes.iter().map(Self::literal).collect();
                format!("[{}]", nodes.join(", "))
            }
            Value::Table(table) => {
                let entries = table.entries.iter();
                let entries: Vec<String> = entries
                    .map(|entry| format!("{} = {}", entry.key, entry.node.literal()))
                    .collect();
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }
}

impl Table {
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.key == key)
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Entry> {
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(index))
    }

    /// Returns the entry at the end of `path`.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Entry> {
        let (key, rest) = path.split_first()?;
        let entry = self.get(key)?;
        if rest.is_empty() {
            Some(entry)
        } else {
            entry.node.table()?.at(rest)
        }
    }

    /// Returns the table under `key`, if there is one.
    pub(super) fn table_mut(&mut self, key: &str) -> Option<&mut Self> {
        match &mut self.get_mut(key)?.node.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Lays `over` on top: tables are merged, everything else is replaced.
    pub(super) fn merge_over(&mut self, over: &Self) {
        for entry in &over.entries {
            let Some(under) = self.get_mut(&entry.key) else {
                self.entries.push(entry.clone());
                continue;
            };
            match (&mut under.node.value, &entry.node.value) {
                (Value::Table(under), Value::Table(over)) => under.merge_over(over),
                _ => *under = entry.clone(),
            }
        }
    }

    /// Returns the tree that has nothing but `node` at the end of `path`; each key with its place.
    pub(super) fn of_path(path: &[(&str, Place)], node: Node) -> Self {
        let mut table = Self::default();
        if let Some(((key, place), rest)) = path.split_first() {
            let node = if rest.is_empty() {
                node
            } else {
                Node {
                    value: Value::Table(Self::of_path(rest, node)),
                    place: place.clone(),
                }
            };
            table.entries.push(Entry {
                key: (*key).to_owned(),
                place: place.clone(),
                node,
            });
        }
        table
    }

    /// Returns the number of its values, at any depth.
    pub(super) fn size(&self) -> usize {
        let sizes = self.entries.iter().map(|entry| match &entry.node.value {
            Value::Table(table) => table.size(),
            _ => 1,
        });
        sizes.sum()
    }
}

/// Returns a text in quotes, on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                quoted.extend(format!("\\u{:04X}", u32::from(control)).chars());
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Reads TOML as far as possible, and reports its mistakes: at most one for each line, since further ones are
/// consequences of the first.
pub fn read(text: &str, source: usize) -> (Table, Vec<Problem>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let lines = Lines::of(text);
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for error in errors {
        let range = error.span().unwrap_or(0..0);
        if seen.insert(lines.number(range.start)) {
            let place = Place::new(source, range);
            let mut problem = Problem::new(&place, format!("not TOML: {}", error.message()));
            problem.scope = Scope::Syntax;
            problems.push(problem);
        }
    }
    let reader = Reader {
        text,
        source,
        offset: 0,
    };
    (reader.table(table.get_ref()), problems)
}

/// Reads one TOML value, as it stands behind a `=`; `None` if it is none.
pub(super) fn value(text: &str, part: Range<usize>, source: usize) -> Option<Node> {
    let value = DeValue::parse(&text[part.clone()]).ok()?;
    let reader = Reader {
        text: &text[part.clone()],
        source,
        offset: part.start,
    };
    Some(reader.node(&value))
}

/// Converts the output of the TOML crate, with places.
struct Reader<'t> {
    text: &'t str,
    source: usize,
    /// Byte at which `text` begins in the source.
    offset: usize,
}

impl Reader<'_> {
    fn table(&self, table: &DeTable<'_>) -> Table {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                place: self.place(&key.span()),
                node: self.node(value),
            })
            .collect();
        entries.sort_by_key(|entry| entry.place.start);
        Table { entries }
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let span = value.span();
        Node {
            value: match value.get_ref() {
                DeValue::String(text) => Value::Text {
                    text: text.to_string(),
                    begin: self.verbatim(text, &span),
                },
                DeValue::Integer(number) => whole(number.as_str(), number.radix()),
                DeValue::Float(number) => {
                    Value::Number(number.as_str().parse().unwrap_or(f64::NAN))
                }
                DeValue::Boolean(flag) => Value::Flag(*flag),
                DeValue::Datetime(date) => Value::Date(date.to_string()),
                DeValue::Array(nodes) => {
                    Value::List(nodes.iter().map(|node| self.node(node)).collect())
                }
                DeValue::Table(table) => Value::Table(self.table(table)),
            },
            place: self.place(&span),
        }
    }

    fn place(&self, span: &Range<usize>) -> Place {
        Place::new(
            self.source,
            self.offset + span.start..self.offset + span.end,
        )
    }

    /// Returns the byte at which `text` begins within its quotes, if it has no escapes.
    fn verbatim(&self, text: &str, span: &Range<usize>) -> Option<usize> {
        let written = self.text.get(span.clone())?;
        let quotes = written.len().checked_sub(text.len())? / 2;
        (written.get(quotes..quotes + text.len())? == text)
            .then_some(self.offset + span.start + quotes)
    }
}

/// Returns a whole number, also one beyond all bounds.
fn whole(digits: &str, radix: u32) -> Value {
    let saturated = if digits.starts_with('-') {
        i128::MIN
    } else {
        i128::MAX
    };
    Value::Whole(i128::from_str_radix(digits, radix).unwrap_or(saturated))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, path: &[&str], literal: &str) {
        let (tree, problems) = read(text, 0);
        assert_eq!(problems, []);
        assert_eq!(
            tree.at(path).map(|entry| entry.node.literal()).as_deref(),
            Some(literal)
        );
    }

    #[test]
    fn values_are_found_by_their_path_and_written_back() {
        check("a.b = 1_000", &["a", "b"], "1000");
        check(
            "[a]\nb = ['x', \"y\\n\", 1.5, true]",
            &["a", "b"],
            "[\"x\", \"y\\n\", 1.5, true]",
        );
        check("a = 0x10\nb = 2", &["b"], "2");
    }

    #[test]
    fn tables_are_merged_and_values_replaced() {
        let (mut under, _) = read("[a]\nb = 1\nc = [1, 2]", 0);
        let (over, _) = read("a.c = 3\nd = 4", 1);
        under.merge_over(&over);
        let all: Vec<String> = under
            .entries
            .iter()
            .map(|entry| entry.node.literal())
            .collect();
        assert_eq!(all, ["{ b = 1, c = 3 }", "4"]);
    }

    #[test]
    fn a_part_of_a_text_is_found_unless_it_was_escaped() {
        for (text, found) in [
            ("a = \"one two\"", "two"),
            ("a = 'one two'", "two"),
            ("a = \"\"\"one two\"\"\"", "two"),
            ("a = \"one\\u0020two\"", "\"one\\u0020two\""),
        ] {
            let (tree, _) = read(text, 0);
            let place = tree.entries[0].node.part(&(4..7));
            assert_eq!(&text[place.start..place.end], found);
        }
    }

    #[test]
    fn every_line_that_is_no_toml_is_one_mistake() {
        let text = "this is no toml\n[server\nkind = = 3\nworkers = 2\n";
        let (_, problems) = read(text, 0);
        let lines: Vec<usize> = problems
            .iter()
            .map(|p| Lines::of(text).number(p.place.start))
            .collect();
        assert_eq!(lines, [1, 2, 3]);
    }
}
