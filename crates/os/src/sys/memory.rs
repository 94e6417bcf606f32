//! Pages of this process's own memory: their size, and how to return one.

use std::ffi::c_void;

/// Returns the size of a page of memory, in bytes.
pub fn page_bytes() -> usize {
    rustix::param::page_size()
}

/// True if the system would map `bytes` more.
pub fn is_there(bytes: usize) -> bool {
    memmap2::MmapOptions::new().len(bytes).map_anon().is_ok()
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
