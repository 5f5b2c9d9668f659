//! Events of any size, joined in any order, always result in the same forms.

use super::*;
use crate::event::{Phase, read};
use crate::removed::TRUNCATED;
use insights_shared::record::Stored;
use insights_shared::target::Target;
use insights_shared::time::Timestamp;
use insights_shared::validate::validate;
use proptest::prelude::*;

const ID: &str = "fccb064f-dd07-4822-97c0-11115d8b91d4";

/// An event whose attributions, look-up and unknown members have these sizes.
fn event_of(
    state: &str,
    attributions: usize,
    resources: Option<usize>,
    unknown: &[usize],
) -> (Phase, PhaseEvent) {
    let minute = if state == "Start" { "00" } else { "10" };
    let member = |(number, size): (usize, &usize)| format!(r#""m{number}":"{}","#, "u".repeat(*size));
    let members: String = unknown.iter().enumerate().map(member).collect();
    let text = format!(
        r#"{{{members}"eventTime":"2026-03-01T11:{minute}:00Z","eventID":"{state}","sharedEventID":"{ID}","insightDetails":{{
        "state":"{state}","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","insightType":"ApiCallRateInsight",
        "insightContext":{{"statistics":{{"insight":{{"average":6}},"baseline":{{"average":0.02}},"insightDuration":10}},
        "attributions":"{}"}}}}}}"#,
        "a".repeat(attributions)
    );
    let event = read(&text, "123456789012").unwrap();
    let mut half = event.event;
    if let Some(size) = resources {
        let lookup =
            Map::from([("resources".into(), "r".repeat(size).into()), ("username".into(), "ci".into())]);
        half.detail.insert(LOOKUP.into(), lookup.into());
    }
    (event.phase, half)
}

fn pushed((phase, half): &(Phase, PhaseEvent)) -> (Phase, PhaseEvent) {
    let mut half = half.clone();
    half.detail.remove(LOOKUP);
    (*phase, half)
}

/// The stored detail after these events were joined one by one with the stored record.
fn stored(pair: &[&(Phase, PhaseEvent)]) -> Map {
    let target = Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None };
    let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let mut item = Map::new();
    for (phase, half) in pair {
        let mut joined = EventPair::from_stored(&Stored(item));
        joined.add(*phase, half.clone());
        let record = validate(joined.into_record(&target, ID, now), 400).unwrap();
        assert!(record.size() <= LARGEST_ITEM);
        item = record.to_map();
    }
    item
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_result_is_the_same_in_any_order_of_the_events(
        // Events up to the limit of 256 KB, with look-ups of any size.
        sizes in prop::array::uniform2((
            prop_oneof![Just(0_usize), 0_usize..4_000, 100_000_usize..200_000],
            prop::option::of(prop_oneof![0_usize..4_000, 10_000_usize..20_000, 100_000_usize..450_000]),
            prop::collection::vec(prop_oneof![0_usize..2_000, 10_000_usize..27_000], 0..3),
        )),
        order in Just(vec![0_usize, 1, 2, 3]).prop_shuffle(),
        again in prop::collection::vec(0_usize..4, 0..5),
    ) {
        let [start, end] = [("Start", &sizes[0]), ("End", &sizes[1])]
            .map(|(state, (attributions, resources, unknown))| event_of(state, *attributions, *resources, unknown));
        let all = [&start, &end, &pushed(&start), &pushed(&end)];
        let order: Vec<_> = order.into_iter().chain(again).map(|step| all[step]).collect();
        prop_assert_eq!(stored(&order), stored(&[&start, &end]));
    }
}

#[test]
fn an_item_of_the_maximum_size_is_complete_and_one_byte_more_is_truncated() {
    // 400 KiB minus 3 KiB for the rest and 36 bytes for the id leave 406,492 bytes. Besides its attributions, the Start has
    // 323 bytes of members (event_time 34, event_id 13, shared_event_id 51, insight_details 225). With one byte for each of
    // these four, and the name once and the source twice more, it has 373. The name in the End is two bytes shorter and
    // occurs twice, and the End has 1,000 bytes of attributions: 1,369.
    let most = 409_600 - 3_072 - 36 - 373 - 1_369;
    let names = |attributions: usize| {
        let (start, end) = (event_of("Start", attributions, None, &[]), event_of("End", 1_000, None, &[]));
        truncated(&stored(&[&start, &end]))
    };
    assert_eq!((most, names(most)), (404_750, vec![]));
    assert_eq!(names(most + 1), ["start.insight_details.insight_context.attributions"]);
}

/// The names of the removed members.
fn truncated(item: &Map) -> Vec<String> {
    let names = item["detail"].at(&[TRUNCATED]).and_then(Value::as_list).unwrap_or_default();
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_look_up_is_shortened_only_if_necessary_and_before_its_event() {
    const START: &str = "start.insight_details.insight_context.attributions";
    let (of_start, of_end) = ("start.lookup.resources", "end.lookup.resources");
    // The sizes of the attributions and the look-up: of the Start, then of the End.
    for (start, end, expected) in [
        ((2_000, Some(20_000)), (0, None), vec![]),
        ((2_000, Some(20_000)), (2_000, Some(20_000)), vec![]),
        ((1_000, Some(200_000)), (1_000, Some(200_000)), vec![]),
        ((100, Some(401_000)), (0, Some(1_000)), vec![]),
        ((1_000, Some(220_000)), (1_000, Some(220_000)), vec![of_start]),
        ((1_000, Some(10_000)), (1_000, Some(450_000)), vec![of_end]),
        ((1_000, Some(450_000)), (1_000, Some(450_000)), vec![of_end, of_start]),
        ((195_000, Some(20_000)), (195_000, Some(20_000)), vec![of_start, START]),
        ((195_000, Some(20_000)), (195_000, Some(2_000)), vec![of_start]),
        ((195_000, None), (195_000, Some(20_000)), vec![START]),
        ((220_000, Some(20_000)), (220_000, Some(20_000)), vec![of_start, START]),
        // A shortened look-up keeps its small members.
        ((220_000, Some(1_000)), (220_000, Some(1_000)), vec![START]),
    ] {
        let [start, end] = [("Start", start), ("End", end)]
            .map(|(state, (attributions, look_up))| event_of(state, attributions, look_up, &[]));
        let all = [&start, &end, &pushed(&start), &pushed(&end)];
        for order in [[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0], [2, 0, 3, 1], [3, 1, 2, 0]] {
            let item = stored(&order.map(|step| all[step]));
            assert_eq!(truncated(&item), expected, "{order:?}");
            for half in ["start", "end"] {
                if let Some(look_up) = item["detail"].at(&[half, LOOKUP]) {
                    assert_eq!(look_up.at(&["username"]).and_then(Value::as_str), Some("ci"), "{half}");
                }
            }
        }
    }
}

#[test]
fn names_of_removed_members_are_kept_after_later_events() {
    let mut removed = Removed::default();
    for number in (0..30).rev() {
        removed.add(&format!("m{number:02}"));
    }
    removed.add(ATTRIBUTIONS);
    removed.add("lookup.resources");
    let texts: Vec<String> = removed.texts("end").collect();
    assert_eq!(texts[..3], ["end.lookup.resources", &format!("end.{ATTRIBUTIONS}"), "end.m00"]);
    assert_eq!((texts.len(), texts[20].as_str()), (21, "end: 12 more"));
    let value: Value = texts.into();
    assert_eq!(Removed::from_stored(Some(&value), "end"), removed);
    assert!(removed.has_lookup());
    assert!(Removed::from_stored(Some(&value), "start").is_empty());
}
