//! Responses: pages, JSON and errors in the requested format.

use crate::page::assets::Asset;
use crate::page::document;
use crate::page::filter::Fault;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use insights_query::Error;
use insights_query::format::escape;
use insights_shared::time::Timestamp;
use maud::{Markup, html};
use serde_json::json;

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
/// The instant of the data of a page, in RFC 3339.
const AS_OF: HeaderName = HeaderName::from_static("x-as-of");

/// The format of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A page for people.
    Page,
    /// JSON for programs.
    Json,
}

/// Text with a content type. Hidden characters in JSON are escaped, because people read it in terminals.
fn text(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let body = if content_type == JSON { escape::json(&body).into_owned() } else { body };
    let mut response = (status, body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A line of text.
pub fn plain(status: StatusCode, line: &str) -> Response {
    text(status, "text/plain; charset=utf-8", escape::visible(line).into_owned() + "\n")
}

/// A page.
pub fn page(markup: Markup) -> Response {
    text(StatusCode::OK, HTML, markup.into_string())
}

/// Serialized JSON.
pub fn json(body: String) -> Response {
    text(StatusCode::OK, JSON, body)
}

/// A style or script, whose name has the hash of its content.
pub fn asset(asset: &Asset) -> Response {
    let mut response = text(StatusCode::OK, asset.content_type, asset.text.to_owned());
    let forever = HeaderValue::from_static("private, max-age=31536000, immutable");
    response.headers_mut().insert(CACHE_CONTROL, forever);
    response
}

/// A page with its entity tag; without the page if the browser has it.
pub fn tagged(
    tag: &str,
    now: Timestamp,
    known: Option<&HeaderValue>,
    page: impl FnOnce() -> Markup,
) -> Response {
    let tag = HeaderValue::from_str(&format!("\"{tag}\"")).ok();
    let is_known = tag.is_some() && tag.as_ref() == known;
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { self::page(page()) };
    let headers = response.headers_mut();
    headers.extend(tag.map(|tag| (ETAG, tag)));
    // The instant of the data, with which the browser counts ages on.
    headers.extend(HeaderValue::from_str(&now.to_string()).ok().map(|now| (AS_OF, now)));
    response
}

/// All faults of an address.
pub fn wrong(faults: &[Fault], form: Form) -> Response {
    match form {
        Form::Json => {
            let faults: Vec<_> = faults
                .iter()
                .map(|fault| json!({ "field": fault.field, "value": fault.value, "rule": fault.rule }))
                .collect();
            text(StatusCode::BAD_REQUEST, JSON, json!({ "errors": faults }).to_string())
        }
        Form::Page => {
            let list = html! {
                p { "The address asks for something that is not there to ask for:" }
                ul { @for fault in faults { li { code { (fault.field) } " “" (fault.value) "” " (fault.rule) } } }
                p { a href="/" { "All insights of the last seven days" } }
            };
            text(
                StatusCode::BAD_REQUEST,
                HTML,
                document::message("This address is wrong", &list).into_string(),
            )
        }
    }
}

/// Not found.
pub fn missing(what: &str, form: Form) -> Response {
    match form {
        Form::Json => text(StatusCode::NOT_FOUND, JSON, json!({ "error": what }).to_string()),
        Form::Page => {
            let page = document::message("Not found", &html! { p { (what) } });
            text(StatusCode::NOT_FOUND, HTML, page.into_string())
        }
    }
}

/// The table could not be read.
pub fn failed(error: &Error, form: Form) -> Response {
    let message =
        [Some(error.to_string()), error.advice()].into_iter().flatten().collect::<Vec<_>>().join("; ");
    match form {
        Form::Json => text(StatusCode::BAD_GATEWAY, JSON, json!({ "error": message }).to_string()),
        Form::Page => {
            let page = document::message(
                "The table does not answer",
                &html! { p { (message) } p { a href="" { "Try again" } } },
            );
            text(StatusCode::BAD_GATEWAY, HTML, page.into_string())
        }
    }
}
