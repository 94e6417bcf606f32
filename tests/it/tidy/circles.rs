//! No import circle between the files of a room.
//!
//! A room is a crate, or a module with a folder in one. A file or folder in it imports another one if its code names a
//! path into it: by `use`, or in full from `crate`, `super` or `self`. Names that a module passes on with `use` are
//! followed to their module. The file of the room itself declares the others and is known to all, so it is not
//! part of a circle; nor are tests.

use std::collections::{BTreeMap, BTreeSet};

use super::{TextFile, expect_none, files_below};

/// Path of a module or of an item, from the crate on: `["view", "lanes"]`.
type Path = Vec<String>;

/// Modules of a crate, each with the paths that its code names.
struct Crate {
    modules: BTreeMap<Path, Vec<Path>>,
}

#[test]
fn no_files_of_a_room_import_each_other_in_a_circle() {
    let mut files = files_below("crates", &[".rs"]);
    files.extend(files_below("src", &[".rs"]));
    let mut crates: BTreeMap<&str, Vec<&TextFile>> = BTreeMap::new();
    for file in &files {
        if let Some((root, _)) = split(&file.path) {
            crates.entry(root).or_default().push(file);
        }
    }
    let mut found = Vec::new();
    for (root, files) in &crates {
        for (room, module) in Crate::of(files).circles() {
            let room = format!("{root}{}", room.join("/"));
            found.push(format!(
                "{room}: `{module}` imports a file that leads back to `{module}`"
            ));
        }
    }
    assert!(crates.len() > 10, "the crates are found");
    expect_none(&found);
}

/// Splits a file's path after the `src/` of its crate.
fn split(path: &str) -> Option<(&str, &str)> {
    let behind = path.find("src/")? + "src/".len();
    Some(path.split_at(behind))
}

/// Returns the module that a file is: `view/lanes/mod.rs` is `["view", "lanes"]`.
fn module_of(file: &str) -> Path {
    let mut path: Path = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if path
        .last()
        .is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
    {
        path.pop();
    }
    path
}

impl Crate {
    fn of(files: &[&TextFile]) -> Self {
        let mut modules = BTreeMap::new();
        let mut tests = BTreeSet::new();
        for file in files {
            let (_, inside) = split(&file.path).expect("it lies in a crate");
            let module = module_of(inside);
            let code: Vec<&str> = file.code().map(|(_, line)| line).collect();
            for pair in code
                .windows(2)
                .filter(|pair| pair[0].trim() == "#[cfg(test)]")
            {
                if let Some(name) = pair[1].trim().strip_prefix("mod ") {
                    tests.insert(below(&module, name.trim_end_matches(';')));
                }
            }
            modules.insert(module, named_paths(&code.join(" ")));
        }
        modules.retain(|module, _| {
            let is_test = |end: usize| tests.contains(&module[..end]);
            !(1..=module.len()).any(is_test) && !module.iter().any(|name| name == "tests")
        });
        Self { modules }
    }

    /// Returns the modules that import themselves through others of their room, each with its room.
    fn circles(&self) -> Vec<(Path, String)> {
        let rooms: BTreeSet<&[String]> = self
            .modules
            .keys()
            .filter_map(|module| Some(module.split_last()?.1))
            .collect();
        let in_circles = |room: &[String]| {
            let imports = self.imports_within(room);
            let modules = imports.keys();
            let modules = modules.filter(|module| reaches(&imports, module, module));
            let modules = modules.map(|module| (room.to_vec(), module.clone()));
            modules.collect::<Vec<_>>()
        };
        rooms.into_iter().flat_map(in_circles).collect()
    }

    /// Returns the modules of a room, each with those that it imports.
    fn imports_within(&self, room: &[String]) -> BTreeMap<String, BTreeSet<String>> {
        let child = |module: &[String]| module.strip_prefix(room)?.first().cloned();
        let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (module, paths) in &self.modules {
            let Some(own) = child(module) else { continue };
            let targets = paths.iter().filter_map(|path| self.target(module, path, 0));
            let others = targets.filter_map(|target| child(&target));
            let others = others.filter(|other| *other != own);
            imports.entry(own.clone()).or_default().extend(others);
        }
        imports
    }

    /// Returns the module that holds what a path names, as seen from `module`.
    fn target(&self, module: &[String], path: &[String], passed_on: usize) -> Option<Path> {
        let mut at = module.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (at, rest) = (Path::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while let Some(("super", others)) = first(rest) {
                    at.pop();
                    rest = others;
                }
            }
            name if self.modules.contains_key(&below(&at, name)) => {}
            _ => return None,
        }
        while let Some((name, others)) = first(rest) {
            let next = below(&at, name);
            if !self.modules.contains_key(&next) {
                break;
            }
            (at, rest) = (next, others);
        }
        let by_use = rest.first().and_then(|name| {
            let mut named = self.modules.get(&at)?.iter();
            named.find(|path| path.last() == Some(name) && path.len() > 1)
        });
        let is_elsewhere = |found: &Path| *found != at;
        by_use
            .filter(|_| passed_on < 8)
            .and_then(|path| self.target(&at, path, passed_on + 1))
            .filter(is_elsewhere)
            .or(Some(at))
    }
}

fn first(path: &[String]) -> Option<(&str, &[String])> {
    path.split_first().map(|(name, rest)| (name.as_str(), rest))
}

fn below(module: &[String], name: &str) -> Path {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

/// True if imports lead from one module to the other, in one step or more.
fn reaches(imports: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        for next in imports.get(module).into_iter().flatten() {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

/// Returns every path that code imports, and every one that it names from `crate`, `super` or `self` on.
fn named_paths(code: &str) -> Vec<Path> {
    let mut paths = Vec::new();
    let imports = code.split(';').filter_map(|statement| {
        let (before, tree) = statement.rsplit_once("use ")?;
        before
            .ends_with(|letter: char| letter.is_whitespace() || letter == ')')
            .then_some(tree)
    });
    let first_import = code
        .strip_prefix("use ")
        .and_then(|code| code.split(';').next());
    for tree in imports.chain(first_import) {
        flatten("", tree, &mut paths);
    }
    for start in ["crate::", "super::", "self::"] {
        for (place, _) in code.match_indices(start) {
            let end = code[place..]
                .find(|letter: char| !letter.is_alphanumeric() && !"_:".contains(letter));
            let path = &code[place..end.map_or(code.len(), |end| place + end)];
            if !code[..place].ends_with("::") {
                paths.push(parts(path));
            }
        }
    }
    paths
}

fn parts(path: &str) -> Path {
    let named = path
        .split("::")
        .map(str::trim)
        .filter(|name| !name.is_empty());
    named.map(str::to_owned).collect()
}

/// Adds the paths of a tree of imports: `a::{b, c::d}` has two.
fn flatten(before: &str, tree: &str, paths: &mut Vec<Path>) {
    let (mut depth, mut begin) = (0_usize, 0);
    let ends = tree.char_indices().chain([(tree.len(), ',')]);
    for (place, letter) in ends {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                let branch = tree[begin..place].trim();
                begin = place + 1;
                match branch.split_once('{') {
                    Some((path, inner)) => {
                        let inner = inner.trim_end();
                        let inner = inner.strip_suffix('}').unwrap_or(inner);
                        flatten(&format!("{before}{path}"), inner, paths);
                    }
                    None if branch.is_empty() => {}
                    None => {
                        let name = branch.split(" as ").next().unwrap_or(branch);
                        paths.push(parts(&format!("{before}{name}")));
                    }
                }
            }
            _ => {}
        }
    }
}

/// Returns a crate of files with these texts.
fn made_up(files: &[(&str, &str)]) -> Vec<(Path, String)> {
    let files: Vec<TextFile> = files
        .iter()
        .map(|(path, text)| TextFile {
            path: format!("src/{path}"),
            text: (*text).to_owned(),
        })
        .collect();
    Crate::of(&files.iter().collect::<Vec<_>>()).circles()
}

#[test]
fn circles_are_found_through_every_form_of_an_import() {
    let room = |a: &str, b: &str, c: &str| {
        made_up(&[
            ("lib.rs", "mod room;"),
            ("room/mod.rs", "mod a;\nmod b;\nmod c;\npub use b::Shown;"),
            ("room/a.rs", a),
            ("room/b.rs", b),
            ("room/c.rs", c),
        ])
        .len()
    };
    let (b_to_a, nothing) = ("use super::a::X;", "");
    for a in [
        "use super::b::Y;",
        "use super::{b, c};",
        "use std::fs; use super::{c::{Z, W}, b::{self, Y}};",
        "use crate::room::b;",
        "fn f() { super::b::g() }",
        "use super::Shown;",
    ] {
        assert_eq!(room(a, b_to_a, nothing), 2, "{a}");
        assert_eq!(room(a, nothing, nothing), 0, "{a}");
    }
    assert_eq!(room("use super::b;", "use super::c;", "use super::a;"), 3);
    assert_eq!(
        room("use super::b;", "use super::c;", "use super::b::X as Y;"),
        2
    );
    assert_eq!(room("use super::b;", "// use super::a;", nothing), 0);
    assert_eq!(
        room(
            "use super::b;",
            "#[cfg(test)]\nmod tests {\n    use super::super::a;\n}",
            nothing
        ),
        0
    );
    assert_eq!(room("use super::super::room;", b_to_a, nothing), 0);
    let files_of_the_crate = [
        ("lib.rs", "mod a;\nmod b;"),
        ("a.rs", "use crate::b::X;"),
        ("b.rs", "use super::a::Y;"),
    ];
    assert_eq!(made_up(&files_of_the_crate).len(), 2);
}
