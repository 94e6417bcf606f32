//! The answer of `concsim theory md1`: one server with constant service time.

use super::{Answer, Unit, grows, of};
use crate::open::Laws;
use crate::open::constant::{Md1, Steady};

/// Returns the answer of a queue; `within` is a time to stay below, in seconds.
#[must_use]
pub fn answer(queue: &Md1, within: Option<f64>) -> Answer {
    let about = "requests at random, constant service, one server (Crommelin)";
    let mut answer = Answer::new("md1", "M/D/1", about);
    let given = &mut answer.given;
    given.arrivals(queue.rate, queue.service);
    given.limit(within);
    let capacity = 1.0 / queue.service;
    let steady = queue.steady().ok_or_else(|| grows(queue.rate, capacity));
    let results = &mut answer.results;
    results.load(queue.rate, capacity);
    let waits = of(&steady, |it| it.wait_tail(0.0));
    results.known("must_wait", "have to wait", Unit::Share, waits);
    results.means(&steady, Steady::means);
    results.laws(&steady, within);
    answer
}
