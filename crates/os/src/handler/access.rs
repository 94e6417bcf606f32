//! Rules for the requests that a server plays: all, or those that no foreign web page can have sent.
//!
//! A page of another site can make a browser send requests to a server of the same machine, by a link, a
//! form, or a name of its own that it points to 127.0.0.1 (DNS rebinding). Such requests can be recognised:
//! the browser names the page's site in `Origin`, calls them `cross-site` in `Sec-Fetch-Site`, or names a
//! foreign `Host` (RFC 9110, section 7.2; RFC 6454, section 7; W3C Fetch Metadata).

use serde::{Deserialize, Serialize};

use crate::http::{Request, Source, Status};
use concsim_model::units::Elapsed;

/// Rules for the requests that are played.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Host names that requests may have, besides addresses and `localhost`. `None`: any, from any page.
    pub hosts: Option<Vec<String>>,
    /// Longest duration that a request may set for a step by `d=`. `None`: an hour.
    pub longest_step: Option<Elapsed>,
}

impl Access {
    /// Returns the status and the reason of a refusal; `None` if the request is played.
    pub(super) fn refusal(&self, request: &Request<'_>) -> Option<(Status, &'static str)> {
        let hosts = self.hosts.as_deref()?;
        let Source {
            host,
            origin,
            is_cross_site,
        } = request.source;
        let host = host.unwrap_or_default();
        if !host.is_empty() && !is_own(host, hosts) {
            let reason = "foreign Host: use an address or localhost; `--allow-host NAME` allows another name";
            return Some((Status::Forbidden, reason));
        }
        let is_same = |origin: &str| {
            let asked = origin.split_once("://").map_or("", |(_, asked)| asked);
            asked.eq_ignore_ascii_case(host)
                || (!asked.is_empty() && is_own(asked, hosts) && !is_address(asked))
        };
        if is_cross_site || !origin.is_none_or(is_same) {
            let reason =
                "foreign Origin: the page is of another site; `--allow-host any` allows it";
            return Some((Status::Forbidden, reason));
        }
        None
    }
}

/// True if a host, with or without its port, is an address, `localhost`, or one of `hosts`.
fn is_own(host: &str, hosts: &[String]) -> bool {
    let name = without_port(host);
    let is_localhost = name.eq_ignore_ascii_case("localhost");
    is_localhost || is_address(host) || hosts.iter().any(|it| it.eq_ignore_ascii_case(name))
}

/// True if a host is an address, which a foreign page cannot have as its own name.
fn is_address(host: &str) -> bool {
    let name = without_port(host);
    let within = name.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    match within {
        Some(address) => address
            .bytes()
            .all(|it| it.is_ascii_hexdigit() || b":.".contains(&it)),
        None => name.split('.').count() == 4 && name.split('.').all(|it| it.parse::<u8>().is_ok()),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ME, scenario};
    use super::super::{Application, RequestedWork};
    use super::*;
    use crate::http::{Method, Persistence};
    use concsim_model::scenario::{Draw, Step};

    fn is_played(access: &Access, source: Source<'_>) -> bool {
        let request = Request {
            method: Method::Get,
            path: "/",
            query: "",
            keep: Persistence::Stay,
            source,
        };
        access.refusal(&request).is_none()
    }

    #[test]
    fn no_client_asks_a_step_for_more_than_it_may_take() {
        let access = Access {
            hosts: None,
            longest_step: Some(Elapsed(1_000)),
        };
        let compute = Step::Compute {
            cpu: Draw::Fixed(2_000),
            slice: None,
        };
        let application = Application::new(scenario(&[("it", &[compute])]), access, ME);
        let status = |query| {
            let request = Request {
                method: Method::Get,
                path: "/it",
                query,
                keep: Persistence::Stay,
                source: Source::default(),
            };
            match application.ask(&request) {
                RequestedWork::Nothing(status, _) => Some(status),
                RequestedWork::Play { .. } | RequestedWork::List => None,
            }
        };
        assert_eq!(status("d=1000"), None);
        assert_eq!(status("d=1001"), Some(Status::BadRequest));
        assert_eq!(status("n=3"), None, "the scenario's own lengths are played");
    }

    fn own() -> Access {
        Access {
            hosts: Some(vec!["lab".into()]),
            longest_step: None,
        }
    }

    #[test]
    fn a_client_asks_by_an_address_by_localhost_or_by_a_name_that_is_allowed() {
        for (host, played) in [
            (None, true),
            (Some(""), true),
            (Some("127.0.0.1:8000"), true),
            (Some("192.168.1.20"), true),
            (Some("[::1]:8000"), true),
            (Some("LocalHost:8000"), true),
            (Some("lab:8000"), true),
            (Some("evil.example"), false),
            (Some("localhost.evil.example:8000"), false),
            (Some("127.0.0.1.evil.example"), false),
            (Some("[::1].evil.example"), false),
            (Some("[evil]:80"), false),
        ] {
            let source = Source {
                host,
                ..Source::default()
            };
            assert_eq!(is_played(&own(), source), played, "{host:?}");
            assert!(is_played(&Access::default(), source));
        }
    }

    #[test]
    fn a_page_of_another_site_gets_nothing_however_its_browser_says_so() {
        for (origin, is_cross_site, played) in [
            (None, false, true),
            (None, true, false),
            (Some("http://127.0.0.1:8000"), false, true),
            (Some("http://lab:3000"), false, true),
            (Some("http://127.0.0.1:9000"), false, false),
            (Some("https://evil.example"), false, false),
            (Some("null"), false, false),
            (Some(""), false, false),
        ] {
            let source = Source {
                host: Some("127.0.0.1:8000"),
                origin,
                is_cross_site,
            };
            assert_eq!(is_played(&own(), source), played, "{origin:?}");
            assert!(is_played(&Access::default(), source));
        }
    }
}
