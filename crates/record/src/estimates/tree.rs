//! JSON as a tree whose objects keep the order of their names: a summary of repeats has the order of the
//! schema.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::named::NamedValues;

/// A JSON value.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Tree {
    Object(NamedValues<Tree>),
    List(Vec<Tree>),
    Leaf(Value),
}

impl Tree {
    /// Returns what a value is written as.
    ///
    /// # Panics
    /// Never, for a summary.
    pub(crate) fn of(value: &impl Serialize) -> Self {
        let text = serde_json::to_string(value).expect("a summary is always JSON");
        serde_json::from_slice(text.as_bytes()).expect("what was written is JSON")
    }

    /// Returns the part of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(parts) => parts.get(name),
            Self::List(_) | Self::Leaf(_) => None,
        }
    }

    /// Returns the entry at a position of a list.
    pub(crate) fn entry(&self, place: usize) -> Option<&Self> {
        match self {
            Self::List(entries) => entries.get(place),
            Self::Object(_) | Self::Leaf(_) => None,
        }
    }

    /// Returns the number that it is.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Leaf(value) => value.as_f64(),
            Self::Object(_) | Self::List(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_written_as_it_was_read() {
        let text = r#"{"b":1,"a":[{"z":null,"c":0.1},-3],"0":"x","big":18446744073709551615}"#;
        let tree: Tree = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&tree).unwrap(), text);
        let inner = tree.get("a").and_then(|list| list.entry(0)?.get("c"));
        assert_eq!(inner.and_then(Tree::number), Some(0.1));
        assert!(tree.get("c").is_none());
    }
}
