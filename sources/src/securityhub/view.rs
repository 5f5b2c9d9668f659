//! How Security Hub's counts are shown.

use super::SOURCE;
use crate::view::console::{Link, home};
use crate::view::{CorrelationKeys, Subject, View, text};

/// How Security Hub's counts are shown.
pub static VIEW: View = View {
    source: SOURCE,
    needs_partition: true,
    // It has no insights that open and close.
    related: |_| Vec::new(),
    sections: |_, _| Vec::new(),
    judgement: |_| None,
    subject: |record| Subject {
        what: "findings".to_owned(),
        relation: "of",
        place: record.text("title").map(str::to_owned),
        unusual: None,
    },
    correlation_items: &[],
    correlation: |_, _| CorrelationKeys::default(),
    lane: |record| {
        let insight = record.0.get("detail").and_then(|detail| detail.at(&["insight"]));
        insight.and_then(|insight| text(insight, "name")).or_else(|| record.text("title")).unwrap_or_default()
    },
    link: |record| Some(Link { shows: "Security Hub", url: home(record, "securityhub")? }),
    // It has no metric series.
    unavailable: |_, _| "it is not available".to_owned(),
};
