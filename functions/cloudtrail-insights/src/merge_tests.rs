//! The worked example of the contract, and events that are joined in every order.

use super::*;
use crate::event::read;
use crate::example::{EXAMPLE_END, EXAMPLE_RECORD, EXAMPLE_START, ID};
use insights_shared::record::Severity;
use insights_shared::validate::{ValidRecord, validate};
use insights_shared::value::Map;
use proptest::prelude::*;

fn target() -> Target {
    Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn event(text: &str) -> (Phase, PhaseEvent) {
    let event = read(text, "123456789012").unwrap();
    (event.phase, event.event)
}

fn joined(events: &[(Phase, PhaseEvent)]) -> EventPair {
    let mut pair = EventPair::default();
    for (phase, half) in events {
        pair.add(*phase, half.clone());
    }
    pair
}

fn valid(pair: &EventPair) -> ValidRecord {
    validate(pair.clone().into_record(&target(), ID, at("2023-11-14T23:00:00Z")), 400).unwrap()
}

/// The attributes without the hash and those that depend on the time of the request.
fn known(record: &ValidRecord) -> Value {
    let mut attributes = record.to_map();
    attributes.retain(|name, _| !["answered_at", "content_hash"].contains(&name.as_str()));
    Value::Map(attributes)
}

/// An event with the given state, time, id and statistics.
fn event_of(state: &str, time: &str, id: &str, statistics: &str) -> (Phase, PhaseEvent) {
    event(&format!(
        r#"{{"eventTime":"{time}","eventID":"{id}","sharedEventID":"{ID}","insightDetails":{{"state":"{state}",
        "eventSource":"ec2.amazonaws.com","eventName":"RunInstances","insightType":"ApiCallRateInsight",
        "insightContext":{{"statistics":{{{statistics}}}}}}}}}"#
    ))
}

#[test]
fn the_worked_example_becomes_its_record_in_either_order() {
    let (start, end) = (event(EXAMPLE_START), event(EXAMPLE_END));
    let expected = Value::from_json(EXAMPLE_RECORD).unwrap();
    for order in [[&start, &end], [&end, &start]] {
        let record = valid(&joined(&order.map(Clone::clone)));
        assert_eq!(known(&record), expected);
        assert_eq!(record.answered_at(), at("2023-11-14T23:00:00Z"));
    }
}

#[test]
fn a_start_without_an_end_is_open_and_has_its_own_severity() {
    let record = valid(&joined(&[event(EXAMPLE_START)]));
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    assert_eq!((text("status"), text("severity"), text("ended_at")), (Some("open"), Some("high"), None));
    assert_eq!(text("updated_at"), Some("2023-11-14T22:16:00.000Z"));
    assert_eq!(
        text("title"),
        Some("RunInstances on ec2.amazonaws.com: call rate 1.2 a minute, baseline 0.02")
    );
    assert_eq!(text("open_pk"), Some("cloudtrail"));
    assert_eq!(text("open_sk"), Some("123456789012#eu-west-1#3#2023-11-14T22:16:00.000Z#68f51be2"));
    for absent in ["expires_at", "ended_pk", "ended_sk", "status_reason"] {
        assert_eq!(record.get(absent), None, "{absent}");
    }
}

#[test]
fn an_end_without_a_start_began_its_duration_earlier() {
    let check = |statistics: &str, started: &str| {
        let end = event_of("End", "2023-11-14T22:23:00Z", "e", statistics);
        let record = valid(&joined(&[end]));
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        assert_eq!(text("started_at"), Some(started), "{statistics}");
        assert_eq!((text("status"), text("ended_at")), (Some("closed"), Some("2023-11-14T22:23:00.000Z")));
        assert_eq!(record.get("detail").unwrap().at(&["start"]), None);
    };
    check(r#""insightDuration":7"#, "2023-11-14T22:16:00.000Z");
    check(r#""insightDuration":1.5"#, "2023-11-14T22:21:30.000Z");
    check(r#""insightDuration":0"#, "2023-11-14T22:23:00.000Z");
    check("", "2023-11-14T22:23:00.000Z");
    check(r#""insightDuration":"seven""#, "2023-11-14T22:23:00.000Z");
    check(r#""insightDuration":null"#, "2023-11-14T22:23:00.000Z");
    check(r#""insightDuration":-7"#, "2023-11-14T22:23:00.000Z");
    check(r#""insightDuration":1e100"#, "0001-01-01T00:00:00.000Z");
}

#[test]
fn statistics_come_from_the_end_otherwise_from_the_start() {
    let check =
        |start: &str, end: &str, insight: Option<&str>, baseline: Option<&str>, severity: Severity| {
            let pair = joined(&[
                event_of("Start", "2023-11-14T22:16:00Z", "s", start),
                event_of("End", "2023-11-14T22:23:00Z", "e", end),
            ]);
            let record = pair.clone().into_record(&target(), ID, at("2023-11-14T23:00:00Z"));
            let measure = |wanted: &str| {
                let found = record.measures.iter().find(|(name, _)| name == wanted);
                found.map(|(_, number)| number.as_str())
            };
            assert_eq!(
                (measure("insight_average"), measure("baseline_average")),
                (insight, baseline),
                "{start} {end}"
            );
            assert_eq!(record.severity, Some(severity), "{start} {end}");
        };
    let low = r#""insight":{"average":1},"baseline":{"average":1}"#;
    let high = r#""insight":{"average":20},"baseline":{"average":1}"#;
    check(low, high, Some("20"), Some("1"), Severity::High);
    check(high, low, Some("1"), Some("1"), Severity::Low);
    check(high, "", Some("20"), Some("1"), Severity::High);
    check(high, r#""insight":{"average":5}"#, Some("5"), Some("1"), Severity::Medium);
    check("", high, Some("20"), Some("1"), Severity::High);
    check("", "", None, None, Severity::Low);
    check(r#""insight":{"average":1000}"#, "", Some("1000"), None, Severity::Low);
    check("", r#""insight":{"average":"9"},"baseline":{"average":null}"#, None, None, Severity::Low);
}

#[test]
fn severity_follows_the_ratio_at_every_boundary() {
    for (insight, baseline, expected) in [
        ("100", "1", "critical"),
        ("99.99", "1", "high"),
        ("20", "1", "high"),
        ("19.99", "1", "medium"),
        ("5", "1", "medium"),
        ("4.99", "1", "low"),
        ("0", "0", "low"),
        // A baseline below 0.01 counts as 0.01.
        ("1", "0", "critical"),
        ("0.2", "0.0001", "high"),
        ("0.0499", "0.0001", "low"),
        // Exactly 20 and 100, but not in binary.
        ("1.4", "0.07", "high"),
        ("2.9", "0.029", "critical"),
        ("9.82222E-5", "0", "low"),
    ] {
        let statistics = format!(r#""insight":{{"average":{insight}}},"baseline":{{"average":{baseline}}}"#);
        let record = valid(&joined(&[event_of("Start", "2023-11-14T22:16:00Z", "s", &statistics)]));
        assert_eq!(
            record.get("severity").and_then(Value::as_str),
            Some(expected),
            "{insight} over {baseline}"
        );
    }
}

#[test]
fn missing_members_are_absent_in_the_record() {
    let (phase, half) = event(
        r#"{"eventTime":"2023-11-14T22:16:00Z","eventID":"e","sharedEventID":"s",
        "insightDetails":{"state":"Start"}}"#,
    );
    let record = valid(&joined(&[(phase, half)]));
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let title = "unnamed calls on an unnamed service: call rate unknown, baseline unknown";
    assert_eq!((text("title"), text("entity"), text("entity_pk")), (Some(title), None, None));
    assert_eq!(record.get("measures"), Some(&Value::Map(Map::new())));
}

#[test]
fn of_two_events_of_one_phase_the_greater_time_then_id_wins() {
    let old = event_of("Start", "2023-11-14T22:16:00Z", "a", "");
    let later = event_of("Start", "2023-11-14T22:17:00Z", "a", "");
    let greater_id = event_of("Start", "2023-11-14T22:16:00Z", "b", "");
    for (events, winner) in [
        ([&old, &later], &later),
        ([&later, &old], &later),
        ([&old, &greater_id], &greater_id),
        ([&greater_id, &old], &greater_id),
        ([&greater_id, &later], &later),
        ([&later, &greater_id], &later),
    ] {
        let mut pair = EventPair::default();
        assert!(pair.add(events[0].0, events[0].1.clone()));
        let is_news = pair.add(events[1].0, events[1].1.clone());
        assert_eq!(is_news, events[1] == winner);
        assert_eq!((pair.start.as_ref(), pair.end.as_ref()), (Some(&winner.1), None));
    }
}

#[test]
fn a_stored_look_up_is_kept_and_a_missing_one_is_added() {
    let lookup = |name: &str| Value::from_json(&format!(r#"{{"username":"{name}"}}"#)).unwrap();
    let (phase, bare) = event(EXAMPLE_START);
    let with = |name: &str| {
        let mut half = bare.clone();
        half.detail.insert(LOOKUP.into(), lookup(name));
        half
    };
    for (first, second, expected) in [
        (with("ci"), bare.clone(), Some("ci")),
        (bare.clone(), with("ci"), Some("ci")),
        (with("ci"), with("other"), Some("ci")),
        (bare.clone(), bare.clone(), None),
    ] {
        let mut pair = EventPair::default();
        pair.add(phase, first);
        assert!(pair.add(phase, second), "the same event is no older one");
        let detail = &pair.start.unwrap().detail;
        assert_eq!(detail.get(LOOKUP), expected.map(lookup).as_ref());
    }
}

#[test]
fn redacted_data_is_not_restored_by_a_function_without_redaction() {
    // Regardless of which of the two texts is greater.
    for agent in ["curl/8.5", "python-requests/2.31"] {
        let text = |agent: &str| {
            format!(
                r#"{{"eventTime":"2026-03-01T10:00:00Z","eventID":"e-1","sharedEventID":"{ID}","userAgent":"{agent}",
                "insightDetails":{{"state":"Start"}}}}"#
            )
        };
        let (phase, plain) = event(&text(agent));
        let (_, replaced) = event(&text("hmac-sha256:000102030405060708090a0b0c0d0e0f"));
        let mut looked_up = plain.clone();
        let lookup = Value::from_json(r#"{"username":"alice"}"#).unwrap();
        looked_up.detail.insert(LOOKUP.into(), lookup);
        for order in [[&plain, &replaced], [&replaced, &plain], [&replaced, &looked_up]] {
            let mut pair = EventPair::default();
            for half in order {
                assert!(pair.add(phase, half.clone()));
            }
            assert_eq!(pair.start.unwrap(), replaced, "{agent}");
        }
    }
}

#[test]
fn a_start_without_an_end_is_closed_an_hour_after_the_retention_of_cloudtrail() {
    let record = valid(&joined(&[event(EXAMPLE_START)]));
    let stored = Stored(record.to_map());
    // 90 days after 2023-11-14T22:16:00Z.
    assert!(!is_overdue(&stored, at("2024-02-12T23:16:00Z")));
    assert!(is_overdue(&stored, at("2024-02-12T23:16:00.001Z")));
    let now = at("2024-02-13T00:00:00Z");
    let closed = validate(no_end_seen(&stored, now).unwrap(), 400).unwrap();
    let text = |name: &str| closed.get(name).and_then(Value::as_str);
    assert_eq!((text("status"), text("status_reason")), (Some("closed"), Some("no_end_seen")));
    assert_eq!(text("ended_at"), Some("2024-02-12T22:16:00.000Z"));
    assert_eq!(text("updated_at"), Some("2023-11-14T22:16:00.000Z"), "the answer's own version stays");
    assert_eq!(text("ended_pk"), Some("cloudtrail.insight#2024-02"));
    assert_eq!(text("open_pk"), None);
    assert_eq!(closed.get("detail"), record.get("detail"));
    // A late End replaces it as if it had never been closed.
    let mut pair = EventPair::from_stored(&Stored(closed.to_map()));
    let (phase, end) = event(EXAMPLE_END);
    pair.add(phase, end);
    assert_eq!(known(&valid(&pair)), Value::from_json(EXAMPLE_RECORD).unwrap());
}

#[test]
fn stored_events_are_read_unchanged() {
    let pair = joined(&[event(EXAMPLE_START), event(EXAMPLE_END)]);
    assert_eq!(EventPair::from_stored(&Stored(valid(&pair).to_map())), pair);
    assert_eq!(EventPair::from_stored(&Stored(Map::new())), EventPair::default());
}

/// Random events of both phases. Some have the same time and id but another text, and some have a look-up. The look-up of an
/// event is always the same, as in CloudTrail.
fn any_events() -> impl Strategy<Value = Vec<(Phase, PhaseEvent)>> {
    let one = (0..2_u8, 0..3_u8, 0..2_u8, 0..2_u8, any::<bool>()).prop_map(
        |(phase, minute, id, text, looked_up)| {
            let state = if phase == 0 { "Start" } else { "End" };
            let statistics = format!(r#""insightDuration":{text}"#);
            let (phase, mut found) =
                event_of(state, &format!("2023-11-14T22:1{minute}:00Z"), &format!("e{id}"), &statistics);
            if looked_up {
                found.detail.insert(LOOKUP.into(), format!("{state}{minute}{id}").into());
            }
            (phase, found)
        },
    );
    prop::collection::vec(one, 0..8)
}

proptest! {
    #[test]
    fn repeated_events_in_any_order_result_in_the_same_record(
        events in any_events(),
        order in any::<prop::sample::Index>(),
        keys in prop::collection::vec(any::<u32>(), 16),
    ) {
        let mut shuffled: Vec<(u32, (Phase, PhaseEvent))> = keys.into_iter().zip(events.iter().chain(&events).cloned()).collect();
        shuffled.sort_by_key(|(key, _)| *key);
        let shuffled: Vec<(Phase, PhaseEvent)> = shuffled.into_iter().map(|(_, event)| event).collect();
        let expected = joined(&events);
        prop_assert_eq!(&joined(&shuffled), &expected);
        // One run stores some of the events, and another run joins them with the rest. Neither removes an event.
        let cut = if shuffled.is_empty() { 0 } else { order.index(shuffled.len()) };
        let mut stored = joined(&shuffled[..cut]);
        if stored != EventPair::default() {
            stored = EventPair::from_stored(&Stored(valid(&stored).to_map()));
        }
        for (phase, half) in &shuffled[cut..] {
            let before = (stored.start.is_some(), stored.end.is_some());
            stored.add(*phase, half.clone());
            prop_assert!(stored.start.is_some() >= before.0 && stored.end.is_some() >= before.1);
        }
        prop_assert_eq!(&stored, &expected);
    }
}
