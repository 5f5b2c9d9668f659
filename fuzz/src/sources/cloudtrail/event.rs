//! The JSON of an insight event: read, joined with another event, validated. An event that is not stored is rejected with
//! reasons.

use crate::keys::{check_parts, check_size};
use crate::{ACCOUNT, REGION, now};
use cloudtrail_insights::event;
use cloudtrail_insights::pair::EventPair;
use insights_shared::record::Stored;
use insights_shared::surrogate::replace_unpaired;
use insights_shared::target::Target;
use insights_shared::validate::validate;
use insights_shared::value::Value;
use insights_sources::cloudtrail;

/// Reads one event, or two that are separated by `\n---\n`.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let target = Target { account_id: ACCOUNT.to_owned(), region: REGION.to_owned(), role: None };
    let mut pair = EventPair::default();
    let mut reversed = Vec::new();
    let mut id = String::new();
    for text in text.split("\n---\n").take(3) {
        match event::read(text, ACCOUNT) {
            Err(rejected) => {
                assert!(!rejected.violations.is_empty(), "rejected without a reason");
                // Unpaired surrogates are replaced first, because the table cannot store them.
                assert_eq!(rejected.raw, replace_unpaired(text), "what was rejected is not what is kept");
            }
            Ok(event) => {
                assert!(!event.shared_event_id.is_empty(), "an event of no insight");
                let series = event.event.series();
                let row = insights_shared::store::catalog::catalog_key(
                    cloudtrail::SOURCE,
                    &target,
                    series.catalog_sort_key(),
                );
                check_size(&row.pk, &row.sk);
                let parts = [
                    &series.event_source,
                    &series.event_name,
                    &series.insight_type,
                    series.error_code.as_deref().unwrap_or_default(),
                    series.trail.as_deref().unwrap_or_default(),
                ];
                check_parts(&row.sk, &[&["series"], &parts[..]].concat());
                check_parts(
                    &series.partition(
                        insights_sources::cloudtrail::SOURCE,
                        &target.account_id,
                        &target.region,
                    ),
                    &[&["cloudtrail", ACCOUNT, REGION], &parts[..]].concat(),
                );
                let whole = Value::from_json(text).expect("an event that was read is JSON");
                let kept = Value::Map(event.event.detail.clone());
                assert_eq!(leaves(&whole), leaves(&kept), "a member of the event is lost");
                if id.is_empty() {
                    id.clone_from(&event.shared_event_id);
                }
                reversed.insert(0, (event.phase, event.event.clone()));
                pair.add(event.phase, event.event);
            }
        }
    }
    if reversed.is_empty() {
        return;
    }
    let mut other = EventPair::default();
    for (phase, event) in reversed {
        other.add(phase, event);
    }
    assert_eq!(pair, other, "pair joined in another order are another insight");
    match validate(pair.clone().into_record(&target, &id, now()), 400) {
        Err(rejected) => assert!(!rejected.violations.is_empty(), "rejected without a reason"),
        Ok(record) => {
            check_size(&record.key().pk, &record.key().sk);
            check_parts(&record.key().pk, &["cloudtrail", ACCOUNT, REGION, &id]);
            let stored = Stored(record.to_map());
            assert_eq!(EventPair::from_stored(&stored), pair, "what is stored is not what was joined");
        }
    }
}

/// The number of values that contain no other values.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Map(map) => map.values().map(leaves).sum(),
        Value::List(list) => list.iter().map(leaves).sum(),
        _ => 1,
    }
}
