//! The kinds of remarks, each with its code and the type that judges it. The most telling come first.

use super::{
    Context, Remark, cores, course, dead_work, door, hog, holds_all, measuring, remark, waits,
    workers,
};

/// Makes an enum of the table below, so that a kind that stands in it can be forgotten nowhere.
macro_rules! kinds {
    (
        seen { $($(#[$seen_doc:meta])* $seen:ident = $seen_code:literal, $says_seen:ty;)* }
        known { $($(#[$known_doc:meta])* $known:ident = $known_code:literal, $says_known:ty;)* }
    ) => {
        /// What a remark is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$seen_doc])* $seen,)*
            $($(#[$known_doc])* $known,)*
        }

        impl Kind {
            /// What there is to see at an instant: the caption is the first that applies.
            pub const SEEN: &[Self] = &[$(Self::$seen,)*];

            /// What has to be known besides, and is seen nowhere.
            pub const KNOWN: &[Self] = &[$(Self::$known,)*];

            /// Stable, for programs.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$seen => $seen_code,)*
                    $(Self::$known => $known_code,)*
                }
            }

            /// The remark, if it applies to `scene`.
            pub(super) fn look(self, scene: &Context<'_>) -> Option<Remark> {
                match self {
                    $(Self::$seen => remark::<$says_seen>(self, scene),)*
                    $(Self::$known => remark::<$says_known>(self, scene),)*
                }
            }
        }
    };
}

kinds! {
    seen {
        /// A worker's process has ended otherwise than it was told to.
        WorkerGone = "worker-gone", workers::WorkerGone<'_>;
        /// A worker stands still while others go on.
        WorkerStopped = "worker-stopped", workers::WorkerStopped<'_>;
        /// Updates of a counter got lost between reading and writing.
        LostUpdates = "lost-updates", workers::LostUpdates<'_>;
        /// Workers spend their time on requests whose clients have given up.
        DeadWork = "dead-work", dead_work::DeadWork;
        /// Workers want cores that other programs have.
        Crowded = "crowded", cores::Crowded;
        /// One request or coroutine has had its worker for unusually long, while others are there.
        Hog = "hog", hog::Hog<'_>;
        /// One worker holds all requests that are begun, while the others idle.
        HoldsAll = "one-holds-all", holds_all::HoldsAll;
        /// Coroutine workers are blocked by waits that do not let go.
        Unpatched = "unpatched", waits::Unpatched;
        /// Sync workers are asleep in their waits, and cores are free for them.
        BlockedWithFreeCores = "blocked-with-free-cores", waits::BlockedWithFreeCores;
        /// All cores are busy.
        CoresFull = "cores-full", cores::CoresFull;
        /// Every worker computes, and there are cores that it cannot use.
        WorkersFull = "workers-full", cores::WorkersFull;
        /// Coroutines have nothing to overlap: their requests only compute.
        CoroutinesDoNotHelp = "coroutines-do-not-help", cores::CoroutinesDoNotHelp;
        /// Coroutine workers hold as many connections as they may.
        ConnectionsFull = "connections-full", door::ConnectionsFull;
        /// As many wait at the door as the listener's queue holds.
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
        /// Records of what happened found no room.
        EventsDropped = "events-dropped", measuring::EventsDropped;
        /// Somebody did something to the run.
        Steered = "steered", course::Steered<'_>;
        /// The scenario's timeline did something to the run.
        Cued = "timeline", course::Cued<'_>;
        /// Not as many in the system in one half of the window as in the other.
        NotStationary = "not-stationary", course::NotStationary;
        /// The window began before latencies could have settled.
        ShortWarmup = "short-warmup", course::ShortWarmup;
        /// Lanes hold some of the requests only.
        Thinned = "thinned", measuring::Thinned;
    }
}
