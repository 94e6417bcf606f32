//! The door: the command line, one file for each subcommand.
