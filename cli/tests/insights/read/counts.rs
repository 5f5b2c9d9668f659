//! Daily counts of every source that lists them by day: the trend in `show`, on the page, and lower bounds.

use crate::support::story::Story;
use insights_shared::record::Kind;
use insights_sources::kinds;

const ID: &str = "arn:aws:example:eu-west-1:123456789012:insight/one";

/// Two days of counts of `kind`; on the second one the limited measure is at its limit.
fn counted(kind: Kind) -> Story {
    let story = Story::empty();
    let source = kind.source.as_str();
    let place =
        format!(r#""source":"{source}","account_id":"123456789012","region":"eu-west-1","schema_version":1"#);
    story.put(&format!(
        r#"{{"pk":"run#{source}#123456789012#eu-west-1","sk":"state","kind":"state",{place},
            "entity_pk":"run#{source}","entity_sk":"123456789012#eu-west-1"}}"#
    ));
    for (day, count) in [("25", 7), ("27", 1_250)] {
        let number = |name: &str| match kind.limit {
            Some((limited, limit)) if limited == name && count > 7 => limit,
            _ => count,
        };
        let measures: Vec<String> =
            kind.measures.iter().map(|one| format!(r#""{}":{}"#, one.name, number(one.name))).collect();
        story.put(&format!(
            r#"{{"pk":"{source}#123456789012#eu-west-1#{ID}","sk":"2026-02-{day}","kind":"{kind}",{place},"id":"{ID}",
                "entity":"{ID}","title":"Public buckets: {count}","status":"snapshot","severity":"high",
                "started_at":"2026-02-{day}T00:00:00.000Z","measures":{{{}}},"ended_pk":"{kind}#2026-02",
                "ended_sk":"2026-02-{day}T00:00:00.000Z#1","entity_pk":"entity#{ID}","entity_sk":"2026-02-{day}T00:00:00.000Z#1"}}"#,
            measures.join(",")
        ));
    }
    story
}

#[test]
fn daily_counts_have_a_trend_in_show_and_on_the_page() {
    let is_listed_by_day = |kind: &Kind| kind.is_snapshot() && kind.is_in_ended && kind.compliance.is_none();
    for kind in kinds().filter(is_listed_by_day) {
        let story = counted(kind);
        let bound = if kind.limit.is_some() { "≥ 1,250" } else { "1,250" };
        // By its whole id, and by a part that is long enough.
        for id in [ID, &ID[..40]] {
            let shown = story.output(&["show", id]);
            for expected in ["2026-02-25", "2026-02-27", bound, "█"] {
                assert!(shown.contains(expected), "{kind}: {expected} is missing: {shown}");
            }
            for measure in kind.measures {
                let last = measure.label.rsplit(' ').next().unwrap().to_uppercase();
                assert!(shown.contains(&last), "{kind}: {last} is missing: {shown}");
            }
        }
        let page = story.output(&["report", "--out", "-", "--since", "7d"]);
        let (_, section) = page.split_once("<section id=\"counts\"").unwrap();
        let (section, _) = section.split_once("</section>").unwrap();
        for expected in ["Public buckets: 1250", "data-chart=\"counts\"", "not collected", bound] {
            assert!(section.contains(expected), "{kind}: {expected} is missing: {section}");
        }
        assert!(!section.contains("non-compliant"), "{kind}: {section}");
        let compliance = story.output(&["compliance"]);
        assert_eq!(compliance, "", "{kind} is not about compliance");
    }
}
