//! Reads in batches, and the effect of failures on the rest.

use super::{UNCHANGED, Version, WRITTEN, lab, valid};
use insights_shared::issue::Class;
use insights_shared::key::Key;
use insights_shared::store::read::Projection;
use insights_shared::store::write::Written;
use insights_shared::validate::ValidRecord;
use insights_shared::value::Text;
use insights_sources::cloudtrail;
use insights_sources::xray;
use insights_tests::{ACCOUNT, REGION};
use std::collections::BTreeSet;

fn many(count: usize) -> Vec<ValidRecord> {
    let one = |number: usize| valid(xray::INSIGHT_EVENT, &format!("id {number}"), Version::new(10, 20));
    (0..count).map(one).collect()
}

fn keys(records: &[ValidRecord]) -> Vec<Key> {
    records.iter().map(|record| record.key().clone()).collect()
}

#[tokio::test]
async fn keys_are_read_in_batches_of_a_hundred_without_duplicates() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let records = many(250);
    assert_eq!(store.write(&records).await, vec![WRITTEN; 250]);
    assert_eq!((lab.calls("BatchGetItem"), lab.calls("PutItem")), (3, 0));
    lab.simulator.clear_log();
    assert_eq!(store.write(&records).await, vec![UNCHANGED; 250]);
    assert_eq!((lab.calls("BatchGetItem"), lab.calls("PutItem")), (3, 0));
    // BatchGetItem rejects duplicate keys.
    let twice: Vec<Key> = keys(&records).into_iter().chain(keys(&records)).collect();
    let found = store.read(&twice, Projection::Version).await;
    assert_eq!((found.items.len(), found.failed.len()), (250, 0));
    assert_eq!(lab.calls("BatchGetItem"), 6);
    assert!(store.read(&[], Projection::Whole).await.items.is_empty());
}

#[tokio::test]
async fn reads_for_comparison_return_only_version_attributes() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let insight = valid(xray::INSIGHT, "one", Version::new(10, 20).summary(15).self_closed());
    let chunk = valid(cloudtrail::METRIC, "two", Version::new(10, 20));
    store.write(&[insight.clone(), chunk.clone()]).await;
    let found = store.read(&[insight.key().clone(), chunk.key().clone()], Projection::Version).await;
    let names = |record: &ValidRecord| {
        found.items[record.key()].0.keys().map(ToString::to_string).collect::<Vec<_>>()
    };
    let of_both = ["answered_at", "content_hash", "expires_at", "pk", "schema_version", "sk", "updated_at"];
    let with = |others: &[&str]| {
        let all: BTreeSet<&str> = of_both.iter().chain(others).copied().collect();
        all.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names(&insight), with(&["detail", "status_reason"]));
    let detail: Vec<&str> =
        found.items[insight.key()].0["detail"].as_map().unwrap().keys().map(Text::as_str).collect();
    assert_eq!(detail, ["last_update_time"]);
    assert_eq!(names(&chunk), with(&["covered_from"]));
}

#[tokio::test]
async fn unprocessed_keys_are_requested_again() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let records = many(120);
    store.write(&records).await;
    lab.fault("BatchGetItem=unprocessed:3");
    let found = store.read(&keys(&records), Projection::Whole).await;
    assert_eq!((found.items.len(), found.failed.len()), (120, 0));
    assert_eq!(store.write(&records).await, vec![UNCHANGED; 120]);
}

// The slowest test of this file: it waits until the store gives up, about ten seconds.
#[tokio::test]
async fn keys_that_stay_unprocessed_fail_without_affecting_others() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let records = many(5);
    store.write(&records).await;
    lab.fault("BatchGetItem=unprocessed");
    let found = store.read(&keys(&records), Projection::Version).await;
    // Half of the remaining keys stays unprocessed each time, and a single key completely.
    assert_eq!((found.items.len(), found.failed.len()), (4, 1));
    let error = found.failed.values().next().unwrap();
    assert_eq!((error.class, error.retryable), (Class::Throttled, true));
    assert_eq!(error.code, "ProvisionedThroughputExceededException");
}

#[tokio::test]
async fn a_query_continues_after_empty_pages_and_stops_at_a_repeated_key() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    store.write(&[valid(xray::INSIGHT, "one", Version::new(10, 20))]).await;
    let open = async || store.open_insights(xray::SOURCE, ACCOUNT, REGION).await;
    let rows = async || store.partition(&format!("xray#{ACCOUNT}#{REGION}#one"), "").await;
    lab.fault("Query=empty-page:3");
    assert_eq!((open().await.unwrap().len(), rows().await.unwrap().len()), (1, 1));
    assert_eq!(lab.calls("Query"), 4 + 1);
    lab.fault("Query=repeat-token");
    for error in [open().await.unwrap_err(), rows().await.unwrap_err()] {
        assert_eq!((error.operation, error.code.as_str()), ("Query", "Token.Repeated"));
    }
    assert_eq!(lab.calls("Query"), 4 + 1 + 2 + 2, "each is asked for again once");
}

#[tokio::test]
async fn throttled_reads_and_puts_are_retried() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    lab.fault("BatchGetItem=throttle:2");
    lab.fault("PutItem=throttle:2");
    assert_eq!(store.write(&many(1)).await, [WRITTEN]);
    assert_eq!((lab.calls("BatchGetItem"), lab.calls("PutItem")), (3, 3));
}

#[tokio::test]
async fn a_failed_put_does_not_affect_others_and_has_a_reason() {
    let lab = lab().await;
    for (fault, code, class) in [
        ("PutItem=denied:1@3", "AccessDeniedException", Class::Denied),
        ("PutItem=throttle:3@3", "ProvisionedThroughputExceededException", Class::Throttled),
        ("PutItem=error500:3@3", "InternalServerError", Class::Unavailable),
    ] {
        let records: Vec<_> = (0..9)
            .map(|number| valid(xray::INSIGHT_EVENT, &format!("{code} {number}"), Version::new(1, 1)))
            .collect();
        lab.simulator.clear_faults();
        lab.fault(fault);
        lab.fault("BatchExecuteStatement=denied");
        // One at a time, so that all attempts for the same record get the fault.
        let written = lab.store(|options| options.concurrency = 1).write(&records).await;
        let failed: Vec<usize> =
            (0..9).filter(|index| matches!(written[*index], Written::Failed(_))).collect();
        assert_eq!(failed, [3], "{fault}");
        let Written::Failed(error) = &written[3] else { panic!() };
        assert_eq!((error.operation, error.code.as_str(), error.class), ("PutItem", code, class));
        let table = lab.table().await;
        for (index, record) in records.iter().enumerate() {
            assert_eq!(table.0.contains_key(record.key()), index != 3, "{fault} {index}");
        }
    }
}

#[tokio::test]
async fn a_failed_batch_read_fails_only_its_records_and_writes_none() {
    let lab = lab().await;
    let records = many(150);
    lab.fault("BatchGetItem=denied:1");
    let written = lab.store(|options| options.concurrency = 1).write(&records).await;
    let stored: BTreeSet<Key> = lab.table().await.0.into_keys().collect();
    let failed = written.iter().filter(|written| matches!(written, Written::Failed(_))).count();
    assert_eq!((failed, stored.len()), (100, 50));
    for (record, written) in records.iter().zip(&written) {
        assert_eq!(*written == WRITTEN, stored.contains(record.key()), "{written:?}");
    }
}

#[tokio::test]
async fn results_have_the_order_of_the_records() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let records = many(10);
    store.write(&records[3..5]).await;
    lab.fault("BatchExecuteStatement=denied");
    lab.fault("PutItem=slow-0.05:1");
    let mut expected = vec![WRITTEN; 10];
    (expected[3], expected[4]) = (UNCHANGED, UNCHANGED);
    assert_eq!(store.write(&records).await, expected);
}
