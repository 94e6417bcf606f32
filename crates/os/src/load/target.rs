//! Targets of requests: the address to connect to, and the host to name.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Server to send requests to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Address to connect to.
    pub address: SocketAddr,
    /// Value of the requests' `Host` field.
    pub host: String,
}

impl Target {
    /// Returns the target at an address that needs no other name.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            host: address.to_string(),
        }
    }
}

/// Authority of a URL: a host, by name or number, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Host: `localhost`, `127.0.0.1`, `[::1]`.
    pub host: String,
    /// Port; 80 if the URL has none.
    pub port: u16,
}

/// Reasons why a text is no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTarget {
    /// The scheme is `https`, or unknown.
    #[error("a target must begin with `http://`: TLS is not supported")]
    Scheme,
    /// There is a path, a query or a user.
    #[error("a target must be `http://host:port` without a path: the scenario sets the paths")]
    More,
    /// The host is missing, or the port is not a number.
    #[error("a target must be `http://host:port`")]
    Authority,
}

impl FromStr for Authority {
    type Err = NoTarget;

    fn from_str(url: &str) -> Result<Self, NoTarget> {
        let rest = match url.split_once("://") {
            Some(("http", rest)) => rest,
            Some(_) => return Err(NoTarget::Scheme),
            None => return Self::without_scheme(url),
        };
        Self::of(rest)
    }
}

impl Authority {
    /// Parses `localhost:8000`; `:8000` and `8000` are ports of this machine.
    fn without_scheme(text: &str) -> Result<Self, NoTarget> {
        let port = text.strip_prefix(':').unwrap_or(text);
        match port.parse() {
            Ok(port) => Ok(Self {
                host: "127.0.0.1".to_owned(),
                port,
            }),
            Err(_) => Self::of(text),
        }
    }

    fn of(rest: &str) -> Result<Self, NoTarget> {
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@', '\\']) {
            return Err(NoTarget::More);
        }
        let (host, port) = split_port(authority)?;
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(NoTarget::Authority);
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

/// Splits `host:port`, where the host may be an IPv6 address in brackets.
fn split_port(authority: &str) -> Result<(&str, u16), NoTarget> {
    let after_brackets = authority.rfind(']').unwrap_or(0);
    match authority[after_brackets..].find(':') {
        None => Ok((authority, 80)),
        Some(colon) => {
            let (host, port) = authority.split_at(after_brackets + colon);
            let port = port[1..].parse().map_err(|_| NoTarget::Authority)?;
            Ok((host, port))
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_host_and_a_port() {
        for (url, host, port) in [
            ("http://localhost:8000", "localhost", 8000),
            ("http://127.0.0.1:80/", "127.0.0.1", 80),
            ("http://example.org", "example.org", 80),
            ("http://[::1]:9", "[::1]", 9),
            ("http://[::1]", "[::1]", 80),
            ("localhost:8000", "localhost", 8000),
            (":8000", "127.0.0.1", 8000),
            ("8000", "127.0.0.1", 8000),
        ] {
            let host = host.to_owned();
            assert_eq!(url.parse(), Ok(Authority { host, port }), "{url}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_is_wrong() {
        for (url, mistake) in [
            ("https://localhost", NoTarget::Scheme),
            ("ftp://localhost:80", NoTarget::Scheme),
            (":port", NoTarget::Authority),
            ("localhost/profile", NoTarget::More),
            ("http://localhost/profile", NoTarget::More),
            ("http://me@localhost", NoTarget::More),
            ("http://", NoTarget::Authority),
            ("http://:80", NoTarget::Authority),
            ("http://localhost:port", NoTarget::Authority),
            ("http://localhost:70000", NoTarget::Authority),
            ("http://local\r\nhost", NoTarget::Authority),
        ] {
            assert_eq!(url.parse::<Authority>(), Err(mistake), "{url}");
        }
    }
}
