//! Data of a stored run: tables, a trace and histograms.

use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::{Source, named};
use crate::cli::talk;
use concsim_export::tables::{Form, Table};
use concsim_model::words::one_line;
use concsim_os::sys::files;
use concsim_record::RunView;
use concsim_record::storage::StoredRun;

/// Selection of a run and of its variants.
#[derive(Debug, clap::Args)]
struct Selection {
    #[command(flatten)]
    source: Source,
    /// Variant to export; repeatable; by default all
    #[arg(long = "variant", value_name = "NAME")]
    variants: Vec<String>,
}

impl Selection {
    /// Returns the variants, after a warning on standard error for each that is not trustworthy.
    fn views<'a>(&self, kept: &'a StoredRun) -> anyhow::Result<Vec<RunView<'a>>> {
        let names: Vec<&str> = kept
            .recordings
            .iter()
            .map(|it| it.header.variant.as_str())
            .collect();
        let unknown = self
            .variants
            .iter()
            .find(|name| !names.contains(&name.as_str()));
        if let Some(name) = unknown {
            bail!("unknown variant {name}; the run has {}", names.join(", "));
        }
        let mut variants = kept.views();
        variants.retain(|view| {
            self.variants.is_empty() || self.variants.contains(&view.recording.header.variant)
        });
        for view in &variants {
            if let Some(caveat) = view.caveats().in_full() {
                let words = format!("{}: {caveat}", view.name());
                talk::print_message(one_line(&words));
            }
        }
        Ok(variants)
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct TableArgs {
    #[command(flatten)]
    chosen: Selection,
    /// Table to export; by default all
    #[arg(long, value_enum)]
    table: Option<Table>,
    /// Output folder for all tables, or output file for one; a single table goes to standard output by
    /// default
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
}

/// Writes one table, or all.
pub(super) fn write_tables(args: &TableArgs, form: Form) -> anyhow::Result<()> {
    let kept = args.chosen.source.open()?;
    let output = named(args.output.as_deref());
    match (args.table, output) {
        (Some(table), output) => {
            let views = args.chosen.views(&kept)?;
            to(output, |to| table.write(&views, form, to).map(drop))
        }
        (None, Some(folder)) => {
            let views = args.chosen.views(&kept)?;
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
            for table in Table::ALL {
                let name = format!("{}.{}", table.name(), form.extension());
                let path = folder.join(name);
                to(Some(&path), |to| table.write(&views, form, to).map(drop))?;
            }
            Ok(())
        }
        (None, None) => bail!(
            "there are {} tables: name a folder for them with -o, or one of them with --table",
            Table::ALL.len()
        ),
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct FileArgs {
    #[command(flatten)]
    chosen: Selection,
    /// Output file; by default standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Refuses to write binary data to a terminal. `name` is a file to write instead.
pub(super) fn refuse_terminal(args: &FileArgs, name: &str) -> anyhow::Result<()> {
    if named(args.output.as_deref()).is_none() && io::stdout().is_terminal() {
        bail!("a trace is binary; write it to a file: -o {name}");
    }
    Ok(())
}

/// Writes an export that is a single file.
pub(super) fn write_file(
    args: &FileArgs,
    write: impl FnOnce(&[RunView<'_>], &mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let kept = args.chosen.source.open()?;
    let views = args.chosen.views(&kept)?;
    to(named(args.output.as_deref()), |to| write(&views, to))
}

/// Writes to a file, or to standard output, in pieces.
fn to(
    output: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let Some(path) = output else {
        let mut stdout = talk::data();
        write(&mut stdout)?;
        return Ok(stdout.flush()?);
    };
    files::write_whole_with(path, write).with_context(|| path.display().to_string())
}
