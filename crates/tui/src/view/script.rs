//! Scripts of the requests, drawn to scale: computing as running, waiting as parked.
//!
//! One line for each kind of request, all on one scale. The words of a wait are written into it, those of a
//! short computation just behind it, so that the line reads as a short computation and a long wait.

use super::canvas::{Canvas, cut, plain, quiet, width_of};
use crate::number::Number;
use crate::setting::{service_name, step_in_words, steps};
use crate::state::State;
use concsim_model::palette::Meaning;
use concsim_model::scenario::{
    Draw, Intervention, Request, Scenario, Step, TimelineEvent, WaitMode,
};
use concsim_model::units::Elapsed;
use concsim_model::words::length as short_length;

/// Draws as many requests as there are lines.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let scenario = state.scenario();
    let asked: Vec<&Request> = asked(scenario).collect();
    let columns = Columns::of(canvas.width(), &asked, scenario);
    for (y, request) in (0..canvas.height()).zip(&asked) {
        canvas.write(1, y, &heading(request, &asked, scenario), quiet());
        if columns.scale == 0.0 {
            let text = cut(&steps(request, scenario), columns.room);
            canvas.number(columns.from, y, &text, plain(), Number::StepLength);
            continue;
        }
        let behind = columns.from + columns.room;
        canvas.write(behind + 1, y, &notes(request, scenario), plain());
        let mut line = canvas.part(columns.from, y, columns.room, 1);
        draw_to_scale(&mut line, request, scenario, columns.scale);
    }
}

/// Position of the drawing, and its scale for all requests.
struct Columns {
    from: u16,
    room: u16,
    /// Columns per nanosecond; 0 if nothing takes time, or there is no room to draw it.
    scale: f64,
}

impl Columns {
    fn of(width: u16, asked: &[&Request], scenario: &Scenario) -> Self {
        let widest = |words: &dyn Fn(&Request) -> String| {
            let widths = asked.iter().map(|request| width_of(&words(request)));
            widths.max().unwrap_or(0)
        };
        let from = widest(&|request| heading(request, asked, scenario)) + 3;
        let behind = match widest(&|request| notes(request, scenario)) {
            0 => 1,
            note => note + 2,
        };
        let longest = asked
            .iter()
            .map(|request| total(request))
            .max()
            .unwrap_or(0);
        let room = width.saturating_sub(from + 1);
        let drawn = room.saturating_sub(behind - 1);
        if longest == 0 || drawn < 12 {
            return Self {
                from,
                room,
                scale: 0.0,
            };
        }
        let scale = f64::from(drawn) / longest as f64;
        Self {
            from,
            room: drawn,
            scale,
        }
    }
}

/// Returns the lines for all of them, at most 4.
pub(super) fn lines(scenario: &Scenario) -> u16 {
    asked(scenario).count().min(4) as u16
}

/// Returns the requests of the load, and those of the timeline.
fn asked(scenario: &Scenario) -> impl Iterator<Item = &Request> {
    let timeline = scenario.timeline.iter();
    let is_sent = move |class: usize| {
        timeline
            .clone()
            .any(|event| event.intervention == Intervention::Send(class))
    };
    let requests = scenario.requests.iter().enumerate();
    requests
        .filter(move |(class, request)| request.weight > 0.0 || is_sent(*class))
        .map(|(_, request)| request)
}

/// Returns `each request`, or the request's name and its share of the mix; `hog, once` for a request of the
/// timeline only.
fn heading(request: &Request, asked: &[&Request], scenario: &Scenario) -> String {
    let mixed = asked.iter().filter(|request| request.weight > 0.0).count();
    if request.weight <= 0.0 {
        let is_its = |event: &&TimelineEvent| match event.intervention {
            Intervention::Send(class) => scenario.requests[class] == *request,
            _ => false,
        };
        let often = match scenario.timeline.iter().filter(is_its).count() {
            1 => "once".to_owned(),
            more => format!("{more} times"),
        };
        return format!("{}, {often}", request.name);
    }
    if asked.len() == 1 {
        return "each request".into();
    }
    if mixed == 1 {
        return format!("each {}", request.name);
    }
    let all: f64 = asked.iter().map(|request| request.weight).sum();
    format!("{} {:.0} %", request.name, 100.0 * request.weight / all)
}

fn total(request: &Request) -> u64 {
    let lengths = request
        .script
        .iter()
        .filter_map(Step::duration)
        .map(Draw::typical);
    lengths.fold(0, u64::saturating_add)
}

/// Describes the steps that take no time of their own, except writing.
fn notes(request: &Request, scenario: &Scenario) -> String {
    let is_told = |step: &&Step| step.duration().is_none() && !matches!(step, Step::Write { .. });
    let shown = request.script.iter().filter(is_told);
    let words: Vec<String> = shown.map(|step| step_in_words(step, scenario)).collect();
    words.join(", ")
}

/// Segment of a request's time, drawn in one colour.
struct Segment {
    from: u16,
    to: u16,
    meaning: Meaning,
    words: Vec<String>,
}

fn draw_to_scale(canvas: &mut Canvas<'_>, request: &Request, scenario: &Scenario, scale: f64) {
    let segments = segments(request, scenario, scale, canvas.width());
    for segment in &segments {
        let count = u64::from(segment.to - segment.from);
        canvas.glyphs(segment.from, 0, segment.meaning, count);
    }
    let mut free_from = 0;
    for (position, segment) in segments.iter().enumerate() {
        let next = segments.get(position + 1);
        let behind = next.map_or(canvas.width(), |next| match next.meaning {
            // Words never hide a computation.
            Meaning::Running => segment.to,
            _ => next.to,
        });
        if let Some((x, words)) = place(segment, free_from, behind) {
            let text = format!(" {words} ");
            canvas.number(x, 0, &text, plain(), Number::StepLength);
            free_from = x + width_of(words) + 2;
        }
    }
}

/// Returns the longest words that fit, and their column: in the middle of the segment, else right behind it.
fn place(segment: &Segment, free_from: u16, behind: u16) -> Option<(u16, &str)> {
    let inside = segment.words.iter().find_map(|words| {
        let needed = width_of(words) + 2;
        let length = segment.to - segment.from;
        let x = segment.from + length.saturating_sub(needed) / 2;
        (needed + 2 <= length && x >= free_from).then_some((x, words.as_str()))
    });
    inside.or_else(|| {
        let words = segment.words.last()?;
        let end = segment.to + width_of(words) + 2;
        (segment.to >= free_from && end < behind).then_some((segment.to, words.as_str()))
    })
}

/// Returns the segments of the steps that take time; each has at least one column.
fn segments(request: &Request, scenario: &Scenario, scale: f64, width: u16) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut from = 0_u16;
    let mut passed = 0.0;
    for step in &request.script {
        let Some(draw) = step.duration() else {
            continue;
        };
        passed += draw.typical() as f64 * scale;
        let to = (passed.round() as u16)
            .max(from.saturating_add(1))
            .min(width);
        if from < to {
            let (meaning, words) = words(step, scenario, &draw.in_words());
            segments.push(Segment {
                from,
                to,
                meaning,
                words,
            });
        }
        from = to;
    }
    segments
}

/// Returns the meaning of a step, and its words: first in full, then short.
fn words(step: &Step, scenario: &Scenario, length: &str) -> (Meaning, Vec<String>) {
    let Some(mode) = step.wait_mode() else {
        let words = match step.slice() {
            Some(slice) => format!("{length} in slices of {}", short_length(Elapsed(slice.0))),
            None => length.to_owned(),
        };
        return (Meaning::Running, vec![format!("computes {words}"), words]);
    };
    let long = match step.service() {
        Some(service) => format!("waits for {} {length}", service_name(scenario, service)),
        None => format!("sleeps {length}"),
    };
    let (meaning, long) = match mode {
        WaitMode::Patched => (Meaning::Parked, long),
        WaitMode::InThreads => (Meaning::Parked, format!("{long}, in threads")),
        WaitMode::Unpatched => (Meaning::Blocked, format!("{long}, unpatched")),
    };
    (meaning, vec![long, length.to_owned()])
}
