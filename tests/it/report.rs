//! A report, written by the command and opened in a real browser.
//!
//! `CONCSIM_BROWSER` names the browser; `CONCSIM_NODE_MODULES` is the folder with the installed packages of
//! `tests/browser/package.json`. Without them the test prints that it was skipped.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// Observations of `tests/browser/look.cjs` in one theme, in a window of one width.
#[derive(Debug, Deserialize)]
struct BrowserReport {
    theme: String,
    width: u32,
    /// Messages of the console.
    messages: Vec<String>,
    /// Requests besides the page.
    requests: Vec<String>,
    /// Violations that axe-core calls serious, or worse.
    serious: Vec<String>,
    too_wide: bool,
    /// Shown when the pointer is on a mark.
    tooltip: String,
    /// Number of letters of the page without scripts.
    text_length: usize,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn report(runs: &[&str], file: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .arg("report")
        .args(runs)
        .arg("-o")
        .arg(file)
        .current_dir(root())
        .output()
        .expect("the binary starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

#[test]
fn a_report_of_a_kept_run_has_the_same_bytes_each_time() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let files = ["a.html", "b.html"].map(|name| scratch.path().join(name));
    for file in &files {
        report(&["tests/recordings/io_bound-v1"], file);
    }
    let [first, second] = files.map(|file| std::fs::read(file).expect("it was written"));
    assert!(first == second);
}

#[test]
fn a_report_is_whole_in_a_real_browser_in_both_themes_and_asks_for_nothing() {
    let (Ok(browser), Ok(modules)) = (
        std::env::var("CONCSIM_BROWSER"),
        std::env::var("CONCSIM_NODE_MODULES"),
    ) else {
        eprintln!("skipped: no CONCSIM_BROWSER and CONCSIM_NODE_MODULES");
        return;
    };
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let file = scratch.path().join("report.html");
    report(
        &[
            "tests/recordings/io_bound-v1",
            "tests/recordings/three_requests-v1",
        ],
        &file,
    );
    let output = Command::new("node")
        .arg(root().join("tests/browser/look.cjs"))
        .arg(&file)
        .env("CONCSIM_BROWSER", browser)
        .env("NODE_PATH", modules)
        .output()
        .expect("node starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let looks: Vec<BrowserReport> =
        serde_json::from_slice(&output.stdout).expect("it says what it saw");
    assert_eq!(looks.len(), 4);
    for look in looks {
        let where_ = format!("{} at {}", look.theme, look.width);
        assert!(look.messages.is_empty(), "{where_}: {:?}", look.messages);
        assert!(look.requests.is_empty(), "{where_}: {:?}", look.requests);
        assert!(look.serious.is_empty(), "{where_}: {:#?}", look.serious);
        assert!(!look.too_wide, "{where_}: wider than its window");
        assert!(
            !look.tooltip.is_empty(),
            "{where_}: no mark tells what it is"
        );
        assert!(
            look.text_length > 1_000,
            "{where_}: {} letters",
            look.text_length
        );
    }
}

#[test]
fn the_card_of_the_readme_is_that_of_the_shipped_recording() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("it is there");
    let shown = readme.split("```text\n").nth(1);
    let shown = shown.and_then(|rest| rest.split("```").next());
    let output = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(["replay", "tests/recordings/io_bound-v1"])
        .current_dir(root())
        .output()
        .expect("the program starts");
    let printed = String::from_utf8(output.stdout).expect("it is text");
    assert_eq!(shown, Some(printed.as_str()));
}
