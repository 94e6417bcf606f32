//! Every file by itself: how it begins, how long it is, and its white space.

use super::{TextFile, expect_none, files_below};

/// A file that is longer has a second noun in it.
const LINE_LIMIT: usize = 500;

/// Files that are longer still, with the lines that they may have. The list only shrinks.
const LONG_FILES: [(&str, usize); 1] = [("src/server/services.rs", 539)];

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
fn no_file_is_long_and_the_list_of_those_that_are_shrinks() {
    let mut complaints = Vec::new();
    for file in rust_files() {
        let length = file.text.lines().count();
        let listed = LONG_FILES.iter().find(|(path, _)| *path == file.path);
        let allowed = listed.map_or(LINE_LIMIT, |(_, lines)| *lines);
        if length > allowed {
            complaints.push(format!("{}: {length} lines, {allowed} allowed", file.path));
        } else if listed.is_some() && length < allowed {
            complaints.push(format!(
                "{}: only {length} lines now: say so here",
                file.path
            ));
        }
    }
    let paths: Vec<String> = rust_files().into_iter().map(|file| file.path).collect();
    let gone = LONG_FILES
        .iter()
        .filter(|(path, _)| !paths.iter().any(|there| there == path));
    complaints.extend(gone.map(|(path, _)| format!("{path} is listed and does not exist")));
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
