//! Answers that the simulator never gives, and the example of the contract as EKS answers it.

use super::{
    ADDONS, ADDONS_SINCE, APIS, ERROR_SINCE, ONE_AT_A_TIME, counts, insight, issues, run, story, text,
};
use eks_insights::EksInsights;
use insights_shared::value::Value as Stored;
use insights_tests::{Lab, Sent, edited};
use serde_json::{Value, json};

/// Runs a function whose answers `edit` changes, over a story that was stored before.
async fn run_edited(lab: &Lab, edit: impl Fn(&Sent, &mut Value) -> bool + Send + Sync + 'static) -> Value {
    let sdk = edited(&lab.sdk(), edit);
    let function = lab.function_with::<EksInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
    function.invoke("{}").await.unwrap()
}

/// Whether a request is for this address, whatever its query.
fn is_at(sent: &Sent, path: &str) -> bool {
    sent.path.split('?').next() == Some(path)
}

#[tokio::test]
async fn an_answer_without_its_list_is_not_an_empty_list() {
    for (path, operation, subject) in
        [("/clusters", "ListClusters", "clusters"), ("/clusters/test/insights", "ListInsights", "test")]
    {
        let lab = story().await;
        run(&lab).await;
        let before = lab.table().await;
        lab.advance(60);
        let sdk = edited(&lab.sdk(), move |sent, answer| {
            let is_it = is_at(sent, path);
            if is_it {
                *answer = json!({});
            }
            is_it
        });
        let function = lab.function_with::<EksInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
        match function.invoke("{}").await {
            Ok(response) => assert_eq!(issues(&response), [(operation, subject, "Response.Malformed")]),
            Err(error) => {
                assert!(error.message.contains("ListClusters clusters: Response.Malformed"), "{error}");
            }
        }
        lab.table().await.assert_same_content(&before);
    }
}

#[tokio::test]
async fn an_answer_about_another_check_is_malformed() {
    let lab = story().await;
    run(&lab).await;
    let before = lab.table().await;
    lab.advance(60);
    let response = run_edited(&lab, |sent, answer| {
        let is_it = sent.path.ends_with(ADDONS);
        if is_it {
            answer["insight"]["id"] = APIS.into();
        }
        is_it
    })
    .await;
    let subject = format!("test {ADDONS}");
    assert_eq!(issues(&response), [("DescribeInsight", subject.as_str(), "Response.Malformed")]);
    lab.table().await.assert_same_content(&before);
}

#[tokio::test]
async fn a_check_that_is_on_two_pages_counts_once_in_its_later_state() {
    let lab = story().await;
    // The second page of the first cluster repeats the check of the first page, as it was before.
    let response = run_edited(&lab, |sent, answer| {
        let is_it = is_at(sent, "/clusters/prod/insights") && sent.input.get("nextToken").is_some();
        if is_it {
            answer["insights"] = json!([{
                "id": APIS, "name": "Deprecated APIs removed in Kubernetes v1.32",
                "insightStatus": {"status": "PASSING"}, "lastRefreshTime": 1_772_000_000,
            }]);
        }
        is_it
    })
    .await;
    assert_eq!((&response["status"], counts(&response)), (&json!("ok"), [4, 4, 0, 0, 0, 0, 0]));
    assert_eq!(text(insight(&lab.table().await, "prod", APIS, ERROR_SINCE), "status"), Some("open"));
}

#[tokio::test]
async fn unknown_values_are_stored_unchanged() {
    let lab = story().await;
    let response = run_edited(&lab, |sent, answer| {
        let is_it = sent.path.ends_with(ADDONS);
        if is_it {
            answer["insight"]["insightStatus"]["status"] = "SOMETHING_NEW".into();
            answer["insight"]["category"] = "COST".into();
        }
        is_it
    })
    .await;
    assert_eq!(response["status"], "ok", "{response}");
    let table = lab.table().await;
    let stored = insight(&table, "test", ADDONS, ADDONS_SINCE);
    assert_eq!((text(stored, "status"), text(stored, "severity")), (Some("open"), Some("low")));
    assert_eq!(stored["detail"].at(&["category"]).and_then(Stored::as_str), Some("COST"));
    assert_eq!(text(stored, "title"), Some("test: EKS add-on version compatibility: SOMETHING_NEW"));
}

#[tokio::test]
async fn an_insight_of_a_newer_schema_is_neither_replaced_nor_closed() {
    let lab = story().await;
    run(&lab).await;
    let mut newer = insight(&lab.table().await, "test", ADDONS, ADDONS_SINCE).clone();
    newer.insert("schema_version".into(), 2.into());
    newer.insert("content_hash".into(), "of the newer program".into());
    lab.put(newer.clone()).await;
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!(counts(&response), [2, 0, 1, 1, 0, 0, 0], "{response}");
    super::change(&lab, |data| data.clusters.retain(|cluster| cluster.name != "test"));
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!(counts(&response), [2, 0, 1, 1, 0, 0, 0], "{response}");
    assert_eq!(insight(&lab.table().await, "test", ADDONS, ADDONS_SINCE), &newer);
}

#[tokio::test]
async fn answers_without_their_optional_members_lose_nothing_and_close_nothing() {
    let lab = story().await;
    run(&lab).await;
    let before = lab.table().await;
    lab.advance(60);
    // Without the time of its transition an answer is rejected.
    for members in [json!({}), json!({"id": ADDONS}), json!({"id": ADDONS, "lastRefreshTime": 1_772_400_000})]
    {
        let response = run_edited(&lab, move |sent, answer| {
            let is_it = sent.path.ends_with(ADDONS);
            if is_it {
                answer["insight"] = members.clone();
            }
            is_it
        })
        .await;
        assert_eq!(counts(&response), [2, 0, 1, 0, 1, 0, 0], "{response}");
        assert_eq!(issues(&response)[0].2, "Record.Invalid");
    }
    let table = lab.table().await;
    for (cluster, id, since) in [("prod", APIS, ERROR_SINCE), ("test", ADDONS, ADDONS_SINCE)] {
        assert_eq!(insight(&table, cluster, id, since), insight(&before, cluster, id, since));
    }
}

#[tokio::test]
async fn a_check_with_more_resources_than_an_item_holds_is_stored_with_as_many_as_fit() {
    let lab = story().await;
    let large = |sent: &Sent, answer: &mut Value| {
        let is_it = sent.path.ends_with(ADDONS);
        if is_it {
            let uri = |nth: usize| json!({"kubernetesResourceUri": format!("/apis/apps/v1/{nth:0>80}")});
            answer["insight"]["resources"] = (0..10_000).map(uri).collect();
        }
        is_it
    };
    let response = run_edited(&lab, large).await;
    assert_eq!((&response["status"], &response["rejected"]), (&json!("ok"), &json!(0)), "{response}");
    let table = lab.table().await;
    let detail = insight(&table, "test", ADDONS, ADDONS_SINCE)["detail"].clone();
    let list = |name: &str| detail.at(&[name]).and_then(Stored::as_list).unwrap().to_vec();
    assert!((2_000..10_000).contains(&list("resources").len()), "{}", list("resources").len());
    assert_eq!(list("truncated"), [Stored::from("resources")]);
    // The same answer writes nothing.
    lab.advance(60);
    let again = run_edited(&lab, large).await;
    assert_eq!(again["written"], 0, "{again}");
}

#[tokio::test]
async fn a_check_that_cannot_be_made_to_fit_is_rejected_with_the_rule() {
    let lab = story().await;
    let response = run_edited(&lab, |sent, answer| {
        let is_it = sent.path.ends_with(ADDONS);
        if is_it {
            answer["insight"]["recommendation"] = "x".repeat(500_000).into();
        }
        is_it
    })
    .await;
    let subject = issues(&response).into_iter().map(|(operation, _, code)| (operation, code));
    assert_eq!(subject.collect::<Vec<_>>(), [("DescribeInsight", "Record.Invalid")]);
    let table = lab.table().await;
    let rejected = table.of_kind("rejected");
    let violations = rejected[0]["violations"].as_list().unwrap();
    let text = violations[0].as_str().unwrap();
    assert!(text.starts_with("item") && text.contains("must be at most 409600 bytes"), "{text}");
}
