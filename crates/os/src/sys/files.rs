//! Files that are written completely or not at all: a full disk or a kill leaves the old file or the new
//! one, and never half of one.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// First characters of a file's name while it is being written.
pub const NEW_BEGINS: &str = ".concsim-";
/// Permissions of a new file, before the mask of the process.
const NEW: u32 = 0o666;

/// Writes a file completely or not at all.
///
/// # Errors
/// Fails if its folder or the file cannot be written to. The old file stays as it was.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    write_whole_with(path, |file| file.write_all(content))
}

/// Writes a file piece by piece, completely or not at all. A device or a pipe gets the pieces directly.
///
/// # Errors
/// As for [`write_whole`], or what `write` returns.
pub fn write_whole_with(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    if let Ok(there) = fs::metadata(path)
        && !there.is_file()
    {
        let mut file = BufWriter::new(OpenOptions::new().write(true).open(path)?);
        write(&mut file)?;
        return file.flush();
    }
    // A symbolic link stays, and the file behind it is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let new = new_beside(&path)?;
    let mut file = BufWriter::new(new.as_file());
    write(&mut file)?;
    file.flush()?;
    drop(file);
    new.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// Writes a file that does not exist yet, completely or not at all.
///
/// # Errors
/// As for [`write_whole`], or if the file exists: it stays as it was.
pub fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let new = new_beside(path)?;
    new.as_file().write_all(content)?;
    let placed = new.persist_noclobber(path);
    placed.map(drop).map_err(|error| error.error)
}

/// Removes a folder that is new and empty, after a failed write into it.
pub fn remove_if(is_new: bool, folder: &Path) {
    if is_new {
        // A folder that is not empty or cannot be removed stays.
        let _ = fs::remove_dir(folder);
    }
}

/// Fails unless a file can be written at `path`, and changes nothing.
///
/// # Errors
/// As for [`write_whole`].
pub fn check_writable(path: &Path) -> io::Result<()> {
    new_beside(path).map(drop)
}

/// Creates a temporary file beside `path`, with the permissions of the old file.
fn new_beside(path: &Path) -> io::Result<NamedTempFile> {
    let permissions = match fs::metadata(path) {
        Ok(there) => {
            OpenOptions::new().append(true).open(path)?;
            Some(there.permissions())
        }
        Err(_) => None,
    };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let new = tempfile::Builder::new()
        .prefix(NEW_BEGINS)
        .permissions(fs::Permissions::from_mode(NEW))
        .tempfile_in(folder)
        .map_err(|error| io::Error::from(error.kind()))?;
    if let Some(permissions) = permissions {
        new.as_file().set_permissions(permissions)?;
    }
    Ok(new)
}

/// Reads a file that a scenario names.
///
/// # Errors
/// The reason, as a fragment: the system's, or that it is no regular file or too large.
pub fn read_named(path: &Path) -> Result<Vec<u8>, String> {
    /// Largest size: a million lines are some twenty megabytes.
    const LARGEST: u64 = 64 << 20;
    let about = fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("not a regular file".to_owned());
    }
    if about.len() > LARGEST {
        return Err(format!("larger than {} MiB", LARGEST >> 20));
    }
    fs::read(path).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_whose_writing_fails_stays_as_it_was_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let half = |to: &mut dyn Write| {
            to.write_all(b"half")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        };
        assert!(write_whole_with(&path, half).is_err());
        assert_eq!(names(folder.path()), [""; 0]);
        write_whole(&path, b"old").unwrap();
        assert!(write_whole_with(&path, half).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_file_keeps_its_permissions_and_its_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("a", &link).unwrap();
        write_whole(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        write_whole(Path::new("/dev/null"), b"anything").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_found_before() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("a");
        check_writable(&there).unwrap();
        assert_eq!(names(folder.path()), [""; 0]);
        assert!(check_writable(&folder.path().join("none/a")).is_err());
        assert!(
            check_writable(folder.path()).is_err(),
            "a folder is no file"
        );
    }
}
