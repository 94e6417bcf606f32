//! Whole connections in miniature: odd and hostile bytes in, statuses out, however they are cut into reads.

use super::scripted::Scripted;
use super::tests::{HELLO, ME, scenario};
use super::*;
use crate::http::{Persistence, Progress, Receiver};

#[path = "../../../../tests/it/http_cases.rs"]
mod http_cases;

use http_cases::ConnectionState;

/// Returns the statuses of the answers to these pieces in this order, and whether the server then closes.
/// The real connection is in `server`.
fn converse<'bytes>(pieces: impl Iterator<Item = &'bytes [u8]>) -> (Vec<u16>, ConnectionState) {
    let application = Application::new(
        scenario(&[("hello", &[HELLO]), ("story", &[])]),
        Access::default(),
        ME,
    );
    let mut receiver = Receiver::new();
    let mut statuses = Vec::new();
    for mut piece in pieces {
        while !piece.is_empty() {
            let room = receiver.free_space();
            let count = room.len().min(piece.len());
            room[..count].copy_from_slice(&piece[..count]);
            piece = &piece[count..];
            receiver.received(count);
            if drain(&application, &mut receiver, &mut statuses) == ConnectionState::Closes {
                return (statuses, ConnectionState::Closes);
            }
        }
    }
    (statuses, ConnectionState::Waits)
}

/// Answers all complete requests.
fn drain(
    application: &Application,
    receiver: &mut Receiver,
    statuses: &mut Vec<u16>,
) -> ConnectionState {
    let mut reply = Reply::default();
    loop {
        let answered = match receiver.progress() {
            Progress::NeedMore => return ConnectionState::Waits,
            Progress::SayContinue => continue,
            Progress::Refused(refusal) => {
                application.refuse(refusal, &mut Scripted::default(), &mut reply)
            }
            Progress::Whole => {
                let request = receiver.request();
                reply.begin(request.method, request.keep);
                let asked = application.ask(&request);
                receiver.next();
                application.answer(&asked, &mut Scripted::default(), &mut reply)
            }
        };
        match answered {
            AnswerOutcome::Whole(status) => statuses.push(status.code()),
            AnswerOutcome::CutShort => return ConnectionState::Closes,
        }
        if reply.keep() == Persistence::Close {
            return ConnectionState::Closes;
        }
    }
}

#[test]
fn odd_and_hostile_requests_get_their_status_however_they_are_cut() {
    let cases = http_cases::all();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let expected = (case.answers.to_vec(), case.then);
        let whole = converse([&case.bytes[..]].into_iter());
        let bytewise = converse(case.bytes.chunks(1));
        for (how, got) in [("whole", whole), ("byte by byte", bytewise)] {
            if got != expected {
                wrong.push(format!(
                    "{} ({how}): {got:?} instead of {expected:?}",
                    case.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

mod any {
    use proptest::prelude::*;

    use super::*;

    /// Conversation of whole cases, with a few changed bytes.
    fn bent() -> impl Strategy<Value = Vec<u8>> {
        let cases: Vec<Vec<u8>> = http_cases::all()
            .into_iter()
            .map(|case| case.bytes)
            .collect();
        let some = prop::collection::vec(prop::sample::select(cases), 1..4);
        let bends = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
        (some, bends).prop_map(|(some, bends)| {
            let mut bytes = some.concat();
            for (place, byte) in bends
                .iter()
                .filter(|_| !bytes.is_empty())
                .copied()
                .collect::<Vec<_>>()
            {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            bytes
        })
    }

    fn pieces<'bytes>(bytes: &'bytes [u8], cuts: &[prop::sample::Index]) -> Vec<&'bytes [u8]> {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        places
            .windows(2)
            .map(|pair| &bytes[pair[0]..pair[1]])
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_answers_do_not_depend_on_the_cuts(
            bytes in bent(),
            cuts: [prop::sample::Index; 5],
        ) {
            let whole = converse([&bytes[..]].into_iter());
            prop_assert_eq!(&whole, &converse(pieces(&bytes, &cuts).into_iter()));
            prop_assert_eq!(&whole, &converse(bytes.chunks(1)));
        }

        #[test]
        fn no_noise_makes_it_panic(bytes: Vec<u8>, cuts: [prop::sample::Index; 3]) {
            let whole = converse([&bytes[..]].into_iter());
            prop_assert_eq!(whole, converse(pieces(&bytes, &cuts).into_iter()));
        }
    }
}
