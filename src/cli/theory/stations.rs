//! Stations of a closed network on the command line: `--station cpu=2ms,servers=4 --station io=98ms,delay`.

use super::arguments::Reader;
use super::parameter::Parameter;
use super::parts::{Parts, repeated};
use super::quantity;
use concsim_theory::answer::stations::{NamedStation, Question};
use concsim_theory::closed::Servers;

/// Form of a station, for hints.
const FORM: &str = "NAME=TIME[,visits=V][,servers=N|,delay]";
/// Maximum number of clients. The solution is a table of clients by stations, and each cell takes a step
/// for each server: the limit bounds time and memory.
const MOST_CLIENTS: usize = 100_000;
const MOST_STATIONS: usize = 32;
const MOST_SERVERS: usize = 100_000;
const MOST_STEPS: usize = 50_000_000;

pub(super) const STATION: Parameter<NamedStation> = Parameter::new(
    "station",
    "STATION",
    "Station: NAME=TIME[,visits=V][,servers=N|,delay]; repeatable",
    parse,
)
.required("a place where requests spend time, NAME=TIME[,visits=V][,servers=N|,delay]")
.repeatable();
pub(super) const CLIENTS: Parameter<usize> =
    Parameter::count::<MOST_CLIENTS>("clients", "Number of clients").required("number of clients");
pub(super) const THINK: Parameter<f64> = Parameter::new(
    "think",
    "TIME",
    "Think time of a client; by default none",
    quantity::time_or_nothing,
);

fn parse(text: &str) -> Result<NamedStation, String> {
    let mut parts = Parts::of(text, FORM)?;
    let visits = parts.take("visits", |text| quantity::number(text, 1e-6..=1e6))?;
    let servers = parts.take("servers", |text| quantity::count(text, MOST_SERVERS))?;
    let is_delay = parts.take_word("delay");
    parts.end(FORM)?;
    if is_delay && servers.is_some() {
        return Err("servers or delay, not both".to_owned());
    }
    Ok(NamedStation {
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

/// Returns the stations and the clients.
pub(super) fn read(given: &mut Reader<'_>) -> Option<Question> {
    let stations = given.each_required(&STATION);
    if given.count(&STATION) > MOST_STATIONS {
        given.wrong(format!("--station: at most {MOST_STATIONS} of them"));
    }
    if let Some(name) = repeated(stations.iter().map(|station| station.name.as_str())) {
        given.wrong(format!(
            "--station {name} is there twice: each needs its own name"
        ));
    }
    let (clients, think) = (given.required(&CLIENTS), think(given));
    if let Some(clients) = clients {
        expect_few_steps(given, &stations, clients);
    }
    Some(Question {
        stations,
        think: think?,
        clients: clients?,
    })
}

/// Returns the think time, in seconds.
pub(super) fn think(given: &mut Reader<'_>) -> Option<f64> {
    if given.has(&THINK) {
        given.optional(&THINK)
    } else {
        Some(0.0)
    }
}

fn expect_few_steps(given: &mut Reader<'_>, stations: &[NamedStation], clients: usize) {
    let servers = stations.iter().map(|station| match station.servers {
        Servers::Some(servers) => servers.min(clients),
        Servers::Unlimited => 0,
    });
    let steps = servers.sum::<usize>() * clients;
    if steps > MOST_STEPS {
        given.wrong(format!(
            "--clients {clients}: clients times servers is at most {MOST_STEPS}, not {steps}"
        ));
    }
}
