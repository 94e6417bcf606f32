//! Work in a forked process of its own, on a chosen core, with its result read from a pipe.
//!
//! For measurements, where a thread of this process would not do: the system counts switches, core time and
//! scheduling by process.

use std::io::{self, PipeReader, Read as _, Write as _};

use rustix::process::{Pid, WaitOptions, waitpid};

use super::{ErrorContext, Result, child, fork, processes};

/// Work under way in a child process. It ends with its work, or with this process.
#[derive(Debug)]
pub struct IsolatedWork {
    pid: u32,
    reader: PipeReader,
}

impl IsolatedWork {
    /// Starts `work` in a child, bound to `core` if one is given and the platform supports it.
    /// [`IsolatedWork::result`] returns the result of `work`.
    ///
    /// # Errors
    /// Fails if the system has no process, pipe or memory left.
    ///
    /// # Panics
    /// Panics if this process has more than one thread.
    pub fn start(core: Option<usize>, work: impl FnOnce() -> io::Result<Vec<u64>>) -> Result<Self> {
        let (reader, mut writer) = io::pipe().doing("make a pipe")?;
        let parent = std::process::id();
        let life = move || {
            let begun = child::die_with_parent(parent);
            let begun = begun.and_then(|()| core.map_or(Ok(()), processes::keep_to_core));
            let result = begun.map_err(|error| error.source).and_then(|()| {
                let bytes: Vec<u8> = work()?.iter().flat_map(|word| word.to_le_bytes()).collect();
                writer.write_all(&bytes)
            });
            i32::from(result.is_err())
        };
        let pid = fork::fork(life)?;
        Ok(Self { pid, reader })
    }

    /// Waits for the end of the work. Returns its result.
    ///
    /// # Errors
    /// Fails if the child could not do its work.
    pub fn result(mut self) -> Result<Vec<u64>> {
        let mut bytes = Vec::new();
        let last_seen = self.reader.read_to_end(&mut bytes);
        let ended = waitpid(Pid::from_raw(self.pid.cast_signed()), WaitOptions::empty());
        last_seen.doing("read the measurement of a child")?;
        let status = ended.doing("wait for the measurement of a child")?;
        let words = bytes.chunks_exact(8);
        let words: Vec<u64> = words
            .map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")))
            .collect();
        match status.and_then(|(_, status)| status.exit_status()) {
            Some(0) => Ok(words),
            _ => Err(io::Error::other(format!("{status:?}"))).doing("measure in a child process"),
        }
    }
}
