//! Texts about the keys of the scenario file, for readers outside of it: the descriptions of the table of keys.

use super::keys::{
    ASK, EXPECT, JOB, LOAD, REQUEST, SERVER, SERVICE, Section, TIMELINE, TOP, VARIANT,
};
use super::machine::MACHINE;

/// Text about one key, or about one table of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyText {
    /// Path in the file: `server.workers`; of a table its name alone.
    pub path: String,
    /// Description: a fragment.
    pub description: String,
    /// Values that it takes; `None` for a table.
    pub values: Option<String>,
    /// Default, in TOML.
    pub default: Option<&'static str>,
}

/// Returns the texts of all tables and keys, in the order in which a file has them.
#[must_use]
pub fn key_texts() -> Vec<KeyText> {
    let sections: [(&str, &Section); 11] = [
        ("", &TOP),
        ("server", &SERVER),
        ("services.NAME", &SERVICE),
        ("requests.NAME", &REQUEST),
        ("load", &LOAD),
        ("jobs", &JOB),
        ("machine", &MACHINE),
        ("timeline", &TIMELINE),
        ("variants", &VARIANT),
        ("expect", &EXPECT),
        ("ask", &ASK),
    ];
    let texts = sections
        .iter()
        .flat_map(|(path, section)| of(path, section));
    texts.collect()
}

fn of(path: &str, section: &'static Section) -> Vec<KeyText> {
    let table = KeyText {
        path: path.to_owned(),
        description: section.description.to_owned(),
        values: None,
        default: None,
    };
    let below = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    let keys = section.keys.iter().map(|key| KeyText {
        path: below(key.name),
        description: key.description(),
        values: Some(key.shape.to_string()),
        default: key.default,
    });
    let table = Some(table).filter(|_| !path.is_empty());
    table.into_iter().chain(keys).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_every_table_has_a_text_of_its_own() {
        let texts = key_texts();
        let find = |path: &str| texts.iter().find(|text| text.path == path);
        let workers = find("server.workers").expect("it is a key");
        assert_eq!(workers.default, Some("1"));
        assert!(find("server").is_some_and(|table| table.values.is_none()));
        assert!(find("machine.cores").is_some() && find("title").is_some());
        for text in &texts {
            let same = texts.iter().filter(|other| other.path == text.path);
            assert_eq!(same.count(), 1, "{}", text.path);
        }
    }
}
