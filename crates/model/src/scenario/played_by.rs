//! Engines and their limits. The simulation plays everything that a file can contain; keys that real processes
//! do not play yet are refused by name before the run.

use super::keys::{Key, LOAD, REQUEST, SERVER, SERVICE, Section};
use super::problem::Problem;
use super::tree::{Node, Table};
use super::worker_kind::WorkerKind;

/// Engine that will play the scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// None: the scenario is only checked.
    #[default]
    Nobody,
    /// Real processes, on this machine.
    Processes,
    /// The simulation, on the machine that the file describes.
    Simulation,
}

/// Returns the parts of `tree`, a whole scenario, that only the simulation plays.
pub(super) fn simulated_only(tree: &Table) -> Vec<Problem> {
    let mut problems = Vec::new();
    let named = |name: &str| {
        let tables = tree.get(name).and_then(|entry| entry.node.table());
        let entries = tables.into_iter().flat_map(|tables| &tables.entries);
        entries.filter_map(|entry| entry.node.table())
    };
    for (name, section) in [("server", &SERVER), ("load", &LOAD)] {
        if let Some(table) = tree.get(name).and_then(|entry| entry.node.table()) {
            of_table(name, table, section, &mut problems);
        }
    }
    problems.extend(blocking_accept(tree));
    for table in named("services") {
        of_table("services", table, &SERVICE, &mut problems);
    }
    for table in named("requests") {
        of_table("requests", table, &REQUEST, &mut problems);
    }
    problems
}

/// Returns the parts of `tree`, a whole scenario, that only real processes play.
pub(super) fn real_only(tree: &Table) -> Option<Problem> {
    let command = tree.at(&["server", "command"])?;
    let message =
        "only real processes play `server.command`: a simulation has concsim's own server";
    let problem = Problem::new(&command.node.place, message);
    Some(problem.hint("play it with: concsim run FILE".to_owned()))
}

fn of_table(path: &str, table: &Table, section: &'static Section, problems: &mut Vec<Problem>) {
    for key in section.keys {
        let given = table.get(key.name).map(|entry| &entry.node);
        problems.extend(given.and_then(|node| of_key(path, key, node)));
    }
}

fn of_key(path: &str, key: &Key, node: &Node) -> Option<Problem> {
    let differs = node.literal() != key.default.unwrap_or_default();
    (key.simulated_only && differs).then(|| so_far(node, &format!("`{path}.{}` is", key.name)))
}

/// Returns the problem of workers that would sleep in accept while requests are begun: the processes of a sync
/// worker have none then.
fn blocking_accept(tree: &Table) -> Option<Problem> {
    let accept = &tree.at(&["server", "accept"])?.node;
    let kind = tree.at(&["server", "kind"]).and_then(|it| it.node.text());
    let kind = kind.filter(|kind| *kind != WorkerKind::Sync.word())?;
    let problem = Problem::new(
        &accept.place,
        format!(
            "`blocking` for `server.accept` needs sync workers: one of kind `{kind}` that sleeps in accept serves no begun request"
        ),
    );
    (accept.text() == Some("blocking")).then(|| {
        problem
            .legal("write `shared`, `exclusive` or `reuseport`")
            .hint("use simulation: concsim sim FILE".to_owned())
    })
}

fn so_far(node: &Node, what: &str) -> Problem {
    Problem::new(&node.place, format!("{what} only simulated so far"))
        .hint("use simulation: concsim sim FILE".to_owned())
}
