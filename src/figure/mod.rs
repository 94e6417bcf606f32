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
mod mark;
mod paper;
mod payoff;
pub mod png;
mod scale;
mod style;
mod svg;
pub mod table;
#[cfg(test)]
mod tests;
mod who_runs;

pub use table::Table;

use crate::palette::Theme;
use crate::recording::Recording;
use crate::recording::kept::Kept;
use crate::recording::summary::summarise;
use crate::recording::trust::Trust;

/// What a figure can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Who runs when.
    WhoRuns,
    /// Concurrency and parallelism, and their ceilings.
    Boxes,
    /// What coroutines pay.
    Payoff,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::WhoRuns, Self::Boxes, Self::Payoff];

    /// The word for it, on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WhoRuns => "who-runs",
            Self::Boxes => "boxes",
            Self::Payoff => "payoff",
        }
    }

    /// What it shows, in a line.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::WhoRuns => {
                "Who runs when: each request from its sending to its end, and who had the cores"
            }
            Self::Boxes => {
                "Coroutines make the box taller, processes make it wider; the mark is what came out"
            }
            Self::Payoff => "Coroutines pay exactly as much as a request waits",
        }
    }
}

/// A kept run, and how it is called among those of a figure.
#[derive(Clone, Copy, Debug)]
pub struct Play<'a> {
    /// The run.
    pub kept: &'a Kept,
    /// Several runs are in the figure, so that a variant's name alone does not say which one.
    pub is_one_of_many: bool,
}

impl Play<'_> {
    /// The name of a variant in the figure.
    fn name_of(&self, recording: &Recording) -> String {
        let variant = &recording.header.variant;
        if self.is_one_of_many {
            format!("{} {variant}", self.kept.plan.name())
        } else {
            variant.clone()
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
    Nothing(&'static str),
}

/// Takes from kept runs what a figure shows.
///
/// # Errors
/// When there is nothing of it in them.
pub fn table(kind: Kind, plays: &[Play<'_>]) -> Result<Table, Refused> {
    let rows = match kind {
        Kind::WhoRuns => who_runs::rows(plays),
        Kind::Boxes => boxes::rows(plays),
        Kind::Payoff => payoff::rows(plays),
    }?;
    let titles: Vec<&str> = plays
        .iter()
        .map(|play| play.kept.plan.title.as_str())
        .collect();
    Ok(Table {
        kind,
        title: titles.first().copied().unwrap_or_default().to_owned(),
        provenance: plays.iter().map(|play| provenance(play.kept)).collect(),
        caveats: plays.iter().flat_map(caveats).collect(),
        rows,
    })
}

/// What was played, where and by which version.
fn provenance(kept: &Kept) -> String {
    let first = kept.recordings.first();
    first.map_or_else(
        || kept.plan.name().to_owned(),
        |recording| recording.header.provenance(&kept.plan),
    )
}

/// Why a run may not be believed.
fn caveats(play: &Play<'_>) -> Vec<String> {
    let of = |recording: &Recording| {
        let run = summarise(recording);
        let name = play.name_of(recording);
        let why = run
            .because
            .first()
            .map(|reason| reason.sentence.as_str())
            .unwrap_or_default();
        let doubt =
            (run.trust != Trust::Ok).then(|| format!("{name}: {}; {why}", run.trust.words()));
        let cut = run.interrupted.then(|| format!("{name} was interrupted"));
        doubt.into_iter().chain(cut)
    };
    play.kept.recordings.iter().flat_map(of).collect()
}

/// The figure as SVG.
#[must_use]
pub fn draw(table: &Table, look: &Look) -> String {
    match table.kind {
        Kind::WhoRuns => who_runs::draw(table, look),
        Kind::Boxes => boxes::draw(table, look),
        Kind::Payoff => payoff::draw(table, look),
    }
}
