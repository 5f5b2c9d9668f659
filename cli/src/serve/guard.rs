//! Who may ask, and how. The server listens on the loopback interface alone, but a browser on this machine also carries
//! the pages of others: a foreign name that resolves to 127.0.0.1 must not read this one, nor may a foreign page make it
//! work. Nothing here knows what is asked for.

use super::answer;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

/// Only what this server itself gives is run or shown, and nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every answer carries.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Lets through what comes from this machine's own pages and only reads.
pub async fn check(State(port): State<u16>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&request, port) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refusal(request: &Request, port: u16) -> Option<Response> {
    let asked = request.uri().authority().map(ToString::to_string);
    if !is_ours(request.headers(), asked.as_deref(), port) {
        let text = format!("this is not the host that was asked for: use http://127.0.0.1:{port}/");
        return Some(answer::plain(StatusCode::MISDIRECTED_REQUEST, &text));
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let mut refused = answer::plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered");
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Some(refused);
    }
    let said = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if said("sec-fetch-site") == Some("cross-site") && said("sec-fetch-mode") != Some("navigate") {
        return Some(answer::plain(StatusCode::FORBIDDEN, "not for other sites"));
    }
    None
}

/// Whether the one `Host` header, and the target if it names a host too, name this machine and this port.
fn is_ours(headers: &HeaderMap, asked: Option<&str>, port: u16) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let is_ours = |host: &str| {
        let (name, given) = match host.rsplit_once(':') {
            Some((name, digits)) if !digits.ends_with(']') => (name, digits.parse::<u16>().ok()),
            _ => (host, Some(80)),
        };
        ["127.0.0.1", "localhost", "[::1]"].into_iter().any(|own| own.eq_ignore_ascii_case(name))
            && given == Some(port)
    };
    host.is_some_and(is_ours) && hosts.next().is_none() && asked.is_none_or(is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_with_the_right_port_are_ours() {
        for (hosts, asked, port, expected) in [
            (vec!["127.0.0.1:8787"], None, 8_787, true),
            (vec!["LocalHost:8787"], None, 8_787, true),
            (vec!["[::1]:8787"], None, 8_787, true),
            (vec!["localhost"], None, 80, true),
            (vec!["[::1]"], None, 80, true),
            (vec!["localhost"], None, 8_787, false),
            (vec!["localhost:8788"], None, 8_787, false),
            (vec!["evil.example:8787"], None, 8_787, false),
            (vec!["127.0.0.1.evil.example:8787"], None, 8_787, false),
            (vec!["evil.example"], None, 80, false),
            (vec!["127.0.0.1:8787", "evil.example:8787"], None, 8_787, false),
            (vec!["127.0.0.1:8787"], Some("evil.example:8787"), 8_787, false),
            (vec!["127.0.0.1:8787"], Some("127.0.0.1:8787"), 8_787, true),
            (vec!["127.0.0.1:"], None, 8_787, false),
            (vec![], None, 8_787, false),
        ] {
            let mut headers = HeaderMap::new();
            for host in &hosts {
                headers.append(header::HOST, HeaderValue::from_static(host));
            }
            assert_eq!(is_ours(&headers, asked, port), expected, "{hosts:?} {asked:?}");
        }
    }
}
