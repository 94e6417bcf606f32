//! `concsim theory usl`: scalability of measured throughputs, and their maximum.

use super::arguments::Reader;
use super::model::{Model, Question};
use super::parameter::{Argument, Parameter};
use super::quantity;
use clap::{Arg, value_parser};
use concsim_theory::answer::usl::{self, answer};
use concsim_theory::usl::csv;
use concsim_theory::usl::fit::{Point, fit};
use std::path::{Path, PathBuf};

/// File of measured points.
struct Data;

impl Argument for Data {
    fn name(&self) -> &'static str {
        "data"
    }

    fn arg(&self) -> Arg {
        let arg = Arg::new(self.name()).long(self.name()).value_name("FILE");
        arg.help("File of loads and throughputs, N,X on each line")
            .value_parser(value_parser!(PathBuf))
    }
}

const AT: Parameter<f64> = Parameter::new(
    "at",
    "N",
    "Load for which the throughput is also predicted; repeatable",
    |text| quantity::number(text, 1.0..=1e9),
)
.repeatable();

pub(super) const MODEL: Model = Model {
    name: "usl",
    title: "Universal scalability law: fitted to measured throughputs",
    help: "\
Model: the universal scalability law X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1)), fitted to measured \
throughputs by least squares over all three coefficients (Levenberg and Marquardt), none of them negative. alpha \
is contention, beta coherence; with beta above zero the throughput has a peak and falls beyond it.

The file: a line N,X for each load, in any unit of X; a header and lines that begin with # are allowed. Results \
are in the unit of the file.

Assumes: the same work at each load, and a measurement that is long enough; at least three points, better six or \
more.

For workers: threads or processes that share locks or caches.

Fails when: another resource runs out within the range (a pool, memory: the fit takes that for coherence), or \
all points are on one side of the peak. The law does not give times.

Source: Gunther 1993; Guerrilla Capacity Planning, 2007. Older methods divide by X(1) and give other \
coefficients.",
    examples: &["usl --data measured.csv --at 128"],
    parameters: &[&Data, &AT],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    let question = question(given)?;
    Some(Box::new(move || answer(&question)))
}

fn question(given: &mut Reader<'_>) -> Option<usl::Question> {
    let at = given.each(&AT);
    let Some(file) = given.path(&Data) else {
        given.wrong("--data is missing: a file of loads and throughputs, N,X on each line");
        return None;
    };
    let points = points(given, &file)?;
    let fit = fit(&points);
    if fit.is_none() {
        let name = file.display();
        given.wrong(format!(
            "--data {name}: at least three different loads are needed"
        ));
    }
    Some(usl::Question {
        points,
        fit: fit?,
        at,
    })
}

fn points(given: &mut Reader<'_>, file: &Path) -> Option<Vec<Point>> {
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| given.wrong(format!("failed to read {name}: {error}")))
        .ok()?;
    match csv::points(&text) {
        Ok(points) => Some(points),
        Err(mistakes) => {
            for mistake in mistakes {
                given.wrong(format!("{name}:{mistake}"));
            }
            None
        }
    }
}
