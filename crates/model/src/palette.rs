//! Meanings of colours and glyphs, on the screen and in figures alike.
//!
//! Colours are those of Okabe and Ito ("Color Universal Design", 2008), which stay distinct under the usual
//! kinds of colour blindness. No meaning is carried by colour alone: each has a glyph of its own, in Unicode
//! and in ASCII, so that a screen without colours says the same. Text and background are the terminal's own,
//! unless a theme is asked for. On a light ground the lighter of those colours would be too faint; there each
//! is a darker shade of its hue. Nothing here depends on a terminal.

/// Meaning of a glyph or a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// On a core.
    Running,
    /// Could run, while another request does.
    Ready,
    /// A coroutine that waits while its process goes on.
    Parked,
    /// A process asleep in one call.
    Blocked,
    /// Sent, and no worker has taken it yet.
    AtTheDoor,
    /// In lanes: waits for a connection or a thread of its worker's pool.
    ForThePool,
    /// In lanes: its call is in the queue of a service.
    InAQueue,
}

impl Meaning {
    /// All meanings, in the order in which a legend names them.
    pub const ALL: [Self; 7] = [
        Self::Running,
        Self::Ready,
        Self::Parked,
        Self::Blocked,
        Self::AtTheDoor,
        Self::ForThePool,
        Self::InAQueue,
    ];
    /// The states of a request. Each request is in one state.
    pub const STATES: [Self; 5] = [
        Self::Running,
        Self::Ready,
        Self::Parked,
        Self::Blocked,
        Self::AtTheDoor,
    ];
    /// Parts of a parked or blocked wait, which lanes tell apart.
    pub const QUEUES: [Self; 2] = [Self::ForThePool, Self::InAQueue];

    /// Returns the word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Parked => "parked",
            Self::Blocked => "blocked",
            Self::AtTheDoor => "at the door",
            Self::ForThePool => "pool",
            Self::InAQueue => "queue",
        }
    }

    /// Returns the label of its glyph, one or two words. On a screen the ready glyph also stands for a request
    /// that has its worker and wants a core.
    #[must_use]
    pub fn glyph_word(self) -> &'static str {
        match self {
            Self::Ready => "could run",
            Self::Running
            | Self::Parked
            | Self::Blocked
            | Self::AtTheDoor
            | Self::ForThePool
            | Self::InAQueue => self.word(),
        }
    }

    /// Returns the glyph of one request in this state.
    #[must_use]
    pub const fn glyph(self, glyphs: Glyphs) -> char {
        match (self, glyphs) {
            (Self::Running, Glyphs::Unicode) => '█',
            (Self::Ready, Glyphs::Unicode) => '▒',
            (Self::Parked, Glyphs::Unicode) => '·',
            (Self::AtTheDoor, Glyphs::Unicode) => '○',
            (Self::ForThePool, Glyphs::Unicode) => '┄',
            (Self::InAQueue, Glyphs::Unicode) => '┆',
            (Self::Running, Glyphs::Ascii) => '#',
            (Self::Ready, Glyphs::Ascii) => '=',
            (Self::Parked, Glyphs::Ascii) => '.',
            (Self::AtTheDoor, Glyphs::Ascii) => 'o',
            (Self::ForThePool, Glyphs::Ascii) => '-',
            (Self::InAQueue, Glyphs::Ascii) => ':',
            (Self::Blocked, Glyphs::Unicode | Glyphs::Ascii) => '!',
        }
    }

    /// Returns its colour: Okabe and Ito's bluish green, orange, sky blue, vermillion, reddish purple and
    /// yellow, and a violet in the place of their blue, which is too near to sky blue for thin marks. On a
    /// light ground it is a shade of the same hue with a contrast of at least 3 : 1 (WCAG 2.2, 1.4.11), also
    /// where there are only 256 colours.
    #[must_use]
    pub fn colour(self, ground: Background) -> Rgb {
        match (self, ground) {
            (Self::Running, Background::Dark) => Rgb(0x00, 0x9E, 0x73),
            (Self::Ready, Background::Dark) => Rgb(0xE6, 0x9F, 0x00),
            (Self::Parked, Background::Dark) => Rgb(0x56, 0xB4, 0xE9),
            (Self::Blocked, Background::Dark) => Rgb(0xD5, 0x5E, 0x00),
            (Self::AtTheDoor, Background::Dark) => Rgb(0xCC, 0x79, 0xA7),
            (Self::ForThePool, Background::Dark) => Rgb(0xA0, 0x90, 0xF0),
            (Self::InAQueue, Background::Dark) => Rgb(0xF0, 0xE4, 0x42),
            (Self::Running, Background::Light) => Rgb(0x00, 0x7F, 0x5C),
            (Self::Ready, Background::Light) => Rgb(0xA8, 0x75, 0x00),
            (Self::Parked, Background::Light) => Rgb(0x1F, 0x7D, 0xB8),
            (Self::Blocked, Background::Light) => Rgb(0xC8, 0x54, 0x00),
            (Self::AtTheDoor, Background::Light) => Rgb(0xA6, 0x4F, 0x80),
            (Self::ForThePool, Background::Light) => Rgb(0x6A, 0x50, 0xC8),
            (Self::InAQueue, Background::Light) => Rgb(0x80, 0x7C, 0x00),
        }
    }

    /// Returns the meaning that has this colour on either ground.
    #[must_use]
    pub fn of_colour(colour: Rgb) -> Option<Self> {
        let has_it = |meaning: &Self| {
            let grounds = [Background::Dark, Background::Light];
            grounds
                .map(|ground| meaning.colour(ground))
                .contains(&colour)
        };
        Self::ALL.into_iter().find(has_it)
    }

    /// Returns the nearest of the sixteen colours that every terminal has, by its ANSI number. The terminal's
    /// settings decide their shade, so these keep only the hue.
    #[must_use]
    pub fn ansi(self) -> u8 {
        match self {
            Self::Running => 2,
            Self::Ready => 3,
            Self::Parked => 6,
            Self::Blocked => 1,
            Self::AtTheDoor => 5,
            Self::ForThePool => 4,
            // Bright yellow: ready has the other yellow.
            Self::InAQueue => 11,
        }
    }
}

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// Returns `#009E73`, as SVG and CSS write it.
    #[must_use]
    pub fn hex(self) -> String {
        format!("#{:02X}{:02X}{:02X}", self.0, self.1, self.2)
    }

    /// Returns the nearest colour in the 6 × 6 × 6 cube of xterm's 256 colours (`256colres.pl`).
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

/// Character set of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Blocks, shades and circles.
    #[default]
    Unicode,
    /// ASCII only, for terminals and fonts that lack the rest.
    Ascii,
}

/// Number of colours the screen may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// None: glyphs and words carry every meaning.
    None,
    /// The terminal's own sixteen.
    Sixteen,
    /// xterm's 256.
    Many,
    /// Any.
    #[default]
    All,
}

/// Brightness of the background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// Dark, as in most terminals.
    #[default]
    Dark,
    /// Light, as on paper and for a projector in a bright room.
    Light,
}

impl Background {
    /// Returns its own colour.
    #[must_use]
    pub fn colour(self) -> Rgb {
        match self {
            Self::Dark => Rgb(0x14, 0x16, 0x1A),
            Self::Light => Rgb(0xFF, 0xFF, 0xFF),
        }
    }

    /// Returns the colour of text.
    #[must_use]
    pub fn text(self) -> Rgb {
        match self {
            Self::Dark => Rgb(0xE6, 0xE6, 0xE6),
            Self::Light => Rgb(0x1A, 0x1A, 0x1A),
        }
    }

    /// Returns the colour of a warning.
    #[must_use]
    pub fn warning(self) -> Rgb {
        match self {
            Self::Dark => Rgb(0xEF, 0x7A, 0x24),
            Self::Light => Rgb(0x9A, 0x34, 0x12),
        }
    }

    /// Returns the colour of secondary text.
    #[must_use]
    pub fn quiet(self) -> Rgb {
        match self {
            Self::Dark => Rgb(0x9A, 0x9A, 0x9A),
            Self::Light => Rgb(0x59, 0x59, 0x59),
        }
    }
}

/// Colours of text and ground.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Theme {
    /// The terminal's, or the reader's
    #[default]
    Auto,
    /// Dark letters on a light ground
    Light,
    /// Light letters on a dark ground
    Dark,
}

impl Theme {
    /// Returns the next theme, cyclically.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
        }
    }
}

/// Viewing distance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// One reader, close to the screen.
    #[default]
    Desk,
    /// A hall, its last row far away: few items, all large, nothing faint.
    Projector,
}

impl Room {
    /// Returns the other room.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Desk => Self::Projector,
            Self::Projector => Self::Desk,
        }
    }
}

/// Half of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first half.
    Left,
    /// The second half.
    Right,
}

impl Side {
    /// Returns the half that has more of `all`, of which `late` lies in the second half.
    #[must_use]
    pub fn of(late: u64, all: u64) -> Self {
        if late > all - late {
            Self::Right
        } else {
            Self::Left
        }
    }
}

/// Appearance of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Character set.
    pub glyphs: Glyphs,
    /// Number of colours.
    pub colours: Colours,
    /// Colours of text and ground.
    pub theme: Theme,
    /// Brightness assumed for the terminal's own ground.
    pub own_ground: Background,
    /// Viewing distance.
    pub room: Room,
}

impl Look {
    /// Returns the ground that glyphs are drawn on.
    #[must_use]
    pub fn ground(self) -> Background {
        match self.theme {
            Theme::Auto => self.own_ground,
            Theme::Light => Background::Light,
            Theme::Dark => Background::Dark,
        }
    }

    /// Returns the ground that has to be painted, if it is not the terminal's own.
    #[must_use]
    pub fn painted(self) -> Option<Background> {
        let has_colours = self.colours != Colours::None;
        (self.theme != Theme::Auto && has_colours).then(|| self.ground())
    }

    /// Returns the glyph of one request with `meaning`. A dot that is clear at a desk is invisible at the end
    /// of a hall.
    #[must_use]
    pub fn glyph(self, meaning: Meaning) -> char {
        match (self.room, self.glyphs, meaning) {
            (Room::Projector, Glyphs::Unicode, Meaning::Parked) => '•',
            (Room::Projector, Glyphs::Unicode, Meaning::ForThePool) => '┅',
            (Room::Projector, Glyphs::Unicode, Meaning::InAQueue) => '┇',
            (Room::Desk | Room::Projector, glyphs, meaning) => meaning.glyph(glyphs),
        }
    }

    /// Returns the glyph for the last line of a row that touches the next row: a glyph that would fill its cell
    /// leaves the lower half free, so that two rows stay distinct from far away.
    #[must_use]
    pub fn foot(self, meaning: Meaning) -> char {
        match (self.room, self.glyphs, meaning) {
            (Room::Projector, Glyphs::Unicode, Meaning::Running) => '▀',
            (Room::Desk | Room::Projector, _, meaning) => self.glyph(meaning),
        }
    }

    /// Returns the glyph of a request that ran for a small part of a column of a lane: too thin to be taken for
    /// one that ran all the time, too large to overlook. Wider in a hall, where an eighth of a column is
    /// invisible.
    #[must_use]
    pub fn partial_column(self, side: Side) -> char {
        match (self.room, self.glyphs, side) {
            (Room::Desk, Glyphs::Unicode, Side::Left) => '▏',
            (Room::Desk, Glyphs::Unicode, Side::Right) => '▕',
            (Room::Projector, Glyphs::Unicode, Side::Left) => '▌',
            (Room::Projector, Glyphs::Unicode, Side::Right) => '▐',
            (Room::Desk | Room::Projector, Glyphs::Ascii, Side::Left | Side::Right) => '|',
        }
    }

    /// Returns a column filled to `share`; blank only at 0.
    #[must_use]
    pub fn level(self, share: f64) -> char {
        let (steps, glyphs) = match self.glyphs {
            Glyphs::Unicode => (8.0, [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']),
            Glyphs::Ascii => (8.0, [' ', '1', '2', '3', '4', '5', '6', '7', '8']),
        };
        let step = (share.clamp(0.0, 1.0) * steps).ceil();
        glyphs[step as usize]
    }

    /// Returns the look that the environment asks for; `variable` looks up a variable.
    ///
    /// `NO_COLOR` with any value but the empty one means no colours (no-color.org), and so does a `TERM` of
    /// `dumb`. `COLORTERM` promises all colours, `TERM` 256. A locale that is set and is not UTF-8 means ASCII.
    /// Terminals that set `COLORFGBG` give the number of their ground among the sixteen colours at its end.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = text("TERM").unwrap_or_default();
        let colour_term = text("COLORTERM").unwrap_or_default();
        let colours = if text("NO_COLOR").is_some() || term == "dumb" {
            Colours::None
        } else if ["truecolor", "24bit"].contains(&colour_term.as_str()) {
            Colours::All
        } else if term.contains("256color") {
            Colours::Many
        } else {
            Colours::Sixteen
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text);
        let glyphs = match locale.map(|locale| locale.to_lowercase()) {
            Some(locale) if !locale.contains("utf-8") && !locale.contains("utf8") => Glyphs::Ascii,
            Some(_) | None => Glyphs::Unicode,
        };
        let ground = text("COLORFGBG").and_then(|line| line.rsplit(';').next()?.parse().ok());
        let own_ground = match ground {
            Some(7 | 9..=15_u8) => Background::Light,
            Some(_) | None => Background::Dark,
        };
        Self {
            glyphs,
            colours,
            own_ground,
            ..Self::default()
        }
    }
}

/// Returns the relative luminance, as WCAG 2.2 defines it.
fn luminance(Rgb(red, green, blue): Rgb) -> f64 {
    let linear = |part: u8| match f64::from(part) / 255.0 {
        part if part <= 0.04045 => part / 12.92,
        part => libm::pow((part + 0.055) / 1.055, 2.4),
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// Returns the contrast ratio, as WCAG 2.2 defines it: 1 to 21.
#[must_use]
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests;
