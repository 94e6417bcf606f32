//! Result card of all variants: the lines that are also printed on standard output.

use super::canvas::{Canvas, plain, quiet, strong, width_of, wrap};
use super::footer;
use super::mark::Target;
use crate::command::{Command, SCRUB};
use crate::cursor::CursorMotion;
use crate::number::Number;
use crate::row::Row;
use crate::state::State;
use concsim_model::words::{mean, mean_rate};

/// Largest width of the lines.
const COLUMNS: u16 = 80;
/// Width of a screen below which most of the table would be cut off.
const NARROW_WIDTH: u16 = 70;

/// Command that leads from the card into the run, and its label.
const LOOK_BACK: (Command, &str) = (Command::Go(CursorMotion::Back(SCRUB)), "look back");

/// Draws the card, beginning at the line scrolled to.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, lines: &[String]) {
    let width = canvas.width();
    if width < NARROW_WIDTH {
        draw_lines(
            canvas,
            state,
            &narrow(lines, state, width.saturating_sub(2)),
        );
    } else {
        draw_lines(canvas, state, lines);
    }
}

fn draw_lines(canvas: &mut Canvas<'_>, state: &State, lines: &[String]) {
    let (width, height) = (canvas.width(), canvas.height());
    let room = height.saturating_sub(3);
    let last_first = lines.len().saturating_sub(usize::from(room));
    let first = state.scrolled.min(last_first);
    // If there are no more columns than the lines have, there is no margin.
    let margin = u16::from(!(NARROW_WIDTH..=COLUMNS).contains(&width));
    let mut page = canvas.part(margin, 1, width.saturating_sub(margin), room);
    for (y, line) in (0..room).zip(lines.iter().skip(first)) {
        let is_title = y == 0 && first == 0;
        page.write(0, y, line, if is_title { strong() } else { plain() });
    }
    mark_numbers(&mut page, &lines[first..]);
    let mut bottom = canvas.part(0, height.saturating_sub(1), width, 1);
    let turn = state
        .has_another_card()
        .then_some((Command::WholeCard, "all or less"));
    let scrolls = last_first > 0;
    let scroll = [
        (Command::Scroll(-1), "scroll"),
        (Command::Scroll(1), "scroll"),
    ];
    let scroll = scroll.into_iter().filter(|_| scrolls);
    let quit = if scrolls || turn.is_some() {
        (Command::Quit, "quit")
    } else {
        (Command::Quit, "quit; this card is printed too")
    };
    let commands: Vec<_> = turn
        .into_iter()
        .chain(scroll)
        .chain([LOOK_BACK, (Command::Help, "help"), quit])
        .collect();
    footer::draw_commands(&mut bottom, state, &commands);
    if !scrolls {
        return;
    }
    let left = lines.len().saturating_sub(first + usize::from(room));
    let text = format!("{left} more below");
    if left > 0 && width >= NARROW_WIDTH {
        bottom.write_before(width.saturating_sub(1), 0, &text, quiet());
    }
}

/// Returns the card for fewer columns: sentences are wrapped, and each row of the table becomes text.
fn narrow(lines: &[String], state: &State, width: u16) -> Vec<String> {
    let mut narrow = Vec::new();
    let mut rest = lines.iter();
    while let Some(line) = rest.next() {
        if line.contains("concurrency") && line.contains("answers/s") {
            let rows = state.variants().iter().zip(&state.rows);
            narrow.extend(rows.flat_map(|(variant, row)| describe(&variant.name, row.as_ref())));
            // The table ends with an empty line.
            let _ = rest.find(|line| line.trim().is_empty());
            narrow.push(String::new());
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let indent = u16::try_from(indent).unwrap_or(0).min(2);
        let margin = " ".repeat(usize::from(indent));
        let wrapped = wrap(line.trim(), width.saturating_sub(indent));
        narrow.extend(wrapped.into_iter().map(|line| format!("{margin}{line}")));
    }
    narrow
}

/// Describes a row of the table in words.
fn describe(name: &str, row: Option<&Row>) -> Vec<String> {
    let text = |value: Option<f64>| value.map_or_else(|| "–".into(), mean);
    let Some(row) = row else {
        return vec![name.to_owned()];
    };
    let parallelism = row.parallelism;
    let parallelism = parallelism.map_or_else(|| "–".into(), |cores| format!("{cores:.2}"));
    let answers = row.throughput_per_s.map_or_else(|| "–".into(), mean_rate);
    let latency = row.p50.map_or_else(|| "–".into(), |long| long.to_string());
    vec![
        format!("{name}: {answers} answers/s"),
        format!(
            "  concurrency {}, parallelism {parallelism}",
            text(row.concurrency)
        ),
        format!("  at the door {}, p50 {latency}", text(row.at_the_door)),
    ]
}

/// Columns of the table, as in its heading.
const HEADINGS: [(&str, Number); 6] = [
    ("door", Number::AtTheDoor),
    ("concurrency", Number::Concurrency),
    ("parallelism", Number::Parallelism),
    ("answers/s", Number::AnswersPerSecond),
    ("p50", Number::P50),
    ("p99", Number::P99),
];
/// Sign in the label of a row of ratios, in both forms of the card.
const RATIO: [&str; 2] = [" ÷ ", " / "];
/// Labels of numbers that have a line of their own.
const LABELS: [(&str, Number); 2] = [
    ("switches ", Number::SwitchesPerRequest),
    ("trust ", Number::LateP99),
];

/// Marks the numbers of a text that was made for print.
fn mark_numbers(page: &mut Canvas<'_>, shown: &[String]) {
    let heading = |line: &String| HEADINGS.iter().all(|(word, _)| line.contains(word));
    if let Some(y) = shown.iter().position(heading) {
        let rows = shown.iter().zip(0..).skip(y + 1);
        let is_of_a_variant = |row: &&String| !RATIO.iter().any(|sign| row.contains(sign));
        let rows = rows.take_while(|(row, _)| !row.is_empty());
        for (row, line) in rows.filter(|(row, _)| is_of_a_variant(row)) {
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

/// Returns the width of a row's name in columns.
fn first_word_of(row: &str) -> u16 {
    width_of(row.split(' ').next().unwrap_or_default())
}
