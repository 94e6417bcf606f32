//! Tests of traces: each is read again, packet by packet, and checked against the rules of the format. This
//! reader shares its schema with the writer; `tests/it/exports.rs` uses Perfetto's own.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use prost::Message as _;

use super::schema::{PACKET, Packet, TrackDescriptor, Type};
use super::*;
use crate::made_up::MadeUpRuns;
use concsim_model::scenario::WorkerKind::{self, Coroutine, Sync};
use concsim_record::synthetic::Synthetic;

/// Slice as read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ReadSlice {
    track: String,
    name: String,
    from: u64,
    /// [`None`]: left open.
    to: Option<u64>,
    depth: usize,
    flow: Option<u64>,
}

/// Contents of a file.
#[derive(Debug, Default)]
struct Reader {
    names: BTreeMap<u64, String>,
    tracks: BTreeMap<u64, TrackDescriptor>,
    slices: Vec<ReadSlice>,
    /// Open slices, by track.
    open: BTreeMap<u64, Vec<usize>>,
    /// Time of the last event, by track.
    last: BTreeMap<u64, u64>,
    counts: BTreeMap<String, Vec<(u64, f64)>>,
}

fn read(kept: &MadeUpRuns) -> Reader {
    let mut bytes = Vec::new();
    write(&kept.views(), &mut bytes).unwrap();
    let (mut rest, mut reader) = (bytes.as_slice(), Reader::default());
    while let Some((tag, packet)) = rest.split_first() {
        assert_eq!(*tag, PACKET);
        rest = packet;
        let packet = Packet::decode_length_delimited(&mut rest).unwrap();
        reader.take(packet);
    }
    reader
}

impl Reader {
    fn take(&mut self, packet: Packet) {
        assert_eq!(packet.trusted_packet_sequence_id, Some(1));
        if let Some(names) = packet.interned_data {
            for name in names.event_names {
                self.names.insert(name.iid(), name.name().to_owned());
            }
        }
        if let Some(track) = packet.track_descriptor.filter(|track| track.uuid() > 0) {
            assert!(
                track
                    .parent_uuid
                    .is_none_or(|parent| self.tracks.contains_key(&parent))
            );
            let before = self.tracks.insert(track.uuid(), track);
            assert_eq!(before, None, "a track is declared once");
        }
        let Some(event) = packet.track_event else {
            return;
        };
        let (track, at) = (event.track_uuid(), packet.timestamp.unwrap());
        let name = self.tracks[&track].name().to_owned();
        let is_instant = event.r#type() == Type::Instant as i32;
        if !is_instant {
            let last = self.last.insert(track, at).unwrap_or(0);
            assert!(last <= at, "{name}: {at} comes after {last}");
        }
        let open = self.open.entry(track).or_default();
        match event.r#type() {
            begin if begin == Type::SliceBegin as i32 => {
                let slice = ReadSlice {
                    track: name,
                    name: self.names[&event.name_iid()].clone(),
                    from: at,
                    to: None,
                    depth: open.len(),
                    flow: event.flow_ids.first().copied(),
                };
                open.push(self.slices.len());
                self.slices.push(slice);
            }
            end if end == Type::SliceEnd as i32 => {
                let innermost = open.pop().expect("something was begun");
                self.slices[innermost].to = Some(at);
            }
            count if count == Type::Counter as i32 => {
                let value = (at, event.double_counter_value());
                self.counts.entry(name).or_default().push(value);
            }
            _ => assert!(is_instant),
        }
    }

    /// Returns the slices on tracks whose name begins with `track`.
    fn on<'a>(&'a self, track: &'a str) -> impl Iterator<Item = &'a ReadSlice> {
        self.slices
            .iter()
            .filter(move |it| it.track.starts_with(track))
    }

    fn names_on<'a>(&'a self, track: &'a str) -> Vec<(&'a str, u64, u64)> {
        const MS: u64 = 1_000_000;
        let plain = |slice: &ReadSlice| (slice.from / MS, slice.to.unwrap() / MS);
        let slices = self.on(track).map(|it| (it.name.as_str(), plain(it)));
        slices.map(|(name, (from, to))| (name, from, to)).collect()
    }
}

fn three_requests(kind: WorkerKind) -> MadeUpRuns {
    MadeUpRuns::of("Three requests.", &[Synthetic::three_requests(kind)])
}

#[test]
fn a_coroutine_runs_and_is_parked_and_is_ready_until_it_runs_again() {
    let reader = read(&three_requests(Coroutine));
    assert_eq!(
        reader.names_on("coroutine 2"),
        [
            ("ready", 0, 200),
            ("request 2: profile", 200, 400),
            ("parked: service", 400, 1_400),
            ("request 2: profile", 1_400, 1_600),
        ]
    );
}

#[test]
fn a_sync_worker_is_blocked_between_the_turns_of_its_request() {
    let reader = read(&three_requests(Sync));
    assert_eq!(
        reader.names_on("worker A")[..3],
        [
            ("request 1: profile", 0, 200),
            ("blocked in a call", 200, 1_200),
            ("request 1: profile", 1_200, 1_400),
        ]
    );
    assert_eq!(reader.on("coroutine").count(), 0);
}

#[test]
fn every_request_is_a_slice_in_a_lane_and_every_turn_is_one_that_its_arrow_leads_to() {
    let kinds = [Sync, Coroutine];
    let kept = MadeUpRuns::of("Both.", &kinds.map(Synthetic::io_bound));
    let reader = read(&kept);
    let outcomes = kept.recordings.iter().map(|it| it.outcomes.len());
    let outer = |it: &&ReadSlice| it.depth == 0;
    assert_eq!(
        reader.on("lane").filter(outer).count(),
        outcomes.sum::<usize>()
    );
    let sources: BTreeSet<u64> = reader.on("lane").filter_map(|it| it.flow).collect();
    let turns = |track| {
        reader
            .on(track)
            .filter(|it| it.name.starts_with("request "))
    };
    let ran: Vec<usize> = kept
        .recordings
        .iter()
        .map(|it| {
            it.switches
                .iter()
                .filter(|(_, it)| matches!(it, concsim_engine::telemetry::Event::RunSlice(_)))
        })
        .map(Iterator::count)
        .collect();
    assert_eq!(turns("worker").count(), ran[0] + ran[1]);
    assert_eq!(turns("coroutine").count(), ran[1]);
    for turn in turns("worker").chain(turns("coroutine")) {
        let is_source = turn.flow.is_none_or(|flow| sources.contains(&flow));
        assert!(is_source, "{turn:?}");
    }
    assert!(turns("coroutine").all(|turn| turn.flow.is_some()));
    assert!(reader.slices.iter().all(|it| it.to.is_some()));
}

#[test]
fn cores_are_held_by_one_worker_at_a_time_and_as_long_as_the_lanes_say() {
    let kept = MadeUpRuns::of("Many.", &[Synthetic::io_bound(Coroutine)]);
    let reader = read(&kept);
    let recording = &kept.recordings[0];
    let mut index = Index::default();
    index.extend(recording);
    let snapshot = recording.present().unwrap();
    let whole = concsim_record::lanes::Interval {
        from: Stamp::ZERO,
        to: end_of(&snapshot),
    };
    let held: u64 = reader.on("core ").map(|it| it.to.unwrap() - it.from).sum();
    assert_eq!(held, Lanes::new(&index, snapshot).ran(whole));
    assert!(reader.on("core ").all(|it| it.depth == 0));
}

#[test]
fn counters_say_what_the_samples_say() {
    let kept = three_requests(Coroutine);
    let reader = read(&kept);
    let samples = &kept.recordings[0].samples;
    let parked = samples.iter().map(|sample| {
        let parked = sample.workers.iter().map(|worker| worker.parked);
        (sample.at.0, parked.sum::<u64>() as f64)
    });
    assert_eq!(reader.counts["parked"], parked.collect::<Vec<_>>());
    assert_eq!(reader.counts["parallelism"].len(), samples.len() - 1);
}

#[test]
fn a_request_that_did_not_end_is_left_open() {
    let mut kept = three_requests(Coroutine);
    kept.recordings[0].outcomes.truncate(2);
    for sample in &mut kept.recordings[0].samples {
        sample.seen.outcomes = sample.seen.outcomes.min(2);
    }
    let reader = read(&kept);
    let open: Vec<&str> = reader
        .slices
        .iter()
        .filter(|it| it.to.is_none())
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(open, ["request 3: profile"]);
}

#[test]
fn the_name_of_a_group_contains_the_grade_of_the_run() {
    let mut run = Synthetic::io_bound(Sync);
    run.interrupted = true;
    let mut kept = MadeUpRuns::of("It is not believed.", &[run]);
    kept.recordings[0].unreadable = 1;
    let reader = read(&kept);
    let group = reader
        .tracks
        .values()
        .find_map(|it| it.process.as_ref())
        .unwrap();
    assert_eq!(
        group.process_name(),
        "sync · measured · proves nothing · interrupted"
    );
    let described = reader.tracks.values().next().unwrap().description();
    assert!(described.contains("It is not believed."), "{described}");
    assert!(described.contains("proves nothing: "), "{described}");
}

#[test]
fn a_run_that_ended_before_its_first_sample_is_a_trace_all_the_same() {
    let mut kept = three_requests(Coroutine);
    kept.recordings[0].samples.clear();
    kept.recordings[0].header.window = None;
    let reader = read(&kept);
    assert_eq!(reader.on("lane").count(), 3);
}

proptest! {
    #[test]
    fn no_words_break_a_trace(title in "(?s).{0,300}", name in "(?s).{0,60}") {
        let mut run = Synthetic::three_requests(Coroutine);
        run.variant = name;
        let plain = read(&three_requests(Coroutine)).slices;
        prop_assert_eq!(read(&MadeUpRuns::of(&title, &[run])).slices, plain);
    }
}
