//! A recording of one minute with a million switches: the size of its file, the time to open it, and the time
//! to draw any instant of it.

#![expect(clippy::print_stdout, reason = "a bench tells its result")]

#[path = "support/busy.rs"]
mod busy;
#[path = "support/limits.rs"]
mod limits;
#[path = "support/timing.rs"]
mod timing;

use std::path::Path;
use std::process::ExitCode;

use concsim::recording::feed::Feed;
use concsim::recording::storage::{self, StoredRun};
use concsim::recording::summary::summarise;
use concsim::tui::{Key, State, view};
use concsim::units::{Elapsed, Stamp};
use limits::{Limits, quantile};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use timing::milliseconds;

/// Limit of the file's size per switch, in bytes.
const BYTES_A_SWITCH: f64 = 60.0;
/// Limit of the time from the folder to the first frame, in milliseconds.
const OPENS_MS: f64 = 1_000.0;
/// Limit of the time from a key to the frame of another instant, in milliseconds.
const SCRUB_MS: f64 = 50.0;

fn main() -> ExitCode {
    let is_measuring = std::env::args().any(|argument| argument == "--bench");
    let (seconds, times, leaps) = if is_measuring {
        (60, 5, 300)
    } else {
        (3, 1, 3)
    };
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path().join("run");
    let ((), took) = milliseconds(|| busy::keep(&folder, seconds));
    let switches = busy::switches_in(seconds);
    println!("{seconds} s with {switches} switches, written in {took:.0} ms");
    let mut limits = Limits::default();
    let bytes = length_of(&folder);
    let each = bytes as f64 / switches as f64;
    limits.at_most("the file, for each switch", each, BYTES_A_SWITCH, "bytes");
    opening(&folder, times, &mut limits);
    let kept = storage::open(&folder).expect("what was kept can be read");
    println!(
        "in memory: the whole process has {} MB at most",
        most_memory_kib() / 1_024
    );
    for key in ['1', '2', '3', '4', '5', '6', '8'] {
        scrubbing(&kept, key, leaps, &mut limits);
    }
    if is_measuring {
        limits.exit_status()
    } else {
        ExitCode::SUCCESS
    }
}

fn length_of(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("the folder is there");
    let lengths = files.map(|file| {
        let file = file.expect("a file of it");
        file.metadata().expect("its length").len()
    });
    lengths.sum()
}

/// Measures everything before the first frame: reading, summarising, drawing.
fn opening(folder: &Path, times: usize, limits: &mut Limits) {
    let mut all = Vec::new();
    for _ in 0..times {
        let (kept, read) = milliseconds(|| storage::open(folder).expect("it can be read"));
        let (_, summarised) = milliseconds(|| summarise(&kept.recordings[0]));
        let (_, looked_at) = milliseconds(|| first_frame(&kept));
        println!(
            "opened: read in {read:.0} ms, summarised in {summarised:.0} ms, first frame in {looked_at:.0} ms"
        );
        all.push(read + summarised + looked_at);
    }
    limits.at_most("opens", quantile(&mut all, 0.5), OPENS_MS, "ms");
}

fn first_frame(kept: &StoredRun) -> State {
    let mut state = State::new(&kept.plan, busy::WORKERS as usize);
    state.replay(Vec::new());
    state.turn(&feed(kept), Elapsed::ZERO);
    state
}

fn feed(kept: &StoredRun) -> Feed<'_> {
    Feed {
        over: &kept.recordings,
        now: None,
    }
}

/// Measures jumps to arbitrary instants, forward and backward.
fn scrubbing(kept: &StoredRun, pane: char, leaps: usize, limits: &mut Limits) {
    let feed = feed(kept);
    let samples = &kept.recordings[0].samples;
    let end = samples[samples.len() - 1].at.0;
    let mut state = first_frame(kept);
    state.key(Key::Char(pane));
    let mut screen = Buffer::empty(Rect::new(0, 0, 160, 48));
    let mut took = Vec::new();
    // Knuth's multiplier: instants all over the run, the same each time.
    let mut noise = 1_u64;
    for leap in 0..leaps {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let at = match leap {
            0 => end,
            1 => 0,
            _ => (noise >> 11) % end,
        };
        let step = [None, Some('.'), Some(',')][leap % 3];
        let ((), millis) = milliseconds(|| {
            state.look_at(0, Stamp(at));
            if let Some(key) = step {
                state.key(Key::Char(key));
            }
            state.turn(&feed, Elapsed::ZERO);
            screen.reset();
            view::draw_on(&mut screen, &state);
        });
        took.push(millis);
    }
    let middle = quantile(&mut took, 0.5);
    let what =
        format!("any instant, view {pane} (half within {middle:.1} ms), the worst of {leaps}");
    limits.at_most(&what, quantile(&mut took, 1.0), SCRUB_MS, "ms");
}

/// Returns the peak memory of this process: `VmHWM` of proc(5).
fn most_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_ascii_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
