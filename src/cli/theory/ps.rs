//! `concsim theory ps`: cores in processor sharing.

use super::arguments::{Arrivals, Mistakes, Reader, Service, read};
use super::classes;
use super::quantity;
use concsim_theory::answer::Answer;
use concsim_theory::answer::classes::{Class, mix};
use concsim_theory::answer::ps::{Question, answer};
use concsim_theory::open::many::Mmc;

const MOST_CORES: usize = 1_000_000;

const EXAMPLE: &str = "Example: concsim theory ps --arrival-rate 200/s --class short=1ms,weight=99 --class hog=100ms,weight=1";

const HELP: &str = "\
What it is: requests come at random, and all that are there share the cores, each at most one of them, M/G/1-PS \
and its version with several cores. Every request is slowed down by the same factor, whatever its length and \
whatever the law of lengths: a short one does not wait behind a long one.

Assumes: Poisson arrivals that do not depend on the load, slices that are short compared with the service, no cost \
of switching, no limit to how many are there.

For workers: one process or thread for each request on m cores; a coroutine worker whose computing is cut into \
slices (one core).

Fails when: slices are as long as the service (then it is nearer to mg1), switches cost, or the number of workers is \
limited (tokens). Percentiles depend on the law of lengths.

Source: Kleinrock 1967; Sakata, Noguchi, Oizumi 1971; several cores: Cohen 1979 (numbers as under M/M/m, by Erlang).

Example: concsim theory ps --arrival-rate 200/s --class short=1ms,weight=99 --class hog=100ms,weight=1";

/// M/G/1-PS: one or several cores shared by all requests present
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE, after_long_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    arrivals: Arrivals,
    #[command(flatten)]
    service: Service,
    /// Number of shared cores; by default one
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    cores: Option<String>,
    /// Size of a request, for which the response time is also computed: 1ms; repeatable
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    size: Vec<String>,
    /// Request class instead of a service time: NAME=TIME[,weight=W]; repeatable
    #[arg(long, value_name = "CLASS", allow_hyphen_values = true)]
    class: Vec<String>,
}

impl Args {
    pub(super) fn answer(&self) -> Result<Answer, Mistakes> {
        let question = read(|reader| {
            let rate = self.arrivals.read(reader);
            let (service, classes) = self.service(reader);
            let count = |text: &str| quantity::count(text, MOST_CORES);
            let cores = match &self.cores {
                None => Some(1),
                text => reader.optional("--cores", text.as_ref(), count),
            };
            let sizes = reader.each("--size", &self.size, quantity::time);
            let shared = Mmc {
                servers: cores?,
                rate: rate?,
                service: service?,
            };
            Some(Question {
                shared,
                classes,
                sizes,
            })
        })?;
        Ok(answer(&question))
    }

    fn service(&self, reader: &mut Reader) -> (Option<f64>, Vec<Class>) {
        if self.class.is_empty() {
            return (self.service.read(reader), Vec::new());
        }
        let is_given = self.service.is_given();
        reader.not_beside("--class", &[("--service-time or --service-rate", is_given)]);
        let classes = classes::read(reader, &self.class);
        (Some(mix(&classes).1.mean), classes)
    }
}
