//! The inner format of a chunk: samples, and records of rings, each encoded as the difference from the
//! previous one of the same writer and kind, within the chunk, so that every chunk can be read alone. A
//! switch takes about twenty bytes instead of sixty-four.
//!
//! ```text
//!   sample  0, length, JSON
//!   record  who + 1, kind, mask, then for each bit of the mask the difference of that field
//! ```
//!
//! All numbers are variable-length (seven bits a byte, the lowest first), differences zigzag.

use super::chunk::Corruption;
use crate::{RecordSource, Sample};
use concsim_engine::telemetry::Record;

const SAMPLE: u64 = 0;
/// Number of fields of a record: two small numbers and seven words.
const FIELDS: usize = 9;

type Fields = [u64; FIELDS];

/// A chunk that is being written.
#[derive(Debug, Default)]
pub(super) struct ChunkEncoder {
    bytes: Vec<u8>,
    before: LastRecords,
}

/// The last record of every writer and kind; a list, since there are few and every record needs a look-up.
#[derive(Debug, Default)]
struct LastRecords(Vec<Vec<(u8, Fields)>>);

impl LastRecords {
    fn of(&mut self, source: RecordSource, kind: u8) -> &mut Fields {
        let actor = source.number() as usize;
        if self.0.len() <= actor {
            self.0.resize_with(actor + 1, Vec::new);
        }
        let kinds = &mut self.0[actor];
        let place = kinds.iter().position(|(known, _)| *known == kind);
        let place = place.unwrap_or_else(|| {
            kinds.push((kind, Fields::default()));
            kinds.len() - 1
        });
        &mut kinds[place].1
    }
}

impl ChunkEncoder {
    /// Returns its present length in bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the encoded bytes; the next piece begins a new chunk.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.before = LastRecords::default();
        std::mem::take(&mut self.bytes)
    }

    /// Adds a sample.
    pub(super) fn sample(&mut self, sample: &Sample) {
        let json = serde_json::to_vec(sample).expect("a sample is always JSON");
        put(&mut self.bytes, SAMPLE);
        put(&mut self.bytes, json.len() as u64);
        self.bytes.extend_from_slice(&json);
    }

    /// Adds a record.
    pub(super) fn record(&mut self, source: RecordSource, record: &Record) {
        let (kind, fields) = split(record);
        let before = self.before.of(source, kind);
        let mut mask = 0;
        for (bit, (now, before)) in fields.iter().zip(before.iter()).enumerate() {
            mask |= u64::from(now != before) << bit;
        }
        put(&mut self.bytes, source.number() + 1);
        self.bytes.push(kind);
        put(&mut self.bytes, mask);
        for (now, before) in fields.iter().zip(before.iter()) {
            if now != before {
                put(&mut self.bytes, zigzag(now.wrapping_sub(*before)));
            }
        }
        *before = fields;
    }
}

/// A piece of a chunk.
pub(super) enum Piece {
    /// A sample.
    Sample(Box<Sample>),
    /// A record of a ring.
    Record(RecordSource, Record),
}

/// Reads a chunk, piece by piece.
pub(super) fn read(
    payload: &[u8],
    mut take: impl FnMut(Piece) -> Result<(), Corruption>,
) -> Result<(), Corruption> {
    let mut rest = payload;
    let mut before = LastRecords::default();
    while !rest.is_empty() {
        let at = (payload.len() - rest.len()) as u64;
        let taken = match number(&mut rest)? {
            SAMPLE => {
                let length = usize::try_from(number(&mut rest)?).unwrap_or(usize::MAX);
                let (json, others) = rest.split_at_checked(length).ok_or_else(malformed)?;
                rest = others;
                let sample = serde_json::from_slice(json)
                    .map_err(|error| Corruption::Unknown(format!("a sample ({error})")))?;
                take(Piece::Sample(sample))
            }
            source => {
                let actor = RecordSource::numbered(source - 1).ok_or_else(malformed)?;
                let (kind, others) = rest.split_first().ok_or_else(malformed)?;
                rest = others;
                let mask = number(&mut rest)?;
                let fields = before.of(actor, *kind);
                for (bit, field) in fields.iter_mut().enumerate() {
                    if mask >> bit & 1 == 1 {
                        *field = field.wrapping_add(unzigzag(number(&mut rest)?));
                    }
                }
                take(Piece::Record(actor, join(*kind, fields)))
            }
        };
        taken.map_err(|corruption| corruption.moved_by(at))?;
    }
    Ok(())
}

fn malformed() -> Corruption {
    Corruption::Unknown("pieces of another form".into())
}

/// A record's kind, and its fields: word 0 holds three of them.
fn split(record: &Record) -> (u8, Fields) {
    let [head, words @ ..] = *record;
    let mut fields = [0; FIELDS];
    fields[0] = head >> 32 & 0x00FF_FFFF;
    fields[1] = head & 0xFFFF_FFFF;
    fields[2..].copy_from_slice(&words);
    ((head >> 56) as u8, fields)
}

fn join(kind: u8, fields: &Fields) -> Record {
    let mut record = [0; 8];
    record[0] = u64::from(kind) << 56 | (fields[0] & 0x00FF_FFFF) << 32 | (fields[1] & 0xFFFF_FFFF);
    record[1..].copy_from_slice(&fields[2..]);
    record
}

fn zigzag(difference: u64) -> u64 {
    let signed = difference.cast_signed();
    (signed << 1 ^ signed >> 63).cast_unsigned()
}

fn unzigzag(number: u64) -> u64 {
    number >> 1 ^ (number & 1).wrapping_neg()
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn number(rest: &mut &[u8]) -> Result<u64, Corruption> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, others) = rest.split_first().ok_or_else(malformed)?;
        *rest = others;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(malformed())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_back(payload: &[u8]) -> Vec<(RecordSource, Record)> {
        let mut found = Vec::new();
        read(payload, |piece| {
            if let Piece::Record(source, record) = piece {
                found.push((source, record));
            }
            Ok(())
        })
        .unwrap();
        found
    }

    proptest! {
        #[test]
        fn any_records_read_back_as_written(
            records in prop::collection::vec((0u64..6, any::<Record>()), 0..50)
        ) {
            let records: Vec<_> = records
                .into_iter()
                .map(|(source, record)| (RecordSource::numbered(source).unwrap(), record))
                .collect();
            let mut pieces = ChunkEncoder::default();
            for (actor, record) in &records {
                pieces.record(*actor, record);
            }
            prop_assert_eq!(read_back(&pieces.take()), records);
        }

        #[test]
        fn no_noise_makes_the_reader_panic(noise: Vec<u8>) {
            let _ = read(&noise, |_| Ok(()));
        }
    }

    #[test]
    fn a_switch_takes_fewer_than_thirty_bytes() {
        let mut pieces = ChunkEncoder::default();
        for turn in 0..1_000_u64 {
            let from = 5_000_000_000 + turn * 1_100_000;
            let head = 2 << 56 | (turn % 60) << 32 | turn;
            let record = [head, from, from + 1_000_000, from - 300_000, 3, 1, 0, 0];
            pieces.record(RecordSource::Worker(turn as u16 % 2), &record);
        }
        assert!(pieces.len() < 30_000, "{} bytes", pieces.len());
    }
}
