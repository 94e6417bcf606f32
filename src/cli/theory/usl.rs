//! `concsim theory usl`: scalability of measured throughputs, and their maximum.

use super::arguments::{Mistakes, Reader, read};
use super::quantity;
use concsim_theory::answer::Answer;
use concsim_theory::answer::usl::{Question, answer};
use concsim_theory::usl::csv;
use concsim_theory::usl::fit::{Point, fit};
use std::path::{Path, PathBuf};

const EXAMPLE: &str = "Example: concsim theory usl --data measured.csv --at 128";

const HELP: &str = "\
What it is: the universal scalability law X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1)), fitted to measured \
throughputs by least squares over all three coefficients (Levenberg and Marquardt), none of them negative. alpha is \
contention, beta coherence; with beta above zero there is a load beyond which more is less.

The file: a line N,X for each load, in any unit of X; a head and lines that begin with # are allowed. Results are in \
the unit of the file.

Assumes: the same work at every load, and enough of it; six points or more are wise, three the least.

For workers: threads or processes that share locks or caches.

Fails when: something else gives out in the range (a pool, a limit of memory: the fit then takes it for coherence), or \
the points lie all on one side of the peak. It says nothing of times.

Source: Gunther 1993; Guerrilla Capacity Planning, 2007. Older recipes divide by X(1) and give other coefficients.

Example: concsim theory usl --data measured.csv --at 128";

/// Universal scalability law: fitted to measured throughputs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE, after_long_help = HELP)]
pub(super) struct Args {
    /// File of loads and throughputs, N,X on each line
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Load for which the throughput is also predicted; repeatable
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    at: Vec<String>,
}

impl Args {
    pub(super) fn answer(&self) -> Result<Answer, Mistakes> {
        read(|reader| self.question(reader)).map(|question| answer(&question))
    }

    fn question(&self, reader: &mut Reader) -> Option<Question> {
        let load = |text: &str| quantity::number(text, 1.0..=1e9);
        let at = reader.each("--at", &self.at, load);
        let Some(file) = &self.data else {
            reader.wrong("--data is missing: a file of loads and throughputs, N,X on each line");
            return None;
        };
        let points = points(reader, file)?;
        let fit = fit(&points);
        if fit.is_none() {
            let name = file.display();
            reader.wrong(format!(
                "--data {name}: at least three different loads are needed"
            ));
        }
        Some(Question {
            points,
            fit: fit?,
            at,
        })
    }
}

fn points(reader: &mut Reader, file: &Path) -> Option<Vec<Point>> {
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| reader.wrong(format!("failed to read {name}: {error}")))
        .ok()?;
    match csv::points(&text) {
        Ok(points) => Some(points),
        Err(mistakes) => {
            for mistake in mistakes {
                reader.wrong(format!("{name}:{mistake}"));
            }
            None
        }
    }
}
