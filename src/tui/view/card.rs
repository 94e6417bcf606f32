//! The result of all variants: the lines that are printed on standard output too.

use super::canvas::{Canvas, plain, quiet, strong, wrap};
use super::footer;
use crate::tui::row::Row;
use crate::tui::state::State;
use crate::words::mean;

/// The lines are as long as that at most.
const COLUMNS: u16 = 80;
/// On a screen that is narrower than this, most of the table would be cut off.
const NARROW: u16 = 70;

/// Draws the card from the line scrolled to.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, lines: &[String]) {
    let width = canvas.width();
    if width < NARROW {
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
    // Where there are no more columns than its lines have, there is no margin.
    let margin = u16::from(!(NARROW..=COLUMNS).contains(&width));
    let mut page = canvas.part(margin, 1, width.saturating_sub(margin), room);
    for (y, line) in (0..room).zip(lines.iter().skip(first)) {
        let is_title = y == 0 && first == 0;
        page.write(0, y, line, if is_title { strong() } else { plain() });
    }
    let mut bottom = canvas.part(0, height.saturating_sub(1), width, 1);
    if last_first == 0 {
        let keys = [
            ("q", "quit; this card is printed too"),
            ("←", "look back"),
            ("?", "help"),
        ];
        footer::draw_pairs(&mut bottom, &keys);
        return;
    }
    let keys = [
        ("up down", "scroll"),
        ("←", "look back"),
        ("?", "help"),
        ("q", "quit"),
    ];
    footer::draw_pairs(&mut bottom, &keys);
    let left = lines.len().saturating_sub(first + usize::from(room));
    let said = format!("{left} more below");
    if left > 0 && width >= NARROW {
        bottom.write_before(width.saturating_sub(1), 0, &said, quiet());
    }
}

/// The same in fewer columns: sentences are wrapped, and of each variant it is said what its line of
/// the table says.
fn narrow(lines: &[String], state: &State, width: u16) -> Vec<String> {
    let mut narrow = Vec::new();
    let mut rest = lines.iter();
    while let Some(line) = rest.next() {
        if line.contains("concurrency") && line.contains("answers/s") {
            let rows = state.variants().iter().zip(&state.rows);
            narrow.extend(rows.flat_map(|(variant, row)| in_words(&variant.name, row.as_ref())));
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

/// A line of the table, in words.
fn in_words(name: &str, row: Option<&Row>) -> Vec<String> {
    let said = |value: Option<f64>| value.map_or_else(|| "–".into(), mean);
    let Some(row) = row else {
        return vec![name.to_owned()];
    };
    let parallelism = row.parallelism;
    let parallelism = parallelism.map_or_else(|| "–".into(), |cores| format!("{cores:.2}"));
    let latency = row.p50.map_or_else(|| "–".into(), |long| long.to_string());
    vec![
        format!("{name}: {} answers/s", said(row.throughput_per_s)),
        format!(
            "  concurrency {}, parallelism {parallelism}",
            said(row.concurrency)
        ),
        format!("  at the door {}, p50 {latency}", said(row.at_the_door)),
    ]
}
