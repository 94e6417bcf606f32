//! Answers from standard input, a line each: the number of a choice, and a reason behind it if the student gives
//! one.

use std::io::{self, BufRead as _, BufReader, Stdin};
use std::os::fd::AsFd as _;

use concsim_model::units::Elapsed;
use concsim_os::sys::{interrupt, net};

/// Time after which ^C is looked for again.
const GLANCE: Elapsed = Elapsed::from_millis(500);

/// Reader of lines.
pub(super) struct Prompt {
    input: BufReader<Stdin>,
}

/// A line as an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// A choice by its position, with a reason.
    Choice(usize, Option<String>),
    /// An empty line, or the end of input.
    Skip,
    /// No number of a choice.
    Unknown,
}

impl Prompt {
    pub(super) fn new() -> Self {
        Self {
            input: BufReader::new(io::stdin()),
        }
    }

    /// Reads a line; ^C and the end of input skip the question.
    pub(super) fn read(&mut self, choices: usize) -> anyhow::Result<Reply> {
        while self.input.buffer().is_empty() {
            if interrupt::is_requested() {
                return Ok(Reply::Skip);
            }
            let [is_readable] = net::wait_readable([io::stdin().as_fd()], Some(GLANCE))?;
            if is_readable {
                break;
            }
        }
        let mut line = Vec::new();
        self.input.read_until(b'\n', &mut line)?;
        Ok(reply(&String::from_utf8_lossy(&line), choices))
    }
}

/// Parses `2`, or `2 because they wait`.
fn reply(line: &str, choices: usize) -> Reply {
    let line = line.trim();
    if line.is_empty() {
        return Reply::Skip;
    }
    let digits = line.len()
        - line
            .trim_start_matches(|it: char| it.is_ascii_digit())
            .len();
    let (number, why) = line.split_at(digits);
    let why = why.trim_start_matches([':', ',', '.', ')', ' ']).trim();
    let why = (!why.is_empty()).then(|| why.to_owned());
    match number.parse::<usize>() {
        Ok(number) if (1..=choices).contains(&number) => Reply::Choice(number - 1, why),
        _ => Reply::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_number_with_or_without_a_reason() {
        let because = |why: &str| Some(why.to_owned());
        assert_eq!(reply("2\n", 3), Reply::Choice(1, None));
        assert_eq!(
            reply(" 3: they wait \r\n", 3),
            Reply::Choice(2, because("they wait"))
        );
        assert_eq!(
            reply("1 one process", 2),
            Reply::Choice(0, because("one process"))
        );
        assert_eq!(reply("\n", 3), Reply::Skip);
        for wrong in ["0", "4", "all of them", "99999999999999999999999"] {
            assert_eq!(reply(wrong, 3), Reply::Unknown, "{wrong}");
        }
    }
}
