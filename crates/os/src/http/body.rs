//! Bodies: read to their end, checked, and discarded.
//!
//! ```text
//!   4;a=b CR LF  d a t a CR LF   0 CR LF   Name: value CR LF   CR LF
//!   size  ext     data           last      trailer             end
//! ```

use super::{Refusal, Status};

/// Most bytes of chunk extensions and of trailers that one body may bring.
const OVERHEAD_LIMIT: usize = 8 << 10;
/// Most digits of a chunk's size: 16 would fill 64 bits.
const SIZE_DIGITS: u32 = 15;

/// Way in which a message marks the end of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// After this number of bytes.
    Length(u64),
    /// After the last chunk and its trailers.
    Chunked,
    /// Until the connection ends; responses only.
    UntilClose,
}

/// Body that is being received: consumes bytes until the body has ended.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    at: BodyPosition,
    /// Number of bytes of content that may still come.
    allowance: u64,
    overhead: usize,
    /// True for requests: blanks after a chunk's size are refused. Some servers write them.
    is_strict: bool,
}

/// Part of the body that the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyPosition {
    /// Content of known length.
    Content(u64),
    /// Content of unknown length.
    UntilClose,
    /// A chunk's size, and the number of its digits so far.
    Size { size: u64, digits: u32 },
    /// Blanks between a chunk's size and its extension, where RFC 9112 tolerates them.
    SizeBlank(u64),
    /// A chunk's extension: checked and skipped.
    Extension(u64, Ext),
    /// The line feed after a chunk's size.
    SizeEnd(u64),
    /// A chunk's content.
    Data(u64),
    /// The carriage return after a chunk's content.
    DataReturn,
    /// The line feed after that.
    DataEnd,
    /// The first byte of a trailer, or of the empty line.
    TrailerBegin,
    /// A trailer's name.
    TrailerName,
    /// A trailer's value.
    TrailerValue,
    /// The line feed after a trailer.
    TrailerEnd,
    /// The line feed of the empty line.
    LastEnd,
    /// Beyond the body.
    Over,
}

/// Part of a chunk extension: `name`, `name=value` or `name="value"`, with semicolons between them (RFC
/// 9112, section 7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ext {
    /// Before a name.
    Begin,
    /// In a name.
    Name,
    /// After a name and a blank.
    NameBlank,
    /// After the equals sign.
    Equals,
    /// In a value without quotes.
    Value,
    /// In a value in quotes.
    Quoted,
    /// After a backslash in quotes.
    Escaped,
    /// After the closing quote.
    After,
    /// After a value and a blank.
    AfterBlank,
}

impl Ext {
    /// Returns the part after `byte`; `None` if the byte is not allowed here.
    fn step(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Begin | Self::Equals, b' ' | b'\t') => self,
            (Self::Begin | Self::Name, _) if is_token(byte) => Self::Name,
            (Self::Equals | Self::Value, _) if is_token(byte) => Self::Value,
            (Self::Equals, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::After,
            (Self::Quoted, b'\\') => Self::Escaped,
            (Self::Quoted | Self::Escaped, _) if is_text(byte) => Self::Quoted,
            (Self::Name | Self::NameBlank, b' ' | b'\t') => Self::NameBlank,
            (Self::Value | Self::After | Self::AfterBlank, b' ' | b'\t') => Self::AfterBlank,
            (Self::Name | Self::NameBlank, b'=') => Self::Equals,
            (Self::Name | Self::NameBlank | Self::Value | Self::After | Self::AfterBlank, b';') => {
                Self::Begin
            }
            _ => return None,
        })
    }
}

impl Body {
    /// Returns a body that begins with the next byte and may have up to `limit` bytes of content.
    #[must_use]
    pub fn new(framing: Framing, limit: u64) -> Self {
        let at = match framing {
            Framing::Length(0) => BodyPosition::Over,
            Framing::Length(length) => BodyPosition::Content(length),
            Framing::Chunked => BodyPosition::Size { size: 0, digits: 0 },
            Framing::UntilClose => BodyPosition::UntilClose,
        };
        Self {
            at,
            allowance: limit,
            overhead: 0,
            is_strict: false,
        }
    }

    /// Returns the body of a request. Its framing must be unambiguous: a server in front might read it in
    /// another way.
    #[must_use]
    pub fn of_request(framing: Framing, limit: u64) -> Self {
        Self {
            is_strict: true,
            ..Self::new(framing, limit)
        }
    }

    /// True if the whole body has been consumed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.at == BodyPosition::Over
    }

    /// True if the end of the connection, now, would be the end of the body.
    #[must_use]
    pub fn may_end_here(&self) -> bool {
        matches!(self.at, BodyPosition::Over | BodyPosition::UntilClose)
    }

    /// Consumes bytes up to the body's end. Returns their number: all of them, unless the body has ended.
    ///
    /// # Errors
    /// Returns a refusal: 400 if the framing is broken, 413 if the content is longer than allowed.
    pub fn consume(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let mut swallowed = 0;
        while let Some(&byte) = bytes.get(swallowed) {
            let rest = bytes.len() - swallowed;
            swallowed += match &mut self.at {
                BodyPosition::Over => break,
                BodyPosition::UntilClose => rest,
                BodyPosition::Content(left) | BodyPosition::Data(left) => take(left, rest),
                _ => {
                    self.at = self.step(byte)?;
                    1
                }
            };
            match self.at {
                BodyPosition::Content(0) => self.at = BodyPosition::Over,
                BodyPosition::Data(0) => self.at = BodyPosition::DataReturn,
                _ => {}
            }
        }
        Ok(swallowed)
    }

    /// Consumes one byte of framing.
    fn step(&mut self, byte: u8) -> Result<BodyPosition, Refusal> {
        match (self.at, byte) {
            (BodyPosition::Size { size, digits }, _) if byte.is_ascii_hexdigit() => {
                one_more_digit(size, digits, byte)
            }
            (BodyPosition::Size { digits: 0, .. }, _) => {
                Err(Refusal::bad("the size of a chunk is not a number"))
            }
            (BodyPosition::Size { size, .. }, b'\r') => Ok(BodyPosition::SizeEnd(size)),
            (BodyPosition::SizeBlank(size), b'\r') if !self.is_strict => {
                Ok(BodyPosition::SizeEnd(size))
            }
            (BodyPosition::Size { size, .. } | BodyPosition::SizeBlank(size), b' ' | b'\t') => {
                self.count_overhead_byte(BodyPosition::SizeBlank(size))
            }
            (BodyPosition::Size { size, .. } | BodyPosition::SizeBlank(size), b';') => {
                Ok(BodyPosition::Extension(size, Ext::Begin))
            }
            (BodyPosition::Size { .. } | BodyPosition::SizeBlank(_), _) => {
                Err(Refusal::bad("unexpected text after the size of a chunk"))
            }
            (BodyPosition::Extension(size, Ext::Name | Ext::Value | Ext::After), b'\r') => {
                Ok(BodyPosition::SizeEnd(size))
            }
            (BodyPosition::Extension(size, ext), _) => match ext.step(byte) {
                Some(next) => self.count_overhead_byte(BodyPosition::Extension(size, next)),
                None => Err(Refusal::bad("invalid extension of a chunk")),
            },
            (BodyPosition::SizeEnd(size), b'\n') => self.chunk(size),
            (BodyPosition::DataReturn, b'\r') => Ok(BodyPosition::DataEnd),
            (BodyPosition::DataEnd, b'\n') => Ok(BodyPosition::Size { size: 0, digits: 0 }),
            (BodyPosition::DataReturn | BodyPosition::DataEnd, _) => {
                Err(Refusal::bad("a chunk is longer than its size"))
            }
            (BodyPosition::TrailerBegin, b'\r') => Ok(BodyPosition::LastEnd),
            (BodyPosition::LastEnd, b'\n') => Ok(BodyPosition::Over),
            (BodyPosition::TrailerBegin | BodyPosition::TrailerName, _) if is_token(byte) => {
                self.count_overhead_byte(BodyPosition::TrailerName)
            }
            (BodyPosition::TrailerName, b':') => Ok(BodyPosition::TrailerValue),
            (BodyPosition::TrailerValue, b'\r') => Ok(BodyPosition::TrailerEnd),
            (BodyPosition::TrailerValue, _) if is_text(byte) => {
                self.count_overhead_byte(BodyPosition::TrailerValue)
            }
            (BodyPosition::TrailerEnd, b'\n') => Ok(BodyPosition::TrailerBegin),
            _ => Err(Refusal::bad("invalid framing of a chunk")),
        }
    }

    /// Begins the content of a chunk of `size`; after the last chunk, the trailers.
    fn chunk(&mut self, size: u64) -> Result<BodyPosition, Refusal> {
        if size == 0 {
            return Ok(BodyPosition::TrailerBegin);
        }
        let too_long = Refusal::new(
            Status::ContentTooLarge,
            "the sum of the chunks is too large",
        );
        self.allowance = self.allowance.checked_sub(size).ok_or(too_long)?;
        Ok(BodyPosition::Data(size))
    }

    /// Counts a byte that carries no content: their number is limited.
    fn count_overhead_byte(&mut self, at: BodyPosition) -> Result<BodyPosition, Refusal> {
        self.overhead += 1;
        if self.overhead > OVERHEAD_LIMIT {
            let reason = "too many extensions or trailers of chunks";
            return Err(Refusal::new(Status::FieldsTooLarge, reason));
        }
        Ok(at)
    }
}

/// Takes as much of `rest` as is left.
fn take(left: &mut u64, rest: usize) -> usize {
    let taken = rest.min(usize::try_from(*left).unwrap_or(usize::MAX));
    *left -= taken as u64;
    taken
}

fn one_more_digit(size: u64, digits: u32, byte: u8) -> Result<BodyPosition, Refusal> {
    if digits == SIZE_DIGITS {
        return Err(Refusal::bad("a chunk's size has too many digits"));
    }
    let digit = char::from(byte)
        .to_digit(16)
        .expect("the caller has checked it");
    Ok(BodyPosition::Size {
        size: size << 4 | u64::from(digit),
        digits: digits + 1,
    })
}

/// True for a byte that a value may have: visible, blank, or beyond ASCII.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7F)
}

/// True for a byte that a name may have (`tchar` of RFC 9110, section 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~'
        )
}
