//! Tests of the phase and the series of an event, and of events without the documented form.

use super::*;
use aws_sdk_cloudtrail::primitives::DateTime;
use insights_shared::value::Value;
use proptest::prelude::*;

const ACCOUNT: &str = "123456789012";

/// A Start of management calls, with `more` before its members and `details` before the members of its details.
fn start_with(more: &str, details: &str) -> String {
    format!(
        r#"{{{more}"eventVersion":"1.09","eventTime":"2023-11-14T22:16:00Z","eventID":"e-1","sharedEventID":"s-1",
        "recipientAccountId":"123456789012","insightDetails":{{{details}"state":"Start",
        "eventSource":"ec2.amazonaws.com","eventName":"RunInstances","insightType":"ApiCallRateInsight"}}}}"#
    )
}

fn good() -> String {
    start_with("", "")
}

fn member<'a>(half: &'a PhaseEvent, path: &[&str]) -> Option<&'a str> {
    half.text(path)
}

#[test]
fn an_event_has_all_members_in_snake_case_and_its_time_in_milliseconds() {
    let event = read(&good(), ACCOUNT).unwrap();
    assert_eq!((event.shared_event_id.as_str(), event.phase), ("s-1", Phase::Start));
    assert_eq!(event.event.time.to_string(), "2023-11-14T22:16:00.000Z");
    let expected = r#"{"event_version":"1.09","event_time":"2023-11-14T22:16:00.000Z","event_id":"e-1",
        "shared_event_id":"s-1","recipient_account_id":"123456789012","insight_details":{"state":"Start",
        "event_source":"ec2.amazonaws.com","event_name":"RunInstances","insight_type":"ApiCallRateInsight"}}"#;
    assert_eq!(Value::Map(event.event.detail), Value::from_json(expected).unwrap());
}

#[test]
fn only_the_state_determines_the_phase() {
    let end = good().replace("Start", "End");
    assert_eq!(read(&end, ACCOUNT).unwrap().phase, Phase::End);
}

#[test]
fn an_event_without_its_key_members_is_rejected_with_every_fault() {
    let check = |text: &str, subject: &str, fields: &[&str]| {
        let rejected = read(text, ACCOUNT).unwrap_err();
        assert_eq!(rejected.raw, text, "the raw event is kept to the letter");
        assert_eq!(rejected.subject, subject, "{text}");
        let named: Vec<&str> = rejected.violations.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(named, fields, "{text}");
    };
    let without = |name: &str| good().replace(&format!("\"{name}\""), "\"other\"");
    check(&without("sharedEventID"), "insight event", &["sharedEventID"]);
    check(&without("eventID"), "s-1", &["eventID"]);
    check(&without("eventTime"), "s-1", &["eventTime"]);
    check(&without("state"), "s-1", &["insightDetails.state"]);
    check(&without("insightDetails"), "s-1", &["insightDetails.state"]);
    let changed = |from: &str, to: &str| good().replace(from, to);
    check(&changed("\"s-1\"", "\"\""), "insight event", &["sharedEventID"]);
    check(&changed("\"s-1\"", "7"), "insight event", &["sharedEventID"]);
    check(&changed("\"e-1\"", "null"), "s-1", &["eventID"]);
    check(&changed("\"e-1\"", "[\"e-1\"]"), "s-1", &["eventID"]);
    check(&changed("\"Start\"", "\"Middle\""), "s-1", &["insightDetails.state"]);
    check(&changed("\"Start\"", "\"start\""), "s-1", &["insightDetails.state"]);
    check(&changed("\"Start\"", "null"), "s-1", &["insightDetails.state"]);
    check(&changed("\"2023-11-14T22:16:00Z\"", "1700000160"), "s-1", &["eventTime"]);
    check(&changed("2023-11-14T22:16:00Z", "yesterday"), "s-1", &["eventTime"]);
    check(&changed("2023-11-14T22:16:00Z", "12023-11-14T22:16:00Z"), "s-1", &["eventTime"]);
    check(&changed("123456789012", "111122223333"), "s-1", &["recipientAccountId"]);
    check("{}", "insight event", &["sharedEventID", "eventID", "insightDetails.state", "eventTime"]);
    let deep = format!("{}{}", "[".repeat(120), "]".repeat(120));
    for broken in ["", "null", "[]", "7", "\"Start\"", "{", "{\"a\":}", "\u{0}", deep.as_str()] {
        check(broken, "insight event", &["CloudTrailEvent"]);
    }
    check(&start_with("\"x\":1e99999999999999999999,", ""), "insight event", &["CloudTrailEvent"]);
}

#[test]
fn the_account_may_be_absent_but_must_not_differ() {
    let absent = good().replace("\"recipientAccountId\":\"123456789012\",", "");
    assert!(read(&absent, ACCOUNT).is_ok());
    assert!(read(&good(), "111122223333").is_err());
}

#[test]
fn unusual_but_valid_members_are_kept_unchanged() {
    let huge = "12345678901234567890123456789012345678";
    let strange = format!(
        r#""nothing":null,"huge":{huge},"eventId":"other","Odd Name":{{"":1}},"nested":[[[{{"awsRegion":null}}]]],"#
    );
    let event = read(&start_with(&strange, "\"state2\":null,"), ACCOUNT);
    // `eventId` and `eventID` would both become `event_id`. Both keep their names, so the event has no `event_id`.
    let rejected = event.unwrap_err();
    assert!(rejected.raw.contains("\"other\""));
    let strange = strange.replace("\"eventId\":\"other\",", "");
    let event = read(&start_with(&strange, "\"state2\":null,"), ACCOUNT).unwrap();
    let detail = &event.event.detail;
    assert_eq!(detail["nothing"], Value::Null);
    assert_eq!(detail["huge"].as_number().unwrap().as_str(), huge);
    assert_eq!(detail["nested"], Value::from_json(r#"[[[{"aws_region":null}]]]"#).unwrap());
    assert_eq!(detail["insight_details"].at(&["state2"]), Some(&Value::Null));
}

#[test]
fn a_member_of_the_event_named_lookup_is_kept_under_another_name() {
    let check = |more: &str, expected: &[(&str, &str)]| {
        let half = read(&start_with(more, ""), ACCOUNT).unwrap().event;
        assert_eq!(half.detail.get(LOOKUP), None, "{more}");
        for (name, value) in expected {
            assert_eq!(half.detail.get(name).and_then(Value::as_str), Some(*value), "{more}: {name}");
        }
    };
    check(r#""lookup":"theirs","#, &[("event_lookup", "theirs")]);
    check(r#""Lookup":"theirs","#, &[("event_lookup", "theirs")]);
    let both = [("event_lookup", "second"), ("event_event_lookup", "theirs")];
    check(r#""lookup":"theirs","eventLookup":"second","#, &both);
}

#[test]
fn a_look_up_adds_only_its_own_members() {
    let resource = Resource::builder().resource_type("AWS::S3::Bucket").build();
    let event = Event::builder()
        .event_id("e-1")
        .read_only("false")
        .event_time(DateTime::from_secs(1_700_000_160))
        .resources(resource)
        .cloud_trail_event(good())
        .build();
    let half = read_looked_up(&event, ACCOUNT).unwrap().event;
    let expected = r#"{"event_id":"e-1","read_only":"false","event_time":"2023-11-14T22:16:00.000Z",
        "resources":[{"resource_type":"AWS::S3::Bucket"}]}"#;
    assert_eq!(half.detail[LOOKUP], Value::from_json(expected).unwrap());
    assert_eq!(half.event_text(), read(&good(), ACCOUNT).unwrap().event.event_text());
}

#[test]
fn a_look_up_without_an_event_is_rejected_with_its_members() {
    for text in [None, Some(""), Some(" \n")] {
        let event =
            Event::builder().event_id("e-9").username("ci").set_cloud_trail_event(text.map(str::to_owned));
        let rejected = read_looked_up(&event.build(), ACCOUNT).unwrap_err();
        assert_eq!(rejected.subject, "e-9");
        assert_eq!(rejected.raw, r#"{"event_id":"e-9","username":"ci"}"#, "{text:?}");
    }
    let empty = read_looked_up(&Event::builder().build(), ACCOUNT).unwrap_err();
    assert_eq!((empty.subject.as_str(), empty.raw.as_str()), ("event without id", "{}"));
}

#[test]
fn an_event_names_its_series_with_an_error_code_for_errors_and_a_trail_for_data_events_only() {
    let check = |details: &str, expected: [&str; 5]| {
        let text = format!(
            r#"{{"eventTime":"2023-11-14T22:16:00Z","eventID":"e","sharedEventID":"s","insightDetails":{{"state":"End",{details}}}}}"#
        );
        let series = read(&text, ACCOUNT).unwrap().event.series();
        let or_dash = |text: &Option<String>| text.clone().unwrap_or("-".to_owned());
        let code = or_dash(&series.error_code);
        let trail = or_dash(&series.trail);
        let actual = [&series.event_source, &series.event_name, &series.insight_type, &code, &trail];
        assert_eq!(actual.map(String::as_str), expected, "{details}");
    };
    let named = r#""eventSource":"s3.amazonaws.com","eventName":"GetObject""#;
    let arn = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/data";
    let rate = r#""insightType":"ApiCallRateInsight""#;
    let errors = r#""insightType":"ApiErrorRateInsight","errorCode":"AccessDenied""#;
    let data = format!(r#""sourceEventCategory":"Data","insightSource":"{arn}""#);
    let management = format!(r#""sourceEventCategory":"Management","insightSource":"{arn}""#);
    let (s3, get) = ("s3.amazonaws.com", "GetObject");
    let (calls, denials) = ("ApiCallRateInsight", "ApiErrorRateInsight");
    check(&format!("{named},{rate}"), [s3, get, calls, "-", "-"]);
    check(&format!("{named},{errors}"), [s3, get, denials, "AccessDenied", "-"]);
    check(&format!(r#"{named},{rate},"errorCode":"AccessDenied""#), [s3, get, calls, "-", "-"]);
    check(&format!("{named},{errors},{data}"), [s3, get, denials, "AccessDenied", arn]);
    check(&format!("{named},{errors},{management}"), [s3, get, denials, "AccessDenied", "-"]);
    check(&format!(r#"{named},{rate},"insightSource":"{arn}""#), [s3, get, calls, "-", "-"]);
    check(&format!(r#"{named},"insightType":"SOMETHING_NEW""#), [s3, get, "SOMETHING_NEW", "-", "-"]);
    // An empty text results in the same key as an absent one, so it must be the same series.
    check(
        &format!(r#"{named},{rate},"sourceEventCategory":"Data","insightSource":"""#),
        [s3, get, calls, "-", "-"],
    );
    check(
        &format!(r#"{named},"insightType":"ApiErrorRateInsight","errorCode":"""#),
        [s3, get, denials, "-", "-"],
    );
    check(r#""eventSource":7"#, ["", "", "", "-", "-"]);
}

/// Random JSON in which some members have names of an event.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(|number| serde_json::json!(number)),
        prop::sample::select(vec!["Start", "End", "2023-11-14T22:16:00Z", ACCOUNT, ""]).prop_map(Into::into),
        ".{0,6}".prop_map(Into::into),
    ];
    let names = vec![
        "sharedEventID",
        "eventID",
        "eventTime",
        "insightDetails",
        "state",
        "lookup",
        "event_lookup",
        "event_id",
        "insightContext",
        "statistics",
        "insightDuration",
        "recipientAccountId",
    ];
    let name = prop_oneof![prop::sample::select(names).prop_map(str::to_owned), ".{0,4}"];
    leaf.prop_recursive(4, 40, 12, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map(name.clone(), inner, 0..12)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_rejected_with_its_raw_text(event in any_json(), text in ".{0,40}") {
        for text in [event.to_string(), text] {
            if let Err(rejected) = read(&text, ACCOUNT) {
                prop_assert_eq!(&rejected.raw, &text);
                prop_assert!(!rejected.violations.is_empty());
            }
        }
    }

    #[test]
    fn no_member_of_an_event_that_is_read_is_lost(more in prop::collection::hash_map("[a-zA-Z_]{1,8}", any_json(), 0..6)) {
        let mut event: serde_json::Value = serde_json::from_str(&good()).unwrap();
        event.as_object_mut().unwrap().extend(more);
        let members = event.as_object().unwrap().len();
        if let Ok(read) = read(&event.to_string(), ACCOUNT) {
            prop_assert_eq!(read.event.detail.len(), members, "{:?}", read.event.detail);
            prop_assert_eq!(member(&read.event, &["event_id"]), Some(read.event.event_id()));
        }
    }
}
