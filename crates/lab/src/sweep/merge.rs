//! Merging: joins the shards of one sweep, or reports missing and duplicate rows.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::folder::{self, Folder, Rows, SweepInfo};
use super::row::Row;

/// Writes the whole, if it is complete.
///
/// # Errors
/// Shards of different sweeps, rows that are missing or there twice, or a folder that cannot be written to.
///
/// # Panics
/// Without shards.
pub fn merge(shards: &[PathBuf], out: &Path, replace: bool) -> anyhow::Result<Folder> {
    let (mut rows, mut doubled) = (Rows::new(), Vec::new());
    let mut sweep = None;
    for path in shards {
        let (about, there) = folder::read_unlocked(path)?;
        let first = sweep.get_or_insert_with(|| about.sweep.clone());
        if let Some(what) = first.difference(&about.sweep) {
            bail!(
                "{} is not of the same sweep as {}: {what} differs",
                path.display(),
                shards[0].display()
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
        .map(|(what, rows)| format!("{what}: {}", list_rows(rows)))
        .collect();
    if !faults.is_empty() {
        bail!(
            "not the whole of {} rows; {}",
            sweep.row_count,
            faults.join("; ")
        );
    }
    let mut whole = Folder::open(out, SweepInfo { sweep, shard: None })?;
    if !replace {
        refuse_to_replace(&whole, &rows)?;
    }
    whole.rows = rows;
    whole.finish()?;
    Ok(whole)
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
        "{} has rows with other numbers: {}; --replace replaces them",
        whole.path().display(),
        list_rows(&different)
    )
}

/// Returns `row 4, 5, 6 and 17 others`.
fn list_rows(rows: &[usize]) -> String {
    let named: Vec<String> = rows.iter().take(8).map(ToString::to_string).collect();
    let rest = rows.len() - named.len();
    let others = if rest > 0 {
        format!(" and {rest} others")
    } else {
        String::new()
    };
    format!("row {}{others}", named.join(", "))
}
