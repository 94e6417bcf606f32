//! Writes a file out with every default, and with the description of each key beside it. The result reads back
//! as the same plan.

use std::fmt::Write as _;

use super::keys::{
    ASK, CLOSED, EXPECT, JOB, Key, LOAD, OPEN, REQUEST, SERVER, SERVICE, Section, TIMELINE, TOP,
    VARIANT,
};
use super::machine::MACHINE;
use super::tree::{self, Entry, Node, Table};
use super::{Overrides, Plan, Problems, ReadFile, read};

/// The column in which comments begin, if there is room.
const COMMENTS: usize = 40;

/// Returns the scenario `text` with every default; `read_file` reads the files that it names.
///
/// # Errors
/// Every mistake in the text at once.
pub fn expand(text: &str, file: &str, read_file: Option<ReadFile>) -> Result<String, Problems> {
    let overrides = Overrides {
        read_file,
        ..Overrides::default()
    };
    let plan = read(text, file, &overrides)?;
    let (tree, _) = tree::read(text, 0);
    let mut page = Page::default();
    page.top(&tree, &plan);
    page.section("server", &SERVER, tree.at(&["server"]));
    for name in names_of_services(&plan) {
        let path = format!("services.{name}");
        page.section(&path, &SERVICE, tree.at(&["services", name]));
    }
    for entry in tables_in(&tree, "requests") {
        let path = format!("requests.{}", entry.key);
        page.section(&path, &REQUEST, Some(entry));
    }
    page.load(tree.at(&["load"]));
    page.each(&tree, "jobs");
    page.section("machine", &MACHINE, tree.at(&["machine"]));
    page.each(&tree, "timeline");
    page.each(&tree, "variants");
    page.each(&tree, "expect");
    page.each(&tree, "ask");
    Ok(page.text)
}

/// Returns the services that any variant calls, each once.
fn names_of_services(plan: &Plan) -> Vec<&str> {
    let mut names = Vec::new();
    let scenarios = plan.variants.iter().map(|variant| &variant.scenario);
    for service in scenarios.flat_map(|scenario| &scenario.services) {
        if !names.contains(&service.name.as_str()) {
            names.push(&service.name);
        }
    }
    names
}

fn tables_in<'t>(tree: &'t Table, name: &str) -> impl Iterator<Item = &'t Entry> {
    let table = tree.get(name).and_then(|entry| entry.node.table());
    table.into_iter().flat_map(|table| &table.entries)
}

/// Output buffer.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn top(&mut self, tree: &Table, plan: &Plan) {
        self.line("title", &literal(&plan.title), None);
        if let Some(about) = &plan.about {
            self.line("about", &literal(about), None);
        }
        for key in &TOP.keys[2..] {
            self.key(key, Some(tree));
        }
    }

    /// Writes `[path]` with all its keys.
    fn section(&mut self, path: &str, section: &Section, entry: Option<&Entry>) {
        self.keys(path, section, entry, &[]);
    }

    /// Writes `[load]`. Clients and a rate exclude each other: the keys of the other sort are left out, and
    /// those of both if the variants decide.
    fn load(&mut self, entry: Option<&Entry>) {
        let given = |key| {
            let table = entry.and_then(|entry| entry.node.table());
            table.is_some_and(|table| table.get(key).is_some())
        };
        let mut left_out = Vec::new();
        if !given("clients") {
            left_out.extend(CLOSED);
        }
        if !given("rate") {
            left_out.extend(OPEN);
        }
        self.keys("load", &LOAD, entry, &left_out);
    }

    fn keys(&mut self, path: &str, section: &Section, entry: Option<&Entry>, left_out: &[&str]) {
        self.header(&format!("[{path}]"), section.description);
        let table = entry.and_then(|entry| entry.node.table());
        for key in section.keys {
            if !left_out.contains(&key.name) {
                self.key(key, table);
            }
        }
    }

    /// Writes one key with its value or its default; as a comment if it has neither.
    fn key(&mut self, key: &Key, table: Option<&Table>) {
        let given = table.and_then(|table| table.get(key.name));
        let value = given.map(|entry| value(&entry.node));
        let description = key.description();
        match value.or(key.default.map(str::to_owned)) {
            Some(value) => self.line(key.name, &value, Some(&description)),
            None => self.add(&format!("# {}: {description}", key.name)),
        }
    }

    /// Writes `[[variants]]` and `[[expect]]` unchanged, with dotted keys.
    fn each(&mut self, tree: &Table, name: &str) {
        let nodes = tree.get(name).and_then(|entry| entry.node.list());
        let description = match name {
            "expect" => EXPECT.description,
            "ask" => ASK.description,
            "jobs" => JOB.description,
            "timeline" => TIMELINE.description,
            _ => VARIANT.description,
        };
        for table in nodes.unwrap_or_default().iter().filter_map(Node::table) {
            self.header(&format!("[[{name}]]"), description);
            self.leaves(table, "");
        }
    }

    fn leaves(&mut self, table: &Table, path: &str) {
        for entry in &table.entries {
            let path = format!("{path}{}", entry.key);
            match entry.node.table() {
                Some(table) => self.leaves(table, &format!("{path}.")),
                None => self.line(&path, &value(&entry.node), None),
            }
        }
    }

    fn header(&mut self, header: &str, description: &str) {
        self.add("");
        self.commented(header, description);
    }

    fn line(&mut self, key: &str, value: &str, description: Option<&str>) {
        let line = format!("{key} = {value}");
        match description {
            Some(description) if !line.contains('\n') => self.commented(&line, description),
            Some(description) => {
                self.add(&format!("# {key}: {description}"));
                self.add(&line);
            }
            None => self.add(&line),
        }
    }

    fn commented(&mut self, line: &str, description: &str) {
        self.add(&format!("{line:COMMENTS$} # {description}"));
    }

    fn add(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect("writing to memory does not fail");
    }
}

/// Returns a string literal; text over several lines keeps its lines.
fn literal(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// Returns a value; several steps stand on a line each.
fn value(node: &Node) -> String {
    match node.list() {
        Some(nodes) if nodes.len() > 1 && nodes.iter().all(|node| node.text().is_some()) => {
            let lines: Vec<String> = nodes
                .iter()
                .map(|node| format!("  {},\n", node.literal()))
                .collect();
            format!("[\n{}]", lines.concat())
        }
        _ => node.literal(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns everything of a plan but its origin.
    fn without_origin(plan: Plan) -> impl PartialEq + std::fmt::Debug {
        let variants = plan.variants.into_iter();
        let variants: Vec<_> = variants.map(|one| (one.name, one.scenario)).collect();
        let claims = plan.expectations.into_iter();
        let claims: Vec<_> = claims.map(|one| (one.claim, one.that)).collect();
        (plan.title, plan.about, variants, claims)
    }

    fn read_as(text: &str) -> Plan {
        read(text, "x.toml", &Overrides::default())
            .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
    }

    fn check(text: &str) {
        let written =
            expand(text, "x.toml", None).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
        assert_eq!(
            without_origin(read_as(text)),
            without_origin(read_as(&written)),
            "\n{text}\n{written}"
        );
    }

    #[test]
    fn the_shortest_scenario_is_written_out_with_every_default() {
        let text =
            "[requests.hello]\nsteps = [\"compute 1ms\", \"call db ~9ms\"]\n[load]\nclients = 3";
        check(text);
        insta::assert_snapshot!(expand(text, "short.toml", None).unwrap_or_default());
    }

    #[test]
    fn every_built_in_scenario_reads_back_as_the_same_plan() {
        for built_in in crate::scenario::builtin::all() {
            check(built_in.text);
        }
    }

    fn duration() -> impl Strategy<Value = String> {
        let length = || (1_u32..2000).prop_map(|n| format!("{n}us"));
        prop_oneof![
            length(),
            length().prop_map(|mean| format!("~{mean}")),
            (1..90, 90..200).prop_map(|(low, high)| format!("{low}ms..{high}ms")),
            (1..90, 90..200)
                .prop_map(|(median, p99)| format!("lognormal({median}ms, p99 {p99}ms)")),
            (1..90, 0.1..9.0, 90..200).prop_map(|(least, shape, most)| format!(
                "pareto({least}ms, shape {shape}, max {most}ms)"
            )),
        ]
    }

    fn step() -> impl Strategy<Value = String> {
        let name = || prop_oneof!["a", "billing", "b_2"];
        let mode = || prop_oneof![Just(""), Just(" unpatched")];
        prop_oneof![
            duration().prop_map(|cpu| format!("compute {cpu}")),
            duration().prop_map(|cpu| format!("compute {cpu} in slices of 1ms")),
            (name(), duration(), mode())
                .prop_map(|(name, wait, mode)| format!("call {name} {wait}{mode}")),
            (duration(), mode()).prop_map(|(wait, mode)| format!("sleep {wait}{mode}")),
            name().prop_map(|name| format!("count {name} with yield")),
            (0..99).prop_map(|size| format!("write {size}KiB")),
            (0..99).prop_map(|size| format!("touch {size}MB")),
            duration().prop_map(|cpu| format!("compute {cpu} in processes")),
            Just("yield".to_owned()),
        ]
    }

    fn file() -> impl Strategy<Value = String> {
        let steps =
            || prop::collection::vec(step(), 0..6).prop_map(|steps| format!("steps = {steps:?}\n"));
        let load = prop_oneof![
            Just("clients = 7\nthink = \"~3ms\"\n"),
            Just("rate = \"20/s\"\narrivals = \"constant\"\n"),
            Just("clients = [1, 5]\n"),
            Just(
                "patience = '3s'\n[[jobs]]\nat = '1s'\n[[jobs]]\nat = '0s'\nclass = 'one'\ncount = 3\n"
            ),
        ];
        let server = prop_oneof![
            Just(""),
            Just("[server]\nkind = \"coroutine\"\nworkers = 3\ntimeout = \"0s\"\n"),
        ];
        let about = prop_oneof![Just(String::new()), "about = '[a-z\" ]{0,9}'\n"];
        let timeline = prop_oneof![
            Just(""),
            Just(
                "[[timeline]]\nat = '1.5s'\ndo = 'send one'\n[[timeline]]\nat = '0s'\ndo = 'reload'\ncaption = 'x'\n"
            ),
        ];
        (about, server, steps(), 0.1..9.0, load, timeline).prop_map(
            |(about, server, steps, weight, load, timeline)| {
                // Nothing is sent besides jobs.
                let timeline = if load.contains("jobs") { "" } else { timeline };
                let request = format!("[requests.one]\n{steps}weight = {weight}\n");
                format!("{about}{server}{request}[load]\n{load}{timeline}")
            },
        )
    }

    proptest! {
        #[test]
        fn any_scenario_written_out_reads_back_as_the_same_plan(text in file()) {
            check(&text);
        }

        #[test]
        fn any_step_is_written_back_as_a_sentence_that_reads_the_same(
            steps in prop::collection::vec(step(), 1..6)
        ) {
            let file = |steps: &[String]| format!("load.clients = 1\nrequests.one.steps = {steps:?}");
            let scenario = |steps: &[String]| read_as(&file(steps)).variants[0].scenario.clone();
            let first = scenario(&steps);
            let script = &first.requests[0].script;
            let sentences: Vec<String> = script.iter().map(|step| first.sentence(step).to_string()).collect();
            prop_assert_eq!(&first, &scenario(&sentences));
        }
    }
}
