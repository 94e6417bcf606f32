//! `concsim theory little`: requests present, throughput and response time, the third from the other two.

use super::arguments::{Mistakes, Reader, read};
use super::quantity;
use concsim_theory::answer::Answer;
use concsim_theory::answer::little::{Question, answer};
use concsim_theory::little::{Balance, LittleInputs};

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
            (Some(n), Some(x), None) => {
                Some(Question::Two(LittleInputs::PresentAndThroughput(n, x)))
            }
            (Some(n), None, Some(r)) => Some(Question::Two(LittleInputs::PresentAndResponse(n, r))),
            (None, Some(x), Some(r)) => {
                Some(Question::Two(LittleInputs::ThroughputAndResponse(x, r)))
            }
            _ => None,
        }
    }
}
