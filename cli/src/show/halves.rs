//! Both halves of a CloudTrail insight side by side, and who was behind it.

use super::xray::number;
use crate::output::tabular::{Column, Tabular, cell, heading};
use crate::session::Session;
use insights_query::format::{instant, period, plain, wrapped};
use insights_shared::number::Number;
use insights_shared::record::Stored;
use insights_shared::value::Value;

/// What CloudTrail calls each attribute, and what people do.
const ATTRIBUTES: [(&str, &str); 3] =
    [("userIdentityArn", "WHO"), ("userAgent", "BY WHAT MEANS"), ("errorCode", "WITH WHAT RESULT")];

/// The halves, then the attributions of the later one.
pub fn section(insight: &Stored, session: &Session) -> String {
    let mut text = halves(insight, session);
    text.push_str(&truncated(insight, session));
    let half = ["end", "start"].into_iter().find(|half| {
        let path = [half, "insight_details", "insight_context", "attributions"];
        insight.0.get("detail").and_then(|detail| detail.at(&path)).is_some()
    });
    if let Some(half) = half {
        for (attribute, name) in ATTRIBUTES {
            if let Some(table) = attributions(insight, half, attribute, name, session) {
                text.push('\n');
                text.push_str(&table);
            }
        }
    }
    text
}

/// What is not stored of the halves, since no item would hold it.
fn truncated(insight: &Stored, session: &Session) -> String {
    let names = insight.0.get("detail").and_then(|detail| detail.at(&["truncated"])).and_then(Value::as_list);
    let names: Vec<String> = names.unwrap_or_default().iter().filter_map(Value::as_str).map(plain).collect();
    if names.is_empty() {
        return String::new();
    }
    wrapped(&format!("not stored, since the record would be too large: {}", names.join(", ")), session.width)
}

fn halves(insight: &Stored, session: &Session) -> String {
    let columns = [
        ("HALF", Column::Fixed),
        ("TIME", Column::Fixed),
        ("A MINUTE", Column::Number),
        ("USUALLY", Column::Number),
        ("LASTED", Column::Number),
        ("EVENT", Column::Text),
    ];
    let mut table = Tabular::new(session, &columns);
    for half in ["start", "end"] {
        let Some(detail) = insight.0.get("detail").and_then(|detail| detail.at(&[half])) else {
            let missing = if half == "end" && insight.text("status") == Some("open") {
                "not yet: it is open"
            } else {
                "never seen"
            };
            table.row([half, missing, "–", "–", "–", ""].map(cell).into());
            continue;
        };
        let time = detail.at(&["event_time"]).and_then(Value::as_timestamp);
        let statistic = |path: &[&str]| {
            let path = [&[half, "insight_details", "insight_context", "statistics"], path].concat();
            number(insight, &path)
        };
        let shown = |number: Option<f64>| {
            cell(
                number.and_then(Number::from_f64).map_or_else(|| "–".to_owned(), |number| number.to_string()),
            )
        };
        #[expect(clippy::cast_possible_truncation, reason = "a cast from floating point saturates")]
        let lasted = statistic(&["insight_duration"]).map(|minutes| period(minutes.round() as i64 * 60));
        table.row(vec![
            cell(half),
            cell(time.map(|time| instant(time, &session.zone)).unwrap_or_default()),
            shown(statistic(&["insight", "average"])),
            shown(statistic(&["baseline", "average"])),
            cell(lasted.unwrap_or_else(|| "–".to_owned())),
            cell(detail.at(&["event_id"]).and_then(Value::as_str).map(plain).unwrap_or_default()),
        ]);
    }
    heading("Its two halves", session) + &table.render()
}

/// Who, by what means, or with what result: during the insight, and usually.
fn attributions(
    insight: &Stored,
    half: &str,
    attribute: &str,
    name: &str,
    session: &Session,
) -> Option<String> {
    let path = [half, "insight_details", "insight_context", "attributions"];
    let all = insight.0.get("detail")?.at(&path)?.as_list()?;
    let found = all.iter().find(|one| one.at(&["attribute"]).and_then(Value::as_str) == Some(attribute))?;
    let side = |side: &str| -> Vec<(String, Option<Number>)> {
        let values = found.at(&[side]).and_then(Value::as_list).unwrap_or_default().iter();
        let value = |value: &Value| {
            let text = value.at(&["value"])?.as_str()?;
            Some((text.to_owned(), value.at(&["average"]).and_then(Value::as_number).cloned()))
        };
        values.filter_map(value).collect()
    };
    let (during, usually) = (side("insight"), side("baseline"));
    let mut table = Tabular::new(
        session,
        &[(name, Column::Text), ("A MINUTE", Column::Number), ("USUALLY", Column::Number)],
    );
    let shown = |side: &[(String, Option<Number>)], text: &str| {
        let found = side.iter().find(|(value, _)| value == text);
        cell(
            found
                .and_then(|(_, average)| average.as_ref())
                .map_or_else(|| "–".to_owned(), ToString::to_string),
        )
    };
    let further = usually.iter().filter(|(text, _)| !during.iter().any(|(other, _)| other == text));
    let mut texts: Vec<&String> = during.iter().chain(further).map(|(text, _)| text).collect();
    texts.dedup();
    if texts.is_empty() {
        return None;
    }
    for text in texts {
        // CloudTrail writes the word where there is none, such as for calls without an error.
        let name = if text == "null" { "(none)".to_owned() } else { plain(text) };
        table.row(vec![cell(name), shown(&during, text), shown(&usually, text)]);
    }
    Some(table.render())
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::environment::Environment;
    use insights_shared::time::Clock;

    #[test]
    fn attributions_are_those_of_the_later_half() {
        let half = |who: &str| {
            let attributions = format!(
                r#"[{{"attribute":"userIdentityArn","insight":[{{"value":"{who}","average":6}}],"baseline":[]}}]"#
            );
            format!(r#"{{"insight_details":{{"insight_context":{{"attributions":{attributions}}}}}}}"#)
        };
        let without = r#"{"insight_details":{"insight_context":{}}}"#.to_owned();
        let session = Session::new(Environment::default(), Clock::System);
        let check = |start: &str, end: &str, shown: &str, hidden: &str| {
            let json = format!(r#"{{"detail":{{"start":{start},"end":{end}}}}}"#);
            let Value::Map(map) = Value::from_json(&json).unwrap() else { panic!("not an object: {json}") };
            let text = section(&Stored(map), &session);
            assert!(text.contains(shown) && !text.contains(hidden), "{shown}, not {hidden}: {text}");
        };
        check(&half("early"), &half("late"), "late", "early");
        // An end that names nobody does not hide whom the start names.
        check(&half("early"), &without, "early", "late");
        check(&without, &half("late"), "late", "early");
    }
}
