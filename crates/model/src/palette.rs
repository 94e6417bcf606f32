//! What each colour and glyph means; for the screen and for figures alike.
//!
//! Colours are those of Okabe and Ito ("Color Universal Design", 2008), which people with any of the
//! usual kinds of colour vision tell apart. No meaning is carried by colour alone: each has a glyph
//! of its own, in Unicode and in ASCII, so that a screen without colours says the same. Text and
//! background are the terminal's own, unless a theme is asked for. On a light ground the lighter of
//! those colours would be too faint; there each is a darker shade of its hue. Nothing here knows a
//! terminal.

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
    /// In lanes: waits for a connection or a thread of its worker's pool.
    ForThePool,
    /// In lanes: its call is in the queue of a service.
    InAQueue,
}

impl Meaning {
    /// All of them, in the order in which a legend names them.
    pub const ALL: [Self; 7] = [
        Self::Running,
        Self::Ready,
        Self::Parked,
        Self::Blocked,
        Self::AtTheDoor,
        Self::ForThePool,
        Self::InAQueue,
    ];
    /// The states of a request. Each request is in one of them.
    pub const STATES: [Self; 5] = [
        Self::Running,
        Self::Ready,
        Self::Parked,
        Self::Blocked,
        Self::AtTheDoor,
    ];
    /// Parts of a wait, which lanes tell apart: of one that is parked or blocked.
    pub const QUEUES: [Self; 2] = [Self::ForThePool, Self::InAQueue];

    /// The word for it.
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

    /// Its glyph in one or two words: on a screen that of what is ready also stands for what has its worker, and
    /// wants a core.
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

    /// One request of which this is true.
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

    /// Its colour: Okabe and Ito's bluish green, orange, sky blue, vermillion, reddish purple and yellow,
    /// and a violet in the place of their blue, which is too near to sky blue for thin marks; on a light ground a shade of the same hue with a contrast of at least 3 : 1 (WCAG 2.2,
    /// 1.4.11), also where there are only 256 colours.
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

    /// The meaning that has this colour on either ground.
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
            Self::ForThePool => 4,
            // Bright yellow: what is ready has the other one.
            Self::InAQueue => 11,
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

/// What is behind text and glyphs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// As most terminals have it.
    #[default]
    Dark,
    /// As paper has it, and a projector in a room with windows should.
    Light,
}

impl Background {
    /// Its own colour.
    #[must_use]
    pub fn colour(self) -> Rgb {
        match self {
            Self::Dark => Rgb(0x14, 0x16, 0x1A),
            Self::Light => Rgb(0xFF, 0xFF, 0xFF),
        }
    }

    /// Letters on it.
    #[must_use]
    pub fn text(self) -> Rgb {
        match self {
            Self::Dark => Rgb(0xE6, 0xE6, 0xE6),
            Self::Light => Rgb(0x1A, 0x1A, 0x1A),
        }
    }

    /// Letters of a warning.
    #[must_use]
    pub fn warning(self) -> Rgb {
        match self {
            Self::Dark => Rgb(0xEF, 0x7A, 0x24),
            Self::Light => Rgb(0x9A, 0x34, 0x12),
        }
    }

    /// Letters for those who look for them.
    #[must_use]
    pub fn quiet(self) -> Rgb {
        match self {
            Self::Dark => Rgb(0x9A, 0x9A, 0x9A),
            Self::Light => Rgb(0x59, 0x59, 0x59),
        }
    }
}

/// Whose text and ground it is.
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
    /// The one after it, around the end.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
        }
    }
}

/// Who looks at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// One person, close to it.
    #[default]
    Desk,
    /// Many, the last of them far away: few things, all of them large, nothing faint.
    Projector,
}

impl Room {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Desk => Self::Projector,
            Self::Projector => Self::Desk,
        }
    }
}

/// A half of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first.
    Left,
    /// The second.
    Right,
}

impl Side {
    /// The half that has more of `all`, of which `late` lies in the second one.
    #[must_use]
    pub fn of(late: u64, all: u64) -> Self {
        if late > all - late {
            Self::Right
        } else {
            Self::Left
        }
    }
}

/// How the screen is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The characters.
    pub glyphs: Glyphs,
    /// The colours.
    pub colours: Colours,
    /// Whose text and ground.
    pub theme: Theme,
    /// What the terminal's own ground is taken to be.
    pub own_ground: Background,
    /// Who looks at it.
    pub room: Room,
}

impl Look {
    /// The ground that glyphs are drawn on.
    #[must_use]
    pub fn ground(self) -> Background {
        match self.theme {
            Theme::Auto => self.own_ground,
            Theme::Light => Background::Light,
            Theme::Dark => Background::Dark,
        }
    }

    /// The ground that has to be painted, if it is not the terminal's own.
    #[must_use]
    pub fn painted(self) -> Option<Background> {
        let has_colours = self.colours != Colours::None;
        (self.theme != Theme::Auto && has_colours).then(|| self.ground())
    }

    /// One request of which `meaning` is true. What is a dot at a desk is none at the end of a hall.
    #[must_use]
    pub fn glyph(self, meaning: Meaning) -> char {
        match (self.room, self.glyphs, meaning) {
            (Room::Projector, Glyphs::Unicode, Meaning::Parked) => '•',
            (Room::Projector, Glyphs::Unicode, Meaning::ForThePool) => '┅',
            (Room::Projector, Glyphs::Unicode, Meaning::InAQueue) => '┇',
            (Room::Desk | Room::Projector, glyphs, meaning) => meaning.glyph(glyphs),
        }
    }

    /// The same in the last line of a row that touches the next: what would fill its cell leaves the
    /// lower half free, so that two rows are two also from far away.
    #[must_use]
    pub fn foot(self, meaning: Meaning) -> char {
        match (self.room, self.glyphs, meaning) {
            (Room::Projector, Glyphs::Unicode, Meaning::Running) => '▀',
            (Room::Desk | Room::Projector, _, meaning) => self.glyph(meaning),
        }
    }

    /// A request that ran for a small part of a column of a lane: too thin to be taken for one that ran
    /// all the time, too much to be left out. Wider before a hall, where an eighth of a column is nothing.
    #[must_use]
    pub fn sliver(self, side: Side) -> char {
        match (self.room, self.glyphs, side) {
            (Room::Desk, Glyphs::Unicode, Side::Left) => '▏',
            (Room::Desk, Glyphs::Unicode, Side::Right) => '▕',
            (Room::Projector, Glyphs::Unicode, Side::Left) => '▌',
            (Room::Projector, Glyphs::Unicode, Side::Right) => '▐',
            (Room::Desk | Room::Projector, Glyphs::Ascii, Side::Left | Side::Right) => '|',
        }
    }

    /// A column of which this share is filled; blank only if nothing is.
    #[must_use]
    pub fn level(self, share: f64) -> char {
        let (steps, glyphs) = match self.glyphs {
            Glyphs::Unicode => (8.0, [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']),
            Glyphs::Ascii => (8.0, [' ', '1', '2', '3', '4', '5', '6', '7', '8']),
        };
        let step = (share.clamp(0.0, 1.0) * steps).ceil();
        glyphs[step as usize]
    }

    /// What the environment asks for; `variable` looks one up.
    ///
    /// `NO_COLOR` with any value but the empty one means none (no-color.org), and so does a `TERM` of
    /// `dumb`; `COLORTERM` says that all are there, `TERM` that 256 are. A locale that is set and is
    /// not UTF-8 means ASCII. Terminals that set `COLORFGBG` say with its last number which of the
    /// sixteen colours their ground is.
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
        let ground = said("COLORFGBG").and_then(|said| said.rsplit(';').next()?.parse().ok());
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

/// Relative luminance, as WCAG 2.2 defines it.
fn luminance(Rgb(red, green, blue): Rgb) -> f64 {
    let linear = |part: u8| match f64::from(part) / 255.0 {
        part if part <= 0.04045 => part / 12.92,
        part => libm::pow((part + 0.055) / 1.055, 2.4),
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// Contrast ratio, as WCAG 2.2 defines it: 1 to 21.
#[must_use]
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests;
