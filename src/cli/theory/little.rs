//! `concsim theory little`: requests present, throughput and response time, the third from the other two.

use super::answer::{Answer, Unit, Value};
use super::arguments::{Mistakes, Reader, read};
use super::quantity;
use concsim_theory::little::{Balance, Known};

/// Relative error of a run of concsim above which it is called inconsistent.
const TOLERANCE: f64 = 0.01;

const EXAMPLE: &str = "Example: concsim theory little --present 100 --throughput 50/s";

const HELP: &str = "\
What it is: the mean number there is the throughput times the mean time that each stays, N = X R. Any two give the \
third; of all three it is said whether they agree within 1 %.

Assumes: nothing but a long run in which as many leave as come: no law, no order, no number of servers. It holds for \
every part by itself: of the door alone, N is those at the door and R the time there.

Fails when: the window is short against the times in it, medians are taken for means, or the three numbers are of \
different places.

Source: Little 1961.

Example: concsim theory little --present 100 --throughput 50/s
Example: concsim theory little --present 100 --throughput 50/s --response 2.2s";

/// Little's law: N, X or R from the other two; three are checked
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE, after_long_help = HELP)]
pub(super) struct Args {
    /// N: mean number of requests present
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    present: Option<String>,
    /// X: throughput: 50/s
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    throughput: Option<String>,
    /// R: mean response time: 2s
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    response: Option<String>,
}

/// Two of the numbers, or all three.
enum Question {
    Two(Known),
    All(Balance),
}

impl Args {
    pub(super) fn answer(&self) -> Result<Answer, Mistakes> {
        read(|reader| self.question(reader)).map(|question| answer(&question))
    }

    fn question(&self, reader: &mut Reader) -> Option<Question> {
        let number = |text: &str| quantity::number(text, 1e-12..=1e18);
        let given = [&self.present, &self.throughput, &self.response];
        let present = reader.optional("--present", self.present.as_ref(), number);
        let throughput = reader.optional("--throughput", self.throughput.as_ref(), quantity::rate);
        let response = reader.optional("--response", self.response.as_ref(), quantity::time);
        if given.iter().filter(|it| it.is_some()).count() < 2 {
            reader.wrong("two of --present, --throughput and --response are needed");
        }
        match (present, throughput, response) {
            (Some(present), Some(throughput), Some(response)) => Some(Question::All(Balance {
                present,
                throughput,
                response,
            })),
            (Some(n), Some(x), None) => Some(Question::Two(Known::PresentAndThroughput(n, x))),
            (Some(n), None, Some(r)) => Some(Question::Two(Known::PresentAndResponse(n, r))),
            (None, Some(x), Some(r)) => Some(Question::Two(Known::ThroughputAndResponse(x, r))),
            _ => None,
        }
    }
}

fn answer(question: &Question) -> Answer {
    let about = "N = X R: the number there, the throughput, and the time that each stays";
    let mut answer = Answer::new("little", "Little's law", about);
    let (balance, is_given) = match question {
        Question::All(balance) => (*balance, [true; 3]),
        Question::Two(known) => {
            let is_given = match known {
                Known::ThroughputAndResponse(..) => [false, true, true],
                Known::PresentAndResponse(..) => [true, false, true],
                Known::PresentAndThroughput(..) => [true, true, false],
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
