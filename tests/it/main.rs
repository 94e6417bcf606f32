//! The one integration binary: what only the whole program, or the whole project, can show.

mod greenlet;
mod serving;
mod tidy;
