//! Dependencies: each has a stated reason and a permitted licence.

use std::process::Command;

use super::{expect_none, files_below, root};

/// Licences under which code can go into a program that is itself MIT or Apache-2.0.
const LICENCES: [&str; 9] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

#[test]
fn every_dependency_says_what_it_is_for() {
    let mut silent = Vec::new();
    for manifest in files_below("", &["Cargo.toml"]) {
        let mut inside = false;
        for (number, line) in manifest.lines() {
            // The manifest of the workspace gives the reason once for all crates.
            let is_said = line.contains(" # ") || line.contains("workspace = true");
            if line.starts_with('[') {
                inside = line.trim_end_matches(']').ends_with("dependencies");
            } else if inside && line.contains(" = ") && !is_said {
                silent.push(format!("{}: {line}: what is it for?", manifest.at(number)));
            }
        }
    }
    expect_none(&silent);
}

/// The crates that are the core: they build for a target without an operating system.
const CORE: [&str; 10] = [
    "model", "stats", "theory", "engine", "record", "sim", "tui", "figure", "report", "export",
];

/// Returns the output of `cargo tree`.
fn tree(arguments: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args(["tree", "--offline", "--locked", "--prefix", "none"])
        .args(arguments)
        .output()
        .expect("cargo runs, since it runs this test");
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree: {complained}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_core_asks_no_operating_system() {
    const SYSTEM: [&str; 7] = [
        "concsim-os",
        "libc",
        "nix",
        "rustix",
        "crossterm",
        "tempfile",
        "getrandom",
    ];
    let mut complaints = Vec::new();
    for name in CORE {
        let package = format!("concsim-{name}");
        let text = tree(&["--package", &package, "--edges", "normal,build"]);
        assert!(text.starts_with(&package), "{text}");
        let found = text.lines().filter_map(|line| line.split(' ').next());
        let found = found.filter(|package| SYSTEM.contains(package));
        complaints.extend(found.map(|found| format!("{package} depends on {found}")));
    }
    expect_none(&complaints);
}

#[test]
fn every_dependency_may_be_given_away() {
    let text = tree(&[
        "--workspace",
        "--edges",
        "normal,build,dev",
        "--format",
        "{p}|{l}",
    ]);
    let lines: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.split_once('|'))
        .collect();
    assert!(lines.len() > 50, "cargo names all dependencies");
    let unknown: Vec<String> = lines
        .iter()
        .filter(|(_, licence)| !allows(licence.trim_end_matches(" (*)")))
        .map(|(package, licence)| format!("{package}: {licence}"))
        .collect();
    expect_none(&unknown);
}

/// True if an SPDX expression (or the older form with a slash for `OR`) can be met with the list.
fn allows(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    let verdict = any_of(&mut words);
    verdict && words.is_empty()
}

/// Parses `a OR b OR …`; the words are in reverse, so that the next is the last.
fn any_of(words: &mut Vec<&str>) -> bool {
    let mut verdict = all_of(words);
    while words.pop_if(|word| *word == "OR").is_some() {
        verdict |= all_of(words);
    }
    verdict
}

/// Parses `a AND b AND …`.
fn all_of(words: &mut Vec<&str>) -> bool {
    let mut verdict = one(words);
    while words.pop_if(|word| *word == "AND").is_some() {
        verdict &= one(words);
    }
    verdict
}

/// Parses a licence, possibly with an exception, or an expression in parentheses.
fn one(words: &mut Vec<&str>) -> bool {
    match words.pop() {
        Some("(") => {
            let verdict = any_of(words);
            words.pop() == Some(")") && verdict
        }
        Some(name) if words.pop_if(|word| *word == "WITH").is_some() => {
            let exception = words.pop().unwrap_or_default();
            LICENCES.contains(&format!("{name} WITH {exception}").as_str())
        }
        Some(name) => LICENCES.contains(&name),
        None => false,
    }
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    for (expression, allowed) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
        ("(MIT OR Apache-2.0) AND GPL-3.0", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0 WITH another-exception", false),
        ("MIT)", false),
        ("", false),
    ] {
        assert_eq!(allows(expression), allowed, "{expression}");
    }
}
