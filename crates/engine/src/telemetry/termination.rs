//! The causes for the end of a worker's process, as far as its arbiter knows.

use super::coded::coded;

coded! {
    /// Action of the arbiter to end a worker.
    pub enum TerminationCause {
        /// Its heartbeat was older than `server.timeout`: aborted, and killed if it did not obey.
        Silent = 1, "silent";
        /// It was told to finish: by one worker fewer, a reload, `server.max_requests`, or the server's end.
        Retired = 2, "retired";
        /// It was told to finish, and had not within `server.graceful_timeout`: killed.
        Overdue = 3, "overdue";
    }
}
