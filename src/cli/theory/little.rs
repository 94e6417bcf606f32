//! `concsim theory little`: requests present, throughput and response time, the third from the other two.

use super::arguments::Reader;
use super::model::{Model, Question};
use super::parameter::{Argument, Parameter};
use super::quantity;
use concsim_theory::answer::little::{self, answer};
use concsim_theory::little::{Balance, LittleInputs};

const PRESENT: Parameter<f64> = Parameter::new(
    "present",
    "N",
    "N: mean number of requests present",
    |text| quantity::number(text, 1e-12..=1e18),
);
const THROUGHPUT: Parameter<f64> =
    Parameter::new("throughput", "RATE", "X: throughput: 50/s", quantity::rate);
const RESPONSE: Parameter<f64> = Parameter::new(
    "response",
    "TIME",
    "R: mean response time: 2s",
    quantity::time,
);

pub(super) const MODEL: Model = Model {
    name: "little",
    title: "Little's law: N, X or R from the other two; three are checked",
    help: "\
Model: N = X R: the mean number of requests present is the throughput times their mean time in the system. Two \
of the numbers give the third; three are compared, and agree within 1 %.

Assumes: only a long run, in which as many requests leave as arrive; any distribution, order of service and \
number of servers. The law also holds for a part of the system: for the door alone, N is the number of requests \
at the door and R the time at the door.

Fails when: the window is short compared with the times, medians replace means, or the three numbers are of \
different places.

Source: Little 1961.",
    examples: &["little --present 100 --throughput 50/s", "little --present 100 --throughput 50/s --response 2.2s"],
    parameters: &[&PRESENT, &THROUGHPUT, &RESPONSE],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    let question = question(given)?;
    Some(Box::new(move || answer(&question)))
}

fn question(given: &mut Reader<'_>) -> Option<little::Question> {
    let present = given.optional(&PRESENT);
    let throughput = given.optional(&THROUGHPUT);
    let response = given.optional(&RESPONSE);
    let all: [&dyn Argument; 3] = [&PRESENT, &THROUGHPUT, &RESPONSE];
    if all.iter().filter(|it| given.has(**it)).count() < 2 {
        given.wrong("two of --present, --throughput and --response are needed");
    }
    let two = match (present, throughput, response) {
        (Some(present), Some(throughput), Some(response)) => {
            return Some(little::Question::All(Balance {
                present,
                throughput,
                response,
            }));
        }
        (Some(n), Some(x), None) => LittleInputs::PresentAndThroughput(n, x),
        (Some(n), None, Some(r)) => LittleInputs::PresentAndResponse(n, r),
        (None, Some(x), Some(r)) => LittleInputs::ThroughputAndResponse(x, r),
        _ => return None,
    };
    Some(little::Question::Two(two))
}
