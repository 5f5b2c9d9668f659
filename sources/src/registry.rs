//! The registered sources, and look-ups by name.

use crate::view::View;
use crate::{Kind, Operation, Source};
use insights_records::record::Stored;

/// Lists the descriptors and views of the sources. Views have a separate list, so that functions, which only use descriptors,
/// do not contain them.
macro_rules! register {
    ($($source:ident),+) => {
        static SOURCES: &[Source] = &[$(crate::$source::SOURCE),+];
        /// The view of every source.
        pub(crate) static VIEWS: &[&View] = &[$(&crate::$source::view::VIEW),+];
    };
}

// The registration: a new source needs one entry here. The order is that of listings.
register!(xray, cloudtrail, auditmanager, eks, securityhub);

/// Every source, in the order of listings.
pub fn all() -> impl ExactSizeIterator<Item = Source> + DoubleEndedIterator + Clone {
    SOURCES.iter().copied()
}

/// The source with this id.
pub fn source(id: &str) -> Option<Source> {
    all().find(|source| source.id == id)
}

/// The kind with this name.
pub fn kind(name: &str) -> Option<Kind> {
    kinds().find(|kind| kind.name == name)
}

/// The source of a stored record.
pub fn source_of(record: &Stored) -> Option<Source> {
    source(record.text("source")?)
}

/// The kind of a stored record.
pub fn kind_of(record: &Stored) -> Option<Kind> {
    kind(record.text("kind")?)
}

/// Every kind of every source.
pub fn kinds() -> impl Iterator<Item = Kind> {
    all().flat_map(|source| source.0.kinds).copied()
}

/// The kinds of insights of every source.
pub fn insight_kinds() -> impl Iterator<Item = Kind> {
    kinds().filter(|kind| kind.is_insight())
}

/// Every operation of every source.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    all().flat_map(|source| source.0.operations)
}

/// A value of `RATE_LIMITS` with `rate` requests per second for every operation of every source; 0 means unlimited.
pub fn rate_limits(rate: u32) -> String {
    let limited = operations().filter(|operation| operation.rate.is_some());
    let mut members = vec![format!("\"default\":{rate}")];
    members.extend(limited.map(|operation| format!("\"{}:{}\":{rate}", operation.service, operation.name)));
    format!("{{{}}}", members.join(","))
}

/// A value of `RATE_LIMITS` for simulated services, which have no such limits: ten times the documented rates, and `rate`
/// requests per second for operations without a documented rate.
pub fn fast_rate_limits(rate: u32) -> String {
    let mut members = vec![format!("\"default\":{rate}")];
    members.extend(operations().filter_map(|operation| {
        Some(format!("\"{}:{}\":{}", operation.service, operation.name, operation.rate? * 10.0))
    }));
    format!("{{{}}}", members.join(","))
}

/// The ids of all sources for a message, for example `xray, cloudtrail or auditmanager`.
pub fn source_ids() -> String {
    let ids: Vec<&str> = all().map(|source| source.0.id).collect();
    match ids.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => ids.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auditmanager, cloudtrail, eks, securityhub, xray};
    use insights_records::key::Key;
    use insights_records::record::Record;
    use insights_records::severity::{Scale, SeverityRule};
    use insights_records::time::Timestamp;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_can_be_found() {
        let sources: BTreeSet<&str> = all().map(Source::as_str).collect();
        assert_eq!(sources.len(), all().len());
        assert!(all().all(|known| source(known.id) == Some(known)));
        let names: BTreeSet<&str> = kinds().map(Kind::as_str).collect();
        assert_eq!(names.len(), kinds().count());
        assert!(kinds().all(|known| kind(known.name) == Some(known)));
        assert_eq!((source("none"), kind("none")), (None, None));
        assert_eq!(source_ids(), "xray, cloudtrail, auditmanager, eks or securityhub");
    }

    #[test]
    fn every_kind_belongs_to_the_source_that_lists_it_and_is_named_after_it() {
        for source in all() {
            for kind in source.kinds {
                assert_eq!(kind.source, source);
                assert!(kind.name.starts_with(&format!("{source}.")), "{kind}");
                let has_severity = kind.is_insight() || kind.is_snapshot();
                assert_eq!(kind.severity.is_some(), has_severity, "{kind}");
                // A severity is determined from numbers or from a label of the service.
                let is_number = |rule: SeverityRule| !matches!(rule.scale, Scale::Label(_));
                if kind.severity.is_none_or(is_number) {
                    assert_eq!(!kind.measures.is_empty(), has_severity, "{kind}");
                }
            }
        }
    }

    #[test]
    fn every_operation_is_of_the_service_of_its_source_and_named_once() {
        for source in all() {
            assert!(source.operations.iter().all(|operation| operation.service == source.id));
            let names: BTreeSet<&str> = source.operations.iter().map(|operation| operation.name).collect();
            assert_eq!(names.len(), source.operations.len(), "{source}");
            assert!(names.iter().all(|name| source.operation(name).is_some_and(|found| found.name == *name)));
        }
    }

    #[test]
    fn audit_manager_without_setup_is_distinguished_from_a_denial_by_the_message() {
        let says = |message| auditmanager::SOURCE.says_not_enabled("AccessDeniedException", message);
        assert!(says(
            "Please complete AWS Audit Manager setup from home page to enable this action in this account."
        ));
        assert!(!says("User: x is not authorized to perform: auditmanager:GetInsights"));
        let message = "Please complete AWS Audit Manager setup";
        assert!(!xray::SOURCE.says_not_enabled("AccessDeniedException", message));
    }

    #[test]
    fn an_account_without_security_hub_is_distinguished_from_a_denial() {
        let says = |code, message| securityhub::SOURCE.says_not_enabled(code, message);
        let message = "Account 123456789012 is not subscribed to AWS Security Hub";
        assert!(says("InvalidAccessException", message));
        assert!(!says("InvalidAccessException", "Account 123456789012 is not an administrator account"));
        assert!(!says("AccessDeniedException", message));
    }

    #[test]
    fn equal_answers_about_two_subjects_have_different_raw_texts() {
        let time: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let raw = |kind, pk: &str, id: Option<&str>| {
            let mut record = Record::new(kind, Key::new(pk, "x"), "123456789012", "eu-west-1", time);
            record.id = id.map(str::to_owned);
            record.detail.insert("state".into(), "ACTIVE".into());
            record.to_raw()
        };
        let plain = r#"{"state":"ACTIVE"}"#;
        for (kind, id, names_subject) in [
            (xray::INSIGHT, Some("a"), true),
            (xray::INSIGHT, Some(""), false),
            (xray::INSIGHT, None, false),
            (xray::INSIGHT_EVENT, None, false),
            (xray::IMPACT_GRAPH, None, false),
            (cloudtrail::INSIGHT, Some("a"), true),
            (cloudtrail::METRIC, None, true),
            (auditmanager::ACCOUNT, Some("123456789012"), true),
            (auditmanager::ASSESSMENT, Some("a"), false),
            (auditmanager::DOMAIN, Some("a"), false),
            (auditmanager::CONTROL, None, false),
            (securityhub::INSIGHT, Some("arn"), true),
            (securityhub::INSIGHT, None, false),
            (eks::INSIGHT, Some("a"), false),
            (eks::INSIGHT_EVENT, None, false),
        ] {
            let (one, other) = (raw(kind, "one", id), raw(kind, "other", id));
            if names_subject {
                assert_eq!((one.as_str(), other.as_str()), (plain, plain), "{kind:?} {id:?}");
            } else {
                assert_eq!(one, format!(r#"{{"answer":{plain},"requested":"one"}}"#), "{kind:?} {id:?}");
                assert_eq!(other, one.replace("one", "other"), "{kind:?} {id:?}");
            }
        }
    }
}
