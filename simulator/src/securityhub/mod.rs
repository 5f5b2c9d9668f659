//! AWS Security Hub: insights, and counts of findings by the value of an attribute. Counts depend on the time of the call.
//! Like the service, it returns no past counts.

use crate::arn::{arn, partition};
use crate::call::{Answer, Call, ServiceError};
use crate::constraint::Constraints;
use crate::page::paginate_at_most;
use crate::scenario::curve::Curve;
use insights_shared::time::Timestamp;
use serde_json::{Map, Value, json};

mod scenario;
mod service;
#[cfg(test)]
mod tests;

pub use service::SERVICE;

/// The maximum number of insights per page.
const PAGE: usize = 100;
/// The maximum number of values in the results of an insight.
const MOST_VALUES: usize = 100;
/// The model's pattern of a string that is not blank.
const NOT_BLANK: &str = r".*\S.*";

/// What exists in one account and region. By default the account is not subscribed.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// Whether the account is subscribed to the service.
    pub subscribed: bool,
    /// From when on it is subscribed; by default always.
    pub subscribed_from: Option<Timestamp>,
    /// The insights, in the order of `GetInsights`.
    pub insights: Vec<Insight>,
    /// The maximum page size, if it is below the service's limit.
    pub page_size: Option<usize>,
    /// The result of `GetInsights` for an ARN without an insight.
    pub unknown_arns: UnknownArns,
}

/// The result of `GetInsights` for an ARN without an insight. The AWS documentation does not state it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownArns {
    /// The insights of the other ARNs.
    #[default]
    Omitted,
    /// `ResourceNotFoundException`.
    NotFound,
}

/// An insight.
#[derive(Clone, Debug, Default)]
pub struct Insight {
    /// The last part of the ARN.
    pub id: String,
    /// Whether it is a managed insight, which `GetInsights` returns only by ARN.
    pub managed: bool,
    /// Its name.
    pub name: String,
    /// The filters of its findings, in the form of the model.
    pub filters: Map<String, Value>,
    /// The attribute by which its findings are grouped, such as `ResourceId`.
    pub group_by: String,
    /// When it is created; by default it always exists.
    pub created: Option<Timestamp>,
    /// When it is deleted, if ever.
    pub deleted: Option<Timestamp>,
    /// Whether `GetInsightResults` does not find it although `GetInsights` returns it.
    pub unresolved: bool,
    /// The values of the attribute.
    pub values: Vec<ResultValue>,
    /// Members that `GetInsights` omits.
    pub omit: Vec<String>,
}

/// A value of the attribute, or several that differ in a number.
#[derive(Clone, Debug, Default)]
pub struct ResultValue {
    /// The value. `{account}` and `{region}` are placeholders, and `{n}` is the number.
    pub value: String,
    /// Its findings. A value without findings is not listed.
    pub count: Curve,
    /// There is a value for each number from 1 to this one; `None` is a single value.
    pub number: Option<Curve>,
}

/// Answers a call.
pub fn answer(data: &Data, call: &Call) -> Answer {
    if !data.subscribed || data.subscribed_from.is_some_and(|from| call.now < from) {
        let message = format!("Account {} is not subscribed to AWS Security Hub", call.account);
        return Err(error("InvalidAccessException", 401, message));
    }
    match call.operation {
        "GetInsights" => insights(data, call),
        "GetInsightResults" => results(data, call),
        other => {
            Err(ServiceError::new("UnknownOperationException", 404, format!("unknown operation {other}")))
        }
    }
}

fn insights(data: &Data, call: &Call) -> Answer {
    let mut constraints = Constraints::new(call);
    let arns = constraints.list_matches("InsightArns", is_not_blank, NOT_BLANK);
    constraints.integer("MaxResults", 1..=100);
    constraints.finish().map_err(invalid)?;
    let by_arn = call.input.contains_key("InsightArns") && !arns.is_empty();
    let existing: Vec<(String, &Insight)> = data
        .insights
        .iter()
        .filter(|insight| insight.exists(call.now))
        .map(|insight| (insight.arn(call), insight))
        .collect();
    for arn in &arns {
        check_arn(arn)?;
        let is_known = existing.iter().any(|(known, _)| known == arn);
        if !is_known && data.unknown_arns == UnknownArns::NotFound {
            return Err(not_found(arn));
        }
    }
    let wanted = existing.iter().filter(
        |(arn, insight)| {
            if by_arn { arns.contains(&arn.as_str()) } else { !insight.managed }
        },
    );
    let rows: Vec<Value> = wanted.map(|(arn, insight)| insight.row(arn)).collect();
    let limit = data.page_size.map_or(PAGE, |size| size.min(PAGE));
    let (page, next) = paginate_at_most(call, &rows, "NextToken", "MaxResults", limit)
        .map_err(|_| invalid("Invalid parameter 'NextToken'."))?;
    let mut output = Map::new();
    output.insert("Insights".to_owned(), Value::from(page.to_vec()));
    if let Some(next) = next {
        output.insert("NextToken".to_owned(), Value::from(next));
    }
    Ok(Value::Object(output))
}

fn results(data: &Data, call: &Call) -> Answer {
    let mut constraints = Constraints::new(call);
    let arn = constraints.string("InsightArn", 0..=usize::MAX, Some(is_not_blank), NOT_BLANK);
    let arn = arn.unwrap_or_default();
    constraints.finish().map_err(invalid)?;
    check_arn(arn)?;
    let mut insights = data.insights.iter().filter(|insight| insight.exists(call.now) && !insight.unresolved);
    let insight = insights.find(|insight| insight.arn(call) == arn).ok_or_else(|| not_found(arn))?;
    let values: Vec<Value> = insight
        .counts(call)
        .into_iter()
        .map(|(value, count)| json!({"GroupByAttributeValue": value, "Count": count}))
        .collect();
    Ok(json!({"InsightResults": {
        "InsightArn": arn,
        "GroupByAttribute": insight.group_by,
        "ResultValues": values,
    }}))
}

impl Insight {
    /// Its ARN in the account and region of `call`. ARNs of managed insights contain neither.
    pub fn arn(&self, call: &Call) -> String {
        if self.managed {
            let partition = partition(&call.region);
            return format!("arn:{partition}:securityhub:::insight/securityhub/default/{}", self.id);
        }
        arn(call, "securityhub", &format!("insight/{}/custom/{}", call.account, self.id))
    }

    fn exists(&self, now: Timestamp) -> bool {
        self.created.is_none_or(|created| created <= now) && self.deleted.is_none_or(|deleted| now < deleted)
    }

    /// The shape `Insight`.
    fn row(&self, arn: &str) -> Value {
        let mut row = json!({
            "InsightArn": arn,
            "Name": self.name,
            "Filters": self.filters,
            "GroupByAttribute": self.group_by,
        });
        if let Some(members) = row.as_object_mut() {
            members.retain(|name, _| !self.omit.contains(name));
        }
        row
    }

    /// The values with the most findings, largest count first.
    fn counts(&self, call: &Call) -> Vec<(String, i64)> {
        let mut counts = Vec::new();
        for value in &self.values {
            let count = value.count.at(call.now);
            let text = value.value.replace("{account}", &call.account).replace("{region}", &call.region);
            match &value.number {
                None => counts.push((text, count)),
                Some(number) => counts.extend(
                    (1..=number.at(call.now)).map(|number| (text.replace("{n}", &number.to_string()), count)),
                ),
            }
        }
        counts.retain(|(_, count)| *count > 0);
        // The sort keeps the order of equal counts.
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts.truncate(MOST_VALUES);
        counts
    }
}

/// An error. The service repeats the code in the member `Code`.
fn error(code: &'static str, status: u16, message: impl Into<String>) -> ServiceError {
    let mut error = ServiceError::new(code, status, message);
    error.members.insert("Code".to_owned(), code.into());
    error
}

fn invalid(message: impl Into<String>) -> ServiceError {
    error("InvalidInputException", 400, message)
}

fn not_found(arn: &str) -> ServiceError {
    error("ResourceNotFoundException", 404, format!("Insight {arn} was not found."))
}

fn check_arn(arn: &str) -> Result<(), ServiceError> {
    let is_arn = arn.starts_with("arn:") && arn.contains(":securityhub:") && arn.contains(":insight/");
    if is_arn { Ok(()) } else { Err(invalid(format!("{arn} is not the ARN of an insight."))) }
}

fn is_not_blank(text: &str) -> bool {
    !text.trim().is_empty()
}
