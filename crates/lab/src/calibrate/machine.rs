//! Converts the findings to the `[machine]` of a simulation: a table as in a scenario file, with the origin
//! of each number.

use super::engine::quantiles;
use super::finding::Findings;
use super::switch::cpu_time;
use concsim_model::scenario::{Machine, Overshoot, Scheduler};
use concsim_model::units::{CpuTime, Elapsed};

/// Turns of the hub for an empty request: one to read it, one to finish it.
const TURNS: f64 = 2.0;

/// Returns the machine with these costs; a cost without a finding is zero.
pub(super) fn machine(found: &Findings, timers: &[f64], cores: usize) -> Machine {
    let known = Machine::default();
    let cost = |name| found.value(name).unwrap_or(0.0);
    let [accept, turn, wake_up] = ["accept", "turn", "wake-up"].map(cost);
    let sync = cost("request-sync") - accept;
    let coroutine = cost("request-coroutine") - accept - TURNS * turn;
    // Rounded as it is written, so that it reads back unchanged.
    let efficiency = (found.value("efficiency").unwrap_or(1.0) * 1e3).round() / 1e3;
    Machine {
        cores,
        scheduler: Scheduler::RoundRobin,
        slice: found
            .value("slice")
            .map_or(known.slice, cpu_time)
            .max(CpuTime(10_000)),
        efficiency: efficiency.clamp(0.1, 1.0),
        process_switch: cpu_time(cost("process-switch")),
        coroutine_switch: cpu_time(turn),
        accept: cpu_time(accept),
        request: cpu_time(f64::midpoint(sync, coroutine)),
        wake_up: Elapsed(cpu_time(wake_up).0),
        overshoot: Overshoot(quantiles(timers, wake_up)),
        generator: cpu_time(cost("generator")),
        service: cpu_time(cost("service")),
    }
}

/// Returns the machine as TOML, after `about` as comments.
pub(super) fn toml(machine: &Machine, about: &[String]) -> String {
    let comments: Vec<String> = about.iter().map(|line| format!("# {line}\n")).collect();
    let mut text = comments.concat() + "\n[machine]\n";
    for (key, value, comment) in lines(machine) {
        let set = format!("{key:<16} = {value}");
        let line = format!("{set:<34} # {comment}\n");
        text += &line;
    }
    text + &overshoot(&machine.overshoot)
}

/// Returns each key but the last, with its value and the origin of the value.
fn lines(machine: &Machine) -> [(&'static str, String, &'static str); 11] {
    let scheduler = match machine.scheduler {
        Scheduler::Ideal => "ideal",
        Scheduler::RoundRobin => "round-robin",
        Scheduler::PerCore => "per-core",
    };
    let nanoseconds = |length: u64| format!("\"{length}ns\"");
    [
        (
            "cores",
            machine.cores.to_string(),
            "that this program may use",
        ),
        (
            "scheduler",
            format!("\"{scheduler}\""),
            "not measured: slices in turn",
        ),
        (
            "slice",
            nanoseconds(machine.slice.0),
            "two spinners on one core, by their involuntary switches",
        ),
        (
            "efficiency",
            machine.efficiency.to_string(),
            "one spinner on each core against one alone",
        ),
        (
            "process_switch",
            nanoseconds(machine.process_switch.0),
            "two processes on one core and two pipes, without the pipes' calls",
        ),
        (
            "coroutine_switch",
            nanoseconds(machine.coroutine_switch.0),
            "a turn of the hub, from a request that yields 100 times",
        ),
        (
            "accept",
            nanoseconds(machine.accept.0),
            "a connection for each request against a kept one",
        ),
        (
            "request",
            nanoseconds(machine.request.0),
            "a request that does nothing, without accept and turns; mean of both kinds",
        ),
        (
            "wake_up",
            nanoseconds(machine.wake_up.0),
            "two processes on two cores and two pipes, without the pipes' calls",
        ),
        (
            "generator",
            nanoseconds(machine.generator.0),
            "load's core time for each request",
        ),
        (
            "service",
            nanoseconds(machine.service.0),
            "the services' core time for each call",
        ),
    ]
}

/// Returns `["min 5us", "p50 60us", "max 1ms"]`.
fn overshoot(table: &Overshoot) -> String {
    let name = |share: f64| match share {
        0.0 => "min".to_owned(),
        1.0 => "max".to_owned(),
        share => format!("p{}", (share * 1e4).round() / 1e2),
    };
    let quantile = |(share, length): &(f64, u64)| format!("\"{} {length}ns\"", name(*share));
    let list: Vec<String> = table.0.iter().map(quantile).collect();
    let value = if list.is_empty() {
        "\"0s\"".to_owned()
    } else {
        format!("[{}]", list.join(", "))
    };
    format!(
        "# By how much sleeps of 1 to 100 ms took longer, without wake_up.\novershoot        = {value}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::made_up;
    use super::*;
    use concsim_model::scenario::read_machine;

    #[test]
    fn the_machine_that_is_written_is_read_back_to_the_same_costs() {
        let timers: Vec<f64> = (0..200)
            .map(|late| 50_000.0 + f64::from(late * late))
            .collect();
        let calibrated = machine(&made_up(), &timers, 2);
        assert_eq!(calibrated.process_switch, CpuTime(1_620));
        let text = toml(&calibrated, &["made up".into()]);
        let read = read_machine("machine.toml", &text);
        assert_eq!(
            read.unwrap_or_else(|wrong| panic!("{}", wrong.render(false))),
            calibrated
        );
        assert_eq!(
            read_machine("m", &toml(&Machine::default(), &[])).unwrap(),
            Machine::default()
        );
    }

    #[test]
    fn the_file_of_made_up_numbers_in_full() {
        insta::assert_snapshot!(toml(
            &machine(&made_up(), &[4e4, 6e4, 9e4], 2),
            &["made up".into()]
        ));
    }
}
