//! Card before a variant that asks for a prediction. A prediction before a demonstration improves
//! understanding (Crouch, Fagen, Callan and Mazur, American Journal of Physics 72:835, 2004).

use super::canvas::{Canvas, plain, quiet, strong, wrap};
use super::footer;
use crate::command::Command;
use crate::state::State;

const WIDTH: u16 = 77;
/// Width of a screen below which the keys have short labels.
const NARROW_WIDTH: u16 = 56;
/// Column at which choices begin, behind their keys.
const LABEL_AT: u16 = 5;
/// Columns of a bar that stands for all votes.
const BAR: u64 = 24;

/// Draws the question, its choices with their keys, and the votes so far.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, asked: usize) {
    let (width, height) = (canvas.width(), canvas.height());
    let x = width.saturating_sub(WIDTH) / 2;
    let room = WIDTH.min(width.saturating_sub(x + 1));
    let lines_above_keys = height.saturating_sub(1);
    let (share, lines) = share(state, asked, room, lines_above_keys);
    let top = (height / 6)
        .max(1)
        .min(lines_above_keys.saturating_sub(lines));
    let mut card = canvas.part(x.max(1), top, room, lines_above_keys.saturating_sub(top));
    draw_card(&mut card, state, asked, share);
    let votes = state.votes()[asked].iter().sum::<u64>();
    let goes_on = if votes == 0 { "skip" } else { "go on" };
    let mut last = canvas.part(0, height.saturating_sub(1), width, 1);
    let guesses = (0..state.votes()[asked].len()).map(Command::Guess);
    let label = |guess: &Command| {
        if width < NARROW_WIDTH {
            "guess"
        } else {
            guess.entry().short
        }
    };
    let guesses = guesses.map(|guess| (guess, label(&guess)));
    let mut commands: Vec<(Command, &str)> = guesses.collect();
    commands.extend([(Command::GoOn, goes_on), (Command::Quit, "quit")]);
    footer::draw_commands(&mut last, state, &commands);
}

/// Amount of content that fits.
#[derive(Clone, Copy)]
enum Share {
    /// Bars of votes below the choices, and empty lines between the parts.
    All,
    /// Votes behind the choices.
    NoBars,
    NoAir,
    /// Only the question and its choices.
    Least,
}

/// Returns the most content that fits into `height` lines, and its number of lines.
fn share(state: &State, asked: usize, width: u16, height: u16) -> (Share, u16) {
    let question = state.question(asked);
    let lines = |text: &str, width: u16| wrap(text, width).len() as u16;
    let asked = lines(&question.question, width);
    let labels = question.choices.iter();
    let choices: u16 = labels
        .map(|it| lines(&it.label, width.saturating_sub(LABEL_AT)))
        .sum();
    let before = lines(&progress_text(state), width);
    let bars = 2 * question.choices.len() as u16;
    let all = [
        (Share::All, before + 1 + asked + 1 + choices + bars),
        (Share::NoBars, before + 1 + asked + choices),
        (Share::NoAir, before + asked + choices),
        (Share::Least, asked + choices),
    ];
    let fitting = all.into_iter().find(|(_, lines)| *lines <= height);
    fitting.unwrap_or(all[3])
}

fn progress_text(state: &State) -> String {
    format!("{}: what comes next, and what will you see?", state.title())
}

fn draw_card(canvas: &mut Canvas<'_>, state: &State, asked: usize, share: Share) {
    let width = canvas.width();
    let question = state.question(asked);
    let votes = &state.votes()[asked];
    let all: u64 = votes.iter().sum();
    let mut y = 0;
    if !matches!(share, Share::Least) {
        for line in wrap(&progress_text(state), width) {
            canvas.write(0, y, &line, quiet());
            y += 1;
        }
    }
    y += u16::from(matches!(share, Share::All | Share::NoBars));
    for line in wrap(&question.question, width) {
        canvas.write(0, y, &line, strong());
        y += 1;
    }
    let has_bars = matches!(share, Share::All);
    y += u16::from(has_bars);
    for (key, (choice, votes)) in (1_u16..).zip(question.choices.iter().zip(votes)) {
        canvas.write(2, y, &key.to_string(), strong());
        let mut behind = LABEL_AT;
        for line in &wrap(&choice.label, width.saturating_sub(LABEL_AT)) {
            behind = canvas.write(LABEL_AT, y, line, plain());
            y += 1;
        }
        if all > 0 && !has_bars {
            let text = format!("({votes})");
            canvas.write(behind + 1, y.saturating_sub(1), &text, quiet());
        } else if let Some(share) = (BAR * votes).checked_div(all) {
            let bar = "▪".repeat(share as usize);
            let behind = canvas.write(LABEL_AT, y, &bar, plain());
            let gap = u16::from(!bar.is_empty());
            canvas.write(behind + gap, y, &votes.to_string(), quiet());
        }
        y += if has_bars { 2 } else { 0 };
    }
}
