//! The cases of the guard: the address of the connection, the headers, and whether the request is accepted.

use super::*;

const LOOPBACK: &str = "127.0.0.1:8080";

fn guard(allowed: &[&str]) -> Guard {
    Guard { allowed: allowed.iter().map(|name| name.parse().unwrap()).collect(), has_pages: false }
}

/// The status of a request with these headers; 200 if it is accepted.
fn status(guard: &Guard, local: &str, target: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = Request::builder().uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(()).unwrap();
    request.extensions_mut().insert(Local(local.parse().unwrap()));
    guard.check(&request).map_or_else(|refusal| refusal.status(), |()| 200)
}

#[test]
fn only_loopback_names_and_the_own_address_are_accepted_as_hosts() {
    for (local, host, expected) in [
        (LOOPBACK, "127.0.0.1:8080", 200),
        (LOOPBACK, "LocalHost:8080", 200),
        (LOOPBACK, "[::1]:8080", 200),
        (LOOPBACK, "127.8.8.8:8080", 200),
        ("127.0.0.1:80", "localhost", 200),
        ("[::1]:80", "[::1]", 200),
        (LOOPBACK, "localhost", 421),
        (LOOPBACK, "localhost:8081", 421),
        (LOOPBACK, "localhost:08080", 200),
        (LOOPBACK, "localhost:", 421),
        (LOOPBACK, "localhost:+8080", 421),
        (LOOPBACK, "localhost:80808080", 421),
        (LOOPBACK, "", 421),
        (LOOPBACK, ":8080", 421),
        // DNS rebinding: a foreign name that resolves to this machine.
        (LOOPBACK, "evil.example:8080", 421),
        (LOOPBACK, "127.0.0.1.evil.example:8080", 421),
        (LOOPBACK, "localhost.evil.example:8080", 421),
        (LOOPBACK, "evil.example", 421),
        (LOOPBACK, "evil.example@127.0.0.1:8080", 421),
        (LOOPBACK, "127.0.0.1:8080@evil.example", 421),
        (LOOPBACK, "127.0.0.1:8080, evil.example", 421),
        (LOOPBACK, "::1:8080", 421),
        (LOOPBACK, "[localhost]:8080", 421),
        // Another address of this machine, on which the server does not listen.
        (LOOPBACK, "192.0.2.7:8080", 421),
        (LOOPBACK, "0.0.0.0:8080", 421),
        // The address that the server listens on, or one of those that a wildcard includes.
        ("172.17.0.1:8080", "172.17.0.1:8080", 200),
        ("172.17.0.1:8080", "localhost:8080", 200),
        ("172.17.0.1:8080", "172.17.0.2:8080", 421),
        ("172.17.0.1:8080", "host.docker.internal:8080", 421),
        ("[::ffff:192.0.2.7]:8080", "192.0.2.7:8080", 200),
        ("[2001:db8::7]:8080", "[2001:DB8::7]:8080", 200),
        ("[2001:db8::7]:8080", "[2001:db8::8]:8080", 421),
    ] {
        assert_eq!(status(&guard(&[]), local, "/", &[("host", host)]), expected, "{local} {host}");
    }
}

#[test]
fn exactly_one_host_is_accepted_and_the_target_must_not_name_another() {
    let own = ("host", LOOPBACK);
    for (target, headers, expected) in [
        ("/", vec![], 421),
        ("/", vec![own], 200),
        ("/", vec![own, own], 421),
        ("/", vec![own, ("host", "evil.example:8080")], 421),
        ("http://127.0.0.1:8080/", vec![own], 200),
        ("http://evil.example:8080/", vec![own], 421),
        ("http://localhost:8080/", vec![own], 421),
    ] {
        assert_eq!(status(&guard(&[]), LOOPBACK, target, &headers), expected, "{target} {headers:?}");
    }
}

#[test]
fn allowed_names_are_accepted_at_their_port_or_at_any() {
    for (allowed, host, expected) in [
        ("host.docker.internal", "host.docker.internal:8080", 200),
        ("Host.Docker.Internal", "HOST.docker.internal:9000", 200),
        ("host.docker.internal", "host.docker.internal", 200),
        ("host.docker.internal:8080", "host.docker.internal:8080", 200),
        ("host.docker.internal:8080", "host.docker.internal:9000", 421),
        ("localhost", "localhost:9000", 200),
        ("172.31.250.1", "172.31.250.1:8080", 200),
        ("[2001:db8::7]:8080", "[2001:db8::7]:8080", 200),
        ("docker.internal", "host.docker.internal:8080", 421),
        ("host.docker.internal", "host.docker.internal.evil.example:8080", 421),
    ] {
        let guard = guard(&[allowed]);
        assert_eq!(status(&guard, LOOPBACK, "/", &[("host", host)]), expected, "{allowed} {host}");
    }
    for wrong in [
        "",
        "*",
        "*.example",
        "http://name",
        "a b",
        "name:",
        "name:port",
        "name:99999",
        "[name]",
        "user@name",
    ] {
        assert!(wrong.parse::<AllowedHost>().is_err(), "{wrong}");
    }
}

#[test]
fn a_foreign_origin_is_rejected_for_any_host() {
    for (host, origin, expected) in [
        (LOOPBACK, "http://127.0.0.1:8080", 200),
        ("localhost:8080", "http://LOCALHOST:8080", 200),
        ("name", "http://name", 200),
        ("name:80", "http://name", 200),
        (LOOPBACK, "null", 403),
        (LOOPBACK, "", 403),
        (LOOPBACK, "http://evil.example", 403),
        (LOOPBACK, "http://evil.example:8080", 403),
        (LOOPBACK, "http://127.0.0.1", 403),
        (LOOPBACK, "http://127.0.0.1:8081", 403),
        // Both are this server, but different origins.
        (LOOPBACK, "http://localhost:8080", 403),
        (LOOPBACK, "https://127.0.0.1:8080", 403),
        (LOOPBACK, "http://127.0.0.1:8080.evil.example", 403),
        (LOOPBACK, "http://127.0.0.1:8080/", 403),
        (LOOPBACK, "file://", 403),
        (LOOPBACK, "chrome-extension://abcdefgh", 403),
        ("evil.example:8080", "http://evil.example:8080", 421),
    ] {
        let headers = [("host", host), ("origin", origin)];
        assert_eq!(status(&guard(&["name"]), LOOPBACK, "/", &headers), expected, "{host} {origin}");
    }
    let twice =
        [("host", LOOPBACK), ("origin", "http://127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")];
    assert_eq!(status(&guard(&[]), LOOPBACK, "/", &twice), 403);
}

#[test]
fn the_site_that_a_browser_names_is_checked() {
    let with_pages = Guard { has_pages: true, ..Guard::default() };
    for (site, mode, of_services, of_pages) in [
        ("same-origin", "cors", 200, 200),
        ("none", "navigate", 200, 200),
        ("cross-site", "no-cors", 403, 403),
        ("cross-site", "cors", 403, 403),
        // Another port of this machine.
        ("same-site", "no-cors", 403, 403),
        // A link on another site may open a page, if the server has pages.
        ("cross-site", "navigate", 403, 200),
        ("same-site", "navigate", 403, 200),
        ("something-new", "no-cors", 403, 403),
    ] {
        let headers = [("host", LOOPBACK), ("sec-fetch-site", site), ("sec-fetch-mode", mode)];
        assert_eq!(status(&guard(&[]), LOOPBACK, "/", &headers), of_services, "{site} {mode}");
        assert_eq!(status(&with_pages, LOOPBACK, "/", &headers), of_pages, "{site} {mode}");
    }
}

#[test]
fn a_refusal_is_one_line_of_printable_ascii() {
    let refusal = Refusal::Host(
        Some(quoted(&HeaderValue::from_bytes(b"a\t\xff<b>").unwrap())),
        LOOPBACK.parse().unwrap(),
    );
    assert_eq!(refusal.to_string(), "the host a??<b> is not allowed here: use http://127.0.0.1:8080/");
    let long = HeaderValue::from_str(&"x".repeat(10_000)).unwrap();
    assert_eq!(quoted(&long).len(), LONGEST_QUOTE);
}
