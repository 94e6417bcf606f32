//! The answer of `concsim theory tokens`: both kinds of workers under an open load, exactly.

use super::{Answer, Section, Unit, grows, of};
use crate::tokens::{Pool, Steady, Tokens};

/// Returns the answer of a pool of tokens.
#[must_use]
pub fn answer(pool: &Pool) -> Answer {
    let name = match pool.tokens {
        Tokens::Some(1) => "1 token".to_owned(),
        Tokens::Some(tokens) => format!("{tokens} tokens"),
        Tokens::Unlimited => "tokens without limit".to_owned(),
    };
    let about = "requests at random, so many begun at once, exponential computing on cores, then exponential waiting";
    let mut answer = Answer::new("tokens", name, about);
    let given = &mut answer.given;
    given.number("arrival_rate", "arrival rate", Unit::Rate, pool.rate);
    let tokens = match pool.tokens {
        Tokens::Some(tokens) => Ok(tokens as f64),
        Tokens::Unlimited => Err("as many as come".to_owned()),
    };
    given.known("tokens", "tokens", Unit::Count, tokens);
    given.number("cores", "cores", Unit::Count, pool.cores as f64);
    given.number("compute", "compute", Unit::Time, pool.compute);
    given.number("wait", "wait", Unit::Time, pool.wait);

    let capacity = pool.capacity();
    let steady = pool.steady().ok_or_else(|| grows(pool.rate, capacity));
    answer.results.load(pool.rate, capacity);
    add_results(&mut answer.results, &steady);
    answer
}

fn add_results(results: &mut Section, steady: &Result<Steady, String>) {
    let (share, time, plain) = (Unit::Share, Unit::Time, Unit::Plain);
    let known = |number: fn(&Steady) -> f64| of(steady, number);
    for (key, label, unit, known) in [
        ("must_wait", "find no token", share, known(|it| it.waits)),
        (
            "response_mean",
            "response, mean",
            time,
            known(|it| it.means.response),
        ),
        (
            "door_mean",
            "at the door, mean time",
            time,
            known(|it| it.means.wait),
        ),
        (
            "cores_mean",
            "at the cores, mean time",
            time,
            known(|it| it.at_cores),
        ),
        (
            "present_mean",
            "requests that are there, mean",
            plain,
            known(|it| it.means.present),
        ),
        (
            "at_the_door_mean",
            "at the door, mean",
            plain,
            known(|it| it.means.waiting),
        ),
        (
            "concurrency",
            "concurrency: begun, mean",
            plain,
            known(|it| it.begun),
        ),
        (
            "parallelism",
            "parallelism: computing, mean",
            plain,
            known(|it| it.computing),
        ),
    ] {
        results.known(key, label, unit, known);
    }
    results.percentiles("response", |_| {
        Err("the chain gives means; the law of the response is not known in closed form".to_owned())
    });
}
