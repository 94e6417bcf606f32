//! The program on a terminal: the screen of a run, the menu of scenarios, and the keyboard.

pub mod display;
pub mod event;
pub mod keyboard;
pub mod menu;
pub mod screen;
