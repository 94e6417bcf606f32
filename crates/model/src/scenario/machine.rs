//! The machine of the simulation: its cores, their scheduler, and the costs of work. Real processes have the
//! machine that they run on.
//!
//! Without a `[machine]` everything but a scenario's own steps is free, and the results are those of a
//! textbook. `concsim calibrate` writes such a table with the costs of a real machine.

use serde::{Deserialize, Serialize};

use super::fields::Fields;
use super::key_word::{KeyWord, words};
use super::keys::{SECOND, Section, Shape, key, whole};
use super::overshoot::Overshoot;
use super::problem::Problem;
use super::tree::Table;
use crate::units::{CpuTime, Elapsed};

/// Least efficiency that makes sense, with all cores busy.
const LEAST_EFFICIENCY: f64 = 0.1;

/// A simulated machine: cores and costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Number of cores.
    pub cores: usize,
    /// Assignment of processes to cores.
    pub scheduler: Scheduler,
    /// Time that a process keeps its core while others want one.
    pub slice: CpuTime,
    /// Speed of a core while all are busy, as a share of its speed alone: 0.1 to 1.
    pub efficiency: f64,
    /// Cost when a core switches to another process than it ran last.
    pub process_switch: CpuTime,
    /// Cost when a coroutine worker's hub switches to a task and back.
    pub coroutine_switch: CpuTime,
    /// Cost when a worker takes a connection from the door.
    pub accept: CpuTime,
    /// CPU time of a worker for each request besides its steps: reading, parsing, answering.
    pub request: CpuTime,
    /// Time from the end of a wait until the process could run.
    pub wake_up: Elapsed,
    /// Excess of a wait over its nominal length.
    pub overshoot: Overshoot,
    /// CPU time of load for each request, half of it before it is sent.
    pub generator: CpuTime,
    /// CPU time of the services' process for each call, half of it before it waits.
    pub service: CpuTime,
}

/// Assignment of processes to cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheduler {
    /// Processor sharing: all that want to run share the cores evenly, at every instant. Nothing is switched,
    /// so that a process switch costs nothing.
    Ideal,
    /// One queue for all cores, and a slice for each process in turn.
    RoundRobin,
    /// A queue for each core; a core with an empty queue takes from another.
    PerCore,
}

impl Default for Machine {
    /// Four cores on which nothing costs anything.
    fn default() -> Self {
        read(None, &mut Vec::new())
    }
}

/// Shape of a cost: so short that a second of it is a mistake.
const COST: Shape = Shape::Length {
    least: 0,
    most: SECOND,
};

const SCHEDULERS: [(Scheduler, KeyWord); 3] = [
    (Scheduler::Ideal, KeyWord::of_both("ideal")),
    (Scheduler::RoundRobin, KeyWord::of_both("round-robin")),
    (Scheduler::PerCore, KeyWord::of_both("per-core")),
];

pub(super) const MACHINE: Section = Section {
    description: "the simulated machine; not used by real processes",
    keys: &[
        key("cores", whole(1, 1024), "number of cores").by_default("4"),
        key(
            "scheduler",
            Shape::Word(&words(&SCHEDULERS)),
            "sharing of the cores: evenly at the same time (switches then cost nothing), slices in turn, or a queue for each core",
        )
        .by_default("\"round-robin\""),
        key(
            "slice",
            Shape::Length {
                least: 10_000,
                most: SECOND,
            },
            "time that a process keeps its core while others want one",
        )
        .by_default("\"3ms\""),
        key(
            "efficiency",
            Shape::Share { most: 1.0 },
            "speed of a core while all are busy, as a share of its speed alone",
        )
        .by_default("1"),
        key(
            "process_switch",
            COST,
            "CPU time: a core switches to another process",
        )
        .by_default("\"0s\""),
        key(
            "coroutine_switch",
            COST,
            "CPU time: a hub switches to a task and back",
        )
        .by_default("\"0s\""),
        key("accept", COST, "CPU time: a worker accepts a connection").by_default("\"0s\""),
        key(
            "request",
            COST,
            "CPU time of a worker for each request, besides its steps",
        )
        .by_default("\"0s\""),
        key(
            "wake_up",
            COST,
            "time from the end of a wait until the process can run",
        )
        .by_default("\"0s\""),
        key(
            "overshoot",
            Shape::Quantiles,
            "excess of a wait over its requested time",
        )
        .by_default("\"0s\""),
        key(
            "generator",
            COST,
            "CPU time of the load generator for each request",
        )
        .by_default("\"0s\""),
        key(
            "service",
            COST,
            "CPU time of the services for each call",
        )
        .by_default("\"0s\""),
    ],
    tables: &[],
};

/// Reads `[machine]`.
pub(super) fn read(table: Option<&Table>, problems: &mut Vec<Problem>) -> Machine {
    let mut fields = Fields::new(&MACHINE, "machine", table, problems);
    let mut cpu = |name| CpuTime(fields.length(name).0);
    let [
        slice,
        process_switch,
        coroutine_switch,
        accept,
        request,
        generator,
        service,
    ] = [
        "slice",
        "process_switch",
        "coroutine_switch",
        "accept",
        "request",
        "generator",
        "service",
    ]
    .map(&mut cpu);
    let efficiency = fields.share("efficiency");
    if efficiency < LEAST_EFFICIENCY
        && let Some(node) = fields.given("efficiency")
    {
        let problem = Problem::new(
            &node.place,
            format!("`machine.efficiency` is too small: {efficiency}"),
        );
        fields.note(problem.legal(format!("a number from {LEAST_EFFICIENCY} to 1")));
    }
    Machine {
        cores: fields.whole("cores") as usize,
        scheduler: fields.choice("scheduler", &SCHEDULERS),
        slice,
        efficiency,
        process_switch,
        coroutine_switch,
        accept,
        request,
        wake_up: fields.length("wake_up"),
        overshoot: fields.overshoot("overshoot"),
        generator,
        service,
    }
}
