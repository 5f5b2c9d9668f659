//! Replies that do not come from a service: the list of operations, and a load balancer's page. Also the format of dates.

use super::answer::Reply;
use crate::service::Service;
use insights_shared::time::Timestamp;
use std::fmt::Write;

/// The reply to `GET /` without a signature, for browsers and for scripts that wait for the simulator: one line per service
/// with its operations.
pub(crate) fn greeting() -> Reply {
    let headers = vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())];
    let names: Vec<&str> = Service::all().iter().map(|service| service.name()).collect();
    let mut body = format!("insights simulator: {}\n", names.join(", "));
    for service in Service::all() {
        let operations: Vec<&str> = service.operations().iter().map(|operation| operation.name).collect();
        let _ = writeln!(body, "{service}: {}", operations.join(", "));
    }
    Reply { status: 200, headers, body: body.into() }
}

/// An HTML page as from a load balancer without an instance.
pub(crate) fn html_503() -> Reply {
    let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
    let body = "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n\
                <center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n";
    Reply { status: 503, headers, body: body.into() }
}

/// Formats `timestamp` for the `date` header.
pub(crate) fn http_date(timestamp: Timestamp) -> String {
    let instant =
        jiff::Timestamp::from_millisecond(timestamp.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&instant).unwrap_or_default()
}
