//! `concsim theory ps`: cores in processor sharing.

use super::answer::{Answer, Column, Known, Unit, grows, of};
use super::arguments::{Arrivals, Mistakes, Reader, Service, read};
use super::classes::{self, Class};
use super::quantity;
use concsim_theory::open::Means;
use concsim_theory::open::many::{Mmc, Steady};
use concsim_theory::queues;

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

struct Question {
    shared: Mmc,
    classes: Vec<Class>,
    sizes: Vec<f64>,
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
        (Some(classes::mix(&classes).1.mean), classes)
    }
}

fn answer(question: &Question) -> Answer {
    let shared = &question.shared;
    let name = match shared.servers {
        1 => "M/G/1-PS".to_owned(),
        cores => format!("M/G/{cores}-PS"),
    };
    let about = "requests at random, any law of service, cores shared by all that are there";
    let mut answer = Answer::new("ps", name, about);
    let given = &mut answer.given;
    given.number("arrival_rate", "arrival rate", Unit::Rate, shared.rate);
    given.number("service_time", "service time", Unit::Time, shared.service);
    given.number("cores", "cores", Unit::Count, shared.servers as f64);

    let capacity = shared.capacity();
    let steady = shared.steady().ok_or_else(|| grows(shared.rate, capacity));
    let stretch = queues::stretch_on_cores(shared.servers, shared.rate, shared.service);
    let stretch = stretch.ok_or_else(|| grows(shared.rate, capacity));
    let response = of(&stretch, |stretch| stretch * shared.service);
    let means = response
        .map(|response| Means::of_wait(shared.rate, shared.service, response - shared.service));
    let known = |number: fn(&Means) -> f64| of(&means, number);
    let results = &mut answer.results;
    results.load(shared.rate, capacity);
    results.known(
        "empty",
        "system empty",
        Unit::Share,
        of(&steady, Steady::empty),
    );
    results.known(
        "full",
        "all cores busy",
        Unit::Share,
        of(&steady, |it| it.waits),
    );
    results.known(
        "slowdown",
        "times longer than alone",
        Unit::Plain,
        stretch.clone(),
    );
    results.known(
        "response_mean",
        "response, mean",
        Unit::Time,
        known(|it| it.response),
    );
    let present = known(|it| it.present);
    results.known(
        "present_mean",
        "requests that are there, mean",
        Unit::Plain,
        present,
    );
    results.percentiles("response", |_| {
        Err("depends on the whole law of service, unlike the mean".to_owned())
    });
    add_lengths(&mut answer, question, &stretch);
    answer
}

/// Adds the response time of each class and of each size.
fn add_lengths(answer: &mut Answer, question: &Question, stretch: &Known) {
    let column = |key, label, unit| Column { key, label, unit };
    let service = column("service", "service", Unit::Time);
    let found = [service, column("response_mean", "response", Unit::Time)];
    let row = |service: f64| vec![Ok(service), of(stretch, |stretch| stretch * service)];
    let classes = &question.classes;
    if !classes.is_empty() {
        let (shares, _) = classes::mix(classes);
        let asked = [service, column("share", "of all", Unit::Share)];
        let rows = classes.iter().zip(&shares);
        let rows =
            rows.map(|(class, share)| (class.name.clone(), vec![Ok(class.service), Ok(*share)]));
        answer
            .given
            .table("classes", "class", &asked, rows.collect());
        let rows = classes
            .iter()
            .map(|class| (class.name.clone(), row(class.service)));
        answer
            .results
            .table("classes", "class", &found, rows.collect());
    }
    if !question.sizes.is_empty() {
        let rows = question.sizes.iter();
        let rows = rows.map(|size| (quantity::describe(Unit::Time, *size), row(*size)));
        answer
            .results
            .table("sizes", "size", &found, rows.collect());
    }
}
