//! `concsim sweep merge`: joins the shards of one sweep, or reports missing and duplicate rows.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use super::folder::{self, About, Folder, Rows};
use super::row::Row;
use crate::cli::talk;

/// Joins the shards of a sweep.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim sweep merge sweep-io_bound-1of2 sweep-io_bound-2of2 --out whole"
)]
pub struct Merge {
    /// Folders of the shards
    #[arg(value_name = "DIR", required = true)]
    shards: Vec<PathBuf>,
    /// Output directory of the whole
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Replace existing rows that differ
    #[arg(long)]
    replace: bool,
}

/// Writes the whole, if it is complete.
pub(super) fn run(args: &Merge) -> anyhow::Result<ExitCode> {
    let (mut rows, mut doubled) = (Rows::new(), Vec::new());
    let mut sweep = None;
    for path in &args.shards {
        let (about, there) = folder::look(path)?;
        let first = sweep.get_or_insert_with(|| about.sweep.clone());
        if let Some(what) = first.difference(&about.sweep) {
            bail!(
                "{} is not of the same sweep as {}: {what} differs",
                path.display(),
                args.shards[0].display()
            );
        }
        for (number, row) in there {
            if rows.insert(number, row).is_some() {
                doubled.push(number);
            }
        }
    }
    let sweep = sweep.expect("a shard is asked for");
    let missing: Vec<usize> = (0..sweep.row_count)
        .filter(|row| !rows.contains_key(row))
        .collect();
    let faults = [("missing", missing), ("there twice", doubled)];
    let faults: Vec<String> = faults
        .iter()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(what, rows)| format!("{what}: {}", some_of(rows)))
        .collect();
    if !faults.is_empty() {
        bail!(
            "not the whole of {} rows; {}",
            sweep.row_count,
            faults.join("; ")
        );
    }
    let mut whole = Folder::open(&args.out, About { sweep, shard: None })?;
    if !args.replace {
        refuse_to_replace(&whole, &rows)?;
    }
    whole.rows = rows;
    whole.finish()?;
    talk::say(format_args!(
        "{} rows in {}",
        whole.rows.len(),
        whole.path().display()
    ));
    Ok(super::status(&whole))
}

/// Refuses to replace existing rows, which may have taken hours to measure.
fn refuse_to_replace(whole: &Folder, rows: &Rows) -> anyhow::Result<()> {
    let differs = |(number, there): (&usize, &Row)| {
        let same = rows
            .get(number)
            .is_some_and(|row| row.line() == there.line());
        (!same).then_some(*number)
    };
    let different: Vec<usize> = whole.rows.iter().filter_map(differs).collect();
    if different.is_empty() {
        return Ok(());
    }
    bail!(
        "{} has other numbers already: {}; --replace puts those of the shards in their place",
        whole.path().display(),
        some_of(&different)
    )
}

/// Returns `row 4, 5, 6 and 17 others`.
fn some_of(rows: &[usize]) -> String {
    let named: Vec<String> = rows.iter().take(8).map(ToString::to_string).collect();
    let rest = rows.len() - named.len();
    let others = if rest > 0 {
        format!(" and {rest} others")
    } else {
        String::new()
    };
    format!("row {}{others}", named.join(", "))
}
