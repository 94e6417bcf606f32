//! Remarks, and their kinds, the most important first.

use serde::{Serialize, Serializer};

/// An observation about a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Kind of the remark; in JSON its stable code: `blocked-with-free-cores`.
    #[serde(rename = "code", serialize_with = "as_code")]
    pub kind: Kind,
    /// One or two sentences; in JSON joined.
    #[serde(rename = "sentence", serialize_with = "joined")]
    pub sentences: Vec<String>,
    /// Evidence for the sentences: numbers and their sources. Not a sentence.
    pub evidence: String,
    /// Advice. Its numbers are computed, not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Remark {
    /// Returns all sentences, joined.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.sentences.join(" ")
    }
}

// Serde passes references.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde decides the signature"
)]
fn as_code<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.code())
}

fn joined<S: Serializer>(sentences: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&sentences.join(" "))
}

/// Builds the enum and its functions from the table below, so that no kind can be forgotten in one of them.
macro_rules! kinds {
    (
        seen { $($(#[doc = $seen_doc:literal])* $seen:ident = $seen_code:literal;)* }
        known { $($(#[doc = $known_doc:literal])* $known:ident = $known_code:literal;)* }
    ) => {
        /// Subject of a remark.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[doc = $seen_doc])* $seen,)*
            $($(#[doc = $known_doc])* $known,)*
        }

        impl Kind {
            /// Kinds visible at an instant: the caption is the first that applies.
            pub const SEEN: &[Self] = &[$(Self::$seen,)*];

            /// Further kinds, not visible on the screen.
            pub const KNOWN: &[Self] = &[$(Self::$known,)*];

            /// Returns the stable code, for programs.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$seen => $seen_code,)*
                    $(Self::$known => $known_code,)*
                }
            }

            /// Returns the condition under which it is made, as a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                let text = match self {
                    $(Self::$seen => concat!($($seen_doc),*),)*
                    $(Self::$known => concat!($($known_doc),*),)*
                };
                text.trim_start()
            }
        }
    };
}

kinds! {
    seen {
        /// A worker's process has ended without being told to.
        WorkerGone = "worker-gone";
        /// A worker is stopped while others run.
        WorkerStopped = "worker-stopped";
        /// Updates of a counter got lost between reading and writing.
        LostUpdates = "lost-updates";
        /// Workers spend their time on requests whose clients have given up.
        DeadWork = "dead-work";
        /// Workers want cores that other programs use.
        Crowded = "crowded";
        /// A request or coroutine has had its worker for unusually long, while others wait.
        Hog = "hog";
        /// One worker holds all begun requests, while the others are idle.
        HoldsAll = "one-holds-all";
        /// Coroutine workers are blocked by unpatched waits.
        Unpatched = "unpatched";
        /// Sync workers are asleep in their waits, and cores are free for them.
        BlockedWithFreeCores = "blocked-with-free-cores";
        /// All cores are busy.
        CoresFull = "cores-full";
        /// Every worker computes, and cores are left that no worker can use.
        WorkersFull = "workers-full";
        /// Coroutines have nothing to overlap: their requests only compute.
        CoroutinesDoNotHelp = "coroutines-do-not-help";
        /// Coroutine workers hold their maximum number of connections.
        ConnectionsFull = "connections-full";
        /// More connections wait at the door than the listener's queue holds.
        BacklogFull = "backlog-full";
        /// More requests come than are answered.
        QueueGrows = "queue-grows";
        /// Coroutines are parked while their processes go on.
        Parked = "parked";
        /// The server waits for its clients.
        Idle = "idle";
    }
    known {
        /// One request had the loop of its worker for as long as gevent's monitor reports.
        HubBlocked = "hub-blocked";
        /// Requests failed.
        Failures = "failures";
        /// Some workers took many more connections than others.
        UnevenAccepts = "uneven-accepts";
        /// An extension has turned the lock around computing on again.
        LockReturned = "lock-returned";
        /// The clients were late.
        ClientsLate = "clients-late";
        /// The clients had no time to read the answers.
        ClientsStarved = "clients-starved";
        /// Events were lost because a ring was full.
        EventsDropped = "events-dropped";
        /// The run was steered by hand.
        Steered = "steered";
        /// The run was steered by the scenario's timeline.
        SteeredByTimeline = "timeline";
        /// Mean number of requests in the system differs between the halves of the window.
        NotStationary = "not-stationary";
        /// The window began before latencies could have settled.
        ShortWarmup = "short-warmup";
        /// Lanes hold only some of the requests.
        Thinned = "thinned";
    }
}
