//! What each colour and glyph means; for the screen and for figures alike.
