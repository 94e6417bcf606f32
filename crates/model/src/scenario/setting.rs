//! One value that is laid over a file, by the command line or by a variant.

use super::keys::{CLOSED, OPEN};
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

/// Removes the load keys that `over` replaces. Clients and a rate exclude each other, so either takes the place
/// of the other together with its own keys.
pub(super) fn exclude(under: &mut Table, over: &Table) {
    let sets = |key| over.at(&["load", key]).is_some();
    let replaced: &[&str] = match (sets("clients"), sets("rate")) {
        (true, false) => &OPEN,
        (false, true) => &CLOSED,
        _ => &[],
    };
    if let Some(load) = under.table_mut("load") {
        for key in replaced {
            load.remove(key);
        }
    }
}
