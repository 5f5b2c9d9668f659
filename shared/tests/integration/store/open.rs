//! The index of open insights, and partitions with several pages.

use super::{Version, lab, record, valid};
use insights_shared::key::Key;
use insights_shared::record::{Kind, Record, Status, Stored};
use insights_shared::store::Store;
use insights_shared::validate::validate;
use insights_sources::cloudtrail;
use insights_sources::xray;
use insights_tests::{ACCOUNT, REGION, edited};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn ids(found: &[Stored]) -> Vec<&str> {
    found.iter().filter_map(|stored| stored.text("id")).collect()
}

fn insight(kind: Kind, id: &str, account: &str, region: &str) -> Record {
    let mut record = record(kind, id, Version::new(10, 20));
    record.key = Key::new(format!("{}#{account}#{region}#{id}", kind.source), "insight");
    record.account_id = account.into();
    record.region = region.into();
    record
}

#[tokio::test]
async fn only_the_open_insights_of_one_source_account_and_region_are_found() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let mut closed = insight(xray::INSIGHT, "closed", ACCOUNT, REGION);
    closed.status = Some(Status::Closed);
    closed.ended_at = closed.updated_at;
    let records = [
        insight(xray::INSIGHT, "mine", ACCOUNT, REGION),
        insight(xray::INSIGHT, "elsewhere", ACCOUNT, "eu-west-10"),
        insight(xray::INSIGHT, "theirs", "111122223333", REGION),
        insight(cloudtrail::INSIGHT, "other source", ACCOUNT, REGION),
        closed,
    ];
    store.write(&records.map(|record| validate(record, 400).unwrap())).await;
    let found = store.open_insights(xray::SOURCE, ACCOUNT, REGION).await.unwrap();
    assert_eq!(ids(&found), ["mine"]);
    assert!(!found[0].0.contains_key("detail"), "the index holds the envelope alone");
}

#[tokio::test]
async fn an_insight_that_closes_leaves_the_index() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    store.write(&[valid(xray::INSIGHT, "id", Version::new(10, 20))]).await;
    assert_eq!(store.open_insights(xray::SOURCE, ACCOUNT, REGION).await.unwrap().len(), 1);
    store.write(&[valid(xray::INSIGHT, "id", Version::new(10, 30).self_closed())]).await;
    assert!(store.open_insights(xray::SOURCE, ACCOUNT, REGION).await.unwrap().is_empty());
}

#[tokio::test]
async fn all_pages_of_open_insights_are_read() {
    let lab = lab().await;
    let store = lab.store(|options| options.concurrency = 32);
    // 24 titles of 50 kB exceed a page of one megabyte.
    let large = |number: i32| {
        let mut record = insight(xray::INSIGHT, &format!("{number:03}"), ACCOUNT, REGION);
        record.title = Some("x".repeat(50_000));
        validate(record, 400).unwrap()
    };
    store.write(&(0..24).map(large).collect::<Vec<_>>()).await;
    lab.simulator.clear_log();
    let found = store.open_insights(xray::SOURCE, ACCOUNT, REGION).await.unwrap();
    let mut found = ids(&found);
    found.sort_unstable();
    assert_eq!(found.len(), 24);
    found.dedup();
    assert_eq!(found.len(), 24);
    assert!(lab.calls("Query") > 1);
}

/// The table keeps rows for the whole retention. All of them are read, because otherwise the target would always fail.
#[tokio::test]
async fn reads_from_the_table_have_no_maximum() {
    const PAGE: usize = 10_000;
    const PAGES: usize = 7;
    let lab = lab().await;
    let pages = Arc::new(AtomicUsize::new(0));
    let sdk = edited(&lab.sdk(), move |sent, answer| {
        if sent.operation != "Query" {
            return false;
        }
        let page = pages.fetch_add(1, Ordering::SeqCst) % PAGES;
        let item = |number: usize| {
            let id = format!("{page}-{number}");
            json!({"pk": {"S": format!("pk#{id}")}, "sk": {"S": "insight"}, "id": {"S": id}})
        };
        *answer = json!({"Items": (0..PAGE).map(item).collect::<Vec<_>>()});
        if page + 1 < PAGES {
            answer["LastEvaluatedKey"] = json!({"pk": {"S": format!("pk#{page}")}, "sk": {"S": "insight"}});
        }
        true
    });
    let options = insights_shared::store::Options {
        table: "insights".to_owned(),
        collected_by: "xray-insights:$LATEST#request".to_owned(),
        retention_days: 400,
        concurrency: 1,
        dry_run: false,
    };
    let store = Store::new(aws_sdk_dynamodb::Client::new(&sdk), lab.clock(), options);
    assert_eq!(store.partition("catalog#x", "series#").await.unwrap().len(), PAGE * PAGES);
    assert_eq!(store.open_insights(xray::SOURCE, ACCOUNT, REGION).await.unwrap().len(), PAGE * PAGES);
    let chosen = |stored: Stored| stored.text("id").filter(|id| id.ends_with("-7")).map(str::to_owned);
    let chosen = store.choose_open_insights(xray::SOURCE, ACCOUNT, REGION, chosen).await.unwrap();
    assert_eq!(chosen, ["0-7", "1-7", "2-7", "3-7", "4-7", "5-7", "6-7"]);
}

#[tokio::test]
async fn all_pages_of_a_partition_are_read_in_order() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let part = |number: i32| {
        let mut record = record(xray::INSIGHT_EVENT, "id", Version::new(10, 20));
        record.key.sk = format!("event#{number}");
        record.detail.insert("text".into(), "x".repeat(300_000).into());
        validate(record, 400).unwrap()
    };
    store.write(&(0..5).map(part).collect::<Vec<_>>()).await;
    store.write(&[valid(xray::INSIGHT, "id", Version::new(10, 20))]).await;
    lab.simulator.clear_log();
    let pk = format!("xray#{ACCOUNT}#{REGION}#id");
    let found = store.partition(&pk, "event#").await.unwrap();
    let keys: Vec<&str> = found.iter().filter_map(|stored| stored.text("sk")).collect();
    assert_eq!(keys, ["event#0", "event#1", "event#2", "event#3", "event#4"]);
    assert!(lab.calls("Query") > 1);
    assert_eq!(store.partition(&pk, "").await.unwrap().len(), 6);
}
