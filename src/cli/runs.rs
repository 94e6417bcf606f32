//! `concsim runs`: the stored runs, the newest first. On a terminal, `concsim replay` without a run offers
//! them.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crossterm::event::{self, KeyCode, KeyModifiers};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use serde::Serialize;

use super::talk;
use concsim_driver::run_list::{KeptRun, kept};
use concsim_model::words::printable;
use concsim_os::sys::clock;
use concsim_record::storage;

/// Lists the kept runs, the newest first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim runs && concsim replay last-1")]
pub struct Args {
    /// Print JSON alone on standard output
    #[arg(long)]
    json: bool,
}

/// All runs, for programs.
#[derive(Serialize)]
struct RunListing<'a> {
    schema: &'static str,
    folder: &'a Path,
    runs: &'a [KeptRun],
}

/// Prints the list.
///
/// # Errors
/// A missing home folder, or standard output that cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (folder, runs) = kept()?;
    let text = if args.json {
        let listed = RunListing {
            schema: "concsim.runs/1",
            folder: &folder,
            runs: &runs,
        };
        serde_json::to_string_pretty(&listed)? + "\n"
    } else if runs.is_empty() {
        format!(
            "no kept runs in {}; `concsim run io_bound` keeps one\n",
            folder.display()
        )
    } else {
        let place = folder.display();
        format!(
            "{}\nin {place}; concsim replay last shows the newest\n",
            table(&runs)
        )
    };
    talk::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Returns `sync ok, coroutine rough`.
fn trust_text(run: &KeptRun) -> String {
    let text = run.variants.iter().map(|it| match &it.trust {
        Some(trust) => format!("{} {}", it.name, trust.replace('-', " ")),
        None => format!("{} without result", it.name),
    });
    text.collect::<Vec<_>>().join(", ")
}

fn cells(run: &KeptRun, now: u64) -> [String; 6] {
    let age = run.began_s.map(|began| now.saturating_sub(began));
    [
        run.name.clone(),
        age.map_or_else(|| "?".to_owned(), ago),
        run.scenario.clone(),
        run.origin.clone().unwrap_or_else(|| "?".to_owned()),
        size(run.bytes),
        trust_text(run),
    ]
}

/// Returns one line for each run, under a heading.
pub(super) fn table(runs: &[KeptRun]) -> String {
    let now = clock::date().0.duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    let head = [
        "name",
        "when",
        "scenario",
        "played",
        "size",
        "variants: trust",
    ];
    let rows =
        std::iter::once(head.map(str::to_owned)).chain(runs.iter().map(|run| cells(run, now)));
    let rows: Vec<[String; 6]> = rows.collect();
    let widths = [0, 1, 2, 3, 4].map(|column| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.max().unwrap_or(0)
    });
    let line = |row: &[String; 6]| {
        let cells = widths
            .iter()
            .zip(row)
            .map(|(width, cell)| format!("{cell:width$}  "));
        format!("{}{}\n", cells.collect::<String>(), row[5])
    };
    printable(&rows.iter().map(line).collect::<String>())
}

/// Returns an age in words: `12 s ago`, `3 min ago`, `2 days ago`.
fn ago(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// Returns `1.2 MB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// Lists the runs on a terminal and waits for a key. Returns the folder of the picked run, or [`None`].
pub(super) fn pick() -> anyhow::Result<Option<PathBuf>> {
    let (folder, runs) = kept()?;
    anyhow::ensure!(
        !runs.is_empty(),
        "no kept runs in {}; `concsim run io_bound` keeps one",
        folder.display()
    );
    let table = table(&runs);
    let numbers = std::iter::once("  ".to_owned()).chain((1..=9).map(|key| format!("{key} ")));
    let numbers = numbers.chain(std::iter::repeat("  ".to_owned()));
    let lines = table.lines().zip(numbers);
    let lines: Vec<String> = lines.map(|(line, key)| format!("{key}{line}\n")).collect();
    let lines = lines.concat();
    talk::print(&format!("{lines}\nA number shows a run; q leaves.\n"))?;
    enable_raw_mode()?;
    let picked = wait_for_a_key(&runs);
    disable_raw_mode()?;
    Ok(picked?)
}

fn wait_for_a_key(runs: &[KeptRun]) -> io::Result<Option<PathBuf>> {
    loop {
        let Some(key) = event::read()?.as_key_press_event() else {
            continue;
        };
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Ok(None),
            KeyCode::Char('c' | 'd') if control => return Ok(None),
            KeyCode::Enter => return Ok(runs.first().map(|run| run.folder.clone())),
            KeyCode::Char(digit) => {
                let place = digit.to_digit(10).and_then(|it| it.checked_sub(1));
                let run = place.and_then(|place| runs.get(place as usize));
                if let Some(run) = run {
                    return Ok(Some(run.folder.clone()));
                }
            }
            _ => {}
        }
    }
}

/// Reports the unreadable parts of a stored run.
pub(super) fn report_losses(kept: &storage::StoredRun) {
    for (file, corruption) in &kept.torn {
        talk::print_message(format_args!("{}: {corruption}", file.display()));
    }
    for variant in &kept.missing {
        talk::print_message(format_args!(
            "variant {variant}: its recording cannot be read"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_tells_what_was_played_and_how_far_it_may_be_believed() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("1700000000-mine-77");
        std::fs::create_dir(&folder).unwrap();
        let plan = r#"{"file":"a/mine.toml","title":"A claim","variants":[{"name":"sync"},{"name":"both"}]}"#;
        std::fs::write(folder.join("plan.json"), plan).unwrap();
        let half = KeptRun::of(0, folder.clone());
        assert_eq!(
            trust_text(&half),
            "sync without result, both without result"
        );
        let summary =
            r#"{"runs":[{"variant":"sync","trust":"proves-nothing","origin":"measured"}]}"#;
        std::fs::write(folder.join("summary.json"), summary).unwrap();
        let run = KeptRun::of(1, folder);
        let cells = cells(&run, 1_700_000_000 + 7 * 60);
        let bytes = size((plan.len() + summary.len()) as u64);
        let expected = ["last-1", "7 min ago", "mine", "measured", &bytes];
        assert_eq!(cells[..5], expected);
        assert_eq!(cells[5], "sync proves nothing, both without result");
    }

    #[test]
    fn a_folder_that_is_none_of_a_run_is_listed_as_such() {
        let scratch = tempfile::tempdir().unwrap();
        let run = KeptRun::of(0, scratch.path().to_owned());
        assert_eq!((run.scenario.as_str(), run.variants.len()), ("?", 0));
    }

    #[test]
    fn ages_are_written_in_the_largest_unit_of_which_there_are_two() {
        for (seconds, text) in [
            (5, "5 s ago"),
            (119, "119 s ago"),
            (120, "2 min ago"),
            (7_200, "2 h ago"),
            (200_000, "2 days ago"),
        ] {
            assert_eq!(ago(seconds), text);
        }
    }
}
