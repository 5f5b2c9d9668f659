//! The view of Audit Manager's counts. Audit Manager documents a link only to the start page of its console.

use super::{MEASURES, SOURCE};
use crate::view::console::{Link, home};
use crate::view::{CorrelationKeys, Judgement, Subject, View, counted};
use insights_records::record::Stored;

/// The view of Audit Manager.
pub static VIEW: View = View {
    source: SOURCE,
    needs_partition: false,
    // It has no insights that open and close.
    related: |_| Vec::new(),
    sections: |_, _| Vec::new(),
    judgement,
    subject: |record| Subject {
        what: "non-compliant evidence".to_owned(),
        relation: "in",
        place: record.text("title").map(str::to_owned),
        unusual: None,
    },
    title_is_message: false,
    correlation_items: &[],
    correlation: |_, _| CorrelationKeys::default(),
    // People identify an assessment by its name.
    lane: |record| record.text("title").unwrap_or_default(),
    link: |record| Some(Link { shows: "Audit Manager", url: home(record, "auditmanager")? }),
    // It has no metric series.
    unavailable: |_, _| "it is not available".to_owned(),
};

fn judgement(record: &Stored) -> Option<Judgement> {
    let part = counted(record, MEASURES.noncompliant)?;
    let whole = part.saturating_add(counted(record, MEASURES.compliant)?);
    let apart = counted(record, MEASURES.inconclusive).filter(|number| *number > 0);
    let apart = apart.map(|number| (number, "inconclusive"));
    Some(Judgement::Share { part, whole: Some(whole), what: "non-compliant", apart })
}
