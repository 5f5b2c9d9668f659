//! The `[cloudtrail]` part of a scenario file, good and bad.

use super::{built_in, call, data, now};
use crate::cloudtrail::{Data, Event};
use crate::scenario::{BUILT_IN, Scenario};
use serde_json::json;

#[test]
fn the_built_in_scenario_has_every_kind_of_insight() {
    let data = built_in();
    assert_eq!((data.trails.len(), data.insights.len()), (4, 14));
    assert!(data.series.len() > 10);
    let open = data.insights().filter(|(_, _, end)| end.is_none()).count();
    assert_eq!(open, 1);
}

#[test]
fn an_insight_keeps_its_ids_when_the_anchor_moves() {
    let keys = |data: &crate::cloudtrail::Data| {
        data.insights.iter().map(|insight| insight.key.clone()).collect::<Vec<_>>()
    };
    let later = Scenario::built_in(now().plus_seconds(12_345));
    let later = later.place("123456789012", "eu-west-1").part::<Data>().clone();
    assert_eq!(keys(&built_in()), keys(&later));
}

#[test]
fn another_seed_changes_ids_and_numbers_only() {
    let with = |seed| {
        let scenario = Scenario::parse_seeded(BUILT_IN, now(), Some(seed)).unwrap();
        let data = scenario.place("123456789012", "eu-west-1").part::<Data>().clone();
        let call = call("LookupEvents", json!({}));
        let ids: Vec<String> = data.events(None, &call).iter().map(Event::id).collect();
        (ids, data.series.iter().map(|(_, rates)| rates.key).collect::<Vec<_>>())
    };
    assert_eq!(with(1), with(1));
    let ((ids, keys), (other_ids, other_keys)) = (with(1), with(2));
    assert_eq!(ids.len(), other_ids.len());
    assert!(ids.iter().all(|id| !other_ids.contains(id)) && keys.iter().all(|key| !other_keys.contains(key)));
}

#[test]
fn a_burst_of_the_file_replaces_that_of_the_insight() {
    let insight = "[[cloudtrail.insights]]\nevent_source = \"a.amazonaws.com\"\nevent_name = \"B\"\n\
                   insight_type = \"ApiCallRateInsight\"\nstart = \"-2h\"\nend = \"-1h\"\naverage = 3\n";
    let series = "[[cloudtrail.series]]\nevent_source = \"a.amazonaws.com\"\nevent_name = \"B\"\n\
                  insight_type = \"ApiCallRateInsight\"\n";
    let bursts = |text: &str| data(text).series[0].1.bursts.len();
    assert_eq!(bursts(insight), 1);
    assert_eq!(bursts(&format!("{insight}{series}")), 1);
    assert_eq!(bursts(&format!("{insight}{series}bursts = [{{ from = \"-90m\", rate = 9 }}]")), 1);
    assert_eq!(bursts(&format!("{insight}{series}bursts = [{{ from = \"-1h\", rate = 9 }}]")), 2);
}

#[test]
fn every_fault_of_the_part_is_named_with_its_path() {
    let part = r#"
[cloudtrail]
lag = "soon"
trails = [{ name = "a" }, { name = "abc", colour = 1 }, { name = "abc", insight_selectors = [{ type = "Odd", categories = ["None"] }] }]
[[cloudtrail.insights]]
event_source = "ec2.amazonaws.com"
insight_type = "ApiSpeedInsight"
start = "-1h"
end = "-1h"
average = -1
only = "middle"
omit = ["everything"]
trail = "nowhere"
[[cloudtrail.insights]]
event_source = "ec2.amazonaws.com"
event_name = "RunInstances"
insight_type = "ApiErrorRateInsight"
start = "yesterday"
average = "many"
only = "end"
attributions = [{ attribute = "who", insight = [{ value = "x" }] }]
[[cloudtrail.series]]
event_source = "ec2"
event_name = "Run.Instances"
insight_type = "ApiCallRateInsight"
error_code = "AccessDenied"
noise = 2
bursts = [{ from = "-1h", to = "-2h" }]
"#;
    let text = Scenario::parse(part, now()).unwrap_err().to_string();
    for expected in [
        "cloudtrail.lag is \"soon\"",
        "cloudtrail.trails[0].name is a: must be a trail's name",
        "cloudtrail.trails[1].colour is 1: unknown key",
        "cloudtrail.trails is abc: is named twice",
        "cloudtrail.trails[2].insight_selectors[0].type is Odd",
        "cloudtrail.trails[2].insight_selectors[0].categories is None",
        "cloudtrail.insights[0].event_name: is required",
        "cloudtrail.insights[0].insight_type is ApiSpeedInsight",
        "cloudtrail.insights[0].end is",
        "cloudtrail.insights[0].average is -1",
        "cloudtrail.insights[0].only is middle",
        "cloudtrail.insights[0].omit is everything",
        "cloudtrail.insights[0].trail is nowhere",
        "cloudtrail.insights[1].error_code: must be given",
        "cloudtrail.insights[1].start is \"yesterday\"",
        "cloudtrail.insights[1].average is \"many\"",
        "cloudtrail.insights[1].end: is required",
        "cloudtrail.insights[1].attributions[0].attribute is who",
        "cloudtrail.insights[1].attributions[0].insight[0].average: is required",
        "cloudtrail.series[0].event_source is ec2",
        "cloudtrail.series[0].event_name is Run.Instances",
        "cloudtrail.series[0].error_code is AccessDenied",
        "cloudtrail.series[0].noise is 2",
        "cloudtrail.series[0].bursts[0].to is",
        "cloudtrail.series[0].bursts[0].rate: is required",
    ] {
        assert!(text.contains(expected), "{expected} not in {}", text.replace("; ", "\n"));
    }
    assert_eq!(text.matches("average").count(), 3, "{text}");
}
