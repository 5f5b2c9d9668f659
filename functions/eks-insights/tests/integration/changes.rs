//! Answers about an open insight that change without a transition.

use super::{
    ADDONS, ADDONS_SINCE, APIS, ERROR_SINCE, REFRESHED, STORY, change_insight, counts, insight, partition,
    run, story, text, undisturbed,
};
use insights_shared::number::Number;
use insights_shared::time::DAY_SECONDS;
use insights_shared::value::Map;
use insights_tests::{Lab, Table};

/// The number of requests that an insight or event of [`APIS`] has.
fn requests(item: &Map) -> Option<i64> {
    let deprecations = item["detail"].at(&["category_specific_summary", "deprecation_details"])?;
    let clients = deprecations.as_list()?.first()?.at(&["client_stats"])?;
    let client = clients.as_list()?.first()?;
    client.at(&["number_of_requests_last30_days"])?.as_number().and_then(Number::as_i64)
}

/// The events of [`APIS`] as (time, requests).
fn events(table: &Table) -> Vec<(String, Option<i64>)> {
    let pk = partition("prod", APIS, ERROR_SINCE);
    let items = table.0.iter().filter(|(key, _)| key.pk == pk && key.sk.starts_with("event#"));
    items.map(|(key, item)| (key.sk.replace("event#", ""), requests(item))).collect()
}

#[tokio::test]
async fn each_changed_answer_becomes_an_event_and_replaces_the_insight() {
    let lab = story().await;
    run(&lab).await;
    // The refreshes at 06:00 of the next two days find 9 and 4 requests; two runs see each of them.
    let mut expected = vec![(REFRESHED.to_owned(), Some(12))];
    for (day, count) in [("2026-03-02", 9), ("2026-03-03", 4)] {
        lab.advance(DAY_SECONDS / 2);
        // At midnight nothing has been refreshed.
        assert_eq!(counts(&run(&lab).await), [2, 0, 2, 0, 0, 0, 0], "{day}");
        lab.advance(DAY_SECONDS / 2);
        // The event and the insight; the other insight has not changed.
        assert_eq!(counts(&run(&lab).await), [3, 2, 1, 0, 0, 0, 0], "{day}");
        expected.push((format!("{day}T06:00:00.000Z"), Some(count)));
        let table = lab.table().await;
        assert_eq!(events(&table), expected);
        let stored = insight(&table, "prod", APIS, ERROR_SINCE);
        assert_eq!((requests(stored), text(stored, "status")), (Some(count), Some("open")));
        assert_eq!(stored["updated_at"], format!("{day}T06:00:00.000Z").into());
    }
    // The insight itself is what a first run at this time stores.
    let first = undisturbed(&lab).await;
    let table = lab.table().await.content();
    let pk = partition("prod", APIS, ERROR_SINCE);
    assert_eq!(table.get(&pk, "insight"), first.content().get(&pk, "insight"));
}

#[tokio::test]
async fn resources_that_change_between_two_refreshes_replace_the_answer_of_the_same_refresh() {
    let lab = story().await;
    run(&lab).await;
    change_insight(&lab, "test", ADDONS, |insight| insight.resources.clear());
    lab.advance(60);
    assert_eq!(counts(&run(&lab).await), [3, 2, 1, 0, 0, 0, 0]);
    let table = lab.table().await;
    let pk = partition("test", ADDONS, ADDONS_SINCE);
    // The refresh is the event's key, so that there is one event, with the later answer.
    for sk in ["insight", &format!("event#{REFRESHED}")] {
        let resources = table.get(&pk, sk).unwrap()["detail"].at(&["resources"]).unwrap();
        assert_eq!(resources.as_list().map(<[_]>::len), Some(0), "{sk}");
    }
}

#[tokio::test]
async fn another_order_of_an_answer_is_not_a_change() {
    let client =
        r#"{ user_agent = "helm/v3", last_request = "-2d", requests = 3 }, { user_agent = "kubectl/v1.29""#;
    let lab = Lab::new(&STORY.replace(r#"{ user_agent = "kubectl/v1.29""#, client)).await;
    run(&lab).await;
    change_insight(&lab, "prod", APIS, |insight| {
        insight.deprecations.as_mut().unwrap()[0].clients.as_mut().unwrap().reverse();
    });
    lab.advance(60);
    assert_eq!(counts(&run(&lab).await), [2, 0, 2, 0, 0, 0, 0]);
}
