//! `concsim theory usl`: how throughputs that were measured scale, and where they stop.

use std::path::{Path, PathBuf};

use super::answer::{Answer, Column, Known, Section, Unit, of};
use super::arguments::{Mistakes, Reader, read};
use super::{csv, quantity};
use crate::theory::usl::fit::{Fit, Point, fit};

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
    /// A file of loads and throughputs, N,X on each line
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Say also what is expected at this load; may be given several times
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    at: Vec<String>,
}

struct Question {
    points: Vec<Point>,
    fit: Fit,
    at: Vec<f64>,
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
                "--data {name}: three different loads at least are needed"
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

fn answer(question: &Question) -> Answer {
    let about = "contention, coherence and the throughput of one, by least squares; in the unit of the data";
    let mut answer = Answer::new("usl", "universal scalability law", about);
    let points = question.points.iter();
    let rows = points.map(|point| row(&[point.load, point.throughput]));
    let columns = [LOAD, throughput("throughput")];
    answer.given.table("points", "", &columns, rows.collect());
    let results = &mut answer.results;
    tell_law(results, &question.fit);

    let law = question.fit.law;
    let rows = question.points.iter().map(|point| {
        let fitted = law.throughput(point.load);
        row(&[point.load, fitted, point.throughput - fitted])
    });
    let residual = Column {
        key: "residual",
        label: "measured is more by",
        unit: Unit::Plain,
    };
    let columns = [LOAD, throughput("fitted"), residual];
    results.table("points", "", &columns, rows.collect());
    if !question.at.is_empty() {
        let rows = question.at.iter();
        let rows = rows.map(|load| row(&[*load, law.throughput(*load)]));
        let columns = [LOAD, throughput("expected")];
        results.table("expected", "", &columns, rows.collect());
    }
    answer
}

const LOAD: Column = Column {
    key: "load",
    label: "load",
    unit: Unit::Plain,
};

fn throughput(label: &'static str) -> Column {
    Column {
        key: "throughput",
        label,
        unit: Unit::Plain,
    }
}

/// A row without a name.
fn row(numbers: &[f64]) -> (String, Vec<Known>) {
    (String::new(), numbers.iter().copied().map(Ok).collect())
}

fn tell_law(results: &mut Section, fit: &Fit) {
    let law = fit.law;
    let exact = || "three points are met exactly".to_owned();
    let falls = || "beta is 0: it never falls".to_owned();
    let contends = || "alpha is 0: nothing contends".to_owned();
    let peak = law.peak().ok_or_else(falls);
    for (key, label, known) in [
        ("alpha", "alpha: contention", Ok(law.alpha)),
        ("beta", "beta: coherence", Ok(law.beta)),
        ("gamma", "gamma: throughput of one", Ok(law.gamma)),
        (
            "standard_error",
            "residual standard error",
            fit.standard_error.ok_or_else(exact),
        ),
        (
            "peak_load",
            "load of the peak (N*)",
            of(&peak, |it| it.load),
        ),
        (
            "peak_throughput",
            "throughput there",
            of(&peak, |it| it.throughput),
        ),
        (
            "limit_throughput",
            "limit by contention alone",
            law.limit().ok_or_else(contends),
        ),
        (
            "optimal_load",
            "optimal load (1/alpha)",
            law.optimal_load().ok_or_else(contends),
        ),
    ] {
        results.known(key, label, Unit::Plain, known);
    }
}
