//! The machine that the simulation plays on: its cores, who decides who runs on them, and what things cost
//! there. Speaks to the simulation alone: real processes have the machine that they run on.
//!
//! Without a `[machine]` everything but a scenario's own steps is free, and the results are those of a
//! textbook. `concsim calibrate` writes what things cost on a real machine, as such a table.

use serde::{Deserialize, Serialize};

use super::fields::Fields;
use super::keys::{SECOND, Section, Shape, key, whole};
use super::problem::Problem;
use super::tree::Table;
use crate::units::{CpuTime, Elapsed};

/// Cores that give less than this while all are busy are none.
const LEAST_EFFICIENCY: f64 = 0.1;

/// Cores, and costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// How many.
    pub cores: usize,
    /// Who decides which process runs on which of them.
    pub scheduler: Scheduler,
    /// How long a process keeps its core while others want one.
    pub slice: CpuTime,
    /// What a core gives while all are busy, as a share of what it gives alone.
    pub efficiency: f64,
    /// A core turns to another process than it ran last.
    pub process_switch: CpuTime,
    /// A coroutine worker's hub turns to a task and back.
    pub coroutine_switch: CpuTime,
    /// A worker takes a connection from the door.
    pub accept: CpuTime,
    /// What a worker computes for each request besides its steps: reading, parsing, answering.
    pub request: CpuTime,
    /// From the end of a wait to the instant at which the process could run.
    pub wake_up: Elapsed,
    /// By how much a wait takes longer than was asked for.
    pub overshoot: Overshoot,
    /// What load computes for each request, half of it before it is sent.
    pub generator: CpuTime,
    /// What the services' process computes for each call, half of it before it waits.
    pub service: CpuTime,
}

/// Who decides which process runs on which core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheduler {
    /// Nobody has to: all that want to run share the cores evenly, at every instant. Nothing is switched, so
    /// that a process switch costs nothing.
    Ideal,
    /// One queue for all cores, and a slice for each in turn.
    RoundRobin,
    /// A queue for each core; who finds the own one empty takes from another.
    PerCore,
}

/// By how much waits take longer: quantiles, between which it is as likely as anywhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overshoot(
    /// Shares from 0 to 1, ascending, with the nanoseconds that this share stays below. None: no wait
    /// takes longer than it was asked to.
    pub Vec<(f64, u64)>,
);

impl Overshoot {
    /// Always the same.
    #[must_use]
    pub fn constant(length: Elapsed) -> Self {
        match length {
            Elapsed::ZERO => Self::default(),
            Elapsed(length) => Self(vec![(0.0, length)]),
        }
    }

    /// What so large a share of all waits stays below.
    #[must_use]
    pub fn at(&self, share: f64) -> Elapsed {
        let after = self.0.partition_point(|(known, _)| *known <= share);
        let Some((from, low)) = after.checked_sub(1).map(|before| self.0[before]) else {
            return Elapsed(self.0.first().map_or(0, |(_, least)| *least));
        };
        let Some(&(to, high)) = self.0.get(after) else {
            return Elapsed(low);
        };
        let part = (share - from) / (to - from);
        Elapsed(low + (part * high.saturating_sub(low) as f64) as u64)
    }
}

impl Default for Machine {
    /// Four cores on which nothing costs anything.
    fn default() -> Self {
        read(None, &mut Vec::new())
    }
}

/// A cost: so short that a second of it is a mistake.
const COST: Shape = Shape::Length {
    least: 0,
    most: SECOND,
};

pub(super) const MACHINE: Section = Section {
    says: "the machine that it is simulated on; real processes do not read this",
    keys: &[
        key("cores", whole(1, 1024), "how many it has").by_default("4"),
        key(
            "scheduler",
            Shape::Word {
                legal: &["ideal", "round-robin", "per-core"],
                simulated: &[],
            },
            "how cores are shared: all at once evenly (then switches cost nothing), slices in turn, or a queue for each core",
        )
        .by_default("\"round-robin\""),
        key(
            "slice",
            Shape::Length {
                least: 10_000,
                most: SECOND,
            },
            "how long a process keeps its core while others want one",
        )
        .by_default("\"3ms\""),
        key(
            "efficiency",
            Shape::Share { most: 1.0 },
            "what a core gives while all are busy, as a share of what it gives alone",
        )
        .by_default("1"),
        key(
            "process_switch",
            COST,
            "core time: a core turns to another process than before",
        )
        .by_default("\"0s\""),
        key(
            "coroutine_switch",
            COST,
            "core time: a hub turns to a task, and back",
        )
        .by_default("\"0s\""),
        key("accept", COST, "core time: a worker takes a connection").by_default("\"0s\""),
        key(
            "request",
            COST,
            "core time: what a worker computes for each request besides its steps",
        )
        .by_default("\"0s\""),
        key(
            "wake_up",
            COST,
            "from the end of a wait until the process could run",
        )
        .by_default("\"0s\""),
        key(
            "overshoot",
            Shape::Quantiles,
            "by how much a wait takes longer than was asked for",
        )
        .by_default("\"0s\""),
        key(
            "generator",
            COST,
            "core time: what load computes for each request",
        )
        .by_default("\"0s\""),
        key(
            "service",
            COST,
            "core time: what the services compute for each call",
        )
        .by_default("\"0s\""),
    ],
    tables: &[],
};

/// `[machine]`
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
            format!("a core that gives {efficiency} stands still"),
        );
        fields.note(problem.legal(format!("a number from {LEAST_EFFICIENCY} to 1")));
    }
    Machine {
        cores: fields.whole("cores") as usize,
        scheduler: match fields.word("scheduler") {
            "ideal" => Scheduler::Ideal,
            "per-core" => Scheduler::PerCore,
            _ => Scheduler::RoundRobin,
        },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overshoot_lies_between_its_quantiles() {
        let table = Overshoot(vec![(0.0, 10), (0.5, 50), (1.0, 250)]);
        for (share, expected) in [(0.0, 10), (0.25, 30), (0.5, 50), (0.75, 150), (1.0, 250)] {
            assert_eq!(table.at(share), Elapsed(expected), "{share}");
        }
        assert_eq!(Overshoot::constant(Elapsed(7)).at(0.9), Elapsed(7));
        assert_eq!(Overshoot::default().at(0.9), Elapsed::ZERO);
    }
}
