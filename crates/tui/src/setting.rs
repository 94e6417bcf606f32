//! Descriptions of a variant: its settings, its differences from the one before, and a hint at what to
//! watch.

use concsim_model::scenario::{
    Arrivals, ConnectionMode, Draw, Process, Request, Scenario, Step, WaitMode, WorkerKind,
};
use concsim_model::units::Elapsed;
use concsim_model::words::{counted, grouped, length, megabytes};

/// Setting of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    /// Name: `workers`.
    pub(super) name: String,
    /// Value: `2 sync workers`.
    pub(super) value: String,
}

impl Fact {
    fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        Self { name, value }
    }
}

/// Returns all settings that can differ between two variants.
pub(super) fn facts(scenario: &Scenario) -> Vec<Fact> {
    let server = &scenario.server;
    let mut facts = vec![
        Fact::new("kind", server.kind.word()),
        Fact::new("workers", grouped(server.workers as u64)),
        Fact::new("load", load(scenario)),
    ];
    if server.kind.has_threads() {
        let threads = grouped(server.threads as u64);
        let lock = if server.gil { ", one computes" } else { "" };
        facts.push(Fact::new("threads", format!("{threads} per worker{lock}")));
    }
    if server.kind.has_a_loop() {
        let connections = grouped(server.connections as u64);
        facts.push(Fact::new(
            "connections",
            format!("{connections} per worker at most"),
        ));
    }
    if server.processes > 0 {
        let processes = grouped(server.processes as u64);
        facts.push(Fact::new("processes beside workers", processes));
    }
    if server.app > 0 {
        let place = if server.preload {
            "shared by all processes"
        } else {
            "in each worker"
        };
        let size = megabytes(server.app / 1_024);
        facts.push(Fact::new("application", format!("{size} {place}")));
    }
    for request in &scenario.requests {
        facts.push(Fact::new(&request.name, steps(request, scenario)));
    }
    if let Some(timeout) = server.timeout {
        facts.push(Fact::new("timeout", length(timeout)));
    }
    facts.push(Fact::new("backlog", grouped(u64::from(server.backlog))));
    facts.push(Fact::new("keepalive", length(server.keepalive)));
    facts
}

/// Returns the differences between `before` and `now`: (name, old value, new value).
pub(super) fn changes(before: &Scenario, now: &Scenario) -> Vec<(String, String, String)> {
    let old = facts(before);
    let changed = |fact: Fact| {
        let was = old.iter().find(|was| was.name == fact.name)?;
        let differs = was.value != fact.value;
        differs.then(|| (fact.name, was.value.clone(), fact.value))
    };
    facts(now).into_iter().filter_map(changed).collect()
}

/// Describes the differences in the words of a presenter: `now the same 2 processes, as coroutines`.
pub(super) fn announcement(before: &Scenario, now: &Scenario) -> String {
    let changes = changes(before, now);
    let workers = now.server.workers as u64;
    let same = match workers {
        1 => "the same process".to_owned(),
        _ => format!("the same {}", counted(workers, "process")),
    };
    let kind = now.server.kind.announcement();
    let more = || {
        let was = grouped(before.server.workers as u64);
        format!("{} instead of {was}", counted(workers, "worker"))
    };
    let names: Vec<&str> = changes.iter().map(|(what, ..)| what.as_str()).collect();
    match (names.as_slice(), changes.first()) {
        ([], _) => "now the same once more".into(),
        (["kind"], _) => format!("now {same}, {kind}"),
        (["workers"], _) => format!("now {}", more()),
        (["kind", "workers"], _) => format!("now {}, {kind}", more()),
        (["load"], Some((_, from, to))) => format!("now {to} instead of {from}"),
        ([_], Some((what, from, to))) => format!("now {what}: {to}, instead of {from}"),
        (several, _) => format!("now {} are different", listed(several)),
    }
}

/// Returns names as a list: `one, two and three`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

fn load(scenario: &Scenario) -> String {
    let load = &scenario.load;
    let source = match &load.arrivals {
        Arrivals::Scheduled => counted(load.jobs.len() as u64, "scheduled job"),
        Arrivals::Closed { clients, think, .. } if *think == Draw::Fixed(0) => {
            counted(*clients as u64, "client")
        }
        Arrivals::Closed { clients, think, .. } => {
            let clients = counted(*clients as u64, "client");
            format!("{clients}, pausing {} after each answer", think.in_words())
        }
        Arrivals::Open { rate, process } => {
            let spacing = match process {
                Process::Poisson => "at random",
                Process::Constant => "evenly spaced",
            };
            format!("{}/s, {spacing}", grouped(rate.round() as u64))
        }
    };
    let kept = match load.connection {
        ConnectionMode::PerRequest => "",
        ConnectionMode::KeepAlive => ", connections kept",
    };
    match load.requests {
        _ if load.arrivals == Arrivals::Scheduled => format!("{source}{kept}"),
        Some(requests) => format!("{source}, {}{kept}", counted(requests, "request")),
        None => format!("{source}{kept}"),
    }
}

/// True if nothing is known of the requests: a running server is watched, and clients of others load it.
pub(super) fn is_without_load(scenario: &Scenario) -> bool {
    matches!(scenario.load.arrivals, Arrivals::Closed { clients: 0, .. })
}

/// Describes the steps of a request in a line.
pub(super) fn steps(request: &Request, scenario: &Scenario) -> String {
    let steps: Vec<String> = request
        .script
        .iter()
        .map(|step| step_in_words(step, scenario))
        .collect();
    match steps.len() {
        0 if is_without_load(scenario) => "steps unknown".into(),
        0 => "answers at once".into(),
        _ => steps.join(", "),
    }
}

/// Describes one step, nearly as a scenario file writes it.
pub(super) fn step_in_words(step: &Step, scenario: &Scenario) -> String {
    let unpatched = |mode: &WaitMode| match mode {
        WaitMode::Patched => "",
        WaitMode::Unpatched => " unpatched",
        WaitMode::InThreads => " in threads",
    };
    match step {
        Step::Compute { cpu, slice: None } => format!("compute {}", cpu.in_words()),
        Step::Compute {
            cpu,
            slice: Some(slice),
        } => {
            format!(
                "compute {} in slices of {}",
                cpu.in_words(),
                length(Elapsed(slice.0))
            )
        }
        Step::Offload { cpu } => format!("compute {} in processes", cpu.in_words()),
        Step::Call {
            service,
            wait,
            mode,
        } => {
            let name = service_name(scenario, *service);
            format!("call {name} {}{}", wait.in_words(), unpatched(mode))
        }
        Step::Sleep { wait, mode } => format!("sleep {}{}", wait.in_words(), unpatched(mode)),
        Step::Yield => "yield".into(),
        Step::Write { bytes } => format!("write {} B", grouped(*bytes)),
        Step::Touch { bytes } => format!("touch {}", megabytes(bytes / 1_024)),
        Step::Count {
            counter,
            with_yield,
        } => {
            let name = scenario.counters.get(*counter).map_or("?", String::as_str);
            let letting_go = if *with_yield { " with yield" } else { "" };
            format!("count {name}{letting_go}")
        }
        Step::Panic => "panic".into(),
        Step::Overflow => "overflow".into(),
    }
}

/// Returns the name of a service.
pub(super) fn service_name(scenario: &Scenario, service: usize) -> &str {
    scenario
        .services
        .get(service)
        .map_or("a service", |service| &service.name)
}

/// Waits of requests, as far as they decide the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// Requests only compute.
    None,
    /// Requests wait, and yield meanwhile if their worker can.
    Patched,
    /// Some waits block the process in any kind of worker.
    Unpatched,
}

/// Returns the kind of wait of a scenario's requests.
pub(super) fn wait_kind(scenario: &Scenario) -> Waits {
    let steps = scenario.requests.iter().flat_map(|request| &request.script);
    let modes = steps.filter_map(Step::wait_mode);
    modes.fold(Waits::None, |so_far, mode| match (so_far, mode) {
        (Waits::Unpatched, _) | (_, WaitMode::Unpatched) => Waits::Unpatched,
        (_, WaitMode::Patched | WaitMode::InThreads) => Waits::Patched,
    })
}

/// Returns a hint at what to watch while this is played. `only_change` names the setting that differs from
/// the variant before, if it is one.
pub(super) fn watch_hint(scenario: &Scenario, cores: usize, only_change: Option<&str>) -> String {
    let server = &scenario.server;
    let mut steps = scenario.requests.iter().flat_map(|request| &request.script);
    if steps.any(|step| step.counter().is_some()) {
        return "the counters: each process has its own, and an update may get lost".into();
    }
    if has_a_hog(scenario) {
        return "the short requests: a long one keeps the worker while it computes".into();
    }
    let units = server.parallelism_limit_of(server.workers);
    let counted_units = counted(units as u64, server.computes_alone());
    if only_change == Some("workers") {
        let most = counted(units.min(cores) as u64, "core");
        return format!("parallelism: {counted_units} can compute on {most} at the same instant");
    }
    match (server.kind, wait_kind(scenario)) {
        (WorkerKind::Coroutine, Waits::Unpatched) => {
            "the workers' rows: an unpatched wait blocks the process, with every coroutine in it"
                .into()
        }
        (kind, Waits::Patched | Waits::Unpatched) => kind.watch_hint().into(),
        (_, Waits::None) if units > cores => format!("the cores: {counted_units} want {cores}"),
        (_, Waits::None) => {
            "parallelism: nothing waits, so only more computing at once can help".into()
        }
    }
}

/// True if some requests compute ten times as long as others.
fn has_a_hog(scenario: &Scenario) -> bool {
    let computes = |request: &Request| {
        let steps = request.script.iter();
        let lengths = steps.filter_map(|step| match step {
            Step::Compute { cpu, .. } => Some(cpu.typical()),
            _ => None,
        });
        lengths.fold(0, u64::saturating_add)
    };
    let asked = || {
        scenario
            .requests
            .iter()
            .filter(|request| request.weight > 0.0)
    };
    let shortest = asked().map(computes).min().unwrap_or(0);
    let longest = asked().map(computes).max().unwrap_or(0);
    longest > 0 && longest / 10 >= shortest
}
