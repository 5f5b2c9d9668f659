//! An item that is returned twice, in one answer or on two pages, counts once, and a second run writes nothing.

use super::{ONE_AT_A_TIME, calls, counts, insight, last_update_time, partition, story, undisturbed};
use insights_tests::{CLOSED, GROWING, Lab, OPEN, Sent, edited};
use serde_json::{Value, json};
use xray_insights::XrayInsights;

/// Changes an answer; returns `true` if it did.
type Change = fn(&Sent, &mut Value) -> bool;

/// 11:00 of the scenario, when the open insight was last updated.
const UPDATED: i64 = 1_772_362_800;

async fn run(lab: &Lab, change: Change) -> Value {
    let sdk = edited(&lab.sdk(), change);
    lab.simulator.clear_log();
    let function = lab.function_with::<XrayInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
    function.invoke("{}").await.unwrap()
}

/// Duplicates every element of a list.
fn twice(answer: &mut Value, list: &str) {
    let elements = answer[list].as_array().cloned().unwrap_or_default();
    answer[list] = elements.iter().chain(&elements).cloned().collect();
}

fn summary(id: &str, updated: Option<i64>) -> Value {
    let mut summary = json!({"InsightId": id, "State": "ACTIVE"});
    if let Some(updated) = updated {
        summary["LastUpdateTime"] = updated.into();
    }
    summary
}

/// Adds a summary of [`OPEN`] to the page with the insight `beside`.
fn beside(answer: &mut Value, beside: &str, at_front: bool, summary: Value) -> bool {
    let Some(list) = answer["InsightSummaries"].as_array_mut() else { return false };
    if !list.iter().any(|summary| summary["InsightId"] == beside) {
        return false;
    }
    list.insert(if at_front { 0 } else { list.len() }, summary);
    true
}

/// Sets the version in the summary of [`OPEN`].
fn own_version(answer: &mut Value, updated: Option<i64>) -> bool {
    let list = answer["InsightSummaries"].as_array_mut();
    let Some(own) = list.and_then(|list| list.iter_mut().find(|summary| summary["InsightId"] == OPEN)) else {
        return false;
    };
    own["LastUpdateTime"] = updated.map_or(Value::Null, Value::from);
    true
}

const EXACT: [(&str, Change); 9] = [
    ("groups twice", |sent, answer| {
        twice(answer, "Groups");
        sent.operation == "GetGroups"
    }),
    ("a group once with insights and once without, in this order", |sent, answer| {
        let Some(groups) = answer["Groups"].as_array_mut() else { return false };
        let mut copies = groups.clone();
        for group in &mut copies {
            group["InsightsConfiguration"] = Value::Null;
        }
        groups.extend(copies);
        sent.operation == "GetGroups"
    }),
    ("a group once without insights and once with, in this order", |sent, answer| {
        let Some(groups) = answer["Groups"].as_array_mut() else { return false };
        let copies = groups.clone();
        for group in groups.iter_mut() {
            group["InsightsConfiguration"] = Value::Null;
        }
        groups.extend(copies);
        sent.operation == "GetGroups"
    }),
    ("summaries twice", |sent, answer| {
        twice(answer, "InsightSummaries");
        sent.operation == "GetInsightSummaries"
    }),
    ("a summary on a later page again", |_, answer| {
        beside(answer, CLOSED, false, summary(OPEN, Some(UPDATED)))
    }),
    ("a summary in another group again", |_, answer| {
        beside(answer, GROWING, true, summary(OPEN, Some(UPDATED)))
    }),
    ("a summary again in capital letters", |_, answer| {
        beside(answer, OPEN, false, summary(&OPEN.to_ascii_uppercase(), Some(UPDATED)))
    }),
    ("events twice", |sent, answer| {
        twice(answer, "InsightEvents");
        sent.operation == "GetInsightEvents"
    }),
    ("services twice", |sent, answer| {
        twice(answer, "Services");
        sent.operation == "GetInsightImpactGraph"
    }),
];

#[tokio::test]
async fn duplicates_count_once_and_are_stored_once() {
    for (what, change) in EXACT {
        let lab = story().await;
        let response = run(&lab, change).await;
        assert_eq!(
            (&response["status"], counts(&response)),
            (&json!("ok"), [12, 12, 0, 0, 0, 0, 0]),
            "{what}"
        );
        assert_eq!(calls(&lab), [3, 3, 3, 6, 4], "{what}: no call twice");
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
        check_second_run(&lab, change, what).await;
    }
}

/// A second run over the same answers writes only `run` and `state`.
async fn check_second_run(lab: &Lab, change: Change, what: &str) {
    let before = lab.table().await;
    lab.advance(60);
    let response = run(lab, change).await;
    assert_eq!(counts(&response), [3, 0, 3, 0, 0, 0, 0], "{what}: {response}");
    assert_eq!(
        (lab.calls("PutItem"), lab.calls("UpdateItem"), lab.calls("BatchExecuteStatement")),
        (1, 1, 0),
        "{what}"
    );
    lab.table().await.assert_same_content(&before);
}

/// An older version of the open insight in addition to its own.
const OLD: Option<i64> = Some(UPDATED - 600);

const DIFFERING: [(&str, Change); 7] = [
    ("an older version after the newer one", |_, answer| beside(answer, OPEN, false, summary(OPEN, OLD))),
    ("an older version before the newer one", |_, answer| beside(answer, OPEN, true, summary(OPEN, OLD))),
    ("no version after one", |_, answer| beside(answer, OPEN, false, summary(OPEN, None))),
    ("no version before one", |_, answer| beside(answer, OPEN, true, summary(OPEN, None))),
    ("an older version on a later page", |_, answer| beside(answer, CLOSED, false, summary(OPEN, OLD))),
    ("a newer version on a later page", |_, answer| {
        own_version(answer, OLD) | beside(answer, CLOSED, true, summary(OPEN, Some(UPDATED)))
    }),
    ("a newer version in another group", |_, answer| {
        own_version(answer, OLD) | beside(answer, GROWING, false, summary(OPEN, Some(UPDATED)))
    }),
];

#[tokio::test]
async fn the_later_of_two_versions_of_an_insight_wins_in_any_order() {
    for (what, change) in DIFFERING {
        let lab = story().await;
        let response = run(&lab, change).await;
        assert_eq!(response["status"], "ok", "{what}");
        assert_eq!(counts(&response), [12, 12, 0, 0, 0, 0, 0], "{what}: each record counts once");
        // A newer version on a page after the older one was fetched is fetched too, once.
        let again = if what.starts_with("a newer") { [3, 3, 4, 8, 6] } else { [3, 3, 3, 6, 4] };
        assert_eq!(calls(&lab), again, "{what}");
        assert_eq!(
            last_update_time(&lab.table().await, OPEN).as_deref(),
            Some("2026-03-01T11:00:00.000Z"),
            "{what}"
        );
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
        check_second_run(&lab, change, what).await;
    }
}

#[tokio::test]
async fn a_duplicate_summary_without_id_is_one_rejected_record() {
    let lab = story().await;
    let change: Change = |sent, answer| {
        let unusable = json!({"State": "ACTIVE", "Summary": "no id"});
        let list = answer["InsightSummaries"].as_array_mut();
        list.is_some_and(|list| {
            list.extend([unusable.clone(), unusable]);
            sent.operation == "GetInsightSummaries"
        })
    };
    for written in [12, 0] {
        let response = run(&lab, change).await;
        assert_eq!(
            (response["written"].as_u64(), response["rejected"].as_u64()),
            (Some(written), Some(1)),
            "{response}"
        );
        assert_eq!(lab.table().await.of_kind("rejected").len(), 1);
        lab.advance(60);
    }
}

#[tokio::test]
async fn a_rejected_answer_that_could_not_be_stored_is_stored_when_it_is_returned_again() {
    let change: Change = |sent, answer| {
        let list = answer["InsightSummaries"].as_array_mut();
        list.is_some_and(|list| {
            list.insert(0, json!({"State": "ACTIVE", "Summary": "no id"}));
            sent.operation == "GetInsightSummaries"
        })
    };
    // Each of three pages has the summary.
    for (fault, rejected, failed, denials) in [
        ("PutItem=denied:1", 1, 0, 1),
        ("BatchGetItem=denied:1@1", 1, 0, 1),
        ("BatchGetItem=denied:2@1", 1, 0, 2),
        ("BatchGetItem=denied:3@1", 0, 1, 3),
    ] {
        let lab = story().await;
        lab.fault(fault);
        let response = run(&lab, change).await;
        assert_eq!(response["status"], "partial", "{fault}: {response}");
        assert_eq!(counts(&response), [13, 12, 0, 0, rejected, failed, 0], "{fault}: one answer counts once");
        assert_eq!(response["targets"][0]["issue_counts"]["AccessDeniedException"], denials, "{fault}");
        let kept = lab.table().await.of_kind("rejected").len();
        assert_eq!(kept as u64, rejected, "{fault}");
        lab.simulator.clear_faults();
        lab.advance(60);
        let response = run(&lab, change).await;
        assert_eq!((&response["status"], &response["rejected"]), (&json!("ok"), &json!(1)), "{fault}");
        assert_eq!(lab.table().await.of_kind("rejected").len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn services_of_one_reference_id_are_one_service() {
    let shop = || {
        json!({"ReferenceId": 0, "Type": "client", "Name": "storefront", "Names": ["storefront"],
        "Edges": [{"ReferenceId": 1}]})
    };
    let checkout = || json!({"ReferenceId": 1, "Name": "checkout", "Edges": []});
    let with = |mut service: Value, name: &str, value: Value| {
        service[name] = value;
        service
    };
    let own_shop = json!({"reference_id": 0, "type": "client", "name": "storefront", "names": ["storefront"],
        "edges": [{"reference_id": 1}]});
    let own_checkout = json!({"reference_id": 1, "name": "checkout", "edges": []});
    let both = json!([own_shop, own_checkout]);
    let wider = with(own_shop.clone(), "edges", json!([{"reference_id": 1}, {"reference_id": 2}]));
    let other_shop = json!({"reference_id": 0, "name": "other"});
    for (what, services, expected) in [
        ("none twice", json!([shop(), checkout()]), both.clone()),
        (
            "the whole three times",
            json!([shop(), checkout(), shop(), checkout(), shop(), checkout()]),
            both.clone(),
        ),
        ("in another order", json!([shop(), checkout(), checkout(), shop()]), both.clone()),
        (
            "an edge twice",
            json!([with(shop(), "Edges", json!([{"ReferenceId": 1}, {"ReferenceId": 1}])), checkout()]),
            both.clone(),
        ),
        (
            "other edges",
            json!([shop(), checkout(), with(shop(), "Edges", json!([{"ReferenceId": 2}]))]),
            json!([wider, own_checkout]),
        ),
        (
            "other edges, the other way round",
            json!([with(shop(), "Edges", json!([{"ReferenceId": 2}])), checkout(), shop()]),
            json!([wider, own_checkout]),
        ),
        ("without members", json!([{"ReferenceId": 0}, checkout(), shop()]), both.clone()),
        (
            "without members, after",
            json!([shop(), checkout(), {"ReferenceId": 0, "Name": "storefront"}]),
            both.clone(),
        ),
        (
            "another service of the same reference id",
            json!([shop(), checkout(), {"ReferenceId": 0, "Name": "other"}]),
            json!([own_shop, other_shop, own_checkout]),
        ),
        (
            "the same, the other way round",
            json!([{"ReferenceId": 0, "Name": "other"}, checkout(), shop()]),
            json!([own_shop, other_shop, own_checkout]),
        ),
        (
            "no reference id, equal and not",
            json!([{"Name": "a"}, {"Name": "b"}, {"Name": "a"}]),
            json!([{"name": "a"}, {"name": "b"}]),
        ),
    ] {
        let lab = story().await;
        let sdk = edited(&lab.sdk(), move |sent, answer| {
            let is_meant = sent.operation == "GetInsightImpactGraph" && sent.input["InsightId"] == OPEN;
            if is_meant {
                *answer = json!({"InsightId": OPEN, "Services": services});
            }
            is_meant
        });
        let function = lab.function_with::<XrayInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
        function.invoke("{}").await.unwrap();
        let table = lab.table().await;
        let graph = table.get(&partition(OPEN), "graph").unwrap();
        let stored = graph["detail"].at(&["services"]).unwrap();
        let mut text = String::new();
        stored.write_canonical(&mut text);
        let stored: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(stored, expected, "{what}");
        assert!(insight(&table, OPEN).contains_key("status"), "{what}");
    }
}

#[tokio::test]
async fn a_duplicate_page_of_a_graph_adds_nothing() {
    let lab = story().await;
    let change: Change = |sent, answer| {
        if sent.operation != "GetInsightImpactGraph" || sent.input["InsightId"] != OPEN {
            return false;
        }
        let next = match sent.input["NextToken"].as_str() {
            None => Some("a"),
            Some("a") => Some("b"),
            _ => None,
        };
        *answer = json!({"InsightId": OPEN, "StartTime": UPDATED - 21_600, "EndTime": UPDATED,
        "ServiceGraphStartTime": UPDATED - 7_200, "ServiceGraphEndTime": UPDATED, "NextToken": next,
        "Services": [
            {"ReferenceId": 0, "Type": "client", "Name": "storefront", "Names": ["storefront"],
             "Edges": [{"ReferenceId": 1}]},
            {"ReferenceId": 1, "Name": "checkout", "Names": ["checkout"], "AccountId": "123456789012", "Edges": []},
        ]});
        true
    };
    let response = run(&lab, change).await;
    assert_eq!(response["status"], "ok", "{response}");
    lab.table().await.assert_same_content(&undisturbed(&lab).await);
    check_second_run(&lab, change, "three equal pages").await;
}

#[tokio::test]
async fn a_version_on_a_later_page_than_a_summary_without_version_is_stored_by_the_next_run_at_the_latest() {
    let lab = story().await;
    let change: Change =
        |_, answer| own_version(answer, None) | beside(answer, CLOSED, true, summary(OPEN, Some(UPDATED)));
    run(&lab, change).await;
    lab.advance(60);
    run(&lab, change).await;
    let before = lab.table().await;
    assert_eq!(last_update_time(&before, OPEN).as_deref(), Some("2026-03-01T11:00:00.000Z"));
    lab.advance(60);
    assert_eq!(run(&lab, change).await["written"], 0);
    lab.table().await.assert_same_content(&before);
}
