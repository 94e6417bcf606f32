//! The application in Python that plays the requests of a scenario inside a foreign server: its file, and the
//! requests that it reads from its environment.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sys::{self, ErrorContext as _};
use concsim_model::scenario::{Draw, Scenario, Server, Step, WaitMode};

/// The application.
const APP: &str = include_str!("../../../../assets/peers/app.py");

/// Folder of a foreign server, removed with it: the application, if its command names it, and the counts of its workers.
#[derive(Debug)]
pub(super) struct AppFolder {
    folder: TempDir,
    has_app: bool,
}

impl AppFolder {
    /// Makes the folder of this server.
    pub(super) fn make(server: &Server) -> sys::Result<Self> {
        let command = server.command.as_deref().unwrap_or_default();
        let has_app = command.contains("{app}");
        let folder = tempfile::Builder::new().prefix("concsim-app-").tempdir();
        let folder = folder.doing("make a folder for the application")?;
        if has_app {
            fs::write(folder.path().join("app.py"), APP).doing("write the application")?;
        }
        let made = Self { folder, has_app };
        fs::create_dir(made.counts()).doing("make a folder for the counts of workers")?;
        Ok(made)
    }

    /// Returns its path, for the command.
    pub(super) fn path(&self) -> &str {
        self.folder.path().to_str().unwrap_or_default()
    }

    /// Returns the folder with a file for each worker that counts its answers.
    pub(super) fn counts(&self) -> PathBuf {
        self.folder.path().join("counts")
    }

    /// Returns the variables for the environment of the server: the requests, the addresses of the services, the folder
    /// for counts, and the folder of the application, if there is one, in the place of the folder in which gunicorn makes a
    /// socket to control it.
    pub(super) fn environment(
        &self,
        scenario: &Scenario,
        services: &[SocketAddr],
    ) -> Vec<(&'static str, String)> {
        let services = scenario.services.iter().zip(services);
        let services: Value = services
            .map(|(service, at)| {
                let (host, port) = (at.ip().to_string(), at.port());
                json!([host, port, service.pool, service.connect.0])
            })
            .collect();
        let mut variables = vec![
            ("CONCSIM_REQUESTS", requests_of(scenario)),
            ("CONCSIM_SERVICES", services.to_string()),
            ("CONCSIM_COUNTS", self.counts().display().to_string()),
        ];
        if self.has_app {
            variables.push(("XDG_RUNTIME_DIR", self.path().to_owned()));
        }
        variables
    }
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
        Step::Offload { cpu } => json!(["compute", length(cpu), null]),
        Step::Call {
            wait,
            mode,
            service,
        } => {
            json!(["call", length(wait), *mode != WaitMode::Unpatched, service])
        }
        Step::Sleep { wait, mode } => {
            json!(["sleep", length(wait), *mode != WaitMode::Unpatched])
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
                ["call", 80_000_000, true, 0],
                ["sleep", 1_000_000, false],
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

    #[test]
    fn the_application_reads_the_addresses_of_services_with_their_pools() {
        let text = "load.clients = 1\nrequests.page.steps = ['call db 1ms', 'call cache 1ms']\n\
                    services.db = { pool = 3, connect = '5ms' }";
        let plan = read(text, "a.toml", &Overrides::default()).expect("a valid file");
        let scenario = &plan.variants[0].scenario;
        let folder = AppFolder::make(&scenario.server).unwrap();
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let variables = folder.environment(scenario, &[at(7), at(8)]);
        let services = variables
            .iter()
            .find(|(name, _)| *name == "CONCSIM_SERVICES");
        let (_, written) = services.expect("the addresses");
        let written: Value = serde_json::from_str(written).unwrap();
        let expected = |name: &str| match name {
            "db" => json!([3, 5_000_000]),
            _ => json!([null, 0]),
        };
        for (service, (values, port)) in scenario
            .services
            .iter()
            .zip(written.as_array().unwrap().iter().zip([7, 8]))
        {
            assert_eq!(values[0], "127.0.0.1");
            assert_eq!(values[1], port);
            assert_eq!(json!([values[2], values[3]]), expected(&service.name));
        }
    }
}
