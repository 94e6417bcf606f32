//! Turns a text into a [`Plan`] or into all its mistakes: parses TOML, lays the command line over it, then each
//! variant, and checks every result whole.

use std::collections::BTreeSet;

use super::fields::{self, Fields};
use super::fingerprint::fingerprint;
use super::keys::{EXPECT, TOP};
use super::overrides::{self, Overrides};
use super::problem::{Lines, Place, Problem, Problems, Scope, Source, did_you_mean, one_of};
use super::setting::Setting;
use super::trace::Traces;
use super::tree::{self, Entry, Node, Table};
use super::variant::{self, Overlay};
use super::{
    Engine, Expectation, Machine, Plan, Question, Variant, assemble, expectation, played_by,
    question,
};

/// Reads a scenario file. `file` is its origin; `overrides` holds the command line.
///
/// # Errors
/// Every mistake in the text and in `overrides` at once.
pub fn read(text: &str, file: &str, overrides: &Overrides) -> Result<Plan, Problems> {
    let mut sources = vec![Source {
        name: file.into(),
        text: text.into(),
    }];
    let (tree, mut problems) = tree::read(text, 0);
    let read = Reading::new(tree, file, overrides, &mut sources, &mut problems);
    let expectations = read.expectations(&mut problems);
    let questions = read.questions(&mut problems);
    let mut top = Fields::new(&TOP, "", Some(&read.tree), &mut problems);
    let title = top.text("title").unwrap_or_else(|| stem(file).to_owned());
    let about = top.text("about");
    let played = read.choose(overrides, &mut sources, &mut problems);
    if !problems.is_empty() {
        return Err(Problems::new(
            sources,
            without_consequences(&problems, text),
        ));
    }
    let about_played = |question: &Question| question.refers_only_to(&played);
    let questions = questions.into_iter().filter(about_played).collect();
    Ok(Plan {
        title,
        about,
        file: file.into(),
        text: text.into(),
        sha256: fingerprint(text),
        variants: played,
        expectations,
        questions,
        settings: overrides.as_arguments(),
        machine_file: overrides.machine_file(),
    })
}

/// Reads the `[machine]` of a file that has nothing else.
///
/// # Errors
/// All mistakes of the file.
pub fn read_machine(file: &str, text: &str) -> Result<Machine, Problems> {
    const ANY: &str = "requests.any.steps = ['compute 1ms']\nload.clients = 1";
    let overrides = Overrides {
        machine: Some((file.to_owned(), text.to_owned())),
        engine: Engine::Simulation,
        ..Overrides::default()
    };
    let plan = read(ANY, "any", &overrides)?;
    Ok(plan.variants[0].scenario.machine.clone())
}

/// A file on its way to a plan.
struct Reading {
    /// The common part of all variants, with the command line's settings.
    tree: Table,
    settings: Vec<Setting>,
    overlays: Vec<Overlay>,
    /// One overlay per variant.
    variants: Vec<Variant>,
    /// `[[expect]]`
    expect: Option<Entry>,
    /// `[[ask]]`
    ask: Option<Entry>,
}

impl Reading {
    fn new(
        mut tree: Table,
        file: &str,
        overrides: &Overrides,
        sources: &mut Vec<Source>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let settings = overrides::apply_overrides(&mut tree, overrides, sources, problems);
        let overlays = variant::take_from(&mut tree, problems);
        let expect = tree.remove("expect");
        let ask = tree.remove("ask");
        let parts = overlays.iter().map(|overlay| &overlay.piece);
        let parts = std::iter::once(&tree).chain(parts);
        let traces = Traces::read(parts, file, overrides.read_file, sources, problems);
        mistakes_in_what_is_common(&tree, &traces, overrides.engine, problems);
        let variants = overlays.iter().map(|overlay| {
            let scenario =
                assemble::scenario(&overlay.over(&tree), &traces, overrides.engine, problems);
            let kind = scenario.server.kind.word().to_owned();
            Variant {
                name: overlay.name.clone().unwrap_or(kind),
                scenario,
            }
        });
        let variants = variants.collect();
        let read = Self {
            tree,
            settings,
            overlays,
            variants,
            expect,
            ask,
        };
        read.unused_services(problems);
        read
    }

    /// Returns the variants that are played, in the file's order.
    fn choose(
        &self,
        overrides: &Overrides,
        sources: &mut Vec<Source>,
        problems: &mut Vec<Problem>,
    ) -> Vec<Variant> {
        let names = || self.variants.iter().map(|variant| variant.name.as_str());
        for wanted in &overrides.variants {
            if !names().any(|name| name == wanted) {
                sources.push(Source {
                    name: "--variant".into(),
                    text: wanted.clone(),
                });
                let place = Place::new(sources.len() - 1, 0..wanted.len());
                problems.push(
                    Problem::new(&place, format!("unknown variant `{wanted}`"))
                        .legal(one_of(names()))
                        .hint(did_you_mean(wanted, names())),
                );
            }
        }
        let wanted =
            |name: &String| overrides.variants.is_empty() || overrides.variants.contains(name);
        let chosen: Vec<(&Overlay, &Variant)> = self
            .overlays
            .iter()
            .zip(&self.variants)
            .filter(|(_, variant)| wanted(&variant.name))
            .collect();
        let played: Vec<&Overlay> = chosen.iter().map(|(overlay, _)| *overlay).collect();
        if !played.is_empty() {
            let in_vain = |setting| variant::set_in_vain(setting, &played);
            problems.extend(self.settings.iter().filter_map(in_vain));
        }
        if overrides.engine == Engine::Processes {
            let refused = |overlay: &&Overlay| played_by::simulated_only(&overlay.over(&self.tree));
            problems.extend(played.iter().flat_map(refused));
        }
        if overrides.engine == Engine::Simulation {
            let refused = |overlay: &&Overlay| played_by::real_only(&overlay.over(&self.tree));
            problems.extend(played.iter().filter_map(refused));
        }
        chosen
            .into_iter()
            .map(|(_, variant)| variant.clone())
            .collect()
    }

    /// Reads the file's claims. Names in a claim are checked only with the variants.
    fn expectations(&self, problems: &mut Vec<Problem>) -> Vec<Expectation> {
        let known = self.known(problems);
        let nodes = list_of_tables(self.expect.as_ref(), "expect", problems);
        let read = |node| expectation_of(node, known, problems);
        nodes.iter().filter_map(read).collect()
    }

    /// Reads the questions before the run.
    fn questions(&self, problems: &mut Vec<Problem>) -> Vec<Question> {
        let known = self.known(problems);
        let nodes = list_of_tables(self.ask.as_ref(), "ask", problems);
        let read = |node| question::read(node, known, problems);
        nodes.iter().filter_map(read).collect()
    }

    /// Returns the variants, if their names are free of mistakes.
    fn known(&self, problems: &[Problem]) -> Option<&[Variant]> {
        let names_exist = !variant::names_in_doubt(&self.overlays, problems)
            && problems
                .iter()
                .all(|problem| problem.scope != Scope::Syntax);
        names_exist.then_some(self.variants.as_slice())
    }

    fn unused_services(&self, problems: &mut Vec<Problem>) {
        let scenarios = self.variants.iter().map(|variant| &variant.scenario);
        let called: Vec<&str> = scenarios
            .flat_map(|scenario| &scenario.services)
            .map(|service| service.name.as_str())
            .collect();
        let pieces = self.overlays.iter().map(|overlay| &overlay.piece);
        for tree in pieces.chain([&self.tree]) {
            let services = tree.get("services").and_then(|entry| entry.node.table());
            for entry in services.iter().flat_map(|table| &table.entries) {
                if !called.contains(&entry.key.as_str()) {
                    let message = format!("unused service `{}`: no step calls it", entry.key);
                    let problem = Problem::new(&entry.place, message).of_the_whole();
                    problems.push(problem.hint(did_you_mean(&entry.key, called.iter().copied())));
                }
            }
        }
    }
}

/// Returns the tables of `[[name]]`, if it is such a list.
fn list_of_tables<'t>(
    entry: Option<&'t Entry>,
    name: &str,
    problems: &mut Vec<Problem>,
) -> &'t [Node] {
    let Some(entry) = entry else {
        return &[];
    };
    entry.node.list().unwrap_or_else(|| {
        let problem = Problem::new(&entry.place, format!("`{name}` is not a list of tables"));
        problems.push(problem.legal(format!("write [[{name}]] once for each entry")));
        &[]
    })
}

/// Reports mistakes in values that every variant overrides, which would else go unseen. A missing key may come
/// with the variants.
fn mistakes_in_what_is_common(
    tree: &Table,
    traces: &Traces,
    engine: Engine,
    problems: &mut Vec<Problem>,
) {
    let mut found = Vec::new();
    assemble::scenario(tree, traces, engine, &mut found);
    problems.extend(
        found
            .into_iter()
            .filter(|problem| problem.scope == Scope::Value),
    );
}

fn expectation_of(
    node: &Node,
    variants: Option<&[Variant]>,
    problems: &mut Vec<Problem>,
) -> Option<Expectation> {
    let mut fields = Fields::new(&EXPECT, "expect", node.table(), problems);
    let claim = fields.text("claim");
    let that = fields.text("that");
    let Some(written) = fields.given("that") else {
        let problem = Problem::new(&node.place, "an expectation has no `that`");
        fields.note(problem.legal("that = \"coroutine.throughput >= 25 * sync.throughput\""));
        return None;
    };
    let that = that?;
    let mistakes = match expectation::parse(&that) {
        Err(mistake) => vec![mistake],
        Ok(comparison) => variants.map_or_else(Vec::new, |known| comparison.check(known)),
    };
    for mistake in mistakes {
        fields.note(fields::at(written, mistake));
    }
    Some(Expectation {
        claim: claim.unwrap_or_else(|| that.clone()),
        that,
    })
}

/// Drops consequences of other mistakes: mistakes of the whole if a value is wrong or a line is no TOML, and
/// every mistake on such a line.
fn without_consequences(problems: &[Problem], text: &str) -> Vec<Problem> {
    let lines = Lines::of(text);
    let line =
        |problem: &Problem| (problem.place.source == 0).then(|| lines.number(problem.place.start));
    let of = |scope| {
        problems
            .iter()
            .filter(move |problem| problem.scope == scope)
    };
    let unread: BTreeSet<Option<usize>> = of(Scope::Syntax).map(line).collect();
    let wrong: BTreeSet<&Place> = of(Scope::Value).map(|problem| &problem.place).collect();
    let follows = |problem: &Problem| match problem.scope {
        Scope::Syntax => false,
        Scope::Value => unread.contains(&line(problem)),
        Scope::Whole => !unread.is_empty() || wrong.contains(&problem.place),
    };
    let kept = problems.iter().filter(|problem| !follows(problem));
    kept.cloned().collect()
}

/// Returns `io_bound` for `scenarios/io_bound.toml`.
pub(super) fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".toml").unwrap_or(name)
}
