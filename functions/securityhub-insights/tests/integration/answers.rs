//! Answers that the simulator does not give: duplicates, another order, other insights than the requested one.

use crate::support::{ALL, BUCKETS, KEYS, ONE_AT_A_TIME, SCENARIO, WITH_MANAGED, issues, snapshot, stored};
use insights_tests::response::counts;
use insights_tests::{Lab, Sent, edited};
use securityhub_insights::SecurityhubInsights;
use serde_json::{Value, json};

const LIST: &str = "GetInsights";
const RESULTS: &str = "GetInsightResults";
const DAY: &str = "2026-03-01";

/// A run whose answers go through `edit`, which returns `true` if it changed one.
async fn run(lab: &Lab, edit: impl Fn(&Sent, &mut Value) -> bool + Send + Sync + 'static) -> Value {
    lab.simulator.clear_log();
    let sdk = edited(&lab.sdk(), edit);
    let function = lab.function_with::<SecurityhubInsights>(&sdk, &[ONE_AT_A_TIME, WITH_MANAGED]).unwrap();
    function.invoke("{}").await.unwrap()
}

fn is_list(sent: &Sent) -> bool {
    sent.operation == LIST
}

/// Changes the results of the insight `arn`.
fn with_results(sent: &Sent, answer: &mut Value, arn: &str, change: impl FnOnce(&mut Value)) -> bool {
    let is_meant = sent.operation == RESULTS && answer["InsightResults"]["InsightArn"] == arn;
    if is_meant {
        change(answer);
    }
    is_meant
}

#[tokio::test]
async fn an_insight_that_is_listed_twice_counts_once_in_any_order_of_its_versions() {
    let mut tables = Vec::new();
    for at_front in [false, true] {
        let lab = Lab::new(SCENARIO).await;
        let edit = move |sent: &Sent, answer: &mut Value| {
            if !is_list(sent) {
                return false;
            }
            let rows = answer["Insights"].as_array_mut().unwrap();
            let mut copies = rows.clone();
            for copy in &mut copies {
                copy["Name"] = "A former name".into();
            }
            if at_front {
                std::mem::swap(rows, &mut copies);
            }
            rows.extend(copies);
            true
        };
        let response = run(&lab, edit).await;
        assert_eq!((&response["status"], counts(&response)), (&"ok".into(), [3, 3, 0, 0, 0, 0, 0]));
        assert_eq!(lab.calls("GetInsightResults"), 3, "each insight is requested once");
        lab.advance(60);
        assert_eq!(counts(&run(&lab, edit).await), [3, 0, 3, 0, 0, 0, 0]);
        tables.push(lab.table().await);
    }
    tables[0].assert_same_content(&tables[1]);
    let title = snapshot(&tables[0], BUCKETS, DAY)["title"].as_str().unwrap();
    assert_eq!(title, "Public buckets: 4 findings in 2 resources");
}

#[tokio::test]
async fn an_insight_that_is_on_two_pages_counts_once() {
    let lab = Lab::new(SCENARIO).await;
    // The first insight moves to the second page while the pages are read.
    let response = run(&lab, |sent, answer| {
        if !is_list(sent) || sent.input.get("NextToken").is_none() {
            return false;
        }
        let rows = answer["Insights"].as_array_mut().unwrap();
        let mut first = rows[0].clone();
        first["InsightArn"] = BUCKETS.into();
        first["Name"] = "Public buckets".into();
        first["GroupByAttribute"] = "ResourceId".into();
        first["Filters"] = json!({"SeverityLabel": [{"Value": "HIGH", "Comparison": "EQUALS"}]});
        rows.insert(0, first);
        true
    })
    .await;
    assert_eq!((&response["status"], counts(&response)), (&"ok".into(), [3, 3, 0, 0, 0, 0, 0]));
    assert_eq!(stored(&lab.table().await), ALL.map(|arn| (arn.to_owned(), DAY.to_owned())));
}

#[tokio::test]
async fn another_order_of_the_values_changes_nothing() {
    let lab = Lab::new(SCENARIO).await;
    run(&lab, |_, _| false).await;
    lab.advance(60);
    let response = run(&lab, |sent, answer| {
        with_results(sent, answer, BUCKETS, |answer| {
            answer["InsightResults"]["ResultValues"].as_array_mut().unwrap().reverse();
        })
    })
    .await;
    assert_eq!(counts(&response), [3, 0, 3, 0, 0, 0, 0]);
}

#[tokio::test]
async fn results_of_another_insight_are_malformed_and_do_not_affect_the_others() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 4] = [
        ("another insight", |answer| answer["InsightResults"]["InsightArn"] = KEYS.into()),
        ("no ARN", |answer| {
            answer["InsightResults"].as_object_mut().unwrap().remove("InsightArn");
        }),
        ("no results", |answer| *answer = json!({})),
        ("null", |answer| answer["InsightResults"] = Value::Null),
    ];
    for (what, change) in changes {
        let lab = Lab::new(SCENARIO).await;
        let response = run(&lab, move |sent, answer| with_results(sent, answer, BUCKETS, change)).await;
        assert_eq!(response["status"], "partial", "{what}");
        assert_eq!(counts(&response), [2, 2, 0, 0, 0, 0, 0], "{what}");
        assert_eq!(issues(&response), [("GetInsightResults", BUCKETS, "Response.Malformed")], "{what}");
        let ids: Vec<String> = stored(&lab.table().await).into_iter().map(|(id, _)| id).collect();
        assert!(!ids.contains(&BUCKETS.to_owned()), "{what}");
        assert!(!lab.table().await.of_kind("state")[0].contains_key("watermark"), "{what}");
    }
}

#[tokio::test]
async fn an_insight_that_was_not_requested_is_malformed_and_not_stored() {
    let lab = Lab::new(SCENARIO).await;
    let other = "arn:aws:securityhub:::insight/securityhub/default/11";
    let response = run(&lab, move |sent, answer| {
        let is_managed = is_list(sent) && sent.input.get("InsightArns").is_some();
        if is_managed {
            let mut row = answer["Insights"][0].clone();
            row["InsightArn"] = other.into();
            answer["Insights"].as_array_mut().unwrap().push(row);
        }
        is_managed
    })
    .await;
    assert_eq!(response["status"], "partial");
    let [(operation, _, code)] = issues(&response)[..] else { panic!("{response}") };
    assert_eq!((operation, code), ("GetInsights", "Response.Malformed"));
    // The requested one is stored all the same.
    assert_eq!(stored(&lab.table().await), ALL.map(|arn| (arn.to_owned(), DAY.to_owned())));
}

#[tokio::test]
async fn an_insight_without_an_arn_is_rejected_once() {
    let edit = |sent: &Sent, answer: &mut Value| {
        if !is_list(sent) || sent.input.get("InsightArns").is_some() {
            return false;
        }
        let row = json!({"Name": "Unnamed", "GroupByAttribute": "Type", "Filters": {}});
        answer["Insights"].as_array_mut().unwrap().push(row);
        true
    };
    let lab = Lab::new(SCENARIO).await;
    for written in [3, 0] {
        let response = run(&lab, edit).await;
        // It is on both pages, and is one answer.
        assert_eq!((&response["status"], &response["rejected"]), (&"ok".into(), &1.into()));
        assert_eq!(response["written"], written);
        assert_eq!(lab.table().await.of_kind("rejected").len(), 1);
        lab.advance(60);
    }
}

#[tokio::test]
async fn an_insight_that_was_deleted_after_it_was_listed_is_an_issue_and_does_not_affect_the_others() {
    let scenario = SCENARIO.replacen("name = \"Old keys\"", "name = \"Old keys\"\nunresolved = true", 1);
    let lab = Lab::new(&scenario).await;
    let response = run(&lab, |_, _| false).await;
    assert_eq!((&response["status"], counts(&response)), (&"partial".into(), [2, 2, 0, 0, 0, 0, 0]));
    assert_eq!(issues(&response), [("GetInsightResults", KEYS, "ResourceNotFoundException")]);
}

#[tokio::test]
async fn a_run_in_which_every_insight_was_deleted_has_not_failed() {
    let scenario =
        "[securityhub]\n[[securityhub.insights]]\nname = \"Gone\"\ngroup_by = \"Type\"\nunresolved = true\n";
    let lab = Lab::new(scenario).await;
    let response = lab.function::<SecurityhubInsights>(&[]).invoke("{}").await.unwrap();
    assert_eq!((&response["status"], counts(&response)), (&"partial".into(), [0; 7]));
}
