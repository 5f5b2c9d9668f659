//! Targets: the accounts and regions from which insights are collected, in configuration and payloads.

use crate::fields::{Faults, Fields};
pub use insights_records::key::{account_of_arn, is_account_id};
pub use insights_records::region::is_region;
use serde_json::Value;
use std::collections::HashSet;
use std::fmt;

/// A role to assume in a target's account.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its ARN, whose account is that of the target.
    pub arn: String,
    /// The external id that the trust policy of the role may require.
    pub external_id: Option<String>,
}

/// An account and a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The account, 12 digits.
    pub account_id: String,
    /// The region, such as `eu-west-1`.
    pub region: String,
    /// The role to assume. Without a role, the account must be the function's own.
    pub role: Option<Role>,
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.account_id, self.region)
    }
}

/// The rule of [`is_external_id`], for people.
pub(crate) const EXTERNAL_ID_RULE: &str = "must be 2 to 1224 letters, digits or any of _+=,.@:/-";

/// Whether STS accepts `text` as an external id.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub(crate) fn is_external_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
    (2..=1224).contains(&text.len()) && text.bytes().all(allowed)
}

/// Reads a list of targets, from `TARGETS` or from the payload's `targets`. `own_region` is the default of `regions`.
pub fn parse_targets(value: Value, path: &str, own_region: &str, faults: &mut Faults) -> Vec<Target> {
    let Value::Array(elements) = value else {
        faults.add(
            path,
            value,
            "must be a list of objects with account_id, role_arn, external_id and regions",
        );
        return Vec::new();
    };
    if elements.is_empty() {
        faults.add(path, "[]", "must name at least one target; leave it out for the own account and region");
    }
    let mut targets = Vec::new();
    let mut seen = HashSet::new();
    for (index, element) in elements.into_iter().enumerate() {
        let path = format!("{path}[{index}]");
        for target in parse_target(element, &path, own_region, faults) {
            if seen.insert((target.account_id.clone(), target.region.clone())) {
                targets.push(target);
            } else {
                faults.add(&path, &target, "must not repeat a target");
            }
        }
    }
    targets
}

fn parse_target(value: Value, path: &str, own_region: &str, faults: &mut Faults) -> Vec<Target> {
    let Some(mut fields) = Fields::new(value, path, faults) else { return Vec::new() };
    let account_id = fields.required_string("account_id").unwrap_or_default();
    if !account_id.is_empty() && !is_account_id(&account_id) {
        let field = fields.path("account_id");
        fields.faults().add(field, &account_id, "must be 12 digits");
    }
    let role = parse_role(&mut fields, &account_id);
    let regions = match fields.list("regions") {
        None => vec![own_region.to_owned()],
        Some(list) => parse_regions(list, &mut fields),
    };
    fields.finish();
    let target = |region| Target { account_id: account_id.clone(), region, role: role.clone() };
    regions.into_iter().map(target).collect()
}

fn parse_role(fields: &mut Fields<'_>, account_id: &str) -> Option<Role> {
    let arn = fields.string("role_arn");
    let external_id = fields.string("external_id");
    if let Some(external_id) = &external_id {
        let field = fields.path("external_id");
        if !is_external_id(external_id) {
            fields.faults().add(&field, external_id, EXTERNAL_ID_RULE);
        }
        if arn.is_none() {
            fields.faults().add(field, external_id, "is useful only with a role_arn");
        }
    }
    let arn = arn?;
    let field = fields.path("role_arn");
    let is_role = arn.len() <= 2048 && arn.split(':').nth(2) == Some("iam") && arn.contains(":role/");
    match account_of_arn(&arn).filter(|_| is_role) {
        None => fields.faults().add(
            field,
            &arn,
            "must be the ARN of an IAM role, arn:aws:iam::<account>:role/<name>",
        ),
        Some(account) if account != account_id && !account_id.is_empty() => {
            fields.faults().add(field, &arn, format!("must be a role of the target's account {account_id}"));
        }
        Some(_) => {}
    }
    Some(Role { arn, external_id })
}

fn parse_regions(list: Vec<(String, Value)>, fields: &mut Fields<'_>) -> Vec<String> {
    let field = fields.path("regions");
    if list.is_empty() {
        fields.faults().add(field, "[]", "must name at least one region; leave it out for the own region");
    }
    let mut regions = Vec::new();
    for (path, value) in list {
        match value.as_str().filter(|text| is_region(text)) {
            Some(region) => regions.push(region.to_owned()),
            None => fields.faults().add(path, value, "must be the name of a region, such as eu-west-1"),
        }
    }
    regions
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(value: Value) -> Result<Vec<Target>, String> {
        let mut faults = Faults::default();
        let targets = parse_targets(value, "TARGETS", "eu-west-1", &mut faults);
        faults.or(targets).map_err(|faults| faults.to_string())
    }

    #[test]
    fn a_target_without_regions_is_in_the_own_region() {
        let role = "arn:aws:iam::111122223333:role/reader";
        let value = json!([
            {"account_id": "123456789012"},
            {"account_id": "111122223333", "role_arn": role, "external_id": "x1", "regions": ["us-east-1", "eu-west-1"]},
        ]);
        let names: Vec<String> = parse(value).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["123456789012/eu-west-1", "111122223333/us-east-1", "111122223333/eu-west-1"]);
    }

    #[test]
    fn every_invalid_target_is_reported_with_its_rule() {
        for (value, expected) in [
            (json!({}), "must be a list"),
            (json!([]), "at least one target"),
            (json!([{}]), "TARGETS[0].account_id: is required"),
            (json!([{"account_id": "12"}]), "must be 12 digits"),
            (
                json!([{"account_id": "123456789012"}, {"account_id": "123456789012"}]),
                "must not repeat a target",
            ),
            (json!([{"account_id": "123456789012", "regions": []}]), "at least one region"),
            (
                json!([{"account_id": "123456789012", "regions": ["Ireland"]}]),
                "TARGETS[0].regions[0] is \"Ireland\"",
            ),
            (
                json!([{"account_id": "123456789012", "role": "x"}]),
                "unknown key; known keys are account_id, role_arn",
            ),
            (json!([{"account_id": "123456789012", "role_arn": "reader"}]), "must be the ARN of an IAM role"),
            (
                json!([{"account_id": "123456789012", "role_arn": "arn:aws:iam::111122223333:role/r"}]),
                "must be a role of the target's account 123456789012",
            ),
            (json!([{"account_id": "123456789012", "external_id": "ab"}]), "only with a role_arn"),
        ] {
            let text = parse(value.clone()).unwrap_err();
            assert!(text.contains(expected), "{value}: {text}");
        }
    }

    #[test]
    fn an_account_is_read_from_an_arn_that_has_one() {
        assert_eq!(account_of_arn("arn:aws:lambda:eu-west-1:123456789012:function:x"), Some("123456789012"));
        assert_eq!(account_of_arn("function-arn"), None);
        assert_eq!(account_of_arn("arn:aws:s3:::bucket"), None);
    }
}
