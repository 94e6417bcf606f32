//! Phases of a run over time: intervals of equal length, from the beginning of load to the last due request,
//! and the interventions meanwhile.
//!
//! In all tables over time `x` counts in seconds since load began. The series [`COUNTED`] is the window,
//! [`INTERVENTION`] the interventions, with their descriptions as labels.

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
/// The series of the interruption: from its instant to the planned end.
pub(super) const STOPPED: &str = "interrupted";
/// The series of interventions.
pub(super) const INTERVENTION: &str = "interventions";
/// Maximal number of listed interventions.
const MOST_INTERVENTIONS: usize = 20;
/// Name of the horizontal axis.
pub(super) const SECONDS: &str = "seconds since load began; grey: not counted";

/// The time from the beginning of load to the last due request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course<'a> {
    recording: &'a Recording,
    began: Stamp,
    end: Stamp,
}

impl<'a> Course<'a> {
    /// Returns the time span of a recording; [`None`] if it has no length.
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

    /// Returns the seconds since load began.
    pub(super) fn since(&self, at: Stamp) -> f64 {
        at.since(self.began).as_secs_f64()
    }

    /// True if an instant is inside.
    pub(super) fn contains(&self, at: Stamp) -> bool {
        self.began <= at && at <= self.end
    }

    /// Returns the length of an interval in seconds, for at most `most` intervals.
    pub(super) fn stretch(&self, most: usize) -> f64 {
        nice(self.since(self.end) / most as f64)
    }

    /// Returns pairs of samples about that far apart: each pair is an interval.
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

    /// Returns the rows of the window and of the interventions.
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
        let interventions = markers.filter(|marker| self.contains(marker.at));
        let interventions = interventions.map(|marker| Row {
            label: header.caption_of(marker),
            ..row(INTERVENTION, marker.at)
        });
        let stopped = Interruption::of(self.recording);
        let stopped = stopped.map(|it| Row {
            panel: panel.to_owned(),
            x_to: it.of_s.map(|of| of.max(it.at_s)),
            label: it.describe(),
            ..Row::at(STOPPED, header.origin.into(), (it.at_s, 0.0))
        });
        window
            .into_iter()
            .chain(stopped)
            .chain(interventions)
            .collect()
    }
}

/// True if a row is data, not a window or an intervention.
pub(super) fn is_data(row: &Row) -> bool {
    ![COUNTED, INTERVENTION, STOPPED].contains(&row.series.as_str())
}

/// Returns the axis of all panels.
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

/// Returns the interventions in order of time; each is listed once for all variants.
pub(super) fn interventions(table: &Table) -> Vec<&Row> {
    let mut interventions: Vec<&Row> = Vec::new();
    for row in table.rows.iter().filter(|row| row.series == INTERVENTION) {
        if !interventions
            .iter()
            .any(|intervention| intervention.label == row.label)
            && interventions.len() < MOST_INTERVENTIONS
        {
            interventions.push(row);
        }
    }
    interventions.sort_by(|a, b| a.x.total_cmp(&b.x));
    interventions
}

/// Draws the name of a panel, and the origin of its numbers.
pub(super) fn heading(canvas: &mut Canvas, panel: &str, rows: &[&Row]) {
    let origin = rows.first().map_or("", |row| row.origin.word());
    let origin = format!(" ({origin})");
    // The origin of a number is never cut off.
    let room = canvas.right() - MARGIN - width_of(&origin, TEXT);
    let words = fitted(panel, room, TEXT) + &origin;
    canvas.top += 16.0;
    let place = (MARGIN, canvas.top);
    canvas.svg.words(place, "head halo", Anchor::Start, &words);
    canvas.top += 6.0;
}

/// Draws the uncounted time grey, before the data, so that their colours are unchanged.
pub(super) fn draw_uncounted(
    canvas: &mut Canvas,
    rows: &[&Row],
    scale: &Scale,
    (top, bottom): (f64, f64),
) {
    // After the last recorded row there was nothing to count.
    let last = rows
        .iter()
        .filter(|row| is_data(row))
        .map(|row| row.right());
    let stopped = rows.iter().find(|row| row.series == STOPPED);
    let last = scale.at(stopped.map_or_else(|| last.fold(0.0, f64::max), |row| row.x));
    let window = rows.iter().find(|row| row.series == COUNTED);
    // In a run that ended before its window began, nothing was counted.
    let (begin, end) = window.map_or((last, last), |row| (scale.at(row.x), scale.at(row.right())));
    for (from, to) in [(scale.from, begin), (end, last)] {
        if to - from > 0.5 {
            let size = (to - from, bottom - top);
            rect(&mut canvas.svg, "neutral beyond", (from, top), size);
        }
    }
}

/// Draws the time grey that an interrupted run did not play.
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

/// Does the same and names the instant: in the grey, if it has no data, else beneath. The heights of lines
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

/// Returns the height, among some between two limits, that is furthest from all of these.
fn clear_of(leads: &[f64], (top, bottom): (f64, f64)) -> f64 {
    let height = |step: i32| top + (bottom - top) * f64::from(step) / 8.0;
    let room = |height: &f64| {
        let apart = leads.iter().map(|lead| (lead - height).abs());
        apart.fold(f64::INFINITY, f64::min)
    };
    // Ties go to the highest.
    let heights = (0..=8).rev().map(height);
    heights
        .max_by(|a, b| room(a).total_cmp(&room(b)))
        .unwrap_or(top)
}

/// Draws a numbered line at each intervention.
pub(super) fn draw_interventions(
    canvas: &mut Canvas,
    rows: &[&Row],
    interventions: &[&Row],
    scale: &Scale,
    (top, bottom): (f64, f64),
) {
    let number = |row: &&Row| {
        interventions
            .iter()
            .position(|intervention| intervention.label == row.label)
    };
    let done = rows.iter().filter(|row| row.series == INTERVENTION);
    let marks: Vec<(&Row, usize)> = done
        .filter_map(|row| Some((*row, number(row)? + 1)))
        .collect();
    canvas.standing(&marks, scale, (top, bottom));
}

/// Lists the interventions by number.
pub(super) fn list_interventions(canvas: &mut Canvas, interventions: &[&Row]) {
    for (number, intervention) in interventions.iter().enumerate() {
        let words = format!(
            "{}: after {:.1} s: {}",
            number + 1,
            intervention.x,
            intervention.label
        );
        canvas.paragraph("small", SMALL, &words);
    }
    if !interventions.is_empty() {
        canvas.top += 6.0;
    }
}
