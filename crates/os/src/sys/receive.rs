//! Reads of a connection with the time for which the bytes had lain in the kernel: a process that had no core, or
//! was stopped, sees from it how much later than their arrival it reads them.
//!
//! ```text
//!   bytes arrive          read returns
//!        ├──── unread ─────────┤
//! ```
//!
//! The kernel stamps what arrives for a socket with `SO_TIMESTAMPNS` (socket(7)); a read of a TCP connection gets the
//! stamp of the last byte that it returns. Linux alone does this for TCP; elsewhere no time is known.

use std::io;
use std::net::TcpStream;

use concsim_model::units::Elapsed;

/// Result of one read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Number of bytes; 0 at the end of the connection.
    pub count: usize,
    /// Time for which the last of them had lain unread, if it was stamped.
    pub unread: Option<Elapsed>,
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Received, TcpStream, io};

    /// Does nothing: arrivals are not stamped here.
    pub fn stamp_arrivals(_: &impl Sized) {}

    /// Reads what is there.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn receive(mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<Received> {
        let count = io::Read::read(&mut stream, buffer)?;
        Ok(Received {
            count,
            unread: None,
        })
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::os::fd::{AsFd, AsRawFd};

    use rustix::time::{ClockId, clock_gettime};

    use super::{Elapsed, Received, TcpStream, io};

    /// Asks for stamps of all that arrives for a socket. Begins soon after the first such socket of the system, and
    /// ends with the last.
    pub fn stamp_arrivals(socket: &impl AsFd) {
        let yes: libc::c_int = 1;
        let length = libc::socklen_t::try_from(size_of_val(&yes)).expect("an int is small");
        // SAFETY: the option takes an int, which lives on this stack, and the descriptor is open. Without stamps no
        // time is known.
        unsafe {
            libc::setsockopt(
                socket.as_fd().as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_TIMESTAMPNS,
                (&raw const yes).cast(),
                length,
            )
        };
    }

    /// Control data of a read, from the kernel: one stamp, or none, which leaves zeros.
    #[repr(C)]
    struct Control {
        head: libc::cmsghdr,
        stamp: libc::timespec,
    }

    /// Reads what is there.
    ///
    /// # Errors
    /// Those of `recvmsg`, which are those of `read`.
    pub fn receive(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<Received> {
        let mut part = libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        };
        // SAFETY: all zeros is no stamp.
        let mut control: Control = unsafe { std::mem::zeroed() };
        // SAFETY: all zeros is a message without parts.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = (&raw mut control).cast();
        message.msg_controllen = size_of::<Control>() as _;
        // SAFETY: the message points to a buffer and to control data that live until the call returns.
        let count = unsafe { libc::recvmsg(stream.as_raw_fd(), &raw mut message, 0) };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        let unread = control.stamp().map(|stamp| {
            let now = clock_gettime(ClockId::Realtime);
            Elapsed(nanoseconds(now.tv_sec, now.tv_nsec).saturating_sub(stamp))
        });
        Ok(Received { count, unread })
    }

    impl Control {
        /// Returns the kernel's stamp, in ns.
        fn stamp(&self) -> Option<u64> {
            let kind = (self.head.cmsg_level, self.head.cmsg_type);
            let is_stamp = kind == (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS);
            is_stamp.then(|| nanoseconds(self.stamp.tv_sec, self.stamp.tv_nsec))
        }
    }

    fn nanoseconds(seconds: i64, nanoseconds: i64) -> u64 {
        seconds.cast_unsigned() * 1_000_000_000 + nanoseconds.cast_unsigned()
    }
}

pub use system::{receive, stamp_arrivals};

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::sys::clock::Clock;
    use crate::sys::net::wait_readable;
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::os::fd::AsFd as _;

    use concsim_model::units::Stamp;

    #[test]
    fn bytes_that_arrived_a_while_ago_have_lain_unread_since() {
        const A_WHILE: Elapsed = Elapsed::from_millis(30);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // Stamps begin soon after the first socket that asks for them.
        stamp_arrivals(&listener);
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (receiver, _) = listener.accept().unwrap();
        stamp_arrivals(&receiver);
        let pause = || wait_readable([listener.as_fd()], Some(A_WHILE)).unwrap();
        pause();
        let clock = Clock::starting_now();
        sender.write_all(b"bytes").unwrap();
        pause();
        let read = receive(&receiver, &mut [0; 9]).unwrap();
        let most = clock.now().since(Stamp::ZERO);
        assert_eq!(read.count, 5);
        let unread = read.unread.expect("Linux stamps arrivals");
        assert!(A_WHILE <= unread && unread <= most, "{unread} of {most}");
        drop(sender);
        let end = receive(&receiver, &mut [0; 9]).unwrap();
        assert_eq!(end.count, 0);
    }
}
