//! `concsim theory amdahl`: speedup by more processors, by Amdahl and by Gustafson.

use super::answer::{Answer, Column, Unit};
use super::arguments::{Mistakes, read};
use super::quantity;
use concsim_theory::speedup::Work;

const EXAMPLE: &str = "Example: concsim theory amdahl --serial 5% --processors 8 --processors 64";

const HELP: &str = "\
What it is: how many times sooner the same work is done on n processors if a part of it runs on one only (Amdahl), and \
how many times more is done in the same time if the rest grows with the machine (Gustafson).

Assumes: the rest is shared perfectly; no part waits for another, and sharing costs nothing.

Fails when: processors contend or have to agree with each other (usl), or the work is requests that come at random \
(mmc, tokens).

Source: Amdahl 1967; Gustafson 1988.

Example: concsim theory amdahl --serial 5% --processors 8 --processors 64";

/// Amdahl and Gustafson: speedup of partly serial work by more processors
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE, after_long_help = HELP)]
pub(super) struct Args {
    /// Share of the work that runs on one processor only: 5% or 0.05
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    serial: Option<String>,
    /// Number of processors; repeatable
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    processors: Vec<String>,
}

impl Args {
    pub(super) fn answer(&self) -> Result<Answer, Mistakes> {
        let (work, processors) = read(|reader| {
            let text = self.serial.as_ref();
            let what = "the part that runs on one processor only";
            let serial = reader.required("--serial", text, quantity::share, what);
            let count = |text: &str| quantity::count(text, 1_000_000_000);
            let processors = reader.each("--processors", &self.processors, count);
            if self.processors.is_empty() {
                reader.wrong("--processors is missing: how many there are");
            }
            Some((Work { serial: serial? }, processors))
        })?;
        Ok(answer(work, &processors))
    }
}

fn answer(work: Work, processors: &[usize]) -> Answer {
    let about = "the same work sooner (Amdahl), or more work in the same time (Gustafson)";
    let mut answer = Answer::new("amdahl", "Amdahl and Gustafson", about);
    let given = &mut answer.given;
    given.number("serial", "serial part", Unit::Share, work.serial);
    let results = &mut answer.results;
    let most = work.at_most().ok_or_else(|| "nothing is serial".to_owned());
    results.known(
        "speedup_limit",
        "times sooner, at most (Amdahl)",
        Unit::Plain,
        most,
    );
    let column = |key, label, unit| Column { key, label, unit };
    let columns = [
        column("processors", "processors", Unit::Count),
        column("amdahl_speedup", "times sooner", Unit::Plain),
        column("amdahl_efficiency", "of each used", Unit::Share),
        column("gustafson_speedup", "times more", Unit::Plain),
    ];
    let rows = processors.iter().map(|processors| {
        let count = *processors as f64;
        let sooner = work.sooner(count);
        let row = [count, sooner, sooner / count, work.more(count)];
        (String::new(), row.map(Ok).to_vec())
    });
    results.table("speedups", "", &columns, rows.collect());
    answer
}
