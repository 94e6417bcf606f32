//! `concsim theory amdahl`: speedup by more processors, by Amdahl and by Gustafson.

use super::arguments::{Mistakes, read};
use super::quantity;
use concsim_theory::answer::Answer;
use concsim_theory::answer::amdahl::answer;
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
                reader.wrong("--processors is missing: number of processors");
            }
            Some((Work { serial: serial? }, processors))
        })?;
        Ok(answer(work, &processors))
    }
}
