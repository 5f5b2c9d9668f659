//! `readiness`: clusters in several accounts and regions, and targets of which nothing is known.

use crate::support::story::Story;

fn cluster(account: &str, region: &str, name: &str, checks: &str, further: &str) -> String {
    format!(
        r#"{{"pk":"catalog#eks#{account}#{region}","sk":"cluster#{name}","kind":"catalog","source":"eks","schema_version":1,
            "account_id":"{account}","region":"{region}","answered_at":"2026-03-01T06:00:00.000Z",
            "detail":{{"cluster_name":"{name}","checks":[{checks}]}}{further}}}"#
    )
}

fn check(id: &str, category: &str, version: &str, status: &str) -> String {
    format!(
        r#"{{"id":"{id}","name":"Check {id}","category":"{category}","kubernetes_version":"{version}","status":"{status}",
            "last_transition_time":"2026-02-20T06:00:00.000Z"}}"#
    )
}

fn state(account: &str, region: &str, status: &str, further: &str) -> String {
    format!(
        r#"{{"pk":"run#eks#{account}#{region}","sk":"state","kind":"state","source":"eks","schema_version":1,
            "account_id":"{account}","region":"{region}","entity_pk":"run#eks","entity_sk":"{account}#{region}",
            "last_run_at":"2026-03-01T11:50:00.000Z","last_success_at":"2026-03-01T11:50:00.000Z",
            "last_status":"{status}","fetched":0{further}}}"#
    )
}

/// Two accounts: three clusters and one that was deleted in the first, and a denial in the second.
fn story() -> Story {
    let story = Story::empty();
    let upgrade = |id, version, status| check(id, "UPGRADE_READINESS", version, status);
    let own = "123456789012";
    story.put(&state(own, "eu-west-1", "ok", ""));
    story.put(&state(
        "111122223333",
        "us-east-1",
        "failed",
        r#","issue_counts":{"AccessDeniedException":1}"#,
    ));
    let failing = [
        upgrade("apis", "1.33", "ERROR"),
        upgrade("kubelet", "1.33", "WARNING"),
        upgrade("later", "1.34", "ERROR"),
        check("nodes", "MISCONFIGURATION", "1.32", "WARNING"),
    ];
    story.put(&cluster(own, "eu-west-1", "prod", &failing.join(","), ""));
    story.put(&cluster(own, "eu-west-1", "test", &upgrade("apis", "1.33", "PASSING"), ""));
    story.put(&cluster(own, "eu-west-1", "old", &upgrade("apis", "1.9", "UNKNOWN"), ""));
    let gone = r#","gone_at":"2026-02-27T06:00:00.000Z""#;
    story.put(&cluster(own, "eu-west-1", "deleted", &upgrade("apis", "1.33", "ERROR"), gone));
    story
}

#[test]
fn clusters_are_listed_by_next_version_with_what_blocks_each() {
    let story = story();
    let expected = "account_id,region,cluster,kubernetes_version,state,failing,failing_later,failing_others\r\n\
                    123456789012,eu-west-1,old,1.9,unknown,apis,,0\r\n\
                    123456789012,eu-west-1,prod,1.33,blocked,apis; kubelet,later,1\r\n\
                    123456789012,eu-west-1,test,1.33,ready,,,0\r\n";
    assert_eq!(story.output(&["readiness", "--output", "csv"]), expected);
    let page = story.output(&["readiness"]);
    assert!(page.starts_with("3 clusters: 1 blocked, 1 unknown, 1 ready"), "{page}");
    let (old, prod, test) =
        (page.find(" old ").unwrap(), page.find(" prod ").unwrap(), page.find(" test ").unwrap());
    assert!(old < prod && prod < test, "{page}");
    let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in ["Check apis", "blocked", "Unknown or not recent", "EKS, 111122223333 us-east-1"] {
        assert!(flat.contains(expected), "{expected} is missing: {page}");
    }
    assert!(!page.contains("deleted"), "{page}");
}

#[test]
fn json_has_the_stored_rows_with_the_assessment() {
    let json = story().output(&["readiness", "--output", "json", "--region", "eu-west-1"]);
    let records: serde_json::Value = serde_json::from_str(&json).unwrap();
    let prod = &records[1];
    assert_eq!(prod["sk"], "cluster#prod");
    assert_eq!(prod["detail"]["checks"].as_array().map(Vec::len), Some(4));
    let expected = serde_json::json!({
        "state": "blocked", "kubernetes_version": "1.33", "failing": ["apis", "kubelet"],
        "failing_later": ["later"], "failing_others": 1
    });
    assert_eq!(prod["readiness"], expected);
    assert_eq!(records.as_array().map(Vec::len), Some(3));
}

#[test]
fn a_selection_without_clusters_says_what_is_unknown() {
    let denied = story().output(&["readiness", "--account", "111122223333"]);
    assert!(denied.starts_with("No cluster is known."), "{denied}");
    assert!(denied.contains("EKS, 111122223333 us-east-1"), "{denied}");
    let run = Story::empty().insights(&["readiness"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(run.stderr.contains("no EKS cluster has been collected"), "{}", run.stderr);
}
