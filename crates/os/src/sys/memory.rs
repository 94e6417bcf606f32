//! Memory: pages of this process, how much another process has, and how much the system can give.
//!
//! Read from `/proc` (proc(5)); absent on other systems.

use std::ffi::c_void;
use std::{fs, io};

use memmap2::{MmapMut, MmapOptions};

/// Returns the size of a page of memory, in bytes.
pub fn page_bytes() -> usize {
    rustix::param::page_size()
}

/// Private pages, all written to, so that they have memory.
#[derive(Debug)]
pub struct WrittenPages(MmapMut);

impl WrittenPages {
    /// Takes at least `bytes` from the system.
    ///
    /// # Errors
    /// Fails if the system does not map as much. (If it maps them and has no memory, it ends a process.)
    pub fn take(bytes: u64) -> io::Result<Self> {
        // A mapping of no bytes is an error.
        let length = usize::try_from(bytes).map_err(io::Error::other)?.max(1);
        let mut pages = MmapOptions::new().len(length).map_anon()?;
        for page in pages.chunks_mut(page_bytes()) {
            page[0] = 1;
        }
        Ok(Self(pages))
    }

    /// Returns the number of bytes.
    pub fn length(&self) -> u64 {
        self.0.len() as u64
    }
}

/// Memory of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessMemory {
    /// Proportional set size, in KiB: pages shared by n processes count 1/n.
    pub pss_kib: u64,
    /// Pages of this process alone, in KiB.
    pub private_kib: u64,
}

/// Returns the memory of a process, for which the kernel walks all of its pages; `None` if the system does not
/// report it.
pub fn memory_of(pid: u32) -> Option<ProcessMemory> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let kib = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    };
    Some(ProcessMemory {
        pss_kib: kib("Pss:")?,
        private_kib: kib("Private_Clean:")? + kib("Private_Dirty:")?,
    })
}

/// Returns the memory that new processes can take without swapping, in bytes; `None` if the system does not
/// report it. In a container, at most what is left of its limit.
pub fn available() -> Option<u64> {
    let all = fs::read_to_string("/proc/meminfo").ok()?;
    let line = all.lines().find(|line| line.starts_with("MemAvailable:"))?;
    let kib: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    let of_container = left_in_container().unwrap_or(u64::MAX);
    Some(of_container.min(kib.saturating_mul(1_024)))
}

/// Returns what is left of the limit of a container (control groups, version 2).
fn left_in_container() -> Option<u64> {
    let number = |name: &str| -> Option<u64> {
        let text = fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?;
        text.trim().parse().ok()
    };
    Some(number("memory.max")?.saturating_sub(number("memory.current")?))
}

/// True if the system would map `bytes` more.
pub fn is_there(bytes: usize) -> bool {
    MmapOptions::new().len(bytes).map_anon().is_ok()
}

/// Returns one page to the system: it costs nothing until it is touched again, and is then all zeros. If
/// the system has no such call (only Linux promises it), the page stays as it is.
///
/// # Safety
/// `page` must be the beginning of a page of private anonymous memory whose content is not needed any more.
pub unsafe fn give_back(page: *mut c_void) {
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{Advice, madvise};

        // It only saves memory: a page that the system does not take back can still be used.
        // SAFETY: the caller guarantees that the page's content may be lost.
        let _ = unsafe { madvise(page, page_bytes(), Advice::LinuxDontNeed) };
    }
    #[cfg(not(target_os = "linux"))]
    let _: *mut c_void = page;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn written_pages_are_private_memory_of_their_process() {
        let me = std::process::id();
        let before = memory_of(me).expect("Linux reports it");
        let pages = WrittenPages::take(64 << 20).expect("64 MiB");
        let with_them = memory_of(me).expect("Linux reports it");
        // Other tests of this process take and return memory meanwhile.
        assert!(with_them.private_kib >= before.private_kib + (48 << 10));
        assert!(with_them.pss_kib >= with_them.private_kib);
        assert_eq!(pages.length(), 64 << 20);
    }

    #[test]
    fn the_system_says_how_much_it_can_give() {
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
    }
}
