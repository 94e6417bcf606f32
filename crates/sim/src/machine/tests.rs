//! Strands on cores, without anything else.
