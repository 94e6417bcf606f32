//! Checks that the pictures of the README and of the documents equal the output of the commands above them.
//! `concsim figures` redraws a stale one.

use std::path::Path;
use std::process::Command;

fn figures(arguments: &[&str], folder: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .arg("figures")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the binary starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), text)
}

#[test]
fn every_picture_of_the_documents_is_what_its_command_draws_today() {
    let (is_fresh, text) = figures(&["--check"], Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(is_fresh, "{text}");
    assert!(
        text.contains("assets/screens/overview.svg: the same"),
        "{text}"
    );
}

#[test]
fn a_stale_picture_is_found_and_then_drawn() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let post = "<!-- concsim sim three_requests --out three -->\n\
                <!-- concsim figure who-runs three --title 'Three of them' -->\n![lanes](lanes.svg)\n";
    std::fs::write(scratch.path().join("post.md"), post).expect("a file");
    let (is_fresh, text) = figures(&["post.md", "--check"], scratch.path());
    assert!(!is_fresh && text.contains("lanes.svg: stale"), "{text}");
    let (_, line) = figures(&["post.md"], scratch.path());
    assert!(line.contains("lanes.svg: drawn"), "{line}");
    let drawn = std::fs::read_to_string(scratch.path().join("lanes.svg")).expect("it was drawn");
    assert!(drawn.contains("Three of them"));
    assert!(scratch.path().join("lanes.csv").is_file());
    let (is_fresh, sentence) = figures(&["post.md", "--check"], scratch.path());
    assert!(is_fresh, "{sentence}");
}

#[test]
fn a_mistake_in_a_document_is_reported_with_its_line() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let post = "text\n<!-- concsim serve hello -->\n![a](a.svg)\n";
    std::fs::write(scratch.path().join("post.md"), post).expect("a file");
    let (worked, line) = figures(&["post.md"], scratch.path());
    assert!(!worked && line.contains("post.md:2"), "{line}");
}
