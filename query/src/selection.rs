//! Which records a command or a page is about: by source, account, region and entity. No I/O.

use crate::targets::Place;
use insights_shared::record::{Source, Stored};

/// A selection. An empty list selects everything. A record is selected if each list that is not empty contains it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The sources.
    pub source: Vec<Source>,
    /// The accounts.
    pub account: Vec<String>,
    /// The regions.
    pub region: Vec<String>,
    /// The entities: services, event sources, clusters, assessments, or `account` for the counts of accounts.
    pub entity: Vec<String>,
}

impl Selection {
    /// Whether `source` is selected.
    pub fn selects_source(&self, source: Source) -> bool {
        self.source.is_empty() || self.source.contains(&source)
    }

    /// Whether an account and region are selected.
    pub fn selects_place(&self, place: &Place) -> bool {
        is_one_of(&self.account, &place.account_id) && is_one_of(&self.region, &place.region)
    }

    /// Whether an entity is selected.
    pub fn selects_entity(&self, entity: &str) -> bool {
        is_one_of(&self.entity, entity)
    }

    /// Whether a record is selected.
    pub fn selects(&self, record: &Stored) -> bool {
        let text = |name: &str| record.text(name).unwrap_or_default();
        (self.source.is_empty() || self.source.iter().any(|source| source.as_str() == text("source")))
            && is_one_of(&self.account, text("account_id"))
            && is_one_of(&self.region, text("region"))
            && self.selects_entity(text("entity"))
    }

    /// The labels of the selected sources, for example `X-Ray or EKS`; `None` if all are selected.
    pub fn source_labels(&self) -> Option<String> {
        let labels: Vec<&str> = self.source.iter().map(|source| source.label).collect();
        (!labels.is_empty()).then(|| labels.join(" or "))
    }
}

/// Whether nothing or `value` is wanted.
fn is_one_of(wanted: &[String], value: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|wanted| wanted == value)
}
