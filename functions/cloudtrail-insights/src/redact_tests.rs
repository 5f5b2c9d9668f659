//! Tests of what is replaced, and by which hash. The hashes come from `openssl dgst -sha256 -hmac KEY`.

use super::*;
use crate::event::{read, redacted};
use insights_shared::value::with_snake_names;

const ACCOUNT: &str = "123456789012";
const KEY: &str = "0123456789abcdef0123456789abcdef";
const ALICE: &str = "arn:aws:sts::123456789012:assumed-role/Admin/alice";
const ALICE_HASH: &str = "hmac-sha256:cc9c6643be1d8103cddc3fc9a377d291";
const BOB: &str = "arn:aws:sts::123456789012:assumed-role/Auditor/bob";
const BOB_HASH: &str = "hmac-sha256:21e416730df12a1e9b20f9c6fb7b7bb8";
const CURL_HASH: &str = "hmac-sha256:3c32ecf18c3366d53737de9851eebd60";

fn redact(names: &str) -> Redact {
    let mut faults = Faults::default();
    let variables = [("REDACT", names), ("REDACT_KEY", KEY)];
    let redact = Redact::read(&variables.into_iter().collect(), &mut faults);
    assert!(faults.is_empty(), "{faults}");
    redact
}

/// An event with all three attributes in its attributions, and other members.
fn event() -> String {
    format!(
        r#"{{"eventID":"e-1","sharedEventID":"s-1","eventTime":"2026-03-01T10:00:00Z","userAgent":"curl/8.5",
        "userIdentity":{{"arn":"{ALICE}","sessionContext":{{"age":7}}}},
        "insightDetails":{{"state":"Start","errorCode":"AccessDenied","insightContext":{{"attributions":[
        {{"attribute":"userIdentityArn","insight":[{{"value":"{ALICE}","average":1.5}},{{"value":"null","average":1}}],
          "baseline":[{{"value":"{BOB}","average":0.5}}]}},
        {{"attribute":"userAgent","insight":[{{"value":"curl/8.5","average":2}}],"baseline":[]}},
        {{"attribute":"errorCode","insight":[{{"value":"AccessDenied","average":2}}],"baseline":[]}}]}}}}}}"#
    )
}

fn kept(names: &str) -> String {
    let event = redacted(read(&event(), ACCOUNT), &redact(names)).unwrap().event;
    let mut text = String::new();
    Value::Map(event.detail).write_canonical(&mut text);
    text
}

#[test]
fn by_default_an_event_is_unchanged() {
    let expected = read(&event(), ACCOUNT);
    assert_eq!(redacted(read(&event(), ACCOUNT), &Redact::default()), expected);
}

#[test]
fn configured_attributes_become_keyed_hashes_everywhere_in_the_event() {
    let expected = format!(
        r#"{{"event_id":"e-1","shared_event_id":"s-1","event_time":"2026-03-01T10:00:00.000Z","user_agent":"curl/8.5",
        "user_identity":{{"arn":"{ALICE_HASH}","session_context":{{"age":7}}}},
        "insight_details":{{"state":"Start","error_code":"AccessDenied","insight_context":{{"attributions":[
        {{"attribute":"userIdentityArn","insight":[{{"value":"{ALICE_HASH}","average":1.5}},{{"value":"null","average":1}}],
          "baseline":[{{"value":"{BOB_HASH}","average":0.5}}]}},
        {{"attribute":"userAgent","insight":[{{"value":"curl/8.5","average":2}}],"baseline":[]}},
        {{"attribute":"errorCode","insight":[{{"value":"AccessDenied","average":2}}],"baseline":[]}}]}}}}}}"#
    );
    let event = redacted(read(&event(), ACCOUNT), &redact("userIdentityArn")).unwrap().event;
    assert_eq!(Value::Map(event.detail), Value::from_json(&expected).unwrap());
}

#[test]
fn each_attribute_is_redacted_separately() {
    let agents = kept("userAgent");
    assert_eq!(agents.matches(CURL_HASH).count(), 2, "the attribution and the event's own: {agents}");
    assert!(agents.contains(ALICE) && agents.contains(BOB) && !agents.contains("curl"), "{agents}");
    let codes = kept("errorCode");
    assert_eq!(codes.matches("AccessDenied").count(), 1, "the series' own code stays: {codes}");
    assert!(codes.contains(ALICE) && codes.contains("curl/8.5"), "{codes}");
    let all = kept(" userAgent, userIdentityArn ,errorCode,");
    for text in [ALICE, BOB, "curl", "alice", "bob"] {
        assert!(!all.contains(text), "{text} in {all}");
    }
}

#[test]
fn the_look_up_is_redacted_too() {
    let lookup = r#"{"lookup":{"username":"alice","access_key_id":"AKIALAB","event_name":"RunInstances"}}"#;
    let Value::Map(mut map) = Value::from_json(lookup).unwrap() else { panic!("an object") };
    redact("userIdentityArn").map(&mut map);
    let lookup = map["lookup"].as_map().unwrap();
    assert_eq!(lookup["username"].as_str(), Some("hmac-sha256:433deb45467e4e53dbaba594c88bc3a2"));
    assert!(lookup["access_key_id"].as_str().unwrap().starts_with("hmac-sha256:"));
    assert_eq!(lookup["event_name"].as_str(), Some("RunInstances"));
}

#[test]
fn a_hash_is_not_hashed_again_but_a_similar_text_is() {
    let redact = redact("userAgent");
    let once = redact.hashed("curl/8.5");
    assert_eq!(once, CURL_HASH);
    assert_eq!(redact.hashed(&once), once);
    for text in ["hmac-sha256:", "hmac-sha256:alice", &format!("{CURL_HASH}0"), &CURL_HASH.to_uppercase()] {
        assert_ne!(redact.hashed(text), *text);
    }
    assert_eq!(redact.hashed(""), "");
}

#[test]
fn a_rejected_event_is_stored_redacted() {
    let broken = event().replace("\"Start\"", "\"Middle\"");
    let rejected = redacted(read(&broken, ACCOUNT), &redact("userIdentityArn,userAgent")).unwrap_err();
    assert_eq!(rejected.subject, "s-1");
    assert_eq!(rejected.violations.to_string(), "insightDetails.state is \"Middle\": must be Start or End");
    for text in ["alice", "bob", "curl"] {
        assert!(!rejected.raw.contains(text), "{text} in {}", rejected.raw);
    }
    let expected = with_snake_names(Value::from_json(&event()).unwrap());
    let raw = with_snake_names(Value::from_json(&rejected.raw).unwrap());
    let names = |value: &Value| value.as_map().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&raw), names(&expected), "no member is lost");
    assert!(
        rejected.raw.contains("\"insightDetails\""),
        "names stay as CloudTrail spells them: {}",
        rejected.raw
    );
}

#[test]
fn of_an_unreadable_event_only_hash_and_length_are_kept() {
    // A text that is not JSON, JSON that is not an object, and a number that the table cannot store.
    for (text, bytes) in [("not json, by alice", 18), ("\"alice\"", 7)] {
        let rejected = redacted(read(text, ACCOUNT), &redact("userAgent")).unwrap_err();
        assert!(!format!("{rejected:?}").contains("alice"), "{rejected:?}");
        let raw = Value::from_json(&rejected.raw).unwrap();
        let expected = match bytes {
            18 => "hmac-sha256:74d2c4ef8cece7160762245f45d142e2",
            _ => "hmac-sha256:bbfce6d25d9e8e927f79541c33620905",
        };
        assert_eq!(raw.at(&["redacted"]).and_then(Value::as_str), Some(expected));
        assert_eq!(
            raw.at(&["bytes"]).and_then(Value::as_number).map(ToString::to_string),
            Some(bytes.to_string())
        );
        assert_eq!(rejected.violations.len(), 1);
    }
    let quoted = r#"{"note":"alice","average":1e99999999999999999999}"#;
    let rejected = redacted(read(quoted, ACCOUNT), &redact("userAgent")).unwrap_err();
    assert!(!format!("{rejected:?}").contains("alice"), "{rejected:?}");
}

#[test]
fn invalid_variables_are_reported_without_the_key() {
    let check = |names: &str, key: &str, expected: &[&str]| {
        let mut faults = Faults::default();
        let redact =
            Redact::read(&[("REDACT", names), ("REDACT_KEY", key)].into_iter().collect(), &mut faults);
        let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{names}");
        let shown = format!("{redact:?} {faults}");
        assert!(key.is_empty() || !shown.contains(key), "{shown}");
    };
    let known = "unknown attribute; known are userIdentityArn, userAgent, errorCode";
    check("", "", &[]);
    check("", "short", &[]);
    check("userAgent", KEY, &[]);
    check(
        "userIdentityARN,ip",
        KEY,
        &[&format!("REDACT is userIdentityARN: {known}"), &format!("REDACT is ip: {known}")],
    );
    let rule = "must be at least 32 bytes long where REDACT is set";
    check("userAgent", "", &[&format!("REDACT_KEY: {rule}")]);
    check("userAgent", "0123456789abcdef0123456789abcde", &[&format!("REDACT_KEY is shorter: {rule}")]);
}
