//! Stations of a closed network on the command line: `--station cpu=2ms,servers=4 --station io=98ms,delay`.

use super::arguments::Reader;
use super::parts::{Parts, repeated};
use super::quantity;
use concsim_theory::answer::stations::{Named, Question};
use concsim_theory::closed::Servers;

/// Form of a station, for hints.
const FORM: &str = "NAME=TIME[,visits=V][,servers=N|,delay]";
/// Maximum number of clients. The solution is a table of clients by stations, and each cell takes a step
/// for each server: the limit bounds time and memory.
pub(super) const MOST_CLIENTS: usize = 100_000;
const MOST_STATIONS: usize = 32;
const MOST_SERVERS: usize = 100_000;
const MOST_STEPS: usize = 50_000_000;

/// Clients and stations.
#[derive(Debug, clap::Args)]
pub(super) struct Around {
    /// Station: NAME=TIME[,visits=V][,servers=N|,delay]; repeatable
    #[arg(long, value_name = "STATION", allow_hyphen_values = true)]
    station: Vec<String>,
    /// Number of clients
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    clients: Option<String>,
    /// Think time of a client; by default none
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    think: Option<String>,
}

fn parse(text: &str) -> Result<Named, String> {
    let mut parts = Parts::of(text, FORM)?;
    let visits = parts.take("visits", |text| quantity::number(text, 1e-6..=1e6))?;
    let servers = parts.take("servers", |text| quantity::count(text, MOST_SERVERS))?;
    let is_delay = parts.take_word("delay");
    parts.end(FORM)?;
    if is_delay && servers.is_some() {
        return Err("servers or delay, not both".to_owned());
    }
    Ok(Named {
        name: parts.name.to_owned(),
        service: quantity::time(parts.value)?,
        visits: visits.unwrap_or(1.0),
        servers: if is_delay {
            Servers::Unlimited
        } else {
            Servers::Some(servers.unwrap_or(1))
        },
    })
}

impl Around {
    /// True if any station was given.
    pub(super) fn has_stations(&self) -> bool {
        !self.station.is_empty()
    }

    pub(super) fn read(&self, reader: &mut Reader) -> Option<Question> {
        let stations = reader.each("--station", &self.station, parse);
        if self.station.is_empty() {
            reader.wrong(format!(
                "--station is missing: a place where requests spend time, {FORM}"
            ));
        }
        if self.station.len() > MOST_STATIONS {
            reader.wrong(format!("--station: at most {MOST_STATIONS} of them"));
        }
        if let Some(name) = repeated(stations.iter().map(|station| station.name.as_str())) {
            reader.wrong(format!(
                "--station {name} is there twice: each needs its own name"
            ));
        }
        let what = "number of clients";
        let clients = self.clients(reader, Some(what));
        let think = self.think(reader);
        if let Some(clients) = clients {
            expect_few_steps(reader, &stations, clients);
        }
        Some(Question {
            stations,
            think: think?,
            clients: clients?,
        })
    }

    /// Returns the number of clients; with `what`, its absence is a mistake.
    pub(super) fn clients(&self, reader: &mut Reader, what: Option<&str>) -> Option<usize> {
        let count = |text: &str| quantity::count(text, MOST_CLIENTS);
        let text = self.clients.as_ref();
        match what {
            Some(what) => reader.required("--clients", text, count, what),
            None => reader.optional("--clients", text, count),
        }
    }

    /// Returns the think time, in seconds.
    pub(super) fn think(&self, reader: &mut Reader) -> Option<f64> {
        match &self.think {
            None => Some(0.0),
            text => reader.optional("--think", text.as_ref(), quantity::time_or_nothing),
        }
    }

    /// True if a think time was given.
    pub(super) fn thinks(&self) -> bool {
        self.think.is_some()
    }
}

fn expect_few_steps(reader: &mut Reader, stations: &[Named], clients: usize) {
    let servers = stations.iter().map(|station| match station.servers {
        Servers::Some(servers) => servers.min(clients),
        Servers::Unlimited => 0,
    });
    let steps = servers.sum::<usize>() * clients;
    if steps > MOST_STEPS {
        reader.wrong(format!(
            "--clients {clients}: clients times servers is at most {MOST_STEPS}, not {steps}"
        ));
    }
}
