//! Hints for terms of other servers, their settings and load generators: the scenario's word for each.

use super::WorkerKind;

/// Place of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordPlace<'a> {
    /// As a key of this table; empty for the file itself.
    KeyOf(&'a str),
    /// As the value of this key.
    ValueOf(&'a str),
    /// As the first word of a step.
    Step,
}

/// Returns the hint for such a term; `None` for any other word.
pub(super) fn hint(word: &str, place: WordPlace<'_>) -> Option<String> {
    let word = word.to_lowercase().replace('-', "_");
    match place {
        WordPlace::ValueOf("server.kind") => {
            WorkerKind::called_elsewhere(&word).map(|kind| called(&word, kind.word()))
        }
        WordPlace::KeyOf("server") => of_the_server(&word),
        WordPlace::KeyOf("load") => nearest_word(&OF_THE_LOAD, &word),
        WordPlace::KeyOf(table) if table.starts_with("services.") => {
            nearest_word(&OF_A_SERVICE, &word)
        }
        WordPlace::KeyOf("") => at_the_top(&word),
        WordPlace::ValueOf(_) | WordPlace::KeyOf(_) => None,
        WordPlace::Step => nearest_word(&STEPS, &word),
    }
}

fn called(word: &str, here: &str) -> String {
    format!("use `{here}` instead of `{word}`")
}

type Words = [(&'static str, &'static str)];

fn nearest_word(words: &Words, word: &str) -> Option<String> {
    let (_, here) = words.iter().find(|(known, _)| *known == word)?;
    Some(called(word, here))
}

const OF_THE_SERVER: [(&str, &str); 15] = [
    ("worker_connections", "connections"),
    ("max_connections", "connections"),
    ("worker_class", "kind"),
    ("class", "kind"),
    ("type", "kind"),
    ("num_workers", "workers"),
    ("worker_processes", "workers"),
    ("nthreads", "threads"),
    ("num_threads", "threads"),
    ("keep_alive", "keepalive"),
    ("keepalive_timeout", "keepalive"),
    ("worker_timeout", "timeout"),
    ("listen_backlog", "backlog"),
    ("preload_app", "preload"),
    ("memory", "app"),
];

fn of_the_server(word: &str) -> Option<String> {
    match word {
        "bind" | "listen" | "host" | "port" | "address" => {
            Some("the address is an argument: concsim serve FILE --bind 127.0.0.1:8000".into())
        }
        "reuse_port" | "reuseport" => Some("accept = \"reuseport\"".into()),
        _ => nearest_word(&OF_THE_SERVER, word),
    }
}

const OF_THE_LOAD: [(&str, &str); 17] = [
    ("users", "clients"),
    ("vus", "clients"),
    ("concurrency", "clients"),
    ("connections", "clients"),
    ("threads", "clients"),
    ("rps", "rate"),
    ("qps", "rate"),
    ("arrival_rate", "rate"),
    ("think_time", "think"),
    ("wait_time", "think"),
    ("pause", "think"),
    ("timeout", "patience"),
    ("ramp_up", "ramp"),
    ("rampup", "ramp"),
    ("keepalive", "connection"),
    ("keep_alive", "connection"),
    ("total", "requests"),
];

const OF_A_SERVICE: [(&str, &str); 7] = [
    ("pool_size", "pool"),
    ("max_connections", "pool"),
    ("connections", "pool"),
    ("concurrency", "capacity"),
    ("workers", "capacity"),
    ("threads", "capacity"),
    ("limit", "capacity"),
];

const STEPS: [(&str, &str); 19] = [
    ("cpu", "compute"),
    ("burn", "compute"),
    ("busy", "compute"),
    ("work", "compute"),
    ("spin", "compute"),
    ("io", "call"),
    ("query", "call"),
    ("request", "call"),
    ("fetch", "call"),
    ("http", "call"),
    ("db", "call"),
    ("wait", "sleep"),
    ("delay", "sleep"),
    ("pause", "sleep"),
    ("allocate", "touch"),
    ("memory", "touch"),
    ("cache", "touch"),
    ("respond", "write"),
    ("send", "write"),
];

/// Returns the hint for keys that belong into a table.
fn at_the_top(word: &str) -> Option<String> {
    const TABLES: [(&str, &[&str]); 2] = [
        (
            "server",
            &[
                "kind",
                "workers",
                "connections",
                "threads",
                "gil",
                "backlog",
                "accept",
                "keepalive",
                "timeout",
                "graceful_timeout",
                "max_requests",
                "max_requests_jitter",
            ],
        ),
        (
            "load",
            &[
                "clients",
                "think",
                "ramp",
                "rate",
                "arrivals",
                "connection",
                "patience",
            ],
        ),
    ];
    let table = TABLES.iter().find(|(_, keys)| keys.contains(&word));
    if let Some((table, _)) = table {
        return Some(format!("move it to [{table}]: {table}.{word}"));
    }
    match word {
        "time" | "length" | "runtime" | "run_time" => Some(called(word, "duration")),
        "assert" | "assertions" => Some(called(word, "expect")),
        _ => of_the_server(word).or_else(|| nearest_word(&OF_THE_LOAD, word)),
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Overrides, read};

    /// Returns the messages about a scenario with this additional line.
    fn messages_about(line: &str) -> String {
        let rest = match line {
            line if line.contains("steps") => "load.clients = 1",
            _ => "requests.page.steps = ['call db 1ms']\nload.clients = 1",
        };
        let text = format!("{line}\n{rest}\n");
        let problems = read(&text, "x.toml", &Overrides::default()).expect_err("a mistake");
        problems.to_string()
    }

    #[test]
    fn a_word_of_the_trade_gets_the_word_that_is_meant() {
        for (line, hint) in [
            (
                "server.kind = 'gevent'",
                "use `coroutine` instead of `gevent`",
            ),
            (
                "server.kind = 'gthread'",
                "use `threads` instead of `gthread`",
            ),
            (
                "server.kind = 'tornado'",
                "use `callback` instead of `tornado`",
            ),
            (
                "server.kind = 'uvicorn'",
                "use `callback` instead of `uvicorn`",
            ),
            ("server.worker_connections = 9", "`connections`"),
            ("server.worker_class = 'sync'", "`kind`"),
            (
                "server.bind = ':8000'",
                "concsim serve FILE --bind 127.0.0.1:8000",
            ),
            ("load.users = 9", "use `clients` instead of `users`"),
            ("load.timeout = '3s'", "use `patience` instead of `timeout`"),
            (
                "services.db.pool_size = 3",
                "use `pool` instead of `pool_size`",
            ),
            ("workers = 4", "server.workers"),
            ("worker_class = 'gevent'", "`kind`"),
            (
                "requests.page.steps = ['query db 9ms']",
                "use `call` instead of `query`",
            ),
            (
                "requests.page.steps = ['wait 9ms']",
                "use `sleep` instead of `wait`",
            ),
        ] {
            let text = messages_about(line);
            assert!(text.contains(hint), "{hint} is not in\n{text}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_still_a_slip_of_the_pen() {
        assert!(messages_about("server.kind = 'corutine'").contains("did you mean `coroutine`?"));
        assert!(messages_about("load.client = 9").contains("did you mean `clients`?"));
    }
}
