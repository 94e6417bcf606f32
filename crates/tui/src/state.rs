//! State of the screen. Its changes by keys are in `press`.
//!
//! The state is a [`FrameState`], the card or picture of one instant, and a [`Cursor`], the position of that
//! instant. The same code shows a live run and a stored one: the present is the tail of a recording.

use super::caption::{self, Caption};
use super::cursor::{Cursor, CursorMotion, Motion};
use super::frame_state::{FrameState, Screen};
use super::help::Help;
use super::indexes::Indexes;
use super::keymap::Keymap;
use super::lanes::LanesView;
use super::number::Number;
use super::pane::Pane;
use super::pointer::Mouse;
use super::requests::RequestsView;
use super::row::Row;
use super::setting::{Fact, changes, facts, watch_hint};
use super::spectrum::Spectrum;
use super::view_model::{Frame, ViewModel, WorkerState};
use super::watch::Watch;
use concsim_engine::telemetry::Stage;
use concsim_model::palette::Look;
use concsim_model::scenario::{Hog, Plan, Question, Scenario, Variant};
use concsim_model::units::Stamp;
use concsim_record::Origin;
use concsim_record::comparison::Theory;
use concsim_record::latency::Breakdown;
use concsim_record::remark::Remark;
use concsim_record::trust::{Judge, Reason, Trust};

/// State of the screen.
#[derive(Clone, Debug)]
pub struct State {
    /// Appearance.
    pub look: Look,
    /// Keys of the commands.
    pub keymap: Keymap,
    /// Columns and lines of the screen, for clicks and for pages of the help.
    pub size: (u16, u16),
    title: String,
    /// Name of the scenario file, without folder and extension.
    name: String,
    about: Option<String>,
    /// Number by which the variants differ, as a path in the summary.
    pub(super) subject: Option<String>,
    pub(super) variants: Vec<Variant>,
    questions: Vec<Question>,
    /// Votes for each choice of each question.
    votes: Vec<Vec<u64>>,
    /// Number of cores that the program may use.
    pub(super) cores: usize,
    pub(super) show: FrameState,
    /// Variant being played, wherever the cursor is.
    pub(super) played_variant: usize,
    /// Results so far, by position.
    pub(super) rows: Vec<Option<Row>>,
    /// Lines of the result, once it is known: the form that is shown …
    pub(super) card: Option<Vec<String>>,
    /// … and the other one, shorter or longer.
    other_card: Vec<String>,
    /// True if the run was over before it was shown.
    pub(super) is_kept: bool,
    /// True after `f`: the next key selects a fault.
    pub(super) fault_comes: bool,
    pub(super) cursor: Cursor,
    /// True if anything but time has changed since the last frame.
    pub(super) has_changed: bool,
    /// Message of the last key, until the next key.
    pub(super) reply: Option<String>,
    /// Pending move of the cursor.
    pub(super) pending_move: Option<CursorMotion>,
    pub(super) watch: Watch,
    /// Number of samples of the current variant that have been taken in …
    pub(super) known_samples: usize,
    /// … and, for each variant, the state before every `BOOKMARK_EVERY`th sample.
    pub(super) bookmarks: Vec<Vec<(Watch, FrameState)>>,
    pub(super) verdict: Option<Verdict>,
    pub(super) judge: Judge,
    /// Variant and instant of the cursor's last move other than by time.
    pub(super) jumped_to: Option<(usize, Stamp)>,
    pub(super) pane: Pane,
    pub(super) indexes: Indexes,
    pub(super) lanes: LanesView,
    /// Set while the view of latencies is shown.
    pub(super) spectrum: Option<Spectrum>,
    pub(super) requests: RequestsView,
    /// Set while the view of remarks is shown.
    pub(super) remarks: Vec<Remark>,
    /// End of the second that the remarks describe.
    pub(super) remarks_at: Stamp,
    pub(super) theory: TheoryView,
    pub(super) help: Option<Help>,
    /// Number that is marked and explained.
    pub(super) explained: Option<Number>,
    /// Cell of the click that marked it: many rows may have the same number.
    pub(super) pointed: Option<(u16, u16)>,
    /// Owner of the mouse.
    pub mouse: Mouse,
    /// First line on the screen of the pane or card.
    pub(super) scrolled: usize,
}

/// Predictions, and the values that they are compared with.
#[derive(Clone, Debug, Default)]
pub(super) struct TheoryView {
    /// Theory of each variant that was looked at, by position.
    pub(super) of: Vec<Option<Theory>>,
    /// True if the current variant was changed by hand.
    pub(super) is_steered: bool,
    /// Mean parts of the time of requests of the current variant answered in the window so far, and their
    /// number.
    pub(super) spent: Option<(Breakdown, usize)>,
}

/// Trust in a run at an instant.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    /// Variant, and its newest sample by then.
    pub(super) place: (usize, usize),
    pub(super) trust: Trust,
    /// Reasons against it, the worst first.
    pub(super) doubts: Vec<Reason>,
}

impl State {
    /// Creates the screen of a plan, before anything is played.
    ///
    /// # Panics
    /// If the plan has no variant; a valid plan has at least one.
    #[must_use]
    pub fn new(plan: &Plan, cores: usize) -> Self {
        let first = plan
            .variants
            .first()
            .expect("a plan has at least one variant");
        Self {
            look: Look::default(),
            keymap: Keymap::default(),
            size: (80, 24),
            title: plan.title.clone(),
            name: plan.name().to_owned(),
            about: plan.about.clone(),
            subject: plan.subject(),
            variants: plan.variants.clone(),
            questions: plan.questions.clone(),
            votes: plan
                .questions
                .iter()
                .map(|it| vec![0; it.choices.len()])
                .collect(),
            cores,
            show: FrameState {
                screen: Screen::Title,
                variant: 0,
                picture: ViewModel::default(),
                origin: Origin::Measured,
                began: Stamp::ZERO,
                topic: Caption::default(),
                caption_since: Stamp::ZERO,
                caption: Vec::new(),
                intervention_caption: None,
                rows: vec![None; plan.variants.len()],
                rates_then: Vec::new(),
            },
            played_variant: 0,
            rows: vec![None; plan.variants.len()],
            card: None,
            other_card: Vec::new(),
            is_kept: false,
            fault_comes: false,
            reply: None,
            cursor: Cursor::default(),
            has_changed: true,
            pending_move: None,
            watch: Watch::new(&first.scenario),
            known_samples: 0,
            bookmarks: vec![Vec::new(); plan.variants.len()],
            verdict: None,
            judge: Judge::default(),
            jumped_to: None,
            pane: Pane::default(),
            indexes: Indexes::default(),
            lanes: LanesView::default(),
            spectrum: None,
            requests: RequestsView::default(),
            remarks: Vec::new(),
            remarks_at: Stamp::ZERO,
            theory: TheoryView::default(),
            help: None,
            explained: None,
            pointed: None,
            mouse: Mouse::default(),
            scrolled: 0,
        }
    }

    /// Shows the title card of a variant, by position in the plan, until its first frame is observed.
    ///
    /// # Panics
    /// If the plan has no such variant.
    pub fn begin_variant(&mut self, variant: usize) {
        self.played_variant = variant;
        self.has_changed = true;
        if self.is_live() {
            self.cursor.variant = variant;
            self.enter(variant);
        }
    }

    pub(super) fn enter(&mut self, variant: usize) {
        self.watch = Watch::new(&self.variants[variant].scenario);
        self.known_samples = 0;
        self.show.screen = Screen::Title;
        self.show.variant = variant;
        self.show.picture = ViewModel::default();
        self.show.topic = Caption::Preparing;
        self.show.caption_since = Stamp::ZERO;
        self.show.caption = Vec::new();
        self.show.intervention_caption = None;
        self.scrolled = 0;
    }

    /// Asks a question of the plan, by position.
    ///
    /// # Panics
    /// If there is no such question.
    pub fn ask(&mut self, question: usize) {
        assert!(question < self.questions.len(), "the plan asks this");
        self.show.screen = Screen::Question(question);
    }

    /// Adds a vote for a choice of the current question.
    pub(super) fn vote(&mut self, choice: usize) {
        if let Some(votes) = self.votes_now().and_then(|votes| votes.get_mut(choice)) {
            *votes += 1;
        }
    }

    /// Resets the votes of the current question.
    pub(super) fn forget_votes(&mut self) {
        self.votes_now().into_iter().for_each(|votes| votes.fill(0));
    }

    fn votes_now(&mut self) -> Option<&mut Vec<u64>> {
        match self.show.screen {
            Screen::Question(question) => self.votes.get_mut(question),
            Screen::Title | Screen::Play | Screen::Card(_) => None,
        }
    }

    /// Returns the votes for each choice of each question.
    #[must_use]
    pub fn votes(&self) -> &[Vec<u64>] {
        &self.votes
    }

    /// Returns a question of the plan, by position.
    pub(super) fn question(&self, question: usize) -> &Question {
        &self.questions[question]
    }

    /// Takes in the changes since the last frame, and shows them.
    pub(super) fn observe(&mut self, frame: &Frame<'_>) {
        self.add_changes(frame);
        self.show.picture.latencies = self.watch.latencies().clone();
    }

    /// Takes in the changes since the last frame, on the way to a later one.
    pub(super) fn add_changes(&mut self, frame: &Frame<'_>) {
        let stage_before = self.show.picture.stage;
        self.show.screen = Screen::Play;
        self.show.picture = self.watch.picture_of(frame);
        let same_processes = self.has_the_same_processes();
        self.show
            .update_caption(frame.snapshot, same_processes, stage_before);
    }

    /// Puts the result of the variant played last into the table.
    pub fn finish_variant(&mut self, row: Row) {
        self.has_changed = true;
        self.rows[self.played_variant] = Some(row);
        if self.is_live() {
            self.show.picture.stage = Stage::Done;
            self.show.rows[self.played_variant] = Some(row);
        }
    }

    /// Shows the result of all variants, in the lines that are also printed.
    pub fn show_card(&mut self, lines: Vec<String>) {
        self.card = Some(lines);
        if self.is_live() {
            self.turn_to_the_card();
        }
    }

    /// Shows the result in two forms: the short one until a key asks for the full one.
    pub fn show_cards(&mut self, short: Vec<String>, full: Vec<String>) {
        self.other_card = full;
        self.show_card(short);
    }

    /// True if the card has another form.
    pub(super) fn has_another_card(&self) -> bool {
        !self.other_card.is_empty()
    }

    /// Switches between the short card and the full one.
    pub(super) fn turn_the_card(&mut self) {
        if let Some(card) = self.card.as_mut().filter(|_| !self.other_card.is_empty()) {
            std::mem::swap(card, &mut self.other_card);
            self.turn_to_the_card();
        }
    }

    /// True if everything has been played, and its result can be shown.
    pub(super) fn has_card(&self) -> bool {
        self.card.is_some()
    }

    pub(super) fn turn_to_the_card(&mut self) {
        if let Some(card) = &self.card {
            self.show.screen = Screen::Card(card.clone());
            self.cursor.motion = Motion::Paused;
            self.scrolled = 0;
        }
    }

    /// Returns the content to be drawn.
    pub(super) fn shown(&self) -> &FrameState {
        &self.show
    }

    /// Returns the claim. While a question whose answer it would give away is still to be asked, returns
    /// the scenario's name.
    pub(super) fn title(&self) -> &str {
        if self.hides_answers() {
            &self.title
        } else {
            &self.name
        }
    }

    /// True if no question is still to be asked whose answer could be read from the screen, wherever the
    /// cursor is.
    pub(super) fn hides_answers(&self) -> bool {
        let asked = |question: &Question| {
            let before = self
                .variants
                .iter()
                .position(|it| it.name == question.before);
            before.is_none_or(|before| before < self.played_variant)
                || (before == Some(self.played_variant)
                    && !matches!(self.show.screen, Screen::Question(_)))
        };
        self.questions.iter().all(asked)
    }

    /// Returns the file's introduction, unless there are questions.
    pub(super) fn introduction(&self) -> Option<&str> {
        self.about.as_deref().filter(|_| self.questions.is_empty())
    }

    /// Returns the path in the summary of the number by which the variants differ.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Drops all questions.
    pub fn drop_questions(&mut self) {
        self.questions.clear();
        self.votes.clear();
    }

    /// Returns the questions to be asked before a variant, by position.
    #[must_use]
    pub fn questions_before(&self, variant: usize) -> Vec<usize> {
        let is_due = |question: &Question| question.before == self.variants[variant].name;
        (0..self.questions.len())
            .filter(|number| is_due(&self.questions[*number]))
            .collect()
    }

    /// Returns all variants, in the order in which they are played.
    pub(super) fn variants(&self) -> &[Variant] {
        &self.variants
    }

    /// Returns the current variant.
    pub(super) fn variant(&self) -> &Variant {
        &self.variants[self.shown().variant]
    }

    /// Returns the scenario of the current variant.
    pub(super) fn scenario(&self) -> &Scenario {
        &self.variant().scenario
    }

    /// Returns the number of workers now, which interventions may have changed. Before they are forked and
    /// after they have ended, returns the number of the scenario.
    pub(super) fn workers(&self) -> usize {
        let workers = self.show.picture.workers.iter();
        match workers.filter(|it| it.doing != WorkerState::Gone).count() {
            0 => self.scenario().server.workers,
            there => there,
        }
    }

    /// Returns the settings of the current variant.
    pub(super) fn facts(&self) -> Vec<Fact> {
        facts(self.scenario())
    }

    /// Returns the differences from the variant before: (name, old value, new value). `None` for the first.
    pub(super) fn changes(&self) -> Option<Vec<(String, String, String)>> {
        changes_at(&self.variants, self.shown().variant)
    }

    /// Returns the hint at what to watch in the current variant.
    pub(super) fn watch_hint(&self) -> String {
        let changes = self.changes().unwrap_or_default();
        let only_change = match changes.as_slice() {
            [(what, ..)] => Some(what.as_str()),
            _ => None,
        };
        watch_hint(self.scenario(), self.cores, only_change)
    }

    /// Returns the sentences of the caption.
    pub(super) fn caption(&self) -> &[String] {
        &self.shown().caption
    }

    /// Returns a note: that nothing is counted, or that the run is in doubt.
    pub(super) fn note(&self) -> Option<String> {
        let picture = &self.shown().picture;
        let doubt = picture.doubts.first();
        let doubt = doubt.map(|doubt| {
            let grade = match picture.trust {
                Trust::Ok | Trust::Rough => "is rough",
                Trust::ProvesNothing => "proves nothing",
            };
            format!("The run {grade}, since {}.", doubt.sentence)
        });
        let stage = caption::stage_in_words(picture);
        if let Some(text) = self.key_message() {
            return Some(text);
        }
        // An intervention is no news once the run is over.
        let goes_on = picture.stage != Stage::Done;
        if let Some(caption) = self
            .shown()
            .intervention_caption
            .clone()
            .filter(|_| goes_on)
        {
            return Some(caption);
        }
        if picture.stage == Stage::WarmUp {
            stage
        } else {
            doubt.or(stage)
        }
    }

    /// Returns the message of the last key, or the offer for the next one. It comes before every other
    /// message, because it answers the user.
    pub(super) fn key_message(&self) -> Option<String> {
        if self.fault_comes && self.is_live() {
            return Some(Hog::offer(self.scenario()));
        }
        self.reply.clone()
    }

    /// True if the variant before differed in nothing but the kind of its workers.
    pub(super) fn has_the_same_processes(&self) -> bool {
        let changes = self.changes().unwrap_or_default();
        matches!(changes.as_slice(), [(what, ..)] if what == "kind")
    }
}

fn changes_at(variants: &[Variant], at: usize) -> Option<Vec<(String, String, String)>> {
    let before = &variants[at.checked_sub(1)?].scenario;
    Some(changes(before, &variants[at].scenario))
}
