//! Figures: from recordings to a table, and from a table to a picture that needs no touching up.
//!
//! ```text
//!   recordings ─▶ rows ─▶ Table ⇄ CSV
//!                           └───▶ SVG ─▶ PNG
//! ```
//!
//! A picture is drawn from its table alone, so whoever has the data has the figure. The same table and
//! the same look give the same bytes. What is measured, simulated and computed is told apart in the same
//! way in all kinds: filled marks and full lines, hollow marks and dashes, dots.

mod boxes;
mod breakdown;
mod canvas;
mod caveat;
mod claim;
mod cohort;
pub mod foretold;
#[cfg(test)]
mod gallery;
mod hatch;
mod heatmap;
mod hockey_stick;
#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod legible;
mod lines;
mod mark;
mod open_closed;
mod parity;
mod payoff;
mod percentiles;
mod place;
pub mod png;
mod queues;
mod run_phases;
mod scale;
mod style;
mod svg;
pub mod sweep;
pub mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod truth;
mod utilisation;
mod what_if;
mod who_runs;
mod workers;

pub use table::Table;

use std::borrow::Cow;

use self::caveat::{FAILED, Told};
use self::foretold::Foretold;
use self::sweep::Sweep;
use self::table::{Row, distinct};
use concsim_model::palette::Theme;
use concsim_record::Recording;
use concsim_record::storage::StoredRun;

/// What a figure can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Who runs when.
    WhoRuns,
    /// Concurrency and parallelism, and their ceilings.
    Boxes,
    /// What coroutines pay.
    Payoff,
    /// How long all but the slowest take.
    Percentiles,
    /// Where the time goes.
    Breakdown,
    /// When how many took how long.
    Heatmap,
    /// Who used each core.
    Utilisation,
    /// Who waits where.
    Queues,
    /// What more workers bring.
    Workers,
    /// What more load does.
    HockeyStick,
    /// What more cores bring.
    WhatIf,
    /// What it does to measure with clients that wait.
    OpenClosed,
    /// How far off the simulation is.
    Parity,
}

/// How a kind of figure is made.
struct FigureSpec {
    /// The word for it, on the command line.
    name: &'static str,
    /// What it shows, in a line.
    says: &'static str,
    /// What it is made of.
    of: InputKind,
    /// What to do where there is nothing of that.
    needs: &'static str,
    /// From what is given to what is drawn.
    rows: fn(&Inputs<'_>) -> Result<Extracted, Refused>,
    /// From what is drawn to SVG.
    draw: fn(&Table, &Look) -> String,
}

/// What a figure is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum InputKind {
    /// Kept runs alone.
    Runs,
    /// Sweeps, or several runs.
    Points,
    /// Predictions, or runs of both engines.
    Predictions,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::WhoRuns,
        Self::Boxes,
        Self::Payoff,
        Self::Percentiles,
        Self::Breakdown,
        Self::Heatmap,
        Self::Utilisation,
        Self::Queues,
        Self::Workers,
        Self::HockeyStick,
        Self::WhatIf,
        Self::OpenClosed,
        Self::Parity,
    ];

    fn recipe(self) -> &'static FigureSpec {
        match self {
            Self::WhoRuns => &who_runs::RECIPE,
            Self::Boxes => &boxes::RECIPE,
            Self::Payoff => &payoff::RECIPE,
            Self::Percentiles => &percentiles::RECIPE,
            Self::Breakdown => &breakdown::RECIPE,
            Self::Heatmap => &heatmap::RECIPE,
            Self::Utilisation => &utilisation::RECIPE,
            Self::Queues => &queues::RECIPE,
            Self::Workers => &workers::RECIPE,
            Self::HockeyStick => &hockey_stick::RECIPE,
            Self::WhatIf => &what_if::RECIPE,
            Self::OpenClosed => &open_closed::RECIPE,
            Self::Parity => &parity::RECIPE,
        }
    }

    /// The word for it, on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.recipe().name
    }

    /// What it shows, in a line.
    #[must_use]
    pub fn says(self) -> &'static str {
        self.recipe().says
    }

    /// What it is made of, and how to get that, in a line.
    #[must_use]
    pub fn needs(self) -> &'static str {
        self.recipe().needs
    }
}

/// What is given to make a figure of.
#[derive(Clone, Debug, Default)]
pub struct Inputs<'a> {
    /// Kept runs.
    pub plays: Vec<Play<'a>>,
    /// Sweeps.
    pub sweeps: Vec<Sweep>,
    /// Predictions, from files.
    pub foretold: Vec<Foretold>,
}

/// A kept run, and how it is called among those of a figure.
#[derive(Clone, Debug)]
pub struct Play<'a> {
    /// The run.
    pub kept: &'a StoredRun,
    /// What tells it from the other runs of the figure. Empty: it is the only one.
    pub called: String,
}

impl Play<'_> {
    /// The name of the run in the figure.
    fn name(&self) -> &str {
        if self.called.is_empty() {
            self.kept.plan.name()
        } else {
            &self.called
        }
    }

    /// The name of a variant in the figure.
    fn name_of(&self, recording: &Recording) -> String {
        let variant = &recording.header.variant;
        if self.called.is_empty() {
            variant.clone()
        } else {
            format!("{} {variant}", self.called)
        }
    }
}

impl Inputs<'_> {
    /// All recordings, each with its name in the figure.
    fn recordings(&self) -> impl Iterator<Item = (String, &Recording)> {
        self.plays.iter().flat_map(|play| {
            let all = play.kept.recordings.iter();
            all.map(|recording| (play.name_of(recording), recording))
        })
    }

    /// Whether there is something of what a kind of figure cannot use, or nothing that it can.
    fn is_none_for(&self, of: InputKind) -> bool {
        let [runs, sweeps, foretold] = [
            self.plays.is_empty(),
            self.sweeps.is_empty(),
            self.foretold.is_empty(),
        ]
        .map(|it| !it);
        match of {
            InputKind::Runs => sweeps || foretold || !runs,
            InputKind::Points => foretold || !(runs || sweeps),
            InputKind::Predictions => sweeps || !(runs || foretold),
        }
    }
}

/// How a figure looks.
#[derive(Clone, Debug)]
pub struct Look {
    /// In user units: 720 for the column of a blog, 360 for a phone.
    pub width: u32,
    /// For light pages, dark ones, or as the reader has it.
    pub theme: Theme,
    /// Words that stand beneath the title.
    pub notes: Vec<String>,
    /// It stands in a page that has the [`sheet`] and shows what a mark says when the pointer is on it.
    pub is_in_page: bool,
    /// Number of the figure among those of its kind on a page, from 0: keeps their identifiers apart.
    pub place: usize,
}

/// The style sheet of figures that stand in a page.
#[must_use]
pub fn sheet(theme: Theme) -> String {
    style::sheet(theme)
}

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is nothing to draw.
    #[error("there is nothing to draw: {0}")]
    Nothing(Cow<'static, str>),
    /// It was given something else than it is made of.
    #[error("`{kind}` is made of {needs}")]
    Needs {
        /// The kind of figure.
        kind: &'static str,
        /// What of, and how to get it.
        needs: &'static str,
    },
}

/// What a figure shows of what it was given.
#[derive(Debug, Default)]
struct Extracted {
    rows: Vec<Row>,
    /// What has to be said besides.
    caveats: Vec<String>,
    /// The counted window, in a line.
    counted: Option<String>,
    /// Title computed from the data, for inputs that claim nothing themselves. Empty: none.
    claim: String,
}

impl Refused {
    /// Nothing of what was given can be drawn, for one reason.
    fn nothing(reason: &'static str) -> Self {
        Self::Nothing(Cow::Borrowed(reason))
    }

    /// The same for the reasons of each variant, or for this one where no variant has its own.
    fn nothing_of(reasons: &[String], or_else: &'static str) -> Self {
        if reasons.is_empty() {
            return Self::nothing(or_else);
        }
        Self::Nothing(Cow::Owned(reasons.join("; ")))
    }
}

impl From<Vec<Row>> for Extracted {
    fn from(rows: Vec<Row>) -> Self {
        Self {
            rows,
            ..Self::default()
        }
    }
}

/// Takes from what is given what a figure shows.
///
/// # Errors
/// When there is nothing of it in there.
pub fn table(kind: Kind, material: &Inputs<'_>) -> Result<Table, Refused> {
    let recipe = kind.recipe();
    let needs = || Refused::Needs {
        kind: recipe.name,
        needs: recipe.needs,
    };
    if material.is_none_for(recipe.of) {
        return Err(needs());
    }
    let taken = (recipe.rows)(material)?;
    if taken.rows.is_empty() {
        return Err(needs());
    }
    let told: Vec<Told<'_>> = material.plays.iter().map(Told::of).collect();
    let (sweeps, foretold) = (material.sweeps.iter(), material.foretold.iter());
    let titles = told.iter().map(Told::title);
    let titles = titles.chain(sweeps.clone().map(|sweep| Some(sweep.title())));
    let titles: Vec<Option<String>> = titles
        .chain(foretold.clone().map(|it| Some(it.title.clone())))
        .collect();
    let is_one = titles.iter().all(|title| *title == titles[0]);
    // Files of several titles give the figure none.
    let plays = material.plays.iter().map(|play| &play.kept.plan.title);
    let may_be_title = distinct(plays.map(String::as_str)).len() == 1;
    let is_sweep = sweeps.len() > 0;
    let provenance = material.plays.iter().map(|play| provenance(play.kept));
    let provenance = provenance.chain(sweeps.clone().map(|sweep| sweep.provenance.clone()));
    let without_title = told.iter().filter(|_| may_be_title);
    let without_title = without_title.filter_map(Told::without_title);
    let notes = told.iter().filter_map(Told::illustration);
    let notes: Vec<String> = notes.chain(without_title).collect();
    let caveats = told.iter().flat_map(Told::caveats);
    let caveats = caveats.chain(sweeps.flat_map(|sweep| sweep.caveats.clone()));
    Ok(Table {
        kind,
        // What one scenario claims is not the title of several. A sweep claims what its data show.
        title: match titles.into_iter().next().flatten() {
            Some(title) if is_one && !is_sweep => title,
            _ if !taken.claim.is_empty() => taken.claim,
            Some(title) if is_one => title,
            _ => kind.says().to_owned(),
        },
        provenance: provenance
            .chain(foretold.map(|it| it.provenance.clone()))
            .collect(),
        caveats: without_echo(caveats.collect(), taken.caveats),
        notes: distinct(notes.iter().chain(&taken.counted).map(String::as_str))
            .into_iter()
            .map(str::to_owned)
            .collect(),
        rows: taken.rows,
    })
}

/// What kinds of figures say of failures themselves is not said twice.
fn without_echo(mut caveats: Vec<String>, own: Vec<String>) -> Vec<String> {
    let says_of_failures = own.iter().any(|it| it.contains(" failed; "));
    caveats.retain(|it| !(says_of_failures && it.ends_with(FAILED)));
    caveats.extend(own);
    caveats
}

/// What was played, where and by which version.
fn provenance(kept: &StoredRun) -> String {
    let first = kept.recordings.first();
    first.map_or_else(
        || kept.plan.name().to_owned(),
        |recording| recording.header.provenance(&kept.plan),
    )
}

/// The figure as SVG.
#[must_use]
pub fn draw(table: &Table, look: &Look) -> String {
    (table.kind.recipe().draw)(table, look)
}
