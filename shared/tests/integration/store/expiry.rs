//! Expired items count as absent before DynamoDB deletes them, and expired records are not stored.

use super::{Version, WRITTEN, lab, record};
use insights_shared::record::{Record, Status};
use insights_shared::store::read::Projection;
use insights_shared::store::write::{Guard, Written};
use insights_shared::time::DAY_SECONDS;
use insights_shared::validate::{ValidRecord, validate};
use insights_sources::xray;
use insights_tests::{ACCOUNT, REGION};

fn closed(version: Version) -> Record {
    let mut record = record(xray::INSIGHT, "id", version);
    record.status = Some(Status::Closed);
    record.ended_at = record.updated_at;
    record
}

fn kept_for(days: i64, record: Record) -> ValidRecord {
    validate(record, days).unwrap()
}

#[tokio::test]
async fn expired_items_are_absent_in_every_read() {
    let lab = lab().await;
    let record = kept_for(30, closed(Version::new(10, 20)));
    assert_eq!(lab.store(|_| ()).write(std::slice::from_ref(&record)).await, [WRITTEN]);
    for (days, there) in [(20, true), (2, false)] {
        lab.advance(days * DAY_SECONDS);
        let store = lab.store(|_| ());
        let key = record.key();
        for projection in [Projection::Whole, Projection::Version] {
            let found = store.read(std::slice::from_ref(key), projection).await;
            assert_eq!(found.items.contains_key(key), there, "{projection:?}");
            assert!(found.failed.is_empty());
        }
        assert_eq!(store.get(key).await.unwrap().is_some(), there);
        assert_eq!(store.partition(&key.pk, "").await.unwrap().len(), usize::from(there));
    }
    assert_eq!(lab.table().await.0.len(), 1, "DynamoDB deletes it in its own time");
}

#[tokio::test]
async fn an_expired_item_is_replaced_even_by_an_older_answer() {
    for direct in [false, true] {
        let lab = lab().await;
        lab.store(|_| ()).write(&[kept_for(30, closed(Version::new(10, 20).summary(10)))]).await;
        lab.advance(60 * DAY_SECONDS);
        let store = lab.store(|_| ());
        // The retention is longer now; by its version alone it would be stale.
        let older = kept_for(400, closed(Version::new(9, 19).summary(9).content("older")));
        let written = if direct {
            store.put(&older, Guard::Is(None)).await
        } else {
            store.write(&[older]).await.remove(0)
        };
        assert_eq!(written, WRITTEN, "direct: {direct}");
    }
}

#[tokio::test]
async fn an_answer_that_would_have_expired_already_is_not_stored() {
    let lab = lab().await;
    let expired = kept_for(1, closed(Version::new(10, 20)));
    let store = lab.store(|_| ());
    lab.simulator.clear_log();
    assert_eq!(store.write(std::slice::from_ref(&expired)).await, [Written::Expired]);
    assert_eq!(store.put(&expired, Guard::Is(None)).await, Written::Expired);
    assert_eq!(lab.calls("PutItem"), 0);
    // The rule of the kind alone does not show that there is no item, but nothing is stored.
    assert_eq!(store.put(&expired, Guard::Older).await, Written::Expired);
    assert!(lab.table().await.0.is_empty());
}

#[tokio::test]
async fn an_item_expires_exactly_at_its_second() {
    let lab = lab().await;
    let mut record = closed(Version::new(10, 20));
    // A retention of one day has expired after exactly one day, and not a second earlier.
    for (seconds, expected) in [(-DAY_SECONDS, Written::Expired), (1 - DAY_SECONDS, WRITTEN)] {
        record.ended_at = Some(lab.now().plus_seconds(seconds));
        let written = lab.store(|_| ()).write(&[kept_for(1, record.clone())]).await.remove(0);
        assert_eq!(written, expected, "{seconds}");
    }
}

#[tokio::test]
async fn a_retention_of_zero_means_no_expiry() {
    let lab = lab().await;
    let record = kept_for(0, closed(Version::new(10, 20)));
    lab.store(|_| ()).write(std::slice::from_ref(&record)).await;
    lab.advance(36_500 * DAY_SECONDS);
    assert!(lab.store(|_| ()).get(record.key()).await.unwrap().is_some());
}

#[tokio::test]
async fn an_open_insight_is_closed_by_an_end_that_would_have_expired() {
    for direct in [false, true] {
        let lab = lab().await;
        let open = kept_for(1, record(xray::INSIGHT, "id", Version::new(10, 20)));
        lab.store(|_| ()).write(std::slice::from_ref(&open)).await;
        lab.simulator.clear_log();
        let store = lab.store(|_| ());
        let end = kept_for(1, closed(Version::new(11, 21)));
        let write = async || {
            if direct {
                store.put(&end, Guard::Is(Some(open.content_hash()))).await
            } else {
                store.write(std::slice::from_ref(&end)).await.remove(0)
            }
        };
        assert_eq!(write().await, Written::Expired, "direct: {direct}");
        assert!(store.open_insights(xray::SOURCE, ACCOUNT, REGION).await.unwrap().is_empty());
        assert_eq!(store.get(end.key()).await.unwrap(), None);
        assert_eq!(lab.calls("PutItem"), 1);
        assert_eq!(store.write(&[end]).await, [Written::Expired]);
        assert_eq!(lab.calls("PutItem"), 1, "once");
    }
}

#[tokio::test]
async fn an_end_that_would_have_expired_replaces_nothing_newer() {
    let lab = lab().await;
    let open = |answered| kept_for(1, record(xray::INSIGHT, "id", Version::new(10, answered)));
    let store = lab.store(|_| ());
    store.write(&[open(30)]).await;
    let end = kept_for(1, closed(Version::new(9, 21)));
    assert_eq!(store.put(&end, Guard::Older).await, Written::Expired);
    assert_eq!(store.put(&end, Guard::Is(Some("another hash"))).await, Written::Expired);
    assert_eq!(store.get(end.key()).await.unwrap().unwrap().text("status"), Some("open"));
    let dry = lab.store(|options| options.dry_run = true);
    assert_eq!(dry.write(&[kept_for(1, closed(Version::new(11, 40)))]).await, [Written::Expired]);
    assert_eq!(store.get(end.key()).await.unwrap().unwrap().text("status"), Some("open"));
}
