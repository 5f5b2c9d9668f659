//! Which version of a record stays: the section "Writing" of the contract for each kind, with both forms of each rule:
//! [`Store::write`] compares before it writes, and the condition of [`Store::put`] must give the same result if another
//! run has written in between.
//!
//! [`Store::write`]: insights_shared::store::Store::write
//! [`Store::put`]: insights_shared::store::Store::put

use super::{STALE, UNCHANGED, Version, WRITTEN, lab, valid};
use insights_shared::record::Kind;
use insights_shared::store::write::{Guard, Written};
use insights_shared::value::Value;
use insights_sources::auditmanager;
use insights_sources::cloudtrail;
use insights_sources::xray;
use insights_tests::Lab;

/// Stores `stored`, writes `new` in both ways, and checks which one is in the table.
async fn check(lab: &Lab, kind: Kind, stored: Version, new: Version, expected: &Written, why: &str) {
    let store = lab.store(|_| ());
    let why = format!("{kind:?}: {why}");
    for compared in [true, false] {
        let id = format!("{why} {compared}").replace(['#', ' '], "-");
        let stored = valid(kind, &id, stored.content("stored"));
        let new = valid(kind, &id, new.content("new"));
        assert_eq!(store.put(&stored, Guard::Is(None)).await, WRITTEN, "{why}");
        lab.simulator.clear_log();
        let written = if compared {
            store.write(std::slice::from_ref(&new)).await.remove(0)
        } else {
            store.put(&new, Guard::Older).await
        };
        assert_eq!(&written, expected, "{why}, compared: {compared}");
        let puts = u64::from(!compared || *expected == WRITTEN);
        assert_eq!(lab.calls("PutItem"), puts, "{why}: a put that cannot go through is billed all the same");
        let item = store.get(new.key()).await.unwrap().unwrap();
        let content = item.0.get("detail").and_then(|detail| detail.at(&["content"])).and_then(Value::as_str);
        let winner = if *expected == WRITTEN { "new" } else { "stored" };
        assert_eq!(content, Some(winner), "{why}, compared: {compared}");
    }
}

fn version(updated: i64, answered: i64) -> Version {
    Version::new(updated, answered)
}

#[tokio::test]
async fn insights_are_ordered_by_summary_time_and_then_by_answer_time() {
    let lab = lab().await;
    // The times of the answers have the opposite order, because they must not count.
    let summary = |time: i64, answered: i64| version(100 - time, answered).summary(time);
    let without = |answered: i64| version(50, answered);
    for (stored, new, expected, why) in [
        (summary(10, 20), summary(11, 5), WRITTEN, "a newer summary, although asked for earlier"),
        (summary(10, 20), summary(9, 30), STALE, "an older summary, although asked for later"),
        (summary(10, 20), summary(10, 21), WRITTEN, "the same summary, asked for later"),
        (summary(10, 20), summary(10, 19), STALE, "the same summary, asked for earlier"),
        (summary(10, 20), summary(10, 20), STALE, "the same summary, asked for at the same time"),
        (without(20), summary(1, 21), WRITTEN, "stored without summary, asked for later"),
        (without(20), summary(99, 19), STALE, "stored without summary, asked for earlier"),
        (without(20), summary(99, 20), STALE, "stored without summary, asked for at the same time"),
        (summary(10, 20), without(21), WRITTEN, "new without summary, asked for later"),
        (summary(10, 20), without(19), STALE, "new without summary, asked for earlier"),
        (summary(10, 20), without(20), STALE, "new without summary, asked for at the same time"),
        (without(20), version(1, 21), WRITTEN, "neither with summary, asked for later"),
        (without(20), version(99, 19), STALE, "neither with summary, asked for earlier"),
        (without(20), version(99, 20), STALE, "neither with summary, asked for at the same time"),
    ] {
        check(&lab, xray::INSIGHT, stored, new, &expected, why).await;
    }
}

#[tokio::test]
async fn an_insight_that_we_closed_is_replaced_by_any_answer_and_replaces_no_later_answer() {
    let lab = lab().await;
    let summary = |time: i64, answered: i64| version(time, answered).summary(time);
    let closed = |time: i64, answered: i64| summary(time, answered).self_closed();
    let closed_without = |answered: i64| version(10, answered).self_closed();
    for (stored, new, expected, why) in [
        (closed(10, 20), summary(9, 5), WRITTEN, "an older answer over our closing"),
        (closed(10, 20), summary(10, 20), WRITTEN, "an equally old answer over our closing"),
        (closed(10, 20), version(1, 1), WRITTEN, "an answer by id over our closing"),
        (closed_without(20), version(1, 1), WRITTEN, "an answer by id over our closing without summary"),
        (closed(10, 20), closed(10, 21), WRITTEN, "our later closing over our closing"),
        (closed(10, 20), closed(10, 19), STALE, "our earlier closing over our closing"),
        (summary(10, 20), closed(10, 21), WRITTEN, "our closing over the answer that it was made of"),
        (summary(10, 20), closed(10, 19), STALE, "our closing over an answer that came meanwhile"),
        (summary(10, 20), closed(10, 20), STALE, "our closing over an answer of the same time"),
        (summary(11, 20), closed(10, 25), STALE, "our closing over a newer summary"),
        (version(10, 20), closed_without(21), WRITTEN, "our closing over an answer by id"),
        (version(10, 20), closed_without(19), STALE, "our closing over a later answer by id"),
    ] {
        check(&lab, xray::INSIGHT, stored, new, &expected, why).await;
    }
}

#[tokio::test]
async fn events_are_ordered_only_by_answer_time() {
    let lab = lab().await;
    for kind in [xray::INSIGHT_EVENT] {
        for (stored, new, expected, why) in [
            (version(10, 20), version(9, 21), WRITTEN, "an older version, asked for later"),
            (version(10, 20), version(11, 19), STALE, "a newer version, asked for earlier"),
            (version(10, 20), version(11, 20), STALE, "a newer version, asked for at the same time"),
        ] {
            check(&lab, kind, stored, new, &expected, why).await;
        }
    }
}

#[tokio::test]
async fn other_kinds_are_ordered_by_version_and_then_by_answer_time() {
    let lab = lab().await;
    for kind in [
        // A graph belongs to a version of its insight: an older graph of a slower run must not stay.
        xray::IMPACT_GRAPH,
        cloudtrail::INSIGHT,
        auditmanager::ACCOUNT,
        auditmanager::ASSESSMENT,
        auditmanager::DOMAIN,
        auditmanager::CONTROL,
    ] {
        for (stored, new, expected, why) in [
            (version(10, 20), version(11, 19), WRITTEN, "a newer version, although asked for earlier"),
            (version(10, 20), version(9, 21), STALE, "an older version, although asked for later"),
            (version(10, 20), version(10, 21), WRITTEN, "the same version, asked for later"),
            (version(10, 20), version(10, 20), STALE, "the same version, asked for at the same time"),
            (version(10, 20), version(10, 19), STALE, "the same version, asked for earlier"),
        ] {
            check(&lab, kind, stored, new, &expected, why).await;
        }
    }
}

#[tokio::test]
async fn a_chunk_never_replaces_one_that_starts_earlier() {
    let lab = lab().await;
    for (stored, new, expected, why) in [
        (version(10, 20).from(300), version(11, 21).from(300), WRITTEN, "newer, from the same on"),
        (version(10, 20).from(300), version(11, 21).from(0), WRITTEN, "newer, from earlier on"),
        (version(10, 20).from(300), version(11, 21).from(600), STALE, "newer, from later on"),
        (version(10, 20).from(300), version(10, 21).from(300), WRITTEN, "as new, asked for later"),
        (
            version(10, 20).from(300),
            version(10, 21).from(600),
            STALE,
            "as new, asked for later, from later on",
        ),
        (version(10, 20).from(300), version(10, 20).from(0), STALE, "as new, asked for at the same time"),
        (version(10, 20).from(300), version(9, 21).from(0), STALE, "older, from earlier on"),
        (version(10, 20).from(300), version(11, 19).from(300), WRITTEN, "newer, although asked for earlier"),
    ] {
        check(&lab, cloudtrail::METRIC, stored, new, &expected, why).await;
    }
}

#[tokio::test]
async fn a_stored_record_is_not_written_again() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    for kind in insights_sources::kinds() {
        let version = |answered| valid(kind, kind.as_str(), version(10, answered).summary(10));
        assert_eq!(store.write(&[version(20)]).await, [WRITTEN], "{kind:?}");
        let before = lab.table().await;
        lab.simulator.clear_log();
        // Requested again at the same time, later, and (by a slow run) earlier: the answer is the same.
        for answered in [20, 30, 1] {
            assert_eq!(store.write(&[version(answered)]).await, [UNCHANGED], "{kind:?} {answered}");
        }
        assert_eq!(lab.calls("PutItem"), 0, "{kind:?}");
        assert_eq!(lab.table().await, before);
    }
}

#[tokio::test]
async fn an_unchanged_chunk_is_not_rewritten_because_time_has_passed() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    store.write(&[valid(cloudtrail::METRIC, "id", version(10, 20))]).await;
    lab.simulator.clear_log();
    let further = valid(cloudtrail::METRIC, "id", version(3_600, 4_000));
    assert_eq!(store.write(&[further]).await, [UNCHANGED]);
    assert_eq!(lab.calls("PutItem"), 0);
}

#[tokio::test]
async fn the_second_of_two_concurrent_equal_puts_counts_as_unchanged() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let record = valid(xray::INSIGHT, "id", version(10, 20).summary(10));
    assert_eq!(store.put(&record, Guard::Older).await, WRITTEN);
    assert_eq!(store.put(&record, Guard::Older).await, UNCHANGED);
}

#[tokio::test]
async fn a_put_with_a_lost_answer_is_retried_without_duplicate() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let record = valid(xray::INSIGHT, "id", version(10, 20).summary(10));
    lab.fault("PutItem=lost-answer:1");
    assert_eq!(store.write(std::slice::from_ref(&record)).await, [UNCHANGED], "the first try stored it");
    assert_eq!(lab.calls("PutItem"), 2);
    assert_eq!(lab.table().await.0.len(), 1);
}

#[tokio::test]
async fn a_merge_succeeds_only_over_the_item_that_was_read() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let kind = cloudtrail::INSIGHT;
    let put = async |version: Version, guard: Guard<'_>| store.put(&valid(kind, "id", version), guard).await;
    let first = valid(kind, "id", version(10, 20).content("first"));
    assert_eq!(store.put(&first, Guard::Is(None)).await, WRITTEN);
    assert_eq!(put(version(99, 99).content("other"), Guard::Is(None)).await, STALE, "something is there");
    // A merge can have an older version: only concurrent writes matter.
    assert_eq!(put(version(9, 9).content("second"), Guard::Is(Some(first.content_hash()))).await, WRITTEN);
    assert_eq!(put(version(99, 99).content("third"), Guard::Is(Some(first.content_hash()))).await, STALE);
    assert_eq!(lab.table().await.of_kind("cloudtrail.insight")[0]["title"], "title second".into());
}

#[tokio::test]
async fn the_newer_of_two_records_with_one_key_is_stored() {
    let lab = lab().await;
    let store = lab.store(|options| options.concurrency = 1);
    let kind = auditmanager::ACCOUNT;
    let newer = valid(kind, "id", version(11, 20).content("newer"));
    let older = valid(kind, "id", version(10, 20).content("older"));
    assert_eq!(store.write(&[newer.clone(), older.clone()]).await, [WRITTEN, STALE]);
    assert_eq!(store.write(&[older, newer]).await, [STALE, UNCHANGED]);
}

#[tokio::test]
async fn stored_times_in_the_future_are_ignored() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    // The time of the lab, 2026-03-01T12:00:00Z, and a day later.
    let now = 9 * 86_400 + 43_200;
    let ahead = now + 86_400;
    for kind in [auditmanager::CONTROL, cloudtrail::METRIC] {
        for (stored, new, expected, why) in [
            (version(10, ahead), version(11, now), WRITTEN, "a newer version"),
            (version(10, ahead), version(10, now), WRITTEN, "the same version"),
            (version(10, ahead), version(9, now), STALE, "an older version"),
            (version(ahead, ahead), version(9, now), WRITTEN, "any version over one in the future"),
            // One minute is within the allowed difference of two clocks.
            (version(10, now + 60), version(10, now), STALE, "the same version, asked for 60 s earlier"),
            (version(10, now + 61), version(10, now), WRITTEN, "the same version, 61 s in the future"),
        ] {
            let id = format!("{kind:?} {why}").replace(['#', ' '], "-");
            let stored = valid(kind, &id, stored.content("stored"));
            let new = valid(kind, &id, new.content("new"));
            assert_eq!(store.put(&stored, Guard::Is(None)).await, WRITTEN, "{kind:?}: {why}");
            let written = store.write(std::slice::from_ref(&new)).await.remove(0);
            assert_eq!(written, expected, "{kind:?}: {why}");
        }
    }
    let summary = |time: i64, answered: i64| version(0, answered).summary(time);
    for (number, (stored, new, expected)) in [
        (summary(10, ahead), summary(11, now), WRITTEN),
        (summary(10, ahead), summary(10, now), WRITTEN),
        (summary(10, ahead), summary(9, now), STALE),
        (summary(10, ahead), version(0, now), WRITTEN),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("insight-{number}");
        let stored = valid(xray::INSIGHT, &id, stored.content("stored"));
        let new = valid(xray::INSIGHT, &id, new.content("new"));
        assert_eq!(store.put(&stored, Guard::Is(None)).await, WRITTEN, "{number}");
        let written = store.write(std::slice::from_ref(&new)).await.remove(0);
        assert_eq!(written, expected, "{number}");
    }
}
