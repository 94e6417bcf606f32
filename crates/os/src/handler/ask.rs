//! Parsing of a request's target: script, number in the run, demands.
//!
//! ```text
//!   GET /profile?n=17&d=1000000,99000000
//!        │        │    └ one number for each step with a duration, already drawn, in nanoseconds
//!        │        └ its number in the run
//!        └ the scenario's request
//! ```

use crate::http::{Method, Request, Status};
use concsim_model::scenario::{Scenario, Step, draw};
use concsim_model::units::Elapsed;

/// Longest duration that a request may set for one step: an hour.
pub const DEMAND_LIMIT: Elapsed = Elapsed::from_secs(3_600);

/// Parsed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedWork {
    /// Play a script.
    Play {
        /// Index into the scenario's requests.
        class: usize,
        /// Number in the run, from `n=`.
        number: Option<u64>,
        /// Duration of each step that has one, in nanoseconds.
        demands: Vec<u64>,
    },
    /// List the requests.
    List,
    /// Play nothing, and answer with this status and reason.
    Nothing(Status, &'static str),
}

const UNKNOWN_PATH: RequestedWork = RequestedWork::Nothing(
    Status::NotFound,
    "unknown request; GET / lists the requests",
);

/// Parses a request. Without demands, it gets those of its number; without a number, those of the next
/// `own` number. No step may take longer than `longest`.
pub(super) fn ask(
    request: &Request<'_>,
    scenario: &Scenario,
    longest: Elapsed,
    own: impl FnOnce() -> u64,
) -> RequestedWork {
    match request.method {
        Method::Get | Method::Head | Method::Post => {}
        Method::NotPlayed => {
            return RequestedWork::Nothing(Status::MethodNotAllowed, "use GET, HEAD or POST");
        }
        Method::Unknown => {
            return RequestedWork::Nothing(Status::NotImplemented, "unknown HTTP method");
        }
    }
    match request.path {
        "/" | "" => RequestedWork::List,
        path => path.strip_prefix('/').map_or(UNKNOWN_PATH, |name| {
            by_name(name, request, scenario, longest, own)
        }),
    }
}

fn by_name(
    name: &str,
    request: &Request<'_>,
    scenario: &Scenario,
    longest: Elapsed,
    own: impl FnOnce() -> u64,
) -> RequestedWork {
    let Some(class) = scenario
        .requests
        .iter()
        .position(|known| known.name == name)
    else {
        return UNKNOWN_PATH;
    };
    let wrong = |reason| RequestedWork::Nothing(Status::BadRequest, reason);
    let Ok(number) = number(request.query) else {
        return wrong("n= is not a number");
    };
    let wanted = scenario.requests[class]
        .script
        .iter()
        .filter_map(Step::duration)
        .count();
    let demands = match parameter(request.query, "d") {
        None if wanted == 0 => Vec::new(),
        None => draw::demands(scenario, class, number.unwrap_or_else(own)),
        Some(list) => match parse_demands(list, wanted, longest) {
            Ok(demands) => demands,
            Err(reason) => return wrong(reason),
        },
    };
    RequestedWork::Play {
        class,
        number,
        demands,
    }
}

fn number(query: &str) -> Result<Option<u64>, std::num::ParseIntError> {
    parameter(query, "n").map(str::parse).transpose()
}

/// Parses the demands of the request.
fn parse_demands(list: &str, wanted: usize, longest: Elapsed) -> Result<Vec<u64>, &'static str> {
    let mut demands = Vec::with_capacity(wanted);
    for item in list.split(',').filter(|_| !list.is_empty()) {
        let demand = item
            .parse()
            .map_err(|_| "d= is not a list of nanoseconds")?;
        if demand > longest.0 {
            return Err("d= is above the maximum time of a step");
        }
        if demands.len() == wanted {
            return Err("d= has more numbers than the script has durations");
        }
        demands.push(demand);
    }
    if demands.len() < wanted {
        return Err("d= has fewer numbers than the script has durations");
    }
    Ok(demands)
}

/// Returns the value of the first parameter of this name.
fn parameter<'query>(query: &'query str, name: &str) -> Option<&'query str> {
    query
        .split('&')
        .find_map(|pair| match pair.strip_prefix(name)? {
            "" => Some(""),
            value => value.strip_prefix('='),
        })
}
