//! Figure of latency against offered load, through saturation.
//!
//! In its table `x` is the offered load, in requests per second, and `y` a latency in milliseconds from due.
//! `panel` is the variant with the values of other axes, `series` the percentile, `n` the number of requests
//! behind it. A row of a percentile with `y_to` is the interval of a repeated point, `y` to `y_to`. The series `saturation` is the computed load at which a resource is exhausted; the series
//! `parts` is the first load of which less than 97 % was answered in time.

use super::canvas::{Canvas, MARGIN, width_of};
use super::lines::{Arrow, Names, Plot, numbered, series};
use super::run_phases;
use super::scale::{Scale, milliseconds};
use super::style::SMALL;
use super::sweep::{self, PlacedPoint};
use super::table::{Origin, Row};
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, Table};
use concsim_model::words::{digits, mean};

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "hockey-stick",
    description: "Latency by offered load, through saturation",
    of: InputKind::Points,
    needs: "runs with several rates: concsim sweep mixed --over 'load.rate=10/s,20/s,40/s,60/s,80/s' --out l && concsim figure hockey-stick l",
    rows,
    draw,
};

const KEY: &str = "load.rate";
const SATURATION: &str = "saturation";
const PARTS: &str = "parts";
/// Share of arrivals below which answers count as incomplete …
const ALL_ANSWERED: f64 = 0.97;
/// … if more requests than this are missing.
const UNDER_WAY: f64 = 10.0;
const PERCENTILES: [(&str, &str); 3] = [
    ("p50", "latency_ms.p50"),
    ("p90", "latency_ms.p90"),
    ("p99", "latency_ms.p99"),
];
/// Height of a variant's plot, in user units.
const HEIGHT: f64 = 190.0;

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let points = sweep::several(material, KEY, &RECIPE)?;
    let mut rows = Vec::new();
    for of_it in points.chunk_by(PlacedPoint::is_of_one_line) {
        rows.extend(rows_of(&of_it[0].series, of_it));
    }
    if !rows.iter().any(is_latency) {
        return Err(Refused::refuse_for_reason(
            "no point has 20 requests in its window",
        ));
    }
    Ok(Extracted {
        rows,
        claim: kept_up(&points).unwrap_or_default(),
        counted: sweep::window(&points, "at each load"),
        ..Extracted::default()
    })
}

/// Returns the load up to which each line keeps up, as a sentence.
fn kept_up(points: &[PlacedPoint]) -> Option<String> {
    let lines: Vec<&[PlacedPoint]> = points.chunk_by(PlacedPoint::is_of_one_line).collect();
    let rate = |point: &PlacedPoint| format!("{}/s", digits(point.x));
    let up_to = |line: &[PlacedPoint]| {
        let parts = line.iter().position(|point| lost(point).is_some());
        match parts {
            None => line
                .last()
                .map(|last| format!("keeps up with {}", rate(last))),
            Some(0) => line
                .first()
                .map(|first| format!("does not keep up with {}", rate(first))),
            Some(place) => Some(format!(
                "keeps up with {} and not with {}",
                rate(&line[place - 1]),
                rate(&line[place])
            )),
        }
    };
    if lines.len() > MOST_NAMED {
        let behind = lines
            .iter()
            .filter(|line| line.iter().any(|point| lost(point).is_some()));
        let (behind, all) = (behind.count(), lines.len());
        return Some(format!(
            "{behind} of {all} lines do not keep up with all of the load offered"
        ));
    }
    let each: Option<Vec<String>> = lines
        .iter()
        .map(|line| Some(format!("{} {}", line.first()?.series, up_to(line)?)))
        .collect();
    each.filter(|each| !each.is_empty())
        .map(|each| each.join("; "))
}

/// Number of lines above which the title does not name them one by one.
const MOST_NAMED: usize = 2;

fn rows_of(panel: &str, points: &[PlacedPoint]) -> Vec<Row> {
    let (mut rows, mut intervals) = (Vec::new(), Vec::new());
    let row = |point: &PlacedPoint, series: &str, origin, place| Row {
        panel: panel.to_owned(),
        kind: point.kind().to_owned(),
        n: point.count(),
        ..Row::at(series, origin, place)
    };
    for (series, path) in PERCENTILES {
        for point in points {
            let latency = point.number(path).map(|ms| Row {
                label: point.at_least(ms).unwrap_or_default(),
                ..row(point, series, point.origin, (point.x, ms))
            });
            let whisker = |row: &Row| point.whisker(path, row, 1.0).filter(|it| it.y > 0.0);
            let measured = latency.as_ref().filter(|row| !row.is_at_patience());
            intervals.extend(measured.and_then(whisker));
            rows.extend(latency);
        }
    }
    if let Some(last) = rows.last_mut().filter(|row| !row.is_at_patience()) {
        let (rate, latency) = (per_second(last.x), milliseconds(last.y));
        last.label = format!("{panel}: {} {rate} is {latency}", last.series);
    }
    rows.extend(intervals);
    let Some(first) = points.first() else {
        return rows;
    };
    if let Some((per_s, of)) = saturation(first) {
        rows.push(Row {
            n: None,
            label: format!("{} saturates {of} (computed)", per_second(per_s)),
            ..row(first, SATURATION, Origin::Computed, (per_s, 0.0))
        });
    }
    let parts = points.iter().find_map(|point| Some((point, lost(point)?)));
    rows.extend(parts.map(|(point, (came, answered))| Row {
        label: format!(
            "answers fall behind from {}: {} offered, {} answered per second",
            per_second(point.x),
            mean(came),
            mean(answered)
        ),
        ..row(point, PARTS, point.origin, (point.x, 0.0))
    }));
    rows
}

/// Returns arrivals and answers per second if they differ.
fn lost(point: &PlacedPoint) -> Option<(f64, f64)> {
    let (due, window) = (point.number("due")?, point.number("window_s")?);
    let answered = point.number("throughput_per_s")?;
    let came = due / window.max(1e-9);
    // A few requests are always in flight when the window ends.
    let missing = due - answered * window;
    (answered < ALL_ANSWERED * came && missing > UNDER_WAY).then_some((came, answered))
}

fn per_second(rate: f64) -> String {
    format!("at {}/s", digits(rate))
}

/// Returns the lowest rate at which a resource other than the clients is exhausted, and the name of that
/// resource.
fn saturation(point: &PlacedPoint) -> Option<(f64, String)> {
    let bounds = point.bounds();
    let of_server = bounds
        .iter()
        .filter(|bound| !["arrivals", "clients"].contains(&bound.of));
    let tightest = of_server.min_by(|a, b| a.per_s.total_cmp(&b.per_s))?;
    Some((tightest.per_s, tightest.of.to_owned()))
}

fn is_latency(row: &Row) -> bool {
    ![SATURATION, PARTS].contains(&row.series.as_str())
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    let left = MARGIN + width_of("10 000", SMALL) + 4.0;
    let room = width_of("p99", SMALL) + 12.0;
    let latencies = || table.rows.iter().filter(|row| is_latency(row));
    let across = Scale::from_zero(latencies().map(|row| row.x), (left, canvas.right() - room));
    for panel in table.panels() {
        let rows: Vec<&Row> = table.of_panel(panel).collect();
        run_phases::heading(&mut canvas, panel, &rows);
        let marks: Vec<&Row> = rows
            .iter()
            .copied()
            .filter(|row| !is_latency(row))
            .collect();
        let marks = numbered(&marks);
        canvas.room_above(!marks.is_empty());
        let (top, bottom) = (canvas.top, canvas.top + HEIGHT);
        let heights = latencies().flat_map(|row| [row.y, row.upper()]);
        let up = Scale::factors(heights, (bottom, top));
        let plot = Plot {
            horizontal: across,
            up,
        };
        plot.axes(
            &mut canvas,
            "requests offered per second",
            "latency in ms (logarithmic)",
        );
        canvas.standing(&marks, &across, (top, bottom));
        let all = series(rows.iter().copied().filter(|row| is_latency(row)));
        canvas.lines(&plot, &all, Names::AtEnds(room));
        canvas.list_vertical_labels(&marks, &across);
    }
    canvas.legend_of_patience(&table.rows, Arrow::Up);
    canvas.legend_of_ways(&table.rows);
    canvas.finish(table, look)
}
