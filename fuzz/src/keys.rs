//! Keys, read back by what the README says of them and not by the code that makes them: a key that gives back the very
//! parts of its record is no other record's key.

use insights_shared::key::sha256_hex;
use serde_json::Value;

/// The longest part as it stands in a key, in bytes.
const LONGEST_PART: usize = 200;

/// Holds a key to what DynamoDB takes.
pub fn check_size(pk: &str, sk: &str) {
    assert!((1..=2_048).contains(&pk.len()), "a partition key of {} bytes: {pk}", pk.len());
    assert!((1..=1_024).contains(&sk.len()), "a sort key of {} bytes: {sk}", sk.len());
}

/// Holds a key to exactly these parts. An empty one is an absent one.
pub fn check_parts(key: &str, expected: &[&str]) {
    let parts: Vec<&str> = key.split('#').collect();
    assert_eq!(parts.len(), expected.len(), "the parts of {key} are not those of {expected:?}");
    for (part, expected) in parts.iter().zip(expected) {
        let is_it = match part.strip_prefix("sha256:") {
            Some(digest) => {
                digest == &sha256_hex(expected.as_bytes())[..32] && encoded_len(expected) > LONGEST_PART
            }
            None if *part == "-" => expected.is_empty(),
            None => decode(part).as_deref() == Some(*expected) && part.len() <= LONGEST_PART + 2,
        };
        assert!(is_it, "the part {part} of {key} is not {expected:?}");
    }
}

fn encoded_len(part: &str) -> usize {
    part.len() + 2 * part.matches(['%', '#']).count()
}

/// The text of a part; `None` if an escape in it is none.
fn decode(part: &str) -> Option<String> {
    let mut pieces = part.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(piece.get(..2)?, 16).ok()?);
        bytes.extend(piece.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// Holds an item that was put, in DynamoDB's JSON, to the key that the rest of it asks for.
pub fn check_item(item: &Value) {
    let text = |name: &str| item[name]["S"].as_str().unwrap_or_default();
    let detail = |name: &str| item["detail"]["M"][name]["S"].as_str().unwrap_or_default();
    let (pk, sk, kind) = (text("pk"), text("sk"), text("kind"));
    check_size(pk, sk);
    let place = [text("source"), text("account_id"), text("region")];
    let under = |own: &[&str]| check_parts(pk, &[&place, own].concat());
    let special = || check_parts(pk, &[&[kind], &place[..]].concat());
    // An assessment's counts are told apart from the account's by their entity.
    let scope: Vec<&str> = match text("entity") {
        "account" => Vec::new(),
        assessment => vec!["assessment", assessment],
    };
    let series = ["event_source", "event_name", "insight_type", "error_code", "trail_arn"].map(detail);
    match kind {
        "xray.insight" | "cloudtrail.insight" => under(&[text("id")]),
        "xray.insight_event" | "xray.impact_graph" => {
            assert_eq!(pk.split('#').count(), 4, "the parts of the {kind} {pk}");
        }
        "cloudtrail.metric" => under(&series),
        "auditmanager.insights" => under(&["account"]),
        "auditmanager.assessment" => under(&scope),
        "auditmanager.domain" => under(&[&scope[..], &["domain", detail("id")]].concat()),
        "auditmanager.control" => {
            let mut own =
                [&scope[..], &["domain", detail("control_domain_id"), "control", detail("id")]].concat();
            if !scope.is_empty() {
                own.push(detail("control_set_name"));
            }
            under(&own);
        }
        "catalog" => {
            special();
            if sk.starts_with("series#") {
                check_parts(sk, &[&["series"], &series[..]].concat());
            } else if sk.starts_with("trail#") {
                check_parts(sk, &["trail", detail("trail_arn")]);
            } else {
                assert!(sk.starts_with("scope#"), "a catalog row of nothing: {sk}");
            }
        }
        "rejected" => {
            special();
            let raw = text("raw");
            let is_whole = item["bytes"]["N"].as_str() == Some(raw.len().to_string().as_str());
            assert!(!is_whole || sk == sha256_hex(raw.as_bytes()), "{sk} is not the hash of what is kept");
            assert!(
                item["violations"]["L"].as_array().is_some_and(|list| !list.is_empty()),
                "rejected for nothing"
            );
        }
        _ => check_parts(pk, &["run", place[0], place[1], place[2]]),
    }
}
