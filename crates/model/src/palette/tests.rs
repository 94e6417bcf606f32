//! Colours are distinct and visible, and follow the environment.

use std::collections::BTreeSet;

use super::*;

const BACKGROUNDS: [Background; 2] = [Background::Dark, Background::Light];

/// Returns the RGB value of a colour of xterm's cube.
fn of_xterm256(number: u8) -> Rgb {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let part = |weight: u8| LEVELS[usize::from((number - 16) / weight % 6)];
    Rgb(part(36), part(6), part(1))
}

/// Returns the angle on the colour wheel, in degrees.
fn hue(Rgb(red, green, blue): Rgb) -> f64 {
    let most = red.max(green).max(blue);
    let spread = f64::from(most - red.min(green).min(blue));
    let sixths = |one: u8, other: u8| (f64::from(one) - f64::from(other)) / spread;
    60.0 * match most {
        most if most == red => sixths(green, blue),
        most if most == green => 2.0 + sixths(blue, red),
        _ => 4.0 + sixths(red, green),
    }
}

#[test]
fn glyphs_stand_out_from_either_ground_at_least_three_to_one() {
    for ground in BACKGROUNDS {
        for meaning in Meaning::ALL {
            let exact = meaning.colour(ground);
            for colour in [exact, of_xterm256(exact.xterm256())] {
                let ratio = contrast(colour, ground.colour());
                assert!(ratio >= 3.0, "{meaning:?} on {ground:?}: {ratio:.2}");
            }
        }
    }
}

#[test]
fn letters_can_be_read_on_either_ground() {
    for ground in BACKGROUNDS {
        let (text, quiet) = (ground.text(), ground.quiet());
        assert!(contrast(text, ground.colour()) >= 7.0, "{ground:?}");
        assert!(contrast(quiet, ground.colour()) >= 4.5, "{ground:?}");
        assert!(
            contrast(ground.warning(), ground.colour()) >= 4.5,
            "{ground:?}"
        );
    }
    assert!((contrast(Rgb(0, 0, 0), Rgb(255, 255, 255)) - 21.0).abs() < 1e-9);
}

#[test]
fn a_meaning_keeps_its_hue_on_either_ground() {
    for meaning in Meaning::ALL {
        let [dark, light] = BACKGROUNDS.map(|ground| hue(meaning.colour(ground)));
        assert!((dark - light).abs() < 5.0, "{meaning:?}: {dark} {light}");
        assert_eq!(
            BACKGROUNDS.map(|ground| Meaning::of_colour(meaning.colour(ground))),
            [Some(meaning); 2]
        );
    }
}

#[test]
fn a_level_is_blank_only_where_there_is_nothing() {
    for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
        let look = Look {
            glyphs,
            ..Look::default()
        };
        assert_eq!(look.level(0.0), ' ');
        assert_ne!(look.level(0.001), ' ');
        let levels: BTreeSet<char> = (0..=8)
            .map(|part| look.level(f64::from(part) / 8.0))
            .collect();
        assert_eq!(levels.len(), 9);
    }
}

#[test]
fn the_ground_is_what_the_terminal_says_or_what_is_asked_for() {
    for (text, ground) in [
        ("0;15", Background::Light),
        ("0;default;7", Background::Light),
        ("15;0", Background::Dark),
        ("15;8", Background::Dark),
        ("", Background::Dark),
        ("what;ever", Background::Dark),
    ] {
        let own = look(&[("COLORFGBG", text), ("TERM", "xterm-256color")]);
        assert_eq!((own.ground(), own.painted()), (ground, None), "{text}");
        for (theme, asked) in [
            (Theme::Light, Background::Light),
            (Theme::Dark, Background::Dark),
        ] {
            let themed = Look { theme, ..own };
            assert_eq!((themed.ground(), themed.painted()), (asked, Some(asked)));
            let colours = Colours::None;
            assert_eq!(Look { colours, ..themed }.painted(), None);
        }
    }
}

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
        for room in [Room::Desk, Room::Projector] {
            let look = Look {
                glyphs,
                room,
                ..Look::default()
            };
            let drawn: BTreeSet<char> = Meaning::ALL.map(|meaning| look.glyph(meaning)).into();
            assert_eq!(drawn.len(), count);
        }
    }
    for ground in BACKGROUNDS {
        let colours = Meaning::ALL.map(|meaning| meaning.colour(ground));
        let exact: BTreeSet<String> = colours.map(Rgb::hex).into();
        let many: BTreeSet<u8> = colours.map(Rgb::xterm256).into();
        assert_eq!([exact.len(), many.len()], [count; 2]);
    }
    let sixteen: BTreeSet<u8> = Meaning::ALL.map(Meaning::ansi).into();
    assert_eq!(sixteen.len(), count);
}

#[test]
fn ascii_glyphs_are_ascii() {
    for meaning in Meaning::ALL {
        assert!(meaning.glyph(Glyphs::Ascii).is_ascii());
    }
}

#[test]
fn the_nearest_of_256_colours_is_near() {
    assert_eq!(Meaning::Running.colour(Background::Dark).xterm256(), 35);
    assert_eq!(Meaning::Blocked.colour(Background::Dark).xterm256(), 166);
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
