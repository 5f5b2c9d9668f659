//! Why the points of a series cannot be had, and since when, for a person. What no later run can resolve must not be
//! announced for the next one.

use crate::output::words::{instant, plain};
use cloudtrail_insights::lasting::Unavailable;
use jiff::tz::TimeZone;

/// One sentence, without its full stop.
pub fn sentence(unavailable: &Unavailable, zone: &TimeZone) -> String {
    let Unavailable { code, since, asked_at } = unavailable;
    let since = instant(*since, zone);
    let asked_at = instant(*asked_at, zone);
    format!("not available since {since}: {} ({}); last asked at {asked_at}", reason(code), plain(code))
}

fn reason(code: &str) -> &'static str {
    match code {
        "InvalidTrailNameException" | "TrailNotFoundException" => "its trail does not exist any more",
        "CloudTrailARNInvalidException" => "its trail has no valid ARN",
        "AccessDenied" | "AccessDeniedException" => "its trail belongs to another account",
        "OperationNotPermittedException" => "its trail belongs to the organization or to another account",
        "InsightNotEnabledException" => "its trail has no insights any more",
        "UnsupportedOperationException" => "CloudTrail does not support it",
        _ => "CloudTrail takes no request for it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_says_since_when_why_and_when_it_was_asked_last() {
        let at = |text: &str| text.parse().unwrap();
        for (code, reason) in [
            ("InvalidTrailNameException", "its trail does not exist any more"),
            ("AccessDeniedException", "its trail belongs to another account"),
            ("Request.Invalid", "CloudTrail takes no request for it"),
        ] {
            let (since, asked_at) = (at("2026-03-01T12:00:00Z"), at("2026-03-02T12:05:00Z"));
            let unavailable = Unavailable { code: code.to_owned(), since, asked_at };
            assert_eq!(
                sentence(&unavailable, &TimeZone::UTC),
                format!(
                    "not available since 2026-03-01 12:00: {reason} ({code}); last asked at 2026-03-02 12:05"
                )
            );
        }
    }
}
