//! The card before a variant that asks what will be seen. Those who guess first see more of what
//! happens (Crouch, Fagen, Callan and Mazur, American Journal of Physics 72:835, 2004).

use super::canvas::{Canvas, plain, quiet, strong, wrap};
use super::footer;
use crate::tui::command::Command;
use crate::tui::state::State;

const WIDTH: u16 = 77;
/// Columns of a bar that stands for all votes.
const BAR: u64 = 24;

/// Draws the question, its choices with their keys, and the votes so far.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, asked: usize) {
    let (width, height) = (canvas.width(), canvas.height());
    let x = width.saturating_sub(WIDTH) / 2;
    let room = WIDTH.min(width.saturating_sub(x + 1));
    let top = if height < 20 { 1 } else { height / 6 };
    let mut card = canvas.part(x.max(1), top, room, height.saturating_sub(top + 2));
    draw_card(&mut card, state, asked);
    let votes = state.votes()[asked].iter().sum::<u64>();
    let goes_on = if votes == 0 { "skip" } else { "go on" };
    let mut last = canvas.part(0, height.saturating_sub(1), width, 1);
    let guesses = (0..state.votes()[asked].len()).map(Command::Guess);
    let guesses = guesses.map(|guess| (guess, guess.entry().short));
    let mut commands: Vec<(Command, &str)> = guesses.collect();
    commands.extend([(Command::GoOn, goes_on), (Command::Quit, "quit")]);
    footer::draw_commands(&mut last, state, &commands);
}

fn draw_card(canvas: &mut Canvas<'_>, state: &State, asked: usize) {
    let width = canvas.width();
    let question = state.question(asked);
    let votes = &state.votes()[asked];
    let all: u64 = votes.iter().sum();
    let mut y = 0;
    let before = format!("{}: what comes next, and what will you see?", state.title());
    for line in wrap(&before, width) {
        canvas.write(0, y, &line, quiet());
        y += 1;
    }
    y += 1;
    for line in wrap(&question.question, width) {
        canvas.write(0, y, &line, strong());
        y += 1;
    }
    let room = canvas.height().saturating_sub(y + 1);
    let is_narrow = usize::from(room) < 3 * question.choices.len();
    y += u16::from(!is_narrow);
    for (key, (choice, votes)) in (1_u16..).zip(question.choices.iter().zip(votes)) {
        canvas.write(2, y, &key.to_string(), strong());
        let mut behind = 5;
        for line in &wrap(&choice.label, width.saturating_sub(5)) {
            behind = canvas.write(5, y, line, plain());
            y += 1;
        }
        if all > 0 && is_narrow {
            canvas.write(
                behind + 1,
                y.saturating_sub(1),
                &format!("({votes})"),
                quiet(),
            );
        } else if let Some(share) = (BAR * votes).checked_div(all) {
            let bar = "▪".repeat(share as usize);
            let behind = canvas.write(5, y, &bar, plain());
            let gap = u16::from(!bar.is_empty());
            canvas.write(behind + gap, y, &votes.to_string(), quiet());
        }
        y += if is_narrow { 0 } else { 2 };
    }
}
