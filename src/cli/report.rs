//! `concsim report`: the story of kept runs as one file that one can send.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use super::figure::Found;
use super::shelf;
use super::talk;
use crate::figure::{self, Kind, Look, Table, table};
use crate::palette::Theme;
use crate::recording::kept::{self, Kept};
use crate::recording::summary::{Summary, summarise};
use crate::report::page::{Figure, Page, Play, page};
use crate::scenario::Plan;

/// Writes a page about kept runs: what came out, why, whether to believe it, figures and data.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim report last -o report.html\n         concsim report monday tuesday --title 'Twice the same' -o both.html"
)]
pub struct Args {
    /// The folders of kept runs, or `last`
    #[arg(value_name = "DIR|last", required = true)]
    runs: Vec<PathBuf>,
    /// The file. Without, standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What it is called; by default the title of the scenario, or the names of several
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

/// Writes it.
///
/// # Errors
/// When a run cannot be read, or the file cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let open = |folder: &PathBuf| {
        let folder = shelf::find(folder)?;
        Ok((kept::open(&folder)?, folder))
    };
    let found = Found {
        kept: args.runs.iter().map(open).collect::<anyhow::Result<_>>()?,
        ..Found::default()
    };
    let plans = found.kept.iter().map(|(kept, _)| &kept.plan);
    let title = match (&args.title, plans.clone().next()) {
        (Some(title), _) => title.clone(),
        (None, Some(only)) if found.kept.len() == 1 => only.title.clone(),
        (None, _) => plans.map(Plan::name).collect::<Vec<_>>().join(", "),
    };
    let text = page(&Page {
        title: &title,
        version: env!("CARGO_PKG_VERSION"),
        plays: found
            .names()
            .into_iter()
            .zip(&found.kept)
            .map(|(name, (kept, _))| play(name, kept))
            .collect(),
        figures: figures(&found),
        figure_sheet: figure::sheet(Theme::Auto),
    });
    match &args.output {
        Some(path) => fs::write(path, text).with_context(|| path.display().to_string())?,
        None => talk::print(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// One run, with what is to be said of its files.
fn play(name: String, kept: &Kept) -> Play<'_> {
    let runs: Vec<_> = kept.recordings.iter().map(summarise).collect();
    let machine = kept.recordings[0].header.machine.clone(); // there is no kept run without
    let torn = kept
        .torn
        .iter()
        .map(|(file, tear)| format!("{}: {tear}", file.display()));
    let missing = kept
        .missing
        .iter()
        .map(|name| format!("{name}: nothing of it could be read"));
    Play {
        name,
        plan: &kept.plan,
        summary: Summary::of(&kept.plan, machine, runs),
        losses: torn.chain(missing).collect(),
    }
}

/// All kinds of figures of which there is something in the runs.
fn figures(found: &Found) -> Vec<Figure> {
    let material = found.material();
    let all = Kind::ALL.into_iter();
    all.filter_map(|kind| Some(drawn(kind, &figure::table(kind, &material).ok()?)))
        .collect()
}

fn drawn(kind: Kind, table: &Table) -> Figure {
    let svg = |width| {
        figure::draw(
            table,
            &Look {
                width,
                theme: Theme::Auto,
                notes: Vec::new(),
                is_in_page: true,
            },
        )
    };
    Figure {
        name: kind.name(),
        says: kind.says(),
        svgs: [svg(720), svg(340)],
        heads: table::COLUMNS.map(Into::into).to_vec(),
        rows: table.rows.iter().map(|row| row.cells().to_vec()).collect(),
        csv: table.to_csv(),
    }
}
