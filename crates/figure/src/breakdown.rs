//! Figure of latency by component: the mean latency of each variant, divided into its parts.
//!
//! In its table a row is a part: `x` to `x_to` in milliseconds, consecutive, so that the end of the last is
//! the mean. `panel` is the variant, `series` the part, `n` the number of answered requests.

use super::canvas::{Canvas, MARGIN, unbroken, width_of};
use super::cohort::{DUE, windows};
use super::hatch::{self, Fill, Hatches, Pattern};
use super::run_phases;
use super::scale::{Scale, Steps, milliseconds};
use super::style::{SMALL, TEXT};
use super::svg::Anchor;
use super::table::Row;
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, Table};
use concsim_model::scenario::expectation::Dimension;
use concsim_model::words::{counted, digits};
use concsim_record::latency::Breakdown;
use concsim_record::repeats::with_error;
use concsim_record::summary::Run;

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "breakdown",
    description: "Parts of the mean latency of the answered requests",
    of: InputKind::Runs,
    needs: "kept runs: concsim sim mixed --out mixed && concsim figure breakdown mixed",
    rows,
    draw,
};

/// Height of a bar, in user units.
const BAR: f64 = 26.0;

/// Shortest part with a label, in milliseconds; shorter ones are only in the data.
const MIN_LABELLED: f64 = 1e-3;

/// All parts in their order, with the fill of each. Waits for a core or a worker have leaning stripes, waits
/// for an answer have others.
const PARTS: [(&str, Fill); 11] = [
    ("not yet sent", ("neutral", Pattern::Hollow)),
    ("at the door", ("door", Pattern::Dots)),
    ("ready", ("ready", Pattern::Leaning)),
    ("wants a core", ("ready", Pattern::Falling)),
    ("computing", ("running", Pattern::Solid)),
    ("waits for a thread", ("parked", Pattern::Falling)),
    ("waits for a connection", ("parked", Pattern::Dots)),
    ("in the service's queue", ("parked", Pattern::Leaning)),
    ("parked", ("parked", Pattern::Lying)),
    ("blocked", ("blocked", Pattern::Standing)),
    ("other", ("neutral", Pattern::Solid)),
];

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let mut taken = Extracted {
        counted: windows(material),
        ..Extracted::default()
    };
    for (name, view) in material.views() {
        let run = view.run();
        let Some(spent) = run.breakdown_ms else {
            let none = format!("{name} is not drawn: none of its requests was answered");
            taken.caveats.push(none);
            continue;
        };
        taken.rows.extend(parts_of(&name, run, &spent));
        let unfinished = run.unfinished;
        let failed = run.failed.all().saturating_sub(unfinished);
        let of = counted(run.due as u64, "request");
        if failed > 0 {
            taken.caveats.push(format!(
                "{name}: {failed} of {of} {DUE} failed; they are not in the mean"
            ));
        }
        if unfinished > 0 {
            taken.caveats.push(format!(
                "{name}: the end of the run cut off {unfinished} of {of} {DUE}; they are not in the mean"
            ));
        }
    }
    if taken.rows.is_empty() {
        return Err(Refused::refuse_for_reason(
            "no request was answered, or all took 0 s",
        ));
    }
    Ok(taken)
}

/// Returns consecutive parts, in whole nanoseconds: the last ends at the mean, to the last digit.
fn parts_of(name: &str, run: &Run, spent: &Breakdown) -> Vec<Row> {
    let waiting = if run.kind.has_a_loop() {
        "parked"
    } else {
        "blocked"
    };
    let [thread, connection, queue] = spent.waits.map_or([0.0; 3], |waits| waits.queues());
    // The rest, in whole nanoseconds, so that the sum of all parts is exact.
    let rest = (spent.parked_or_blocked * 1e6).round()
        - [thread, connection, queue]
            .map(|queue| (queue * 1e6).round())
            .iter()
            .sum::<f64>();
    let parts = [
        ("not yet sent", spent.generator),
        ("at the door", spent.door),
        ("ready", spent.ready),
        ("wants a core", spent.core_wait),
        ("computing", spent.cpu),
        ("waits for a thread", thread),
        ("waits for a connection", connection),
        ("in the service's queue", queue),
        (waiting, rest.max(0.0) / 1e6),
        ("other", spent.other),
    ];
    let mut passed: u64 = 0;
    let at = |nanoseconds: u64| nanoseconds as f64 / 1e6;
    let parts = parts.into_iter().map(|(part, length)| {
        let from = passed;
        passed += (length * 1e6).round() as u64;
        Row {
            panel: name.to_owned(),
            kind: run.kind.word().into(),
            x_to: Some(at(passed)),
            n: Some(run.completed as u64),
            ..Row::at(part, run.origin.into(), (at(from), 0.0))
        }
    });
    let mut parts: Vec<Row> = parts.filter(|row| row.right() > row.x).collect();
    if let Some(first) = parts.first_mut() {
        let mean = mean_of_repeats(run).unwrap_or_else(|| milliseconds(at(passed)));
        first.label = format!("{name}: {mean} on average");
    }
    parts
}

/// Returns the mean latency of repeats with its error; [`None`] of a run that was played once.
fn mean_of_repeats(run: &Run) -> Option<String> {
    let mut interval = run.repeated.as_ref()?.estimate("latency_ms.mean")?.interval;
    for end in [
        &mut interval.estimate,
        &mut interval.low,
        &mut interval.high,
    ] {
        *end /= 1e3;
    }
    Some(with_error(&interval, Dimension::TIME))
}

/// Returns the fill of a part.
fn fill_of(part: &str) -> Fill {
    let found = PARTS.iter().find(|(name, _)| *name == part);
    found.map_or(("neutral", Pattern::Solid), |(_, fill)| *fill)
}

/// Returns the mean of a variant: the end of its last part.
fn sum(table: &Table, panel: &str) -> f64 {
    table.of_panel(panel).map(Row::right).fold(0.0, f64::max)
}

/// Returns the parts of a variant that are long enough for a label.
fn labelled_parts<'a>(table: &'a Table, panel: &'a str) -> Vec<&'a Row> {
    let rows = table.of_panel(panel);
    rows.filter(|row| row.right() - row.x >= MIN_LABELLED)
        .collect()
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    let long: Vec<&Row> = table
        .panels()
        .into_iter()
        .flat_map(|it| labelled_parts(table, it))
        .collect();
    let there = |(name, _): &(&str, Fill)| long.iter().any(|row| row.series == *name);
    let parts: Vec<(&str, Fill)> = PARTS.into_iter().filter(there).collect();
    let fills: Vec<Fill> = parts.iter().map(|(_, fill)| *fill).collect();
    let hatches = hatch::define(&mut canvas, &fills);
    let entries: Vec<(Fill, &str)> = parts.iter().map(|(name, fill)| (*fill, *name)).collect();
    canvas.legend(&entries, |svg, fill, (left, top)| {
        hatches.rect(svg, fill, (left, top), (24.0, 14.0));
    });
    let room = width_of("= 00.0 ms", TEXT);
    let panels = table.panels();
    let sums: Vec<f64> = panels.iter().map(|panel| sum(table, panel)).collect();
    let unlike = times_as_long(&sums);
    if let Some(times) = unlike {
        let words = format!(
            "Each bar is 100 % of its own mean (number at its end): the longest mean is {} times the shortest.",
            digits(times)
        );
        canvas.paragraph("quiet", SMALL, &words);
        canvas.top += 4.0;
    }
    let ends = (MARGIN, canvas.right() - room);
    let axis = match unlike {
        Some(_) => Axis {
            scale: Scale {
                steps: Steps::Linear,
                low: 0.0,
                high: 100.0,
                from: ends.0,
                to: ends.1,
            },
            is_of_shares: true,
        },
        None => Axis {
            scale: Scale::from_zero(sums.iter().copied(), ends),
            is_of_shares: false,
        },
    };
    let top = canvas.top;
    // The grid lies behind the bars, so the bars are drawn on a separate sheet.
    let mut bars = Canvas::untitled(table, look, top);
    for panel in &panels {
        draw_bar(
            &mut bars,
            &hatches,
            panel,
            (&labelled_parts(table, panel), sum(table, panel)),
            axis,
        );
    }
    let name = if axis.is_of_shares {
        "share of the mean latency in %"
    } else {
        "mean latency in ms"
    };
    canvas.across(&axis.scale, (top, bars.top), name);
    canvas.svg.append(&bars.svg);
    canvas.finish(table, look)
}

/// Ratio of means above which bars show shares: on one scale the parts of the shortest bar would be
/// invisible.
const UNLIKE: f64 = 5.0;

/// Returns the ratio of the longest mean to the shortest if it is above that limit.
fn times_as_long(sums: &[f64]) -> Option<f64> {
    let positive = || sums.iter().copied().filter(|sum| *sum > 0.0);
    let (least, most) = (
        positive().fold(f64::INFINITY, f64::min),
        positive().fold(0.0, f64::max),
    );
    let times = most / least;
    (times.is_finite() && times > UNLIKE).then_some(times)
}

/// Axis of the bars' lengths.
#[derive(Clone, Copy, Debug)]
struct Axis {
    scale: Scale,
    /// True if each bar is 100 % of its own mean.
    is_of_shares: bool,
}

impl Axis {
    /// Returns the place of a length in a bar of this sum.
    fn at(&self, length: f64, sum: f64) -> f64 {
        if self.is_of_shares {
            self.scale.at(100.0 * length / sum)
        } else {
            self.scale.at(length)
        }
    }
}

/// Draws a variant: its name, its bar with the sum at its end, and its parts in numbers.
fn draw_bar(
    canvas: &mut Canvas,
    hatches: &Hatches,
    name: &str,
    (rows, sum): (&[&Row], f64),
    axis: Axis,
) {
    run_phases::heading(canvas, name, rows);
    for row in rows {
        let (from, to) = (axis.at(row.x, sum), axis.at(row.right(), sum));
        let size = ((to - from).max(0.5), BAR);
        let fill = fill_of(&row.series);
        let place = (from, canvas.top);
        let text = || format!("{}: {}", row.series, milliseconds(row.right() - row.x));
        canvas
            .svg
            .with_tooltip(text, |svg| hatches.rect(svg, fill, place, size));
    }
    let place = (axis.at(sum, sum) + 6.0, canvas.top + BAR / 2.0 + 5.0);
    let line = format!("= {}", milliseconds(sum));
    canvas.svg.words(place, "head halo", Anchor::Start, &line);
    canvas.top += BAR + 4.0;
    let sentence = rows.iter().map(|row| {
        format!(
            "{} {}",
            row.series,
            unbroken(&milliseconds(row.right() - row.x))
        )
    });
    let label = sentence.collect::<Vec<_>>().join(" + ");
    canvas.paragraph("small halo", SMALL, &label);
    canvas.top += 4.0;
}
