//! Turns a tree of values into a [`Scenario`]: reads every table by its keys, and reports mistakes that only
//! show in the whole (a missing key, two that exclude each other).

use super::command;
use super::fields::{self, Fields};
use super::jobs;
use super::keys::{
    ACCEPTS, ARRIVALS, CLOSED, CONNECTIONS, LOAD, OPEN, REQUEST, SERVER, SERVICE, TOP,
};
use super::machine;
use super::problem::{Place, Problem};
use super::sentence::{self, Names};
use super::timeline;
use super::trace::Traces;
use super::tree::{Entry, Node, Table};
use super::words::Word;
use super::{
    Arrivals, Engine, Load, Request, Scenario, Script, Server, Service, Warmup, WorkerKind,
};
use crate::units::Elapsed;

/// Maximum number of steps; more would not fit into the address of a request, which lists their durations.
const MOST_STEPS: usize = 200;

/// Maximum number of workers of a server.
const MOST_WORKERS: usize = 256;

/// Maximum number of requests; more could not be kept in memory.
const MOST_REQUESTS: f64 = 2e7;

/// Returns the scenario in `tree`, for `engine` to play; after mistakes, the nearest valid one.
pub(super) fn scenario(
    tree: &Table,
    traces: &Traces,
    engine: Engine,
    problems: &mut Vec<Problem>,
) -> Scenario {
    let mut names = Names::default();
    let machine = machine::read(table(tree, "machine", problems), problems);
    let cores = match engine {
        Engine::Simulation => machine.cores.min(MOST_WORKERS),
        Engine::Processes | Engine::Nobody => available_cores(),
    };
    let server = server(table(tree, "server", problems), cores, problems);
    let limits = services(tree, problems);
    let mut requests = requests(tree, &mut names, problems);
    let mut load = load(tree, traces, &mut requests, problems);
    let mut top = Fields::new(&TOP, "", Some(tree), problems);
    let warmup = match top.length_if_given("warmup") {
        Some(length) => Warmup::For(length),
        None if load.requests.is_some() => Warmup::For(Elapsed::ZERO),
        None => Warmup::UntilEveryoneWasAnswered,
    };
    let (seed, duration) = (top.whole("seed"), top.length("duration"));
    if load.arrivals == Arrivals::Scheduled {
        jobs::set_counted_requests(&mut load, warmup, tree.get("warmup"), problems);
    }
    let server = Server {
        processes: if offloads(&requests) {
            server.processes
        } else {
            0
        },
        ..server
    };
    let mut scenario = Scenario {
        seed,
        warmup,
        duration,
        server,
        services: names
            .services
            .into_iter()
            .map(|name| limited(name, &limits))
            .collect(),
        counters: names.counters,
        requests,
        load,
        timeline: Vec::new(),
        machine,
    };
    scenario.timeline = timeline::read(tree, &scenario, problems);
    too_many_arrivals(&scenario, tree, problems);
    scenario
}

/// Returns the table under `name`; a value of another type is a mistake.
fn table<'t>(tree: &'t Table, name: &str, problems: &mut Vec<Problem>) -> Option<&'t Table> {
    let entry = tree.get(name)?;
    if entry.node.table().is_none() {
        problems.push(not_a_table(entry, name));
    }
    entry.node.table()
}

fn not_a_table(entry: &Entry, path: &str) -> Problem {
    Problem::new(&entry.place, format!("`{path}` is not a table"))
        .legal(format!("write it as [{path}]"))
}

/// Returns the number of cores that this process may run on.
fn available_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn server(table: Option<&Table>, cores: usize, problems: &mut Vec<Problem>) -> Server {
    let mut fields = Fields::new(&SERVER, "server", table, problems);
    let (gil, gil_returns) = fields.lock("gil");
    let node = fields.given("boot");
    let server = Server {
        kind: fields.choice("kind", &WorkerKind::WORDS),
        workers: fields.workers("workers", cores),
        connections: fields.whole("connections") as usize,
        backlog: fields.whole("backlog") as u32,
        keepalive: fields.length("keepalive"),
        timeout: Some(fields.length("timeout")).filter(|timeout| *timeout > Elapsed::ZERO),
        graceful_timeout: fields.length("graceful_timeout"),
        threads: fields.whole("threads") as usize,
        gil,
        gil_returns,
        threadpool: fields.whole("threadpool") as usize,
        accept: fields.choice("accept", &ACCEPTS),
        max_requests: Some(fields.whole("max_requests")).filter(|most| *most > 0),
        max_requests_jitter: fields.whole("max_requests_jitter"),
        processes: fields.whole("processes") as usize,
        app: fields.size("app"),
        boot: fields.boot("boot"),
        preload: fields.flag("preload"),
        nice: fields.whole("nice") as u8,
        command: command(&mut fields),
    };
    if let Some(problem) = node.and_then(|node| server.mistake_of_boot(node)) {
        fields.note(problem);
    }
    server
}

/// True if a step computes in processes of its own.
fn offloads(requests: &[Request]) -> bool {
    let mut steps = requests.iter().flat_map(|request| &request.script);
    steps.any(|step| matches!(step, super::Step::Offload { .. }))
}

/// Reads the command of a foreign server.
fn command(fields: &mut Fields<'_>) -> Option<String> {
    let command = fields.text("command")?;
    if let (Some(node), Some(mistake)) = (fields.given("command"), command::mistake(&command)) {
        fields.note(fields::at(node, mistake));
    }
    Some(command)
}

/// Reads the limits of services. A service exists because a step calls it.
fn services(tree: &Table, problems: &mut Vec<Problem>) -> Vec<Service> {
    let mut services = Vec::new();
    for (path, entry, table) in named_tables(tree, "services", problems) {
        let mut fields = Fields::new(&SERVICE, &path, Some(table), problems);
        let mut limit = |name| Some(fields.whole(name) as usize).filter(|limit| *limit > 0);
        services.push(Service {
            capacity: limit("capacity"),
            pool: limit("pool"),
            connect: fields.length("connect"),
            name: entry.key.clone(),
        });
    }
    services
}

/// Returns the service of this name with its limits, if it has any.
fn limited(name: String, limits: &[Service]) -> Service {
    let text = limits.iter().find(|service| service.name == name);
    text.cloned().unwrap_or(Service {
        name,
        capacity: None,
        pool: None,
        connect: Elapsed::ZERO,
    })
}

/// Returns the tables within the table `name`, with their paths and keys.
fn named_tables<'t>(
    tree: &'t Table,
    name: &str,
    problems: &mut Vec<Problem>,
) -> Vec<(String, &'t Entry, &'t Table)> {
    let mut tables = Vec::new();
    for entry in table(tree, name, problems)
        .iter()
        .flat_map(|table| &table.entries)
    {
        let path = format!("{name}.{}", entry.key);
        let key = Word::only(&entry.key);
        if let Err(mistake) = sentence::name(&key) {
            problems.push(Problem::new(&entry.place, mistake.message));
        }
        match entry.node.table() {
            Some(table) => tables.push((path, entry, table)),
            None => problems.push(not_a_table(entry, &path)),
        }
    }
    tables
}

fn requests(tree: &Table, names: &mut Names, problems: &mut Vec<Problem>) -> Vec<Request> {
    let mut requests = Vec::new();
    for (path, entry, table) in named_tables(tree, "requests", problems) {
        let mut fields = Fields::new(&REQUEST, &path, Some(table), problems);
        requests.push(Request {
            name: entry.key.clone(),
            weight: fields.share("weight"),
            script: script(&mut fields, names, &entry.place),
        });
    }
    let place = tree
        .get("requests")
        .map(|entry| entry.place.clone())
        .unwrap_or_default();
    let problem = |message: &str| Problem::new(&place, message).of_the_whole();
    if tree.get("requests").is_none_or(|entry| {
        entry
            .node
            .table()
            .is_some_and(|table| table.entries.is_empty())
    }) {
        problems.push(
            problem("there is no request to play")
                .legal("for example [requests.profile] with steps = [\"compute 1ms\"]"),
        );
    } else if !requests.is_empty() && requests.iter().all(|request| request.weight == 0.0) {
        problems
            .push(problem("all requests have `weight` 0").legal("at least one `weight` above 0"));
    }
    requests
}

fn script(fields: &mut Fields<'_>, names: &mut Names, place: &Place) -> Script {
    let Some(node) = fields.given("steps") else {
        let message = format!("`{}` is missing", fields.path_of("steps"));
        let problem = Problem::new(place, message).of_the_whole();
        fields.note(problem.legal("for example steps = [\"compute 1ms\"]; [] for no steps"));
        return Script::new();
    };
    let Some(sentences) = fields.list("steps") else {
        return Script::new();
    };
    if sentences.len() > MOST_STEPS {
        let message = format!("{} steps are too many", sentences.len());
        fields.note(Problem::new(&node.place, message).legal(format!("at most {MOST_STEPS}")));
    }
    let mut script = Script::new();
    for sentence in sentences {
        match step_of(sentence, names) {
            Ok(step) => script.push(step),
            Err(problem) => fields.note(problem),
        }
    }
    script
}

fn step_of(node: &Node, names: &mut Names) -> Result<super::Step, Problem> {
    let Some(text) = node.text() else {
        let message = format!("{} is not a step", node.literal());
        return Err(Problem::new(&node.place, message)
            .legal("a sentence in quotes, for example \"compute 1ms\""));
    };
    sentence::read(text, names).map_err(|mistake| fields::at(node, mistake))
}

/// Reads the load. Jobs set the shares of the mix.
fn load(
    tree: &Table,
    traces: &Traces,
    requests: &mut [Request],
    problems: &mut Vec<Problem>,
) -> Load {
    let place = tree.get("load").map(|entry| entry.place.clone());
    let listed = jobs::read(tree, requests, problems);
    let has_list = listed.is_some();
    let trace = tree.at(&["load", "trace"]);
    let of_trace = trace.map(|entry| {
        let path = entry.node.text().unwrap_or_default();
        traces.jobs(path, requests, problems)
    });
    let mut fields = Fields::new(&LOAD, "load", table(tree, "load", problems), problems);
    fields.text("trace");
    let jobs = listed.or(of_trace);
    let arrivals = if jobs.is_some() {
        jobs::report_excluded_keys(&mut fields, has_list);
        Arrivals::Scheduled
    } else {
        arrivals(&mut fields, &place.unwrap_or_default())
    };
    let jobs = jobs.unwrap_or_default();
    jobs::set_shares(requests, &jobs);
    let limit = match arrivals {
        Arrivals::Scheduled => jobs.len() as u64,
        Arrivals::Closed { .. } | Arrivals::Open { .. } => fields.whole("requests"),
    };
    Load {
        arrivals,
        jobs,
        requests: Some(limit).filter(|requests| *requests > 0),
        connection: fields.choice("connection", &CONNECTIONS),
        silent: fields.whole("silent") as usize,
        patience: fields.length("patience"),
    }
}

fn arrivals(fields: &mut Fields<'_>, place: &Place) -> Arrivals {
    match (fields.given("clients"), fields.given("rate")) {
        (None, None) => fields.note(
            Problem::new(place, "the scenario has no load")
                .legal("`load.clients`, `load.rate`, `load.trace` or [[jobs]] must be given")
                .hint("for example [load] with clients = 60, or rate = \"200/s\"".to_owned())
                .of_the_whole(),
        ),
        (Some(_), Some(rate)) => fields.note(
            Problem::new(
                &rate.place,
                "`load.clients` cannot be combined with `load.rate`",
            )
            .legal("closed load: clients wait for each answer; open load: requests come at a rate. Keep one")
            .of_the_whole(),
        ),
        (Some(_), None) => only_for("rate", &OPEN, fields),
        (None, Some(_)) => only_for("clients", &CLOSED, fields),
    }
    if fields.given("rate").is_some() {
        return Arrivals::Open {
            rate: fields.rate("rate"),
            process: fields.choice("arrivals", &ARRIVALS),
        };
    }
    Arrivals::Closed {
        clients: match fields.given("clients") {
            Some(_) => fields.whole("clients") as usize,
            None => 1,
        },
        think: fields.draw("think"),
        ramp: fields.length("ramp"),
    }
}

/// Reports keys that belong to the other sort of load.
fn only_for(sort: &str, keys: &[&str], fields: &mut Fields<'_>) {
    for key in keys {
        if let Some(node) = fields.given(key) {
            let message = format!("`load.{key}` needs `load.{sort}`");
            fields.note(Problem::new(&node.place, message).of_the_whole());
        }
    }
}

fn too_many_arrivals(scenario: &Scenario, tree: &Table, problems: &mut Vec<Problem>) {
    let warmup = match scenario.warmup {
        Warmup::For(length) => length,
        Warmup::UntilEveryoneWasAnswered => Elapsed::from_secs(10),
    };
    let due = scenario.arrivals_within(warmup + scenario.duration);
    let entry = tree.at(&["load", "rate"]);
    if let (true, Some(entry)) = (
        due > MOST_REQUESTS && scenario.load.requests.is_none(),
        entry,
    ) {
        let message = format!("{due:.0} requests would be due");
        let problem = Problem::new(&entry.node.place, message).of_the_whole();
        problems.push(problem.legal(format!(
            "at most {MOST_REQUESTS:.0}: a lower rate or less time"
        )));
    }
}
