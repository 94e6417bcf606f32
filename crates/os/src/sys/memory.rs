//! Pages of this process' own memory: how large they are, and how to be rid of one.

use std::ffi::c_void;

/// How many bytes a page of memory has.
pub fn page_bytes() -> usize {
    rustix::param::page_size()
}

/// True if the system would map `bytes` more.
pub fn is_there(bytes: usize) -> bool {
    memmap2::MmapOptions::new().len(bytes).map_anon().is_ok()
}

/// Gives one page back to the system: it costs nothing until it is touched again, and then it is
/// all zeros. Where the system has no such call (only Linux promises it) the page stays as it is.
///
/// # Safety
/// `page` must be the beginning of a page of private anonymous memory, and nobody may rely on what
/// stands in it.
pub unsafe fn give_back(page: *mut c_void) {
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{Advice, madvise};

        // It is only an economy: a page that the system does not take back is still a good page.
        // SAFETY: the caller's word that the page may be lost.
        let _ = unsafe { madvise(page, page_bytes(), Advice::LinuxDontNeed) };
    }
    #[cfg(not(target_os = "linux"))]
    let _: *mut c_void = page;
}
