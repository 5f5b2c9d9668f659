//! Answers without required members, and answers about another insight than the requested one.

use super::{
    ALL, ONE_AT_A_TIME, counts, insight, issues, last_update_time, partition, run, state, story, text,
};
use insights_shared::key::sha256_hex;
use insights_shared::value::Map;
use insights_simulator::xray::Data;
use insights_tests::{CLOSED, GROWING, Lab, OPEN, Table, edited};
use serde_json::{Value, json};
use xray_insights::XrayInsights;

/// The expected result of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    /// One rejected record under the requested id, whose violations name these fields.
    Rejected(&'static [&'static str]),
    /// `Response.Malformed`, and nothing is stored.
    Malformed,
    /// Stored unchanged.
    Stored,
}

/// Changes the answer to GetInsight about one insight, or replaces it.
type Change = fn(&mut Value);

const CASES: [(&str, Change, Expected); 14] = [
    (
        "an empty insight",
        |answer| *answer = json!({"Insight": {}}),
        Expected::Rejected(&["started_at", "id"]),
    ),
    (
        "members that are null",
        |answer| *answer = json!({"Insight": {"InsightId": null, "StartTime": null, "State": null}}),
        Expected::Rejected(&["started_at", "id"]),
    ),
    ("no id", |answer| drop(answer["Insight"]["InsightId"].take()), Expected::Rejected(&["id"])),
    ("an empty id", |answer| answer["Insight"]["InsightId"] = "".into(), Expected::Rejected(&["id"])),
    ("no start", |answer| drop(answer["Insight"]["StartTime"].take()), Expected::Rejected(&["started_at"])),
    (
        "a start that no calendar has",
        |answer| answer["Insight"]["StartTime"] = 1e15.into(),
        Expected::Rejected(&["started_at"]),
    ),
    ("no insight", |answer| *answer = json!({}), Expected::Malformed),
    ("an insight that is null", |answer| *answer = json!({"Insight": null}), Expected::Malformed),
    ("a list", |answer| *answer = json!({"Insight": []}), Expected::Malformed),
    ("an id that is a number", |answer| answer["Insight"]["InsightId"] = 7.into(), Expected::Malformed),
    ("another insight", |answer| answer["Insight"]["InsightId"] = CLOSED.into(), Expected::Malformed),
    ("an unknown insight", |answer| answer["Insight"]["InsightId"] = "elsewhere".into(), Expected::Malformed),
    (
        "an id with a blank",
        |answer| answer["Insight"]["InsightId"] = format!("{OPEN} ").into(),
        Expected::Malformed,
    ),
    (
        "no members but id and start",
        |answer| {
            answer["Insight"]
                .as_object_mut()
                .unwrap()
                .retain(|name, _| name == "InsightId" || name == "StartTime");
        },
        Expected::Stored,
    ),
];

/// Invokes a function with `change` applied to GetInsight about [`OPEN`].
async fn invoke(lab: &Lab, change: Change, payload: &str) -> Value {
    let sdk = edited(&lab.sdk(), move |sent, answer| {
        let is_meant = sent.operation == "GetInsight"
            && sent.input["InsightId"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(OPEN));
        if is_meant {
            change(answer);
        }
        is_meant
    });
    lab.simulator.clear_log();
    let function = lab.function_with::<XrayInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
    match function.invoke(payload).await {
        Ok(response) => response,
        Err(error) => json!({"error": error.to_string()}),
    }
}

/// The items of [`OPEN`].
fn items(table: &Table) -> Vec<&Map> {
    table.0.iter().filter(|(key, _)| key.pk == partition(OPEN)).map(|(_, item)| item).collect()
}

fn check_rejected(table: &Table, fields: &[&str], what: &str) {
    let rejected = table.of_kind("rejected");
    assert_eq!(rejected.len(), 1, "{what}");
    assert_eq!(text(rejected[0], "subject"), Some(format!("{} insight", partition(OPEN)).as_str()), "{what}");
    let violations: Vec<&str> = rejected[0]["violations"]
        .as_list()
        .unwrap()
        .iter()
        .filter_map(|violation| violation.as_str())
        .collect();
    for field in fields {
        assert!(violations.iter().any(|violation| violation.starts_with(field)), "{what}: {violations:?}");
    }
}

#[tokio::test]
async fn an_incomplete_answer_is_rejected_under_the_requested_id() {
    for (what, change, expected) in CASES {
        let lab = story().await;
        let response = invoke(&lab, change, "{}").await;
        let table = lab.table().await;
        match expected {
            Expected::Rejected(fields) => {
                assert_eq!((&response["status"], &response["rejected"]), (&json!("ok"), &json!(1)), "{what}");
                assert_eq!(
                    issues(&response),
                    [("GetInsight", partition_subject().as_str(), "Record.Invalid")]
                );
                check_rejected(&table, fields, what);
                assert!(items(&table).is_empty(), "{what}: {:?}", items(&table));
                assert!(state(&lab).await.unwrap().contains_key("watermark"), "{what}");
            }
            Expected::Malformed => {
                assert_eq!(response["status"], "partial", "{what}");
                assert_eq!(issues(&response), [("GetInsight", OPEN, "Response.Malformed")], "{what}");
                assert!(items(&table).is_empty() && table.of_kind("rejected").is_empty(), "{what}");
                assert!(!state(&lab).await.unwrap().contains_key("watermark"), "{what}");
            }
            Expected::Stored => {
                assert_eq!(response["status"], "ok", "{what}");
                assert_eq!(items(&table).len(), 4, "{what}: the insight, two events and the graph");
            }
        }
        // The other insights are stored.
        assert_eq!(text(insight(&table, CLOSED), "status"), Some("closed"), "{what}");
        assert_eq!(table.of_kind("xray.impact_graph").len(), 2 + usize::from(expected == Expected::Stored));
        // A second run over the same answers writes nothing more.
        lab.advance(60);
        let response = invoke(&lab, change, "{}").await;
        assert_eq!(response["written"], 0, "{what}: {response}");
        lab.table().await.assert_same_content(&table);
    }
}

fn partition_subject() -> String {
    format!("{} insight", partition(OPEN))
}

#[tokio::test]
async fn an_incomplete_answer_to_a_push_stores_no_part_of_the_insight() {
    for (what, change, expected) in CASES {
        let lab = story().await;
        let response = invoke(&lab, change, &pushed(OPEN)).await;
        let table = lab.table().await;
        match expected {
            Expected::Rejected(fields) => {
                assert_eq!(response["status"], "ok", "{what}");
                check_rejected(&table, fields, what);
                assert!(items(&table).is_empty(), "{what}");
            }
            Expected::Malformed => {
                assert!(
                    response["error"].as_str().unwrap().contains("Response.Malformed"),
                    "{what}: {response}"
                );
                assert!(items(&table).is_empty(), "{what}");
            }
            Expected::Stored => assert_eq!(items(&table).len(), 4, "{what}"),
        }
    }
}

#[tokio::test]
async fn an_incomplete_answer_about_an_unlisted_insight_closes_nothing() {
    for (what, change, expected) in CASES {
        let lab = story().await;
        run(&lab).await;
        let before = lab.table().await;
        lab.simulator.change(|scenario| {
            let insights = &mut scenario.everywhere_mut().part_mut::<Data>().insights;
            insights
                .iter_mut()
                .filter(|insight| insight.id == OPEN)
                .for_each(|insight| insight.unlisted = true);
        });
        lab.advance(60);
        let response = invoke(&lab, change, "{}").await;
        let table = lab.table().await;
        if let Expected::Rejected(fields) = expected {
            check_rejected(&table, fields, what);
        }
        assert_eq!(text(insight(&table, OPEN), "status"), Some("open"), "{what}: {response}");
        if expected != Expected::Stored {
            assert_eq!(insight(&table, OPEN), insight(&before, OPEN), "{what}");
        }
    }
}

#[tokio::test]
async fn ids_are_case_insensitive_and_records_have_the_id_of_the_answer() {
    let upper = OPEN.to_ascii_uppercase();
    // Pushed in upper case, answered in lower case.
    let lab = story().await;
    let response = invoke(&lab, |_| (), &pushed(&upper)).await;
    assert_eq!(response["status"], "ok", "{response}");
    let table = lab.table().await;
    assert_eq!(items(&table).len(), 4);
    assert!(table.0.keys().all(|key| !key.pk.contains(&upper)));
    // Listed in lower case, answered in upper case.
    let lab = story().await;
    let change: Change = |answer| answer["Insight"]["InsightId"] = OPEN.to_ascii_uppercase().into();
    let response = invoke(&lab, change, "{}").await;
    assert_eq!(response["status"], "ok", "{response}");
    let table = lab.table().await;
    assert_eq!(table.0.keys().filter(|key| key.pk == partition(&upper)).count(), 4);
    assert!(items(&table).is_empty());
    lab.advance(60);
    let response = invoke(&lab, change, "{}").await;
    assert_eq!(response["written"], 0, "{response}");
    lab.table().await.assert_same_content(&table);
}

#[tokio::test]
async fn a_graph_about_another_insight_is_malformed_and_the_insight_is_fetched_again() {
    for (what, id, is_stored) in [
        ("the same id", json!(OPEN), true),
        ("capital letters", json!(OPEN.to_ascii_uppercase()), true),
        ("no id", Value::Null, true),
        ("an empty id", json!(""), true),
        ("another insight", json!(GROWING), false),
        ("an id that is none", json!("x"), false),
        ("a number", json!(7), false),
    ] {
        let lab = story().await;
        let sdk = edited(&lab.sdk(), move |sent, answer| {
            let is_meant = sent.operation == "GetInsightImpactGraph" && sent.input["InsightId"] == OPEN;
            if is_meant {
                answer["InsightId"] = id.clone();
            }
            is_meant
        });
        let function = lab.function_with::<XrayInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
        let response = function.invoke("{}").await.unwrap();
        let table = lab.table().await;
        assert_eq!(table.get(&partition(OPEN), "graph").is_some(), is_stored, "{what}");
        assert_eq!(last_update_time(&table, OPEN).is_some(), is_stored, "{what}");
        let malformed = [("GetInsightImpactGraph", OPEN, "Response.Malformed")];
        assert_eq!(issues(&response), if is_stored { &[][..] } else { &malformed[..] }, "{what}");
        assert_eq!(counts(&response)[3..], [0, 0, 0, 0], "{what}");
    }
}

#[tokio::test]
async fn equal_incomplete_answers_about_several_insights_are_rejected_separately() {
    for (operation, answer) in [
        ("GetInsight", json!({"Insight": {}})),
        ("GetInsight", json!({"Insight": {"InsightId": "", "State": "ACTIVE"}})),
        ("GetInsightEvents", json!({"InsightEvents": [{"Summary": "an event without a time"}]})),
    ] {
        let lab = story().await;
        let edited_answer = answer.clone();
        let sdk = edited(&lab.sdk(), move |sent, answer| {
            let is_meant = sent.operation == operation;
            if is_meant {
                *answer = edited_answer.clone();
            }
            is_meant
        });
        // A later run rejects insights again, and stores none of them twice. Rejected events are not requested again.
        let runs = if operation == "GetInsight" { 2 } else { 1 };
        for run in 0..runs {
            let function = lab.function_with::<XrayInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
            let response = function.invoke("{}").await.unwrap();
            assert_eq!(response["rejected"], ALL.len(), "{answer} {run}: {response}");
            let table = lab.table().await;
            let rejected = table.of_kind("rejected");
            assert_eq!(rejected.len(), ALL.len(), "{answer} {run}");
            for id in ALL {
                let of_it: Vec<_> = rejected
                    .iter()
                    .filter(|item| text(item, "subject").unwrap().starts_with(&partition(id)))
                    .collect();
                let [item] = of_it[..] else { panic!("{answer}: one record of {id}") };
                let raw = text(item, "raw").unwrap();
                assert!(raw.contains(id), "{raw}");
                assert_eq!(text(item, "sk"), Some(sha256_hex(raw.as_bytes()).as_str()));
            }
            lab.advance(60);
        }
    }
}

fn pushed(id: &str) -> String {
    json!({
        "version": "0", "id": "6f1d3c8e-0b72-4a95-8d4c-e2f7a1b09c36", "detail-type": "AWS X-Ray Insight Update",
        "source": "aws.xray", "account": "123456789012", "time": "2026-03-01T12:00:00Z", "region": "eu-west-1",
        "resources": [], "detail": { "InsightId": id, "State": "ACTIVE" },
    })
    .to_string()
}
