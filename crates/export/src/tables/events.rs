//! Published events of connections, processes and services: accepted connections, starts and ends of worker
//! processes, answers of services.

use super::{Cell, Column, RunView, column, ns};
use concsim_engine::telemetry::{Event, NO_REQUEST};
use concsim_model::units::{Stamp, letter};
use concsim_model::words::number_of;

/// Event.
pub(super) struct Row<'a> {
    view: &'a RunView<'a>,
    slot: u16,
    event: &'a Event,
}

pub(super) fn rows<'a>(view: &'a RunView<'a>) -> impl Iterator<Item = Row<'a>> {
    let events = view.recording.events.iter();
    let workers = events.map(|(slot, event)| (*slot, event));
    let answers = view.recording.answers.iter().map(|event| (0, event));
    let rows = workers
        .chain(answers)
        .map(|(slot, event)| Row { view, slot, event });
    rows.filter(|row| row.what().is_some())
}

impl Row<'_> {
    fn what(&self) -> Option<&'static str> {
        match self.event {
            Event::Accepted { .. } => Some("accepted"),
            Event::Forked { .. } => Some("forked"),
            Event::Died { .. } => Some("died"),
            Event::Answered { .. } => Some("answered"),
            _ => None,
        }
    }

    fn at(&self) -> Option<Stamp> {
        match *self.event {
            Event::Accepted { at, .. } | Event::Forked { at, .. } | Event::Died { at, .. } => {
                Some(at)
            }
            Event::Answered { written, .. } => Some(written),
            _ => None,
        }
    }

    fn worker(&self) -> Option<usize> {
        match *self.event {
            Event::Accepted { .. } => Some(usize::from(self.slot)),
            Event::Forked { worker, .. } | Event::Died { worker, .. } => Some(worker as usize),
            _ => None,
        }
    }

    /// Returns the service, and the times at which the call was read and its answer due.
    fn answer(&self) -> Option<(&str, Stamp, Stamp)> {
        match *self.event {
            Event::Answered {
                service,
                asked,
                due,
                ..
            } => {
                let services = &self.view.recording.header.scenario.services;
                let service = services.get(service as usize)?;
                Some((&service.name, asked, due))
            }
            _ => None,
        }
    }
}

pub(super) fn columns<'a>() -> Vec<Column<'a, Row<'a>>> {
    vec![
        column(
            "what",
            "`accepted`: a worker accepted a connection; `forked`: a worker's process started; \
             `died`: it ended; `answered`: a service answered a call",
            |row| row.what().into(),
        ),
        ns(
            "at_ns",
            "time of the event; for `answered`, of the writing of the answer",
            |row| row.at().into(),
        ),
        column("worker", "slot of the worker, from 0", |row| {
            row.worker().into()
        }),
        column("worker_name", "letter of the worker", |row| {
            row.worker().map(letter).into()
        }),
        column(
            "connection",
            "`accepted`: number of the connection, as in `requests`; numbers are reused",
            |row| match *row.event {
                Event::Accepted { connection, .. } => connection.into(),
                _ => Cell::Nothing,
            },
        ),
        column(
            "status",
            "`died`: exit code, or the negative number of the signal",
            |row| match *row.event {
                Event::Died { status, .. } => Some(i128::from(status)).into(),
                _ => Cell::Nothing,
            },
        ),
        column("service", "`answered`: name of the service", |row| {
            row.answer().map(|(name, ..)| name.to_owned()).into()
        }),
        column(
            "request",
            "`answered`: number of the calling request, from 1",
            |row| {
                let request = match *row.event {
                    Event::Answered { request, .. } => Some(request),
                    _ => None,
                };
                let request = request.filter(|request| *request != NO_REQUEST);
                request.map(number_of).into()
            },
        ),
        ns(
            "asked_ns",
            "`answered`: time at which the service read the call",
            |row| row.answer().map(|(_, asked, _)| asked).into(),
        ),
        ns(
            "due_ns",
            "`answered`: time at which the answer was due",
            |row| row.answer().map(|(.., due)| due).into(),
        ),
    ]
}
