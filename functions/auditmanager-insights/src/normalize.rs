//! Converts Audit Manager's answers to records. No I/O and no clock.
//!
//! Shapes: <https://docs.aws.amazon.com/audit-manager/latest/APIReference/API_Insights.html> and related pages.
//!
//! A count without a day means "no data yet" and has no record. If it has no day itself, that of its parent applies. The
//! parent of a control is its domain. The parent of a domain is its assessment, or the account for counts over all
//! assessments. An assessment has no parent, because the account's day may be that of other assessments.

use crate::detail;
use aws_sdk_auditmanager::types::{
    AssessmentMetadataItem, ControlDomainInsights, ControlInsightsMetadataByAssessmentItem,
    ControlInsightsMetadataItem, EvidenceInsights, Insights, InsightsByAssessment,
};
use aws_smithy_types::DateTime;
use insights_shared::key::{self, Key};
use insights_shared::number::Number;
use insights_shared::record::{Kind, Record, Status, one_line, partition};
use insights_shared::sdk::{time_value, timestamp};
use insights_shared::target::Target;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_shared::value::{MapBuilder, Text};
use insights_sources::auditmanager;

/// The entity and the scope of counts over all assessments.
pub const ACCOUNT: &str = "account";

/// The origin of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The account and region.
    pub target: &'a Target,
    /// When the service was asked.
    pub answered_at: Timestamp,
}

/// Where a domain is counted.
#[derive(Clone, Copy, Debug)]
pub struct Within<'a> {
    /// The assessment; `None` means all active assessments together.
    pub assessment: Option<&'a str>,
    /// When the counts of the assessment or account were last updated, if known.
    pub updated_at: Option<Timestamp>,
}

/// Where a control is counted.
#[derive(Clone, Copy, Debug)]
pub struct InDomain<'a> {
    /// The id of the domain.
    pub domain: &'a str,
    /// Where the domain is counted, with the time of the domain's own counts.
    pub within: Within<'a>,
}

impl<'a> Within<'a> {
    /// The scope as part of a key and as the subject of issues.
    pub fn scope(self) -> String {
        self.assessment.map_or_else(|| ACCOUNT.to_owned(), |assessment| key::join(["assessment", assessment]))
    }

    /// The domain `domain` in this assessment or account.
    pub fn domain(self, domain: &'a str, last_updated: Option<&DateTime>) -> InDomain<'a> {
        let updated_at = last_updated.and_then(timestamp).or(self.updated_at);
        InDomain { domain, within: Within { updated_at, ..self } }
    }

    fn parts(self) -> impl Iterator<Item = &'a str> {
        self.assessment.into_iter().flat_map(|assessment| ["assessment", assessment])
    }

    fn entity(self) -> &'a str {
        self.assessment.unwrap_or(ACCOUNT)
    }
}

impl<'a> InDomain<'a> {
    /// The scope as part of a key and as the subject of issues.
    pub fn scope(self) -> String {
        key::join(self.parts())
    }

    fn parts(self) -> impl Iterator<Item = &'a str> {
        self.within.parts().chain(["domain", self.domain])
    }
}

/// The record of the account's counts.
pub fn account(insights: &Insights, origin: Origin<'_>) -> Option<Record> {
    let counts = Counts {
        compliant: insights.compliant_evidence_count,
        noncompliant: insights.noncompliant_evidence_count,
        inconclusive: insights.inconclusive_evidence_count,
    };
    let updated_at = Updated::of(insights.last_updated.as_ref(), None)?;
    let mut record = snapshot(auditmanager::ACCOUNT, [ACCOUNT], updated_at, counts, origin);
    // The service returns no identifier for these counts, so the account id is used.
    record.id = Some(origin.target.account_id.clone());
    record.title = Some(format!("All active assessments of account {}", origin.target.account_id));
    record.entity = Some(ACCOUNT.to_owned());
    record.detail = detail::account(insights);
    Some(record)
}

/// The record of an assessment's counts, including its members in the listing.
pub fn assessment(
    id: &str,
    metadata: &AssessmentMetadataItem,
    insights: &InsightsByAssessment,
    origin: Origin<'_>,
) -> Option<Record> {
    let counts = Counts {
        compliant: insights.compliant_evidence_count,
        noncompliant: insights.noncompliant_evidence_count,
        inconclusive: insights.inconclusive_evidence_count,
    };
    let updated_at = Updated::of(insights.last_updated.as_ref(), None)?;
    let mut record = snapshot(auditmanager::ASSESSMENT, ["assessment", id], updated_at, counts, origin);
    record.id = Some(id.to_owned());
    record.title = Some(title(metadata.name.as_deref(), "Assessment", Some(id)));
    record.entity = Some(id.to_owned());
    record.detail = detail::assessment(metadata, insights);
    Some(record)
}

/// The record of a control domain's counts.
pub fn domain(domain: &ControlDomainInsights, within: Within<'_>, origin: Origin<'_>) -> Option<Record> {
    let id = domain.id.as_deref();
    let parts = within.domain(id.unwrap_or_default(), None).parts();
    let updated_at = Updated::of(domain.last_updated.as_ref(), within.updated_at)?;
    let counts = Counts::of(domain.evidence_insights.as_ref());
    let mut record = snapshot(auditmanager::DOMAIN, parts, updated_at, counts, origin);
    record.id = id.map(str::to_owned);
    record.title = Some(title(domain.name.as_deref(), "Control domain", id));
    record.entity = Some(within.entity().to_owned());
    record.detail = detail::domain(domain);
    Some(record)
}

/// The record of a control's counts over all assessments.
pub fn control(
    control: &ControlInsightsMetadataItem,
    domain: InDomain<'_>,
    origin: Origin<'_>,
) -> Option<Record> {
    let row = ControlRow {
        name: control.name.as_deref(),
        id: control.id.as_deref(),
        evidence_insights: control.evidence_insights.as_ref(),
        last_updated: control.last_updated.as_ref(),
    };
    row.record(&["control", control.id.as_deref().unwrap_or_default()], domain, origin)
}

/// The record of a control's counts in one assessment. There, a control may be in several control sets.
pub fn assessment_control(
    control: &ControlInsightsMetadataByAssessmentItem,
    domain: InDomain<'_>,
    origin: Origin<'_>,
) -> Option<Record> {
    let row = ControlRow {
        name: control.name.as_deref(),
        id: control.id.as_deref(),
        evidence_insights: control.evidence_insights.as_ref(),
        last_updated: control.last_updated.as_ref(),
    };
    let control_set = control.control_set_name.as_deref();
    let parts = ["control", control.id.as_deref().unwrap_or_default(), control_set.unwrap_or_default()];
    let mut record = row.record(&parts, domain, origin)?;
    if let Some(control_set) = control_set {
        record.detail.insert("control_set_name".into(), control_set.into());
    }
    Some(record)
}

/// The members of both types of control rows.
struct ControlRow<'a> {
    name: Option<&'a str>,
    id: Option<&'a str>,
    evidence_insights: Option<&'a EvidenceInsights>,
    last_updated: Option<&'a DateTime>,
}

impl ControlRow<'_> {
    fn record(&self, own_parts: &[&str], domain: InDomain<'_>, origin: Origin<'_>) -> Option<Record> {
        let updated_at = Updated::of(self.last_updated, domain.within.updated_at)?;
        let parts = domain.parts().chain(own_parts.iter().copied());
        let counts = Counts::of(self.evidence_insights);
        let mut record = snapshot(auditmanager::CONTROL, parts, updated_at, counts, origin);
        record.id = self.id.map(str::to_owned);
        record.title = Some(title(self.name, "Control", self.id));
        record.entity = Some(domain.within.entity().to_owned());
        record.detail = MapBuilder::new()
            // A row does not contain the domain under which it was listed.
            .with("control_domain_id", Some(domain.domain))
            .with("evidence_insights", self.evidence_insights.map(detail::evidence))
            .with("id", self.id)
            .with("last_updated", self.last_updated.map(time_value))
            .with("name", self.name)
            .build();
        Some(record)
    }
}

/// When counts were last updated.
struct Updated(Option<Timestamp>);

impl Updated {
    /// The time of the counts, otherwise that of their parent; `None` if neither exists. A time outside the supported range
    /// also counts: its record is rejected and not skipped.
    fn of(own: Option<&DateTime>, parent: Option<Timestamp>) -> Option<Self> {
        match own {
            Some(own) => Some(Self(timestamp(own))),
            None => parent.map(|parent| Self(Some(parent))),
        }
    }
}

/// Counts of evidence; `None` where the answer has none.
#[derive(Clone, Copy)]
struct Counts {
    compliant: Option<i32>,
    noncompliant: Option<i32>,
    inconclusive: Option<i32>,
}

impl Counts {
    fn of(insights: Option<&EvidenceInsights>) -> Self {
        Self {
            compliant: insights.and_then(|insights| insights.compliant_evidence_count),
            noncompliant: insights.and_then(|insights| insights.noncompliant_evidence_count),
            inconclusive: insights.and_then(|insights| insights.inconclusive_evidence_count),
        }
    }

    fn measures(self) -> Vec<(Text, Number)> {
        let counts = [
            ("compliant", self.compliant),
            ("noncompliant", self.noncompliant),
            ("inconclusive", self.inconclusive),
        ];
        let measure = |(name, count): (&str, Option<i32>)| Some((name.into(), i64::from(count?).into()));
        counts.into_iter().filter_map(measure).collect()
    }
}

/// A record with the members of every snapshot: its key, its day, its measures and its severity.
fn snapshot<'a>(
    kind: Kind,
    parts: impl IntoIterator<Item = &'a str>,
    Updated(updated_at): Updated,
    counts: Counts,
    origin: Origin<'a>,
) -> Record {
    let Origin { target, answered_at } = origin;
    let pk = partition(auditmanager::SOURCE, &target.account_id, &target.region, parts);
    let sk = updated_at.map(Timestamp::day).unwrap_or_default();
    let mut record = Record::new(kind, Key::new(pk, sk), &target.account_id, &target.region, answered_at);
    record.status = Some(Status::Snapshot);
    record.started_at = updated_at.map(|updated_at| updated_at.floor(DAY_SECONDS));
    record.updated_at = updated_at;
    let (compliant, noncompliant) = (counts.compliant.map(i64::from), counts.noncompliant.map(i64::from));
    let whole = compliant.zip(noncompliant).map(|(compliant, noncompliant)| compliant + noncompliant);
    let severity = auditmanager::NONCOMPLIANT_SHARE.severity(noncompliant, whole);
    record.severity = Some(severity);
    record.measures = counts.measures();
    record
}

/// The name on one line. Without a name, the type and the id.
fn title(name: Option<&str>, what: &str, id: Option<&str>) -> String {
    let name = one_line(name.unwrap_or_default());
    if name.is_empty() { format!("{what} {}", id.unwrap_or("without an id")) } else { name }
}

#[cfg(test)]
#[path = "normalize_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "normalize_edge_tests.rs"]
mod edge_tests;
