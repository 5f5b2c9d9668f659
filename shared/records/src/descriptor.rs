//! Descriptors: what is known about a source and about a kind of record, as data. This module contains the types. The data of
//! each source is in the crate `insights-sources`, so that this crate depends on no service.

use crate::fault::Faults;
use crate::severity::SeverityRule;
use crate::value::Value;
use crate::version::{BY_UPDATE, VersionRule};
use std::fmt;
use std::ops::Deref;

/// A handle to the descriptor of a source. Two sources are equal if their ids are.
#[derive(Clone, Copy)]
pub struct Source(pub &'static SourceDescriptor);

/// A handle to the descriptor of a kind. Two kinds are equal if their names are.
#[derive(Clone, Copy)]
pub struct Kind(pub &'static KindDescriptor);

/// A service from which insights are collected.
pub struct SourceDescriptor {
    /// The name in keys, payloads and reports, for example `xray`.
    pub id: &'static str,
    /// The service's name in texts, for example `X-Ray`.
    pub label: &'static str,
    /// The function's package and binary.
    pub package: &'static str,
    /// The prefix of the logical ids of its resources and parameters in the templates.
    pub logical_id: &'static str,
    /// What its function does, in one sentence.
    pub summary: &'static str,
    /// The SDK's environment variable for the service's endpoint.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    pub endpoint_variable: &'static str,
    /// The kinds of its records.
    pub kinds: &'static [Kind],
    /// The operations that its function calls.
    pub operations: &'static [Operation],
    /// The default of `RETENTION_DAYS`.
    pub retention_days: i64,
    /// How far back the service can be asked; `None` if it only returns the current state.
    pub history: Option<History>,
    /// How often the template runs the function by default.
    pub schedule: Schedule,
    /// The event that the service sends when it has something new; `None` if it sends none.
    pub push: Option<PushEvent>,
    /// Where the service is not available.
    pub availability: Availability,
    /// How the service shows that it is not in use in an account and region.
    pub not_enabled: NotEnabled,
    /// The text that readers show if a run found nothing.
    pub no_data: &'static str,
}

/// One kind of record.
pub struct KindDescriptor {
    /// The value of the attribute `kind`, for example `xray.insight`.
    pub name: &'static str,
    /// The singular name in texts, for example `control domain`.
    pub label: &'static str,
    /// The source that it comes from.
    pub source: Source,
    /// What its records are: insights, events, snapshots and so on.
    pub shape: Shape,
    /// When an answer replaces the stored one.
    pub version: VersionRule,
    /// Whether the index `ended` contains it: insights once they are closed, and the snapshots that are listed by day.
    pub is_in_ended: bool,
    /// Whether an answer contains the id of its subject. If it does not, a rejected answer is stored together with what was
    /// requested. Otherwise equal answers about two subjects would be stored as one.
    pub names_subject: NamesSubject,
    /// Whether an insight is one period of a longer failure: records with the same id, about the same entity of the same account
    /// and region, belong together if one begins when the other ends. Readers show the start of the first.
    pub is_period: bool,
    /// The numbers in `measures`.
    pub measures: &'static [Measure],
    /// How its severity is determined; `None` if it has none.
    pub severity: Option<SeverityRule>,
    /// Members that the hash leaves out, as paths of one or two names: they change even if nothing happened.
    pub unhashed: &'static [&'static [&'static str]],
    /// Which measures count compliance; `None` if the kind is not about compliance.
    pub compliance: Option<ComplianceMeasures>,
    /// The measure with a limit, and the limit. At the limit the service returned only a part of the data, so all measures of
    /// the record are lower bounds.
    pub limit: Option<(&'static str, i64)>,
    /// Reads the `entity` from the parts of a scope row's name (separated by `#`), if the scope is of this kind. `None` if
    /// the catalog has no scopes of this kind.
    pub scope: Option<ScopeEntity>,
}

/// Reads the `entity` of a scope from the parts of its name.
pub type ScopeEntity = for<'a> fn(parts: &[&'a str]) -> Option<&'a str>;

/// The names of the measures of a kind that is about compliance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComplianceMeasures {
    /// The number that complies.
    pub compliant: &'static str,
    /// The number that does not comply.
    pub noncompliant: &'static str,
    /// The number that was not evaluated. It is not part of the other two.
    pub inconclusive: &'static str,
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An insight, which opens and closes.
    Insight,
    /// One state of an insight at one time.
    Event,
    /// The services that an insight affects.
    Graph,
    /// A chunk of a metric series.
    Series,
    /// The counts of one day.
    Snapshot,
}

/// Whether an answer contains the id of its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamesSubject {
    /// Always.
    Always,
    /// Only if the record has an id.
    WithId,
    /// Never.
    Never,
}

/// A number in `measures`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Its name in the table.
    pub name: &'static str,
    /// Its plural name in texts, for example `findings`.
    pub label: &'static str,
}

/// One API operation that a function calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operation {
    /// The service in endpoints and signatures. Operations of two services may have the same name.
    pub service: &'static str,
    /// Its name as AWS spells it.
    pub name: &'static str,
    /// The IAM action that it needs.
    pub iam_action: &'static str,
    /// The resource for which the action is granted: `*` if the action supports no resource, otherwise an ARN without
    /// `arn:<partition>:`, in which `ACCOUNT` stands for the account.
    pub iam_resource: &'static str,
    /// Default rate limit in requests per second; `None` means the general default.
    pub rate: Option<f64>,
    /// Whether its pages are requested one after the other, so that it needs no concurrency.
    pub is_sequential: bool,
}

/// How far back a service can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// The days that the service keeps: the default and the maximum of `LOOKBACK_DAYS`.
    pub days: i64,
}

/// How often a function runs by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The minutes between two runs.
    pub minutes: i64,
}

impl Schedule {
    /// The rate expression of EventBridge Scheduler, for example `rate(15 minutes)`.
    pub fn expression(self) -> String {
        let (number, unit) =
            if self.minutes % 60 == 0 { (self.minutes / 60, "hour") } else { (self.minutes, "minute") };
        format!("rate({number} {unit}{})", if number == 1 { "" } else { "s" })
    }
}

/// An event that a service sends by EventBridge.
#[derive(Clone, Copy, Debug)]
pub struct PushEvent {
    /// Its `detail-type`.
    pub detail_type: &'static str,
    /// Its `source`.
    pub event_source: &'static str,
    /// The logical id of the EventBridge rule in the template.
    pub rule: &'static str,
    /// When the service sends it.
    pub description: &'static str,
    /// Adds a fault for each member without which the event cannot be processed. What can still be stored, or stored as
    /// rejected, is no fault.
    pub check: fn(event: &PushedEvent<'_>, faults: &mut Faults),
}

/// A received event, as [`PushEvent::check`] reads it.
#[derive(Clone, Copy, Debug)]
pub struct PushedEvent<'a> {
    /// The account of its envelope.
    pub account_id: &'a str,
    /// The region of its envelope.
    pub region: &'a str,
    /// The service's data.
    pub detail: &'a Value,
}

/// Where a service is not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Availability {
    /// The prefixes of region names of partitions without the service. An unknown region is not excluded.
    pub missing_partitions: &'static [&'static str],
    /// The regions with the service, if it is not available in nearly all: the default of organization mode. Empty means
    /// every region.
    pub regions: &'static [&'static str],
}

/// How a service shows that it is not in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotEnabled {
    /// The errors that show it. Their status or code is that of a denial.
    pub errors: &'static [ErrorPattern],
    /// The explanation for readers. It follows an account and a region in the text.
    pub meaning: &'static str,
}

/// Describes an error of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorPattern {
    /// The error code; empty matches any.
    pub code: &'static str,
    /// A part of the error message; empty matches any.
    pub message: &'static str,
}

impl ErrorPattern {
    /// Whether this pattern matches an error with this code and message.
    pub fn fits(&self, code: &str, message: &str) -> bool {
        (self.code.is_empty() || self.code == code) && message.contains(self.message)
    }
}

impl KindDescriptor {
    /// A kind without measures and severity, whose newest answer counts. Descriptors of other kinds are based on it.
    pub const fn plain(name: &'static str, label: &'static str, source: Source, shape: Shape) -> Self {
        Self {
            name,
            label,
            source,
            shape,
            version: BY_UPDATE,
            is_in_ended: false,
            names_subject: NamesSubject::Always,
            measures: &[],
            severity: None,
            unhashed: &[],
            is_period: false,
            compliance: None,
            limit: None,
            scope: None,
        }
    }

    /// The measure with this name.
    pub fn measure(&self, name: &str) -> Option<&'static Measure> {
        self.measures.iter().find(|measure| measure.name == name)
    }
}

impl Source {
    /// The name in keys, payloads and reports.
    pub fn as_str(self) -> &'static str {
        self.0.id
    }

    /// The operation with this name.
    pub fn operation(self, name: &str) -> Option<&'static Operation> {
        self.0.operations.iter().find(|operation| operation.name == name)
    }

    /// The IAM actions that its operations need, sorted, each once.
    pub fn iam_actions(self) -> Vec<&'static str> {
        let mut actions: Vec<&str> = self.0.operations.iter().map(|operation| operation.iam_action).collect();
        actions.sort_unstable();
        actions.dedup();
        actions
    }

    /// Whether a denial with this code and message means that the service is not in use.
    pub fn says_not_enabled(self, code: &str, message: &str) -> bool {
        self.0.not_enabled.errors.iter().any(|pattern| pattern.fits(code, message))
    }

    /// The kinds of its insights.
    pub fn insight_kinds(self) -> impl Iterator<Item = Kind> {
        self.0.kinds.iter().copied().filter(|kind| kind.is_insight())
    }

    /// Whether it has records of this shape.
    pub fn has_shape(self, shape: Shape) -> bool {
        self.0.kinds.iter().any(|kind| kind.shape == shape)
    }

    /// Whether its function queries the table: for open insights, or for catalog rows of series, scopes and clusters.
    pub fn needs_query(self) -> bool {
        self.kinds.iter().any(|kind| kind.shape != Shape::Snapshot || kind.scope.is_some())
    }

    /// Whether its records are daily counts (snapshots), not insights that open and close.
    pub fn is_counted_by_day(self) -> bool {
        self.insight_kinds().next().is_none()
    }
}

impl Kind {
    /// The value of the attribute `kind`.
    pub fn as_str(self) -> &'static str {
        self.0.name
    }

    /// Whether it is an insight: something that opens and closes.
    pub fn is_insight(self) -> bool {
        self.0.shape == Shape::Insight
    }

    /// Whether it is a snapshot: the counts of one day.
    pub fn is_snapshot(self) -> bool {
        self.0.shape == Shape::Snapshot
    }
}

/// Implements the traits that a handle derives from its name.
macro_rules! handle {
    ($handle:ident, $descriptor:ident) => {
        impl Deref for $handle {
            type Target = $descriptor;

            fn deref(&self) -> &$descriptor {
                self.0
            }
        }

        impl PartialEq for $handle {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $handle {}

        impl PartialOrd for $handle {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $handle {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl std::hash::Hash for $handle {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl fmt::Debug for $handle {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl fmt::Display for $handle {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

handle!(Source, SourceDescriptor);
handle!(Kind, KindDescriptor);

impl fmt::Debug for SourceDescriptor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SourceDescriptor").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for KindDescriptor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KindDescriptor").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_a_rate_expression_in_the_largest_whole_unit() {
        for (minutes, expected) in [
            (1, "rate(1 minute)"),
            (15, "rate(15 minutes)"),
            (60, "rate(1 hour)"),
            (90, "rate(90 minutes)"),
            (360, "rate(6 hours)"),
        ] {
            assert_eq!(Schedule { minutes }.expression(), expected);
        }
    }

    #[test]
    fn an_error_matches_a_pattern_by_code_and_part_of_its_message() {
        let (by_both, by_code) = (
            ErrorPattern { code: "AccessDenied", message: "complete the setup" },
            ErrorPattern { code: "InvalidAccess", message: "" },
        );
        for (pattern, code, message, expected) in [
            (by_both, "AccessDenied", "Please complete the setup first", true),
            (by_both, "AccessDenied", "not authorized", false),
            (by_both, "Other", "Please complete the setup first", false),
            (by_code, "InvalidAccess", "anything", true),
            (by_code, "AccessDenied", "anything", false),
        ] {
            assert_eq!(pattern.fits(code, message), expected, "{pattern:?} {code} {message}");
        }
    }
}
