//! CPU time of a function.

use concsim_os::sys::clock::thread_cpu;

/// Returns the core time of a function in milliseconds: on a machine with a free core that is the elapsed
/// time, and on a busy one it is the same.
pub(crate) fn milliseconds<T>(routine: impl FnOnce() -> T) -> (T, f64) {
    let begin = thread_cpu();
    let made = routine();
    (made, (thread_cpu() - begin).as_secs_f64() * 1e3)
}
