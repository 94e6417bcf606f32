//! `concsim figure`: a picture of stored runs or of a sweep, and the data that it is drawn from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;

use super::talk;
use concsim_figure::{Kind, Look, Table, png};
use concsim_lab::documents::is_foreign_data;
use concsim_lab::inputs::LoadedInputs;
use concsim_model::palette::Theme;
use concsim_os::sys::files;

/// Draws a figure of kept runs or of a sweep, with its data beside it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim figure who-runs last -o who-runs.svg\n         concsim figure boxes last --theme dark -o boxes.png\n         \
                  concsim sweep io_bound --over server.workers=1..16 --out w && concsim figure workers w -o workers.svg\n         \
                  concsim figure list"
)]
pub struct Args {
    /// Kind of figure; `list` names all kinds
    #[arg(value_name = "KIND", value_parser = figure_parser())]
    what: FigureArgument,
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
enum FigureArgument {
    List,
    Figure(Kind),
}

fn figure_parser() -> impl clap::builder::TypedValueParser<Value = FigureArgument> {
    let names = Kind::ALL.map(Kind::name);
    PossibleValuesParser::new(names.into_iter().chain(["list"]))
        .map(|name| Kind::named(&name).map_or(FigureArgument::List, FigureArgument::Figure))
}

/// Draws a figure, or lists the kinds.
///
/// # Errors
/// A run that cannot be read or lacks the figure's data, or a file that cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let FigureArgument::Figure(kind) = args.what else {
        return list();
    };
    let mut table = match &args.from {
        Some(path) => shipped(kind, path)?,
        None => table_of_named(kind, &args.named)?,
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
        let (name, description, needs) = (kind.name(), kind.description(), kind.needs());
        format!("{name:<12} {description}\n{:<12} of {needs}\n", "")
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

fn table_of_named(kind: Kind, named: &[PathBuf]) -> anyhow::Result<Table> {
    if named.is_empty() {
        bail!("no input: `{}` needs {}", kind.name(), kind.needs());
    }
    let mut found = LoadedInputs::default();
    for path in named {
        found.open(kind, path)?;
    }
    for (file, corruption) in found.kept.iter().flat_map(|(kept, _)| &kept.torn) {
        talk::print_message(format_args!("{}: {corruption}", file.display()));
    }
    Ok(concsim_figure::table(kind, &found.material())?)
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
        _ => bail!(
            "{}: the name of a figure must end in .svg or .png",
            path.display()
        ),
    };
    let data = path.with_extension("csv");
    if is_foreign_data(&data) {
        bail!(
            "{} exists and is not the data of a figure; write to another name than {}",
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
