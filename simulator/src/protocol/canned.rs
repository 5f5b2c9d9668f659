//! Replies that are no service's: a greeting, a load balancer's page, a date.

use super::answer::Reply;
use insights_shared::time::Timestamp;

/// What a person's browser, or a script that waits for the simulator, is told.
pub fn greeting() -> Reply {
    let headers = vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())];
    let body = "insights simulator: xray, cloudtrail, auditmanager, sts, dynamodb\n";
    Reply { status: 200, headers, body: body.into() }
}

/// A page of HTML in place of an answer.
pub fn html_503() -> Reply {
    let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
    let body = "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n\
                <center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n";
    Reply { status: 503, headers, body: body.into() }
}

/// `timestamp` as the `date` header has it.
pub fn http_date(timestamp: Timestamp) -> String {
    let instant =
        jiff::Timestamp::from_millisecond(timestamp.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&instant).unwrap_or_default()
}
