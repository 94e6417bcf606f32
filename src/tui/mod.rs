//! The live screen: draws a recording while it grows.
