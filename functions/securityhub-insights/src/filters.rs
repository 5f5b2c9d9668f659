//! Converts the filters of an insight to a detail: every member that was returned, with its name in snake_case. No I/O.
//!
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFindingFilters.html>

use aws_sdk_securityhub::types::{
    AwsSecurityFindingFilters, BooleanFilter, DateFilter, DateRange, DateRangeComparison, DateRangeUnit,
    IpFilter, KeywordFilter, MapFilter, MapFilterComparison, NumberFilter, StringFilter,
    StringFilterComparison,
};
use insights_shared::number::Number;
use insights_shared::value::{Map, MapBuilder, Value};

/// Generates [`filters`] from the stored name, the SDK's name and the type of every member. The names differ: the SDK has
/// `ipv4` where records have `ip_v4`.
macro_rules! filters {
    ($($stored:literal $member:ident $convert:ident,)+) => {
        /// The filters of an insight.
        #[expect(deprecated, reason = "insights that were made earlier still have these filters")]
        pub fn filters(filters: &AwsSecurityFindingFilters) -> Map {
            MapBuilder::new()$(.with($stored, list(filters.$member.as_deref(), $convert)))+.build()
        }
    };
}

filters! {
    "aws_account_id" aws_account_id string,
    "aws_account_name" aws_account_name string,
    "company_name" company_name string,
    "compliance_associated_standards_id" compliance_associated_standards_id string,
    "compliance_security_control_id" compliance_security_control_id string,
    "compliance_security_control_parameters_name" compliance_security_control_parameters_name string,
    "compliance_security_control_parameters_value" compliance_security_control_parameters_value string,
    "compliance_status" compliance_status string,
    "confidence" confidence number,
    "created_at" created_at date,
    "criticality" criticality number,
    "description" description string,
    "finding_provider_fields_confidence" finding_provider_fields_confidence number,
    "finding_provider_fields_criticality" finding_provider_fields_criticality number,
    "finding_provider_fields_related_findings_id" finding_provider_fields_related_findings_id string,
    "finding_provider_fields_related_findings_product_arn" finding_provider_fields_related_findings_product_arn string,
    "finding_provider_fields_severity_label" finding_provider_fields_severity_label string,
    "finding_provider_fields_severity_original" finding_provider_fields_severity_original string,
    "finding_provider_fields_types" finding_provider_fields_types string,
    "first_observed_at" first_observed_at date,
    "generator_id" generator_id string,
    "id" id string,
    "keyword" keyword keyword,
    "last_observed_at" last_observed_at date,
    "malware_name" malware_name string,
    "malware_path" malware_path string,
    "malware_state" malware_state string,
    "malware_type" malware_type string,
    "network_destination_domain" network_destination_domain string,
    "network_destination_ip_v4" network_destination_ipv4 ip,
    "network_destination_ip_v6" network_destination_ipv6 ip,
    "network_destination_port" network_destination_port number,
    "network_direction" network_direction string,
    "network_protocol" network_protocol string,
    "network_source_domain" network_source_domain string,
    "network_source_ip_v4" network_source_ipv4 ip,
    "network_source_ip_v6" network_source_ipv6 ip,
    "network_source_mac" network_source_mac string,
    "network_source_port" network_source_port number,
    "note_text" note_text string,
    "note_updated_at" note_updated_at date,
    "note_updated_by" note_updated_by string,
    "process_launched_at" process_launched_at date,
    "process_name" process_name string,
    "process_parent_pid" process_parent_pid number,
    "process_path" process_path string,
    "process_pid" process_pid number,
    "process_terminated_at" process_terminated_at date,
    "product_arn" product_arn string,
    "product_fields" product_fields map,
    "product_name" product_name string,
    "recommendation_text" recommendation_text string,
    "record_state" record_state string,
    "region" region string,
    "related_findings_id" related_findings_id string,
    "related_findings_product_arn" related_findings_product_arn string,
    "resource_application_arn" resource_application_arn string,
    "resource_application_name" resource_application_name string,
    "resource_aws_ec2_instance_iam_instance_profile_arn" resource_aws_ec2_instance_iam_instance_profile_arn string,
    "resource_aws_ec2_instance_image_id" resource_aws_ec2_instance_image_id string,
    "resource_aws_ec2_instance_ip_v4_addresses" resource_aws_ec2_instance_ipv4_addresses ip,
    "resource_aws_ec2_instance_ip_v6_addresses" resource_aws_ec2_instance_ipv6_addresses ip,
    "resource_aws_ec2_instance_key_name" resource_aws_ec2_instance_key_name string,
    "resource_aws_ec2_instance_launched_at" resource_aws_ec2_instance_launched_at date,
    "resource_aws_ec2_instance_subnet_id" resource_aws_ec2_instance_subnet_id string,
    "resource_aws_ec2_instance_type" resource_aws_ec2_instance_type string,
    "resource_aws_ec2_instance_vpc_id" resource_aws_ec2_instance_vpc_id string,
    "resource_aws_iam_access_key_created_at" resource_aws_iam_access_key_created_at date,
    "resource_aws_iam_access_key_principal_name" resource_aws_iam_access_key_principal_name string,
    "resource_aws_iam_access_key_status" resource_aws_iam_access_key_status string,
    "resource_aws_iam_access_key_user_name" resource_aws_iam_access_key_user_name string,
    "resource_aws_iam_user_user_name" resource_aws_iam_user_user_name string,
    "resource_aws_s3_bucket_owner_id" resource_aws_s3_bucket_owner_id string,
    "resource_aws_s3_bucket_owner_name" resource_aws_s3_bucket_owner_name string,
    "resource_container_image_id" resource_container_image_id string,
    "resource_container_image_name" resource_container_image_name string,
    "resource_container_launched_at" resource_container_launched_at date,
    "resource_container_name" resource_container_name string,
    "resource_details_other" resource_details_other map,
    "resource_id" resource_id string,
    "resource_owner_account_id" resource_owner_account_id string,
    "resource_owner_org_id" resource_owner_org_id string,
    "resource_partition" resource_partition string,
    "resource_provider" resource_provider string,
    "resource_region" resource_region string,
    "resource_tags" resource_tags map,
    "resource_type" resource_type string,
    "sample" sample boolean,
    "severity_label" severity_label string,
    "severity_normalized" severity_normalized number,
    "severity_product" severity_product number,
    "source_url" source_url string,
    "threat_intel_indicator_category" threat_intel_indicator_category string,
    "threat_intel_indicator_last_observed_at" threat_intel_indicator_last_observed_at date,
    "threat_intel_indicator_source" threat_intel_indicator_source string,
    "threat_intel_indicator_source_url" threat_intel_indicator_source_url string,
    "threat_intel_indicator_type" threat_intel_indicator_type string,
    "threat_intel_indicator_value" threat_intel_indicator_value string,
    "title" title string,
    "type" r#type string,
    "updated_at" updated_at date,
    "user_defined_fields" user_defined_fields map,
    "verification_state" verification_state string,
    "vulnerabilities_exploit_available" vulnerabilities_exploit_available string,
    "vulnerabilities_fix_available" vulnerabilities_fix_available string,
    "workflow_state" workflow_state string,
    "workflow_status" workflow_status string,
}

fn list<T>(filters: Option<&[T]>, convert: fn(&T) -> Map) -> Option<Value> {
    filters.map(|filters| Value::List(filters.iter().map(|filter| Value::Map(convert(filter))).collect()))
}

fn string(filter: &StringFilter) -> Map {
    let comparison = filter.comparison.as_ref().map(StringFilterComparison::as_str);
    MapBuilder::new().with("comparison", comparison).with("value", filter.value.as_deref()).build()
}

/// The API has dates as strings. They are stored unchanged.
fn date(filter: &DateFilter) -> Map {
    MapBuilder::new()
        .with("date_range", filter.date_range.as_ref().map(date_range))
        .with("end", filter.end.as_deref())
        .with("start", filter.start.as_deref())
        .build()
}

fn date_range(range: &DateRange) -> Map {
    MapBuilder::new()
        .with("comparison", range.comparison.as_ref().map(DateRangeComparison::as_str))
        .with("unit", range.unit.as_ref().map(DateRangeUnit::as_str))
        .with("value", range.value)
        .build()
}

fn number(filter: &NumberFilter) -> Map {
    MapBuilder::new()
        .with("eq", filter.eq.map(decimal))
        .with("gt", filter.gt.map(decimal))
        .with("gte", filter.gte.map(decimal))
        .with("lt", filter.lt.map(decimal))
        .with("lte", filter.lte.map(decimal))
        .build()
}

/// NaN and infinity have no decimal, and are stored as text.
fn decimal(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
}

fn ip(filter: &IpFilter) -> Map {
    MapBuilder::new().with("cidr", filter.cidr.as_deref()).build()
}

fn keyword(filter: &KeywordFilter) -> Map {
    MapBuilder::new().with("value", filter.value.as_deref()).build()
}

fn map(filter: &MapFilter) -> Map {
    MapBuilder::new()
        .with("comparison", filter.comparison.as_ref().map(MapFilterComparison::as_str))
        .with("key", filter.key.as_deref())
        .with("value", filter.value.as_deref())
        .build()
}

fn boolean(filter: &BooleanFilter) -> Map {
    MapBuilder::new().with("value", filter.value).build()
}

#[cfg(test)]
#[path = "filters_tests.rs"]
mod tests;
