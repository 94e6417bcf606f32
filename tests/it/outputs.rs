//! Output files of the program: the requested ones, whole or not at all, and no others.

#![expect(
    clippy::unwrap_used,
    reason = "a program that cannot be started fails the test"
)]

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;

const KEPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/recordings/three_requests-v1"
);

fn concsim(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(words)
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder)
        .output()
        .unwrap()
}

fn failed(output: &Output, says: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(says), "{text}");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_figure_replaces_its_own_data_and_no_other_table() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.csv"), "name,mark\nAnn,1\n").unwrap();
    let drawn = concsim(folder, &["figure", "boxes", KEPT, "-o", "a.svg"]);
    failed(&drawn, "a.csv exists and is not the data of a figure");
    assert_eq!(names(folder), ["a.csv"]);
    assert_eq!(
        fs::read(folder.join("a.csv")).unwrap(),
        b"name,mark\nAnn,1\n"
    );
    for kind in ["boxes", "who-runs"] {
        let drawn = concsim(folder, &["figure", kind, KEPT, "-o", "b.svg"]);
        assert!(drawn.status.success(), "{kind}");
        let data = fs::read_to_string(folder.join("b.csv")).unwrap();
        assert!(data.starts_with(&format!("# figure: {kind}\n")));
    }
    assert_eq!(names(folder), ["a.csv", "b.csv", "b.svg"]);
}

#[test]
fn a_document_draws_pictures_beside_itself_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("book");
    fs::create_dir(&book).unwrap();
    let order = |picture: &str| {
        let text = format!("<!-- concsim figure boxes {KEPT} -->\n![words]({picture})\n");
        fs::write(book.join("a.md"), text).unwrap();
        concsim(&book, &["figures", "a.md"])
    };
    failed(&order("../../a.svg"), "must be beside the document");
    failed(&order("../a.svg"), "must be beside the document");
    failed(&order("a.csv"), "is not a picture");
    fs::write(book.join("b.csv"), "mine").unwrap();
    failed(&order("b.svg"), "is not the data of a figure");
    assert_eq!(names(folder.path()), ["book"]);
    assert_eq!(names(&book), ["a.md", "b.csv"]);
    assert_eq!(fs::read(book.join("b.csv")).unwrap(), b"mine");
    assert!(order("c.svg").status.success());
    assert_eq!(names(&book), ["a.md", "b.csv", "c.csv", "c.svg"]);
}

#[test]
fn a_file_beyond_the_limit_of_its_size_is_an_error_and_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("out"), "old").unwrap();
    for command in [
        "report KEPT -o out",
        "export perfetto KEPT -o out",
        "export cast KEPT -o out",
    ] {
        let words = command.replace("KEPT", KEPT);
        let limited = format!(
            "ulimit -f 1 && exec {} {words}",
            env!("CARGO_BIN_EXE_concsim")
        );
        let output = Command::new("sh")
            .args(["-c", &limited])
            .current_dir(folder)
            .output()
            .unwrap();
        failed(&output, "out: File too large");
        assert_eq!(fs::read(folder.join("out")).unwrap(), b"old", "{command}");
        assert_eq!(names(folder), ["out"], "{command}");
    }
}

#[test]
fn a_load_without_a_single_answer_fails() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", server.local_addr().unwrap());
    thread::spawn(move || {
        for stream in server.incoming() {
            // Takes the request, and closes the connection without an answer.
            let _ = stream.unwrap().read(&mut [0; 4096]);
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let scenario = "warmup = '0s'\nduration = '300ms'\nrequests.a.steps = ['compute 1ms']\n\
                    load = { clients = 1, think = '10ms' }\n";
    fs::write(folder.path().join("a.toml"), scenario).unwrap();
    let played = concsim(folder.path(), &["load", "a.toml", "--target", &target]);
    failed(&played, &format!("{target} answered none of "));
    assert!(!played.stdout.is_empty(), "the result is printed");
}
