//! AWS Security Hub insights: daily counts of findings, by the value of an attribute.
//!
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-insights.html>

mod filters;
pub mod view;

use crate::{Kind, Source};
use insights_records::descriptor::{
    Availability, ErrorPattern, KindDescriptor, Measure, NamesSubject, NotEnabled, Operation, Schedule,
    Shape, SourceDescriptor,
};
use insights_records::record::Severity;
use insights_records::severity::{LabelScale, Scale, SeverityRule};

/// AWS Security Hub.
pub const SOURCE: Source = Source(&SECURITY_HUB);
/// The counts of an insight.
pub const INSIGHT: Kind = Kind(&INSIGHT_KIND);

/// The severities of the labels that the filters of an insight select.
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Severity.html>
pub const SEVERITY_LABELS: LabelScale = LabelScale {
    severities: &[
        ("CRITICAL", Severity::Critical),
        ("HIGH", Severity::High),
        ("MEDIUM", Severity::Medium),
        ("LOW", Severity::Low),
        ("INFORMATIONAL", Severity::Low),
    ],
    otherwise: Severity::Low,
};

/// The maximum number of values that Security Hub returns for an insight. With this number there may be more values, so the
/// counts are lower bounds. <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-insights.html>
pub const MOST_VALUES: i64 = 100;

/// The names for values of common attributes: attribute, singular, plural.
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_CreateInsight.html>
const GROUP_NOUNS: &[(&str, &str, &str)] = &[
    ("AwsAccountId", "account", "accounts"),
    ("AwsAccountName", "account", "accounts"),
    ("CompanyName", "company", "companies"),
    ("ComplianceSecurityControlId", "control", "controls"),
    ("ComplianceStatus", "compliance status", "compliance statuses"),
    ("GeneratorId", "generator", "generators"),
    ("ProductArn", "product", "products"),
    ("ProductName", "product", "products"),
    ("RecordState", "record state", "record states"),
    ("Region", "region", "regions"),
    ("ResourceApplicationName", "application", "applications"),
    ("ResourceAwsEc2InstanceImageId", "image", "images"),
    ("ResourceAwsEc2InstanceVpcId", "VPC", "VPCs"),
    ("ResourceAwsIamAccessKeyUserName", "user", "users"),
    ("ResourceId", "resource", "resources"),
    ("ResourceRegion", "region", "regions"),
    ("ResourceType", "resource type", "resource types"),
    ("SeverityLabel", "severity", "severities"),
    ("Title", "title", "titles"),
    ("Type", "finding type", "finding types"),
    ("WorkflowStatus", "workflow status", "workflow statuses"),
];

/// The singular and plural name for values of an attribute; `None` if the attribute has no entry.
pub fn group_noun(attribute: &str) -> Option<(&'static str, &'static str)> {
    let noun = GROUP_NOUNS.iter().find(|(name, ..)| *name == attribute);
    noun.map(|(_, one, several)| (*one, *several))
}

static SECURITY_HUB: SourceDescriptor = SourceDescriptor {
    id: "securityhub",
    label: "Security Hub",
    package: "securityhub-insights",
    logical_id: "SecurityHub",
    summary: "Collects the daily finding counts of Security Hub insights into the table.",
    endpoint_variable: "AWS_ENDPOINT_URL_SECURITYHUB",
    kinds: &[Kind(&INSIGHT_KIND)],
    operations: &[
        operation("GetInsights", "securityhub:GetInsights"),
        operation("GetInsightResults", "securityhub:GetInsightResults"),
    ],
    retention_days: 400,
    history: None,
    schedule: Schedule { minutes: 360 },
    push: None,
    availability: Availability { missing_partitions: &[], regions: &[] },
    not_enabled: NotEnabled {
        // The status is that of a denial and the code has other causes too, so the message also decides.
        errors: &[ErrorPattern {
            code: "InvalidAccessException",
            message: "is not subscribed to AWS Security Hub",
        }],
        meaning: "Security Hub is not enabled there",
    },
    no_data: "asked and answered: there are no custom insights, and no managed insights are configured",
};

const fn operation(name: &'static str, iam_action: &'static str) -> Operation {
    Operation {
        service: "securityhub",
        name,
        iam_action,
        iam_resource: "*",
        rate: None,
        is_sequential: false,
    }
}

static INSIGHT_KIND: KindDescriptor = KindDescriptor {
    is_in_ended: true,
    names_subject: NamesSubject::WithId,
    measures: &[
        Measure { name: "findings", label: "findings" },
        Measure { name: "groups", label: "values with findings" },
    ],
    severity: Some(SeverityRule {
        value: "with findings: the highest SeverityLabel that the filters select with EQUALS",
        scale: Scale::Label(SEVERITY_LABELS),
    }),
    limit: Some(("groups", MOST_VALUES)),
    // The time of the request: equal counts of one day are one version.
    unhashed: &[&["updated_at"]],
    // Not `SOURCE`: constants that refer to each other through statics are a cyclic definition.
    ..KindDescriptor::plain("securityhub.insight", "insight", Source(&SECURITY_HUB), Shape::Snapshot)
};
