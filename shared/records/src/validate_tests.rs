//! Table-driven tests of [`validate`].

use super::*;
use crate::record::StatusReason;
use crate::test_kinds;
use crate::value::Text;
use crate::value::tests::any_value;
use proptest::prelude::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn insight() -> Record {
    let key = Key::new("xray#123456789012#eu-west-1#7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f", "insight");
    let answered = time("2023-11-14T22:25:00Z");
    let mut record = Record::new(test_kinds::INSIGHT, key, "123456789012", "eu-west-1", answered);
    record.id = Some("7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f".into());
    record.status = Some(Status::Open);
    record.severity = Some(Severity::High);
    record.entity = Some("checkout".into());
    record.started_at = Some(time("2023-11-14T22:13:20.25Z"));
    record.updated_at = Some(time("2023-11-14T22:23:20.5Z"));
    record.measures = vec![("fault_count".into(), 30_i64.into())];
    record.detail = Map::from([("insight_id".into(), "7c4ee9a1".into())]);
    record
}

fn chunk() -> Record {
    let key = Key::new("cloudtrail#123456789012#eu-west-1#e#n#t#-#-", "metric#300#2023-11-14T18:00:00.000Z");
    let mut record =
        Record::new(test_kinds::METRIC, key, "123456789012", "eu-west-1", time("2023-11-14T22:27:00Z"));
    record.started_at = Some(time("2023-11-14T18:00:00Z"));
    record.ended_at = Some(time("2023-11-15T00:00:00Z"));
    record.updated_at = Some(time("2023-11-14T22:25:00Z"));
    record.chunk = Some(Chunk {
        period: 300,
        timestamps: vec![1_699_999_200, 1_700_000_100],
        values: vec![0.5, 12.0],
        covered_from: time("2023-11-14T18:00:00Z"),
        covered_until: time("2023-11-14T22:25:00Z"),
    });
    record
}

fn text<'a>(record: &'a ValidRecord, name: &str) -> Option<&'a str> {
    record.get(name).and_then(Value::as_str)
}

#[test]
fn an_open_insight_is_in_open_and_by_entity_and_never_expires() {
    let valid = validate(insight(), 400).unwrap();
    assert_eq!(text(&valid, "open_pk"), Some("xray"));
    assert_eq!(text(&valid, "open_sk"), Some("123456789012#eu-west-1#3#2023-11-14T22:13:20.250Z#cc4c30a2"));
    assert_eq!(text(&valid, "entity_pk"), Some("entity#checkout"));
    assert_eq!(text(&valid, "entity_sk"), Some("2023-11-14T22:13:20.250Z#cc4c30a2"));
    for absent in ["expires_at", "ended_pk", "ended_sk", "ended_at", "status_reason", "observed_at"] {
        assert!(valid.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn a_closed_insight_is_under_the_month_of_its_end_and_expires_after_it() {
    let mut record = insight();
    record.status = Some(Status::Closed);
    record.ended_at = Some(time("2023-11-15T00:00:01Z"));
    let valid = validate(record.clone(), 400).unwrap();
    assert_eq!(text(&valid, "ended_pk"), Some("xray.insight#2023-11"));
    assert_eq!(text(&valid, "ended_sk"), Some("2023-11-15T00:00:01.000Z#cc4c30a2"));
    assert!(valid.get("open_pk").is_none());
    assert_eq!(valid.get("expires_at"), Some(&(1_700_006_401_i64 + 400 * 86_400).into()));
    assert!(validate(record, 0).unwrap().get("expires_at").is_none());
}

#[test]
fn the_hash_leaves_out_only_the_time_of_the_request_and_the_coverage_of_a_chunk() {
    let base = validate(insight(), 400).unwrap();
    let mut asked_later = insight();
    asked_later.answered_at = time("2024-01-01T00:00:00Z");
    assert_eq!(validate(asked_later, 30).unwrap().content_hash(), base.content_hash());
    let changes: [fn(&mut Record); 6] = [
        |record| record.updated_at = Some(record.answered_at),
        |record| record.title = Some("x".into()),
        |record| record.severity = Some(Severity::Low),
        |record| record.measures = Vec::new(),
        |record| {
            record.detail.insert("x".into(), Value::Null);
        },
        |record| {
            record.status = Some(Status::Closed);
            record.ended_at = record.updated_at;
            record.status_reason = Some(StatusReason::NoLongerKnown);
        },
    ];
    for change in changes {
        let mut record = insight();
        change(&mut record);
        assert_ne!(validate(record, 400).unwrap().content_hash(), base.content_hash());
    }

    let base = validate(chunk(), 400).unwrap();
    let mut further = chunk();
    further.updated_at = Some(time("2023-11-14T22:30:00Z"));
    if let Some(chunk) = &mut further.chunk {
        chunk.covered_until = time("2023-11-14T22:30:00Z");
    }
    let further = validate(further, 400).unwrap();
    assert_eq!(further.content_hash(), base.content_hash());
    assert_eq!(text(&further, "updated_at"), Some("2023-11-14T22:30:00.000Z"));
    let mut later = chunk();
    if let Some(chunk) = &mut later.chunk {
        chunk.covered_from = time("2023-11-14T19:00:00Z");
    }
    assert_ne!(validate(later, 400).unwrap().content_hash(), base.content_hash());
}

#[test]
fn a_chunk_is_in_no_index_and_its_numbers_are_plain() {
    let valid = validate(chunk(), 400).unwrap();
    for absent in ["open_pk", "ended_pk", "entity_pk", "measures", "title", "severity"] {
        assert!(valid.get(absent).is_none(), "{absent}");
    }
    let whole = valid.to_map();
    let values = whole.get("values").and_then(Value::as_list).unwrap();
    assert_eq!(values, [Number::parse("0.5").unwrap().into(), 12_i64.into()]);
    assert_eq!(valid.get("expires_at"), Some(&1_734_566_400_i64.into()));
}

/// The hash of a record without the attributes that no hash contains, and without `others`.
fn hash_without(record: &Map, others: &[&str]) -> String {
    let mut hashed = record.clone();
    for name in ["content_hash", "schema_version", "answered_at", "expires_at"].iter().chain(others) {
        hashed.remove(name);
    }
    hashed.retain(|name, _| !name.ends_with("_pk") && !name.ends_with("_sk"));
    let mut text = String::new();
    crate::value::write_canonical_map(&hashed, &mut text);
    key::sha256_hex(text.as_bytes())
}

#[test]
fn the_hash_is_over_every_member_in_the_order_of_names() {
    let mut closed = insight();
    closed.title = Some("60 of 100 requests failed".to_owned());
    closed.status = Some(Status::Closed);
    closed.status_reason = Some(StatusReason::NoLongerKnown);
    closed.ended_at = closed.updated_at;
    let mut snapshot = insight();
    snapshot.kind = test_kinds::ASSESSMENT;
    snapshot.status = Some(Status::Snapshot);
    for record in [insight(), closed, snapshot] {
        let valid = validate(record, 400).unwrap();
        assert_eq!(valid.content_hash(), hash_without(&valid.to_map(), &[]));
    }
}

#[test]
fn the_hash_leaves_out_what_its_kind_names() {
    let refreshed = |kind, second: i64, name: &str| {
        let mut record = insight();
        record.kind = kind;
        record.updated_at = Some(Timestamp::from_seconds(1_700_000_000 + second));
        record.detail.insert("last_refresh_time".into(), second.into());
        record.detail.insert("name".into(), name.into());
        validate(record, 400).unwrap().content_hash().to_owned()
    };
    let (insight, refreshed_kind) = (test_kinds::INSIGHT, test_kinds::REFRESHED);
    assert_eq!(refreshed(refreshed_kind, 1, "a"), refreshed(refreshed_kind, 2, "a"));
    assert_ne!(refreshed(refreshed_kind, 1, "a"), refreshed(refreshed_kind, 1, "b"));
    assert_ne!(refreshed(insight, 1, "a"), refreshed(insight, 2, "a"));
}

#[test]
fn the_points_of_a_chunk_are_hashed_written_and_measured_like_other_attributes() {
    let mut hostile = chunk();
    if let Some(chunk) = &mut hostile.chunk {
        chunk.timestamps = vec![-1, 0, 1_700_000_000, i64::MAX];
        chunk.values = vec![-0.0, 1.5e-7, 1e21, -1e15];
    }
    let mut empty = chunk();
    if let Some(chunk) = &mut empty.chunk {
        (chunk.timestamps, chunk.values) = (Vec::new(), Vec::new());
    }
    for record in [chunk(), hostile, empty] {
        let valid = validate(record.clone(), 400).unwrap();
        let map = valid.to_map();
        assert_eq!(valid.to_item(), crate::value::into_attributes(map.clone()));
        assert_eq!(valid.content_hash(), hash_without(&map, &["covered_until", "updated_at"]));
        assert!(valid.get(TIMESTAMPS).is_none() && valid.get(VALUES).is_none());
        let points: Map =
            [TIMESTAMPS, VALUES].into_iter().map(|name| (name.into(), map[name].clone())).collect();
        assert_eq!(hash(valid.kind, &valid.attributes, record.chunk.as_ref()).1, item_size(&points));
        assert_eq!(valid.size(), item_size(&map) + STAMPS_SIZE);
    }
}

proptest! {
    #[test]
    fn the_size_of_a_record_is_that_of_its_item(said in any_value()) {
        let mut record = insight();
        record.detail.insert("said".into(), said);
        // A record that breaks a rule has no item.
        if let Ok(valid) = validate(record, 400) {
            prop_assert_eq!(valid.size(), item_size(&valid.to_map()) + STAMPS_SIZE);
        }
    }
}

#[test]
fn every_violation_is_reported_at_once() {
    let mut record = insight();
    record.id = Some(String::new());
    record.started_at = None;
    record.account_id = "12".into();
    record.key.sk = "x".repeat(1025);
    record.ended_at = record.updated_at;
    record.measures = vec![("insight_average".into(), Number::parse("1e200").unwrap())];
    record.detail.insert("small".into(), Number::parse("1e-200").unwrap().into());
    record.detail.insert(Text::default(), Value::Null);
    let rejected = validate(record, 400).unwrap_err();
    let fields: Vec<&str> = rejected.violations.iter().map(|fault| fault.field.as_str()).collect();
    let expected = [
        "sk",
        "account_id",
        "started_at",
        "id",
        "status",
        "detail",
        "detail.small",
        "measures.insight_average",
    ];
    assert_eq!(fields, expected);
    assert!(rejected.raw.contains("insight_id"), "the raw answer is kept");
}

#[test]
fn a_chunk_that_cannot_be_stored_is_reported() {
    type Change = fn(&mut Chunk);
    let faulty: [(Change, &str); 6] = [
        (|chunk| chunk.values.truncate(1), "timestamps and values"),
        (|chunk| chunk.timestamps.reverse(), "timestamps"),
        (|chunk| chunk.timestamps[1] = chunk.timestamps[0], "timestamps"),
        (|chunk| chunk.values[0] = f64::NAN, "values"),
        (|chunk| chunk.values[0] = f64::MIN_POSITIVE / 2.0, "values"),
        (|chunk| chunk.period = 10, "period"),
    ];
    for (change, field) in faulty {
        let mut record = chunk();
        change(record.chunk.as_mut().unwrap());
        let rejected = validate(record, 400).unwrap_err();
        assert_eq!(rejected.violations.iter().next().unwrap().field, field);
    }
}

#[test]
fn the_points_of_a_chunk_that_is_rejected_are_kept() {
    let mut record = chunk();
    record.detail = Map::from([("event_name".into(), "RunInstances".into())]);
    record.chunk.as_mut().unwrap().values = vec![0.5, f64::NAN, f64::INFINITY];
    let rejected = validate(record, 400).unwrap_err();
    let expected = r#"{"event_name":"RunInstances","period":300,"timestamps":[1699999200,1700000100],"values":[0.5,"NaN","inf"]}"#;
    assert_eq!(rejected.raw, expected);
}

#[test]
fn an_item_over_400_kb_or_nested_too_deeply_is_rejected() {
    let mut large = insight();
    large.detail.insert("text".into(), "x".repeat(409_600).into());
    let rejected = validate(large, 400).unwrap_err();
    assert_eq!(rejected.violations.iter().next().unwrap().field, "item");
    // The raw answer keeps everything that the service returned.
    assert!(rejected.raw.len() > 409_600 && rejected.raw.contains("\"text\":\"xxx"));

    let nested = |levels: usize| {
        let mut record = insight();
        let value = (0..levels).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        record.detail.insert("nested".into(), value);
        validate(record, 400)
    };
    assert!(nested(31).is_ok());
    assert!(nested(32).is_err());
}

#[test]
fn an_entity_with_the_separator_in_it_is_encoded_in_the_index() {
    let mut record = insight();
    record.entity = Some("check#out".into());
    let valid = validate(record, 400).unwrap();
    assert_eq!(text(&valid, "entity_pk"), Some("entity#check%23out"));
    assert_eq!(text(&valid, "entity"), Some("check#out"));
    let mut nameless = insight();
    nameless.entity = None;
    assert!(validate(nameless, 400).unwrap().get("entity_pk").is_none());
}
