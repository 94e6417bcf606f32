//! The command of a foreign server: another program that is started in place of concsim's own server.
//!
//! A command is words as in a shell, with placeholders in braces that stand for values of the scenario. No shell
//! reads it: a word is one argument, whatever a value contains.

use super::problem::{Mistake, one_of};
use super::{Server, WorkerKind};
use crate::units::Elapsed;

/// Placeholders: the address as HOST:PORT and its parts, values of `[server]` by their keys (lengths of time in
/// seconds, 0 for never), gunicorn's name of the kind, and the folder of an application in Python that plays the
/// requests.
const PLACEHOLDERS: [&str; 11] = [
    "address",
    "host",
    "port",
    "workers",
    "threads",
    "connections",
    "backlog",
    "class",
    "timeout",
    "graceful_timeout",
    "app",
];

/// Values of the placeholders that are known when the server is started.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// Host of the address to listen on …
    pub host: &'a str,
    /// … and its port.
    pub port: u16,
    /// Folder with the application.
    pub app: &'a str,
}

/// Returns the command of a well-known server: its name on the command line, and the command.
#[must_use]
pub fn known_server(name: &str) -> Option<&'static str> {
    KNOWN
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, command)| *command)
}

/// Servers that have a name.
pub const KNOWN: [(&str, &str); 1] = [(
    "gunicorn",
    "gunicorn --bind {address} --workers {workers} --worker-class {class} --threads {threads} \
     --worker-connections {connections} --backlog {backlog} --timeout {timeout} \
     --graceful-timeout {graceful_timeout} --log-level warning --pythonpath {app} app:application",
)];

/// Returns the mistake of a command, if it has one.
pub(super) fn mistake(command: &str) -> Option<Mistake> {
    let whole = |message: String| Mistake {
        message,
        range: 0..command.len(),
        hint: None,
    };
    let words = match words(command) {
        Ok(words) => words,
        Err(quote) => {
            return Some(whole(format!(
                "the command has a {quote} without its other one"
            )));
        }
    };
    if words.is_empty() {
        return Some(whole("the command is empty".into()));
    }
    let names = words.iter().flat_map(|word| names_in(word));
    let names: Vec<&str> = names.collect();
    if let Some(unknown) = names.iter().find(|name| !PLACEHOLDERS.contains(name)) {
        let hint = Some(format!("the placeholders are {}", one_of(PLACEHOLDERS)));
        let message = format!("`{{{unknown}}}` is not a placeholder");
        return Some(whole(message).hint(hint));
    }
    let is_told = names.iter().any(|name| ["address", "port"].contains(name));
    (!is_told).then(|| {
        let hint = "write {address}, or {host} and {port}, where the server expects its address";
        whole("the command does not tell the server its address".into()).hint(Some(hint.into()))
    })
}

/// Splits a command into words, as a shell does: blanks separate, and quotes join.
fn words(command: &str) -> Result<Vec<String>, char> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in command.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.map_or(Ok(words), Err)
}

/// Returns the names in braces.
fn names_in(word: &str) -> Vec<&str> {
    let parts = word.split('{').skip(1);
    parts
        .filter_map(|part| Some(part.split_once('}')?.0))
        .collect()
}

impl Server {
    /// True if another program is started in place of concsim's server.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.command.is_some()
    }

    /// Returns the arguments of the foreign server's command, the program first; [`None`] for concsim's own
    /// server.
    #[must_use]
    pub fn arguments(&self, places: Places<'_>) -> Option<Vec<String>> {
        let words = words(self.command.as_deref()?).unwrap_or_default();
        let fill = |word: String| {
            let names = PLACEHOLDERS.iter();
            names.fold(word, |word, name| {
                word.replace(&format!("{{{name}}}"), &self.value_of(name, places))
            })
        };
        Some(words.into_iter().map(fill).collect())
    }

    fn value_of(&self, name: &str, places: Places<'_>) -> String {
        let seconds = |length: Elapsed| length.as_secs_f64().ceil().to_string();
        match name {
            "address" => format!("{}:{}", places.host, places.port),
            "host" => places.host.to_owned(),
            "port" => places.port.to_string(),
            "workers" => self.workers.to_string(),
            "threads" => self.threads_of_a_worker().to_string(),
            "connections" => self.connections.to_string(),
            "backlog" => self.backlog.to_string(),
            "class" => class_of(self.kind).to_owned(),
            "timeout" => seconds(self.timeout.unwrap_or_default()),
            "graceful_timeout" => seconds(self.graceful_timeout),
            _ => places.app.to_owned(),
        }
    }
}

/// Returns gunicorn's name of a kind.
fn class_of(kind: WorkerKind) -> &'static str {
    match kind {
        WorkerKind::Sync => "sync",
        WorkerKind::Coroutine => "gevent",
        WorkerKind::Threads => "gthread",
        WorkerKind::Callback => "tornado",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, read};

    const REST: &str = "\nrequests.a.steps = ['compute 1ms']\nload.clients = 1\n";

    fn server(settings: &str) -> Server {
        let plan = read(
            &format!("[server]\n{settings}\n[requests.a]\nsteps = []\n[load]\nclients = 1\n"),
            "a.toml",
            &Overrides::default(),
        );
        plan.expect("a valid file").variants[0]
            .scenario
            .server
            .clone()
    }

    #[test]
    fn a_command_becomes_arguments_with_the_values_of_the_scenario() {
        let settings = "kind = 'threads'\nworkers = 3\nthreads = 8\ntimeout = '0s'\ncommand = \
            '''serve  -b {address} \"-w {workers}\" {threads} {timeout} '' --{host}:{port}={app}'''";
        let places = Places {
            host: "127.0.0.1",
            port: 8000,
            app: "/a folder",
        };
        let expected = [
            "serve",
            "-b",
            "127.0.0.1:8000",
            "-w 3",
            "8",
            "0",
            "",
            "--127.0.0.1:8000=/a folder",
        ];
        assert_eq!(server(settings).arguments(places).unwrap(), expected);
        assert_eq!(server("workers = 3").arguments(places), None);
    }

    #[test]
    fn a_kind_has_gunicorns_name_and_a_sync_worker_one_thread() {
        let places = Places {
            host: "127.0.0.1",
            port: 8000,
            app: "/app",
        };
        let classes = ["sync", "coroutine", "threads"].map(|kind| {
            let command = "command = 'x {address} {class} {threads}'";
            let server = server(&format!("kind = '{kind}'\nthreads = 8\n{command}"));
            server.arguments(places).unwrap()[2..].join(" ")
        });
        assert_eq!(classes, ["sync 1", "gevent 1", "gthread 8"]);
    }

    #[test]
    fn every_known_server_has_a_command_without_mistakes() {
        for (name, command) in KNOWN {
            assert!(mistake(command).is_none(), "{name}");
            assert_eq!(known_server(name), Some(command));
        }
    }

    #[test]
    fn a_wrong_command_is_refused_with_the_placeholders() {
        for (command, expected) in [
            ("", "the command is empty"),
            ("serve 'it", "the command has a ' without its other one"),
            ("serve {adress}", "`{adress}` is not a placeholder"),
            (
                "serve 8000",
                "the command does not tell the server its address",
            ),
        ] {
            let text = format!("server.command = \"{command}\"{REST}");
            let problems = read(&text, "a.toml", &Overrides::default()).unwrap_err();
            assert!(problems.to_string().contains(expected), "{problems}");
        }
    }

    #[test]
    fn all_mistakes_of_a_foreign_server_are_reported_at_once() {
        let text = format!(
            "server.command = 'x {{adress}}'\nserver.kind = 'fast'{REST}\
             [[timeline]]\nat = '1s'\ndo = 'kill a worker'\n"
        );
        let problems = read(&text, "a.toml", &Overrides::default())
            .unwrap_err()
            .to_string();
        for expected in [
            "`{adress}` is not a placeholder",
            "`server.kind` cannot be",
            "a foreign server's workers",
        ] {
            assert!(problems.contains(expected), "{problems}");
        }
    }

    #[test]
    fn the_simulation_refuses_a_foreign_server() {
        let overrides = Overrides {
            engine: crate::scenario::Engine::Simulation,
            ..Overrides::default()
        };
        let text = format!("server.command = 'x {{address}}'{REST}");
        let problems = read(&text, "a.toml", &overrides).unwrap_err().to_string();
        assert!(
            problems.contains("only real processes play `server.command`"),
            "{problems}"
        );
    }
}
