//! The page of `report` and of `serve`: one document, complete without a script and without a network. Its order is that of
//! a person on call: open insights, the timeline, incidents, ended insights, counts, and whether the data is recent.
//!
//! `gather` asks the table and fills a `model`; everything else here draws it, and asks nobody. Text from the table reaches
//! the document only through the template, which escapes it.

mod chart;
mod compliance;
mod counts;
pub mod document;
pub mod filter;
mod freshness;
pub mod gather;
mod incidents;
mod insight;
pub mod model;
mod sections;
mod series;
mod text;
mod timeline;
mod top;

use filter::Filter;
use insights_sources::view::console::encoded;

/// What a page is drawn for.
#[derive(Clone, Debug)]
pub enum Medium {
    /// A file that is read without this program.
    File,
    /// A live page, as its address asks for.
    Live(Filter),
}

impl Medium {
    /// The address of one insight, where there is somebody to answer it.
    pub fn address(&self, pk: &str) -> Option<String> {
        match self {
            Self::File => None,
            Self::Live(_) => Some(format!("/insights/{}", encoded(pk))),
        }
    }

    /// Whether somebody answers.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }
}
