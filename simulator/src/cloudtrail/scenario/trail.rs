//! Reads one trail of a scenario file.

use super::super::metric::INSIGHT_TYPES;
use super::super::trails::{Selector, Trail, is_name};
use super::choice;
use crate::scenario::Context;
use crate::scenario::members::{each, fault};
use insights_shared::fields::Fields;
use serde_json::{Map, json};

/// Reads a trail.
pub(super) fn trail(fields: &mut Fields<'_>, context: &Context) -> Option<Trail> {
    let name = fields.required_string("name");
    if let Some(name) = name.as_deref().filter(|name| !is_name(name)) {
        fault(fields, "name", name, "must be a trail's name: 3 to 128 letters, digits and single . _ -");
    }
    let home_region = fields.string("home_region");
    let arn = fields.string("arn");
    let deleted = context.instant(fields, "deleted");
    let multi_region = fields.boolean("multi_region").unwrap_or_default();
    let organization = fields.boolean("organization").unwrap_or_default();
    let mut members = Map::new();
    members.insert("S3BucketName".to_owned(), json!("trail-logs-{account}"));
    for (key, member) in [
        ("bucket", "S3BucketName"),
        ("prefix", "S3KeyPrefix"),
        ("topic_arn", "SnsTopicARN"),
        ("kms_key_id", "KmsKeyId"),
        ("log_group_arn", "CloudWatchLogsLogGroupArn"),
        ("log_role_arn", "CloudWatchLogsRoleArn"),
    ] {
        if let Some(text) = fields.string(key) {
            members.insert(member.to_owned(), json!(text));
        }
    }
    for (key, member, otherwise) in [
        ("global_service_events", "IncludeGlobalServiceEvents", multi_region),
        ("log_file_validation", "LogFileValidationEnabled", false),
        ("custom_event_selectors", "HasCustomEventSelectors", false),
    ] {
        members.insert(member.to_owned(), json!(fields.boolean(key).unwrap_or(otherwise)));
    }
    let selectors = each(fields, "insight_selectors", selector).into_iter().flatten().collect();
    Some(Trail { name: name?, home_region, arn, multi_region, organization, deleted, selectors, members })
}

fn selector(fields: &mut Fields<'_>) -> Option<Selector> {
    let insight_type = choice(fields, "type", &INSIGHT_TYPES);
    let categories = fields.strings("categories");
    for category in categories.iter().flatten() {
        if !["Management", "Data"].contains(&category.as_str()) {
            fault(fields, "categories", category, "must be of Management and Data");
        }
    }
    Some(Selector { insight_type: insight_type?, categories })
}
