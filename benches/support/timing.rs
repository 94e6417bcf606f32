//! What something costs.

use concsim::sys::clock::thread_cpu;

/// How long something has a core, in milliseconds: on a machine with a free one that is how long it
/// takes, and on a busy one it says the same.
pub(crate) fn milliseconds<T>(deed: impl FnOnce() -> T) -> (T, f64) {
    let begin = thread_cpu();
    let made = deed();
    (made, (thread_cpu() - begin).as_secs_f64() * 1e3)
}
