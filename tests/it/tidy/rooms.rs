//! Permitted imports between rooms: the table of ARCHITECTURE.md, and the lines of code that must be
//! absent.

use super::{TextFile, expect_none, files_below, names};

/// Rooms of the crate that calls the operating system, from the ground up. A room may import rooms on lower
/// floors. Dependencies between crates are in their manifests, and the compiler checks them.
const FLOORS: [&[&str]; 3] = [
    &["sys", "http"],
    &["handler", "coroutine", "telemetry"],
    // Siblings never import each other.
    &["server", "load", "recorder", "foreign"],
];

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

fn may_know(room: &str, other: &str) -> bool {
    let (Some(own), Some(others)) = (floor_of(room), floor_of(other)) else {
        return false;
    };
    room == other || others < own
}

/// Returns the room of a file: `crates/tui/src/view/door.rs` is in the room `tui`,
/// `crates/os/src/server/hub.rs` in `server`, `src/cli/run.rs` in `cli`.
fn room_of(path: &str) -> Option<&str> {
    let inside = path
        .strip_prefix("src/")
        .or_else(|| path.strip_prefix("crates/os/src/"))
        .or_else(|| path.strip_prefix("crates/model/src/"))
        .or_else(|| path.strip_prefix("crates/engine/src/"))
        .or_else(|| path.strip_prefix("crates/"))?;
    let first = inside.split('/').next()?;
    Some(first.strip_suffix(".rs").unwrap_or(first))
}

fn source() -> Vec<TextFile> {
    let mut all = files_below("src", &[".rs"]);
    all.extend(files_below("crates", &[".rs"]));
    all
}

/// Returns the rooms that a line of code names as `crate::room` or `crate::{room, room}`.
fn rooms_named(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").flat_map(|(place, found)| {
        let rest = &line[place + found.len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split(['}', ',']).collect(),
            None => vec![rest],
        };
        let names = names.into_iter().map(first_name);
        names.filter(|name| !name.is_empty())
    })
}

fn first_name(path: &str) -> &str {
    let path = path.trim_start();
    let end = path.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    &path[..end.unwrap_or(path.len())]
}

/// Complains of every line of code below `places` for which `is_wrong` returns a word.
fn check_lines(
    files: &[TextFile],
    concerns: impl Fn(&str) -> bool,
    is_wrong: impl Fn(&str) -> Option<String>,
) {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| concerns(&file.path)) {
        for (number, line) in file.code() {
            complaints.extend(is_wrong(line).map(|word| format!("{}: {word}", file.at(number))));
        }
    }
    expect_none(&complaints);
}

/// Works as [`check_lines`], for lines that name one of `crates`.
fn check_unnamed(crates: &[&str], concerns: impl Fn(&str) -> bool) {
    check_lines(&source(), concerns, |line| {
        let named = crates.iter().find(|name| names(line, name))?;
        Some(format!("`{named}` is not for this room"))
    });
}

#[test]
fn every_room_has_its_floor() {
    let unknown: Vec<String> = source()
        .iter()
        .filter(|file| file.path.starts_with("crates/os/"))
        .filter_map(|file| room_of(&file.path))
        .filter(|room| *room != "lib" && floor_of(room).is_none())
        .map(|room| format!("`{room}` is not in the table of rooms"))
        .collect();
    expect_none(&unknown);
}

#[test]
fn a_room_knows_only_those_below_it() {
    for file in source() {
        let room = room_of(&file.path)
            .expect("source lies in a room")
            .to_owned();
        if !file.path.starts_with("crates/os/") || room == "lib" {
            continue;
        }
        check_lines(
            &[file],
            |_| true,
            |line| {
                let other = rooms_named(line).find(|other| !may_know(&room, other))?;
                Some(format!("`{room}` must not know `{other}`"))
            },
        );
    }
}

#[test]
fn the_table_tells_right_from_wrong() {
    for (room, other, may) in [
        ("server", "handler", true),
        ("server", "load", false),
        ("telemetry", "server", false),
        ("recorder", "telemetry", true),
        ("server", "server", true),
    ] {
        assert_eq!(may_know(room, other), may, "{room} and {other}");
    }
}

#[test]
fn rooms_are_found_in_every_form_of_an_import() {
    let named = |line| rooms_named(line).collect::<Vec<_>>();
    assert_eq!(named("use crate::sys::{self, net};"), ["sys"]);
    assert_eq!(
        named("use crate::{load, server::worker};"),
        ["load", "server"]
    );
    assert_eq!(
        named("let a = crate::http::parse(crate::units::X);"),
        ["http", "units"]
    );
}

#[test]
fn imports_are_written_so_that_this_test_can_read_them() {
    check_lines(
        &source(),
        |_| true,
        |line| {
            let open = line.contains("crate::{") && !line.contains('}');
            let astray = open || line.contains("super::super::super::");
            astray.then(|| "write `use crate::room::…` on a line of its own".to_owned())
        },
    );
}

#[test]
fn only_one_file_names_the_coroutine_crate() {
    let elsewhere = |path: &str| !path.starts_with("crates/os/src/coroutine/task");
    check_unnamed(&["generator"], elsewhere);
}

#[test]
fn only_sys_asks_the_operating_system_directly() {
    let elsewhere = |path: &str| room_of(path) != Some("sys");
    check_unnamed(&["libc", "nix", "rustix", "memmap2"], elsewhere);
}

#[test]
fn unsafe_code_lives_in_its_rooms() {
    const ROOMS: [&str; 4] = [
        "crates/os/src/sys/",
        "crates/os/src/telemetry/scoreboard.rs",
        "crates/os/src/telemetry/ring.rs",
        "crates/os/src/coroutine/task.rs",
    ];
    let elsewhere = |path: &str| !ROOMS.iter().any(|room| path.starts_with(room));
    check_lines(&source(), elsewhere, |line| {
        let found = line.split_whitespace().any(|word| word == "unsafe");
        found.then(|| "unsafe code is not for this room".to_owned())
    });
}

#[test]
fn a_handler_spends_time_only_through_its_world() {
    check_lines(
        &source(),
        |path| room_of(path) == Some("handler") && !is_test(path),
        |line| {
            let other = rooms_named(line).find(|room| *room == "sys");
            let outside = ["time", "net", "fs", "thread", "process"];
            let outside = outside
                .iter()
                .find(|part| names(line, &format!("std::{part}")));
            let word = other.or(outside.copied())?;
            Some(format!("a handler does not know `{word}`: it has a World"))
        },
    );
}

#[test]
fn a_simulation_knows_no_clock_no_descriptor_and_no_order_of_hashes() {
    check_lines(
        &source(),
        |path| room_of(path) == Some("sim") && !is_test(path) && !path.contains("/benches/"),
        |line| {
            let room = rooms_named(line).find(|room| ["sys", "http", "handler"].contains(room));
            let outside = ["time", "net", "fs", "process", "os", "env", "thread"];
            let outside = outside
                .iter()
                .find(|part| names(line, &format!("std::{part}")));
            let hash = ["HashMap", "HashSet"]
                .into_iter()
                .find(|name| line.contains(name));
            let word = room.or(outside.copied()).or(hash)?;
            Some(format!("`{word}` is not for a simulation"))
        },
    );
}

#[test]
fn scenarios_http_and_the_ready_queue_know_no_clock_and_no_descriptor() {
    let pure = |path: &str| {
        matches!(
            room_of(path),
            Some("scenario" | "http" | "units" | "palette" | "theory")
        ) || path == "crates/engine/src/ready_queue.rs"
    };
    check_lines(
        &source(),
        |path| pure(path) && !is_test(path),
        |line| {
            let outside = ["time", "net", "fs", "process", "os"];
            let part = outside
                .iter()
                .find(|part| names(line, &format!("std::{part}")))?;
            Some(format!("`std::{part}` is not for this room"))
        },
    );
}

#[test]
fn the_state_of_the_screen_knows_no_screen_and_a_view_changes_nothing() {
    check_unnamed(&["ratatui", "ratatui_core", "crossterm"], |path| {
        path.starts_with("crates/tui/src/state")
    });
    check_lines(
        &source(),
        |path| path.starts_with("crates/tui/src/view"),
        |line| {
            let changes = line.contains("&mut State") || line.contains("&mut super::State");
            changes.then(|| "a view changes nothing".to_owned())
        },
    );
}

#[test]
fn anyhow_is_for_the_command_line_and_for_what_it_runs() {
    check_unnamed(&["anyhow"], |path| {
        !matches!(
            room_of(path),
            Some("cli" | "main" | "driver" | "lab" | "terminal")
        )
    });
}

#[test]
fn shared_memory_holds_numbers_and_no_pointers() {
    let shared = |path: &str| {
        ["scoreboard", "mailbox", "ring", "gauge"]
            .iter()
            .any(|name| path == format!("crates/os/src/telemetry/{name}.rs"))
    };
    let (mut complaints, mut field_count) = (Vec::new(), 0);
    for file in source().iter().filter(|file| shared(&file.path)) {
        for (number, field) in fields_of_shared_structs(file) {
            field_count += 1;
            if let Some(strange) = words(field).find(|word| !is_shareable(word)) {
                complaints.push(format!("{}: `{strange}` in shared memory", file.at(number)));
            }
        }
    }
    assert!(field_count > 30, "the structs are found");
    expect_none(&complaints);
}

/// Returns the types of the fields of every struct that begins with `#[repr(C…)]`, with their lines.
fn fields_of_shared_structs(file: &TextFile) -> Vec<(usize, &str)> {
    let (mut inside, mut fields) = (false, Vec::new());
    for (number, line) in file.code() {
        match line.trim_end() {
            marker if marker.starts_with("#[repr(C") => inside = true,
            "}" => inside = false,
            field if inside && field.starts_with("    ") => {
                fields.extend(field.split_once(": ").map(|(_, kind)| (number, kind)));
            }
            _ => {}
        }
    }
    fields
}

fn words(kind: &str) -> impl Iterator<Item = &str> {
    kind.split(|letter: char| !letter.is_alphanumeric() && !"_&*<".contains(letter))
        .filter(|word| !word.is_empty())
}

/// True for an atomic number, a type made of them, or an array's length.
fn is_shareable(word: &str) -> bool {
    let is_count = word.chars().all(|letter| !letter.is_lowercase());
    let is_record = ["Words", "Slot", "Gauge", "Mailbox"]
        .iter()
        .any(|end| word.ends_with(end));
    word == "AtomicU64" || is_record || is_count && !word.contains(['&', '*', '<'])
}

fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || path.contains("/tests/")
}
