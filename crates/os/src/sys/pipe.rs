//! Pipes whose reads and writes do not wait, closed in every program that this process starts.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use rustix::io::ioctl_fionbio;

use super::{ErrorContext, Result};

/// Creates a pipe: `(reading end, writing end)`. If there is nothing to read, or no room left, a call
/// returns `WouldBlock`.
///
/// # Errors
/// Fails if the system has no descriptor left.
pub fn nonblocking() -> Result<(File, File)> {
    let (read, write) = io::pipe().doing("make a pipe")?;
    Ok((without_waiting(read)?, without_waiting(write)?))
}

/// Sets the flags of one end. macOS has no `pipe2(2)`, which sets them at once.
fn without_waiting(end: impl Into<OwnedFd>) -> Result<File> {
    let end = end.into();
    ioctl_fionbio(&end, true).doing("make a pipe non-blocking")?;
    Ok(File::from(end))
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read as _, Write as _};

    use rustix::io::{FdFlags, fcntl_getfd};

    use super::*;

    #[test]
    fn a_pipe_waits_neither_for_bytes_nor_for_room() {
        let (mut read, mut write) = nonblocking().unwrap();
        let empty = read.read(&mut [0]).unwrap_err();
        assert_eq!(empty.kind(), ErrorKind::WouldBlock);
        let full = loop {
            if let Err(error) = write.write(&[0; 4096]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn a_pipe_is_closed_in_programs_that_this_process_starts() {
        let (read, write) = nonblocking().unwrap();
        for end in [read, write] {
            assert!(fcntl_getfd(&end).unwrap().contains(FdFlags::CLOEXEC));
        }
    }
}
