//! Places for what a poller reports on, and names for them that are never used again.
//!
//! A poller reports a number. If that were the place of a connection in a list, an event of a
//! connection that is gone could reach the next one in its place. So a [`Token`] is a place and a
//! serial number, and opens nothing but what it was given for. This file knows no descriptor.

use slab::Slab;

/// Serial numbers begin again here. The highest bit of a token is never set: it is free for tokens
/// of other things.
const SERIALS: u32 = 1 << 31;

/// Names one thing for as long as the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token {
    place: u32,
    serial: u32,
}

impl Token {
    /// As a number for a poller; below 2⁶³.
    #[must_use]
    pub fn to_raw(self) -> u64 {
        u64::from(self.serial) << 32 | u64::from(self.place)
    }

    /// The token that a poller reported.
    #[must_use]
    pub fn from_raw(raw: u64) -> Self {
        Self {
            place: raw as u32,
            serial: (raw >> 32) as u32,
        }
    }
}

/// Things, by token.
#[derive(Debug)]
pub struct Places<T> {
    taken: Slab<(u32, T)>,
    serial: u32,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self {
            taken: Slab::new(),
            serial: 0,
        }
    }
}

impl<T> Places<T> {
    /// Gives `thing` a place and a name.
    pub fn add(&mut self, thing: T) -> Token {
        self.serial = (self.serial + 1) % SERIALS;
        let serial = self.serial;
        let place = self.taken.insert((serial, thing)) as u32;
        Token { place, serial }
    }

    /// What `token` names, if that is still there.
    pub fn get(&mut self, token: Token) -> Option<&mut T> {
        match self.taken.get_mut(token.place as usize) {
            Some((serial, thing)) if *serial == token.serial => Some(thing),
            _ => None,
        }
    }

    /// Takes it out.
    pub fn remove(&mut self, token: Token) -> Option<T> {
        self.get(token)?;
        Some(self.taken.remove(token.place as usize).1)
    }

    /// All that is there, by place.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.taken.iter().map(|(_, (_, thing))| thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_open_the_place_for_the_next_one() {
        let mut places = Places::default();
        let first = places.add("first");
        assert_eq!(places.remove(first), Some("first"));
        let second = places.add("second");
        assert_eq!((first.place, second.place), (0, 0));
        assert_eq!(places.get(first), None);
        assert_eq!(places.remove(first), None);
        assert_eq!(places.get(second), Some(&mut "second"));
    }

    #[test]
    fn a_token_survives_the_poller_and_leaves_the_highest_bit_free() {
        let mut places = Places {
            serial: SERIALS - 2,
            ..Places::default()
        };
        for _ in 0..4 {
            let token = places.add(());
            assert_eq!(Token::from_raw(token.to_raw()), token);
            assert!(token.to_raw() < 1 << 63);
        }
    }
}
