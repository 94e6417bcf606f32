//! The answer as a table: the model's name, the inputs, and the results, in characters that every terminal
//! has.

use super::quantity::describe;
use super::{Answer, NumberOrReason, PERCENTILE_NAMES, Section, Table, Unit, Value};

/// Returns the answer as text, with a newline at its end.
#[must_use]
pub fn of(answer: &Answer) -> String {
    let mut notes = Notes::default();
    let sections = [("given", &answer.given), ("result", &answer.results)];
    let sections = sections.map(|(head, section)| {
        let lines = lines(section, &mut notes);
        let tables = section.tables.iter().map(|table| rows(table, &mut notes));
        (head, lines, tables.collect::<Vec<String>>())
    });
    let labels = sections.iter().flat_map(|(_, lines, _)| lines);
    let width = labels.map(|(label, _)| label.chars().count()).max();
    let width = width.unwrap_or(0);

    let mut text = format!("{}, computed\n{}\n", answer.name, answer.about);
    for (head, lines, tables) in &sections {
        let lines = lines
            .iter()
            .map(|(label, value)| format!("  {label:width$}  {value}\n"));
        let lines: String = lines.collect();
        let parts = std::iter::once(&lines).chain(tables);
        let parts = parts.map(String::as_str).filter(|part| !part.is_empty());
        let parts: Vec<&str> = parts.collect();
        text += &["\n", head, "\n", &parts.join("\n")].concat();
    }
    text + &notes.in_lines()
}

/// Reasons, each with its footnote number.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    /// Returns the number, or the footnote with the reason for its absence. Equal reasons share a footnote.
    fn cell(&mut self, unit: Unit, known: &NumberOrReason) -> String {
        let why = match known {
            Ok(number) => return describe(unit, *number),
            Err(why) => why,
        };
        let place = self.0.iter().position(|known| known == why);
        let place = place.unwrap_or_else(|| {
            self.0.push(why.clone());
            self.0.len() - 1
        });
        format!("- [{}]", place + 1)
    }

    fn in_lines(&self) -> String {
        let lines = self.0.iter().zip(1..);
        let lines = lines.map(|(why, number)| format!("\n[{number}] {why}"));
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() {
            return String::new();
        }
        lines.concat() + "\n"
    }
}

/// Returns the figures of a section, each with its value. Percentiles that are all missing for the same
/// reason are one line.
fn lines(section: &Section, notes: &mut Notes) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for figure in &section.figures {
        let label = figure.label.clone();
        match &figure.value {
            Value::Number(unit, known) => lines.push((label, notes.cell(*unit, known))),
            Value::Text(text) => lines.push((label, text.clone())),
            Value::Flag(true) => lines.push((label, "yes".to_owned())),
            Value::Flag(false) => lines.push((label, "no".to_owned())),
            Value::Percentiles(times) => match &times[0] {
                Err(_) if times.iter().all(|time| *time == times[0]) => {
                    let cell = notes.cell(Unit::Time, &times[0]);
                    lines.push((format!("{label}, percentiles"), cell));
                }
                _ => {
                    let named = times.iter().zip(PERCENTILE_NAMES);
                    let named = named.map(|(time, name)| {
                        let cell = notes.cell(Unit::Time, time);
                        (format!("{label}, p{name}"), cell)
                    });
                    lines.extend(named);
                }
            },
        }
    }
    lines
}

/// Returns the rows of a table, with columns as wide as their widest cell.
fn rows(table: &Table, notes: &mut Notes) -> String {
    let heads = table.columns.iter().map(|column| column.label.to_owned());
    let mut lines = vec![(table.label.to_owned(), heads.collect::<Vec<String>>())];
    for (name, row) in &table.rows {
        let cells = table.columns.iter().zip(row);
        let cells = cells.map(|(column, known)| notes.cell(column.unit, known));
        lines.push((name.clone(), cells.collect()));
    }
    let names = lines.iter().map(|(name, _)| name.chars().count());
    let first = names.max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().map(|(_, cells)| cells[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let text = lines.iter().map(|(name, cells)| {
        let cells = cells.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("  {cell:>width$}"));
        let cells: Vec<String> = cells.collect();
        format!("  {name:first$}{}\n", cells.concat())
    });
    text.collect()
}
