//! Catalog rows: found by prefix, and changed only if they are still the rows that were read.

use super::lab;
use insights_shared::issue::CONDITION_FAILED;
use insights_shared::record::Stored;
use insights_shared::store::Store;
use insights_shared::store::catalog::{catalog_key, catalog_row};
use insights_shared::target::Target;
use insights_shared::time::DAY_SECONDS;
use insights_shared::value::Map;
use insights_sources::cloudtrail;
use insights_tests::{ACCOUNT, REGION};

fn target() -> Target {
    Target { account_id: ACCOUNT.to_owned(), region: REGION.to_owned(), role: None }
}

fn row(sk: &str, note: &str) -> Map {
    let mut row = catalog_row(cloudtrail::SOURCE, &target(), sk);
    row.insert("note".into(), note.into());
    row
}

/// Replaces `read` by a row with this note; returns whether it succeeded.
async fn replace(store: &Store, sk: &str, note: &str, read: Option<&Stored>) -> bool {
    let stored = store.replace_catalog(row(sk, note), read).await.unwrap();
    if let Some(stored) = &stored {
        let key = catalog_key(cloudtrail::SOURCE, &target(), sk);
        assert_eq!(store.get(&key).await.unwrap().as_ref(), Some(stored), "it gives what is stored");
    }
    stored.is_some()
}

#[tokio::test]
async fn rows_are_found_by_their_prefix() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    for sk in ["series#b", "series#a", "trail#x", "seriesx"] {
        store.put_catalog(row(sk, "")).await.unwrap();
    }
    let rows = store.catalog(cloudtrail::SOURCE, ACCOUNT, REGION, "series#").await.unwrap();
    let keys: Vec<&str> = rows.iter().filter_map(|row| row.text("sk")).collect();
    assert_eq!(keys, ["series#a", "series#b"]);
    assert_eq!(rows[0].text("pk"), Some("catalog#cloudtrail#123456789012#eu-west-1"));
    assert!(store.catalog(cloudtrail::SOURCE, ACCOUNT, "eu-west-10", "").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_row_is_replaced_only_if_it_is_still_the_one_that_was_read() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let key = catalog_key(cloudtrail::SOURCE, &target(), "series#a");
    assert!(replace(&store, "series#a", "first", None).await);
    assert!(!replace(&store, "series#a", "blind", None).await, "there is one");
    let first = store.get(&key).await.unwrap().unwrap();
    assert!(replace(&store, "series#a", "second", Some(&first)).await);
    assert!(!replace(&store, "series#a", "late", Some(&first)).await, "it has changed");
    let second = store.get(&key).await.unwrap().unwrap();
    assert_eq!(second.text("note"), Some("second"));
    assert_ne!(second.text("revision"), first.text("revision"));
}

#[tokio::test]
async fn a_revision_depends_only_on_the_content_of_a_row() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let key = catalog_key(cloudtrail::SOURCE, &target(), "series#a");
    let mut rows = Vec::new();
    for note in ["first", "second", "first"] {
        let read = store.get(&key).await.unwrap();
        assert!(replace(&store, "series#a", note, read.as_ref()).await);
        rows.push(store.get(&key).await.unwrap().unwrap());
    }
    assert_eq!(rows[0], rows[2]);
    assert_ne!(rows[0], rows[1]);
}

#[tokio::test]
async fn a_row_without_a_revision_is_replaced_once() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    store.put_catalog(row("scope#a", "plain")).await.unwrap();
    let plain = store.get(&catalog_key(cloudtrail::SOURCE, &target(), "scope#a")).await.unwrap().unwrap();
    assert!(replace(&store, "scope#a", "first", Some(&plain)).await);
    assert!(!replace(&store, "scope#a", "late", Some(&plain)).await);
}

#[tokio::test]
async fn an_expired_row_counts_as_absent() {
    let lab = lab().await;
    let mut expiring = row("series#a", "old");
    expiring.insert("expires_at".into(), lab.now().plus_seconds(DAY_SECONDS).seconds().into());
    lab.store(|_| ()).put_catalog(expiring).await.unwrap();
    lab.advance(2 * DAY_SECONDS);
    let store = lab.store(|_| ());
    assert!(store.catalog(cloudtrail::SOURCE, ACCOUNT, REGION, "").await.unwrap().is_empty());
    assert!(replace(&store, "series#a", "new", None).await);
}

#[tokio::test]
async fn a_row_of_a_newer_schema_is_never_overwritten() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let key = catalog_key(cloudtrail::SOURCE, &target(), "series#a");
    for (revision, expired) in [(None, false), (Some(1), false), (None, true), (Some(1), true)] {
        let mut newer = row("series#a", "newer");
        newer.insert("schema_version".into(), 2.into());
        if let Some(revision) = revision {
            newer.insert("revision".into(), revision.into());
        }
        lab.put(newer.clone()).await;
        let read = store.get(&key).await.unwrap();
        if expired {
            newer.insert("expires_at".into(), 1.into());
            lab.put(newer).await;
        }
        let error = store.put_catalog(row("series#a", "older")).await.unwrap_err();
        assert_eq!((error.operation, error.code.as_str()), ("PutItem", CONDITION_FAILED));
        let error =
            store.put_catalog_rows(vec![(row("series#a", "older"), false)]).await.remove(0).unwrap_err();
        assert_eq!(error.code, CONDITION_FAILED);
        assert!(!replace(&store, "series#a", "older", None).await);
        assert!(!replace(&store, "series#a", "older", read.as_ref()).await);
        assert_eq!(lab.table().await.0[&key]["note"], "newer".into(), "{revision:?}, expired: {expired}");
    }
}
