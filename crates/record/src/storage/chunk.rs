//! The outer format of a recording's file: a line that names the format, then chunks, each with its length
//! and a checksum. A file is only appended to, so if the writer crashes, all chunks but the last are
//! complete.

use std::io::{self, Read, Write};

/// The first line of a file of this version.
pub(super) const FIRST_LINE: &[u8] = b"concsim recording 1\n";
/// Beginning of the first line of every version.
const NAME: &[u8] = b"concsim recording ";
/// Size of a chunk's head in bytes: length, kind, checksum.
pub(super) const HEAD: usize = 9;
/// Maximum length of a chunk in bytes; a greater length is an error.
const LONGEST: u32 = 64 << 20;

/// Content of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The recording's header as JSON. A later header replaces an earlier one.
    Header = 1,
    /// Samples and records, in the recorder's order.
    ChunkEncoder = 2,
    /// Expected lengths of all lists, as JSON. The recorder closed the file.
    End = 3,
    /// Empty. The recorder had no room for more.
    NoRoom = 4,
}

/// Reason why the rest of a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Corruption {
    /// It is not a recording.
    #[error("it is not a recording of concsim")]
    NotARecording,
    /// It was written by a later version.
    #[error("it is in version {0} of the format; this program reads version 1")]
    Version(String),
    /// It breaks off in the middle of a chunk.
    #[error("it breaks off after {0} bytes")]
    BreaksOff(u64),
    /// It ends with a complete chunk, but not with the closing one.
    #[error("it has no end: the process that wrote it was killed")]
    Unended,
    /// There was no room for more.
    #[error("it breaks off where there was no room for more")]
    NoRoom,
    /// A checksum is wrong.
    #[error("its bytes after the first {0} are not those that were written")]
    Checksum(u64),
    /// It contains a kind that this version does not know.
    #[error("it holds {0}, which this program does not know")]
    Unknown(String),
    /// It contains a value that no run has: it is broken or forged.
    #[error("it holds {description} at byte {at}")]
    Impossible {
        /// Description, with the bound.
        description: String,
        /// Position in the file, in bytes.
        at: u64,
    },
    /// The operating system refuses to read on.
    #[error("it cannot be read: {0}")]
    Io(String),
}

impl Corruption {
    /// Returns the same error, moved by `bytes`.
    pub(super) fn moved_by(self, bytes: u64) -> Self {
        match self {
            Self::Impossible {
                description: what,
                at,
            } => Self::Impossible {
                description: what,
                at: at + bytes,
            },
            Self::NotARecording
            | Self::Version(_)
            | Self::BreaksOff(_)
            | Self::Unended
            | Self::NoRoom
            | Self::Checksum(_)
            | Self::Unknown(_)
            | Self::Io(_) => self,
        }
    }
}

/// Appends a chunk.
pub(super) fn write(file: &mut impl Write, kind: Kind, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[4] = kind as u8;
    head[5..].copy_from_slice(&checksum(kind as u8, payload).to_le_bytes());
    file.write_all(&head)?;
    file.write_all(payload)
}

fn checksum(kind: u8, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(payload);
    hasher.finalize()
}

/// The chunks of a file, one after the other.
#[derive(Debug)]
pub(super) struct Chunks<R> {
    file: R,
    /// Number of bytes read and verified.
    read: u64,
    payload: Vec<u8>,
}

impl<R: Read> Chunks<R> {
    /// Reads the first line.
    pub(super) fn open(mut file: R) -> Result<Self, Corruption> {
        let mut line = [0; FIRST_LINE.len()];
        let length = fill(&mut file, &mut line)?;
        if line != *FIRST_LINE {
            let rest = line[..length]
                .strip_prefix(NAME)
                .ok_or(Corruption::NotARecording)?;
            let version = String::from_utf8_lossy(rest);
            return Err(Corruption::Version(version.trim_end().to_owned()));
        }
        Ok(Self {
            file,
            read: length as u64,
            payload: Vec::new(),
        })
    }

    /// Returns the position of the next chunk's payload in the file.
    pub(super) fn payload_at(&self) -> u64 {
        self.read + HEAD as u64
    }

    /// Returns the next chunk; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<(Kind, &[u8])>, Corruption> {
        let mut head = [0; HEAD];
        match fill(&mut self.file, &mut head)? {
            0 => return Ok(None),
            HEAD => {}
            _ => return Err(Corruption::BreaksOff(self.read)),
        }
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (length, kind, expected) = (word(0), head[4], word(5));
        if length > LONGEST {
            return Err(Corruption::Checksum(self.read));
        }
        self.payload.clear();
        let wanted = u64::from(length);
        let mut part = self.file.by_ref().take(wanted);
        let got = part
            .read_to_end(&mut self.payload)
            .map_err(|error| Corruption::Io(error.to_string()))?;
        if (got as u64) < wanted {
            return Err(Corruption::BreaksOff(self.read));
        }
        if checksum(kind, &self.payload) != expected {
            return Err(Corruption::Checksum(self.read));
        }
        let kind = match kind {
            1 => Kind::Header,
            2 => Kind::ChunkEncoder,
            3 => Kind::End,
            4 => Kind::NoRoom,
            other => return Err(Corruption::Unknown(format!("chunks of kind {other}"))),
        };
        self.read += HEAD as u64 + wanted;
        Ok(Some((kind, &self.payload)))
    }
}

/// Reads until `room` is full or the file ends; returns the number of bytes read.
fn fill(file: &mut impl Read, room: &mut [u8]) -> Result<usize, Corruption> {
    let mut filled = 0;
    while filled < room.len() {
        match file.read(&mut room[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Corruption::Io(error.to_string())),
        }
    }
    Ok(filled)
}
