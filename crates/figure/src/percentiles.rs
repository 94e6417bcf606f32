//! Figure of latency by percentile, in the style of `HdrHistogram`: 90 %, 99 % and 99.9 % are equally far
//! apart.
//!
//! In its table `x` is 1 ÷ (1 − p), and `y` the latency in milliseconds that the share p of the requests did
//! not exceed. A row with `y_to` is the interval of a percentile of all repeats, `y` to `y_to`. `panel` is the instant from which latency counts, `series` the variant, `n` the number of
//! requests behind it.

use super::canvas::{Canvas, MARGIN, rect, width_of};
use super::cohort::{Cohort, ENDS, quantile, windows};
use super::lines::{Arrow, Plot, series};
use super::scale::{Scale, Steps, milliseconds};
use super::style::SMALL;
use super::table::Row;
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, Table};
use concsim_model::words::counted;
use concsim_record::RunView;

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "percentiles",
    description: "Latency by percentile: marks from the due time, small dots from the sending",
    of: InputKind::Runs,
    needs: "kept runs with 20 requests or more: concsim sim mixed --out mixed && concsim figure percentiles mixed",
    rows,
    draw,
};

/// Panels: the instant from which a latency counts.
const FROM_DUE: &str = "from due";
const FROM_SENT: &str = "from sent";
/// Points of a line per decade.
const POINTS: f64 = 20.0;

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let mut taken = Extracted {
        counted: windows(material),
        ..Extracted::default()
    };
    let mut undrawn = Vec::new();
    let mut intervals = Vec::new();
    for (name, view) in material.views() {
        let recording = view.recording;
        let cohort = Cohort::of(recording);
        intervals.extend(intervals_of(&name, view));
        taken.caveats.extend(cohort.caveats(&name));
        undrawn.extend(cohort.undrawn(&name));
        for (panel, latencies) in [(FROM_DUE, &cohort.from_due), (FROM_SENT, &cohort.from_sent)] {
            let at = |x: f64| {
                let took = quantile(latencies, 1.0 - 1.0 / x);
                Row {
                    panel: panel.into(),
                    kind: recording.header.scenario.server.kind.word().into(),
                    n: Some(latencies.len() as u64),
                    label: cohort.at_least(took),
                    ..Row::at(name.clone(), recording.header.origin.into(), (x, took))
                }
            };
            // A logarithmic axis has no place for 0.
            let drawn = grid(cohort.largest_supported_share())
                .map(at)
                .filter(|row| row.y > 0.0);
            taken.rows.extend(drawn);
        }
        if let Some(last) = taken
            .rows
            .last_mut()
            .filter(|row| row.series == name && !row.is_at_patience())
        {
            let (share, took) = (percent(last.x), milliseconds(last.y));
            let of = counted(cohort.count() as u64, "request");
            last.label = format!("{name}: {share} of {of} took no longer than {took}");
        }
    }
    taken.rows.extend(intervals);
    if taken.rows.is_empty() {
        let or_else = "all requests of the counted window took 0 s";
        return Err(Refused::refuse_for_reasons(&undrawn, or_else));
    }
    Ok(taken)
}

/// Percentiles whose intervals are drawn, and their paths in the summary.
const ESTIMATED: [(f64, &str); 5] = [
    (2.0, "latency_ms.p50"),
    (10.0, "latency_ms.p90"),
    (20.0, "latency_ms.p95"),
    (100.0, "latency_ms.p99"),
    (1_000.0, "latency_ms.p999"),
];

/// Returns the intervals of the percentiles of all repeats; none of a run that was played once.
fn intervals_of(name: &str, view: &RunView<'_>) -> Vec<Row> {
    let run = view.run();
    let Some(repeated) = &run.repeated else {
        return Vec::new();
    };
    let interval = |(x, path): (f64, &str)| {
        let of = repeated.estimate(path)?.interval;
        let point = Row {
            panel: FROM_DUE.into(),
            kind: run.kind.word().into(),
            n: Some(run.due as u64),
            ..Row::at(name, run.origin.into(), (x, of.estimate))
        };
        let is_drawn = of.low > 0.0 && of.high.is_finite();
        is_drawn.then(|| Row::interval_of(&point, (of.low, of.high)))
    };
    ESTIMATED.into_iter().filter_map(interval).collect()
}

/// Returns values from 1 up to the largest share with enough requests.
fn grid(sayable: f64) -> impl Iterator<Item = f64> {
    let end = if sayable > 0.0 {
        1.0 / (1.0 - sayable) * (1.0 + 1e-9)
    } else {
        0.0
    };
    (0..)
        .map(|step| libm::pow(10.0, f64::from(step) / POINTS))
        .take_while(move |x| *x <= end)
}

/// Formats 1 ÷ (1 − p) as `99.9 %`.
fn percent(x: f64) -> String {
    let decimals = (x.log10() - 2.0 - 1e-9).max(0.0).ceil() as usize;
    format!("{:.decimals$} %", 100.0 * (1.0 - 1.0 / x))
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    let due = series(table.of_panel(FROM_DUE));
    let names = canvas.names_of(&due);
    canvas.top += 22.0;
    let (top, left) = (canvas.top, MARGIN + width_of("10 000", SMALL) + 4.0);
    let bottom = top + (canvas.width * 0.5).clamp(220.0, 360.0);
    let most = table.rows.iter().map(|row| row.x).fold(10.0, f64::max);
    let across = Scale {
        steps: Steps::Log,
        low: 1.0,
        high: 10_f64.powf((most.log10() - 1e-9).ceil()),
        from: left,
        to: canvas.right() - names.room(),
    };
    let plot = Plot {
        horizontal: across,
        up: Scale::factors(
            table.rows.iter().flat_map(|row| [row.y, row.upper()]),
            (bottom, top),
        ),
    };
    let end = across.at(most);
    if across.to - end > 1.0 {
        let size = (across.to - end, bottom - top);
        rect(&mut canvas.svg, "neutral beyond", (end, top), size);
    }
    let ticks = ticks(across.high);
    plot.axes_at(
        &mut canvas,
        &ticks,
        "share of requests (one step for each nine)",
        "latency not exceeded, in ms (logarithmic)",
    );
    for sent in series(table.of_panel(FROM_SENT)) {
        let class = format!("line {}-s beads", sent.kind);
        sent.draw(&mut canvas.svg, &plot, &class);
    }
    canvas.lines(&plot, &due, names);
    canvas.paragraph("quiet", SMALL, ENDS);
    canvas.top += 6.0;
    canvas.legend_of_patience(&table.rows, Arrow::Up);
    canvas.legend_of_ways(&table.rows);
    canvas.finish(table, look)
}

/// Returns the ticks 0, 50 %, 90 %, 99 % and so on.
fn ticks(high: f64) -> Vec<(f64, String)> {
    let decades = (1..=15).map(|power| 10_f64.powi(power));
    let named = [1.0, 2.0].into_iter().chain(decades);
    named
        .take_while(|x| *x <= high * (1.0 + 1e-9))
        .map(|x| (x, percent(x)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_as_many_nines_as_it_needs() {
        let text = [1.0, 2.0, 10.0, 100.0, 1e3, 1e4].map(percent);
        assert_eq!(text, ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
    }

    #[test]
    fn a_line_ends_where_fewer_than_ten_are_slower() {
        let ends = |requests: f64| grid(1.0 - 10.0 / requests).last().unwrap_or(0.0);
        assert!((ends(1_000.0) - 100.0).abs() < 1e-6);
        assert!(ends(999.0) < 100.0);
        assert_eq!(grid(0.0).count(), 0);
    }
}
