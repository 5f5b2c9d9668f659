//! Search in the details of insights: callers, service types, error codes and everything else that is text. The indexes do not have
//! the details, so they are read only if something is searched.

use super::filter::{Filter, SEARCHED};
use insights_query::{Error, Reader};
use insights_shared::record::Stored;
use insights_shared::value::Value;
use std::collections::BTreeMap;

/// The same insights. If `filter` searches for text, each has all text of its details in [`SEARCHED`].
pub async fn with_details(
    reader: &Reader,
    filter: &Filter,
    mut insights: Vec<Stored>,
) -> Result<Vec<Stored>, Error> {
    if filter.q.is_empty() {
        return Ok(insights);
    }
    let whole = reader.whole(&insights).await?;
    let texts: BTreeMap<&str, String> =
        whole.iter().filter_map(|record| Some((record.text("pk")?, text(record)))).collect();
    for insight in &mut insights {
        if let Some(text) = insight.text("pk").and_then(|pk| texts.get(pk)) {
            insight.0.insert(SEARCHED.into(), text.as_str().into());
        }
    }
    Ok(insights)
}

/// All text of the details, a line for each value.
fn text(record: &Stored) -> String {
    let mut text = String::new();
    record.0.get("detail").into_iter().for_each(|detail| add(detail, &mut text));
    text
}

fn add(value: &Value, text: &mut String) {
    match value {
        Value::List(values) => values.iter().for_each(|value| add(value, text)),
        Value::Map(map) => map.iter().for_each(|(_, value)| add(value, text)),
        value => {
            text.extend(value.as_str());
            text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_details_is_searched_but_not_the_names_of_members() {
        let json = r#"{"title":"t","detail":{"start":{"error_code":"AccessDenied","n":5,"callers":["arn:aws:iam::1:role/a","b"]}}}"#;
        let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object") };
        let lines = text(&Stored(map));
        let lines: Vec<&str> = lines.split_terminator('\n').filter(|line| !line.is_empty()).collect();
        let mut sorted = lines.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["AccessDenied", "arn:aws:iam::1:role/a", "b"]);
    }
}
