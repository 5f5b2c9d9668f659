//! For any answer of X-Ray, nothing is lost and no two records have the same key.

use super::*;
use insights_shared::validate::ValidRecord;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[-#%a:]{0,4}", "sha256:[a#]{0,2}", ".{0,20}", "[a-z]{195,205}", Just(ID.to_owned())]
}

fn any_statistics() -> impl Strategy<Value = Option<RequestImpactStatistics>> {
    let count = || prop::option::of(any::<i64>());
    prop::option::of(
        (count(), count(), count()).prop_map(|(fault, ok, total)| statistics_of(fault, ok, total)),
    )
}

fn any_service() -> impl Strategy<Value = ServiceId> {
    let text = || prop::option::of(any_text());
    (text(), prop::option::of(prop::collection::vec(any_text(), 0..3)), text(), text()).prop_map(
        |(name, names, account, kind)| {
            ServiceId::builder()
                .set_name(name)
                .set_names(names)
                .set_account_id(account)
                .set_type(kind)
                .build()
        },
    )
}

fn any_time() -> impl Strategy<Value = Option<DateTime>> {
    let within = (-62_135_596_800_i64..253_402_207_199, 0_u32..1_000_000_000);
    prop_oneof![
        Just(None),
        within.prop_map(|(seconds, nanos)| Some(DateTime::from_secs_and_nanos(seconds, nanos))),
        any::<i64>().prop_map(|seconds| Some(DateTime::from_secs(seconds))),
    ]
}

fn any_insight() -> impl Strategy<Value = Insight> {
    let text = || prop::option::of(any_text());
    let anomalous = prop::collection::vec(prop::option::of(any_service()), 0..3);
    let members = (
        (text(), text(), text(), text(), text()),
        (prop::option::of(any_service()), prop::option::of(prop::collection::vec(any_text(), 0..3))),
        (any_time(), any_time(), any_statistics(), any_statistics(), prop::option::of(anomalous)),
    );
    members.prop_map(|((id, arn, name, state, summary), (root_cause, categories), rest)| {
        let (start, end, clients, root_causes, anomalous) = rest;
        let categories = categories.map(|list| list.iter().map(|text| text.as_str().into()).collect());
        let anomalous = anomalous.map(|list| {
            list.into_iter().map(|id| AnomalousService::builder().set_service_id(id).build()).collect()
        });
        Insight::builder()
            .set_insight_id(id)
            .set_group_arn(arn)
            .set_group_name(name)
            .set_root_cause_service_id(root_cause)
            .set_categories(categories)
            .set_state(state.map(|state| state.as_str().into()))
            .set_start_time(start)
            .set_end_time(end)
            .set_summary(summary)
            .set_client_request_impact_statistics(clients)
            .set_root_cause_service_request_impact_statistics(root_causes)
            .set_top_anomalous_services(anomalous)
            .build()
    })
}

/// The number of members and elements in `insight`, according to the SDK's accessors.
fn members(insight: &Insight) -> usize {
    fn is<T>(member: Option<&T>) -> usize {
        usize::from(member.is_some())
    }
    fn of_statistics(statistics: Option<&RequestImpactStatistics>) -> usize {
        statistics.map_or(0, |inner| {
            1 + is(inner.fault_count.as_ref()) + is(inner.ok_count.as_ref()) + is(inner.total_count.as_ref())
        })
    }
    fn of_list<T>(list: Option<&Vec<T>>, of: impl Fn(&T) -> usize) -> usize {
        list.map_or(0, |list| 1 + list.iter().map(|element| 1 + of(element)).sum::<usize>())
    }
    fn of_service(service: Option<&ServiceId>) -> usize {
        service.map_or(0, |inner| {
            let texts = is(inner.name.as_ref()) + is(inner.account_id.as_ref()) + is(inner.r#type.as_ref());
            1 + texts + of_list(inner.names.as_ref(), |_| 0)
        })
    }
    is(insight.insight_id.as_ref())
        + is(insight.group_arn.as_ref())
        + is(insight.group_name.as_ref())
        + is(insight.state.as_ref())
        + is(insight.summary.as_ref())
        + is(insight.start_time.as_ref())
        + is(insight.end_time.as_ref())
        + of_list(insight.categories.as_ref(), |_| 0)
        + of_service(insight.root_cause_service_id.as_ref())
        + of_statistics(insight.client_request_impact_statistics.as_ref())
        + of_statistics(insight.root_cause_service_request_impact_statistics.as_ref())
        + of_list(insight.top_anomalous_services.as_ref(), |service| of_service(service.service_id.as_ref()))
}

fn members_of(value: &Value) -> usize {
    match value {
        Value::Map(map) => map.len() + map.values().map(members_of).sum::<usize>(),
        Value::List(list) => list.len() + list.iter().map(members_of).sum::<usize>(),
        _ => 0,
    }
}

proptest! {
    #[test]
    fn the_detail_has_exactly_the_members_of_any_answer(given in any_insight()) {
        let record = record_of(&given, by_id(None, None));
        prop_assert_eq!(members_of(&Value::Map(record.detail.clone())), members(&given));
        // Any answer is stored or rejected as a whole, and never causes a panic.
        let detail = record.detail.clone();
        match validate(record, 400) {
            Ok(valid) => prop_assert_eq!(valid.to_map()["detail"].clone(), Value::Map(detail)),
            Err(rejected) => {
                prop_assert!(!rejected.violations.is_empty());
                let raw = Value::from_json(&rejected.raw).unwrap();
                let has_id = given.insight_id().is_some_and(|id| !id.is_empty());
                let answer = if has_id { Some(&raw) } else { raw.at(&["answer"]) };
                prop_assert_eq!(answer, Some(&Value::Map(detail)));
            }
        }
    }

    #[test]
    fn an_equal_answer_by_id_results_in_the_same_record(given in any_insight()) {
        let listed = record_of(&given, summary_version());
        if let Ok(valid) = validate(listed, 0) {
            let stored = Stored(valid.to_map());
            let again: ValidRecord = validate(record_of(&given, by_id(Some(&stored), None)), 0).unwrap();
            prop_assert_eq!(again.content_hash(), valid.content_hash());
            prop_assert!(is_complete_and_same(&stored, &given));
        }
    }

    #[test]
    fn keys_are_unique_and_only_repeated_events_are_omitted(
        ids in prop::collection::btree_set(any_text(), 1..4),
        times in prop::collection::vec((any_time(), "[ab]?"), 0..12),
    ) {
        let given: Vec<InsightEvent> = times
            .iter()
            .map(|(at, summary)| InsightEvent::builder().set_event_time(*at).summary(summary).build())
            .collect();
        // Times within one millisecond are equal. Times outside the supported range keep their value.
        let named = |at: &DateTime| timestamp(at).map_or_else(|| format!("{at:?}"), |time| time.to_string());
        let distinct: BTreeSet<(Option<String>, &str)> =
            times.iter().map(|(at, summary)| (at.as_ref().map(named), summary.as_str())).collect();
        let mut keys = BTreeSet::new();
        for id in &ids {
            let records = events_of(id, &given);
            prop_assert_eq!(records.len(), distinct.len());
            keys.extend(records.into_iter().map(|record| record.key));
            keys.insert(insight_key(&target(), id));
            let origin_target = target();
            let origin = Origin { target: &origin_target, answered_at: Timestamp::from_seconds(0) };
            let asked = Window { start: Timestamp::MIN, end: Timestamp::MAX };
            keys.insert(impact_graph(id, &ImpactGraph::default(), asked, Timestamp::MIN, origin).key);
        }
        prop_assert_eq!(keys.len(), ids.len() * (distinct.len() + 2));
    }
}
