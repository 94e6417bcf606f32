//! `concsim theory mg1`: one server with any distribution of service time, and the cost of its variation.

use super::arguments::{Arrivals, Mistakes, Reader, Service, read};
use super::classes;
use concsim_theory::answer::Answer;
use concsim_theory::answer::classes::{Class, mix};
use concsim_theory::answer::mg1::{Question, answer};
use concsim_theory::demand::Moments;

const EXAMPLE: &str = "Example: concsim theory mg1 --arrival-rate 200/s --class short=1ms,weight=99 --class hog=100ms,weight=1";

const HELP: &str = "\
What it is: requests come at random and queue for one server with any law of service, M/G/1. The mean wait is that \
of Pollaczek and Khinchine: it grows with the mean of the squared service, so a few long requests make all others \
wait. Give the mean and the squared variation c2 (variance / mean^2: 0 constant, 1 exponential), or a mix of \
classes (each constant unless it says squared-variation).

Assumes: Poisson arrivals that do not depend on the queue, services independent of each other, first come first \
served to the end of each, no limit to the queue.

For workers: one sync worker; or one coroutine worker with room for all requests, for each burst of computing, where \
nothing takes the core from a coroutine. A blocking call in a coroutine makes the burst as long as the call.

Fails when: computing is cut into slices (ps), connections run out (tokens), or clients are synchronised. \
Percentiles need the whole law of service; md1 and mm1 have them for two laws.

Source: Pollaczek 1930, Khinchine 1932.

Example: concsim theory mg1 --arrival-rate 200/s --class short=1ms,weight=99 --class hog=100ms,weight=1";

/// M/G/1: one server, any distribution of service time (Pollaczek-Khinchine)
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE, after_long_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    arrivals: Arrivals,
    #[command(flatten)]
    service: Service,
    /// The variance of service in units of its squared mean: 0 constant, 1 exponential
    #[arg(long, value_name = "C2", allow_hyphen_values = true)]
    squared_variation: Option<String>,
    /// Request class instead of a service time: NAME=TIME[,weight=W][,squared-variation=C2]
    #[arg(long, value_name = "CLASS", allow_hyphen_values = true)]
    class: Vec<String>,
}

impl Args {
    pub(super) fn answer(&self) -> Result<Answer, Mistakes> {
        let question = read(|reader| {
            let rate = self.arrivals.read(reader);
            let (service, classes) = self.service(reader);
            Some(Question {
                rate: rate?,
                service: service?,
                classes,
            })
        })?;
        Ok(answer(&question))
    }

    fn service(&self, reader: &mut Reader) -> (Option<Moments>, Vec<Class>) {
        if self.class.is_empty() {
            let mean = self.service.read(reader);
            let variation = reader.required(
                "--squared-variation",
                self.squared_variation.as_ref(),
                classes::squared_variation,
                "0 for constant service, 1 for exponential, or classes with --class",
            );
            let moments = mean.zip(variation).map(|(mean, variation)| Moments {
                mean,
                square: mean * mean * (1.0 + variation),
            });
            return (moments, Vec::new());
        }
        reader.not_beside(
            "--class",
            &[
                ("--service-time or --service-rate", self.service.is_given()),
                ("--squared-variation", self.squared_variation.is_some()),
            ],
        );
        let classes = classes::read(reader, &self.class);
        (Some(mix(&classes).1), classes)
    }
}
