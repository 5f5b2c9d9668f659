//! The page of `report` and of `serve`: one document, complete without a script and without a network. Its order is that of
//! a person on call: open insights, the timeline, incidents, ended insights, counts, and whether the data is recent.
//!
//! `gather` reads the table into a `model`; the other modules render it and read nothing. Text from the table reaches the document
//! only through the template, which escapes it.

pub mod assets;
mod chart;
mod compliance;
mod counts;
pub mod document;
mod facets;
pub mod filter;
pub mod fingerprint;
mod freshness;
pub mod gather;
mod histogram;
mod incident;
mod incidents;
mod insight;
mod log;
pub mod model;
mod overall;
mod readiness;
pub mod recurrence;
mod rows;
pub mod search;
mod sections;
mod selection;
mod series;
mod spark;
mod summary;
mod text;
mod timeline;
mod top;
mod unknown;

use filter::Filter;
use insights_sources::view::console::encoded;

/// The medium of a page.
#[derive(Clone, Debug)]
pub enum Medium {
    /// A file.
    File,
    /// A live page with its filter.
    Live(Box<Filter>),
}

impl Medium {
    /// The address of one insight on a live page.
    pub fn address(&self, pk: &str) -> Option<String> {
        match self {
            Self::File => None,
            Self::Live(_) => Some(format!("/insights/{}", encoded(pk))),
        }
    }

    /// Whether it is a live page.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }
}
