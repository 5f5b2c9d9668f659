//! A listing without an end: each answer has a token for a further page. That page is the first one again, with other names
//! if requested.

use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};

/// The prefix of tokens that the service does not know.
const TOKEN: &str = "endless-";

/// One operation whose pages never end.
#[derive(Debug)]
pub(crate) struct Endless {
    /// A part of the target or path of its requests.
    pub marker: &'static str,
    /// The member with the token.
    pub token: &'static str,
    /// A text that differs on every page, with the same length.
    pub varied: Option<&'static str>,
    /// The number of pages so far.
    pub pages: AtomicU64,
}

impl Endless {
    /// Whether a request asks for a page.
    pub(crate) fn is_meant(&self, uri: &str, target: &str) -> bool {
        uri.contains(self.marker) || target.ends_with(self.marker)
    }

    /// The address of the request without our token.
    pub(crate) fn strip_uri(&self, uri: &str) -> String {
        let token = format!("{}={TOKEN}", self.token);
        let Some((before, after)) = uri.split_once(&token) else { return uri.to_owned() };
        let rest = after.trim_start_matches(|character: char| character.is_ascii_digit());
        format!("{before}{}", rest.strip_prefix('&').unwrap_or(rest)).trim_end_matches(['?', '&']).to_owned()
    }

    /// The body of the request without our token.
    pub(crate) fn strip_body(&self, body: &[u8]) -> Vec<u8> {
        let Ok(Value::Object(mut members)) = serde_json::from_slice(body) else { return body.to_vec() };
        if members.get(self.token).and_then(Value::as_str).is_some_and(|token| token.starts_with(TOKEN)) {
            members.remove(self.token);
        }
        Value::Object(members).to_string().into_bytes()
    }

    /// The answer with a token for a further page.
    pub(crate) fn extend(&self, body: &[u8]) -> Vec<u8> {
        let page = self.pages.fetch_add(1, Ordering::SeqCst) + 1;
        let mut text = String::from_utf8_lossy(body).into_owned();
        if let Some(varied) = self.varied {
            text = text.replace(varied, &format!("{page:0length$x}", length = varied.len()));
        }
        let Ok(Value::Object(mut members)) = serde_json::from_str(&text) else { return text.into_bytes() };
        members.insert(self.token.to_owned(), format!("{TOKEN}{page}").into());
        Value::Object(members).to_string().into_bytes()
    }
}
