//! Unexpected answers and stored items.

use crate::support::*;

#[tokio::test]
async fn a_phase_that_dynamodb_cannot_store_does_not_affect_the_other_phase() {
    let mut poison = half("Start", "s", "2026-03-01T11:00:00Z", "e1", 1.0);
    poison["insightDetails"]["insightContext"]["statistics"]["insight"]["average"] = serde_json::json!(1e200);
    let good = half("End", "s", "2026-03-01T11:10:00Z", "e2", 6.0);
    let mut tables = Vec::new();
    for order in [[&poison, &good], [&good, &poison]] {
        let lab = Lab::new(&story("")).await;
        for event in order {
            invoke(&lab, &[], &push(event)).await;
        }
        let table = lab.table().await;
        let stored = insight_of(&table, "s");
        assert_eq!((text(stored, "status"), stored["detail"].at(&["start"])), ("closed", None));
        let [rejected] = table.of_kind("rejected").try_into().unwrap();
        assert!(
            text(rejected, "raw").contains("e1") && text(rejected, "raw").contains("1e+200"),
            "{rejected:?}"
        );
        tables.push(table);
    }
    tables[0].assert_same_content(&tables[1]);
}

#[tokio::test]
async fn a_phase_that_dynamodb_cannot_store_does_not_affect_the_other_phase_on_the_same_page() {
    // The End contains 1e200, the Start 1.
    let lab = Lab::new(&STORY.replace("average = 2\nusername", "average = 1e200\nusername")).await;
    let response = run(&lab, &[]).await;
    assert_eq!(response["rejected"], 1);
    assert_eq!(text(insight_of(&lab.table().await, RUN), "status"), "open");
}

#[tokio::test]
async fn ids_that_look_like_keys_never_collide() {
    let lab = Lab::new(&story("")).await;
    let long = "x".repeat(201);
    let hashed = "sha256:0123456789abcdef0123456789abcdef";
    let ids = ["a#b", "a%23b", "a%b", "-", "%2D", "a b", "é#", "#", long.as_str(), hashed, "insight"];
    for (index, id) in ids.iter().enumerate() {
        let event = half("Start", id, "2026-03-01T11:00:00Z", &format!("e{index}"), 1.0);
        assert_eq!(summary(&invoke(&lab, &[], &push(&event)).await), "ok fetched=1 written=1", "{id}");
    }
    let table = lab.table().await;
    let mut stored: Vec<&str> =
        table.of_kind("cloudtrail.insight").into_iter().map(|item| text(item, "id")).collect();
    stored.sort_unstable();
    let mut expected = ids.to_vec();
    expected.sort_unstable();
    assert_eq!(stored, expected);
    assert!(table.get(&format!("{PREFIX}#a%23b"), "insight").is_some());
}

#[tokio::test]
async fn an_empty_member_of_a_series_is_the_same_as_an_absent_one() {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    let mut event = half("Start", "s", "2026-03-01T11:00:00Z", "e", 1.0);
    event["insightDetails"]["sourceEventCategory"] = "Data".into();
    event["insightDetails"]["insightSource"] = "".into();
    event["insightDetails"]["errorCode"] = "".into();
    invoke(&lab, &[], &push(&event)).await;
    lab.advance(60);
    assert_eq!(run(&lab, &[]).await["status"], "ok");
    assert_eq!(series_row(&lab.table().await, RUN_SERIES)["detail"].at(&["trail_arn"]), None);
}

#[tokio::test]
async fn every_push_is_stored_or_rejected() {
    let lab = Lab::new(&story("")).await;
    let function = function(&lab, &[]);
    let mut deep = serde_json::json!("end");
    for _ in 0..40 {
        deep = serde_json::json!({ "in": deep });
    }
    let with = |name: &str, value: Json| {
        let mut event = half("Start", name, "2026-03-01T11:00:00Z", "e", 1.0);
        event[name] = value;
        event
    };
    let rejected = [
        with("deep", deep),
        with("huge", serde_json::json!(1e300)),
        with("", serde_json::json!({"": {"": 1}})),
        with("eventTime", Json::Null),
        with("sharedEventID", serde_json::json!([])),
        serde_json::json!({"insightDetails": null}),
    ];
    for (index, event) in rejected.iter().enumerate() {
        let response = function.invoke(&push(event)).await.unwrap();
        assert_eq!(summary(&response), "ok fetched=1 rejected=1", "{index}");
    }
    let stored = [
        with("nothing", Json::Null),
        with("list", serde_json::json!([null, [], {}, ""])),
        with("digits", serde_json::json!(12_345_678_901_234_567_890_u64)),
        with("lookup", serde_json::json!({"username": "theirs"})),
        with("insight", serde_json::json!({"start": 1})),
        with("large", "x".repeat(410 * 1024).into()),
    ];
    for (index, event) in stored.iter().enumerate() {
        let response = function.invoke(&push(event)).await.unwrap();
        assert_eq!(summary(&response), "ok fetched=1 written=1", "{index}");
    }
    let kinds = lab.table().await.kinds();
    assert_eq!((kinds["rejected"], kinds["cloudtrail.insight"]), (rejected.len(), stored.len()));
}

#[tokio::test]
async fn items_of_a_newer_version_are_never_overwritten_and_such_a_row_is_an_issue() {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    let table = lab.table().await;
    let chunk_key = (format!("{PREFIX}#{QUEUE_SERIES}"), "metric#300#2026-03-01T06:00:00.000Z");
    let mut newer = vec![
        insight_of(&table, RUN).clone(),
        table.get(&chunk_key.0, chunk_key.1).unwrap().clone(),
        series_row(&table, RUN_SERIES).clone(),
    ];
    for item in &mut newer {
        item.insert("schema_version".into(), 2.into());
        item.remove("detail");
        item.remove("content_hash");
        lab.put(item.clone()).await;
    }
    lab.advance(7_200);
    let response = run(&lab, &[]).await;
    assert_eq!((&response["status"], &response["stale"]), (&"partial".into(), &2.into()), "{response}");
    let refused = format!("write PutItem {RUN_SERIES} ConditionalCheckFailedException");
    assert_eq!(issues(&response), [refused.as_str()]);
    let event = half("End", RUN, "2026-03-01T13:00:00Z", "z", 1.0);
    let response = invoke(&lab, &[], &push(&event)).await;
    assert_eq!(summary(&response), "partial fetched=1 stale=1");
    assert_eq!(issues(&response), [refused]);
    let table = lab.table().await;
    for item in &newer {
        assert_eq!(table.get(text(item, "pk"), text(item, "sk")), Some(item));
    }
}
