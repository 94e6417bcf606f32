//! Checks of each file by itself: its beginning, its length, and its white space.

use super::{TextFile, expect_none, files_below};

/// Maximum number of lines: a longer file has a second noun in it.
const LINE_LIMIT: usize = 600;

fn rust_files() -> Vec<TextFile> {
    files_below("", &[".rs"])
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let silent: Vec<String> = rust_files()
        .iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| format!("{} does not begin with `//! `", file.path))
        .collect();
    expect_none(&silent);
}

#[test]
fn no_file_is_long() {
    let mut complaints = Vec::new();
    for file in rust_files() {
        let length = file.text.lines().count();
        if length > LINE_LIMIT {
            complaints.push(format!("{}: {length} lines", file.path));
        }
    }
    expect_none(&complaints);
}

#[test]
fn no_tabs_and_no_blanks_at_the_end_of_a_line() {
    let endings = [".rs", ".toml", ".md", ".py", ".conf", ".json", ".ci/run"];
    let mut complaints = Vec::new();
    for file in files_below("", &endings) {
        for (number, line) in file.lines() {
            if line.contains('\t') || line.ends_with([' ', '\r']) {
                complaints.push(format!("{}: a tab, or blanks at the end", file.at(number)));
            }
        }
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            complaints.push(format!("{}: its last line does not end", file.path));
        }
    }
    expect_none(&complaints);
}

#[test]
fn nothing_is_put_off() {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let mut complaints = Vec::new();
    for file in files_below("", &[".rs", ".toml", ".py"]) {
        for (number, line) in file.lines() {
            let found = marks.iter().find(|mark| line.contains(**mark));
            complaints.extend(found.map(|mark| format!("{}: {mark}", file.at(number))));
        }
    }
    expect_none(&complaints);
}
