//! The worked example of the contract, copied by hand: the events of CloudTrail and the expected record.

/// The id of the insight.
pub const ID: &str = "fccb064f-dd07-4822-97c0-11115d8b91d4";
/// Its Start.
pub const EXAMPLE_START: &str = r#"{"eventVersion":"1.09","eventTime":"2023-11-14T22:16:00Z","awsRegion":"eu-west-1",
    "eventID":"18378b1e-3653-433d-ba1e-aa11a5958f0c","eventType":"AwsCloudTrailInsight",
    "recipientAccountId":"123456789012","sharedEventID":"fccb064f-dd07-4822-97c0-11115d8b91d4",
    "insightDetails":{"state":"Start","eventSource":"ec2.amazonaws.com","eventName":"RunInstances",
    "insightType":"ApiCallRateInsight","insightContext":{"statistics":{"baseline":{"average":0.02},
    "insight":{"average":1.2},"insightDuration":7,"baselineDuration":11092}}},"eventCategory":"Insight"}"#;
/// Its End.
pub const EXAMPLE_END: &str = r#"{"eventVersion":"1.09","eventTime":"2023-11-14T22:23:00Z","awsRegion":"eu-west-1",
    "eventID":"2b9c5e0a-6f0e-4d07-8a55-6f1c9d1f7b10","eventType":"AwsCloudTrailInsight",
    "recipientAccountId":"123456789012","sharedEventID":"fccb064f-dd07-4822-97c0-11115d8b91d4",
    "insightDetails":{"state":"End","eventSource":"ec2.amazonaws.com","eventName":"RunInstances",
    "insightType":"ApiCallRateInsight","insightContext":{"statistics":{"baseline":{"average":0.02},
    "insight":{"average":6},"insightDuration":7,"baselineDuration":11092}}},"eventCategory":"Insight"}"#;
/// The record of both events, without hash and times of the run.
pub const EXAMPLE_RECORD: &str = r#"{"pk":"cloudtrail#123456789012#eu-west-1#fccb064f-dd07-4822-97c0-11115d8b91d4",
    "sk":"insight","kind":"cloudtrail.insight","schema_version":1,"source":"cloudtrail","account_id":"123456789012",
    "region":"eu-west-1","id":"fccb064f-dd07-4822-97c0-11115d8b91d4",
    "title":"RunInstances on ec2.amazonaws.com: call rate 6 a minute, baseline 0.02","status":"closed",
    "severity":"critical","entity":"ec2.amazonaws.com","measures":{"insight_average":6,"baseline_average":0.02},
    "started_at":"2023-11-14T22:16:00.000Z","ended_at":"2023-11-14T22:23:00.000Z",
    "updated_at":"2023-11-14T22:23:00.000Z","expires_at":1734560580,"ended_pk":"cloudtrail.insight#2023-11",
    "ended_sk":"2023-11-14T22:23:00.000Z#68f51be2","entity_pk":"entity#ec2.amazonaws.com",
    "entity_sk":"2023-11-14T22:16:00.000Z#68f51be2","detail":{
    "start":{"event_version":"1.09","event_time":"2023-11-14T22:16:00.000Z","aws_region":"eu-west-1",
    "event_id":"18378b1e-3653-433d-ba1e-aa11a5958f0c","event_type":"AwsCloudTrailInsight",
    "recipient_account_id":"123456789012","shared_event_id":"fccb064f-dd07-4822-97c0-11115d8b91d4",
    "insight_details":{"state":"Start","event_source":"ec2.amazonaws.com","event_name":"RunInstances",
    "insight_type":"ApiCallRateInsight","insight_context":{"statistics":{"baseline":{"average":0.02},
    "insight":{"average":1.2},"insight_duration":7,"baseline_duration":11092}}},"event_category":"Insight"},
    "end":{"event_version":"1.09","event_time":"2023-11-14T22:23:00.000Z","aws_region":"eu-west-1",
    "event_id":"2b9c5e0a-6f0e-4d07-8a55-6f1c9d1f7b10","event_type":"AwsCloudTrailInsight",
    "recipient_account_id":"123456789012","shared_event_id":"fccb064f-dd07-4822-97c0-11115d8b91d4",
    "insight_details":{"state":"End","event_source":"ec2.amazonaws.com","event_name":"RunInstances",
    "insight_type":"ApiCallRateInsight","insight_context":{"statistics":{"baseline":{"average":0.02},
    "insight":{"average":6},"insight_duration":7,"baseline_duration":11092}}},"event_category":"Insight"}}}"#;
