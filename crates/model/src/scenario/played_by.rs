//! Engines and their limits. The simulation plays everything that a file can contain; what real processes do
//! not play yet is refused by name before the run.

use super::problem::Problem;
use super::tree::Table;
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
    blocking_accept(tree).into_iter().collect()
}

/// Returns the parts of `tree`, a whole scenario, that only real processes play.
pub(super) fn real_only(tree: &Table) -> Option<Problem> {
    let command = tree.at(&["server", "command"])?;
    let message =
        "only real processes play `server.command`: a simulation has concsim's own server";
    let problem = Problem::new(&command.node.place, message);
    Some(problem.hint("play it with: concsim run FILE".to_owned()))
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
