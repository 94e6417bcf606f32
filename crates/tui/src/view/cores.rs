//! Row of cores: the worker that computes on each, now. Each core has a column; if there are more cores
//! than columns, a column stands for several, and its height for the share that is busy.

use super::canvas::{Canvas, plain, quiet, strong, width_of};
use super::worker_list::{COUNT_END, GLYPHS_AT, WIDEST, draw_now};
use crate::number::Number;
use crate::state::State;
use crate::view_model::ViewModel;
use concsim_model::palette::Meaning;
use concsim_model::units::letter;
use concsim_model::words::grouped;

/// Mark of a core that anything but a worker keeps busy.
const OTHER: &str = "-";

/// Draws the row of cores, each with the letter of the worker that computes on it, and the use by other
/// programs.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let picture = &state.shown().picture;
    let taken = picture
        .cores
        .iter()
        .filter(|(_, worker)| worker.is_some())
        .count();
    let behind = canvas.write(1, 0, "CORES", strong());
    let text = format!("{taken} of {}", picture.cores.len().max(state.cores));
    draw_now(canvas, behind, COUNT_END.saturating_sub(width_of(&text)));
    canvas.number_before(COUNT_END, 0, &text, plain(), Number::CoresTaken);
    let mean = &picture.mean;
    let others = [
        ("load", mean.load, Number::CoresOfLoad),
        ("services", mean.services, Number::CoresOfServices),
        ("others", mean.others, Number::CoresOfOthers),
    ]
    .map(|(source, cores, number)| {
        let cores = picture.mean_text(|| format!("{cores:.2}"));
        (format!("{source} {cores}"), number)
    });
    let width = canvas.width().min(WIDEST);
    let all = picture.cores.len();
    let (boxes, room) = (all * (name_width(picture) + 3), canvas.width());
    let room = usize::from(room.saturating_sub(GLYPHS_AT + 1));
    // A blank before each of them, and one behind the last.
    let words: u16 = others.iter().map(|(words, _)| width_of(words) + 1).sum();
    let begin = |base: &str| width.saturating_sub(words + width_of(base) + 1);
    let fits = |base: &String| usize::from(GLYPHS_AT) + boxes < usize::from(begin(base));
    let mean_of = picture.mean_of;
    let bases = [mean_of.words(), mean_of.few_words(), mean_of.number()];
    let mut bases = bases.map(|base| format!("{base}:")).into_iter();
    if let Some(base) = bases.find(fits) {
        draw_boxes(canvas, picture);
        let mut x = canvas.write(begin(&base), 0, &base, quiet());
        for (words, number) in others {
            x = canvas.number(x + 1, 0, &words, quiet(), number);
        }
    } else if all <= room {
        draw_cells(canvas, picture);
    } else {
        draw_folded(canvas, picture, room);
    }
}

fn worker_on(picture: &ViewModel, position: Option<usize>) -> Option<String> {
    let worker = picture.all_processes().nth(position?)?;
    Some(letter(worker.index))
}

/// True if anything but a worker keeps a core busy.
fn is_busy_otherwise(picture: &ViewModel, place: usize) -> bool {
    picture.busy_otherwise.get(place).copied().unwrap_or(false)
}

/// Returns the length of the longest name of a worker.
fn name_width(picture: &ViewModel) -> usize {
    let last = picture
        .all_processes()
        .last()
        .map_or(0, |worker| worker.index);
    letter(last).len()
}

fn draw_boxes(canvas: &mut Canvas<'_>, picture: &ViewModel) {
    let width = name_width(picture);
    for (place, x) in (0..picture.cores.len()).zip((GLYPHS_AT..).step_by(width + 3)) {
        let (_, worker) = &picture.cores[place];
        let mark = if is_busy_otherwise(picture, place) {
            OTHER
        } else {
            " "
        };
        canvas.write(x, 0, &format!("[{}]", mark.repeat(width)), quiet());
        if let Some(name) = worker_on(picture, *worker) {
            let style = canvas.style(Meaning::Running);
            canvas.write(x + 1, 0, &name, style.patch(strong()));
        }
    }
}

/// Draws a column for each core, with the letter of its worker if all names have one letter.
fn draw_cells(canvas: &mut Canvas<'_>, picture: &ViewModel) {
    let is_short = name_width(picture) == 1;
    for (place, x) in (0..picture.cores.len()).zip(GLYPHS_AT..) {
        let (_, worker) = &picture.cores[place];
        match worker_on(picture, *worker) {
            Some(name) if is_short => {
                let style = canvas.style(Meaning::Running);
                canvas.write(x, 0, &name, style.patch(strong()))
            }
            Some(_) => canvas.glyphs(x, 0, Meaning::Running, 1),
            None if is_busy_otherwise(picture, place) => canvas.write(x, 0, OTHER, quiet()),
            None => canvas.write(x, 0, "_", quiet()),
        };
    }
}

/// Draws a column for several cores.
fn draw_folded(canvas: &mut Canvas<'_>, picture: &ViewModel, room: usize) {
    let cores = &picture.cores;
    let words = |each: usize| format!("] a column: {} cores", grouped(each as u64));
    let fits = |each: &usize| cores.len().div_ceil(*each) + words(*each).len() < room;
    let each = (1..30).map(|power| 1 << power).find(fits);
    let each = each.unwrap_or(cores.len().max(1));
    let mut x = canvas.write(GLYPHS_AT, 0, "[", quiet());
    for group in cores.chunks(each) {
        let busy = group.iter().filter(|(_, worker)| worker.is_some()).count();
        x = canvas.level(x, 0, Meaning::Running, busy as f64 / group.len() as f64);
    }
    canvas.write(x, 0, &words(each), quiet());
}
