//! The answer of `concsim theory mmc`: several servers and one queue, exponential times.

use super::{Answer, Unit, grows, of};
use crate::open::many::{Mmc, Steady};

/// Returns the answer for one server and for several.
#[must_use]
pub fn answer(
    model: &'static str,
    name: &str,
    about: &'static str,
    queue: &Mmc,
    within: Option<f64>,
) -> Answer {
    let mut answer = Answer::new(model, name, about);
    let given = &mut answer.given;
    given.arrivals(queue.rate, queue.service);
    given.number("servers", "servers", Unit::Count, queue.servers as f64);
    given.limit(within);
    let capacity = queue.capacity();
    let steady = queue.steady().ok_or_else(|| grows(queue.rate, capacity));
    let results = &mut answer.results;
    results.load(queue.rate, capacity);
    let (empty, waits) = (of(&steady, Steady::empty), of(&steady, |it| it.waits));
    results.known("empty", "system empty", Unit::Share, empty);
    results.known("must_wait", "have to wait", Unit::Share, waits);
    results.means(&steady, Steady::means);
    results.laws(&steady, within);
    answer
}
