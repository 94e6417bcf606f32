//! State of processes and cores, as the operating system reports it to an observer.
//!
//! A worker in a long computation publishes nothing, so the driver reads its CPU time, its core and its
//! switches: on Linux from `/proc` (proc(5)) and the CPU clocks of other processes
//! (`clock_getcpuclockid(3)`). On other systems, values that cannot be read are absent, never guessed.

use concsim_model::units::CpuTime;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets other processes have a core first, by this much: `setpriority(2)`, 0 to 19. Needs no privilege.
pub fn become_nice(nice: u8) {
    if nice > 0 {
        // A refusal changes nothing but the lateness of the others, which every run measures.
        let _ = rustix::process::setpriority_process(None, i32::from(nice));
    }
}

/// State and core of a process at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcStat {
    /// True if it runs, or would run if a core were free.
    pub runnable: bool,
    /// True if it is stopped by a signal.
    pub stopped: bool,
    /// Core that it runs on, or ran on last.
    pub core: usize,
}

/// Number of times that a process left its core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessSwitches {
    /// Voluntarily: it went to sleep.
    pub voluntary: u64,
    /// Involuntarily: the system took the core.
    pub involuntary: u64,
}

/// Times of a core since the machine started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoreTimes {
    /// Number of the core.
    pub core: usize,
    /// Time in which it was not idle, for any program.
    pub busy: CpuTime,
    /// Time that this virtual machine wanted and the host gave to another one.
    pub steal: CpuTime,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::os::unix::fs::FileExt as _;

    use super::{CoreTimes, ProcStat, ProcessSwitches};
    use concsim_model::units::{CpuTime, Elapsed};

    /// Size of a buffer, in bytes, beyond the system's report on one process in one file.
    const ROOM: usize = 4_096;
    /// Number of attempts to observe a process that moves meanwhile.
    const ATTEMPTS: usize = 4;

    /// Process that is observed many times a second: opening its file anew each time would cost as much as
    /// reading it. Returns nothing once the process has ended, even if its id is used again.
    #[derive(Debug)]
    pub struct ObservedProcess {
        stat: Option<File>,
        schedstat: Option<File>,
    }

    impl ObservedProcess {
        /// Returns the process with this id.
        pub fn new(pid: u32) -> Self {
            let file = |name| File::open(format!("/proc/{pid}/{name}")).ok();
            Self {
                stat: file("stat"),
                schedstat: file("schedstat"),
            }
        }

        /// Returns the time for which its main thread could have run and had no core (`schedstat`), since it
        /// began; `None` if the kernel does not count it (`CONFIG_SCHED_INFO`). A wait is counted when it
        /// ends.
        pub fn without_a_core(&self) -> Option<Elapsed> {
            let mut room = [0; ROOM];
            let text = read_at_once(self.schedstat.as_ref()?, &mut room)?;
            let waited = text.split_ascii_whitespace().nth(1)?;
            waited.parse().ok().map(Elapsed)
        }

        /// Returns its state now.
        pub fn proc_stat(&self) -> Option<ProcStat> {
            let mut room = [0; ROOM];
            whereabouts_in(read_at_once(self.stat.as_ref()?, &mut room)?)
        }
    }

    /// Reads a short file of `/proc`, from its beginning, in one call.
    fn read_at_once<'a>(file: &File, room: &'a mut [u8; ROOM]) -> Option<&'a str> {
        let length = file.read_at(room, 0).ok()?;
        std::str::from_utf8(&room[..length]).ok()
    }

    /// Returns the CPU time of a process, all its threads, to the nanosecond; also while it runs.
    pub fn cpu_of(pid: u32) -> Option<CpuTime> {
        let mut clock = 0;
        // SAFETY: writes a clock id into `clock`.
        let found =
            unsafe { libc::clock_getcpuclockid(libc::pid_t::try_from(pid).ok()?, &raw mut clock) };
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: writes a time into `time`.
        let read = found == 0 && unsafe { libc::clock_gettime(clock, &raw mut time) } == 0;
        read.then(|| {
            CpuTime(time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned())
        })
    }

    /// Returns the ids of the threads of a process, its own among them. Each can be observed as a process is.
    pub fn threads_of(pid: u32) -> Vec<u32> {
        let threads = fs::read_dir(format!("/proc/{pid}/task"));
        let threads = threads.into_iter().flatten().filter_map(Result::ok);
        let ids = threads.filter_map(|thread| thread.file_name().to_str()?.parse().ok());
        ids.collect()
    }

    /// Returns the CPU time of one thread, as the scheduler last counted it: at its last tick, or when it left
    /// its core. (The clock of another process's thread cannot be read.)
    pub fn cpu_of_thread(thread: u32) -> Option<CpuTime> {
        let mut room = [0; ROOM];
        let file = File::open(format!("/proc/{thread}/schedstat")).ok()?;
        let text = read_at_once(&file, &mut room)?;
        text.split_ascii_whitespace()
            .next()?
            .parse()
            .ok()
            .map(CpuTime)
    }

    /// Returns the state of a process now.
    pub fn whereabouts_of(pid: u32) -> Option<ProcStat> {
        ObservedProcess::new(pid).proc_stat()
    }

    /// Returns the words of the command line of a process.
    pub fn command_line_of(pid: u32) -> Vec<String> {
        let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = bytes.split(|byte| *byte == 0).filter(|it| !it.is_empty());
        words
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect()
    }

    /// Returns the parent of a process.
    pub fn parent_of(pid: u32) -> Option<u32> {
        let mut room = [0; ROOM];
        let file = File::open(format!("/proc/{pid}/stat")).ok()?;
        let (_, fields) = read_at_once(&file, &mut room)?.rsplit_once(')')?;
        fields.split_ascii_whitespace().nth(1)?.parse().ok()
    }

    /// Returns the children of a process, those of all its threads.
    pub fn children_of(pid: u32) -> Vec<u32> {
        let threads = fs::read_dir(format!("/proc/{pid}/task"));
        let threads = threads.into_iter().flatten().flatten();
        let lists = threads.filter_map(|it| fs::read_to_string(it.path().join("children")).ok());
        let lists: Vec<String> = lists.collect();
        let all = lists.iter().flat_map(|list| list.split_ascii_whitespace());
        all.filter_map(|pid| pid.parse().ok()).collect()
    }

    fn whereabouts_in(line: &str) -> Option<ProcStat> {
        // The name in parentheses may contain any character: fields count from the last ')'.
        let mut fields = line.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?;
        Some(ProcStat {
            runnable: state == "R",
            stopped: matches!(state, "T" | "t"),
            core: fields.nth(35)?.parse().ok()?,
        })
    }

    /// Returns the switches of a process.
    pub fn switches_of(pid: u32) -> Option<ProcessSwitches> {
        let mut room = [0; ROOM];
        let file = File::open(format!("/proc/{pid}/status")).ok()?;
        let text = read_at_once(&file, &mut room)?;
        let count = |key: &str| {
            let line = text.lines().find(|line| line.starts_with(key))?;
            line.split_ascii_whitespace().nth(1)?.parse().ok()
        };
        Some(ProcessSwitches {
            voluntary: count("voluntary_ctxt_switches")?,
            involuntary: count("nonvoluntary_ctxt_switches")?,
        })
    }

    /// True if the main thread of a process has a core at this instant. Its CPU clock does not tell: from
    /// outside it advances at ticks. But the scheduler counts how often the thread was put on a core
    /// (`schedstat`) and how often it left one (`status`): it has a core while the first count is one
    /// ahead. `None` if the kernel does not count (`CONFIG_SCHED_INFO`), or if there is no such process.
    pub fn has_core(pid: u32) -> Option<bool> {
        for _ in 0..ATTEMPTS {
            let before = switches_of(pid)?;
            let put_on = times_put_on_a_core(pid)?;
            if switches_of(pid)? == before {
                return match put_on.checked_sub(before.voluntary + before.involuntary)? {
                    0 => (put_on > 0).then_some(false),
                    1 => Some(true),
                    _ => None,
                };
            }
        }
        // It is switched so often that it must run in between.
        Some(true)
    }

    /// Parses `TIME_ON_CORES TIME_RUNNABLE_WITHOUT TIMES_PUT_ON_A_CORE`.
    fn times_put_on_a_core(pid: u32) -> Option<u64> {
        let mut room = [0; ROOM];
        let file = File::open(format!("/proc/{pid}/schedstat")).ok()?;
        let text = read_at_once(&file, &mut room)?;
        text.split_ascii_whitespace().nth(2)?.parse().ok()
    }

    /// Returns the instant at which the scheduler last counted a process's core time, in nanoseconds of its
    /// own clock: for a process without a core, when it left it; for one with a core, not before it got it.
    /// `None` if the kernel does not report it (`CONFIG_SCHED_DEBUG`).
    pub fn last_counted(pid: u32) -> Option<u64> {
        let mut room = [0; ROOM];
        let file = File::open(format!("/proc/{pid}/sched")).ok()?;
        let text = read_at_once(&file, &mut room)?;
        let line = text.lines().find(|it| it.starts_with("se.exec_start"))?;
        let (_, milliseconds) = line.split_once(':')?;
        let (whole, millionths) = milliseconds.trim().split_once('.')?;
        let [whole, millionths]: [u64; 2] = [whole.parse().ok()?, millionths.parse().ok()?];
        Some(whole * 1_000_000 + millionths)
    }

    /// Returns the times of each core so far, in the system's ticks (10 ms on most kernels).
    pub fn core_times() -> Vec<CoreTimes> {
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        text.lines().filter_map(core_line).collect()
    }

    /// Parses `cpu0 user nice system idle iowait irq softirq steal guest guest_nice`.
    fn core_line(line: &str) -> Option<CoreTimes> {
        let mut words = line.split_ascii_whitespace();
        let core = words.next()?.strip_prefix("cpu")?.parse().ok()?;
        let ticks: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
        let [user, nice, system, _idle, _iowait, irq, softirq, steal] =
            *ticks.first_chunk::<8>()?;
        Some(CoreTimes {
            core,
            busy: from_ticks(user + nice + system + irq + softirq),
            steal: from_ticks(steal),
        })
    }

    fn from_ticks(ticks: u64) -> CpuTime {
        CpuTime(ticks * 1_000_000_000 / rustix::param::clock_ticks_per_second())
    }

    /// Returns the core of the calling thread at this instant: a few nanoseconds, without a system call
    /// (getcpu(2)).
    #[inline]
    pub fn own_core() -> Option<u32> {
        u32::try_from(rustix::thread::sched_getcpu()).ok()
    }

    /// Returns the cores that this program may use, in order.
    pub fn cores_allowed() -> Vec<usize> {
        let Ok(set) = rustix::thread::sched_getaffinity(None) else {
            return super::every_core();
        };
        (0..rustix::thread::CpuSet::MAX_CPU)
            .filter(|core| set.is_set(*core))
            .collect()
    }

    /// Binds the calling process, and its children from now on, to one core.
    ///
    /// # Errors
    /// Fails if the core is not one that it may use.
    pub fn keep_to_core(core: usize) -> crate::sys::Result<()> {
        use crate::sys::ErrorContext as _;
        let mut set = rustix::thread::CpuSet::new();
        set.set(core);
        rustix::thread::sched_setaffinity(None, &set).doing(format!("bind to core {core}"))
    }

    /// Returns the processor's name.
    pub fn cpu_name() -> String {
        let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let named = text.lines().find(|line| line.starts_with("model name"));
        let name = named.and_then(|line| line.split_once(':'));
        name.map_or_else(
            || std::env::consts::ARCH.to_owned(),
            |(_, name)| name.trim().to_owned(),
        )
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::{CoreTimes, ProcStat, ProcessSwitches};
    use concsim_model::units::{CpuTime, Elapsed};

    /// CPU time of another process: not read here; the worker's own stamps are used.
    pub fn cpu_of(_pid: u32) -> Option<CpuTime> {
        None
    }

    /// Process that is observed many times a second.
    #[derive(Debug)]
    pub struct ObservedProcess;

    impl ObservedProcess {
        /// Returns the process with this id.
        pub fn new(_pid: u32) -> Self {
            Self
        }

        /// State of the process: not read here.
        pub fn proc_stat(&self) -> Option<ProcStat> {
            None
        }

        /// Time without a core: not read here.
        pub fn without_a_core(&self) -> Option<Elapsed> {
            None
        }
    }

    /// Threads of a process: not read here.
    pub fn threads_of(pid: u32) -> Vec<u32> {
        vec![pid]
    }

    /// CPU time of another process's thread: not read here.
    pub fn cpu_of_thread(_thread: u32) -> Option<CpuTime> {
        None
    }

    /// State of a process: not read here.
    pub fn whereabouts_of(_pid: u32) -> Option<ProcStat> {
        None
    }

    /// Command line of a process: not read here.
    pub fn command_line_of(_pid: u32) -> Vec<String> {
        Vec::new()
    }

    /// Children of a process: not read here.
    pub fn children_of(_pid: u32) -> Vec<u32> {
        Vec::new()
    }

    /// Switches of another process: not read here.
    pub fn switches_of(_pid: u32) -> Option<ProcessSwitches> {
        None
    }

    /// Presence of a process on a core: not read here.
    pub fn has_core(_pid: u32) -> Option<bool> {
        None
    }

    /// Instant at which its core time was counted last: not read here.
    pub fn last_counted(_pid: u32) -> Option<u64> {
        None
    }

    /// Per-core times: not read here.
    pub fn core_times() -> Vec<CoreTimes> {
        Vec::new()
    }

    /// Core of the calling thread: this system does not report it.
    #[inline]
    pub fn own_core() -> Option<u32> {
        None
    }

    /// All cores: this system has no affinity mask.
    pub fn cores_allowed() -> Vec<usize> {
        super::every_core()
    }

    /// Keeping to a core: not possible here, and not an error.
    pub fn keep_to_core(_core: usize) -> crate::sys::Result<()> {
        Ok(())
    }

    /// The processor's architecture.
    pub fn cpu_name() -> String {
        std::env::consts::ARCH.to_owned()
    }
}

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{
    ObservedProcess, children_of, command_line_of, core_times, cores_allowed, cpu_name, cpu_of,
    cpu_of_thread, has_core, keep_to_core, last_counted, own_core, switches_of, threads_of,
    whereabouts_of,
};
#[cfg(target_os = "linux")]
pub use linux::{
    ObservedProcess, children_of, command_line_of, core_times, cores_allowed, cpu_name, cpu_of,
    cpu_of_thread, has_core, keep_to_core, last_counted, own_core, parent_of, switches_of,
    threads_of, whereabouts_of,
};

fn every_core() -> Vec<usize> {
    (0..std::thread::available_parallelism().map_or(1, usize::from)).collect()
}

/// Operating system and release: `Linux 6.18.44`.
pub fn kernel() -> String {
    let name = rustix::system::uname();
    format!(
        "{} {}",
        name.sysname().to_string_lossy(),
        name.release().to_string_lossy()
    )
}

/// Raises the limit of open descriptors of this process (and its children) to at least `needed`, if the
/// system allows it.
///
/// # Errors
/// Fails if the hard limit is below `needed`.
pub fn allow_descriptors(needed: u64) -> super::Result<()> {
    use super::ErrorContext;
    let (soft, hard) = limit_of(Resource::Nofile);
    if soft >= needed {
        return Ok(());
    }
    set_limit(Resource::Nofile, hard.max(needed), hard.max(needed))
        .or_else(|refused| {
            if needed <= hard {
                set_limit(Resource::Nofile, hard, hard)
            } else {
                Err(refused)
            }
        })
        .doing(format!(
            "open {needed} file descriptors (the hard limit is {hard}: see `ulimit -Hn`)"
        ))
}

/// Smallest stack of the main thread, in bytes: the command line alone took 350 KiB of it in a debug build.
const LEAST_STACK: u64 = 512 << 10;
/// Stack that most systems give, in bytes.
const USUAL_STACK: u64 = 8 << 20;

/// Raises the limit of the stack of this process (and its children), if it is too low and the system allows
/// it. On Linux a stack grows up to the present limit (getrlimit(2)): the change takes effect at once.
///
/// # Errors
/// Fails if the hard limit is too low.
pub fn allow_stack() -> super::Result<()> {
    use super::ErrorContext;
    let (soft, hard) = limit_of(Resource::Stack);
    if soft >= LEAST_STACK {
        return Ok(());
    }
    let wanted = hard.clamp(LEAST_STACK, USUAL_STACK);
    set_limit(Resource::Stack, wanted, hard.max(wanted)).doing(format!(
        "use a stack of {} KiB (the hard limit is {} KiB: see `ulimit -Hs`)",
        LEAST_STACK >> 10,
        hard >> 10
    ))
}

/// Raises the limit of open descriptors to its hard limit, for callers that cannot predict their need.
pub fn allow_all_descriptors() {
    let (_, hard) = limit_of(Resource::Nofile);
    // After a refusal the old limit holds, and failures for lack of descriptors are counted.
    let _ = set_limit(Resource::Nofile, hard, hard);
}

/// Returns the soft and the hard limit of a resource; the largest number if there is none.
fn limit_of(resource: Resource) -> (u64, u64) {
    let limit = getrlimit(resource);
    (
        limit.current.unwrap_or(u64::MAX),
        limit.maximum.unwrap_or(u64::MAX),
    )
}

fn set_limit(resource: Resource, soft: u64, hard: u64) -> rustix::io::Result<()> {
    let known = |limit| Some(limit).filter(|limit| *limit < u64::MAX);
    let limit = Rlimit {
        current: known(soft),
        maximum: known(hard),
    };
    setrlimit(resource, limit)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::sys::clock::Clock;
    use concsim_model::units::{Elapsed, Stamp};

    #[test]
    fn this_process_can_be_seen_from_outside() {
        let me = std::process::id();
        assert!(cpu_of(me).unwrap() > CpuTime::ZERO);
        assert!(whereabouts_of(me).is_some());
        assert!(switches_of(me).is_some());
        let threads = threads_of(me);
        assert!(threads.contains(&me));
        assert!(cpu_of_thread(me).is_some());
        assert!(!core_times().is_empty());
        assert!(!cores_allowed().is_empty());
    }

    #[test]
    fn a_watched_process_that_has_ended_is_not_seen_any_more() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let watched = ObservedProcess::new(child.id());
        assert!(watched.proc_stat().is_some());
        assert!(watched.proc_stat().is_some(), "read again");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(watched.proc_stat(), None);
    }

    const PATIENCE: Elapsed = Elapsed::from_secs(60);

    /// Child of this test, killed when it goes out of scope.
    struct Started(std::process::Child);

    impl Started {
        fn script(script: &str) -> Self {
            let mut shell = std::process::Command::new("sh");
            Self(shell.args(["-c", script]).spawn().expect("a shell"))
        }

        /// Waits until it is seen with or without a core, as `has_core` says.
        fn is_seen(&self, has_core: Option<bool>) {
            let clock = Clock::starting_now();
            while super::has_core(self.0.id()) != has_core {
                let waited = clock.now().since(Stamp::ZERO);
                assert!(waited < PATIENCE, "never {has_core:?}");
                std::thread::yield_now();
            }
        }
    }

    impl Drop for Started {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn a_process_that_computes_has_a_core_and_one_that_sleeps_has_none() {
        if has_core(std::process::id()).is_none() {
            // Not every kernel counts.
            return;
        }
        let sleeper = Started::script("exec sleep 60");
        let spinner = Started::script("while :; do :; done");
        spinner.is_seen(Some(true));
        sleeper.is_seen(Some(false));
    }

    #[test]
    fn a_process_that_is_not_there_is_not_seen() {
        assert_eq!(has_core(u32::MAX), None);
        assert_eq!(last_counted(u32::MAX), None);
        assert_eq!(cpu_of(u32::MAX), None);
        assert_eq!(whereabouts_of(u32::MAX), None);
    }
}
