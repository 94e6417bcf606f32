//! The application in Python that plays the requests of a scenario inside a foreign server: its file, and the
//! requests that it reads from its environment.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sys::{self, ErrorContext as _};
use concsim_model::scenario::{Draw, Scenario, Server, Step, WaitMode};

/// The application.
const APP: &str = include_str!("../../../../assets/peers/app.py");

/// Returns a folder with the application, if the server's command names it.
pub(super) fn folder_for(server: &Server) -> sys::Result<Option<TempDir>> {
    let command = server.command.as_deref().unwrap_or_default();
    if !command.contains("{app}") {
        return Ok(None);
    }
    let folder = tempfile::Builder::new().prefix("concsim-app-").tempdir();
    let folder = folder.doing("make a folder for the application")?;
    fs::write(folder.path().join("app.py"), APP).doing("write the application")?;
    Ok(Some(folder))
}

/// Returns the variables for the environment of a server: the requests, and the folder of the application, if there is
/// one, in the place of the folder in which gunicorn makes a socket to control it.
pub(super) fn environment(scenario: &Scenario, folder: &str) -> Vec<(&'static str, String)> {
    let requests = ("CONCSIM_REQUESTS", requests_of(scenario));
    let runtime = (!folder.is_empty()).then(|| ("XDG_RUNTIME_DIR", folder.to_owned()));
    std::iter::once(requests).chain(runtime).collect()
}

/// Returns the steps of each request as JSON, in the words of the scenario. Lengths are in nanoseconds; one that is
/// drawn stands with its typical value, which the load's `d=` replaces.
fn requests_of(scenario: &Scenario) -> String {
    let requests = scenario.requests.iter();
    let requests = requests.map(|request| {
        let steps: Vec<Value> = request.script.iter().map(|it| step(it, scenario)).collect();
        (request.name.clone(), Value::from(steps))
    });
    requests.collect::<Value>().to_string()
}

fn step(step: &Step, scenario: &Scenario) -> Value {
    match step {
        Step::Compute { cpu, slice } => json!(["compute", length(cpu), slice.map(|it| it.0)]),
        Step::Call { wait, mode, .. } | Step::Sleep { wait, mode } => {
            json!(["wait", length(wait), *mode != WaitMode::Unpatched])
        }
        Step::Yield => json!(["yield"]),
        Step::Write { bytes } => json!(["write", bytes]),
        Step::Touch { bytes } => json!(["touch", bytes]),
        Step::Count {
            counter,
            with_yield,
        } => {
            json!(["count", scenario.counters.get(*counter), with_yield])
        }
        Step::Panic | Step::Overflow => json!(["fail"]),
    }
}

fn length(draw: &Draw) -> u64 {
    match *draw {
        Draw::Fixed(length) | Draw::Exponential { mean: length } => length,
        Draw::Uniform { low, high } => low.midpoint(high),
        Draw::Lognormal { median, .. } => median,
        Draw::Pareto { least, .. } => least,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::scenario::{Overrides, read};

    #[test]
    fn the_application_reads_the_steps_in_the_words_of_the_scenario() {
        let text = "load.clients = 1\nrequests.page.steps = ['compute 20ms in slices of 1ms', 'call db ~80ms', \
                    'sleep 1ms unpatched', 'count hits with yield', 'yield', 'write 2KiB']\nrequests.none.steps = []";
        let plan = read(text, "a.toml", &Overrides::default()).expect("a valid file");
        let expected = json!({
            "page": [
                ["compute", 20_000_000, 1_000_000],
                ["wait", 80_000_000, true],
                ["wait", 1_000_000, false],
                ["count", "hits", true],
                ["yield"],
                ["write", 2048],
            ],
            "none": [],
        });
        let written: Value =
            serde_json::from_str(&requests_of(&plan.variants[0].scenario)).unwrap();
        assert_eq!(written, expected);
    }
}
