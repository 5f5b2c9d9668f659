//! What a write costs: write units by DynamoDB's own rules of size, and their price. It knows the table's indexes, and no
//! kind of record.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>

use insights_shared::number::Number;
use insights_shared::store::schema::{ENVELOPE, INDEXES};
use insights_shared::value::{Map, Text, Value};

/// Dollars for a million write request units, on demand, in US East (N. Virginia), as of November 2026.
/// <https://aws.amazon.com/dynamodb/pricing/on-demand/>
const WRITES: f64 = 0.625;
/// Dollars for a million read request units, likewise.
const READS: f64 = 0.125;
/// What the prices hold for.
pub const PRICES: &str = "on demand, at the prices of US East (N. Virginia) in November 2026";

/// One unit writes so many bytes.
const UNIT_BYTES: usize = 1_024;

/// The write units of an item and of its entries in the indexes. One that leaves an index for another one costs about
/// one unit more, which nobody can tell who has not read it.
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

/// A byte for every two significant digits, and one more; a negative number takes another.
fn number_bytes(number: &Number) -> usize {
    let text = number.as_str();
    let (mantissa, _) = text.split_once(['e', 'E']).unwrap_or((text, ""));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_start_matches('0').trim_end_matches('0').len();
    significant.div_ceil(2) + 1 + usize::from(text.starts_with('-'))
}

/// The price of so many units.
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
    fn sizes_are_those_of_dynamodbs_rules() {
        for (json, bytes) in [
            (r#"{"ab":"xyz"}"#, 5),
            (r#"{"a":"é"}"#, 3),
            (r#"{"a":true,"b":null}"#, 4),
            // 27 has two digits, 0.0027 as well, 2700 too; 123 has three.
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
    fn a_unit_is_a_kilobyte_of_the_item_and_of_each_index_that_holds_it() {
        let check = |json: &str, expected: u64| assert_eq!(write_units(&item(json)), expected, "{json}");
        check(r#"{"pk":"a","sk":"b"}"#, 1);
        let long = "x".repeat(1_024 - 11);
        // Name and value: 2+1, 2+1, 5 and the text: 1,024 bytes in all, and then one more.
        check(&format!(r#"{{"pk":"a","sk":"b","title":"{long}"}}"#), 1);
        check(&format!(r#"{{"pk":"a","sk":"b","title":"{long}y"}}"#), 2);
        // In two indexes; `detail` is in neither.
        let keys = r#""open_pk":"o","open_sk":"o","entity_pk":"e","entity_sk":"e""#;
        check(&format!(r#"{{"pk":"a","sk":"b",{keys}}}"#), 3);
        check(&format!(r#"{{"pk":"a","sk":"b",{keys},"detail":"{long}"}}"#), 2 + 1 + 1);
        check(&format!(r#"{{"pk":"a","sk":"b",{keys},"title":"{long}"}}"#), 2 + 2 + 2);
        // Half of an index's key is none.
        check(r#"{"pk":"a","sk":"b","ended_pk":"d"}"#, 1);
    }

    #[test]
    fn prices_are_by_the_million() {
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
