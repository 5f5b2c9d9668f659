//! An insight event that ListInsightsData gives for a trail belongs to that trail, whatever the event says.

use crate::support::*;
use serde_json::json;

/// The series of data events that halves name here.
const SERIES: &str =
    "s3.amazonaws.com#GetObject#ApiCallRateInsight#-#arn:aws:cloudtrail:eu-west-1:123456789012:trail/objects";
/// What it would be of management events.
const WITHOUT: &str = "s3.amazonaws.com#GetObject#ApiCallRateInsight#-#-";

/// A half about GetObject; `null` leaves a member out.
fn of_data(state: &str, event_id: &str, category: &Json, source: &Json) -> Json {
    let time = if state == "Start" { "2026-03-01T11:00:00Z" } else { "2026-03-01T11:10:00Z" };
    let mut event = half(state, "s", time, event_id, 2.0);
    let details = event["insightDetails"].as_object_mut().unwrap();
    details.insert("eventSource".into(), "s3.amazonaws.com".into());
    details.insert("eventName".into(), "GetObject".into());
    for (name, value) in [("sourceEventCategory", category), ("insightSource", source)] {
        details.remove(name);
        if !value.is_null() {
            details.insert(name.into(), value.clone());
        }
    }
    event
}

/// The story's trails without its insights; `events` are what `operation` lists.
async fn lab() -> Lab {
    let (trails, _) = STORY.split_once("[[cloudtrail.insights]]").unwrap();
    Lab::new(trails).await
}

fn listing(lab: &Lab, operation: &'static str, events: &[Json]) -> Function<CloudtrailInsights> {
    let listed: Vec<Json> = events
        .iter()
        .map(|event| json!({"EventId": event["eventID"], "EventTime": 1_772_362_800, "CloudTrailEvent": event.to_string()}))
        .collect();
    let page = json!({ "Events": listed }).to_string();
    answering(lab, move |asked, _| (asked == operation).then(|| (200, page.clone())))
}

/// The series rows as they are named, those that are live no longer in parentheses.
fn series(table: &Table) -> Vec<String> {
    let rows = table.of_kind("catalog").into_iter().filter(|row| text(row, "sk").starts_with("series#"));
    let name = |row: &Map| {
        let name = text(row, "sk").trim_start_matches("series#").to_owned();
        if row.contains_key("expires_at") { format!("({name})") } else { name }
    };
    rows.map(name).collect()
}

#[tokio::test]
async fn it_belongs_to_the_trail_that_was_asked_whatever_it_says() {
    let (data, management) = (json!("Data"), json!("Management"));
    let (own, other) = (json!(OBJECTS), json!("arn:aws:cloudtrail:eu-west-1:123456789012:trail/other"));
    for (category, source, says_it_itself) in [
        (&data, &own, true),
        (&Json::Null, &Json::Null, false),
        (&Json::Null, &own, false),
        (&data, &Json::Null, false),
        (&management, &Json::Null, false),
        (&management, &own, false),
        (&data, &other, false),
        (&data, &json!("objects"), false),
        (&json!("Network"), &own, false),
        (&json!(7), &json!({}), false),
    ] {
        let lab = lab().await;
        let event = of_data("Start", "e", category, source);
        let response =
            listing(&lab, "ListInsightsData", std::slice::from_ref(&event)).invoke("{}").await.unwrap();
        assert_eq!(summary(&response), "ok fetched=1 written=1", "{event}");
        let table = lab.table().await;
        assert_eq!(series(&table), [SERIES], "{event}");
        assert_eq!(
            asked(&lab, "ListInsightsMetricData", &["EventName", "TrailName"]),
            [format!("GetObject {OBJECTS}")]
        );
        // The event stays as it is; what was asked stands beside it only where it does not say so itself.
        let start = &insight_of(&table, "s")["detail"];
        let details = Value::from_json_in_snake_case(&event["insightDetails"].to_string()).unwrap();
        assert_eq!(start.at(&["start", "insight_details"]), Some(&details));
        let asked_trail = start.at(&["start", "lookup", "insight_source"]).and_then(Value::as_str);
        assert_eq!(asked_trail, (!says_it_itself).then_some(OBJECTS), "{event}");
    }
}

#[tokio::test]
async fn an_event_of_management_calls_gets_no_trail() {
    for category in [json!("Management"), Json::Null] {
        let lab = lab().await;
        let event = of_data("Start", "e", &category, &Json::Null);
        listing(&lab, "LookupEvents", &[event]).invoke("{}").await.unwrap();
        let table = lab.table().await;
        assert_eq!(series(&table), [WITHOUT]);
        assert_eq!(insight_of(&table, "s")["detail"].at(&["start", "lookup", "insight_source"]), None);
    }
}

#[tokio::test]
async fn a_pushed_half_that_says_nothing_and_the_look_up_make_the_same_in_any_order() {
    let events =
        [("Start", "e1"), ("End", "e2")].map(|(state, id)| of_data(state, id, &Json::Null, &Json::Null));
    let mut tables = Vec::new();
    // Pushed in either order, looked up before, between or after.
    for order in [[0, 1, 2], [1, 0, 2], [2, 0, 1], [2, 1, 0], [0, 2, 1], [1, 2, 0]] {
        let lab = lab().await;
        for step in order {
            match step {
                2 => listing(&lab, "ListInsightsData", &events).invoke("{}").await.unwrap(),
                half => invoke(&lab, &[], &push(&events[half])).await,
            };
        }
        if order[0] == 2 {
            // What a look-up has said already is known of what is pushed after it.
            assert_eq!(series(&lab.table().await), [SERIES], "{order:?}");
        }
        listing(&lab, "ListInsightsData", &events).invoke("{}").await.unwrap();
        let table = lab.table().await;
        let rows = series(&table);
        let live: Vec<&String> = rows.iter().filter(|name| !name.starts_with('(')).collect();
        assert_eq!(live, [SERIES], "{order:?}: what was pushed is of that trail as well");
        assert!(asked(&lab, "ListInsightsMetricData", &["TrailName"]).iter().all(|trail| trail == OBJECTS));
        tables.push(Table(table.0.into_iter().filter(|(key, _)| !key.sk.contains(WITHOUT)).collect()));
    }
    for table in &tables[1..] {
        tables[0].assert_same_content(table);
    }
}

#[tokio::test]
async fn a_series_of_management_events_that_was_fetched_stays_when_data_events_name_it_too() {
    let lab = lab().await;
    let management = of_data("Start", "m", &json!("Management"), &Json::Null);
    let both = [management, of_data("Start", "d", &Json::Null, &Json::Null)];
    listing(&lab, "LookupEvents", &both[..1]).invoke("{}").await.unwrap();
    listing(&lab, "ListInsightsData", &both[1..]).invoke("{}").await.unwrap();
    let mut expected = [WITHOUT, SERIES];
    expected.sort_unstable();
    assert_eq!(series(&lab.table().await), expected);
}
