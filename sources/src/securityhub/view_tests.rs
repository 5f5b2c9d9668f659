//! Tests with snapshots written by hand.

use super::*;
use insights_records::record::Severity;

/// A snapshot of `day` with these values and counts.
fn snapshot(day: &str, values: &[(&str, i64)]) -> Stored {
    let rows: Vec<String> = values
        .iter()
        .map(|(value, count)| format!(r#"{{"group_by_attribute_value":"{value}","count":{count}}}"#))
        .collect();
    let findings: i64 = values.iter().map(|(_, count)| count).sum();
    stored(&format!(
        r#"{{"source":"securityhub","kind":"securityhub.insight","sk":"{day}","region":"eu-west-1",
            "id":"arn:aws:x","entity":"arn:aws:x","title":"Public buckets: {findings} findings","severity":"high",
            "measures":{{"findings":{findings},"groups":{groups}}},
            "detail":{{"insight":{{"name":"Public buckets","group_by_attribute":"ResourceId",
                "filters":{{"severity_label":[{{"value":"HIGH","comparison":"EQUALS"}}]}}}},
              "results":{{"result_values":[{rows}]}}}}}}"#,
        groups = values.len(),
        rows = rows.join(",")
    ))
}

fn stored(json: &str) -> Stored {
    let Json::Map(map) = Json::from_json(json).unwrap() else { panic!("not an object: {json}") };
    Stored(map)
}

/// The table for the newest of `items`: its headings and its rows.
fn table(items: &[Stored]) -> (Vec<String>, Vec<Vec<Value>>) {
    let sections = sections(items.last().unwrap(), items);
    let found = sections.into_iter().find_map(|section| match section {
        Section::Table(table) => Some(table),
        _ => None,
    });
    let Table { columns, rows, .. } = found.unwrap();
    (columns.into_iter().map(|column| column.name).collect(), rows)
}

fn row(value: &str, count: i64, changes: &[&str]) -> Vec<Value> {
    let changes = changes.iter().map(|text| match *text {
        "–" => Value::None,
        text => Value::Text(text.to_owned()),
    });
    [Value::Key(value.to_owned()), Value::Count(count)].into_iter().chain(changes).collect()
}

#[test]
fn the_facts_name_the_insight_its_attribute_and_its_filters() {
    let newest = snapshot("2026-03-03", &[("a", 3), ("b", 1)]);
    let sections = sections(&newest, std::slice::from_ref(&newest));
    let Section::Facts(facts) = &sections[0] else { panic!("{sections:?}") };
    let expected = [
        ("Insight", Value::Text("Public buckets".to_owned())),
        ("Grouped by", Value::Key("ResourceId".to_owned())),
        ("Severity", Value::Severity(Severity::High)),
        ("Findings", Value::Count(4)),
        ("Values", Value::Count(2)),
        ("Filters", Value::List(vec![Value::Text("severity label is HIGH".to_owned())])),
        ("ARN", Value::Key("arn:aws:x".to_owned())),
    ];
    assert_eq!(*facts, expected.map(|(name, value)| Fact { name, value }));
    assert_eq!(sections.len(), 2);
}

#[test]
fn values_have_their_change_since_the_previous_and_since_the_first_day() {
    let items = [
        snapshot("2026-03-01", &[("a", 1), ("c", 2)]),
        snapshot("2026-03-02", &[("a", 5), ("d", 4)]),
        snapshot("2026-03-04", &[("a", 3), ("b", 7)]),
    ];
    let (columns, rows) = table(&items);
    assert_eq!(columns, ["Resource", "Findings", "Since 2026-03-02", "Since 2026-03-01"]);
    assert_eq!(
        rows,
        [
            row("b", 7, &["+7", "+7"]),
            row("a", 3, &["−2", "+2"]),
            // It had findings on the previous day, and has none now.
            row("d", 0, &["−4", "0"]),
        ]
    );
}

#[test]
fn a_first_day_has_no_changes_and_a_second_day_one_column() {
    let (columns, rows) = table(&[snapshot("2026-03-01", &[("a", 1), ("", 2)])]);
    assert_eq!(columns, ["Resource", "Findings"]);
    assert_eq!(rows, [row("(empty)", 2, &[]), row("a", 1, &[])]);
    let (columns, rows) = table(&[snapshot("2026-03-01", &[("a", 1)]), snapshot("2026-03-02", &[("a", 1)])]);
    assert_eq!(columns, ["Resource", "Findings", "Since 2026-03-01"]);
    assert_eq!(rows, [row("a", 1, &["0"])]);
}

#[test]
fn of_a_hundred_values_what_is_not_listed_is_unknown_and_not_zero() {
    let names: Vec<String> = (0..100).map(|number| format!("v{number:03}")).collect();
    let hundred: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 2)).collect();
    // On the earlier day, a value is missing that may have had findings.
    let (_, rows) =
        table(&[snapshot("2026-03-01", &hundred), snapshot("2026-03-02", &[("new", 9), ("v000", 3)])]);
    assert_eq!(rows[0], row("new", 9, &["–"]));
    assert_eq!(rows[1], row("v000", 3, &["+1"]));
    assert_eq!(rows.len(), 101);
    // On the later day, a value is missing that may still have findings.
    let items = [snapshot("2026-03-01", &[("old", 9)]), snapshot("2026-03-02", &hundred)];
    let (_, rows) = table(&items);
    assert_eq!(rows.len(), 100);
    let sections = sections(&items[1], &items);
    let Section::Facts(facts) = &sections[0] else { panic!("{sections:?}") };
    let lower_bounds = facts.iter().filter(|fact| matches!(fact.value, Value::AtLeast(200 | 100)));
    assert_eq!(lower_bounds.count(), 2, "{facts:?}");
    assert!(matches!(&sections[2], Section::Note(note) if note.contains("at most 100 values")));
}

#[test]
fn the_link_leads_to_the_insights_of_the_region() {
    let url = link(&snapshot("2026-03-01", &[])).unwrap().url;
    assert_eq!(url, "https://eu-west-1.console.aws.amazon.com/securityhub/home?region=eu-west-1#/insights");
}

#[test]
fn a_record_without_detail_has_a_view() {
    let record =
        stored(r#"{"source":"securityhub","kind":"securityhub.insight","sk":"2026-03-01","title":"Keys"}"#);
    let sections = sections(&record, std::slice::from_ref(&record));
    assert_eq!(sections.len(), 2, "{sections:?}");
    assert_eq!((VIEW.lane)(&record), "Keys");
}
