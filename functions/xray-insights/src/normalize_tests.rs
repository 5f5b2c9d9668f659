//! Tables for [`normalize`](super), worked out by hand from AWS's shapes and the public contract.

#[path = "normalize_tests/parts.rs"]
mod parts;
#[path = "normalize_tests/properties.rs"]
mod properties;

use super::*;
use aws_smithy_types::DateTime;
use insights_shared::record::Severity;
use insights_shared::validate::validate;

const ID: &str = "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f";
const PK: &str = "xray#123456789012#eu-west-1#7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f";

fn target() -> Target {
    Target { account_id: "123456789012".to_owned(), region: "eu-west-1".to_owned(), role: None }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn seconds(seconds: i64) -> DateTime {
    DateTime::from_secs(seconds)
}

/// The record of `given`, requested at the time of the worked example.
fn record_of(given: &Insight, version: Version<'_>) -> Record {
    let target = target();
    insight(given, version, Origin { target: &target, answered_at: time("2023-11-14T22:25:00Z") })
}

fn events_of(id: &str, given: &[InsightEvent]) -> Vec<Record> {
    let target = target();
    events(id, given, Origin { target: &target, answered_at: time("2023-11-14T22:25:00Z") })
}

fn summary_version() -> Version<'static> {
    Version::Summary(time("2023-11-14T22:23:20.5Z"))
}

fn by_id<'a>(stored: Option<&'a Stored>, newest_event: Option<&str>) -> Version<'a> {
    Version::ById { stored, newest_event: newest_event.map(time) }
}

/// The record as it would be stored.
fn stored(record: Record) -> Stored {
    Stored(validate(record, 400).unwrap().to_map())
}

fn statistics_of(fault: Option<i64>, ok: Option<i64>, total: Option<i64>) -> RequestImpactStatistics {
    RequestImpactStatistics::builder().set_fault_count(fault).set_ok_count(ok).set_total_count(total).build()
}

fn lambda(name: &str, kind: &str) -> ServiceId {
    ServiceId::builder().name(name).names(name).account_id("123456789012").r#type(kind).build()
}

/// The answer of the contract's worked example.
fn example() -> Insight {
    Insight::builder()
        .insight_id(ID)
        .group_arn("arn:aws:xray:eu-west-1:123456789012:group/Default/ABCDEFGH")
        .group_name("Default")
        .root_cause_service_id(lambda("checkout", "AWS::Lambda::Function"))
        .categories(InsightCategory::Fault)
        .state(InsightState::Active)
        .start_time(DateTime::from_secs_f64(1_700_000_000.25))
        .summary("Faults in checkout")
        .client_request_impact_statistics(statistics_of(Some(40), Some(960), Some(1000)))
        .root_cause_service_request_impact_statistics(statistics_of(Some(30), Some(70), Some(100)))
        .top_anomalous_services(AnomalousService::builder().service_id(lambda("payments", "remote")).build())
        .build()
}

fn example_with(change: impl FnOnce(&mut Insight)) -> Insight {
    let mut insight = example();
    change(&mut insight);
    insight
}

#[test]
fn the_record_of_the_worked_example_equals_that_of_the_contract() {
    let updated = timestamp(&DateTime::from_secs_f64(1_700_000_600.5)).unwrap();
    let valid = validate(record_of(&example(), Version::Summary(updated)), 400).unwrap();
    let expected = r#"{
        "pk": "xray#123456789012#eu-west-1#7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f",
        "sk": "insight",
        "kind": "xray.insight",
        "schema_version": 1,
        "source": "xray",
        "account_id": "123456789012",
        "region": "eu-west-1",
        "id": "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f",
        "title": "Faults in checkout",
        "status": "open",
        "severity": "high",
        "entity": "checkout",
        "measures": {"fault_count": 30, "ok_count": 70, "total_count": 100},
        "started_at": "2023-11-14T22:13:20.250Z",
        "updated_at": "2023-11-14T22:23:20.500Z",
        "answered_at": "2023-11-14T22:25:00.000Z",
        "content_hash": "3dd1d3551cb080bbdbdc99a7068e924f28d9b282e13416a821fd2231851c4e7d",
        "open_pk": "xray",
        "open_sk": "123456789012#eu-west-1#3#2023-11-14T22:13:20.250Z#cc4c30a2",
        "entity_pk": "entity#checkout",
        "entity_sk": "2023-11-14T22:13:20.250Z#cc4c30a2",
        "detail": {
            "insight_id": "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f",
            "group_arn": "arn:aws:xray:eu-west-1:123456789012:group/Default/ABCDEFGH",
            "group_name": "Default",
            "root_cause_service_id": {
                "name": "checkout",
                "names": ["checkout"],
                "account_id": "123456789012",
                "type": "AWS::Lambda::Function"
            },
            "categories": ["FAULT"],
            "state": "ACTIVE",
            "start_time": "2023-11-14T22:13:20.250Z",
            "summary": "Faults in checkout",
            "client_request_impact_statistics": {"fault_count": 40, "ok_count": 960, "total_count": 1000},
            "root_cause_service_request_impact_statistics": {
                "fault_count": 30, "ok_count": 70, "total_count": 100
            },
            "top_anomalous_services": [
                {
                    "service_id": {
                        "name": "payments",
                        "names": ["payments"],
                        "account_id": "123456789012",
                        "type": "remote"
                    }
                }
            ],
            "last_update_time": "2023-11-14T22:23:20.500Z"
        }
    }"#;
    assert_eq!(Value::Map(valid.to_map()), Value::from_json(expected).unwrap());
}

#[test]
fn any_state_except_closed_is_open_and_closed_without_an_end_ends_at_its_version() {
    let check = |state: Option<&str>, end: Option<i64>, status, ended: Option<&str>| {
        let given = example_with(|insight| {
            insight.state = state.map(InsightState::from);
            insight.end_time = end.map(seconds);
        });
        let record = record_of(&given, summary_version());
        assert_eq!(record.status, Some(status), "{state:?} {end:?}");
        assert_eq!(record.ended_at, ended.map(time), "{state:?} {end:?}");
        let text = |name: &str| record.detail.get(name).and_then(Value::as_str).map(str::to_owned);
        assert_eq!(text("state").as_deref(), state, "verbatim");
        assert_eq!(text("end_time").is_some(), end.is_some(), "what the service says is kept");
        assert!(validate(record, 400).is_ok(), "{state:?} {end:?}");
    };
    check(Some("ACTIVE"), None, Status::Open, None);
    check(Some("ACTIVE"), Some(1_700_000_500), Status::Open, None);
    check(Some("SOMETHING_NEW"), None, Status::Open, None);
    check(None, None, Status::Open, None);
    check(Some("closed"), None, Status::Open, None);
    check(Some("CLOSED"), Some(1_700_000_500), Status::Closed, Some("2023-11-14T22:21:40Z"));
    check(Some("CLOSED"), None, Status::Closed, Some("2023-11-14T22:23:20.5Z"));
}

#[test]
fn unknown_categories_are_kept_verbatim_and_absent_lists_stay_absent() {
    let categories = |list: Option<Vec<&str>>| {
        let list = list.map(|list| list.into_iter().map(InsightCategory::from).collect());
        record_of(&example_with(|insight| insight.categories = list), summary_version())
            .detail
            .get("categories")
            .cloned()
    };
    assert_eq!(categories(Some(vec!["FAULT", "LATENCY"])), Some(vec!["FAULT", "LATENCY"].into()));
    assert_eq!(categories(Some(Vec::new())), Some(Value::List(Vec::new())));
    assert_eq!(categories(None), None);
}

#[test]
fn without_a_summary_the_title_has_state_and_root_cause() {
    let check = |summary: Option<&str>, state: Option<&str>, root_cause: Option<&str>, expected: &str| {
        let given = example_with(|insight| {
            insight.summary = summary.map(str::to_owned);
            insight.state = state.map(InsightState::from);
            insight.root_cause_service_id = root_cause.map(|name| lambda(name, "remote"));
        });
        assert_eq!(record_of(&given, summary_version()).title.as_deref(), Some(expected));
    };
    check(Some("Faults\n  in\tcheckout "), Some("ACTIVE"), Some("checkout"), "Faults in checkout");
    check(Some(" \n"), Some("ACTIVE"), Some("checkout"), "ACTIVE insight, root cause checkout");
    check(None, Some("CLOSED"), None, "CLOSED insight, root cause not named");
    check(None, Some("NEW"), Some("payments"), "NEW insight, root cause payments");
    check(None, None, None, "UNKNOWN insight, root cause not named");
}

#[test]
fn the_entity_is_the_name_of_the_root_cause_otherwise_its_first_name() {
    let check = |name: Option<&str>, names: Option<Vec<&str>>, expected: Option<&str>| {
        let names = names.map(|names| names.into_iter().map(str::to_owned).collect());
        let service = ServiceId::builder().set_name(name.map(str::to_owned)).set_names(names).build();
        let given = example_with(|insight| insight.root_cause_service_id = Some(service));
        assert_eq!(record_of(&given, summary_version()).entity.as_deref(), expected);
    };
    check(Some("a"), Some(vec!["b"]), Some("a"));
    check(None, Some(vec!["b", "c"]), Some("b"));
    check(None, Some(Vec::new()), None);
    check(None, None, None);
    check(Some(""), None, None);
    let without = example_with(|insight| insight.root_cause_service_id = None);
    assert_eq!(record_of(&without, summary_version()).entity, None);
}

#[test]
fn severity_and_measures_come_from_the_root_cause_otherwise_from_the_clients() {
    let check = |root_cause: Option<[Option<i64>; 3]>,
                 client: Option<[Option<i64>; 3]>,
                 severity,
                 measures| {
        let statistics =
            |given: Option<[Option<i64>; 3]>| given.map(|[fault, ok, total]| statistics_of(fault, ok, total));
        let given = example_with(|insight| {
            insight.root_cause_service_request_impact_statistics = statistics(root_cause);
            insight.client_request_impact_statistics = statistics(client);
        });
        let record = record_of(&given, summary_version());
        assert_eq!(record.severity, Some(severity), "{root_cause:?} {client:?}");
        let named: Vec<(&str, i64)> =
            record.measures.iter().map(|(name, number)| (name.as_str(), number.as_i64().unwrap())).collect();
        assert_eq!(named, measures, "{root_cause:?} {client:?}");
    };
    let whole = |fault: i64, total: i64| Some([Some(fault), Some(total - fault), Some(total)]);
    let named = |fault: i64, ok: i64, total: i64| {
        vec![("fault_count", fault), ("ok_count", ok), ("total_count", total)]
    };
    check(whole(50, 100), whole(1, 100), Severity::Critical, named(50, 50, 100));
    check(whole(0, 100), whole(50, 100), Severity::Info, named(0, 100, 100));
    check(None, whole(20, 100), Severity::High, named(20, 80, 100));
    check(Some([Some(9), None, None]), whole(5, 100), Severity::Medium, named(5, 95, 100));
    check(Some([None, None, Some(9)]), whole(1, 100), Severity::Low, named(1, 99, 100));
    check(Some([Some(9), None, None]), None, Severity::Info, vec![("fault_count", 9)]);
    check(None, Some([None, Some(3), None]), Severity::Info, vec![("ok_count", 3)]);
    check(None, None, Severity::Info, vec![]);
    check(whole(0, 0), None, Severity::Info, named(0, 0, 0));
}

#[test]
fn a_record_without_a_start_or_an_id_is_rejected_completely() {
    type Change = fn(&mut Insight);
    let cases: [(Change, &str); 3] = [
        (|insight| insight.start_time = None, "started_at"),
        (|insight| insight.insight_id = None, "id"),
        (|insight| insight.insight_id = Some(String::new()), "id"),
    ];
    for (change, field) in cases {
        let given = example_with(change);
        let rejected = validate(record_of(&given, summary_version()), 400).unwrap_err();
        let fields: Vec<&str> = rejected.violations.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, [field]);
        for said in ["Faults in checkout", "\"fault_count\":30", "payments", "2023-11-14T22:23:20.500Z"] {
            assert!(rejected.raw.contains(said), "{said} not in {}", rejected.raw);
        }
    }
    let nothing = record_of(&Insight::builder().build(), by_id(None, None));
    assert!(nothing.detail.is_empty(), "absent stays absent");
    assert_eq!(validate(nothing, 400).unwrap_err().violations.len(), 3);
}

#[test]
fn an_answer_by_id_keeps_the_stored_version_while_the_rest_is_equal() {
    let listed = stored(record_of(&example(), summary_version()));
    let same = record_of(&example(), by_id(Some(&listed), Some("2023-11-14T22:20:00Z")));
    assert_eq!(same.updated_at, Some(time("2023-11-14T22:23:20.5Z")));
    assert_eq!(stored(same).content_hash(), listed.content_hash(), "so that nothing is written");

    // Stored without the summary's time, because a part is missing. The version does not change.
    let mut incomplete = record_of(&example(), summary_version());
    without_version(&mut incomplete);
    let incomplete = stored(incomplete);
    let same = record_of(&example(), by_id(Some(&incomplete), Some("2023-11-14T22:20:00Z")));
    assert_eq!(same.updated_at, Some(time("2023-11-14T22:23:20.5Z")));
    assert!(!same.detail.contains_key("last_update_time"));
}

#[test]
fn a_changed_answer_by_id_has_the_time_of_the_newest_event_or_the_end_or_the_start() {
    let listed = stored(record_of(&example(), summary_version()));
    let check = |end: Option<i64>, newest: Option<&str>, expected: &str| {
        let given = example_with(|insight| {
            insight.summary = Some("More faults in checkout".to_owned());
            insight.end_time = end.map(seconds);
        });
        for stored in [Some(&listed), None] {
            let record = record_of(&given, by_id(stored, newest));
            assert_eq!(record.updated_at, Some(time(expected)), "{end:?} {newest:?}");
            assert!(!record.detail.contains_key("last_update_time"), "it is not the summary's");
        }
    };
    check(Some(1_700_000_500), Some("2023-11-14T22:20:00Z"), "2023-11-14T22:20:00Z");
    check(Some(1_700_000_500), None, "2023-11-14T22:21:40Z");
    check(None, None, "2023-11-14T22:13:20.25Z");
}

#[test]
fn only_a_complete_stored_record_of_an_equal_answer_is_the_same() {
    let listed = stored(record_of(&example(), summary_version()));
    assert!(is_complete_and_same(&listed, &example()));
    let changed = example_with(|insight| insight.state = Some(InsightState::Closed));
    assert!(!is_complete_and_same(&listed, &changed));
    let less = example_with(|insight| insight.summary = None);
    assert!(!is_complete_and_same(&listed, &less), "a member has gone");
    let mut incomplete = record_of(&example(), summary_version());
    without_version(&mut incomplete);
    assert!(!is_complete_and_same(&stored(incomplete), &example()), "events or graph are missing");
    assert!(!is_complete_and_same(&Stored(Map::new()), &example()));
}

#[test]
fn an_insight_that_x_ray_no_longer_has_ends_at_its_last_version() {
    let listed = stored(record_of(&example(), summary_version()));
    let closed = no_longer_known(&listed, time("2023-12-20T00:00:00Z")).unwrap();
    assert_eq!(closed.status, Some(Status::Closed));
    assert_eq!(closed.status_reason, Some(StatusReason::NoLongerKnown));
    assert_eq!(closed.ended_at, Some(time("2023-11-14T22:23:20.5Z")));
    assert_eq!(closed.updated_at, closed.ended_at, "the version is kept");
    let valid = validate(closed, 400).unwrap();
    for name in ["title", "severity", "entity", "measures", "started_at", "detail", "id"] {
        assert_eq!(valid.get(name), listed.0.get(name), "{name}");
    }
    assert_eq!(valid.get("ended_pk").and_then(Value::as_str), Some("xray.insight#2023-11"));
    assert!(valid.get("open_pk").is_none());
    assert_eq!(no_longer_known(&Stored(Map::new()), time("2023-12-20T00:00:00Z")), None);
}
