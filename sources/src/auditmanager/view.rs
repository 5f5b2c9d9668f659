//! The view of Audit Manager's counts. Audit Manager documents a link only to the start page of its console.

use super::{ACCOUNT, ASSESSMENT, MEASURES, SOURCE};
use crate::view::console::{Link, home};
use crate::view::{CorrelationKeys, Judgement, Names, Subject, View, aws_command, counted};
use insights_records::number::Number;
use insights_records::record::Stored;

/// The view of Audit Manager.
pub static VIEW: View = View {
    source: SOURCE,
    needs_partition: false,
    // It has no insights that open and close.
    related: |_| Vec::new(),
    sections: |_, _| Vec::new(),
    controls,
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
    further_links: |_| Vec::new(),
    names: |_| Names::default(),
    follow_up,
    // It has no metric series.
    unavailable: |_, _| "it is not available".to_owned(),
};

/// The newest counts of the account or of an assessment. Those of domains and controls have other commands.
fn follow_up(record: &Stored) -> Vec<String> {
    let kind = record.text("kind");
    if kind == Some(ACCOUNT.as_str()) {
        aws_command(record, ["auditmanager", "get-insights"])
    } else if kind == Some(ASSESSMENT.as_str()) {
        let id = record.text("entity").unwrap_or_default();
        aws_command(record, ["auditmanager", "get-insights-by-assessment", "--assessment-id", id])
    } else {
        Vec::new()
    }
}

/// The members with the controls that have non-compliant evidence, and all controls: of the account and assessments, and of domains.
/// <https://docs.aws.amazon.com/audit-manager/latest/APIReference/API_Insights.html>
/// <https://docs.aws.amazon.com/audit-manager/latest/APIReference/API_ControlDomainInsights.html>
const CONTROL_COUNTS: [[&str; 2]; 2] = [
    ["assessment_controls_count_by_noncompliant_evidence", "total_assessment_controls_count"],
    ["controls_count_by_noncompliant_evidence", "total_controls_count"],
];

fn controls(record: &Stored) -> Option<(i64, i64)> {
    let detail = record.0.get("detail")?;
    let number = |name: &str| {
        let value = detail.at(&["insights", name]).or_else(|| detail.at(&[name]))?;
        value.as_number().and_then(Number::as_i64)
    };
    CONTROL_COUNTS.iter().find_map(|[failed, all]| Some((number(failed)?, number(all)?)))
}

fn judgement(record: &Stored) -> Option<Judgement> {
    let part = counted(record, MEASURES.noncompliant)?;
    let whole = part.saturating_add(counted(record, MEASURES.compliant)?);
    let apart = counted(record, MEASURES.inconclusive).filter(|number| *number > 0);
    let apart = apart.map(|number| (number, "inconclusive"));
    Some(Judgement::Share { part, whole: Some(whole), what: "non-compliant", apart })
}
