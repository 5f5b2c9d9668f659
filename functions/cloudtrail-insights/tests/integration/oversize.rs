//! Insights that exceed the size of an item: the stored parts, and that they stay the same after further events.

use crate::support::*;
use serde_json::json;

const SERIES: &str = "ec2.amazonaws.com#RunInstances#ApiCallRateInsight#-#-";

/// A phase of insight `s` with this number of bytes of attributions, and of an unknown member.
fn large(state: &str, attributions: usize, unknown: usize) -> Json {
    let (time, id) = match state {
        "Start" => ("2026-03-01T11:00:00Z", "e1"),
        _ => ("2026-03-01T11:10:00Z", "e2"),
    };
    let mut event = half(state, "s", time, id, if state == "Start" { 1.0 } else { 6.0 });
    if attributions > 0 {
        let value = "a".repeat(attributions);
        event["insightDetails"]["insightContext"]["attributions"] =
            json!([{"attribute": "userAgent", "insight": [{"value": value, "average": 2}], "baseline": []}]);
    }
    if unknown > 0 {
        event["somethingNew"] = "u".repeat(unknown).into();
    }
    event
}

/// A function of `lab` whose look-ups list these events.
fn listing(lab: &Lab, events: &[&Json]) -> Function<CloudtrailInsights> {
    let listed: Vec<Json> = events
        .iter()
        .map(|event| json!({"EventId": event["eventID"], "Username": "ci", "CloudTrailEvent": event.to_string()}))
        .collect();
    let page = json!({ "Events": listed }).to_string();
    answering(lab, move |asked, _| (asked == "LookupEvents").then(|| (200, page.clone())))
}

/// The removed members.
fn truncated(table: &Table) -> Vec<String> {
    let list =
        insight_of(table, "s")["detail"].at(&["truncated"]).and_then(Value::as_list).unwrap_or_default();
    list.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// `status started_at ended_at average severity title` of insight `s`.
fn shown(table: &Table) -> String {
    let insight = insight_of(table, "s");
    let average = insight["measures"].at(&["insight_average"]).unwrap().as_number().unwrap().to_string();
    let short = |name: &str| text(insight, name).get(11..16).unwrap_or("-").to_owned();
    format!(
        "{} {} {} {average} {} {}",
        text(insight, "status"),
        short("started_at"),
        short("ended_at"),
        text(insight, "severity"),
        text(insight, "title")
    )
}

const CLOSED: &str =
    "closed 11:00 11:10 6 critical RunInstances on ec2.amazonaws.com: call rate 6 a minute, baseline 0.02";
const START: &str = "start.insight_details.insight_context.attributions";
const END: &str = "end.insight_details.insight_context.attributions";

#[tokio::test]
async fn phases_that_are_too_large_together_give_the_same_closed_insight_in_any_order() {
    let k = |kibibytes: usize| kibibytes * 1_024;
    for (start, end, expected) in [
        // Two phases of a realistic size.
        (large("Start", k(220), 0), large("End", k(220), 0), vec![START]),
        (large("Start", k(199), 0), large("End", k(199), 0), vec![START]),
        (large("Start", k(196), 0), large("End", k(196), 0), vec![]),
        (large("Start", k(10), 0), large("End", k(395), 0), vec![START]),
        (large("Start", k(395), 0), large("End", k(10), 0), vec![START]),
        // Unknown members are removed next.
        (large("Start", 0, k(220)), large("End", k(220), 0), vec!["start.something_new"]),
        (large("Start", k(1), k(250)), large("End", k(150), 0), vec![START, "start.something_new"]),
        // A phase that is too large alone.
        (large("Start", k(1), 0), large("End", k(450), 0), vec![END]),
        (large("Start", k(450), 0), large("End", k(1), 0), vec![START]),
        (large("Start", k(450), 0), large("End", k(450), 0), vec![END, START]),
        (large("Start", k(450), k(2)), large("End", 0, k(500)), vec!["end.something_new", START]),
        (
            large("Start", k(300), k(200)),
            large("End", k(300), k(200)),
            vec![END, START, "start.something_new"],
        ),
    ] {
        let about = format!("{} and {} bytes", start.to_string().len(), end.to_string().len());
        let mut tables = Vec::new();
        for order in [[0, 1, 2, 3], [3, 2, 1, 0]] {
            let lab = Lab::new(&story("")).await;
            for step in order {
                // Pushed or looked up.
                let response = match step {
                    0 => invoke(&lab, &[], &push(&start)).await,
                    1 => invoke(&lab, &[], &push(&end)).await,
                    2 => listing(&lab, &[&start]).invoke("{}").await.unwrap(),
                    _ => listing(&lab, &[&end]).invoke("{}").await.unwrap(),
                };
                assert_eq!(
                    (&response["status"], &response["rejected"]),
                    (&"ok".into(), &0.into()),
                    "{about}: {response}"
                );
            }
            let table = lab.table().await;
            assert_eq!(
                (shown(&table).as_str(), truncated(&table)),
                (CLOSED, expected.iter().map(|name| (*name).to_owned()).collect()),
                "{about}"
            );
            // Both on one page: nothing is written.
            let response = listing(&lab, &[&start, &end]).invoke("{}").await.unwrap();
            assert_eq!(summary(&response), "ok fetched=1 unchanged=1", "{about}");
            tables.push(lab.table().await);
        }
        for table in &tables[1..] {
            tables[0].assert_same_content(table);
        }
        let detail = &insight_of(&tables[0], "s")["detail"];
        for (half, state, id) in [("start", "Start", "e1"), ("end", "End", "e2")] {
            let text = |path: &[&str]| detail.at(&[half]).unwrap().at(path).and_then(Value::as_str);
            assert_eq!((text(&["event_id"]), text(&["insight_details", "state"])), (Some(id), Some(state)));
            assert!(
                text(&["event_time"]).is_some() && text(&["lookup", "username"]) == Some("ci"),
                "{about}"
            );
            let statistics = ["insight_details", "insight_context", "statistics", "insight_duration"];
            assert!(detail.at(&[half]).unwrap().at(&statistics).is_some(), "{about}");
        }
        assert_eq!(series_row(&tables[0], SERIES).get("watermark"), None, "and its series is fetched");
    }
}

#[tokio::test]
async fn a_start_that_is_too_large_is_stored_truncated_and_open_until_its_end() {
    let lab = Lab::new(&story("")).await;
    invoke(&lab, &[], &push(&large("Start", 450 * 1_024, 0))).await;
    let table = lab.table().await;
    assert_eq!(
        (text(insight_of(&table, "s"), "status"), truncated(&table)),
        ("open", vec![START.to_owned()])
    );
    invoke(&lab, &[], &push(&large("End", 0, 0))).await;
    assert_eq!(shown(&lab.table().await), CLOSED);
}

#[tokio::test]
async fn a_truncated_insight_without_end_is_closed_like_others() {
    let lab = Lab::new(&story("")).await;
    invoke(&lab, &[], &push(&large("Start", 450 * 1_024, 0))).await;
    lab.advance(92 * 86_400);
    run(&lab, &[]).await;
    let table = lab.table().await;
    assert_eq!(text(insight_of(&table, "s"), "status_reason"), "no_end_seen");
    assert_eq!(truncated(&table), [START]);
}

#[tokio::test]
async fn thousands_of_removed_members_are_counted_and_required_ones_stay() {
    let mut start = large("Start", 0, 0);
    for number in 0..9_000 {
        start[format!("member{number:04}")] = "x".repeat(60).into();
    }
    let lab = Lab::new(&story("")).await;
    let response = invoke(&lab, &[], &push(&start)).await;
    assert_eq!(summary(&response), "ok fetched=1 written=1");
    let table = lab.table().await;
    let names = truncated(&table);
    assert_eq!(
        (names.len(), names[0].as_str(), names[20].as_str()),
        (21, "start.member0000", "start: 8980 more")
    );
    invoke(&lab, &[], &push(&large("End", 0, 0))).await;
    invoke(&lab, &[], &push(&start)).await;
    let table = lab.table().await;
    assert_eq!((shown(&table).as_str(), truncated(&table)), (CLOSED, names));
}

#[tokio::test]
async fn an_event_with_a_too_large_id_is_rejected_and_does_not_affect_the_other_phase() {
    let mut start = large("Start", 0, 0);
    start["eventID"] = "i".repeat(410 * 1_024).into();
    let lab = Lab::new(&story("")).await;
    assert_eq!(summary(&invoke(&lab, &[], &push(&start)).await), "ok fetched=1 rejected=1");
    invoke(&lab, &[], &push(&large("End", 0, 0))).await;
    assert_eq!(text(insight_of(&lab.table().await, "s"), "status"), "closed");
}

#[tokio::test]
async fn a_series_with_a_too_long_name_does_not_stop_its_target() {
    let mut start = large("Start", 0, 0);
    start["insightDetails"]["eventName"] = "N".repeat(395 * 1_024).into();
    start["insightDetails"]["eventSource"] = "s".repeat(395 * 1_024).into();
    let lab = Lab::new(&story("")).await;
    assert_eq!(invoke(&lab, &[], &push(&start)).await["status"], "ok");
    let response = run(&lab, &[]).await;
    assert_eq!(response["status"], "ok", "{response}");
    assert_eq!(watermark(&lab.table().await), "2026-03-01T12:00:00.000Z");
}
