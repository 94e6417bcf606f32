//! HTTP/1.1 without input or output: bytes in, requests out.
