//! Paging. All pages are requested. A repeated token is an error. A listing without an end is an error too: memory is
//! limited, and code that keeps items of the pages reports their number.
//!
//! The SDK's paginators end silently when a token repeats, and one operation has no paginator. All operations therefore use
//! this module.

#![expect(
    clippy::option_option,
    reason = "the outer says whether there is a page, the inner is the API's own optional token"
)]

use crate::issue::CallError;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// The maximum number of pages of a listing: far more than any account has, and few enough for the memory that each page
/// needs.
pub const MOST_PAGES: usize = 2_000;
/// The maximum number of items of a listing that are kept in memory at the same time.
pub const MOST_ITEMS: usize = 10_000;

/// The position in the pages of an operation.
#[derive(Debug)]
pub struct Pages {
    operation: &'static str,
    hasher: RandomState,
    /// The hashes of the tokens, because tokens may be long.
    seen: HashSet<u64>,
    next: Option<Option<String>>,
    page_limit: usize,
    item_limit: usize,
    items: usize,
}

impl Pages {
    /// Starts before the first page of `operation`.
    pub fn new(operation: &'static str) -> Self {
        let (hasher, seen) = (RandomState::new(), HashSet::new());
        Self {
            operation,
            hasher,
            seen,
            next: Some(None),
            page_limit: MOST_PAGES,
            item_limit: MOST_ITEMS,
            items: 0,
        }
    }

    /// Removes the limit of pages, for callers with enough memory or with a person who can stop them.
    #[must_use]
    pub fn unlimited(self) -> Self {
        Self { page_limit: usize::MAX, item_limit: usize::MAX, ..self }
    }

    /// Sets the maximum number of items in memory.
    #[must_use]
    pub fn holding_at_most(self, items: usize) -> Self {
        Self { item_limit: items, ..self }
    }

    /// Reports that this number of items of a page is kept until the listing ends, or longer.
    pub fn hold(&mut self, items: usize) -> Result<(), CallError> {
        self.items += items;
        if self.items > self.item_limit {
            self.next = None;
            return Err(CallError::endless(self.operation, self.item_limit, "items"));
        }
        Ok(())
    }

    /// The token of the next request: `Some(None)` for the first page, `None` after the last page.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not be told the next token")]
    pub fn next(&mut self) -> Option<Option<String>> {
        self.next.take()
    }

    /// Takes the token from a page. An empty token means the end, as in the SDK.
    pub fn turn(&mut self, token: Option<&str>) -> Result<(), CallError> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(()) };
        if !self.seen.insert(self.hasher.hash_one(token)) {
            return Err(CallError::token_repeated(self.operation));
        }
        if self.seen.len() == self.page_limit {
            return Err(CallError::endless(self.operation, self.page_limit, "pages"));
        }
        self.next = Some(Some(token.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::TOKEN_REPEATED;

    #[test]
    fn every_page_is_requested_and_a_repeated_token_is_an_error() {
        let mut pages = Pages::new("GetGroups");
        assert_eq!(pages.next(), Some(None));
        pages.turn(Some("a")).unwrap();
        assert_eq!(pages.next(), Some(Some("a".into())));
        pages.turn(Some("b")).unwrap();
        assert_eq!(pages.next(), Some(Some("b".into())));
        assert_eq!(pages.turn(Some("a")).unwrap_err().code, TOKEN_REPEATED);
        assert_eq!(pages.next(), None);
    }

    #[test]
    fn a_listing_without_an_end_is_stopped_and_malformed() {
        let mut pages = Pages::new("GetGroups");
        let mut asked = 0;
        let error = loop {
            assert!(pages.next().is_some());
            asked += 1;
            if let Err(error) = pages.turn(Some(&format!("{}{asked}", "token".repeat(1_000)))) {
                break error;
            }
        };
        assert_eq!((asked, error.code.as_str()), (MOST_PAGES, "Response.Malformed"));
        assert!(error.message.contains("after 2000 pages"), "{}", error.message);
        assert_eq!(pages.next(), None);
    }

    #[test]
    fn the_number_of_items_in_memory_is_limited() {
        let mut pages = Pages::new("GetGroups").holding_at_most(250);
        pages.hold(100).unwrap();
        pages.hold(150).unwrap();
        pages.turn(Some("a")).unwrap();
        let error = pages.hold(1).unwrap_err();
        assert_eq!((error.code.as_str(), error.retryable), ("Response.Malformed", true));
        assert!(error.message.contains("after 250 items"), "{}", error.message);
        assert_eq!(pages.next(), None, "it goes no further");
    }

    #[test]
    fn an_empty_token_is_the_end() {
        for token in [None, Some("")] {
            let mut pages = Pages::new("GetGroups");
            pages.next();
            pages.turn(token).unwrap();
            assert_eq!(pages.next(), None);
        }
    }
}
