//! Items of a newer schema are not changed, and are still read.

use super::{STALE, Version, lab, valid};
use insights_shared::store::read::Projection;
use insights_shared::store::write::Guard;
use insights_shared::validate::ValidRecord;
use insights_shared::value::Map;
use insights_sources::xray;
use insights_tests::{ACCOUNT, Lab, REGION};

/// Puts an item at the record's key as a later version of this program could store it.
async fn put_newer(lab: &Lab, record: &ValidRecord) -> Map {
    let mut item = record.to_map();
    item.insert("schema_version".into(), 2.into());
    item.insert("content_hash".into(), "a hash of another kind".into());
    item.insert("unheard_of".into(), true.into());
    lab.put(item.clone()).await;
    item
}

#[tokio::test]
async fn a_newer_schema_is_never_overwritten_with_any_guard() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    for kind in insights_sources::kinds() {
        let record = valid(kind, kind.as_str(), Version::new(10, 10).summary(10));
        let newer = put_newer(&lab, &record).await;
        let later = valid(kind, kind.as_str(), Version::new(99, 99).summary(99).content("later"));
        lab.simulator.clear_log();
        assert_eq!(store.write(std::slice::from_ref(&later)).await, [STALE], "{kind:?}");
        assert_eq!(lab.calls("PutItem"), 0, "{kind:?}");
        for guard in [Guard::Older, Guard::Is(None), Guard::Is(Some("a hash of another kind"))] {
            assert_eq!(store.put(&later, guard).await, STALE, "{kind:?} {guard:?}");
        }
        assert_eq!(lab.table().await.get(&later.key().pk, "insight"), Some(&newer), "{kind:?}");
    }
}

#[tokio::test]
async fn a_newer_schema_that_has_expired_is_not_overwritten_either() {
    let lab = lab().await;
    let record = valid(xray::INSIGHT_EVENT, "id", Version::new(10, 10));
    let mut newer = put_newer(&lab, &record).await;
    newer.insert("expires_at".into(), 1.into());
    lab.put(newer.clone()).await;
    let store = lab.store(|_| ());
    assert_eq!(store.write(&[record]).await, [STALE]);
    assert_eq!(lab.table().await.0.values().next(), Some(&newer));
}

#[tokio::test]
async fn items_of_a_newer_schema_are_read_normally() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let record = valid(xray::INSIGHT, "id", Version::new(10, 10));
    let newer = put_newer(&lab, &record).await;
    assert_eq!(store.get(record.key()).await.unwrap().unwrap().0, newer);
    let found = store.read(&[record.key().clone()], Projection::Version).await;
    assert!(found.items[record.key()].is_newer_schema());
    assert_eq!(store.partition(&record.key().pk, "").await.unwrap().len(), 1);
    assert_eq!(store.open_insights(xray::SOURCE, ACCOUNT, REGION).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_older_schema_is_overwritten_by_the_rule_of_its_kind() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let record = valid(xray::INSIGHT, "id", Version::new(10, 10));
    let mut older = record.to_map();
    older.insert("schema_version".into(), 0.into());
    lab.put(older).await;
    let later = valid(xray::INSIGHT, "id", Version::new(10, 11).content("later"));
    assert_eq!(store.write(&[later]).await, [super::WRITTEN]);
}
