//! CloudTrail: the joined events of an insight from a look-up, and the points of a series, for both lengths of chunks.

use crate::{BEGAN, ROUND, answered_at, id, table, target};
use aws_sdk_cloudtrail::types::Event;
use aws_smithy_types::DateTime;
use cloudtrail_insights::event::read_looked_up;
use cloudtrail_insights::normalize;
use cloudtrail_insights::pair::EventPair;
use cloudtrail_insights::points::Points;
use cloudtrail_insights::window::Request;
use divan::Bencher;
use divan::counter::ItemsCount;
use insights_shared::record::Record;
use insights_shared::series::{API_CALL_RATE, SeriesKey};
use insights_shared::target::Target;
use insights_shared::time::Timestamp;

/// The maximum number of points that CloudTrail keeps of a series at a period: 15 days with a point per minute.
const POINTS: usize = 21_600;

/// An event as LookupEvents returns it, with the attributions that it has since 2020.
fn event(number: usize, state: &str) -> Event {
    let minutes = if state == "Start" { 0 } else { 7 };
    let time = BEGAN + i64::try_from(number).unwrap_or_default() + minutes * 60;
    let average = |insight: &str| {
        let value = |name: &str, average: &str| format!(r#"{{"value":"{name}","average":{average}}}"#);
        let of = |attribute: &str, name: &str| {
            let (insight, baseline) = (value(name, insight), value(name, "0.02"));
            format!(r#"{{"attribute":"{attribute}","insight":[{insight}],"baseline":[{baseline}]}}"#)
        };
        [
            of("userIdentityArn", "arn:aws:sts::123456789012:assumed-role/deployer/session"),
            of("userAgent", "aws-sdk-go-v2/1.30.3 os/linux lang/go md/GOOS#linux"),
            of("errorCode", "null"),
        ]
        .join(",")
    };
    let (event_id, shared_id) = (id(number + ROUND), id(number));
    let json = format!(
        r#"{{"eventVersion":"1.09","eventTime":"{}","awsRegion":"eu-west-1","eventID":"{event_id}",
"eventType":"AwsCloudTrailInsight","recipientAccountId":"123456789012","sharedEventID":"{shared_id}",
"insightDetails":{{"state":"{state}","eventSource":"ec2.amazonaws.com","eventName":"RunInstances",
"insightType":"ApiCallRateInsight","insightContext":{{"statistics":{{"baseline":{{"average":0.02}},
"insight":{{"average":6.4285714286}},"insightDuration":7,"baselineDuration":11092}},
"attributions":[{}]}}}},"eventCategory":"Insight"}}"#,
        Timestamp::from_seconds(time),
        average("6.4285714286"),
    );
    Event::builder()
        .event_id(event_id)
        .event_name("RunInstances")
        .read_only("false")
        .event_time(DateTime::from_secs(time))
        .event_source("ec2.amazonaws.com")
        .cloud_trail_event(json)
        .build()
}

fn joined(pair: &[Event; 2], target: &Target) -> Option<Record> {
    let mut joined = EventPair::default();
    let mut id = String::new();
    for event in pair {
        let event = read_looked_up(event, &target.account_id).ok()?;
        id = event.shared_event_id;
        joined.add(event.phase, event.event);
    }
    Some(joined.into_record(target, &id, answered_at()))
}

/// Reads the Start and the End of an insight from their JSON and creates the record.
#[divan::bench]
fn insight_of_two_events(bencher: Bencher) {
    let target = target();
    let pair = || -> Vec<[Event; 2]> {
        (0..ROUND).map(|number| [event(number, "Start"), event(number, "End")]).collect()
    };
    bencher
        .counter(ItemsCount::new(ROUND))
        .with_inputs(pair)
        .bench_local_refs(|pairs| table::items(pairs.iter().filter_map(|pair| joined(pair, &target)), ROUND));
}

/// For comparison: reads the JSON of both events with `serde_json` into its own values, as most programs do.
#[divan::bench]
fn json_of_two_events(bencher: Bencher) {
    let texts = || -> Vec<String> {
        let events = (0..ROUND).flat_map(|number| [event(number, "Start"), event(number, "End")]);
        events.filter_map(|event| event.cloud_trail_event).collect()
    };
    bencher.counter(ItemsCount::new(ROUND)).with_inputs(texts).bench_local_refs(|texts| {
        let read = texts.iter().filter_map(|text| serde_json::from_str::<serde_json::Value>(text).ok());
        let read: Vec<serde_json::Value> = read.collect();
        assert_eq!(read.len(), 2 * ROUND, "an event is not JSON");
        read
    });
}

/// For comparison: copies the items of these insights. Every program that creates items of the SDK needs at least this time.
#[divan::bench]
fn items_of_two_events(bencher: Bencher) {
    let target = target();
    let items = || {
        let insights =
            (0..ROUND).filter_map(|number| joined(&[event(number, "Start"), event(number, "End")], &target));
        table::items(insights, ROUND)
    };
    bencher.counter(ItemsCount::new(ROUND)).with_inputs(items).bench_local_refs(|items| items.clone());
}

/// The two lists of an answer, as the SDK returns them.
type Page = (Vec<DateTime>, Vec<f64>);

fn page(period: i64) -> Page {
    let seconds =
        (0..POINTS).map(|index| BEGAN / 86_400 * 86_400 + i64::try_from(index).unwrap_or_default() * period);
    // Mostly whole numbers, and a fraction in every eighth value.
    let value =
        |index: u32| if index.is_multiple_of(8) { f64::from(index) / 7.0 } else { f64::from(index % 500) };
    let values = (0..u32::try_from(POINTS).unwrap_or_default()).map(value);
    (seconds.map(DateTime::from_secs).collect(), values.collect())
}

/// All points of a series as chunks, counted in points.
#[divan::bench(args = [60, 300, 3_600])]
fn points(bencher: Bencher, period: i64) {
    let target = target();
    let series = SeriesKey {
        event_source: "ec2.amazonaws.com".to_owned(),
        event_name: "RunInstances".to_owned(),
        insight_type: API_CALL_RATE.to_owned(),
        error_code: None,
        trail: None,
    };
    let start = Timestamp::from_seconds(BEGAN / 86_400 * 86_400);
    let seconds = i64::try_from(POINTS).unwrap_or_default() * period;
    let request = Request { period, start, end: start.plus_seconds(seconds) };
    bencher.counter(ItemsCount::new(POINTS)).with_inputs(|| page(period)).bench_local_values(
        |(timestamps, values): Page| {
            let mut points = Points::default();
            points.add(&timestamps, values);
            let chunks = normalize::chunks(&series, request, points, &target, answered_at());
            // One at a time, as they are written: the items of a series are never all in memory.
            chunks.filter_map(table::item).map(|item| item.len()).sum::<usize>()
        },
    );
}
