//! A script as data: the same steps that `handler::play` runs as straight-line code on its own stack, here
//! without a stack. So a million requests in flight cost no stacks.

use super::connection::{Connection, Part};
use concsim_model::scenario::draw::Draws;
use concsim_model::scenario::{Draw, Scenario, Step, WaitMode};

/// Need of a script before it can continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Core time, in nanoseconds.
    Compute(u64),
    /// Nothing: the script yields and is ready.
    LetGo,
    /// A timer.
    Sleep { wait: u64, mode: WaitMode },
    /// An answer of a service.
    Call {
        service: u16,
        wait: u64,
        mode: WaitMode,
    },
    /// Core time of a process of the pool, in nanoseconds.
    Offload(u64),
    /// The script is finished.
    Done,
    /// Its worker has run out of stack.
    Overflow,
}

/// Counters of a worker: number of additions, and value.
pub(super) type Counters = [(u64, u64)];

/// Plays to the next step that takes time. `cache` is the size of the process's cache.
#[inline]
pub(super) fn play(
    connection: &mut Connection,
    scenario: &Scenario,
    draws: &mut Draws,
    (counters, cache): (&mut Counters, &mut u64),
) -> Need {
    let script = &scenario.requests[usize::from(connection.class)].script;
    loop {
        let Some(step) = script.get(usize::from(connection.step)) else {
            return Need::Done;
        };
        let mut demand = |connection: &Connection, draw: &Draw| {
            draws.demand(
                u64::from(connection.number),
                usize::from(connection.step),
                draw,
            )
        };
        match *step {
            Step::Compute { ref cpu, slice } => {
                let left = match connection.part {
                    Part::Begin => demand(connection, cpu),
                    Part::Slice | Part::SliceOver | Part::Counted => connection.left,
                };
                if let Some(need) = slice_of(connection, left, slice.map(|slice| slice.0)) {
                    return need;
                }
            }
            Step::Call {
                service,
                ref wait,
                mode,
            } => {
                let (service, wait) = (service as u16, demand(connection, wait));
                connection.step += 1;
                return Need::Call {
                    service,
                    wait,
                    mode,
                };
            }
            Step::Sleep { ref wait, mode } => {
                let wait = demand(connection, wait);
                connection.step += 1;
                return Need::Sleep { wait, mode };
            }
            Step::Offload { ref cpu } => {
                let cpu = demand(connection, cpu);
                connection.step += 1;
                return Need::Offload(cpu);
            }
            Step::Yield => {
                connection.step += 1;
                return Need::LetGo;
            }
            Step::Write { .. } => connection.step += 1,
            Step::Touch { bytes } => {
                *cache = bytes.max(*cache);
                connection.step += 1;
            }
            Step::Count {
                counter,
                with_yield,
            } => {
                if let Some(need) = count(connection, &mut counters[counter], with_yield) {
                    return need;
                }
            }
            Step::Panic => {
                connection.status = 500;
                return Need::Done;
            }
            Step::Overflow => return Need::Overflow,
        }
    }
}

/// Returns the next slice of a computation with `left` to compute, or the yield after one: a computation
/// yields ⌈cpu ÷ slice⌉ − 1 times. [`None`] if there is nothing to compute.
fn slice_of(connection: &mut Connection, left: u64, slice: Option<u64>) -> Option<Need> {
    let slice = slice.filter(|slice| *slice > 0).unwrap_or(u64::MAX);
    match connection.part {
        Part::Begin | Part::Slice if left > slice => {
            (connection.part, connection.left) = (Part::SliceOver, left - slice);
            Some(Need::Compute(slice))
        }
        Part::SliceOver => {
            (connection.part, connection.left) = (Part::Slice, left);
            Some(Need::LetGo)
        }
        Part::Begin | Part::Slice | Part::Counted => {
            (connection.part, connection.step) = (Part::Begin, connection.step + 1);
            (left > 0).then_some(Need::Compute(left))
        }
    }
}

/// Adds 1 to a counter, and ends the step; with a yield, first reads it and returns that. Updates by others
/// between the reading and the writing are lost.
fn count(
    connection: &mut Connection,
    (additions, value): &mut (u64, u64),
    with_yield: bool,
) -> Option<Need> {
    if with_yield && connection.part == Part::Begin {
        (connection.part, connection.left) = (Part::Counted, *value);
        return Some(Need::LetGo);
    }
    let read = match connection.part {
        Part::Counted => connection.left,
        Part::Begin | Part::Slice | Part::SliceOver => *value,
    };
    (*additions, *value) = (*additions + 1, read + 1);
    (connection.part, connection.step) = (Part::Begin, connection.step + 1);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::scenario::{self, Overrides};

    fn needs(steps: &str) -> Vec<Need> {
        let text = format!("requests.it.steps = [{steps}]\nload.clients = 1");
        let plan = scenario::read(&text, "x.toml", &Overrides::default()).unwrap();
        let scenario = &plan.variants[0].scenario;
        let mut connection = Connection::new(0, 0, 0, 0, 0);
        let mut draws = Draws::new(scenario.seed);
        let (mut counters, mut cache) = (vec![(0, 0); scenario.counters.len()], 0);
        let mut needs = Vec::new();
        loop {
            match play(
                &mut connection,
                scenario,
                &mut draws,
                (&mut counters, &mut cache),
            ) {
                Need::Done => return needs,
                need => needs.push(need),
            }
        }
    }

    #[test]
    fn a_computation_lets_go_between_its_slices() {
        let computes = |needs: &[Need]| -> u64 {
            let each = needs.iter().map(|need| match need {
                Need::Compute(cpu) => *cpu,
                _ => 0,
            });
            each.sum()
        };
        for (steps, yields) in [
            ("'compute 5us in slices of 2us'", 2),
            ("'compute 4us in slices of 2us'", 1),
            ("'compute 1us in slices of 2us'", 0),
            ("'compute 5us'", 0),
        ] {
            let needs = needs(steps);
            let found = needs.iter().filter(|need| **need == Need::LetGo).count();
            assert_eq!(found, yields, "{steps}");
            assert!(computes(&needs) > 0);
        }
        assert_eq!(computes(&needs("'compute 5us in slices of 2us'")), 5_000);
        assert_eq!(needs("'compute 0us', 'write 2B'"), []);
    }

    #[test]
    fn a_counter_is_read_before_it_lets_go_and_written_after() {
        let text = "requests.it.steps = ['count visits with yield']\nload.clients = 1";
        let plan = scenario::read(text, "x.toml", &Overrides::default()).unwrap();
        let scenario = &plan.variants[0].scenario;
        let mut draws = Draws::new(scenario.seed);
        let mut counters = vec![(0, 0)];
        let mut both = [0, 1].map(|number| Connection::new(number, 0, 0, 0, 0));
        for connection in &mut both {
            assert_eq!(
                play(connection, scenario, &mut draws, (&mut counters, &mut 0)),
                Need::LetGo
            );
        }
        for connection in &mut both {
            assert_eq!(
                play(connection, scenario, &mut draws, (&mut counters, &mut 0)),
                Need::Done
            );
        }
        assert_eq!(counters, [(2, 1)], "one addition is lost");
    }
}
