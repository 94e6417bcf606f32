//! Help: the keys in force, and the words, glyphs and numbers of the screen, in lines that can be searched.

use super::canvas::{Canvas, cut, plain, quiet, strong, width_of, wrap};
use super::explain::ceiling;
use super::{footer, frame};
use crate::command::{Command, Context, Entry, SCRUB};
use crate::cursor::CursorMotion;
use crate::help::{Help, HelpFilter};
use crate::number::Number;
use crate::pane::Pane;
use crate::state::State;
use concsim_model::palette::Meaning;
use concsim_model::words::grouped;

const WIDTH: u16 = 76;
/// Least size of a screen for a frame: columns, lines.
const LEAST: (u16, u16) = (24, 7);
/// Column of the text behind its head, on a wide sheet and on a narrow one.
const TEXT_AT: (u16, u16) = (16, 11);
/// Indent of the text of a number, which is below its name.
const INDENT: u16 = 2;

/// Most important keys, in the order of use.
const FIRST: [(&[Command], &str); 8] = [
    (&[Command::Pause], "halt here, or go on"),
    (
        &[
            Command::Go(CursorMotion::Back(SCRUB)),
            Command::Go(CursorMotion::Forward(SCRUB)),
        ],
        "0.1 s back and forth in time; with Shift 1 s",
    ),
    (
        &[
            Command::Turn(Pane::Overview),
            Command::Turn(Pane::Lanes),
            Command::Turn(Pane::Theory),
        ],
        "views: overview, lanes, latencies, variants, requests, workers, remarks, theory",
    ),
    (
        &[Command::Go(CursorMotion::Slowest)],
        "to the slowest request, which is picked and named",
    ),
    (
        &[Command::OpenRequest],
        "in the requests (5): the way of the picked request",
    ),
    (&[Command::Explain], "a number's meaning, unit and caution"),
    (&[Command::Help], "open or close this help"),
    (&[Command::Quit], "quit; the result is printed"),
];

/// Meanings of the words, as in the manual.
const WORDS: [(&str, &str); 11] = [
    ("concurrency", "requests begun and not finished"),
    ("parallelism", "requests computing at the same instant"),
    (
        "wants a core",
        "a process that could run, but all cores are taken",
    ),
    (
        "ready",
        "a coroutine that could run while its worker runs another",
    ),
    ("idle", "a worker with nothing to run"),
    (
        "[-]",
        "a core without a worker that something else keeps busy: load, services or other programs",
    ),
    ("glyphs", "the state now"),
    (
        "thin marks",
        "in lanes: a request ran, or a core was busy, for a part of that column",
    ),
    (
        "dim marks",
        "in lanes, at the end of a live run: not yet reported by a worker, taken from the newest sample; \
         later reports may redraw it",
    ),
    (
        "digits, 1 s mean",
        "mean of the last second, or of the time since load began if that is shorter",
    ),
    ("latency", "time from the instant at which a request is due"),
];

fn describe(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Running => "on a core",
        Meaning::Ready => "ready, or its worker wants a core: it could run, and does not",
        Meaning::Parked => "a coroutine that waits while its process goes on",
        Meaning::Blocked => "a process asleep in one call, able to do nothing",
        Meaning::AtTheDoor => "sent, and not yet accepted by a worker",
        Meaning::ForThePool => {
            "in lanes, parked or blocked: waits for a connection to a service, or for a thread, of its \
             worker's pool"
        }
        Meaning::InAQueue => {
            "in lanes, parked or blocked: its call waits in the queue of the service"
        }
    }
}

/// Contexts whose keys have a title of their own.
const ALWAYS_CLEAR: [Context; 3] = [Context::Time, Context::Steering, Context::Fault];

/// Entry: a key, a word, a number.
struct Item {
    head: String,
    glyph: Option<Meaning>,
    number: Option<Number>,
    texts: Vec<String>,
    /// Other names: in a keys file, on the bottom line.
    also: [&'static str; 2],
}

impl Item {
    fn new(head: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            head: head.into(),
            glyph: None,
            number: None,
            texts: vec![text.into()],
            also: [""; 2],
        }
    }

    fn has(&self, letters: &str) -> bool {
        let letters = letters.to_lowercase();
        let texts = std::iter::once(&self.head).chain(&self.texts);
        let mut texts = texts.map(String::as_str).chain(self.also);
        texts.any(|text| text.to_lowercase().contains(&letters))
    }

    fn is_shown(&self, help: &Help) -> bool {
        match (&help.only, help.letters()) {
            (HelpFilter::About(number), _) => self.number == Some(*number),
            (_, Some(letters)) => self.has(letters),
            (_, None) => true,
        }
    }
}

/// Line as drawn.
#[derive(Default)]
struct Line {
    head: String,
    glyph: Option<Meaning>,
    x: u16,
    text: String,
}

/// Returns the number of lines on a screen of the state's size, and the number that fits.
pub(crate) fn extent(state: &State, help: &Help) -> (usize, usize) {
    let (width, height) = state.size;
    let sheet = Sheet::of(width, height);
    let lines = lines(state, help, sheet.text_width());
    (lines.len(), usize::from(sheet.text_lines()))
}

/// Draws the help over the screen.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, help: &Help) {
    let sheet = Sheet::of(canvas.width(), canvas.height());
    let x = (canvas.width() - sheet.width) / 2;
    let mut part = canvas.part(x, 0, sheet.width, sheet.height);
    part.clear();
    if sheet.has_frame {
        frame::draw(&mut part, "help");
    }
    let (columns, rows) = sheet.margin();
    let mut inside = part.inside(columns, rows);
    let lines = lines(state, help, sheet.text_width());
    let room = usize::from(sheet.text_lines());
    let first = help.scrolled.min(lines.len().saturating_sub(room));
    for (y, line) in (0..sheet.text_lines()).zip(lines.iter().skip(first)) {
        draw_line(&mut inside, y, line);
    }
    let left = lines.len().saturating_sub(first + room);
    let last = inside.height().saturating_sub(1);
    let width = inside.width();
    draw_keys(&mut inside.part(0, last, width, 1), state, help, left);
}

/// Area of the help.
struct Sheet {
    width: u16,
    height: u16,
    has_frame: bool,
}

impl Sheet {
    fn of(width: u16, height: u16) -> Self {
        Self {
            width: WIDTH.min(width),
            height,
            has_frame: width >= LEAST.0 && height >= LEAST.1,
        }
    }

    fn margin(&self) -> (u16, u16) {
        if self.has_frame { (2, 1) } else { (0, 0) }
    }

    fn text_width(&self) -> u16 {
        self.width.saturating_sub(2 * self.margin().0)
    }

    /// Returns the number of lines for text: the last line has the keys.
    fn text_lines(&self) -> u16 {
        let taken = 2 * self.margin().1 + u16::from(self.height > 1);
        self.height.saturating_sub(taken)
    }
}

fn draw_line(canvas: &mut Canvas<'_>, y: u16, line: &Line) {
    let mut x = 0;
    if let Some(meaning) = line.glyph {
        x = canvas.glyphs(0, y, meaning, 1) + 1;
    }
    let width = canvas.width();
    canvas.write(x, y, &cut(&line.head, width), strong());
    canvas.write(line.x, y, &line.text, plain());
}

/// Draws the keys of the help, and the search.
fn draw_keys(canvas: &mut Canvas<'_>, state: &State, help: &Help, left: usize) {
    let text = match &help.only {
        HelpFilter::All | HelpFilter::About(_) => String::new(),
        HelpFilter::Typed(letters) => format!("search: {letters}_"),
        HelpFilter::With(letters) => format!("search: {letters}"),
    };
    let behind = canvas.write(1, 0, &text, strong());
    let x = if text.is_empty() { 0 } else { behind + 2 };
    let commands: &[(Command, &str)] = match &help.only {
        HelpFilter::Typed(_) => &[],
        HelpFilter::With(_) | HelpFilter::About(_) => &[(Command::CloseHelp, "all lines")],
        HelpFilter::All => &[
            (Command::Search, "search"),
            (Command::Scroll(-1), "scroll"),
            (Command::Scroll(1), "scroll"),
            (Command::CloseHelp, "close"),
        ],
    };
    let width = canvas.width();
    let more = format!(" {} more below", grouped(left as u64));
    let more = if left > 0 { more.as_str() } else { "" };
    let room = width.saturating_sub(x + width_of(more));
    footer::draw_commands(&mut canvas.part(x, 0, room, 1), state, commands);
    canvas.write_before(width, 0, more, quiet());
}

/// Returns every line to be shown, for a sheet of this width.
fn lines(state: &State, help: &Help, width: u16) -> Vec<Line> {
    let mut lines = Vec::new();
    for (title, items) in sections(state) {
        let shown: Vec<&Item> = items.iter().filter(|item| item.is_shown(help)).collect();
        if shown.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line {
            head: title.to_uppercase(),
            ..Line::default()
        });
        for item in shown {
            add_item(item, width, &mut lines);
        }
    }
    if lines.is_empty() {
        lines.push(Line {
            text: "No line has these letters.".into(),
            ..Line::default()
        });
    }
    lines
}

fn add_item(item: &Item, width: u16, lines: &mut Vec<Line>) {
    let beside = if width < 60 { TEXT_AT.1 } else { TEXT_AT.0 };
    let head_width = width_of(&item.head) + 2 * u16::from(item.glyph.is_some());
    let is_below = item.number.is_some() || head_width + 1 > beside;
    let x = if item.number.is_some() {
        INDENT
    } else {
        beside
    };
    let mut head = Some(Line {
        head: item.head.clone(),
        glyph: item.glyph,
        ..Line::default()
    });
    if is_below {
        lines.extend(head.take());
    }
    let texts = item.texts.iter();
    for text in texts.flat_map(|text| wrap(text, width.saturating_sub(x))) {
        let line = head.take().unwrap_or_default();
        lines.push(Line { x, text, ..line });
    }
}

/// Returns all sections in order, beginning with those of the current screen.
fn sections(state: &State) -> Vec<(&'static str, Vec<Item>)> {
    let here = state.contexts_below_help();
    let is_in = |sections: &[Context], entry: &Entry| sections.contains(&entry.context);
    let of_time = [Context::Time];
    let of_steering = [Context::Steering, Context::Fault];
    let is_elsewhere = |entry: &Entry| {
        !is_in(&of_time, entry) && !is_in(&of_steering, entry) && !is_in(&here, entry)
    };
    let is_here = |entry: &Entry| {
        is_in(&here, entry) && !is_in(&of_time, entry) && !is_in(&of_steering, entry)
    };
    vec![
        ("First", first(state)),
        ("Keys of this view", keys(state, is_here)),
        (
            "Moving in time",
            keys(state, |entry| is_in(&of_time, entry)),
        ),
        ("Steering", keys(state, |entry| is_in(&of_steering, entry))),
        ("Keys elsewhere", keys(state, is_elsewhere)),
        ("Words", words()),
        ("Numbers", Number::ALL.map(|it| of_number(state, it)).into()),
    ]
}

/// Returns the most important keys, a line for each; of a group of keys the first and the last.
fn first(state: &State) -> Vec<Item> {
    let items = FIRST.into_iter().filter_map(|(commands, text)| {
        let labels = commands.iter().map(|command| state.keymap.label(*command));
        let labels: Vec<String> = labels.filter(|label| !label.is_empty()).collect();
        let head = match labels.as_slice() {
            [] => return None,
            [first, .., last] if labels.len() > 2 => format!("{first} … {last}"),
            few => few.join(" "),
        };
        Some(Item::new(head, text))
    });
    items.collect()
}

fn keys(state: &State, are_told: impl Fn(&Entry) -> bool) -> Vec<Item> {
    let entries = state.keymap.entries();
    let shown = entries.filter(|(entry, keys)| are_told(entry) && !keys.is_empty());
    let mut shown: Vec<_> = shown.collect();
    // Keys of the innermost context, the view, come first.
    let here = state.contexts_below_help();
    shown.sort_by_key(|(entry, _)| here.iter().position(|it| *it == entry.context));
    let items = shown.into_iter().map(|(entry, keys)| {
        let labels: Vec<String> = keys.iter().map(|key| key.label()).collect();
        let head = labels.join(" ");
        let head = if entry.context == Context::Fault {
            format!("{} {head}", state.keymap.label(Command::Fault))
        } else {
            head
        };
        let is_here = here.contains(&entry.context) || ALWAYS_CLEAR.contains(&entry.context);
        let text = if is_here {
            entry.long.to_owned()
        } else {
            format!("in {}: {}", entry.context.words(), entry.long)
        };
        Item {
            also: [entry.name, entry.short],
            ..Item::new(head, text)
        }
    });
    items.collect()
}

fn words() -> Vec<Item> {
    let glyphs = Meaning::ALL.map(|meaning| Item {
        glyph: Some(meaning),
        ..Item::new(meaning.glyph_word(), describe(meaning))
    });
    let words = WORDS.map(|(word, meaning)| Item::new(word, meaning));
    glyphs.into_iter().chain(words).collect()
}

fn of_number(state: &State, number: Number) -> Item {
    let text = number.texts();
    let bound = ceiling(state, number).map(|bound| format!("Ceiling now: {bound}."));
    let texts = [
        Some(text.meaning.to_owned()),
        Some(format!("Unit: {}.", text.unit)),
        bound,
        super::theory::source(state, number).map(|by| format!("By {by}.")),
        Some(format!("Caution: {}", text.caution)),
    ];
    Item {
        number: Some(number),
        texts: texts.into_iter().flatten().collect(),
        ..Item::new(text.name, "")
    }
}
