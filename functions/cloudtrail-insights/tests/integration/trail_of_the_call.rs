//! An insight event that ListInsightsData returns for a trail belongs to this trail, regardless of its content.

use crate::support::*;
use serde_json::json;

/// The series of data events that these events name.
const SERIES: &str =
    "s3.amazonaws.com#GetObject#ApiCallRateInsight#-#arn:aws:cloudtrail:eu-west-1:123456789012:trail/objects";
/// The series if the events were management events.
const WITHOUT: &str = "s3.amazonaws.com#GetObject#ApiCallRateInsight#-#-";

/// A phase about GetObject; `null` omits a member.
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

/// The trails of the scenario without insights; `operation` lists `events`.
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

/// The series rows by name; those that are not live are in parentheses.
fn series(table: &Table) -> Vec<String> {
    let rows = table.of_kind("catalog").into_iter().filter(|row| text(row, "sk").starts_with("series#"));
    let name = |row: &Map| {
        let name = text(row, "sk").trim_start_matches("series#").to_owned();
        if row.contains_key("expires_at") { format!("({name})") } else { name }
    };
    rows.map(name).collect()
}

#[tokio::test]
async fn an_event_belongs_to_the_requested_trail_regardless_of_its_content() {
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
        // The event is unchanged; the requested trail is stored beside it only if the event does not contain it.
        let start = &insight_of(&table, "s")["detail"];
        let details = Value::from_json_in_snake_case(&event["insightDetails"].to_string()).unwrap();
        assert_eq!(start.at(&["start", "insight_details"]), Some(&details));
        let asked_trail = start.at(&["start", "lookup", "insight_source"]).and_then(Value::as_str);
        assert_eq!(asked_trail, (!says_it_itself).then_some(OBJECTS), "{event}");
    }
}

#[tokio::test]
async fn a_management_event_has_no_trail() {
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
async fn a_pushed_phase_without_trail_and_its_look_up_give_the_same_record_in_any_order() {
    let events =
        [("Start", "e1"), ("End", "e2")].map(|(state, id)| of_data(state, id, &Json::Null, &Json::Null));
    let mut tables = Vec::new();
    // Pushed in either order, looked up before, between or after; and with a run before the look-up lists anything (3).
    let orders: [&[usize]; 12] = [
        &[0, 1, 2],
        &[1, 0, 2],
        &[2, 0, 1],
        &[2, 1, 0],
        &[0, 2, 1],
        &[1, 2, 0],
        &[0, 3, 2, 1],
        &[0, 3, 1, 2],
        &[0, 1, 3, 2],
        &[3, 1, 3, 0, 3, 2],
        &[1, 3, 2, 0, 3],
        &[2, 3, 0, 3, 1],
    ];
    for order in orders {
        let lab = lab().await;
        for step in order.iter().copied() {
            match step {
                3 => run(&lab, &[]).await,
                2 => listing(&lab, "ListInsightsData", &events).invoke("{}").await.unwrap(),
                half => invoke(&lab, &[], &push(&events[half])).await,
            };
        }
        if order[0] == 2 {
            // An earlier look-up determines the trail of later pushes.
            assert_eq!(series(&lab.table().await), [SERIES], "{order:?}");
        }
        listing(&lab, "ListInsightsData", &events).invoke("{}").await.unwrap();
        let table = lab.table().await;
        let rows = series(&table);
        let live: Vec<&String> = rows.iter().filter(|name| !name.starts_with('(')).collect();
        assert_eq!(live, [SERIES], "{order:?}: what was pushed is of that trail as well");
        if !order.contains(&3) {
            assert!(
                asked(&lab, "ListInsightsMetricData", &["TrailName"]).iter().all(|trail| trail == OBJECTS)
            );
        }
        if rows.len() > 1 {
            assert_eq!(covered(&table, WITHOUT).len(), 0, "{order:?}: it would read as zero");
        }
        tables.push(Table(table.0.into_iter().filter(|(key, _)| !key.sk.contains(WITHOUT)).collect()));
    }
    for table in &tables[1..] {
        tables[0].assert_same_content(table);
    }
}

#[tokio::test]
async fn a_fetched_management_series_stays_when_data_events_name_it() {
    let lab = lab().await;
    let management = of_data("Start", "m", &json!("Management"), &Json::Null);
    let both = [management, of_data("Start", "d", &Json::Null, &Json::Null)];
    listing(&lab, "LookupEvents", &both[..1]).invoke("{}").await.unwrap();
    listing(&lab, "ListInsightsData", &both[1..]).invoke("{}").await.unwrap();
    let mut expected = [WITHOUT, SERIES];
    expected.sort_unstable();
    assert_eq!(series(&lab.table().await), expected);
}

/// A window that includes these events.
const WINDOW: &str = r#"{"window":{"start":"2026-02-27T00:00:00Z","end":"2026-03-01T12:00:00Z"}}"#;

#[tokio::test]
async fn a_series_named_only_by_pushes_loses_name_and_coverage_when_a_look_up_shows_its_trail() {
    let (data, own) = (json!("Data"), json!(OBJECTS));
    let silent = of_data("Start", "e", &Json::Null, &Json::Null);
    // The pushed events, the listed events, and the number of empty runs between them.
    for (pushed, listed) in [
        (&silent, &silent),
        (&silent, &of_data("Start", "e", &data, &own)),
        (&of_data("Start", "e", &data, &Json::Null), &silent),
        (&of_data("Start", "e", &json!("Management"), &Json::Null), &silent),
    ] {
        for (runs, payload) in [(0, "{}"), (1, "{}"), (3, "{}"), (0, WINDOW), (1, WINDOW), (3, WINDOW)] {
            let about = format!("{pushed} {listed} {runs} {payload}");
            let lab = lab().await;
            invoke(&lab, &[], &push(pushed)).await;
            for _ in 0..runs {
                run(&lab, &[]).await;
                lab.advance(60);
            }
            let before = lab.table().await;
            assert_eq!(covered(&before, WITHOUT).len(), usize::from(runs > 0), "{about}");
            let function = listing(&lab, "ListInsightsData", std::slice::from_ref(listed));
            lab.simulator.clear_log();
            let response = function.invoke(payload).await.unwrap();
            assert_eq!(response["status"], "ok", "{about}: {response}");
            let of_metrics = asked(&lab, "ListInsightsMetricData", &["TrailName"]);
            assert!(of_metrics.iter().all(|trail| trail == OBJECTS), "{about}: {of_metrics:?}");
            let table = lab.table().await;
            let row = series_row(&table, WITHOUT);
            assert_eq!((row.get("named_at"), row.get("covered")), (None, None), "{about}");
            // It stays, and the series of the trail is complete.
            lab.advance(60);
            assert_eq!(function.invoke("{}").await.unwrap()["status"], "ok", "{about}");
            let table = lab.table().await;
            assert_eq!(series(&table), [format!("({WITHOUT})"), SERIES.to_owned()], "{about}");
            assert_eq!(covered(&table, WITHOUT).len(), 0, "{about}");
            assert!(covered(&table, SERIES)[0].ends_with('/'), "{about}");
        }
    }
}

#[tokio::test]
async fn chunks_of_a_series_misnamed_by_pushes_stay_and_a_later_push_starts_new_coverage() {
    let lab = lab().await;
    let silent = of_data("Start", "e", &Json::Null, &Json::Null);
    invoke(&lab, &[], &push(&silent)).await;
    let points = json!({"Timestamps": [1_772_355_600], "Values": [3.0]}).to_string();
    let with_points = answering(&lab, move |operation, input| {
        (operation == "ListInsightsMetricData" && input["TrailName"].is_null()).then(|| (200, points.clone()))
    });
    with_points.invoke("{}").await.unwrap();
    let before = chunks(&lab.table().await, WITHOUT);
    assert_eq!(before.len(), 1);
    let function = listing(&lab, "ListInsightsData", std::slice::from_ref(&silent));
    function.invoke("{}").await.unwrap();
    let table = lab.table().await;
    assert_eq!((chunks(&table, WITHOUT), covered(&table, WITHOUT).len()), (before, 0));
    // The same with another insight: the name is removed again.
    let mut other = silent.clone();
    (other["sharedEventID"], other["eventID"], other["eventTime"]) =
        ("t".into(), "f".into(), "2026-03-01T11:30:00Z".into());
    invoke(&lab, &[], &push(&other)).await;
    run(&lab, &[]).await;
    assert_eq!(covered(&lab.table().await, WITHOUT).len(), 1);
    listing(&lab, "ListInsightsData", &[silent, other]).invoke("{}").await.unwrap();
    let table = lab.table().await;
    assert_eq!(series(&table), [format!("({WITHOUT})"), SERIES.to_owned()]);
    assert_eq!(covered(&table, WITHOUT).len(), 0);
}

#[tokio::test]
async fn a_series_named_by_look_up_or_configuration_keeps_its_coverage_after_pushes() {
    let mut earlier = of_data("Start", "m", &json!("Management"), &Json::Null);
    (earlier["sharedEventID"], earlier["eventTime"]) = ("m".into(), "2026-03-01T10:00:00Z".into());
    let silent = of_data("Start", "e", &Json::Null, &Json::Null);
    let mut same_time = silent.clone();
    (same_time["sharedEventID"], same_time["eventID"]) = ("n".into(), "n".into());
    let configured = json!([{"event_source": "s3.amazonaws.com", "event_name": "GetObject", "insight_type": "ApiCallRateInsight"}]);
    let configured = configured.to_string();
    // The events of LookupEvents, before or after the push.
    for (listed, is_before, is_configured) in [
        (Some(&earlier), true, false),
        (Some(&earlier), false, false),
        (Some(&same_time), false, false),
        (None, false, true),
    ] {
        for payload in ["{}", WINDOW] {
            let about = format!("{listed:?} {is_before} {payload}");
            let lab = lab().await;
            let look_up = async || match listed {
                Some(event) => {
                    listing(&lab, "LookupEvents", std::slice::from_ref(event)).invoke("{}").await.unwrap()
                }
                None => run(&lab, &[("CLOUDTRAIL_SERIES", &configured)]).await,
            };
            if is_before {
                look_up().await;
            }
            invoke(&lab, &[], &push(&silent)).await;
            look_up().await;
            // The configuration is the default again, and the coverage stays.
            listing(&lab, "ListInsightsData", std::slice::from_ref(&silent)).invoke(payload).await.unwrap();
            let table = lab.table().await;
            assert_eq!(covered(&table, WITHOUT).len(), 1, "{about}");
            assert!(is_configured || series_row(&table, WITHOUT).contains_key("named_at"), "{about}");
            assert_eq!(series_row(&table, WITHOUT).get("unconfirmed"), None, "{about}");
        }
    }
}
