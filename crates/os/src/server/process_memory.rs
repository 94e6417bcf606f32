//! Memory that an application takes in one process: what it has loaded, and a cache that its requests fill.
//!
//! What the arbiter loads before a fork is shared with each worker until one of them writes to it. All pages
//! are written once, by the process that takes them, so that the system has to give them.

use std::io;
use std::sync::{Mutex, PoisonError};

use crate::sys::memory::WrittenPages;
use crate::sys::{self, ErrorContext};
use concsim_model::scenario::Server;

/// Cache of this process, in the pieces in which it has grown. A cache is the process's own: a forked process
/// begins with an empty one, because the arbiter answers no requests.
static CACHE: Mutex<Vec<WrittenPages>> = Mutex::new(Vec::new());

/// Process that loads the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loader {
    /// The arbiter, before the fork.
    Arbiter,
    /// Each worker.
    Worker,
}

/// Loads the application, if `loader` is the process that does so; it stays loaded as long as the result lives.
pub(super) fn load(server: &Server, loader: Loader) -> sys::Result<Option<WrittenPages>> {
    let preloads = loader == Loader::Arbiter;
    if server.app == 0 || server.preload != preloads {
        return Ok(None);
    }
    let pages = WrittenPages::take(server.app).doing("load the application")?;
    Ok(Some(pages))
}

/// Lets the cache of this process grow to at least this many bytes.
///
/// # Panics
/// Panics if the system has no memory: the request fails.
pub(super) fn grow_cache_to(bytes: u64) {
    let grown = grow(&CACHE, bytes);
    grown.unwrap_or_else(|error| panic!("no memory for a cache of {bytes} B: {error}"));
}

fn grow(cache: &Mutex<Vec<WrittenPages>>, bytes: u64) -> io::Result<()> {
    let mut pieces = cache.lock().unwrap_or_else(PoisonError::into_inner);
    let held: u64 = pieces.iter().map(WrittenPages::length).sum();
    if bytes > held {
        pieces.push(WrittenPages::take(bytes - held)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_grows_to_the_largest_size_asked_for() {
        let cache = Mutex::new(Vec::new());
        let mut length_after = |bytes| {
            grow(&cache, bytes).expect("a few pages");
            let pieces = cache.lock().expect("no panic");
            pieces.iter().map(WrittenPages::length).sum::<u64>()
        };
        assert_eq!(
            [20_000, 5_000, 20_000, 30_000].map(&mut length_after),
            [20_000, 20_000, 20_000, 30_000]
        );
    }
}
