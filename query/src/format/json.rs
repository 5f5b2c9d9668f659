//! Records as one JSON array: one record per line, numbers with all digits.

use super::escape;
use insights_shared::record::Stored;
use insights_shared::value::write_canonical_map;

/// `records` as an array. Hidden characters are escaped as JSON allows, so the values do not change.
pub fn records(records: &[Stored]) -> String {
    let mut text = "[".to_owned();
    for (index, record) in records.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        write_canonical_map(&record.0, &mut text);
    }
    text.push_str(if records.is_empty() { "]\n" } else { "\n]\n" });
    escape::json(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;

    #[test]
    fn an_empty_array_is_json_too() {
        assert_eq!(records(&[]), "[]\n");
        let record = |json: &str| {
            let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
            Stored(map)
        };
        let text = records(&[record(r#"{"b":0.12345678901234567890123,"a":"x"}"#), record("{}")]);
        assert_eq!(text, "[\n{\"a\":\"x\",\"b\":0.12345678901234567890123},\n{}\n]\n");
    }
}
