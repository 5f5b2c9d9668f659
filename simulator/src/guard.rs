//! Protects a local server from pages of other origins in a browser on the same machine, including DNS rebinding. The `Host`
//! must be a loopback name, the address of the connection, or an allowed name. A request with another origin is rejected.
//! Responses have no CORS headers, so a browser does not show them to pages of other origins.

use crate::connections::Local;
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use hyper::{Method, Request};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// The maximum number of characters of a header in an error message.
const LONGEST_QUOTE: usize = 100;
/// The address of a request without a connection: it matches no host.
const UNKNOWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
/// The default port of HTTP.
const HTTP_PORT: u16 = 80;

/// What a server accepts in addition to loopback names and its address.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Further host names.
    pub allowed: Vec<AllowedHost>,
    /// Whether the server has pages, to which other sites may link.
    pub has_pages: bool,
}

/// A host name with a port, or with any port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    name: String,
    port: Option<u16>,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The host is not accepted: the host, and the address to use.
    Host(Option<String>, SocketAddr),
    /// The request comes from this other origin.
    Origin(String),
}

impl Guard {
    /// Checks a request of a connection that this crate serves.
    pub fn check<B>(&self, request: &Request<B>) -> Result<(), Refusal> {
        let local = request.extensions().get().map_or(UNKNOWN, |Local(local)| *local);
        let host = self.host(request, local)?;
        let origins: Vec<&HeaderValue> = request.headers().get_all(ORIGIN).iter().collect();
        let is_own = |origin: &HeaderValue| {
            let authority = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
            authority.and_then(Authority::parse).is_some_and(|origin| origin == host)
        };
        if let Some(foreign) = origins.iter().find(|origin| origins.len() > 1 || !is_own(origin)) {
            return Err(Refusal::Origin(quoted(foreign)));
        }
        let fetch = |name: &'static str| single(request.headers(), HeaderName::from_static(name));
        let is_link = self.has_pages
            && [Method::GET, Method::HEAD].contains(request.method())
            && fetch("sec-fetch-mode").as_deref() == Some("navigate");
        match fetch("sec-fetch-site").as_deref() {
            None | Some("none" | "same-origin") => Ok(()),
            Some(_) if is_link => Ok(()),
            Some(site) => Err(Refusal::Origin(site.to_owned())),
        }
    }

    /// The host of a request.
    fn host<B>(&self, request: &Request<B>, local: SocketAddr) -> Result<Authority, Refusal> {
        let mut hosts = request.headers().get_all(HOST).iter();
        let (host, further) = (hosts.next(), hosts.next());
        let refused = || Refusal::Host(host.map(quoted), local);
        let accepted = |text: &str| Authority::parse(text).filter(|host| self.accepts(host, local));
        let authority = host.and_then(|host| host.to_str().ok()).and_then(accepted).ok_or_else(refused)?;
        // A request target in absolute form must name the same host.
        let target = request.uri().authority().map(|target| accepted(target.as_str()));
        if further.is_some() || target.is_some_and(|target| target.as_ref() != Some(&authority)) {
            return Err(refused());
        }
        Ok(authority)
    }

    fn accepts(&self, host: &Authority, local: SocketAddr) -> bool {
        let is_own = host.port == local.port()
            && match host.address() {
                Some(address) => address.is_loopback() || address == local.ip().to_canonical(),
                None => host.name == "localhost",
            };
        is_own
            || self
                .allowed
                .iter()
                .any(|allowed| allowed.name == host.name && allowed.port.is_none_or(|port| port == host.port))
    }
}

/// A lower-case name, or an address without brackets, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Authority {
    name: String,
    port: u16,
}

impl Authority {
    fn parse(text: &str) -> Option<Self> {
        let (name, port) = split(text)?;
        Some(Self { name, port: port.unwrap_or(HTTP_PORT) })
    }

    fn address(&self) -> Option<IpAddr> {
        self.name.parse().ok().map(|address: IpAddr| address.to_canonical())
    }
}

/// `name`, `name:port`, `[address]` or `[address]:port`. The crate `url` would accept other spellings of a host, such as `127.1`.
fn split(text: &str) -> Option<(String, Option<u16>)> {
    let (name, rest) = match text.strip_prefix('[') {
        Some(inner) => {
            let (address, rest) = inner.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, rest)
        }
        None => text.find(':').map_or((text, ""), |colon| text.split_at(colon)),
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if name.is_empty() || !(text.starts_with('[') || name.bytes().all(is_name)) {
        return None;
    }
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => Some(digits.parse().ok()?),
        _ => return None,
    };
    Some((name.to_ascii_lowercase(), port))
}

impl FromStr for AllowedHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rule = "must be a host name or an address, with or without a port, such as host.docker.internal";
        let (name, port) = split(text).ok_or(rule)?;
        Ok(Self { name, port })
    }
}

/// The value of a header; `several` if it is repeated.
fn single(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => None,
        (Some(value), None) => Some(quoted(value)),
        (Some(_), Some(_)) => Some("several".to_owned()),
    }
}

/// The value of a header for a refusal, in printable ASCII.
fn quoted(value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    text.chars().take(LONGEST_QUOTE).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

impl Refusal {
    /// The HTTP status of the response.
    pub fn status(&self) -> u16 {
        match self {
            Self::Host(..) => 421,
            Self::Origin(_) => 403,
        }
    }

    /// The error code of the response.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Host(..) => "HostNotAllowed",
            Self::Origin(_) => "OriginNotAllowed",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host, local) => {
                let host = host.as_deref().unwrap_or("-");
                write!(formatter, "the host {host} is not allowed here: use http://{local}/")
            }
            Self::Origin(origin) => write!(formatter, "requests from other sites are refused: {origin}"),
        }
    }
}

#[cfg(test)]
mod tests;
