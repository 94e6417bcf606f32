//! The people at the door: plays the timetable against a server, and keeps honest time.
