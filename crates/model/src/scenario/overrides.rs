//! Settings that the command line lays over a file: `--set server.workers=4`, `--seed`, `--duration`,
//! `--warmup`, and the selection of variants.

use super::MachineFile;
use super::played_by::Engine;
use super::problem::{Place, Problem, Source};
use super::sentence;
use super::setting::{Setting, exclude};
use super::trace::ReadFile;
use super::tree::{self, Node, Table, Value};
use super::variant;
use super::words::Word;

/// Settings of the command line. The default has none.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `key=value`, in order; values as in TOML, or bare words. A list of steps may be sentences with commas
    /// between.
    pub set: Vec<String>,
    /// Values from `--over`, for one point of a sweep, laid over the others.
    pub over: Vec<String>,
    /// Selected variants; empty selects all.
    pub variants: Vec<String>,
    /// Replaces the file's seed.
    pub seed: Option<u64>,
    /// Replaces the file's duration, as a file would write it: `5s`.
    pub duration: Option<String>,
    /// Replaces the file's warm-up, as a file would write it.
    pub warmup: Option<String>,
    /// Name and text of a file with a `[machine]`, laid over the file's before anything else.
    pub machine: Option<(String, String)>,
    /// Engine that will play it.
    pub engine: Engine,
    /// Reads the files that the scenario names; without it, these are mistakes.
    pub read_file: Option<ReadFile>,
}

impl Overrides {
    /// Returns the file with a `[machine]`, by a name that any command accepts.
    pub(super) fn machine_file(&self) -> Option<MachineFile> {
        let (name, text) = self.machine.as_ref()?;
        let file = std::path::Path::new(name).file_name()?.to_string_lossy();
        Some(MachineFile {
            name: format!("./{file}"),
            text: text.clone(),
        })
    }

    /// Returns the same as arguments of a command.
    pub(super) fn as_arguments(&self) -> Vec<String> {
        let machine = self.machine_file().map(|machine| machine.name);
        // One point of a sweep is reproduced by its values.
        let several = [
            ("--set", &self.set),
            ("--set", &self.over),
            ("--variant", &self.variants),
        ];
        let single = [
            ("--seed", self.seed.map(|seed| seed.to_string())),
            ("--duration", self.duration.clone()),
            ("--warmup", self.warmup.clone()),
            ("--machine", machine),
        ];
        let several = several
            .into_iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value.clone())));
        let single = single
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        several
            .chain(single)
            .flat_map(|(name, value)| [name.to_owned(), value])
            .collect()
    }
}

/// Lays everything over `tree`, one source for each.
pub(super) fn apply_overrides(
    tree: &mut Table,
    overrides: &Overrides,
    sources: &mut Vec<Source>,
    problems: &mut Vec<Problem>,
) -> Vec<Setting> {
    if let Some((name, text)) = &overrides.machine {
        sources.push(named(name, text));
        tree.merge_over(&machine(text, sources.len() - 1, problems));
    }
    let mut settings = Vec::new();
    let set = overrides.set.iter().map(|text| ("--set", text));
    let over = overrides.over.iter().map(|text| ("--over", text));
    for (option, text) in set.chain(over) {
        sources.push(named(option, text));
        match setting(text, sources.len() - 1) {
            Ok((setting, over)) => {
                // A key that the file varies is set by its variants, which come later.
                if setting.varies || !variant::varies_in(tree, &setting.path()) {
                    exclude(tree, &over);
                    tree.merge_over(&over);
                }
                settings.push(setting);
            }
            Err(problem) => problems.push(problem),
        }
    }
    let seed = overrides.seed.map(|seed| seed.to_string());
    let options = [
        ("seed", &seed),
        ("duration", &overrides.duration),
        ("warmup", &overrides.warmup),
    ];
    for (key, value) in options {
        if let Some(value) = value {
            sources.push(named(&format!("--{key}"), value));
            let source = sources.len() - 1;
            let place = Place::new(source, 0..value.len());
            let node = typed(&Word::only(value), value, source);
            tree.merge_over(&Table::of_path(&[(key, place)], node));
        }
    }
    settings
}

/// Reads the `[machine]` of a file that has nothing else.
fn machine(text: &str, source: usize, problems: &mut Vec<Problem>) -> Table {
    let (mut over, mistakes) = tree::read(text, source);
    let is_text = mistakes.is_empty();
    problems.extend(mistakes);
    for entry in over.entries.extract_if(.., |entry| entry.key != "machine") {
        let message = format!("`{}` is not part of a machine", entry.key);
        problems.push(Problem::new(&entry.place, message).legal("only [machine]"));
    }
    if is_text && over.entries.is_empty() {
        let place = Place::new(source, 0..text.len().min(1));
        let problem = Problem::new(&place, "the file has no [machine]");
        problems.push(problem.hint("`concsim calibrate` writes one".to_owned()));
    }
    over
}

fn named(name: &str, text: &str) -> Source {
    Source {
        name: name.into(),
        text: text.into(),
    }
}

/// Reads `key=value`.
fn setting(text: &str, source: usize) -> Result<(Setting, Table), Problem> {
    let whole = Place::new(source, 0..text.len());
    let Some(sign) = text.find('=') else {
        return Err(Problem::new(&whole, format!("`{text}` is not KEY=VALUE"))
            .hint("for example `server.workers=4`".to_owned()));
    };
    let path = keys_of(&text[..sign]);
    if let Some(empty) = path.iter().find(|word| word.text.is_empty()) {
        let place = Place::new(source, empty.range.clone());
        return Err(Problem::new(&place, "a key is missing")
            .hint(Some("for example `server.workers=4`".into())));
    }
    if ["variants", "expect", "timeline", "jobs"].contains(&path[0].text) {
        let place = Place::new(source, path[0].range.clone());
        let message = format!("`{}` cannot be set from the command line", path[0].text);
        return Err(Problem::new(&place, message)
            .hint("a list makes variants: `server.workers=[1, 2]`".to_owned()));
    }
    let value = Word::of(text, sign + 1..text.len());
    let node = match path[..] {
        [
            Word {
                text: "requests", ..
            },
            _,
            Word { text: "steps", .. },
        ] => steps(&value, text, source),
        _ => typed(&value, text, source),
    };
    let setting = Setting {
        path: path.iter().map(|word| word.text.to_owned()).collect(),
        varies: node.list().is_some(),
        place: whole,
    };
    let places: Vec<(&str, Place)> = path
        .iter()
        .map(|word| (word.text, Place::new(source, word.range.clone())))
        .collect();
    Ok((setting, Table::of_path(&places, node)))
}

/// Cuts `server.workers` at its dots.
fn keys_of(path: &str) -> Vec<Word<'_>> {
    let mut begin = 0;
    path.split('.')
        .map(|key| {
            let part = begin..begin + key.len();
            begin = part.end + 1;
            Word::of(path, part)
        })
        .collect()
}

/// Reads a value as in TOML; anything else is a bare word, or a list of bare words.
fn typed(value: &Word<'_>, text: &str, source: usize) -> Node {
    if let Some(node) = tree::value(text, value.range.clone(), source) {
        return node;
    }
    let place = Place::new(source, value.range.clone());
    let inner = value
        .text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match inner {
        None => Node::bare(value.text, place),
        Some(inner) => Node {
            value: Value::List(parts(inner, value.range.start + 1, text, source)),
            place,
        },
    }
}

fn parts(inner: &str, begin: usize, text: &str, source: usize) -> Vec<Node> {
    sentence::cut(inner)
        .iter()
        .map(|word| Word::of(text, begin + word.range.start..begin + word.range.end))
        .map(|word| typed(&word, text, source))
        .collect()
}

/// Reads a list of steps: as in TOML, or sentences with commas between.
fn steps(value: &Word<'_>, text: &str, source: usize) -> Node {
    if let Some(node) = tree::value(text, value.range.clone(), source) {
        return node;
    }
    let sentences = sentence::cut(value.text).into_iter().map(|word| {
        let begin = value.range.start;
        let range = begin + word.range.start..begin + word.range.end;
        Node::bare(word.text, Place::new(source, range))
    });
    Node {
        value: Value::List(sentences.collect()),
        place: Place::new(source, value.range.clone()),
    }
}
