//! The result in words and in JSON.
