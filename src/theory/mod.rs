//! What it should be: closed forms from queueing theory, always marked as computed.
