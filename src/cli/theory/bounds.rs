//! `concsim theory bounds`: upper limits of any long run, whatever its randomness.

use super::arguments::{Mistakes, Reader, read};
use super::{quantity, stations};
use concsim_model::scenario::WorkerKind;
use concsim_theory::answer::Answer;
use concsim_theory::answer::bounds::{of_network, of_workers};
use concsim_theory::answer::stations::Question;
use concsim_theory::bounds::Outline;

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

    fn of_network(&self, reader: &mut Reader) -> Option<Question> {
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
        let what = "number of processes (or --station for a network)";
        let workers = reader.required("--workers", self.workers.as_ref(), count, what);
        let what = "number of cores";
        let cores = reader.required("--cores", self.cores.as_ref(), count, what);
        let time = quantity::time_or_nothing;
        let what = "computing time of a request";
        let compute = reader.required("--compute", self.compute.as_ref(), time, what);
        let what = "time that a request waits for other systems";
        let wait = reader.required("--wait", self.wait.as_ref(), time, what);
        if compute == Some(0.0) && wait == Some(0.0) {
            reader.wrong(
                "--compute and --wait are both 0: nothing is bounded; give one of them a length",
            );
        }
        let think = self.network.think(reader);
        let clients = self.network.clients(reader, None);
        if self.network.thinks() && clients.is_none() {
            reader.wrong("--think needs --clients");
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
