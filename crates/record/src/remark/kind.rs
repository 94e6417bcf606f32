//! Kinds of remarks, each with its code and the type that checks it, the most important first.

use super::{
    Context, Remark, cores, course, dead_work, door, hog, holds_all, measuring, remark, waits,
    workers,
};

/// Builds the enum and its functions from the table below, so that no kind can be forgotten in one of them.
macro_rules! kinds {
    (
        seen { $($(#[$seen_doc:meta])* $seen:ident = $seen_code:literal, $check_seen:ty;)* }
        known { $($(#[$known_doc:meta])* $known:ident = $known_code:literal, $check_known:ty;)* }
    ) => {
        /// Subject of a remark.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$seen_doc])* $seen,)*
            $($(#[$known_doc])* $known,)*
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

            /// The remark, if it applies to `scene`.
            pub(super) fn apply(self, scene: &Context<'_>) -> Option<Remark> {
                match self {
                    $(Self::$seen => remark::<$check_seen>(self, scene),)*
                    $(Self::$known => remark::<$check_known>(self, scene),)*
                }
            }
        }
    };
}

kinds! {
    seen {
        /// A worker's process has ended without being told to.
        WorkerGone = "worker-gone", workers::WorkerGone<'_>;
        /// A worker is stopped while others run.
        WorkerStopped = "worker-stopped", workers::WorkerStopped<'_>;
        /// Updates of a counter got lost between reading and writing.
        LostUpdates = "lost-updates", workers::LostUpdates<'_>;
        /// Workers spend their time on requests whose clients have given up.
        DeadWork = "dead-work", dead_work::DeadWork;
        /// Workers want cores that other programs use.
        Crowded = "crowded", cores::Crowded;
        /// A request or coroutine has had its worker for unusually long, while others wait.
        Hog = "hog", hog::Hog<'_>;
        /// One worker holds all begun requests, while the others are idle.
        HoldsAll = "one-holds-all", holds_all::HoldsAll;
        /// Coroutine workers are blocked by unpatched waits.
        Unpatched = "unpatched", waits::Unpatched;
        /// Sync workers are asleep in their waits, and cores are free for them.
        BlockedWithFreeCores = "blocked-with-free-cores", waits::BlockedWithFreeCores;
        /// All cores are busy.
        CoresFull = "cores-full", cores::CoresFull;
        /// Every worker computes, and cores are left that no worker can use.
        WorkersFull = "workers-full", cores::WorkersFull;
        /// Coroutines have nothing to overlap: their requests only compute.
        CoroutinesDoNotHelp = "coroutines-do-not-help", cores::CoroutinesDoNotHelp;
        /// Coroutine workers hold their maximum number of connections.
        ConnectionsFull = "connections-full", door::ConnectionsFull;
        /// More connections wait at the door than the listener's queue holds.
        BacklogFull = "backlog-full", door::BacklogFull;
        /// More requests come than are answered.
        QueueGrows = "queue-grows", door::QueueGrows;
        /// Coroutines are parked while their processes go on.
        Parked = "parked", waits::Parked;
        /// The server waits for its clients.
        Idle = "idle", waits::Idle;
    }
    known {
        /// Requests failed.
        Failures = "failures", door::Failures;
        /// Some workers took many more connections than others.
        UnevenAccepts = "uneven-accepts", door::UnevenAccepts;
        /// The clients were late.
        ClientsLate = "clients-late", measuring::ClientsLate<'_>;
        /// The clients had no time to read the answers.
        ClientsStarved = "clients-starved", measuring::ClientsStarved<'_>;
        /// Events were lost because a ring was full.
        EventsDropped = "events-dropped", measuring::EventsDropped;
        /// The run was steered by hand.
        Steered = "steered", course::Steered<'_>;
        /// The run was steered by the scenario's timeline.
        SteeredByTimeline = "timeline", course::SteeredByTimeline<'_>;
        /// Mean number of requests in the system differs between the halves of the window.
        NotStationary = "not-stationary", course::NotStationary;
        /// The window began before latencies could have settled.
        ShortWarmup = "short-warmup", course::ShortWarmup;
        /// Lanes hold only some of the requests.
        Thinned = "thinned", measuring::Thinned;
    }
}
