//! What each colour and glyph means; for the screen and for figures alike.
//!
//! Colours are those of Okabe and Ito ("Color Universal Design", 2008), which people with any of the
//! usual kinds of colour vision tell apart. No meaning is carried by colour alone: each has a glyph
//! of its own, in Unicode and in ASCII, so that a screen without colours says the same. Text and
//! background are the terminal's own, which may be light or dark. Nothing here knows a terminal.

/// What a glyph or a colour stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// On a core.
    Running,
    /// Could run, while another one does.
    Ready,
    /// A coroutine that waits while its process goes on.
    Parked,
    /// A process asleep in one call.
    Blocked,
    /// Sent, and no worker has taken it yet.
    AtTheDoor,
}

impl Meaning {
    /// All of them, in the order in which a legend names them.
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Ready,
        Self::Parked,
        Self::Blocked,
        Self::AtTheDoor,
    ];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Parked => "parked",
            Self::Blocked => "blocked",
            Self::AtTheDoor => "at the door",
        }
    }

    /// One request of which this is true.
    #[must_use]
    pub fn glyph(self, glyphs: Glyphs) -> char {
        match (self, glyphs) {
            (Self::Running, Glyphs::Unicode) => '█',
            (Self::Ready, Glyphs::Unicode) => '▒',
            (Self::Parked, Glyphs::Unicode) => '·',
            (Self::AtTheDoor, Glyphs::Unicode) => '○',
            (Self::Running, Glyphs::Ascii) => '#',
            (Self::Ready, Glyphs::Ascii) => '=',
            (Self::Parked, Glyphs::Ascii) => '.',
            (Self::AtTheDoor, Glyphs::Ascii) => 'o',
            (Self::Blocked, Glyphs::Unicode | Glyphs::Ascii) => '!',
        }
    }

    /// Its colour: Okabe and Ito's bluish green, orange, sky blue, vermillion and reddish purple.
    #[must_use]
    pub fn colour(self) -> Rgb {
        match self {
            Self::Running => Rgb(0x00, 0x9E, 0x73),
            Self::Ready => Rgb(0xE6, 0x9F, 0x00),
            Self::Parked => Rgb(0x56, 0xB4, 0xE9),
            Self::Blocked => Rgb(0xD5, 0x5E, 0x00),
            Self::AtTheDoor => Rgb(0xCC, 0x79, 0xA7),
        }
    }

    /// The nearest of the sixteen colours that every terminal has, by its ANSI number. The terminal's
    /// owner chose what they look like, so these keep the hue and leave the shade to them.
    #[must_use]
    pub fn ansi(self) -> u8 {
        match self {
            Self::Running => 2,
            Self::Ready => 3,
            Self::Parked => 6,
            Self::Blocked => 1,
            Self::AtTheDoor => 5,
        }
    }
}

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// `#009E73`, as SVG and CSS write it.
    #[must_use]
    pub fn hex(self) -> String {
        format!("#{:02X}{:02X}{:02X}", self.0, self.1, self.2)
    }

    /// The nearest colour in the 6 × 6 × 6 cube of xterm's 256 colours (`256colres.pl`).
    #[must_use]
    pub fn xterm256(self) -> u8 {
        const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
        let nearest = |part: u8| {
            let distance = |step: &u8| LEVELS[usize::from(*step)].abs_diff(part);
            (0..6).min_by_key(distance).unwrap_or(0)
        };
        16 + 36 * nearest(self.0) + 6 * nearest(self.1) + nearest(self.2)
    }
}

/// Which characters the screen is drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Blocks, shades and circles.
    #[default]
    Unicode,
    /// Only what a typewriter has, for terminals and fonts that lack the rest.
    Ascii,
}

/// How many colours the screen may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// None: glyphs and words say it all.
    None,
    /// The terminal's own sixteen.
    Sixteen,
    /// xterm's 256.
    Many,
    /// Any.
    #[default]
    All,
}

/// How the screen is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The characters.
    pub glyphs: Glyphs,
    /// The colours.
    pub colours: Colours,
}

impl Look {
    /// What the environment asks for; `variable` looks one up.
    ///
    /// `NO_COLOR` with any value but the empty one means none (no-color.org), and so does a `TERM` of
    /// `dumb`; `COLORTERM` says that all are there, `TERM` that 256 are. A locale that is set and is
    /// not UTF-8 means ASCII.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let said = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = said("TERM").unwrap_or_default();
        let colour_term = said("COLORTERM").unwrap_or_default();
        let colours = if said("NO_COLOR").is_some() || term == "dumb" {
            Colours::None
        } else if ["truecolor", "24bit"].contains(&colour_term.as_str()) {
            Colours::All
        } else if term.contains("256color") {
            Colours::Many
        } else {
            Colours::Sixteen
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(said);
        let glyphs = match locale.map(|locale| locale.to_lowercase()) {
            Some(locale) if !locale.contains("utf-8") && !locale.contains("utf8") => Glyphs::Ascii,
            Some(_) | None => Glyphs::Unicode,
        };
        Self { glyphs, colours }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn look(environment: &[(&str, &str)]) -> Look {
        Look::of_environment(|name| {
            let set = environment.iter().find(|(known, _)| *known == name);
            set.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn no_two_meanings_share_a_glyph_or_a_colour() {
        let count = Meaning::ALL.len();
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            let drawn: BTreeSet<char> = Meaning::ALL.map(|meaning| meaning.glyph(glyphs)).into();
            assert_eq!(drawn.len(), count);
        }
        let exact: BTreeSet<String> = Meaning::ALL.map(|meaning| meaning.colour().hex()).into();
        let many: BTreeSet<u8> = Meaning::ALL
            .map(|meaning| meaning.colour().xterm256())
            .into();
        let sixteen: BTreeSet<u8> = Meaning::ALL.map(Meaning::ansi).into();
        assert_eq!([exact.len(), many.len(), sixteen.len()], [count; 3]);
    }

    #[test]
    fn ascii_glyphs_are_ascii() {
        for meaning in Meaning::ALL {
            assert!(meaning.glyph(Glyphs::Ascii).is_ascii());
        }
    }

    #[test]
    fn the_nearest_of_256_colours_is_near() {
        assert_eq!(Meaning::Running.colour().xterm256(), 35);
        assert_eq!(Meaning::Blocked.colour().xterm256(), 166);
    }

    #[test]
    fn the_environment_decides_how_the_screen_looks() {
        for (environment, colours) in [
            (&[("COLORTERM", "truecolor")][..], Colours::All),
            (&[("TERM", "xterm-256color")], Colours::Many),
            (&[("TERM", "vt220")], Colours::Sixteen),
            (&[("TERM", "dumb")], Colours::None),
            (&[("COLORTERM", "24bit"), ("NO_COLOR", "1")], Colours::None),
            (&[("COLORTERM", "24bit"), ("NO_COLOR", "")], Colours::All),
        ] {
            assert_eq!(look(environment).colours, colours, "{environment:?}");
        }
    }

    #[test]
    fn a_locale_without_utf_8_is_drawn_in_ascii() {
        assert_eq!(look(&[("LANG", "C")]).glyphs, Glyphs::Ascii);
        assert_eq!(look(&[("LANG", "en_US.UTF-8")]).glyphs, Glyphs::Unicode);
        assert_eq!(
            look(&[("LC_ALL", "C.utf8"), ("LANG", "C")]).glyphs,
            Glyphs::Unicode
        );
        assert_eq!(look(&[]).glyphs, Glyphs::Unicode);
    }
}
