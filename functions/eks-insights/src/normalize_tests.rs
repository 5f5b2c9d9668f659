//! Tables for [`normalize`](super), worked out by hand from AWS's shapes and the public contract.

use super::*;
use aws_sdk_eks::types::{
    AddonCompatibilityDetail, Category, ClientStat, DeprecationDetail, InsightCategorySpecificSummary,
    InsightResourceDetail, InsightStatus,
};
use aws_smithy_types::DateTime;
use insights_shared::record::Severity;
use insights_shared::validate::validate;
use proptest::prelude::*;

const ID: &str = "5c7f8a10-3b5d-4f0e-9a51-2a4d1b6c7e01";
const PK: &str =
    "eks#123456789012#eu-west-1#prod#5c7f8a10-3b5d-4f0e-9a51-2a4d1b6c7e01#2023-11-10T08:30:00.500Z";
const ASKED: &str = "2023-11-14T22:25:00Z";

fn target() -> Target {
    Target { account_id: "123456789012".to_owned(), region: "eu-west-1".to_owned(), role: None }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The record and the state of `given`, requested at the time of the worked example.
fn normalized(given: &Insight) -> (Record, CheckState) {
    let target = target();
    insight(ID, given, Origin { target: &target, cluster: "prod", answered_at: time(ASKED) })
}

/// The record as it would be stored.
fn stored(record: Record) -> Stored {
    Stored(validate(record, 400).unwrap().to_map())
}

fn status(status: &str, reason: &str) -> InsightStatus {
    InsightStatus::builder().status(status.into()).reason(reason).build()
}

fn client(agent: &str, requests: i32) -> ClientStat {
    ClientStat::builder()
        .user_agent(agent)
        .number_of_requests_last30_days(requests)
        .last_request_time(DateTime::from_secs(1_699_990_000))
        .build()
}

fn deprecation(clients: Vec<ClientStat>) -> DeprecationDetail {
    DeprecationDetail::builder()
        .usage("/apis/flowcontrol.apiserver.k8s.io/v1beta2/flowschemas")
        .replaced_with("/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas")
        .stop_serving_version("1.29")
        .start_serving_replacement_version("1.26")
        .set_client_stats(Some(clients))
        .build()
}

/// The answer of the contract's worked example.
fn example() -> Insight {
    let summary = InsightCategorySpecificSummary::builder()
        .deprecation_details(deprecation(vec![client("kubectl/v1.25", 12)]))
        .build();
    Insight::builder()
        .id(ID)
        .name("Deprecated APIs removed in Kubernetes v1.29")
        .category(Category::UpgradeReadiness)
        .kubernetes_version("1.29")
        .last_refresh_time(DateTime::from_secs(1_699_999_200))
        .last_transition_time(DateTime::from_secs_f64(1_699_605_000.5))
        .description("Checks for usage of deprecated APIs.")
        .insight_status(status("ERROR", "Deprecated API usage detected within the last 30 days."))
        .recommendation("Update manifests.")
        .additional_info(
            "EKS update documentation",
            "https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html",
        )
        .set_resources(Some(Vec::new()))
        .category_specific_summary(summary)
        .build()
}

fn example_with(change: impl FnOnce(&mut Insight)) -> Insight {
    let mut insight = example();
    change(&mut insight);
    insight
}

/// The detail of the worked example.
const DETAIL: &str = r#"{
    "id": "5c7f8a10-3b5d-4f0e-9a51-2a4d1b6c7e01",
    "name": "Deprecated APIs removed in Kubernetes v1.29",
    "category": "UPGRADE_READINESS",
    "kubernetes_version": "1.29",
    "last_refresh_time": "2023-11-14T22:00:00.000Z",
    "last_transition_time": "2023-11-10T08:30:00.500Z",
    "description": "Checks for usage of deprecated APIs.",
    "insight_status": {
        "status": "ERROR",
        "reason": "Deprecated API usage detected within the last 30 days."
    },
    "recommendation": "Update manifests.",
    "additional_info": {
        "EKS update documentation": "https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html"
    },
    "resources": [],
    "category_specific_summary": {
        "deprecation_details": [
            {
                "usage": "/apis/flowcontrol.apiserver.k8s.io/v1beta2/flowschemas",
                "replaced_with": "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas",
                "stop_serving_version": "1.29",
                "start_serving_replacement_version": "1.26",
                "client_stats": [
                    {
                        "user_agent": "kubectl/v1.25",
                        "number_of_requests_last30_days": 12,
                        "last_request_time": "2023-11-14T19:26:40.000Z"
                    }
                ]
            }
        ]
    }
}"#;

/// `expected` with the worked example's detail.
fn with_detail(expected: &str) -> Value {
    let Value::Map(mut record) = Value::from_json(expected).unwrap() else { panic!("no object") };
    record.insert("detail".into(), Value::from_json(DETAIL).unwrap());
    Value::Map(record)
}

#[test]
fn the_record_of_the_worked_example_equals_that_of_the_contract() {
    let valid = validate(normalized(&example()).0, 400).unwrap();
    // The hash was computed with Python's json.dumps(sort_keys=True, separators=(",", ":")) and hashlib from the contract's
    // example.
    let expected = r#"{
        "pk": "eks#123456789012#eu-west-1#prod#5c7f8a10-3b5d-4f0e-9a51-2a4d1b6c7e01#2023-11-10T08:30:00.500Z",
        "sk": "insight",
        "kind": "eks.insight",
        "schema_version": 1,
        "source": "eks",
        "account_id": "123456789012",
        "region": "eu-west-1",
        "id": "5c7f8a10-3b5d-4f0e-9a51-2a4d1b6c7e01",
        "title": "prod: Deprecated APIs removed in Kubernetes v1.29: ERROR",
        "status": "open",
        "severity": "high",
        "entity": "prod",
        "measures": {},
        "started_at": "2023-11-10T08:30:00.500Z",
        "updated_at": "2023-11-14T22:00:00.000Z",
        "answered_at": "2023-11-14T22:25:00.000Z",
        "content_hash": "37a119d23170dcfcbaef685c5b5603760b0eb2f2b52b908755ae926580c792da",
        "open_pk": "eks",
        "open_sk": "123456789012#eu-west-1#3#2023-11-10T08:30:00.500Z#5876bfa2",
        "entity_pk": "entity#prod",
        "entity_sk": "2023-11-10T08:30:00.500Z#5876bfa2"
    }"#;
    assert_eq!(Value::Map(valid.to_map()), with_detail(expected));
}

#[test]
fn the_event_of_an_insight_has_the_same_answer_under_the_time_of_its_refresh() {
    let event = insight_event(&normalized(&example()).0);
    let valid = validate(event, 400).unwrap();
    // It expires 400 days after 2023-11-14T22:00:00Z (1699999200), although the insight is open.
    let expected = r#"{
        "pk": "eks#123456789012#eu-west-1#prod#5c7f8a10-3b5d-4f0e-9a51-2a4d1b6c7e01#2023-11-10T08:30:00.500Z",
        "sk": "event#2023-11-14T22:00:00.000Z",
        "kind": "eks.insight_event",
        "schema_version": 1,
        "source": "eks",
        "account_id": "123456789012",
        "region": "eu-west-1",
        "title": "prod: Deprecated APIs removed in Kubernetes v1.29: ERROR",
        "started_at": "2023-11-14T22:00:00.000Z",
        "updated_at": "2023-11-14T22:00:00.000Z",
        "answered_at": "2023-11-14T22:25:00.000Z",
        "content_hash": "b8aef8ae9b8f18cafbed68e2988a1ca2a7863b4d79e94a09941700637d991c31",
        "expires_at": 1734559200
    }"#;
    assert_eq!(Value::Map(valid.to_map()), with_detail(expected));
}

#[test]
fn the_severity_is_that_of_the_status_and_the_title_names_cluster_check_and_status() {
    for (word, severity) in [
        (Some("ERROR"), Severity::High),
        (Some("WARNING"), Severity::Medium),
        (Some("UNKNOWN"), Severity::Low),
        (Some("SOMETHING_NEW"), Severity::Low),
        (None, Severity::Low),
    ] {
        let given = example_with(|insight| insight.insight_status = word.map(|word| status(word, "because")));
        let (record, state) = normalized(&given);
        let word = word.unwrap_or("UNKNOWN");
        assert_eq!((record.severity, state.check.status.as_str()), (Some(severity), word));
        let title = format!("prod: Deprecated APIs removed in Kubernetes v1.29: {word}");
        assert_eq!(record.title, Some(title));
        assert_eq!(record.status, Some(Status::Open), "{word}");
    }
    for name in [None, Some(""), Some(" \n")] {
        let given = example_with(|insight| insight.name = name.map(str::to_owned));
        assert_eq!(normalized(&given).0.title, Some(format!("prod: {ID}: ERROR")), "{name:?}");
    }
    let given = example_with(|insight| insight.name = Some("Kubelet\n version  skew".to_owned()));
    assert_eq!(normalized(&given).0.title.as_deref(), Some("prod: Kubelet version skew: ERROR"));
}

#[test]
fn an_inexact_fraction_is_rounded_to_the_millisecond() {
    let blurred = example_with(|insight| {
        insight.last_transition_time = Some(DateTime::from_secs_and_nanos(1_601_002_100, 122_999_000));
    });
    let (record, state) = normalized(&blurred);
    assert!(record.key.pk.ends_with("#2020-09-25T02:48:20.123Z"), "{}", record.key.pk);
    assert_eq!(record.started_at, Some(time("2020-09-25T02:48:20.123Z")));
    assert_eq!(state.check.last_transition_time, record.started_at);
}

#[test]
fn an_answer_without_the_members_of_its_key_and_version_is_rejected() {
    let check = |change: fn(&mut Insight), violation: &str| {
        let rejected = validate(normalized(&example_with(change)).0, 400).unwrap_err();
        assert_eq!(rejected.violations.to_string(), violation);
        // The answer does not contain the name of its cluster, so the raw text has the requested key.
        assert!(rejected.raw.starts_with(r#"{"answer":{"additional_info""#), "{}", rejected.raw);
        let requested = format!(r#""requested":"eks#123456789012#eu-west-1#prod#{ID}#"#);
        assert!(rejected.raw.contains(&requested), "{}", rejected.raw);
    };
    check(|insight| insight.last_transition_time = None, "started_at: is missing from the answer");
    check(|insight| insight.last_refresh_time = None, "updated_at: is missing from the answer");
    check(|insight| insight.id = None, "id: is missing from the answer");
}

#[test]
fn only_members_that_change_at_every_refresh_are_not_hashed() {
    let hash = |given: &Insight| validate(normalized(given).0, 400).unwrap().content_hash().to_owned();
    let same = hash(&example());
    let refreshed =
        example_with(|insight| insight.last_refresh_time = Some(DateTime::from_secs(1_700_085_600)));
    assert_eq!(hash(&refreshed), same);
    for (what, change) in [
        ("name", (|insight| insight.name = None) as fn(&mut Insight)),
        ("category", |insight| insight.category = Some(Category::Misconfiguration)),
        ("version", |insight| insight.kubernetes_version = Some("1.30".to_owned())),
        ("transition", |insight| {
            insight.last_transition_time = Some(DateTime::from_secs_f64(1_699_605_000.501));
        }),
        ("description", |insight| insight.description = None),
        ("status", |insight| insight.insight_status = Some(status("WARNING", "x"))),
        ("reason", |insight| insight.insight_status = Some(status("ERROR", "x"))),
        ("recommendation", |insight| insight.recommendation = None),
        ("links", |insight| insight.additional_info = None),
        ("resources", |insight| insight.resources = None),
        ("summary", |insight| insight.category_specific_summary = None),
        ("requests", |insight| {
            let summary = InsightCategorySpecificSummary::builder()
                .deprecation_details(deprecation(vec![client("kubectl/v1.25", 11)]))
                .build();
            insight.category_specific_summary = Some(summary);
        }),
    ] {
        assert_ne!(hash(&example_with(change)), same, "{what}");
    }
}

fn resource(uri: &str) -> InsightResourceDetail {
    InsightResourceDetail::builder().kubernetes_resource_uri(uri).insight_status(status("ERROR", "x")).build()
}

fn addon(name: &str) -> AddonCompatibilityDetail {
    let versions = ["v1.18.1-eksbuild.1", "v1.17.1-eksbuild.1"].map(str::to_owned);
    AddonCompatibilityDetail::builder().name(name).set_compatible_versions(Some(versions.into())).build()
}

proptest! {
    #[test]
    fn the_order_of_resources_deprecations_clients_and_addons_does_not_matter(
        resources in Just(vec!["/a", "/b", "/c"]).prop_shuffle(),
        usages in Just(vec!["/apis/a", "/apis/b", "/apis/c"]).prop_shuffle(),
        clients in Just(vec![("helm", 1), ("kubectl", 1), ("kubectl", 2)]).prop_shuffle(),
        addons in Just(vec!["coredns", "kube-proxy", "vpc-cni"]).prop_shuffle(),
    ) {
        let given = |resources: &[&str], usages: &[&str], clients: &[(&str, i32)], addons: &[&str]| {
            let clients: Vec<ClientStat> = clients.iter().map(|(agent, count)| client(agent, *count)).collect();
            let usage = |usage: &&str| {
                let mut deprecation = deprecation(clients.clone());
                deprecation.usage = Some((*usage).to_owned());
                deprecation
            };
            let summary = InsightCategorySpecificSummary::builder()
                .set_deprecation_details(Some(usages.iter().map(usage).collect()))
                .set_addon_compatibility_details(Some(addons.iter().copied().map(addon).collect()))
                .build();
            example_with(|insight| {
                insight.resources = Some(resources.iter().copied().map(resource).collect());
                insight.category_specific_summary = Some(summary);
            })
        };
        let sorted = given(
            &["/a", "/b", "/c"],
            &["/apis/a", "/apis/b", "/apis/c"],
            &[("helm", 1), ("kubectl", 1), ("kubectl", 2)],
            &["coredns", "kube-proxy", "vpc-cni"],
        );
        let shuffled = given(&resources, &usages, &clients, &addons);
        prop_assert_eq!(normalized(&shuffled).0, normalized(&sorted).0);
    }
}

/// The state of an answer with this status, transition and refresh.
fn state(word: &str, transition: Option<&str>, refresh: Option<&str>) -> CheckState {
    let date_time = |text: &str| insights_shared::sdk::date_time(time(text));
    let given = example_with(|insight| {
        insight.insight_status = Some(status(word, "x"));
        insight.last_transition_time = transition.map(date_time);
        insight.last_refresh_time = refresh.map(date_time);
    });
    normalized(&given).1
}

#[test]
fn a_closed_insight_keeps_its_last_detail_and_gets_the_version_of_the_closing_answer() {
    let open = stored(normalized(&example()).0);
    let answered_at = time("2023-11-16T01:00:00Z");
    // First a transition at 2023-11-15T20:00, found at the refresh of 22:00. Then no transition, but the check passes.
    for (state, ended_at, updated_at) in [
        (
            state("WARNING", Some("2023-11-15T20:00:00Z"), Some("2023-11-15T22:00:00Z")),
            "2023-11-15T20:00:00.000Z",
            "2023-11-15T22:00:00.000Z",
        ),
        (
            state("PASSING", Some("2023-11-15T20:00:00Z"), None),
            "2023-11-15T20:00:00.000Z",
            "2023-11-15T20:00:00.000Z",
        ),
        (
            state("PASSING", None, Some("2023-11-15T22:00:00Z")),
            "2023-11-15T22:00:00.000Z",
            "2023-11-15T22:00:00.000Z",
        ),
    ] {
        let closed = stored(ended(&open, &state, answered_at).unwrap());
        assert_eq!((closed.text("pk"), closed.text("sk")), (Some(PK), Some("insight")));
        assert_eq!((closed.text("status"), closed.text("status_reason")), (Some("closed"), None));
        assert_eq!((closed.text("ended_at"), closed.text("updated_at")), (Some(ended_at), Some(updated_at)));
        assert_eq!(closed.timestamp("answered_at"), Some(answered_at));
        assert_eq!(closed.text("ended_pk"), Some("eks.insight#2023-11"));
        assert!(!closed.0.contains_key("open_pk"));
        for name in ["title", "severity", "entity", "id", "started_at", "detail"] {
            assert_eq!(closed.0.get(name), open.0.get(name), "{name}");
        }
    }
    let still = state("ERROR", Some("2023-11-10T08:30:00.5Z"), Some("2023-11-15T22:00:00Z"));
    assert_eq!(ended(&open, &still, answered_at), None);
}

#[test]
fn an_insight_that_is_no_longer_known_ends_at_the_time_of_the_listing_and_keeps_its_version() {
    let open = stored(normalized(&example()).0);
    let closed = stored(no_longer_known(&open, time("2023-11-16T01:00:00Z")).unwrap());
    for (name, expected) in [
        ("status", "closed"),
        ("status_reason", "no_longer_known"),
        ("ended_at", "2023-11-16T01:00:00.000Z"),
        ("updated_at", "2023-11-14T22:00:00.000Z"),
        ("answered_at", "2023-11-16T01:00:00.000Z"),
    ] {
        assert_eq!(closed.text(name), Some(expected), "{name}");
    }
    // With a clock that is behind, the end is not before the start.
    let closed = no_longer_known(&open, time("2023-11-09T00:00:00Z")).unwrap();
    assert_eq!(closed.ended_at, Some(time("2023-11-10T08:30:00.5Z")));
}
