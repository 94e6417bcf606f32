//! Figures: from recordings to a table, and from a table to a finished picture.
//!
//! ```text
//!   recordings ─▶ rows ─▶ Table ⇄ CSV
//!                           └───▶ SVG ─▶ PNG
//! ```
//!
//! A picture is drawn from its table alone, so the data are sufficient to draw it again. The same table and
//! the same look give the same bytes. Measured, simulated and computed data have the same marks in all kinds:
//! filled marks and full lines, hollow marks and dashes, dots.

mod boxes;
mod breakdown;
mod canvas;
mod caveat;
mod claim;
mod cohort;
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
mod memory;
mod open_closed;
mod parity;
mod payoff;
mod percentiles;
mod place;
pub mod png;
pub mod predictions;
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

use self::caveat::{FAILED, RunWithBrokenClaims};
use self::predictions::StoredPredictions;
use self::sweep::Sweep;
use self::table::{Row, distinct};
use concsim_model::palette::Theme;
use concsim_model::words::counted;
use concsim_record::storage::StoredRun;
use concsim_record::summary::Summary;
use concsim_record::{Recording, RunView, summary_of};

/// Declares the kinds of figures: [`Kind`] and its definitions, both in the order of lists.
macro_rules! kinds {
    ($($(#[$documentation:meta])* $kind:ident => $file:ident,)*) => {
        /// Kind of a figure.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$documentation])* $kind,)*
        }

        /// Definitions of all kinds, in the order of the enum.
        static SPECS: [&FigureSpec; Kind::ALL.len()] = [$(&$file::RECIPE),*];

        impl Kind {
            /// All kinds, in the order of the list.
            pub const ALL: [Self; [$(stringify!($kind)),*].len()] = [$(Self::$kind),*];
        }
    };
}

// The command line, its help, `--from` and the gallery read this table. A kind is one line here and a file.
kinds! {
    /// Activity of each request over time, above the lanes of the cores.
    WhoRuns => who_runs,
    /// Concurrency and parallelism, with their limits.
    Boxes => boxes,
    /// Gain of coroutines over sync workers, by share of waiting.
    Payoff => payoff,
    /// Latency by percentile, on a scale for the tail.
    Percentiles => percentiles,
    /// Mean latency by component.
    Breakdown => breakdown,
    /// Number of requests by due time and latency.
    Heatmap => heatmap,
    /// Usage of each core over time.
    Utilisation => utilisation,
    /// Requests at the door, begun and ready over time.
    Queues => queues,
    /// Memory of the server, private and shared.
    Memory => memory,
    /// Throughput against number of workers.
    Workers => workers,
    /// Latency against offered load, through saturation.
    HockeyStick => hockey_stick,
    /// Speed-up against number of cores.
    WhatIf => what_if,
    /// Latency with an open and a closed load.
    OpenClosed => open_closed,
    /// Relative error of the simulation.
    Parity => parity,
}

/// Definition of a kind of figure.
struct FigureSpec {
    /// Name on the command line.
    name: &'static str,
    /// Description in one line.
    description: &'static str,
    /// Kind of input.
    of: InputKind,
    /// Help if the input is missing.
    needs: &'static str,
    /// Function from inputs to rows.
    rows: fn(&Inputs<'_>) -> Result<Extracted, Refused>,
    /// Function from a table to SVG.
    draw: fn(&Table, &Look) -> String,
}

/// Kind of input for a figure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum InputKind {
    /// Stored runs only.
    Runs,
    /// Sweeps, or several runs.
    Points,
    /// Predictions, or runs of both engines.
    Predictions,
}

impl Kind {
    fn recipe(self) -> &'static FigureSpec {
        SPECS[self as usize]
    }

    /// Returns the kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.recipe().name
    }

    /// Returns the description in one line.
    #[must_use]
    pub fn description(self) -> &'static str {
        self.recipe().description
    }

    /// True if its numbers are those of all repeats of a run; any other shows requests of the first.
    fn is_of_all_repeats(self) -> bool {
        match self {
            Self::Boxes
            | Self::Payoff
            | Self::Breakdown
            | Self::Workers
            | Self::HockeyStick
            | Self::WhatIf
            | Self::Parity => true,
            Self::WhoRuns
            | Self::Percentiles
            | Self::Heatmap
            | Self::Utilisation
            | Self::Queues
            | Self::Memory
            | Self::OpenClosed => false,
        }
    }

    /// Returns the kind of input and the commands that produce it, in one line.
    #[must_use]
    pub fn needs(self) -> &'static str {
        self.recipe().needs
    }
}

/// Inputs of a figure.
#[derive(Clone, Debug, Default)]
pub struct Inputs<'a> {
    /// Stored runs.
    pub plays: Vec<Play<'a>>,
    /// Sweeps.
    pub sweeps: Vec<Sweep>,
    /// Predictions, from files.
    pub predictions: Vec<StoredPredictions>,
}

/// A stored run, with its name in a figure.
#[derive(Clone, Debug)]
pub struct Play<'a> {
    /// The run.
    pub kept: &'a StoredRun,
    /// Name that distinguishes it from the other runs of the figure; empty for a single run.
    pub called: String,
    /// Its variants, each with the summary that all parts of a figure share.
    views: Vec<RunView<'a>>,
    /// Summary of all repeats, if there are several.
    repeated: Option<Summary>,
}

impl<'a> Play<'a> {
    /// Returns a stored run under a name.
    #[must_use]
    pub fn of(kept: &'a StoredRun, called: String) -> Self {
        Self {
            kept,
            called,
            views: kept.views(),
            repeated: None,
        }
    }

    /// Returns a stored run whose numbers are those of all its repeats.
    #[must_use]
    pub fn of_repeats(kept: &'a StoredRun, called: String, summary: Summary) -> Self {
        let runs = kept.recordings.iter().zip(&summary.runs);
        let view = |(recording, run): (&'a Recording, &concsim_record::summary::Run)| {
            RunView::of_repeats(&kept.plan, recording, run.clone())
        };
        Self {
            kept,
            called,
            views: runs.map(view).collect(),
            repeated: Some(summary),
        }
    }

    /// Describes what a kind of figure shows of repeats; [`None`] if the run was played once.
    fn repeats(&self, kind: Kind) -> Option<String> {
        let repeats = self.repeated.as_ref()?.repeats.as_ref()?;
        let count = counted(repeats.used as u64, "repeat");
        let of_all = match kind {
            Kind::Percentiles => {
                format!(
                    "the first of {count}; whiskers: intervals of 95 % of the percentiles of all"
                )
            }
            kind if kind.is_of_all_repeats() => format!("mean of {count}"),
            _ => format!("the first of {count}"),
        };
        let name = match self.called.as_str() {
            "" => String::new(),
            called => format!("{called}: "),
        };
        Some(format!("{name}{of_all}"))
    }

    /// Returns the summary of all variants.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let of_one = || summary_of(&self.kept.plan, &self.views);
        self.repeated.clone().unwrap_or_else(of_one)
    }

    /// Returns the name of the run in the figure.
    fn name(&self) -> &str {
        if self.called.is_empty() {
            self.kept.plan.name()
        } else {
            &self.called
        }
    }

    /// Returns the name of a variant in the figure.
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
    /// Returns all recordings, each with its name in the figure.
    fn recordings(&self) -> impl Iterator<Item = (String, &Recording)> {
        self.plays.iter().flat_map(|play| {
            let all = play.kept.recordings.iter();
            all.map(|recording| (play.name_of(recording), recording))
        })
    }

    /// Returns all variants with their summaries, each with its name in the figure.
    fn views(&self) -> impl Iterator<Item = (String, &RunView<'_>)> {
        self.plays.iter().flat_map(|play| {
            let all = play.views.iter();
            all.map(|view| (play.name_of(view.recording), view))
        })
    }

    /// True if the inputs include something that a kind of figure cannot use, or nothing that it can.
    fn has_unusable_input(&self, of: InputKind) -> bool {
        let [runs, sweeps, predictions] = [
            self.plays.is_empty(),
            self.sweeps.is_empty(),
            self.predictions.is_empty(),
        ]
        .map(|it| !it);
        match of {
            InputKind::Runs => sweeps || predictions || !runs,
            InputKind::Points => predictions || !(runs || sweeps),
            InputKind::Predictions => sweeps || !(runs || predictions),
        }
    }
}

/// Look of a figure.
#[derive(Clone, Debug)]
pub struct Look {
    /// Width in user units: 720 for the column of a blog, 360 for a phone.
    pub width: u32,
    /// Theme: light, dark, or the reader's preference.
    pub theme: Theme,
    /// Notes beneath the title.
    pub notes: Vec<String>,
    /// True if the figure is part of a page that has the [`sheet`] and shows tooltips.
    pub is_in_page: bool,
    /// Number of the figure among those of its kind on a page, from 0: keeps their identifiers distinct.
    pub place: usize,
}

/// Returns the style sheet of figures in a page.
#[must_use]
pub fn sheet(theme: Theme) -> String {
    style::sheet(theme, |_| true)
}

/// Reason why a figure cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The inputs contain no data to draw, for this reason.
    #[error("nothing to draw: {0}")]
    Nothing(Cow<'static, str>),
    /// The inputs are of the wrong kind.
    #[error("`{kind}` needs {needs}")]
    Needs {
        /// Kind of figure.
        kind: &'static str,
        /// Required input, and the commands that produce it.
        needs: &'static str,
    },
}

/// Data of a figure, extracted from its inputs.
#[derive(Debug, Default)]
struct Extracted {
    rows: Vec<Row>,
    /// Caveats of the data.
    caveats: Vec<String>,
    /// Counted window, in one line.
    counted: Option<String>,
    /// Title computed from the data, for inputs without a claim of their own; empty if there is none.
    claim: String,
}

impl Refused {
    /// Refuses inputs that cannot be drawn, for one reason.
    fn refuse_for_reason(reason: &'static str) -> Self {
        Self::Nothing(Cow::Borrowed(reason))
    }

    /// Refuses inputs for the reasons of each variant, or for `or_else` if no variant has one.
    fn refuse_for_reasons(reasons: &[String], or_else: &'static str) -> Self {
        if reasons.is_empty() {
            return Self::refuse_for_reason(or_else);
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

/// Extracts the table of a figure from its inputs.
///
/// # Errors
/// Fails if the inputs have no data for this kind.
pub fn table(kind: Kind, material: &Inputs<'_>) -> Result<Table, Refused> {
    let recipe = kind.recipe();
    let needs = || Refused::Needs {
        kind: recipe.name,
        needs: recipe.needs,
    };
    if material.has_unusable_input(recipe.of) {
        return Err(needs());
    }
    let taken = (recipe.rows)(material)?;
    if taken.rows.is_empty() {
        return Err(needs());
    }
    let judged: Vec<RunWithBrokenClaims<'_>> =
        material.plays.iter().map(RunWithBrokenClaims::of).collect();
    let (sweeps, predictions) = (material.sweeps.iter(), material.predictions.iter());
    let titles = judged.iter().map(RunWithBrokenClaims::title);
    let titles = titles.chain(sweeps.clone().map(|sweep| Some(sweep.title())));
    let titles: Vec<Option<String>> = titles
        .chain(predictions.clone().map(|it| Some(it.title.clone())))
        .collect();
    let is_one = titles.iter().all(|title| *title == titles[0]);
    // Files with different titles give the figure no title.
    let plays = material.plays.iter().map(|play| &play.kept.plan.title);
    let may_be_title = distinct(plays.map(String::as_str)).len() == 1;
    let is_sweep = sweeps.len() > 0;
    let provenance = material.plays.iter().map(|play| provenance(play.kept));
    let provenance = provenance.chain(sweeps.clone().map(|sweep| sweep.provenance.clone()));
    let without_title = judged.iter().filter(|_| may_be_title);
    let without_title = without_title.filter_map(RunWithBrokenClaims::without_title);
    let notes = judged.iter().filter_map(RunWithBrokenClaims::illustration);
    let repeats = material.plays.iter().filter_map(|play| play.repeats(kind));
    let notes: Vec<String> = notes.chain(without_title).chain(repeats).collect();
    let caveats = judged.iter().flat_map(RunWithBrokenClaims::caveats);
    let caveats = caveats.chain(sweeps.flat_map(|sweep| sweep.caveats.clone()));
    Ok(Table {
        kind,
        // The claim of one scenario is not the title of several. A sweep's claim is computed from its data.
        title: match titles.into_iter().next().flatten() {
            Some(title) if is_one && !is_sweep => title,
            _ if !taken.claim.is_empty() => taken.claim,
            Some(title) if is_one => title,
            _ => kind.description().to_owned(),
        },
        provenance: provenance
            .chain(predictions.map(|it| it.provenance.clone()))
            .collect(),
        caveats: without_echo(caveats.collect(), taken.caveats),
        notes: distinct(notes.iter().chain(&taken.counted).map(String::as_str))
            .into_iter()
            .map(str::to_owned)
            .collect(),
        rows: taken.rows,
    })
}

/// Removes caveats about failed requests if the figure has its own.
fn without_echo(mut caveats: Vec<String>, own: Vec<String>) -> Vec<String> {
    let says_of_failures = own.iter().any(|it| it.contains(" failed; "));
    caveats.retain(|it| !(says_of_failures && it.ends_with(FAILED)));
    caveats.extend(own);
    caveats
}

/// Returns the scenario, machine and version of a run.
fn provenance(kept: &StoredRun) -> String {
    let first = kept.recordings.first();
    first.map_or_else(
        || kept.plan.name().to_owned(),
        |recording| recording.header.provenance(&kept.plan),
    )
}

/// Draws the figure as SVG.
#[must_use]
pub fn draw(table: &Table, look: &Look) -> String {
    (table.kind.recipe().draw)(table, look)
}
