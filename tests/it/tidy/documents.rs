//! Checks that references in the documents exist: files, images, scenarios.

use super::{TextFile, expect_none, files_below, root};

fn documents() -> Vec<TextFile> {
    let mut all = files_below("", &[".md"]);
    all.retain(|file| !file.path.contains('/') || file.path.starts_with("benches/"));
    all
}

/// Returns the targets of `[…](target)` and `![…](target)` in the project, without their `#part`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?.split('#').next()?;
        let local = !target.is_empty() && !target.contains("://") && !target.contains(' ');
        local.then_some(target)
    })
}

/// Returns the scenarios that a line plays: the word behind `concsim run`, `check` or `serve`.
fn scenarios_played(line: &str) -> impl Iterator<Item = &str> {
    let commands = ["concsim run ", "concsim check ", "concsim serve "];
    commands
        .into_iter()
        .flat_map(|command| line.split(command).skip(1))
        .filter_map(|rest| rest.split([' ', '`', ',', ';', ')', '.']).next())
        .filter(|word| !word.is_empty())
        .filter(|word| {
            word.chars()
                .all(|letter| letter.is_lowercase() || "_/".contains(letter))
        })
}

#[test]
fn every_file_that_a_document_points_to_exists() {
    let mut complaints = Vec::new();
    for file in documents() {
        let folder = root().join(&file.path);
        let folder = folder.parent().expect("a file lies in a folder");
        for (number, line) in file.lines() {
            let missing = targets(line).filter(|target| !folder.join(target).exists());
            complaints.extend(missing.map(|target| format!("{}: no {target}", file.at(number))));
        }
    }
    expect_none(&complaints);
}

#[test]
fn every_scenario_that_a_document_plays_exists() {
    let mut complaints = Vec::new();
    for file in documents() {
        for (number, line) in file.lines() {
            for name in scenarios_played(line) {
                let name = name.trim_start_matches("scenarios/");
                if !root().join(format!("scenarios/{name}.toml")).exists() {
                    complaints.push(format!("{}: no scenario `{name}`", file.at(number)));
                }
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn names_are_found_in_prose_and_in_commands() {
    let played = "try `concsim run io_bound`, then concsim run scenarios/hog.toml --json";
    assert_eq!(
        scenarios_played(played).collect::<Vec<_>>(),
        ["io_bound", "scenarios/hog"]
    );
    assert_eq!(scenarios_played("concsim run FILE").count(), 0);
    let linked = "![a](assets/a.svg) and [b](https://example.org) and [c](CONTRIBUTING.md#words)";
    assert_eq!(
        targets(linked).collect::<Vec<_>>(),
        ["assets/a.svg", "CONTRIBUTING.md"]
    );
}
