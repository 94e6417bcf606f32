//! First lines of the screen: claim, current variant, stage, and trust so far.

use ratatui_core::style::{Modifier, Style};

use super::canvas::{Canvas, cut, cut_in_the_middle, plain, quiet, strong, width_of};
use super::clauses;
use crate::number::Number;
use crate::setting;
use crate::state::State;
use crate::view_model::ViewModel;
use concsim_engine::telemetry::Stage;
use concsim_model::palette::Meaning;
use concsim_model::words::{counted, length};
use concsim_record::Origin;
use concsim_record::trust::Trust;

/// Draws the claim in a line of its own; below it a rule with the variant and the stage, which fills as the
/// stage goes on.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let width = canvas.width();
    let claim = clauses::claim(state.title(), width.saturating_sub(2));
    canvas.write(1, 0, &claim, strong());
    let picture = &state.shown().picture;
    let line = "─".repeat(usize::from(width));
    canvas.write(0, 1, &line, quiet());
    let mut end = width.saturating_sub(1);
    let (sentence, trust_style) = trust(canvas, state);
    let instant = (!state.is_live()).then_some(Number::Instant);
    let parts: [(String, Style, Option<Number>); 3] = [
        (sentence, trust_style, instant),
        (
            stage(state),
            stage_style(canvas, picture.stage),
            Some(Number::Clock),
        ),
        (place(state), strong(), None),
    ];
    for (text, style, number) in parts.into_iter().filter(|(text, ..)| !text.is_empty()) {
        let text = format!(" {text} ");
        match number {
            Some(number) => canvas.number_before(end, 1, &text, style, number),
            None => canvas.write_before(end, 1, &text, style),
        }
        end = end.saturating_sub(width_of(&text) + 1);
    }
    fill(&mut canvas.part(0, 1, end, 1), state);
}

/// Returns the variant, `sync, 1 of 2`; if simulated, `simulated sync, 1 of 2`.
pub(super) fn place(state: &State) -> String {
    let name = match state.shown().origin {
        Origin::Measured => state.variant().name.clone(),
        Origin::Simulated => format!("simulated {}", state.variant().name),
    };
    match state.variants().len() {
        1 => name,
        all => format!("{name}, {} of {all}", state.shown().variant + 1),
    }
}

/// Returns the stage, `counting 3.1 of 5 s`.
pub(super) fn stage(state: &State) -> String {
    let picture = &state.shown().picture;
    let seconds = picture.stage_age.as_secs_f64();
    let lasted = match picture.lasts {
        Some(lasts) => format!(
            "{:.1} of {}",
            seconds.min(lasts.as_secs_f64()),
            length(lasts)
        ),
        None => format!("{seconds:.1} s"),
    };
    match picture.stage {
        Stage::Preparing => "preparing".into(),
        Stage::WarmUp => format!("warm-up {lasted}"),
        Stage::Counting if setting::is_without_load(state.scenario()) => {
            format!("watching, {seconds:.1} s")
        }
        Stage::Counting => match state.scenario().load.requests {
            // A screen that is not live shows its instant beside this.
            Some(all) if state.is_live() => format!(
                "counting {} of {}, {seconds:.1} s",
                picture.ended,
                counted(all, "request")
            ),
            Some(all) => format!("counting {} of {}", picture.ended, counted(all, "request")),
            None => format!("counting {lasted}"),
        },
        Stage::Draining => format!("draining {lasted}"),
        Stage::Done => match picture.begun() {
            0 => "done".into(),
            held => format!("clients done, {} left", counted(held, "request")),
        },
    }
}

fn stage_style(canvas: &Canvas<'_>, stage: Stage) -> Style {
    match stage {
        Stage::Preparing | Stage::Done => quiet(),
        Stage::WarmUp | Stage::Draining => canvas.style(Meaning::Ready),
        Stage::Counting => strong(),
    }
}

/// Draws the elapsed part of the rule: dotted while nothing is counted, solid while the window is open.
fn fill(canvas: &mut Canvas<'_>, state: &State) {
    let picture = &state.shown().picture;
    let share = progress(picture, state.scenario().load.requests);
    let filled = (f64::from(canvas.width()) * share) as usize;
    let (mark, style) = match picture.stage {
        Stage::Counting | Stage::Done => ("━", strong()),
        Stage::Preparing | Stage::WarmUp | Stage::Draining => ("┄", canvas.style(Meaning::Ready)),
    };
    canvas.write(0, 0, &mark.repeat(filled), style);
}

/// Returns the trust in the run, once it is judged; or the state of the cursor if it is not live.
fn trust(canvas: &Canvas<'_>, state: &State) -> (String, Style) {
    let picture = &state.shown().picture;
    let (text, style) = match picture.trust {
        _ if !state.is_live() => return (motion(state), strong().add_modifier(Modifier::REVERSED)),
        Trust::Ok if !picture.is_judged => ("", quiet()),
        Trust::Ok => ("trust ok", quiet()),
        Trust::Rough => ("rough", canvas.style(Meaning::Ready)),
        Trust::ProvesNothing => ("proves nothing", canvas.style(Meaning::Blocked)),
    };
    (text.to_owned(), style)
}

/// Returns the state of the cursor, `PAUSED 6.412 803 s` or `REPLAY 1/1000 6.412 803 s`: time since load
/// began, as on every axis.
fn motion(state: &State) -> String {
    let cursor = state.cursor();
    let micros = cursor.at.since(state.shown().began).0 / 1_000;
    let at = format!(
        "{}.{:03} {:03} s",
        micros / 1_000_000,
        micros / 1_000 % 1_000,
        micros % 1_000
    );
    match cursor.speed() {
        _ if state.is_paused() => format!("PAUSED {at}"),
        None => format!("REPLAY {at}"),
        Some((times, 1)) => format!("REPLAY ×{times} {at}"),
        Some((_, parts)) => format!("REPLAY 1/{parts} {at}"),
    }
}

/// Returns the elapsed share of the stage, 0 to 1; constant for a stage without a known end.
fn progress(picture: &ViewModel, requests: Option<u64>) -> f64 {
    let share = match (picture.stage, picture.lasts, requests) {
        (Stage::Counting, _, Some(all)) => picture.ended as f64 / all.max(1) as f64,
        (Stage::WarmUp | Stage::Counting, Some(lasts), _) => {
            picture.stage_age.as_secs_f64() / lasts.as_secs_f64().max(1e-9)
        }
        (Stage::Preparing | Stage::Counting, ..) => 0.0,
        (Stage::WarmUp | Stage::Draining | Stage::Done, ..) => 1.0,
    };
    share.clamp(0.0, 1.0)
}

/// Draws the header of a small screen: two lines of text.
pub(super) fn draw_small(canvas: &mut Canvas<'_>, state: &State) {
    let width = canvas.width().saturating_sub(2);
    canvas.write(1, 0, &clauses::claim(state.title(), width), strong());
    let (now, number) = if state.is_live() {
        (stage(state), Number::Clock)
    } else {
        (motion(state), Number::Instant)
    };
    let place = place(state);
    let long = place.split(", ").next().unwrap_or_default();
    let (name, origin) = match state.shown().origin {
        Origin::Measured => (&state.variant().name, ""),
        Origin::Simulated => (&state.variant().name, "sim "),
    };
    // The position among the variants is dropped before anything about the instant.
    let forms = [&place, long, &format!("{origin}{name}")];
    let forms = forms.map(|it| format!("{it}, {now}"));
    let fits = forms.iter().find(|form| width_of(form) <= width);
    let text = fits.cloned().unwrap_or_else(|| {
        let room = width.saturating_sub(width_of(&now) + width_of(origin) + 2);
        let name = cut_in_the_middle(name, room);
        cut(&format!("{origin}{name}, {now}"), width)
    });
    canvas.number(1, 1, &text, plain(), number);
}
