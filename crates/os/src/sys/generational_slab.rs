//! A slab whose tokens are never used again, for the things that a poller reports on.
//!
//! A poller reports a number. If that were an index, an event of a closed connection could reach the next
//! connection with the same index. So a [`Token`] is an index and a serial number, and refers to nothing
//! but the thing that it was given for. This file knows no descriptor.

use slab::Slab;

/// Number of serial numbers before they repeat. The highest bit of a token is never set: it is free for
/// other tokens.
const SERIALS: u32 = 1 << 31;

/// Identifies one thing for as long as the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token {
    place: u32,
    serial: u32,
}

impl Token {
    /// Returns the token as a number for a poller; below 2⁶³.
    #[must_use]
    pub fn to_raw(self) -> u64 {
        u64::from(self.serial) << 32 | u64::from(self.place)
    }

    /// Returns the token of a number that a poller reported.
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
pub struct GenerationalSlab<T> {
    taken: Slab<(u32, T)>,
    serial: u32,
}

impl<T> Default for GenerationalSlab<T> {
    fn default() -> Self {
        Self {
            taken: Slab::new(),
            serial: 0,
        }
    }
}

impl<T> GenerationalSlab<T> {
    /// Adds `thing`. Returns its token.
    pub fn add(&mut self, thing: T) -> Token {
        self.serial = (self.serial + 1) % SERIALS;
        let serial = self.serial;
        let place = self.taken.insert((serial, thing)) as u32;
        Token { place, serial }
    }

    /// Returns the thing of `token`, if it is still there.
    pub fn get(&mut self, token: Token) -> Option<&mut T> {
        match self.taken.get_mut(token.place as usize) {
            Some((serial, thing)) if *serial == token.serial => Some(thing),
            _ => None,
        }
    }

    /// Removes the thing of `token`.
    pub fn remove(&mut self, token: Token) -> Option<T> {
        self.get(token)?;
        Some(self.taken.remove(token.place as usize).1)
    }

    /// Iterates over all things, by index.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.taken.iter().map(|(_, (_, thing))| thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_open_the_place_for_the_next_one() {
        let mut places = GenerationalSlab::default();
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
        let mut places = GenerationalSlab {
            serial: SERIALS - 2,
            ..GenerationalSlab::default()
        };
        for _ in 0..4 {
            let token = places.add(());
            assert_eq!(Token::from_raw(token.to_raw()), token);
            assert!(token.to_raw() < 1 << 63);
        }
    }
}
