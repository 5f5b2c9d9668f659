//! Trails: `DescribeTrails`, `ListTrails`, `GetTrail` and `GetInsightSelectors`.

use super::events::fill_text;
use super::{Data, failure, text, with};
use crate::arn::partition;
use crate::call::{Answer, Call, ServiceError};
use crate::page::paginate;
use insights_shared::time::Timestamp;
use serde_json::{Map, Value, json};

/// The page size of `ListTrails`. AWS does not document it.
const LISTED_AT_ONCE: usize = 50;

/// A trail of the scenario.
#[derive(Clone, Debug)]
pub struct Trail {
    /// Its name.
    pub name: String,
    /// Its home region; by default that of the caller.
    pub home_region: Option<String>,
    /// The ARN of another account's trail; `{account}` and `{region}` are placeholders.
    pub arn: Option<String>,
    /// Whether it is a multi-region trail.
    pub multi_region: bool,
    /// Whether it is an organization trail.
    pub organization: bool,
    /// When it is deleted. Its insights remain, but no operation finds it.
    pub deleted: Option<Timestamp>,
    /// Its insight selectors; without one, Insights are not enabled.
    pub selectors: Vec<Selector>,
    /// Further members by wire name, such as the bucket.
    pub members: Map<String, Value>,
}

/// An insight type that is enabled for a trail.
#[derive(Clone, Debug)]
pub struct Selector {
    /// `ApiCallRateInsight` or `ApiErrorRateInsight`.
    pub insight_type: String,
    /// `Management`, `Data` or both; `None` is management events.
    pub categories: Option<Vec<String>>,
}

impl Trail {
    /// Its ARN in the account and region of `call`.
    pub fn arn(&self, call: &Call) -> String {
        self.arn.as_ref().map_or_else(
            || {
                let (home, account, name) = (self.home(call), &call.account, &self.name);
                format!("arn:{}:cloudtrail:{home}:{account}:trail/{name}", partition(home))
            },
            |arn| fill_text(arn, call),
        )
    }

    fn home<'a>(&'a self, call: &'a Call) -> &'a str {
        self.home_region.as_deref().unwrap_or(&call.region)
    }

    /// Whether it belongs to the account of `call`.
    pub fn is_own(&self, call: &Call) -> bool {
        self.arn(call).split(':').nth(4) == Some(&call.account)
    }

    /// Whether it is a shadow trail in the region of `call`.
    fn is_shadow(&self, call: &Call) -> bool {
        self.home(call) != call.region || !self.is_own(call)
    }

    fn is_visible(&self, call: &Call) -> bool {
        self.exists(call) && (self.multi_region || self.home(call) == call.region)
    }

    fn exists(&self, call: &Call) -> bool {
        self.deleted.is_none_or(|deleted| call.now < deleted)
    }

    fn answer(&self, call: &Call) -> Value {
        let mut answer = self.members.clone();
        for member in answer.values_mut() {
            if let Value::String(value) = member {
                *value = fill_text(value, call);
            }
        }
        answer.extend([
            ("Name".to_owned(), json!(self.name)),
            ("TrailARN".to_owned(), json!(self.arn(call))),
            ("HomeRegion".to_owned(), json!(self.home(call))),
            ("IsMultiRegionTrail".to_owned(), json!(self.multi_region)),
            ("IsOrganizationTrail".to_owned(), json!(self.organization)),
            ("HasInsightSelectors".to_owned(), json!(!self.selectors.is_empty())),
        ]);
        Value::Object(answer)
    }
}

/// `DescribeTrails`.
pub fn describe(data: &Data, call: &Call) -> Answer {
    let shadows = call.input.get("includeShadowTrails").and_then(Value::as_bool).unwrap_or(true);
    let names = call.input.get("trailNameList").and_then(Value::as_array);
    let names: Vec<&str> = names.into_iter().flatten().filter_map(Value::as_str).collect();
    let mut found = Vec::new();
    if names.is_empty() {
        let listed = data.trails.iter().filter(|trail| trail.is_visible(call));
        found.extend(listed.filter(|trail| shadows || !trail.is_shadow(call)));
    }
    for name in names {
        check_name(name)?;
        found.extend(resolve(data, call, name));
    }
    Ok(json!({"trailList": found.iter().map(|trail| trail.answer(call)).collect::<Vec<_>>()}))
}

/// `ListTrails`: the trails of every region.
pub fn list(data: &Data, call: &Call) -> Answer {
    // The operation has no error for a token, so this is the common one.
    let existing: Vec<&Trail> = data.trails.iter().filter(|trail| trail.exists(call)).collect();
    let (page, next) = paginate(call, &existing, "NextToken", "", LISTED_AT_ONCE)
        .map_err(|_| failure("ValidationException", "NextToken is no token of ListTrails."))?;
    let trails: Vec<Value> = page
        .iter()
        .map(|trail| json!({"TrailARN": trail.arn(call), "Name": trail.name, "HomeRegion": trail.home(call)}))
        .collect();
    Ok(with(json!({"Trails": trails}), "NextToken", next))
}

/// `GetTrail`.
pub fn get(data: &Data, call: &Call) -> Answer {
    let name = text(call, "Name")
        .ok_or_else(|| failure("InvalidTrailNameException", "trail name cannot be blank"))?;
    Ok(json!({"Trail": find(data, call, name)?.answer(call)}))
}

/// `GetInsightSelectors`.
pub fn selectors(data: &Data, call: &Call) -> Answer {
    let name = match (text(call, "TrailName"), text(call, "EventDataStore")) {
        (Some(name), None) => name,
        (None, Some(_)) => {
            return Err(failure(
                "UnsupportedOperationException",
                "event data stores are not part of this simulation",
            ));
        }
        _ => {
            return Err(failure(
                "InvalidParameterCombinationException",
                "specify either TrailName or EventDataStore, and not both",
            ));
        }
    };
    let trail = find(data, call, name)?;
    if trail.selectors.is_empty() {
        let message = format!("Trail {} does not have Insights enabled.", trail.arn(call));
        return Err(failure("InsightNotEnabledException", message));
    }
    let selectors: Vec<Value> = trail
        .selectors
        .iter()
        .map(|selector| {
            let answer = json!({"InsightType": selector.insight_type});
            with(answer, "EventCategories", selector.categories.clone())
        })
        .collect();
    Ok(json!({"TrailARN": trail.arn(call), "InsightSelectors": selectors}))
}

fn find<'a>(data: &'a Data, call: &Call, name: &str) -> Result<&'a Trail, ServiceError> {
    check_name(name)?;
    resolve(data, call, name).ok_or_else(|| {
        failure("TrailNotFoundException", format!("Unknown trail: {name} for the user: {}", call.account))
    })
}

/// The trail with this name or ARN. A name refers to a trail of the account and region of the call, an ARN to any visible
/// trail.
pub fn resolve<'a>(data: &'a Data, call: &Call, name: &str) -> Option<&'a Trail> {
    data.trails.iter().find(|trail| {
        if name.starts_with("arn:") {
            trail.is_visible(call) && trail.arn(call) == name
        } else {
            trail.exists(call) && !trail.is_shadow(call) && trail.name == name
        }
    })
}

/// Checks the form of a trail's name or ARN.
pub fn check_name(name: &str) -> Result<(), ServiceError> {
    if !name.starts_with("arn:") {
        return if is_name(name) {
            Ok(())
        } else {
            Err(failure("InvalidTrailNameException", format!("Trail name {name:?} is not valid.")))
        };
    }
    let parts: Vec<&str> = name.splitn(6, ':').collect();
    let valid = match parts.as_slice() {
        [_, partition, "cloudtrail", region, account, resource] => {
            partition.starts_with("aws")
                && !region.is_empty()
                && account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && resource.strip_prefix("trail/").is_some_and(is_name)
        }
        _ => false,
    };
    if valid {
        Ok(())
    } else {
        Err(failure("CloudTrailARNInvalidException", format!("{name} is not a valid trail ARN.")))
    }
}

/// The rules for a trail's name: 3 to 128 of letters, digits, `.`, `_` and `-`; no two of the last three side by side nor
/// one at either end; no IP address.
pub fn is_name(name: &str) -> bool {
    let parts: Vec<&str> = name.split(['.', '_', '-']).collect();
    (3..=128).contains(&name.len())
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        && name.parse::<std::net::Ipv4Addr>().is_err()
}
