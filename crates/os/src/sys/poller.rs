//! Readiness: which of many descriptors can be read or written now.
//!
//! Sockets are registered once, edge-triggered, for both directions: the owner tries first and waits only
//! when the kernel returns `EWOULDBLOCK`, so a registration never has to change. A listener is
//! level-triggered: a worker that accepts one connection a turn hears of the rest in the next, and a full
//! one can remove its listener and add it again.
//!
//! On Linux this is epoll, with nanosecond timeouts (`epoll_pwait2`, Linux 5.11). Elsewhere the
//! `polling` crate; that adapter is compiled and tested on Linux too.

#[cfg(target_os = "linux")]
pub use epoll::Poller;
#[cfg(not(target_os = "linux"))]
pub use portable::Poller;

/// Readiness of one registered descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Number given at registration.
    pub token: u64,
    /// True if a read will not block: there are bytes, an end, or an error.
    pub readable: bool,
    /// True if a write will not block, or will fail at once.
    pub writable: bool,
    /// True if the peer will send no more (it closed, or shut down its side), or if the socket is broken.
    pub closed: bool,
}

/// Asks for sub-millisecond waits to end on time: without this Linux may end them 50 µs late to
/// save wake-ups (`PR_SET_TIMERSLACK`, prctl(2)).
pub fn wait_precisely() {
    #[cfg(target_os = "linux")]
    {
        // A refusal costs precision only, which every run measures.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    }
}

/// Asks the scheduler for a short slice, which a thread gets sooner after it wakes. For load and the
/// services, on cores that the workers keep busy: their lateness would be taken for the server's. Needs
/// Linux 6.12 (`sched_setattr(2)`: `sched_runtime` of an ordinary thread is its slice); elsewhere nothing
/// changes, and the run measures their lateness.
pub fn wake_promptly() {
    #[cfg(target_os = "linux")]
    {
        const SHORTEST_SLICE: u64 = 100_000;
        #[repr(C)]
        #[derive(Default)]
        struct Attributes {
            size: u32,
            policy: u32,
            flags: u64,
            nice: i32,
            priority: u32,
            runtime: u64,
            deadline: u64,
            period: u64,
        }
        const SIZE: u32 = size_of::<Attributes>() as u32;
        let mut own = Attributes::default();
        // SAFETY: writes at most `SIZE` bytes into `own`.
        let known =
            unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut own, SIZE, 0) } == 0;
        // A thread with another policy keeps it.
        if known && own.policy == libc::SCHED_OTHER as u32 {
            own.runtime = SHORTEST_SLICE;
            // SAFETY: reads `size` bytes of `own`; an older kernel refuses and changes nothing.
            unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const own, 0) };
        }
    }
}

#[cfg(target_os = "linux")]
mod epoll {
    use std::os::fd::{AsFd, OwnedFd};

    use rustix::buffer::spare_capacity;
    use rustix::event::Timespec;
    use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

    use super::Ready;
    use crate::sys::{ErrorContext, Result};
    use concsim_model::units::Elapsed;

    /// Most descriptors that one wait reports. The rest are reported by the next wait.
    const REPORTED_AT_ONCE: usize = 1024;

    /// Set of descriptors to wait for. Created after a fork, never shared across one.
    pub struct Poller {
        epoll: OwnedFd,
        events: Vec<Event>,
    }

    impl Poller {
        /// Creates an empty set.
        pub fn new() -> Result<Self> {
            Ok(Self {
                epoll: epoll::create(CreateFlags::CLOEXEC).doing("make an epoll instance")?,
                events: Vec::with_capacity(REPORTED_AT_ONCE),
            })
        }

        /// Reports each change of a stream's readiness once, under `token`.
        pub fn add_stream(&self, stream: impl AsFd, token: u64) -> Result<()> {
            let edges = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
            self.add(stream, token, edges)
        }

        /// Reports, at every wait, that a listener (or a pipe) is readable.
        pub fn add_listener(&self, listener: impl AsFd, token: u64) -> Result<()> {
            self.add(listener, token, EventFlags::IN)
        }

        /// Reports the same, for a listener that several processes watch: a connection wakes one of those that
        /// sleep, always the one that has watched longest (`epoll_ctl(2)`, `EPOLLEXCLUSIVE`).
        pub fn add_exclusive_listener(&self, listener: impl AsFd, token: u64) -> Result<()> {
            self.add(listener, token, EventFlags::IN | EventFlags::EXCLUSIVE)
        }

        fn add(&self, source: impl AsFd, token: u64, flags: EventFlags) -> Result<()> {
            epoll::add(&self.epoll, source, EventData::new_u64(token), flags)
                .doing("watch a descriptor")
        }

        /// Stops reporting a descriptor. A closed descriptor is removed by the kernel.
        pub fn remove(&self, source: impl AsFd) -> Result<()> {
            epoll::delete(&self.epoll, source).doing("stop watching a descriptor")
        }

        /// Waits until a descriptor is ready or until `timeout` (`None`: without end), and puts the ready
        /// ones into `ready`, in the kernel's order. A signal ends the wait early with none.
        pub fn wait(&mut self, timeout: Option<Elapsed>, ready: &mut Vec<Ready>) -> Result<()> {
            self.events.clear();
            ready.clear();
            let timeout = timeout.map(timespec);
            let buffer = spare_capacity(&mut self.events);
            match epoll::wait(&self.epoll, buffer, timeout.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                error => return error.map(drop).doing("wait for readiness"),
            }
            ready.extend(self.events.iter().map(|event| report(*event)));
            Ok(())
        }
    }

    fn report(event: Event) -> Ready {
        let flags = event.flags;
        let broken = flags.intersects(EventFlags::ERR | EventFlags::HUP);
        Ready {
            token: event.data.u64(),
            readable: broken || flags.intersects(EventFlags::IN | EventFlags::RDHUP),
            writable: broken || flags.contains(EventFlags::OUT),
            closed: broken || flags.contains(EventFlags::RDHUP),
        }
    }

    fn timespec(length: Elapsed) -> Timespec {
        Timespec {
            tv_sec: (length.0 / 1_000_000_000).cast_signed(),
            tv_nsec: (length.0 % 1_000_000_000).cast_signed(),
        }
    }
}

/// The adapter for systems without epoll; on Linux it is compiled for tests alone.
#[cfg(any(test, not(target_os = "linux")))]
pub mod portable {
    use std::os::fd::{AsFd, AsRawFd};
    use std::time::Duration;

    use polling::{Event, Events, PollMode};

    use super::Ready;
    use crate::sys::{ErrorContext, Result};
    use concsim_model::units::Elapsed;

    /// Set of descriptors to wait for, by the `polling` crate.
    #[derive(Debug)]
    pub struct Poller {
        poller: polling::Poller,
        events: Events,
    }

    impl Poller {
        /// Creates an empty set.
        pub fn new() -> Result<Self> {
            Ok(Self {
                poller: polling::Poller::new().doing("make a poller")?,
                events: Events::new(),
            })
        }

        /// Reports each change of a stream's readiness once, under `token`.
        pub fn add_stream(&self, stream: impl AsFd, token: u64) -> Result<()> {
            self.add(&stream, Event::all(key(token)), PollMode::Edge)
        }

        /// Reports, at every wait, that a listener (or a pipe) is readable.
        pub fn add_listener(&self, listener: impl AsFd, token: u64) -> Result<()> {
            self.add(&listener, Event::readable(key(token)), PollMode::Level)
        }

        /// Fails: only Linux wakes one of several processes.
        pub fn add_exclusive_listener(&self, _listener: impl AsFd, _token: u64) -> Result<()> {
            Err(std::io::Error::from(std::io::ErrorKind::Unsupported))
                .doing("wake one worker for each connection")
        }

        #[expect(
            unsafe_code,
            reason = "registration outlives the borrow of the descriptor"
        )]
        fn add(&self, source: &impl AsFd, interest: Event, mode: PollMode) -> Result<()> {
            let descriptor = source.as_fd().as_raw_fd();
            // SAFETY: owners remove or close their descriptors before they drop the poller's
            // entry, and both kqueue and epoll forget a closed descriptor.
            unsafe { self.poller.add_with_mode(descriptor, interest, mode) }
                .doing("watch a descriptor")
        }

        /// Stops reporting a descriptor.
        pub fn remove(&self, source: impl AsFd) -> Result<()> {
            self.poller
                .delete(source)
                .doing("stop watching a descriptor")
        }

        /// Waits until a descriptor is ready or until `timeout` (`None`: without end), and puts the ready
        /// ones into `ready`.
        pub fn wait(&mut self, timeout: Option<Elapsed>, ready: &mut Vec<Ready>) -> Result<()> {
            self.events.clear();
            ready.clear();
            let timeout = timeout.map(|length| Duration::from_nanos(length.0));
            match self.poller.wait(&mut self.events, timeout) {
                Err(error) if error.kind() != std::io::ErrorKind::Interrupted => {
                    return Err(error).doing("wait for readiness");
                }
                _ => {}
            }
            ready.extend(self.events.iter().map(|event| report(&event)));
            Ok(())
        }
    }

    fn key(token: u64) -> usize {
        usize::try_from(token).expect("tokens are small or this machine has 64 bits")
    }

    fn report(event: &Event) -> Ready {
        // Not every system distinguishes an end from bytes; taking bytes for an end costs one read more.
        let closed = event.readable || event.is_interrupt() || event.is_err().unwrap_or(false);
        Ready {
            token: event.key as u64,
            readable: event.readable,
            writable: event.writable,
            closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use concsim_model::units::Elapsed;

    /// Test for both adapters: they must not differ in anything that the hub relies on.
    macro_rules! a_stream_is_reported_once_per_change {
        ($name:ident, $poller:ty) => {
            #[test]
            fn $name() {
                let mut poller = <$poller>::new().unwrap();
                let (mut near, mut far) = UnixStream::pair().unwrap();
                near.set_nonblocking(true).unwrap();
                poller.add_stream(&near, 7).unwrap();
                let mut ready = Vec::new();
                let soon = Some(Elapsed::from_millis(200));

                poller.wait(soon, &mut ready).unwrap();
                assert!(ready[0].token == 7 && ready[0].writable && !ready[0].readable);
                poller.wait(Some(Elapsed::ZERO), &mut ready).unwrap();
                assert!(ready.is_empty(), "nothing changed since");

                far.write_all(b"hello").unwrap();
                poller.wait(soon, &mut ready).unwrap();
                assert!(ready[0].readable);
                let mut bytes = [0; 8];
                assert_eq!(near.read(&mut bytes).unwrap(), 5);

                far.write_all(b"bye").unwrap();
                drop(far);
                poller.wait(soon, &mut ready).unwrap();
                assert!(
                    ready[0].readable && ready[0].closed,
                    "bytes and an end in one: a short read is not all"
                );
                assert_eq!(near.read(&mut bytes).unwrap(), 3);
                assert_eq!(near.read(&mut bytes).unwrap(), 0);
            }
        };
    }

    /// Two threads sleep, each in a poller of its own; a connection wakes the one whose poller has watched longest,
    /// and leaves the other asleep.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_connection_wakes_one_of_two_exclusive_watchers() {
        use std::net::TcpStream;
        use std::os::fd::AsFd as _;
        use std::sync::mpsc;

        use crate::sys::net;

        let listener = net::listen("127.0.0.1:0".parse().unwrap(), 8).unwrap();
        let address = listener.local_addr().unwrap();
        let (sends, woken) = mpsc::channel();
        let threads = ["first", "second"].map(|name| {
            let (listener, sends) = (listener.try_clone().unwrap(), sends.clone());
            let (sleeps, asleep) = mpsc::channel();
            let thread = std::thread::spawn(move || {
                let mut poller = super::Poller::new().unwrap();
                poller.add_exclusive_listener(listener.as_fd(), 0).unwrap();
                sleeps.send(rustix::thread::gettid()).unwrap();
                poller.wait(None, &mut Vec::new()).unwrap();
                sends.send(name).unwrap();
                net::accept(&listener, false).unwrap();
            });
            let id = asleep.recv().unwrap().as_raw_nonzero();
            let state = || {
                let stat = std::fs::read_to_string(format!("/proc/self/task/{id}/stat")).unwrap();
                stat.rsplit(") ").next().unwrap().chars().next()
            };
            while state() != Some('S') {
                std::thread::yield_now();
            }
            thread
        });
        let _clients = ["first", "second"].map(|expected| {
            let client = TcpStream::connect(address).unwrap();
            assert_eq!(woken.recv().unwrap(), expected);
            client
        });
        for thread in threads {
            thread.join().unwrap();
        }
    }

    a_stream_is_reported_once_per_change!(epoll_or_native, super::Poller);
    a_stream_is_reported_once_per_change!(portable_adapter, super::portable::Poller);
}
