//! The health of several targets together: whether "nothing is open" is certain, or only means that nothing could be
//! collected. No I/O.

use super::condition::Condition;
use crate::format::service;
use insights_shared::record::Source;
use insights_sources::view::Explanation;

/// What is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Every source was collected recently and completely, or is not in use. What is not in the table does not exist.
    Known,
    /// Some targets or sources were not collected, not completely, or not recently.
    Partly,
    /// No target was collected, for this reason.
    Unknown(String),
}

impl Health {
    /// The health of `targets`, which belong to `sources`.
    pub fn of(sources: &[Source], targets: &[(Source, Condition)]) -> Self {
        let all = targets;
        let targets = || all.iter().filter(|(source, _)| sources.contains(source));
        if !targets().any(|(_, condition)| condition.was_collected()) {
            let words = |source: &Source| {
                let mut words: Vec<&str> =
                    targets().filter(|(of, _)| of == source).map(|(_, condition)| said(*condition)).collect();
                words.sort_unstable();
                words.dedup();
                if words.is_empty() {
                    words.push(said(Condition::NeverRun));
                }
                format!("{} {}", service(source.as_str()), words.join(" or "))
            };
            let reasons: Vec<String> = sources.iter().map(words).collect();
            return Self::Unknown(reasons.join(", "));
        }
        // A source that runs elsewhere may be omitted from an account or region on purpose.
        let is_fine = |condition: Condition| condition.is_well() || condition == Condition::NeverRun;
        let have_all_run = never_run(sources, all).next().is_none();
        if have_all_run && targets().all(|(_, condition)| is_fine(*condition)) {
            Self::Known
        } else {
            Self::Partly
        }
    }

    /// Explains an empty result. `what` is the singular name of what was searched, for example `open insight`.
    pub fn explain_empty(&self, what: &str) -> Explanation {
        let (about, text) = match self {
            Self::Unknown(reason) => ("unknown", reason.clone()),
            Self::Partly => ("incomplete", format!("no {what} in the data that was collected")),
            Self::Known => ("", format!("no {what}")),
        };
        Explanation { about: about.to_owned(), text, command: None }
    }

    /// The reason why nothing is known; `None` if something is.
    pub fn unknown(&self) -> Option<&str> {
        match self {
            Self::Unknown(reason) => Some(reason),
            Self::Known | Self::Partly => None,
        }
    }
}

/// The `sources` that have never run in any account and region, so that it is unknown whether they would find anything.
pub fn never_run<'a>(
    sources: &'a [Source],
    targets: &'a [(Source, Condition)],
) -> impl Iterator<Item = Source> + 'a {
    let has_run = |wanted: Source| {
        targets.iter().any(|(source, condition)| *source == wanted && *condition != Condition::NeverRun)
    };
    sources.iter().copied().filter(move |source| !has_run(*source))
}

fn said(condition: Condition) -> &'static str {
    match condition {
        Condition::Fresh => "is fresh",
        Condition::Partial => "is partial",
        Condition::NotEnabled => "is not enabled",
        Condition::Stale => "is stale",
        Condition::NeverRun => "has never run",
        Condition::Denied => "is denied",
        Condition::Throttled => "is throttled",
        Condition::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_if_nothing_was_collected() {
        use Condition::{Denied, Failed, Fresh, NeverRun, NotEnabled, Partial, Stale, Throttled};
        const XRAY: Source = insights_sources::xray::SOURCE;
        const CLOUDTRAIL: Source = insights_sources::cloudtrail::SOURCE;
        const AUDITMANAGER: Source = insights_sources::auditmanager::SOURCE;
        let insights = [XRAY, CLOUDTRAIL];
        let unknown = |reason: &str| Health::Unknown(reason.to_owned());
        for (sources, targets, expected) in [
            (&insights[..], vec![], unknown("X-Ray has never run, CloudTrail has never run")),
            (
                &insights,
                vec![(XRAY, Denied), (CLOUDTRAIL, NotEnabled)],
                unknown("X-Ray is denied, CloudTrail is not enabled"),
            ),
            (
                &insights,
                vec![(XRAY, Denied), (XRAY, NotEnabled), (XRAY, Denied), (CLOUDTRAIL, Throttled)],
                unknown("X-Ray is denied or is not enabled, CloudTrail is throttled"),
            ),
            // Audit Manager has no open insights.
            (
                &insights,
                vec![(XRAY, Failed), (CLOUDTRAIL, NeverRun), (AUDITMANAGER, Fresh)],
                unknown("X-Ray failed, CloudTrail has never run"),
            ),
            (
                &[AUDITMANAGER],
                vec![(XRAY, Fresh), (AUDITMANAGER, NotEnabled)],
                unknown("Audit Manager is not enabled"),
            ),
            (&insights, vec![(XRAY, Fresh), (CLOUDTRAIL, Denied)], Health::Partly),
            (&insights, vec![(XRAY, Stale)], Health::Partly),
            (&insights, vec![(XRAY, Partial), (CLOUDTRAIL, Fresh)], Health::Partly),
            (&insights, vec![(XRAY, Fresh), (CLOUDTRAIL, NotEnabled)], Health::Known),
            (&insights, vec![(XRAY, Fresh), (CLOUDTRAIL, NeverRun)], Health::Partly),
            (
                &insights,
                vec![(XRAY, NotEnabled), (CLOUDTRAIL, NeverRun)],
                unknown("X-Ray is not enabled, CloudTrail has never run"),
            ),
            // The source has no targets.
            (&insights, vec![(XRAY, Fresh)], Health::Partly),
            (&insights, vec![(XRAY, Fresh), (AUDITMANAGER, Fresh)], Health::Partly),
            (&[XRAY], vec![(XRAY, Fresh), (CLOUDTRAIL, NeverRun)], Health::Known),
            // One account has the source; the other one does not need it.
            (&insights, vec![(XRAY, Fresh), (CLOUDTRAIL, NeverRun), (CLOUDTRAIL, Fresh)], Health::Known),
            (&insights, vec![(XRAY, Fresh), (CLOUDTRAIL, NeverRun), (CLOUDTRAIL, NotEnabled)], Health::Known),
            (&insights, vec![(XRAY, Fresh), (CLOUDTRAIL, Fresh), (AUDITMANAGER, Failed)], Health::Known),
        ] {
            assert_eq!(Health::of(sources, &targets), expected, "{targets:?}");
        }
    }
}
