//! Sweeps of the built program: the same table by every way to it.

#![expect(
    clippy::unwrap_used,
    reason = "a sweep without its files fails the test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::serve_process::until;

const SCENARIO: &str = "warmup = '100ms'\nduration = '1s'\n[server]\nkind = ['sync', 'coroutine']\n\
                        workers = 2\n[requests.a]\nsteps = ['compute 1ms', 'call billing 5ms']\n\
                        [load]\nclients = 4\nramp = '0s'\n";

/// A folder with a scenario in it, for sweeps.
struct Place(tempfile::TempDir);

impl Place {
    fn new(scenario: &str) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("x.toml"), scenario).unwrap();
        Self(scratch)
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concsim"));
        let words = shell_words::split(words).unwrap();
        command.current_dir(self.0.path()).args(words);
        command
    }

    fn run(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs it to success, or to failing points.
    fn status(&self, words: &str, status: i32) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(status), "{words}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, folder: &str) -> [String; 2] {
        ["points.jsonl", "points.csv"]
            .map(|name| fs::read_to_string(self.path(folder).join(name)).unwrap())
    }
}

fn line_count(file: &Path) -> usize {
    fs::read_to_string(file).map_or(0, |text| text.lines().count())
}

const SWEEP: &str = "sweep x.toml --over server.workers=1..3 --over load.clients=2,8";

#[test]
fn one_thread_two_eight_and_shards_that_are_merged_write_the_same_bytes() {
    let place = Place::new(SCENARIO);
    let text = place.status(&format!("{SWEEP} --jobs 1"), 0);
    assert_eq!(text.lines().count(), 1, "{text}");
    let whole = place.read("sweep-x");
    assert_eq!(whole[1].lines().count(), 1 + 3 * 2 * 2);
    for jobs in [2, 8] {
        place.status(&format!("{SWEEP} --jobs {jobs} --out {jobs}"), 0);
        assert_eq!(place.read(&jobs.to_string()), whole, "{jobs} threads");
    }
    place.status(&format!("{SWEEP} --shard 1/4"), 0);
    let missing = place.status("sweep merge sweep-x-1of4 --out merged", 1);
    assert!(missing.contains("missing: row 2, 3, 4"), "{missing}");
    for shard in 2..5 {
        place.status(&format!("{SWEEP} --shard {shard}/4"), 0);
    }
    let shards = "sweep-x-1of4 sweep-x-2of4 sweep-x-3of4 sweep-x-4of4";
    place.status(&format!("sweep merge {shards} --out merged"), 0);
    assert_eq!(place.read("merged"), whole);
    let doubled = place.status(&format!("sweep merge {shards} sweep-x-2of4 --out m"), 1);
    assert!(doubled.contains("there twice: row 2"), "{doubled}");
}

#[test]
fn a_merge_replaces_other_numbers_only_if_asked() {
    let place = Place::new(SCENARIO);
    let sweep = "sweep x.toml --over server.workers=1..2";
    place.status(&format!("{sweep} --out whole"), 0);
    for shard in 1..3 {
        place.status(&format!("{sweep} --shard {shard}/2"), 0);
    }
    let merge = "sweep merge sweep-x-1of2 sweep-x-2of2 --out whole";
    place.status(merge, 0);
    let [lines, csv] = place.read("whole");
    // As if one row had been played on another machine.
    let other = lines.replacen("\"completed\":", "\"completed\":1", 1);
    assert_ne!(other, lines);
    fs::write(place.path("whole/points.jsonl"), &other).unwrap();
    let refused = place.status(merge, 1);
    assert!(
        refused.contains("rows with other numbers: row 0; --replace"),
        "{refused}"
    );
    assert_eq!(place.read("whole")[0], other);
    place.status(&format!("{merge} --replace"), 0);
    assert_eq!(place.read("whole"), [lines, csv]);
}

#[test]
fn a_row_that_failed_is_played_again_and_its_last_line_counts() {
    let place = Place::new(SCENARIO);
    let sweep = "sweep x.toml --over server.workers=1..2";
    place.status(&format!("{sweep} --out whole"), 0);
    let [lines, csv] = place.read("whole");
    // As if there had been no memory for the first row.
    let (first, rest) = lines.split_once('\n').unwrap();
    let mut first: Value = serde_json::from_str(first).unwrap();
    first.as_object_mut().unwrap().remove("numbers");
    first["error"] = "no memory".into();
    fs::write(place.path("whole/points.jsonl"), format!("{first}\n{rest}")).unwrap();
    let text = place.status(&format!("{sweep} --out whole"), 0);
    assert!(text.contains("4 rows, 0 failed"), "{text}");
    assert_eq!(place.read("whole"), [lines, csv]);
}

/// Plays until there is a row, and presses ^C; returns the messages.
fn interrupt_after_a_row(place: &Place, words: &str, folder: &str) -> String {
    let sweep = place.command(words).stderr(Stdio::piped()).spawn().unwrap();
    let lines = place.path(folder).join("points.jsonl");
    until("a row is on the disk", || line_count(&lines) >= 1);
    kill(Pid::from_raw(sweep.id().cast_signed()), Signal::SIGINT).unwrap();
    let output = sweep.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_interrupted_sweep_says_how_far_it_came_and_goes_on() {
    let place = Place::new(&SCENARIO.replace("'1s'", "'20s'"));
    let text = interrupt_after_a_row(&place, &format!("{SWEEP} --jobs 1 --out cut"), "cut");
    let there = line_count(&place.path("cut/points.jsonl"));
    let line = format!("interrupted: {there} of 12 rows are in cut\n");
    assert!(text.contains(&line), "{text}");
    assert!(text.contains("the same command goes on"), "{text}");
    assert!(there < 12 && !place.path("cut/points.csv").exists());
    place.status(&format!("{SWEEP} --out cut"), 0);
    place.status(&format!("{SWEEP} --out whole"), 0);
    assert_eq!(place.read("cut"), place.read("whole"));
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_measured_sweep_leaves_no_process_and_goes_on() {
    let place = Place::new(SCENARIO);
    let sweep = "sweep x.toml --over server.workers=1..2 --variant sync --measured";
    let text = interrupt_after_a_row(&place, sweep, "sweep-x");
    assert!(text.contains("interrupted: 1 of 2 rows"), "{text}");
    let home = place.0.path().canonicalize().unwrap();
    until("nobody works there any more", || {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let mut homes = processes.filter_map(|it| fs::read_link(it.path().join("cwd")).ok());
        !homes.any(|it| it == home)
    });
    place.status(sweep, 0);
    let [lines, csv] = place.read("sweep-x");
    assert_eq!((lines.lines().count(), csv.lines().count()), (2, 3));
}

#[test]
fn a_sweep_that_was_killed_goes_on_and_writes_what_it_would_have_written() {
    let place = Place::new(&SCENARIO.replace("'1s'", "'20s'"));
    place.status(&format!("{SWEEP} --out whole"), 0);
    let mut killed = place.command(&format!("{SWEEP} --jobs 1 --out killed"));
    let mut killed = killed.stderr(Stdio::null()).spawn().unwrap();
    let lines = place.path("killed").join("points.jsonl");
    until("some rows are on the disk", || line_count(&lines) >= 2);
    killed.kill().unwrap();
    killed.wait().unwrap();
    // At whatever byte it stopped, it ends within a line that had been written.
    let text = fs::read_to_string(&lines).unwrap();
    let second = text.find('\n').unwrap() + 30;
    fs::write(&lines, &text[..second]).unwrap();
    place.status(&format!("{SWEEP} --out killed"), 0);
    assert_eq!(place.read("killed"), place.read("whole"));
}

#[test]
fn a_folder_of_another_sweep_is_refused_with_the_reason() {
    let place = Place::new(SCENARIO);
    place.status("sweep x.toml --over server.workers=1,2", 0);
    let other = place.status("sweep x.toml --over server.workers=1..3", 1);
    assert!(other.contains("the grid (--over) differs"), "{other}");
    fs::write(place.path("x.toml"), format!("{SCENARIO}# more\n")).unwrap();
    let other = place.status("sweep x.toml --over server.workers=1,2", 1);
    assert!(other.contains("the scenario's text differs"), "{other}");
    fs::create_dir(place.path("mine")).unwrap();
    fs::write(place.path("mine/letter"), "dear").unwrap();
    let other = place.status("sweep x.toml --over server.workers=1,2 --out mine", 1);
    assert!(other.contains("not a sweep"), "{other}");
}

#[test]
fn a_point_that_fails_is_a_row_and_the_others_are_played() {
    let place = Place::new(SCENARIO);
    place.status(
        "sweep x.toml --over server.workers=0..1 --over load.clients=2",
        1,
    );
    let [lines, csv] = place.read("sweep-x");
    let rows: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 3);
    assert!(
        rows[0]["error"]
            .as_str()
            .unwrap()
            .contains("server.workers")
    );
    assert!(rows[1]["numbers"]["completed"].as_u64().unwrap() > 0);
    assert!(csv.lines().last().unwrap().starts_with("1,1,2,coroutine,"));
    // A refusal by the simulation is a row, too.
    place.status(
        "sweep x.toml --over \"requests.a.steps=['yield']\" --out timeless",
        1,
    );
    let [lines, _] = place.read("timeless");
    assert_eq!(lines.matches("take no time").count(), 2, "{lines}");
}

#[test]
fn mistakes_of_the_command_line_are_all_reported_with_status_2() {
    let place = Place::new(SCENARIO);
    let text = place.status(
        "sweep x.toml --over server.workers=3..1 --over load.clients",
        2,
    );
    assert!(text.contains("2 mistakes"), "{text}");
    let line = place.status("sweep x.toml --over server.wokers=1..2", 2);
    assert!(line.contains("did you mean `workers`"), "{line}");
    assert!(
        line.contains("--over:1:8") && !line.contains("--set"),
        "{line}"
    );
    let sentence = place.status(
        "sweep x.toml --over server.workers=1..2 --set load.clents=3",
        2,
    );
    assert!(
        sentence.contains("--set:1:6") && !sentence.contains("--over"),
        "{sentence}"
    );
    assert!(place.run("sweep x.toml").status.code() == Some(2));
}

#[test]
fn the_command_of_a_row_gives_its_numbers() {
    let place = Place::new(SCENARIO);
    place.status("sweep x.toml --over server.workers=1,3 --seed 5", 0);
    let [lines, _] = place.read("sweep-x");
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let command = row["command"].as_str().unwrap().strip_prefix("concsim ");
        let output = place.run(&format!("{} --json --no-keep", command.unwrap()));
        assert!(output.status.success(), "{output:?}");
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        let run = &summary["runs"][0];
        assert_eq!(summary["scenario"]["sha256"], row["sha256"]);
        assert_eq!(summary["scenario"]["seed"], 5);
        assert_eq!(
            (&run["variant"], &run["trust"]),
            (&row["variant"], &row["trust"])
        );
        let numbers = row["numbers"].as_object().unwrap();
        assert!(numbers.len() > 20);
        for (name, number) in numbers {
            assert_eq!(number, &run[name], "{name}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn measured_points_are_played_by_real_processes() {
    let place = Place::new(SCENARIO);
    place.status(
        "sweep x.toml --over server.workers=1 --variant sync --measured",
        0,
    );
    let [lines, csv] = place.read("sweep-x");
    assert!(lines.contains("\"origin\":\"measured\""), "{lines}");
    assert!(lines.contains("concsim run x.toml --headless"), "{lines}");
    assert_eq!(csv.lines().count(), 2);
}

#[test]
fn a_repeated_row_has_the_intervals_of_its_command_and_its_figure_whiskers() {
    let place = Place::new(SCENARIO);
    let words = "sweep x.toml --over server.workers=1,2 --variant sync --repeat 3 --out kept";
    place.status(words, 0);
    let [lines, csv] = place.read("kept");
    let mut csv = csv.lines();
    let columns: Vec<&str> = csv.next().unwrap().split(',').collect();
    let column = |name: &str| columns.iter().position(|it| *it == name).unwrap();
    for (line, cells) in lines.lines().zip(csv) {
        let row: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&row["repeats"]["count"], &row["repeats"]["used"]),
            (&3.into(), &3.into())
        );
        let command = row["command"]
            .as_str()
            .unwrap()
            .strip_prefix("concsim ")
            .unwrap();
        let alone = place.run(&format!("{command} --no-keep --json"));
        let alone: Value = serde_json::from_slice(&alone.stdout).unwrap();
        let latency = &alone["runs"][0]["latency_ms"];
        assert_eq!(row["numbers"]["latency_ms"], *latency);
        let cells: Vec<&str> = cells.split(',').collect();
        for (end, value) in latency["interval"]["mean"].as_object().unwrap() {
            let cell = cells[column(&format!("latency_mean_ms_{end}"))];
            assert_eq!(cell, value.to_string());
        }
    }
    let other = place.status(&words.replace("--repeat 3", "--repeat 4"), 1);
    assert!(
        other.contains("the number of repeats (--repeat) differs"),
        "{other}"
    );
    place.status("figure workers kept -o workers.svg", 0);
    let data = fs::read_to_string(place.path("workers.csv")).unwrap();
    let rows = data
        .lines()
        .filter(|line| line.contains(r#""sync","sync","simulated""#));
    // A point and its interval at each of two places.
    assert_eq!(rows.count(), 4, "{data}");
}

#[test]
fn each_row_is_repeated_until_its_intervals_are_narrow_by_any_way_to_it() {
    let place = Place::new(&SCENARIO.replace("compute 1ms", "compute ~1ms"));
    let words = "sweep x.toml --over server.workers=1,2 --until 0.8% --of latency.mean --cap 20";
    place.status(&format!("{words} --jobs 1"), 0);
    let whole = place.read("sweep-x");
    place.status(&format!("{words} --jobs 3 --out three"), 0);
    assert_eq!(place.read("three"), whole);
    for shard in 1..3 {
        place.status(&format!("{words} --shard {shard}/2"), 0);
    }
    place.status("sweep merge sweep-x-1of2 sweep-x-2of2 --out merged", 0);
    assert_eq!(place.read("merged"), whole);
    let mut counts = Vec::new();
    for line in whole[0].lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let latency = &row["numbers"]["latency_ms"];
        let ends = ["low", "high"].map(|end| latency["interval"]["mean"][end].as_f64().unwrap());
        let share = (ends[1] - ends[0]) / 2.0 / latency["mean"].as_f64().unwrap();
        let repeats = &row["repeats"];
        let count = repeats["count"].as_u64().unwrap();
        let is_met = repeats["until"]["met"].as_bool().unwrap();
        assert_eq!(is_met, share <= 0.008, "{share}: {repeats}");
        assert!(is_met || count == 20, "{repeats}");
        let command = row["command"].as_str().unwrap();
        let words = command.strip_prefix("concsim ").unwrap();
        let alone = place.run(&format!("{words} --no-keep --json"));
        let alone: Value = serde_json::from_slice(&alone.stdout).unwrap();
        assert_eq!(alone["repeats"]["count"], repeats["count"], "{command}");
        assert_eq!(alone["repeats"]["until"], repeats["until"]);
        assert_eq!(alone["runs"][0]["latency_ms"], *latency);
        counts.push(count);
    }
    counts.sort_unstable();
    counts.dedup();
    assert!(counts.len() > 1, "rows of different widths: {counts:?}");
    let other = place.status(&words.replace("0.8%", "0.9%"), 1);
    assert!(other.contains("the rule that ends repeats"), "{other}");
    let unknown = place.status(&words.replace("latency.mean", "sync.latency.mean"), 2);
    assert!(
        unknown.contains("unknown number `sync.latency.mean`"),
        "{unknown}"
    );
}
