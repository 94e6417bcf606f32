//! Entry functions of the fuzz targets, one for each kind of input. Each checks properties that hold for any
//! bytes, and panics if one does not.
//!
//! The fuzz targets call these functions, and so does the test that replays the corpora (`tests/it/corpus.rs`).

use std::io;
use std::ops::Range;

use concsim::export::tables::{Form, Table};
use concsim::export::{hlog, perfetto};
use concsim::http::{Progress, Receiver};
use concsim::load::{Answer, CompleteAnswer, ProtocolError};
use concsim::recording::lanes::{Index, Instant, Interval, Lanes};
use concsim::recording::remark::{self, Context};
use concsim::recording::{Recording, RunView, storage};
use concsim::scenario::{self, Engine, Overrides, Plan, draw};
use concsim::tui::Keymap;
use concsim::units::Stamp;

/// A function of this file: takes the bytes of one input.
pub(crate) type Entry = fn(&[u8]);

/// All entry functions, by the names of their targets and of the folders of their corpora.
pub(crate) const ENTRIES: [(&str, Entry); 6] = [
    ("scenario", scenario),
    ("request", request),
    ("response", response),
    ("recording", recording),
    ("keys", keys),
    ("machine", machine),
];

/// Returns the text of a file; `None` if it is invalid and its error can be drawn.
fn text_of(bytes: &[u8]) -> Option<String> {
    let text = scenario::text_of(bytes.to_vec(), "a.toml");
    text.inspect_err(|problems| assert!(!problems.render(false).is_empty()))
        .ok()
}

/// Returns the variants of a plan in words, for comparison.
fn played(plan: &Plan) -> Vec<String> {
    let variants = plan.variants.iter();
    variants
        .map(|variant| format!("{}: {:?}", variant.name, variant.scenario))
        .collect()
}

/// Reads the text of a scenario: all its errors can be drawn. Without errors it can be expanded to a text
/// that is played in the same way, and its demands can be drawn.
pub(crate) fn scenario(bytes: &[u8]) {
    let Some(text) = text_of(bytes) else {
        return;
    };
    for engine in [Engine::Processes, Engine::Simulation] {
        let overrides = Overrides {
            engine,
            ..Overrides::default()
        };
        match scenario::read(&text, "a.toml", &overrides) {
            Err(problems) => assert!(problems.count() > 0 && !problems.render(true).is_empty()),
            Ok(plan) => {
                assert!(!plan.variants.is_empty());
                for variant in &plan.variants {
                    let class = draw::class_of(&variant.scenario, 7);
                    drop(draw::demands(&variant.scenario, class, 7));
                }
                let expanded = scenario::expand(&text, "a.toml", None).expect("it has no mistakes");
                let again = scenario::read(&expanded, "a.toml", &overrides);
                let again = again.expect("what is expanded is a scenario");
                assert_eq!(played(&again), played(&plan));
            }
        }
    }
}

/// Reads a file with a `[machine]`: a machine, or errors that can be drawn.
pub(crate) fn machine(bytes: &[u8]) {
    if let Some(text) = text_of(bytes)
        && let Err(problems) = scenario::read_machine("a.toml", &text)
    {
        assert!(problems.count() > 0 && !problems.render(false).is_empty());
    }
}

/// Reads a file of keys: a keymap, or errors that can be drawn.
pub(crate) fn keys(bytes: &[u8]) {
    if let Some(text) = text_of(bytes)
        && let Err(problems) = Keymap::read(&text, "a.toml")
    {
        assert!(problems.count() > 0 && !problems.render(false).is_empty());
    }
}

/// The requests of a connection, and the state after them.
type Conversation = (Vec<String>, Option<Progress>);

/// Parses a connection's bytes as the server does, in pieces of `size` bytes.
fn conversation(bytes: &[u8], size: usize) -> Conversation {
    let mut receiver = Receiver::new();
    let mut requests = Vec::new();
    let mut rest = bytes;
    loop {
        match receiver.progress() {
            Progress::Whole => {
                requests.push(format!("{:?}", receiver.request()));
                receiver.next();
            }
            Progress::SayContinue => {}
            Progress::NeedMore if rest.is_empty() => return (requests, None),
            Progress::NeedMore => {
                let room = receiver.free_space();
                let count = room.len().min(size).min(rest.len());
                room[..count].copy_from_slice(&rest[..count]);
                rest = &rest[count..];
                receiver.received(count);
            }
            refused @ Progress::Refused(_) => return (requests, Some(refused)),
        }
    }
}

/// Parses the bytes of a client: the requests are the same for any division of the bytes into pieces.
pub(crate) fn request(bytes: &[u8]) {
    let whole = conversation(bytes, usize::MAX);
    for size in [1, 7] {
        assert_eq!(conversation(bytes, size), whole, "in pieces of {size}");
    }
}

/// Parses an answer's bytes as load does, in pieces of `size` bytes, up to their end.
fn answer(bytes: &[u8], size: usize) -> Result<Option<CompleteAnswer>, ProtocolError> {
    let mut answer = Answer::default();
    for piece in bytes.chunks(size) {
        let fed = answer.feed(piece)?;
        if fed.is_some() {
            return Ok(fed);
        }
    }
    Ok(answer.end())
}

/// Parses the bytes of a server: the answer has the same status for any division of the bytes into pieces.
pub(crate) fn response(bytes: &[u8]) {
    let status = |size| answer(bytes, size).map(|whole| whole.map(|it| it.status));
    let whole = status(usize::MAX);
    for size in [1, 7] {
        assert_eq!(status(size), whole, "in pieces of {size}");
    }
}

/// Ranges of the payload's length, the kind and the checksum in the head of a chunk.
const HEAD: (Range<usize>, usize, Range<usize>) = (0..4, 4, 5..9);
/// The first line of a recording.
const FIRST_LINE: usize = b"concsim recording 1\n".len();

/// Returns the file with valid checksums: otherwise no change inside a chunk would be read.
fn repaired(bytes: &[u8]) -> Vec<u8> {
    let mut file = bytes.to_vec();
    let (length, kind, checksum) = HEAD;
    let mut rest = file.get_mut(FIRST_LINE..).unwrap_or_default();
    while let Some((head, payload)) = rest.split_at_mut_checked(checksum.end) {
        let stated = u32::from_le_bytes(head[length.clone()].try_into().expect("four bytes"));
        let (payload, next) = payload.split_at_mut(payload.len().min(stated as usize));
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&head[kind..=kind]);
        hasher.update(payload);
        head[checksum.clone()].copy_from_slice(&hasher.finalize().to_le_bytes());
        rest = next;
    }
    file
}

/// Reads a recording as the screen does.
fn look_at(recording: &Recording) {
    let Some(snapshot) = recording.present() else {
        return;
    };
    let mut index = Index::default();
    index.extend(recording);
    let to = snapshot.sample().at;
    let whole = Interval {
        from: Stamp::ZERO,
        to,
    };
    let lanes = Lanes::new(&index, snapshot);
    for request in lanes.requests(whole).into_iter().take(20) {
        drop(lanes.request(request, whole));
    }
    drop(lanes.cores(whole));
    drop(Instant::of(&index, recording, Stamp(to.0 / 2)));
    let means = snapshot.last_second().means();
    drop(remark::all(&Context::of_the_last_second(
        snapshot,
        means,
        &[],
    )));
}

/// Exports a recording to every file format.
fn export(recording: &Recording) {
    let text = "requests.a.steps = []\nload.clients = 1";
    let plan = scenario::read(text, "a.toml", &Overrides::default());
    let plan = plan.expect("it has no mistakes");
    let views = [RunView::of(&plan, recording)];
    for table in Table::ALL {
        let written = table.write(&views, Form::Csv, io::sink());
        written.expect("a sink takes all");
    }
    hlog::write(&views, io::sink()).expect("a sink takes all");
    perfetto::write(&views, io::sink()).expect("a sink takes all");
}

/// Reads the file of a recording: the readable part can be summarised, drawn and exported.
pub(crate) fn recording(bytes: &[u8]) {
    for file in [bytes, &repaired(bytes)] {
        let (recording, corruption) = storage::read(file);
        assert!(recording.is_some() || corruption.is_some());
        if let Some(recording) = recording {
            look_at(&recording);
            export(&recording);
        }
    }
}
