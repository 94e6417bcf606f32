//! The variants of a file: pieces of scenario that are laid over the rest, one run for each. They come from
//! `[[variants]]`, or from the one list in the place of a single value.

use super::keys::{LOAD, REQUEST, SERVER, SERVICE, Section, Shape, VARIANT};
use super::problem::{Place, Problem, did_you_mean, one_of};
use super::sentence;
use super::setting::{Setting, exclude};
use super::tree::{Entry, Node, Table};
use super::words::Word;

/// A piece of scenario with its name.
#[derive(Clone, Debug)]
pub(super) struct Overlay {
    /// `None`: the file has no variants, so the only one has no name of its own.
    pub(super) name: Option<String>,
    pub(super) place: Place,
    pub(super) piece: Table,
}

/// A list in the place of a value.
struct ListValue<'t> {
    path: Vec<&'t str>,
    entry: &'t Entry,
    values: &'t [Node],
}

/// Removes the variants from `tree`, which keeps their common part; at least one.
pub(super) fn take_from(tree: &mut Table, problems: &mut Vec<Problem>) -> Vec<Overlay> {
    let written = tree.remove("variants");
    let mut found = match &written {
        Some(entry) => written_out(entry, problems),
        None => Vec::new(),
    };
    let lists = lists_of(tree);
    for list in lists.iter().skip(usize::from(written.is_none())) {
        problems.push(one_list_too_many(
            list,
            written.as_ref().or(Some(lists[0].entry)),
        ));
    }
    if let (None, Some(list)) = (&written, lists.first()) {
        found = one_for_each(list, problems);
    }
    let makes_variants = usize::from(written.is_none());
    remove_lists(tree, makes_variants);
    same_name_twice(&found, problems);
    if found.is_empty() {
        found.push(Overlay {
            name: None,
            place: Place::default(),
            piece: Table::default(),
        });
    }
    found
}

/// True if `tree` has a list at `path`, in the place of a single value.
pub(super) fn varies_in(tree: &Table, path: &[&str]) -> bool {
    lists_of(tree).iter().any(|list| list.path == path)
}

/// Returns the lists in the place of single values.
fn lists_of(tree: &Table) -> Vec<ListValue<'_>> {
    let mut lists = Vec::new();
    for (name, section, depth) in [
        ("server", &SERVER, 1),
        ("services", &SERVICE, 2),
        ("requests", &REQUEST, 2),
        ("load", &LOAD, 1),
    ] {
        let Some(table) = tree.get(name).and_then(|entry| entry.node.table()) else {
            continue;
        };
        if depth == 1 {
            lists.extend(lists_in(table, section, &[name]));
            continue;
        }
        for entry in &table.entries {
            if let Some(table) = entry.node.table() {
                lists.extend(lists_in(table, section, &[name, &entry.key]));
            }
        }
    }
    lists.sort_by(|one, other| one.entry.place.cmp(&other.entry.place));
    lists
}

fn lists_in<'t>(
    table: &'t Table,
    section: &'static Section,
    path: &[&'t str],
) -> Vec<ListValue<'t>> {
    let varies = |entry: &&Entry| {
        let key = section.key(&entry.key);
        key.is_some_and(|key| !matches!(key.shape, Shape::Steps | Shape::Choices | Shape::Settings))
    };
    let entries = table.entries.iter().filter(varies);
    let list = |entry: &'t Entry| {
        let values = entry.node.list()?;
        let path = path.iter().copied().chain([entry.key.as_str()]).collect();
        Some(ListValue {
            path,
            entry,
            values,
        })
    };
    entries.filter_map(list).collect()
}

fn one_list_too_many(list: &ListValue<'_>, first: Option<&Entry>) -> Problem {
    let first = first.map_or("", |entry| &entry.key);
    let key = list.path.join(".");
    let message = format!("`{key}` has a list, but `{first}` already makes the variants");
    Problem::new(&list.entry.place, message)
        .legal("a single value")
        .hint("write a [[variants]] for each combination".to_owned())
}

fn one_for_each(list: &ListValue<'_>, problems: &mut Vec<Problem>) -> Vec<Overlay> {
    if list.values.is_empty() {
        let key = list.path.join(".");
        let problem = Problem::new(&list.entry.node.place, format!("`{key}` has no value"));
        problems.push(problem.legal("each value of a list makes one variant"));
    }
    let overlay = |node: &Node| {
        let places: Vec<(&str, Place)> = list
            .path
            .iter()
            .map(|key| (*key, list.entry.place.clone()))
            .collect();
        Overlay {
            name: Some(name_of(&list.entry.key, node)),
            place: node.place.clone(),
            piece: Table::of_path(&places, node.clone()),
        }
    };
    list.values.iter().map(overlay).collect()
}

/// Returns the name of a variant. A word is the name itself; any other value needs its key: `sync`,
/// `workers_4`.
fn name_of(key: &str, node: &Node) -> String {
    let literal = node.text().map_or_else(|| node.literal(), str::to_owned);
    let parts = literal.split(|character: char| !character.is_ascii_alphanumeric());
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let value = parts.join("_");
    let word =
        node.text().is_some() && value.starts_with(|first: char| first.is_ascii_alphabetic());
    if word {
        value
    } else {
        format!("{key}_{value}")
    }
}

/// Reads `[[variants]]`.
fn written_out(entry: &Entry, problems: &mut Vec<Problem>) -> Vec<Overlay> {
    let nodes = entry.node.list().unwrap_or_default();
    let tables: Vec<(&Table, &Node)> = nodes
        .iter()
        .filter_map(|node| Some((node.table()?, node)))
        .collect();
    if tables.is_empty() || tables.len() < nodes.len() {
        let problem = Problem::new(&entry.place, "`variants` is not a list of tables");
        problems.push(problem.legal("write [[variants]] once for each variant"));
    }
    let overlays = tables
        .into_iter()
        .map(|(table, node)| overlay(table, node, problems));
    overlays.collect()
}

fn overlay(table: &Table, node: &Node, problems: &mut Vec<Problem>) -> Overlay {
    let mut piece = table.clone();
    let name = match piece.remove("name") {
        None => Err(Problem::new(&node.place, "a variant has no name").legal("name = \"…\"")),
        Some(entry) => checked(&entry.node),
    };
    for entry in &piece.entries {
        problems.extend(not_for_variants(entry));
    }
    piece
        .entries
        .retain(|entry| VARIANT.tables.contains(&entry.key.as_str()));
    if table.size() == usize::from(table.get("name").is_some()) {
        let problem = Problem::new(&node.place, "a variant sets nothing");
        problems.push(problem.legal("for example server.workers = 4"));
    }
    for list in lists_of(&piece) {
        let message = format!(
            "`{}` has several values within a variant",
            list.path.join(".")
        );
        problems.push(
            Problem::new(&list.entry.node.place, message)
                .legal("a single value")
                .hint("write a [[variants]] for each".to_owned()),
        );
    }
    remove_lists(&mut piece, 0);
    let named = table.get("name").map(|entry| &entry.node);
    Overlay {
        name: name.map_err(|problem| problems.push(problem)).ok(),
        place: named.unwrap_or(node).place.clone(),
        piece,
    }
}

fn checked(node: &Node) -> Result<String, Problem> {
    let Some(text) = node.text() else {
        let message = format!("{} is not a name of a variant", node.literal());
        return Err(Problem::new(&node.place, message).legal("a text in quotes"));
    };
    let word = Word {
        text,
        range: 0..text.len(),
    };
    sentence::name(&word).map_err(|mistake| Problem::new(&node.place, mistake.message))?;
    Ok(text.to_owned())
}

fn not_for_variants(entry: &Entry) -> Option<Problem> {
    let key = entry.key.as_str();
    if VARIANT.tables.contains(&key) {
        return None;
    }
    let common = [
        "title", "about", "seed", "warmup", "duration", "variants", "expect", "ask",
    ];
    let legal = format!(
        "a variant may set {}",
        one_of(VARIANT.tables.iter().copied())
    );
    if common.contains(&key) {
        let message = format!("`{key}` cannot be set by a variant: it is common to all");
        return Some(Problem::new(&entry.place, message).legal(legal));
    }
    Some(
        Problem::new(&entry.place, format!("`{key}` is not a key of a variant"))
            .legal(legal)
            .hint(did_you_mean(key, VARIANT.names())),
    )
}

fn same_name_twice(overlays: &[Overlay], problems: &mut Vec<Problem>) {
    for (index, overlay) in overlays.iter().enumerate() {
        let before = &overlays[..index];
        let taken = before.iter().any(|other| other.name == overlay.name);
        if let (Some(name), true) = (&overlay.name, taken) {
            let message = format!("duplicate variant `{name}`");
            problems.push(
                Problem::new(&overlay.place, message).legal("each variant needs its own name"),
            );
        }
    }
}

/// Removes lists in the place of single values: the first `removed` lists whole; of the others, which are
/// mistakes, the first value stays, so that no key seems to be missing.
fn remove_lists(tree: &mut Table, removed: usize) {
    let lists = lists_of(tree).into_iter().enumerate().map(|(index, list)| {
        let path: Vec<String> = list.path.iter().map(|key| (*key).to_owned()).collect();
        let kept = (index >= removed).then(|| list.values.first().cloned());
        (path, kept.flatten())
    });
    for (path, kept) in lists.collect::<Vec<_>>() {
        replace(tree, &path, kept);
    }
}

/// Replaces the value at the end of `path` by `node`, or removes it.
fn replace(tree: &mut Table, path: &[String], node: Option<Node>) {
    match (path, node) {
        ([], _) => {}
        ([key], None) => drop(tree.remove(key)),
        ([key], Some(node)) => {
            for entry in tree.entries.iter_mut().filter(|entry| entry.key == *key) {
                entry.node = node.clone();
            }
        }
        ([key, rest @ ..], node) => {
            if let Some(table) = tree.table_mut(key) {
                replace(table, rest, node);
            }
        }
    }
}

/// Reports a `--set` that every played variant overrides: it would have no effect.
pub(super) fn set_in_vain(setting: &Setting, played: &[&Overlay]) -> Option<Problem> {
    let path = setting.path();
    let over = |overlay: &&Overlay| {
        let entry = overlay.piece.at(&path);
        entry.is_some_and(|entry| entry.place.source != setting.place.source)
    };
    if setting.varies || !played.iter().all(over) {
        return None;
    }
    let key = path.join(".");
    let names = played.iter().filter_map(|overlay| overlay.name.as_deref());
    Some(
        Problem::new(
            &setting.place,
            format!("`{key}` is set by every variant that is played"),
        )
        .legal(format!(
            "choose a variant with --variant: {}",
            one_of(names)
        ))
        .hint(format!("or replace the list of the file: `{key}=[…]`")),
    )
}

/// True if a mistake could have changed a variant's name, so that references to variants cannot be checked.
pub(super) fn names_in_doubt(overlays: &[Overlay], problems: &[Problem]) -> bool {
    overlays.iter().any(|overlay| {
        let spoilt = |problem: &Problem| overlay.place.holds(&problem.place);
        overlay.name.is_none() && overlays.len() > 1 || problems.iter().any(spoilt)
    })
}

impl Overlay {
    /// Returns `tree` with this piece laid over it.
    pub(super) fn over(&self, tree: &Table) -> Table {
        let mut whole = tree.clone();
        exclude(&mut whole, &self.piece);
        whole.merge_over(&self.piece);
        whole
    }
}
