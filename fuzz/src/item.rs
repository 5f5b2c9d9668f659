//! Stored items as other versions, other programs or people may have written them, read as every type of item.

use crate::keys::check_parts;
use crate::now;
use crate::sources::closing_records;
use insights_shared::catalog::{CatalogRow, Coverage};
use insights_shared::record::{Record, Stored};
use insights_shared::series::SeriesKey;
use insights_shared::validate::validate;
use insights_shared::value::{Value, from_attributes, into_attributes, write_canonical_map};

/// Reads an item given as JSON.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(value) = Value::from_json(text) else { return };
    let Some(map) = value.as_map() else {
        let _ = Coverage::from_value(&value);
        return;
    };
    let stored = Stored(map.clone());
    let _ = (stored.is_expired(now()), stored.is_newer_schema(), stored.detail_time(&["last_update_time"]));
    let attributes = into_attributes(map.clone());
    let back = from_attributes(attributes).expect("what was written can be read");
    let (mut before, mut after) = (String::new(), String::new());
    write_canonical_map(map, &mut before);
    write_canonical_map(&back, &mut after);
    assert_eq!(before, after, "an item is another one after it was stored");
    let row = CatalogRow::from_stored(stored.clone());
    assert_eq!(Coverage::from_value(&row.covered.to_value()), row.covered, "coverage is not what it was");
    let mut covered = row.covered.clone();
    covered.close(now());
    covered.add(300, now(), now().plus_seconds(300));
    assert_eq!(Coverage::from_value(&covered.to_value()), covered, "coverage is not what it was");
    if let Some(series) = SeriesKey::from_row(&stored) {
        let SeriesKey { event_source, event_name, insight_type, error_code, trail } = &series;
        let (code, trail) = (error_code.as_deref().unwrap_or_default(), trail.as_deref().unwrap_or_default());
        check_parts(
            &series.catalog_sort_key(),
            &["series", event_source, event_name, insight_type, code, trail],
        );
    }
    let read = insights_sources::kinds().filter_map(|kind| Record::from_stored(kind, &stored, now()));
    for record in read.chain(closing_records(&stored)) {
        if let Err(rejected) = validate(record, 400) {
            assert!(!rejected.violations.is_empty(), "rejected without a reason");
        }
    }
}
