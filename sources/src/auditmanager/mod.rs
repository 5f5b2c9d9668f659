//! AWS Audit Manager insights: daily counts of compliant and non-compliant evidence.
//!
//! <https://docs.aws.amazon.com/audit-manager/latest/userguide/dashboard.html>

pub mod view;

use crate::{Kind, Source};
use insights_records::descriptor::{
    Availability, ComplianceMeasures, ErrorPattern, KindDescriptor, Measure, NamesSubject, NotEnabled,
    Operation, Schedule, Shape, SourceDescriptor,
};
use insights_records::severity::{Scale, SeverityRule, ShareScale};

/// AWS Audit Manager.
pub const SOURCE: Source = Source(&AUDIT_MANAGER);
/// The counts of an account.
pub const ACCOUNT: Kind = Kind(&ACCOUNT_KIND);
/// The counts of an assessment.
pub const ASSESSMENT: Kind = Kind(&ASSESSMENT_KIND);
/// The counts of a control domain.
pub const DOMAIN: Kind = Kind(&DOMAIN_KIND);
/// The counts of a control.
pub const CONTROL: Kind = Kind(&CONTROL_KIND);

/// The share of non-compliant evidence in the compliant and non-compliant evidence.
pub const NONCOMPLIANT_SHARE: ShareScale = ShareScale { thresholds: [(1, 2), (1, 4), (1, 10)] };

static AUDIT_MANAGER: SourceDescriptor = SourceDescriptor {
    id: "auditmanager",
    label: "Audit Manager",
    package: "auditmanager-insights",
    logical_id: "AuditManager",
    summary: "Collects the daily compliance counts of Audit Manager into the table.",
    endpoint_variable: "AWS_ENDPOINT_URL_AUDITMANAGER",
    kinds: &[Kind(&ACCOUNT_KIND), Kind(&ASSESSMENT_KIND), Kind(&DOMAIN_KIND), Kind(&CONTROL_KIND)],
    operations: &[
        operation("GetAccountStatus", "auditmanager:GetAccountStatus"),
        operation("GetInsights", "auditmanager:GetInsights"),
        operation("ListAssessments", "auditmanager:ListAssessments"),
        operation("GetInsightsByAssessment", "auditmanager:GetInsightsByAssessment"),
        operation("ListControlDomainInsights", "auditmanager:ListControlDomainInsights"),
        operation(
            "ListControlDomainInsightsByAssessment",
            "auditmanager:ListControlDomainInsightsByAssessment",
        ),
        operation("ListControlInsightsByControlDomain", "auditmanager:ListControlInsightsByControlDomain"),
        operation(
            "ListAssessmentControlInsightsByControlDomain",
            "auditmanager:ListAssessmentControlInsightsByControlDomain",
        ),
    ],
    retention_days: 2557,
    history: None,
    schedule: Schedule { minutes: 360 },
    push: None,
    // China, GovCloud, the isolated partitions and the European Sovereign Cloud.
    // https://docs.aws.amazon.com/general/latest/gr/audit-manager.html
    availability: Availability {
        missing_partitions: &["cn-", "us-gov-", "us-iso", "eu-iso", "eusc-"],
        regions: &[
            "ap-northeast-1",
            "ap-south-1",
            "ap-southeast-1",
            "ap-southeast-2",
            "ca-central-1",
            "eu-central-1",
            "eu-west-1",
            "eu-west-2",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    },
    not_enabled: NotEnabled {
        // Every denial has the same code, so the message decides.
        errors: &[ErrorPattern { code: "", message: "Please complete AWS Audit Manager setup" }],
        meaning: "Audit Manager is not set up there, or not offered in this region",
    },
    no_data: "asked and answered: there are no counts yet",
};

const fn operation(name: &'static str, iam_action: &'static str) -> Operation {
    Operation {
        service: "auditmanager",
        name,
        iam_action,
        iam_resource: "*",
        rate: None,
        is_sequential: false,
    }
}

static ACCOUNT_KIND: KindDescriptor = KindDescriptor {
    is_in_ended: true,
    // The partition of rejected answers already contains the account.
    names_subject: NamesSubject::Always,
    scope: Some(|parts| matches!(parts, ["account"]).then_some("account")),
    ..counts("auditmanager.insights", "account")
};

static ASSESSMENT_KIND: KindDescriptor = KindDescriptor {
    is_in_ended: true,
    // An assessment's id is a UUID, so its key part needs no decoding.
    scope: Some(|parts| if let ["assessment", id] = parts { Some(id) } else { None }),
    ..counts("auditmanager.assessment", "assessment")
};

static DOMAIN_KIND: KindDescriptor = KindDescriptor {
    scope: Some(|parts| match parts {
        ["domain", _] => Some("account"),
        ["assessment", id, "domain", _] => Some(id),
        _ => None,
    }),
    ..counts("auditmanager.domain", "control domain")
};

static CONTROL_KIND: KindDescriptor = counts("auditmanager.control", "control");

/// The measures of all counts.
pub(crate) const MEASURES: ComplianceMeasures =
    ComplianceMeasures { compliant: "compliant", noncompliant: "noncompliant", inconclusive: "inconclusive" };

/// The descriptor of daily counts, without the members that depend on what is counted.
const fn counts(name: &'static str, label: &'static str) -> KindDescriptor {
    KindDescriptor {
        names_subject: NamesSubject::Never,
        measures: &[
            Measure { name: MEASURES.compliant, label: "compliant evidence" },
            Measure { name: MEASURES.noncompliant, label: "non-compliant evidence" },
            Measure { name: MEASURES.inconclusive, label: "inconclusive evidence" },
        ],
        severity: Some(SeverityRule {
            value: "non-compliant / (compliant + non-compliant)",
            scale: Scale::Share(NONCOMPLIANT_SHARE),
        }),
        compliance: Some(MEASURES),
        // Not `SOURCE`: constants that refer to each other through statics are a cyclic definition.
        ..KindDescriptor::plain(name, label, Source(&AUDIT_MANAGER), Shape::Snapshot)
    }
}
