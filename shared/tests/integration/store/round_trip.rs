//! Records are read as they were written, for any answer of a service.

use super::{Version, WRITTEN, lab, record};
use insights_shared::number::Number;
use insights_shared::validate::validate;
use insights_shared::value::{Map, Text, Value};
use insights_sources::xray;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::Cell;

/// A name, shorter or longer than the inline capacity of [`Text`].
fn name() -> impl Strategy<Value = Text> {
    ".{1,8}|[a-z_]{20,30}".prop_map(Text::from)
}

fn map(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map> {
    prop::collection::btree_map(name(), value, 0..6).prop_map(Map::from_iter)
}

/// Any value that an answer can contain and DynamoDB can store.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| Value::Number(number.into())),
        any::<u64>().prop_map(|number| Value::Number(number.into())),
        "-?[0-9]{1,19}\\.[0-9]{1,19}".prop_map(|text| Value::Number(Number::parse(&text).unwrap())),
        "-?[1-9]e-?(1[01][0-9]|[0-9]{1,2})".prop_map(|text| Value::Number(Number::parse(&text).unwrap())),
        ".{0,12}".prop_map(Value::from),
        "[#%\\x00-\\x1f\"\\\\é€𝄞]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            map(inner).prop_map(Value::Map),
        ]
    })
}

#[test]
fn any_record_reads_back_with_the_attributes_that_were_written() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lab = runtime.block_on(lab());
    let store = lab.store(|_| ());
    let number = Cell::new(0);
    let details = (map(any_value()), ".{0,12}", ".{0,12}");
    let mut runner = TestRunner::new(Config { cases: 128, failure_persistence: None, ..Config::default() });
    let result = runner.run(&details, |(detail, title, entity)| {
        number.set(number.get() + 1);
        let mut given = record(xray::INSIGHT, &format!("id {}", number.get()), Version::new(10, 20));
        given.detail = detail;
        given.title = Some(title);
        given.entity = Some(entity);
        let given = validate(given, 400).unwrap();
        let mut expected = given.to_map();
        expected.insert("observed_at".into(), lab.now().into());
        expected.insert("collected_by".into(), "test:$LATEST#request".into());
        let (written, read) = runtime.block_on(async {
            (store.write(std::slice::from_ref(&given)).await, store.get(given.key()).await)
        });
        prop_assert_eq!(written, vec![WRITTEN]);
        prop_assert_eq!(read.unwrap().unwrap().0, expected);
        Ok(())
    });
    result.unwrap();
}
