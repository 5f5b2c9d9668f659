//! Page tokens: every page is asked for, and a token that comes twice is an error.
//!
//! The SDK's paginators end without a word when a token repeats, and one operation has none, so that all operations are
//! paged the same way here.

#![expect(
    clippy::option_option,
    reason = "the outer says whether there is a page, the inner is the API's own optional token"
)]

use crate::issue::CallError;
use std::collections::HashSet;

/// Where a paged operation stands.
#[derive(Debug)]
pub struct Pages {
    operation: &'static str,
    seen: HashSet<String>,
    next: Option<Option<String>>,
}

impl Pages {
    /// Before the first page of `operation`.
    pub fn new(operation: &'static str) -> Self {
        Self { operation, seen: HashSet::new(), next: Some(None) }
    }

    /// The token to ask the next page with (`None` for the first one), or `None` after the last page.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not be told the next token")]
    pub fn next(&mut self) -> Option<Option<String>> {
        self.next.take()
    }

    /// Takes the token that a page came with. An empty one means the end, as the SDK has it.
    pub fn turn(&mut self, token: Option<&str>) -> Result<(), CallError> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(()) };
        if !self.seen.insert(token.to_owned()) {
            return Err(CallError::token_repeated(self.operation));
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
    fn every_page_is_asked_for_and_a_repeated_token_is_an_error() {
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
    fn an_empty_token_is_the_end() {
        for token in [None, Some("")] {
            let mut pages = Pages::new("GetGroups");
            pages.next();
            pages.turn(token).unwrap();
            assert_eq!(pages.next(), None);
        }
    }
}
