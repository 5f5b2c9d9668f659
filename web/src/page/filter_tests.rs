//! Parsing of addresses, what a filter selects, and its addresses.

use super::*;
use insights_shared::value::Value;

fn now() -> Timestamp {
    "2026-03-08T00:00:00Z".parse().unwrap()
}

#[test]
fn an_address_without_parameters_selects_the_last_seven_days() {
    let (filter, span) = Filter::parse([], &OF_INSIGHTS, now(), &TimeZone::UTC).unwrap();
    assert_eq!((filter.narrows(), span.since.day(), span.until), (false, "2026-03-01".to_owned(), now()));
    let (filter, span) =
        Filter::parse([("since", "24h"), ("q", ""), ("source", " ")], &OF_INSIGHTS, now(), &TimeZone::UTC)
            .unwrap();
    assert!(!filter.narrows());
    assert_eq!((span.since.day(), filter.since), ("2026-03-07".to_owned(), "24h".to_owned()));
    let (_, span) = Filter::parse(
        [("since", "2026-03-05"), ("until", "2026-03-06")],
        &OF_INSIGHTS,
        now(),
        &TimeZone::UTC,
    )
    .unwrap();
    let ends = (span.since.to_string(), span.until.to_string());
    assert_eq!(ends, ("2026-03-05T00:00:00.000Z".to_owned(), "2026-03-06T23:59:59.999Z".to_owned()));
    // The period cannot end in the future.
    let (_, span) = Filter::parse(
        [("since", "2026-03-05"), ("until", "2026-03-08")],
        &OF_INSIGHTS,
        now(),
        &TimeZone::UTC,
    )
    .unwrap();
    assert_eq!(span.until, now());
}

#[test]
fn every_fault_is_reported_with_value_and_rule() {
    for (field, value, rule) in [
        ("source", "lambda", "must be xray, cloudtrail, auditmanager, eks or securityhub"),
        ("severity", "bad", "must be info, low, medium, high or critical"),
        ("status", "done", "must be open or closed"),
        ("account", "12", "must be the 12 digits of an account"),
        ("region", "eu-west1", "must be a region such as eu-west-1"),
        ("since", "tomorrow", "must be a length of time that ends now"),
        ("since", "2027-01-01T00:00:00Z", "must be before until, and before now"),
        ("since", "9000d", "must be at most 400 days before until"),
        ("until", "9999d", "must be before until, and before now"),
        ("sources", "xray", "is unknown: known are source, severity"),
        ("sources", "", "is unknown: known are source, severity"),
    ] {
        let faults = Filter::parse([(field, value)], &OF_INSIGHTS, now(), &TimeZone::UTC).unwrap_err();
        assert_eq!(faults.len(), 1, "{field}={value}: {faults:?}");
        assert!(faults[0].rule.contains(rule), "{field}={value}: {faults:?}");
        assert!(faults[0].field == field || field == "until", "{faults:?}");
    }
    let long = "x".repeat(201);
    let faults = Filter::parse([("q", long.as_str()), ("status", "x")], &OF_INSIGHTS, now(), &TimeZone::UTC)
        .unwrap_err();
    assert_eq!(faults.len(), 2, "all faults at once");
}

#[test]
fn an_insight_is_selected_by_its_attributes_and_its_text() {
    let json = r#"{"source":"xray","severity":"high","status":"open","account_id":"123456789012","region":"eu-west-1",
        "title":"Faults in Checkout","entity":"checkout","id":"7c4e","pk":"xray#123456789012#eu-west-1#7c4e"}"#;
    let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object") };
    let insight = Stored(map);
    for (field, value, held) in [
        ("source", "xray", true),
        ("source", "cloudtrail", false),
        ("severity", "medium", true),
        ("severity", "high", true),
        ("severity", "critical", false),
        ("status", "closed", false),
        ("account", "111122223333", false),
        ("region", "eu-west-1", true),
        ("entity", "checkout", true),
        ("entity", "check", false),
        ("q", "in check", true),
        ("q", "7c4e", true),
        ("q", "payments", false),
    ] {
        let (filter, _) = Filter::parse([(field, value)], &OF_INSIGHTS, now(), &TimeZone::UTC).unwrap();
        assert_eq!(filter.holds(&insight), held, "{field}={value}");
        assert!(filter.narrows());
    }
}

#[test]
fn a_selection_is_described_in_words() {
    for (pairs, expected) in [
        (&[][..], "All sources, last 7 days"),
        (&[("source", "cloudtrail"), ("severity", "high")], "CloudTrail, high or worse, last 7 days"),
        (
            &[("severity", "critical"), ("status", "closed"), ("since", "24h")],
            "All sources, critical, ended, last 24 hours",
        ),
        (
            &[("account", "111122223333"), ("region", "eu-west-1"), ("since", "1h")],
            "All sources, account 111122223333, eu-west-1, last hour",
        ),
        (&[("q", "pay\u{202e}"), ("since", "90m")], "All sources, “pay\\u{202e}”, last 90 minutes"),
        (
            &[("since", "2026-03-05"), ("until", "2026-03-05T12:00:00Z")],
            "All sources, 2026-03-05 00:00 to 2026-03-05 12:00",
        ),
        (&[("since", "2026-03-05T11:59:30Z")], "All sources, since 2026-03-05 11:59"),
    ] {
        let (filter, span) =
            Filter::parse(pairs.iter().copied(), &OF_INSIGHTS, now(), &TimeZone::UTC).unwrap();
        assert_eq!(filter.in_words(span, now(), &TimeZone::UTC), expected);
    }
}

#[test]
fn an_address_has_all_parameters_and_another_selection_begins_at_the_first_page() {
    let pairs =
        [("source", "xray"), ("q", "a&b"), ("group", "entity"), ("page", "3"), ("until", "2026-03-05 12:00")];
    let (filter, span) =
        Filter::parse(pairs, &OF_PAGE, now(), &TimeZone::fixed(jiff::tz::offset(1))).unwrap();
    assert_eq!(span.until.to_string(), "2026-03-05T11:00:00.000Z");
    let kept = "/?source=xray&q=a%26b&until=2026-03-05+12%3A00&group=entity";
    assert_eq!(filter.address(&[]), format!("{kept}&page=3"));
    assert_eq!(filter.address(&[("page", "4")]), format!("{kept}&page=4"));
    assert_eq!(filter.address(&[("source", ""), ("q", ""), ("until", ""), ("group", "")]), "/");
    assert_eq!(filter.address(&[("severity", "high")]), kept.replace("xray", "xray&severity=high"));
    for (name, value) in [("page", "0"), ("page", "-1"), ("open_page", "x"), ("group", "region")] {
        let faults = Filter::parse([(name, value)], &OF_PAGE, now(), &TimeZone::UTC).unwrap_err();
        assert!(faults[0].rule.starts_with("must be "), "{faults:?}");
    }
}
