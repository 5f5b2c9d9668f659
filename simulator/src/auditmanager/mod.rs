//! AWS Audit Manager: the account status, assessments, and daily counts of evidence by account, assessment, control domain
//! and control. Like the service, it answers for the newest day only.

use crate::call::{Answer, Call, ServiceError};
use crate::page::paginate;
use insights_shared::time::Timestamp;
use serde_json::{Map, Value, json};

mod check;
pub mod counts;
mod rows;
pub mod scenario;
mod service;
#[cfg(test)]
mod tests;

pub use service::SERVICE;

/// The error message for an account that has not set up the service, which distinguishes it from a denial.
pub const NOT_SET_UP: &str =
    "Please complete AWS Audit Manager setup from home page to enable this action in this account.";

/// What exists in one account and region. By default the service is not set up.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// The account's registration.
    pub status: Status,
    /// When the counts of a day appear, in milliseconds after its midnight in UTC.
    pub collected_at: i64,
    /// Days without counts, as days since 1970-01-01.
    pub missing_days: Vec<i64>,
    /// The largest relative difference of a count from its baseline: 0.2 is a fifth.
    pub jitter: f64,
    /// The seed of the counts.
    pub seed: u64,
    /// The default page size.
    pub page_size: usize,
    /// Members that `GetInsights` omits.
    pub omit: Vec<String>,
    /// The assessments, current and past.
    pub assessments: Vec<Assessment>,
}

/// An account's registration with the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Registered.
    Active,
    /// Not registered.
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
    /// When it is created; by default it always exists.
    pub created: Option<Timestamp>,
    /// When it starts to collect evidence; by default when it is created.
    pub collects_from: Option<Timestamp>,
    /// When it becomes inactive, if it does.
    pub inactive_from: Option<Timestamp>,
    /// Its roles: type and name.
    pub roles: Vec<(String, String)>,
    /// Its delegations.
    pub delegations: Vec<Delegation>,
    /// Members that `ListAssessments` omits.
    pub omit: Vec<String>,
    /// Members that its counts omit.
    pub omit_insights: Vec<String>,
    /// Periods with more non-compliant evidence.
    pub dips: Vec<Dip>,
    /// Its controls by domain.
    pub domains: Vec<Domain>,
}

/// A control set that is delegated for review.
#[derive(Clone, Debug, Default)]
pub struct Delegation {
    /// Its id, a UUID.
    pub id: String,
    /// The status of the review.
    pub status: String,
    /// The type of the reviewer's role.
    pub role_type: String,
    /// The name of the reviewer's role.
    pub role: String,
    /// The control set.
    pub control_set: Option<String>,
    /// The comment.
    pub comment: Option<String>,
    /// The delegator.
    pub created_by: Option<String>,
    /// When it is created.
    pub created: Option<Timestamp>,
}

/// The controls of one assessment that belong to one control domain.
#[derive(Clone, Debug, Default)]
pub struct Domain {
    /// A control catalog ARN, a UUID, or `UNCATEGORIZED`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Members that its rows omit.
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
    /// The mean daily evidence: compliant, non-compliant, inconclusive.
    pub baseline: [f64; 3],
    /// The number of days from one collection to the next.
    pub every: i64,
    /// It collects on days since 1970-01-01 whose remainder by `every` is this.
    pub phase: i64,
    /// Periods with more non-compliant evidence.
    pub dips: Vec<Dip>,
    /// Later corrections of its counts.
    pub corrections: Vec<Correction>,
    /// Members that its rows omit.
    pub omit: Vec<String>,
}

/// A period with more non-compliant evidence, which increases linearly to a peak and then decreases.
#[derive(Clone, Copy, Debug)]
pub struct Dip {
    /// Its start.
    pub from: Timestamp,
    /// Its peak.
    pub peak: Timestamp,
    /// Its end; `None` if the peak lasts.
    pub to: Option<Timestamp>,
    /// The factor of the non-compliant baseline at the peak.
    pub factor: f64,
}

/// A later change of a day's counts, as for evidence that arrives late.
#[derive(Clone, Copy, Debug)]
pub struct Correction {
    /// The day since 1970-01-01; `None` is the newest one at `after`.
    pub day: Option<i64>,
    /// When it takes effect.
    pub after: Timestamp,
    /// The added counts: compliant, non-compliant, inconclusive.
    pub added: [i64; 3],
    /// Whether `lastUpdated` becomes `after`, if that is on the same day.
    pub renews: bool,
}

impl Assessment {
    /// Whether it has been created.
    pub fn exists(&self, now: Timestamp) -> bool {
        self.created.is_none_or(|created| created <= now)
    }

    /// Whether it is active.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.exists(now) && self.inactive_from.is_none_or(|inactive| now < inactive)
    }
}

/// Answers a call.
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

/// The active assessment that the call names; only active ones have counts.
fn active_assessment<'a>(data: &'a Data, call: &Call) -> Result<&'a Assessment, ServiceError> {
    let id = text(call, "assessmentId");
    let found = data.assessments.iter().find(|assessment| assessment.id == id);
    found.filter(|assessment| assessment.is_active(call.now)).ok_or_else(|| not_found("ASSESSMENT", id))
}

/// The control domain that the call names, if an assessment has it; `UNCATEGORIZED` always exists.
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
