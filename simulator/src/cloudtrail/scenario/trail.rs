//! Reads one trail of a scenario file.

use super::super::metric::INSIGHT_TYPES;
use super::super::trails::{Selector, Trail, is_name};
use super::choice;
use crate::scenario::Context;
use insights_shared::fields::Fields;
use serde_json::{Map, json};

/// Reads a trail.
pub(super) fn trail(mut fields: Fields<'_>, context: &Context) -> Option<Trail> {
    let name = fields.required_string("name");
    if let Some(name) = name.as_deref().filter(|name| !is_name(name)) {
        let path = fields.path("name");
        fields.faults().add(path, name, "must be a trail's name: 3 to 128 letters, digits and single . _ -");
    }
    let home_region = fields.string("home_region");
    let arn = fields.string("arn");
    let deleted = context.instant(&mut fields, "deleted");
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
    let mut selectors = Vec::new();
    for (path, value) in fields.list("insight_selectors").unwrap_or_default() {
        selectors.extend(Fields::new(value, path, fields.faults()).and_then(selector));
    }
    fields.finish();
    Some(Trail { name: name?, home_region, arn, multi_region, organization, deleted, selectors, members })
}

fn selector(mut fields: Fields<'_>) -> Option<Selector> {
    let insight_type = choice(&mut fields, "type", &INSIGHT_TYPES);
    let categories = fields.strings("categories");
    for category in categories.iter().flatten() {
        if !["Management", "Data"].contains(&category.as_str()) {
            let path = fields.path("categories");
            fields.faults().add(path, category, "must be of Management and Data");
        }
    }
    fields.finish();
    Some(Selector { insight_type: insight_type?, categories })
}
