//! Commands: for each its name in files, its context, its default keys, and its texts on the screen.
//!
//! A new command is a variant of [`Command`], a row of [`TABLE`], and an arm of `State::apply`: the help,
//! the bottom line, the keys file and `concsim keys` are made of the table.

use super::cursor::CursorMotion;
use super::keys::Key;
use super::pane::Pane;
use concsim_model::scenario::{Intervention, Steer};
use concsim_model::units::Elapsed;

/// Command that a key can have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Command {
    Quit,
    Help,
    /// Marks a number and explains it, or ends that.
    Explain,
    /// Gives the mouse to this program, or back to the terminal.
    Mouse,
    /// Switches between the layouts for a lecture hall and for a desk.
    Projector,
    /// Selects the next theme.
    Theme,
    Pause,
    Slower,
    Faster,
    Go(CursorMotion),
    Steer(Steer),
    /// Sends a hog.
    Hog,
    /// Makes the next key select a fault.
    Fault,
    Turn(Pane),
    NextView,
    LastView,
    /// Goes back: from one request to the list, from a view to the overview, from there to the card.
    Leave,
    /// Scrolls by this number of rows.
    Scroll(isize),
    /// Scrolls by this number of pages.
    ScrollPages(isize),
    ZoomIn,
    ZoomOut,
    Order,
    Others,
    OpenRequest,
    /// Adds a vote for the choice at this position.
    Guess(usize),
    ForgetGuesses,
    GoOn,
    LeaveCard,
    /// Shows the card in full, or in short again.
    WholeCard,
    Search,
    CloseHelp,
    NextNumber,
    LastNumber,
    LeaveNumbers,
}

/// Context in which a command is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// On every screen.
    Anywhere,
    /// Screens with a cursor in time: play, and the card.
    Time,
    /// Screens that scroll: play, the card, the help.
    Scrolling,
    /// All views of a variant.
    Play,
    /// Live view of a run that is going on.
    Steering,
    /// After [`Command::Fault`], for one key.
    Fault,
    Lanes,
    Requests,
    Question,
    Card,
    Help,
    /// A number is marked.
    Numbers,
}

impl Context {
    /// Sets of contexts that are active at the same time: within each a key has one meaning. The keys of a
    /// marked number deliberately hide those of the contexts below.
    pub(super) const TOGETHER: [&[Self]; 7] = [
        &[
            Self::Lanes,
            Self::Play,
            Self::Steering,
            Self::Time,
            Self::Scrolling,
            Self::Anywhere,
        ],
        &[
            Self::Requests,
            Self::Play,
            Self::Steering,
            Self::Time,
            Self::Scrolling,
            Self::Anywhere,
        ],
        &[Self::Card, Self::Time, Self::Scrolling, Self::Anywhere],
        &[Self::Help, Self::Scrolling, Self::Anywhere],
        &[Self::Question, Self::Anywhere],
        &[Self::Numbers, Self::Anywhere],
        &[Self::Fault],
    ];

    /// Returns its words after `in`.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Anywhere => "every screen",
            Self::Time => "play and on the card",
            Self::Scrolling => "play, on the card and in the help",
            Self::Play => "play",
            Self::Steering => "a run that goes on",
            Self::Fault => "the menu of faults",
            Self::Lanes => "the lanes",
            Self::Requests => "the requests",
            Self::Question => "a question",
            Self::Card => "the card",
            Self::Help => "the help",
            Self::Numbers => "explaining",
        }
    }
}

/// Row of the table of commands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) command: Command,
    /// Name in files.
    pub(super) name: &'static str,
    pub(super) context: Context,
    /// Default keys.
    pub(super) keys: &'static [Key],
    /// Text of the bottom line; neighbours with the same text are written as one.
    pub(super) short: &'static str,
    /// Text of the help.
    pub(super) long: &'static str,
}

const fn row(
    command: Command,
    context: Context,
    name: &'static str,
    keys: &'static [Key],
    short: &'static str,
    long: &'static str,
) -> Entry {
    Entry {
        command,
        name,
        context,
        keys,
        short,
        long,
    }
}

/// Step of an arrow key, without Shift and with it.
pub(super) const SCRUB: Elapsed = Elapsed::from_millis(100);
const SCRUB_FAR: Elapsed = Elapsed::from_secs(1);
/// Text of the bottom line of a question.
const GUESS: &str = "guess, once for each hand";

use Command as C;
use Context as In;
use Key::Char;

/// All commands, in the order of the help.
#[rustfmt::skip]
pub(super) const TABLE: &[Entry] = &[
    row(C::Quit, In::Anywhere, "quit", &[Char('q')], "quit", "stop, and print the result so far"),
    row(C::Help, In::Anywhere, "help", &[Char('?')], "help", "this help; the marked number in full"),
    row(C::Explain, In::Anywhere, "explain", &[Char('i')], "explain", "a number's meaning, unit and caution"),
    row(C::Mouse, In::Anywhere, "mouse", &[Char('u')], "mouse", "mouse on or off: wheel and clicks"),

    row(C::Projector, In::Anywhere, "projector", &[Char('P')], "projector", "large and little for a hall, or all for a desk"),
    row(C::Theme, In::Anywhere, "theme", &[Char('t')], "theme", "colours: the terminal's own, light, dark"),

    row(C::NextView, In::Play, "next-view", &[Key::Tab], "views", "the next view"),
    row(C::LastView, In::Play, "last-view", &[Key::BackTab], "views", "the previous view"),
    row(C::Turn(Pane::Overview), In::Time, "overview", &[Char('1')], "overview", "overview: door, workers, cores, the two numbers"),
    row(C::Turn(Pane::Lanes), In::Time, "lanes", &[Char('2')], "lanes", "lanes: cores and requests on one axis of time"),
    row(C::Turn(Pane::Latency), In::Time, "latencies", &[Char('3')], "latencies", "latencies over time, and where the time went"),
    row(C::Turn(Pane::Compare), In::Time, "compare", &[Char('4')], "compare", "the variants side by side"),
    row(C::Turn(Pane::Requests), In::Time, "requests", &[Char('5')], "requests", "the requests, one by one"),
    row(C::Turn(Pane::Workers), In::Time, "workers", &[Char('6')], "workers", "each worker in full"),
    row(C::Turn(Pane::Remarks), In::Time, "remarks", &[Char('7'), Char('r')], "remarks", "remarks: findings, and the numbers they rest on"),
    row(C::Turn(Pane::Theory), In::Time, "theory", &[Char('8')], "theory", "theory: bounds, closed form and Little's law, beside the results"),
    row(C::Leave, In::Play, "leave", &[Key::Escape], "result", "back: to the list, to the overview, to the result"),
    row(C::Scroll(-1), In::Scrolling, "scroll-up", &[Key::Up, Char('k')], "scroll", "one row up"),
    row(C::Scroll(1), In::Scrolling, "scroll-down", &[Key::Down, Char('j')], "scroll", "one row down"),
    row(C::ScrollPages(-1), In::Scrolling, "page-up", &[Key::PageUp], "page", "a page up"),
    row(C::ScrollPages(1), In::Scrolling, "page-down", &[Key::PageDown], "page", "a page down"),
    row(C::ZoomIn, In::Lanes, "zoom-in", &[Char('z')], "zoom", "zoom in, down to 10 µs"),
    row(C::ZoomOut, In::Lanes, "zoom-out", &[Char('x')], "zoom", "zoom out, up to the whole run"),
    row(C::Order, In::Requests, "order", &[Char('o')], "order", "next order of the list"),
    row(C::Others, In::Requests, "others", &[Char('/')], "others", "next selection: open, failed, of one kind"),
    row(C::OpenRequest, In::Requests, "open-request", &[Key::Enter], "its way", "the way of the picked request"),

    row(C::Pause, In::Time, "pause", &[Char(' ')], "pause", "halt here, or go on; a live run goes on, recorded"),
    row(C::Go(CursorMotion::StepBack), In::Time, "step-back", &[Char(',')], "step", "to the previous event, and halt there"),
    row(C::Go(CursorMotion::StepForward), In::Time, "step-forward", &[Char('.')], "step", "to the next event, and halt there"),
    row(C::Go(CursorMotion::Back(SCRUB)), In::Time, "scrub-back", &[Key::Left], "scrub", "0.1 s back"),
    row(C::Go(CursorMotion::Forward(SCRUB)), In::Time, "scrub-forward", &[Key::Right], "scrub", "0.1 s forward"),
    row(C::Go(CursorMotion::Back(SCRUB_FAR)), In::Time, "scrub-far-back", &[Key::FarLeft], "scrub far", "1 s back"),
    row(C::Go(CursorMotion::Forward(SCRUB_FAR)), In::Time, "scrub-far-forward", &[Key::FarRight], "scrub far", "1 s forward"),
    row(C::Slower, In::Time, "slower", &[Char('<')], "speed", "slower, down to 1/10 000"),
    row(C::Faster, In::Time, "faster", &[Char('>')], "speed", "faster, up to 4 times"),
    row(C::Go(CursorMotion::Begin), In::Time, "to-beginning", &[Key::Home], "ends", "to the beginning of the variant"),
    row(C::Go(CursorMotion::End), In::Time, "to-end", &[Key::End], "ends", "to the end; in a live run, to now"),
    row(C::Go(CursorMotion::LastVariant), In::Time, "last-variant", &[Char('b')], "variant", "to the beginning of this or the previous variant"),
    row(C::Go(CursorMotion::NextVariant), In::Time, "next-variant", &[Char('n')], "variant", "to the next variant"),
    row(C::Go(CursorMotion::Slowest), In::Time, "slowest-request", &[Char('s')], "slowest", "to the middle of the slowest request"),
    row(C::Go(CursorMotion::NextMarker), In::Time, "next-marker", &[Char('m')], "marker", "to the next intervention, or edge of the counted window"),
    row(C::Go(CursorMotion::LastMarker), In::Time, "last-marker", &[Char('M')], "marker", "to the previous one"),

    row(C::Steer(Steer::Intervene(Intervention::AddWorker)), In::Steering, "more-workers", &[Char(']')], "workers", "one worker more"),
    row(C::Steer(Steer::Intervene(Intervention::RemoveWorker)), In::Steering, "fewer-workers", &[Char('[')], "workers", "one worker fewer"),
    row(C::Steer(Steer::MoreLoad), In::Steering, "more-load", &[Char('+')], "load", "more clients, or a higher rate"),
    row(C::Steer(Steer::LessLoad), In::Steering, "less-load", &[Char('-')], "load", "fewer clients, or a lower rate"),
    row(C::Fault, In::Steering, "fault", &[Char('f')], "fault", "a fault, chosen by the next key"),
    row(C::Steer(Steer::Intervene(Intervention::KillWorker)), In::Fault, "kill-worker", &[Char('k')], "kill", "kill a worker"),
    row(C::Steer(Steer::Intervene(Intervention::StopWorker)), In::Fault, "stop-worker", &[Char('s')], "stop", "stop a worker's process (SIGSTOP)"),
    row(C::Steer(Steer::Intervene(Intervention::ContinueWorker)), In::Fault, "continue-worker", &[Char('c')], "continue", "continue a stopped worker"),
    row(C::Hog, In::Fault, "send-hog", &[Char('h')], "hog", "send a request that computes for long"),
    row(C::Steer(Steer::Intervene(Intervention::Reload)), In::Fault, "replace-workers", &[Char('r')], "replace all", "replace all workers, new ones first"),

    row(C::Guess(0), In::Question, "guess-1", &[Char('1')], GUESS, "count a hand for the first choice"),
    row(C::Guess(1), In::Question, "guess-2", &[Char('2')], GUESS, "count a hand for the second choice"),
    row(C::Guess(2), In::Question, "guess-3", &[Char('3')], GUESS, "count a hand for the third choice"),
    row(C::Guess(3), In::Question, "guess-4", &[Char('4')], GUESS, "count a hand for the fourth choice"),
    row(C::ForgetGuesses, In::Question, "forget-guesses", &[Key::Backspace], "forget", "clear the guesses"),
    row(C::GoOn, In::Question, "go-on", &[Key::Enter, Char(' '), Key::Escape], "go on", "go on, or skip the question"),
    row(C::LeaveCard, In::Card, "leave-card", &[Key::Enter, Key::Escape], "quit", "leave; the card is printed too"),
    row(C::WholeCard, In::Card, "whole-card", &[Key::Tab], "all or less", "the card in full: why, theory, switches, remedies, notes; or in short again"),
    row(C::NextNumber, In::Numbers, "next-number", &[Key::Tab, Key::Right, Key::Down], "next", "the next number"),
    row(C::LastNumber, In::Numbers, "last-number", &[Key::BackTab, Key::Left, Key::Up], "last", "the number before"),
    row(C::LeaveNumbers, In::Numbers, "leave-numbers", &[Key::Escape], "leave", "end explaining"),
    row(C::Search, In::Help, "search", &[Char('/')], "search", "show only lines with these letters"),
    row(C::CloseHelp, In::Help, "close-help", &[Key::Escape, Key::Enter], "close", "all lines again, then close the help"),
];

impl Command {
    /// Returns its row of the table.
    ///
    /// # Panics
    /// If it has none; then no key could ever reach it.
    pub(super) fn entry(self) -> &'static Entry {
        let found = TABLE.iter().find(|entry| entry.command == self);
        found.expect("every command has a row")
    }
}
