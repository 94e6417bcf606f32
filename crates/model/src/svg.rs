//! Common parts of every SVG, a screen's and a figure's: text that stays text, one class for each meaning, and
//! colours that follow the reader's theme.

use crate::palette::{Background, Meaning, Theme};
use crate::words::controls_display;

/// Escapes text for content and attributes of XML 1.0. Characters that XML cannot hold or that change the
/// direction of the text become blanks.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' | '\u{200E}' | '\u{200F}' | '\u{FFFE}' | '\u{FFFF}' => safe.push(' '),
            letter if controls_display(letter) => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Returns the class of a meaning's colour.
pub fn class_of(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Running => "running",
        Meaning::Ready => "ready",
        Meaning::Parked => "parked",
        Meaning::Blocked => "blocked",
        Meaning::AtTheDoor => "door",
        Meaning::ForThePool => "pool",
        Meaning::InAQueue => "queue",
    }
}

/// Returns the rules of one ground, or of both: then those of dark pages apply where the reader prefers them.
pub fn by_theme(theme: Theme, rules: impl Fn(Background) -> String) -> String {
    match theme {
        Theme::Light => rules(Background::Light),
        Theme::Dark => rules(Background::Dark),
        Theme::Auto => format!(
            "{}\n@media(prefers-color-scheme:dark){{{}}}",
            rules(Background::Light),
            rules(Background::Dark)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_words_stay_words() {
        assert_eq!(
            escaped("</a><b c=\"d\">&\u{202E}\u{0}\u{FFFF}e"),
            "&lt;/a&gt;&lt;b c=&quot;d&quot;&gt;&amp;   e"
        );
    }
}
