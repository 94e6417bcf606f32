//! Small screens: the most important numbers, as text.

use super::canvas::{Canvas, cut, plain, quiet, width_of, wrap};
use super::clauses::{in_lines, sentences};
use super::layout::LEAST_SCREEN;
use super::short::{self, Figure};
use super::{footer, header};
use crate::command::Command;
use crate::number::Number;
use crate::state::State;
use concsim_engine::telemetry::Stage;
use concsim_model::words::{grouped, mean, mean_rate};

/// Lines and columns below which only the figures are drawn.
const LOW: u16 = 9;
const NARROW_WIDTH: u16 = 32;

/// True if there is no room for the picture.
pub(super) fn is_for(width: u16, height: u16) -> bool {
    width < LEAST_SCREEN.0 || height < LEAST_SCREEN.1
}

/// Draws the text.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let (width, height) = (canvas.width(), canvas.height());
    if height < LOW || width < NARROW_WIDTH {
        draw_least(canvas, state);
        return;
    }
    header::draw_small(canvas, state);
    let mut y = 3;
    let of_the_view =
        short::figures(state).filter(|_| state.shown().picture.stage != Stage::Preparing);
    let mut text = state.caption().to_vec();
    text.extend(state.note().iter().flat_map(|note| sentences(note)));
    // Two lines are left for the caption; more if its first sentence needs them, but at most half of all.
    let first = text
        .first()
        .map_or(0, |it| wrap(it, width.saturating_sub(2)).len());
    let all = usize::from(height.saturating_sub(4));
    let lines = all - first.clamp(2, (all / 2).max(2)).min(all);
    let shown: Vec<Figure> = of_the_view.into_iter().flatten().take(lines).collect();
    let names = shown.iter().map(|figure| width_of(&figure.name));
    let value_at = names.max().unwrap_or(0).clamp(8, width / 2) + 3;
    for figure in &shown {
        canvas.write(1, y, &short::name_in(&figure.name, value_at - 2), quiet());
        let behind = canvas.number(value_at, y, &figure.value, plain(), figure.number);
        let room = width.saturating_sub(behind + 2);
        if let Some(base) = figure.bases.iter().find(|base| width_of(base) <= room) {
            canvas.write(behind + 1, y, base, quiet());
        }
        y += 1;
    }
    let overview = if shown.is_empty() {
        figures(state)
    } else {
        Vec::new()
    };
    for (name, value, number) in overview {
        canvas.write(1, y, name, quiet());
        let behind = canvas.number(15, y, &value, plain(), number);
        let base = if number == Number::AtTheDoorNow {
            "now".to_owned()
        } else {
            state.shown().picture.mean_of.few_words()
        };
        canvas.write(behind + 1, y, &base, quiet());
        y += 1;
    }
    let room = usize::from(height.saturating_sub(y + 1));
    for line in in_lines(&text, room, width.saturating_sub(2)) {
        canvas.write(1, y, &line, plain());
        y += 1;
    }
    let mut last = canvas.part(0, height.saturating_sub(1).max(y), width, 1);
    let commands = [(Command::Help, "help"), (Command::Quit, "quit")];
    footer::draw_commands(&mut last, state, &commands);
    let sentence = format!("picture: {}", needed());
    last.write_before(width.saturating_sub(1), 0, &sentence, quiet());
}

fn needed() -> String {
    format!("{} × {}", LEAST_SCREEN.0, LEAST_SCREEN.1)
}

/// Draws the variant, its figures, and at the bottom the size that the picture needs; all in one line if
/// there is only one.
fn draw_least(canvas: &mut Canvas<'_>, state: &State) {
    let (width, height) = (canvas.width(), canvas.height());
    let figures = figures(state).into_iter();
    let figures = figures.map(|(name, value, _)| format!("{name} {value}"));
    let lines = std::iter::once(header::place(state)).chain(figures);
    let mut lines: Vec<String> = lines.collect();
    let needs = format!("needs {}", needed());
    if height == 1 {
        lines.push(needs);
        canvas.write(0, 0, &cut(&lines.join("  "), width), plain());
        return;
    }
    let last = height.saturating_sub(1);
    for (y, line) in (0..last).zip(&lines) {
        canvas.write(0, y, &cut(line, width), plain());
    }
    canvas.write(0, last, &cut(&needs, width), quiet());
}

fn figures(state: &State) -> Vec<(&'static str, String, Number)> {
    let server = &state.scenario().server;
    let picture = &state.shown().picture;
    let means = &picture.mean;
    let known = |text: String| picture.mean_text(|| text);
    if picture.stage == Stage::Preparing {
        return Vec::new();
    }
    let limit = server
        .parallelism_limit_of(state.workers())
        .min(state.cores);
    vec![
        (
            "concurrency",
            format!(
                "{} of {}",
                known(mean(means.concurrency)),
                grouped(server.concurrency_limit_of(state.workers()) as u64)
            ),
            Number::Concurrency,
        ),
        (
            "parallelism",
            format!("{} of {limit}", known(format!("{:.2}", means.parallelism))),
            Number::Parallelism,
        ),
        ("at the door", grouped(picture.door), Number::AtTheDoorNow),
        (
            "answers/s",
            known(mean_rate(means.throughput)),
            Number::AnswersPerSecond,
        ),
    ]
}
