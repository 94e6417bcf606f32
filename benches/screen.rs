//! Cost of a frame: a large screen of a busy run, each view in turn.
//!
//! A frame includes all its work: time advances, the state takes in new events, and every cell is drawn. The
//! run continues while it is watched, so each frame has new events.

#![expect(clippy::print_stdout, reason = "a bench tells its result")]

#[path = "support/busy.rs"]
mod busy;
#[path = "support/limits.rs"]
mod limits;
#[path = "support/timing.rs"]
mod timing;

use std::process::ExitCode;

use concsim::recording::feed::Feed;
use concsim::recording::storage;
use concsim::tui::{Key, State, view};
use concsim::units::Elapsed;
use limits::{Limits, quantile};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use timing::milliseconds;

/// Limit of the median time of a frame, in milliseconds.
const LIMIT_MS: f64 = 2.0;
/// Time between frames at twelve frames a second.
const FRAME: Elapsed = Elapsed::from_millis(83);
/// Keys that select each view.
const VIEWS: [(&str, &str); 8] = [
    ("1", "overview"),
    ("2", "lanes"),
    ("3", "latencies"),
    ("4", "compare"),
    ("5", "requests"),
    ("5oo", "requests, by their time at the door"),
    ("6", "workers"),
    ("8", "theory"),
];

fn main() -> ExitCode {
    let is_measuring = std::env::args().any(|argument| argument == "--bench");
    let (seconds, frames) = if is_measuring { (60, 240) } else { (3, 3) };
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path().join("run");
    busy::keep(&folder, seconds);
    let kept = storage::open(&folder).expect("what was kept can be read");
    let feed = Feed {
        over: &kept.recordings,
        now: None,
    };
    let mut screen = Buffer::empty(Rect::new(0, 0, 200, 60));
    let mut limits = Limits::default();
    println!(
        "a run of {seconds} s with {} switches",
        busy::switches_in(seconds)
    );
    for (keys, name) in VIEWS {
        let mut state = State::new(&kept.plan, busy::WORKERS as usize);
        state.replay(Vec::new());
        let middle = kept.recordings[0].samples.len() / 2;
        state.look_at(0, kept.recordings[0].samples[middle].at);
        // The first frames take in the whole past, and a zoom depends on the screen.
        for key in keys.chars() {
            state.key(Key::Char(key));
            state.turn(&feed, FRAME);
        }
        let mut took: Vec<f64> = (0..frames)
            .map(|_| frame(&mut state, &feed, &mut screen))
            .collect();
        let what = format!("a frame of 200x60, {name}");
        limits.at_most(&what, quantile(&mut took, 0.5), LIMIT_MS, "ms");
    }
    if is_measuring {
        limits.exit_status()
    } else {
        ExitCode::SUCCESS
    }
}

fn frame(state: &mut State, feed: &Feed<'_>, screen: &mut Buffer) -> f64 {
    milliseconds(|| {
        state.turn(feed, FRAME);
        screen.reset();
        view::draw_on(screen, state);
    })
    .1
}
