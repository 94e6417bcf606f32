//! Rules of a hub, one story for each: `sleep(0)` and timers, kills, time limits, and a hub that is blocked for
//! ever.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;

use super::hub::{Hub, Switch, Thrown};
use super::story_text;
use concsim_model::units::Elapsed;
use concsim_os::sys;

/// Findings of the demonstration.
#[derive(Clone, Debug, Serialize)]
pub struct Rules {
    /// Rules, in the order in which they are told.
    pub rules: Vec<Rule>,
}

/// Rule, and a story that shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    /// The rule.
    pub rule: &'static str,
    /// Lines that the coroutines print.
    pub lines: Vec<String>,
    /// Switches of the hub.
    pub switches: Vec<Switch>,
    /// Error with which the hub ended; [`None`] if all coroutines have ended.
    pub error: Option<String>,
}

/// Function that adds the coroutines of a story.
type Tell = fn(&mut Hub, &Lines);

/// Lines that the coroutines of a story print.
#[derive(Clone, Default)]
struct Lines(Rc<RefCell<Vec<String>>>);

impl Lines {
    fn add(&self, line: impl Into<String>) {
        self.0.borrow_mut().push(line.into());
    }

    fn add_end(&self, wait: &str, end: Result<(), Thrown>) {
        self.add(match end {
            Ok(()) => format!("{wait} is over"),
            Err(error) => format!("{wait} fails: {error}"),
        });
    }
}

impl Rules {
    /// Plays all stories.
    ///
    /// # Errors
    /// Fails if the system has no poller left.
    pub fn play() -> sys::Result<Self> {
        let rules: [(&'static str, Tell); 4] = [
            (
                "sleep(0) joins the ready queue, and runs again in the next turn; sleep(1 ms) waits for a timer",
                yields_and_sleeps,
            ),
            ("a kill is raised in its target when that is resumed", kills),
            (
                "a time limit cannot interrupt a computation: it is raised in the next wait",
                limits,
            ),
            (
                "coroutines that wait for each other end the hub with an error (LoopExit)",
                blocks_for_ever,
            ),
        ];
        let rules = rules.map(|(rule, tell)| {
            let (mut hub, lines) = (Hub::new("main")?.traced(), Lines::default());
            tell(&mut hub, &lines);
            let error = hub.run().err().map(|error| error.to_string());
            Ok(Rule {
                rule,
                lines: lines.0.take(),
                switches: hub.switches(),
                error,
            })
        });
        let rules: sys::Result<_> = rules.into_iter().collect();
        Ok(Self { rules: rules? })
    }

    /// Returns the findings as text.
    #[must_use]
    pub fn text(&self) -> String {
        let story = |(number, it): (usize, &Rule)| {
            let title = format!("{number}. {}", it.rule);
            story_text(&title, it.lines.iter().chain(&it.error), &it.switches)
        };
        let stories: String = (1..).zip(&self.rules).map(story).collect();
        format!("Rules of a hub and its coroutines, as in gevent.\n{stories}")
    }
}

fn yields_and_sleeps(hub: &mut Hub, lines: &Lines) {
    let (sleeper, yielder) = (lines.clone(), lines.clone());
    hub.spawn("sleeper", move |me| {
        let end = me.sleep(Elapsed::from_millis(1));
        sleeper.add_end("sleeper: sleep(1 ms)", end);
    });
    hub.spawn("yielder", move |me| {
        for turn in 1..=2 {
            let end = me.yield_now();
            yielder.add_end(&format!("yielder: sleep(0) number {turn}"), end);
        }
    });
}

fn kills(hub: &mut Hub, lines: &Lines) {
    let (own, others) = (lines.clone(), lines.clone());
    let target = hub.spawn("target", move |me| {
        let end = me.sleep(Elapsed::from_secs(3600));
        own.add_end("target: sleep(1 h)", end);
    });
    hub.spawn("killer", move |me| {
        me.kill(&target);
        others.add("killer: has killed target, and goes on");
    });
}

fn limits(hub: &mut Hub, lines: &Lines) {
    let own = lines.clone();
    hub.spawn("worker", move |me| {
        me.limit(Elapsed::from_millis(1));
        me.compute(Elapsed::from_millis(5));
        own.add("worker: has computed for 5 ms, with a limit of 1 ms");
        let end = me.sleep(Elapsed::from_secs(3600));
        own.add_end("worker: sleep(1 h)", end);
    });
}

fn blocks_for_ever(hub: &mut Hub, lines: &Lines) {
    for name in ["worker_a", "worker_b"] {
        let own = lines.clone();
        hub.spawn(name, move |me| {
            own.add(format!("{name}: waits for the other one"));
            let end = me.wait();
            own.add_end(name, end);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_story_ends_as_its_rule_says() {
        let played = Rules::play().expect("a poller");
        let last: Vec<&str> = (played.rules.iter())
            .filter_map(|rule| rule.lines.last().map(String::as_str))
            .collect();
        assert_eq!(
            last[1..],
            [
                "target: sleep(1 h) fails: killed",
                "worker: sleep(1 h) fails: timed out",
                "worker_b: waits for the other one",
            ]
        );
        let errors: Vec<_> = played
            .rules
            .iter()
            .map(|rule| rule.error.as_deref())
            .collect();
        let blocked =
            "This operation would block forever: parked without a timer: worker_a, worker_b";
        assert_eq!(errors, [None, None, None, Some(blocked)]);
    }
}
