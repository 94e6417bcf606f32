//! What the project stands on: that somebody said why, and that it may be given away.

use std::process::Command;

use super::{expect_none, root};

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
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("it can be read");
    let (mut inside, mut silent) = (false, Vec::new());
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim_end_matches(']').ends_with("dependencies");
        } else if inside && line.contains(" = ") && !line.contains(" # ") {
            silent.push(format!("Cargo.toml: {line}: what is it for?"));
        }
    }
    expect_none(&silent);
}

#[test]
fn every_dependency_may_be_given_away() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args([
            "tree",
            "--offline",
            "--locked",
            "--edges",
            "normal,build,dev",
        ])
        .args(["--prefix", "none", "--format", "{p}|{l}"])
        .output()
        .expect("cargo runs, since it runs this test");
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "cargo tree: {complained}");
    let lines: Vec<(&str, &str)> = said
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

/// Whether an SPDX expression (or the older form with a slash for `OR`) can be met with the list.
fn allows(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    let verdict = any_of(&mut words);
    verdict && words.is_empty()
}

/// `a OR b OR …`; the words are in reverse, so that the next is the last.
fn any_of(words: &mut Vec<&str>) -> bool {
    let mut verdict = all_of(words);
    while words.pop_if(|word| *word == "OR").is_some() {
        verdict |= all_of(words);
    }
    verdict
}

/// `a AND b AND …`
fn all_of(words: &mut Vec<&str>) -> bool {
    let mut verdict = one(words);
    while words.pop_if(|word| *word == "AND").is_some() {
        verdict &= one(words);
    }
    verdict
}

/// A licence, perhaps with an exception, or an expression in parentheses.
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
