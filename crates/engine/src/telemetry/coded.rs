//! Enums that other processes and other programs read: each variant is a number in shared memory and a word
//! in data, and one line holds both.

/// Declares such an enum. Its numbers and words are part of the formats: they may be added to, and never
/// changed.
macro_rules! coded {
    (
        $(#[$about:meta])*
        pub enum $Name:ident {
            $($(#[$variant:meta])* $Variant:ident = $number:literal, $word:tt;)+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $Name {
            $($(#[$variant])* #[serde(rename = $word)] $Variant = $number,)+
        }

        impl $Name {
            /// Returns its word in data.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$Variant => $word,)+
                }
            }

            /// Decodes a number that another process wrote; `None` if it is none of the enum's.
            #[must_use]
            pub fn from_raw(number: u64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$Variant),)+
                    _ => None,
                }
            }
        }
    };
}

pub(super) use coded;

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer as _;
    use serde::de::value::{Error, StrDeserializer};

    use crate::telemetry::{Failure, Phase, Stage, SwitchReason, TerminationCause, WaitPurpose};

    #[test]
    fn numbers_and_words_of_recordings_stay_what_they_were() {
        let words =
            |from_raw: fn(u64) -> Option<&'static str>| (0..9).filter_map(from_raw).collect();
        let all: [(Vec<&str>, &[&str]); 6] = [
            (
                words(|it| Phase::from_raw(it).map(|it| read_as(it, it.word()))),
                &[
                    "booting", "idle", "running", "blocked", "draining", "gone", "asleep",
                ],
            ),
            (
                words(|it| Stage::from_raw(it).map(|it| read_as(it, it.word()))),
                &["preparing", "warm_up", "counting", "draining", "done"],
            ),
            (
                words(|it| SwitchReason::from_raw(it).map(|it| read_as(it, it.word()))),
                &["ended", "yielded", "client", "service", "timer"],
            ),
            (
                words(|it| Failure::from_raw(it).map(|it| read_as(it, it.word()))),
                &["refused", "reset", "timeout", "status"],
            ),
            (
                words(|it| TerminationCause::from_raw(it).map(|it| read_as(it, it.word()))),
                &["silent", "retired", "overdue"],
            ),
            (
                words(|it| WaitPurpose::from_raw(it).map(|it| read_as(it, it.word()))),
                &["thread", "connection", "queue", "answer", "timer"],
            ),
        ];
        for (found, expected) in all {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn zero_is_no_failure_no_cause_and_no_wait() {
        assert_eq!(Failure::from_raw(0), None);
        assert_eq!(TerminationCause::from_raw(0), None);
        assert_eq!(WaitPurpose::from_raw(0), None);
        let numbers = (Failure::Status as u64, TerminationCause::Overdue as u64);
        assert_eq!((numbers, WaitPurpose::Timer as u64), ((4, 3), 5));
    }

    /// Returns the word after a check that data with this word is read as the value.
    fn read_as<T>(value: T, word: &'static str) -> &'static str
    where
        T: for<'de> serde::Deserialize<'de> + PartialEq + std::fmt::Debug,
    {
        let data: StrDeserializer<'_, Error> = word.into_deserializer();
        assert_eq!(T::deserialize(data), Ok(value));
        word
    }
}
