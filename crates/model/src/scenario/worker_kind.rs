//! Kinds of workers: one table of everything about a kind that is not code of an engine.
//!
//! Theory, recording and lenses ask a kind for its properties, first of all for the number of requests that a
//! worker may have begun ([`RequestCapacity`]); so a new kind is one entry here and one loop in each engine.

use serde::{Deserialize, Serialize};

use super::Server;
use super::key_word::KeyWord;
use crate::palette::{Background, Rgb};

/// Kind of a worker: the number of requests that one process may have begun, and the way it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerKind {
    /// One request at a time; a wait blocks the process.
    Sync,
    /// Many requests; a wait parks the coroutine.
    Coroutine,
    /// One request for each thread; a wait blocks the thread.
    Threads,
    /// Many requests; the continuation of a wait is a function that the loop calls.
    Callback,
}

/// Requests that one worker may have begun. Bounds, forecasts and sentences about waits follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestCapacity {
    /// One: a wait blocks the process.
    One,
    /// One for each thread: a wait blocks the thread.
    OneForEachThread,
    /// One for each connection: a loop decides which request goes on, and a wait leaves the process to the
    /// others.
    OneForEachConnection,
}

/// Properties of a kind.
struct Properties {
    kind: WorkerKind,
    /// Name in files, summaries and on screens.
    word: &'static str,
    /// Effect of a wait, after the word.
    in_a_wait: &'static str,
    begins: RequestCapacity,
    /// Colours in figures on a light and on a dark ground: from Okabe and Ito, with a contrast of 3 : 1 or more.
    colours: [Rgb; 2],
    /// Name of the task of one connection; `None` if the worker does one thing at a time.
    task: Option<&'static str>,
    /// Phrase that tells its variant from one of another kind.
    announcement: &'static str,
    /// Part of the screen to watch if requests wait.
    watch: &'static str,
    /// Names that other servers have for it.
    called_elsewhere: &'static [&'static str],
}

/// All kinds, in the order of the enum, of lists and of legends.
static KINDS: [Properties; 4] = [
    Properties {
        kind: WorkerKind::Sync,
        word: "sync",
        in_a_wait: "blocks the process",
        begins: RequestCapacity::One,
        colours: [Rgb(0xC8, 0x54, 0x00), Rgb(0xD5, 0x5E, 0x00)],
        task: None,
        announcement: "as sync workers",
        watch: "the door: a wait blocks the process, so each worker has one request at a time",
        called_elsewhere: &["prefork", "process", "processes", "wsgi", "blocking"],
    },
    Properties {
        kind: WorkerKind::Coroutine,
        word: "coroutine",
        in_a_wait: "parks the coroutine",
        begins: RequestCapacity::OneForEachConnection,
        colours: [Rgb(0x00, 0x72, 0xB2), Rgb(0x56, 0xB4, 0xE9)],
        task: Some("coroutine"),
        announcement: "as coroutines",
        watch: "the workers' rows: a wait parks the coroutine, and its process goes on",
        called_elsewhere: &[
            "gevent",
            "eventlet",
            "greenlet",
            "greenlets",
            "green",
            "fiber",
            "goroutine",
        ],
    },
    Properties {
        kind: WorkerKind::Threads,
        word: "threads",
        in_a_wait: "blocks the thread",
        begins: RequestCapacity::OneForEachThread,
        colours: [Rgb(0x00, 0x7F, 0x5C), Rgb(0x00, 0x9E, 0x73)],
        task: Some("thread of connection"),
        announcement: "with threads",
        watch: "the door: a wait blocks its thread, so each worker has one request for each thread",
        called_elsewhere: &["gthread", "thread", "threaded", "threading"],
    },
    Properties {
        kind: WorkerKind::Callback,
        word: "callback",
        in_a_wait: "leaves the process to other callbacks",
        begins: RequestCapacity::OneForEachConnection,
        colours: [Rgb(0xA6, 0x4F, 0x80), Rgb(0xCC, 0x79, 0xA7)],
        task: Some("callbacks of connection"),
        announcement: "with callbacks",
        watch: "the workers' rows: a callback runs when its wait is over",
        called_elsewhere: &[
            "tornado",
            "asyncio",
            "async",
            "asgi",
            "uvicorn",
            "uvloop",
            "aiohttp",
            "node",
            "nodejs",
            "event_loop",
            "eventloop",
        ],
    },
];

impl WorkerKind {
    /// All kinds, in the order of lists and legends.
    pub const ALL: [Self; KINDS.len()] = {
        let mut all = [Self::Sync; KINDS.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = KINDS[at].kind;
            // A kind finds its entry by its place in the enum.
            assert!(
                all[at] as usize == at,
                "the table is in the order of the enum"
            );
            at += 1;
        }
        all
    };

    /// The kinds with their words in a scenario file.
    pub(super) const WORDS: [(Self, KeyWord); KINDS.len()] = {
        let mut words = [(Self::Sync, KeyWord::of_both("")); KINDS.len()];
        let mut at = 0;
        while at < words.len() {
            let kind = &KINDS[at];
            words[at] = (
                kind.kind,
                KeyWord {
                    description: kind.in_a_wait,
                    ..KeyWord::of_both(kind.word)
                },
            );
            at += 1;
        }
        words
    };

    fn properties(self) -> &'static Properties {
        &KINDS[self as usize]
    }

    /// Returns the word for it, in files, summaries and on screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.properties().word
    }

    /// Returns the number of requests that a worker may have begun.
    #[must_use]
    pub fn begins(self) -> RequestCapacity {
        self.properties().begins
    }

    /// True if a loop in the process decides which of its requests goes on, and a wait leaves the process to
    /// the others.
    #[must_use]
    pub fn has_a_loop(self) -> bool {
        self.begins() == RequestCapacity::OneForEachConnection
    }

    /// True if the process has a thread for each of its requests.
    #[must_use]
    pub fn has_threads(self) -> bool {
        self.begins() == RequestCapacity::OneForEachThread
    }

    /// Returns its colour in figures.
    #[must_use]
    pub fn colour(self, ground: Background) -> Rgb {
        let [light, dark] = self.properties().colours;
        match ground {
            Background::Light => light,
            Background::Dark => dark,
        }
    }

    /// Returns the name of the task of one connection; `None` if the worker does one thing at a time, so that
    /// its request's state is its own.
    #[must_use]
    pub fn task(self) -> Option<&'static str> {
        self.properties().task
    }

    /// Returns the phrase that tells its variant from one of another kind.
    #[must_use]
    pub fn announcement(self) -> &'static str {
        self.properties().announcement
    }

    /// Returns the part of the screen to watch if requests wait.
    #[must_use]
    pub fn watch_hint(self) -> &'static str {
        self.properties().watch
    }

    /// Returns the kind for a name that other servers have for it.
    pub(super) fn called_elsewhere(name: &str) -> Option<Self> {
        let kind = KINDS
            .iter()
            .find(|kind| kind.called_elsewhere.contains(&name));
        kind.map(|kind| kind.kind)
    }
}

impl Server {
    /// Returns the number of requests that one worker may have begun. A worker with threads accepts connections that
    /// then wait for one of its threads.
    #[must_use]
    pub fn begun_by_a_worker(&self) -> usize {
        match self.kind.begins() {
            RequestCapacity::One => 1,
            RequestCapacity::OneForEachThread | RequestCapacity::OneForEachConnection => {
                self.connections
            }
        }
    }

    /// Returns the number of requests that one worker serves at once: of the begun ones, those that wait for no
    /// thread.
    #[must_use]
    pub fn requests_of_a_worker(&self) -> usize {
        match self.kind.begins() {
            RequestCapacity::One => 1,
            RequestCapacity::OneForEachThread => self.threads,
            RequestCapacity::OneForEachConnection => self.connections,
        }
    }

    /// Returns the number of threads of one worker.
    #[must_use]
    pub fn threads_of_a_worker(&self) -> usize {
        match self.kind.begins() {
            RequestCapacity::OneForEachThread => self.threads,
            RequestCapacity::One | RequestCapacity::OneForEachConnection => 1,
        }
    }

    /// True if the threads of a worker compute one at a time, behind one lock.
    #[must_use]
    pub fn has_a_lock(&self) -> bool {
        self.kind.has_threads() && self.gil
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::contrast;

    #[test]
    fn a_kind_has_the_same_word_in_files_and_in_recordings() {
        for kind in WorkerKind::ALL {
            let recorded = serde_json::to_value(kind).expect("a kind is a word");
            assert_eq!(recorded, kind.word());
        }
    }

    #[test]
    fn every_kind_stands_out_from_either_ground_at_least_three_to_one() {
        for ground in [Background::Light, Background::Dark] {
            for kind in WorkerKind::ALL {
                let ratio = contrast(kind.colour(ground), ground.colour());
                assert!(ratio >= 3.0, "{} on {ground:?}: {ratio:.2}", kind.word());
            }
        }
    }
}
