//! Tables of a kept run, as `concsim export csv` writes them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Cells of one row, by column.
pub(super) type Row = BTreeMap<String, String>;

/// The rows of one exported table of a variant.
pub(super) fn table(concsim: &str, folder: &Path, variant: &str, name: &str) -> Vec<Row> {
    let output = Command::new(concsim)
        .args(["export", "csv"])
        .arg(folder)
        .args(["--variant", variant, "--table", name])
        .output()
        .expect("the binary starts");
    assert!(output.status.success(), "{name}: {output:?}");
    let mut rows = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(&output.stdout[..]);
    let rows = rows.deserialize().map(|row| row.expect("a row of a table"));
    rows.collect()
}

/// A whole number of a row; `None` if its cell is empty.
pub(super) fn number(row: &Row, column: &str) -> Option<u64> {
    let text = row.get(column)?;
    (!text.is_empty()).then(|| text.parse().unwrap_or_else(|_| panic!("{column}: {text}")))
}
