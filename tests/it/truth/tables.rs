//! Tables of a stored run, as `concsim export csv` writes them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Cells of one row, by column.
pub(super) type Row = BTreeMap<String, String>;

/// Rows of all tables of a stored run, by variant and name of the table.
pub(super) struct Tables(BTreeMap<(String, String), Vec<Row>>);

impl Tables {
    /// Exports the tables of a stored run, all at once, and reads them.
    pub(super) fn export(concsim: &str, folder: &Path) -> Self {
        let tables = folder.join("tables");
        let output = Command::new(concsim)
            .args(["export", "csv"])
            .arg(folder)
            .arg("-o")
            .arg(&tables)
            .output()
            .expect("the binary starts");
        assert!(output.status.success(), "{output:?}");
        let mut all = BTreeMap::new();
        for name in [
            "runs", "requests", "samples", "workers", "cores", "switches", "events",
        ] {
            let mut rows = csv::ReaderBuilder::new()
                .comment(Some(b'#'))
                .from_path(tables.join(name).with_extension("csv"))
                .expect("a table has a file");
            for row in rows.deserialize() {
                let row: Row = row.expect("a row of a table");
                let place = (row["variant"].clone(), name.to_owned());
                all.entry(place).or_insert_with(Vec::new).push(row);
            }
        }
        Self(all)
    }

    /// Returns the rows of one table of a variant.
    pub(super) fn of(&self, variant: &str, name: &str) -> &[Row] {
        let rows = self.0.get(&(variant.to_owned(), name.to_owned()));
        rows.map_or(&[], Vec::as_slice)
    }
}

/// Returns a whole number of a row; `None` if its cell is empty.
pub(super) fn number(row: &Row, column: &str) -> Option<u64> {
    let text = row.get(column)?;
    (!text.is_empty()).then(|| text.parse().unwrap_or_else(|_| panic!("{column}: {text}")))
}
