//! Figure of speed-up by cores: the throughput on each number of cores, in units of that on the fewest.
//!
//! In its table `x` is the number of cores and `y` the speed-up; `series` is the variant with the values of
//! other axes, `n` the number of requests behind it. A row of a line with `y_to` is the interval of a repeated point, `y`
//! to `y_to`. A line that begins on more cores than others begins on
//! the ideal. The rows `computed` are the ideal, in proportion to the cores, and the universal scalability
//! law of each series that it fits: its α is the serial part. The panel `rules` has the largest number of
//! real cores, if anything was measured.

use super::canvas::{Canvas, MARGIN, width_of};
use super::claim;
use super::lines::{Plot, Series, numbered, series};
use super::scale::{Scale, Steps, doublings, powers_of_two};
use super::style::SMALL;
use super::sweep::{self, PlacedPoint};
use super::table::{Origin, Row};
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, Table};
use concsim_model::words::{counted, digits};
use concsim_theory::usl::fit::{Point, fit};

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "what-if",
    description: "Speed-up by number of cores, relative to the fewest",
    of: InputKind::Points,
    needs: "runs on several numbers of cores: concsim sweep cpu_bound --over machine.cores=1,2,4,8,16 --set server.workers=16 --set load.clients=64 --out c && concsim figure what-if c",
    rows,
    draw,
};

const KEY: &str = "machine.cores";
/// Panels of the results, of the ideal, of fitted laws and of rules.
const FOUND: &str = "found";
const IDEAL: &str = "ideal";
const FITTED: &str = "fitted";
const RULES: &str = "rules";
/// Largest mean error of a drawn law, as a share of the largest throughput.
const FITS: f64 = 0.02;
/// Number of points of a computed curve.
const POINTS: u32 = 40;

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let points = sweep::several(material, KEY, &RECIPE)?;
    let cores = || points.iter().map(|point| point.x);
    let (least, most) = (
        cores().fold(f64::INFINITY, f64::min),
        cores().fold(0.0, f64::max),
    );
    let (mut rows, mut caveats) = (Vec::new(), Vec::new());
    // Measured and simulated points have separate units.
    for of_it in points.chunk_by(PlacedPoint::is_of_one_line) {
        rows.extend(speed_ups(of_it, least));
        caveats.extend(late(&of_it[0], least));
    }
    if rows.is_empty() {
        return Err(Refused::refuse_for_reason(
            "no request was answered on the fewest cores",
        ));
    }
    rows.extend([least, most].map(|x| Row {
        panel: IDEAL.into(),
        ..Row::at("ideal", Origin::Computed, (x, x / least))
    }));
    rows.extend(rules(&points, most));
    Ok(Extracted {
        rows,
        caveats,
        claim: claim::stops(&points, "Throughput", "core").unwrap_or_default(),
        counted: sweep::window(&points, "for each number of cores"),
    })
}

/// Returns the note on a line that begins on more cores than others.
fn late(first: &PlacedPoint, least: f64) -> Option<String> {
    let cores = counted(first.x as u64, "core");
    let (name, origin) = (&first.series, first.origin.word());
    (first.x > least).then(|| {
        format!("{name} ({origin}) begins at {cores}; its first point is placed on the ideal line")
    })
}

/// Returns each point in units of the first, which is placed on the ideal, and the fitted law.
fn speed_ups(points: &[PlacedPoint], least: f64) -> Vec<Row> {
    let answered = |point: &PlacedPoint| Some((point.x, point.number("throughput_per_s")?));
    let first = points.first().and_then(answered);
    let Some((fewest, answers)) = first.filter(|(_, answers)| *answers > 0.0) else {
        return Vec::new();
    };
    let unit = answers * least / fewest;
    let (mut rows, mut intervals) = (Vec::new(), Vec::new());
    let mut loads = Vec::new();
    for point in points {
        let Some((x, per_s)) = answered(point) else {
            continue;
        };
        loads.push(Point {
            load: x,
            throughput: per_s,
        });
        rows.push(Row {
            panel: FOUND.into(),
            kind: point.kind().to_owned(),
            n: point.count(),
            ..Row::at(point.series.clone(), point.origin, (x, per_s / unit))
        });
        let found = rows.last();
        let whisker = |row| point.whisker("throughput_per_s", row, 1.0 / unit);
        intervals.extend(found.and_then(whisker));
    }
    rows.splice(0..0, intervals);
    rows.extend(law_of(points, &loads, unit));
    if let Some(last) = rows.iter_mut().rfind(|row| row.panel == FOUND) {
        let cores = counted(last.x as u64, "core");
        last.label = format!(
            "{}: {} times as much on {cores}",
            last.series,
            digits(last.y)
        );
    }
    rows
}

fn law_of(points: &[PlacedPoint], loads: &[Point], unit: f64) -> Vec<Row> {
    let positive = loads.iter().all(|it| it.throughput > 0.0 && it.load >= 1.0);
    let (Some(first), Some(last)) = (points.first(), loads.last()) else {
        return Vec::new();
    };
    let Some(fit) = positive.then(|| fit(loads)).flatten() else {
        return Vec::new();
    };
    // The law does not apply to a curve with a kink, for example where the workers run out.
    let most = loads.iter().map(|it| it.throughput).fold(0.0, f64::max);
    if fit.standard_error.is_none_or(|error| error > FITS * most) {
        return Vec::new();
    }
    let law = fit.law;
    let at = |step: u32| {
        let share = f64::from(step) / f64::from(POINTS);
        let x = first.x * libm::pow(last.load / first.x, share);
        Row {
            panel: FITTED.into(),
            kind: first.kind().to_owned(),
            ..Row::at(
                format!("{} ({})", first.series, first.origin.word()),
                Origin::Computed,
                (x, law.throughput(x) / unit),
            )
        }
    };
    let mut rows: Vec<Row> = (0..=POINTS).map(at).collect();
    if let Some(row) = rows.first_mut() {
        let (alpha, beta) = (digits_of(law.alpha), digits_of(law.beta));
        row.label = format!("{}: fitted law with α = {alpha}, β = {beta}", first.series);
    }
    rows
}

/// Formats a coefficient: 0, or two significant digits.
fn digits_of(coefficient: f64) -> String {
    if coefficient < 1e-6 {
        "0".into()
    } else if coefficient < 1e-3 {
        format!("{coefficient:.1e}")
    } else {
        format!("{coefficient:.4}")
    }
}

/// Returns the row with the number of cores up to which measurements exist.
fn rules(points: &[PlacedPoint], most: f64) -> Option<Row> {
    let measured = points
        .iter()
        .filter(|point| point.origin == Origin::Measured);
    let there = measured.map(|point| point.x).reduce(f64::max)?;
    let cores = counted(there as u64, "core");
    (there < most).then(|| Row {
        panel: RULES.into(),
        label: format!("measured up to {cores}, simulated beyond"),
        ..Row::at("measured", Origin::Measured, (there, 0.0))
    })
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    let of = |panel| table.rows.iter().filter(move |row| row.panel == panel);
    if !table.rows.iter().any(|row| row.origin == Origin::Measured) {
        let words =
            "All lines are simulated or computed: no run was measured on these numbers of cores.";
        canvas.paragraph("small", SMALL, words);
    }
    for law in of(FITTED).filter(|row| !row.label.is_empty()) {
        canvas.paragraph("quiet", SMALL, &law.label);
    }
    canvas.top += 6.0;
    let all: Vec<Series<'_>> = series(of(FOUND));
    let names = canvas.names_of(&all);
    let rules: Vec<&Row> = of(RULES).collect();
    let rules = numbered(&rules);
    canvas.room_above(!rules.is_empty());
    let (top, left) = (canvas.top, MARGIN + width_of("10 000", SMALL) + 4.0);
    let bottom = top + (canvas.width * 0.5).clamp(220.0, 360.0);
    let values = |value: fn(&Row) -> f64| {
        table
            .rows
            .iter()
            .filter(|row| row.panel != RULES)
            .map(value)
    };
    let most = values(|row| row.x).fold(1.0, f64::max);
    let least = values(|row| row.x)
        .filter(|x| *x > 0.0)
        .fold(most, f64::min);
    let across = Scale {
        steps: Steps::Log,
        low: least.min(most / 2.0) / 1.05,
        high: most * 1.05,
        from: left,
        to: canvas.right() - names.room(),
    };
    let lowest = values(|row| row.y).filter(|y| *y > 0.0).fold(1.0, f64::min);
    let up = Scale {
        steps: Steps::Log,
        low: lowest / 1.15,
        high: values(Row::upper).fold(2.0, f64::max) * 1.15,
        from: bottom,
        to: top,
    };
    let plot = Plot {
        horizontal: across,
        up,
    };
    canvas.up_at(
        &powers_of_two(up.low, up.high),
        &up,
        (left, across.to),
        "speed-up over the fewest cores (logarithmic)",
    );
    let ticks = doublings(of(FOUND).map(|row| row.x));
    canvas.across_at(&ticks, &across, plot.tall(), "cores (logarithmic)");
    canvas.standing(&rules, &across, plot.tall());
    for ideal in series(of(IDEAL)) {
        ideal.draw(&mut canvas.svg, &plot, "line neutral-s dotted");
    }
    for law in series(of(FITTED)) {
        let class = format!("line {}-s dotted thin", law.kind);
        law.draw(&mut canvas.svg, &plot, &class);
    }
    canvas.lines(&plot, &all, names);
    canvas.paragraph("quiet", SMALL, "Dotted grey: ideal speed-up.");
    canvas.paragraph("quiet", SMALL, claim::STOPPED);
    canvas.list_vertical_labels(&rules, &across);
    canvas.legend_of_ways(&table.rows);
    canvas.finish(table, look)
}
