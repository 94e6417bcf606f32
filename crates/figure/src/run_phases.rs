//! How a run went on: stretches of equal length, from when load begins until nothing new is due, and
//! what was done to the run meanwhile.
//!
//! In all tables over time `x` counts in seconds since load began. The series [`COUNTED`] is the window,
//! [`DEED`] what was done, with its words as label.

use super::canvas::{Canvas, MARGIN, fitted, rect, rule, width_of};
use super::scale::{Scale, Steps, nice};
use super::style::{SMALL, TEXT};
use super::svg::Anchor;
use super::table::{Row, Table};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::interruption::Interruption;
use concsim_record::{Recording, Sample};

/// The series of the counted window.
pub(super) const COUNTED: &str = "counted";
/// The series of the instant at which a run was interrupted: up to where it was planned.
pub(super) const STOPPED: &str = "interrupted";
/// The series of what was done to the run.
pub(super) const DEED: &str = "done to it";
/// More deeds than these are not said.
const MOST_DEEDS: usize = 20;
/// What the axis across says.
pub(super) const SECONDS: &str = "seconds since load began; grey: not counted";

/// From when load begins until nothing new is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course<'a> {
    recording: &'a Recording,
    began: Stamp,
    end: Stamp,
}

impl<'a> Course<'a> {
    /// [`None`] if it has no length.
    pub(super) fn of(recording: &'a Recording) -> Option<Self> {
        let began = recording.header.began;
        let last = recording.samples.last()?.at;
        let end = recording.header.window.map_or(last, |window| window.end);
        let end = end.min(last);
        (began < end).then_some(Self {
            recording,
            began,
            end,
        })
    }

    /// Seconds since load began.
    pub(super) fn since(&self, at: Stamp) -> f64 {
        at.since(self.began).as_secs_f64()
    }

    /// Whether something was in it.
    pub(super) fn contains(&self, at: Stamp) -> bool {
        self.began <= at && at <= self.end
    }

    /// The length of a stretch in seconds, so that there are `most` or fewer of them.
    pub(super) fn stretch(&self, most: usize) -> f64 {
        nice(self.since(self.end) / most as f64)
    }

    /// Samples about so far apart: each with the next one is a stretch.
    pub(super) fn stretches(&self, most: usize) -> Vec<[&'a Sample; 2]> {
        let step = (self.stretch(most) * 1e9) as u64;
        let samples = &self.recording.samples;
        let mut edges: Vec<&Sample> = Vec::new();
        let mut due = self.began;
        for sample in samples.iter().filter(|sample| self.contains(sample.at)) {
            if sample.at >= due {
                edges.push(sample);
                let passed = sample.at.since(self.began).0 / step.max(1);
                due = self.began + Elapsed((passed + 1) * step);
            }
        }
        edges.windows(2).map(|pair| [pair[0], pair[1]]).collect()
    }

    /// The window, and what was done to the run.
    pub(super) fn rows(&self, panel: &str) -> Vec<Row> {
        let header = &self.recording.header;
        let row = |series: &str, at: Stamp| Row {
            panel: panel.to_owned(),
            ..Row::at(series, header.origin.into(), (self.since(at), 0.0))
        };
        let window = header.window.map(|window| Row {
            x_to: Some(self.since(window.end.min(self.end))),
            ..row(COUNTED, window.begin.min(self.end))
        });
        let markers = self.recording.markers.iter();
        let deeds = markers.filter(|marker| self.contains(marker.at));
        let deeds = deeds.map(|marker| Row {
            label: header.caption_of(marker),
            ..row(DEED, marker.at)
        });
        let stopped = Interruption::of(self.recording);
        let stopped = stopped.map(|it| Row {
            panel: panel.to_owned(),
            x_to: it.of_s.map(|of| of.max(it.at_s)),
            label: it.describe(),
            ..Row::at(STOPPED, header.origin.into(), (it.at_s, 0.0))
        });
        window.into_iter().chain(stopped).chain(deeds).collect()
    }
}

/// Whether a row is data, and not what was counted or done.
pub(super) fn is_data(row: &Row) -> bool {
    ![COUNTED, DEED, STOPPED].contains(&row.series.as_str())
}

/// The axis of all panels.
pub(super) fn axis(table: &Table, (from, to): (f64, f64)) -> Scale {
    let end = table.rows.iter().map(Row::right).fold(0.0, f64::max);
    Scale {
        steps: Steps::Linear,
        low: 0.0,
        high: if end > 0.0 { end } else { 1.0 },
        from,
        to,
    }
}

/// What was done, in the order of time; each is said once, whoever it was done to.
pub(super) fn deeds(table: &Table) -> Vec<&Row> {
    let mut deeds: Vec<&Row> = Vec::new();
    for row in table.rows.iter().filter(|row| row.series == DEED) {
        if !deeds.iter().any(|deed| deed.label == row.label) && deeds.len() < MOST_DEEDS {
            deeds.push(row);
        }
    }
    deeds.sort_by(|a, b| a.x.total_cmp(&b.x));
    deeds
}

/// The name of a panel, and where its numbers come from.
pub(super) fn heading(canvas: &mut Canvas, panel: &str, rows: &[&Row]) {
    let origin = rows.first().map_or("", |row| row.origin.word());
    let origin = format!(" ({origin})");
    // Where a number comes from is never cut off.
    let room = canvas.right() - MARGIN - width_of(&origin, TEXT);
    let words = fitted(panel, room, TEXT) + &origin;
    canvas.top += 16.0;
    let place = (MARGIN, canvas.top);
    canvas.svg.words(place, "head halo", Anchor::Start, &words);
    canvas.top += 6.0;
}

/// Makes grey what was not counted. Comes before the data, so that their colours stay what they are.
pub(super) fn draw_uncounted(
    canvas: &mut Canvas,
    rows: &[&Row],
    scale: &Scale,
    (top, bottom): (f64, f64),
) {
    // Where nothing was recorded any more, there was nothing to count.
    let last = rows
        .iter()
        .filter(|row| is_data(row))
        .map(|row| row.right());
    let stopped = rows.iter().find(|row| row.series == STOPPED);
    let last = scale.at(stopped.map_or_else(|| last.fold(0.0, f64::max), |row| row.x));
    let window = rows.iter().find(|row| row.series == COUNTED);
    // Of a run that ended before its window began, nothing was counted.
    let (begin, end) = window.map_or((last, last), |row| (scale.at(row.x), scale.at(row.right())));
    for (from, to) in [(scale.from, begin), (end, last)] {
        if to - from > 0.5 {
            let size = (to - from, bottom - top);
            rect(&mut canvas.svg, "neutral beyond", (from, top), size);
        }
    }
}

/// Makes grey what an interrupted run did not play any more.
pub(super) fn draw_unplayed(
    canvas: &mut Canvas,
    rows: &[&Row],
    scale: &Scale,
    (top, bottom): (f64, f64),
) {
    for row in rows.iter().filter(|row| row.series == STOPPED) {
        let (at, right) = (scale.at(row.x), scale.to);
        if right - at > 0.5 {
            let size = (right - at, bottom - top);
            rect(&mut canvas.svg, "neutral beyond", (at, top), size);
        }
    }
}

/// The same, and names the instant: in the grey, where no data are, or else beneath. The heights of lines
/// that pass through the grey are `leads`.
pub(super) fn draw_interrupted(
    canvas: &mut Canvas,
    rows: &[&Row],
    scale: &Scale,
    (top, bottom): (f64, f64),
    leads: &[f64],
) {
    draw_unplayed(canvas, rows, scale, (top, bottom));
    for row in rows.iter().filter(|row| row.series == STOPPED) {
        let at = scale.at(row.x);
        rule(&mut canvas.svg, "lead", (at, top), (at, bottom));
        let is_room = |words: &&str| width_of(words, SMALL) <= scale.to - at - 12.0;
        if let Some(words) = [row.label.as_str(), STOPPED].into_iter().find(is_room) {
            let middle = clear_of(leads, (top + SMALL, bottom - SMALL));
            let place = (at + 6.0, middle + 4.0);
            canvas.svg.words(place, "small halo", Anchor::Start, words);
        } else {
            let words = format!("upright line: {}", row.label);
            canvas.paragraph("small", SMALL, &words);
        }
    }
}

/// The height that is furthest from all of these, of some between two.
fn clear_of(leads: &[f64], (top, bottom): (f64, f64)) -> f64 {
    let height = |step: i32| top + (bottom - top) * f64::from(step) / 8.0;
    let room = |height: &f64| {
        let apart = leads.iter().map(|lead| (lead - height).abs());
        apart.fold(f64::INFINITY, f64::min)
    };
    // Of those that are as far, the highest.
    let heights = (0..=8).rev().map(height);
    heights
        .max_by(|a, b| room(a).total_cmp(&room(b)))
        .unwrap_or(top)
}

/// Where something was done stands a line with its number.
pub(super) fn draw_deeds(
    canvas: &mut Canvas,
    rows: &[&Row],
    deeds: &[&Row],
    scale: &Scale,
    (top, bottom): (f64, f64),
) {
    let number = |row: &&Row| deeds.iter().position(|deed| deed.label == row.label);
    let done = rows.iter().filter(|row| row.series == DEED);
    let marks: Vec<(&Row, usize)> = done
        .filter_map(|row| Some((*row, number(row)? + 1)))
        .collect();
    canvas.standing(&marks, scale, (top, bottom));
}

/// What the numbers stand for.
pub(super) fn list_deeds(canvas: &mut Canvas, deeds: &[&Row]) {
    for (number, deed) in deeds.iter().enumerate() {
        let words = format!("{}: after {:.1} s: {}", number + 1, deed.x, deed.label);
        canvas.paragraph("small", SMALL, &words);
    }
    if !deeds.is_empty() {
        canvas.top += 6.0;
    }
}
