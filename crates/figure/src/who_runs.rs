//! Figure of activity over time: each request's states from its sending to its end, and beneath them the
//! users of the cores.
//!
//! In its table a row is an interval: `x` and `x_to` in seconds after load began, `y` the number of the lane,
//! `panel` the variant, `series` the state (for a wait, with its queue if it had one), `n` the number of all
//! requests, if these are only the first. Lanes of cores have the series `core N`.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::canvas::{Canvas, MARGIN, fitted, rect, rule, width_of};
use super::scale::{Scale, Steps, instant};
use super::style::{SMALL, TEXT};
use super::svg::{Anchor, Px, Svg};
use super::table::{Origin, Row, Table, distinct};
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused};
use concsim_engine::telemetry::WaitPurpose;
use concsim_model::palette::Meaning;
use concsim_model::svg::class_of;
use concsim_model::units::{Elapsed, Stamp, letter};
use concsim_model::words::{grouped, number_of};
use concsim_record::Recording;
use concsim_record::lanes::{Index, Interval, Lanes, RequestState, Span};

/// Maximal number of requests in a figure.
const MOST_LANES: usize = 12;
/// Maximal number on a narrow sheet.
const MOST_NARROW: usize = 6;
/// Width below which a sheet is narrow …
const NARROW_WIDTH: f64 = 480.0;
/// … and width from which two panels are side by side.
const TWO_COLUMNS_WIDTH: f64 = 960.0;
/// Gap between panels.
const GAP: f64 = 24.0;
/// Number of lanes above which they are low.
const MANY_LANES: usize = 8;
/// Prefix of the series of a core.
const CORE: &str = "core ";

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "who-runs",
    description: "Lanes: each request from its sending to its end, and the worker on each core",
    of: InputKind::Runs,
    needs: "kept runs: concsim sim three_requests --out three && concsim figure who-runs three",
    rows,
    draw,
};

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let recordings = material.recordings();
    let rows: Vec<Row> = recordings
        .flat_map(|(name, recording)| lanes_of(recording, &name))
        .collect();
    if rows.is_empty() {
        return Err(Refused::refuse_for_reason(
            "no request was sent in the run, or all took 0 s",
        ));
    }
    Ok(rows.into())
}

/// Returns the label for the name of each request without a good answer.
fn failed(recording: &Recording) -> BTreeMap<u32, &'static str> {
    let patience = recording.header.scenario.load.patience;
    let failed = recording.outcomes.iter();
    let failed = failed.filter(|outcome| outcome.failure.is_some());
    failed
        .map(|outcome| {
            let is_cut_off = outcome.was_cut_off(patience);
            let word = if is_cut_off { " cut off" } else { " failed" };
            (outcome.request, word)
        })
        .collect()
}

/// Returns the lanes of the first requests of a recording, from the sending of the first to the end of the
/// last.
fn lanes_of(recording: &Recording, panel: &str) -> Vec<Row> {
    let Some(snapshot) = recording.present() else {
        return Vec::new();
    };
    let mut index = Index::default();
    index.extend(recording);
    let lanes = Lanes::new(&index, snapshot);
    let began = recording.header.began;
    let everything = Interval {
        from: began,
        to: Stamp::NEVER,
    };
    let mut requests = lanes.requests(everything);
    let all = (requests.len() > MOST_LANES).then_some(requests.len() as u64);
    requests.truncate(MOST_LANES);
    let since = |at: Stamp| Elapsed(at.0.saturating_sub(began.0)).as_secs_f64();
    let failed = failed(recording);
    let mut rows = Vec::new();
    let mut last = began;
    let row = |series: String, y: usize, from: Stamp, to: Stamp, label: String| Row {
        panel: panel.to_owned(),
        kind: recording.header.scenario.server.kind.word().into(),
        x_to: Some(since(to)),
        n: all,
        label,
        ..Row::at(
            series,
            recording.header.origin.into(),
            (since(from), y as f64),
        )
    };
    for (place, request) in requests.iter().enumerate() {
        let lane = lanes.request(*request, everything);
        // The lane lasts as long as a process works for the request, even after its client has gone.
        let failed = failed.get(request).copied().unwrap_or_default();
        let name = format!("request {}{failed}", number_of(*request));
        for span in lane.spans {
            last = last.max(span.to);
            let Span { from, to, .. } = span;
            rows.push(row(series(span), place, from, to, name.clone()));
        }
    }
    let interval = Interval {
        from: began,
        to: last,
    };
    for (place, lane) in lanes.cores(interval).iter().enumerate() {
        let core = lane.core.map_or(place as u32, |core| core);
        for held in &lane.held {
            let worker = format!("worker {}", letter(usize::from(held.worker)));
            rows.push(row(
                format!("{CORE}{core}"),
                requests.len() + place,
                held.from,
                held.to,
                worker,
            ));
        }
    }
    rows
}

fn word(doing: RequestState) -> &'static str {
    match doing {
        RequestState::Running => "running",
        RequestState::Blocked => "blocked",
        RequestState::Ready => "ready",
        RequestState::WantsACore => "wants a core",
        RequestState::Parked => "parked",
        RequestState::AtTheDoor => "at the door",
    }
}

/// Returns the series of a request's state, with the queue of a wait if it had one.
fn series(Span { doing, queue, .. }: Span) -> String {
    match queue.and_then(words_of) {
        Some(queue) => format!("{} {queue}", word(doing)),
        None => word(doing).into(),
    }
}

fn words_of(queue: WaitPurpose) -> Option<&'static str> {
    match queue {
        WaitPurpose::Thread => Some("for a thread"),
        WaitPurpose::Connection => Some("for a connection"),
        WaitPurpose::Queue => Some("in a service's queue"),
        WaitPurpose::Answer | WaitPurpose::Timer => None,
    }
}

/// The style of a series: the shape of its state or queue, in the colour of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SeriesStyle {
    state: Meaning,
    queue: Option<Meaning>,
}

impl SeriesStyle {
    /// A process that wants a core is ready to run, and is drawn so.
    fn of(series: &str) -> Self {
        let is_its = |meaning: &Meaning| series.starts_with(meaning.word());
        let state = Meaning::STATES.into_iter().find(is_its);
        let state = match state {
            None if series == "wants a core" => Meaning::Ready,
            state => state.unwrap_or(Meaning::Running),
        };
        let is_in =
            |queue: WaitPurpose| words_of(queue).is_some_and(|words| series.ends_with(words));
        let queue = if is_in(WaitPurpose::Queue) {
            Some(Meaning::InAQueue)
        } else if is_in(WaitPurpose::Connection) || is_in(WaitPurpose::Thread) {
            Some(Meaning::ForThePool)
        } else {
            None
        };
        Self { state, queue }
    }

    /// Returns its words in the legend.
    fn words(self) -> &'static str {
        match self.queue {
            Some(Meaning::InAQueue) => "in a service's queue",
            Some(_) => "for a connection or thread of the pool",
            None => self.state.word(),
        }
    }
}

/// Returns all styles in the order of the legend.
fn all_drawn() -> impl Iterator<Item = SeriesStyle> {
    let plain = Meaning::STATES.into_iter();
    let plain = plain.map(|state| SeriesStyle { state, queue: None });
    let waits = [Meaning::Parked, Meaning::Blocked].into_iter();
    plain.chain(waits.flat_map(|state| {
        Meaning::QUEUES.map(|queue| SeriesStyle {
            state,
            queue: Some(queue),
        })
    }))
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    hatches(&mut canvas);
    let used = |drawn: &SeriesStyle| {
        let mut rows = table.rows.iter();
        rows.any(|row| SeriesStyle::of(&row.series) == *drawn)
    };
    let entries: Vec<(SeriesStyle, &str)> = all_drawn()
        .filter(used)
        .map(|drawn| (drawn, drawn.words()))
        .collect();
    let ids = Ids {
        ready: canvas.id("ready"),
        blocked: canvas.id("blocked"),
    };
    canvas.legend(&entries, |svg, drawn, (left, top)| {
        stretch(svg, &ids, drawn, (left, top), (24.0, 14.0));
    });
    let panels: Vec<Panel<'_>> = table
        .panels()
        .into_iter()
        .map(|name| Panel::of(table, name, canvas.width))
        .collect();
    let end = panels.iter().map(|panel| panel.end).fold(0.0, f64::max);
    let lanes = panels.iter().flat_map(|panel| &panel.rows);
    let widest = lanes.map(|row| width_of(lane_name(row), SMALL));
    let widest = widest.fold(0.0, f64::max).min(136.0) + 1.0;
    let columns = if canvas.width >= TWO_COLUMNS_WIDTH {
        2
    } else {
        1
    };
    let wide = (canvas.right() - MARGIN - GAP * (columns as f64 - 1.0)) / columns as f64;
    for line in panels.chunks(columns) {
        let (begin, mut lowest) = (canvas.top, canvas.top);
        for (place, panel) in line.iter().enumerate() {
            let left = MARGIN + (wide + GAP) * place as f64;
            canvas.top = begin;
            // All panels have the same scale of time.
            let scale = Scale {
                steps: Steps::Linear,
                low: 0.0,
                high: end.max(1e-9),
                from: left + widest + 8.0,
                to: left + wide - 56.0,
            };
            draw_panel(&mut canvas, &ids, panel, &scale, left);
            lowest = lowest.max(canvas.top);
        }
        canvas.top = lowest;
    }
    canvas.finish(table, look)
}

/// The shown part of a variant.
struct Panel<'a> {
    name: &'a str,
    rows: Vec<&'a Row>,
    /// Number of shown requests, and number of all.
    requests: (usize, u64),
    /// End of the last shown request, in seconds since load began.
    end: f64,
}

impl<'a> Panel<'a> {
    /// Returns all rows or, on a narrow sheet, those of the first requests and of the cores meanwhile.
    fn of(table: &'a Table, name: &'a str, width: f64) -> Self {
        let all: Vec<&Row> = table.of_panel(name).collect();
        let (cores, lanes): (Vec<&Row>, Vec<&Row>) = all
            .into_iter()
            .partition(|row| row.series.starts_with(CORE));
        let names = distinct(lanes.iter().map(|row| lane_name(row)));
        let most = if width < NARROW_WIDTH && names.len() > MANY_LANES {
            MOST_NARROW
        } else {
            MOST_LANES
        };
        let first = &names[..names.len().min(most)];
        let of_first = lanes.iter().filter(|row| first.contains(&lane_name(row)));
        let mut rows: Vec<&Row> = of_first.copied().collect();
        let end = rows.iter().filter_map(|row| row.x_to).fold(0.0, f64::max);
        let end = if lanes.is_empty() {
            cores.iter().filter_map(|row| row.x_to).fold(0.0, f64::max)
        } else {
            end
        };
        rows.extend(cores.into_iter().filter(|row| row.x < end));
        let all = lanes.iter().find_map(|row| row.n);
        Self {
            name,
            rows,
            requests: (first.len(), all.unwrap_or(names.len() as u64)),
            end,
        }
    }

    fn has_all(&self) -> bool {
        self.requests.0 as u64 >= self.requests.1
    }
}

/// Names of the two hatches.
struct Ids {
    ready: String,
    blocked: String,
}

/// Defines the hatches: slanted stripes for waits for a core, vertical stripes for sleep.
fn hatches(canvas: &mut Canvas) {
    canvas.svg.open("defs", &[]);
    for (name, meaning, turned) in [
        ("ready", Meaning::Ready, 45),
        ("blocked", Meaning::Blocked, 0),
    ] {
        let (id, turn) = (canvas.id(name), format!("rotate({turned})"));
        let attributes: [(&str, &dyn Display); 5] = [
            ("id", &id),
            ("width", &5),
            ("height", &5),
            ("patternUnits", &"userSpaceOnUse"),
            ("patternTransform", &turn),
        ];
        canvas.svg.open("pattern", &attributes);
        rect(&mut canvas.svg, class_of(meaning), (0.0, 0.0), (2.5, 5.0));
        canvas.svg.close("pattern");
    }
    canvas.svg.close("defs");
}

fn lane_name(row: &Row) -> &str {
    if row.series.starts_with(CORE) {
        &row.series
    } else {
        &row.label
    }
}

/// Returns the height of a lane, and the distance between lanes.
fn heights(lanes: usize, width: f64) -> (f64, f64) {
    let many = if width < NARROW_WIDTH {
        MOST_NARROW
    } else {
        MANY_LANES
    };
    if lanes > many {
        (12.0, 16.0)
    } else {
        (18.0, 24.0)
    }
}

/// Draws the heading of a panel: its name, and the part of it that is shown.
fn draw_heading(canvas: &mut Canvas, panel: &Panel<'_>, scale: &Scale, left: f64) {
    let origin = panel
        .rows
        .first()
        .map_or(Origin::Computed, |row| row.origin);
    let (name, word) = (panel.name, origin.word());
    let heading = if panel.has_all() {
        format!("{name} ({word}): over after {}", instant(panel.end))
    } else {
        format!("{name} ({word})")
    };
    canvas.top += 16.0;
    let heading = fitted(&heading, scale.to + 56.0 - left, TEXT);
    canvas
        .svg
        .words((left, canvas.top), "head", Anchor::Start, &heading);
    canvas.top += 8.0;
    if !panel.has_all() {
        let (shown, all) = panel.requests;
        let text = format!("the first {shown} of {} requests", grouped(all));
        canvas.top += SMALL;
        canvas
            .svg
            .words((left, canvas.top), "quiet", Anchor::Start, &text);
        canvas.top += 5.0;
    }
}

fn draw_panel(canvas: &mut Canvas, ids: &Ids, panel: &Panel<'_>, scale: &Scale, left: f64) {
    draw_heading(canvas, panel, scale, left);
    let rows = &panel.rows;
    let top = canvas.top;
    let lanes = distinct(rows.iter().map(|row| lane_name(row)));
    let (height, pitch) = heights(lanes.len(), canvas.width);
    for (place, lane) in lanes.iter().enumerate() {
        // A gap separates the cores from the requests.
        let apart = if lane.starts_with(CORE) { 8.0 } else { 0.0 };
        let middle = top + apart + place as f64 * pitch + pitch / 2.0;
        let name = fitted(lane, scale.from - left - 8.0, SMALL);
        let class = if lane.starts_with(CORE) {
            "quiet"
        } else {
            "small"
        };
        canvas
            .svg
            .words((scale.from - 8.0, middle + 4.0), class, Anchor::End, &name);
    }
    let bottom = top + lanes.len() as f64 * pitch + 12.0;
    canvas.across(
        scale,
        (top, bottom),
        "seconds since load began (numbers: ends)",
    );
    for (place, lane) in lanes.iter().enumerate() {
        let apart = if lane.starts_with(CORE) { 8.0 } else { 0.0 };
        let above = top + apart + place as f64 * pitch + (pitch - height) / 2.0;
        let mut end: f64 = 0.0;
        for row in rows.iter().filter(|row| lane_name(row) == *lane) {
            let (from, to) = (scale.at(row.x), scale.at(row.x_to.unwrap_or(row.x)));
            end = end.max(row.x_to.unwrap_or(row.x));
            let size = ((to - from).max(0.5), height);
            canvas.svg.with_tooltip(
                || interval_tooltip(row),
                |svg| stretch(svg, ids, SeriesStyle::of(&row.series), (from, above), size),
            );
        }
        if !lane.starts_with(CORE) {
            let place = (scale.at(end) + 6.0, above + height / 2.0 + 4.0);
            canvas
                .svg
                .words(place, "small halo", Anchor::Start, &instant(end));
        }
    }
}

/// Describes an interval.
fn interval_tooltip(row: &Row) -> String {
    let length = |seconds: f64| Elapsed((seconds * 1e9).round() as u64);
    let to = row.x_to.unwrap_or(row.x);
    format!(
        "{}: {} for {}, from {} on",
        row.label,
        row.series,
        length(to - row.x),
        length(row.x)
    )
}

/// Draws an interval. Each state has its own shape, so that it is recognisable without colours.
fn stretch(
    svg: &mut Svg,
    ids: &Ids,
    SeriesStyle { state, queue }: SeriesStyle,
    (left, top): (f64, f64),
    (width, height): (f64, f64),
) {
    let class = class_of(state);
    let middle = top + height / 2.0;
    match queue.unwrap_or(state) {
        Meaning::Running => rect(svg, class, (left, top), (width, height)),
        Meaning::Parked => rect(svg, class, (left, middle - 1.5), (width, 3.0)),
        Meaning::AtTheDoor => {
            let class = format!("{class}-s line dotted");
            rule(svg, &class, (left, middle), (left + width, middle));
        }
        // A wait for the pool is dashed, a wait in a queue is dotted: both in the colour of the state.
        shape @ (Meaning::ForThePool | Meaning::InAQueue) => {
            let pattern = if shape == Meaning::ForThePool {
                "dashed"
            } else {
                "beads"
            };
            let class = format!("{class}-s line {pattern}");
            rule(svg, &class, (left, middle), (left + width, middle));
        }
        meaning @ (Meaning::Ready | Meaning::Blocked) => {
            let id = if meaning == Meaning::Ready {
                &ids.ready
            } else {
                &ids.blocked
            };
            let fill = format!("url(#{id})");
            let class = format!("{class}-s");
            let attributes: [(&str, &dyn Display); 6] = [
                ("class", &class),
                ("fill", &fill),
                ("x", &Px(left)),
                ("y", &Px(top + 2.0)),
                ("width", &Px(width)),
                ("height", &Px(height - 4.0)),
            ];
            svg.leaf("rect", &attributes);
        }
    }
}
