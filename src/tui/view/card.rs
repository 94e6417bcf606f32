//! The result of all variants: the lines that are printed on standard output too.

use super::canvas::{Canvas, plain, quiet, strong, width_of};
use super::footer;
use super::marks::Target;
use crate::tui::command::{Command, SCRUB};
use crate::tui::cursor::Wish;
use crate::tui::number::Number;
use crate::tui::state::State;

/// From the card into the run.
const LOOK_BACK: (Command, &str) = (Command::Go(Wish::Back(SCRUB)), "look back");

/// Draws the card from the line scrolled to.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, lines: &[String]) {
    let (width, height) = (canvas.width(), canvas.height());
    let room = height.saturating_sub(3);
    let last_first = lines.len().saturating_sub(usize::from(room));
    let first = state.scrolled.min(last_first);
    // Its lines are up to 80 columns long: where there are no more, there is no margin.
    let margin = u16::from(width > 80);
    let mut page = canvas.part(margin, 1, width - margin, room);
    for (y, line) in (0..room).zip(lines.iter().skip(first)) {
        let is_title = y == 0 && first == 0;
        page.write(0, y, line, if is_title { strong() } else { plain() });
    }
    mark_numbers(&mut page, &lines[first..]);
    let mut bottom = canvas.part(0, height.saturating_sub(1), width, 1);
    if last_first == 0 {
        let commands = [
            (Command::Quit, "quit; this card is printed too"),
            LOOK_BACK,
            (Command::Help, "help"),
        ];
        footer::draw_commands(&mut bottom, state, &commands);
        return;
    }
    let commands = [
        (Command::Scroll(-1), "scroll"),
        (Command::Scroll(1), "scroll"),
        LOOK_BACK,
        (Command::Help, "help"),
        (Command::Quit, "quit"),
    ];
    footer::draw_commands(&mut bottom, state, &commands);
    let left = lines.len().saturating_sub(first + usize::from(room));
    let said = format!("{left} more below");
    if left > 0 {
        bottom.write_before(width.saturating_sub(1), 0, &said, quiet());
    }
}

/// The table's columns, as its heading has them.
const HEADINGS: [(&str, Number); 6] = [
    ("door", Number::AtTheDoor),
    ("concurrency", Number::Concurrency),
    ("parallelism", Number::Parallelism),
    ("answers/s", Number::AnswersPerSecond),
    ("p50", Number::P50),
    ("p99", Number::P99),
];
/// What is said of a run in a line of its own.
const LABELS: [(&str, Number); 2] = [
    ("switches ", Number::SwitchesPerRequest),
    ("trust ", Number::LateP99),
];

/// Finds the numbers of a text that was made for paper.
fn mark_numbers(page: &mut Canvas<'_>, shown: &[String]) {
    let heading = |line: &String| HEADINGS.iter().all(|(word, _)| line.contains(word));
    if let Some(y) = shown.iter().position(heading) {
        let rows = shown.iter().zip(0..).skip(y + 1);
        for (row, line) in rows.take_while(|(row, _)| !row.is_empty()) {
            // Each column begins behind the one before.
            let mut from = first_word_of(row);
            for (word, number) in HEADINGS {
                let before = shown[y].split(word).next().unwrap_or_default();
                let end = width_of(before) + width_of(word);
                let width = end.saturating_sub(from);
                page.mark((from, line), (width, 1), Target::Number(number));
                from = end;
            }
        }
    }
    for (label, number) in LABELS {
        if let Some(y) = shown.iter().position(|line| line.starts_with(label)) {
            let width = width_of(&shown[y]);
            page.mark((0, y as u16), (width, 1), Target::Number(number));
        }
    }
}

/// Columns that the name of a row takes.
fn first_word_of(row: &str) -> u16 {
    width_of(row.split(' ').next().unwrap_or_default())
}
