//! A sentence that states since when and why a metric series or a trail is not available. The view of the source explains the
//! codes.

use crate::format::{instant, plain};
use insights_shared::catalog::Unavailable;
use insights_shared::record::Source;
use insights_sources::view;
use jiff::tz::TimeZone;

/// The sentence about `trail`, or about one of its series, without a full stop.
pub fn sentence(unavailable: &Unavailable, source: Source, trail: Option<&str>, zone: &TimeZone) -> String {
    let Unavailable { code, since, asked_at } = unavailable;
    let reason = view::of(source).map(|view| (view.unavailable)(code, trail)).unwrap_or_default();
    let (since, asked_at) = (instant(*since, zone), instant(*asked_at, zone));
    let (reason, code) = (plain(&reason), plain(code));
    format!(
        "not available since {since}: {reason} ({code}); last requested at {asked_at}, requested again once a day; no action is needed"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_has_the_start_the_reason_and_the_last_request() {
        let at = |text: &str| text.parse().unwrap();
        let organization = Some("arn:aws:cloudtrail:eu-west-1:111122223333:trail/organization");
        for (code, trail, reason) in [
            ("InvalidTrailNameException", organization, "CloudTrail has no trail of this name"),
            ("TrailNotFoundException", organization, "CloudTrail has no trail of this name"),
            ("AccessDeniedException", organization, "access to the trail of account 111122223333 is denied"),
            ("AccessDenied", Some("data"), "access is denied"),
            ("AccessDeniedException", None, "access is denied"),
            ("InsightNotEnabledException", organization, "Insights is not enabled on the trail"),
            ("Request.Invalid", None, "CloudTrail rejects requests for it"),
            ("Response.Malformed", organization, "CloudTrail rejects requests for it"),
        ] {
            let (since, asked_at) = (at("2026-03-01T12:00:00Z"), at("2026-03-02T12:05:00Z"));
            let unavailable = Unavailable { code: code.to_owned(), since, asked_at };
            assert_eq!(
                sentence(&unavailable, insights_sources::cloudtrail::SOURCE, trail, &TimeZone::UTC),
                format!(
                    "not available since 2026-03-01 12:00: {reason} ({code}); last requested at 2026-03-02 12:05, requested again \
                     once a day; no action is needed"
                )
            );
        }
    }
}
