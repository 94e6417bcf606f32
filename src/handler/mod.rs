//! The application: straight-line code that plays a script in the `World` that it is given.
