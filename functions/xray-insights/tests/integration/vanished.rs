//! Insights that are stored as open and no longer listed.

use super::{
    calls, counts, insight, issues, last_update_time, partition, run, state, story, text, undisturbed,
};
use insights_simulator::Scenario;
use insights_simulator::xray::Data;
use insights_tests::{GROWING, Lab, OPEN, STORY};

fn change(lab: &Lab, change: impl FnOnce(&mut Vec<insights_simulator::xray::Insight>)) {
    lab.simulator.change(|scenario| change(&mut scenario.everywhere_mut().part_mut::<Data>().insights));
}

pub fn unlist(lab: &Lab, id: &str) {
    change(lab, |insights| {
        insights.iter_mut().filter(|insight| insight.id == id).for_each(|insight| insight.unlisted = true);
    });
}

fn forget(lab: &Lab, id: &str) {
    change(lab, |insights| insights.retain(|insight| insight.id != id));
}

fn remember(lab: &Lab) {
    let scenario = Scenario::parse(STORY, insights_tests::at(insights_tests::NOW)).unwrap();
    lab.simulator.change(|now| *now = scenario);
}

#[tokio::test]
async fn only_unlisted_open_insights_are_requested_by_id() {
    let lab = story().await;
    run(&lab).await;
    let before = lab.table().await;
    unlist(&lab, OPEN);
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!(response["status"], "ok", "{response}");
    assert_eq!(calls(&lab)[2..], [1, 0, 0]);
    assert_eq!(counts(&response), [3, 0, 3, 0, 0, 0, 0]);
    assert_eq!((lab.calls("PutItem"), lab.calls("UpdateItem")), (1, 1));
    lab.table().await.assert_same_content(&before);
}

#[tokio::test]
async fn an_unlisted_insight_that_grows_is_written_with_the_time_of_its_newest_event() {
    let lab = story().await;
    run(&lab).await;
    unlist(&lab, GROWING);
    lab.advance(30 * 60);
    run(&lab).await;
    let table = lab.table().await;
    let grown = insight(&table, GROWING);
    assert_eq!(text(grown, "updated_at"), Some("2026-03-01T12:30:00.000Z"));
    assert_eq!((text(grown, "severity"), last_update_time(&table, GROWING)), (Some("critical"), None));
    assert!(table.get(&partition(GROWING), "event#2026-03-01T12:30:00.000Z").is_some());
    lab.advance(30 * 60);
    run(&lab).await;
    let table = lab.table().await;
    assert_eq!(text(insight(&table, GROWING), "ended_at"), Some("2026-03-01T13:00:00.000Z"));
    lab.advance(60);
    run(&lab).await;
    assert_eq!(calls(&lab)[2], 0, "it has ended, and is asked for no more");
}

#[tokio::test]
async fn an_insight_that_x_ray_no_longer_knows_is_closed_at_its_last_update() {
    let lab = story().await;
    run(&lab).await;
    forget(&lab, OPEN);
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!(response["status"], "ok", "{response}");
    assert_eq!(counts(&response), [3, 1, 2, 0, 0, 0, 0]);
    let table = lab.table().await;
    let closed = insight(&table, OPEN);
    for (name, expected) in [
        ("status", "closed"),
        ("status_reason", "no_longer_known"),
        ("ended_at", "2026-03-01T11:00:00.000Z"),
        ("updated_at", "2026-03-01T11:00:00.000Z"),
        ("answered_at", "2026-03-01T12:01:00.000Z"),
        ("ended_pk", "xray.insight#2026-03"),
        ("title", "More faults in checkout"),
        ("severity", "critical"),
    ] {
        assert_eq!(text(closed, name), Some(expected), "{name}");
    }
    assert!(!closed.contains_key("open_pk"));
    assert!(table.get(&partition(OPEN), "graph").is_some(), "its events and its graph stay");
    lab.advance(60);
    run(&lab).await;
    assert_eq!(calls(&lab)[2..], [0, 0, 0], "it is asked for no more");
}

#[tokio::test]
async fn a_closed_insight_that_is_listed_again_gets_the_state_of_x_ray() {
    let lab = story().await;
    run(&lab).await;
    forget(&lab, OPEN);
    lab.advance(60);
    run(&lab).await;
    remember(&lab);
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!(calls(&lab)[2], 1);
    assert_eq!(response["written"], 1);
    let table = lab.table().await;
    assert_eq!(text(insight(&table, OPEN), "status"), Some("open"));
    table.assert_same_content(&undisturbed(&lab).await);
}

#[tokio::test]
async fn only_an_answer_of_x_ray_closes_an_insight() {
    for (fault, code) in [
        ("GetInsight=denied", "AccessDeniedException"),
        ("GetInsight=throttle", "ThrottledException"),
        ("GetInsight=error500", "InternalFailure"),
        ("GetInsight=truncate", "Response.Malformed"),
        ("GetInsight=reset", "Connection"),
    ] {
        let lab = story().await;
        run(&lab).await;
        let before = lab.table().await;
        forget(&lab, OPEN);
        lab.fault(fault);
        lab.advance(60);
        let response = run(&lab).await;
        assert_eq!(response["status"], "partial", "{fault}");
        assert_eq!(issues(&response), [("GetInsight", OPEN, code)]);
        lab.table().await.assert_same_content(&before);
    }
}

#[tokio::test]
async fn an_insight_of_a_newer_schema_is_not_closed() {
    let lab = story().await;
    run(&lab).await;
    let mut newer = insight(&lab.table().await, OPEN).clone();
    newer.insert("schema_version".into(), 2.into());
    lab.put(newer.clone()).await;
    forget(&lab, OPEN);
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!(counts(&response), [3, 0, 2, 1, 0, 0, 0]);
    assert_eq!(insight(&lab.table().await, OPEN), &newer);
}

#[tokio::test]
async fn an_ended_insight_in_a_stale_index_stays_unchanged() {
    let lab = story().await;
    lab.advance(2 * 3_600);
    run(&lab).await;
    let mut ended = insight(&lab.table().await, GROWING).clone();
    // The index is older than the item.
    ended.insert("open_pk".into(), "xray".into());
    ended.insert("open_sk".into(), "123456789012#eu-west-1#4#".into());
    lab.put(ended.clone()).await;
    forget(&lab, GROWING);
    lab.advance(60);
    run(&lab).await;
    assert_eq!(calls(&lab)[2], 0);
    assert_eq!(insight(&lab.table().await, GROWING), &ended);
}

#[tokio::test]
async fn an_answer_stored_while_an_insight_is_being_closed_wins() {
    let lab = story().await;
    run(&lab).await;
    let stale = insight(&lab.table().await, OPEN).clone();
    forget(&lab, OPEN);
    lab.advance(60);
    // Another run stores an answer between our read and our write, which is delayed until then.
    lab.fault("PutItem=slow-0.3:1");
    let mut newer = stale.clone();
    newer.insert("content_hash".into(), "of another answer".into());
    let closing = run(&lab);
    let meanwhile = async {
        while lab.calls("GetInsight") == 0 {
            tokio::task::yield_now().await;
        }
        lab.dynamodb()
            .update_item()
            .table_name(insights_tests::TABLE)
            .key("pk", aws_sdk_dynamodb::types::AttributeValue::S(partition(OPEN)))
            .key("sk", aws_sdk_dynamodb::types::AttributeValue::S("insight".to_owned()))
            .update_expression("SET content_hash = :hash")
            .expression_attribute_values(
                ":hash",
                aws_sdk_dynamodb::types::AttributeValue::S("of another answer".to_owned()),
            )
            .send()
            .await
            .unwrap();
    };
    let (response, ()) = tokio::join!(closing, meanwhile);
    assert_eq!(counts(&response), [3, 0, 2, 1, 0, 0, 0]);
    assert_eq!(insight(&lab.table().await, OPEN), &newer);
    assert!(state(&lab).await.is_some());
}
