//! Conditions under which no closed form applies to a scenario, for any model.

use super::door::keeps_connections;
use super::{counted, slots, workers_of};
use crate::{attempt, demand, quantile};
use concsim_model::scenario::{
    Accept, Arrivals, RequestCapacity, Scenario, Service, Step, WaitMode,
};

/// Fails with the first reason against a closed form.
pub(super) fn to(scenario: &Scenario, cores: usize) -> Result<(), String> {
    let found = of_the_course(scenario)
        .or_else(|| of_the_steps(scenario))
        .or_else(|| of_the_hour(scenario))
        .or_else(|| of_the_heartbeat(scenario, cores))
        .or_else(|| of_patience(scenario))
        .or_else(|| of_the_services(scenario))
        .or_else(|| of_the_server(scenario));
    found.map_or(Ok(()), Err)
}

/// Share of requests too small to show in a mean.
const NEGLIGIBLE_SHARE: f64 = 1e-3;
/// Share of draws capped at an hour that changes a shown digit of the mean …
const MIN_NOTED_CAP: f64 = 1e-4;
/// … and share that changes the mean, including its square, by more than 5 %.
const TOO_MANY: f64 = 1e-2;

/// Returns the largest share of a draw's values that exceeds an hour, with the draw as written.
fn beyond_the_hour(scenario: &Scenario) -> Option<(f64, String)> {
    let steps = scenario.drawn().flat_map(|request| &request.script);
    let think = match &scenario.load.arrivals {
        Arrivals::Closed { think, .. } => Some(think),
        Arrivals::Open { .. } | Arrivals::Scheduled => None,
    };
    let draws = steps.filter_map(Step::duration).chain(think);
    let shares = draws.map(|draw| (quantile::beyond_the_hour(draw), draw.to_string()));
    shares.max_by(|a, b| a.0.total_cmp(&b.0))
}

fn of_the_hour(scenario: &Scenario) -> Option<String> {
    let (share, draw) = beyond_the_hour(scenario)?;
    let percent = share * 100.0;
    (share > TOO_MANY)
        .then(|| format!("draws end at an hour, and {percent:.0} % of `{draw}` would be longer"))
}

/// Returns a caveat if draws may exceed an hour a few times.
#[must_use]
pub fn ends_at_an_hour(scenario: &Scenario) -> Option<String> {
    let (share, draw) = beyond_the_hour(scenario)?;
    let percent = share * 100.0;
    (share > MIN_NOTED_CAP)
        .then(|| format!("draws end at an hour, which cuts {percent:.2} % of `{draw}`"))
}

fn of_the_heartbeat(scenario: &Scenario, cores: usize) -> Option<String> {
    let timeout = scenario.server.timeout?;
    let is_watched = attempt::heartbeat(scenario).is_some();
    let is_silent = is_watched && attempt::longest_silence(scenario) > timeout.as_secs_f64();
    if is_silent || attempt::mean(scenario).kills > NEGLIGIBLE_SHARE {
        return Some(format!(
            "requests keep their worker silent for longer than `timeout` ({timeout}), which ends it"
        ));
    }
    attempt::may_be_silent_among_others(scenario, cores).then(|| {
        format!("waits for a core or a service may keep a worker silent for longer than `timeout` ({timeout})")
    })
}

fn of_patience(scenario: &Scenario) -> Option<String> {
    let patience = scenario.load.patience;
    let fail = 1.0 - attempt::mean(scenario).good;
    (fail > NEGLIGIBLE_SHARE)
        .then(|| format!("requests take longer than clients wait ({patience})"))
}

fn of_the_course(scenario: &Scenario) -> Option<String> {
    if scenario.load.silent > 0 {
        return Some("clients that send nothing hold workers, too".into());
    }
    if !scenario.timeline.is_empty() {
        return Some(
            "formulas are of runs that stay the same, and the timeline changes this one".into(),
        );
    }
    let requests = scenario.load.requests?;
    let all = counted(requests as usize, "request");
    Some(format!(
        "formulas are of long runs, and this one has {all} in all"
    ))
}

fn of_the_steps(scenario: &Scenario) -> Option<String> {
    if demand::of_mix(scenario, |_| true).mean == 0.0 {
        let text = "requests neither compute nor wait: what they take is the server's own work";
        return Some(text.into());
    }
    let steps = || scenario.drawn().flat_map(|it| &it.script);
    if steps().any(Step::ends_the_request) {
        return Some("requests break off in the middle".into());
    }
    if steps().any(|step| matches!(step, Step::Offload { .. })) {
        return Some("requests also queue for processes that compute for the workers".into());
    }
    let in_threads = |step: &Step| step.wait_mode() == Some(WaitMode::InThreads);
    let has_a_pool = scenario.server.kind.has_a_loop();
    (has_a_pool && steps().any(in_threads)).then(|| "waits queue for a pool of threads, too".into())
}

fn of_the_services(scenario: &Scenario) -> Option<String> {
    let server = &scenario.server;
    let clients = match scenario.load.arrivals {
        Arrivals::Closed { clients, .. } => clients,
        Arrivals::Open { .. } | Arrivals::Scheduled => usize::MAX,
    };
    let [of_one, of_all] =
        [1, server.workers].map(|it| (it * server.requests_of_a_worker()).min(clients));
    let is_less = |limit: Option<usize>, callers| limit.is_some_and(|limit| limit < callers);
    let narrow = |it: &Service| is_less(it.pool, of_one) || is_less(it.capacity, of_all);
    let is_called = |called: usize| {
        let mut steps = scenario.drawn().flat_map(|it| &it.script);
        steps.any(|step| step.service() == Some(called))
    };
    let mut services = scenario.services.iter().enumerate();
    let (_, narrow) = services.find(|(place, it)| narrow(it) && is_called(*place))?;
    Some(format!("calls to {} queue for it, too", narrow.name))
}

fn of_the_server(scenario: &Scenario) -> Option<String> {
    let server = &scenario.server;
    let computes = demand::of_mix(scenario, |it| it == demand::DemandPart::Computing).mean > 0.0;
    if server.has_a_lock() && server.threads > 1 && computes {
        return Some("threads compute one at a time, behind one lock".into());
    }
    if server.kind.has_threads() && server.workers > 1 {
        let text = "a worker with threads accepts into a queue of its own, and none helps another";
        return Some(text.into());
    }
    if server.accept == Accept::Reuseport && server.workers > 1 {
        let text = "the kernel gives each worker a queue of its own, and none helps another";
        return Some(text.into());
    }
    let ends_the_others = |_: &u64| server.concurrency_limit_of(1) > 1;
    if let Some(most) = server.max_requests.filter(ends_the_others) {
        return Some(format!(
            "a worker is replaced after {}, and takes no more while it answers the others",
            counted(most as usize, "request")
        ));
    }
    let keeps = keeps_connections(scenario);
    let is_pinned = server.kind.begins() != RequestCapacity::One && slots(scenario) > 1;
    (keeps && is_pinned).then(|| {
        if scenario.server.workers == 1 {
            return "connections are kept: a client that has one keeps others out of its place"
                .into();
        }
        let workers = workers_of(scenario);
        format!("connections are kept: each client stays with one of {workers}")
    })
}
