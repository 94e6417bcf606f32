//! Decodes a file's bytes as UTF-8, or reports their encoding as one mistake.

use super::problem::{Place, Problem, Problems, Source};

/// Remedy for any other encoding.
const REMEDY: &str = "save the file as UTF-8";
/// Remedy if a shell wrote the file.
const REMEDY_OF_SHELLS: &str =
    "save the file as UTF-8; in PowerShell: … | Out-File -Encoding utf8 FILE";

/// Returns the text of a file's bytes, which must be UTF-8.
///
/// # Errors
/// Another encoding, as one mistake, at its place in the decoded text.
pub fn text_of(bytes: Vec<u8>, file: &str) -> Result<String, Problems> {
    if let Some(wide) = WideEncoding::of(&bytes) {
        let message = format!("the text is {}, not UTF-8", wide.name());
        return Err(mistake(
            file,
            wide.text(&bytes),
            0..1,
            message,
            REMEDY_OF_SHELLS,
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let wrong = bytes[place];
        let meant = char::from(wrong);
        let message = if meant.is_control() {
            format!("byte {wrong:#04X} is not UTF-8")
        } else {
            format!("byte {wrong:#04X} is not UTF-8; in Latin-1 it is `{meant}`")
        };
        let end = place + meant.len_utf8();
        mistake(file, latin_1(&bytes), place..end, message, REMEDY)
    })
}

fn mistake(
    file: &str,
    text: String,
    range: std::ops::Range<usize>,
    message: String,
    remedy: &str,
) -> Problems {
    let source = Source {
        name: file.into(),
        text,
    };
    let problem = Problem::new(&Place::new(0, range), message).hint(remedy.to_owned());
    Problems::new(vec![source], vec![problem])
}

/// Decodes UTF-8 as it is, and any other byte as Latin-1.
fn latin_1(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().copied().map(char::from));
    }
    text
}

/// Byte order of an encoding with two bytes for each character.
#[derive(Clone, Copy)]
enum WideEncoding {
    LittleEndian { marked: bool },
    BigEndian { marked: bool },
}

impl WideEncoding {
    /// Detects it by its mark, or by zeros in every other byte, as in an English text.
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xFE, ..] => return Some(Self::LittleEndian { marked: true }),
            [0xFE, 0xFF, ..] => return Some(Self::BigEndian { marked: true }),
            _ => {}
        }
        let zeros = |first: usize| {
            let places = bytes.iter().skip(first).step_by(2);
            places.filter(|byte| **byte == 0).count()
        };
        // A text of other scripts has few, but the TOML around it has many.
        let is_every_other = |zeros: usize, others: usize| zeros * 4 > bytes.len() && others == 0;
        let [even, odd] = [zeros(0), zeros(1)];
        if is_every_other(odd, even) {
            return Some(Self::LittleEndian { marked: false });
        }
        is_every_other(even, odd).then_some(Self::BigEndian { marked: false })
    }

    fn name(self) -> &'static str {
        match self {
            Self::LittleEndian { marked: true } => "UTF-16 (PowerShell's `>` writes it)",
            Self::LittleEndian { marked: false } => "UTF-16 without a byte order mark",
            Self::BigEndian { marked: true } => "UTF-16, big-endian",
            Self::BigEndian { marked: false } => "UTF-16, big-endian, without a byte order mark",
        }
    }

    fn text(self, bytes: &[u8]) -> String {
        let unit: fn([u8; 2]) -> u16 = match self {
            Self::LittleEndian { .. } => u16::from_le_bytes,
            Self::BigEndian { .. } => u16::from_be_bytes,
        };
        let pairs = bytes.chunks_exact(2);
        let units: Vec<u16> = pairs.map(|pair| unit([pair[0], pair[1]])).collect();
        let text = String::from_utf16_lossy(&units);
        text.trim_start_matches('\u{FEFF}').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "title = \"Die Tür\"\nload.clients = 3\n";

    fn utf_16(unit: fn(u16) -> [u8; 2], mark: bool) -> Vec<u8> {
        let mark = mark.then_some(0xFEFF);
        mark.into_iter()
            .chain(TEXT.encode_utf16())
            .flat_map(unit)
            .collect()
    }

    #[test]
    fn a_text_in_utf_16_is_one_mistake_that_names_it() {
        for (bytes, name) in [
            (utf_16(u16::to_le_bytes, true), "PowerShell's `>`"),
            (
                utf_16(u16::to_le_bytes, false),
                "UTF-16 without a byte order mark",
            ),
            (utf_16(u16::to_be_bytes, true), "UTF-16, big-endian"),
            (
                utf_16(u16::to_be_bytes, false),
                "big-endian, without a byte order mark",
            ),
        ] {
            let text = text_of(bytes, "x.toml").expect_err("it is not UTF-8");
            assert_eq!(text.count(), 1);
            let line = text.to_string();
            for part in [
                name,
                "x.toml:1:1",
                "title = \"Die Tür\"",
                "save the file as UTF-8",
            ] {
                assert!(line.contains(part), "{part} is not in\n{line}");
            }
        }
    }

    #[test]
    fn a_letter_in_latin_1_is_one_mistake_at_its_line_and_column() {
        // `title = "caf` is 12 characters: the é is the 13th.
        let text = text_of(b"title = \"caf\xE9 \xFC\"\n".to_vec(), "x.toml");
        let line = text.expect_err("it is not UTF-8");
        assert_eq!(line.count(), 1);
        let sentence = line.to_string();
        for part in [
            "byte 0xE9",
            "in Latin-1 it is `é`",
            "x.toml:1:13",
            "café ü",
            "save the file",
        ] {
            assert!(sentence.contains(part), "{part} is not in\n{sentence}");
        }
    }

    #[test]
    fn utf_8_with_or_without_a_mark_is_taken() {
        for text in [TEXT.to_owned(), format!("\u{FEFF}{TEXT}"), String::new()] {
            assert_eq!(text_of(text.clone().into_bytes(), "x").ok(), Some(text));
        }
    }
}
