//! What each request does, drawn to scale: computing as running, waiting as parked.
//!
//! One line for each kind of request, all on one scale. A wait's words are written into it, those of
//! a short computation just behind it, so that the eye reads `a moment of work, and a long wait`.

use super::canvas::{Canvas, cut, plain, quiet, width_of};
use crate::palette::Meaning;
use crate::scenario::{Manner, Request, Scenario, Step};
use crate::tui::setting::{service_name, steps};
use crate::tui::state::State;
use crate::tui::words::{draw as in_words, typical};

/// Draws as many requests as there are lines.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let scenario = state.scenario();
    let asked: Vec<&Request> = asked(scenario).collect();
    let longest = asked
        .iter()
        .map(|request| total(request))
        .max()
        .unwrap_or(0);
    let heading = asked
        .iter()
        .map(|request| width_of(&heading(request, &asked)))
        .max()
        .unwrap_or(0);
    let room = canvas.width().saturating_sub(heading + 4);
    for (y, request) in (0..canvas.height()).zip(&asked) {
        canvas.write(1, y, &self::heading(request, &asked), quiet());
        if longest == 0 || room < 12 {
            canvas.write(
                heading + 3,
                y,
                &cut(&steps(request, scenario), room),
                plain(),
            );
            continue;
        }
        let mut line = canvas.part(heading + 3, y, room, 1);
        let scale = f64::from(room) / longest as f64;
        draw_to_scale(&mut line, request, scenario, scale);
    }
}

/// Lines that it takes to draw them all.
pub(super) fn lines(scenario: &Scenario) -> u16 {
    asked(scenario).count().min(4) as u16
}

/// The requests that load asks for.
fn asked(scenario: &Scenario) -> impl Iterator<Item = &Request> {
    scenario
        .requests
        .iter()
        .filter(|request| request.weight > 0.0)
}

/// `each request`, or the request's name and its share of the mix.
fn heading(request: &Request, asked: &[&Request]) -> String {
    if asked.len() == 1 {
        return "each request".into();
    }
    let all: f64 = asked.iter().map(|request| request.weight).sum();
    format!("{} {:.0} %", request.name, 100.0 * request.weight / all)
}

fn total(request: &Request) -> u64 {
    let lengths = request
        .script
        .iter()
        .filter_map(Step::duration)
        .map(typical);
    lengths.fold(0, u64::saturating_add)
}

/// One stretch of a request's time.
struct Stretch {
    from: u16,
    to: u16,
    meaning: Meaning,
    words: Vec<String>,
}

fn draw_to_scale(canvas: &mut Canvas<'_>, request: &Request, scenario: &Scenario, scale: f64) {
    let stretches = stretches(request, scenario, scale, canvas.width());
    for stretch in &stretches {
        let count = u64::from(stretch.to - stretch.from);
        canvas.glyphs(stretch.from, 0, stretch.meaning, count);
    }
    let mut free_from = 0;
    for (position, stretch) in stretches.iter().enumerate() {
        let next = stretches.get(position + 1);
        let behind = next.map_or(canvas.width(), |next| match next.meaning {
            // Words never hide a computation: that is what there is to see.
            Meaning::Running => stretch.to,
            _ => next.to,
        });
        if let Some((x, words)) = place(stretch, free_from, behind) {
            canvas.write(x, 0, &format!(" {words} "), plain());
            free_from = x + width_of(words) + 2;
        }
    }
}

/// Where the longest fitting words go: into the middle of the stretch, else right behind it.
fn place(stretch: &Stretch, free_from: u16, behind: u16) -> Option<(u16, &str)> {
    let inside = stretch.words.iter().find_map(|words| {
        let needed = width_of(words) + 2;
        let length = stretch.to - stretch.from;
        let x = stretch.from + length.saturating_sub(needed) / 2;
        (needed + 2 <= length && x >= free_from).then_some((x, words.as_str()))
    });
    inside.or_else(|| {
        let words = stretch.words.last()?;
        let end = stretch.to + width_of(words) + 2;
        (stretch.to >= free_from && end < behind).then_some((stretch.to, words.as_str()))
    })
}

/// The stretches of the steps that take time; each has at least one column.
fn stretches(request: &Request, scenario: &Scenario, scale: f64, width: u16) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut from = 0_u16;
    let mut passed = 0.0;
    for step in &request.script {
        let Some(draw) = step.duration() else {
            continue;
        };
        passed += typical(draw) as f64 * scale;
        let to = (passed.round() as u16)
            .max(from.saturating_add(1))
            .min(width);
        if from < to {
            let (meaning, words) = words(step, scenario, &in_words(draw));
            stretches.push(Stretch {
                from,
                to,
                meaning,
                words,
            });
        }
        from = to;
    }
    stretches
}

/// What a step is drawn as, and what it is called: first in full, then short.
fn words(step: &Step, scenario: &Scenario, length: &str) -> (Meaning, Vec<String>) {
    let (long, manner) = match step {
        Step::Call {
            service, manner, ..
        } => (
            format!("waits for {} {length}", service_name(scenario, *service)),
            manner,
        ),
        Step::Sleep { manner, .. } => (format!("sleeps {length}"), manner),
        Step::Compute { .. }
        | Step::Yield
        | Step::Write { .. }
        | Step::Count { .. }
        | Step::Panic
        | Step::Overflow => {
            let long = format!("computes {length}");
            return (Meaning::Running, vec![long, length.to_owned()]);
        }
    };
    let (meaning, long) = match manner {
        Manner::Patched => (Meaning::Parked, long),
        Manner::Unpatched => (Meaning::Blocked, format!("{long}, unpatched")),
    };
    (meaning, vec![long, length.to_owned()])
}
