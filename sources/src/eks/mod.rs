//! Amazon EKS cluster insights: checks of upgrade readiness, misconfiguration and rollback readiness.
//!
//! <https://docs.aws.amazon.com/eks/latest/userguide/cluster-insights.html>

pub mod readiness;
pub mod view;

use crate::{Kind, Source};
use insights_records::descriptor::{
    Availability, KindDescriptor, NamesSubject, NotEnabled, Operation, Schedule, Shape, SourceDescriptor,
};
use insights_records::record::Severity;
use insights_records::severity::{LabelScale, Scale, SeverityRule};
use insights_records::version::{BY_UPDATE, VersionRule};

/// Amazon EKS.
pub const SOURCE: Source = Source(&EKS);
/// One period in which a check of a cluster had one status other than PASSING.
pub const INSIGHT: Kind = Kind(&INSIGHT_KIND);
/// One answer about an open EKS insight.
pub const INSIGHT_EVENT: Kind = Kind(&INSIGHT_EVENT_KIND);

/// The status of a check that passes, which is not an insight.
pub const PASSING: &str = "PASSING";
/// The status for an answer without one.
pub const UNKNOWN: &str = "UNKNOWN";

/// The severity of a status. An unknown status counts like UNKNOWN.
pub const STATUS_SEVERITY: LabelScale = LabelScale {
    severities: &[("ERROR", Severity::High), ("WARNING", Severity::Medium)],
    otherwise: Severity::Low,
};

/// The clusters of an account, in any region.
const CLUSTERS: &str = "eks:*:ACCOUNT:cluster/*";

static EKS: SourceDescriptor = SourceDescriptor {
    id: "eks",
    label: "EKS",
    package: "eks-insights",
    logical_id: "Eks",
    summary: "Collects the insights of EKS clusters into the table.",
    endpoint_variable: "AWS_ENDPOINT_URL_EKS",
    kinds: &[Kind(&INSIGHT_KIND), Kind(&INSIGHT_EVENT_KIND)],
    operations: &[
        operation("ListClusters", "eks:ListClusters", "*"),
        operation("ListInsights", "eks:ListInsights", CLUSTERS),
        operation("DescribeInsight", "eks:DescribeInsight", CLUSTERS),
    ],
    retention_days: 400,
    history: None,
    schedule: Schedule { minutes: 360 },
    push: None,
    availability: Availability { missing_partitions: &[], regions: &[] },
    not_enabled: NotEnabled { errors: &[], meaning: "there is no EKS cluster there" },
    no_data: "asked and answered: every check passed in this time",
};

const fn operation(name: &'static str, iam_action: &'static str, iam_resource: &'static str) -> Operation {
    Operation { service: "eks", name, iam_action, iam_resource, rate: None, is_sequential: false }
}

// Not `SOURCE` below: constants that refer to each other through statics are a cyclic definition.

static INSIGHT_KIND: KindDescriptor = KindDescriptor {
    version: VersionRule { replaces_self_closed: true, ..BY_UPDATE },
    is_in_ended: true,
    is_period: true,
    // An answer does not contain the name of its cluster.
    names_subject: NamesSubject::Never,
    severity: Some(SeverityRule { value: "status", scale: Scale::Label(STATUS_SEVERITY) }),
    // EKS refreshes each check about once a day, usually without a change.
    unhashed: &[&["updated_at"], &["detail", "last_refresh_time"]],
    ..KindDescriptor::plain("eks.insight", "insight", Source(&EKS), Shape::Insight)
};

static INSIGHT_EVENT_KIND: KindDescriptor = KindDescriptor {
    names_subject: NamesSubject::Never,
    ..KindDescriptor::plain("eks.insight_event", "insight event", Source(&EKS), Shape::Event)
};

/// Whether EKS accepts `name` as the name of a cluster.
/// <https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html>
pub fn is_cluster_name(name: &str) -> bool {
    let is_first = |byte: u8| byte.is_ascii_alphanumeric();
    let is_later = |byte: u8| is_first(byte) || byte == b'_' || byte == b'-';
    let begins = name.bytes().next().is_some_and(is_first);
    begins && name.len() <= 100 && name.bytes().all(is_later)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_name_has_up_to_100_letters_digits_underscores_and_hyphens() {
        for (name, expected) in [
            ("prod", true),
            ("9-a_B", true),
            (&*"x".repeat(100), true),
            (&*"x".repeat(101), false),
            ("-prod", false),
            ("_prod", false),
            ("prod.eu", false),
            ("prod eu", false),
            ("", false),
        ] {
            assert_eq!(is_cluster_name(name), expected, "{name}");
        }
    }
}
