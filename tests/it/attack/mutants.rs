//! Scenario mutants: the built-in files, changed at random, through `check`; those that pass through `sim`.
//!
//! ```text
//!   cargo test --release --test it attack::mutants::many -- --ignored --nocapture
//!   CONCSIM_MUTANTS=100000 CONCSIM_SEED=7 cargo test --release --test it attack::mutants::many -- --ignored --nocapture
//! ```
//!
//! Each mutant is one or more changes to a file: a line lost, doubled or moved, a number, a length or a
//! word replaced by another of the language, a byte flipped, the tail of another file. It is right if both
//! commands end by themselves with an exit status of the command line, within 1 GiB of memory and a limit
//! of core time. Simulations are of 200 ms, and of 1 000 000 steps at most: a longer one has to be refused
//! by its estimate.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a command prints its table, and without files it fails"
)]
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

/// Values at the limits of keys.
const VALUES: [&str; 34] = [
    "0",
    "1",
    "-1",
    "2",
    "64",
    "1000",
    "65535",
    "65536",
    "1e9",
    "1e308",
    "18446744073709551615",
    "0.5",
    "1e-9",
    "nan",
    "inf",
    "true",
    "''",
    "[]",
    "{}",
    "'0s'",
    "'1ns'",
    "'1us'",
    "'99ms'",
    "'1h'",
    "'24h'",
    "'~1ms'",
    "'0ms..1h'",
    "'lognormal(1us, p99 1h)'",
    "'pareto(1us, shape 0.1, max 1h)'",
    "'0/s'",
    "'1/h'",
    "'1000000/s'",
    "'cores'",
    "['sync', 'coroutine', 'threads', 'callback']",
];
/// Replacements of a number …
const NUMBERS: [&str; 9] = ["0", "1", "2", "3", "7", "16", "64", "1000", "100000"];
/// … and of a length of time.
const LENGTHS: [&str; 9] = [
    "0ms", "1ns", "1us", "1ms", "7ms", "500ms", "2s", "1min", "1h",
];
/// Words that are legal in some place.
const WORDS: [&str; 40] = [
    "sync",
    "coroutine",
    "threads",
    "callback",
    "shared",
    "exclusive",
    "blocking",
    "reuseport",
    "compute",
    "sleep",
    "call",
    "yield",
    "write",
    "count",
    "panic",
    "overflow",
    "unpatched",
    "in threads",
    "with yield",
    "in slices of 1us",
    "steps",
    "weight",
    "clients",
    "rate",
    "think",
    "ramp",
    "patience",
    "timeout",
    "requests",
    "workers",
    "connections",
    "backlog",
    "max_requests",
    "keepalive",
    "duration",
    "warmup",
    "capacity",
    "pool",
    "gil",
    "efficiency",
];
/// Harmful steps.
const STEPS: [&str; 10] = [
    "panic",
    "overflow",
    "yield",
    "compute 1h in slices of 1us",
    "compute 0ms",
    "sleep 1h",
    "write 1GiB",
    "count a with yield",
    "call other 1h",
    "compute ~1us",
];

/// A change to a text.
type Change = fn(&mut ChaCha8Rng, &mut String, &[String]);

const CHANGES: [Change; 8] = [
    lose_a_line,
    double_a_line,
    move_a_line,
    replace_a_value,
    replace_a_word,
    add_a_step,
    flip_a_byte,
    take_another_tail,
];

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn lose_a_line(random: &mut ChaCha8Rng, text: &mut String, _: &[String]) {
    let mut lines = lines(text);
    if !lines.is_empty() {
        lines.remove(random.random_range(0..lines.len()));
    }
    *text = lines.join("\n");
}

fn double_a_line(random: &mut ChaCha8Rng, text: &mut String, _: &[String]) {
    let mut lines = lines(text);
    if let Some(line) = lines.choose(random).cloned() {
        lines.insert(random.random_range(0..=lines.len()), line);
    }
    *text = lines.join("\n");
}

fn move_a_line(random: &mut ChaCha8Rng, text: &mut String, others: &[String]) {
    double_a_line(random, text, others);
    lose_a_line(random, text, others);
}

fn replace_a_value(random: &mut ChaCha8Rng, text: &mut String, _: &[String]) {
    let mut lines = lines(text);
    let with_value = (0..lines.len()).filter(|place| lines[*place].contains('='));
    let Some(place) = with_value.collect::<Vec<_>>().choose(random).copied() else {
        return;
    };
    let key = lines[place].split('=').next().unwrap().to_owned();
    lines[place] = format!("{key}= {}", VALUES.choose(random).unwrap());
    *text = lines.join("\n");
}

fn replace_a_word(random: &mut ChaCha8Rng, text: &mut String, _: &[String]) {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut begins = Vec::new();
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        if is_part(letter) && !is_part(before) {
            begins.push(at);
        }
        before = letter;
    }
    let Some(begin) = begins.choose(random).copied() else {
        return;
    };
    let rest = &text[begin..];
    let end = begin + rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
    let unit = rest[..end - begin].trim_start_matches(|letter: char| letter.is_ascii_digit());
    let new = match unit {
        word if word.len() == end - begin => WORDS.choose(random),
        "" => NUMBERS.choose(random),
        _ => LENGTHS.choose(random),
    };
    text.replace_range(begin..end, new.unwrap());
}

fn add_a_step(random: &mut ChaCha8Rng, text: &mut String, _: &[String]) {
    let step = format!("\"{}\", ", STEPS.choose(random).unwrap());
    let places: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
    if let Some(place) = places.choose(random) {
        text.insert_str(*place, &step);
    }
}

fn flip_a_byte(random: &mut ChaCha8Rng, text: &mut String, _: &[String]) {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.is_empty() {
        return;
    }
    let place = random.random_range(0..letters.len());
    letters[place] = *[
        '"', '\'', '[', ']', '=', '.', ',', '\n', '\u{0}', '\u{202e}', 'é', '-', '9', '#',
    ]
    .choose(random)
    .unwrap();
    *text = letters.into_iter().collect();
}

fn take_another_tail(random: &mut ChaCha8Rng, text: &mut String, others: &[String]) {
    let (mut head, tail) = (lines(text), lines(others.choose(random).unwrap()));
    head.truncate(random.random_range(0..=head.len()));
    head.extend_from_slice(&tail[random.random_range(0..=tail.len())..]);
    *text = head.join("\n");
}

/// Returns the `number`-th mutant of a seed.
fn mutant(seed: u64, number: u64, files: &[String]) -> String {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(number);
    let mut text = files.choose(&mut random).unwrap().clone();
    for _ in 0..random.random_range(1..=3) {
        CHANGES.choose(&mut random).unwrap()(&mut random, &mut text, files);
    }
    text
}

fn files() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|it| it.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "toml"));
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// Runs a command of the program on a file, with 1 GiB of memory and `seconds` of core time.
fn limited(seconds: u64, words: &str, file: &Path) -> Output {
    let program = env!("CARGO_BIN_EXE_concsim");
    let limits = format!("ulimit -v 1048576 && ulimit -t {seconds} && ulimit -c 0");
    Command::new("sh")
        .args(["-c", &format!("{limits} && exec {program} {words}")])
        .arg("sh")
        .env("FILE", file)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .unwrap()
}

/// Plays a mutant. Returns its row of the table, and the output of a command that broke.
fn played(seconds: u64, file: &Path) -> (&'static str, Option<String>) {
    let check = limited(seconds, "check \"$FILE\"", file);
    match check.status.code() {
        Some(2) => return ("has mistakes", None),
        Some(0) => {}
        _ => return ("check breaks", Some(messages(&check))),
    }
    let sim = "sim \"$FILE\" --headless --json --no-keep --warmup 0s --duration 200ms --most-steps 1000000";
    let sim = limited(seconds, sim, file);
    match sim.status.code() {
        Some(0 | 3) => ("is simulated", None),
        Some(2) => ("is not simulated", None),
        _ => ("sim breaks", Some(messages(&sim))),
    }
}

fn messages(output: &Output) -> String {
    format!(
        "{}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Plays mutants of a seed, and prints the table. Fails with the text of the first one that is wrong.
fn play(seed: u64, count: u64, seconds: u64) {
    let files = files();
    let table = Mutex::new(BTreeMap::<&str, u64>::new());
    let wrong = Mutex::new(BTreeMap::<u64, String>::new());
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                let scratch = tempfile::tempdir().unwrap();
                let file = scratch.path().join("mutant.toml");
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    fs::write(&file, mutant(seed, number, &files)).unwrap();
                    let (what, why) = played(seconds, &file);
                    *table.lock().unwrap().entry(what).or_default() += 1;
                    if let Some(why) = why {
                        println!("mutant {number} of seed {seed}: {why}");
                        wrong.lock().unwrap().insert(number, why);
                    }
                }
            });
        }
    });
    for (what, count) in &*table.lock().unwrap() {
        println!("{count:>8} {what}");
    }
    let wrong = wrong.into_inner().unwrap();
    if let Some((number, why)) = wrong.first_key_value() {
        let text = mutant(seed, *number, &files);
        panic!(
            "{} of {count} are wrong; mutant {number} of seed {seed}: {why}\n{text}",
            wrong.len()
        );
    }
    assert!(table.into_inner().unwrap().contains_key("is simulated"));
}

#[test]
fn two_thousand_mutants_of_scenarios_do_no_harm() {
    // Also passes in a debug build beside other tests: it finds endless commands.
    play(1, 2_000, 60);
}

#[test]
#[ignore = "minutes long"]
fn many() {
    let number = |name: &str, default| {
        let given = std::env::var(name).ok();
        given.map_or(default, |it| it.parse().expect("a number"))
    };
    play(
        number("CONCSIM_SEED", 1),
        number("CONCSIM_MUTANTS", 10_000),
        if cfg!(debug_assertions) { 20 } else { 2 },
    );
}
