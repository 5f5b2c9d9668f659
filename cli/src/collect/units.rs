//! The cost of a write: write units by DynamoDB's rules, and their price. It knows the indexes of the table, but no
//! kinds.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>

use insights_shared::number::Number;
use insights_shared::store::schema::{ENVELOPE, INDEXES};
use insights_shared::value::{Map, Text, Value};

/// US dollars for a million write request units (on-demand, US East (N. Virginia), November 2026).
/// <https://aws.amazon.com/dynamodb/pricing/on-demand/>
const WRITES: f64 = 0.625;
/// US dollars for a million read request units, under the same conditions.
const READS: f64 = 0.125;
/// The conditions of the prices.
pub const PRICES: &str = "on demand, at the prices of US East (N. Virginia) in November 2026";

/// Bytes per write unit.
const UNIT_BYTES: usize = 1_024;

/// The write units of an item and of its entries in the indexes. An item that moves to another index costs about one
/// unit more; this is not known without reading the item.
pub fn write_units(item: &Map) -> u64 {
    let table = units(item.iter().map(attribute_bytes).sum());
    let entries =
        INDEXES.iter().filter(|(_, partition, sort)| item.contains_key(partition) && item.contains_key(sort));
    let entries = entries.map(|(_, partition, sort)| {
        let keys = ["pk", "sk", partition, sort];
        let projected = item
            .iter()
            .filter(|(name, _)| keys.contains(&name.as_str()) || ENVELOPE.contains(&name.as_str()));
        units(projected.map(attribute_bytes).sum())
    });
    table + entries.sum::<u64>()
}

fn units(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(UNIT_BYTES).max(1)).unwrap_or(u64::MAX)
}

fn attribute_bytes((name, value): (&Text, &Value)) -> usize {
    name.len() + value_bytes(value)
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => number_bytes(number),
        Value::String(text) => text.len(),
        Value::List(list) => 3 + list.iter().map(|value| 1 + value_bytes(value)).sum::<usize>(),
        Value::Map(map) => 3 + map.iter().map(|member| 1 + attribute_bytes(member)).sum::<usize>(),
    }
}

/// One byte for every two significant digits, plus one; a negative number has one more.
fn number_bytes(number: &Number) -> usize {
    let text = number.as_str();
    let (mantissa, _) = text.split_once(['e', 'E']).unwrap_or((text, ""));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_start_matches('0').trim_end_matches('0').len();
    significant.div_ceil(2) + 1 + usize::from(text.starts_with('-'))
}

/// The price of write and read units.
pub fn price(write_units: f64, read_units: f64) -> String {
    let dollars = (write_units * WRITES + read_units * READS) / 1_000_000.0;
    if dollars == 0.0 {
        "nothing".to_owned()
    } else if dollars < 0.0001 {
        "less than $0.0001".to_owned()
    } else if dollars < 1.0 {
        format!("about ${dollars:.4}")
    } else {
        format!("about ${dollars:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(json: &str) -> Map {
        let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
        map
    }

    #[test]
    fn sizes_follow_the_rules_of_dynamodb() {
        for (json, bytes) in [
            (r#"{"ab":"xyz"}"#, 5),
            (r#"{"a":"é"}"#, 3),
            (r#"{"a":true,"b":null}"#, 4),
            // 27, 0.0027 and 2700 have two significant digits; 123 has three.
            (r#"{"a":27}"#, 3),
            (r#"{"a":0.0027}"#, 3),
            (r#"{"a":2700}"#, 3),
            (r#"{"a":123}"#, 4),
            (r#"{"a":-5}"#, 4),
            (r#"{"a":[]}"#, 4),
            (r#"{"a":["x",{"b":"y"}]}"#, 1 + 3 + (1 + 1) + (1 + 3 + 1 + 2)),
        ] {
            assert_eq!(item(json).iter().map(attribute_bytes).sum::<usize>(), bytes, "{json}");
        }
    }

    #[test]
    fn a_write_unit_covers_a_kilobyte_of_the_item_and_of_each_index_entry() {
        let check = |json: &str, expected: u64| assert_eq!(write_units(&item(json)), expected, "{json}");
        check(r#"{"pk":"a","sk":"b"}"#, 1);
        let long = "x".repeat(1_024 - 11);
        // Names and values: 2+1, 2+1, and 5 plus the text: 1,024 bytes, then one more.
        check(&format!(r#"{{"pk":"a","sk":"b","title":"{long}"}}"#), 1);
        check(&format!(r#"{{"pk":"a","sk":"b","title":"{long}y"}}"#), 2);
        // The item is in two indexes; `detail` is in neither.
        let keys = r#""open_pk":"o","open_sk":"o","entity_pk":"e","entity_sk":"e""#;
        check(&format!(r#"{{"pk":"a","sk":"b",{keys}}}"#), 3);
        check(&format!(r#"{{"pk":"a","sk":"b",{keys},"detail":"{long}"}}"#), 2 + 1 + 1);
        check(&format!(r#"{{"pk":"a","sk":"b",{keys},"title":"{long}"}}"#), 2 + 2 + 2);
        // An item with only one key of an index is not in the index.
        check(r#"{"pk":"a","sk":"b","ended_pk":"d"}"#, 1);
    }

    #[test]
    fn prices_are_per_million_units() {
        for (written, read, expected) in [
            (0.0, 0.0, "nothing"),
            (2.0, 0.0, "less than $0.0001"),
            // 2,875 × 0.625 + 2,038.5 × 0.125 = 2,051.7 millionths.
            (2_875.0, 2_038.5, "about $0.0021"),
            (4_000_000.0, 8_000_000.0, "about $3.50"),
        ] {
            assert_eq!(price(written, read), expected);
        }
    }
}
