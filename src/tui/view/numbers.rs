//! The two numbers that it is all about, each with its ceiling in words.

use super::canvas::{Canvas, plain, quiet, strong, width_of};
use super::digits::{self, Size};
use crate::palette::Meaning;
use crate::scenario::{Server, WorkerKind};
use crate::telemetry::Stage;
use crate::tui::picture::Doing;
use crate::tui::state::State;
use crate::words::{counted, grouped, mean};

/// Lines that they take: a heading, the digits, the ceilings.
pub(super) fn lines(size: Size) -> u16 {
    match size {
        Size::Plain => 2,
        Size::Big | Size::Huge => 2 + size.lines(),
    }
}

/// Draws both beside each other.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, size: Size) {
    let half = (canvas.width() / 2).min(60);
    let height = canvas.height();
    for (x, number) in [(0, concurrency(state)), (half, parallelism(state))] {
        let mut part = canvas.part(x, 0, half, height);
        match size {
            Size::Plain => number.draw_plain(&mut part),
            Size::Big | Size::Huge => number.draw_large(&mut part, size),
        }
    }
}

/// A number with what it means and what bounds it.
struct Number {
    name: &'static str,
    meaning: &'static str,
    value: String,
    limit: String,
    because: String,
    /// The glyph of the requests that it counts, where there is one.
    colour: Option<Meaning>,
}

impl Number {
    fn draw_large(&self, canvas: &mut Canvas<'_>, size: Size) {
        let behind = canvas.write(2, 0, self.name, strong());
        canvas.write(behind + 2, 0, self.meaning, quiet());
        let style = self
            .colour
            .map_or(strong(), |meaning| canvas.style(meaning));
        let glyphs = canvas.look().glyphs;
        let lines = digits::lines(&self.value, size, glyphs);
        for (y, line) in (1..).zip(&lines) {
            canvas.write(5, y, line, style);
        }
        let y = 1 + size.lines();
        let behind = canvas.write(2, y, &format!("of {}", self.limit), plain());
        canvas.write(behind, y, &format!(": {}", self.because), quiet());
    }

    fn draw_plain(&self, canvas: &mut Canvas<'_>) {
        let behind = canvas.write(1, 0, self.name, strong());
        let behind = canvas.write(behind + 2, 0, &self.value, strong());
        canvas.write(behind, 0, &format!(" of {}", self.limit), plain());
        let room = canvas.width().saturating_sub(1);
        if width_of(&self.because) <= room {
            canvas.write(1, 1, &self.because, quiet());
        }
    }
}

/// A number is unknown until something is played.
fn known(state: &State, said: String) -> String {
    match state.shown().picture.stage {
        Stage::Preparing => "–".into(),
        Stage::WarmUp | Stage::Counting | Stage::Draining | Stage::Done => said,
    }
}

/// The server with the workers that it has at this instant: there may be others than it began with.
pub(super) fn server_now(state: &State) -> Server {
    let server = state.scenario().server.clone();
    let workers = state.shown().picture.workers.iter();
    let alive = workers.filter(|worker| worker.doing != Doing::Gone);
    match alive.count() {
        0 => server,
        workers => Server { workers, ..server },
    }
}

fn concurrency(state: &State) -> Number {
    let server = server_now(state);
    let each = match server.kind {
        WorkerKind::Sync => 1,
        WorkerKind::Coroutine => server.connections as u64,
    };
    let workers = counted(server.workers as u64, "worker");
    Number {
        name: "CONCURRENCY",
        meaning: "begun, not finished",
        value: known(state, mean(state.shown().picture.mean.concurrency)),
        limit: grouped(server.concurrency_limit() as u64),
        because: format!(
            "{workers} × {}{}",
            grouped(each),
            if server.workers == 1 { "" } else { " each" }
        ),
        colour: None,
    }
}

fn parallelism(state: &State) -> Number {
    let workers = server_now(state).workers;
    let parallelism = state.shown().picture.mean.parallelism;
    Number {
        name: "PARALLELISM",
        meaning: "computing at this instant",
        value: known(state, format!("{parallelism:.2}")),
        limit: grouped(workers.min(state.cores) as u64),
        because: format!(
            "{}, {}",
            counted(workers as u64, "worker"),
            counted(state.cores as u64, "core")
        ),
        colour: Some(Meaning::Running),
    }
}
