//! Sizes of the regions in projector mode. Pure arithmetic; nothing is drawn here.
//!
//! The two numbers come first: they get two fifths of the height, if their width allows it. Rows get
//! thicker as long as there is room, and the rest becomes gaps.

use super::rows::Rows;
use crate::state::State;
use crate::view::digits::Size;
use crate::view::numbers;
use crate::view::worker_rows::WorkerRows;

/// Lines of header, caption and legend.
const ALWAYS: u16 = 4;
const GAPS: u16 = 3;
/// Sizes of digits, the largest first.
const SIZES: [Size; 6] = [
    Size::Huge(4),
    Size::Huge(3),
    Size::Huge(2),
    Size::Huge(1),
    Size::Big,
    Size::Plain,
];

/// Lines of each region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) digits: Size,
    pub(super) rows: Rows,
    pub(super) answers: Size,
    /// Empty lines between the regions.
    gaps: u16,
}

impl Layout {
    pub(super) fn of(state: &State, width: u16, height: u16) -> Self {
        let answers = match height {
            0..22 => Size::Plain,
            22..46 => Size::Big,
            _ => Size::Huge(1),
        };
        let workers = workers(state);
        let without_rows =
            |digits: Size, answers: Size| ALWAYS + numbers::lines(digits) + answers.lines();
        let sizes = SIZES.into_iter().filter(|size| {
            let is_least = *size == Size::Plain;
            is_least || (size.lines() <= height * 2 / 5 && numbers::fit(state, *size, width))
        });
        let mut pairs =
            sizes.flat_map(|digits| [answers, Size::Plain].map(|answers| (digits, answers)));
        let fitting = pairs.find_map(|(digits, answers)| {
            let room = height.saturating_sub(without_rows(digits, answers));
            Some((digits, answers, Rows::fit(workers, width, room)?))
        });
        let least = (Size::Plain, Size::Plain, Rows::least(height));
        let (digits, answers, rows) = fitting.unwrap_or(least);
        let spare = height.saturating_sub(without_rows(digits, answers) + rows.lines);
        Self {
            digits,
            rows,
            answers,
            gaps: spare.min(2 * GAPS),
        }
    }

    /// Returns the lines of the `nth` gap: the last ones are filled first.
    pub(super) fn gap(&self, nth: u16) -> u16 {
        self.gaps / GAPS + u16::from(GAPS - 1 - nth < self.gaps % GAPS)
    }
}

/// Returns the number of workers now, or before they are forked the number of the scenario.
fn workers(state: &State) -> usize {
    let seen = WorkerRows::of(&state.shown().picture).own.len();
    seen.max(if seen == 0 {
        state.scenario().server.workers
    } else {
        1
    })
}
