//! The reading side: as much of a kept run as is whole.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::chunk::{Chunks, Kind, Tear};
use super::pieces::{self, Piece};
use super::{EXTENSION, PLAN};
use crate::recording::Recording;
use crate::scenario::Plan;

/// A run that was kept.
#[derive(Debug)]
pub struct Kept {
    /// What was played.
    pub plan: Plan,
    /// One for each variant that was begun, in order.
    pub recordings: Vec<Recording>,
    /// The files of which not all could be read, and why.
    pub torn: Vec<(PathBuf, Tear)>,
}

/// Why nothing of a folder could be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The folder is not there, or not one.
    #[error("{0}: {1}")]
    Folder(PathBuf, io::Error),
    /// There is no plan in it.
    #[error("{0} is not the folder of a recording: it has no {PLAN} ({1})")]
    NoPlan(PathBuf, io::Error),
    /// The plan is none of this version.
    #[error("{0} was kept by another version of concsim: its {PLAN} cannot be read ({1})")]
    Plan(PathBuf, serde_json::Error),
    /// There is no recording in it, or none that can be read.
    #[error("{0} holds no recording that could be read{1}")]
    NoRecording(PathBuf, String),
}

/// Reads all that can be read of the run that is kept in a folder.
///
/// # Errors
/// When there is nothing.
pub fn open(folder: &Path) -> Result<Kept, Unreadable> {
    let entries = fs::read_dir(folder).map_err(|error| Unreadable::Folder(folder.into(), error))?;
    let plan =
        fs::read(folder.join(PLAN)).map_err(|error| Unreadable::NoPlan(folder.into(), error))?;
    let plan: Plan =
        serde_json::from_slice(&plan).map_err(|error| Unreadable::Plan(folder.into(), error))?;
    let paths = entries.map_while(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == EXTENSION)
        })
        .collect();
    files.sort_by_key(|path| number_of(path));
    let mut kept = Kept {
        plan,
        recordings: Vec::new(),
        torn: Vec::new(),
    };
    for path in files {
        let (recording, tear) = match File::open(&path) {
            Ok(file) => read(BufReader::new(file)),
            Err(error) => (None, Some(Tear::Io(error.to_string()))),
        };
        kept.recordings.extend(recording);
        kept.torn.extend(tear.map(|tear| (path, tear)));
    }
    if kept.recordings.is_empty() {
        let why = kept.torn.first();
        let why = why.map_or_else(String::new, |(_, tear)| format!(": {tear}"));
        return Err(Unreadable::NoRecording(folder.into(), why));
    }
    Ok(kept)
}

/// `3` of `3-workers_4.rec`.
fn number_of(path: &Path) -> u32 {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let number = name.split('-').next().unwrap_or_default();
    number.parse().unwrap_or(u32::MAX)
}

/// Reads a file up to its end or its tear. No recording if not even its header is whole.
pub(super) fn read(file: impl Read) -> (Option<Recording>, Option<Tear>) {
    let mut chunks = match Chunks::open(file) {
        Ok(chunks) => chunks,
        Err(tear) => return (None, Some(tear)),
    };
    let mut recording: Option<Recording> = None;
    loop {
        let taken = match chunks.next() {
            Ok(Some((Kind::End, payload))) => {
                match (&mut recording, serde_json::from_slice(payload)) {
                    (Some(whole), Ok(seen)) => {
                        whole.believe(&seen);
                        return (recording, None);
                    }
                    _ => Err(Tear::Unknown("an end of another form".into())),
                }
            }
            Ok(Some((kind, payload))) => take(&mut recording, kind, payload),
            Ok(None) => Err(Tear::Unended),
            Err(tear) => Err(tear),
        };
        if let Err(tear) = taken {
            return (recording.map(Recording::torn), Some(tear));
        }
    }
}

fn take(recording: &mut Option<Recording>, kind: Kind, payload: &[u8]) -> Result<(), Tear> {
    match (kind, recording) {
        (Kind::Header, recording) => {
            let header = serde_json::from_slice(payload)
                .map_err(|error| Tear::Unknown(format!("a header ({error})")))?;
            match recording {
                Some(recording) => recording.header = header,
                None => *recording = Some(Recording::empty(header)),
            }
            Ok(())
        }
        (Kind::Pieces, Some(recording)) => pieces::read(payload, |piece| match piece {
            Piece::Sample(sample) => {
                recording.samples.push(*sample);
                Ok(())
            }
            Piece::Record(who, record) => {
                let unreadable = recording.unreadable;
                recording.note(who, &record);
                if recording.unreadable > unreadable {
                    let kind = record[0] >> 56;
                    return Err(Tear::Unknown(format!("events of kind {kind}")));
                }
                Ok(())
            }
        }),
        (Kind::Pieces | Kind::End, _) => Ok(()),
    }
}
