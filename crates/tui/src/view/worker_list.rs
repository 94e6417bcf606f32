//! Door and workers: the requests at the door, and those that each worker has begun.
//!
//! A glyph is a request, now. If there are far more than fit, or more than 200 in a row, one glyph stands
//! for ten of them (or twenty …), which the screen says; up to twice as many as fit, the number of those
//! left out is at the end of the row.

use ratatui_core::style::Style;

use super::canvas::{Canvas, plain, quiet, strong, width_of};
use super::worker_rows::WorkerRows;
use crate::number::Number;
use crate::setting::service_name;
use crate::state::State;
use crate::view_model::{ViewModel, WorkerRequests, WorkerState, WorkerView};
use concsim_engine::memory;
use concsim_model::palette::Meaning;
use concsim_model::scenario::Scenario;
use concsim_model::units::Elapsed;
use concsim_model::units::letter;
use concsim_model::words::{counted, grouped, length, megabytes};

/// Column at which the letters of workers end.
const NAME_END: u16 = 3;
/// Column at which glyphs begin: behind the name, the state and the count.
pub(super) const GLYPHS_AT: u16 = 22;
/// Column at which counts end.
pub(super) const COUNT_END: u16 = 21;
/// Largest width of rows: longer ones are hard to follow.
pub(super) const WIDEST: u16 = 120;
/// Columns at the right edge: process switches, coroutine switches, pid.
const FIGURES: u16 = 26;
/// Two workers beside each other: the column at which the glyphs of each begin, and the width of one
/// worker.
const PAIR_GLYPHS_AT: u16 = 22;
const PAIR_WIDTH: u16 = 40;
/// Largest number of glyphs in a row; above it, one glyph stands for more.
const MOST_GLYPHS: u64 = 200;

/// Form of the list of workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkerListForm {
    /// Row for each worker, with its switches and its process.
    Rows,
    /// As many beside each other as there is room for.
    Pairs,
    /// Glyph for each worker: the state of its process.
    Strip,
}

impl WorkerListForm {
    /// Returns the lines of `workers` on a screen of `width` columns.
    pub(super) fn lines(self, workers: usize, width: u16) -> u16 {
        let in_a_line = match self {
            Self::Rows => 1,
            Self::Pairs => usize::from((width / PAIR_WIDTH).max(1)),
            Self::Strip => usize::from(width.saturating_sub(GLYPHS_AT).max(1)),
        };
        u16::try_from(workers.div_ceil(in_a_line)).unwrap_or(u16::MAX)
    }

    /// Returns the columns for the glyphs of one worker.
    fn glyph_columns(self, width: u16) -> u16 {
        match self {
            Self::Rows => width.min(WIDEST).saturating_sub(GLYPHS_AT + FIGURES),
            Self::Pairs => PAIR_WIDTH - PAIR_GLYPHS_AT - 1,
            Self::Strip => width,
        }
    }
}

/// Returns the number of requests that one glyph stands for: 1 as long as half of the fullest row so far
/// fits; else the first of 10, 20, 50, 100 … with which all of it fits.
fn scale(picture: &ViewModel, table: WorkerListForm, width: u16) -> u64 {
    let door = u64::from(width.saturating_sub(GLYPHS_AT).max(1));
    let worker = u64::from(table.glyph_columns(width).max(1));
    let most = picture.most;
    let fit = |scale: u64, rows: u64| {
        let fits = |most: u64, room: u64| most.div_ceil(scale) <= (rows * room).min(MOST_GLYPHS);
        fits(most.at_the_door, door)
            && (table == WorkerListForm::Strip || fits(most.in_a_worker, worker))
    };
    if fit(1, 2) {
        return 1;
    }
    let steps = (1..18).flat_map(|exponent| [1, 2, 5].map(|digit| digit * 10_u64.pow(exponent)));
    steps
        .into_iter()
        .find(|scale| fit(*scale, 1))
        .unwrap_or(u64::MAX)
}

/// Draws the row of requests that no worker has taken yet.
pub(super) fn draw_door(canvas: &mut Canvas<'_>, state: &State, table: WorkerListForm) {
    let picture = &state.shown().picture;
    let scale = scale(picture, table, canvas.width());
    let behind = canvas.write(1, 0, "AT THE DOOR", strong());
    let door = grouped(picture.door);
    draw_now(canvas, behind, COUNT_END.saturating_sub(width_of(&door)));
    canvas.number_before(COUNT_END, 0, &door, plain(), Number::AtTheDoorNow);
    let width = canvas.width();
    let mut row = canvas.part(GLYPHS_AT, 0, width, 1);
    draw_glyphs(&mut row, &[(Meaning::AtTheDoor, picture.door)], scale);
}

/// Draws `now` between the name of a row and its number, which begins at column `until`, if it fits.
pub(super) fn draw_now(canvas: &mut Canvas<'_>, behind: u16, until: u16) {
    const NOW: &str = "now";
    if behind + 2 + width_of(NOW) <= until {
        canvas.write(behind + 1, 0, NOW, quiet());
    }
}

/// Draws the heading, and all workers.
pub(super) fn draw_workers(canvas: &mut Canvas<'_>, state: &State, table: WorkerListForm) {
    let picture = &state.shown().picture;
    let width = canvas.width();
    let scale = scale(picture, table, width);
    canvas.write(1, 0, "WORKERS", strong());
    let text = match (table, scale) {
        (WorkerListForm::Strip, _) => "a glyph for each process".to_owned(),
        (WorkerListForm::Rows | WorkerListForm::Pairs, 1) => String::new(),
        (WorkerListForm::Rows, scale) if width < 70 => format!("glyph = {}", grouped(scale)),
        (WorkerListForm::Rows | WorkerListForm::Pairs, scale) => {
            format!("one glyph = {}", grouped(scale))
        }
    };
    if table != WorkerListForm::Strip {
        canvas.write_before(COUNT_END, 0, "now", quiet());
    }
    let behind = canvas.number(GLYPHS_AT, 0, &text, plain(), Number::GlyphScale);
    let behind = draw_memory(canvas, behind, state);
    let height = canvas.height().saturating_sub(1);
    let mut below = canvas.part(0, 1, width, height);
    match table {
        WorkerListForm::Rows => {
            draw_rows(&mut below, state, scale);
            draw_headings(canvas, behind, picture);
        }
        WorkerListForm::Pairs => draw_pairs(&mut below, picture, scale),
        WorkerListForm::Strip => draw_strip(&mut below, picture),
    }
}

/// Draws the memory of the server behind column `from`, if the scenario states memory. Returns the column behind
/// it.
fn draw_memory(canvas: &mut Canvas<'_>, from: u16, state: &State) -> u16 {
    if !memory::is_stated(state.scenario()) {
        return from;
    }
    let size = state.shown().picture.memory_kib;
    let size = size.map_or_else(|| "–".into(), megabytes);
    let gap = if from > GLYPHS_AT { 2 } else { 0 };
    let behind = canvas.write(from + gap, 0, "memory ", quiet());
    canvas.number(behind, 0, &size, plain(), Number::ServerMemory)
}

/// Draws the headings of the columns at the right edge, without those that would reach the text before
/// column `from`.
fn draw_headings(canvas: &mut Canvas<'_>, from: u16, picture: &ViewModel) {
    let width = canvas.width().min(WIDEST);
    let end = width.saturating_sub(FIGURES + 1);
    let fits = |words: &String| end.saturating_sub(width_of(words)) > from;
    let [long, short] = picture.mean_of.forms();
    let all = [
        format!("{long}, switches/s:"),
        format!("{short}, switches/s:"),
        "switches/s:".to_owned(),
    ];
    if let Some(words) = all.into_iter().find(fits) {
        canvas.write_before(end, 0, &words, quiet());
    }
    for (heading, end) in [("process", 18), ("coroutine", 8), ("pid", 0)] {
        canvas.write_before(width.saturating_sub(end + 1), 0, heading, quiet());
    }
}

fn draw_rows(canvas: &mut Canvas<'_>, state: &State, scale: u64) {
    let width = canvas.width().min(WIDEST);
    let room = WorkerListForm::Rows.glyph_columns(width);
    let picture = &state.shown().picture;
    let listed = WorkerRows::of(picture);
    draw_shared(canvas, &listed);
    for (y, worker) in (0..canvas.height()).zip(&listed.own) {
        draw_state(canvas, NAME_END, y, worker);
        let begun = worker.reported(|| grouped(worker.held.all()));
        canvas.number_before(COUNT_END, y, &begun, plain(), Number::BegunNow);
        let mut row = canvas.part(GLYPHS_AT, y, room, 1);
        let behind = draw_held(&mut row, worker.held, scale);
        let hint = hint(worker, state);
        if behind + 2 + width_of(&hint) <= room {
            row.write(behind + 2, 0, &hint, quiet());
        }
        let pid = worker.pid.to_string();
        let rate = |rate: f64| picture.mean_text(|| grouped(rate.round() as u64));
        let process = rate(worker.process_switches());
        let coroutine = worker.switches_text(|| rate(worker.coroutine_switches));
        for (figure, end, number) in [
            (process, 18, Number::ProcessSwitches),
            (coroutine, 8, Number::CoroutineSwitches),
            (pid, 0, Number::Pid),
        ] {
            let end = width.saturating_sub(end + 1);
            canvas.number_before(end, y, &figure, quiet(), number);
        }
    }
}

/// Draws the row that ended workers share, below those that have rows of their own.
fn draw_shared(canvas: &mut Canvas<'_>, listed: &WorkerRows<'_>) {
    let room = canvas.width().min(WIDEST).saturating_sub(GLYPHS_AT + 1);
    if let Some((count, text)) = listed.shared(room) {
        let y = listed.own.len() as u16;
        canvas.write(
            NAME_END + 1,
            y,
            &format!("{} gone", grouped(count as u64)),
            strong(),
        );
        canvas.write(GLYPHS_AT, y, &text, quiet());
    }
}

fn draw_pairs(canvas: &mut Canvas<'_>, picture: &ViewModel, scale: u64) {
    let in_a_line = (canvas.width() / PAIR_WIDTH).max(1);
    let listed = WorkerRows::of(picture);
    for (position, worker) in (0_u16..).zip(&listed.own) {
        let (x, y) = (position % in_a_line * PAIR_WIDTH, position / in_a_line);
        let mut part = canvas.part(x, y, PAIR_WIDTH, 1);
        draw_state(&mut part, NAME_END, 0, worker);
        let begun = worker.reported(|| grouped(worker.held.all()));
        part.number_before(PAIR_GLYPHS_AT - 1, 0, &begun, plain(), Number::BegunNow);
        let mut glyphs = part.part(PAIR_GLYPHS_AT, 0, WorkerListForm::Pairs.glyph_columns(0), 1);
        draw_held(&mut glyphs, worker.held, scale);
    }
    if let Some((count, _)) = listed.shared(0) {
        let position = listed.own.len() as u16;
        let (x, y) = (position % in_a_line * PAIR_WIDTH, position / in_a_line);
        let text = format!("{} gone", grouped(count as u64));
        canvas.write(x + NAME_END + 1, y, &text, strong());
    }
}

fn draw_strip(canvas: &mut Canvas<'_>, picture: &ViewModel) {
    let workers = WorkerRows::of(picture).own;
    let count = grouped(workers.len() as u64);
    canvas.number_before(COUNT_END, 0, &count, plain(), Number::Workers);
    let in_a_line = usize::from(canvas.width().saturating_sub(GLYPHS_AT).max(1));
    for (y, line) in (0..).zip(workers.chunks(in_a_line)) {
        for (x, worker) in (GLYPHS_AT..).zip(line) {
            match doing_as_a_glyph(worker) {
                Some(meaning) => canvas.glyphs(x, y, meaning, 1),
                None if worker.doing == WorkerState::Stopped => canvas.write(x, y, "‖", strong()),
                None => canvas.write(x, y, "_", quiet()),
            };
        }
    }
}

/// Returns the glyph of a request for the state of a worker's process.
pub(super) fn doing_as_a_glyph(worker: &WorkerView) -> Option<Meaning> {
    match worker.doing {
        WorkerState::Running => Some(Meaning::Running),
        WorkerState::WantsACore => Some(Meaning::Ready),
        WorkerState::Blocked => Some(Meaning::Blocked),
        WorkerState::Idle | WorkerState::Draining if worker.held.all() > 0 => Some(Meaning::Parked),
        WorkerState::Booting
        | WorkerState::Idle
        | WorkerState::Asleep
        | WorkerState::Draining
        | WorkerState::Gone
        | WorkerState::Stopped => None,
    }
}

/// Draws the worker's letter and its state, in the state's colour.
fn draw_state(canvas: &mut Canvas<'_>, x: u16, y: u16, worker: &WorkerView) {
    canvas.write_before(x, y, &letter(worker.index), strong());
    let style = state_style(canvas, worker.doing);
    canvas.write(x + 1, y, worker.doing.word(), style);
}

/// Returns the colour of a state.
pub(super) fn state_style(canvas: &Canvas<'_>, doing: WorkerState) -> Style {
    match doing {
        WorkerState::Running => canvas.style(Meaning::Running),
        WorkerState::WantsACore => canvas.style(Meaning::Ready),
        WorkerState::Blocked => canvas.style(Meaning::Blocked),
        WorkerState::Gone | WorkerState::Stopped => strong(),
        WorkerState::Booting | WorkerState::Idle | WorkerState::Asleep | WorkerState::Draining => {
            quiet()
        }
    }
}

/// Draws the requests of one worker: running first, then blocked, ready, parked.
fn draw_held(row: &mut Canvas<'_>, held: WorkerRequests, scale: u64) -> u16 {
    let counts = [
        (Meaning::Running, held.running),
        (Meaning::Blocked, held.blocked),
        (Meaning::Ready, held.ready),
        (Meaning::Parked, held.parked),
    ];
    draw_glyphs(row, &counts, scale)
}

/// Draws a row of glyphs, at least one for each state that occurs. Returns the column behind them.
fn draw_glyphs(row: &mut Canvas<'_>, counts: &[(Meaning, u64)], scale: u64) -> u16 {
    let mut x = 0;
    for (meaning, count) in counts {
        x = row.glyphs(x, 0, *meaning, count.div_ceil(scale));
    }
    let glyphs: u64 = counts.iter().map(|(_, count)| count.div_ceil(scale)).sum();
    let missing = glyphs.saturating_sub(u64::from(row.width()));
    if missing > 0 {
        // The words take the place of glyphs, which are then missing too.
        let words = |missing: u64| format!(" +{}", grouped(missing.saturating_mul(scale)));
        let hidden = u64::from(width_of(&words(missing)));
        let words = words(missing + hidden);
        row.write_before(row.width(), 0, &words, plain());
    }
    x
}

/// Returns a hint about a worker besides its state.
fn hint(worker: &WorkerView, state: &State) -> String {
    const LONG: Elapsed = Elapsed::from_millis(50);
    match (worker.doing, worker.run) {
        (WorkerState::Running | WorkerState::WantsACore, Some(run)) if run >= LONG => {
            format!("for {}", length(Elapsed(run.0 / 1_000_000 * 1_000_000)))
        }
        (WorkerState::Blocked, _) => format!("asleep in {}", only_wait(state.scenario())),
        (WorkerState::Stopped, _) => "a signal has stopped it".into(),
        (WorkerState::Gone, _) => "its process has ended".into(),
        _ if worker.respawns > 0 => format!("respawned {}", counted(worker.respawns, "time")),
        _ => String::new(),
    }
}

/// Describes the wait of a blocked process, if the scenario has only one.
fn only_wait(scenario: &Scenario) -> String {
    let steps = scenario.requests.iter().flat_map(|request| &request.script);
    let waits = steps.filter(|step| step.wait_mode().is_some());
    let mut waits = waits.map(|step| match step.service() {
        Some(service) => format!("the call to {}", service_name(scenario, service)),
        None => "its sleep".to_owned(),
    });
    match (waits.next(), waits.next()) {
        (Some(only), None) => only,
        _ => "one call".into(),
    }
}
