//! One value that is laid over a file, by the command line or by a variant.

use super::keys::{CLOSED, OPEN, TRACE};
use super::problem::Place;
use super::tree::Table;

/// One value laid over the file.
pub(super) struct Setting {
    /// `["server", "workers"]`
    pub(super) path: Vec<String>,
    pub(super) place: Place,
    /// True if it is itself the list that makes the variants.
    pub(super) varies: bool,
}

impl Setting {
    pub(super) fn path(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

/// Removes the load that `over` replaces. Clients, a rate, a trace and jobs exclude each other, so each takes the place
/// of the others together with their own keys.
pub(super) fn exclude(under: &mut Table, over: &Table) {
    let sets = |key| over.at(&["load", key]).is_some();
    let loads = [
        sets("clients"),
        sets("rate"),
        sets("trace"),
        over.get("jobs").is_some(),
    ];
    let replaced: [&[&str]; 3] = match loads {
        [true, false, false, false] => [&[], &OPEN, &TRACE],
        [false, true, false, false] => [&CLOSED, &[], &TRACE],
        [false, false, true, false] => [&CLOSED, &OPEN, &[]],
        [false, false, false, true] => [&CLOSED, &OPEN, &TRACE],
        _ => [&[], &[], &[]],
    };
    if let Some(load) = under.table_mut("load") {
        for key in replaced.concat() {
            load.remove(key);
        }
    }
    if sets("clients") || sets("rate") || sets("trace") {
        under.remove("jobs");
    }
}
