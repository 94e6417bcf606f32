//! The built-in scenarios: the files of `scenarios/`, embedded.

/// A built-in scenario.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// `io_bound`, for `scenarios/io_bound.toml`.
    pub name: &'static str,
    /// The file's text.
    pub text: &'static str,
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        [$(BuiltIn {
            name: $name,
            text: include_str!(concat!("../../../../scenarios/", $name, ".toml")),
        }),*]
    };
}

/// In teaching order.
static ALL: [BuiltIn; 25] = embedded![
    "three_requests",
    "io_bound",
    "cpu_bound",
    "not_parallel",
    "hog",
    "unpatched",
    "thread_pool",
    "tornado",
    "db_pool",
    "shared_counter",
    "isolation",
    "ping_pong",
    "mixed",
    "surge",
    "threads_gil",
    "one_takes_all",
    "accept_balance",
    "keepalive_slots",
    "silent_clients",
    "memory",
    "offload",
    "heartbeat",
    "recycling",
    "boot_storm",
    "hello",
];

/// Returns all built-in scenarios, in teaching order.
#[must_use]
pub fn all() -> &'static [BuiltIn] {
    &ALL
}

/// Returns the scenario with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static BuiltIn> {
    ALL.iter().find(|built_in| built_in.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, read};

    #[test]
    fn every_built_in_scenario_is_valid_and_says_what_it_claims() {
        for built_in in all() {
            let plan = read(built_in.text, built_in.name, &Overrides::default())
                .unwrap_or_else(|problems| panic!("{problems}"));
            assert!(
                built_in.text.starts_with("# "),
                "{} does not open with a sentence",
                built_in.name
            );
            assert_ne!(plan.title, built_in.name);
            assert!(
                plan.about.is_some(),
                "{} says nothing about itself",
                built_in.name
            );
            assert!(
                !plan.expectations.is_empty(),
                "{} expects nothing",
                built_in.name
            );
            assert!(
                plan.variants.len() > 1,
                "{} compares nothing",
                built_in.name
            );
        }
    }

    #[test]
    fn every_file_of_the_folder_is_built_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder of scenarios is there")
            .map(|file| {
                file.expect("it can be listed")
                    .file_name()
                    .into_string()
                    .expect("a name")
            })
            .collect();
        let mut names: Vec<String> = ALL
            .iter()
            .map(|known| format!("{}.toml", known.name))
            .collect();
        files.sort();
        names.sort();
        assert_eq!(files, names);
    }

    #[test]
    fn a_scenario_is_about_what_it_asks_or_claims_of_two_variants() {
        let subject = |name: &str| {
            let text = find(name).expect("it is one of them").text;
            read(text, name, &Overrides::default()).ok()?.subject()
        };
        assert_eq!(subject("io_bound").as_deref(), Some("throughput"));
        assert_eq!(subject("not_parallel").as_deref(), Some("parallelism"));
        let of_short_ones = "requests.short.latency.mean";
        assert_eq!(subject("hog").as_deref(), Some(of_short_ones));
        assert_eq!(subject("three_requests"), None);
    }
}
