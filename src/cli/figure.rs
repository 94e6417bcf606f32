//! `concsim figure`: a picture of stored runs or of a sweep, and the data that it is drawn from.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;

use super::talk;
use concsim_driver::run_store;
use concsim_figure::foretold::Foretold;
use concsim_figure::sweep::Sweep;
use concsim_figure::table::CSV_BEGINS;
use concsim_figure::{Inputs, Kind, Look, Play, Table, png};
use concsim_model::palette::Theme;
use concsim_os::sys::files;
use concsim_record::storage::{self, StoredRun};

/// File of a sweep's rows.
const POINTS: &str = "points.jsonl";

/// Draws a figure of kept runs or of a sweep, with its data beside it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim figure who-runs last -o who-runs.svg\n         concsim figure boxes last --theme dark -o boxes.png\n         \
                  concsim sweep io_bound --over server.workers=1..16 --out w && concsim figure workers w -o workers.svg\n         \
                  concsim figure list"
)]
pub struct Args {
    /// Kind of figure; `list` names all kinds
    #[arg(value_name = "KIND", value_parser = what())]
    what: What,
    /// Folders of kept runs, or `last`; or of a sweep, or its points.csv; for `parity` also a file of
    /// `concsim parity --json`
    #[arg(value_name = "DIR|last")]
    named: Vec<PathBuf>,
    /// CSV file that was written beside a figure, from which it is drawn again
    #[arg(long, value_name = "CSV", conflicts_with = "named")]
    from: Option<PathBuf>,
    /// Output file, .svg or .png, with its data beside it as .csv; by default SVG on standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Width in user units: 720 for a blog's column, 360 for a phone
    #[arg(long, default_value_t = 720, value_parser = clap::value_parser!(u32).range(320..=2000))]
    width: u32,
    /// Colours for light pages, for dark ones, or by the reader's preference
    #[arg(long, value_enum, default_value = "auto")]
    theme: Theme,
    /// Title, the claim of the figure; by default that of the scenario
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Note beneath the title; repeatable
    #[arg(long, value_name = "TEXT")]
    annotate: Vec<String>,
}

/// A kind of figure, or the list of all kinds.
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

/// Draws a figure, or lists the kinds.
///
/// # Errors
/// A run that cannot be read or lacks the figure's data, or a file that cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let What::Figure(kind) = args.what else {
        return list();
    };
    let mut table = match &args.from {
        Some(path) => shipped(kind, path)?,
        None => of_what_is_named(kind, &args.named)?,
    };
    if let Some(title) = &args.title {
        table.title.clone_from(title);
    }
    let look = Look {
        width: args.width,
        theme: args.theme,
        notes: args.annotate.clone(),
        is_in_page: false,
        place: 0,
    };
    write(&table, &look, args.output.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

fn list() -> anyhow::Result<ExitCode> {
    let lines = Kind::ALL.map(|kind| {
        let (name, says, needs) = (kind.name(), kind.says(), kind.needs());
        format!("{name:<12} {says}\n{:<12} of {needs}\n", "")
    });
    talk::print(&lines.concat())?;
    Ok(ExitCode::SUCCESS)
}

fn shipped(kind: Kind, path: &Path) -> anyhow::Result<Table> {
    let name = path.display();
    let text = read(path)?;
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

fn of_what_is_named(kind: Kind, named: &[PathBuf]) -> anyhow::Result<Table> {
    if named.is_empty() {
        bail!(
            "no run is named: `{}` is made of {}",
            kind.name(),
            kind.needs()
        );
    }
    let mut found = Found::default();
    for path in named {
        found.open(kind, path)?;
    }
    for (file, tear) in found.kept.iter().flat_map(|(kept, _)| &kept.torn) {
        talk::say(format_args!("{}: {tear}", file.display()));
    }
    Ok(concsim_figure::table(kind, &found.material())?)
}

/// Content of the paths of a command line.
#[derive(Default)]
pub(super) struct Found {
    /// Stored runs, with their folders.
    pub(super) kept: Vec<(StoredRun, PathBuf)>,
    pub(super) sweeps: Vec<Sweep>,
    pub(super) foretold: Vec<Foretold>,
}

impl Found {
    /// Detects the folder of a run, that of a sweep, its files, and predictions.
    fn open(&mut self, kind: Kind, path: &Path) -> anyhow::Result<()> {
        let path = run_store::find(path)?;
        let name = path.display();
        let ending = path.extension().and_then(|it| it.to_str());
        let points = if path.is_dir() {
            path.join(POINTS)
        } else {
            path.with_file_name(POINTS)
        };
        let is_of_a_sweep = path.is_dir() || matches!(ending, Some("csv" | "jsonl"));
        if is_of_a_sweep && points.is_file() {
            let text = read(&points)?;
            let sweep = Sweep::read(&text).with_context(|| points.display().to_string())?;
            self.sweeps.push(sweep);
            return Ok(());
        }
        if path.is_file() && ending == Some("json") {
            let foretold = Foretold::read(&read(&path)?).with_context(|| name.to_string())?;
            self.foretold.push(foretold);
            return Ok(());
        }
        // A run that was played with --predict has its predictions in its summary.
        let summary = path.join("summary.json");
        if kind == Kind::Parity
            && summary.is_file()
            && let Ok(foretold) = Foretold::read(&read(&summary)?)
        {
            self.foretold.push(foretold);
            return Ok(());
        }
        self.kept.push((storage::open(&path)?, path));
        Ok(())
    }

    /// Returns names that distinguish the runs; empty for a single run.
    pub(super) fn names(&self) -> Vec<String> {
        names(&self.kept)
    }

    pub(super) fn material(&self) -> Inputs<'_> {
        let names = self.names();
        let plays = self.kept.iter().zip(names);
        Inputs {
            plays: plays
                .map(|((kept, _), called)| Play { kept, called })
                .collect(),
            sweeps: self.sweeps.clone(),
            foretold: self.foretold.clone(),
        }
    }
}

/// Returns names that distinguish the runs: their scenarios, or where these are the same, their folders.
fn names(kept: &[(StoredRun, PathBuf)]) -> Vec<String> {
    if kept.len() < 2 {
        return vec![String::new(); kept.len()];
    }
    let scenarios: Vec<String> = kept
        .iter()
        .map(|(it, _)| it.plan.name().to_owned())
        .collect();
    let folder = |path: &Path| path.file_name().map(|it| it.to_string_lossy().into_owned());
    let named = kept.iter().zip(&scenarios).map(|((_, path), scenario)| {
        let is_alone = scenarios.iter().filter(|it| *it == scenario).count() == 1;
        let folder = folder(path).filter(|_| !is_alone);
        folder.unwrap_or_else(|| scenario.clone())
    });
    let named: Vec<String> = named.collect();
    let earlier = |place: usize| {
        named[..place]
            .iter()
            .filter(|it| **it == named[place])
            .count()
    };
    (0..named.len())
        .map(|place| match earlier(place) {
            0 => named[place].clone(),
            number => format!("{} ({})", named[place], number + 1),
        })
        .collect()
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Writes the picture, and its data beside it.
fn write(table: &Table, look: &Look, output: Option<&Path>) -> anyhow::Result<()> {
    let svg = concsim_figure::draw(table, look);
    let Some(path) = output.filter(|path| *path != Path::new("-")) else {
        return Ok(talk::print(&svg)?);
    };
    let picture = match path.extension().and_then(|it| it.to_str()) {
        Some("svg") => svg.into_bytes(),
        Some("png") => png::of_svg(&svg)?,
        _ => bail!("{}: a figure is written as .svg or .png", path.display()),
    };
    let data = path.with_extension("csv");
    if is_foreign_data(&data) {
        bail!(
            "{} is there, and is not the data of a figure: draw to another name than {}",
            data.display(),
            path.display()
        );
    }
    for (path, content) in [
        (path, picture.as_slice()),
        (&data, table.to_csv().as_bytes()),
    ] {
        files::write_whole(path, content).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// True if `data` exists and is not the data of a figure. The command line does not name this file, so it
/// must not be overwritten.
pub(super) fn is_foreign_data(data: &Path) -> bool {
    let mut begin = Vec::new();
    match File::open(data) {
        Ok(file) => {
            let read = file.take(CSV_BEGINS.len() as u64).read_to_end(&mut begin);
            read.is_err() || begin != CSV_BEGINS.as_bytes()
        }
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}
