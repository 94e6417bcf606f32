//! Reader of stored runs: reads the complete part of a run.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::de::{Error as _, IgnoredAny};

use super::bounds;
use super::chunk::{Chunks, Corruption, Kind};
use super::encoder::{self, Piece};
use super::{EXTENSION, FORMAT, PLAN, PlanFile};
use crate::{Header, ListLengths, Recording, Sample};
use concsim_engine::telemetry::Event;
use concsim_model::scenario::Plan;
use concsim_model::units::Stamp;

/// A stored run.
#[derive(Debug)]
pub struct StoredRun {
    /// The plan, without variants of which nothing can be read.
    pub plan: Plan,
    /// Recordings, one for each variant begun, in order.
    pub recordings: Vec<Recording>,
    /// Files that could be read only in part, with the reason.
    pub torn: Vec<(PathBuf, Corruption)>,
    /// Names of variants of which nothing could be read although later ones were played.
    pub missing: Vec<String>,
}

/// Reason why nothing of a folder could be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The folder does not exist, or is not a folder.
    #[error("failed to read {0}: {1}")]
    Folder(PathBuf, io::Error),
    /// There is no plan in it.
    #[error("{0} is not the folder of a recording: it has no {PLAN} ({1})")]
    NoPlan(PathBuf, io::Error),
    /// The plan has a later format.
    #[error(
        "{0} was kept by a later version of concsim{1}, in form {2}; this program reads form {FORMAT}"
    )]
    Later(PathBuf, String, u32),
    /// The plan cannot be read.
    #[error("the {PLAN} of {0} cannot be read: {1}")]
    Plan(PathBuf, serde_json::Error),
    /// There is no recording in it, or none that can be read.
    #[error("{0} holds no recording that could be read{1}")]
    NoRecording(PathBuf, String),
}

/// Reads the run that is stored in a folder, as far as it can be read.
///
/// # Errors
/// If nothing can be read.
pub fn open(folder: &Path) -> Result<StoredRun, Unreadable> {
    let entries = fs::read_dir(folder).map_err(|error| Unreadable::Folder(folder.into(), error))?;
    let plan = read_plan(folder)?;
    let paths = entries.map_while(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths.filter(|path| is_recording(path)).collect();
    files.sort();
    let mut kept = StoredRun {
        plan,
        recordings: Vec::new(),
        torn: Vec::new(),
        missing: Vec::new(),
    };
    let last = files.iter().filter_map(|path| number_of(path)).max();
    let variants = std::mem::take(&mut kept.plan.variants);
    for (number, variant) in (1..).zip(variants) {
        let file = files.iter().find(|path| number_of(path) == Some(number));
        let (recording, corruption) = match file.map(File::open) {
            Some(Ok(file)) => read(BufReader::new(file)),
            Some(Err(error)) => (None, Some(Corruption::Io(error.to_string()))),
            None => (None, None),
        };
        // Variants after the last file were not played.
        if recording.is_some() || Some(number) > last {
            kept.plan.variants.push(variant);
        } else {
            kept.missing.push(variant.name);
        }
        kept.recordings.extend(recording);
        kept.torn.extend(file.cloned().zip(corruption));
    }
    if kept.recordings.is_empty() {
        let why = kept.torn.first();
        let why = why.map_or_else(String::new, |(_, truncation)| format!(": {truncation}"));
        return Err(Unreadable::NoRecording(folder.into(), why));
    }
    Ok(kept)
}

fn read_plan(folder: &Path) -> Result<Plan, Unreadable> {
    let unreadable = |error| Unreadable::Plan(folder.into(), error);
    let text =
        fs::read(folder.join(PLAN)).map_err(|error| Unreadable::NoPlan(folder.into(), error))?;
    // The format first: a plan in a later format is reported as that, and not as malformed.
    let PlanFile {
        format, concsim, ..
    } = serde_json::from_slice::<PlanFile<IgnoredAny>>(&text).map_err(unreadable)?;
    if format > FORMAT {
        let version = if concsim.is_empty() {
            concsim
        } else {
            format!(" ({concsim})")
        };
        return Err(Unreadable::Later(folder.into(), version, format));
    }
    let written: PlanFile<Plan> = serde_json::from_slice(&text).map_err(unreadable)?;
    for variant in &written.plan.variants {
        let checked = bounds::check_scenario(&variant.scenario);
        checked.map_err(|corruption| unreadable(serde_json::Error::custom(corruption)))?;
    }
    Ok(written.plan)
}

/// `3` of `3-workers_4.rec`.
fn number_of(path: &Path) -> Option<u32> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split('-').next().unwrap_or_default().parse().ok()
}

fn is_recording(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == EXTENSION)
}

/// Reads a file up to its end or to the first corruption. Returns no recording if its header is not
/// complete.
pub fn read(file: impl Read) -> (Option<Recording>, Option<Corruption>) {
    let mut chunks = match Chunks::open(file) {
        Ok(chunks) => chunks,
        Err(corruption) => return (None, Some(corruption)),
    };
    let mut recording: Option<Recording> = None;
    loop {
        let payload_at = chunks.payload_at();
        let taken = match chunks.next() {
            Ok(Some((Kind::End, payload))) => {
                match (&mut recording, serde_json::from_slice(payload)) {
                    (Some(whole), Ok(seen)) => {
                        whole.restore_counters(&seen);
                        return (recording, None);
                    }
                    _ => Err(Corruption::Unknown("an end of another form".into())),
                }
            }
            Ok(Some((Kind::NoRoom, _))) => Err(Corruption::NoRoom),
            Ok(Some((kind, payload))) => take(&mut recording, kind, payload),
            Ok(None) => Err(Corruption::Unended),
            Err(truncation) => Err(truncation),
        };
        if let Err(tear) = taken {
            let tear = tear.moved_by(payload_at);
            return (recording.map(Recording::complete_truncated), Some(tear));
        }
    }
}

/// Fails if a sample does not come after the one before it, or counts more entries than there are: readers
/// of a recording rely on this.
fn fits(recording: &Recording, sample: &Sample) -> Result<(), Corruption> {
    let last = recording.samples.last();
    let (at, before) = last.map_or((Stamp::ZERO, ListLengths::default()), |it| (it.at, it.seen));
    let counts = |seen: &ListLengths| {
        let ListLengths {
            outcomes,
            sent,
            events,
            switches,
            answers,
            markers,
            ..
        } = *seen;
        [outcomes, sent, events, switches, answers, markers]
    };
    let there = counts(&recording.seen());
    let counted = counts(&sample.seen).into_iter().zip(there);
    let is_less = |(before, now): (usize, usize)| now < before;
    let goes_back = counts(&before)
        .into_iter()
        .zip(counts(&sample.seen))
        .any(is_less);
    if sample.at < at || goes_back {
        return Err(Corruption::Unknown("samples that go back in time".into()));
    }
    if counted.into_iter().any(|(counted, there)| counted > there) {
        return Err(Corruption::Unknown(
            "a sample that counts what is not there".into(),
        ));
    }
    Ok(())
}

fn take(recording: &mut Option<Recording>, kind: Kind, payload: &[u8]) -> Result<(), Corruption> {
    match (kind, recording) {
        (Kind::Header, recording) => {
            let header: Header = serde_json::from_slice(payload)
                .map_err(|error| Corruption::Unknown(format!("a header ({error})")))?;
            bounds::check_header(&header, recording.as_ref().map(|it| &it.header))?;
            match recording {
                Some(recording) => recording.header = header,
                None => *recording = Some(Recording::empty(header)),
            }
            Ok(())
        }
        (Kind::ChunkEncoder, Some(recording)) => encoder::read(payload, |piece| match piece {
            Piece::Sample(mut sample) => {
                bounds::check_sample(&recording.header.scenario, &sample)?;
                fits(recording, &sample)?;
                if !recording.header.sees_core_waits() {
                    let workers = sample.workers.iter_mut();
                    workers.for_each(|worker| worker.wants_a_core = false);
                }
                recording.samples.push(*sample);
                Ok(())
            }
            Piece::Record(source, record) => {
                if let Some(event) = Event::from_record(&record) {
                    bounds::check_event(&recording.header.scenario, source, &event)?;
                }
                let unreadable = recording.unreadable;
                recording.note(source, &record);
                if recording.unreadable > unreadable {
                    let kind = record[0] >> 56;
                    return Err(Corruption::Unknown(format!("events of kind {kind}")));
                }
                Ok(())
            }
        }),
        (Kind::ChunkEncoder | Kind::End | Kind::NoRoom, _) => Ok(()),
    }
}
