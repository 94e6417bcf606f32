//! Exports of a stored run, read by their consumers: Perfetto's schema, HdrHistogram's reader, pandas and
//! DuckDB. Without these (`CONCSIM_PYTHON` names a Python that has them, see `benches/peers`) the files are
//! still written, and checked as far as this program can.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a run without its files fails the test, and a test reports what it skips"
)]
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use concsim::recorder::Folder;
use concsim::recording::lanes::{Index, Interval, Lanes};
use concsim::recording::storage;
use concsim::recording::summary::summarise;
use concsim::recording::{RecordSource, Recorder, Recording};
use concsim::scenario::WorkerKind;
use concsim::telemetry::Event;
use concsim::units::Stamp;
use serde_json::Value;

pub(crate) fn concsim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(arguments)
        .output()
        .unwrap()
}

/// Exports a run successfully; returns its standard error.
fn export(form: &str, run: &Path, output: &Path) -> String {
    let (run, output) = (run.to_str().unwrap(), output.to_str().unwrap());
    let exported = concsim(&["export", form, run, "-o", output]);
    assert!(exported.status.success(), "{exported:?}");
    String::from_utf8(exported.stderr).unwrap()
}

/// Returns a Python that can import all of these. Prints a line about the skipped check without one.
pub(crate) fn python_with(modules: &[&str]) -> Option<String> {
    let python = std::env::var("CONCSIM_PYTHON").unwrap_or_else(|_| "python3".into());
    let import = format!("import {}", modules.join(", "));
    let has_them = Command::new(&python).args(["-c", &import]).output();
    if has_them.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    eprintln!("SKIPPED: {python} has no {}", modules.join(", "));
    None
}

/// Returns the output of a peers' script about a file.
fn asked(python: &str, script: &str, argument: &Path, folder: &Path) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches/peers")
        .join(script);
    let output = Command::new(python)
        .arg(script)
        .arg(argument)
        .current_dir(folder)
        .output()
        .unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complained}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn old(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/recordings")
        .join(name)
}

/// Words that break any output without escaping. (Names in a scenario are letters.)
const TITLE: &str = "=cmd|' /C calc'!A0 <script>alert(1)</script> & \"quotes\", commas, #[StartTime: 0] \
                     \u{202e}rtl 🎈\nTag=a,0,1,2,HISTFAAAA";
const FILE: &str = "@SUM(1), \"x\" # 🎈 <b>\n.toml";

/// Simulates a scenario whose words are hostile, and whose title has 10 000 characters.
fn simulate_hostile(folder: &Path) -> PathBuf {
    let title = format!("{TITLE}{}", "long ".repeat(2_000));
    let title = serde_json::to_string(&title).unwrap();
    let scenario = format!(
        "title = {title}\nwarmup = '100ms'\nduration = '1500ms'\n[server]\nworkers = 2\n\
         kind = ['coroutine', 'sync', 'threads']\n[requests.a]\n\
         steps = ['compute 1ms', 'call billing 5ms']\n[load]\nclients = 40\nramp = '50ms'\n"
    );
    let (file, out) = (folder.join(FILE), folder.join("hostile"));
    std::fs::write(&file, scenario).unwrap();
    let (file, kept) = (file.to_str().unwrap(), out.to_str().unwrap());
    let simulated = concsim(&["sim", file, "--out", kept, "--headless"]);
    assert!(simulated.status.success(), "{simulated:?}");
    out
}

/// Returns hostile words in the form of an output: on one line, or harmless to its reader.
fn written(name: &str, letter: impl Fn(char) -> char) -> String {
    name.chars().map(letter).collect()
}

fn on_one_line(letter: char) -> char {
    if letter.is_control() { ' ' } else { letter }
}

/// Returns a letter as in a message for a terminal, whose direction no name may change.
fn in_a_message(letter: char) -> char {
    match letter {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        letter => on_one_line(letter),
    }
}

fn in_a_tag(letter: char) -> char {
    let breaks = letter.is_control() || letter.is_whitespace() || letter == ',';
    if breaks { '_' } else { letter }
}

fn in_csv(name: &str) -> String {
    let name = written(name, on_one_line);
    if name.starts_with(['=', '+', '-', '@']) {
        format!("'{name}")
    } else {
        name
    }
}

/// Copies a recording and gives its variants names that no scenario allows, as another program might.
fn copy_with_hostile_names(run: &Path, to: &Path) {
    let kept = storage::open(run).unwrap();
    let mut plan = kept.plan;
    for (variant, name) in plan
        .variants
        .iter_mut()
        .zip([TITLE, "-1,\u{1b}[31m\t\"# 🎈"])
    {
        name.clone_into(&mut variant.name);
    }
    let mut folder = Folder::create(to, &plan).unwrap();
    for (recording, variant) in kept.recordings.iter().zip(&plan.variants) {
        let mut header = recording.header.clone();
        header.variant.clone_from(&variant.name);
        let keeper = folder.begin_variant(&header).unwrap();
        let mut recorder = Recorder::new(header, Some(keeper));
        let sent = recording.sent.iter().map(|sent| Event::Sent(*sent));
        let outcomes = recording
            .outcomes
            .iter()
            .map(|outcome| Event::Ended(*outcome));
        for event in sent.chain(outcomes) {
            recorder.note(RecordSource::Load, &event.to_record());
        }
        for (worker, event) in recording.events.iter().chain(&recording.switches) {
            let source = match event {
                Event::Forked { .. } | Event::Died { .. } => RecordSource::Arbiter,
                _ => RecordSource::Worker(*worker),
            };
            recorder.note(source, &event.to_record());
        }
        for sample in &recording.samples {
            recorder.add(sample.clone());
        }
        assert!(recorder.close().1.is_none());
    }
}

/// Returns measured runs of an older version, one with hostile names, and a simulated one with hostile
/// words.
fn runs(folder: &Path) -> Vec<PathBuf> {
    let renamed = folder.join("renamed");
    copy_with_hostile_names(&old("io_bound-v1"), &renamed);
    let measured = ["three_requests-v1", "io_bound-v1"].map(old);
    let hostile = [renamed, simulate_hostile(folder)];
    measured.into_iter().chain(hostile).collect()
}

fn count(recording: &Recording, is_one: fn(&Event) -> bool) -> usize {
    let switches = recording.switches.iter();
    switches.filter(|(_, switch)| is_one(switch)).count()
}

/// Returns the time for which workers had cores, as the lanes on the screen show it.
fn held(recording: &Recording) -> u64 {
    let mut index = Index::default();
    index.extend(recording);
    let lanes = Lanes::new(&index, recording.present().unwrap());
    let to = recording.samples.last().unwrap().at;
    let from = Stamp::ZERO;
    let cores = lanes.cores(Interval { from, to });
    let held = cores.iter().flat_map(|lane| &lane.held);
    held.map(|held| held.to.since(held.from).0).sum()
}

#[test]
fn a_trace_holds_the_rules_of_perfettos_own_schema_and_all_that_was_recorded() {
    let scratch = tempfile::tempdir().unwrap();
    let python = python_with(&["perfetto", "google.protobuf"]);
    for run in runs(scratch.path()) {
        let file = scratch.path().join("run.pftrace");
        export("perfetto", &run, &file);
        assert!(std::fs::metadata(&file).unwrap().len() > 1_000);
        let Some(python) = &python else {
            continue;
        };
        let groups = asked(python, "read_trace.py", &file, scratch.path());
        let kept = storage::open(&run).unwrap();
        assert_eq!(groups.as_array().unwrap().len(), kept.recordings.len());
        for (group, recording) in groups.as_array().unwrap().iter().zip(&kept.recordings) {
            let number = |name: &str| group[name].as_u64().unwrap() as usize;
            let ran = count(recording, |it| matches!(it, Event::RunSlice(_)));
            let kind = recording.header.scenario.server.kind;
            let is_sync = kind == WorkerKind::Sync;
            assert_eq!(number("requests"), recording.outcomes.len());
            // Slices of several threads overlap: each thread has its own track, and the process has none.
            let of_processes = if kind.has_threads() { 0 } else { ran };
            assert_eq!(number("turns"), of_processes);
            assert_eq!(number("turns_of_coroutines"), if is_sync { 0 } else { ran });
            assert_eq!(number("samples"), recording.samples.len());
            assert_eq!(number("open"), 0);
            assert_eq!(group["held_ns"].as_u64(), Some(held(recording)));
            assert_eq!(group["run"]["title"], kept.plan.title.as_str());
            assert_eq!(group["run"]["variant"], recording.header.variant.as_str());
            assert_eq!(group["run"]["trust"], summarise(recording).trust.code());
        }
    }
}

#[test]
fn an_interval_log_is_read_by_hdrhistogram_with_the_percentiles_of_the_summary() {
    let scratch = tempfile::tempdir().unwrap();
    let python = python_with(&["hdrh.log"]);
    for run in runs(scratch.path()) {
        let file = scratch.path().join("run.hlog");
        export("hlog", &run, &file);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(",HISTFA"), "{text}");
        let Some(python) = &python else {
            continue;
        };
        let tags = asked(python, "read_hlog.py", &file, scratch.path());
        let kept = storage::open(&run).unwrap();
        assert_eq!(tags.as_object().unwrap().len(), 2 * kept.recordings.len());
        for recording in &kept.recordings {
            let run = summarise(recording);
            let tag = written(&run.variant, in_a_tag);
            for (tag, summary) in [
                (tag.clone(), run.latency_ms),
                (format!("{tag}.from-send"), run.from_send_ms),
            ] {
                let read = &tags[&tag];
                assert_eq!(read["count"], run.due, "{tag}");
                let numbers = [
                    ("p50", summary.p50),
                    ("p90", summary.p90),
                    ("p99", summary.p99),
                    ("max", summary.max),
                ];
                for (name, expected) in numbers {
                    // Too few samples: the summary lacks it.
                    let Some(expected) = expected else { continue };
                    let value = read[name].as_f64().unwrap() / 1e6;
                    let is_near = (value - expected).abs() <= expected / 1_000.0;
                    assert!(is_near, "{tag} {name}: {value} {expected}");
                }
            }
        }
    }
}

#[test]
fn the_documented_way_to_read_an_interval_log_finds_what_the_reader_finds() {
    let Some(python) = python_with(&["hdrh.log"]) else {
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("run.hlog");
    export("hlog", &old("io_bound-v1"), &file);
    let documentation = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/data.md");
    let text = std::fs::read_to_string(documentation).unwrap();
    let mut blocks = text
        .split("```python\n")
        .filter(|block| block.contains("hdrh"));
    let (code, _) = blocks.next().unwrap().split_once("```").unwrap();
    let output = Command::new(&python)
        .args(["-c", code])
        .current_dir(scratch.path())
        .output()
        .unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    let tags = asked(&python, "read_hlog.py", &file, scratch.path());
    let p99 = tags["coroutine"]["p99"].as_f64().unwrap() / 1e6;
    assert_eq!(line.trim().parse(), Ok(p99), "{line}");
}

#[test]
fn tables_are_read_by_pandas_and_duckdb_as_the_documentation_says() {
    let scratch = tempfile::tempdir().unwrap();
    let python = python_with(&["pandas", "duckdb"]);
    for run in runs(scratch.path()) {
        let tables = scratch.path().join("tables");
        let text = export("csv", &run, &tables);
        export("jsonl", &run, &tables);
        let kept = storage::open(&run).unwrap();
        for recording in &kept.recordings {
            let name = written(&recording.header.variant, in_a_message);
            let is_believed = summarise(recording).trust.code() == "ok";
            assert_eq!(
                text.contains(&format!("concsim: {name}: ")),
                !is_believed,
                "{text}"
            );
        }
        let Some(python) = &python else {
            continue;
        };
        let documentation = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/data.md");
        let medians = asked(python, "read_tables.py", &documentation, scratch.path());
        for recording in &kept.recordings {
            let run = summarise(recording);
            // Too few samples: the summary lacks it.
            let Some(p50) = run.latency_ms.p50 else {
                continue;
            };
            // pandas has read CSV, DuckDB JSON.
            assert_eq!(medians["pandas"][in_csv(&run.variant)], p50, "{medians}");
            assert_eq!(medians["duckdb"][&run.variant], p50, "{medians}");
        }
    }
}

#[test]
fn one_table_goes_to_standard_output_and_all_of_them_need_a_folder() {
    let run = old("three_requests-v1");
    let run = run.to_str().unwrap();
    let one = concsim(&[
        "export",
        "csv",
        run,
        "--table",
        "requests",
        "--variant",
        "sync",
    ]);
    assert!(one.status.success(), "{one:?}");
    assert_eq!(String::from_utf8(one.stdout).unwrap().lines().count(), 4);
    for (arguments, words) in [
        (vec!["export", "csv", run], "name a folder"),
        (
            vec!["export", "perfetto", run, "--variant", "threads"],
            "unknown variant threads; the run has sync, coroutine",
        ),
        (vec!["export", "hlog", "/nowhere"], "/nowhere"),
        (
            vec!["export", "hlog", run, "-o", "/nowhere/run.hlog"],
            "/nowhere/run.hlog",
        ),
    ] {
        let refused = concsim(&arguments);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn the_rest_of_a_torn_run_is_exported_with_a_note() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("torn");
    std::fs::create_dir(&run).unwrap();
    for file in std::fs::read_dir(old("io_bound-v1")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), run.join(file.file_name())).unwrap();
    }
    let torn = run.join("2-coroutine.rec");
    let bytes = std::fs::read(&torn).unwrap();
    std::fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
    let python = python_with(&["perfetto", "google.protobuf"]);
    for form in ["csv", "jsonl", "perfetto", "hlog"] {
        let output = scratch.path().join(form);
        let text = export(form, &run, &output);
        assert!(text.contains("breaks off after"), "{text}");
        assert!(text.contains("coroutine: proves nothing"), "{text}");
    }
    let runs = std::fs::read_to_string(scratch.path().join("csv/runs.csv")).unwrap();
    assert!(
        runs.contains("coroutine,measured,proves-nothing,"),
        "{runs}"
    );
    let log = std::fs::read_to_string(scratch.path().join("hlog")).unwrap();
    assert!(log.contains("trust proves-nothing"), "{log}");
    if let Some(python) = python {
        let trace = scratch.path().join("perfetto");
        let groups = asked(&python, "read_trace.py", &trace, scratch.path());
        assert_eq!(groups[1]["run"]["trust"], "proves-nothing");
    }
}
