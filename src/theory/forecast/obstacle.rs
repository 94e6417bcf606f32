//! What keeps every closed form from a scenario, whoever asks.

use super::{counted, slots, workers_of};
use crate::scenario::{Accept, Connection, Manner, Scenario, Step, WorkerKind};
use crate::theory::demand;

/// Fails with the first of them.
pub(super) fn to(scenario: &Scenario) -> Result<(), String> {
    let found = of_the_course(scenario)
        .or_else(|| of_the_steps(scenario))
        .or_else(|| of_the_services(scenario))
        .or_else(|| of_the_server(scenario));
    found.map_or(Ok(()), Err)
}

fn of_the_course(scenario: &Scenario) -> Option<String> {
    if !scenario.timeline.is_empty() {
        return Some("the timeline changes the run: there is no long run to be the mean of".into());
    }
    let requests = scenario.load.requests?;
    let all = counted(requests as usize, "request");
    Some(format!(
        "{all} in all: there is no long run to be the mean of"
    ))
}

fn of_the_steps(scenario: &Scenario) -> Option<String> {
    if demand::of_mix(scenario, |_| true).mean == 0.0 {
        let said = "requests neither compute nor wait: what they take is the server's own work";
        return Some(said.into());
    }
    let steps = || scenario.requests.iter().flat_map(|it| &it.script);
    if steps().any(|step| matches!(step, Step::Panic | Step::Overflow)) {
        return Some("requests break off in the middle".into());
    }
    let in_threads = |step: &Step| {
        matches!(
            step,
            Step::Call {
                manner: Manner::InThreads,
                ..
            } | Step::Sleep {
                manner: Manner::InThreads,
                ..
            }
        )
    };
    let has_a_pool = scenario.server.kind == WorkerKind::Coroutine;
    (has_a_pool && steps().any(in_threads)).then(|| "waits queue for a pool of threads, too".into())
}

fn of_the_services(scenario: &Scenario) -> Option<String> {
    let narrow = |it: &&crate::scenario::Service| it.capacity.is_some() || it.pool.is_some();
    let narrow = scenario.services.iter().find(narrow)?;
    Some(format!("calls to {} queue for it, too", narrow.name))
}

fn of_the_server(scenario: &Scenario) -> Option<String> {
    let server = &scenario.server;
    let computes = demand::of_mix(scenario, |it| it == demand::Spent::Computing).mean > 0.0;
    if server.kind == WorkerKind::Threads && server.gil && server.threads > 1 && computes {
        return Some("threads compute one at a time, behind one lock".into());
    }
    if server.accept == Accept::Reuseport && server.workers > 1 {
        let said = "the kernel gives each worker a queue of its own, and none helps another";
        return Some(said.into());
    }
    let keeps = scenario.load.connection == Connection::KeepAlive && server.keepalive.0 > 0;
    let is_pinned = server.kind != WorkerKind::Sync && slots(scenario) > 1;
    (keeps && is_pinned).then(|| {
        if scenario.server.workers == 1 {
            return "connections are kept: who has one keeps others out of its place".into();
        }
        let workers = workers_of(scenario);
        format!("connections are kept: each client stays with one of {workers}")
    })
}
