//! Stories about recordings on disk.

mod bytes;
mod forged;
mod forged_headers;

use std::io::Write;

use proptest::prelude::*;

use super::chunk::{FIRST_LINE, Tear};
use super::reader::read;
use super::*;
use crate::recording::synthetic::Synthetic;
use crate::recording::{Recording, Sample, Seen, Who};
use crate::scenario::WorkerKind::{Coroutine, Sync};
use crate::scenario::{Cue, Happening};
use crate::telemetry::{Deed, Event, Marker};
use crate::units::{Elapsed, Stamp};

/// A recording as its recorder would have kept it.
fn kept(recording: &Recording) -> Vec<u8> {
    let mut file = Vec::new();
    let mut keeper = Keeper::begin(&mut file, &recording.header).unwrap();
    let everything = recording.events.iter().map(|(slot, event)| {
        let who = match event {
            Event::Forked { .. } | Event::Died { .. } => Who::Arbiter,
            _ => Who::Worker(*slot),
        };
        (who, *event)
    });
    for (who, event) in everything {
        keeper.record(who, &event.to_record());
    }
    for (slot, switch) in &recording.switches {
        keeper.record(Who::Worker(*slot), &switch.to_record());
    }
    for sent in &recording.sent {
        keeper.record(Who::Load, &Event::Sent(*sent).to_record());
    }
    for outcome in &recording.outcomes {
        keeper.record(Who::Load, &Event::Ended(*outcome).to_record());
    }
    for answer in &recording.answers {
        keeper.record(Who::Services, &answer.to_record());
    }
    for marker in &recording.markers {
        keeper.record(Who::Driver, &Event::Marked(*marker).to_record());
    }
    for sample in &recording.samples {
        keeper.sample(sample);
    }
    keeper.header(&recording.header);
    keeper.end(&recording.seen()).unwrap();
    file
}

/// An entry of a timeline, at so many seconds.
fn cue(second: u64) -> Cue {
    Cue {
        at: Elapsed::from_secs(second),
        happens: Happening::AddWorker,
        caption: None,
    }
}

/// A sample that may stand before all records.
fn without_seen(sample: &Sample) -> Sample {
    Sample {
        seen: Seen::default(),
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
    let read_back: crate::recording::Header = serde_json::from_value(old).unwrap();
    assert_eq!(read_back.scenario, header.scenario);
}

#[test]
fn a_recording_reads_back_as_it_was() {
    for kind in [Sync, Coroutine] {
        let mut recording = Synthetic::io_bound(kind).recording();
        recording.header.scenario.timeline = (0..4).map(cue).collect();
        recording.markers = [None, Some(3)]
            .map(|cue| Marker {
                at: Stamp(7),
                deed: Deed::SetRate(400_000_000),
                cue,
            })
            .into();
        let (read_back, tear) = read(&kept(&recording)[..]);
        assert_eq!(tear, None);
        assert_eq!(as_json(&read_back.unwrap()), as_json(&recording));
    }
}

#[test]
fn a_recording_that_breaks_off_is_readable_up_to_there_and_says_so() {
    let recording = Synthetic::three_requests(Sync).recording();
    let whole = kept(&recording);
    for length in 0..whole.len() {
        let (read_back, tear) = read(&whole[..length]);
        assert!(tear.is_some(), "cut after {length} bytes");
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
        let (_, tear) = read(&spoilt[..]);
        prop_assert!(tear.is_some());
    }

    #[test]
    fn no_noise_makes_the_reader_panic(noise: Vec<u8>) {
        let _ = read(&noise[..]);
        let _ = read(&[FIRST_LINE, &noise[..]].concat()[..]);
    }
}

#[test]
fn what_is_no_recording_is_called_so_and_a_later_version_by_its_name() {
    for (bytes, expected) in [
        (&b""[..], Tear::NotARecording),
        (b"SQLite format 3\0", Tear::NotARecording),
        (b"concsim recording 2\n", Tear::Version("2".into())),
        (FIRST_LINE, Tear::Unended),
    ] {
        let (recording, tear) = read(bytes);
        assert!(recording.is_none());
        assert_eq!(tear, Some(expected));
    }
}

#[test]
fn of_a_run_whose_first_file_is_spoilt_the_others_are_shown_as_what_they_are() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run");
    let runs = [Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine)];
    let plan = crate::recording::synthetic::plan("a claim", &[&runs[0], &runs[1]], &[]);
    let mut folder = Folder::create(&path, &plan).unwrap();
    for run in &runs {
        let recording = run.recording();
        let keeper = folder.keep(&recording.header).unwrap();
        keeper.end(&recording.seen()).unwrap();
    }
    std::fs::write(path.join("1-sync.rec"), b"").unwrap();
    let kept = open(&path).unwrap();
    assert_eq!(kept.recordings.len(), 1);
    assert_eq!(kept.recordings[0].header.variant, "coroutine");
    assert_eq!(kept.plan.variants.len(), 1);
    assert_eq!(kept.plan.variants[0].name, "coroutine");
}

#[test]
fn a_sample_that_does_not_fit_is_where_reading_ends() {
    let recording = Synthetic::io_bound(Sync).recording();
    let spoilt = |spoil: fn(&mut Sample)| {
        let mut file = Vec::new();
        let mut keeper = Keeper::begin(&mut file, &recording.header).unwrap();
        for sample in &recording.samples[..3] {
            keeper.sample(&without_seen(sample));
        }
        let mut last = without_seen(&recording.samples[3]);
        spoil(&mut last);
        keeper.sample(&last);
        keeper.end(&recording.seen()).unwrap();
        let (read_back, tear) = read(&file[..]);
        (read_back.unwrap().samples.len(), tear)
    };
    let (count, tear) = spoilt(|sample| sample.at = Stamp::ZERO);
    assert_eq!(count, 3);
    assert_eq!(
        tear,
        Some(Tear::Unknown("samples that go back in time".into()))
    );
    let (count, tear) = spoilt(|sample| sample.seen.outcomes = 1);
    assert_eq!(count, 3);
    let said = "a sample that counts what is not there";
    assert_eq!(tear, Some(Tear::Unknown(said.into())));
}

#[test]
fn a_recording_without_room_breaks_off_in_time_and_says_why() {
    let recording = Synthetic::io_bound(Coroutine).recording();
    let whole = kept(&recording).len() as u64;
    let mut file = Vec::new();
    let keeper = Keeper::begin(&mut file, &recording.header).unwrap();
    let mut keeper = keeper.with_room(whole / 2);
    for sample in &recording.samples {
        keeper.sample(&without_seen(sample));
        for (slot, switch) in &recording.switches {
            keeper.record(Who::Worker(*slot), &switch.to_record());
        }
    }
    let why = keeper.end(&recording.seen()).unwrap_err();
    assert!(why.to_string().contains("no room"), "{why}");
    assert!(file.len() as u64 <= whole / 2 + recording_begins(&recording));
    let (read_back, tear) = read(&file[..]);
    assert_eq!(tear, Some(Tear::NoRoom));
    assert!(!read_back.unwrap().samples.is_empty());
}

/// What is written before there is anything to be limited: the first line and the header; and the last
/// words, for which there is always room.
fn recording_begins(recording: &Recording) -> u64 {
    let mut file = Vec::new();
    drop(Keeper::begin(&mut file, &recording.header).unwrap());
    (file.len() + super::chunk::HEAD) as u64
}

#[test]
fn a_folder_takes_no_more_than_its_room() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run");
    let run = Synthetic::io_bound(Coroutine);
    let recording = run.recording();
    let plan = crate::recording::synthetic::plan("a claim", &[&run, &run, &run], &[]);
    let room = 400 << 10;
    let mut folder = Folder::create(&path, &plan).unwrap().with_room(room);
    for _ in 0..3 {
        let mut keeper = folder.keep(&recording.header).unwrap();
        for sample in &recording.samples {
            keeper.sample(&without_seen(sample));
            for (slot, switch) in &recording.switches {
                keeper.record(Who::Worker(*slot), &switch.to_record());
            }
        }
        assert!(keeper.end(&recording.seen()).is_err());
    }
    let sizes = std::fs::read_dir(&path).unwrap();
    let sizes = sizes.map(|entry| entry.unwrap().metadata().unwrap().len());
    assert!(sizes.sum::<u64>() <= room);
    assert_eq!(open(&path).unwrap().torn.len(), 3);
}

#[test]
fn a_plan_says_its_form_and_who_wrote_it_and_a_later_form_is_refused_by_name() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run");
    let run = Synthetic::io_bound(Sync);
    let plan = crate::recording::synthetic::plan("a claim", &[&run], &[]);
    Folder::create(&path, &plan).unwrap();
    let file = path.join("plan.json");
    let mut written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(written["format"], 1);
    assert_eq!(written["concsim"], env!("CARGO_PKG_VERSION"));
    written["format"] = 2.into();
    written["concsim"] = "7.0".into();
    written["variants"] = "in another form".into();
    std::fs::write(&file, written.to_string()).unwrap();
    let said = open(&path).unwrap_err().to_string();
    assert!(
        said.contains("a later version of concsim (7.0), in form 2"),
        "{said}"
    );
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::File::create(folder.path().join("thesis.txt"))
        .and_then(|mut file| file.write_all(b"mine"))
        .unwrap();
    let run = Synthetic::io_bound(Sync);
    let plan = crate::recording::synthetic::plan("a claim", &[&run], &[]);
    assert!(Folder::create(folder.path(), &plan).is_err());
}

#[test]
fn a_run_that_was_kept_is_opened_with_all_its_variants_in_order() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run");
    let runs = [Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine)];
    let all = [&runs[0], &runs[1], &runs[1]];
    let plan = crate::recording::synthetic::plan("a claim", &all, &[]);
    let mut folder = Folder::create(&path, &plan).unwrap();
    for run in &runs {
        let recording = run.recording();
        let mut keeper = folder.keep(&recording.header).unwrap();
        for sample in &recording.samples {
            keeper.sample(&without_seen(sample));
        }
        keeper.end(&recording.seen()).unwrap();
    }
    std::fs::write(path.join("3-torn.rec"), &FIRST_LINE[..7]).unwrap();
    let kept = open(&path).unwrap();
    assert_eq!(kept.plan.title, "a claim");
    let names: Vec<_> = kept
        .recordings
        .iter()
        .map(|it| &it.header.variant)
        .collect();
    assert_eq!(names, ["sync", "coroutine"]);
    assert_eq!(kept.torn.len(), 1);
}

#[test]
fn a_variant_whose_file_is_gone_is_left_out_and_a_file_of_no_variant_is_none() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run");
    let runs = [Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine)];
    let plan = crate::recording::synthetic::plan("a claim", &[&runs[0], &runs[1]], &[]);
    let mut folder = Folder::create(&path, &plan).unwrap();
    for run in &runs {
        let recording = run.recording();
        let keeper = folder.keep(&recording.header).unwrap();
        drop(keeper);
    }
    std::fs::rename(path.join("1-sync.rec"), path.join("sync.bak.rec")).unwrap();
    std::fs::copy(path.join("2-coroutine.rec"), path.join("3-more.rec")).unwrap();
    let kept = open(&path).unwrap();
    let variants: Vec<_> = kept.plan.variants.iter().map(|it| &it.name).collect();
    assert_eq!(variants, ["coroutine"]);
    assert_eq!(kept.recordings.len(), 1);
    assert_eq!(kept.recordings[0].header.variant, "coroutine");
}
