//! Checks the parameters of a call against the constraints of the model, and applies the filter of `ListInsights`.

use super::text;
use super::wire::Outcome;
use crate::call::{Call, ServiceError};
use crate::constraint::Constraints;
use crate::operation::ParameterType;
use serde_json::Value;

/// The values of the enumeration `Category`.
pub(super) const CATEGORIES: &[&str] = &["UPGRADE_READINESS", "MISCONFIGURATION", "ROLLBACK_READINESS"];
/// The values of the enumeration `InsightStatusValue`.
pub(super) const STATUSES: &[&str] = &["PASSING", "WARNING", "ERROR", "UNKNOWN"];
/// The lists of the filter.
const FILTERS: &[&str] = &["categories", "kubernetesVersions", "statuses"];

/// Checks the parameters of a call.
pub(super) fn input(call: &Call) -> Result<(), ServiceError> {
    for name in FILTERS {
        let list = ParameterType::StringList;
        if let Some(value) = filter(call, name).filter(|value| !list.accepts(value)) {
            let message = format!("{name} can not be converted to {}: {value}", list.name());
            return Err(ServiceError::new("SerializationException", 400, message));
        }
    }
    let mut constraints = Constraints::new(call);
    constraints.integer("maxResults", 1..=100);
    constraints.list_of("filter.categories", usize::MAX, CATEGORIES);
    constraints.list_of("filter.statuses", usize::MAX, STATUSES);
    constraints.finish().map_err(|message| invalid(call, message))
}

/// Whether the filter of `call` selects an insight. A list that is absent or empty selects every insight.
pub(super) fn selects(call: &Call, outcome: &Outcome<'_>) -> bool {
    let allows = |name: &str, value: Option<&str>| {
        let list = filter(call, name).and_then(Value::as_array).filter(|list| !list.is_empty());
        list.is_none_or(|list| list.iter().any(|allowed| allowed.as_str() == value))
    };
    allows("categories", outcome.insight.category.as_deref())
        && allows("kubernetesVersions", outcome.insight.kubernetes_version.as_deref())
        && allows("statuses", outcome.status.status.as_deref())
}

/// The error for parameters that violate the constraints.
pub(super) fn invalid(call: &Call, message: impl Into<String>) -> ServiceError {
    of_cluster(call, ServiceError::new("InvalidParameterException", 400, message))
}

/// `error` with the name of the cluster, if `call` has one.
pub(super) fn of_cluster(call: &Call, mut error: ServiceError) -> ServiceError {
    if call.input.contains_key("name") {
        error.members.insert("clusterName".to_owned(), text(call, "name").into());
    }
    error
}

/// The list `name` of the filter; null counts as absent.
fn filter<'a>(call: &'a Call, name: &str) -> Option<&'a Value> {
    call.input.get("filter")?.get(name).filter(|value| !value.is_null())
}
