//! The two phases of an insight, by push and by look-up, in every order.

use crate::support::*;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::EventCategory;

/// A step with one phase.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    PushStart,
    PushEnd,
    LookUpStart,
    LookUpEnd,
}
use Step::{LookUpEnd, LookUpStart, PushEnd, PushStart};

/// The scenario in which only these phases of `RUN` can be looked up.
fn only_phases(phases: &str) -> String {
    let only = match phases {
        "both" => String::new(),
        half => format!("only = \"{half}\"\n"),
    };
    STORY.replace("username = \"ci\"\n", &format!("username = \"ci\"\n{only}"))
}

/// The scenario before `RUN` can be looked up.
fn without_run() -> String {
    let (before, rest) = STORY.split_once("[[cloudtrail.insights]]").unwrap();
    let (_, after) = rest.split_once("[[cloudtrail.insights]]").unwrap();
    format!("{before}[[cloudtrail.insights]]{after}")
}

/// The Start and End events of `RUN` as CloudTrail sends them.
async fn events_of_run() -> [String; 2] {
    let lab = Lab::new(STORY).await;
    let look_up = Client::new(&lab.sdk()).lookup_events().event_category(EventCategory::Insight);
    let answer = look_up.send().await.unwrap();
    let texts: Vec<String> =
        answer.events().iter().filter_map(|event| event.cloud_trail_event()).map(str::to_owned).collect();
    let half = |state: &str| {
        let found =
            texts.iter().find(|text| text.contains(RUN) && text.contains(&format!("\"state\":\"{state}\"")));
        found.unwrap().clone()
    };
    [half("Start"), half("End")]
}

async fn take(lab: &Lab, step: Step, events: &[String; 2]) {
    match step {
        PushStart | PushEnd => {
            let event = &events[usize::from(step == PushEnd)];
            let response = invoke(lab, &[], &push(&serde_json::from_str(event).unwrap())).await;
            assert_eq!(response["status"], "ok");
        }
        LookUpStart => {
            replace_scenario(lab, &only_phases("start"));
            run(lab, &[]).await;
        }
        LookUpEnd => {
            replace_scenario(lab, &only_phases("end"));
            run(lab, &[]).await;
        }
    }
    lab.advance(1);
}

/// The insight without attributes about the observation, and without look-ups unless `looked_up`.
fn insight(table: &Table, looked_up: bool) -> Map {
    let table = table.content();
    let mut insight = insight_of(&table, RUN).clone();
    if !looked_up {
        insight.remove("content_hash");
        let Some((_, Value::Map(detail))) = insight.iter_mut().find(|(name, _)| *name == "detail") else {
            panic!()
        };
        for half in detail.values_mut() {
            let Value::Map(half) = half else { panic!() };
            half.remove("lookup");
        }
    }
    insight
}

#[tokio::test]
async fn phases_are_joined_to_the_same_record_in_every_order_and_by_every_route() {
    let events = events_of_run().await;
    let undisturbed = Lab::new(STORY).await;
    run(&undisturbed, &[]).await;
    let undisturbed = undisturbed.table().await;
    let sequences: &[&[Step]] = &[
        &[PushStart, PushEnd],
        &[PushEnd, PushStart],
        &[PushStart, LookUpEnd],
        &[PushEnd, LookUpStart],
        &[LookUpStart, PushEnd],
        &[LookUpEnd, PushStart],
        &[LookUpStart, LookUpEnd],
        &[LookUpEnd, LookUpStart],
        &[LookUpEnd, PushEnd, PushStart, LookUpStart],
        &[PushEnd, PushEnd, LookUpStart, PushStart, LookUpEnd],
    ];
    for sequence in sequences {
        let lab = Lab::new(&without_run()).await;
        for step in *sequence {
            take(&lab, *step, &events).await;
        }
        assert_eq!(insight(&lab.table().await, false), insight(&undisturbed, false), "{sequence:?}");
        // After both were looked up, the record does not depend on the route.
        replace_scenario(&lab, STORY);
        run(&lab, &[]).await;
        let table = lab.table().await;
        assert_eq!(insight(&table, true), insight(&undisturbed, true), "{sequence:?}");
        // Either route names the series, and it is covered completely.
        let (row, expected) = (series_row(&table, RUN_SERIES), series_row(&undisturbed, RUN_SERIES));
        assert_eq!(
            (row.get("named_at"), row.get("watermark")),
            (expected.get("named_at"), None),
            "{sequence:?}"
        );
        assert_eq!(chunks(&table, RUN_SERIES), chunks(&undisturbed, RUN_SERIES), "{sequence:?}");
    }
}

#[tokio::test]
async fn an_end_long_after_its_start_is_joined() {
    let (start, end) = ("2026-02-20T00:00:00Z", "2026-03-01T11:00:00Z");
    let lab = Lab::new(&story("")).await;
    lab.advance(-9 * 86_400);
    invoke(&lab, &[], &push(&half("Start", "s", start, "e1", 1.0))).await;
    let table = lab.table().await;
    assert_eq!(
        (text(insight_of(&table, "s"), "status"), insight_of(&table, "s").get("expires_at")),
        ("open", None)
    );
    lab.advance(9 * 86_400);
    invoke(&lab, &[], &push(&half("End", "s", end, "e2", 6.0))).await;
    let table = lab.table().await;
    let joined = insight_of(&table, "s");
    assert_eq!((text(joined, "status"), text(joined, "severity")), ("closed", "critical"));
    assert_eq!(
        (text(joined, "started_at"), text(joined, "ended_at")),
        ("2026-02-20T00:00:00.000Z", "2026-03-01T11:00:00.000Z")
    );
    assert_eq!(joined.get("open_pk"), None);
}

#[tokio::test]
async fn a_push_stores_its_detail_names_the_series_and_writes_run_but_no_state() {
    let lab = Lab::new(&story("")).await;
    let response = invoke(&lab, &[], &push(&half("Start", "s", "2026-03-01T11:59:00Z", "e", 1.2))).await;
    assert_eq!(summary(&response), "ok fetched=1 written=1");
    assert_eq!(response["api_calls"], serde_json::json!({}), "look-ups lag: nothing is asked");
    let table = lab.table().await;
    assert_eq!(
        table.kinds(),
        [("catalog".into(), 1), ("cloudtrail.insight".into(), 1), ("run".into(), 1)].into()
    );
    let stored = insight_of(&table, "s");
    assert_eq!(stored["detail"].at(&["start", "lookup"]), None);
    assert_eq!(stored["detail"].at(&["start", "event_id"]), Some(&"e".into()));
    assert_eq!(text(stored, "answered_at"), "2026-03-01T12:00:00.000Z");
    let row = series_row(&table, RUN_SERIES);
    assert_eq!(text(row, "named_at"), "2026-03-01T11:59:00.000Z");
    assert_eq!(text(row, "watermark"), "2026-02-26T12:00:00.000Z", "nothing of it is fetched yet");
    assert_eq!((row.get("covered"), watermark(&table)), (None, "-".to_owned()));
    let [run] = table.of_kind("run").try_into().unwrap();
    assert_eq!((text(run, "trigger"), text(run, "scheduled_time")), ("push", "2026-03-01T12:00:00.000Z"));
    // The same push again changes nothing.
    lab.simulator.clear_log();
    let response = invoke(&lab, &[], &push(&half("Start", "s", "2026-03-01T11:59:00Z", "e", 1.2))).await;
    assert_eq!((summary(&response).as_str(), writes(&lab)), ("ok fetched=1 unchanged=1", (1, 0)));
    // An older event of the phase is stale.
    let response = invoke(&lab, &[], &push(&half("Start", "s", "2026-03-01T11:58:00Z", "z", 1.2))).await;
    assert_eq!(summary(&response), "ok fetched=1 stale=1");
    assert_eq!(text(insight_of(&lab.table().await, "s"), "started_at"), "2026-03-01T11:59:00.000Z");
}

#[tokio::test]
async fn a_push_for_an_account_or_region_without_target_is_an_invalid_payload() {
    let lab = Lab::new(STORY).await;
    let event = push(&half("Start", "s", "2026-03-01T11:59:00Z", "e", 1.2));
    for (from, to) in [
        ("\"account\":\"123456789012\"", "\"account\":\"111122223333\""),
        ("\"region\":\"eu-west-1\"", "\"region\":\"us-east-1\""),
        ("\"account\":\"123456789012\",", ""),
        ("AWS Insight via CloudTrail", "AWS X-Ray Insight Update"),
        ("\"source\":\"aws.cloudtrail\"", "\"source\":\"aws.xray\""),
    ] {
        let wrong = event.replacen(from, to, 1);
        assert_ne!(wrong, event);
        assert_eq!(fails(&lab, &[], &wrong).await.0, "Payload.Invalid", "{to}");
    }
    assert_eq!(lab.table().await, Table::default());
}

#[tokio::test]
async fn a_push_that_is_not_an_insight_event_is_stored_as_rejected() {
    let lab = Lab::new(&story("")).await;
    let mut unknown = half("Paused", "s", "2026-03-01T11:59:00Z", "e", 1.2);
    unknown["huge"] = serde_json::json!(12_345_678_901_234_567_u64);
    for (detail, member) in [(unknown, "insightDetails.state"), (serde_json::json!({}), "sharedEventID")] {
        let response = invoke(&lab, &[], &push(&detail)).await;
        assert_eq!(summary(&response), "ok fetched=1 rejected=1");
        assert!(response["targets"][0]["issues"][0]["message"].as_str().unwrap().contains(member));
    }
    let table = lab.table().await;
    assert_eq!((table.of_kind("rejected").len(), table.of_kind("cloudtrail.insight").len()), (2, 0));
    assert!(table.of_kind("rejected").iter().any(|item| text(item, "raw").contains("12345678901234567")));
}

#[tokio::test]
async fn two_phases_pushed_concurrently_are_both_stored() {
    for round in 0..5 {
        let lab = Lab::new(&story("")).await;
        let function = function(&lab, &[]);
        let start = push(&half("Start", "s", "2026-03-01T11:50:00Z", "e1", 1.2));
        let end = push(&half("End", "s", "2026-03-01T11:57:00Z", "e2", 6.0));
        let older = push(&half("Start", "s", "2026-03-01T11:50:00Z", "e0", 9.0));
        let runs = [&start, &end, &older, &start, &end].map(|event| function.invoke(event));
        for response in futures_util::future::join_all(runs).await {
            assert_eq!(response.unwrap()["status"], "ok", "round {round}");
        }
        let table = lab.table().await;
        let joined = insight_of(&table, "s");
        assert_eq!(
            (text(joined, "status"), text(joined, "severity")),
            ("closed", "critical"),
            "round {round}"
        );
        assert_eq!(
            joined["detail"].at(&["start", "event_id"]),
            Some(&"e1".into()),
            "the greater of two starts"
        );
        assert_eq!(joined["detail"].at(&["end", "event_id"]), Some(&"e2".into()));
    }
}

#[tokio::test]
async fn pushes_and_concurrent_runs_store_the_same_as_one_run() {
    let events = events_of_run().await;
    let undisturbed = Lab::new(STORY).await;
    run(&undisturbed, &[]).await;
    let undisturbed = undisturbed.table().await;
    let lab = Lab::new(STORY).await;
    let function = function(&lab, &[]);
    let pushes = events.each_ref().map(|event| push(&serde_json::from_str(event).unwrap()));
    let payloads = ["{}", pushes[1].as_str(), "{}", pushes[0].as_str(), "{}"];
    for response in futures_util::future::join_all(payloads.map(|payload| function.invoke(payload))).await {
        assert_eq!(response.unwrap()["status"], "ok");
    }
    undisturbed.assert_same_content(&lab.table().await);
    // A further run finds nothing to write.
    lab.simulator.clear_log();
    run(&lab, &[]).await;
    assert_eq!(writes(&lab), (1, 1));
}
