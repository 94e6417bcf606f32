//! Figure of memory: that of each variant's server, divided into pages of one process and shared pages.
//!
//! In its table a row is a part: `x` to `x_to` in MB (1 000 000 bytes), consecutive, so that the end of the last is
//! the sum over all processes. `panel` is the variant, `series` the part, `n` the number of workers.

use super::canvas::{Canvas, MARGIN, unbroken, width_of};
use super::hatch::{self, Fill, Hatches, Pattern};
use super::run_phases;
use super::scale::Scale;
use super::style::{SMALL, TEXT};
use super::svg::Anchor;
use super::table::Row;
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, Table};
use concsim_model::words::megabytes;
use concsim_record::summary::Run;

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "memory",
    description: "Memory of the server: private to each process, and shared",
    of: InputKind::Runs,
    needs: "kept runs: concsim sim memory --out memory && concsim figure memory memory",
    rows,
    draw,
};

/// Height of a bar, in user units.
const BAR: f64 = 26.0;

/// All parts in their order, with the fill of each.
const PARTS: [(&str, Fill); 3] = [
    ("private", ("running", Pattern::Solid)),
    ("shared", ("parked", Pattern::Lying)),
    ("private or shared", ("neutral", Pattern::Hollow)),
];

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let mut taken = Extracted::default();
    for (name, view) in material.views() {
        let parts = parts_of(&name, view.run());
        if parts.is_empty() {
            let none = format!("{name} is not drawn: its memory was not read");
            taken.caveats.push(none);
        }
        taken.rows.extend(parts);
    }
    if taken.rows.is_empty() {
        return Err(Refused::refuse_for_reason(
            "no run has the memory of its processes: a simulation counts it if the scenario states it (server.app, touch)",
        ));
    }
    Ok(taken)
}

/// Returns consecutive parts in whole kibibytes: the last ends at the sum, to the last digit.
fn parts_of(name: &str, run: &Run) -> Vec<Row> {
    let Some(memory) = run.memory else {
        return Vec::new();
    };
    let parts = match (memory.private_kib, memory.shared_kib()) {
        (Some(private), Some(shared)) => vec![("private", private), ("shared", shared)],
        _ => vec![("private or shared", memory.pss_kib)],
    };
    let mut passed = 0;
    let rows = parts.into_iter().map(|(part, kib)| {
        let from = passed;
        passed += kib;
        Row {
            panel: name.to_owned(),
            kind: run.kind.word().into(),
            x_to: Some(mb(passed)),
            n: Some(run.workers.len() as u64),
            ..Row::at(part, run.origin.into(), (mb(from), 0.0))
        }
    });
    let mut rows: Vec<Row> = rows.filter(|row| row.right() > row.x).collect();
    if let Some(first) = rows.first_mut() {
        first.label = format!("{name}: {}", megabytes(memory.pss_kib));
    }
    rows
}

fn mb(kib: u64) -> f64 {
    kib as f64 * 1_024.0 / 1e6
}

/// Returns a size in MB as text.
fn size(mb: f64) -> String {
    megabytes((mb * 1e6 / 1_024.0).round() as u64)
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    let is_drawn = |(name, _): &(&str, Fill)| table.rows.iter().any(|row| row.series == *name);
    let parts: Vec<(&str, Fill)> = PARTS.into_iter().filter(is_drawn).collect();
    let fills: Vec<Fill> = parts.iter().map(|(_, fill)| *fill).collect();
    let hatches = hatch::define(&mut canvas, &fills);
    let entries: Vec<(Fill, &str)> = parts.iter().map(|(name, fill)| (*fill, *name)).collect();
    canvas.legend(&entries, |svg, fill, (left, top)| {
        hatches.rect(svg, fill, (left, top), (24.0, 14.0));
    });
    let sums = table.panels();
    let sums = sums.iter().map(|panel| sum(table, panel));
    let ends = (MARGIN, canvas.right() - width_of("= 0 000 MB", TEXT));
    let scale = Scale::from_zero(sums, ends);
    let top = canvas.top;
    // The grid lies behind the bars, so the bars are drawn on a separate sheet.
    let mut bars = Canvas::untitled(table, look, top);
    for panel in &table.panels() {
        draw_bar(&mut bars, &hatches, table, panel, &scale);
    }
    canvas.across(&scale, (top, bars.top), "memory of all processes in MB");
    canvas.svg.append(&bars.svg);
    canvas.finish(table, look)
}

/// Returns the memory of a variant: the end of its last part.
fn sum(table: &Table, panel: &str) -> f64 {
    table.of_panel(panel).map(Row::right).fold(0.0, f64::max)
}

/// Draws a variant: its name, its bar with the sum at its end, and its parts in numbers.
fn draw_bar(canvas: &mut Canvas, hatches: &Hatches, table: &Table, name: &str, scale: &Scale) {
    let rows: Vec<&Row> = table.of_panel(name).collect();
    run_phases::heading(canvas, name, &rows);
    for row in &rows {
        let (from, to) = (scale.at(row.x), scale.at(row.right()));
        let extent = ((to - from).max(0.5), BAR);
        let found = PARTS.iter().find(|(part, _)| *part == row.series);
        let fill = found.map_or(("neutral", Pattern::Solid), |(_, fill)| *fill);
        let place = (from, canvas.top);
        let text = || format!("{}: {}", row.series, size(row.right() - row.x));
        canvas
            .svg
            .with_tooltip(text, |svg| hatches.rect(svg, fill, place, extent));
    }
    let sum = sum(table, name);
    let place = (scale.at(sum) + 6.0, canvas.top + BAR / 2.0 + 5.0);
    let line = format!("= {}", size(sum));
    canvas.svg.words(place, "head halo", Anchor::Start, &line);
    canvas.top += BAR + 4.0;
    let parts = rows.iter();
    let parts = parts.map(|row| format!("{} {}", row.series, unbroken(&size(row.right() - row.x))));
    let label = parts.collect::<Vec<_>>().join(" + ");
    canvas.paragraph("small halo", SMALL, &label);
    canvas.top += 4.0;
}
