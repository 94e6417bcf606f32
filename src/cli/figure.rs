//! `concsim figure`: a picture of kept runs, and the data that it is drawn from.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;

use super::shelf;
use crate::figure::{self, Kind, Look, Play, Refused, Table, png};
use crate::palette::Theme;
use crate::recording::kept::{self, Kept};

/// Draws a figure of kept runs, with its data beside it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim figure who-runs last -o who-runs.svg\n         concsim figure boxes last --theme dark -o boxes.png\n         concsim figure list"
)]
pub struct Args {
    /// What it shows; `list` says what there is
    #[arg(value_name = "KIND", value_parser = what())]
    what: What,
    /// The folders of kept runs, or `last`
    #[arg(value_name = "DIR|last")]
    runs: Vec<PathBuf>,
    /// Draw it again from the data that was written beside a figure
    #[arg(long, value_name = "CSV", conflicts_with = "runs")]
    from: Option<PathBuf>,
    /// The file, .svg or .png; its data are written beside it, as .csv. Without, SVG on standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// In user units: 720 for a blog's column, 360 for a phone
    #[arg(long, default_value_t = 720, value_parser = clap::value_parser!(u32).range(320..=2000))]
    width: u32,
    /// For light pages, dark ones, or as the reader has it
    #[arg(long, value_enum, default_value = "auto")]
    theme: Theme,
    /// What it claims; by default the title of the scenario
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Words beneath the title; may be repeated
    #[arg(long, value_name = "TEXT")]
    annotate: Vec<String>,
}

/// A kind of figure, or the list of them.
#[derive(Clone, Copy, Debug)]
enum What {
    List,
    Figure(Kind),
}

fn what() -> impl clap::builder::TypedValueParser<Value = What> {
    let names = Kind::ALL.map(Kind::name);
    PossibleValuesParser::new(names.into_iter().chain(["list"])).map(|name| {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        kind.map_or(What::List, What::Figure)
    })
}

/// Draws it, or lists what there is.
///
/// # Errors
/// When a run cannot be read, has nothing of what the figure shows, or a file cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let What::Figure(kind) = args.what else {
        return list();
    };
    let mut table = match &args.from {
        Some(path) => shipped(kind, path)?,
        None => of_runs(kind, &args.runs)?,
    };
    if let Some(title) = &args.title {
        table.title.clone_from(title);
    }
    let look = Look {
        width: args.width,
        theme: args.theme,
        notes: args.annotate.clone(),
        is_in_page: false,
    };
    write(&table, &look, args.output.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

fn list() -> anyhow::Result<ExitCode> {
    let mut output = io::stdout();
    for kind in Kind::ALL {
        writeln!(output, "{:<12} {}", kind.name(), kind.says())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn shipped(kind: Kind, path: &Path) -> anyhow::Result<Table> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| name.to_string())?;
    let table = Table::from_csv(&text).with_context(|| name.to_string())?;
    if table.kind != kind {
        bail!(
            "{name} is the data of `{}`, not of `{}`",
            table.kind.name(),
            kind.name()
        );
    }
    Ok(table)
}

fn of_runs(kind: Kind, folders: &[PathBuf]) -> anyhow::Result<Table> {
    if folders.is_empty() {
        bail!("of which run? Name the folder of a kept run, or `last`");
    }
    let open = |folder: &PathBuf| Ok(kept::open(&shelf::find(folder)?)?);
    let kept: Vec<Kept> = folders.iter().map(open).collect::<anyhow::Result<_>>()?;
    for (file, tear) in kept.iter().flat_map(|kept| &kept.torn) {
        eprintln!("concsim: {}: {tear}", file.display());
    }
    Ok(of_one_kind(kind, &kept)?)
}

/// What a kind of figure shows of these runs.
pub(super) fn of_one_kind(kind: Kind, kept: &[Kept]) -> Result<Table, Refused> {
    let is_one_of_many = kept.len() > 1;
    let play = |kept| Play {
        kept,
        is_one_of_many,
    };
    let plays: Vec<Play<'_>> = kept.iter().map(play).collect();
    figure::table(kind, &plays)
}

/// The picture, and its data beside it.
fn write(table: &Table, look: &Look, output: Option<&Path>) -> anyhow::Result<()> {
    let svg = figure::draw(table, look);
    let Some(path) = output.filter(|path| *path != Path::new("-")) else {
        return Ok(io::stdout().write_all(svg.as_bytes())?);
    };
    let picture = match path.extension().and_then(|it| it.to_str()) {
        Some("svg") => svg.into_bytes(),
        Some("png") => png::of_svg(&svg)?,
        _ => bail!("{}: a figure is written as .svg or .png", path.display()),
    };
    let data = path.with_extension("csv");
    for (path, content) in [
        (path, picture.as_slice()),
        (&data, table.to_csv().as_bytes()),
    ] {
        fs::write(path, content).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
