//! The project, read as text: rules that no compiler checks.

mod circles;
mod dependencies;
mod documents;
mod files;
mod rooms;

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the project.
struct TextFile {
    /// Path from the project's folder: `src/units.rs`.
    path: String,
    text: String,
}

/// Returns the project's folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns every file below `folder` whose name ends in one of `endings`, in the order of their paths.
fn files_below(folder: &str, endings: &[&str]) -> Vec<TextFile> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    paths
        .iter()
        .filter(|path| {
            endings
                .iter()
                .any(|ending| path.to_string_lossy().ends_with(ending))
        })
        .map(|path| read(path))
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    // `target` has the build's output; names with a leading dot are skipped, except `.ci`.
    let foreign = |name: &str| name == "target" || (name.starts_with('.') && name != ".ci");
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if foreign(&entry.file_name().to_string_lossy()) {
            continue;
        }
        if path.is_dir() {
            collect(&path, paths);
        } else {
            paths.push(path);
        }
    }
}

fn read(path: &Path) -> TextFile {
    let inside = path.strip_prefix(root()).expect("it lies in the project");
    TextFile {
        path: inside.to_string_lossy().into_owned(),
        text: fs::read_to_string(path).expect("a text file can be read"),
    }
}

impl TextFile {
    /// Returns its lines with their numbers, as an editor counts them.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .zip(1..)
            .map(|(line, number)| (number, line))
    }

    /// Returns its lines of code: comments and tests are free of these rules.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.text.find("#[cfg(test)]\nmod tests {");
        let code = &self.text[..tests.unwrap_or(self.text.len())];
        code.lines()
            .zip(1..)
            .map(|(line, number)| (number, line))
            .map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
    }

    /// Returns `src/units.rs:12`, for a complaint.
    fn at(&self, line_number: usize) -> String {
        format!("{}:{line_number}", self.path)
    }
}

/// True if a line of code names `name` as a path's first part: `libc::c_int`, but not `glibc::x`.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(&format!("{name}::")).any(|(place, _)| {
        let before = line[..place].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
    })
}

/// Fails with every complaint at once.
fn expect_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
