//! Last lines of the screen: caption, legend of glyphs, keys.

use super::canvas::{Canvas, cut, plain, quiet, strong, width_of};
use super::clauses::{in_lines, sentences};
use super::mark::Target;
use crate::command::{Command, Context, SCRUB, TABLE};
use crate::cursor::CursorMotion;
use crate::lanes::Sheet;
use crate::pane::Pane;
use crate::state::State;
use concsim_model::palette::{Meaning, Side};

/// Draws the caption, in one or two sentences. Doubts and notes get the last lines.
pub(super) fn draw_caption(canvas: &mut Canvas<'_>, state: &State) {
    let width = canvas.width().saturating_sub(2);
    let height = usize::from(canvas.height());
    let note = state.note();
    let room = height.saturating_sub(usize::from(note.is_some()));
    let text = in_lines(state.caption(), room, width);
    let left = height.saturating_sub(text.len());
    let note = note.map(|note| in_lines(&sentences(&note), left, width));
    let sentence = text.into_iter().map(|line| (line, strong()));
    let note = note.into_iter().flatten().map(|line| (line, plain()));
    for (y, (line, style)) in (0..canvas.height()).zip(sentence.chain(note)) {
        canvas.write(1, y, &line, style);
    }
}

/// Draws the glyphs, each with its word.
pub(super) fn draw_legend(canvas: &mut Canvas<'_>) {
    let mut x = 1;
    for meaning in Meaning::STATES {
        let behind = canvas.glyphs(x, 0, meaning, 1);
        x = canvas.write(behind + 1, 0, meaning.glyph_word(), quiet()) + 2;
    }
    let cores = [
        "[A] core with worker A  [-] with something else",
        "[A] A's  [-] other",
    ];
    let room = canvas.width().saturating_sub(x);
    if let Some(cores) = cores.into_iter().find(|cores| width_of(cores) < room) {
        canvas.write(x, 0, cores, quiet());
    }
}

/// Entry of the legend of lanes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Glyph(Meaning),
    /// Thin mark of requests that ran for a part of a column.
    Sliver,
    /// Dim cells: state at the newest sample, not yet reported.
    Open,
    /// Letters in the rows of cores.
    Cores,
}

impl Entry {
    fn words(self) -> &'static str {
        match self {
            Self::Glyph(meaning) => meaning.glyph_word(),
            Self::Sliver => "in part",
            Self::Open => "dim: unreported",
            Self::Cores => "A worker",
        }
    }

    /// Returns the width with the blanks behind it.
    fn width(self) -> u16 {
        let glyph = match self {
            Self::Glyph(_) | Self::Sliver => 2,
            Self::Open | Self::Cores => 0,
        };
        glyph + width_of(self.words()) + 2
    }

    fn draw(self, canvas: &mut Canvas<'_>, x: u16) {
        let words_at = match self {
            Self::Glyph(meaning) => canvas.glyphs(x, 0, meaning, 1) + 1,
            Self::Sliver => {
                canvas.partial_column(x, 0, Side::Left);
                x + 2
            }
            Self::Open | Self::Cores => x,
        };
        canvas.write(words_at, 0, self.words(), quiet());
    }
}

/// Draws the legend of lanes. Queues and open cells are named if there may be any; if not all entries fit,
/// the most self-explanatory go first.
pub(super) fn draw_legend_of_lanes(canvas: &mut Canvas<'_>, sheet: Option<&Sheet>) {
    let states = Meaning::STATES.map(Entry::Glyph);
    let mut entries = vec![states[0], Entry::Sliver];
    entries.extend(&states[1..]);
    if sheet.is_some_and(Sheet::has_queues) {
        entries.extend(Meaning::QUEUES.map(Entry::Glyph));
    }
    if sheet.is_some_and(Sheet::is_open) {
        entries.push(Entry::Open);
    }
    entries.push(Entry::Cores);
    // With a blank before the first entry, and none behind the last.
    let width = |entries: &[Entry]| entries.iter().map(|it| it.width()).sum::<u16>() - 1;
    for least in [Entry::Cores, Entry::Sliver, Entry::Open] {
        if width(&entries) > canvas.width() {
            entries.retain(|entry| *entry != least);
        }
    }
    let mut x = 1;
    for entry in entries {
        entry.draw(canvas, x);
        x += entry.width();
    }
}

/// Commands in the bottom line of play, before and after those of the view.
const BEFORE: [Command; 3] = [
    Command::Pause,
    Command::Go(CursorMotion::StepBack),
    Command::Go(CursorMotion::StepForward),
];
const LAST_COMMANDS: [Command; 3] = [Command::NextView, Command::Help, Command::Quit];

/// Returns the commands of a view: one line holds two at most.
fn of_the_view(pane: Pane) -> [Command; 2] {
    match pane {
        Pane::Lanes => [Command::ZoomIn, Command::ZoomOut],
        Pane::Overview
        | Pane::Latency
        | Pane::Compare
        | Pane::Requests
        | Pane::Workers
        | Pane::Remarks
        | Pane::Theory => [
            Command::Go(CursorMotion::Back(SCRUB)),
            Command::Go(CursorMotion::Forward(SCRUB)),
        ],
    }
}

/// Draws the keys of play, or those of the faults while one is to be chosen.
pub(super) fn draw_keys(canvas: &mut Canvas<'_>, state: &State) {
    let faults = TABLE.iter().filter(|it| it.context == Context::Fault);
    let commands: Vec<Command> = if state.fault_comes {
        faults.map(|entry| entry.command).collect()
    } else {
        let back = state.has_card().then_some(Command::Leave);
        let back = back.into_iter().chain(BEFORE);
        back.chain(of_the_view(state.pane))
            .chain(LAST_COMMANDS)
            .collect()
    };
    let named = commands.iter().map(|command| match command {
        Command::Pause if state.is_paused() => (*command, "go on"),
        _ => (*command, command.entry().short),
    });
    draw_commands(canvas, state, &named.collect::<Vec<_>>());
}

/// Commands with the same label, each with its key.
type Entries<'a> = &'a [(String, Command, &'a str)];

/// Returns the width of an entry: its keys, a blank behind each, and the label.
fn width_of_entry(same: Entries<'_>) -> u16 {
    let keys = same.iter().map(|(key, ..)| width_of(key) + 1).sum::<u16>();
    keys + width_of(same[0].2)
}

/// Leaves out entries until the others fit: the last ones first, but the help and the way out last.
fn fitting(mut entries: Vec<Entries<'_>>, width: u16) -> Vec<Entries<'_>> {
    let rank = |same: &Entries<'_>| match same[0].1 {
        Command::Quit | Command::CloseHelp | Command::LeaveNumbers => 2,
        Command::Help => 1,
        _ => 0,
    };
    let needs = |entries: &[Entries<'_>]| {
        let all = entries.iter().map(|same| width_of_entry(same) + 3);
        (all.sum::<u16>() + 1).saturating_sub(3)
    };
    while entries.len() > 1 && needs(&entries) > width {
        let places = 0..entries.len();
        let least = places.rev().min_by_key(|place| rank(&entries[*place]));
        entries.remove(least.unwrap_or(0));
    }
    entries
}

/// Draws commands with their keys and labels, without those that cannot be reached or do not fit.
/// Neighbours with the same label are written as one.
pub(super) fn draw_commands(canvas: &mut Canvas<'_>, state: &State, commands: &[(Command, &str)]) {
    let mut x = 1;
    let reachable = commands
        .iter()
        .map(|(command, short)| (state.keymap.label(*command), *command, *short));
    let reachable: Vec<_> = reachable.filter(|(key, ..)| !key.is_empty()).collect();
    let entries = reachable.chunk_by(|one, other| one.2 == other.2).collect();
    for same in fitting(entries, canvas.width()) {
        let mut from = x;
        for (position, (key, command, short)) in same.iter().enumerate() {
            x = canvas.write(x, 0, &cut(key, canvas.width()), strong()) + 1;
            if position + 1 == same.len() {
                x = canvas.write(x, 0, short, quiet());
            }
            let width = x.saturating_sub(from);
            canvas.mark((from, 0), (width, 1), Target::Command(*command));
            from = x;
        }
        x += 3;
    }
}
