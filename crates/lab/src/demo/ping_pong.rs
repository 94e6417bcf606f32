//! `worker_a` and `worker_b` hand control to each other: directly, and through their hub.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;

use super::costs::{self, HandOverCost};
use super::hub::{Address, Hub, Me, Switch};
use super::story_text;
use concsim_os::sys;

/// Names of the two coroutines.
const NAMES: [&str; 2] = ["worker_a", "worker_b"];

/// Findings of the demonstration.
#[derive(Clone, Debug, Serialize)]
pub struct PingPong {
    /// Hand-overs by `greenlet.switch`.
    pub direct: Story,
    /// Hand-overs by `sleep(0)`.
    pub through_the_hub: Story,
    /// Costs of one hand-over in several ways, measured on this machine.
    pub costs: Vec<HandOverCost>,
}

/// Run of the two coroutines.
#[derive(Clone, Debug, Serialize)]
pub struct Story {
    /// Lines that they print.
    pub lines: Vec<String>,
    /// Number of hand-overs from the first line to the last.
    pub hand_overs: usize,
    /// Number of switches for them.
    pub switches_between: usize,
    /// All switches, in order.
    pub switches: Vec<Switch>,
}

impl PingPong {
    /// Plays both stories with so many lines for each coroutine, and measures.
    ///
    /// # Errors
    /// Fails if the system has no process, pipe, thread or poller left.
    pub fn play(lines: usize) -> sys::Result<Self> {
        Ok(Self {
            direct: directly(lines)?,
            through_the_hub: through_the_hub(lines)?,
            costs: costs::measure()?,
        })
    }

    /// Returns the findings as text.
    #[must_use]
    pub fn text(&self) -> String {
        let story = |title, story: &Story| {
            format!(
                "{}\n  From the first line to the last: {} hand-overs, {} switches.\n",
                story_text(title, &story.lines, &story.switches),
                story.hand_overs,
                story.switches_between
            )
        };
        format!(
            "worker_a and worker_b, two coroutines of one thread, take turns.\n{}{}\n{}",
            story(
                "Directly, from one to the other (greenlet.switch)",
                &self.direct
            ),
            story(
                "Through the hub, which runs other ready coroutines, too (sleep(0))",
                &self.through_the_hub
            ),
            costs::table(&self.costs)
        )
    }
}

/// Lines, each with the number of switches before it.
type Lines = Rc<RefCell<Vec<(String, usize)>>>;

/// Prints the lines of a coroutine, and hands over after each.
fn take_turns(
    name: &str,
    count: usize,
    lines: &Lines,
    me: &mut Me<'_>,
    mut hand_over: impl FnMut(&mut Me<'_>),
) {
    for number in 1..=count {
        lines
            .borrow_mut()
            .push((format!("{name}: line {number}"), me.switch_count()));
        hand_over(me);
    }
}

fn directly(count: usize) -> sys::Result<Story> {
    let (mut hub, lines) = (Hub::new("main")?.traced(), Lines::default());
    let first: Rc<RefCell<Option<Address>>> = Rc::default();
    let (home, own) = (Rc::clone(&first), Rc::clone(&lines));
    let second = hub.add(NAMES[1], move |me| {
        let first = home.borrow().clone();
        let first = first.expect("the first coroutine has begun");
        take_turns(NAMES[1], count, &own, me, |me| hand_to(me, &first));
    });
    let own = Rc::clone(&lines);
    let begun = hub.spawn(NAMES[0], move |me| {
        take_turns(NAMES[0], count, &own, me, |me| hand_to(me, &second));
        me.schedule(&second);
    });
    *first.borrow_mut() = Some(begun);
    Ok(Story::of(hub, &lines))
}

fn hand_to(me: &mut Me<'_>, other: &Address) {
    let handed = me.switch_to(other);
    handed.expect("both are coroutines of this thread");
}

fn through_the_hub(count: usize) -> sys::Result<Story> {
    let (mut hub, lines) = (Hub::new("main")?.traced(), Lines::default());
    for name in NAMES {
        let own = Rc::clone(&lines);
        hub.spawn(name, move |me| {
            take_turns(name, count, &own, me, |me| {
                me.yield_now().expect("nothing is raised here");
            });
        });
    }
    Ok(Story::of(hub, &lines))
}

impl Story {
    /// Runs a hub to its end.
    fn of(mut hub: Hub, lines: &Lines) -> Self {
        hub.run().expect("each coroutine is resumed until it ends");
        let (lines, before): (Vec<_>, Vec<_>) = lines.take().into_iter().unzip();
        let between = |ends: (&usize, &usize)| ends.1 - ends.0;
        Self {
            hand_overs: lines.len().saturating_sub(1),
            switches_between: before.first().zip(before.last()).map_or(0, between),
            lines,
            switches: hub.switches(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_alternate_and_the_hub_doubles_the_switches() {
        let [direct, through] = [directly(3), through_the_hub(3)].map(|it| it.expect("a poller"));
        let lines = [1, 2, 3].map(|line| NAMES.map(|name| format!("{name}: line {line}")));
        for story in [&direct, &through] {
            assert_eq!(story.lines, lines.as_flattened());
            assert_eq!(story.hand_overs, 5);
        }
        assert_eq!((direct.switches_between, through.switches_between), (5, 10));
        // Two starts and two ends, and in the direct story the last hand-over, which no line follows.
        assert_eq!((direct.switches.len(), through.switches.len()), (10, 16));
    }
}
