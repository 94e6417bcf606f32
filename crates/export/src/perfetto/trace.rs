//! Trace writer: tracks, slices on them, and counters.
//!
//! END closes the slice begun last on its track, so the events of a track must be written in order of time,
//! and an inner slice closed before its outer one. Packets of different tracks may come in any order.

use std::collections::BTreeMap;
use std::io::{self, Write};

use prost::Message as _;

use super::schema::{
    BY_RANK, CounterDescriptor, DebugAnnotation, EventName, InternedData, NEEDS_STATE, PACKET,
    PROCESSES_BY_RANK, Packet, ProcessDescriptor, STATE_CLEARED, STAYS_ALONE, TrackDescriptor,
    TrackEvent, Type,
};
use concsim_model::units::Stamp;
use concsim_model::words::one_line;

/// All packets belong to one sequence.
const SEQUENCE: u32 = 1;

/// Declared track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Track(u64);

/// Slice to be begun.
#[derive(Debug, Default)]
pub(super) struct Slice<'a> {
    pub(super) name: &'a str,
    /// Slices of one flow are joined by arrows, beginning at the earliest.
    pub(super) flow: Option<u64>,
    pub(super) notes: &'a [(&'static str, Note<'a>)],
}

/// Annotation of a slice, shown when it is selected.
#[derive(Clone, Copy, Debug)]
pub(super) enum Note<'a> {
    Number(u64),
    Words(&'a str),
}

/// Trace file.
pub(super) struct Trace<W: Write> {
    to: W,
    /// Interned names and their numbers.
    names: BTreeMap<String, u64>,
    tracks: u64,
    /// Buffer for one packet with its length.
    bytes: Vec<u8>,
}

impl<W: Write> Trace<W> {
    pub(super) fn begin_file(to: W) -> io::Result<Self> {
        let mut out = Self {
            to,
            names: BTreeMap::new(),
            tracks: 0,
            bytes: Vec::new(),
        };
        let root = TrackDescriptor {
            uuid: Some(0),
            process_ordering: Some(PROCESSES_BY_RANK),
            ..TrackDescriptor::default()
        };
        out.put(Packet {
            sequence_flags: Some(STATE_CLEARED),
            track_descriptor: Some(root),
            ..Packet::default()
        })?;
        Ok(out)
    }

    pub(super) fn close_file(mut self) -> io::Result<()> {
        self.to.flush()
    }

    /// Declares a group of tracks, ordered by its number. Perfetto calls it a process.
    pub(super) fn group(&mut self, pid: i32, name: &str, description: &str) -> io::Result<Track> {
        let process = ProcessDescriptor {
            pid: Some(pid),
            process_name: Some(one_line(name)),
        };
        self.declare(TrackDescriptor {
            process: Some(process),
            sibling_order_rank: Some(pid),
            description: Some(description.to_owned()),
            child_ordering: Some(BY_RANK),
            ..TrackDescriptor::default()
        })
    }

    /// Declares a track below another, at this position.
    pub(super) fn track(
        &mut self,
        parent: Track,
        place: usize,
        name: &str,
        description: &str,
    ) -> io::Result<Track> {
        let track = child(parent, place, name, description);
        self.declare(track)
    }

    /// Declares a counter track.
    pub(super) fn counter(
        &mut self,
        parent: Track,
        place: usize,
        (name, unit): (&str, &str),
        description: &str,
    ) -> io::Result<Track> {
        let counter = CounterDescriptor {
            unit_name: Some(unit.to_owned()),
        };
        self.declare(TrackDescriptor {
            counter: Some(counter),
            ..child(parent, place, name, description)
        })
    }

    fn declare(&mut self, descriptor: TrackDescriptor) -> io::Result<Track> {
        self.tracks += 1;
        let uuid = self.tracks;
        self.put(Packet {
            // A process exists from its first instant on.
            timestamp: Some(0),
            track_descriptor: Some(TrackDescriptor {
                uuid: Some(uuid),
                ..descriptor
            }),
            ..Packet::default()
        })?;
        Ok(Track(uuid))
    }

    pub(super) fn begin(&mut self, track: Track, at: Stamp, slice: &Slice<'_>) -> io::Result<()> {
        self.name(track, at, Type::SliceBegin, slice)
    }

    pub(super) fn end(&mut self, track: Track, at: Stamp) -> io::Result<()> {
        self.put(happens(at, event(track, Type::SliceEnd)))
    }

    /// Writes an instantaneous event.
    pub(super) fn instant(&mut self, track: Track, at: Stamp, slice: &Slice<'_>) -> io::Result<()> {
        self.name(track, at, Type::Instant, slice)
    }

    /// Writes the counter's value from `at` on.
    pub(super) fn count(&mut self, track: Track, at: Stamp, value: f64) -> io::Result<()> {
        let event = TrackEvent {
            double_counter_value: Some(value),
            ..event(track, Type::Counter)
        };
        self.put(happens(at, event))
    }

    fn name(&mut self, track: Track, at: Stamp, sort: Type, slice: &Slice<'_>) -> io::Result<()> {
        let (iid, given) = self.number_of(slice.name);
        let event = TrackEvent {
            name_iid: Some(iid),
            flow_ids: slice.flow.into_iter().collect(),
            debug_annotations: slice.notes.iter().map(annotation).collect(),
            ..event(track, sort)
        };
        self.put(Packet {
            interned_data: given,
            sequence_flags: Some(NEEDS_STATE),
            ..happens(at, event)
        })
    }

    /// Returns the number of an interned name, with the declaration if it is new.
    fn number_of(&mut self, name: &str) -> (u64, Option<InternedData>) {
        if let Some(iid) = self.names.get(name) {
            return (*iid, None);
        }
        let iid = self.names.len() as u64 + 1;
        self.names.insert(name.to_owned(), iid);
        let event_name = EventName {
            iid: Some(iid),
            name: Some(one_line(name)),
        };
        let given = InternedData {
            event_names: vec![event_name],
        };
        (iid, Some(given))
    }

    fn put(&mut self, packet: Packet) -> io::Result<()> {
        let packet = Packet {
            trusted_packet_sequence_id: Some(SEQUENCE),
            ..packet
        };
        self.bytes.clear();
        self.bytes.push(PACKET);
        packet
            .encode_length_delimited(&mut self.bytes)
            .expect("a Vec has room");
        self.to.write_all(&self.bytes)
    }
}

fn child(parent: Track, place: usize, name: &str, description: &str) -> TrackDescriptor {
    TrackDescriptor {
        parent_uuid: Some(parent.0),
        name: Some(one_line(name)),
        description: (!description.is_empty()).then(|| description.to_owned()),
        child_ordering: Some(BY_RANK),
        sibling_order_rank: Some(i32::try_from(place).unwrap_or(i32::MAX)),
        sibling_merge_behavior: Some(STAYS_ALONE),
        ..TrackDescriptor::default()
    }
}

fn event(track: Track, sort: Type) -> TrackEvent {
    TrackEvent {
        r#type: Some(sort as i32),
        track_uuid: Some(track.0),
        ..TrackEvent::default()
    }
}

fn happens(at: Stamp, event: TrackEvent) -> Packet {
    Packet {
        timestamp: Some(at.0),
        track_event: Some(event),
        ..Packet::default()
    }
}

fn annotation((name, note): &(&'static str, Note<'_>)) -> DebugAnnotation {
    let (number, words) = match note {
        Note::Number(number) => (Some(*number), None),
        Note::Words(words) => (None, Some((*words).to_owned())),
    };
    DebugAnnotation {
        name: Some((*name).to_owned()),
        uint_value: number,
        string_value: words,
    }
}
