//! Stations of a closed network, with their names.

use super::{Column, NumberOrReason, Section, Unit};
use crate::closed::{Network, Servers, Station};

/// A station with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedStation {
    /// Name.
    pub name: String,
    /// Service of one visit, in seconds.
    pub service: f64,
    /// Number of visits of a request.
    pub visits: f64,
    /// Servers that it has.
    pub servers: Servers,
}

/// A network whose stations have names, and its clients.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Stations, in the order of the question.
    pub stations: Vec<NamedStation>,
    /// Think time of a client, in seconds.
    pub think: f64,
    /// Number of clients.
    pub clients: usize,
}

impl NamedStation {
    /// Returns the number of its servers, or the reason for which that is no number.
    pub(super) fn servers(&self) -> NumberOrReason {
        match self.servers {
            Servers::Some(servers) => Ok(servers as f64),
            Servers::Unlimited => Err("a delay serves all at once".to_owned()),
        }
    }
}

impl Question {
    /// Returns the network without its names.
    #[must_use]
    pub fn network(&self) -> Network {
        let stations = self.stations.iter().map(|station| Station {
            servers: station.servers,
            demand: station.visits * station.service,
        });
        Network {
            stations: stations.collect(),
            think: self.think,
        }
    }

    /// Adds the inputs.
    pub(super) fn add_inputs(&self, given: &mut Section) {
        given.number("clients", "clients", Unit::Count, self.clients as f64);
        given.number("think_time", "think time", Unit::Time, self.think);
        let column = |key, label, unit| Column { key, label, unit };
        let columns = [
            column("service", "service", Unit::Time),
            column("visits", "visits", Unit::Plain),
            column("demand", "demand", Unit::Time),
            column("servers", "servers", Unit::Count),
        ];
        let rows = self.stations.iter().map(|station| {
            let demand = station.visits * station.service;
            let row = vec![
                Ok(station.service),
                Ok(station.visits),
                Ok(demand),
                station.servers(),
            ];
            (station.name.clone(), row)
        });
        given.table("stations", "station", &columns, rows.collect());
    }
}
