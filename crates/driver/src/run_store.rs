//! The run store: runs without a folder of their own are stored here. It holds the last five, 200 MB at
//! most, in the platform's folder for program state. `last` is the newest.

use concsim_os::recorder;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use etcetera::BaseStrategy as _;

use concsim_model::scenario::Plan;
use concsim_os::recorder::Folder;
use concsim_os::sys::{clock, signals};
use concsim_record::storage;

/// Maximum number of stored runs …
const KEPT: usize = 5;
/// … and their maximum total size in bytes: older runs take half of it at most, and the new one the rest.
const BYTES: u64 = 200 << 20;

/// Returns the folder of this program's state: `$XDG_STATE_HOME/concsim`, or the platform's equivalent.
pub fn state_folder() -> anyhow::Result<PathBuf> {
    let strategy = etcetera::choose_base_strategy().context("no home folder found")?;
    let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Ok(state.join("concsim"))
}

/// Name of the newest stored run on a command line.
pub const LAST: &str = "last";

/// Returns the run store: the folder `recordings` there.
pub fn folder() -> anyhow::Result<PathBuf> {
    Ok(state_folder()?.join("recordings"))
}

/// Creates a new folder in the run store, after making room for it.
pub fn place_for(plan: &Plan) -> anyhow::Result<Folder> {
    let store = folder()?;
    fs::create_dir_all(&store).with_context(|| format!("{}", store.display()))?;
    let taken = make_room(&store);
    let path = store.join(name_for(plan));
    let folder = Folder::create(&path, plan).with_context(|| format!("{}", path.display()))?;
    Ok(folder.with_room(BYTES.saturating_sub(taken)))
}

/// Returns the folder of a stored run: `last`, `last-1` for the one before, the name of a folder in the
/// store, or a path.
pub fn find(wanted: &Path) -> anyhow::Result<PathBuf> {
    if wanted.is_dir() {
        return Ok(wanted.to_owned());
    }
    let Some(name) = wanted.to_str().filter(|name| !name.contains('/')) else {
        return Ok(wanted.to_owned());
    };
    let back = match name.strip_prefix(LAST) {
        Some("") => Some(0),
        Some(rest) => rest.strip_prefix('-').and_then(|it| it.parse().ok()),
        None => None,
    };
    let store = folder()?;
    let Some(back) = back else {
        let there = store.join(name);
        let is_there = there.is_dir() && !name.starts_with('.');
        return Ok(if is_there { there } else { wanted.to_owned() });
    };
    let newest_first: Vec<PathBuf> = folders(&store).into_iter().rev().collect();
    let found = newest_first.get(back).cloned();
    found.with_context(|| match newest_first.len() {
        0 => format!(
            "no kept runs in {}; `concsim run io_bound` keeps one",
            store.display()
        ),
        count => format!("unknown run `{name}`: {count} runs are kept; `concsim runs` lists them"),
    })
}

/// Returns a folder name that sorts by time: seconds since 1970, the scenario's name, and the process id,
/// so that two runs at once have two folders.
fn name_for(plan: &Plan) -> String {
    let now = clock::date().0.duration_since(std::time::UNIX_EPOCH);
    let seconds = now.map_or(0, |now| now.as_secs());
    let stem = Path::new(&plan.file).file_stem().unwrap_or_default();
    let process = std::process::id();
    format!("{seconds:010}-{}-{process}", stem.to_string_lossy())
}

/// Returns the runs in the store, the oldest first. Other folders are skipped.
pub fn folders(store: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(store)
        .into_iter()
        .flatten()
        .map_while(Result::ok);
    let paths = entries.map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = paths.filter(|path| is_of_a_run(path)).collect();
    folders.sort();
    folders
}

/// Removes the oldest runs until there is room for one more; returns the size of the others in bytes.
fn make_room(store: &Path) -> u64 {
    let newest_first = folders(store).into_iter().rev();
    let (mut taken, mut all) = (0, 0);
    for (number, folder) in newest_first.enumerate() {
        let bytes = size_of(&folder);
        all += bytes;
        let fits = number + 1 < KEPT && all <= BYTES / 2 || is_on(&folder);
        // A folder that cannot be removed stays; the next run tries again.
        if fits || remove(&folder).is_err() {
            taken += bytes;
        }
    }
    taken
}

/// True for a folder with a name of the form that [`name_for`] makes.
fn is_of_a_run(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
    let named = name
        .split_once('-')
        .and_then(|(seconds, rest)| Some((seconds, rest.rsplit_once('-')?.1)));
    path.is_dir()
        && !path.is_symlink()
        && named.is_some_and(|(seconds, process)| {
            seconds.len() == 10 && is_number(seconds) && is_number(process)
        })
}

/// Removes the folder of a run. A folder that contains anything else stays unchanged.
fn remove(folder: &Path) -> io::Result<()> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let files: Vec<PathBuf> = entries.collect::<io::Result<_>>()?;
    if !files.iter().all(|file| recorder::is_of_a_run(file)) {
        return Err(io::ErrorKind::DirectoryNotEmpty.into());
    }
    for file in files {
        fs::remove_file(file)?;
    }
    fs::remove_dir(folder)
}

/// True if a process is playing it: it has no result yet, and its process still exists.
fn is_on(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let process = name.rsplit('-').next().and_then(|pid| pid.parse().ok());
    !storage::has_result(folder) && process.is_some_and(signals::is_there)
}

/// Returns the size of the files in a folder, in bytes.
pub fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map_while(Result::ok);
    let sizes = entries.filter_map(|entry| entry.metadata().ok());
    sizes.map(|metadata| metadata.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns folder names of runs at successive seconds.
    fn names<const N: usize>(scenarios: [&str; N]) -> [String; N] {
        let mut seconds = 0;
        scenarios.map(|scenario| {
            seconds += 1;
            format!("{seconds:010}-{scenario}-4294967295")
        })
    }

    #[test]
    fn a_folder_that_is_no_run_stays_in_the_store_and_is_not_the_last() {
        let store = tempfile::tempdir().unwrap();
        let (first, others) = ("0000000000-a-1", names(["b", "c", "d", "e", "f", "g"]));
        let foreign = ["mine", "1-a", "zzz-1", "12345678901-a-1"];
        for name in [first].into_iter().chain(foreign) {
            fs::create_dir(store.path().join(name)).unwrap();
            fs::write(store.path().join(name).join("thesis.txt"), "mine").unwrap();
        }
        for name in &others {
            fs::create_dir(store.path().join(name)).unwrap();
        }
        make_room(store.path());
        for name in [first].into_iter().chain(foreign) {
            assert!(
                store.path().join(name).join("thesis.txt").is_file(),
                "{name}"
            );
        }
        assert!(!store.path().join(&others[0]).exists());
        let last = folders(store.path()).pop().unwrap();
        assert_eq!(last.file_name().unwrap(), others[5].as_str());
    }

    #[test]
    fn the_oldest_runs_leave_the_store_until_there_is_room_for_one_more() {
        let store = tempfile::tempdir().unwrap();
        for name in names(["a", "b", "c", "d", "e", "f"]) {
            fs::create_dir(store.path().join(name)).unwrap();
        }
        assert_eq!(make_room(store.path()), 0);
        let left: Vec<_> = folders(store.path())
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(left, names(["a", "b", "c", "d", "e", "f"])[2..]);
    }

    #[test]
    fn a_run_that_is_on_stays_on_the_store() {
        let store = tempfile::tempdir().unwrap();
        let on = format!("0000000000-a-{}", std::process::id());
        let left = "0000000000-b-4294967295";
        let others = names(["c", "d", "e", "f"]);
        let others = others.iter().map(String::as_str);
        for name in [&on, left].into_iter().chain(others) {
            fs::create_dir(store.path().join(name)).unwrap();
        }
        make_room(store.path());
        assert!(store.path().join(&on).is_dir());
        assert!(!store.path().join(left).is_dir());
        fs::write(store.path().join(&on).join("summary.json"), "{}").unwrap();
        make_room(store.path());
        assert!(!store.path().join(&on).is_dir(), "it is over");
    }

    #[test]
    fn old_runs_leave_half_of_the_store_to_a_new_one() {
        let store = tempfile::tempdir().unwrap();
        let names = names(["a", "b", "c", "d"]);
        for (name, megabytes) in names.iter().zip([1, 90, 60, 30]) {
            let folder = store.path().join(name);
            fs::create_dir(&folder).unwrap();
            // A sparse file takes no room on the disk, but has the length.
            let file = fs::File::create(folder.join("1-sync.rec")).unwrap();
            file.set_len(megabytes << 20).unwrap();
        }
        // The newest two fit; the one before does not, and every older one is removed with it.
        assert_eq!(make_room(store.path()), 90 << 20);
        let left: Vec<_> = folders(store.path())
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(left, names[2..]);
    }
}
