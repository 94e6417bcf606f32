//! Explanation of a number: a box beside the marked one with its meaning, its unit, its ceiling, and the
//! condition under which it misleads.

use ratatui_core::layout::Rect;
use ratatui_core::style::{Modifier, Style};

use super::canvas::{Canvas, plain, quiet, wrap};
use super::mark::Mark;
use super::{footer, frame, numbers, theory};
use crate::command::Command;
use crate::number::Number;
use crate::state::State;
use concsim_model::words::counted;

const WIDTH: u16 = 64;
/// Narrowest box: a narrower one is harder to read than one cut off below.
const NARROWEST: u16 = 36;
/// Lines of the frame and of the keys.
const FRAME: u16 = 3;
/// Column of the text, behind the words at the left.
const TEXT_AT: u16 = 9;

/// Marks a number, and explains it if the box does not hide it. If the number is not on this screen, takes
/// the first one that is.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, marks: &[Mark], wanted: Number) {
    let places = |number: Number| {
        marks
            .iter()
            .filter(move |mark| mark.number() == Some(number))
    };
    let first = |number| places(number).min_by_key(|mark| (mark.area.y, mark.area.x));
    let any = || marks.iter().find(|mark| mark.number().is_some());
    let pointed = |mark: &&Mark| state.pointed.is_some_and(|cell| mark.has(cell));
    let clicked = places(wanted).find(pointed);
    let Some(mark) = clicked.or_else(|| first(wanted)).or_else(any) else {
        return;
    };
    let number = mark.number().unwrap_or(wanted);
    let area = mark.area;
    let mut marked = canvas.part(area.x, area.y, area.width, area.height);
    let value = if area.height == 1 {
        marked.text()
    } else {
        String::new()
    };
    marked.patch(Style::new().add_modifier(Modifier::REVERSED));
    let screen = Rect::new(0, 0, canvas.width(), canvas.height());
    let text = |width: u16| lines(state, number, width.saturating_sub(4 + TEXT_AT));
    let at = place(screen, area, |width| text(width).len() as u16 + FRAME);
    let lines = text(at.width);
    let mut part = canvas.part(at.x, at.y, at.width, at.height);
    let title = match value.as_str() {
        "" => number.texts().name.to_owned(),
        value => format!("{}: {value}", number.texts().name),
    };
    draw_box(&mut part, state, &title, &lines);
}

fn draw_box(canvas: &mut Canvas<'_>, state: &State, title: &str, lines: &[(&str, String)]) {
    canvas.clear();
    frame::draw(canvas, title);
    let mut inside = canvas.inside(2, 1);
    let room = inside.height().saturating_sub(1);
    for (y, (word, text)) in (0..room).zip(lines) {
        inside.write(0, y, word, quiet());
        let behind = inside.write(TEXT_AT, y, text, plain());
        if y + 1 == room && lines.len() > usize::from(room) {
            inside.write(behind + 1, y, "…", plain());
        }
    }
    let (width, last) = (inside.width() + 1, room);
    let commands = [
        (Command::NextNumber, "next"),
        (Command::Help, "all of it"),
        (Command::LeaveNumbers, "leave"),
        (Command::LastNumber, "last"),
    ];
    let mut below = canvas.part(1, 1 + last, width, 1);
    footer::draw_commands(&mut below, state, &commands);
}

/// Returns the lines of the explanation, each with its label.
fn lines(state: &State, number: Number, width: u16) -> Vec<(&'static str, String)> {
    let sentence = number.texts();
    let parts = [
        ("is", Some(sentence.meaning.to_owned())),
        ("of", Some(number.time_base().describe().to_owned())),
        ("unit", Some(sentence.unit.to_owned())),
        ("ceiling", ceiling(state, number)),
        ("by", theory::source(state, number)),
        ("caution", Some(sentence.caution.to_owned())),
    ];
    let mut lines = Vec::new();
    for (word, text) in parts {
        let text = text.unwrap_or_default();
        let wrapped = wrap(&text, width)
            .into_iter()
            .filter(|line| !line.is_empty());
        for (position, line) in wrapped.enumerate() {
            lines.push((if position == 0 { word } else { "" }, line));
        }
    }
    lines
}

/// Function that describes the ceiling of a number.
type Ceiling = fn(&State) -> String;

/// Numbers that have a ceiling.
const CEILINGS: [(Number, Ceiling); 11] = [
    (Number::Concurrency, numbers::ceiling_of_concurrency),
    (Number::ConcurrencyNow, numbers::ceiling_of_concurrency),
    (Number::ComputingNow, numbers::ceiling_of_parallelism),
    (Number::Parallelism, numbers::ceiling_of_parallelism),
    (Number::BegunNow, numbers::ceiling_of_a_worker),
    (Number::CoresOfWorker, |_| {
        "1: a worker is one thread".into()
    }),
    (Number::CoresTaken, all_cores),
    (Number::CoresOfLoad, all_cores),
    (Number::CoresOfServices, all_cores),
    (Number::CoresOfOthers, all_cores),
    (Number::BusyShare, |_| "100 %".into()),
];

fn all_cores(state: &State) -> String {
    counted(state.cores as u64, "core")
}

/// Describes the ceiling of a number now, if it has one.
pub(super) fn ceiling(state: &State, number: Number) -> Option<String> {
    let found = CEILINGS.iter().find(|(bounded, _)| *bounded == number);
    found.map(|(_, text)| text(state))
}

/// Returns the place of a box, given its height by its width: below the number, above it or beside it, if
/// it fits there; else at the place with most room.
fn place(screen: Rect, number: Rect, lines: impl Fn(u16) -> u16) -> Rect {
    let width = WIDTH.min(screen.width);
    let x = number.x.min(screen.width - width);
    let below = screen.height.saturating_sub(number.bottom());
    let right = screen.width.saturating_sub(number.right() + 1);
    let places = [
        Rect::new(x, number.bottom(), width, below),
        Rect::new(x, 0, width, number.y),
        Rect::new(number.right() + 1, 0, WIDTH.min(right), screen.height),
        Rect::new(0, 0, WIDTH.min(number.x.saturating_sub(1)), screen.height),
    ];
    let is_wide = |place: &&Rect| place.width >= NARROWEST.min(screen.width);
    let wide = places.iter().filter(is_wide);
    let fits = |place: &&Rect| lines(place.width) <= place.height;
    let roomiest = || wide.clone().max_by_key(|place| place.area());
    let Some(place) = wide.clone().find(fits).or_else(roomiest) else {
        return Rect::ZERO;
    };
    let height = lines(place.width).min(place.height);
    // As near as possible: right above it, or with its middle beside it.
    let lowest = place.bottom() - height;
    let y = if place.y >= number.bottom() {
        place.y
    } else if place.bottom() == number.y {
        lowest
    } else {
        number.y.saturating_sub(height / 2).min(lowest)
    };
    Rect {
        y,
        height,
        ..*place
    }
}
