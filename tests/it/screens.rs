//! The README's screens are drawn from kept runs, by the command that stands above each of them. One
//! that is not what the command draws today is stale.

use std::fs;
use std::path::Path;
use std::process::Command;

/// With this variable set, stale screens are drawn again instead of being complained about.
const AGAIN: &str = "CONCSIM_DRAW_SCREENS";

/// A picture of the README, and the command that draws it.
struct Picture<'a> {
    command: &'a str,
    file: &'a str,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Each `<!-- concsim export … -->` with the picture that follows it.
fn pictures(readme: &str) -> Vec<Picture<'_>> {
    let mut pictures = Vec::new();
    for part in readme.split("<!-- concsim ").skip(1) {
        let (command, rest) = part.split_once(" -->").expect("a comment ends");
        let file = rest.split("](").nth(1).and_then(|it| it.split(')').next());
        let file = file.expect("a picture follows its command");
        pictures.push(Picture { command, file });
    }
    pictures
}

fn draw(command: &str) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(command.split_whitespace())
        .current_dir(root())
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "concsim {command}: {said}");
    output.stdout
}

#[test]
fn every_screen_of_the_readme_is_what_its_command_draws_today() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    let pictures = pictures(&readme);
    assert!(!pictures.is_empty(), "the README shows screens");
    let mut stale = Vec::new();
    for picture in pictures {
        let path = root().join(picture.file);
        let drawn = draw(picture.command);
        if std::env::var_os(AGAIN).is_some() {
            fs::write(&path, drawn).expect("a picture can be written");
        } else if fs::read(&path).ok().as_deref() != Some(&drawn) {
            stale.push(format!("{}: concsim {}", picture.file, picture.command));
        }
    }
    assert!(
        stale.is_empty(),
        "stale, draw them again with {AGAIN}=1:\n{}",
        stale.join("\n")
    );
}

#[test]
fn a_picture_is_found_behind_its_command() {
    let readme = "text\n<!-- concsim export screen a --at 1s -->\n![words](assets/a.svg)\nmore";
    let found = pictures(readme);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].command, "export screen a --at 1s");
    assert_eq!(found[0].file, "assets/a.svg");
}
