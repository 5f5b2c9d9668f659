//! The store counts the units that the table reports.

use super::{UNCHANGED, Version, WRITTEN, lab, record};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity};
use insights_shared::store::schema::create_table;
use insights_shared::store::state::InFuture;
use insights_shared::validate::validate;
use insights_shared::value::into_attributes;
use insights_sources::xray;
use insights_tests::{ACCOUNT, REGION, TABLE};
use std::collections::HashMap;

#[tokio::test]
async fn the_counted_units_are_those_that_the_table_reports() {
    let lab = lab().await;
    let client = lab.dynamodb();
    create_table(&client, "other").await.unwrap();
    // Several units each, including writes of an index.
    let mut large = record(xray::INSIGHT, "id", Version::new(10, 20));
    large.detail.insert("text".into(), "x".repeat(9_000).into());
    let large = validate(large, 400).unwrap();
    let mut item = large.to_map();
    item.insert("observed_at".into(), lab.now().into());
    item.insert("collected_by".into(), "test:$LATEST#request".into());
    let put = client
        .put_item()
        .table_name("other")
        .set_item(Some(into_attributes(item)))
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    let put = put.send().await.unwrap().consumed_capacity.unwrap().capacity_units.unwrap();
    assert!(put >= 10.0, "9 kB and two indexes: {put}");

    let store = lab.store(|_| ());
    assert_eq!(store.write(std::slice::from_ref(&large)).await, [WRITTEN]);
    let units = store.units();
    assert!((units.write - put).abs() < 1e-9, "{units:?} and {put}");

    let text = |text: &str| AttributeValue::S(text.to_owned());
    let key = HashMap::from([("pk".to_owned(), text(&large.key().pk)), ("sk".to_owned(), text("insight"))]);
    let keys = KeysAndAttributes::builder().keys(key).consistent_read(true).build().unwrap();
    let batch = client
        .batch_get_item()
        .request_items(TABLE, keys)
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    let read = batch.send().await.unwrap().consumed_capacity.unwrap()[0].capacity_units.unwrap();
    assert!(read >= 3.0, "9 kB read consistently: {read}");
    let before = store.units();
    assert_eq!(store.write(&[large]).await, [UNCHANGED]);
    let after = store.units();
    assert!((after.read - before.read - read).abs() < 1e-9, "{before:?} {after:?} {read}");
    assert!((after.write - before.write).abs() < 1e-9, "nothing was written");
}

#[tokio::test]
async fn units_of_queries_and_states_are_counted() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    store.write(&[super::valid(xray::INSIGHT, "id", Version::new(10, 20))]).await;
    let before = store.units();
    store.open_insights(xray::SOURCE, ACCOUNT, REGION).await.unwrap();
    let queried = store.units();
    assert!(queried.read > before.read);
    store.partition(&format!("xray#{ACCOUNT}#{REGION}#id"), "").await.unwrap();
    assert!(store.units().read > queried.read);
    let target = insights_shared::target::Target {
        account_id: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        role: None,
    };
    store.move_watermark(xray::SOURCE, &target, lab.now(), InFuture::default()).await.unwrap();
    assert!(store.units().write > queried.write);
}
