//! Rejected answers are stored once, with their violations and the raw answer.

use super::lab;
use insights_shared::fields::Faults;
use insights_shared::key::sha256_hex;
use insights_shared::time::DAY_SECONDS;
use insights_shared::validate::Rejected;
use insights_shared::value::Value;
use insights_sources::xray;
use insights_tests::{ACCOUNT, Lab, REGION};

const PK: &str = "rejected#xray#123456789012#eu-west-1";

fn rejected(raw: &str, violations: usize) -> Rejected {
    let mut faults = Faults::default();
    for number in 0..violations {
        faults.add(format!("field{number}"), "x", "must be y");
    }
    Rejected { subject: "xray#… insight".to_owned(), violations: faults, raw: raw.to_owned() }
}

async fn reject(lab: &Lab, rejected: &Rejected) {
    lab.store(|_| ()).reject(xray::SOURCE, ACCOUNT, REGION, rejected).await.unwrap();
}

#[tokio::test]
async fn a_rejected_answer_is_put_once_with_its_violations_and_its_raw_text() {
    let lab = lab().await;
    let raw = r#"{"insight_id":"x"}"#;
    reject(&lab, &rejected(raw, 2)).await;
    let before = lab.table().await;
    lab.advance(3_600);
    reject(&lab, &rejected(raw, 2)).await;
    assert_eq!(lab.calls("PutItem"), 1);
    assert_eq!(lab.table().await, before);

    let item = before.get(PK, &sha256_hex(raw.as_bytes())).unwrap();
    let expected = Value::from_json(&format!(
        r#"{{"pk":"{PK}","sk":"{}","kind":"rejected","source":"xray","account_id":"123456789012",
            "region":"eu-west-1","schema_version":1,"subject":"xray#… insight","raw":"{{\"insight_id\":\"x\"}}",
            "bytes":18,"violations":["field0 is x: must be y","field1 is x: must be y"],
            "observed_at":"2026-03-01T12:00:00.000Z","expires_at":{}}}"#,
        sha256_hex(raw.as_bytes()),
        1_772_366_400 + 400 * DAY_SECONDS,
    ));
    assert_eq!(Value::Map(item.clone()), expected.unwrap());
}

#[tokio::test]
async fn a_long_answer_is_truncated_between_characters_and_its_length_is_stored() {
    let lab = lab().await;
    // Three bytes each, so that the limit is inside a character.
    let raw = "€".repeat(150_000);
    reject(&lab, &rejected(&raw, 500)).await;
    let table = lab.table().await;
    let item = table.get(PK, &sha256_hex(raw.as_bytes())).unwrap();
    let kept = item["raw"].as_str().unwrap();
    assert_eq!((kept.len(), item["bytes"].clone()), (300 * 1024, 450_000.into()));
    let raw = format!("x{raw}");
    reject(&lab, &rejected(&raw, 1)).await;
    let table = lab.table().await;
    let kept = table.get(PK, &sha256_hex(raw.as_bytes())).unwrap()["raw"].as_str().unwrap();
    assert_eq!(kept.len(), 300 * 1024 - 2);
    assert!(raw.starts_with(kept));
}

#[tokio::test]
async fn a_rejected_answer_that_has_expired_is_put_again() {
    let lab = lab().await;
    reject(&lab, &rejected("{}", 1)).await;
    lab.advance(401 * DAY_SECONDS);
    reject(&lab, &rejected("{}", 2)).await;
    let table = lab.table().await;
    let [item] = table.of_kind("rejected")[..] else { panic!("one item") };
    assert_eq!(item["violations"].as_list().unwrap().len(), 2);
}

#[tokio::test]
async fn a_rejected_answer_does_not_expire_with_a_retention_of_zero() {
    let lab = lab().await;
    let store = lab.store(|options| options.retention_days = 0);
    store.reject(xray::SOURCE, ACCOUNT, REGION, &rejected("{}", 1)).await.unwrap();
    assert!(!lab.table().await.of_kind("rejected")[0].contains_key("expires_at"));
}

#[tokio::test]
async fn a_rejected_answer_that_cannot_be_stored_is_an_error() {
    let lab = lab().await;
    for fault in ["PutItem=denied:1", "BatchGetItem=denied:1"] {
        lab.fault(fault);
        let error = lab.store(|_| ()).reject(xray::SOURCE, ACCOUNT, REGION, &rejected("{}", 1)).await;
        assert_eq!(error.unwrap_err().code, "AccessDeniedException", "{fault}");
    }
}

#[tokio::test]
async fn a_rejected_answer_of_a_newer_schema_is_never_overwritten() {
    let lab = lab().await;
    reject(&lab, &rejected("{}", 1)).await;
    let mut newer = lab.table().await.of_kind("rejected")[0].clone();
    newer.insert("schema_version".into(), 2.into());
    newer.insert("expires_at".into(), 1.into());
    lab.put(newer.clone()).await;
    reject(&lab, &rejected("{}", 2)).await;
    assert_eq!(lab.table().await.of_kind("rejected"), [&newer]);
}

#[tokio::test]
async fn a_rejected_answer_with_any_violations_fits_into_an_item() {
    let raw = "r".repeat(900 * 1_024);
    for (violations, field, subject) in [
        (1, "f".repeat(500_000), "s".repeat(500_000)),
        (100, "é".repeat(3_000), "s".to_owned()),
        (101, "f".repeat(900), "é".repeat(4_000)),
        (5_000, "f".repeat(200), "s".repeat(4_001)),
        (100_000, "f".to_owned(), "€".repeat(4_000)),
    ] {
        let lab = lab().await;
        let mut faults = Faults::default();
        for _ in 0..violations {
            faults.add(field.as_str(), "x", "r".repeat(field.len().min(2_000)));
        }
        reject(&lab, &Rejected { subject: subject.clone(), violations: faults, raw: raw.clone() }).await;
        let table = lab.table().await;
        let [item] = table.of_kind("rejected")[..] else { panic!("one item") };
        assert_eq!(item["raw"].as_str().map(str::len), Some(300 * 1_024), "as much of it as ever");
        let kept = item["violations"].as_list().unwrap();
        assert_eq!(kept.len(), violations.min(101), "a hundred, and how many more");
        if violations > 100 {
            assert_eq!(
                kept[100].as_str(),
                Some(format!("and {} more, left out here", violations - 100).as_str())
            );
        }
        assert!(kept.iter().all(|text| text.as_str().is_some_and(|text| text.len() < 810)));
        assert!(subject.starts_with(item["subject"].as_str().unwrap().trim_end_matches('…')));
    }
}
