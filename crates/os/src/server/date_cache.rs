//! Cache of the date that answers carry: formatted once a second, however many answers there are.

use std::cell::Cell;

use crate::http::response::Date;
use crate::sys::clock;
use concsim_model::units::Stamp;

/// Date as last formatted, and the instant until which it is right.
#[derive(Debug)]
pub(super) struct DateCache {
    date: Cell<Date>,
    until: Cell<Stamp>,
}

impl Default for DateCache {
    fn default() -> Self {
        Self {
            date: Cell::new(Date::EPOCH),
            until: Cell::new(Stamp::ZERO),
        }
    }
}

impl DateCache {
    /// Returns the date at `now`.
    pub(super) fn at(&self, now: Stamp) -> Date {
        if now >= self.until.get() {
            let (date, lasts) = clock::date();
            let date = Date::from_text(&httpdate::fmt_http_date(date));
            self.date.set(date.unwrap_or(Date::EPOCH));
            self.until.set(now + lasts);
        }
        self.date.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::units::Elapsed;

    #[test]
    fn the_date_is_read_again_when_its_second_is_over() {
        let date_cache = DateCache::default();
        assert_ne!(date_cache.at(Stamp::ZERO), Date::EPOCH);
        let until = date_cache.until.get();
        assert!(until > Stamp::ZERO && until <= Stamp::ZERO + Elapsed::from_secs(1));
        date_cache.at(until);
        assert!(date_cache.until.get() > until);
    }
}
