//! Anonymous shared memory that children inherit.
//!
//! The memory has no name in any file system, so nothing is left behind, whichever process dies. On Linux
//! it is a sealed memfd: it can neither shrink nor grow, so no access is beyond its end. On other systems
//! it is a temporary file that is unlinked before it is used. Processes started by `exec` find it by an
//! inherited descriptor.
//!
//! A new region is sparse: its pages have no memory yet. A first access to a page for which the system has
//! none left ends the process (`SIGBUS`). [`Region::reserve`] gives memory to a range, or fails: it is
//! called before a process is told to use the range.

use std::fs::File;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use memmap2::{MmapOptions, MmapRaw};

use super::{ErrorContext, Result};

/// Mapping of zeroed memory that several processes share. Never moves while it lives.
#[derive(Debug)]
pub struct Region {
    map: MmapRaw,
    file: File,
}

impl Region {
    /// Creates a sparse region of `bytes` zeroed bytes.
    ///
    /// # Errors
    /// Fails if the system has no descriptor left, or allows no file of this size.
    pub fn new(bytes: usize) -> Result<Self> {
        if cfg!(miri) {
            return Self::of_one_process(bytes);
        }
        let file = anonymous_file(bytes)?;
        Self::map(file)
    }

    /// The same for the threads of this process alone: Miri does not support memory shared by processes.
    fn of_one_process(bytes: usize) -> Result<Self> {
        let map = MmapOptions::new().len(bytes).map_anon();
        let map = map.doing("map memory")?.into();
        let file = File::open("/dev/null").doing("open /dev/null")?;
        Ok(Self { map, file })
    }

    /// Maps the region behind a descriptor that this process inherited.
    ///
    /// # Errors
    /// Fails if the descriptor is not a file that can be mapped.
    pub fn inherited(descriptor: OwnedFd) -> Result<Self> {
        Self::map(File::from(descriptor))
    }

    fn map(file: File) -> Result<Self> {
        let map = MmapOptions::new()
            .map_raw(&file)
            .doing("map the shared memory (see `ulimit -v`)")?;
        Ok(Self { map, file })
    }

    /// Gives memory to the bytes of a range, which stay zero.
    ///
    /// # Errors
    /// Fails if the system has none left.
    pub fn reserve(&self, range: Range<usize>) -> Result<()> {
        if cfg!(miri) {
            return Ok(());
        }
        let text = || format!("reserve {} bytes of shared memory", range.len());
        reserve(&self.file, &range).doing(text())
    }

    /// Returns the descriptor by which a child can map the same memory.
    #[must_use]
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Returns the size of the region, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.map.len()
    }

    /// Returns a shared view of the `T` at `offset`.
    ///
    /// `T` must be made of atomics alone: other processes write to it at any time.
    ///
    /// # Panics
    /// Panics if `offset` is not aligned for `T`, or if the `T` would reach beyond the region.
    ///
    /// # Safety
    /// `T` must be valid for any bit pattern and must consist of atomics only, without padding that
    /// is read and without pointers.
    #[must_use]
    pub unsafe fn view<T>(&self, offset: usize) -> &T {
        assert!(
            offset.is_multiple_of(align_of::<T>()),
            "a view begins at a multiple of its alignment"
        );
        assert!(
            offset + size_of::<T>() <= self.bytes(),
            "a view ends inside the region"
        );
        // SAFETY: in bounds by the assertion above.
        let place = unsafe { self.map.as_ptr().add(offset) };
        // SAFETY: aligned and in bounds by the assertions; valid and atomic by the caller's
        // promise; alive as long as the mapping, which `self` keeps.
        unsafe { &*place.cast::<T>() }
    }
}

#[cfg(target_os = "linux")]
fn anonymous_file(bytes: usize) -> Result<File> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let descriptor = memfd_create("concsim", flags).doing("make anonymous shared memory")?;
    ftruncate(&descriptor, bytes as u64).doing(format!("make {bytes} bytes of shared memory"))?;
    fcntl_add_seals(
        &descriptor,
        SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL,
    )
    .doing("seal the shared memory")?;
    Ok(File::from(descriptor))
}

#[cfg(not(target_os = "linux"))]
fn anonymous_file(bytes: usize) -> Result<File> {
    unlinked_file(bytes)
}

/// Portable version: a temporary file that is unlinked before another process can use it.
#[cfg(any(test, not(target_os = "linux")))]
fn unlinked_file(bytes: usize) -> Result<File> {
    let name = format!(
        "concsim-{}-{:x}",
        std::process::id(),
        super::clock::process_cpu().0
    );
    let path = std::env::temp_dir().join(name);
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .doing("make a temporary file for shared memory")?;
    std::fs::remove_file(&path).doing("unlink the shared memory's file")?;
    file.set_len(bytes as u64)
        .doing(format!("make {bytes} bytes of shared memory"))?;
    Ok(file)
}

/// Allocates by fallocate(2): all pages of the range have memory then, or none has.
#[cfg(target_os = "linux")]
fn reserve(file: &File, range: &Range<usize>) -> std::io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    let (offset, length) = (range.start as u64, range.len() as u64);
    Ok(fallocate(file, FallocateFlags::empty(), offset, length)?)
}

#[cfg(not(target_os = "linux"))]
fn reserve(file: &File, range: &Range<usize>) -> std::io::Result<()> {
    write_zeroes(file, range)
}

/// Portable version: written bytes have memory.
#[cfg(any(test, not(target_os = "linux")))]
fn write_zeroes(file: &File, range: &Range<usize>) -> std::io::Result<()> {
    use std::os::unix::fs::FileExt;
    let zeroes = vec![0; range.len()];
    file.write_all_at(&zeroes, range.start as u64)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn two_mappings_show_the_same_words(file: File) {
        let twin = Region::inherited(OwnedFd::from(file.try_clone().unwrap())).unwrap();
        let region = Region::map(file).unwrap();
        // SAFETY: AtomicU64 is valid for any bit pattern.
        let here = unsafe { region.view::<AtomicU64>(64) };
        // SAFETY: AtomicU64 is valid for any bit pattern.
        let there = unsafe { twin.view::<AtomicU64>(64) };
        here.store(42, Ordering::Release);
        assert_eq!(there.load(Ordering::Acquire), 42);
    }

    #[test]
    fn a_value_written_in_one_mapping_is_read_in_another() {
        two_mappings_show_the_same_words(anonymous_file(4096).unwrap());
    }

    #[test]
    fn the_portable_file_behaves_like_the_memfd() {
        two_mappings_show_the_same_words(unlinked_file(4096).unwrap());
    }

    /// Number of bytes that have memory: stat(2) counts in units of 512.
    #[cfg(target_os = "linux")]
    fn bytes_with_memory(file: &File) -> u64 {
        use std::os::unix::fs::MetadataExt;
        file.metadata().unwrap().blocks() * 512
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_reserved_range_has_memory_and_the_rest_has_none() {
        let region = Region::new(16 << 20).unwrap();
        assert_eq!(bytes_with_memory(&region.file), 0);
        region.reserve((4 << 20)..(6 << 20)).unwrap();
        let reserved = bytes_with_memory(&region.file);
        assert!((2 << 20..16 << 20).contains(&reserved), "{reserved}");
        // SAFETY: AtomicU64 is valid for any bit pattern.
        let word = unsafe { region.view::<AtomicU64>(5 << 20) };
        word.store(42, Ordering::Relaxed);
        assert_eq!(bytes_with_memory(&region.file), reserved);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_portable_reservation_has_memory_too() {
        let file = anonymous_file(1 << 20).unwrap();
        write_zeroes(&file, &(4096..12_288)).unwrap();
        assert!(bytes_with_memory(&file) >= 8192);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_that_cannot_be_reserved_is_an_error() {
        let region = Region::new(4096).unwrap();
        let error = region.reserve(4096..8192).unwrap_err().to_string();
        assert!(
            error.starts_with("failed to reserve 4096 bytes of shared memory"),
            "{error}"
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn sealed_memory_cannot_shrink() {
        let file = anonymous_file(4096).unwrap();
        assert!(file.set_len(0).is_err());
    }
}
