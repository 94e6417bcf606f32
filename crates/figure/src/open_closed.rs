//! Figure of latency with open and closed load. Clients that wait for their answers send less while the
//! server is slow, and so rarely meet the slowness. An open load meets it.
//!
//! In its table `x` is a latency in milliseconds from due and `y` the share of the requests that took no
//! longer. `panel` is the part shown: all requests, or the slowest tenth. `series` is the variant with its
//! load, `n` the number of requests behind it.

use super::canvas::{Canvas, MARGIN, width_of};
use super::cohort::{Cohort, ENDS, REQUESTS, quantile, windows_of};
use super::lines::{Arrow, Plot, Series, polyline, series};
use super::scale::{Scale, Steps};
use super::style::SMALL;
use super::svg::Anchor;
use super::table::{Row, distinct};
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, Table};
use concsim_model::scenario::Arrivals;
use concsim_model::units::letter;
use concsim_model::words::{counted, digits};
use concsim_record::Recording;

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "open-closed",
    description: "Distribution of latency under an open load and a closed one",
    of: InputKind::Runs,
    needs: "runs with a rate and with clients: concsim sim hog --out open && concsim sim hog --set load.clients=1 --set load.think=7ms --out closed && concsim figure open-closed open closed",
    rows,
    draw,
};

const ALL: &str = "all requests";
const SLOWEST: &str = "the slowest tenth";
/// Number of points of a line in each panel.
const POINTS: u32 = 80;
/// Distance between letters.
const LETTER: f64 = 24.0;
/// Height of a panel, in user units.
const HEIGHT: f64 = 190.0;

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let is_open = |recording: &Recording| {
        matches!(
            recording.header.scenario.load.arrivals,
            Arrivals::Open { .. } | Arrivals::Scheduled
        )
    };
    let kinds: Vec<bool> = material.recordings().map(|(_, it)| is_open(it)).collect();
    if !(kinds.contains(&true) && kinds.contains(&false)) {
        return Err(Refused::Needs {
            kind: RECIPE.name,
            needs: RECIPE.needs,
        });
    }
    let scenarios = distinct(material.plays.iter().map(|play| play.kept.plan.name()));
    let variants: Vec<String> = material
        .recordings()
        .map(|(_, it)| format!("{}, {}", it.header.variant, load_of(it)))
        .collect();
    // Omits run names if variant and load already identify the series.
    let is_enough = scenarios.len() == 1
        && distinct(variants.iter().map(String::as_str)).len() == variants.len();
    let names: Vec<String> = material
        .recordings()
        .zip(variants)
        .map(|((name, recording), variant)| {
            if is_enough {
                variant
            } else {
                format!("{name}, {}", load_of(recording))
            }
        })
        .collect();
    let recordings = || material.recordings().map(|(_, recording)| recording);
    let mut undrawn = Vec::new();
    let mut taken = Extracted {
        counted: windows_of(REQUESTS, names.iter().cloned().zip(recordings())),
        ..Extracted::default()
    };
    for (name, recording) in names.into_iter().zip(recordings()) {
        let cohort = Cohort::of(recording);
        taken.caveats.extend(cohort.caveats(&name));
        undrawn.extend(cohort.undrawn(&name));
        let sayable = cohort.largest_supported_share();
        for (panel, from, to) in [(ALL, 0.0, sayable), (SLOWEST, 0.9, sayable)] {
            if to <= from {
                continue;
            }
            taken.rows.extend((0..=POINTS).map(|step| {
                let share = from + (to - from) * f64::from(step) / f64::from(POINTS);
                let took = quantile(&cohort.from_due, share);
                Row {
                    label: cohort.at_least(took),
                    panel: panel.into(),
                    kind: recording.header.scenario.server.kind.word().into(),
                    n: Some(cohort.count() as u64),
                    ..Row::at(name.clone(), recording.header.origin.into(), (took, share))
                }
            }));
        }
    }
    if taken.rows.is_empty() {
        let or_else = "no variant has 20 requests in its window";
        return Err(Refused::refuse_for_reasons(&undrawn, or_else));
    }
    Ok(taken)
}

/// Returns `open, 50/s` or `closed, 3 clients`.
fn load_of(recording: &Recording) -> String {
    match &recording.header.scenario.load.arrivals {
        Arrivals::Open { rate, .. } => format!("open, {}/s", digits(*rate)),
        Arrivals::Closed { clients, .. } => {
            format!("closed, {}", counted(*clients as u64, "client"))
        }
        Arrivals::Scheduled => {
            let jobs = recording.header.scenario.load.jobs.len() as u64;
            format!("open, {}", counted(jobs, "scheduled request"))
        }
    }
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    let named = series(table.of_panel(ALL));
    canvas.legend_of_lines(&named);
    let left = MARGIN + width_of("0.000", SMALL) + 8.0;
    for (panel, low) in [(ALL, 0.0), (SLOWEST, 0.9)] {
        let lines = series(table.of_panel(panel));
        if lines.is_empty() {
            continue;
        }
        canvas.top += 16.0;
        let place = (MARGIN, canvas.top);
        canvas.svg.words(place, "head", Anchor::Start, panel);
        canvas.top += 24.0;
        let (top, bottom) = (canvas.top, canvas.top + HEIGHT);
        let latencies = lines.iter().flat_map(|of| &of.points).map(|row| row.x);
        let plot = Plot {
            horizontal: Scale::factors(latencies, (left, canvas.right() - 8.0)),
            up: Scale {
                steps: Steps::Linear,
                low,
                high: 1.0,
                from: bottom,
                to: top,
            },
        };
        let across = "latency in ms (logarithmic)";
        let up = "share of requests with at most this latency";
        plot.axes(&mut canvas, across, up);
        draw_lines(&mut canvas, &plot, &lines, &named);
        for of in &lines {
            of.mark_patience(&mut canvas.svg, &plot, Arrow::Right);
        }
    }
    canvas.paragraph("quiet", SMALL, ENDS);
    canvas.top += 6.0;
    canvas.legend_of_patience(&table.rows, Arrow::Right);
    canvas.legend_of_ways(&table.rows);
    canvas.finish(table, look)
}

/// Draws the lines, each with its letter in the legend.
fn draw_lines(canvas: &mut Canvas, plot: &Plot, lines: &[Series<'_>], named: &[Series<'_>]) {
    let number = |of: &Series<'_>| named.iter().position(|it| it.name == of.name).unwrap_or(0);
    let paths: Vec<Vec<(f64, f64)>> = lines
        .iter()
        .map(|of| {
            of.points
                .iter()
                .map(|row| plot.at((row.x, row.y)))
                .collect()
        })
        .collect();
    for (of, way) in lines.iter().zip(&paths) {
        let class = named.get(number(of)).unwrap_or(of).class();
        polyline(&mut canvas.svg, &class, way);
        of.add_tooltips(&mut canvas.svg, way);
    }
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for (place, of) in lines.iter().enumerate() {
        if let Some((x, y)) = furthest_label_place(&paths, place, &taken) {
            taken.push((x, y));
            // The letter interrupts its own line, and so cannot be read as another's.
            let (place, words) = ((x, y + 4.0), letter(number(of)));
            canvas.svg.words(place, "head halo", Anchor::Middle, &words);
        }
    }
    for (of, way) in lines.iter().zip(&paths) {
        let is_free = |place: &&(f64, f64)| {
            let letters = taken.iter();
            letters
                .map(|letter| (place.0 - letter.0).hypot(place.1 - letter.1))
                .all(|distance| distance > LETTER * 0.7)
        };
        // Overlapping lines have their marks at different places.
        let first = of.nth() * MARKED / 3 + MARKED / 4;
        let places = way.iter().skip(first).step_by(MARKED);
        // A line has its mark from the legend, even if another line is missing.
        let marked = named.get(number(of)).unwrap_or(of);
        for place in places.filter(is_free) {
            marked.mark(&mut canvas.svg, *place);
        }
    }
}

/// Distance between the marks of a line, in points.
const MARKED: usize = 10;

/// Returns the place of a line that is furthest from all others and from the letters already drawn.
fn furthest_label_place(
    paths: &[Vec<(f64, f64)>],
    line: usize,
    taken: &[(f64, f64)],
) -> Option<(f64, f64)> {
    let way = &paths[line];
    let others = paths.iter().enumerate().filter(|(other, _)| *other != line);
    let others: Vec<&(f64, f64)> = others.flat_map(|(_, way)| way).collect();
    let distance = |(x, y): (f64, f64), to: &(f64, f64)| (x - to.0).hypot(y - to.1);
    let room = |place: (f64, f64)| {
        let nearest = others.iter().map(|other| distance(place, other));
        nearest.fold(f64::INFINITY, f64::min)
    };
    let is_free = |place: &(f64, f64)| taken.iter().all(|letter| distance(*place, letter) > LETTER);
    // Excludes the very ends, where all lines meet.
    let inner = way
        .iter()
        .skip(way.len() / 8)
        .take(way.len() * 6 / 8)
        .copied();
    let best = |places: &mut dyn Iterator<Item = (f64, f64)>| {
        places.max_by(|a, b| room(*a).total_cmp(&room(*b)))
    };
    best(&mut inner.clone().filter(is_free)).or_else(|| best(&mut inner.clone()))
}
