//! Recordings of older versions are drawn as before.

use std::path::Path;

use insta::assert_snapshot;

use super::staging::text;
use crate::{Key, State};
use concsim_model::units::Elapsed;
use concsim_record::feed::Feed;
use concsim_record::storage::{self, StoredRun};

fn old(name: &str) -> StoredRun {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/recordings");
    storage::open(&folder.join(name)).unwrap()
}

/// Returns the screen at a time after the beginning of a variant's load, after these keys.
fn drawn(kept: &StoredRun, variant: usize, after: Elapsed, keys: &str) -> String {
    let mut state = State::new(&kept.plan, kept.recordings[0].header.machine.cores);
    state.replay(Vec::new());
    for key in keys.chars() {
        state.key(Key::Char(key));
    }
    state.look_at(variant, kept.recordings[variant].header.began + after);
    let feed = Feed {
        over: &kept.recordings,
        now: None,
    };
    state.turn(&feed, Elapsed::ZERO);
    text(&state, 80, 24)
}

#[test]
fn three_requests_of_version_1_are_drawn_as_ever() {
    let kept = old("three_requests-v1");
    let lanes = drawn(&kept, 1, Elapsed::from_millis(1_500), " 2");
    assert_snapshot!("three_requests_v1_lanes", lanes);
    let overview = drawn(&kept, 0, Elapsed::from_millis(800), " ");
    assert_snapshot!("three_requests_v1_overview", overview);
}

#[test]
fn io_bound_of_version_1_is_drawn_as_ever() {
    let kept = old("io_bound-v1");
    let overview = drawn(&kept, 1, Elapsed::from_millis(1_200), " ");
    assert_snapshot!("io_bound_v1_overview", overview);
    let latencies = drawn(&kept, 1, Elapsed::from_millis(1_200), " 3");
    assert_snapshot!("io_bound_v1_latencies", latencies);
    let requests = drawn(&kept, 0, Elapsed::from_millis(1_200), " 5o");
    assert_snapshot!("io_bound_v1_requests", requests);
}
