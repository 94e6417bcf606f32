//! Files of recordings, built byte by byte: their content need not be what this program writes.

use super::*;
use crate::Header;
use concsim_engine::telemetry::Record;

/// The first instant that no run reaches.
pub(super) const LATE: Stamp = Stamp(72 * 3_600_000_000_000 + 1);
/// The first number of a request that no run reaches.
pub(super) const UNREACHED_NUMBER: u32 = 0x0200_0001;

/// A header with one kind of request, one service and one timeline event.
pub(super) fn header() -> Header {
    let mut header = Synthetic::io_bound(Coroutine).recording().header;
    let requests = &mut header.scenario.requests;
    requests.truncate(1);
    assert_eq!(header.scenario.services.len(), 1);
    header.scenario.timeline = vec![timeline_event(1)];
    header
}

/// The bytes of a number: seven bits a byte, the lowest first.
pub(super) fn number(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// The first record of a chunk, byte by byte: its writer, its kind, and all nine fields, each doubled.
pub(super) fn record(writer: u64, record: Record) -> Vec<u8> {
    let [head, words @ ..] = record;
    let mut bytes = number(writer + 1);
    bytes.push((head >> 56) as u8);
    bytes.extend(number(0x1FF));
    for field in [head >> 32 & 0x00FF_FFFF, head & 0xFFFF_FFFF]
        .into_iter()
        .chain(words)
    {
        let signed = field.cast_signed();
        let zigzag = signed.wrapping_shl(1) ^ signed >> 63;
        bytes.extend(number(zigzag.cast_unsigned()));
    }
    bytes
}

/// A file of this header and a chunk with this payload, and where the payload begins.
pub(super) fn file(header: &Header, payload: &[u8]) -> (Vec<u8>, u64) {
    let mut file = FIRST_LINE.to_vec();
    let header = serde_json::to_vec(header).unwrap();
    for (kind, payload) in [(1_u8, &header[..]), (2, payload)] {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&[kind]);
        hasher.update(payload);
        file.extend((payload.len() as u32).to_le_bytes());
        file.push(kind);
        file.extend(hasher.finalize().to_le_bytes());
        file.extend(payload);
    }
    let payload_at = (file.len() - payload.len()) as u64;
    (file, payload_at)
}
