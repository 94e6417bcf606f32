//! Parity with another server: the same scenarios on concsim's own server and on the other one, run after run in pairs.

use anyhow::{bail, ensure};
use serde::Serialize;

use crate::length::seconds_of;
use crate::repeats;
use crate::steps::Steps;
use concsim_driver::console::print_message;
use concsim_driver::frontend::Headless;
use concsim_driver::play::play_one;
use concsim_model::scenario::{self, Overrides, Plan, Variant, command};
use concsim_os::sys::{interrupt, processes};
use concsim_record::summary::{Run, summarise};
use concsim_report::server_parity::{Difference, LIMITS, Limits, Numbers, Row};

/// A scenario whose requests compute for so long that the cost of Python is small beside it.
#[derive(Debug)]
pub struct ServerCase {
    /// Name in the table.
    pub name: &'static str,
    /// Requests and load, as in a file.
    text: &'static str,
}

/// Waiting, computing, and both.
pub const CASES: [ServerCase; 3] = [
    ServerCase {
        name: "io_bound",
        text: "requests.profile.steps = ['compute 10ms', 'call billing 90ms']\n\
               load.clients = 12\n",
    },
    ServerCase {
        name: "cpu_bound",
        text: "requests.report.steps = ['compute 40ms']\n\
               load.clients = 6\n",
    },
    ServerCase {
        name: "mixed",
        text: "requests.page = { weight = 8, steps = ['compute 10ms', 'call database 20ms'] }\n\
               requests.report.steps = ['compute 30ms', 'call database 5ms', 'compute 30ms']\n\
               load.rate = '40/s'\n",
    },
];

/// Classes of workers, in gunicorn's words, with the kind of concsim's workers.
pub const CLASSES: [(&str, &str); 4] = [
    ("sync", "sync"),
    ("gthread", "threads"),
    ("gevent", "coroutine"),
    ("tornado", "callback"),
];

/// The schema of a [`Table`].
const SCHEMA: &str = "concsim.server-parity/1";

/// All rows, for programs.
#[derive(Serialize)]
struct Table<'a> {
    schema: &'static str,
    server: &'a str,
    limits: Limits,
    rows: Vec<ComparedRow<'a>>,
}

/// A row with its differences.
#[derive(Serialize)]
struct ComparedRow<'a> {
    #[serde(flatten)]
    row: &'a Row,
    throughput: Option<Difference>,
    p50: Option<Difference>,
    jain_distance: Option<Difference>,
}

/// Returns the rows as JSON, for programs.
///
/// # Errors
/// A value that JSON does not have.
pub fn json(server: &str, rows: &[Row]) -> serde_json::Result<String> {
    let compared = rows.iter().map(|row| ComparedRow {
        row,
        throughput: row.throughput(),
        p50: row.p50(),
        jain_distance: row.jain(),
    });
    serde_json::to_string_pretty(&Table {
        schema: SCHEMA,
        server,
        limits: LIMITS,
        rows: compared.collect(),
    })
}

/// Plays the cases `repeats` times with every class of workers, on both servers, and returns a row for each case and class.
/// A class that the server does not have is reported and left out.
///
/// # Errors
/// A process that cannot be started, a run that failed, or ^C.
pub fn play_all(
    server: &str,
    cases: &[&ServerCase],
    classes: &[(&str, &str)],
    repeats: usize,
) -> anyhow::Result<Vec<Row>> {
    interrupt::listen()?;
    let pairs: Vec<ServerPair> = cases
        .iter()
        .flat_map(|case| classes.iter().map(|it| ServerPair::of(server, case, *it)))
        .collect();
    let expected = pairs.iter().map(|it| it.expected_s() * repeats as f64);
    let mut steps = Steps::expected(expected.collect());
    let mut rows = Vec::new();
    for pair in &pairs {
        steps.begin(&format!("playing {}, {}", pair.name, pair.class));
        match pair.play(repeats)? {
            Ok(row) => rows.push(row),
            Err(reason) => print_message(format_args!("{}: {reason}", pair.class)),
        }
    }
    ensure!(!rows.is_empty(), "{server} played none of the scenarios");
    Ok(rows)
}

/// A case with one class of workers: the plans of concsim's server and of the other one.
struct ServerPair {
    name: &'static str,
    class: String,
    own: Plan,
    other: Plan,
}

impl ServerPair {
    fn of(server: &str, case: &ServerCase, (class, kind): (&str, &str)) -> Self {
        let own = plan_of(case, kind);
        let mut other = own.clone();
        for variant in &mut other.variants {
            server.clone_into(&mut variant.name);
            variant.scenario.server.command =
                command::known_server(server).map(|it| it.replace("{class}", class));
        }
        Self {
            name: case.name,
            class: class.to_owned(),
            own,
            other,
        }
    }

    fn expected_s(&self) -> f64 {
        2.0 * seconds_of(&self.own.variants[0].scenario)
    }

    /// Plays both servers, each first in every other pair. The inner error is the reason for which the other server
    /// did not play.
    fn play(&self, repeats: usize) -> anyhow::Result<Result<Row, String>> {
        let mut row = Row {
            scenario: self.name.to_owned(),
            class: self.class.clone(),
            own: Vec::new(),
            other: Vec::new(),
        };
        for repeat in 0..repeats {
            let mut sides = [(&self.own, &mut row.own), (&self.other, &mut row.other)];
            if repeat % 2 == 1 {
                sides.reverse();
            }
            for (plan, runs) in sides {
                match play_once(&repeats::plan_of(plan, repeat))? {
                    Ok(run) => runs.push(numbers_of(&run)),
                    Err(reason) => return Ok(Err(reason)),
                }
            }
        }
        Ok(Ok(row))
    }
}

/// Returns the plan of a case for one kind of workers of concsim's own server.
fn plan_of(case: &ServerCase, kind: &str) -> Plan {
    let text = format!(
        "warmup = '1s'\nduration = '5s'\nserver = {{ kind = '{kind}', workers = 2, threads = 8 }}\n{}",
        case.text
    );
    let read = scenario::read(&text, case.name, &Overrides::default());
    read.unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Plays the only variant of a plan. The inner error is the reason for which its server did not play.
fn play_once(plan: &Plan) -> anyhow::Result<Result<Run, String>> {
    let variant: &Variant = &plan.variants[0];
    processes::allow_descriptors(concsim_os::server::descriptors_needed(&variant.scenario))?;
    let recording = play_one(plan, variant, &mut Headless::new(true), None)?;
    if recording.header.interrupted {
        bail!("interrupted");
    }
    if let Some(reason) = &recording.header.crashed {
        return Ok(Err(reason.clone()));
    }
    Ok(Ok(summarise(&recording)))
}

fn numbers_of(run: &Run) -> Numbers {
    let workers = &run.workers;
    let sum = |count: fn(&_) -> Option<u64>| workers.iter().map(count).sum::<Option<u64>>();
    let requests = sum(concsim_record::usage::Worker::known_requests);
    let switches = sum(concsim_record::usage::Worker::known_switches);
    let each = requests.zip(switches).filter(|(requests, _)| *requests > 0);
    Numbers {
        throughput_per_s: run.throughput_per_s,
        p50_ms: run.latency_ms.p50,
        jain: run.accept_jain,
        trust: run.trust,
        switches_per_request: each.map(|(requests, switches)| switches as f64 / requests as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::scenario::{Draw, Step};

    #[test]
    fn each_case_is_valid_for_each_kind_and_computes_for_ten_milliseconds_or_more() {
        for case in &CASES {
            for class in CLASSES {
                let pair = ServerPair::of("gunicorn", case, class);
                assert_eq!(pair.own.variants.len(), 1, "{}", case.name);
                let [own, other] = [&pair.own, &pair.other].map(|it| &it.variants[0].scenario);
                assert!(!own.server.is_foreign() && other.server.is_foreign());
                for request in &own.requests {
                    let computed = request.script.iter().filter_map(|step| match step {
                        Step::Compute {
                            cpu: Draw::Fixed(length),
                            ..
                        } => Some(*length),
                        _ => None,
                    });
                    assert!(computed.sum::<u64>() >= 10_000_000, "{}", request.name);
                }
            }
        }
    }
}
