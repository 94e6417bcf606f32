//! The answer of `concsim theory little`: requests present, throughput and response time, the third from the other two.

use super::{Answer, Unit, Value};
use crate::little::{Balance, LittleInputs};

/// Two of the numbers, or all three.
#[derive(Clone, Copy, Debug)]
pub enum Question {
    /// Two of them.
    Two(LittleInputs),
    /// All three, to be checked.
    All(Balance),
}

/// Relative error of a run of concsim above which it is called inconsistent.
const TOLERANCE: f64 = 0.01;

/// Returns the third number, or the check of all three.
#[must_use]
pub fn answer(question: &Question) -> Answer {
    let about = "N = X R: the number there, the throughput, and the time that each stays";
    let mut answer = Answer::new("little", "Little's law", about);
    let (balance, is_given) = match question {
        Question::All(balance) => (*balance, [true; 3]),
        Question::Two(known) => {
            let is_given = match known {
                LittleInputs::ThroughputAndResponse(..) => [false, true, true],
                LittleInputs::PresentAndResponse(..) => [true, false, true],
                LittleInputs::PresentAndThroughput(..) => [true, true, false],
            };
            (Balance::of(*known), is_given)
        }
    };
    let figures = [
        (
            "present_mean",
            "there, mean (N)",
            Unit::Plain,
            balance.present,
        ),
        (
            "throughput",
            "throughput (X)",
            Unit::Rate,
            balance.throughput,
        ),
        (
            "response_mean",
            "response, mean (R)",
            Unit::Time,
            balance.response,
        ),
    ];
    for ((key, label, unit, number), is_given) in figures.into_iter().zip(is_given) {
        let section = if is_given {
            &mut answer.given
        } else {
            &mut answer.results
        };
        section.number(key, label, unit, number);
    }
    if let Question::All(balance) = question {
        let deviation = balance.deviation();
        let results = &mut answer.results;
        results.number(
            "expected_present_mean",
            "X R",
            Unit::Plain,
            balance.throughput * balance.response,
        );
        results.number("deviation", "X R is more than N by", Unit::Share, deviation);
        let agrees = deviation.abs() <= TOLERANCE;
        results.add("consistent", "they agree within 1 %", Value::Flag(agrees));
    }
    answer
}
