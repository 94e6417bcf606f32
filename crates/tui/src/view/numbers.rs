//! The two central numbers, concurrency and parallelism, each with its ceiling in words.

use super::canvas::{Canvas, plain, quiet, strong, width_of};
use super::digits::{self, Size};
use super::mark::Target;
use crate::number;
use crate::state::State;
use concsim_engine::telemetry::Stage;
use concsim_model::palette::{Meaning, Room};
use concsim_model::scenario::{Arrivals, RequestCapacity};
use concsim_model::words::{counted, grouped, mean};

/// Column at which large digits begin.
const LARGE_AT: u16 = 5;

/// Returns the lines of both numbers: a heading, the digits, the ceilings.
pub(super) fn lines(size: Size) -> u16 {
    match size {
        Size::Plain => 2,
        Size::Big | Size::Huge(_) => 2 + size.lines(),
    }
}

/// Draws both numbers beside each other.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, size: Size) {
    let half = match canvas.look().room {
        Room::Desk => (canvas.width() / 2).min(60),
        Room::Projector => canvas.width() / 2,
    };
    let height = canvas.height();
    for (x, number) in [(0, concurrency(state)), (half, parallelism(state))] {
        let mut part = canvas.part(x, 0, half, height);
        match size {
            Size::Plain => number.draw_plain(&mut part),
            Size::Big | Size::Huge(_) => number.draw_large(&mut part, size),
        }
    }
}

/// True if both fit beside each other on `width` columns, even at their largest: a number that changes its
/// size is hard to read.
pub(super) fn fit(state: &State, size: Size, width: u16) -> bool {
    let room = usize::from((width / 2).saturating_sub(LARGE_AT + 1));
    let most = match state.scenario().load.arrivals {
        Arrivals::Closed { clients, .. } => clients,
        Arrivals::Open { .. } | Arrivals::Scheduled => 0,
    };
    let most = most.min(state.scenario().server.concurrency_limit());
    let text = [
        grouped(most as u64),
        concurrency(state).value,
        parallelism(state).value,
        "0.00".to_owned(),
    ];
    text.iter().all(|line| digits::columns(line, size) <= room)
}

/// Number with its meaning and its ceiling.
struct Number {
    name: &'static str,
    /// Time base, in full and in short.
    base: [String; 2],
    meaning: &'static str,
    value: String,
    /// Number that is marked.
    which: number::Number,
    /// Value at the cursor, and the number that is marked there.
    now: String,
    which_now: number::Number,
    limit: String,
    computed_from: String,
    /// Glyph of the requests that it counts, if there is one.
    colour: Option<Meaning>,
}

impl Number {
    fn draw_large(&self, canvas: &mut Canvas<'_>, size: Size) {
        let behind = canvas.write(2, 0, self.name, strong());
        let base = self.base.iter();
        let mut base = base.map(|base| format!("{}, {base}", self.meaning));
        let room = canvas.width().saturating_sub(behind + 2);
        let base = base.find(|text| width_of(text) <= room);
        canvas.write(behind + 2, 0, &base.unwrap_or_default(), quiet());
        let style = self
            .colour
            .map_or(strong(), |meaning| canvas.style(meaning));
        let glyphs = canvas.look().glyphs;
        let lines = digits::lines(&self.value, size, glyphs);
        for (y, line) in (1..).zip(&lines) {
            canvas.write(LARGE_AT, y, line, style);
        }
        let width = lines.first().map_or(0, |line| width_of(line));
        let target = Target::Number(self.which);
        canvas.mark((LARGE_AT, 1), (width, size.lines()), target);
        let y = 1 + size.lines();
        self.draw_now(canvas, 2, y);
    }

    /// Draws `now 60 of 2 000: 2 workers × 1 000`, with the reason only if there is room for all of it.
    fn draw_now(&self, canvas: &mut Canvas<'_>, x: u16, y: u16) {
        let now = format!("now {} of {}", self.now, self.limit);
        let behind = canvas.number(x, y, &now, plain(), self.which_now);
        let because = format!(": {}", self.computed_from);
        if behind + width_of(&because) <= canvas.width() {
            canvas.number(behind, y, &because, quiet(), self.which);
        }
    }

    fn ceiling(&self) -> String {
        format!("{}: {}", self.limit, self.computed_from)
    }

    fn draw_plain(&self, canvas: &mut Canvas<'_>) {
        let behind = canvas.write(1, 0, self.name, strong());
        let behind = canvas.number(behind + 2, 0, &self.value, strong(), self.which);
        canvas.write(behind + 1, 0, &self.base[1], quiet());
        self.draw_now(canvas, 1, 1);
    }
}

/// Returns the text of a number, or a dash until something is played.
fn known(state: &State, text: String) -> String {
    match state.shown().picture.stage {
        Stage::Preparing => "–".into(),
        Stage::WarmUp | Stage::Counting | Stage::Draining | Stage::Done => text,
    }
}

/// Returns `2 000: 2 workers × 1 000 each`.
pub(super) fn ceiling_of_concurrency(state: &State) -> String {
    concurrency(state).ceiling()
}

/// Returns `2: 2 workers, 2 cores`.
pub(super) fn ceiling_of_parallelism(state: &State) -> String {
    parallelism(state).ceiling()
}

/// Describes the number of requests that one worker may have begun.
pub(super) fn ceiling_of_a_worker(state: &State) -> String {
    let kind = state.scenario().server.kind;
    match kind.begins() {
        RequestCapacity::One => format!("1: a {} worker has one request at a time", kind.word()),
        RequestCapacity::OneForEachThread => format!(
            "{} connections, {}",
            grouped(of_each(state)),
            counted(state.scenario().server.threads as u64, "thread")
        ),
        RequestCapacity::OneForEachConnection => format!("{} connections", grouped(of_each(state))),
    }
}

fn of_each(state: &State) -> u64 {
    state.scenario().server.begun_by_a_worker() as u64
}

fn concurrency(state: &State) -> Number {
    let (server, workers) = (&state.scenario().server, state.workers());
    let each = of_each(state);
    let picture = &state.shown().picture;
    Number {
        name: "CONCURRENCY",
        base: picture.mean_of.forms(),
        meaning: "begun",
        which: number::Number::Concurrency,
        now: known(state, grouped(picture.begun())),
        which_now: number::Number::ConcurrencyNow,
        value: known(state, picture.mean_text(|| mean(picture.mean.concurrency))),
        limit: grouped(server.concurrency_limit_of(workers) as u64),
        computed_from: format!("{} × {}", counted(workers as u64, "worker"), grouped(each)),
        colour: None,
    }
}

fn parallelism(state: &State) -> Number {
    let (server, workers) = (&state.scenario().server, state.workers());
    let limit = server.parallelism_limit_of(workers);
    // Threads without a lock compute at once: a worker counts as often as it has threads.
    let units = match server.parallelism_limit_of(1) {
        2.. => counted(limit as u64, "thread"),
        _ => counted(workers as u64, "worker"),
    };
    let picture = &state.shown().picture;
    let parallelism = || format!("{:.2}", picture.mean.parallelism);
    Number {
        name: "PARALLELISM",
        base: picture.mean_of.forms(),
        meaning: "cores busy",
        which: number::Number::Parallelism,
        now: known(state, grouped(picture.computing())),
        which_now: number::Number::ComputingNow,
        value: known(state, picture.mean_text(parallelism)),
        limit: grouped(limit.min(state.cores) as u64),
        computed_from: format!("{units}, {}", counted(state.cores as u64, "core")),
        colour: Some(Meaning::Running),
    }
}
