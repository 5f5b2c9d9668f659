//! Audit Manager as far as its insights go: account status, assessments, and the daily counts of evidence by account,
//! assessment, control domain and control. It decides what a call is refused for; what there is comes from
//! [`scenario`], what was counted on a day from [`counts`], and what an answer looks like from `rows`.
//!
//! It knows no evidence, only counts of it, and it has no past: like the service, it answers for the newest day alone.

use crate::call::{Answer, Call, ServiceError};
use crate::page::paginate;
use insights_shared::time::Timestamp;
use serde_json::{Map, Value, json};

mod check;
pub mod counts;
mod members;
mod rows;
pub mod scenario;
mod service;
#[cfg(test)]
mod tests;

pub use service::SERVICE;

/// What the service says to an account that never set it up; clients tell "not in use" from "denied" by it.
pub const NOT_SET_UP: &str =
    "Please complete AWS Audit Manager setup from home page to enable this action in this account.";

/// What there is in one account and region. The default has never been set up.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// How the account's registration stands.
    pub status: Status,
    /// When a day's counts appear: milliseconds after that day's midnight, UTC.
    pub collected_at: i64,
    /// Days, counted from 1970-01-01, on which nothing was counted at all.
    pub missing_days: Vec<i64>,
    /// How far a count strays from its baseline: 0.2 is a fifth up or down.
    pub jitter: f64,
    /// What the straying is derived from.
    pub seed: u64,
    /// Rows on a page whose size the caller leaves open.
    pub page_size: usize,
    /// Members that `GetInsights` leaves out.
    pub omit: Vec<String>,
    /// The assessments, current and past.
    pub assessments: Vec<Assessment>,
}

/// An account's registration with the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// In use.
    Active,
    /// Never registered, or deregistered.
    #[default]
    Inactive,
    /// Being registered.
    PendingActivation,
}

/// One assessment.
#[derive(Clone, Debug, Default)]
pub struct Assessment {
    /// Its id, a UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The framework's compliance type, such as `PCI DSS`.
    pub compliance_type: Option<String>,
    /// When it came to be; before that it is not listed and collects nothing.
    pub created: Option<Timestamp>,
    /// When its first evidence comes, if not at once: the counts that appear before that are without it.
    pub collects_from: Option<Timestamp>,
    /// From when on it is inactive, if ever.
    pub inactive_from: Option<Timestamp>,
    /// Who owns it: role type and role name.
    pub roles: Vec<(String, String)>,
    /// Control sets handed to somebody for review.
    pub delegations: Vec<Delegation>,
    /// Members left out where assessments are listed.
    pub omit: Vec<String>,
    /// Members left out of its counts.
    pub omit_insights: Vec<String>,
    /// Times in which more of its evidence is non-compliant.
    pub dips: Vec<Dip>,
    /// Its controls, by domain.
    pub domains: Vec<Domain>,
}

/// A control set handed to somebody for review.
#[derive(Clone, Debug, Default)]
pub struct Delegation {
    /// Its id, a UUID.
    pub id: String,
    /// How far the review has come.
    pub status: String,
    /// What the reviewer is.
    pub role_type: String,
    /// The reviewer's role, by name.
    pub role: String,
    /// The control set.
    pub control_set: Option<String>,
    /// What the delegator wrote.
    pub comment: Option<String>,
    /// Who handed it over.
    pub created_by: Option<String>,
    /// When it was handed over.
    pub created: Option<Timestamp>,
}

/// The controls of one assessment that belong to one control domain.
#[derive(Clone, Debug, Default)]
pub struct Domain {
    /// A control catalog ARN, a UUID, or `UNCATEGORIZED`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Members that its rows leave out.
    pub omit: Vec<String>,
    /// Its controls.
    pub controls: Vec<Control>,
}

/// One control of an assessment.
#[derive(Clone, Debug, Default)]
pub struct Control {
    /// Its id, the same in every assessment that has it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The control set that it is in.
    pub control_set: Option<String>,
    /// Evidence on an ordinary day: compliant, non-compliant, inconclusive. Fractions come out as one more on some days.
    pub baseline: [f64; 3],
    /// It collects on every so manieth day.
    pub every: i64,
    /// The remainder of the days (counted from 1970-01-01, divided by `every`) on which it collects.
    pub phase: i64,
    /// Times in which more of its evidence is non-compliant.
    pub dips: Vec<Dip>,
    /// Counts that are found to be others later on.
    pub corrections: Vec<Correction>,
    /// Members that its rows leave out.
    pub omit: Vec<String>,
}

/// A time in which more evidence is non-compliant: rising evenly to a peak, then falling back.
#[derive(Clone, Copy, Debug)]
pub struct Dip {
    /// Where it begins.
    pub from: Timestamp,
    /// Where it is worst.
    pub peak: Timestamp,
    /// Where it is over; absent if it stays at its worst.
    pub to: Option<Timestamp>,
    /// By what the non-compliant baseline is multiplied at the peak.
    pub factor: f64,
}

/// A day's counts that change when looked at later: evidence arrives late.
#[derive(Clone, Copy, Debug)]
pub struct Correction {
    /// The day, counted from 1970-01-01; absent for the newest one at `after`.
    pub day: Option<i64>,
    /// From when on it shows.
    pub after: Timestamp,
    /// What is added: compliant, non-compliant, inconclusive.
    pub added: [i64; 3],
    /// Whether `lastUpdated` moves to `after`, as far as that is the same day.
    pub renews: bool,
}

impl Assessment {
    /// Whether it is listed at all.
    pub fn exists(&self, now: Timestamp) -> bool {
        self.created.is_none_or(|created| created <= now)
    }

    /// Whether it is there and collects evidence.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.exists(now) && self.inactive_from.is_none_or(|inactive| now < inactive)
    }
}

/// Answers one call.
pub fn answer(data: &Data, call: &Call) -> Answer {
    if call.operation == "GetAccountStatus" {
        return Ok(json!({"status": data.status.text()}));
    }
    if data.status != Status::Active {
        return Err(ServiceError::new("AccessDeniedException", 403, NOT_SET_UP));
    }
    check::input(call)?;
    match call.operation {
        "GetInsights" => Ok(json!({"insights": rows::account(data, call.now)})),
        "ListAssessments" => {
            let wanted = call.input.get("status").and_then(Value::as_str);
            page(data, call, "assessmentMetadata", &rows::assessments(data, call, wanted))
        }
        "GetInsightsByAssessment" => {
            let assessment = active_assessment(data, call)?;
            Ok(json!({"insights": rows::assessment(data, assessment, call.now)}))
        }
        "ListControlDomainInsights" => {
            page(data, call, "controlDomainInsights", &rows::domains(data, call.now, None))
        }
        "ListControlDomainInsightsByAssessment" => {
            let assessment = active_assessment(data, call)?;
            page(data, call, "controlDomainInsights", &rows::domains(data, call.now, Some(assessment)))
        }
        "ListControlInsightsByControlDomain" => {
            let domain = domain(data, call)?;
            page(data, call, "controlInsightsMetadata", &rows::controls(data, call.now, domain))
        }
        "ListAssessmentControlInsightsByControlDomain" => {
            let assessment = active_assessment(data, call)?;
            let domain = domain(data, call)?;
            let rows = rows::assessment_controls(data, call.now, assessment, domain);
            page(data, call, "controlInsightsByAssessment", &rows)
        }
        other => {
            Err(ServiceError::new("UnknownOperationException", 404, format!("unknown operation {other}")))
        }
    }
}

fn page(data: &Data, call: &Call, member: &str, rows: &[Value]) -> Answer {
    let size = data.page_size.clamp(1, 1_000);
    let (page, next) = paginate(call, rows, "nextToken", "maxResults", size)
        .map_err(|_| check::field("nextToken", "is no token of this operation with these parameters"))?;
    let mut output = Map::new();
    output.insert(member.to_owned(), Value::from(page.to_vec()));
    if let Some(next) = next {
        output.insert("nextToken".to_owned(), Value::from(next));
    }
    Ok(Value::Object(output))
}

/// The assessment that the call names. Counts are for active assessments, so an inactive one is not found.
fn active_assessment<'a>(data: &'a Data, call: &Call) -> Result<&'a Assessment, ServiceError> {
    let id = text(call, "assessmentId");
    let found = data.assessments.iter().find(|assessment| assessment.id == id);
    found.filter(|assessment| assessment.is_active(call.now)).ok_or_else(|| not_found("ASSESSMENT", id))
}

/// The control domain that the call names, if any existing assessment has it; `UNCATEGORIZED` is always there.
fn domain<'a>(data: &Data, call: &'a Call) -> Result<&'a str, ServiceError> {
    let id = text(call, "controlDomainId");
    let mut assessments = data.assessments.iter().filter(|assessment| assessment.exists(call.now));
    let known = assessments.any(|assessment| assessment.domains.iter().any(|domain| domain.id == id));
    if known || id == "UNCATEGORIZED" { Ok(id) } else { Err(not_found("CONTROL_DOMAIN", id)) }
}

fn text<'a>(call: &'a Call, name: &str) -> &'a str {
    call.input.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn not_found(kind: &str, id: &str) -> ServiceError {
    let message = format!("The requested resource {id} does not exist.");
    let mut error = ServiceError::new("ResourceNotFoundException", 404, message);
    error.members.insert("resourceId".to_owned(), Value::from(id));
    error.members.insert("resourceType".to_owned(), Value::from(kind));
    error
}

impl Status {
    /// The status as the service spells it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::PendingActivation => "PENDING_ACTIVATION",
        }
    }
}
