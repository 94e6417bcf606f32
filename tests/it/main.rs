//! The one integration binary: what only the whole program, or the whole project, can show.

mod greenlet;
mod load;
mod serving;
mod tidy;
