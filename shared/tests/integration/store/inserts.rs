//! New records in batches of inserts, and separate puts if this is not possible.

use super::{STALE, UNCHANGED, Version, WRITTEN, lab, record, valid};
use insights_shared::time::DAY_SECONDS;
use insights_shared::validate::{ValidRecord, validate};
use insights_sources::cloudtrail;
use insights_sources::xray;
use insights_tests::Lab;
use std::time::Duration;

const INSERTS: &str = "BatchExecuteStatement";

fn many(count: usize, version: Version) -> Vec<ValidRecord> {
    (0..count).map(|number| valid(cloudtrail::METRIC, &format!("id {number}"), version)).collect()
}

fn calls(lab: &Lab) -> (u64, u64) {
    (lab.calls(INSERTS), lab.calls("PutItem"))
}

#[tokio::test]
async fn new_records_are_inserted_in_batches_of_25_with_the_result_of_puts() {
    let (inserting, putting) = (lab().await, lab().await);
    putting.fault(&format!("{INSERTS}=denied"));
    let records = many(60, Version::new(10, 20));
    let (inserts, puts) = (inserting.store(|_| ()), putting.store(|_| ()));
    assert_eq!(inserts.write(&records).await, vec![WRITTEN; 60]);
    assert_eq!(puts.write(&records).await, vec![WRITTEN; 60]);
    assert_eq!((calls(&inserting), calls(&putting)), ((3, 0), (1, 60)));
    assert_eq!(inserting.table().await.0, putting.table().await.0);
    assert_eq!(inserts.units(), puts.units());
    assert!(inserts.units().write > 0.0);
    assert_eq!(inserts.write(&records).await, vec![UNCHANGED; 60]);
    assert_eq!(calls(&inserting), (3, 0));
}

#[tokio::test]
async fn one_new_record_is_put_and_two_are_inserted_together() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let records = many(4, Version::new(10, 20));
    assert_eq!(store.write(&records[..1]).await, [WRITTEN]);
    assert_eq!(calls(&lab), (0, 1));
    assert_eq!(store.write(&records[..2]).await, [UNCHANGED, WRITTEN]);
    assert_eq!(calls(&lab), (0, 2), "those that are there already do not count");
    assert_eq!(store.write(&records).await, [UNCHANGED, UNCHANGED, WRITTEN, WRITTEN]);
    assert_eq!(calls(&lab), (1, 2));
}

#[tokio::test]
async fn without_permission_to_insert_records_are_put_in_this_invocation() {
    let lab = lab().await;
    lab.fault(&format!("{INSERTS}=denied"));
    let store = lab.store(|_| ());
    let records = many(60, Version::new(10, 20));
    assert_eq!(store.write(&records[..30]).await, vec![WRITTEN; 30]);
    assert_eq!(store.write(&records[30..]).await, vec![WRITTEN; 30]);
    assert_eq!(calls(&lab), (1, 60));
    // The next invocation may have the permission.
    lab.store(|_| ()).write(&many(90, Version::new(10, 20))).await;
    assert_eq!(calls(&lab), (2, 90));
}

#[tokio::test]
async fn after_a_failed_batch_everything_is_put() {
    for kind in ["error500", "throttle", "html503", "reset", "expired", "denied"] {
        let lab = lab().await;
        // The number of attempts of one batch.
        lab.fault(&format!("{INSERTS}={kind}:3"));
        let store = lab.store(|_| ());
        let records = many(90, Version::new(10, 20));
        assert_eq!(store.write(&records[..60]).await, vec![WRITTEN; 60], "{kind}");
        assert_eq!(store.write(&records[60..]).await, vec![WRITTEN; 30], "{kind}");
        let (inserts, puts) = calls(&lab);
        assert!(inserts <= 3, "{kind}: {inserts} requests");
        assert_eq!((puts, lab.table().await.0.len()), (90, 90), "{kind}");
    }
}

#[tokio::test]
async fn after_a_temporary_fault_of_a_batch_inserting_continues() {
    let lab = lab().await;
    lab.fault(&format!("{INSERTS}=error500:2"));
    let store = lab.store(|_| ());
    assert_eq!(store.write(&many(60, Version::new(10, 20))).await, vec![WRITTEN; 60]);
    assert_eq!(calls(&lab), (2 + 3, 0));
}

#[tokio::test]
async fn concurrent_writers_wait_for_the_first_batch() {
    let lab = lab().await;
    lab.fault(&format!("{INSERTS}=error500"));
    let store = lab.store(|_| ());
    let records = many(200, Version::new(10, 20));
    let writers = records.chunks(25).map(|records| store.write(records));
    for written in futures_util::future::join_all(writers).await {
        assert_eq!(written, vec![WRITTEN; 25]);
    }
    assert_eq!(calls(&lab), (3, 200));
}

#[tokio::test]
async fn a_batch_with_a_lost_answer_is_retried_without_duplicates() {
    let lab = lab().await;
    lab.fault(&format!("{INSERTS}=lost-answer:1"));
    let store = lab.store(|_| ());
    let written = store.write(&many(20, Version::new(10, 20))).await;
    assert_eq!(written, vec![UNCHANGED; 20], "the first try stored them");
    assert_eq!(calls(&lab), (2, 20));
    assert_eq!(lab.table().await.0.len(), 20);
}

#[tokio::test]
async fn an_expired_item_is_replaced_by_a_put() {
    let lab = lab().await;
    let expiring = valid(cloudtrail::METRIC, "id 7", Version::new(10, 20));
    lab.store(|_| ()).write(std::slice::from_ref(&expiring)).await;
    lab.advance(401 * DAY_SECONDS);
    let kept =
        (0..12).map(|number| record(cloudtrail::METRIC, &format!("id {number}"), Version::new(10, 20)));
    let kept: Vec<ValidRecord> = kept.map(|record| validate(record, 0).unwrap()).collect();
    lab.simulator.clear_log();
    assert_eq!(lab.store(|_| ()).write(&kept).await, vec![WRITTEN; 12]);
    assert_eq!(calls(&lab), (1, 1));
    assert_eq!(lab.table().await.0.len(), 12);
}

#[tokio::test]
async fn a_newer_record_written_between_read_and_insert_stays() {
    let lab = lab().await;
    let (older, newer) = (many(12, Version::new(10, 20)), many(5, Version::new(11, 21).content("newer")));
    // The insert is delayed until the newer records, which are read after the first ones, are stored.
    lab.fault(&format!("{INSERTS}=slow-1:1"));
    let (slow, quick) = (lab.store(|_| ()), lab.store(|_| ()));
    let (written, ()) = tokio::join!(slow.write(&older), async {
        while lab.calls("BatchGetItem") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(quick.write(&newer).await, vec![WRITTEN; 5]);
    });
    assert_eq!(written[..5], vec![STALE; 5]);
    assert_eq!(written[5..], vec![WRITTEN; 7]);
    let table = lab.table().await;
    for record in &newer {
        assert_eq!(table.0[record.key()]["content_hash"].as_str(), Some(record.content_hash()));
    }
}

#[tokio::test]
async fn of_two_records_with_one_key_one_is_inserted_and_the_other_is_put() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let mut records = many(12, Version::new(10, 20));
    records.push(valid(cloudtrail::METRIC, "id 3", Version::new(11, 21).content("newer")));
    records.push(valid(cloudtrail::METRIC, "id 4", Version::new(9, 19).content("older")));
    let written = store.write(&records).await;
    assert_eq!(written[..13], vec![WRITTEN; 13]);
    assert_eq!(written[13], STALE);
    assert_eq!(calls(&lab), (1, 2));
}

/// A push may have stored an insight that the listing shows as new: it is compared like any other record.
#[tokio::test]
async fn an_existing_item_assumed_to_be_absent_is_compared() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let record = |version: Version| [valid(xray::INSIGHT, "one", version.summary(version.updated))];
    assert_eq!(store.write(&record(Version::new(10, 20))).await, [WRITTEN]);
    assert_eq!(store.write_new(&record(Version::new(9, 21))).await, [STALE]);
    assert_eq!(store.write_new(&record(Version::new(10, 20))).await, [UNCHANGED]);
    assert_eq!(store.write_new(&record(Version::new(11, 22))).await, [WRITTEN]);
    assert_eq!(store.write(&record(Version::new(11, 22))).await, [UNCHANGED]);
}

#[tokio::test]
async fn records_assumed_to_be_absent_are_inserted_without_reading() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let records = many(30, Version::new(10, 20));
    store.write(&records[4..5]).await;
    lab.simulator.clear_log();
    let written = store.write_new(&records).await;
    let (there, others): (Vec<_>, Vec<_>) = written.iter().enumerate().partition(|(index, _)| *index == 4);
    assert!(there.iter().all(|(_, written)| **written == UNCHANGED), "{written:?}");
    assert!(others.iter().all(|(_, written)| **written == WRITTEN), "{written:?}");
    // The existing record is read and need not be put.
    assert_eq!((calls(&lab), lab.calls("BatchGetItem")), ((2, 0), 1));
    assert_eq!(lab.table().await.0.len(), 30);
}
