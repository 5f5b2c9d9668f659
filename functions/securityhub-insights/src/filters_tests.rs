//! Tests of every filter of the API, parsed by the SDK.
//!
//! The names come from <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFindingFilters.html>.

use super::*;
use aws_sdk_securityhub::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_securityhub::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use insights_shared::value::{snake_case, with_snake_names};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// The members of the type StringFilter.
const STRINGS: &[&str] = &[
    "ProductArn",
    "AwsAccountId",
    "Id",
    "GeneratorId",
    "Region",
    "Type",
    "SeverityLabel",
    "Title",
    "Description",
    "RecommendationText",
    "SourceUrl",
    "ProductName",
    "CompanyName",
    "MalwareName",
    "MalwareType",
    "MalwarePath",
    "MalwareState",
    "NetworkDirection",
    "NetworkProtocol",
    "NetworkSourceDomain",
    "NetworkSourceMac",
    "NetworkDestinationDomain",
    "ProcessName",
    "ProcessPath",
    "ThreatIntelIndicatorType",
    "ThreatIntelIndicatorValue",
    "ThreatIntelIndicatorCategory",
    "ThreatIntelIndicatorSource",
    "ThreatIntelIndicatorSourceUrl",
    "ResourceType",
    "ResourceId",
    "ResourcePartition",
    "ResourceRegion",
    "ResourceAwsEc2InstanceType",
    "ResourceAwsEc2InstanceImageId",
    "ResourceAwsEc2InstanceKeyName",
    "ResourceAwsEc2InstanceIamInstanceProfileArn",
    "ResourceAwsEc2InstanceVpcId",
    "ResourceAwsEc2InstanceSubnetId",
    "ResourceAwsS3BucketOwnerId",
    "ResourceAwsS3BucketOwnerName",
    "ResourceAwsIamAccessKeyUserName",
    "ResourceAwsIamAccessKeyPrincipalName",
    "ResourceAwsIamAccessKeyStatus",
    "ResourceAwsIamUserUserName",
    "ResourceContainerName",
    "ResourceContainerImageId",
    "ResourceContainerImageName",
    "ComplianceStatus",
    "VerificationState",
    "WorkflowState",
    "WorkflowStatus",
    "RecordState",
    "RelatedFindingsProductArn",
    "RelatedFindingsId",
    "NoteText",
    "NoteUpdatedBy",
    "FindingProviderFieldsRelatedFindingsId",
    "FindingProviderFieldsRelatedFindingsProductArn",
    "FindingProviderFieldsSeverityLabel",
    "FindingProviderFieldsSeverityOriginal",
    "FindingProviderFieldsTypes",
    "ComplianceSecurityControlId",
    "ComplianceAssociatedStandardsId",
    "VulnerabilitiesExploitAvailable",
    "VulnerabilitiesFixAvailable",
    "ComplianceSecurityControlParametersName",
    "ComplianceSecurityControlParametersValue",
    "AwsAccountName",
    "ResourceApplicationName",
    "ResourceApplicationArn",
    "ResourceOwnerAccountId",
    "ResourceOwnerOrgId",
    "ResourceProvider",
];

/// The members of the type DateFilter.
const DATES: &[&str] = &[
    "FirstObservedAt",
    "LastObservedAt",
    "CreatedAt",
    "UpdatedAt",
    "ProcessLaunchedAt",
    "ProcessTerminatedAt",
    "ThreatIntelIndicatorLastObservedAt",
    "ResourceAwsEc2InstanceLaunchedAt",
    "ResourceAwsIamAccessKeyCreatedAt",
    "ResourceContainerLaunchedAt",
    "NoteUpdatedAt",
];

/// The members of the type NumberFilter.
const NUMBERS: &[&str] = &[
    "SeverityProduct",
    "SeverityNormalized",
    "Confidence",
    "Criticality",
    "NetworkSourcePort",
    "NetworkDestinationPort",
    "ProcessPid",
    "ProcessParentPid",
    "FindingProviderFieldsConfidence",
    "FindingProviderFieldsCriticality",
];

/// The members of the type MapFilter.
const MAPS: &[&str] = &["ProductFields", "UserDefinedFields", "ResourceTags", "ResourceDetailsOther"];

/// The members of the type IpFilter.
const ADDRESSES: &[&str] = &[
    "NetworkSourceIpV4",
    "NetworkSourceIpV6",
    "NetworkDestinationIpV4",
    "NetworkDestinationIpV6",
    "ResourceAwsEc2InstanceIpV4Addresses",
    "ResourceAwsEc2InstanceIpV6Addresses",
];

/// The members of the type KeywordFilter.
const KEYWORDS: &[&str] = &["Keyword"];

/// The members of the type BooleanFilter.
const BOOLEANS: &[&str] = &["Sample"];

/// Sends a response with the same body to every request.
#[derive(Clone, Debug)]
struct Always(String);

impl aws_smithy_runtime_api::client::http::HttpConnector for Always {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), self.0.clone().into())))
    }
}

/// The filters of an insight whose filters in the response are `filters`.
async fn parsed(filters: &Json) -> AwsSecurityFindingFilters {
    let body =
        json!({"Insights": [{"InsightArn": "a", "Name": "n", "GroupByAttribute": "g", "Filters": filters}]});
    let connector = SharedHttpConnector::new(Always(body.to_string()));
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(Credentials::for_tests())
        .http_client(http_client_fn(move |_: &HttpConnectorSettings, _| connector.clone()))
        .build();
    let answer = Client::from_conf(config).get_insights().send().await.unwrap();
    answer.insights.unwrap().remove(0).filters.unwrap()
}

/// Every member with two filters. Each value is unique.
fn all() -> Json {
    let mut members = serde_json::Map::new();
    let mut number = 0;
    let mut next = || {
        number += 1;
        number
    };
    let mut add = |names: &[&str], filter: &mut dyn FnMut(i32) -> Json| {
        for name in names {
            let list: Vec<Json> = (0..2).map(|_| filter(next())).collect();
            assert!(members.insert((*name).to_owned(), list.into()).is_none(), "{name}");
        }
    };
    add(STRINGS, &mut |number| json!({"Value": format!("text {number}"), "Comparison": "NOT_EQUALS"}));
    add(DATES, &mut |number| {
        let range = json!({"Value": number, "Unit": "DAYS", "Comparison": "OLDER_THAN"});
        json!({"Start": format!("2026-03-01T00:00:00.{number:03}Z"), "End": format!("end {number}"), "DateRange": range})
    });
    add(NUMBERS, &mut |number| {
        let number = f64::from(number);
        json!({"Gte": number, "Lte": number + 0.5, "Eq": -number, "Gt": number * 1e30, "Lt": 0.1})
    });
    add(ADDRESSES, &mut |number| json!({"Cidr": format!("10.0.0.{number}/32")}));
    add(MAPS, &mut |number| json!({"Key": format!("key {number}"), "Value": "v", "Comparison": "CONTAINS"}));
    add(KEYWORDS, &mut |number| json!({"Value": format!("word {number}")}));
    add(BOOLEANS, &mut |number| json!({"Value": number % 2 == 0}));
    members.into()
}

#[tokio::test]
async fn every_member_of_every_filter_is_kept_under_its_name_in_snake_case() {
    let all = all();
    let expected = with_snake_names(Value::from_json(&all.to_string()).unwrap());
    assert_eq!(Value::Map(filters(&parsed(&all).await)), expected);
}

#[tokio::test]
async fn unknown_comparisons_are_kept_and_absent_members_stay_absent() {
    let given = json!({
        "SeverityLabel": [{"Value": "HIGH", "Comparison": "SOUNDS_LIKE"}, {}],
        "CreatedAt": [{"DateRange": {"Unit": "YEARS"}}],
        "Confidence": [{"Gte": 0}],
        "Title": [],
    });
    let expected = Value::from_json(
        r#"{"severity_label": [{"value": "HIGH", "comparison": "SOUNDS_LIKE"}, {}],
            "created_at": [{"date_range": {"unit": "YEARS"}}], "confidence": [{"gte": 0}], "title": []}"#,
    );
    assert_eq!(Value::Map(filters(&parsed(&given).await)), expected.unwrap());
    assert!(filters(&parsed(&json!({})).await).is_empty());
}

#[test]
fn a_number_that_is_not_finite_is_kept_as_text() {
    let filter = NumberFilter::builder().gte(f64::INFINITY).lte(f64::NAN).eq(2.0).build();
    let expected = Value::from_json(r#"{"gte": "inf", "lte": "NaN", "eq": 2}"#).unwrap();
    assert_eq!(Value::Map(number(&filter)), expected);
}

/// A later version of the SDK may have more filters.
#[test]
fn the_sdk_has_no_filter_that_is_not_in_the_list() {
    let debug = format!("{:?}", AwsSecurityFindingFilters::builder().build());
    let members: BTreeSet<&str> =
        debug.split([' ', '{', ',']).filter_map(|word| word.strip_suffix(':')).collect();
    let all = all();
    let known: Vec<String> =
        all.as_object().unwrap().keys().map(|name| snake_case(name).to_string()).collect();
    let known: BTreeSet<String> = known.into_iter().map(|name| name.replace("ip_v", "ipv")).collect();
    let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    assert_eq!(members.iter().map(|name| name.trim_start_matches("r#")).collect::<BTreeSet<_>>(), known);
}
