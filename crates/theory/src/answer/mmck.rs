//! The answer of `concsim theory mmck`: several servers and a finite queue.

use super::{Answer, Unit};
use crate::open::finite::{Mmck, Steady};

/// Returns the answer of a queue; `within` is a time to stay below, in seconds.
#[must_use]
pub fn answer(queue: &Mmck, within: Option<f64>) -> Answer {
    let name = format!("M/M/{}/{}", queue.servers, queue.places);
    let about = "requests at random, exponential service, servers alike, so many places, and the rest is lost";
    let mut answer = Answer::new("mmck", name, about);
    let given = &mut answer.given;
    given.arrivals(queue.rate, queue.service);
    given.number("servers", "servers", Unit::Count, queue.servers as f64);
    given.number("places", "places", Unit::Count, queue.places as f64);
    given.limit(within);
    let steady = queue.steady();
    let results = &mut answer.results;
    results.number("lost", "lost", Unit::Share, steady.lost());
    results.number("throughput", "throughput", Unit::Rate, steady.throughput());
    results.number(
        "utilisation",
        "utilisation",
        Unit::Share,
        steady.utilisation(),
    );
    results.number("empty", "system empty", Unit::Share, steady.empty());
    results.number(
        "must_wait",
        "have to wait",
        Unit::Share,
        steady.share_waiting_at_all(),
    );
    let steady = Ok(steady);
    results.means(&steady, Steady::means);
    results.laws(&steady, within);
    answer
}
