//! `concsim theory bounds`: upper limits of any long run, whatever its randomness.

use super::answer::{Answer, Column, Unit, Value};
use super::arguments::{Mistakes, Reader, read};
use super::{quantity, stations};
use concsim_model::scenario::WorkerKind;
use concsim_theory::bounds::{Bound, Outline};
use concsim_theory::closed::limits;

const MOST: usize = 1_000_000;

const EXAMPLE: &str =
    "Example: concsim theory bounds --workers 5 --cores 2 --compute 2ms --wait 98ms --clients 100";

const HELP: &str = "\
What it is: asymptotic bounds. Of workers: answers per second are at most workers / (compute + wait) for sync workers, \
workers / compute for coroutine workers, cores / compute, and clients / (compute + wait + think). Of a network with \
--station: at most what the busiest station gives and what clients ask for if none waits; at least what they get if \
each waits for all the others.

Assumes: for the upper bounds nothing but work that is not done twice; for the lower ones exponential service or \
sharing.

Fails when: a run is so short that its requests are not as long as the mean, which it may exceed for that long. And a \
bound says nothing of how near one comes to it (closed, tokens), nor of the time \
of a request.

Source: Denning and Buzen 1978; Lazowska, Zahorjan, Graham, Sevcik 1984.

Example: concsim theory bounds --workers 5 --cores 2 --compute 2ms --wait 98ms --clients 100
Example: concsim theory bounds --station cpu=9.2s --station disk=8s --think 120s --clients 20";

/// Bounds: upper limits of workers or stations
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE, after_long_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    network: stations::Around,
    /// Number of worker processes
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    workers: Option<String>,
    /// Number of cores
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    cores: Option<String>,
    /// Computing time of a request
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    compute: Option<String>,
    /// Time that a request waits for other systems
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    wait: Option<String>,
}

impl Args {
    pub(super) fn answer(&self) -> Result<Answer, Mistakes> {
        if self.network.has_stations() {
            read(|reader| self.of_network(reader)).map(|question| of_network(&question))
        } else {
            read(|reader| self.of_workers(reader)).map(|outline| of_workers(&outline))
        }
    }

    fn of_network(&self, reader: &mut Reader) -> Option<stations::Question> {
        let given = [
            ("--workers", self.workers.is_some()),
            ("--cores", self.cores.is_some()),
            ("--compute", self.compute.is_some()),
            ("--wait", self.wait.is_some()),
        ];
        reader.not_beside("--station", &given);
        self.network.read(reader)
    }

    /// Reads the workers. Their kind is a placeholder: both kinds are answered.
    fn of_workers(&self, reader: &mut Reader) -> Option<Outline> {
        let count = |text: &str| quantity::count(text, MOST);
        let what = "how many processes there are (or --station for a network)";
        let workers = reader.required("--workers", self.workers.as_ref(), count, what);
        let what = "how many cores there are";
        let cores = reader.required("--cores", self.cores.as_ref(), count, what);
        let time = quantity::time_or_nothing;
        let what = "how long a request computes";
        let compute = reader.required("--compute", self.compute.as_ref(), time, what);
        let what = "how long a request waits for others";
        let wait = reader.required("--wait", self.wait.as_ref(), time, what);
        if compute == Some(0.0) && wait == Some(0.0) {
            reader.wrong("--compute and --wait are both nothing: then nothing bounds anything");
        }
        let think = self.network.think(reader);
        let clients = self.network.clients(reader, None);
        if self.network.thinks() && clients.is_none() {
            reader.wrong("--think is of clients: --clients says how many there are");
        }
        Some(Outline {
            kind: WorkerKind::Sync,
            workers: workers?,
            cores: cores?,
            compute: compute?,
            wait: wait?,
            clients: clients.zip(think),
        })
    }
}

fn of_network(question: &stations::Question) -> Answer {
    let about = "asymptotic bounds of a closed network (Denning and Buzen)";
    let mut answer = Answer::new("bounds", "bounds of a network", about);
    question.tell(&mut answer.given);
    let limits = limits::of(&question.network(), question.clients);
    let results = &mut answer.results;
    let most = limits.throughput_most;
    results.number("throughput_most", "throughput, at most", Unit::Rate, most);
    let least = limits.throughput_least;
    results.number(
        "throughput_least",
        "throughput, at least",
        Unit::Rate,
        least,
    );
    let least = limits.response_least;
    results.number("response_least", "response, at least", Unit::Time, least);
    let most = limits.response_most;
    results.number("response_most", "response, at most", Unit::Time, most);
    let none = || "delays alone have no limit".to_owned();
    let bottleneck = limits.bottleneck.ok_or_else(none);
    let known =
        |of: fn(&limits::Bottleneck) -> f64| bottleneck.as_ref().map(of).map_err(Clone::clone);
    results.known(
        "capacity",
        "the bottleneck gives at most",
        Unit::Rate,
        known(|it| it.capacity),
    );
    results.known(
        "knee_clients",
        "clients that fill it (N*)",
        Unit::Plain,
        known(|it| it.knee),
    );
    if let Ok(bottleneck) = &bottleneck {
        let name = question.stations[bottleneck.station].name.clone();
        results.add("bottleneck", "bottleneck", Value::Text(name));
    }
    answer
}

fn of_workers(outline: &Outline) -> Answer {
    let about = "what workers, cores and clients allow at most (Denning and Buzen)";
    let mut answer = Answer::new("bounds", "bounds of workers", about);
    let given = &mut answer.given;
    given.number("workers", "workers", Unit::Count, outline.workers as f64);
    given.number("cores", "cores", Unit::Count, outline.cores as f64);
    given.number("compute", "compute", Unit::Time, outline.compute);
    given.number("wait", "wait", Unit::Time, outline.wait);
    if let Some((clients, think)) = outline.clients {
        given.number("clients", "clients", Unit::Count, clients as f64);
        given.number("think_time", "think time", Unit::Time, think);
    }
    let column = |key, label, unit| Column { key, label, unit };
    let columns = [
        column("count", "there are", Unit::Count),
        column("each", "taken for", Unit::Time),
        column("throughput_most", "at most", Unit::Rate),
    ];
    let results = &mut answer.results;
    let kinds = [
        (WorkerKind::Sync, "sync_bounds", "sync"),
        (WorkerKind::Coroutine, "coroutine_bounds", "coroutine"),
    ];
    for (kind, key, word) in kinds {
        let bounds = Outline { kind, ..*outline }.bounds();
        let tightest = bounds.first().map(Bound::per_s);
        let tightest = tightest.ok_or_else(|| "nothing bounds it".to_owned());
        let label = format!("{word} workers, at most");
        results.known(
            &format!("{word}_throughput_most"),
            &label,
            Unit::Rate,
            tightest,
        );
        let rows = bounds.iter().map(|bound| {
            let row = [bound.count, bound.each, bound.per_s()];
            (bound.of.word().to_owned(), row.map(Ok).to_vec())
        });
        results.table(key, word, &columns, rows.collect());
    }
    let none = || "nothing is computed".to_owned();
    let knee = outline.knee().ok_or_else(none);
    results.known(
        "knee_workers",
        "sync workers that fill the cores",
        Unit::Plain,
        knee,
    );
    answer
}
