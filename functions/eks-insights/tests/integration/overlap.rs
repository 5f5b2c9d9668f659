//! Runs at the same time, and answers that come late.

use super::{
    ADDONS, ADDONS_SINCE, APIS, ERROR_SINCE, STORY, change_cluster, expected, insight, partition, periods,
    run, story, text, undisturbed,
};
use eks_insights::EksInsights;
use insights_shared::time::DAY_SECONDS;
use insights_tests::{Lab, at};

#[tokio::test]
async fn two_concurrent_runs_store_the_same_as_one() {
    // A first run; one with a transition and a change; and one that closes a check and a cluster.
    let lab = Lab::new(STORY).await;
    for (hours, what) in [(-24, "first"), (24, "transition"), (24, "change")] {
        lab.advance(hours * 3_600);
        let [one, other] = [(); 2].map(|()| lab.function::<EksInsights>(&[]));
        let (one, other) = tokio::join!(one.invoke("{}"), other.invoke("{}"));
        for response in [one.unwrap(), other.unwrap()] {
            assert_eq!(
                (&response["status"], &response["failed"]),
                (&"ok".into(), &0.into()),
                "{what}: {response}"
            );
        }
        let alone = Lab::new(STORY).await;
        for (hours, earlier) in [(-24, "first"), (24, "transition"), (24, "change")] {
            alone.advance(hours * 3_600);
            run(&alone).await;
            if earlier == what {
                break;
            }
        }
        lab.table().await.assert_same_content(&alone.table().await);
    }
}

#[tokio::test]
async fn two_concurrent_runs_close_a_missing_insight_once() {
    let lab = story().await;
    run(&lab).await;
    change_cluster(&lab, "prod", |cluster| cluster.insights.clear());
    super::change(&lab, |data| data.clusters.retain(|cluster| cluster.name != "test"));
    lab.advance(60);
    let [one, other] = [(); 2].map(|()| lab.function::<EksInsights>(&[]));
    let (one, other) = tokio::join!(one.invoke("{}"), other.invoke("{}"));
    for response in [one.unwrap(), other.unwrap()] {
        assert_eq!(response["status"], "ok", "{response}");
    }
    let end = "2026-03-01T12:01:00.000Z";
    let closed = "closed no_longer_known";
    assert_eq!(
        periods(&lab.table().await),
        expected(&[("1111", closed, ERROR_SINCE, end), ("3333", closed, ADDONS_SINCE, end)])
    );
}

#[tokio::test]
async fn an_older_answer_that_is_written_later_does_not_reopen_a_record() {
    let lab = story().await;
    run(&lab).await;
    lab.advance(3 * DAY_SECONDS + 20);
    run(&lab).await;
    let before = lab.table().await;
    assert_eq!(text(insight(&before, "prod", APIS, ERROR_SINCE), "status"), Some("closed"));
    // A run that asked before the transition, and writes now.
    lab.advance(-40);
    run(&lab).await;
    let table = lab.table().await;
    assert_eq!(insight(&table, "prod", APIS, ERROR_SINCE), insight(&before, "prod", APIS, ERROR_SINCE));
    let events = |table: &insights_tests::Table| {
        let pk = partition("prod", APIS, ERROR_SINCE);
        table.0.keys().filter(|key| key.pk == pk).count()
    };
    assert_eq!(events(&table), events(&before), "it has no event, either");
}

#[tokio::test]
async fn an_older_listing_does_not_close_a_record_of_a_later_answer() {
    let lab = story().await;
    run(&lab).await;
    // Another run has stored an answer a minute after this run's listing, in which the check is missing.
    let mut later = insight(&lab.table().await, "test", ADDONS, ADDONS_SINCE).clone();
    later.insert("answered_at".into(), at("2026-03-01T12:01:30Z").into());
    lab.put(later.clone()).await;
    super::change(&lab, |data| data.clusters.retain(|cluster| cluster.name != "test"));
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!((&response["status"], &response["stale"]), (&"ok".into(), &1.into()), "{response}");
    assert_eq!(insight(&lab.table().await, "test", ADDONS, ADDONS_SINCE), &later);
    // A minute later the listing is the later answer.
    lab.advance(60);
    run(&lab).await;
    let table = lab.table().await;
    assert_eq!(text(insight(&table, "test", ADDONS, ADDONS_SINCE), "status_reason"), Some("no_longer_known"));
}

#[tokio::test]
async fn a_record_of_an_earlier_period_that_was_left_open_is_closed_by_the_next_run() {
    // A run was killed after it had stored the new period, or its index entry came late.
    let lab = story().await;
    lab.advance(-DAY_SECONDS);
    run(&lab).await;
    let since = "2026-02-27T10:00:00.000Z";
    let left = insight(&lab.table().await, "prod", APIS, since).clone();
    lab.advance(DAY_SECONDS);
    run(&lab).await;
    let closed = insight(&lab.table().await, "prod", APIS, since).clone();
    lab.put(left).await;
    lab.advance(60);
    run(&lab).await;
    let table = lab.table().await;
    for name in ["status", "ended_at", "updated_at", "content_hash", "ended_sk"] {
        assert_eq!(insight(&table, "prod", APIS, since).get(name), closed.get(name), "{name}");
    }
    let first = undisturbed(&lab).await;
    let pk = partition("prod", APIS, ERROR_SINCE);
    assert_eq!(table.content().get(&pk, "insight"), first.content().get(&pk, "insight"));
}
