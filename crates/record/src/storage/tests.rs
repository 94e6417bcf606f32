//! Tests of recordings on disk.

mod bytes;
mod forged;
mod forged_headers;

use proptest::prelude::*;

use super::chunk::{Corruption, FIRST_LINE};
use super::reader::read;
use super::*;
use crate::synthetic::Synthetic;
use crate::{ListLengths, RecordSource, Recording, Sample};
use concsim_engine::telemetry::{Event, Marker};
use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
use concsim_model::scenario::{Intervention, TimelineEvent};
use concsim_model::units::{Elapsed, Stamp};

/// File of a recording, as its recorder would have written it.
fn kept(recording: &Recording) -> Vec<u8> {
    let mut file = Vec::new();
    let mut keeper = RecordingWriter::begin(&mut file, &recording.header).unwrap();
    let everything = recording.events.iter().map(|(slot, event)| {
        let source = match event {
            Event::Forked { .. } | Event::Died { .. } => RecordSource::Arbiter,
            _ => RecordSource::Worker(*slot),
        };
        (source, *event)
    });
    for (actor, event) in everything {
        keeper.record(actor, &event.to_record());
    }
    for (slot, switch) in &recording.switches {
        keeper.record(RecordSource::Worker(*slot), &switch.to_record());
    }
    for sent in &recording.sent {
        keeper.record(RecordSource::Load, &Event::Sent(*sent).to_record());
    }
    for outcome in &recording.outcomes {
        keeper.record(RecordSource::Load, &Event::Ended(*outcome).to_record());
    }
    for answer in &recording.answers {
        keeper.record(RecordSource::Services, &answer.to_record());
    }
    for marker in &recording.markers {
        keeper.record(RecordSource::Driver, &Event::Marked(*marker).to_record());
    }
    for sample in &recording.samples {
        keeper.sample(sample);
    }
    keeper.header(&recording.header);
    keeper.end(&recording.seen()).unwrap();
    file
}

/// A timeline event at second `second`.
fn timeline_event(second: u64) -> TimelineEvent {
    TimelineEvent {
        at: Elapsed::from_secs(second),
        intervention: Intervention::AddWorker,
        caption: None,
    }
}

/// A sample that may stand before all records.
fn without_seen(sample: &Sample) -> Sample {
    Sample {
        seen: ListLengths::default(),
        ..sample.clone()
    }
}

fn as_json(recording: &Recording) -> String {
    serde_json::to_string(recording).unwrap()
}

#[test]
fn the_header_of_a_recording_that_knows_of_no_timeline_is_read_all_the_same() {
    let header = Synthetic::io_bound(Sync).recording().header;
    let mut old = serde_json::to_value(&header).unwrap();
    let scenario = old["scenario"].as_object_mut().unwrap();
    assert!(scenario.remove("timeline").is_some());
    let read_back: crate::Header = serde_json::from_value(old).unwrap();
    assert_eq!(read_back.scenario, header.scenario);
}

#[test]
fn a_recording_reads_back_as_it_was() {
    for kind in [Sync, Coroutine] {
        let mut recording = Synthetic::io_bound(kind).recording();
        recording.header.scenario.timeline = (0..4).map(timeline_event).collect();
        recording.markers = [None, Some(3)]
            .map(|timeline_event| Marker {
                at: Stamp(7),
                intervention: Intervention::SetRate(400.0),
                worker: None,
                timeline_event,
            })
            .into();
        let (read_back, corruption) = read(&kept(&recording)[..]);
        assert_eq!(corruption, None);
        assert_eq!(as_json(&read_back.unwrap()), as_json(&recording));
    }
}

#[test]
fn a_recording_that_breaks_off_is_readable_up_to_there_and_says_so() {
    let recording = Synthetic::three_requests(Sync).recording();
    let whole = kept(&recording);
    for length in 0..whole.len() {
        let (read_back, corruption) = read(&whole[..length]);
        assert!(corruption.is_some(), "cut after {length} bytes");
        if let Some(read_back) = read_back {
            assert_eq!(
                read_back.header.crashed.as_deref(),
                Some("its recording breaks off")
            );
            assert!(read_back.outcomes.len() <= recording.outcomes.len());
        }
    }
}

proptest! {
    #[test]
    fn a_flipped_bit_is_found(place: prop::sample::Index, bit in 0_u8..8) {
        let recording = Synthetic::three_requests(Coroutine).recording();
        let mut spoilt = kept(&recording);
        let place = place.index(spoilt.len());
        spoilt[place] ^= 1 << bit;
        let (_, corruption) = read(&spoilt[..]);
        prop_assert!(corruption.is_some());
    }

    #[test]
    fn no_noise_makes_the_reader_panic(noise: Vec<u8>) {
        let _ = read(&noise[..]);
        let _ = read(&[FIRST_LINE, &noise[..]].concat()[..]);
    }
}

#[test]
fn a_file_that_is_no_recording_and_one_of_a_later_version_are_reported_as_such() {
    for (bytes, expected) in [
        (&b""[..], Corruption::NotARecording),
        (b"SQLite format 3\0", Corruption::NotARecording),
        (b"concsim recording 2\n", Corruption::Version("2".into())),
        (FIRST_LINE, Corruption::Unended),
    ] {
        let (recording, corruption) = read(bytes);
        assert!(recording.is_none());
        assert_eq!(corruption, Some(expected));
    }
}

#[test]
fn a_sample_that_does_not_fit_is_where_reading_ends() {
    let recording = Synthetic::io_bound(Sync).recording();
    let spoilt = |change: fn(&mut Sample)| {
        let mut file = Vec::new();
        let mut keeper = RecordingWriter::begin(&mut file, &recording.header).unwrap();
        for sample in &recording.samples[..3] {
            keeper.sample(&without_seen(sample));
        }
        let mut last = without_seen(&recording.samples[3]);
        change(&mut last);
        keeper.sample(&last);
        keeper.end(&recording.seen()).unwrap();
        let (read_back, corruption) = read(&file[..]);
        (read_back.unwrap().samples.len(), corruption)
    };
    let (count, truncation) = spoilt(|sample| sample.at = Stamp::ZERO);
    assert_eq!(count, 3);
    assert_eq!(
        truncation,
        Some(Corruption::Unknown("samples that go back in time".into()))
    );
    let (count, tear) = spoilt(|sample| sample.seen.outcomes = 1);
    assert_eq!(count, 3);
    let text = "a sample that counts what is not there";
    assert_eq!(tear, Some(Corruption::Unknown(text.into())));
}

#[test]
fn a_recording_without_room_breaks_off_in_time_and_says_why() {
    let recording = Synthetic::io_bound(Coroutine).recording();
    let whole = kept(&recording).len() as u64;
    let mut file = Vec::new();
    let keeper = RecordingWriter::begin(&mut file, &recording.header).unwrap();
    let mut keeper = keeper.with_room(whole / 2);
    for sample in &recording.samples {
        keeper.sample(&without_seen(sample));
        for (slot, switch) in &recording.switches {
            keeper.record(RecordSource::Worker(*slot), &switch.to_record());
        }
    }
    let why = keeper.end(&recording.seen()).unwrap_err();
    assert!(why.to_string().contains("no room"), "{why}");
    assert!(file.len() as u64 <= whole / 2 + recording_begins(&recording));
    let (read_back, corruption) = read(&file[..]);
    assert_eq!(corruption, Some(Corruption::NoRoom));
    assert!(!read_back.unwrap().samples.is_empty());
}

/// Number of bytes that no limit applies to: the first line, the header and the closing chunk, for which
/// there is always room.
fn recording_begins(recording: &Recording) -> u64 {
    let mut file = Vec::new();
    drop(RecordingWriter::begin(&mut file, &recording.header).unwrap());
    (file.len() + super::chunk::HEAD) as u64
}
