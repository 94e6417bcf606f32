//! Tests of the folder of a run.

use std::io::Write as _;

use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
use concsim_record::storage::open;
use concsim_record::synthetic::{self, Synthetic};
use concsim_record::{ListLengths, RecordSource, Sample};

use super::Folder;

/// Returns a sample that may stand before all records.
fn without_seen(sample: &Sample) -> Sample {
    Sample {
        seen: ListLengths::default(),
        ..sample.clone()
    }
}

#[test]
fn of_a_run_whose_first_file_is_spoilt_the_others_are_shown_as_what_they_are() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run");
    let runs = [Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine)];
    let plan = synthetic::plan("a claim", &[&runs[0], &runs[1]], &[]);
    let mut folder = Folder::create(&path, &plan).unwrap();
    for run in &runs {
        let recording = run.recording();
        let keeper = folder.begin_variant(&recording.header).unwrap();
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
fn a_folder_takes_no_more_than_its_room() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run");
    let run = Synthetic::io_bound(Coroutine);
    let recording = run.recording();
    let plan = synthetic::plan("a claim", &[&run, &run, &run], &[]);
    let room = 400 << 10;
    let mut folder = Folder::create(&path, &plan).unwrap().with_room(room);
    for _ in 0..3 {
        let mut keeper = folder.begin_variant(&recording.header).unwrap();
        for sample in &recording.samples {
            keeper.sample(&without_seen(sample));
            for (slot, switch) in &recording.switches {
                keeper.record(RecordSource::Worker(*slot), &switch.to_record());
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
fn a_plan_names_its_format_and_its_writer_and_a_later_format_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run");
    let run = Synthetic::io_bound(Sync);
    let plan = synthetic::plan("a claim", &[&run], &[]);
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
    let text = open(&path).unwrap_err().to_string();
    assert!(
        text.contains("a later version of concsim (7.0), in form 2"),
        "{text}"
    );
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::File::create(folder.path().join("thesis.txt"))
        .and_then(|mut file| file.write_all(b"mine"))
        .unwrap();
    let run = Synthetic::io_bound(Sync);
    let plan = synthetic::plan("a claim", &[&run], &[]);
    assert!(Folder::create(folder.path(), &plan).is_err());
}

#[test]
fn a_run_that_was_kept_is_opened_with_all_its_variants_in_order() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run");
    let runs = [Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine)];
    let all = [&runs[0], &runs[1], &runs[1]];
    let plan = synthetic::plan("a claim", &all, &[]);
    let mut folder = Folder::create(&path, &plan).unwrap();
    for run in &runs {
        let recording = run.recording();
        let mut keeper = folder.begin_variant(&recording.header).unwrap();
        for sample in &recording.samples {
            keeper.sample(&without_seen(sample));
        }
        keeper.end(&recording.seen()).unwrap();
    }
    std::fs::write(path.join("3-torn.rec"), b"concsim").unwrap();
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
    let plan = synthetic::plan("a claim", &[&runs[0], &runs[1]], &[]);
    let mut folder = Folder::create(&path, &plan).unwrap();
    for run in &runs {
        let recording = run.recording();
        let keeper = folder.begin_variant(&recording.header).unwrap();
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
