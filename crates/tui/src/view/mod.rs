//! Draws the state of the screen: one file for each region, none of which changes anything.

mod ascii;
mod axis;
mod canvas;
mod card;
mod clauses;
pub(super) mod compare;
mod cores;
mod detail;
mod digits;
mod explain;
mod footer;
mod frame;
mod ground;
mod header;
pub(super) mod help;
mod lanes;
mod latency;
mod layout;
pub(super) mod mark;
pub(super) mod marks;
mod menu;
mod numbers;
mod overview;
mod projector;
mod question;
mod remarks;
mod request;
mod requests;
mod script;
mod short;
mod small;
mod theory;
mod title;
mod variant_row;
mod variants;
mod worker_list;
mod worker_rows;

use ratatui_core::buffer::Buffer;
use ratatui_core::terminal::Frame;

use super::frame_state::Screen;
use super::pane::Pane;
use super::state::State;
use canvas::Canvas;
use concsim_model::palette::{Glyphs, Room};
use mark::Mark;
pub use menu::draw_menu;

/// Draws the whole screen.
pub fn draw(frame: &mut Frame<'_>, state: &State) {
    draw_on(frame.buffer_mut(), state);
}

/// Draws into a buffer of any size.
pub fn draw_on(buffer: &mut Buffer, state: &State) {
    let area = buffer.area;
    let mut marks = Vec::new();
    let mut canvas = Canvas::new(buffer, area, state.look).marking(&mut marks);
    draw_screen(&mut canvas, state);
    for mark in &mut marks {
        // Above, positions count from the screen's corner, wherever that is in the buffer.
        mark.area.x -= area.x;
        mark.area.y -= area.y;
    }
    draw_above(&mut Canvas::new(buffer, area, state.look), state, &marks);
    if state.look.glyphs == Glyphs::Ascii {
        ascii::translate(buffer);
    }
    ground::paint(buffer, state.look);
}

/// Draws what lies over a screen: the help, or the explanation of a number.
fn draw_above(canvas: &mut Canvas<'_>, state: &State, marks: &[Mark]) {
    match (&state.help, state.explained) {
        (Some(help), _) => help::draw(canvas, state, help),
        (None, Some(number)) => explain::draw(canvas, state, marks, number),
        (None, None) => {}
    }
}

/// Draws the screen itself.
fn draw_screen(canvas: &mut Canvas<'_>, state: &State) {
    let (width, height) = (canvas.width(), canvas.height());
    match &state.shown().screen {
        Screen::Question(question) => question::draw(canvas, state, *question),
        Screen::Title if state.look.room == Room::Projector => {
            projector::title::draw(canvas, state);
        }
        Screen::Title => title::draw(canvas, state),
        Screen::Card(lines) => card::draw(canvas, state, lines),
        Screen::Play if state.pane == Pane::Lanes && lanes::fit(width, height) => {
            lanes::draw(canvas, state);
        }
        Screen::Play if small::is_for(width, height) && state.pane == Pane::Remarks => {
            remarks::draw_small(canvas, state);
        }
        Screen::Play if small::is_for(width, height) => small::draw(canvas, state),
        Screen::Play => draw_play(canvas, state),
    }
}

fn draw_play(canvas: &mut Canvas<'_>, state: &State) {
    if state.pane == Pane::Overview {
        match state.look.room {
            Room::Desk => overview::draw(canvas, state),
            Room::Projector => projector::draw(canvas, state),
        }
        return;
    }
    let (width, height) = (canvas.width(), canvas.height());
    header::draw(&mut canvas.part(0, 0, width, 2), state);
    let is_for_a_hall = state.look.room == Room::Projector;
    let below = if is_for_a_hall { 6 } else { 8 };
    let mut middle = canvas.part(0, 3, width, height.saturating_sub(below));
    match state.pane {
        Pane::Workers if is_for_a_hall => projector::workers::draw(&mut middle, state),
        Pane::Compare if is_for_a_hall => projector::compare::draw(&mut middle, state),
        Pane::Requests if is_for_a_hall && state.requests.path.is_none() => {
            projector::requests::draw(&mut middle, state);
        }
        Pane::Overview | Pane::Lanes | Pane::Workers => detail::draw(&mut middle, state),
        Pane::Latency => latency::draw(&mut middle, state),
        Pane::Compare => compare::draw(&mut middle, state),
        Pane::Requests => requests::draw(&mut middle, state),
        Pane::Remarks if is_for_a_hall => {
            projector::views::draw_remarks(&mut middle, state);
        }
        Pane::Remarks => remarks::draw(&mut middle, state),
        Pane::Theory if is_for_a_hall => {
            projector::views::draw_theory(&mut middle, state);
        }
        Pane::Theory => theory::draw(&mut middle, state),
    }
    if is_for_a_hall {
        let lines = height.saturating_sub(2);
        projector::draw_footer(&mut canvas.part(0, lines, width, 2), state);
        return;
    }
    let from_below = height.saturating_sub(4);
    footer::draw_caption(&mut canvas.part(0, from_below, width, 2), state);
    footer::draw_legend(&mut canvas.part(0, height.saturating_sub(2), width, 1));
    footer::draw_keys(
        &mut canvas.part(0, height.saturating_sub(1), width, 1),
        state,
    );
}
