//! Replays the corpora of the fuzz targets, and mutants of these for any length of time, without a fuzzer:
//!
//! ```text
//!   CONCSIM_SECONDS=600 cargo test --release --test it corpus::mutants -- --ignored --nocapture
//! ```
//!
//! How to fuzz with cargo-fuzz is in CONTRIBUTING.md.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a command prints its table and looks at the clock; without files it fails"
)]

#[path = "../../fuzz/entries.rs"]
mod entries;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use entries::{ENTRIES, Entry};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// Returns the inputs of a target, with their names.
fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(fuzz().join("corpus").join(name)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|it| it.unwrap().path()).collect();
    paths.sort();
    let input = |path: &PathBuf| (path.display().to_string(), fs::read(path).unwrap());
    paths.iter().map(input).collect()
}

#[test]
fn every_input_of_the_corpora_is_read_soundly() {
    for (name, entry) in ENTRIES {
        let inputs = corpus(name);
        assert!(inputs.len() > 2, "{name}: {} inputs", inputs.len());
        for (path, bytes) in inputs {
            let read = catch_unwind(|| entry(&bytes));
            assert!(read.is_ok(), "{path}");
        }
    }
}

#[test]
fn every_target_of_the_fuzzer_is_replayed_here() {
    let targets = fs::read_dir(fuzz().join("fuzz_targets")).unwrap();
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut targets: Vec<String> = targets.map(|it| stem(it.unwrap().path())).collect();
    targets.sort();
    let mut replayed = ENTRIES.map(|(name, _)| name);
    replayed.sort_unstable();
    assert_eq!(targets, replayed);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in replayed {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}

/// Returns a random part of some bytes, at most `most` long.
fn part<'a>(random: &mut ChaCha8Rng, bytes: &'a [u8], most: usize) -> &'a [u8] {
    let begin = random.random_range(0..=bytes.len());
    let longest = (bytes.len() - begin).min(most);
    &bytes[begin..begin + random.random_range(0..=longest)]
}

/// Applies one change: a byte flipped or replaced, a part lost, doubled, or replaced by that of another
/// input.
fn change(random: &mut ChaCha8Rng, bytes: &mut Vec<u8>, inputs: &[(String, Vec<u8>)]) {
    let at = random.random_range(0..=bytes.len());
    let end = (at + random.random_range(0..=64)).min(bytes.len());
    match random.random_range(0..6) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
        1 if at < bytes.len() => bytes[at] = random.random(),
        2 => drop(bytes.drain(at..end)),
        3 => {
            let own = part(random, bytes, 64).to_vec();
            drop(bytes.splice(at..at, own));
        }
        4 => {
            let (_, other) = inputs.choose(random).unwrap();
            let other = part(random, other, 256).to_vec();
            drop(bytes.splice(at..end, other));
        }
        _ => bytes.truncate(at.max(1)),
    }
}

/// Returns the `number`-th mutant of a target's corpus.
fn mutant(seed: u64, number: u64, inputs: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(number);
    let mut bytes = inputs.choose(&mut random).unwrap().1.clone();
    for _ in 0..random.random_range(1..=4) {
        change(&mut random, &mut bytes, inputs);
    }
    bytes
}

/// Tries mutants for `time`, and prints their number. Fails at the first mutant that makes the entry panic,
/// and writes this mutant into the folder of temporary files.
fn attack(name: &str, entry: Entry, seed: u64, time: Duration) {
    let inputs = corpus(name);
    let begin = Instant::now();
    let (mut number, mut slowest, mut last) = (0, (Duration::ZERO, 0), begin);
    while last.duration_since(begin) < time {
        let bytes = mutant(seed, number, &inputs);
        if catch_unwind(|| entry(&bytes)).is_err() {
            let path = std::env::temp_dir().join(format!("{name}-{seed}-{number}"));
            fs::write(&path, &bytes).unwrap();
            panic!("{name}: mutant {number} of seed {seed}: {}", path.display());
        }
        let now = Instant::now();
        slowest = slowest.max((now.duration_since(last), number));
        last = now;
        number += 1;
    }
    let (length, which) = slowest;
    println!("{name}: {number} mutants of seed {seed}; the slowest, {which}, took {length:?}");
}

#[test]
#[ignore = "minutes long"]
fn mutants() {
    let number = |name: &str, default| {
        let given = std::env::var(name).ok();
        given.map_or(default, |it| it.parse().expect("a number"))
    };
    let time = Duration::from_secs(number("CONCSIM_SECONDS", 60)) / ENTRIES.len() as u32;
    for (name, entry) in ENTRIES {
        attack(name, entry, number("CONCSIM_SEED", 1), time);
    }
}
